//! One connection between two processes of a host.
//!
//! A connection begins as a [`Greeting`], which checks the user at the other end before it reads anything, and then reads
//! exactly the bytes of a [`Hello`]. Only a greeting that went well becomes a [`Link`], and only a link can read frames.

mod detour;
mod error;
mod greeting;

pub use error::LinkError;
pub use greeting::{Greeting, Progress, Rules};

use std::io::IoSlice;

use bytes::Bytes;
use mio::net::UnixStream;
use roscius_protocol::frame::{self, Decoder, Frame, Hello, Kind, Memory, Payload};
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};

use crate::allocator::{expect_long_blocks, moved};
pub use crate::flow::{Read, Written};
use crate::queue::{CHUNKS_A_WRITE, SendQueue};
use detour::{Drained, Incoming, Outgoing};

/// A frame that lacks more than this is read straight into its place.
const LONG: usize = 64 << 10;
/// The most that is written in one go, so that a fast reader does not keep its writer from everything else.
const WRITE_BUDGET: usize = 4 << 20;

/// How much the kernel is to hold for a reader, if it may: usually it allows 416 KiB.
const SOCKET_ROOM: usize = 1 << 20;

/// See the [module](self).
#[derive(Debug)]
pub struct Link {
    stream: UnixStream,
    rules: Rules,
    peer: Hello,
    decoder: Decoder,
    /// There may be something to read on the socket.
    may_read: bool,
    outgoing: Outgoing,
    incoming: Option<Box<Incoming>>,
    said_goodbye: bool,
    heard_goodbye: bool,
}

impl Link {
    fn new(stream: UnixStream, peer: Hello, rules: Rules) -> Self {
        // A long message then changes hands less often. Less room than this is no error.
        let _ = set_socket_send_buffer_size(&stream, SOCKET_ROOM);
        Self {
            stream,
            peer,
            decoder: Decoder::new(rules.limit),
            rules,
            may_read: true,
            outgoing: Outgoing::new(),
            incoming: None,
            said_goodbye: false,
            heard_goodbye: false,
        }
    }

    /// Who is at the other end.
    pub const fn peer(&self) -> &Hello {
        &self.peer
    }

    /// The socket, to register it.
    pub fn stream(&mut self) -> &mut UnixStream {
        &mut self.stream
    }

    /// Whether this side has said that it sends nothing more.
    pub const fn said_goodbye(&self) -> bool {
        self.said_goodbye
    }

    /// Whether the other side has said that it sends nothing more.
    pub const fn heard_goodbye(&self) -> bool {
        self.heard_goodbye
    }

    /// There is something to read on the socket again, perhaps.
    pub const fn may_have_more(&mut self) {
        self.may_read = true;
    }

    /// Whether a frame has begun to arrive.
    pub fn is_receiving(&self) -> bool {
        self.decoder.under_way().0 > 0
    }

    /// Reads until there is nothing or more than `budget` bytes have come, by way of `scratch`, and hands out the frames.
    ///
    /// A socket that gives less than it was asked for is empty, and the next bytes, or the end, make it readable anew. With
    /// `to_end` this is not relied on: the end may have come already.
    ///
    /// # Errors
    ///
    /// [`LinkError`] if the other side is gone or sends what is no frame. The link is of no more use then.
    pub fn read(
        &mut self,
        scratch: &mut Vec<u8>,
        budget: usize,
        to_end: bool,
        mut take: impl FnMut(Frame),
    ) -> Result<Read, LinkError> {
        let mut heard = false;
        let mut take = |frame| {
            heard = true;
            take(frame);
        };
        let mut read = Ok(Read::Drained);
        if self.may_read || to_end {
            read = self.read_socket(scratch, budget, to_end, &mut take);
            self.may_read = read != Ok(Read::Drained);
        }
        // What was said last before an end may be in the memory.
        let drained = self.drain(scratch, budget, &mut take);
        if heard {
            self.outgoing.heard();
        }
        match (read?, drained?) {
            (Read::Drained, Drained::More) => Ok(Read::More),
            (read, _) => Ok(read),
        }
    }

    fn read_socket(
        &mut self,
        scratch: &mut Vec<u8>,
        budget: usize,
        to_end: bool,
        take: &mut impl FnMut(Frame),
    ) -> Result<Read, LinkError> {
        let mut came = 0;
        loop {
            let missing = self.decoder.under_way().1.unwrap_or(0);
            let (count, asked) = if let Some(room) = self.decoder.room().filter(|_| missing > LONG) {
                expect_long_blocks();
                let asked = room.capacity() - room.len();
                (rustix::io::read(&self.stream, rustix::buffer::spare_capacity(room)), asked)
            } else {
                scratch.clear();
                let count = rustix::io::read(&self.stream, rustix::buffer::spare_capacity(scratch));
                if count.is_ok() {
                    self.decoder.push(Bytes::copy_from_slice(scratch));
                }
                (count, scratch.capacity())
            };
            let count = match count {
                Ok(0) => return self.ended(),
                Ok(count) => count,
                Err(Errno::AGAIN) => return Ok(Read::Drained),
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(LinkError::io("read", errno)),
            };
            moved(count);
            while let Some(frame) = self.decoder.next_frame()? {
                self.sort(frame, scratch, take)?;
            }
            came += count;
            if count < asked && !to_end {
                return Ok(Read::Drained);
            }
            if came >= budget {
                return Ok(Read::More);
            }
        }
    }

