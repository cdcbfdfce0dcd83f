//! Invitations: systems that do not know where their leader is, or can not reach it, are asked by it.

use super::{Convention, Departure, Effect, Message, Note, Peer, Place, SystemId, Timing, Why};
use crate::admin::messages::Entry;
use crate::time::Time;

impl Convention {
    /// Invites who is at a place, now and whenever it is lost.
    pub(super) fn invite(&mut self, now: Time, place: Place, capabilities: Vec<Entry>, effects: &mut Vec<Effect>) {
        if self.own_places.contains(&place) {
            effects.push(Effect::Log(Note::Itself { place }));
            return;
        }
        // Who is there may be known already, by a link of its own.
        let there = self.by_place.get(&place).copied();
        let target = self.target(now, &place);
        target.invitation = Some(capabilities);
        target.hurry(now);
        let found = target.system();
        if let Some(system) = there.filter(|_| found.is_none()) {
            self.claimed(now, system, &place, effects);
        }
        self.pursue(now, &place, effects);
    }

    /// One that is not sent now, because there were many, is made up for by the next: who does not join is asked again.
    pub(super) fn send_invitation(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        let Timing { registration_burst, registration_every, .. } = self.timing;
        let Some(known) = self.known.get_mut(&system) else { return };
        if known.allowance.take(now, registration_burst, registration_every).is_ok() {
            effects.push(Effect::Send { system, message: Message::Invite });
        }
    }

    /// Ends an invitation, and the membership that came of it.
    pub(super) fn dismiss(&mut self, now: Time, peer: &Peer, effects: &mut Vec<Effect>) {
        let (places, system) = match peer {
            Peer::Place(place) => {
                let found = self.targets.get(place).and_then(super::Target::system);
                (vec![place.clone()], found.or_else(|| self.by_place.get(place).copied()))
            }
            Peer::System(system) => (self.places_of(*system), Some(*system)),
        };
        for place in places {
            if let Some(target) = self.targets.get_mut(&place) {
                target.invitation = None;
                self.drop_target(&place);
            }
        }
        if let Some(system) = system {
            self.part(now, system, Departure::Dismissed, Why::Dismissed, effects);
        }
    }

    /// Another system wants to lead this one.
    pub(super) fn got_invite(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        self.count("Admin Handle Convention Invitation");
        self.was_invited = true;
        if !self.inviters.contains(&system)
            && let Some(known) = self.known.get(&system)
        {
            effects.push(Effect::Log(Note::Invited { by: system, identity: known.identity.clone() }));
        }
        self.inviters.retain(|inviter| *inviter != system);
        self.inviters.push(system);
        self.register(now, system, effects);
        self.review_leadership(now, effects);
    }

    /// Whether this system takes no part in a convention until it is invited again.
    pub(super) fn waits_for_invitation(&self) -> bool {
        self.was_invited && self.candidates.is_empty() && self.inviters.is_empty()
    }

    /// A candidate is none any more. It stays a member if there is another reason.
    pub(super) fn drop_candidate(&mut self, now: Time, place: &Place, effects: &mut Vec<Effect>) {
        if let Some(target) = self.targets.get_mut(place) {
            target.is_candidate = false;
        }
        let Some(system) = self.drop_target(place).filter(|system| !self.wants(*system)) else { return };
        match self.known.get(&system).and_then(|known| known.member()) {
            Some(tie) if tie.wants => self.register(now, system, effects),
            _ => self.part(now, system, Departure::NotALeader, Why::NotALeader, effects),
        }
    }
}
