//! Places where somebody is wanted: those of candidates, and of systems that are invited.

use std::time::Duration;

use super::{Alarm, Convention, Effect, Note, Place, SystemId, Timer, Why};
use crate::admin::messages::Entry;
use crate::time::Time;

/// A link that lasted for so long and then breaks is made again at once.
const STEADY: Duration = Duration::from_secs(5);

/// A place where somebody is wanted. It is dialled until there is a link, and who is there is asked until it is a member.
#[derive(Debug)]
pub(super) struct Target {
    /// Who is there may lead.
    pub(super) is_candidate: bool,
    /// Who is there is invited, and what it is said to be able to do.
    pub(super) invitation: Option<Vec<Entry>>,
    found: Option<Found>,
    /// Since when it is being dialled.
    dialling: Option<Time>,
    dials: u32,
    reached_at: Time,
    next_dial: Time,
    /// It was found out whether somebody is there.
    pub(super) tried: bool,
    asks: u32,
    next_ask: Time,
    /// What chance is drawn from.
    seed: u64,
    pub(super) alarm: Alarm,
}

/// Which system a place leads to.
#[derive(Clone, Copy, Debug)]
struct Found {
    system: SystemId,
    /// It was reached there. Else it only says so itself.
    dialled: bool,
}

impl Target {
    pub(super) fn system(&self) -> Option<SystemId> {
        self.found.map(|found| found.system)
    }

    /// What is to be done next is done now, and tried again soon.
    pub(super) const fn hurry(&mut self, now: Time) {
        self.dials = 0;
        self.next_dial = now;
        self.asks = 0;
        self.next_ask = now;
    }
}

impl Convention {
    /// Somebody is wanted at a place.
    pub(super) fn target(&mut self, now: Time, place: &Place) -> &mut Target {
        let count = self.targets.len() as u64;
        self.targets.entry(place.clone()).or_insert_with(|| Target {
            is_candidate: false,
            invitation: None,
            found: None,
            dialling: None,
            dials: 0,
            reached_at: now,
            next_dial: now,
            tried: false,
            asks: 0,
            next_ask: now,
            seed: self.seed ^ (count + 1).rotate_left(40),
            alarm: None,
        })
    }

    /// Nobody is wanted there any more, if that is so. Says who is there.
    pub(super) fn drop_target(&mut self, place: &Place) -> Option<SystemId> {
        let target = self.targets.get(place)?;
        let system = target.system();
        if !target.is_candidate && target.invitation.is_none() {
            if let Some((key, _)) = target.alarm {
                self.timers.cancel(key);
            }
            self.targets.remove(place);
            if let Some(known) = system.and_then(|system| self.known.get_mut(&system)) {
                known.places.retain(|other| other != place);
            }
        }
        system
    }

    /// Does what is due to have who is there as a member.
    pub(super) fn pursue(&mut self, now: Time, place: &Place, effects: &mut Vec<Effect>) {
        let dial_at = self.pursue_link(now, place, effects);
        let ask_at = self.pursue_membership(now, place, effects);
        let Some(target) = self.targets.get_mut(place) else { return };
        if let Some(next) = dial_at.into_iter().chain(ask_at).min() {
            Self::set_alarm(&mut self.timers, &mut target.alarm, next, Timer::Target(place.clone()));
        }
    }

    /// Dials if it is time to. Says when to look again.
    fn pursue_link(&mut self, now: Time, place: &Place, effects: &mut Vec<Effect>) -> Option<Time> {
        let target = self.targets.get(place)?;
        if target.found.is_some_and(|found| found.dialled && self.is_linked(found.system)) {
            return None;
        }
        if target.dialling.is_some_and(|since| since.plus(self.timing.dial_within) <= now) {
            self.dial_failed(now, place, "nobody answered", effects);
        }
        let target = self.targets.get_mut(place)?;
        if target.dialling.is_none() && target.next_dial > now {
            return Some(target.next_dial);
        }
        let since = *target.dialling.get_or_insert_with(|| {
            effects.push(Effect::Dial { place: place.clone() });
            now
        });
        Some(since.plus(self.timing.dial_within))
    }

    /// Registers, or invites, if it is time to. Says when to look again.
    fn pursue_membership(&mut self, now: Time, place: &Place, effects: &mut Vec<Effect>) -> Option<Time> {
        let target = self.targets.get_mut(place)?;
        let system = target.system()?;
        let known = self.known.get(&system)?;
        if !known.linked || known.member().is_some() {
            return None;
        }
        if now.since(known.heard) >= self.timing.lost_after {
            // The other side may be gone without this link having noticed.
            self.expel(now, system, Why::Silent { after: self.timing.lost_after }, effects);
            return None;
        }
        if target.next_ask <= now {
            target.next_ask = now.plus(self.timing.ask.delay(target.asks, target.seed.rotate_left(1)));
            target.asks = target.asks.saturating_add(1);
            let next = target.next_ask;
            if target.is_candidate {
                self.register(now, system, effects);
            } else {
                self.send_invitation(now, system, effects);
            }
            return Some(next);
        }
        Some(target.next_ask)
    }