    /// What to do with a frame that came on the socket.
    fn sort(&mut self, frame: Frame, scratch: &mut Vec<u8>, take: &mut impl FnMut(Frame)) -> Result<(), LinkError> {
        let out_of_place = LinkError::Memory { what: "there is none, or the stream is not there" };
        if frame.kind() == Kind::Memory {
            let Payload::Memory(note) = frame.payload()? else { return Err(out_of_place) };
            match (note, &mut self.incoming) {
                (Memory::Offer { descriptor }, None) => {
                    self.incoming = Incoming::take(&self.peer, descriptor, self.rules.limit).map(Box::new);
                }
                (Memory::Onward, Some(incoming)) => incoming.go_on()?,
                (Memory::Bell, Some(_)) => {}
                _ => return Err(out_of_place),
            }
            return Ok(());
        }
        // It was written after the stream had come back from the memory, so all that is there comes first.
        self.drain(scratch, usize::MAX, take)?;
        if self.incoming.as_ref().is_some_and(|incoming| incoming.is_on()) {
            return Err(out_of_place);
        }
        hand_out(frame, &mut self.heard_goodbye, take)
    }

    fn drain(
        &mut self,
        scratch: &mut Vec<u8>,
        budget: usize,
        take: &mut impl FnMut(Frame),
    ) -> Result<Drained, LinkError> {
        let Some(incoming) = &mut self.incoming else { return Ok(Drained::Empty) };
        let heard_goodbye = &mut self.heard_goodbye;
        incoming.drain(scratch, budget, |frame| hand_out(frame, heard_goodbye, take))
    }

    fn ended(&self) -> Result<Read, LinkError> {
        match self.decoder.under_way() {
            (0, _) => Ok(Read::Ended),
            (came, missing) => Err(LinkError::Cut { came, missing }),
        }
    }

    /// Writes what waits, as far as the socket takes it.
    ///
    /// # Errors
    ///
    /// [`LinkError`] if the other side is gone. There may still be something to read then.
    pub fn write(&mut self, queue: &mut SendQueue) -> Result<Written, LinkError> {
        let mut written = 0;
        while !queue.is_empty() {
            if written >= WRITE_BUDGET {
                return Ok(Written::Part);
            }
            let carried = self.outgoing.carry(&self.stream, &self.rules.hello, queue)?;
            if carried > 0 {
                written += carried;
                continue;
            }
            let mut slices = [IoSlice::new(&[]); CHUNKS_A_WRITE];
            let used = queue.gather(&mut slices);
            match self.send(&slices[..used]) {
                Ok(count) => {
                    moved(count);
                    queue.advance(count);
                    written += count;
                    if queue.is_empty() {
                        self.outgoing.wrote(&self.stream, &self.rules.hello, self.rules.memory_after)?;
                    }
                }
                Err(Errno::AGAIN) => return Ok(Written::Blocked),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(LinkError::io("write", errno)),
            }
        }
        Ok(Written::All)
    }

    /// Says that this side sends nothing more. The caller sees to it that no frame is half written. Says whether it is
    /// said now; otherwise the socket is full.
    ///
    /// # Errors
    ///
    /// [`LinkError`] if the other side is gone.
    pub fn say_goodbye(&mut self) -> Result<bool, LinkError> {
        if self.said_goodbye {
            return Ok(true);
        }
        self.outgoing.come_back(&self.stream, &self.rules.hello)?;
        let nobody = roscius_protocol::address::Address::nobody(self.peer.node);
        let mut bytes = Vec::with_capacity(frame::HEADER);
        let header = frame::Header::new(nobody, nobody);
        frame::encode(&header, &Payload::Goodbye, frame::DEFAULT_LIMIT, &mut bytes)?;
        // So few bytes go out whole or not at all: the kernel makes one buffer of them.
        match self.send(&[IoSlice::new(&bytes)]) {
            Ok(_) => {
                self.said_goodbye = true;
                Ok(true)
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(false),
            Err(errno) => Err(LinkError::io("write", errno)),
        }
    }

    fn send(&self, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
        write(&self.stream, slices)
    }
}

/// Hands out a frame that was meant for who uses the link.
fn hand_out(frame: Frame, heard_goodbye: &mut bool, take: &mut impl FnMut(Frame)) -> Result<(), LinkError> {
    if frame.kind() == Kind::Goodbye {
        *heard_goodbye = true;
    } else if *heard_goodbye {
        return Err(LinkError::AfterGoodbye);
    } else {
        take(frame);
    }
    Ok(())
}

/// No signal: a program that this library is part of may not ignore SIGPIPE.
fn write(stream: &UnixStream, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    match slices {
        [slice] => send(stream, slice, SendFlags::NOSIGNAL),
        slices => sendmsg(stream, slices, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL),
    }
}

#[cfg(test)]
mod tests;
