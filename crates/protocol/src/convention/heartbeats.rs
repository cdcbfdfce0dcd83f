//! Who is alive.

use std::time::Duration;

use super::messages::Heartbeat;
use super::{Convention, Effect, Message, SystemId, Timer, Why};
use crate::backoff::Backoff;
use crate::time::Time;

/// So often, in heartbeats, a leader is asked again for news of systems that are no members.
const WATCH_AGAIN: u32 = 16;

/// A deadline that is told later than this was slept through.
const SLEPT: Duration = Duration::from_millis(500);

impl Convention {
    pub(super) fn heard(&mut self, now: Time, system: SystemId) {
        if let Some(known) = self.known.get_mut(&system) {
            known.heard = now;
        }
    }

    /// While this system itself stood still nobody could be heard. What others said meanwhile is read in a moment, so the time does not count.
    pub(super) fn allow_for_sleep(&mut self, now: Time) {
        let Some(slept) = self.next_deadline().map(|deadline| now.since(deadline)).filter(|slept| *slept > SLEPT)
        else {
            return;
        };
        for known in self.known.values_mut() {
            known.heard = known.heard.plus(slept).min(now);
            if let Some((since, _)) = &mut known.broken {
                *since = since.plus(slept).min(now);
            }
        }
        self.registry.allow_for_sleep(now, slept);
    }

    /// Does what is due for a system, and sees to it that it is looked after again.
    pub(super) fn look_after(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        let Some(known) = self.known.get_mut(&system) else { return };
        if let Some((since, reason)) = &known.broken {
            let overdue = since.plus(self.timing.broken_after);
            if overdue <= now {
                let why = Why::LinkBroken { reason: reason.clone(), after: self.timing.broken_after };
                return self.lose(now, system, why, effects);
            }
            Self::set_alarm(&mut self.timers, &mut known.alarm, overdue, Timer::Known(system));
            return;
        }
        if known.owed {
            self.register(now, system, effects);
        }
        let state = self.state();
        let Some(known) = self.known.get_mut(&system) else { return };
        let heard = known.heard;
        let Some(tie) = known.member_mut() else { return };
        let silent_at = heard.plus(tie.patience);
        if silent_at <= now {
            let why = Why::Silent { after: tie.patience };
            return self.expel(now, system, why, effects);
        }
        let mut next_beat = tie.next_beat;
        if next_beat <= now {
            tie.beats = tie.beats.wrapping_add(1);
            let heartbeat = self.timing.heartbeat;
            let spread = Backoff::constant(heartbeat).jitter_percent(20);
            tie.next_beat = now.plus(spread.delay(tie.beats, self.seed ^ u64::from(system) << 32));
            next_beat = tie.next_beat;
            let beat = Heartbeat {
                mine: tie.mine,
                yours: tie.theirs.unwrap_or_default(),
                version: self.version,
                knows: tie.version,
                knows_names: self.registry.version_of(system),
                state,
            };
            effects.push(Effect::Send { system, message: Message::Heartbeat(beat) });
            if tie.confirmed && tie.beats.is_multiple_of(WATCH_AGAIN) {
                // A question, or the answer to it, may have been lost without the link.
                self.watch_again(system, effects);
            }
        }
        let next = silent_at.min(next_beat);
        let Some(known) = self.known.get_mut(&system) else { return };
        Self::set_alarm(&mut self.timers, &mut known.alarm, next, Timer::Known(system));
    }

    pub(super) fn got_heartbeat(&mut self, now: Time, system: SystemId, beat: Heartbeat, effects: &mut Vec<Effect>) {
        let state = self.believed(system, beat.state, effects);
        let beat = Heartbeat { state, ..beat };
        let wanted = self.wants(system);
        let Some(tie) = self.known.get_mut(&system).and_then(|known| known.tie.as_mut()) else {
            // It takes this system for a member, which it is not any more.
            return if wanted {
                self.register(now, system, effects);
            } else {
                self.disown(now, system, beat.mine, effects);
            };
        };
        match tie.theirs {
            Some(theirs) if beat.mine < theirs => self.count("Convention Message Received.Old"),
            Some(theirs) if beat.mine == theirs && beat.yours == tie.mine => {
                let changed = tie.state.leads != beat.state.leads || tie.state.term != beat.state.term;
                tie.hear_state(beat.state);
                self.hear_term(beat.state);
                self.confirm(now, system, effects);
                if beat.knows != self.version {
                    // The registration that told of the change was lost.
                    self.register(now, system, effects);
                }
                if changed {
                    self.review_leadership(now, effects);
                }
                self.names_are_known(now, system, beat.knows_names, effects);
                self.follows(now, system, effects);
            }
            // The two do not mean the same tie: a registration makes that clear.
            _ => self.register(now, system, effects),
        }
    }
}
