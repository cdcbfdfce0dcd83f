//! Where nothing is worse than a slow network and short pauses, nobody is given up.

use std::time::Duration;

use roscius_protocol::convention::Effect;

use super::{Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct FalseAlarms;

impl Invariant for FalseAlarms {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        // When all is over they are shut down.
        if let Observation::Told { effect: Effect::Left { system, .. } } = observation {
            panic!(
                "{} has given up {system} after {:?}",
                subject.system,
                Duration::from_nanos(subject.world.as_nanos())
            );
        }
    }
}
