//! What the peer sends: taken in order, once, and acknowledged.

use bytes::Bytes;

use super::record::{Class, Frames, RecordError};
use super::{FRAGMENT, Window};
use crate::time::Time;

/// The most that is allocated ahead of the bytes themselves: a head alone does not get a gigabyte.
const STEP: u64 = 1 << 20;

/// What has come, and how much more may.
#[derive(Debug)]
pub struct Incoming {
    window: Window,
    /// The number of the piece that is next.
    expected: u64,
    /// The bytes of all pieces that were taken.
    bytes: u64,
    /// Pieces from this number on may not come yet.
    granted_pieces: u64,
    /// Nor may bytes beyond this sum.
    granted_bytes: u64,
    paused: bool,
    /// The frame of which not all fragments have come.
    partial: Option<Partial>,
    /// What was taken and not acknowledged.
    unsaid_pieces: u32,
    unsaid_bytes: u64,
    /// When that is due.
    due: Option<Time>,
    /// The piece whose absence the peer was told of.
    missed: u64,
    /// Anything was taken.
    used: bool,
}

#[derive(Debug)]
struct Partial {
    class: Class,
    length: u64,
    frame: Vec<u8>,
}

/// What is to be done about a record with frames in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is next, from this place of it on.
    Take {
        /// How many of its pieces have come before.
        skip: u64,
    },
    /// All of it has come before.
    Known,
    /// Something before it is missing. `first`: the peer was not told of that yet.
    Gap {
        /// Whether this is the first notice of it.
        first: bool,
    },
}

impl Incoming {
    pub fn new(window: Window) -> Self {
        let window = Window { pieces: window.pieces.max(1), bytes: window.bytes.max(FRAGMENT as u32) };
        Self {
            window,
            expected: 1,
            bytes: 0,
            granted_pieces: 0,
            granted_bytes: 0,
            paused: false,
            partial: None,
            unsaid_pieces: 0,
            unsaid_bytes: 0,
            due: None,
            missed: 0,
            used: false,
        }
    }

    /// Begins anew, for another peer. Whether anything that was taken is forgotten by that.
    pub fn forget(&mut self) -> bool {
        let used = self.used;
        *self = Self { paused: self.paused, ..Self::new(self.window) };
        used
    }

    /// All pieces below this number have come, or never will.
    pub const fn expected(&self) -> u64 {
        self.expected
    }

    /// No piece below `number` will come any more.
    pub fn skip_to(&mut self, number: u64) {
        if number > self.expected {
            self.expected = number;
            self.partial = None;
        }
    }

    /// What is to become of a record with pieces from `first` on.
    pub fn judge(&mut self, first: u64, count: u64) -> Verdict {
        if first > self.expected {
            let unsaid = self.missed != self.expected;
            self.missed = self.expected;
            Verdict::Gap { first: unsaid }
        } else if first + count <= self.expected {
            Verdict::Known
        } else {
            Verdict::Take { skip: self.expected - first }
        }
    }

    /// Takes whole frames, of which `skip` have come before. What is left is new.
    pub fn take_frames(&mut self, count: u64, skip: u64, mut frames: Frames) -> Result<Frames, RecordError> {
        if self.partial.is_some() {
            return Err(RecordError::Fragment);
        }
        for _ in 0..skip {
            frames.next();
        }
        self.count(count - skip, frames.bytes)?;
        Ok(frames)
    }

    /// Takes the next fragment. It may complete a frame.
    pub fn take_fragment(
        &mut self,
        class: Class,
        length: u64,
        offset: u64,
        piece: &[u8],
    ) -> Result<Option<(Class, Bytes)>, RecordError> {
        let continues = match &self.partial {
            None => offset == 0,
            Some(partial) => partial.frame.len() as u64 == offset && partial.length == length && partial.class == class,
        };
        if !continues {
            return Err(RecordError::Fragment);
        }
        self.count(1, piece.len() as u64)?;
        let mut partial = self.partial.take().unwrap_or_else(|| Partial { class, length, frame: Vec::new() });
        let frame = &mut partial.frame;
        if frame.capacity() - frame.len() < piece.len() {
            let missing = length - frame.len() as u64;
            frame.reserve_exact(missing.min(STEP.max(frame.len() as u64)) as usize);
        }
        frame.extend_from_slice(piece);
        if (frame.len() as u64) < length {
            self.partial = Some(partial);
            return Ok(None);
        }
        Ok(Some((class, partial.frame.into())))
    }

    /// Notes that pieces were taken, if the window allows them.
    fn count(&mut self, pieces: u64, bytes: u64) -> Result<(), RecordError> {
        if self.expected + pieces > self.granted_pieces || self.bytes + bytes > self.granted_bytes {
            return Err(RecordError::Window);
        }
        self.expected += pieces;
        self.bytes += bytes;
        self.unsaid_pieces = self.unsaid_pieces.saturating_add(pieces as u32);
        self.unsaid_bytes += bytes;
        self.used = true;
        Ok(())
    }

    /// Whether so much was taken that the peer should hear of it at once.
    pub const fn much_unsaid(&self) -> bool {
        self.unsaid_pieces >= self.window.pieces.div_ceil(4) || self.unsaid_bytes >= self.window.bytes as u64 / 4
    }

    /// An acknowledgement is due then, unless one was due before.
    pub fn due_at(&mut self, at: Time) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// When an acknowledgement is due.
    pub const fn due(&self) -> Option<Time> {
        self.due
    }

    /// Takes back what is due: there is no link.
    pub fn not_due(&mut self) {
        self.due = None;
    }

    /// How much more may come from now on. It is about to be told, with [`Incoming::expected`].
    pub fn grant(&mut self) -> Window {
        if !self.paused {
            self.granted_pieces = self.expected + u64::from(self.window.pieces);
            self.granted_bytes = self.bytes + u64::from(self.window.bytes);
        }
        self.unsaid_pieces = 0;
        self.unsaid_bytes = 0;
        self.due = None;
        let left = |granted: u64, used: u64| granted.saturating_sub(used) as u32;
        Window { pieces: left(self.granted_pieces, self.expected), bytes: left(self.granted_bytes, self.bytes) }
    }

    /// Grants nothing more.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Grants again. Whether the peer should be told at once.
    pub fn resume(&mut self) -> bool {
        std::mem::take(&mut self.paused)
    }

    /// How much memory the frame has that has not come as a whole.
    #[cfg(test)]
    pub fn under_way(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| partial.frame.capacity())
    }
}
