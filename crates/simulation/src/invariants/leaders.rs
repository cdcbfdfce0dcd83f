//! One system leads in a term.

use std::collections::BTreeMap;

use roscius_protocol::admin::Admin;
use roscius_protocol::convention::{SystemId, Term};

use super::{Invariant, Observation, Verdict, hold};

#[derive(Default)]
pub(super) struct Leaders {
    terms: BTreeMap<Term, SystemId>,
}

impl Invariant for Leaders {
    fn see(&mut self, _: SystemId, _: &Observation) -> Verdict {
        Ok(())
    }

    fn look(&mut self, at: SystemId, admin: &Admin) -> Verdict {
        let convention = admin.convention();
        if !convention.is_leader() {
            return Ok(());
        }
        let term = convention.term();
        let leads = *self.terms.entry(term).or_insert(at);
        hold(leads == at, || format!("{leads} and {at} lead in the term {term:?}"))
    }
}
