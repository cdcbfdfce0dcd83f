//! Whose identity is whose: a new start takes the place of the old one, but nobody takes that of one that is alive.

use super::{Convention, Effect, Note, Place, SystemId, Why};
use crate::time::Time;

impl Convention {
    /// Whether a system may come in: nobody alive has its identity. Who had it before is lost.
    pub(super) fn make_room(
        &mut self,
        now: Time,
        system: SystemId,
        place: Option<&Place>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some(known) = self.known.get(&system) else { return false };
        if known.identity == self.identity {
            self.keep_out(system, self.me, effects);
            return false;
        }
        if let Some(&holder) = self.by_identity.get(&known.identity).filter(|holder| **holder != system) {
            if self.is_alive(now, holder) {
                self.keep_out(system, holder, effects);
                return false;
            }
            self.expel(now, holder, Why::Restarted { now: system }, effects);
        }
        // Two that are alive may well name the same place: each as seen from its own network.
        if let Some(&holder) = place.and_then(|place| self.by_place.get(place)).filter(|holder| **holder != system)
            && !self.is_alive(now, holder)
        {
            self.expel(now, holder, Why::Restarted { now: system }, effects);
        }
        true
    }

    fn keep_out(&mut self, system: SystemId, holder: SystemId, effects: &mut Vec<Effect>) {
        self.count("Convention Message Received.Identity In Use");
        let Some(known) = self.known.get_mut(&system) else { return };
        if !std::mem::replace(&mut known.noted, true) {
            let identity = known.identity.clone();
            effects.push(Effect::Log(Note::IdentityInUse { system, identity, holder }));
        }
    }

    fn is_alive(&self, now: Time, system: SystemId) -> bool {
        let doubted_after = self.timing.doubted_after;
        self.known.get(&system).is_some_and(|known| known.linked && now.since(known.heard) < doubted_after)
    }
}
