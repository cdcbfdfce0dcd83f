//! Nothing that is to come after a while comes sooner, by the clock of who waits for it.

use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Verdict, hold};

pub(super) struct Timers;

impl Invariant for Timers {
    fn see(&mut self, at: SystemId, observation: &Observation) -> Verdict {
        let Observation::Woken { due, now } = observation else { return Ok(()) };
        hold(due <= now, || format!("{at} was woken at {now} for {due}"))
    }
}
