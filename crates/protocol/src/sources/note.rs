//! What is written to the log about sources.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Digest, Platform};
use crate::address::Address;

/// How much a [`Note`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// As it should be.
    Info,
    /// Something was ignored or refused.
    Warning,
    /// A source that was found valid could not be loaded.
    Error,
}

/// Something that people may want to know. [`Display`](fmt::Display) says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "`Display` says what each is; the fields are those of the events")]
pub enum Note {
    Authority { actor: Address },
    Loaded { id: String, info: Option<String>, digest: Digest },
    NotForThisHost { id: String, info: Option<String>, platform: Platform, here: String },
    Unloaded { id: String, info: Option<String> },
    NotLoaded { id: String },
    AlreadyLoaded { id: String, info: Option<String> },
    NoAuthority { id: String, info: Option<String> },
    NotTheAuthority { id: String, by: Address, authority: Option<Address> },
    NotAwaited { id: String },
    Rejected { id: String, info: Option<String> },
    Unfit { id: String, info: Option<String>, reason: String },
    Expired { id: String },
}

impl Note {
    /// How much it matters.
    pub const fn level(&self) -> Level {
        match self {
            Self::Authority { .. }
            | Self::Loaded { .. }
            | Self::Unloaded { .. }
            | Self::NotLoaded { .. }
            | Self::AlreadyLoaded { .. } => Level::Info,
            Self::NoAuthority { .. }
            | Self::NotTheAuthority { .. }
            | Self::NotForThisHost { .. }
            | Self::NotAwaited { .. }
            | Self::Rejected { .. }
            | Self::Expired { .. } => Level::Warning,
            Self::Unfit { .. } => Level::Error,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority { actor } => write!(f, "{actor} is the source authority"),
            Self::Loaded { id, info, digest } => {
                write!(f, "source {} is valid and loaded; SHA-256 {digest}", Called(id, info))
            }
            Self::NotForThisHost { id, info, platform, here } => {
                write!(
                    f,
                    "no actor can be made here from source {}: it is a program for {platform}, and {here}",
                    Called(id, info)
                )
            }
            Self::Unloaded { id, info } => write!(f, "source {} is unloaded", Called(id, info)),
            Self::NotLoaded { id } => write!(f, "source {id} is not loaded, so there is nothing to unload"),
            Self::AlreadyLoaded { id, info } => write!(f, "source {} is loaded already", Called(id, info)),
            Self::NoAuthority { id, info } => {
                write!(f, "source {} is ignored: there is no source authority to validate it", Called(id, info))
            }
            Self::NotTheAuthority { id, by, authority: Some(authority) } => {
                write!(f, "a verdict of {by} on source {id} is ignored: the source authority is {authority}")
            }
            Self::NotTheAuthority { id, by, authority: None } => {
                write!(f, "a verdict of {by} on source {id} is ignored: there is no source authority")
            }
            Self::NotAwaited { id } => {
                write!(f, "a verdict on source {id} is ignored: it was not asked for, came before, or came too late")
            }
            Self::Rejected { id, info } => {
                write!(f, "source {} is rejected by the source authority", Called(id, info))
            }
            Self::Unfit { id, info, reason } => {
                write!(
                    f,
                    "source {} was found valid by the source authority, but is refused: {reason}",
                    Called(id, info)
                )
            }
            Self::Expired { id } => {
                let within = super::VALIDATE_WITHIN.as_secs();
                write!(f, "source {id} is given up: the source authority said nothing within {within} s")
            }
        }
    }
}

/// A source as people know it.
struct Called<'a>(&'a str, &'a Option<String>);

impl fmt::Display for Called<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(info) => write!(f, "{} ({info})", self.0),
            None => f.write_str(self.0),
        }
    }
}
