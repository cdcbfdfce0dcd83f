//! What must hold whatever happens. Each looks at all that is observed, by itself, and panics when it does not hold.

mod accounting;
mod agreement;
mod bounds;
mod children;
mod false_alarms;
mod incarnations;
mod leaders;
mod members_only;
mod membership;
mod names;
mod noticed;
mod order;
mod placement;
mod quiet;
mod shutdown;
mod timers;

use std::collections::BTreeMap;
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::convention::{Convention, Effect, NameAnswer, SystemId};
use roscius_protocol::pair::{Loss, Status};
use roscius_protocol::time::Time;
use roscius_simulation::network::Host;

use crate::system::System;
use crate::trouble::Weather;
use crate::world::Setup;

/// Who observes something, and when.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// On the clock of the world.
    pub world: Time,
    /// On its own clock.
    pub local: Time,
    /// Which system.
    pub system: SystemId,
}

/// What is observed.
#[derive(Debug)]
pub enum Observation<'a> {
    /// It was started.
    Started,
    /// It has shut down in good order.
    ShutDown { convention: &'a Convention },
    /// It was killed, or is over.
    Ended,
    /// Its convention wants something done, or known.
    Told { effect: &'a Effect },
    /// It has dealt with something, and this is how its convention is now.
    Decided { convention: &'a Convention },
    /// An actor of it has a child elsewhere.
    Placed { parent: Address, child: Address },
    /// An actor of it wants a name of the convention.
    Seeks { name: &'a str },
    /// An actor of it with such a name is there.
    Named { actor: Address },
    /// An actor of it with such a name has ended, or is not made.
    Frees { name: &'a str },
    /// It has a new link.
    Linked { peer: SystemId },
    /// It has learned that a link is gone.
    Unlinked { peer: SystemId },
    /// Something came from another system.
    Heard { peer: SystemId },
    /// A frame was taken to be sent.
    Sent { to: SystemId, number: u64 },
    /// A frame has arrived, over the link with that system.
    Delivered { link: SystemId, from: SystemId, to: SystemId, number: u64 },
    /// A frame was reported.
    Lost { to: SystemId, number: u64, why: Loss },
    /// A pair has sent a record.
    Transmitted { length: usize },
    /// A pair has dealt with something.
    Holds { status: Status },
    /// A deadline was told to have passed.
    Woken { deadline: Time },
}

/// How it is when all trouble is over.
pub struct End<'a> {
    pub systems: &'a BTreeMap<Host, System>,
    pub setups: &'a BTreeMap<Host, Setup>,
    /// How long nothing has happened by then, and how many messages between Admins and dials there were meanwhile.
    pub quiet: Duration,
    pub messages: u64,
    pub dials: u64,
}

impl End<'_> {
    /// Whether two hosts have reason to know each other.
    pub fn are_tied(&self, one: Host, other: Host) -> bool {
        let wants = |one: Host, other: Host| {
            let setup = &self.setups[&one];
            setup.candidates.contains(&other) || setup.invites.contains(&other)
        };
        one != other && (wants(one, other) || wants(other, one))
    }

    /// The running systems that a host has reason to know.
    pub fn ties(&self, host: Host) -> Vec<SystemId> {
        let others = self.systems.values().filter(|other| self.are_tied(host, other.host));
        let mut ties: Vec<_> = others.map(|other| other.id).collect();
        ties.sort_unstable();
        ties
    }
}

trait Invariant {
    /// Something was observed.
    fn see(&mut self, subject: Subject, observation: &Observation<'_>);

    /// All trouble is over, and everything has had its time.
    fn end(&mut self, _: &End<'_>) {}
}

/// How much was seen of what they are about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub joined: u64,
    pub left: u64,
    pub leaders: u64,
    pub children_lost: u64,
    pub sent: u64,
    pub delivered: u64,
    pub lost: u64,
    pub names_given: u64,
    pub names_found: u64,
    pub names_refused: u64,
    pub names_yielded: u64,
}

impl Seen {
    pub fn add(&mut self, other: &Self) {
        self.joined += other.joined;
        self.left += other.left;
        self.leaders += other.leaders;
        self.children_lost += other.children_lost;
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.names_given += other.names_given;
        self.names_found += other.names_found;
        self.names_refused += other.names_refused;
        self.names_yielded += other.names_yielded;
    }

    const fn count(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Told { effect: Effect::Joined { .. } } => self.joined += 1,
            Observation::Told { effect: Effect::Left { .. } } => self.left += 1,
            Observation::Told { effect: Effect::Leader(_) } => self.leaders += 1,
            Observation::Told { effect: Effect::ChildLost { .. } } => self.children_lost += 1,
            Observation::Told { effect: Effect::Sought { answer, .. } } => match answer {
                NameAnswer::Granted(_) => self.names_given += 1,
                NameAnswer::Held(_) => self.names_found += 1,
                NameAnswer::Refused(_) => self.names_refused += 1,
            },
            Observation::Told { effect: Effect::Yielded { .. } } => self.names_yielded += 1,
            Observation::Sent { .. } => self.sent += 1,
            Observation::Delivered { .. } => self.delivered += 1,
            Observation::Lost { .. } => self.lost += 1,
            _ => {}
        }
    }
}

/// All of them.
pub struct Invariants {
    all: Vec<Box<dyn Invariant>>,
    seen: Seen,
}

impl Invariants {
    pub fn new(weather: Weather) -> Self {
        let mut all: Vec<Box<dyn Invariant>> = vec![
            Box::<accounting::Accounting>::default(),
            Box::new(agreement::Agreement),
            Box::new(bounds::Bounds),
            Box::<children::Children>::default(),
            Box::<incarnations::Incarnations>::default(),
            Box::<leaders::Leaders>::default(),
            Box::<members_only::MembersOnly>::default(),
            Box::<membership::Membership>::default(),
            Box::<names::Names>::default(),
            Box::<noticed::Noticed>::default(),
            Box::<order::Order>::default(),
            Box::<placement::Placement>::default(),
            Box::new(quiet::Quiet),
            Box::<shutdown::Shutdown>::default(),
            Box::<timers::Timers>::default(),
        ];
        if weather.is_fair() {
            all.push(Box::<false_alarms::FalseAlarms>::default());
        }
        Self { all, seen: Seen::default() }
    }

    pub fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        self.seen.count(observation);
        self.all.iter_mut().for_each(|invariant| invariant.see(subject, observation));
    }

    pub fn end(&mut self, end: &End<'_>) {
        self.all.iter_mut().for_each(|invariant| invariant.end(end));
    }

    pub const fn seen(&self) -> &Seen {
        &self.seen
    }
}
