//! How much a post may keep, what it wants done, and what it says of messages that it does not take or gives up.

use std::time::Duration;

use bytes::Bytes;

use super::{Id, ParcelError};
use crate::address::Address;
use crate::pair::SystemId;

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of messages that are kept for actors here; and the most that are taken from other systems.
    pub bytes: usize,
    /// The most messages, in the same way.
    pub messages: usize,
    /// How long a message is kept.
    pub keep_for: Duration,
    /// The longest frame, in bytes.
    pub frame: u64,
    /// How many ids of messages that were handled here are remembered.
    pub remembered: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            messages: 262_144,
            keep_for: Duration::from_secs(24 * 60 * 60),
            frame: crate::frame::DEFAULT_LIMIT,
            remembered: 65_536,
        }
    }
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a parcel to a system that there is a way to, as a durable frame. If it can not be taken: [`Post::refused`](super::Post::refused).
    Send {
        /// Which.
        system: SystemId,
        /// The id.
        id: Id,
        /// The parcel.
        parcel: Bytes,
    },
    /// Give a message to an actor here, which answers with [`Post::receipt`](super::Post::receipt).
    Give {
        /// The number of this try.
        delivery: u64,
        /// The actor.
        actor: Address,
        /// The frame as it was sent.
        frame: Bytes,
    },
    /// Write down that a message of another system was handled here.
    Remember {
        /// Its id.
        id: Id,
    },
    /// A message need not be kept any more: write that down.
    Discard {
        /// Its id.
        id: Id,
    },
    /// Tell a system that a message of its is settled.
    Settle {
        /// Which.
        system: SystemId,
        /// The id.
        id: Id,
    },
    /// A message is not delivered, or nobody knows.
    Lost {
        /// The frame as it was sent.
        frame: Bytes,
        /// Why.
        why: Why,
    },
}

/// Why a durable message is not sent or given any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It was kept as long as it may be, and never went out.
    #[error("no system with this identity, or no actor with this name, was there in time")]
    Expired,
    /// It was kept as long as it may be. It went out, and was never settled.
    #[error("it was sent, and nobody has said in time that it was handled")]
    Unknown,
    /// The handler failed too often, or the actor ended each time.
    #[error("its handler failed {times} times; the last time: {details}")]
    Failed {
        /// How often.
        times: u32,
        /// What was said of it.
        details: String,
    },
    /// The actor does not take such messages.
    #[error("the actor does not take it: {details}")]
    NotAccepted {
        /// What was said of it.
        details: String,
    },
}

/// A message that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no room.
    #[error("{messages} durable messages of {bytes} bytes are kept already, and {limit} bytes may be")]
    Full {
        /// How many there are.
        messages: usize,
        /// Their bytes.
        bytes: usize,
        /// How many bytes there may be.
        limit: usize,
    },
    /// It alone is over the limit.
    #[error("a durable message of {length} bytes, and {limit} may be kept")]
    TooLong {
        /// Its length.
        length: usize,
        /// How many bytes there may be.
        limit: usize,
    },
    /// It is no message that can be durable.
    #[error(transparent)]
    Message(#[from] ParcelError),
    /// Nobody has asked for that destination.
    #[error("there is no such durable destination")]
    Nobody,
}

/// How it is, for who looks into a system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Messages of actors here that are kept, and their bytes.
    pub kept: usize,
    /// Their bytes.
    pub kept_bytes: usize,
    /// Messages of other systems that are passed on, or wait for actors here.
    pub taken: usize,
    /// Ids of messages that were handled here.
    pub remembered: usize,
}
