//! Records on their way: taken from a stream, and queued for one.
//!
//! A record is its length in four bytes, the lowest first, and as many bytes.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use super::Cause;
use super::stream::SCRATCH;
use crate::queue::{Bounds, Room};

/// How many bytes the length takes.
const PREFIX: usize = 4;
/// A piece takes no more records when it has this many bytes, which is also what is encrypted in one go.
pub(super) const PIECE: usize = 64 << 10;
/// A body of this length or more is written from where it lies.
const LENT: usize = 8 << 10;
/// How much memory an idle link keeps for the next records.
const KEPT: usize = 4 << 10;
/// How many pieces go out in one call.
pub(crate) const PIECES_A_WRITE: usize = 32;
/// A record that lacks more than this is read straight into its place.
const LONG: usize = 64 << 10;
/// Memory is taken for this much of a record at a time, before it has come.
const AHEAD: usize = 1 << 20;
/// What may come in one go after the end of a long record, so that there is room for it in the same memory.
const AFTER: usize = 2 * SCRATCH;

/// Records that came together, one after the other in one piece of memory. Each that is taken as [`Bytes`] keeps that piece.
#[derive(Clone, Debug)]
pub struct Records {
    /// Whole records, each after its length.
    block: Bytes,
    left: usize,
}

impl Records {
    /// How many bytes the records that are left have, with their lengths.
    pub fn bytes(&self) -> usize {
        self.block.len()
    }
}

impl Iterator for Records {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let length = self.block.get_u32_le() as usize;
        Some(self.block.split_to(length))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Records {}

/// Makes records of bytes.
#[derive(Debug)]
pub struct Incoming {
    limit: u64,
    /// The beginning of a record; no whole one, but at the start.
    partial: Vec<u8>,
}

impl Incoming {
    /// Takes records of up to `limit` bytes, and some bytes that came already.
    pub const fn new(limit: u64, came: Vec<u8>) -> Self {
        Self { limit, partial: came }
    }

    /// Whether a record has begun to arrive.
    pub fn is_under_way(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Has `read` append what comes to some memory, and takes the whole records that are there then. The memory is `usual`, or for a
    /// long record its own place.
    ///
    /// # Errors
    ///
    /// [`Cause`] if reading failed, or a record is longer than it may be. What came before that is handed out all the same.
    pub fn pass<T>(
        &mut self,
        usual: &mut Vec<u8>,
        read: impl FnOnce(&mut Vec<u8>) -> Result<T, Cause>,
    ) -> (Option<Records>, Result<T, Cause>) {
        let missing = self.missing();
        if missing > LONG {
            let mut own = std::mem::take(&mut self.partial);
            if own.capacity() - own.len() < missing.min(AFTER) {
                // Not more than came already, beyond the usual: a length is soon said.
                own.reserve_exact(missing.min(AHEAD.max(own.len())) + AFTER);
            }
            let read = read(&mut own);
            let (end, count, fault) = self.whole(&own);
            self.partial = if count > 0 { own.split_off(end) } else { std::mem::take(&mut own) };
            own.shrink_to_fit();
            let records = (count > 0).then(|| Records { block: own.into(), left: count });
            return (records, read.and_then(|read| fault.map_or(Ok(read), Err)));
        }
        usual.clear();
        usual.append(&mut self.partial);
        let read = read(usual);
        let (end, count, fault) = self.whole(usual);
        self.partial = usual[end..].to_vec();
        let records = (count > 0).then(|| Records { block: take_out(usual, end), left: count });
        (records, read.and_then(|read| fault.map_or(Ok(read), Err)))
    }

    /// Where the last whole record ends, how many there are, and what is wrong with the one after these.
    fn whole(&self, bytes: &[u8]) -> (usize, usize, Option<Cause>) {
        let (mut end, mut count) = (0, 0);
        while let Some(length) = length_of(&bytes[end..]) {
            if length > self.limit {
                return (end, count, Some(Cause::TooLong { length, limit: self.limit }));
            }
            let next = end + PREFIX + length as usize;
            if next > bytes.len() {
                break;
            }
            (end, count) = (next, count + 1);
        }
        (end, count, None)
    }

    /// How many bytes are missing of the record that has begun.
    fn missing(&self) -> usize {
        length_of(&self.partial).map_or(0, |length| (PREFIX + length as usize).saturating_sub(self.partial.len()))
    }
}

/// Takes the beginning out of the memory that everything is read into. If that is most of it, it is the memory itself.
fn take_out(usual: &mut Vec<u8>, end: usize) -> Bytes {
    if end < usual.capacity() / 2 {
        return Bytes::copy_from_slice(&usual[..end]);
    }
    usual.truncate(end);
    let capacity = usual.capacity();
    std::mem::replace(usual, Vec::with_capacity(capacity)).into()
}

fn length_of(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|prefix| u64::from(u32::from_le_bytes(*prefix)))
}

/// What is to be written.
#[derive(Debug)]
enum Piece {
    /// Records, or the beginning of one, and how many end here.
    Own(Vec<u8>, usize),
    /// The rest of a record, in somebody else's memory.
    Lent(Bytes),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(bytes, _) => bytes,
            Self::Lent(bytes) => bytes,
        }
    }

    const fn records(&self) -> usize {
        match self {
            Self::Own(_, records) => *records,
            Self::Lent(_) => 1,
        }
    }
}

