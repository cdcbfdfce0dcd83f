//! What one system sends to another arrives in order, and at most once.

use std::collections::BTreeMap;

use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct Order {
    /// The last that has arrived, by sender and receiver.
    last: BTreeMap<(SystemId, SystemId), u64>,
}

impl Invariant for Order {
    fn see(&mut self, _: Subject, observation: &Observation<'_>) {
        if let Observation::Delivered { from, to, number, .. } = *observation {
            let last = self.last.entry((from, to)).or_default();
            assert!(number > *last, "frame {number} from {from} to {to} arrived after {last}");
            *last = number;
        }
    }
}
