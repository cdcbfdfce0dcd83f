//! A member that is gone is noticed by all that are awake.
//!
//! That takes nine seconds of silence at most, by a clock that may be slow. What it had sent before may come late, and begins them anew once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use roscius_protocol::convention::SystemId;
use roscius_protocol::time::Time;

use super::{Invariant, Observation, Subject};

const WITHIN: Duration = Duration::from_secs(20);
/// Who has members has something to do more often than that. If it has not, it stood still.
const AWAKE: Duration = Duration::from_millis(1_200);

#[derive(Debug, Default)]
pub struct Noticed {
    ended: BTreeSet<SystemId>,
    /// When each did something last.
    last: BTreeMap<SystemId, Time>,
    /// How long each has been awake since a member of it ended, without noticing.
    unnoticed: BTreeMap<(SystemId, SystemId), Duration>,
}

impl Invariant for Noticed {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        let (at, now) = (subject.system, subject.world);
        match observation {
            Observation::Ended => {
                self.ended.insert(at);
            }
            Observation::Decided { convention } => {
                let awake = now.since(self.last.insert(at, now).unwrap_or(now)).min(AWAKE);
                if awake.is_zero() {
                    return;
                }
                for member in convention.members().filter(|member| self.ended.contains(&member.system)) {
                    let unnoticed = self.unnoticed.entry((at, member.system)).or_default();
                    *unnoticed += awake;
                    assert!(*unnoticed < WITHIN, "{at} has not noticed that {} is gone", member.system);
                }
            }
            _ => {}
        }
    }
}
