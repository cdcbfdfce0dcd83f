//! The convention: systems on several hosts that know each other.
//!
//! [`Convention`] is one system's share in it. It is told what has happened ([`Event`]) and says what is to be done ([`Effect`]), in
//! order. It has no sockets: who drives it makes links, moves the [`Message`]s, and hands in the time.
//!
//! # Who knows whom
//!
//! Every system has the same list of *candidates*, the places of those that may lead. It registers with all of them but itself, and is
//! a member for each of them from then on, as each of them is for it. So members know all candidates, and no other member.
//! The *leader* is the first in the list that is this system itself or a member. A system without candidates leads a convention of its
//! own. One that was *invited* by another follows that one, if it has no candidates; the latest invitation counts.
//!
//! # Incarnations
//!
//! A [`SystemId`] is one start of a system; its *identity* outlives that. A new start takes the place of the old one, which is lost. A
//! system that is alive keeps its identity: another one that claims the same is kept out until nothing is heard of the first.
//!
//! # Alive or not
//!
//! All members say so every second. A member is given up when its link is broken and does not come back, or when nothing is heard of it. Both sides
//! do this for themselves. When one has given the other up, the other learns it with the next message, and starts anew as well: it tells the same losses.
//!
//! # Names
//!
//! A name of the convention has one holder among all systems that follow a leader. Who wants an actor of such a name asks the leader, which
//! says who has it, or gives *leave* to make it to one of those that ask. All systems tell all that may lead which names they
//! hold, so another leader knows them too. It gives leave to nobody before its members have told it, in its term, which they hold.

mod children;
mod departures;
mod events;
mod heartbeats;
mod hysteresis;
mod identities;
mod invites;
mod leaders;
mod members;
pub mod messages;
mod names;
mod note;
mod place;
mod registry;
mod targets;
mod term;
mod timing;
mod views;

use std::collections::{BTreeMap, BTreeSet};

pub use events::{Config, Effect, Event, Peer, SystemId};

pub use messages::{Departure, Message};
pub use names::{Leave, NameAnswer, NoName};
pub use note::{Note, Why};
pub use place::{InvalidPlace, Place};
pub use term::Term;
pub use timing::{Pace, Timing};
pub use views::{Candidate, Invited, Member};

use crate::address::{Address, NodeId};
use crate::admin::messages::Entry;
use crate::time::Time;
use crate::timers::{TimerKey, TimerQueue};
use children::Children;
use leaders::Leadership;
use members::Known;
use names::Names;
use registry::Registry;
use targets::Target;

/// See the [module](self).
#[derive(Debug)]
pub struct Convention {
    me: SystemId,
    identity: String,
    /// Where others can dial this system, as they are told.
    place: Option<Place>,
    /// Places that lead to this system itself.
    own_places: BTreeSet<Place>,
    candidates: Vec<Place>,
    capabilities: Vec<Entry>,
    /// How often these have changed.
    version: u64,
    load: u32,
    timing: Timing,
    seed: u64,
    now: Time,
    /// Systems with a link or a tie. What is known of each is boxed: then the map itself is small, and stays in the cache of a leader of very many.
    known: BTreeMap<SystemId, Box<Known>>,
    /// Which member has an identity.
    by_identity: BTreeMap<String, SystemId>,
    /// Which member says that it is at a place.
    by_place: BTreeMap<Place, SystemId>,
    /// Places where somebody is wanted.
    targets: BTreeMap<Place, Target>,
    /// Members that have invited this system, the latest last.
    inviters: Vec<SystemId>,
    /// A system without candidates that was invited once waits for the next invitation.
    was_invited: bool,
    children: Children,
    leadership: Leadership,
    names: Names,
    registry: Registry,
    /// The number of the next tie.
    next_tie: u64,
    timers: TimerQueue<Timer>,
    counters: BTreeMap<&'static str, u64>,
    /// This system has left.
    closed: bool,
}

/// What is to be looked after at some time.
#[derive(Clone, Debug)]
enum Timer {
    Known(SystemId),
    Target(Place),
    Outlying(SystemId),
    Leadership,
    Names,
}

/// When something is looked after next.
type Alarm = Option<(TimerKey, Time)>;

impl Convention {
    /// The share of a system that has just started.
    pub fn new(config: Config, now: Time, effects: &mut Vec<Effect>) -> Self {
        let mut convention = Self {
            me: config.me,
            identity: config.identity,
            place: config.place.clone().filter(|_| !config.outbound_only),
            own_places: config.place.into_iter().collect(),
            candidates: Vec::new(),
            capabilities: config.capabilities,
            version: 1,
            load: 0,
            timing: config.timing,
            seed: config.seed,
            now,
            known: BTreeMap::new(),
            by_identity: BTreeMap::new(),
            by_place: BTreeMap::new(),
            targets: BTreeMap::new(),
            inviters: Vec::new(),
            was_invited: false,
            children: Children::default(),
            leadership: Leadership::default(),
            names: Names::default(),
            registry: Registry::default(),
            next_tie: 1,
            timers: TimerQueue::new(),
            counters: BTreeMap::new(),
            closed: false,
        };
        convention.set_candidates(now, config.candidates, effects);
        convention
    }

