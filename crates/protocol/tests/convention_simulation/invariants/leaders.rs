//! In one term there is one leader.

use std::collections::BTreeMap;

use roscius_protocol::convention::{SystemId, Term};

use super::{Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct Leaders {
    terms: BTreeMap<Term, SystemId>,
}

impl Invariant for Leaders {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        if let Observation::Decided { convention } = observation
            && convention.is_leader()
        {
            let term = convention.term();
            let leader = *self.terms.entry(term).or_insert(subject.system);
            assert_eq!(leader, subject.system, "two lead in term {term}");
        }
    }
}
