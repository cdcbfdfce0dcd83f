//! What who looks after a system wants to know of it, beside what programs ask for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dead_letters::LetterKind;
use super::messages::{Entry, LetterRecord, Setback};
use super::processes::Process;
use super::share::Share;
use super::{Admin, logger};
use crate::address::{Address, NodeId};
use crate::frame::Role;
use crate::time::Time;

/// Part of a [`Status`](super::messages::Status). Ages count to the moment at which it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// How long the system has run.
    pub uptime: Duration,
    /// All processes: those with actors, and starters, the logger, and attached programs.
    pub members: Vec<Member>,
    /// The settings that all processes are told.
    pub settings: Vec<Entry>,
    /// What top-level actors are made of, as far as that is known. Their processes know it better.
    pub classes: Vec<(Address, String)>,
    /// Actors that are being made.
    pub pending: Vec<PendingCreation>,
    /// Dead letters by type and reason, in the order in which the first of each came.
    pub dead_letters: Vec<DeadLetters>,
    /// Its share in its convention.
    pub share: Share,
}

/// A process of the system, or a program attached to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Which.
    pub process: NodeId,
    /// What kind of process it is.
    pub role: Role,
    /// Its process id, once that is known.
    pub pid: Option<u32>,
    /// It has said that it is there.
    pub attached: bool,
    /// It makes actors, or did.
    pub offers: bool,
}

/// An actor that is being made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingCreation {
    /// The address that it is to have, if that is decided.
    pub actor: Option<Address>,
    /// Who can make it.
    pub maker: String,
    /// The global name that it is to have.
    pub name: Option<String>,
    /// What it is made of: a class in Python, or the name of a type.
    pub class: String,
    /// What it waits for.
    pub awaits: Awaits,
    /// How long it has waited.
    pub age: Duration,
}

/// What a creation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Awaits {
    /// Its source is being validated.
    Source,
    /// Nobody offers to make such actors yet.
    Starter,
    /// A starter was asked to start a process.
    Process,
    /// The new process has not spoken yet.
    Word,
    /// The new process makes the actor: it imports what it needs.
    Actor,
}

/// Dead letters of one type that have the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetters {
    /// The type of the messages.
    pub message: String,
    /// Why they did not arrive.
    pub reason: Setback,
    /// How many there were.
    pub count: u64,
    /// The first of them.
    pub first: LetterRecord,
    /// How long ago that was.
    pub first_ago: Duration,
    /// How long ago the last was.
    pub last_ago: Duration,
}

impl Admin {
    pub(super) fn detail(&self, now: Time) -> Detail {
        Detail {
            uptime: now.since(Time::ZERO),
            members: self.processes.iter().map(|(node, process)| member(*node, process)).collect(),
            settings: self.settings.clone(),
            classes: self.children.iter().map(|(actor, child)| (*actor, child.class.clone())).collect(),
            pending: self
                .awaiting_sources(now)
                .chain(self.processes.iter().filter_map(|(node, process)| self.pending(now, *node, process)))
                .collect(),
            dead_letters: self.letters.kinds.iter().map(|kind| dead_letters(now, kind)).collect(),
            share: self.share(now),
        }
    }

    fn pending(&self, now: Time, node: NodeId, process: &Process) -> Option<PendingCreation> {
        let making = process.making.as_ref().filter(|making| making.maker != logger::MAKER)?;
        let awaits = match process {
            _ if self.queued.contains(&node) => Awaits::Starter,
            Process { attached: true, .. } => Awaits::Actor,
            Process { pid: Some(_), .. } => Awaits::Word,
            Process { pid: None, .. } => Awaits::Process,
        };
        Some(PendingCreation {
            actor: Some(making.actor),
            maker: making.maker.clone(),
            name: making.name.clone(),
            class: making.class(),
            awaits,
            age: now.since(making.since),
        })
    }
}

fn member(node: NodeId, process: &Process) -> Member {
    // Who can not say its number is known by zero.
    let pid = process.pid.filter(|pid| *pid != 0);
    Member { process: node, role: process.role, pid, attached: process.attached, offers: process.offers }
}

fn dead_letters(now: Time, kind: &LetterKind) -> DeadLetters {
    DeadLetters {
        message: kind.message.clone(),
        reason: kind.reason,
        count: kind.count,
        first: kind.first.clone(),
        first_ago: now.since(kind.first_at),
        last_ago: now.since(kind.last_at),
    }
}
