//! What waits to be written to one peer.
//!
//! Small frames are written one after the other into chunks, so that many of them go out in one call; a long frame
//! gets a chunk of its own. A frame never lies in two chunks. What is long in a frame can be written from where it lies.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;
use roscius_protocol::frame::{self, Frame, FrameError, Header, Kind, Payload};

/// A chunk takes no more frames when it has this many bytes.
const CHUNK: usize = 32 << 10;
/// How many chunks go out in one call.
pub(crate) const CHUNKS_A_WRITE: usize = 16;

/// What is to be written.
#[derive(Debug)]
enum Chunk {
    /// Frames.
    Frames(Vec<u8>),
    /// One frame, whose last part is somebody else's memory.
    Lent { head: Vec<u8>, tail: Bytes },
}

impl Chunk {
    fn len(&self) -> usize {
        match self {
            Self::Frames(bytes) => bytes.len(),
            Self::Lent { head, tail } => head.len() + tail.len(),
        }
    }

    /// All from this byte on, in one or two slices.
    fn slices(&self, from: usize) -> [&[u8]; 2] {
        match self {
            Self::Frames(bytes) => [&bytes[from..], &[]],
            Self::Lent { head, tail } if from < head.len() => [&head[from..], tail],
            Self::Lent { head, tail } => [&tail[from - head.len()..], &[]],
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Frames(bytes) => bytes.into(),
            Self::Lent { mut head, tail } => {
                head.extend_from_slice(&tail);
                head.into()
            }
        }
    }
}

/// How much may wait for one peer.
///
/// When the frames or the bytes that wait reach the high mark, nothing more is taken until both are at their low mark or
/// below. A frame of any size is taken below the high mark. Messages of the actor system itself ([`Kind::System`]) are
/// taken up to twice the high mark: one that ends an actor shall not wait for what it is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The high mark in frames.
    pub high_frames: usize,
    /// The low mark in frames.
    pub low_frames: usize,
    /// The high mark in bytes.
    pub high_bytes: usize,
    /// The low mark in bytes.
    pub low_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { high_frames: 4096, low_frames: 2048, high_bytes: 16 << 20, low_bytes: 8 << 20 }
    }
}

/// Whether a queue takes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a sender that goes on when there is no room is refused"]
pub enum Room {
    /// It does.
    Enough,
    /// The frame was taken as the last one: it is full now.
    Full,
}

/// Why a queue did not take a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// It is full.
    #[error("{frames} frames of {bytes} bytes wait already")]
    Full {
        /// How many frames wait.
        frames: usize,
        /// How many bytes they have.
        bytes: usize,
    },
    /// The message does not fit into a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// See the [module](self).
#[derive(Debug)]
pub struct SendQueue {
    bounds: Bounds,
    chunks: VecDeque<Chunk>,
    lengths: VecDeque<usize>,
    /// How much of the first chunk is written.
    written: usize,
    /// How much of the first frame is written.
    begun: usize,
    /// How much is to be written.
    bytes: usize,
    full: bool,
}

