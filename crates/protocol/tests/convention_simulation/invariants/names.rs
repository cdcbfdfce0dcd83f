//! A name of the convention has one holder on a side with a leader, and whoever wants it hears of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::convention::messages::Claimed;
use roscius_protocol::convention::{Convention, Effect, Leave, Message, NameAnswer, SystemId, Term};
use roscius_protocol::time::Time;

use super::{End, Invariant, Observation, Subject};

/// By then any member has noticed that another leader is gone: so long after it has begun a leader trusts in what it knows.
const NOTICED: Duration = Duration::from_millis(12_400);
/// Who has followed a leader for so long has told it all.
const TOLD: Duration = Duration::from_secs(8);
/// Two holders on one side: by then one has yielded, though it stood still or the word got lost.
const YIELDED: Duration = Duration::from_secs(20);
/// By then whoever wants a name has an answer, though its system stood still.
const ANSWERED: Duration = Duration::from_secs(70);

#[derive(Debug, Default)]
pub struct Names {
    systems: BTreeMap<SystemId, Side>,
    /// Leaves that were given.
    given: BTreeSet<Leave>,
    actors: BTreeSet<Address>,
    /// Since when a name has two holders on the side of a leader.
    doubled: BTreeMap<(SystemId, String), Time>,
    seen: u32,
}

/// Which side a system is on, and what it holds.
#[derive(Debug, Default)]
struct Side {
    /// Whom it follows, which may be itself, in which term and since when: on its own clock, and on that of the world.
    follows: Option<(SystemId, Term, Time, Time)>,
    leads: bool,
    members: BTreeSet<SystemId>,
    /// Since when.
    holds: BTreeMap<String, (Leave, Time)>,
    wants: BTreeMap<String, Time>,
}

impl Side {
    fn is_led_by(&self, leader: SystemId, term: Term) -> bool {
        self.follows.is_some_and(|(followed, in_term, ..)| (followed, in_term) == (leader, term))
    }
}

impl Names {
    /// A leader gives a name away.
    fn gives(&mut self, subject: Subject, name: &str, leave: Leave) {
        if !self.given.insert(leave) {
            return;
        }
        let leader = &self.systems[&subject.system];
        assert_eq!(leave.term.leader(), subject.system, "a leave in the term of another");
        let led = leader.follows.filter(|(_, term, ..)| *term == leave.term);
        let (begun, began) = led.map_or((subject.local, subject.world), |(.., local, world)| (local, world));
        let others = self.systems.iter().filter(|(other, _)| leader.members.contains(other));
        for (other, side) in others.filter(|(other, _)| **other != leave.system) {
            let Some(&(held, since)) = side.holds.get(name).filter(|(held, _)| *held != leave) else { continue };
            let knew_of = subject.local.since(begun) < NOTICED && since < began;
            let told = side.is_led_by(subject.system, leave.term)
                && side.follows.is_some_and(|(.., world)| subject.world.since(world) >= TOLD)
                && subject.world.since(since) >= TOLD;
            assert!(!knew_of && !told, "{leave} is given for {name}, which its member {other} holds by {held}");
        }
    }

    fn look(&mut self, subject: Subject, convention: &Convention) {
        let side = self.systems.entry(subject.system).or_default();
        side.leads = convention.is_leader();
        let leader = if side.leads { Some(subject.system) } else { convention.leader() };
        let term = convention.term();
        if side.follows.map(|(leader, term, ..)| (leader, term)) != leader.map(|leader| (leader, term)) {
            side.follows = leader.map(|leader| (leader, term, subject.local, subject.world));
        }
        // It is much to ask each time.
        self.seen = self.seen.wrapping_add(1);
        if self.seen.is_multiple_of(16) && convention.is_leader() {
            self.count_holders(subject, term);
        }
    }

