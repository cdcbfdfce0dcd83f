//! How a record is laid out. All numbers are little-endian.
//!
//! | offset | size | what |
//! |---:|---:|---|
//! | 0 | 1 | [`Kind`]; numbers from 128 on are never used, so that others can share a link |
//! | 1 | 1 | flags, whose meaning depends on the kind |
//! | 2 | 2 | number of frames ([`Kind::Frames`]), else 0 |
//! | 4 | 4 | number of a question, or of what is answered ([`Kind::Acknowledgement`]), else 0 |
//! | 8 | 12 | from whom: system, life |
//! | 20 | 12 | to whom |
//! | 32 | 8 | all pieces below this number have come |
//! | 40 | 4 | how many more may come |
//! | 44 | 4 | how many bytes more may come |
//! | 48 | 8 | number of the first piece; in a hello: no piece below it will come |
//! | 56 | … | frames: each its length (4), its [`Class`]'s id (0 or 16), itself |
//! | 56 | … | fragment: length of the frame (8), offset in it (8), its id (0 or 16), the piece |

use std::num::NonZeroU128;

use bytes::Bytes;

use super::{FRAGMENT, LONGEST_RECORD, SystemId, Window};

/// The size of what all records begin with.
pub const HEAD: usize = 56;
/// The size of what stands before a frame among others, without its id.
pub const LENGTH: usize = 4;
/// The size of the id of a durable frame.
pub const ID: usize = 16;
/// The size of what stands before a fragment, without an id.
const PLACE: usize = 16;
/// Numbers of pieces stay below this, so that sums of them do not overflow.
const LAST_NUMBER: u64 = 1 << 62;

/// In a hello: the sender has heard one that names it right.
pub const GREETED: u8 = 1;
/// In an acknowledgement: something is missing, send again from here.
pub const GAP: u8 = 1;
/// In an acknowledgement: it wants one back.
pub const QUESTION: u8 = 2;
/// In an acknowledgement: it answers a question.
pub const ANSWER: u8 = 4;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The first on a link.
    Hello = 1,
    /// Whole frames.
    Frames = 2,
    /// A piece of a long frame.
    Fragment = 3,
    /// Nothing but what all records say.
    Acknowledgement = 4,
}

/// What a frame is to the pair. The flags of its record say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It is delivered at most once.
    Plain,
    /// It is sent until its receiver has settled it, and known by this id.
    Durable(NonZeroU128),
    /// The ids of durable frames that were settled.
    Settled,
}

impl Class {
    /// The flags of a record of such frames.
    pub const fn flags(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Durable(_) => 1,
            Self::Settled => 2,
        }
    }

    /// How long the id is that stands before the frame.
    pub const fn id_size(self) -> usize {
        if matches!(self, Self::Durable(_)) { ID } else { 0 }
    }

    /// Appends that id.
    pub fn write_id(self, out: &mut Vec<u8>) {
        if let Self::Durable(id) = self {
            out.extend_from_slice(&id.get().to_le_bytes());
        }
    }

    /// The class by the flags of a record, and the id that `bytes` begins with. None: there is no room for it, or it is zero.
    fn read(flags: u8, bytes: &[u8]) -> Option<Self> {
        match flags {
            0 => Some(Self::Plain),
            1 => Some(Self::Durable(NonZeroU128::new(u128::from_le_bytes(*bytes.first_chunk()?))?)),
            _ => Some(Self::Settled),
        }
    }
}

/// One end of a pair, as the other may know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The incarnation of the system.
    pub system: SystemId,
    /// Which memory it has of what it took: another number is another memory, a higher one a later. 0: not known yet.
    pub life: u64,
}

/// What all records begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub kind: Kind,
    pub flags: u8,
    pub count: u16,
    pub question: u32,
    pub from: Side,
    pub to: Side,
    pub acknowledged: u64,
    pub window: Window,
    pub first: u64,
}

