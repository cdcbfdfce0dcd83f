//! The names that others hold, and who gets them.
//!
//! Every system that may lead knows what its members hold. Who leads gives the names that nobody holds to those who claim them, one of
//! them each, and has the others wait until the actor is there. Another system may have been asked before this one, and what that has
//! said be on its way. So for a while after it has begun to lead it gives no name away: until all its members have said that they
//! follow it, and which names they hold; or until they would have noticed that another leader is gone.
//!
//! Two that were apart may each have an actor of the same name. The one that this system has heard of first stays; of those that it
//! knew when it began to lead, that of the latest leave.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::messages::{Claimed, Held, MOST_NAMES, Names as Report};
use super::names::is_name;
use super::{Convention, Effect, Leave, Message, SystemId, Term};
use crate::address::Address;
use crate::time::Time;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Registry {
    members: BTreeMap<SystemId, Theirs>,
    /// Who holds a name, this system left out.
    holders: BTreeMap<String, BTreeSet<SystemId>>,
    giving: Option<Giving>,
}

/// What a member holds.
#[derive(Debug, Default)]
struct Theirs {
    /// Which version of it. Zero: none, or one is missing.
    version: u64,
    names: BTreeMap<String, Share>,
}

#[derive(Clone, Copy, Debug)]
struct Share {
    leave: Leave,
    actor: Option<Address>,
    /// The number of the claim that it was given on, until its holder says that it has it.
    given_on: Option<u64>,
}

/// While this system leads.
#[derive(Debug, Default)]
struct Giving {
    since: Time,
    term: Term,
    /// Members that may hold names that are not known, and for how long that is waited for.
    awaited: BTreeMap<SystemId, Time>,
    names: BTreeMap<String, Given>,
    /// For how many names each waits.
    waits: BTreeMap<SystemId, usize>,
    /// Who was told to yield which names.
    yielding: BTreeMap<SystemId, BTreeMap<String, Leave>>,
}

#[derive(Debug, Default)]
struct Given {
    /// The leave that counts, if there are several.
    leave: Option<Leave>,
    /// Who waits, with the number of the claim and the leave that was handed on.
    waiting: BTreeMap<SystemId, (u64, Option<Leave>)>,
}

impl Giving {
    /// Has a system wait for a name. Not for more than it may hold.
    fn wait(&mut self, system: SystemId, name: &str, claim: (u64, Option<Leave>)) -> bool {
        let waits = self.waits.entry(system).or_default();
        let given = self.names.get_mut(name);
        let is_new = given.is_none_or(|given| !given.waiting.contains_key(&system));
        if is_new && *waits >= MOST_NAMES {
            return false;
        }
        *waits += usize::from(is_new);
        self.names.entry(name.to_owned()).or_default().waiting.insert(system, claim);
        true
    }

    /// Whether it has waited.
    fn waits_no_more(&mut self, system: SystemId, name: &str) -> bool {
        let waited = self.names.get_mut(name).is_some_and(|given| given.waiting.remove(&system).is_some());
        if waited && let Some(waits) = self.waits.get_mut(&system) {
            *waits -= 1;
        }
        waited
    }
}

impl Registry {
    /// Which version of the names of a member is known.
    pub fn version_of(&self, system: SystemId) -> u64 {
        self.members.get(&system).map_or(0, |theirs| theirs.version)
    }

    pub fn has_waiting(&self) -> bool {
        self.giving.as_ref().is_some_and(|giving| giving.names.values().any(|given| !given.waiting.is_empty()))
    }

    /// What could not be heard meanwhile is waited for as long again.
    pub fn allow_for_sleep(&mut self, now: Time, slept: Duration) {
        if let Some(giving) = &mut self.giving {
            giving.since = giving.since.plus(slept).min(now);
            giving.awaited.values_mut().for_each(|until| *until = until.plus(slept));
        }
    }

    fn take(&mut self, system: SystemId, name: &str) {
        if let Some(theirs) = self.members.get_mut(&system) {
            theirs.names.remove(name);
        }
        if let Some(holders) = self.holders.get_mut(name) {
            holders.remove(&system);
            if holders.is_empty() {
                self.holders.remove(name);
            }
        }
    }

    fn put(&mut self, system: SystemId, name: &str, share: Share) {
        self.members.entry(system).or_default().names.insert(name.to_owned(), share);
        self.holders.entry(name.to_owned()).or_default().insert(system);
    }
}

