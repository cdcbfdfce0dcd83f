//! What a message says.

use std::ops::Deref;

use super::{FrameError, Kind, LENGTH_OF_BUFFER, part};

/// Buffers begin at multiples of this.
const ALIGNMENT: usize = 8;

/// The payload of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload<'a> {
    /// A pickle of protocol 5.
    Pickle {
        /// The pickle.
        stream: &'a [u8],
        /// Its out-of-band buffers, in order.
        buffers: Buffers<'a>,
    },
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// A text.
    Str(&'a str),
    /// A whole number. One that does not fit goes as a pickle.
    Int(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Python's `None`.
    None,
    /// A message of a registered type.
    MessagePack {
        /// The name of the type.
        name: &'a str,
        /// The message in MessagePack.
        body: &'a [u8],
    },
    /// A message of the actor system itself; the type id says which.
    System(&'a [u8]),
    /// The end of a link. Links send it themselves.
    Goodbye,
    /// Where the stream of a link goes on. Links send it themselves.
    Memory(Memory),
}

/// A part of the stream of a link may go by way of memory that both sides share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The memory is there, behind this descriptor of the process that offers it.
    Offer {
        /// The descriptor.
        descriptor: u32,
    },
    /// What follows is in the memory, up to [`Memory::Back`].
    Onward,
    /// There is something in the memory for who had found it empty.
    Bell,
    /// The last frame in the memory: what follows is on the socket again.
    Back,
}

impl Memory {
    const SIZE: usize = 8;

    fn to_bytes(self) -> [u8; Self::SIZE] {
        let (what, descriptor) = match self {
            Self::Offer { descriptor } => (1, descriptor),
            Self::Onward => (2, 0),
            Self::Bell => (3, 0),
            Self::Back => (4, 0),
        };
        let mut bytes = [0; Self::SIZE];
        bytes[0] = what;
        bytes[4..].copy_from_slice(&descriptor.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; Self::SIZE]) -> Result<Self, FrameError> {
        let descriptor = u32::from_le_bytes(part(&bytes, 4));
        match bytes {
            [1, 0, 0, 0, ..] => Ok(Self::Offer { descriptor }),
            [2, 0, 0, 0, 0, 0, 0, 0] => Ok(Self::Onward),
            [3, 0, 0, 0, 0, 0, 0, 0] => Ok(Self::Bell),
            [4, 0, 0, 0, 0, 0, 0, 0] => Ok(Self::Back),
            found => Err(FrameError::Memory { found }),
        }
    }
}

/// The out-of-band buffers of a pickle: a list that is lent, or one that was made when the frame was taken apart.
///
/// Two lists are equal if the buffers are. (A `Cow` would tie the lifetimes together.)
#[derive(Clone, Debug)]
pub enum Buffers<'a> {
    /// A list of the caller.
    Lent(&'a [&'a [u8]]),
    /// A list of its own.
    Listed(Vec<&'a [u8]>),
}