impl Head {
    /// Appends it to a record that has nothing yet.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.kind as u8, self.flags]);
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.question.to_le_bytes());
        for side in [self.from, self.to] {
            out.extend_from_slice(&side.system.to_le_bytes());
            out.extend_from_slice(&side.life.to_le_bytes());
        }
        out.extend_from_slice(&self.acknowledged.to_le_bytes());
        out.extend_from_slice(&self.window.pieces.to_le_bytes());
        out.extend_from_slice(&self.window.bytes.to_le_bytes());
        out.extend_from_slice(&self.first.to_le_bytes());
    }

    /// Corrects the number of frames in a record that was begun before they were counted.
    pub fn write_count(record: &mut [u8], count: u16) {
        record[2..4].copy_from_slice(&count.to_le_bytes());
    }

    fn read(bytes: &[u8; HEAD]) -> Result<Self, RecordError> {
        let mut rest = &bytes[..];
        let [kind] = take(&mut rest);
        let [flags] = take(&mut rest);
        let (kind, known) = match kind {
            1 => (Kind::Hello, flags & !GREETED == 0),
            2 => (Kind::Frames, flags <= 2),
            3 => (Kind::Fragment, flags <= 1),
            4 => (Kind::Acknowledgement, flags & !(GAP | QUESTION | ANSWER) == 0),
            kind => return Err(RecordError::Kind { kind }),
        };
        if !known {
            return Err(RecordError::Flags { flags });
        }
        let count = u16::from_le_bytes(take(&mut rest));
        let question = u32::from_le_bytes(take(&mut rest));
        let mut side =
            || Side { system: u32::from_le_bytes(take(&mut rest)), life: u64::from_le_bytes(take(&mut rest)) };
        let (from, to) = (side(), side());
        let acknowledged = u64::from_le_bytes(take(&mut rest));
        let window = Window { pieces: u32::from_le_bytes(take(&mut rest)), bytes: u32::from_le_bytes(take(&mut rest)) };
        let first = u64::from_le_bytes(take(&mut rest));
        for number in [acknowledged, first] {
            if number > LAST_NUMBER {
                return Err(RecordError::Number { number });
            }
        }
        Ok(Self { kind, flags, count, question, from, to, acknowledged, window, first })
    }
}

/// The next bytes of a head, whose size was checked as a whole.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (part, after) = rest.split_first_chunk().unwrap_or((&[0; N], &[]));
    *rest = after;
    *part
}

/// What follows the head.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing.
    Empty,
    /// Whole frames, as many as the head says. They were checked.
    Frames(Frames),
    /// A piece of a frame.
    Fragment {
        /// What the frame is.
        class: Class,
        /// How long the frame is.
        length: u64,
        /// Where in it the piece belongs.
        offset: u64,
        /// The piece.
        piece: Bytes,
    },
}

/// Whole frames in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames {
    rest: Bytes,
    flags: u8,
    /// The bytes of the frames themselves, without those that were taken out.
    pub bytes: u64,
}

impl Iterator for Frames {
    type Item = (Class, Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        let (class, start, end) = bounds(&self.rest, self.flags)?;
        let frame = self.rest.slice(start..end);
        self.bytes -= (end - start) as u64;
        // Not `split_to`, which would count one more share of the memory for a moment.
        bytes::Buf::advance(&mut self.rest, end);
        Some((class, frame))
    }
}

/// What the first frame is, and where it begins and ends. None: it is not all there, or not right.
fn bounds(bytes: &[u8], flags: u8) -> Option<(Class, usize, usize)> {
    let (length, rest) = bytes.split_first_chunk()?;
    let class = Class::read(flags, rest)?;
    let length = u32::from_le_bytes(*length) as usize;
    let start = LENGTH + class.id_size();
    let end = start.checked_add(length)?;
    let ids_only = length.is_multiple_of(ID) || class != Class::Settled;
    (length <= FRAGMENT && end <= bytes.len() && ids_only).then_some((class, start, end))
}

