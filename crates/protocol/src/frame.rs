//! How a message is laid out between processes and hosts. Bytes and values only: nothing here reads or writes.
//!
//! A link begins with a [`Hello`] of each side, then carries frames. All numbers are little-endian.
//!
//! | offset | size | what |
//! |---:|---:|---|
//! | 0 | 8 | length of the whole frame |
//! | 8 | 1 | [`Kind`] of the payload |
//! | 9 | 1 | flags: bit 0 says that a trace follows the header, bits 4 to 7 are the [`Header::marks`], the rest is 0 |
//! | 10 | 2 | 0 |
//! | 12 | 4 | number of out-of-band buffers (pickle only) |
//! | 16 | 16 | destination [`Address`] |
//! | 32 | 16 | sender [`Address`] |
//! | 48 | 8 | message id |
//! | 56 | 8 | type id |
//! | 64 | 32 | [`Trace`], if the flag says so |
//! | … | 8 each | lengths of the out-of-band buffers |
//! | … | | the buffers, each filled up to a multiple of 8, so that a large one lies aligned in memory |
//! | … | | the payload: the pickle, the text, the bytes |
//!
//! The length has 64 bits, so that the largest message is a matter of the limit and not of the format. The header is
//! checked before anything is allocated for what it announces. The payload is looked at by who owns the target actor
//! only ([`Frame::payload`]): everybody else passes it on as it is.

mod decoder;
mod error;
mod hello;
mod payload;

pub use decoder::{Decoder, StreamError};
pub use error::FrameError;
pub use hello::{Hello, HelloError, Role};
pub use payload::{Buffers, Memory, Payload};

use bytes::Bytes;

use crate::address::Address;

/// The version of the format. Two sides that differ do not talk.
pub const VERSION: u16 = 2;
/// The size of a header.
pub const HEADER: usize = 64;
/// The longest frame that is taken unless told otherwise: 1 GiB.
pub const DEFAULT_LIMIT: u64 = 1 << 30;

const TRACE: usize = 32;
const TRACED: u8 = 1;
const RESERVED_FLAGS: u8 = 0b0000_1110;
const LENGTH_OF_BUFFER: usize = 8;

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A pickle of protocol 5, with its out-of-band buffers.
    Pickle = 1,
    /// Raw bytes.
    Bytes = 2,
    /// A text.
    Str = 3,
    /// A whole number that fits 64 bits.
    Int = 4,
    /// A number.
    Float = 5,
    /// True or false.
    Bool = 6,
    /// Python's `None`.
    None = 7,
    /// A registered message type in MessagePack.
    MessagePack = 8,
    /// A message of the actor system itself.
    System = 9,
    /// The last frame of a link: its side sends nothing more on it. Belongs to the link, not to actors.
    Goodbye = 10,
    /// Where the stream goes on: see [`Memory`]. Belongs to the link too.
    Memory = 11,
}

impl Kind {
    /// Whether links send it themselves, about themselves.
    pub const fn is_of_links(self) -> bool {
        matches!(self, Self::Goodbye | Self::Memory)
    }

    fn of(number: u8) -> Result<Self, FrameError> {
        Ok(match number {
            1 => Self::Pickle,
            2 => Self::Bytes,
            3 => Self::Str,
            4 => Self::Int,
            5 => Self::Float,
            6 => Self::Bool,
            7 => Self::None,
            8 => Self::MessagePack,
            9 => Self::System,
            10 => Self::Goodbye,
            11 => Self::Memory,
            kind => return Err(FrameError::Kind { kind }),
        })
    }
}

/// Where a message stands in a distributed trace. It is carried, not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    /// The trace.
    pub trace: u128,
    /// The span that sent the message.
    pub span: u64,
    /// The flags of the trace (its lowest byte) and what else the tracer wants to know.
    pub state: u64,
}

