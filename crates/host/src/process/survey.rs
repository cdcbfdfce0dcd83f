//! How each process of a system is, as it says itself.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use roscius::status::{ActorStatus, Status, most_frequent_first};
use roscius::{Address, Ask, Message, NodeId, Recipient};
use roscius_protocol::admin::messages::{self, Answer, FromAdmin, Setback, ToAdmin};
use roscius_protocol::frame::{self, Frame};
use serde::{Deserialize, Serialize};

use super::{Process, RequestError, root_of};

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

impl Process {
    /// How the system is, as the Admin sees it. Nothing else that comes meanwhile is handled.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if it does not answer in time.
    pub fn system_status(&self, within: Duration) -> Result<messages::Status, RequestError> {
        match self.request::<RequestError>(self.root(), ToAdmin::Status, within, || Ok(()))? {
            FromAdmin::Status(status) => Ok(*status),
            _ => Err(RequestError::NoAdmin),
        }
    }
}

/// Asks processes how they are. One that has not answered in time is not asked again, and not waited for, before it does: who is
/// stuck is not buried in questions, and holds up nobody.
#[derive(Default)]
pub struct Looks {
    open: BTreeMap<NodeId, Ask<Status>>,
}

impl Looks {
    /// How these processes are, as they say themselves within this time, in the order of their nodes. What else comes
    /// meanwhile is handled. None: no answer yet.
    ///
    /// # Errors
    ///
    /// [`RequestError::Io`] if the links of this process fail.
    pub fn look(
        &mut self,
        process: &Process,
        nodes: &[NodeId],
        within: Duration,
    ) -> Result<Vec<(NodeId, Option<Status>)>, RequestError> {
        let until = Instant::now() + within;
        let nodes: BTreeSet<NodeId> = nodes.iter().copied().collect();
        self.open.retain(|node, _| nodes.contains(node));
        let late: BTreeSet<NodeId> = self.open.keys().copied().collect();
        let mut answers = BTreeMap::new();
        for node in &nodes {
            let ask = || process.system.ask(Recipient::<Look>::assume(root_of(*node)), Look);
            self.open.entry(*node).or_insert_with(ask);
            answers.insert(*node, None);
        }
        process.flush();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            self.open.retain(|node, ask| match Pin::new(ask).poll(&mut context) {
                Poll::Ready(answer) => {
                    answers.insert(*node, answer.ok());
                    false
                }
                Poll::Pending => true,
            });
            let left = until.saturating_duration_since(Instant::now());
            let is_awaited = self.open.keys().any(|node| !late.contains(node));
            if !is_awaited || left.is_zero() || process.is_over() {
                return Ok(answers.into_iter().collect());
            }
            process.turn(Some(left))?;
        }
    }
}

/// Whether a message is [`Look`].
pub(super) fn is_look(frame: &Frame) -> bool {
    matches!(frame.payload(), Ok(frame::Payload::MessagePack { name, .. }) if name == Look::NAME)
}

/// The answer to [`Look`].
pub(super) fn answer(process: &Process) -> Answer {
    let mut status = process.system.status();
    for actor in &mut status.actors {
        if let Some(class) = process.language.class_of(actor.address) {
            actor.class = class.into();
        }
    }
    if let Some(types) = process.language.handled_types() {
        status.messages = most_frequent_first(types.into_iter().map(|(name, count)| (name.into(), count)));
    }
    match rmp_serde::to_vec_named(&status) {
        Ok(reply) => Answer::Reply(reply),
        Err(error) => Answer::None { reason: Setback::Undecodable, details: error.to_string() },
    }
}
