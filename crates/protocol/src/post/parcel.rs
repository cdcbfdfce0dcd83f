//! How a durable message is laid out on its way between systems. All numbers are little-endian.
//!
//! | offset | size | what |
//! |---:|---:|---|
//! | 0 | 1 | version of the layout, 1 |
//! | 1 | 3 | 0 |
//! | 4 | 2 | length of the identity of the system it is for |
//! | 6 | 2 | length of the name of the actor there |
//! | 8 | 8 | when it expires, in nanoseconds since 1970 |
//! | 16 | … | the identity, the name, the frame of the message |

use bytes::Bytes;

use crate::frame::{Frame, FrameError, Kind};
use crate::names::{InvalidName, check_name};
use crate::time::Time;

/// The size of what stands before the identity.
const HEAD: usize = 16;
const VERSION: u8 = 1;
/// The longest identity of a system, in bytes.
const LONGEST_IDENTITY: usize = 255;

/// Whom a durable message is for: an actor by its global name, in a system by its identity. Both outlive restarts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// The identity of the system.
    pub system: String,
    /// The global name of the actor.
    pub name: String,
}

impl Destination {
    /// A destination that there can be.
    ///
    /// # Errors
    ///
    /// [`ParcelError`] if there is no such identity, or no such name.
    pub fn new(system: &str, name: &str) -> Result<Self, ParcelError> {
        if system.is_empty() || system.len() > LONGEST_IDENTITY || system.chars().any(char::is_control) {
            return Err(ParcelError::Identity { length: system.len() });
        }
        check_name(name)?;
        Ok(Self { system: system.to_owned(), name: name.to_owned() })
    }
}

/// A durable message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// When it is not to be delivered any more.
    pub expires: Time,
    /// Whom it is for.
    pub to: Destination,
    /// The frame of the message, as its sender sent it.
    pub frame: Bytes,
    /// All of it, as it goes over a link.
    pub whole: Bytes,
}

impl Parcel {
    /// Packs a message.
    ///
    /// # Errors
    ///
    /// [`ParcelError`] if the frame is not that of a message of an actor.
    pub fn pack(to: &Destination, expires: Time, frame: &Frame) -> Result<Self, ParcelError> {
        check_kind(frame.kind())?;
        let (system, name) = (to.system.as_bytes(), to.name.as_bytes());
        let mut whole = Vec::with_capacity(HEAD + system.len() + name.len() + frame.as_bytes().len());
        whole.extend_from_slice(&[VERSION, 0, 0, 0]);
        // Both were checked to be short.
        whole.extend_from_slice(&(system.len() as u16).to_le_bytes());
        whole.extend_from_slice(&(name.len() as u16).to_le_bytes());
        whole.extend_from_slice(&expires.as_nanos().to_le_bytes());
        whole.extend_from_slice(system);
        whole.extend_from_slice(name);
        let at = whole.len();
        whole.extend_from_slice(frame.as_bytes());
        let whole = Bytes::from(whole);
        Ok(Self { expires, to: to.clone(), frame: whole.slice(at..), whole })
    }

    /// Reads what came. Frames longer than `limit` are refused.
    ///
    /// # Errors
    ///
    /// [`ParcelError`] if it is no parcel of this version.
    pub fn read(whole: Bytes, limit: u64) -> Result<Self, ParcelError> {
        let length = whole.len();
        let short = ParcelError::TooShort { length };
        let Some(([version, zeros @ .., s0, s1, n0, n1, e0, e1, e2, e3, e4, e5, e6, e7], _)) =
            whole.split_first_chunk::<HEAD>()
        else {
            return Err(short);
        };
        if *version != VERSION || zeros != &[0; 3] {
            return Err(ParcelError::Version { version: *version });
        }
        let expires = Time::from_nanos(u64::from_le_bytes([*e0, *e1, *e2, *e3, *e4, *e5, *e6, *e7]));
        let name_at = HEAD + usize::from(u16::from_le_bytes([*s0, *s1]));
        let frame_at = name_at + usize::from(u16::from_le_bytes([*n0, *n1]));
        let (Some(system), Some(name)) = (whole.get(HEAD..name_at), whole.get(name_at..frame_at)) else {
            return Err(short);
        };
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| ParcelError::Text);
        let to = Destination::new(text(system)?, text(name)?)?;
        let frame = Frame::new(whole.slice(frame_at..), limit)?;
        check_kind(frame.kind())?;
        Ok(Self { expires, to, frame: frame.as_bytes().clone(), whole })
    }
}

/// What the actor system says to itself is for those who live now.
const fn check_kind(kind: Kind) -> Result<(), ParcelError> {
    if matches!(kind, Kind::System) || kind.is_of_links() { Err(ParcelError::Kind { kind }) } else { Ok(()) }
}

/// What is no durable message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParcelError {
    /// It ends too early.
    #[error("a durable message of {length} bytes ends too early")]
    TooShort {
        /// Its length.
        length: usize,
    },
    /// Another layout.
    #[error("version {version} of durable messages is not known here")]
    Version {
        /// Its number.
        version: u8,
    },
    /// Identity or name are no text.
    #[error("the destination of a durable message is no text")]
    Text,
    /// No system has such an identity.
    #[error("an identity of {length} bytes: that of a system has 1 to {LONGEST_IDENTITY}, and no control characters")]
    Identity {
        /// Its length.
        length: usize,
    },
    /// No actor has such a name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// What is in it is no frame.
    #[error("what is in a durable message is no message: {0}")]
    Frame(#[from] FrameError),
    /// What is in it is not from an actor for an actor.
    #[error("{kind:?} is no kind of message that can be durable")]
    Kind {
        /// What it is.
        kind: Kind,
    },
}