/// What is known of a message without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// Who shall get the message.
    pub to: Address,
    /// Who sent it.
    pub from: Address,
    /// The number of the message, given by its sender.
    pub message: u64,
    /// The number of its type, as the layer above has it.
    pub type_id: u64,
    /// Four bits that mean something to the layer above. Higher bits are not carried.
    pub marks: u8,
    /// The trace that the message belongs to.
    pub trace: Option<Trace>,
}

impl Header {
    /// The header of a message from one address to another, with zeros for the rest.
    pub const fn new(from: Address, to: Address) -> Self {
        Self { to, from, message: 0, type_id: 0, marks: 0, trace: None }
    }
}

/// A message as it came. It is small, to be handed on: what the header says is read when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// One frame, whose header was checked.
    whole: Bytes,
}

impl Frame {
    /// What is known of the message without its payload.
    #[inline]
    pub fn header(&self) -> Header {
        let whole = &self.whole;
        let flags = whole[9];
        let trace = (flags & TRACED != 0).then(|| Trace {
            trace: u128::from_le_bytes(part(whole, HEADER)),
            span: u64::from_le_bytes(part(whole, HEADER + 16)),
            state: u64::from_le_bytes(part(whole, HEADER + 24)),
        });
        Header {
            to: Address::from_bytes(part(whole, 16)),
            from: Address::from_bytes(part(whole, 32)),
            message: u64::from_le_bytes(part(whole, 48)),
            type_id: u64::from_le_bytes(part(whole, 56)),
            marks: flags >> 4,
            trace,
        }
    }

    /// Whom it is for, as its header says.
    #[inline]
    pub fn to(&self) -> Address {
        Address::from_bytes(part(&self.whole, 16))
    }

    /// What the payload is.
    #[inline]
    pub fn kind(&self) -> Kind {
        Kind::of(self.whole[8]).expect("the header was checked")
    }

    /// The whole frame, as it goes over a link.
    pub const fn as_bytes(&self) -> &Bytes {
        &self.whole
    }

    /// What comes after the header: the payload, and before it what belongs to it.
    pub fn body(&self) -> Bytes {
        self.whole.slice(self.body_offset()..)
    }

    /// Takes the payload apart and checks it.
    ///
    /// Its parts lie in [`Frame::as_bytes`], so [`Bytes::slice_ref`] makes owned ones of them without copying.
    ///
    /// # Errors
    ///
    /// [`FrameError`] if the payload is not what the header says it is.
    pub fn payload(&self) -> Result<Payload<'_>, FrameError> {
        let buffers = u32::from_le_bytes(part(&self.whole, 12));
        Payload::decode(self.kind(), buffers, &self.whole, self.body_offset())
    }

    /// The same frame in memory of its own. Small frames that came together share theirs: one that is kept for
    /// long would keep it all.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self { whole: Bytes::copy_from_slice(&self.whole) }
    }

    /// The frame in `whole`, which must be one frame exactly.
    ///
    /// # Errors
    ///
    /// [`FrameError`] if it is not.
    pub fn new(whole: Bytes, limit: u64) -> Result<Self, FrameError> {
        let found = whole.len() as u64;
        let Some(head) = whole.first_chunk() else {
            return Err(FrameError::TooShort { length: found, least: HEADER as u64 });
        };
        let length = frame_length(head, limit)?;
        if length as u64 != found {
            return Err(FrameError::Length { announced: length as u64, found });
        }
        Ok(Self { whole })
    }

    fn body_offset(&self) -> usize {
        if self.whole[9] & TRACED != 0 { HEADER + TRACE } else { HEADER }
    }
}

/// Writes a message to the end of `out` and says how long its frame is. On an error `out` is as it was.
///
/// # Errors
///
/// [`FrameError::TooLong`] if the frame would be longer than `limit`, [`FrameError::Name`] if the name of the type is
/// longer than 65,535 bytes, [`FrameError::Buffers`] if there are more buffers than 32 bits count.
pub fn encode(header: &Header, payload: &Payload<'_>, limit: u64, out: &mut Vec<u8>) -> Result<usize, FrameError> {
    encode_parts(header, payload, limit, payload.tail(), out)
}

