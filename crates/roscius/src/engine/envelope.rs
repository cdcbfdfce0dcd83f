//! A message or a notice on its way.

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::Signal;
use roscius_protocol::supervision::Restart;

use crate::actor::{Poison, TimerId};
use crate::ask::ReplyTo;
use crate::dead_letters::DeadLetter;
use crate::message::Payload;
use crate::outcome::Failure;
use crate::troupe::{TroupeOrder, Work};

/// A message with its sender and the right to reply to it.
#[derive(Debug)]
pub struct Envelope {
    pub(crate) sender: Address,
    pub(crate) reply: ReplyTo,
    pub(crate) message: Payload,
}

/// What the dispatch of one message came to.
#[derive(Debug)]
pub enum Delivery {
    /// Done.
    Handled,
    /// The handler failed.
    Failed(Failure),
    /// Another actor gets the message.
    Forwarded(Address),
    /// The message waits until it is taken up again.
    Stashed,
    /// The message has an asynchronous handler.
    Asynchronous,
    /// The actor does not accept the type.
    NotAccepted,
}

/// What is on its way to an address.
#[derive(Debug)]
pub(crate) enum Parcel {
    Message(Address, Envelope),
    Notice(Address, Notice),
}

impl Parcel {
    #[inline]
    pub(crate) fn to(&self) -> Address {
        match self {
            Self::Message(to, _) | Self::Notice(to, _) => *to,
        }
    }
}

/// What the system tells an actor, in the lane of signals.
#[derive(Debug)]
pub(crate) enum Notice {
    /// Something about lives.
    Life(Signal),
    /// A message of the actor came back.
    Poison(Box<Poison>),
    /// A dead letter for its handler.
    DeadLetter(Box<DeadLetter>),
    /// A wakeup is due.
    Wakeup(TimerId),
    /// The answer that a continuation waits for has arrived, or is too late.
    Answered(usize),
    /// The back-off before a restart is over.
    RestartDue,
    /// The future of the actor can go on.
    Poll,
    /// A full mailbox that the actor waits for has room, or is gone.
    Room(Address),
    /// What is held for a full mailbox may have waited too long.
    Overdue(Address),
    /// To the root: a child made by external code, or left behind by its parent.
    Adopt(Address, Restart),
    /// To a worker: what to do next.
    Work(Box<Work>),
    /// To a troupe: a worker is ready for work.
    WorkerReady(Address),
    /// To a troupe: a worker could not finish this.
    WorkReturned(Address, Box<(Work, Failure)>),
    /// To a troupe: from who manages it.
    TroupeOrder(Box<TroupeOrder>),
}