    /// Two that were apart may both hold a name when they meet, but not for long.
    fn count_holders(&mut self, subject: Subject, term: Term) {
        let leader = subject.system;
        let members = &self.systems[&leader].members;
        let mut holders: BTreeMap<String, BTreeSet<Leave>> = BTreeMap::new();
        let of_side = self
            .systems
            .iter()
            .filter(|(system, side)| side.is_led_by(leader, term) && (**system == leader || members.contains(system)));
        for (name, (leave, _)) in of_side.flat_map(|(_, side)| &side.holds) {
            holders.entry(name.clone()).or_default().insert(*leave);
        }
        holders.retain(|_, leaves| leaves.len() > 1);
        self.doubled.retain(|(at, name), _| *at != leader || holders.contains_key(name));
        for (name, leaves) in holders {
            let since = *self.doubled.entry((leader, name.clone())).or_insert(subject.world);
            let long = subject.world.since(since);
            assert!(long < YIELDED, "{name} has had several holders on the side of {leader} for {long:?}: {leaves:?}");
        }
    }

    fn sought(&mut self, subject: Subject, name: &str, answer: NameAnswer) {
        let side = self.systems.entry(subject.system).or_default();
        let since = side.wants.remove(name);
        let waited = since.map_or(Duration::ZERO, |since| subject.local.since(since));
        assert!(waited <= ANSWERED, "{} has waited {waited:?} for {name}", subject.system);
        match answer {
            NameAnswer::Granted(leave) => {
                side.holds.insert(name.to_owned(), (leave, subject.world));
                if leave.term.leader() == subject.system {
                    self.gives(subject, name, leave);
                }
            }
            NameAnswer::Held(actor) => assert!(self.actors.contains(&actor), "{actor} was never there"),
            NameAnswer::Refused(_) => {}
        }
    }
}

impl Invariant for Names {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        let at = subject.system;
        match observation {
            Observation::Ended => {
                self.systems.remove(&at);
                self.doubled.retain(|(leader, _), _| *leader != at);
            }
            Observation::Decided { convention } => self.look(subject, convention),
            Observation::Seeks { name } => {
                let side = self.systems.entry(at).or_default();
                if !side.holds.contains_key(*name) {
                    side.wants.entry((*name).to_owned()).or_insert(subject.local);
                }
            }
            Observation::Named { actor } => {
                self.actors.insert(*actor);
            }
            Observation::Frees { name } => {
                self.systems.entry(at).or_default().holds.remove(*name);
            }
            Observation::Told { effect } => match effect {
                Effect::Joined { system, .. } => {
                    self.systems.entry(at).or_default().members.insert(*system);
                }
                Effect::Left { system, .. } => {
                    self.systems.entry(at).or_default().members.remove(system);
                }
                Effect::Sought { name, answer } => self.sought(subject, name, *answer),
                Effect::Yielded { name, .. } => {
                    self.systems.entry(at).or_default().holds.remove(name);
                }
                Effect::Send { message: Message::Claimed { name, answer: Claimed::Leave(leave), .. }, .. } => {
                    self.gives(subject, name, *leave);
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn end(&mut self, end: &End<'_>) {
        for system in end.systems.values() {
            let side = &self.systems[&system.id];
            assert_eq!(side.wants, BTreeMap::new(), "{} still waits for a name", system.id);
            let here: BTreeMap<&str, Leave> =
                system.convention.names_here().map(|(name, leave, _)| (name, leave)).collect();
            let seen: BTreeMap<&str, Leave> =
                side.holds.iter().map(|(name, (leave, _))| (name.as_str(), *leave)).collect();
            assert_eq!(here, seen, "the names that {} holds", system.id);
            if !system.convention.is_leader() {
                continue;
            }
            let led = |other: SystemId| {
                let side = &self.systems[&other];
                side.follows.is_some_and(|(leader, ..)| leader == system.id)
            };
            let mut held = BTreeMap::new();
            for other in end.systems.values().filter(|other| led(other.id)) {
                for (name, leave, _) in other.convention.names_here() {
                    let before = held.insert(name, (other.id, leave));
                    assert_eq!(before, None, "{name} is held by {} too", other.id);
                }
            }
            let known = system.convention.names().filter(|(_, other, ..)| led(*other));
            let known: BTreeMap<_, _> = known.map(|(name, other, leave, _)| (name, (other, leave))).collect();
            assert_eq!(known, held, "the names that the leader {} knows", system.id);
        }
    }
}
