//! The names of the convention that this system holds, and those that it wants.
//!
//! What it holds it tells all that may lead: each change as it comes, and everything where a heartbeat shows that one got lost.
//! What it wants it claims from its leader, again until that answers, and anew when another leads.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::messages::{Claimed, Held, MOST_NAMES, Names as Report};
use super::{Convention, Effect, Message, Note, SystemId, Term, Timer};
use crate::address::Address;
use crate::admin::CREATE_WITHIN;
use crate::names::check_name;
use crate::time::Time;

/// How often it is looked whether a claim, or the answer to one, is due.
const LOOKS_EVERY: Duration = Duration::from_millis(250);

/// Leave to make the actor of a name. What is made on one leave is one actor, wherever that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Leave {
    /// When it was given, and so by whom.
    pub term: Term,
    /// Whom it was given to.
    pub system: SystemId,
    /// That system's number of its claim.
    pub number: u64,
}

/// What became of a name that was sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameAnswer {
    /// This actor has it.
    Held(Address),
    /// Nobody has. It is held here from now on: the actor is to be made.
    Granted(Leave),
    /// It can not be had.
    Refused(NoName),
}

/// Why a name can not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoName {
    /// There was nobody to ask.
    #[error("no leader of the convention could be reached for {0:?}, and without one no name is given away")]
    NoLeader(Duration),
    /// The leader has not answered: it does not know yet who holds what, or another system is about to make the actor.
    #[error("the leader of the convention has not given the name away within {0:?}")]
    NoAnswer(Duration),
    /// This system holds too many.
    #[error("this system holds {MOST_NAMES} names of the convention, which is the most that it may")]
    TooMany,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Names {
    own: BTreeMap<String, Own>,
    /// How often what is held has changed.
    version: u64,
    /// The number of the latest claim.
    claims: u64,
    /// When each of those that may lead was told something last, and everything.
    told: BTreeMap<SystemId, (Time, Time)>,
    ticking: bool,
}

#[derive(Debug)]
enum Own {
    Wanted(Wanted),
    Held { leave: Leave, actor: Option<Address> },
}

#[derive(Debug)]
struct Wanted {
    number: u64,
    leave: Option<Leave>,
    /// Which leader was asked, and when last.
    asked: Option<(SystemId, Time)>,
    since: Time,
    leaderless: Option<Time>,
}

impl Names {
    /// How often what is held has changed.
    pub const fn version(&self) -> u64 {
        self.version
    }

    pub fn held(&self) -> impl Iterator<Item = (&String, Leave, Option<Address>)> {
        self.own.iter().filter_map(|(name, own)| match own {
            Own::Held { leave, actor } => Some((name, *leave, *actor)),
            Own::Wanted(_) => None,
        })
    }

    pub fn get(&self, name: &str) -> Option<(Leave, Option<Address>)> {
        match self.own.get(name) {
            Some(Own::Held { leave, actor }) => Some((*leave, *actor)),
            _ => None,
        }
    }

    fn wanted(&self) -> impl Iterator<Item = (&String, &Wanted)> {
        self.own.iter().filter_map(|(name, own)| match own {
            Own::Wanted(wanted) => Some((name, wanted)),
            Own::Held { .. } => None,
        })
    }

    fn wanted_mut(&mut self, name: &str) -> Option<&mut Wanted> {
        match self.own.get_mut(name) {
            Some(Own::Wanted(wanted)) => Some(wanted),
            _ => None,
        }
    }

    const fn number_claim(&mut self) -> u64 {
        self.claims += 1;
        self.claims
    }

    /// A system that was told is no member any more.
    pub fn left(&mut self, system: SystemId) {
        self.told.remove(&system);
    }
}

impl Convention {
    /// Who is asked for names. None: nobody leads on this side.
    fn gives_names(&self) -> Option<SystemId> {
        if self.gives_names_itself() { Some(self.me) } else { self.leader() }
    }

    pub(super) fn gives_names_itself(&self) -> bool {
        self.is_leader() && !self.waits_for_invitation()
    }

    pub(super) fn seek(&mut self, now: Time, name: String, leave: Option<Leave>, effects: &mut Vec<Effect>) {
        match self.names.own.get(&name) {
            Some(Own::Wanted(_)) if leave.is_none() => return,
            Some(Own::Wanted(_)) => {}
            Some(Own::Held { leave, .. }) => {
                let answer = NameAnswer::Granted(*leave);
                return effects.push(Effect::Sought { name, answer });
            }
            None if self.names.own.len() >= MOST_NAMES => {
                let answer = NameAnswer::Refused(NoName::TooMany);
                return effects.push(Effect::Sought { name, answer });
            }
            None => {}
        }
        match self.names.wanted_mut(&name) {
            // Who has handed the leave on waits for this system, which must not wait for it.
            Some(wanted) => (wanted.leave, wanted.asked) = (leave, None),
            None => {
                let number = self.names.number_claim();
                let wanted = Wanted { number, leave, asked: None, since: now, leaderless: None };
                self.names.own.insert(name, Own::Wanted(wanted));
            }
        }
        self.pursue_claims(now, effects);
    }

