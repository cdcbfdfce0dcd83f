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

    /// Whether a kind is among them.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }

    /// The kinds that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
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
    /// The kinds of payload that it sends and takes.
    pub payloads: PayloadKinds,
}

/// What came is no introduction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntroductionError {
    /// It is something else altogether.
    #[error("the other side is no actor system of this kind: it began with \"{}\"", .found.escape_ascii())]
    Magic {
        /// The first bytes that came.
        found: [u8; 8],
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
