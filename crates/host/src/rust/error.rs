//! What can go wrong in a program with a system of processes.

use std::io;

use roscius::codec::CodecError;
use roscius::gate::NotMade;
use roscius::{SendError, SpawnError};
use roscius_protocol::admin::messages::RefusalKind;

use crate::process::{JoinError, RequestError};
use crate::sources::LONGEST;

/// Why a system did not start, or could not be attached to.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// [`enter`](super::enter) was not called: the process was started to be a part of a system, and is about to start one.
    #[error("this process was started as a part of an actor system: call `roscius_host::rust::enter` first in `main`")]
    NotEntered,
    /// Two types of actors, or of messages, have one name.
    #[error("`{name}` is registered for two types: give one of them another name")]
    Ambiguous {
        /// The name.
        name: String,
    },
    /// The port or name belongs to another system or program.
    #[error("{0}")]
    Taken(String),
    /// There is no system to attach to.
    #[error("there is no actor system at `{claim}`")]
    NoSystem {
        /// Its port or name.
        claim: String,
    },
    /// A part of the system, the Admin or the starter, could not start.
    #[error("the {part} did not start: {reason}")]
    Part {
        /// Which part.
        part: &'static str,
        /// Why.
        reason: String,
    },
    /// This process could not become a part of the system.
    #[error(transparent)]
    Join(#[from] JoinError),
}

/// Why an executable was not announced to a system.
#[derive(Debug, thiserror::Error)]
pub enum AnnounceError {
    /// It could not be started.
    #[error("`{program}` could not be started: {error}")]
    NotStarted {
        /// The executable.
        program: String,
        /// What the operating system said.
        error: io::Error,
    },
    /// It was started, and is none that has actors to offer.
    #[error("`{program}` offers no actors: {what}. Is `roscius_host::rust::enter` the first call in its `main`?")]
    NoHost {
        /// The executable.
        program: String,
        /// What it did.
        what: &'static str,
    },
    /// It could not join the system.
    #[error("`{program}` could not join the actor system: {reason}")]
    NotJoined {
        /// The executable.
        program: String,
        /// Why.
        reason: String,
    },
}

/// Why an actor was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Nobody registered the type in this program.
    #[error("`{actor}` is not registered: call `Registry::actor` with it")]
    NotRegistered {
        /// The type.
        actor: &'static str,
    },
    /// The arguments are not those that were registered.
    #[error("an actor `{actor}` can not be made: {reason}")]
    Arguments {
        /// The type, or the name of it.
        actor: String,
        /// What is wrong with them.
        reason: String,
    },
    /// The actor that would be the parent has no process of a system of processes.
    #[error("only an actor in a process of its own can create actors of other programs")]
    NoProcess,
    /// The actor that would be the parent may have no child now.
    #[error(transparent)]
    Parent(#[from] SpawnError),
    /// The system refused.
    #[error("the actor was not made: {text}")]
    Refused {
        /// The kind of reason.
        kind: RefusalKind,
        /// The reason, for people.
        text: String,
    },
    /// The Admin did not answer, or with something else.
    #[error(transparent)]
    Admin(#[from] RequestError),
    /// The Admin did not answer the process of the actor that would be the parent.
    #[error("the actor was not made: {0}")]
    NoAnswer(String),
}

impl From<NotMade> for CreateError {
    fn from(not_made: NotMade) -> Self {
        match not_made {
            NotMade::NoOthers => Self::NoProcess,
            NotMade::Arguments { actor, reason } => Self::Arguments { actor, reason },
            NotMade::Parent(error) => Self::Parent(error),
            NotMade::Refused { kind, text } => Self::Refused { kind, text },
            NotMade::NoAnswer(text) => Self::NoAnswer(text),
        }
    }
}

/// An actor has to do with sources only where there are some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only an actor in a process of its own has to do with sources")]
pub struct SourceDutyError;

/// Why a program that is a source was not started.
#[derive(Debug, thiserror::Error)]
#[error("source {id} could not be started: {reason}")]
pub struct LaunchError {
    /// The id of the source.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// Why a source was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is too long.
    #[error("the source has {bytes} bytes, and may have {LONGEST}")]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// The Admin did not answer.
    #[error(transparent)]
    Admin(#[from] RequestError),
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// It can not leave this process.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The system has ended.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The links of this process failed.
    #[error("the links of the process failed: {0}")]
    Io(#[from] io::Error),
}

/// Why it is not certain that the system has ended.
#[derive(Debug, thiserror::Error)]
pub enum ShutdownError {
    /// The Admin did not answer.
    #[error(transparent)]
    Admin(#[from] RequestError),
    /// A process that this program had started did not end, and was killed.
    #[error("process {pid} had to be killed")]
    Killed {
        /// Its process id.
        pid: u32,
    },
}
