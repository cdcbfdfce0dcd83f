//! What one actor sends another arrives in the order of sending, and at most once. Between systems that know each other by a leader
//! only, what goes by way of one leader keeps its order; when another leads, the next message may be there before.

use std::collections::BTreeMap;

use roscius::{Address, NodeId};
use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Verdict, hold};

#[derive(Default)]
pub(super) struct Order {
    /// By way of whom messages go that do not go straight, all of them in turn.
    ways: BTreeMap<u128, Vec<SystemId>>,
    /// The last message that has arrived, by the process that sent it, sender, receiver and way: who passes a message on leaves
    /// its sender as it was.
    last: BTreeMap<(NodeId, Address, Address, Vec<SystemId>), u128>,
}

impl Invariant for Order {
    fn see(&mut self, _: SystemId, observation: &Observation) -> Verdict {
        match *observation {
            Observation::Relayed { number, by, .. } => {
                self.ways.entry(number).or_default().push(by);
                Ok(())
            }
            Observation::Delivered { number, by, from, to } => {
                let way = self.ways.remove(&number).unwrap_or_default();
                let last = self.last.insert((by, from, to, way), number).unwrap_or_default();
                hold(number > last, || format!("message {number} from {from} to {to} arrived after {last}"))
            }
            _ => Ok(()),
        }
    }
}
