#![doc = include_str!("../README.md")]

mod actor;
mod address;
mod ask;
mod behaviour;
mod clock;
pub mod codec;
mod context;
mod context_handle;
mod dead_letters;
mod declared;
mod endpoint;
mod engine;
pub mod gate;
mod interceptor;
mod message;
mod outcome;
mod plain;
mod props;
pub mod registry;
pub mod status;
mod system;
pub mod testkit;
mod troupe;

pub use actor::{Actor, AsyncHandler, ChildExited, ChildFailure, Handler, Poison, Terminated, TimerId, Wakeup};
pub use address::{ActorRef, Destination, Recipient};
pub use ask::{Ask, AskError, Promise};
pub use behaviour::Behaviour;
pub use clock::ManualClock;
pub use context::Context;
pub use context_handle::{ContextHandle, NotHandling};
pub use dead_letters::{DeadLetter, DeadLetterRecord, Undelivered};
pub use declared::{Accepts, Async, AsyncAt, At, Entry, Includes, Protocol};
pub use endpoint::{Delivered, Endpoint, Received};
pub use engine::stage::SendError;
pub use interceptor::{InTransit, Interceptor, Verdict};
pub use message::{Message, MessageType, Payload};
pub use outcome::{Failure, NoReply, Outcome};
pub use plain::Plain;
pub use props::{Props, SpawnError};
pub use roscius_macros::Message;
pub use roscius_protocol::address::{Address, InvalidAddress, NodeId};
pub use roscius_protocol::backoff::Backoff;
pub use roscius_protocol::lifecycle::{Birth, ExitReason, Signal};
pub use roscius_protocol::mailbox::{Bound, Overflow};
pub use roscius_protocol::supervision::{
    Decision, FailureKind, FailureReport, Intensity, Restart, Strategy, Supervision,
};
pub use system::{ActorSystem, Builder, NamedSendError, Shutdown, StartError};
pub use troupe::{Troupe, TroupeControl, TroupeStatus};

/// What most programs need: `use roscius::prelude::*`.
pub mod prelude {
    pub use serde::{Deserialize, Serialize};

    pub use crate::{
        Actor, ActorRef, ActorSystem, Address, AskError, Async, AsyncHandler, Backoff, Behaviour, ChildExited,
        ChildFailure, Context, DeadLetter, Decision, ExitReason, Failure, Handler, Message, Outcome, Overflow, Plain,
        Poison, Promise, Props, Recipient, Restart, Supervision, Terminated, TimerId, Troupe, Wakeup,
    };
}
