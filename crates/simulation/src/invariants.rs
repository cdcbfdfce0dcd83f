//! What must hold whatever happens. Each looks at all that is observed, by itself, and says what is wrong.

mod accounting;
mod agreement;
mod asks;
mod exits;
mod incarnations;
mod last_words;
mod leaders;
mod members_only;
mod order;
mod placement;
mod shutdown;
mod timers;

use std::collections::BTreeMap;
use std::rc::Rc;

use roscius::{Address, ExitReason, FailureKind, NodeId, Signal};
use roscius_protocol::admin::Admin;
use roscius_protocol::admin::messages::Setback;
use roscius_protocol::convention::SystemId;
use roscius_protocol::time::Time;

use crate::system::{Requirements, System};

/// What is observed, at a system.
#[derive(Debug)]
pub(crate) enum Observation {
    /// It was started.
    Started,
    /// It was killed, or is over.
    Ended,
    /// It has shut down in good order. Which processes of actors it still has.
    ShutDown { left: Vec<NodeId> },
    /// An actor here has sent a message to another process.
    Sent { number: u128, from: Address, to: Address },
    /// A message from another system is here, on its way to its process or on to another system.
    Reached { number: u128, over: SystemId },
    /// A message for a system goes by way of a leader.
    Relayed { number: u128, to: SystemId, by: SystemId },
    /// A process has got a message, which that process has sent.
    Delivered { number: u128, by: NodeId, from: Address, to: Address },
    /// A message was reported not to have arrived.
    Lost { number: u128, why: Setback },
    /// A process here gets one more answer to something it has asked, and was not told before that there is none.
    AnsweredAgain { by: NodeId, ask: u64 },
    /// An actor here is to be told when another ends.
    Watched { by: Address, address: Address },
    /// An actor here is told something.
    Told { to: Address, signal: Signal },
    /// An actor is made here.
    Made { maker: String, capabilities: BTreeMap<String, String> },
    /// A system is a member.
    Met { system: SystemId },
    /// A system is none any more.
    Parted { system: SystemId },
    /// Something is done at this time that was due at that, both on its clock.
    Woken { due: Time, now: Time },
}

/// How it is when all trouble is over and everything has had its time.
pub(crate) struct End<'a> {
    pub systems: Vec<&'a System>,
    /// Messages up to this number have had their time.
    pub settled: u128,
    /// Which systems have reason to know each other.
    pub ties: BTreeMap<SystemId, Vec<SystemId>>,
}

/// What is wrong.
pub(crate) type Verdict = Result<(), String>;

trait Invariant {
    /// Something was observed at a system.
    fn see(&mut self, at: SystemId, observation: &Observation) -> Verdict;

    /// An Admin has dealt with something.
    fn look(&mut self, _: SystemId, _: &Admin) -> Verdict {
        Ok(())
    }

    /// All trouble is over.
    fn end(&mut self, _: &End<'_>) -> Verdict {
        Ok(())
    }
}

/// All of them.
pub(crate) struct Invariants(Vec<(&'static str, Box<dyn Invariant>)>);

impl Invariants {
    pub fn new(requirements: &Requirements) -> Self {
        Self(vec![
            ("accounting", Box::<accounting::Accounting>::default()),
            ("agreement", Box::new(agreement::Agreement)),
            ("asks", Box::<asks::Asks>::default()),
            ("exits", Box::<exits::Exits>::default()),
            ("incarnations", Box::<incarnations::Incarnations>::default()),
            ("last words", Box::<last_words::LastWords>::default()),
            ("leaders", Box::<leaders::Leaders>::default()),
            ("members only", Box::<members_only::MembersOnly>::default()),
            ("order", Box::<order::Order>::default()),
            ("placement", Box::new(placement::Placement::new(Rc::clone(requirements)))),
            ("shutdown", Box::new(shutdown::Shutdown)),
            ("timers", Box::new(timers::Timers)),
        ])
    }

    pub fn see(&mut self, at: SystemId, observation: &Observation) -> Verdict {
        self.each(|invariant| invariant.see(at, observation))
    }

    pub fn look(&mut self, at: SystemId, admin: &Admin) -> Verdict {
        self.each(|invariant| invariant.look(at, admin))
    }

    pub fn end(&mut self, end: &End<'_>) -> Verdict {
        self.each(|invariant| invariant.end(end))
    }

    fn each(&mut self, mut ask: impl FnMut(&mut dyn Invariant) -> Verdict) -> Verdict {
        let mut all = self.0.iter_mut();
        all.try_for_each(|(name, invariant)| ask(&mut **invariant).map_err(|problem| format!("{name}: {problem}")))
    }
}

/// What an invariant says when something does not hold.
fn hold(holds: bool, problem: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(problem()) }
}

/// Whether an actor has said so itself. Others take it for ended when its system is out of reach.
fn is_certain(reason: &ExitReason) -> bool {
    match reason {
        ExitReason::Unknown => false,
        ExitReason::Failed(failure) => failure.kind != FailureKind::Ended,
        _ => true,
    }
}