impl Convention {
    /// Who leads may have changed, or the term.
    pub(super) fn review_registry(&mut self, now: Time, effects: &mut Vec<Effect>) {
        if self.closed || !self.gives_names_itself() {
            self.registry.giving = None;
            return;
        }
        let term = self.term();
        let before = self.registry.giving.take();
        if before.as_ref().is_some_and(|giving| giving.term == term) {
            self.registry.giving = before;
            return;
        }
        // Those that nobody else could lead have nothing to wait for.
        let until = now.plus(self.timing.noticed_after());
        let awaited = match self.candidates.is_empty() {
            true => BTreeMap::new(),
            false => self.members().map(|member| (member.system, until)).collect(),
        };
        let begins = before.is_none();
        let mut giving = before.unwrap_or_default();
        (giving.since, giving.term, giving.awaited) = (now, term, awaited);
        self.registry.giving = Some(giving);
        if begins {
            let here = self.names.held().map(|(name, ..)| name);
            let names: BTreeSet<String> = self.registry.holders.keys().chain(here).cloned().collect();
            for name in names {
                self.review_name(now, &name, effects);
            }
        }
    }

    /// A new member may hold names.
    pub(super) fn expect_names(&mut self, now: Time, system: SystemId) {
        let until = now.plus(self.timing.noticed_after());
        let Some(tie) = self.known.get(&system).and_then(|known| known.member()) else { return };
        let told = tie.state.names == self.registry.version_of(system);
        let begun = now;
        if let Some(giving) = &mut self.registry.giving
            && (!told || begun.since(giving.since) < self.timing.noticed_after() && !self.candidates.is_empty())
        {
            giving.awaited.insert(system, until);
        }
    }

    /// A member has said how it is. It is waited for no more if it follows this system and all its names are known.
    pub(super) fn follows(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        let Some(tie) = self.known.get(&system).and_then(|known| known.member()) else { return };
        let (state, version) = (tie.state, self.registry.version_of(system));
        let Some(giving) = &mut self.registry.giving else { return };
        if state.term != giving.term {
            return;
        }
        if state.names == version && giving.awaited.remove(&system).is_some() && giving.awaited.is_empty() {
            self.give_names(now, effects);
        }
        // What it was told to yield, it may not have heard.
        let Some(giving) = &self.registry.giving else { return };
        for (name, leave) in giving.yielding.get(&system).into_iter().flatten() {
            let message = Message::Yield { name: name.clone(), leave: *leave };
            effects.push(Effect::Send { system, message });
        }
    }

    /// Whether all names that members hold are known, as far as that can be waited for.
    fn knows_names(&self, now: Time) -> bool {
        let first = if self.candidates.is_empty() { Duration::ZERO } else { self.timing.named_after };
        let Some(giving) = &self.registry.giving else { return false };
        now.since(giving.since) >= first && giving.awaited.values().all(|until| *until <= now)
    }