    /// When [`Event::Due`] is to be told, if nothing happens before.
    pub fn next_deadline(&self) -> Option<Time> {
        self.timers.next_deadline()
    }

    /// Takes note of what has happened, and adds what is to be done to `effects`.
    pub fn on(&mut self, now: Time, event: Event, effects: &mut Vec<Effect>) {
        if self.closed {
            return;
        }
        self.allow_for_sleep(now);
        self.now = now;
        // What came is taken note of before what is due: who was heard just now is not given up.
        match event {
            Event::Linked { system, identity, dialled } => self.linked(now, system, identity, dialled, effects),
            Event::NotLinked { place, why } => self.not_linked(now, &place, &why, effects),
            Event::Unlinked { system, why } => self.unlinked(now, system, why, effects),
            Event::Gone { system, why } => self.gone(now, system, why, effects),
            Event::Heard { system } => self.heard(now, system),
            Event::Said { system, message } => self.said(now, system, message, effects),
            Event::Due => {}
            Event::Capabilities(capabilities) => self.set_capabilities(now, capabilities, effects),
            Event::Candidates(places) => self.set_candidates(now, places, effects),
            Event::Load(actors) => self.load = actors,
            Event::Invite { place, capabilities } => self.invite(now, place, capabilities, effects),
            Event::Dismiss(peer) => self.dismiss(now, &peer, effects),
            Event::Placing { system } => {
                if let Some(tie) = self.known.get_mut(&system).and_then(|known| known.member_mut()) {
                    tie.placing = tie.placing.saturating_add(1);
                }
            }
            Event::Placed { parent, child } => self.placed(now, parent, child, effects),
            Event::Fostered { parent, child } => self.fostered(now, parent, child, effects),
            Event::FosterGone { parent, child } => self.foster_gone(parent, child, effects),
            Event::ChildGone { child } => self.child_gone(child, effects),
            Event::Seek { name, leave } => self.seek(now, name, leave, effects),
            Event::Holds { name, actor } => self.holds(now, name, actor, effects),
            Event::Frees { name } => self.frees(now, &name, effects),
            Event::ShutDown => return self.shut_down(effects),
        }
        while let Some((_, _, timer)) = self.timers.pop_due(now) {
            match timer {
                Timer::Known(system) => {
                    if let Some(known) = self.known.get_mut(&system) {
                        known.alarm = None;
                        self.look_after(now, system, effects);
                    }
                }
                Timer::Target(place) => {
                    if let Some(target) = self.targets.get_mut(&place) {
                        target.alarm = None;
                        self.pursue(now, &place, effects);
                    }
                }
                Timer::Outlying(system) => self.outlying_due(now, system, effects),
                Timer::Leadership => self.review_leadership(now, effects),
                Timer::Names => self.names_due(now, effects),
            }
        }
    }

    fn said(&mut self, now: Time, system: SystemId, message: Message, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.get_mut(&system) else {
            return self.count("Convention Message Received.Stranger");
        };
        known.heard = now;
        match message {
            Message::Join(join) => self.got_join(now, system, *join, effects),
            Message::Heartbeat(beat) => self.got_heartbeat(now, system, beat, effects),
            Message::Leave { mine, yours, why } => self.got_leave(now, system, (mine, yours), why, effects),
            Message::Invite => self.got_invite(now, system, effects),
            Message::Watch { systems } => self.got_watch(now, system, systems, effects),
            Message::Unwatch { systems } => self.got_unwatch(system, &systems, effects),
            Message::Gone { systems } => self.got_gone(system, &systems, effects),
            Message::Names(names) => self.got_names(now, system, *names, effects),
            Message::Claim { number, name, leave } => self.got_claim(now, system, (number, leave), name, effects),
            Message::Claimed { number, name, answer } => self.got_claimed(now, system, number, (name, answer), effects),
            Message::Yield { name, leave } => self.got_yield(now, system, (name, leave), effects),
        }
    }

    /// Orderly, so that nobody has to find out.
    fn shut_down(&mut self, effects: &mut Vec<Effect>) {
        self.closed = true;
        for (&system, known) in self.known.iter().filter(|(_, known)| known.linked) {
            if let Some(tie) = &known.tie {
                let message = Message::Leave { mine: Some(tie.mine), yours: tie.theirs, why: Departure::ShutsDown };
                effects.push(Effect::Send { system, message });
            }
        }
        self.timers = TimerQueue::new();
    }

    fn count(&mut self, what: &'static str) {
        let counter = self.counters.entry(what).or_default();
        *counter = counter.saturating_add(1);
    }

    /// Has `timer` come at `deadline`, if it would not come before. A timer that comes too early does no harm.
    fn set_alarm(timers: &mut TimerQueue<Timer>, alarm: &mut Alarm, deadline: Time, timer: Timer) {
        if let Some((key, set)) = *alarm {
            if set <= deadline {
                return;
            }
            timers.cancel(key);
        }
        *alarm = Some((timers.schedule(deadline, timer), deadline));
    }
}

/// The Admin of a system.
pub const fn admin_of(system: SystemId) -> Address {
    Address::new(NodeId::of_process(system, NodeId::ADMIN), 0, 0, 0)
}

#[cfg(test)]
mod tests;
