//! An ask has one outcome: nobody is answered twice, and nobody waits for an answer from a process that is gone. Who has asked by way
//! of a leader may: if that is lost, so may be the news.

use std::collections::BTreeSet;

use roscius::NodeId;
use roscius_protocol::convention::SystemId;

use super::{End, Invariant, Observation, Verdict, hold};

#[derive(Default)]
pub(super) struct Asks {
    /// Which system has said something to which by way of a leader.
    relayed: BTreeSet<(SystemId, SystemId)>,
}

impl Invariant for Asks {
    fn see(&mut self, at: SystemId, observation: &Observation) -> Verdict {
        match observation {
            Observation::Relayed { to, .. } => {
                self.relayed.insert((at, *to));
                Ok(())
            }
            Observation::AnsweredAgain { by, ask } => Err(format!("{by} has another answer to its ask {ask}")),
            _ => Ok(()),
        }
    }

    fn end(&mut self, end: &End<'_>) -> Verdict {
        let lives = |node: NodeId| end.systems.iter().any(|system| system.processes.contains_key(&node));
        for process in end.systems.iter().flat_map(|system| system.processes.values()) {
            for asked in process.asked() {
                let told = lives(asked) || self.relayed.contains(&(process.node.system(), asked.system()));
                hold(told, || format!("{} waits for an answer from {asked}, which is gone", process.node))?;
            }
        }
        Ok(())
    }
}
