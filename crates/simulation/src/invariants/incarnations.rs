//! Nothing is done by, or delivered to, a start of a system that is over, and nothing meant for one start reaches another.

use std::collections::BTreeSet;

use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Verdict, hold};

#[derive(Default)]
pub(super) struct Incarnations {
    running: BTreeSet<SystemId>,
}

impl Invariant for Incarnations {
    fn see(&mut self, at: SystemId, observation: &Observation) -> Verdict {
        match observation {
            Observation::Started => hold(self.running.insert(at), || format!("{at} was started twice")),
            Observation::Ended => hold(self.running.remove(&at), || format!("{at} ended twice")),
            observation => {
                let meant = match observation {
                    Observation::Delivered { to, .. } | Observation::Told { to, .. } => to.node().system() == at,
                    _ => true,
                };
                let runs = self.running.contains(&at);
                hold(meant && runs, || format!("{at} is not who is meant, or does not run any more: {observation:?}"))
            }
        }
    }
}
