//! What the systems at the two ends of a link say of themselves.

use roscius_protocol::frame::Kind;

/// How every introduction begins, in all versions.
pub(super) const MAGIC: [u8; 8] = *b"roscnet\n";
/// The version of the format that this side speaks.
pub const VERSION: u16 = 1;
/// Magic, version, and how long the rest is.
const HEAD: usize = 12;
/// The longest rest that is taken.
const LONGEST: usize = 2048;
/// The longest name or place.
pub const LONGEST_NAME: usize = 255;

/// Kinds of payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PayloadKinds(u32);

impl PayloadKinds {
    /// Every kind that actors send.
    pub const ALL: Self = Self(
        1 << Kind::Pickle as u32
            | 1 << Kind::Bytes as u32
            | 1 << Kind::Str as u32
            | 1 << Kind::Int as u32
            | 1 << Kind::Float as u32
            | 1 << Kind::Bool as u32
            | 1 << Kind::None as u32
            | 1 << Kind::MessagePack as u32
            | 1 << Kind::System as u32,
    );
    /// Every kind but pickles, which run code where they are read.
    pub const NO_PICKLES: Self = Self(Self::ALL.0 & !(1 << Kind::Pickle as u32));
    /// Every kind, but pickles of systems on the same host alone.
    pub const PICKLES_OF_THIS_HOST: Self = Self(Self::ALL.0 | Self::OF_THIS_HOST);
    const OF_THIS_HOST: u32 = 1 << 31;

    /// Whether a kind is among them.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }

    /// Whether pickles are sent to and taken of systems on the same host alone.
    pub const fn are_of_this_host(self) -> bool {
        self.0 & Self::OF_THIS_HOST != 0
    }

    /// The kinds that two systems both send and take, which are on the same host or not.
    #[must_use]
    pub const fn agreed(self, other: Self, same_host: bool) -> Self {
        let both = Self(self.0 & other.0 & Self::ALL.0);
        if (self.are_of_this_host() || other.are_of_this_host()) && !same_host {
            return Self(both.0 & Self::NO_PICKLES.0);
        }
        both
    }
}

/// What a system says of itself on every link, and is bound to as long as the link lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The convention it belongs to. Systems of different conventions have no links.
    pub convention: String,
    /// Its name, which outlives restarts. With TLS it is the one in its certificate.
    pub identity: String,
    /// The incarnation, drawn at random at its start.
    pub system: u32,
    /// Where others can dial it, as `host:port`.
    pub place: Option<String>,
    /// The kinds of payload that it sends and takes. In bytes one bit for each [`Kind`], by its number; the highest says that pickles are of
    /// the same host alone.
    pub payloads: PayloadKinds,
}

/// What came is no introduction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntroductionError {
    /// It is something else altogether.
    #[error("the other side is no actor system of this kind: it began with \"{}\"", .found.escape_ascii())]
    Magic {
        /// The first bytes that came, up to eight.
        found: Vec<u8>,
    },
    /// It is another version.
    #[error(
        "the other side speaks version {found} of the format between systems, this one {VERSION}: bring both to one release"
    )]
    Version {
        /// Its version.
        found: u16,
    },
    /// It is longer than any can be.
    #[error("the introduction has {length} bytes, and at most {LONGEST} are taken")]
    TooLong {
        /// How long it says it is.
        length: usize,
    },
    /// The bytes make no sense.
    #[error("the introduction makes no sense: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
}