impl SendQueue {
    /// An empty queue.
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, chunks: VecDeque::new(), lengths: VecDeque::new(), written: 0, begun: 0, bytes: 0, full: false }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// How many frames wait, the half-written one included, and how many bytes.
    pub fn waiting(&self) -> (usize, usize) {
        (self.lengths.len(), self.bytes)
    }

    /// Adds a message at the end.
    ///
    /// # Errors
    ///
    /// [`PushError`] if the queue is full or the message has no frame of at most `limit` bytes. Nothing is added then.
    pub fn push(&mut self, header: &Header, payload: &Payload<'_>, limit: u64) -> Result<Room, PushError> {
        self.check_room(payload.kind())?;
        let length = frame::encoded_length(header, payload)?;
        if length > limit {
            return Err(FrameError::TooLong { length, limit }.into());
        }
        let length = frame::encode(header, payload, limit, self.chunk_for(length as usize))?;
        Ok(self.added(length))
    }

    /// As [`SendQueue::push`], for a payload whose tail is written from `tail`, where it is too, without copying it.
    ///
    /// # Errors
    ///
    /// [`PushError`], as [`SendQueue::push`].
    pub fn push_lent(
        &mut self,
        header: &Header,
        payload: &Payload<'_>,
        tail: Bytes,
        limit: u64,
    ) -> Result<Room, PushError> {
        debug_assert_eq!(payload.tail().len(), tail.len());
        self.check_room(payload.kind())?;
        let mut head = Vec::new();
        let length = frame::encode_head(header, payload, limit, &mut head)?;
        self.chunks.push_back(Chunk::Lent { head, tail });
        Ok(self.added(length))
    }

    /// Adds a frame that came from elsewhere, as it is.
    ///
    /// # Errors
    ///
    /// [`PushError`], as [`SendQueue::push`].
    pub fn push_frame(&mut self, frame: &Frame, limit: u64) -> Result<Room, PushError> {
        self.check_room(frame.kind())?;
        let bytes = frame.as_bytes();
        if bytes.len() as u64 > limit {
            return Err(FrameError::TooLong { length: bytes.len() as u64, limit }.into());
        }
        self.chunk_for(bytes.len()).extend_from_slice(bytes);
        Ok(self.added(bytes.len()))
    }

    /// Says once that there is room again after the queue was full.
    pub fn has_room_again(&mut self) -> bool {
        let low = self.lengths.len() <= self.bounds.low_frames && self.bytes <= self.bounds.low_bytes;
        std::mem::take(&mut self.full) && {
            self.full = !low;
            low
        }
    }

    /// The next bytes to write, and how many there are of them.
    pub(crate) fn gather<'a>(&'a self, slices: &mut [IoSlice<'a>; CHUNKS_A_WRITE]) -> usize {
        let mut count = 0;
        let mut from = self.written;
        for chunk in &self.chunks {
            for part in chunk.slices(from) {
                if !part.is_empty() {
                    let Some(slice) = slices.get_mut(count) else { return count };
                    *slice = IoSlice::new(part);
                    count += 1;
                }
            }
            from = 0;
        }
        count
    }

    /// How long the next frame is, if nothing of it is written yet.
    pub(crate) fn next_whole(&self) -> Option<usize> {
        self.lengths.front().copied().filter(|_| self.begun == 0)
    }

    /// How many bytes the next frames have together, as many of them as fit into `room`.
    pub(crate) fn whole_frames(&self, room: usize) -> usize {
        let fits = |sum: usize, length: &usize| Some(sum + length).filter(|sum| *sum <= room).ok_or(sum);
        match self.lengths.iter().try_fold(0, fits) {
            Ok(sum) | Err(sum) => sum,
        }
    }

    /// Takes note that `count` bytes have been written.
    pub(crate) fn advance(&mut self, count: usize) {
        self.bytes -= count;
        self.begun += count;
        while let Some(length) = self.lengths.front()
            && self.begun >= *length
        {
            self.begun -= length;
            self.lengths.pop_front();
        }
        self.written += count;
        while let Some(chunk) = self.chunks.front_mut()
            && self.written >= chunk.len()
        {
            self.written -= chunk.len();
            // The last small chunk is kept for the next frames.
            if self.chunks.len() == 1
                && let Some(Chunk::Frames(chunk)) = self.chunks.front_mut()
                && chunk.capacity() <= 2 * CHUNK
            {
                chunk.clear();
                break;
            }
            self.chunks.pop_front();
        }
    }

    /// Empties the queue and gives back the frames that were not wholly written.
    pub fn take_unsent(&mut self) -> Vec<Frame> {
        let mut unsent = Vec::with_capacity(self.lengths.len());
        let mut from = self.written - self.begun;
        let mut lengths = std::mem::take(&mut self.lengths).into_iter();
        for chunk in std::mem::take(&mut self.chunks) {
            let mut rest = chunk.into_bytes().split_off(from);
            from = 0;
            while !rest.is_empty()
                && let Some(length) = lengths.next()
            {
                // What was encoded here can be read again.
                unsent.extend(Frame::new(rest.split_to(length), u64::MAX).ok());
            }
        }
        *self = Self::new(self.bounds);
        unsent
    }

    fn check_room(&self, kind: Kind) -> Result<(), PushError> {
        let (frames, bytes) = self.waiting();
        let more = if kind == Kind::System { 2 } else { 1 };
        let high = frames >= more * self.bounds.high_frames || bytes >= more * self.bounds.high_bytes;
        // Between the marks a queue that was full stays closed to ordinary messages.
        if high || self.full && kind != Kind::System { Err(PushError::Full { frames, bytes }) } else { Ok(()) }
    }

    fn chunk_for(&mut self, length: usize) -> &mut Vec<u8> {
        let fits = match self.chunks.back() {
            Some(Chunk::Frames(chunk)) => chunk.is_empty() || chunk.len() + length <= CHUNK,
            _ => false,
        };
        if !fits {
            self.chunks.push_back(Chunk::Frames(Vec::new()));
        }
        match self.chunks.back_mut() {
            Some(Chunk::Frames(chunk)) => chunk,
            _ => unreachable!("one was added"),
        }
    }

    fn added(&mut self, length: usize) -> Room {
        self.lengths.push_back(length);
        self.bytes += length;
        if self.lengths.len() >= self.bounds.high_frames || self.bytes >= self.bounds.high_bytes {
            self.full = true;
        }
        if self.full { Room::Full } else { Room::Enough }
    }
}

#[cfg(test)]
mod tests;