/// Reads a record. Nothing is allocated for what it announces.
pub fn read(record: &Bytes, longest_frame: u64) -> Result<(Head, Body), RecordError> {
    if record.len() > LONGEST_RECORD {
        return Err(RecordError::TooLong { length: record.len() });
    }
    let Some(head) = record.first_chunk() else {
        return Err(RecordError::TooShort { length: record.len() });
    };
    let head = Head::read(head)?;
    let body = match head.kind {
        Kind::Hello | Kind::Acknowledgement if record.len() == HEAD && head.count == 0 => Body::Empty,
        Kind::Hello | Kind::Acknowledgement => return Err(RecordError::Content),
        Kind::Frames => {
            let rest = record.slice(HEAD..);
            let (mut left, mut count, mut bytes) = (&rest[..], 0, 0);
            while !left.is_empty() {
                let (_, start, end) = bounds(left, head.flags).ok_or(RecordError::Content)?;
                left = &left[end..];
                count += 1;
                bytes += (end - start) as u64;
            }
            if count != u32::from(head.count) || count == 0 {
                return Err(RecordError::Content);
            }
            Body::Frames(Frames { rest, flags: head.flags, bytes })
        }
        Kind::Fragment => fragment(head, record, longest_frame)?,
    };
    Ok((head, body))
}

fn fragment(head: Head, record: &Bytes, longest_frame: u64) -> Result<Body, RecordError> {
    let mut rest = &record[HEAD..];
    if rest.len() < PLACE || head.count != 0 {
        return Err(RecordError::Content);
    }
    let length = u64::from_le_bytes(take(&mut rest));
    let offset = u64::from_le_bytes(take(&mut rest));
    let class = Class::read(head.flags, rest).ok_or(RecordError::Content)?;
    let piece = record.slice(HEAD + PLACE + class.id_size()..);
    if length > longest_frame {
        return Err(RecordError::Frame { length, limit: longest_frame });
    }
    let fragment = FRAGMENT as u64;
    let whole = length > fragment
        && offset.is_multiple_of(fragment)
        && offset < length
        && piece.len() as u64 == fragment.min(length - offset);
    if whole { Ok(Body::Fragment { class, length, offset, piece }) } else { Err(RecordError::Content) }
}

/// Appends what stands before a fragment.
pub fn write_place(class: Class, length: u64, offset: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&offset.to_le_bytes());
    class.write_id(out);
}

/// Bytes that can not be a record of the peer's. The link that they came by is to be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The record is too short.
    #[error("a record of {length} bytes, the shortest has {HEAD}")]
    TooShort {
        /// Its length.
        length: usize,
    },
    /// The record is too long.
    #[error("a record of {length} bytes, the longest has {LONGEST_RECORD}")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// No such kind of record.
    #[error("unknown kind of record {kind}")]
    Kind {
        /// The number of the kind.
        kind: u8,
    },
    /// Flags that mean nothing.
    #[error("unknown flags {flags:#010b} in a record")]
    Flags {
        /// All its flags.
        flags: u8,
    },
    /// A number of a piece that no stream reaches.
    #[error("{number} is no number of a piece")]
    Number {
        /// The number.
        number: u64,
    },
    /// What follows the head is not what the head announces.
    #[error("the content of a record is not what its head announces")]
    Content,
    /// A frame is longer than this side takes.
    #[error("a frame of {length} bytes is over the limit of {limit}")]
    Frame {
        /// Its length.
        length: u64,
        /// The longest that is taken.
        limit: u64,
    },
    /// Something was acknowledged that was never sent.
    #[error("pieces below {acknowledged} are acknowledged, but only those below {sent} were sent")]
    Acknowledgement {
        /// What is acknowledged.
        acknowledged: u64,
        /// What was sent.
        sent: u64,
    },
    /// The peer sent more than it was allowed to.
    #[error("more was sent than the window allows")]
    Window,
    /// A fragment is not the next of its frame, or another frame comes in the middle of one.
    #[error("a fragment does not continue the frame that is under way")]
    Fragment,
}