/// As [`encode`], without the [`Payload::tail`]: for who sends that from where it lies. Says how long the whole frame is.
///
/// # Errors
///
/// [`FrameError`], as [`encode`].
pub fn encode_head(header: &Header, payload: &Payload<'_>, limit: u64, out: &mut Vec<u8>) -> Result<usize, FrameError> {
    encode_parts(header, payload, limit, &[], out)
}

fn encode_parts(
    header: &Header,
    payload: &Payload<'_>,
    limit: u64,
    tail: &[u8],
    out: &mut Vec<u8>,
) -> Result<usize, FrameError> {
    let (buffers, body) = payload.measure()?;
    let length = whole_length(header, body);
    if length > limit || usize::try_from(length).is_err() {
        return Err(FrameError::TooLong { length, limit });
    }
    let length = length as usize;
    out.reserve(length - (payload.tail().len() - tail.len()));
    let mut head = [0; HEADER];
    head[..8].copy_from_slice(&(length as u64).to_le_bytes());
    head[8] = payload.kind() as u8;
    head[9] = (header.marks << 4) | if header.trace.is_some() { TRACED } else { 0 };
    head[12..16].copy_from_slice(&buffers.to_le_bytes());
    head[16..32].copy_from_slice(&header.to.to_bytes());
    head[32..48].copy_from_slice(&header.from.to_bytes());
    head[48..56].copy_from_slice(&header.message.to_le_bytes());
    head[56..].copy_from_slice(&header.type_id.to_le_bytes());
    out.extend_from_slice(&head);
    if let Some(trace) = &header.trace {
        out.extend_from_slice(&trace.trace.to_le_bytes());
        out.extend_from_slice(&trace.span.to_le_bytes());
        out.extend_from_slice(&trace.state.to_le_bytes());
    }
    payload.write_head(out);
    out.extend_from_slice(tail);
    Ok(length)
}

/// How long the frame of a message would be.
///
/// # Errors
///
/// [`FrameError`] if there is no frame for it, as in [`encode`].
pub fn encoded_length(header: &Header, payload: &Payload<'_>) -> Result<u64, FrameError> {
    Ok(whole_length(header, payload.measure()?.1))
}

const fn whole_length(header: &Header, body: u64) -> u64 {
    let trace = if header.trace.is_some() { TRACE as u64 } else { 0 };
    (HEADER as u64 + trace).saturating_add(body)
}

/// Checks a header and says how long its frame is. Nothing has been allocated for the frame yet.
fn frame_length(head: &[u8; HEADER], limit: u64) -> Result<usize, FrameError> {
    let length = u64::from_le_bytes(part(head, 0));
    let (kind, flags) = (Kind::of(head[8])?, head[9]);
    if flags & RESERVED_FLAGS != 0 {
        return Err(FrameError::Flags { flags });
    }
    if head[10..12] != [0, 0] {
        return Err(FrameError::Reserved);
    }
    let count = u32::from_le_bytes(part(head, 12));
    if count != 0 && kind != Kind::Pickle {
        return Err(FrameError::Buffers { kind, count: u64::from(count) });
    }
    let trace = if flags & TRACED != 0 { TRACE as u64 } else { 0 };
    let least = HEADER as u64 + trace + u64::from(count) * LENGTH_OF_BUFFER as u64;
    if length < least {
        return Err(FrameError::TooShort { length, least });
    }
    if length > limit {
        return Err(FrameError::TooLong { length, limit });
    }
    usize::try_from(length).map_err(|_| FrameError::TooLong { length, limit })
}

/// The `N` bytes at `offset`, which the caller knows to be there.
fn part<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[offset..offset + N]);
    part
}

#[cfg(test)]
mod tests;
