//! What two systems say to each other by way of a server that carries messages, as NATS does: one datagram a message.

mod stream;

pub use stream::Stream;

use bytes::{BufMut, Bytes, BytesMut};

use crate::network::{Introduction, IntroductionError};

/// Kind, who sends it, and the numbers of both sides.
const HEAD: usize = 21;
/// What comes before the bytes of a stream.
pub const BEFORE_DATA: usize = HEAD + 8;

/// What one system says to another.
///
/// Each side of a link draws a number when it begins. A datagram names both: the sender's, and the receiver's as far as the sender knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Which system sends it.
    pub system: u32,
    /// The sender's number.
    pub from: u64,
    /// The receiver's; 0 if the sender does not know it.
    pub to: u64,
    /// What is said.
    pub body: Body,
}

/// What is said in a [`Datagram`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Who the sender is. It wants a link.
    Hello(Introduction),
    /// The next bytes of the stream.
    Data {
        /// How many bytes came before these.
        offset: u64,
        /// They.
        bytes: Bytes,
    },
    /// How much of the stream has been taken out at this end, so that more may be sent.
    Taken {
        /// Bytes.
        bytes: u64,
        /// Datagrams.
        datagrams: u64,
    },
    /// The sender has closed the link.
    Close,
    /// The sender knows nothing of the link that it was sent something for.
    Unknown,
}

/// What came is no datagram.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatagramError {
    /// It is too short, too long, or of no kind that there is.
    #[error("a message of {length} bytes and of kind {kind} makes no sense")]
    Malformed {
        /// Its first byte, 0 if there is none.
        kind: u8,
        /// How long it is.
        length: usize,
    },
    /// Its introduction is none.
    #[error(transparent)]
    Introduction(#[from] IntroductionError),
}

impl Datagram {
    /// In bytes: kind (1), system (4), the sender's number (8), the receiver's (8), then what is said. Numbers have the lowest byte first.
    pub fn to_bytes(&self) -> Bytes {
        let kind = match self.body {
            Body::Hello(_) => 1,
            Body::Data { .. } => 2,
            Body::Taken { .. } => 3,
            Body::Close => 4,
            Body::Unknown => 5,
        };
        let mut out = begin(kind, (self.system, self.from, self.to), 256);
        match &self.body {
            Body::Hello(introduction) => out.put_slice(&introduction.to_bytes()),
            Body::Data { offset, bytes } => {
                out.put_u64_le(*offset);
                out.put_slice(bytes);
            }
            Body::Taken { bytes, datagrams } => {
                out.put_u64_le(*bytes);
                out.put_u64_le(*datagrams);
            }
            Body::Close | Body::Unknown => {}
        }
        out.freeze()
    }

    /// The beginning of one with [`Body::Data`], which the bytes are put after: at most `room`.
    pub fn begin_data((system, from, to): (u32, u64, u64), offset: u64, room: usize) -> BytesMut {
        let mut out = begin(2, (system, from, to), room);
        out.put_u64_le(offset);
        out
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// [`DatagramError`] if it is none.
    pub fn read(bytes: &Bytes) -> Result<Self, DatagramError> {
        let malformed =
            DatagramError::Malformed { kind: bytes.first().copied().unwrap_or_default(), length: bytes.len() };
        let number = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let system = bytes.get(1..).and_then(|bytes| Some(u32::from_le_bytes(*bytes.first_chunk()?)));
        let (Some(&kind), Some(system), Some(from), Some(to)) = (bytes.first(), system, number(5), number(13)) else {
            return Err(malformed);
        };
        let rest = &bytes[HEAD..];
        let body = match (kind, rest.len()) {
            (1, _) => match Introduction::read(rest)? {
                Some((introduction, length)) if length == rest.len() => Body::Hello(introduction),
                _ => return Err(malformed),
            },
            (2, 8..) => match number(HEAD) {
                Some(offset) => Body::Data { offset, bytes: bytes.slice(BEFORE_DATA..) },
                None => return Err(malformed),
            },
            (3, 16) => match (number(HEAD), number(HEAD + 8)) {
                (Some(bytes), Some(datagrams)) => Body::Taken { bytes, datagrams },
                _ => return Err(malformed),
            },
            (4, 0) => Body::Close,
            (5, 0) => Body::Unknown,
            _ => return Err(malformed),
        };
        Ok(Self { system, from, to, body })
    }
}

fn begin(kind: u8, (system, from, to): (u32, u64, u64), room: usize) -> BytesMut {
    let mut out = BytesMut::with_capacity(BEFORE_DATA + room);
    out.put_u8(kind);
    out.put_u32_le(system);
    out.put_u64_le(from);
    out.put_u64_le(to);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::PayloadKinds;

    fn all() -> Vec<Datagram> {
        let introduction = Introduction {
            convention: "site".into(),
            identity: "edge-1".into(),
            system: 7,
            place: None,
            payloads: PayloadKinds::ALL,
        };
        let bodies = [
            Body::Hello(introduction),
            Body::Data { offset: 5, bytes: Bytes::from_static(b"bytes") },
            Body::Data { offset: u64::MAX, bytes: Bytes::new() },
            Body::Taken { bytes: 1, datagrams: 2 },
            Body::Close,
            Body::Unknown,
        ];
        bodies.into_iter().map(|body| Datagram { system: 9, from: 3, to: u64::MAX, body }).collect()
    }

    #[test]
    fn a_datagram_is_read_as_it_was_written() {
        for datagram in all() {
            assert_eq!(Datagram::read(&datagram.to_bytes()), Ok(datagram));
        }
        let mut data = Datagram::begin_data((7, 1, 2), 3, 5);
        data.put_slice(b"bytes");
        let body = Body::Data { offset: 3, bytes: Bytes::from_static(b"bytes") };
        assert_eq!(Datagram::read(&data.freeze()), Ok(Datagram { system: 7, from: 1, to: 2, body }));
    }

    #[test]
    fn what_is_cut_or_goes_on_is_none() {
        for datagram in all() {
            let bytes = datagram.to_bytes();
            let is_data = matches!(datagram.body, Body::Data { .. });
            let shortest = if is_data { BEFORE_DATA } else { bytes.len() };
            for cut in 0..shortest {
                assert!(Datagram::read(&bytes.slice(..cut)).is_err(), "{datagram:?} {cut}");
            }
            let longer = [&bytes[..], b"x"].concat();
            assert_eq!(Datagram::read(&longer.into()).is_ok(), is_data);
        }
        assert!(matches!(Datagram::read(&Bytes::new()), Err(DatagramError::Malformed { kind: 0, length: 0 })));
        assert!(matches!(Datagram::read(&Bytes::from(vec![9; 40])), Err(DatagramError::Malformed { kind: 9, .. })));
    }
}
