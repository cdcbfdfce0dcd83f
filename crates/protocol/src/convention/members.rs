//! Who is a member: registrations, new starts of a system, and departures.

use std::time::Duration;

use super::hysteresis::Allowance;
use super::messages::{Join, MOST_CAPABILITIES, MOST_CAPABILITY_BYTES, State};
use super::{Alarm, Convention, Departure, Effect, Message, Note, Pace, Place, SystemId, Timer, Timing, Why, admin_of};
use crate::admin::messages::Entry;
use crate::time::Time;

/// A system with a link, or a tie, or both.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) identity: String,
    pub(super) linked: bool,
    /// Since when it has no link, and why.
    pub(super) broken: Option<(Time, String)>,
    pub(super) heard: Time,
    pub(super) tie: Option<Tie>,
    /// Targets that lead to it.
    pub(super) places: Vec<Place>,
    pub(super) allowance: Allowance,
    /// A registration waits for its turn.
    pub(super) owed: bool,
    /// Something of it was refused, and that it was is in the log.
    pub(super) noted: bool,
    pub(super) alarm: Alarm,
}

impl Known {
    /// The tie, if both sides have taken it on.
    pub(super) fn member(&self) -> Option<&Tie> {
        self.tie.as_ref().filter(|tie| tie.theirs.is_some())
    }

    pub(super) fn member_mut(&mut self) -> Option<&mut Tie> {
        self.tie.as_mut().filter(|tie| tie.theirs.is_some())
    }
}

/// What two systems are to each other. See [`messages`](super::messages).
#[derive(Debug)]
pub(super) struct Tie {
    /// This side's number.
    pub(super) mine: u64,
    /// The other side's, once it has registered. Then it is a member.
    pub(super) theirs: Option<u64>,
    /// On this link the other side has named this side's number: so this system is a member there too.
    pub(super) confirmed: bool,
    pub(super) place: Option<Place>,
    pub(super) capabilities: Vec<Entry>,
    pub(super) version: u64,
    /// It takes this system for one that may lead, or has invited it.
    pub(super) wants: bool,
    pub(super) state: State,
    /// Creations that were tried on it, and children that it got, since it last said how it is.
    pub(super) placing: u32,
    pub(super) placed: u32,
    /// It is given up when nothing was heard of it for so long.
    pub(super) patience: Duration,
    pub(super) next_beat: Time,
    pub(super) beats: u32,
}

impl Tie {
    fn new(mine: u64, now: Time) -> Self {
        Self {
            mine,
            theirs: None,
            confirmed: false,
            place: None,
            capabilities: Vec::new(),
            version: 0,
            wants: false,
            state: State::default(),
            placing: 0,
            placed: 0,
            patience: Duration::ZERO,
            next_beat: now,
            beats: 0,
        }
    }

    /// What it said it has, and what was put there since. Somebody who asks for an actor and gets it as a child counts once.
    pub(super) fn load(&self) -> u32 {
        self.state.load.saturating_add(self.placing.max(self.placed))
    }

    pub(super) fn hear_state(&mut self, state: State) {
        self.state = state;
        self.placing = 0;
        self.placed = 0;
    }
}

impl Convention {
    /// There is a link with a system.
    pub(super) fn linked(
        &mut self,
        now: Time,
        system: SystemId,
        identity: String,
        dialled: Option<Place>,
        effects: &mut Vec<Effect>,
    ) {
        if system == self.me {
            if let Some(place) = dialled {
                self.found_itself(now, place, effects);
            }
            return;
        }
        let allowance = Allowance::full(self.timing.registration_burst, now);
        let known = self.known.entry(system).or_insert_with(|| {
            Box::new(Known {
                identity,
                linked: false,
                broken: None,
                heard: now,
                tie: None,
                places: Vec::new(),
                allowance,
                owed: false,
                noted: false,
                alarm: None,
            })
        });
        let is_new = !known.linked;
        known.linked = true;
        known.broken = None;
        known.heard = now;
        if let Some(place) = dialled {
            self.reached(now, system, &place, effects);
        }
        if is_new && let Some(tie) = self.known.get_mut(&system).and_then(|known| known.member_mut()) {
            // Each side learns whether the other has given it up meanwhile.
            tie.confirmed = false;
            self.register(now, system, effects);
        }
        for place in self.places_of(system) {
            self.pursue(now, &place, effects);
        }
        self.look_after(now, system, effects);
    }

