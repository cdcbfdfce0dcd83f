//! Messages that reached nobody.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;

use roscius_protocol::address::Address;
use roscius_protocol::admin::messages::Setback;
use serde::{Deserialize, Serialize};

use crate::engine::lock;
use crate::message::Payload;

/// A message that reached nobody.
#[derive(Debug)]
pub struct DeadLetter {
    /// The message.
    pub message: Payload,
    /// Who sent it.
    pub sender: Address,
    /// Whom it was for.
    pub target: Address,
    /// Why it did not arrive.
    pub reason: Undelivered,
}

/// Why a message did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Undelivered {
    /// Nobody has the address: its actor has ended, or there never was one.
    NoActor,
    /// The actor ended while the message waited.
    Exited,
    /// The address belongs to another system, or to an earlier run.
    Foreign,
    /// The mailbox was full.
    MailboxFull,
    /// The reply came when nobody waited for it any more.
    LateReply,
    /// The receiver does not accept the type, and the sender cannot be told.
    NotAccepted,
    /// The receiver failed on the message, and the sender cannot be told.
    Failed,
    /// An interceptor refused the message.
    Intercepted,
    /// The message could not be serialised, as the system was asked to do.
    NotSerialisable,
    /// The system of the receiver was away for too long.
    Expired,
    /// The system of the receiver was lost. It may have got the message, or not.
    Unknown,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoActor => "nobody has the address",
            Self::Exited => "the receiver exited",
            Self::Foreign => "the address is of another system or an earlier run",
            Self::MailboxFull => "the mailbox was full",
            Self::LateReply => "nobody waited for the reply any more",
            Self::NotAccepted => "the receiver does not accept the type",
            Self::Failed => "the receiver failed on it",
            Self::Intercepted => "an interceptor refused it",
            Self::NotSerialisable => "it could not be serialised",
            Self::Expired => "the system of the receiver was away for too long",
            Self::Unknown => "the system of the receiver was lost, and may have got it or not",
        })
    }
}

/// Why a message did not arrive, as another process says it.
impl From<Setback> for Undelivered {
    fn from(reason: Setback) -> Self {
        match reason {
            Setback::NoActor | Setback::Stillborn => Self::NoActor,
            Setback::Exited => Self::Exited,
            Setback::Foreign => Self::Foreign,
            Setback::MailboxFull => Self::MailboxFull,
            Setback::LateReply => Self::LateReply,
            Setback::NotAccepted => Self::NotAccepted,
            Setback::Failed => Self::Failed,
            Setback::Intercepted => Self::Intercepted,
            Setback::Undecodable => Self::NotSerialisable,
            Setback::Expired => Self::Expired,
            Setback::Unknown => Self::Unknown,
        }
    }
}

impl From<Undelivered> for Setback {
    fn from(reason: Undelivered) -> Self {
        match reason {
            Undelivered::NoActor => Self::NoActor,
            Undelivered::Exited => Self::Exited,
            Undelivered::Foreign => Self::Foreign,
            Undelivered::MailboxFull => Self::MailboxFull,
            Undelivered::LateReply => Self::LateReply,
            Undelivered::NotAccepted => Self::NotAccepted,
            Undelivered::Failed => Self::Failed,
            Undelivered::Intercepted => Self::Intercepted,
            Undelivered::NotSerialisable => Self::Undecodable,
            Undelivered::Expired => Self::Expired,
            Undelivered::Unknown => Self::Unknown,
        }
    }
}

/// What is remembered of a dead letter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeadLetterRecord {
    /// The type of the message.
    pub message: Cow<'static, str>,
    /// Who sent it.
    pub sender: Address,
    /// Whom it was for.
    pub target: Address,
    /// Why it did not arrive.
    pub reason: Undelivered,
}

/// How many of the first and of the latest dead letters are remembered.
const REMEMBERED: usize = 32;

/// Counts dead letters and knows who handles them.
#[derive(Debug, Default)]
pub(crate) struct Office {
    /// How many there were, and the latest of them.
    noted: Mutex<(u64, VecDeque<DeadLetterRecord>)>,
    /// The last to register handles; when it ends, the one before it.
    handlers: Mutex<Vec<Handler>>,
}

/// Who is told of dead letters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handler {
    pub(crate) actor: Address,
    /// Whether it is told of its own too.
    pub(crate) hears_itself: bool,
}

impl Office {
    /// Notes a dead letter.
    pub(crate) fn note(&self, letter: &DeadLetter) {
        let record = DeadLetterRecord {
            message: Cow::Borrowed(letter.message.name()),
            sender: letter.sender,
            target: letter.target,
            reason: letter.reason,
        };
        tracing::debug!(message = &*record.message, target = %record.target, sender = %record.sender, reason = %record.reason, "dead letter");
        let (count, latest) = &mut *lock(&self.noted);
        *count += 1;
        if latest.len() == REMEMBERED {
            latest.pop_front();
        }
        latest.push_back(record);
    }

    /// Who is told of a dead letter.
    pub(crate) fn handler_of(&self, letter: &DeadLetter) -> Option<Address> {
        let hears = |handler: &&Handler| handler.hears_itself || handler.actor != letter.sender;
        lock(&self.handlers).iter().rev().find(hears).map(|handler| handler.actor)
    }

    pub(crate) fn register(&self, handler: Handler) {
        let mut handlers = lock(&self.handlers);
        handlers.retain(|other| other.actor != handler.actor);
        handlers.push(handler);
    }

    pub(crate) fn deregister(&self, actor: Address) {
        lock(&self.handlers).retain(|other| other.actor != actor);
    }

    /// How many dead letters there were, and the latest of them, oldest first.
    pub(crate) fn noted(&self) -> (u64, Vec<DeadLetterRecord>) {
        let (count, latest) = &*lock(&self.noted);
        (*count, latest.iter().cloned().collect())
    }
}