    pub(super) fn holds(&mut self, now: Time, name: String, actor: Address, effects: &mut Vec<Effect>) {
        match self.names.own.get_mut(&name) {
            Some(Own::Held { leave, actor: known }) => {
                *known = Some(actor);
                let held = Held { name: name.clone(), leave: *leave, actor: Some(actor) };
                self.names_changed(now, Some(held), None, effects);
                self.review_name(now, &name, effects);
            }
            // Another system has the name by now.
            _ => effects.push(Effect::Yielded { name, actor: Some(actor) }),
        }
    }

    pub(super) fn frees(&mut self, now: Time, name: &str, effects: &mut Vec<Effect>) {
        if self.names.own.remove(name).is_some() {
            self.names_changed(now, None, Some(name), effects);
            self.wants_no_more(self.me, name);
            self.review_name(now, name, effects);
        }
    }

    /// The leader, perhaps this system itself, gives leave.
    pub(super) fn granted(&mut self, now: Time, name: String, leave: Leave, effects: &mut Vec<Effect>) {
        self.names.own.insert(name.clone(), Own::Held { leave, actor: None });
        self.names_changed(now, Some(Held { name: name.clone(), leave, actor: None }), None, effects);
        effects.push(Effect::Sought { name, answer: NameAnswer::Granted(leave) });
    }

    /// Another actor has a name that is wanted here.
    pub(super) fn is_held_by(&mut self, name: String, actor: Address, effects: &mut Vec<Effect>) {
        self.names.own.remove(&name);
        effects.push(Effect::Sought { name, answer: NameAnswer::Held(actor) });
    }

    pub(super) fn got_claimed(
        &mut self,
        now: Time,
        by: SystemId,
        number: u64,
        (name, answer): (String, Claimed),
        effects: &mut Vec<Effect>,
    ) {
        // What another leader has said, or to an earlier claim, that leader was told to forget.
        let meant = self.names.wanted_mut(&name).is_some_and(|wanted| wanted.number == number);
        if !meant || self.leader() != Some(by) {
            // A claim was repeated while its answer was on the way, and the name became free in between.
            if matches!(answer, Claimed::Leave(_)) && self.names.get(&name).is_none() {
                self.names_changed(now, None, Some(&name), effects);
            }
            return self.count("Convention Message Received.Old");
        }
        match answer {
            Claimed::By(actor) => self.is_held_by(name, actor, effects),
            Claimed::Leave(leave) if leave.term.number() <= Term::MAX_NUMBER => {
                self.granted(now, name, leave, effects);
            }
            Claimed::Leave(_) => self.refuse(by, "it names an impossible term", effects),
        }
    }

    /// The leader says that another system has a name.
    pub(super) fn got_yield(
        &mut self,
        now: Time,
        by: SystemId,
        (name, leave): (String, Leave),
        effects: &mut Vec<Effect>,
    ) {
        if self.leader() == Some(by) {
            self.yields(now, &name, leave, effects);
        } else {
            self.count("Convention Message Received.Old");
        }
    }

    pub(super) fn yields(&mut self, now: Time, name: &str, leave: Leave, effects: &mut Vec<Effect>) {
        let Some((held, actor)) = self.names.get(name) else { return };
        if held != leave {
            return;
        }
        self.names.own.remove(name);
        effects.push(Effect::Log(Note::Yields { name: name.to_owned() }));
        effects.push(Effect::Yielded { name: name.to_owned(), actor });
        self.names_changed(now, None, Some(name), effects);
    }

