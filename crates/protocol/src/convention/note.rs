//! What is written to the log about a convention.

use std::fmt;
use std::time::Duration;

use super::{Departure, Place, SystemId, Term};
use crate::sources::Level;

/// Something that people may want to know. [`Display`](fmt::Display) says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "`Display` says what each is; the fields are those of the events")]
pub enum Note {
    Joined { system: SystemId, identity: String, place: Option<Place> },
    Left { system: SystemId, identity: String, why: Why },
    Leads { term: Term },
    Follows { system: SystemId, identity: String },
    NoLeader,
    Invited { by: SystemId, identity: String },
    NotReached { place: Place, why: String },
    Itself { place: Place },
    IdentityInUse { system: SystemId, identity: String, holder: SystemId },
    Refused { system: SystemId, why: &'static str },
    CandidatesCut { given: usize, kept: usize },
    Yields { name: String },
}

/// Why a member was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "`Display` says what each is")]
pub enum Why {
    LinkBroken { reason: String, after: Duration },
    Silent { after: Duration },
    Gone { reason: String },
    Left { why: Departure },
    Restarted { now: SystemId },
    GaveUp,
    Dismissed,
    NotALeader,
}

impl Note {
    /// How much it matters.
    pub const fn level(&self) -> Level {
        match self {
            Self::Joined { .. }
            | Self::Leads { .. }
            | Self::Follows { .. }
            | Self::Invited { .. }
            | Self::Itself { .. }
            | Self::Left { why: Why::Left { .. } | Why::Dismissed | Why::NotALeader, .. } => Level::Info,
            Self::Left { .. }
            | Self::NoLeader
            | Self::NotReached { .. }
            | Self::IdentityInUse { .. }
            | Self::Refused { .. }
            | Self::CandidatesCut { .. }
            | Self::Yields { .. } => Level::Warning,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined { system, identity, place: Some(place) } => {
                write!(f, "system {identity} ({system:x}) at {place} is in the convention")
            }
            Self::Joined { system, identity, place: None } => {
                write!(f, "system {identity} ({system:x}) is in the convention")
            }
            Self::Left { system, identity, why } => {
                write!(f, "system {identity} ({system:x}) is no longer in the convention: {why}")
            }
            Self::Leads { term } => write!(f, "this system leads the convention, in term {}", term.number()),
            Self::Follows { system, identity } => write!(f, "the convention is led by {identity} ({system:x})"),
            Self::NoLeader => write!(f, "the convention has no leader that this system can reach"),
            Self::Invited { by, identity } => write!(f, "invited to a convention by {identity} ({by:x})"),
            Self::NotReached { place, why } => write!(f, "no link to {place}, which is tried again: {why}"),
            Self::Itself { place } => write!(f, "{place} is this system itself"),
            Self::IdentityInUse { system, identity, holder } => write!(
                f,
                "system {system:x} is kept out: it calls itself {identity}, as {holder:x} does, which is alive"
            ),
            Self::Refused { system, why } => write!(f, "a message of system {system:x} is ignored: {why}"),
            Self::CandidatesCut { given, kept } => {
                write!(f, "of {given} addresses of leaders only the first {kept} are used")
            }
            Self::Yields { name } => {
                write!(f, "another system has the convention's name `{name}` too, and keeps it: the actor here ends")
            }
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkBroken { reason, after } => {
                write!(f, "its link broke, and there was no other within {after:?}: {reason}")
            }
            Self::Gone { reason } => write!(f, "it is not there any more: {reason}"),
            Self::Silent { after } => write!(f, "nothing was heard of it for {after:?}"),
            Self::Left { why: Departure::ShutsDown } => write!(f, "it shuts down"),
            Self::Left { why: Departure::Dismissed } => write!(f, "this system was de-registered there"),
            Self::Left { why: Departure::NotALeader } => write!(f, "this system is not among its leaders any more"),
            Self::Left { why: Departure::Unknown } => write!(f, "it knows nothing of it"),
            Self::Restarted { now } => write!(f, "it was started again, as {now:x}"),
            Self::GaveUp => write!(f, "it had given this system up"),
            Self::Dismissed => write!(f, "it was de-registered"),
            Self::NotALeader => write!(f, "it is not among the leaders any more"),
        }
    }
}
