//! Messages come only from systems that are members at that time.

use std::collections::BTreeSet;

use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Verdict, hold};

#[derive(Default)]
pub(super) struct MembersOnly {
    /// Who is a member where.
    members: BTreeSet<(SystemId, SystemId)>,
}

impl Invariant for MembersOnly {
    fn see(&mut self, at: SystemId, observation: &Observation) -> Verdict {
        match observation {
            Observation::Met { system } => {
                let new = self.members.insert((at, *system));
                hold(new, || format!("{system} joins {at} twice"))
            }
            Observation::Parted { system } => {
                let was = self.members.remove(&(at, *system));
                hold(was, || format!("{system} leaves {at}, where it was no member"))
            }
            Observation::Reached { number, over } => {
                let is_member = self.members.contains(&(at, *over));
                hold(is_member, || format!("message {number} reaches {at} from {over}, which is no member"))
            }
            _ => Ok(()),
        }
    }
}