    /// The link with a system is gone.
    pub(super) fn unlinked(&mut self, now: Time, system: SystemId, why: String, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.get_mut(&system).filter(|known| known.linked) else { return };
        known.linked = false;
        known.owed = false;
        if known.member().is_some() {
            known.broken = Some((now, why));
            self.look_after(now, system, effects);
            self.pursue_again(now, system, effects);
        } else {
            self.forget(now, system, effects);
        }
    }

    /// A system is not there any more, as is known for certain.
    pub(super) fn gone(&mut self, now: Time, system: SystemId, reason: String, effects: &mut Vec<Effect>) {
        if let Some(known) = self.known.get_mut(&system) {
            known.linked = false;
            self.lose(now, system, Why::Gone { reason }, effects);
        }
    }

    /// Registers with a system that there is a link with, as soon as that may be.
    pub(super) fn register(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        let wants = self.wants(system);
        let state = self.state();
        let Some(known) = self.known.get_mut(&system).filter(|known| known.linked) else { return };
        let Timing { registration_burst, registration_every, heartbeat, .. } = self.timing;
        if let Err(then) = known.allowance.take(now, registration_burst, registration_every) {
            known.owed = true;
            Self::set_alarm(&mut self.timers, &mut known.alarm, then, Timer::Known(system));
            return;
        }
        known.owed = false;
        let tie = known.tie.get_or_insert_with(|| {
            self.next_tie += 1;
            Tie::new(self.next_tie, now)
        });
        tie.next_beat = tie.next_beat.max(now.plus(heartbeat / 2));
        let join = Join {
            mine: tie.mine,
            yours: tie.theirs,
            place: self.place.clone(),
            capabilities: self.capabilities.clone(),
            version: self.version,
            beats_every: u32::try_from(heartbeat.as_millis()).unwrap_or(u32::MAX),
            wants,
            state,
        };
        effects.push(Effect::Send { system, message: Message::Join(Box::new(join)) });
        self.count("Admin Convention Registered");
    }

    pub(super) fn got_join(&mut self, now: Time, system: SystemId, join: Join, effects: &mut Vec<Effect>) {
        self.count("Admin Handle Convention Registration");
        if let Err(why) = check(&join) {
            return self.refuse(system, why, effects);
        }
        let state = self.believed(system, join.state, effects);
        let join = Join { state, ..join };
        let wanted = self.wants(system);
        let Some(known) = self.known.get_mut(&system) else { return };
        if known.member().is_none() && !wanted && !join.wants {
            return self.disown(now, system, join.mine, effects);
        }
        let Some(tie) = &mut known.tie else {
            if join.yours.is_some() && !wanted && self.was_invited && self.candidates.is_empty() {
                // It may be one that invited this system, and has not noticed that this is not its member any more. It is to invite it again.
                return self.disown(now, system, join.mine, effects);
            }
            if !self.make_room(now, system, join.place.as_ref(), effects) {
                return;
            }
            if join.yours.is_some() {
                // It speaks of a tie that is over here: it is to learn that first.
                return self.register(now, system, effects);
            }
            self.next_tie += 1;
            if let Some(known) = self.known.get_mut(&system) {
                known.tie = Some(Tie::new(self.next_tie, now));
            }
            self.take_on(now, system, join, effects);
            return self.register(now, system, effects);
        };
        let knows_mine = join.yours == Some(tie.mine);
        match tie.theirs {
            // It speaks of a tie before this one.
            None if join.yours.is_some() && !knows_mine => self.register(now, system, effects),
            None => {
                if !self.make_room(now, system, join.place.as_ref(), effects) {
                    return;
                }
                self.take_on(now, system, join, effects);
                self.answer(now, system, knows_mine, effects);
            }
            Some(theirs) if join.mine < theirs => self.count("Convention Message Received.Old"),
            Some(theirs) if join.mine == theirs => {
                self.refresh(now, system, join, effects);
                self.answer(now, system, knows_mine, effects);
            }
            Some(_) => {
                // It had given this system up, and begins anew. The own number stays, or the other side would begin anew in turn.
                self.bereave(now, system, Why::GaveUp, effects);
                self.take_on(now, system, join, effects);
                self.answer(now, system, knows_mine, effects);
            }
        }
    }

    /// A member has registered. If it knows what it is here, there is nothing more to say.
    fn answer(&mut self, now: Time, system: SystemId, knows_mine: bool, effects: &mut Vec<Effect>) {
        if knows_mine {
            self.confirm(now, system, effects);
        } else {
            self.register(now, system, effects);
        }
    }

