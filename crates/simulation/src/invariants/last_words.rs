//! Who was told of the end of an actor by that itself gets nothing from it any more, except by way of another leader.

use std::collections::BTreeSet;

use roscius::{Address, Signal};
use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Verdict, hold, is_certain};

#[derive(Default)]
pub(super) struct LastWords {
    /// Who knows of whose end.
    ended: BTreeSet<(Address, Address)>,
    /// Messages that go by way of a leader.
    relayed: BTreeSet<u128>,
}

impl Invariant for LastWords {
    fn see(&mut self, _: SystemId, observation: &Observation) -> Verdict {
        match observation {
            Observation::Told { to, signal } => {
                if let Signal::Terminated { address: who, reason } | Signal::ChildEnded { child: who, reason, .. } =
                    signal
                    && is_certain(reason)
                {
                    self.ended.insert((*to, *who));
                }
                Ok(())
            }
            Observation::Relayed { number, .. } => {
                self.relayed.insert(*number);
                Ok(())
            }
            Observation::Delivered { number, .. } if self.relayed.remove(number) => Ok(()),
            Observation::Delivered { number, by, from, to } if by.number() == from.node().number() => {
                let over = self.ended.contains(&(*to, *from));
                hold(!over, || format!("message {number} of {from} reaches {to}, which knows that it has ended"))
            }
            _ => Ok(()),
        }
    }
}
