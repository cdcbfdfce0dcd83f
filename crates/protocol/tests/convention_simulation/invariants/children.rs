//! Who has a child on a system that is lost is told once, and before that system is said to have left.

use std::collections::BTreeMap;

use roscius_protocol::address::Address;
use roscius_protocol::convention::{Effect, SystemId};

use super::{End, Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct Children {
    /// By the system of the parent: each child, and its parent.
    placed: BTreeMap<SystemId, BTreeMap<Address, Address>>,
}

impl Invariant for Children {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        let placed = self.placed.entry(subject.system).or_default();
        match observation {
            Observation::Placed { parent, child } => {
                placed.insert(*child, *parent);
            }
            Observation::Told { effect: Effect::ChildLost { parent, child } } => {
                assert_eq!(placed.remove(child), Some(*parent), "a child was lost twice, or never there");
            }
            Observation::Told { effect: Effect::Left { system, .. } } => {
                let orphan = placed.keys().find(|child| child.node().system() == *system);
                assert_eq!(orphan, None, "{system} has left, and the parent of its child was not told");
            }
            _ => {}
        }
    }

    fn end(&mut self, end: &End<'_>) {
        let runs = |system| end.systems.values().any(|other| other.id == system);
        for system in end.systems.values() {
            let placed = self.placed.get(&system.id).into_iter().flatten();
            let dead = placed.map(|(child, _)| child).find(|child| !runs(child.node().system()));
            assert_eq!(dead, None, "host {} still has a child on a system that is gone", system.host);
        }
    }
}
