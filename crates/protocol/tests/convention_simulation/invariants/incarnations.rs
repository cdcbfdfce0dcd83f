//! A frame reaches the incarnation that it was sent to, while that runs, and comes from who it says.

use std::collections::BTreeSet;

use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct Incarnations {
    running: BTreeSet<SystemId>,
    ended: BTreeSet<SystemId>,
}

impl Invariant for Incarnations {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        let system = subject.system;
        match *observation {
            Observation::Started => {
                assert!(!self.ended.contains(&system), "{system} was there before");
                self.running.insert(system);
            }
            Observation::Ended => {
                self.running.remove(&system);
                self.ended.insert(system);
            }
            Observation::Delivered { link, from, to, number } => {
                assert_eq!(to, system, "frame {number} from {from} was for another");
                assert_eq!(from, link, "frame {number} came over the link with another");
                assert!(self.running.contains(&system), "{system} does not run any more");
            }
            _ => {}
        }
    }
}
