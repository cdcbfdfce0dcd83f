//! What comes from a system that is no member does not reach anybody: neither before it has joined, nor after it has left.

use std::collections::BTreeSet;

use roscius_protocol::convention::{Effect, SystemId};

use super::{Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct MembersOnly {
    /// Who is a member, and for whom.
    members: BTreeSet<(SystemId, SystemId)>,
}

impl Invariant for MembersOnly {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        let at = subject.system;
        match *observation {
            Observation::Told { effect: Effect::Joined { system, .. } } => {
                self.members.insert((*system, at));
            }
            Observation::Told { effect: Effect::Left { system, .. } } => {
                self.members.remove(&(*system, at));
            }
            Observation::Delivered { from, number, .. } => {
                let is_member = self.members.contains(&(from, at));
                assert!(is_member, "frame {number} of {from}, which is no member, reached {at}");
            }
            _ => {}
        }
    }
}
