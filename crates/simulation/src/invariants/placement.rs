//! Actors are made only where there is what they need.

use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Verdict, hold};
use crate::system::Requirements;

pub(super) struct Placement {
    requirements: Requirements,
}

impl Placement {
    pub fn new(requirements: Requirements) -> Self {
        Self { requirements }
    }
}

impl Invariant for Placement {
    fn see(&mut self, at: SystemId, observation: &Observation) -> Verdict {
        let Observation::Made { maker, capabilities } = observation else { return Ok(()) };
        let fits = self.requirements.borrow().get(maker).is_none_or(|requirement| requirement(capabilities));
        hold(fits, || format!("{at} makes `{maker}` and has {capabilities:?}"))
    }
}
