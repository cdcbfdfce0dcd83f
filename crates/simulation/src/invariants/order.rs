//! What one actor sends another arrives in the order of sending, and at most once.

use std::collections::BTreeMap;

use roscius::{Address, NodeId};
use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Verdict, hold};

#[derive(Default)]
pub(super) struct Order {
    /// The last message that has arrived, by the process that sent it, sender and receiver: who
    /// passes a message on leaves its sender as it was.
    last: BTreeMap<(NodeId, Address, Address), u128>,
}

impl Invariant for Order {
    fn see(&mut self, _: SystemId, observation: &Observation) -> Verdict {
        let Observation::Delivered { number, by, from, to } = *observation else { return Ok(()) };
        let last = self.last.insert((by, from, to), number).unwrap_or_default();
        hold(number > last, || format!("message {number} from {from} to {to} arrived after {last}"))
    }
}
