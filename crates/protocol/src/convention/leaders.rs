//! Who leads.

use super::messages::State;
use super::targets::Target;
use super::{Convention, Effect, Note, Place, SystemId, Term, Timer};
use crate::time::Time;

/// More candidates than that are not used.
pub const MOST_CANDIDATES: usize = 64;

/// Who leads, as far as this system sees.
#[derive(Debug, Default)]
pub(super) struct Leadership {
    pub(super) leader: Option<SystemId>,
    pub(super) leads: bool,
    /// The latest term that this system has led in.
    led: Term,
    /// The latest term that it has heard of.
    heard: Term,
    /// Until then candidates earlier in the list are waited for.
    settles: Time,
    /// Since when another system leads, in a later term, that by the list should not.
    rivalled: Option<Time>,
}

impl Convention {
    /// These may lead.
    pub(super) fn set_candidates(&mut self, now: Time, places: Vec<Place>, effects: &mut Vec<Effect>) {
        let given = places.len();
        let mut candidates = Vec::with_capacity(given.min(MOST_CANDIDATES));
        for place in places.into_iter().take(MOST_CANDIDATES) {
            if !candidates.contains(&place) {
                candidates.push(place);
            }
        }
        if given > MOST_CANDIDATES {
            effects.push(Effect::Log(Note::CandidatesCut { given, kept: MOST_CANDIDATES }));
        }
        let before = std::mem::replace(&mut self.candidates, candidates);
        if !self.candidates.is_empty() && !self.leadership.leads {
            self.leadership.settles = now.plus(self.timing.settled_after);
            self.timers.schedule(self.leadership.settles, Timer::Leadership);
        }
        for place in self.candidates.clone() {
            if !self.own_places.contains(&place) {
                self.target(now, &place).is_candidate = true;
                self.pursue(now, &place, effects);
            }
        }
        for place in before.into_iter().filter(|place| !self.candidates.contains(place)).collect::<Vec<_>>() {
            self.drop_candidate(now, &place, effects);
        }
        self.review_leadership(now, effects);
    }

    /// What others are told of this system.
    pub(super) fn state(&self) -> State {
        let followed = self.leadership.leader.and_then(|leader| self.known.get(&leader)?.member());
        let term = followed.map_or(self.leadership.led, |tie| tie.state.term.max(self.leadership.led));
        State { load: self.load, term, leads: self.leadership.leads, names: self.names.version() }
    }

    /// What a system says of itself, as far as it can be true.
    pub(super) fn believed(&mut self, system: SystemId, state: State, effects: &mut Vec<Effect>) -> State {
        if state.term.number() <= Term::MAX_NUMBER {
            return state;
        }
        self.refuse(system, "it names an impossible term", effects);
        State { term: Term::default(), ..state }
    }

    /// Takes note of the term that a member has named.
    pub(super) fn hear_term(&mut self, state: State) {
        self.leadership.heard = self.leadership.heard.max(state.term);
        if self.leadership.leads && !state.leads && state.term > self.leadership.led {
            // Somebody led while this system could not be reached, and does not any more: what it decided is over.
            self.leadership.led = self.leadership.heard.next(self.me);
        }
    }

    /// Finds out who leads now, and what that means.
    pub(super) fn review_leadership(&mut self, now: Time, effects: &mut Vec<Effect>) {
        self.find_leader(now, effects);
        self.review_registry(now, effects);
        self.pursue_claims(now, effects);
    }

    fn find_leader(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let (mut leader, mut leads) = self.first_in_the_list(now);
        if leads && let Some(rival) = self.rival() {
            let patience = self.timing.heartbeat * 3;
            let since = *self.leadership.rivalled.get_or_insert_with(|| {
                self.timers.schedule(now.plus(patience), Timer::Leadership);
                now
            });
            if now.since(since) >= patience {
                // The lists differ, so the terms decide.
                (leader, leads) = (Some(rival), false);
            }
        } else {
            self.leadership.rivalled = None;
        }
        let before = (self.leadership.leader, self.leadership.leads);
        if before == (leader, leads) {
            return;
        }
        (self.leadership.leader, self.leadership.leads) = (leader, leads);
        if leads {
            self.leadership.led = self.leadership.heard.max(self.leadership.led).next(self.me);
        }
        let alone = self.candidates.is_empty();
        match leader {
            Some(system) => {
                let identity = self.known.get(&system).map_or_else(String::new, |known| known.identity.clone());
                effects.push(Effect::Log(Note::Follows { system, identity }));
            }
            None if leads && !alone => effects.push(Effect::Log(Note::Leads { term: self.leadership.led })),
            None if before != (None, false) => effects.push(Effect::Log(Note::NoLeader)),
            None => {}
        }
        if before.0 != leader || !alone {
            effects.push(Effect::Leader(leader));
        }
        self.watch_elsewhere(now, effects);
    }

    /// The first candidate that is this system itself, or a member.
    fn first_in_the_list(&self, now: Time) -> (Option<SystemId>, bool) {
        if self.candidates.is_empty() {
            let leader = self.inviters.iter().rev().find(|inviter| self.is_member(**inviter)).copied();
            return (leader, leader.is_none());
        }
        // One that has just started does not lead before it knows that those before it in the list are away.
        let mut all_tried = true;
        for place in &self.candidates {
            if self.own_places.contains(place) {
                let settled = self.leadership.leads || all_tried || now >= self.leadership.settles;
                return (None, settled);
            }
            let target = self.targets.get(place);
            if let Some(system) = target.and_then(Target::system).filter(|system| self.is_member(*system)) {
                return (Some(system), false);
            }
            all_tried &= target.is_none_or(|target| target.tried);
        }
        (None, false)
    }

    /// A candidate that leads in a later term than this system, though it comes later in the list.
    fn rival(&self) -> Option<SystemId> {
        let targets = self.candidates.iter().filter_map(|place| self.targets.get(place)?.system());
        let leading = targets.filter_map(|system| Some((self.known.get(&system)?.member()?.state, system)));
        let rivals = leading.filter(|(state, _)| state.leads && state.term > self.leadership.led);
        rivals.max_by_key(|(state, _)| state.term).map(|(_, system)| system)
    }
}
