//! A system joins and leaves by turns, as each sees it; it never joins itself; no two members have one identity; and what is told is what there is.

use std::collections::{BTreeMap, BTreeSet};

use roscius_protocol::convention::{Effect, SystemId, admin_of};

use super::{Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct Membership {
    /// Who has joined, as each was told.
    joined: BTreeMap<SystemId, BTreeSet<SystemId>>,
}

impl Invariant for Membership {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        let at = subject.system;
        let joined = self.joined.entry(at).or_default();
        match observation {
            Observation::Told { effect: Effect::Joined { system, admin, .. } } => {
                assert_ne!(*system, at, "it joined itself");
                assert_eq!(*admin, admin_of(*system));
                assert!(joined.insert(*system), "{at} was told twice that {system} has joined");
            }
            Observation::Told { effect: Effect::Left { system, .. } } => {
                assert!(joined.remove(system), "{at} was told that {system} has left, but not that it was there");
            }
            Observation::Decided { convention } => {
                assert!(convention.members().map(|member| member.system).eq(joined.iter().copied()), "at {at}");
                let identities: BTreeSet<_> = convention.members().map(|member| member.identity).collect();
                assert_eq!(identities.len(), joined.len(), "two members have one identity, as {at} sees it");
            }
            Observation::Ended => {
                self.joined.remove(&at);
            }
            _ => {}
        }
    }
}