    /// Answers those who wait, as far as that can be done.
    pub(super) fn give_names(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let Some(giving) = &self.registry.giving else { return };
        let waiting = giving.names.iter().filter(|(_, given)| !given.waiting.is_empty());
        let names: Vec<String> = waiting.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.review_name(now, &name, effects);
        }
    }

    pub(super) fn got_claim(
        &mut self,
        now: Time,
        by: SystemId,
        (number, leave): (u64, Option<Leave>),
        name: String,
        effects: &mut Vec<Effect>,
    ) {
        if !self.is_member(by) {
            return self.count("Convention Message Received.Stranger");
        }
        if !is_name(&name) || leave.is_some_and(|leave| leave.term.number() > Term::MAX_NUMBER) {
            return self.refuse(by, "it claims what can not be a name", effects);
        }
        if self.registry.giving.is_none() {
            return;
        }
        let theirs = self.registry.members.entry(by).or_default();
        match theirs.names.get(&name) {
            Some(share) if share.given_on == Some(number) => {
                // The answer was lost.
                let answer = Claimed::Leave(share.leave);
                return effects.push(Effect::Send { system: by, message: Message::Claimed { number, name, answer } });
            }
            // Who asks has none, whatever is known of it.
            Some(_) => self.registry.take(by, &name),
            None if theirs.names.len() >= MOST_NAMES => return self.refuse(by, "it holds too many names", effects),
            None => {}
        }
        self.claims(now, by, (number, leave), &name, effects);
        self.look_after_names(now);
    }

    /// A system that follows this one, or this one itself, claims a name.
    pub(super) fn claims(
        &mut self,
        now: Time,
        by: SystemId,
        claim: (u64, Option<Leave>),
        name: &str,
        effects: &mut Vec<Effect>,
    ) {
        let Some(giving) = &mut self.registry.giving else { return };
        if giving.wait(by, name, claim) {
            self.review_name(now, name, effects);
        } else {
            self.refuse(by, "it claims too many names", effects);
        }
    }

    /// A system does not wait for a name any more.
    pub(super) fn wants_no_more(&mut self, system: SystemId, name: &str) {
        if let Some(giving) = &mut self.registry.giving {
            giving.waits_no_more(system, name);
        }
    }

    /// Decides who has a name, and answers who waits for it.
    pub(super) fn review_name(&mut self, now: Time, name: &str, effects: &mut Vec<Effect>) {
        if self.registry.giving.is_none() {
            return;
        }
        let shares = self.shares(name);
        let may_give = self.knows_names(now);
        let Some(giving) = &mut self.registry.giving else { return };
        let given = giving.names.entry(name.to_owned()).or_default();
        if !shares.iter().any(|(_, leave, _)| Some(*leave) == given.leave) {
            given.leave = shares.iter().map(|(_, leave, _)| *leave).max();
        }
        let counts = given.leave;
        giving.yielding.retain(|_, names| {
            names.remove(name);
            !names.is_empty()
        });
        let others: Vec<_> = shares.iter().filter(|(_, leave, _)| Some(*leave) != counts).collect();
        for (system, leave, _) in &others {
            if *system != self.me {
                giving.yielding.entry(*system).or_default().insert(name.to_owned(), *leave);
                let message = Message::Yield { name: name.to_owned(), leave: *leave };
                effects.push(Effect::Send { system: *system, message });
            }
        }
        let given = giving.names.entry(name.to_owned()).or_default();
        // Of one whose link is broken nobody knows whether it is there. It is lost soon, or back.
        let is_there = |system: &SystemId| *system == self.me || self.known.get(system).is_some_and(|it| it.linked);
        let there = shares.iter().filter(|(system, leave, _)| Some(*leave) == counts && is_there(system));
        let actor = there.filter_map(|(.., actor)| *actor).next();
        let mut answers = Vec::new();
        if let Some(actor) = actor {
            let waiting = given.waiting.iter();
            answers.extend(waiting.map(|(system, (number, _))| (*system, *number, Claimed::By(actor))));
        } else if let Some(leave) = counts {
            // Who has the leave from whom it was given to makes the same actor.
            let handed = given.waiting.iter().filter(|(_, (_, handed))| *handed == Some(leave));
            answers.extend(handed.map(|(system, (number, _))| (*system, *number, Claimed::Leave(leave))));
        } else if may_give && let Some((&system, &(number, handed))) = given.waiting.first_key_value() {
            let leave = handed.unwrap_or(Leave { term: giving.term, system, number });
            given.leave = Some(leave);
            answers.push((system, number, Claimed::Leave(leave)));
        }
        for (system, ..) in &answers {
            giving.waits_no_more(*system, name);
        }
        if giving.names.get(name).is_some_and(|given| given.leave.is_none() && given.waiting.is_empty()) {
            giving.names.remove(name);
        }
        let own = others.iter().find(|(system, ..)| *system == self.me).map(|(_, leave, _)| *leave);
        if let Some(leave) = own {
            self.yields(now, name, leave, effects);
        }
        for (system, number, answer) in answers {
            self.answer_claim(now, system, (number, name), answer, effects);
        }
    }

    fn answer_claim(
        &mut self,
        now: Time,
        system: SystemId,
        (number, name): (u64, &str),
        answer: Claimed,
        effects: &mut Vec<Effect>,
    ) {
        let name = name.to_owned();
        match answer {
            Claimed::By(actor) if system == self.me => return self.is_held_by(name, actor, effects),
            Claimed::Leave(leave) if system == self.me => return self.granted(now, name, leave, effects),
            Claimed::Leave(leave) => {
                self.registry.put(system, &name, Share { leave, actor: None, given_on: Some(number) });
            }
            Claimed::By(_) => {}
        }
        effects.push(Effect::Send { system, message: Message::Claimed { number, name, answer } });
    }

    /// Who holds a name, as far as is known here.
    fn shares(&self, name: &str) -> Vec<(SystemId, Leave, Option<Address>)> {
        let here = self.names.get(name).map(|(leave, actor)| (self.me, leave, actor));
        let holders = self.registry.holders.get(name).into_iter().flatten();
        let theirs = holders.filter_map(|system| {
            let share = self.registry.members.get(system)?.names.get(name)?;
            Some((*system, share.leave, share.actor))
        });
        here.into_iter().chain(theirs).collect()
    }

    /// A member tells which names it holds.
    pub(super) fn got_names(&mut self, now: Time, system: SystemId, report: Report, effects: &mut Vec<Effect>) {
        if !self.is_member(system) {
            return self.count("Convention Message Received.Stranger");
        }
        if let Err(why) = check(system, &report) {
            return self.refuse(system, why, effects);
        }
        let theirs = self.registry.members.entry(system).or_default();
        let mut changed: BTreeSet<String> = report.freed.iter().cloned().collect();
        match report.since {
            None => {
                changed.extend(theirs.names.keys().cloned());
                let held: BTreeSet<&String> = report.held.iter().map(|held| &held.name).collect();
                let asks = |name: &String, on| report.asking.iter().any(|(asked, it)| asked == name && Some(*it) == on);
                // What it was given may be on its way to it.
                let gone = theirs.names.iter().filter(|(name, it)| !held.contains(name) && !asks(name, it.given_on));
                for name in gone.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
                    self.registry.take(system, &name);
                }
            }
            Some(since) if since == theirs.version && theirs.names.len() < MOST_NAMES => {}
            Some(_) => {
                // One is missing. The next heartbeat says so.
                theirs.version = 0;
                return;
            }
        }
        self.registry.members.entry(system).or_default().version = report.version;
        for name in &report.freed {
            self.registry.take(system, name);
            self.wants_no_more(system, name);
        }
        for Held { name, leave, actor } in report.held {
            self.registry.put(system, &name, Share { leave, actor, given_on: None });
            changed.insert(name);
        }
        for name in changed {
            self.review_name(now, &name, effects);
        }
    }

    /// A member is lost, and with it what it held.
    pub(super) fn names_are_free(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        self.names.left(system);
        let mut names: BTreeSet<String> = BTreeSet::new();
        if let Some(giving) = &mut self.registry.giving {
            giving.awaited.remove(&system);
            giving.yielding.remove(&system);
            if giving.waits.get(&system).is_some_and(|waits| *waits > 0) {
                let waiting = giving.names.iter().filter(|(_, given)| given.waiting.contains_key(&system));
                names = waiting.map(|(name, _)| name.clone()).collect();
                for name in &names {
                    giving.waits_no_more(system, name);
                }
            }
            giving.waits.remove(&system);
        }
        if let Some(theirs) = self.registry.members.get(&system) {
            names.extend(theirs.names.keys().cloned());
        }
        for name in &names {
            self.registry.take(system, name);
        }
        self.registry.members.remove(&system);
        for name in names {
            self.review_name(now, &name, effects);
        }
    }

    /// Who holds which names of the convention, as far as this system knows: its own, and those of its members if it may lead.
    pub fn names(&self) -> impl Iterator<Item = (&str, SystemId, Leave, Option<Address>)> {
        let here = self.names.held().map(|(name, leave, actor)| (name.as_str(), self.me, leave, actor));
        let theirs = self.registry.members.iter().flat_map(|(system, theirs)| {
            let shares = theirs.names.iter();
            shares.map(move |(name, share)| (name.as_str(), *system, share.leave, share.actor))
        });
        here.chain(theirs)
    }
}

/// Whether what a member says of its names is reasonable.
fn check(system: SystemId, report: &Report) -> Result<(), &'static str> {
    let Report { held, freed, asking, .. } = report;
    if held.len() > MOST_NAMES || freed.len() > MOST_NAMES || asking.len() > MOST_NAMES {
        return Err("it holds too many names");
    }
    let mut names = held.iter().map(|held| &held.name).chain(freed);
    if !names.all(|name| is_name(name)) {
        return Err("it holds what can not be a name");
    }
    let is_own = |held: &Held| held.actor.is_none_or(|actor| actor.node().system() == system);
    if !held.iter().all(|held| is_own(held) && held.leave.term.number() <= Term::MAX_NUMBER) {
        return Err("it holds a name that it can not hold");
    }
    Ok(())
}