impl<'a> Deref for Buffers<'a> {
    type Target = [&'a [u8]];

    fn deref(&self) -> &[&'a [u8]] {
        match self {
            Self::Lent(buffers) => buffers,
            Self::Listed(buffers) => buffers,
        }
    }
}

impl PartialEq for Buffers<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<'a> Payload<'a> {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Pickle { .. } => Kind::Pickle,
            Self::Bytes(_) => Kind::Bytes,
            Self::Str(_) => Kind::Str,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::Bool(_) => Kind::Bool,
            Self::None => Kind::None,
            Self::MessagePack { .. } => Kind::MessagePack,
            Self::System(_) => Kind::System,
            Self::Goodbye => Kind::Goodbye,
            Self::Memory(_) => Kind::Memory,
        }
    }

    /// A pickle without out-of-band buffers.
    pub const fn pickle(stream: &'a [u8]) -> Self {
        Self::Pickle { stream, buffers: Buffers::Lent(&[]) }
    }

    /// How many buffers it has and how many bytes it takes.
    pub(super) fn measure(&self) -> Result<(u32, u64), FrameError> {
        Ok(match self {
            Self::Pickle { stream, buffers } => {
                let count = u32::try_from(buffers.len())
                    .map_err(|_| FrameError::Buffers { kind: Kind::Pickle, count: buffers.len() as u64 })?;
                let buffers: u64 = buffers.iter().map(|buffer| filled(buffer.len() as u64)).sum();
                (count, u64::from(count) * LENGTH_OF_BUFFER as u64 + buffers + stream.len() as u64)
            }
            Self::MessagePack { name, body } => {
                let room = usize::from(u16::MAX);
                if name.len() > room {
                    return Err(FrameError::Name { length: name.len(), room });
                }
                (0, 2 + name.len() as u64 + body.len() as u64)
            }
            Self::Bytes(bytes) | Self::System(bytes) => (0, bytes.len() as u64),
            Self::Str(text) => (0, text.len() as u64),
            Self::Int(_) | Self::Float(_) | Self::Memory(_) => (0, 8),
            Self::Bool(_) => (0, 1),
            Self::None | Self::Goodbye => (0, 0),
        })
    }

    /// The last part of it, which is what is long in a long message.
    pub const fn tail(&self) -> &'a [u8] {
        match self {
            Self::Pickle { stream: tail, .. }
            | Self::Bytes(tail)
            | Self::MessagePack { body: tail, .. }
            | Self::System(tail) => tail,
            Self::Str(text) => text.as_bytes(),
            Self::Int(_) | Self::Float(_) | Self::Bool(_) | Self::None | Self::Goodbye | Self::Memory(_) => &[],
        }
    }

    /// Writes all before its tail, after [`Payload::measure`] found it fit.
    pub(super) fn write_head(&self, out: &mut Vec<u8>) {
        match self {
            Self::Pickle { buffers, .. } => {
                for buffer in buffers.iter() {
                    out.extend_from_slice(&(buffer.len() as u64).to_le_bytes());
                }
                for buffer in buffers.iter() {
                    out.extend_from_slice(buffer);
                    out.resize(out.len() + padding(buffer.len()), 0);
                }
            }
            Self::MessagePack { name, .. } => {
                out.extend_from_slice(&(name.len() as u16).to_le_bytes());
                out.extend_from_slice(name.as_bytes());
            }
            Self::Int(number) => out.extend_from_slice(&number.to_le_bytes()),
            Self::Float(number) => out.extend_from_slice(&number.to_le_bytes()),
            Self::Bool(truth) => out.push(u8::from(*truth)),
            Self::Memory(memory) => out.extend_from_slice(&memory.to_bytes()),
            Self::Bytes(_) | Self::System(_) | Self::Str(_) | Self::None | Self::Goodbye => {}
        }
    }

    /// Takes the payload at `offset` of a frame apart.
    pub(super) fn decode(kind: Kind, count: u32, whole: &'a [u8], offset: usize) -> Result<Self, FrameError> {
        let body = &whole[offset..];
        let sized = |expected: usize| {
            if body.len() == expected { Ok(()) } else { Err(FrameError::Size { kind, expected, found: body.len() }) }
        };
        Ok(match kind {
            Kind::Pickle => return decode_pickle(count, body),
            Kind::Bytes => Self::Bytes(body),
            Kind::System => Self::System(body),
            Kind::Str => Self::Str(text(body, offset)?),
            Kind::Int => {
                sized(8)?;
                Self::Int(i64::from_le_bytes(part(body, 0)))
            }
            Kind::Float => {
                sized(8)?;
                Self::Float(f64::from_le_bytes(part(body, 0)))
            }
            Kind::Bool => {
                sized(1)?;
                match body[0] {
                    0 => Self::Bool(false),
                    1 => Self::Bool(true),
                    found => return Err(FrameError::Truth { found }),
                }
            }
            Kind::None => {
                sized(0)?;
                Self::None
            }
            Kind::Goodbye => {
                sized(0)?;
                Self::Goodbye
            }
            Kind::Memory => {
                sized(Memory::SIZE)?;
                Self::Memory(Memory::from_bytes(part(body, 0))?)
            }
            Kind::MessagePack => {
                let Some((length, rest)) = body.split_first_chunk::<2>() else {
                    return Err(FrameError::Size { kind, expected: 2, found: body.len() });
                };
                let length = usize::from(u16::from_le_bytes(*length));
                let Some((name, body)) = rest.split_at_checked(length) else {
                    return Err(FrameError::Name { length, room: rest.len() });
                };
                Self::MessagePack { name: text(name, offset + 2)?, body }
            }
        })
    }
}

/// The table was promised by the header, so it is there; what it says is checked here.
fn decode_pickle(count: u32, body: &[u8]) -> Result<Payload<'_>, FrameError> {
    if count == 0 {
        return Ok(Payload::pickle(body));
    }
    let (table, mut rest) = body.split_at(count as usize * LENGTH_OF_BUFFER);
    let mut buffers = Vec::with_capacity(count as usize);
    for (index, length) in (0..).zip(table.chunks_exact(LENGTH_OF_BUFFER)) {
        let (length, left) = (u64::from_le_bytes(part(length, 0)), rest.len() as u64);
        if length > left || filled(length) > left {
            return Err(FrameError::Buffer { index, length, left });
        }
        let (buffer, after) = rest.split_at(length as usize);
        let (zeros, after) = after.split_at(padding(buffer.len()));
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(FrameError::Padding { index });
        }
        buffers.push(buffer);
        rest = after;
    }
    Ok(Payload::Pickle { stream: rest, buffers: Buffers::Listed(buffers) })
}

fn text(bytes: &[u8], offset: usize) -> Result<&str, FrameError> {
    std::str::from_utf8(bytes).map_err(|error| FrameError::Text { at: offset + error.valid_up_to() })
}

/// A length filled up to the next multiple of the alignment.
const fn filled(length: u64) -> u64 {
    length.saturating_add(padding(length as usize) as u64)
}

const fn padding(length: usize) -> usize {
    length.wrapping_neg() % ALIGNMENT
}