    /// A dial has led to a system.
    pub(super) fn reached(&mut self, now: Time, system: SystemId, place: &Place, effects: &mut Vec<Effect>) {
        let Some(target) = self.targets.get_mut(place) else { return };
        let before = target.found.replace(Found { system, dialled: true });
        let wait = self.timing.dial.delay(target.dials, target.seed);
        target.dialling = None;
        target.tried = false;
        target.reached_at = now;
        // A link that breaks as soon as it is made is not made again without end.
        target.next_dial = now.plus(wait);
        target.dials = target.dials.saturating_add(1);
        target.asks = 0;
        target.next_ask = now;
        if let Some(known) = self.known.get_mut(&system)
            && !known.places.contains(place)
        {
            known.places.push(place.clone());
        }
        if let Some(before) = before.filter(|before| before.system != system) {
            if let Some(known) = self.known.get_mut(&before.system) {
                known.places.retain(|other| other != place);
            }
            if before.dialled {
                // Only one can listen there.
                self.expel(now, before.system, Why::Restarted { now: system }, effects);
            }
        }
    }

    /// A member says that it can be dialled there. That is believed if nobody else is known to be there, and it is dialled all the same.
    pub(super) fn claimed(&mut self, now: Time, system: SystemId, place: &Place, effects: &mut Vec<Effect>) {
        let Some(target) = self.targets.get(place) else { return };
        if target.system().is_some_and(|other| self.known.contains_key(&other)) {
            return;
        }
        let Some(target) = self.targets.get_mut(place) else { return };
        target.found = Some(Found { system, dialled: false });
        if let Some(known) = self.known.get_mut(&system) {
            known.places.push(place.clone());
        }
        self.pursue(now, place, effects);
    }

    pub(super) fn not_linked(&mut self, now: Time, place: &Place, why: &str, effects: &mut Vec<Effect>) {
        if self.targets.get(place).is_some_and(|target| target.dialling.is_some()) {
            self.dial_failed(now, place, why, effects);
            self.pursue(now, place, effects);
            self.review_leadership(now, effects);
        }
    }

    fn dial_failed(&mut self, now: Time, place: &Place, why: &str, effects: &mut Vec<Effect>) {
        self.count("Admin Convention Registration Failed");
        let Some(target) = self.targets.get(place) else { return };
        let has_link = target.system().is_some_and(|system| self.is_linked(system));
        let hurries = target.is_candidate && !has_link;
        let backoff = if hurries { self.timing.dial } else { self.timing.dial_slowly };
        let Some(target) = self.targets.get_mut(place) else { return };
        if target.dials == 0 {
            effects.push(Effect::Log(Note::NotReached { place: place.clone(), why: why.to_owned() }));
        }
        target.dialling = None;
        target.tried = true;
        target.next_dial = now.plus(backoff.delay(target.dials, target.seed));
        target.dials = target.dials.saturating_add(1);
    }

    /// A place leads to this system itself.
    pub(super) fn found_itself(&mut self, now: Time, place: Place, effects: &mut Vec<Effect>) {
        if let Some(target) = self.targets.get_mut(&place) {
            target.is_candidate = false;
            target.invitation = None;
            self.drop_target(&place);
        }
        if self.own_places.insert(place.clone()) {
            effects.push(Effect::Log(Note::Itself { place }));
        }
        self.review_leadership(now, effects);
    }

    /// The link with who was found there has broken.
    pub(super) fn pursue_again(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        for place in self.places_of(system) {
            if let Some(target) = self.targets.get_mut(&place)
                && now.since(target.reached_at) > STEADY
            {
                target.dials = 0;
                target.next_dial = now;
            }
            self.pursue(now, &place, effects);
        }
    }

    /// Who was found there is gone.
    pub(super) fn lost_sight(&mut self, now: Time, place: &Place, system: SystemId, effects: &mut Vec<Effect>) {
        let Some(target) = self.targets.get_mut(place).filter(|target| target.system() == Some(system)) else {
            return;
        };
        target.found = None;
        target.tried = true;
        self.pursue(now, place, effects);
    }

    /// Who has left is not asked back at once.
    pub(super) fn ask_later(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        for place in self.places_of(system) {
            if let Some(target) = self.targets.get_mut(&place) {
                target.next_ask = now.plus(self.timing.ask.delay(0, target.seed.rotate_left(1)));
            }
            self.pursue(now, &place, effects);
        }
    }

    pub(super) fn places_of(&self, system: SystemId) -> Vec<Place> {
        self.known.get(&system).map_or_else(Vec::new, |known| known.places.clone())
    }

    fn is_linked(&self, system: SystemId) -> bool {
        self.known.get(&system).is_some_and(|known| known.linked)
    }
}
