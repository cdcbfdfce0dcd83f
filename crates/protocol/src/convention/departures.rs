//! How ties end, and who is told.

use super::{Convention, Departure, Effect, Message, Note, SystemId, Timing, Why, admin_of};
use crate::time::Time;

impl Convention {
    pub(super) fn got_leave(
        &mut self,
        now: Time,
        system: SystemId,
        (mine, yours): (Option<u64>, Option<u64>),
        why: Departure,
        effects: &mut Vec<Effect>,
    ) {
        self.count("Admin Handle Convention De-registration");
        let Some(tie) = self.known.get(&system).and_then(|known| known.tie.as_ref()) else { return };
        // Of this tie, and not of an earlier one.
        let meant = match (mine, tie.theirs) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => yours == Some(tie.mine),
        };
        if meant {
            self.lose(now, system, Why::Left { why }, effects);
            self.ask_later(now, system, effects);
        }
    }

    /// Leaves a system, and says so.
    pub(super) fn part(&mut self, now: Time, system: SystemId, said: Departure, why: Why, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.get(&system) else { return };
        if let Some(tie) = known.tie.as_ref().filter(|_| known.linked) {
            let message = Message::Leave { mine: Some(tie.mine), yours: tie.theirs, why: said };
            effects.push(Effect::Send { system, message });
        }
        self.lose(now, system, why, effects);
        self.ask_later(now, system, effects);
    }

    /// Answers who speaks of a tie that there is not.
    pub(super) fn disown(&mut self, now: Time, system: SystemId, number: u64, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.get_mut(&system).filter(|known| known.linked) else { return };
        let Timing { registration_burst, registration_every, .. } = self.timing;
        if known.allowance.take(now, registration_burst, registration_every).is_ok() {
            let message = Message::Leave { mine: None, yours: Some(number), why: Departure::Unknown };
            effects.push(Effect::Send { system, message });
        }
    }

    /// Gives a system up and closes its link.
    pub(super) fn expel(&mut self, now: Time, system: SystemId, why: Why, effects: &mut Vec<Effect>) {
        if let Some(known) = self.known.get_mut(&system)
            && std::mem::replace(&mut known.linked, false)
        {
            effects.push(Effect::HangUp { system });
        }
        self.lose(now, system, why, effects);
    }

    /// A tie is over. If there is no link either, the system is forgotten.
    pub(super) fn lose(&mut self, now: Time, system: SystemId, why: Why, effects: &mut Vec<Effect>) {
        self.bereave(now, system, why, effects);
        let Some(known) = self.known.get_mut(&system) else { return };
        known.owed = false;
        if let Some(tie) = known.tie.take().filter(|tie| tie.theirs.is_some()) {
            if self.by_identity.get(&known.identity) == Some(&system) {
                self.by_identity.remove(&known.identity);
            }
            if let Some(place) = tie.place.filter(|place| self.by_place.get(place) == Some(&system)) {
                self.by_place.remove(&place);
            }
        }
        self.inviters.retain(|inviter| *inviter != system);
        self.watches_no_more(system, effects);
        if self.known.get(&system).is_some_and(|known| !known.linked) {
            self.forget(now, system, effects);
        }
        self.review_leadership(now, effects);
    }

    /// Tells all whom the loss of a member concerns, the parents first.
    pub(super) fn bereave(&mut self, now: Time, system: SystemId, why: Why, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.get(&system) else { return };
        let Some(tie) = known.member() else { return };
        let left = Effect::Left { system, admin: admin_of(system), capabilities: tie.capabilities.clone() };
        let note = Note::Left { system, identity: known.identity.clone(), why };
        self.tell_families_lost(system, effects);
        self.is_asked_no_more(system);
        effects.push(left);
        effects.push(Effect::Log(note));
        self.tell_watchers(system, effects);
        self.names_are_free(now, system, effects);
    }

    pub(super) fn forget(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.remove(&system) else { return };
        self.inviters.retain(|inviter| *inviter != system);
        if let Some((key, _)) = known.alarm {
            self.timers.cancel(key);
        }
        for place in known.places {
            self.lost_sight(now, &place, system, effects);
        }
    }
}
