//! A system that shuts down in good order leaves no process behind.

use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Verdict, hold};

pub(super) struct Shutdown;

impl Invariant for Shutdown {
    fn see(&mut self, at: SystemId, observation: &Observation) -> Verdict {
        let Observation::ShutDown { left } = observation else { return Ok(()) };
        hold(left.is_empty(), || format!("{at} has shut down, and {left:?} are left"))
    }
}
