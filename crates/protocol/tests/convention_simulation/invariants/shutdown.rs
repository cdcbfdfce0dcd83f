//! Who has shut down decides nothing any more.

use std::collections::BTreeSet;

use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct Shutdown {
    over: BTreeSet<SystemId>,
}

impl Invariant for Shutdown {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        match observation {
            Observation::ShutDown { convention } => {
                assert_eq!(convention.next_deadline(), None, "{} waits for something", subject.system);
                self.over.insert(subject.system);
            }
            Observation::Told { effect } => {
                assert!(!self.over.contains(&subject.system), "{} has shut down, and wants {effect:?}", subject.system);
            }
            _ => {}
        }
    }
}
