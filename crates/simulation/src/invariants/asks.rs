//! Who asks an actor of another process gets an answer or is told that there is none, unless the receiver keeps it waiting by itself:
//! nobody waits for a process that is gone.

use roscius_protocol::convention::SystemId;

use super::{End, Invariant, Observation, Verdict, hold};

pub(super) struct Asks;

impl Invariant for Asks {
    fn see(&mut self, _: SystemId, _: &Observation) -> Verdict {
        Ok(())
    }

    fn end(&mut self, end: &End<'_>) -> Verdict {
        let lives = |node: roscius::NodeId| end.systems.iter().any(|system| system.processes.contains_key(&node));
        for process in end.systems.iter().flat_map(|system| system.processes.values()) {
            for asked in process.asked() {
                hold(lives(asked), || format!("{} waits for an answer from {asked}, which is gone", process.node))?;
            }
        }
        Ok(())
    }
}
