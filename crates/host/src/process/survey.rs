//! How each process of a system is, as it says itself.

use roscius::status::{ActorStatus, Status};
use roscius::{Address, Message, NodeId};
use roscius_protocol::admin::messages::{self, Answer, Setback};
use roscius_protocol::frame::{self, Frame};
use serde::{Deserialize, Serialize};

use super::Process;

/// How is the process? Asked of its root, and answered between two turns of its actors.
#[derive(Debug, Message, Serialize, Deserialize)]
#[message(reply = Status, name = "roscius.Look")]
pub(crate) struct Look;

/// How a system of processes is.
#[derive(Clone, Debug)]
pub struct Survey {
    /// As the Admin sees it.
    pub system: messages::Status,
    /// As each process with actors says itself. None: it did not answer in time, because a handler does not return perhaps.
    pub processes: Vec<(NodeId, Option<Status>)>,
}

impl Survey {
    /// The actors of all processes that have answered.
    pub fn actors(&self) -> impl Iterator<Item = &ActorStatus> {
        self.processes.iter().filter_map(|(_, status)| status.as_ref()).flat_map(|status| &status.actors)
    }

    /// The actor with this address, if it lives in a process that has answered.
    pub fn actor(&self, address: impl Into<Address>) -> Option<&ActorStatus> {
        let address = address.into();
        self.actors().find(|actor| actor.address == address)
    }
}

/// Whether a message is [`Look`].
pub(super) fn is_look(frame: &Frame) -> bool {
    matches!(frame.payload(), Ok(frame::Payload::MessagePack { name, .. }) if name == Look::NAME)
}

/// The answer to [`Look`].
pub(super) fn answer(process: &Process) -> Answer {
    match rmp_serde::to_vec_named(&process.system.status()) {
        Ok(reply) => Answer::Reply(reply),
        Err(error) => Answer::None { reason: Setback::Undecodable, details: error.to_string() },
    }
}