    /// Asks for what is wanted where it has not been asked for, or not answered, and gives up what nobody answers.
    pub(super) fn pursue_claims(&mut self, now: Time, effects: &mut Vec<Effect>) {
        if self.closed {
            return;
        }
        let (leader, again) = (self.gives_names(), self.timing.heartbeat * 2);
        let noticed = self.timing.noticed_after();
        let names: Vec<String> = self.names.wanted().map(|(name, _)| name.clone()).collect();
        for name in names {
            let next = self.names.claims + 1;
            // What was answered meanwhile is wanted no more.
            let Some(wanted) = self.names.wanted_mut(&name) else { continue };
            let refusal = if now.since(wanted.since) >= CREATE_WITHIN {
                Some(NoName::NoAnswer(CREATE_WITHIN))
            } else if leader.is_none() {
                let since = *wanted.leaderless.get_or_insert(now);
                (now.since(since) >= noticed).then_some(NoName::NoLeader(noticed))
            } else {
                wanted.leaderless = None;
                None
            };
            if let Some(refusal) = refusal {
                self.frees(now, &name, effects);
                effects.push(Effect::Sought { name, answer: NameAnswer::Refused(refusal) });
                continue;
            }
            let Some(leader) = leader else { continue };
            let (before, late) = match wanted.asked {
                Some((asked, at)) if asked == leader && now.since(at) < again => continue,
                Some((asked, _)) => (Some(asked), asked != leader),
                None => (None, false),
            };
            if late {
                // Whatever the other says is not listened to.
                wanted.number = next;
            }
            wanted.asked = Some((leader, now));
            let (number, leave) = (wanted.number, wanted.leave);
            if late {
                self.names.claims = next;
                self.names_changed(now, None, Some(&name), effects);
                self.wants_no_more(self.me, &name);
            }
            if leader != self.me {
                effects.push(Effect::Send { system: leader, message: Message::Claim { number, name, leave } });
            } else if before != Some(leader) {
                self.claims(now, self.me, (number, leave), &name, effects);
            }
        }
        self.look_after_names(now);
    }

    /// Has it looked after names as long as somebody waits for one.
    pub(super) fn look_after_names(&mut self, now: Time) {
        let waits = self.names.wanted().next().is_some() || self.registry.has_waiting();
        if waits && !std::mem::replace(&mut self.names.ticking, true) {
            self.timers.schedule(now.plus(LOOKS_EVERY), Timer::Names);
        }
    }

    pub(super) fn names_due(&mut self, now: Time, effects: &mut Vec<Effect>) {
        self.names.ticking = false;
        self.give_names(now, effects);
        self.pursue_claims(now, effects);
    }

    /// Tells all that may lead what has changed.
    fn names_changed(&mut self, now: Time, held: Option<Held>, freed: Option<&str>, effects: &mut Vec<Effect>) {
        let since = self.names.version;
        self.names.version += 1;
        for system in self.may_lead() {
            let told = self.names.told.entry(system).or_insert((now, now));
            told.0 = now;
            let report = Report {
                since: Some(since),
                version: self.names.version,
                held: held.clone().into_iter().collect(),
                freed: freed.map(str::to_owned).into_iter().collect(),
                asking: Vec::new(),
            };
            effects.push(Effect::Send { system, message: Message::Names(Box::new(report)) });
        }
    }

    fn may_lead(&self) -> Vec<SystemId> {
        let linked = self.known.iter().filter(|(_, known)| known.linked && known.member().is_some());
        linked.map(|(system, _)| *system).filter(|system| self.wants(*system)).collect()
    }

    /// Tells a system that may lead everything.
    pub(super) fn tell_names(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        if self.names.version == 0 || !self.wants(system) {
            return;
        }
        self.names.told.insert(system, (now, now));
        let held = |(name, leave, actor): (&String, _, _)| Held { name: name.clone(), leave, actor };
        let report = Report {
            since: None,
            version: self.names.version,
            held: self.names.held().map(held).collect(),
            freed: Vec::new(),
            asking: self.names.wanted().map(|(name, wanted)| (name.clone(), wanted.number)).collect(),
        };
        effects.push(Effect::Send { system, message: Message::Names(Box::new(report)) });
    }

    /// A system says which version it knows.
    pub(super) fn names_are_known(&mut self, now: Time, system: SystemId, version: u64, effects: &mut Vec<Effect>) {
        if version == self.names.version {
            return;
        }
        let heartbeat = self.timing.heartbeat;
        let lost = self.names.told.get(&system).is_none_or(|(some, all)| {
            // The news of a change may have crossed this heartbeat. Who has missed one says that it knows nothing.
            now.since(*some) >= heartbeat || version == 0 && now.since(*all) >= heartbeat
        });
        if lost {
            self.tell_names(now, system, effects);
        }
    }

    /// The names of the convention that are held here, with the actors that are there already.
    pub fn names_here(&self) -> impl Iterator<Item = (&str, Leave, Option<Address>)> {
        self.names.held().map(|(name, leave, actor)| (name.as_str(), leave, actor))
    }
}

/// Whether a name that came with a message can be one.
pub(super) fn is_name(name: &str) -> bool {
    check_name(name).is_ok()
}

/// Such as `3 of 1f2e in 7 (1f2e3d4c)`.
impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:x} in {}", self.number, self.system, self.term)
    }
}