    /// This system is a member there, too, so it may ask for what members may. What it asked on an earlier link may not have arrived.
    pub(super) fn confirm(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        let tie = self.known.get_mut(&system).and_then(|known| known.member_mut());
        if tie.is_some_and(|tie| !std::mem::replace(&mut tie.confirmed, true)) {
            self.watch_again(system, effects);
            self.tell_names(now, system, effects);
        }
    }

    /// Makes a member of a system that has a tie.
    fn take_on(&mut self, now: Time, system: SystemId, join: Join, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.get_mut(&system) else { return };
        let Some(tie) = &mut known.tie else { return };
        tie.theirs = Some(join.mine);
        tie.confirmed = false;
        tie.next_beat = now.plus(self.timing.heartbeat / 2);
        self.by_identity.insert(known.identity.clone(), system);
        let place = join.place.clone().filter(|place| !self.own_places.contains(place));
        effects.push(Effect::Joined {
            system,
            admin: admin_of(system),
            capabilities: join.capabilities.clone(),
            place: place.clone(),
        });
        effects.push(Effect::Log(Note::Joined { system, identity: known.identity.clone(), place }));
        self.refresh(now, system, join, effects);
        self.not_outlying(system, effects);
        self.is_told_anew(system, effects);
        self.review_leadership(now, effects);
        self.expect_names(now, system);
    }

    /// Takes note of what a member says of itself.
    fn refresh(&mut self, now: Time, system: SystemId, join: Join, effects: &mut Vec<Effect>) {
        if let Some(place) = &join.place {
            self.claimed(now, system, place, effects);
        }
        let wanted = self.wants(system);
        let own = join.place.as_ref().is_some_and(|place| self.own_places.contains(place));
        let Some(tie) = self.known.get_mut(&system).and_then(|known| known.member_mut()) else { return };
        // Two hosts that both call themselves 127.0.0.1, for example.
        let place = join.place.filter(|_| !own);
        if tie.place != place {
            if let Some(old) = tie.place.take().filter(|old| self.by_place.get(old) == Some(&system)) {
                self.by_place.remove(&old);
            }
            if let Some(place) = &place {
                self.by_place.insert(place.clone(), system);
            }
            tie.place = place;
        }
        tie.capabilities = join.capabilities;
        tie.version = join.version;
        tie.wants = join.wants;
        let slowest = Duration::from_millis(join.beats_every.into()).min(Pace::SLOWEST);
        tie.patience = self.timing.lost_after.max(slowest.saturating_mul(self.timing.slow_beats));
        tie.hear_state(join.state);
        self.hear_term(join.state);
        if !wanted && !join.wants {
            // Neither side has a reason to stay: one of them has other leaders now.
            self.part(now, system, Departure::NotALeader, Why::NotALeader, effects);
            return;
        }
        self.review_leadership(now, effects);
        self.look_after(now, system, effects);
    }

    /// Whether this system has a reason of its own to be tied to another.
    pub(super) fn wants(&self, system: SystemId) -> bool {
        self.inviters.contains(&system) || self.known.get(&system).is_some_and(|known| !known.places.is_empty())
    }

    pub(super) fn set_capabilities(&mut self, now: Time, capabilities: Vec<Entry>, effects: &mut Vec<Effect>) {
        if self.capabilities == capabilities {
            return;
        }
        self.capabilities = capabilities;
        self.version += 1;
        let tied: Vec<_> =
            self.known.iter().filter(|(_, known)| known.tie.is_some()).map(|(system, _)| *system).collect();
        for system in tied {
            self.register(now, system, effects);
        }
    }

    /// Ignores a message, and says so once.
    pub(super) fn refuse(&mut self, system: SystemId, why: &'static str, effects: &mut Vec<Effect>) {
        self.count("Convention Message Received.Refused");
        if let Some(known) = self.known.get_mut(&system)
            && !std::mem::replace(&mut known.noted, true)
        {
            effects.push(Effect::Log(Note::Refused { system, why }));
        }
    }
}

/// Whether a registration keeps within what is reasonable.
fn check(join: &Join) -> Result<(), &'static str> {
    let bytes: usize = join.capabilities.iter().map(|(name, value)| name.len() + value.len()).sum();
    if join.capabilities.len() > MOST_CAPABILITIES || bytes > MOST_CAPABILITY_BYTES {
        Err("it has too many capabilities")
    } else {
        Ok(())
    }
}
