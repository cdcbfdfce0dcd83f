//! What can be wrong with what is asked of a simulated system.

use roscius::{SendError, StartError};
use roscius_protocol::admin::messages::RefusalKind;
use roscius_protocol::convention::InvalidPlace;

/// Why a simulated system did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFailed {
    /// There is one of this name already.
    #[error("there is a system `{0}` already")]
    Twice(String),
    /// A leader is none of the systems so far.
    #[error("`{0}` is to lead, and there is no system of this name: declare leaders first")]
    NoLeader(String),
    /// Two types are registered under one name.
    #[error("two types are registered as `{0}`")]
    Ambiguous(String),
    /// There are too many systems.
    #[error(transparent)]
    Place(#[from] InvalidPlace),
    /// Its actors could not be.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Why an actor was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Its type has no name.
    #[error("`{actor}` is not registered: call `Registry::actor` with it")]
    NotRegistered {
        /// The type.
        actor: &'static str,
    },
    /// Its arguments are no such.
    #[error("the arguments of `{actor}`: {reason}")]
    Arguments {
        /// The actor.
        actor: String,
        /// What is wrong.
        reason: String,
    },
    /// The Admin has refused.
    #[error("the actor was not made: {text}")]
    Refused {
        /// The kind of reason.
        kind: RefusalKind,
        /// The reason.
        text: String,
    },
    /// The system does not run, or has ended meanwhile.
    #[error("the system does not run any more, or does not answer")]
    NoAnswer,
}

/// Why a message did not leave the program.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// Its system does not run.
    #[error("the system `{system}` does not run")]
    Down {
        /// Which.
        system: String,
    },
    /// It was refused.
    #[error(transparent)]
    Send(#[from] SendError),
}
