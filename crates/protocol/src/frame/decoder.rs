//! Frames out of a stream of bytes that come in any pieces.

use bytes::Bytes;

use super::{Frame, FrameError, HEADER, frame_length};

/// The most that is allocated ahead of the bytes themselves: a header alone does not get a gigabyte.
const STEP: usize = 1 << 20;

/// Bytes in, frames out.
///
/// ```
/// # use bytes::Bytes;
/// # use roscius_protocol::{address::{Address, NodeId}, frame::{self, Decoder, Header, Payload}};
/// # let someone = Address::nobody(NodeId::new(1));
/// let mut bytes = Vec::new();
/// frame::encode(&Header::new(someone, someone), &Payload::Str("hello"), frame::DEFAULT_LIMIT, &mut bytes)?;
/// let mut decoder = Decoder::new(frame::DEFAULT_LIMIT);
/// decoder.push(Bytes::copy_from_slice(&bytes[..30]));
/// assert!(decoder.next_frame()?.is_none());
/// decoder.push(Bytes::copy_from_slice(&bytes[30..]));
/// assert_eq!(decoder.next_frame()?.unwrap().payload()?, Payload::Str("hello"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    limit: u64,
    /// What came and was not looked at yet.
    input: Bytes,
    /// The frame that is under way, if it did not come in one piece.
    partial: Vec<u8>,
    /// How long that frame is. 0 while its header is not complete.
    length: usize,
    /// Where in the stream the frame that is under way begins.
    at: u64,
}

impl Decoder {
    /// A decoder at the start of a stream that takes frames up to `limit` bytes.
    pub const fn new(limit: u64) -> Self {
        Self { limit, input: Bytes::new(), partial: Vec::new(), length: 0, at: 0 }
    }

    /// Takes more bytes. Take all frames out before the next piece: it is cheaper.
    pub fn push(&mut self, bytes: Bytes) {
        if self.input.is_empty() {
            self.input = bytes;
        } else {
            self.input = [&self.input[..], &bytes[..]].concat().into();
        }
    }

    /// The next frame, or `None` if more bytes have to come first.
    ///
    /// # Errors
    ///
    /// [`StreamError`] if the stream is broken. It stays so: there is no way to find the next frame.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, StreamError> {
        if self.partial.is_empty() {
            let Some(head) = self.input.first_chunk() else {
                self.put_aside();
                return Ok(None);
            };
            let length = frame_length(head, self.limit).map_err(|source| StreamError { at: self.at, source })?;
            if self.input.len() < length {
                self.put_aside();
                self.length = length;
                return Ok(None);
            }
            self.at += length as u64;
            let whole = self.input.split_to(length);
            return Ok(Some(Frame { whole }));
        }
        if self.length == 0 {
            self.fill(HEADER);
            let Some(head) = self.partial.first_chunk() else { return Ok(None) };
            self.length = frame_length(head, self.limit).map_err(|source| StreamError { at: self.at, source })?;
        }
        self.fill(self.length);
        if self.partial.len() < self.length {
            return Ok(None);
        }
        let mut whole = Bytes::from(std::mem::take(&mut self.partial));
        let rest = whole.split_off(self.length);
        if !rest.is_empty() {
            self.push_front(rest);
        }
        self.at += whole.len() as u64;
        self.length = 0;
        Ok(Some(Frame { whole }))
    }

    /// How many bytes of the frame that is under way have come, and how many are still to come if that is known.
    pub fn under_way(&self) -> (usize, Option<usize>) {
        let came = self.partial.len() + self.input.len();
        (came, (self.length != 0).then(|| self.length.saturating_sub(came)))
    }

    /// Room to read the rest of a long frame into, past [`Decoder::push`]: append to the vector as much as its spare
    /// capacity takes, even if that is more than the frame. `None` while no frame is under way.
    pub fn room(&mut self) -> Option<&mut Vec<u8>> {
        if self.length == 0 || !self.input.is_empty() {
            return None;
        }
        let missing = self.length.saturating_sub(self.partial.len());
        if missing == 0 {
            return None;
        }
        if self.partial.capacity() == self.partial.len() {
            self.partial.reserve_exact(missing.min(self.partial.len().max(STEP)));
        }
        Some(&mut self.partial)
    }

    fn put_aside(&mut self) {
        if !self.input.is_empty() {
            self.partial.extend_from_slice(&self.input);
            self.input.clear();
        }
    }

    /// Moves bytes from the input until `partial` has `length` of them.
    fn fill(&mut self, length: usize) {
        let missing = length.saturating_sub(self.partial.len()).min(self.input.len());
        let bytes = self.input.split_to(missing);
        self.partial.extend_from_slice(&bytes);
    }

    fn push_front(&mut self, bytes: Bytes) {
        let later = std::mem::replace(&mut self.input, bytes);
        if !later.is_empty() {
            self.push(later);
        }
    }
}

/// A stream that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at} of the stream: {source}")]
pub struct StreamError {
    /// Where the broken frame begins.
    pub at: u64,
    /// What is wrong with it.
    pub source: FrameError,
}
