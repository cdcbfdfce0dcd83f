//! The two streams of a link: records become datagrams, and datagrams records.
//!
//! NATS keeps the order of what one system sends to another, and loses some of it when a server goes. So each datagram says where in the
//! stream it belongs, and one that does not follow on the last ends the link. And NATS slows nobody down: who takes too little is dropped. So
//! no more is sent than the other side has taken up to a window.

use std::io::IoSlice;

use bytes::{BufMut, Bytes};

use super::{Body, Datagram};
use crate::network::records::{Incoming, Outgoing, PIECES_A_WRITE};
use crate::network::{Cause, Records};
use crate::queue::{Bounds, Room};

/// How much may be under way to one system.
pub const WINDOW_BYTES: u64 = 8 << 20;
/// How many datagrams may be. A subscription has room for those of many systems.
pub const WINDOW_DATAGRAMS: u64 = 1024;

/// What both sides of a link say: records that are cut into datagrams, and those of the other side, made records again.
#[derive(Debug)]
pub struct Stream {
    /// This system.
    me: u32,
    /// This side's number.
    pub mine: u64,
    /// The other side's.
    pub theirs: u64,
    outgoing: Outgoing,
    sent: Count,
    /// What the other side has taken of that.
    taken: Count,
    incoming: Incoming,
    came: Count,
    /// How much of what came the other side knows to be taken.
    said: Count,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    bytes: u64,
    datagrams: u64,
}

impl Count {
    fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.datagrams += 1;
    }

    const fn since(self, earlier: Self) -> Self {
        Self { bytes: self.bytes - earlier.bytes, datagrams: self.datagrams - earlier.datagrams }
    }
}

impl Stream {
    /// Nothing has been sent yet. `me` is this system; the numbers are this side's and the other's; `limit` is the longest record that is taken,
    /// in bytes.
    pub fn new(me: u32, (mine, theirs): (u64, u64), bounds: Bounds, limit: u64) -> Self {
        Self {
            me,
            mine,
            theirs,
            outgoing: Outgoing::new(bounds),
            sent: Count::default(),
            taken: Count::default(),
            incoming: Incoming::new(limit, Vec::new()),
            came: Count::default(),
            said: Count::default(),
        }
    }

    /// Whether nothing more is taken for now.
    pub const fn is_full(&self) -> bool {
        self.outgoing.is_full()
    }

    /// Says once that there is room again after it was full.
    pub fn has_room_again(&mut self) -> bool {
        self.outgoing.has_room_again()
    }

    /// About how many records wait, and how many bytes.
    pub const fn waiting(&self) -> (usize, usize) {
        self.outgoing.waiting()
    }

    /// Adds a record to what waits. The caller sees to it that it is not too long and that there is room.
    pub fn push(&mut self, head: &[u8], body: Bytes) -> Room {
        self.outgoing.push(head, body)
    }

    /// The next datagram, of at most `most` bytes of the stream, if something waits and the other side has room.
    pub fn next(&mut self, most: usize) -> Option<Bytes> {
        let under_way = self.sent.since(self.taken);
        let room = usize::try_from(WINDOW_BYTES.saturating_sub(under_way.bytes)).unwrap_or(usize::MAX);
        if self.outgoing.is_empty() || room == 0 || under_way.datagrams >= WINDOW_DATAGRAMS {
            return None;
        }
        let length = self.outgoing.waiting().1.min(most).min(room);
        let mut out = Datagram::begin_data((self.me, self.mine, self.theirs), self.sent.bytes, length);
        let mut left = length;
        while left > 0 {
            let mut slices = [IoSlice::new(&[]); PIECES_A_WRITE];
            let count = self.outgoing.gather(&mut slices, left);
            let mut part = 0;
            for slice in &slices[..count] {
                out.put_slice(slice);
                part += slice.len();
            }
            self.outgoing.advance(part);
            left -= part;
        }
        self.sent.add(length);
        Some(out.freeze())
    }

    /// Takes what came of the other side's stream, and gives the records that are whole now. `scratch` is memory to work with.
    ///
    /// # Errors
    ///
    /// [`Cause`] if it is not what comes next, or no stream of records. What came before is handed out all the same.
    pub fn take(&mut self, offset: u64, bytes: &[u8], scratch: &mut Vec<u8>) -> (Option<Records>, Result<(), Cause>) {
        if offset != self.came.bytes {
            return (None, Err(Cause::Gap { expected: self.came.bytes, found: offset }));
        }
        if self.came.since(self.said).bytes + bytes.len() as u64 > 2 * WINDOW_BYTES {
            return (None, Err(Cause::Malformed { what: "more came than there is room for" }));
        }
        self.came.add(bytes.len());
        self.incoming.pass(scratch, |memory| {
            memory.extend_from_slice(bytes);
            Ok(())
        })
    }

    /// What the other side is to be told of what was taken, if it is enough to speak of.
    pub fn say_taken(&mut self) -> Option<Bytes> {
        let unsaid = self.came.since(self.said);
        let enough = unsaid.bytes >= WINDOW_BYTES / 4 || unsaid.datagrams >= WINDOW_DATAGRAMS / 4;
        enough.then(|| self.taken_now())
    }

    /// The same, however little it is.
    pub fn taken_now(&mut self) -> Bytes {
        self.said = self.came;
        let Count { bytes, datagrams } = self.came;
        let body = Body::Taken { bytes, datagrams };
        Datagram { system: self.me, from: self.mine, to: self.theirs, body }.to_bytes()
    }

    /// The other side has taken so much.
    ///
    /// # Errors
    ///
    /// [`Cause::Malformed`] if that is more than was sent.
    pub fn they_took(&mut self, bytes: u64, datagrams: u64) -> Result<(), Cause> {
        if bytes > self.sent.bytes || datagrams > self.sent.datagrams {
            return Err(Cause::Malformed { what: "more was taken than was sent" });
        }
        // NATS keeps the order, so it is never less than before; if it is said all the same, nothing is lost by it.
        self.taken = Count { bytes: bytes.max(self.taken.bytes), datagrams: datagrams.max(self.taken.datagrams) };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