/// Records that wait to be written.
#[derive(Debug)]
pub struct Outgoing {
    bounds: Bounds,
    pieces: VecDeque<Piece>,
    /// How much of the first piece is written.
    written: usize,
    /// How many records are in pieces that are not wholly written.
    records: usize,
    /// How much is to be written.
    bytes: usize,
    full: bool,
}

impl Outgoing {
    /// Nothing yet.
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, pieces: VecDeque::new(), written: 0, records: 0, bytes: 0, full: false }
    }

    /// Whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// About how many records wait, and how many bytes. Records that are written together count until the last of them is written.
    pub const fn waiting(&self) -> (usize, usize) {
        (self.records, self.bytes)
    }

    /// Whether nothing more is taken for now.
    pub const fn is_full(&self) -> bool {
        self.full
    }

    /// Adds a record. The caller sees to it that it is not too long and that there is room.
    pub fn push(&mut self, head: &[u8], body: Bytes) -> Room {
        let length = head.len() + body.len();
        let lent = body.len() >= LENT;
        let own = PREFIX + head.len() + if lent { 0 } else { body.len() };
        let fits = matches!(self.pieces.back(), Some(Piece::Own(piece, _)) if piece.len() + own <= PIECE);
        if !fits {
            // Where one piece has become full the next will be, too.
            let room = if matches!(self.pieces.back(), Some(Piece::Own(..))) { PIECE.max(own) } else { own };
            self.pieces.push_back(Piece::Own(Vec::with_capacity(room), 0));
        }
        if let Some(Piece::Own(piece, records)) = self.pieces.back_mut() {
            piece.extend_from_slice(&(length as u32).to_le_bytes());
            piece.extend_from_slice(head);
            if !lent {
                piece.extend_from_slice(&body);
                *records += 1;
            }
        }
        if lent {
            self.pieces.push_back(Piece::Lent(body));
        }
        self.records += 1;
        self.bytes += PREFIX + length;
        self.full = self.full || self.records >= self.bounds.high_frames || self.bytes >= self.bounds.high_bytes;
        if self.full { Room::Full } else { Room::Enough }
    }

    /// Says once that there is room again after it was full.
    pub fn has_room_again(&mut self) -> bool {
        let low = self.records <= self.bounds.low_frames && self.bytes <= self.bounds.low_bytes;
        let again = self.full && low;
        self.full &= !low;
        again
    }

    /// The next bytes to write, at most `most`, and how many slices they are.
    pub fn gather<'a>(&'a self, slices: &mut [IoSlice<'a>; PIECES_A_WRITE], mut most: usize) -> usize {
        let mut from = self.written;
        let mut count = 0;
        for (piece, slice) in self.pieces.iter().zip(slices) {
            let rest = &piece.bytes()[from..];
            let part = &rest[..rest.len().min(most)];
            if part.is_empty() && most == 0 {
                break;
            }
            *slice = IoSlice::new(part);
            (from, most, count) = (0, most - part.len(), count + 1);
        }
        count
    }

    /// Takes note that `count` bytes have been written.
    pub fn advance(&mut self, count: usize) {
        self.bytes -= count;
        self.written += count;
        while let Some(piece) = self.pieces.front_mut()
            && self.written >= piece.bytes().len()
        {
            self.written -= piece.bytes().len();
            self.records -= piece.records();
            // The last one is kept for the next records, if it is small: most links are idle.
            if self.pieces.len() == 1
                && let Some(Piece::Own(bytes, records)) = self.pieces.front_mut()
                && bytes.capacity() <= KEPT
            {
                bytes.clear();
                *records = 0;
                break;
            }
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