impl Introduction {
    /// What is wrong with what this side says of itself, if anything is.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let long = |text: &str| text.len() > LONGEST_NAME;
        if long(&self.convention) || long(&self.identity) || self.place.as_deref().is_some_and(long) {
            return Some("a name or a place is longer than 255 bytes");
        }
        self.identity.is_empty().then_some("the identity is empty")
    }

    /// In bytes: 8 of magic, version (2), how long the rest is (2); system (4), kinds of payload (4), then convention, identity and
    /// place, each after its length (1). No place is an empty one. Magic, version and the length keep their places in all versions.
    ///
    /// None of the texts may be longer than [`LONGEST_NAME`], which [`Links::new`](super::Links::new) makes sure of.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&self.system.to_le_bytes());
        bytes.extend_from_slice(&self.payloads.0.to_le_bytes());
        for text in [&self.convention, &self.identity, self.place.as_deref().unwrap_or_default()] {
            debug_assert!(text.len() <= LONGEST_NAME, "it was checked at the start");
            bytes.push(text.len() as u8);
            bytes.extend_from_slice(text.as_bytes());
        }
        let rest = (bytes.len() - HEAD) as u16;
        bytes[10..HEAD].copy_from_slice(&rest.to_le_bytes());
        bytes
    }

    /// Reads one from the beginning of what came, and says how many bytes it took. None: it is not all there.
    ///
    /// # Errors
    ///
    /// [`IntroductionError`] as soon as it is clear that this is none.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, IntroductionError> {
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else { return Ok(None) };
        let [found @ .., v0, v1, l0, l1] = *head;
        if found != MAGIC {
            return Err(IntroductionError::Magic { found: found.to_vec() });
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version != VERSION {
            return Err(IntroductionError::Version { found: version });
        }
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        if length > LONGEST {
            return Err(IntroductionError::TooLong { length });
        }
        let Some(rest) = rest.get(..length) else { return Ok(None) };
        Ok(Some((Self::parse(rest)?, HEAD + length)))
    }

    fn parse(mut rest: &[u8]) -> Result<Self, IntroductionError> {
        let malformed = |what| IntroductionError::Malformed { what };
        let Some((&[s0, s1, s2, s3, k0, k1, k2, k3], texts)) = rest.split_first_chunk() else {
            return Err(malformed("it ends in the middle of a number"));
        };
        rest = texts;
        let mut text = || {
            let (&length, after) = rest.split_first().ok_or(malformed("a text is missing"))?;
            let (text, after) =
                after.split_at_checked(length.into()).ok_or(malformed("it ends in the middle of a text"))?;
            rest = after;
            let text = std::str::from_utf8(text).map_err(|_| malformed("a text is no UTF-8"))?;
            // These are shown to people.
            if text.chars().any(char::is_control) {
                return Err(malformed("a text has control characters"));
            }
            Ok(text.to_owned())
        };
        let (convention, identity, place) = (text()?, text()?, text()?);
        if !rest.is_empty() {
            return Err(malformed("something comes after it"));
        }
        if identity.is_empty() {
            return Err(malformed("the identity is empty"));
        }
        Ok(Self {
            convention,
            identity,
            system: u32::from_le_bytes([s0, s1, s2, s3]),
            place: Some(place).filter(|place| !place.is_empty()),
            // Kinds that this side does not know are none of its business.
            payloads: PayloadKinds(u32::from_le_bytes([k0, k1, k2, k3]) & PayloadKinds::PICKLES_OF_THIS_HOST.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Introduction {
        Introduction {
            convention: "site".into(),
            identity: "edge-1".into(),
            system: 0xdead_beef,
            place: Some("[::1]:1900".into()),
            payloads: PayloadKinds::NO_PICKLES,
        }
    }

    #[test]
    fn an_introduction_is_read_as_it_was_written() {
        for place in [None, Some("host:1".to_owned())] {
            let introduction = Introduction { place, ..sample() };
            let mut bytes = introduction.to_bytes();
            let length = bytes.len();
            bytes.extend_from_slice(b"more");
            assert_eq!(Introduction::read(&bytes), Ok(Some((introduction, length))));
            for cut in 0..length {
                assert_eq!(Introduction::read(&bytes[..cut]), Ok(None), "{cut}");
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_by_kind() {
        let changed = |change: fn(&mut Vec<u8>)| {
            let mut bytes = sample().to_bytes();
            change(&mut bytes);
            Introduction::read(&bytes).unwrap_err()
        };
        assert!(matches!(changed(|bytes| bytes[0] = b'x'), IntroductionError::Magic { .. }));
        assert_eq!(changed(|bytes| bytes[8] = 9), IntroductionError::Version { found: 9 });
        assert!(matches!(changed(|bytes| bytes[11] = 0xff), IntroductionError::TooLong { .. }));
        // The length of the convention's name, which then reaches beyond the end.
        assert!(matches!(changed(|bytes| bytes[20] = 200), IntroductionError::Malformed { .. }));
        assert!(matches!(changed(|bytes| bytes[21] = 7), IntroductionError::Malformed { .. }));
        let with_more = |bytes: &mut Vec<u8>| {
            bytes[10] += 1;
            bytes.push(0);
        };
        assert_eq!(changed(with_more), IntroductionError::Malformed { what: "something comes after it" });
    }

    #[test]
    fn pickles_go_only_where_both_sides_take_them() {
        use PayloadKinds as Kinds;
        let all = [Kinds::ALL, Kinds::PICKLES_OF_THIS_HOST, Kinds::NO_PICKLES];
        let go = |same_host| {
            all.map(|one| all.map(|other| one.agreed(other, same_host))).map(|row| row.map(|it| it.has(Kind::Pickle)))
        };
        assert_eq!(go(true), [[true, true, false], [true, true, false], [false; 3]]);
        assert_eq!(go(false), [[true, false, false], [false; 3], [false; 3]]);
        assert!(all.iter().all(|one| one.agreed(Kinds::NO_PICKLES, false).has(Kind::MessagePack)));
        assert!(!Kinds::ALL.has(Kind::Goodbye), "links between systems have no goodbyes");
    }

    #[test]
    fn what_is_taken_of_this_host_alone_is_said() {
        let introduction = Introduction { payloads: PayloadKinds::PICKLES_OF_THIS_HOST, ..sample() };
        let (read, _) = Introduction::read(&introduction.to_bytes()).unwrap().unwrap();
        assert!(read.payloads.are_of_this_host() && !sample().payloads.are_of_this_host());
    }
}
