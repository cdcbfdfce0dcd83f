//! Every frame is delivered or reported, and reported once. What is said not to have been delivered was not.

use std::collections::BTreeMap;

use roscius_protocol::convention::SystemId;
use roscius_protocol::pair::Loss;

use super::{End, Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct Accounting {
    /// By sender, receiver and number.
    frames: BTreeMap<(SystemId, SystemId, u64), Fate>,
}

#[derive(Debug, Default)]
struct Fate {
    delivered: bool,
    lost: Option<Loss>,
}

impl Accounting {
    fn fate(&mut self, frame: (SystemId, SystemId, u64)) -> &mut Fate {
        self.frames.get_mut(&frame).unwrap_or_else(|| panic!("nobody has sent {frame:?}"))
    }
}

impl Invariant for Accounting {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        match *observation {
            Observation::Sent { to, number } => {
                self.frames.insert((subject.system, to, number), Fate::default());
            }
            Observation::Delivered { from, to, number, .. } => {
                let fate = self.fate((from, to, number));
                let possible = matches!(fate.lost, None | Some(Loss::Unknown));
                assert!(possible, "{from} was told of frame {number} to {to}: {:?}, and it arrived", fate.lost);
                fate.delivered = true;
            }
            Observation::Lost { to, number, why } => {
                let from = subject.system;
                let fate = self.fate((from, to, number));
                assert_eq!(fate.lost, None, "{from} was told of frame {number} to {to} before");
                let possible = !fate.delivered || why == Loss::Unknown;
                assert!(possible, "{from} is told of frame {number} to {to}: {why:?}, but it arrived");
                fate.lost = Some(why);
            }
            _ => {}
        }
    }

    fn end(&mut self, end: &End<'_>) {
        let runs = |system: &SystemId| end.systems.values().any(|other| other.id == *system);
        for (frame, fate) in self.frames.iter().filter(|((from, ..), _)| runs(from)) {
            assert!(fate.delivered || fate.lost.is_some(), "nothing was heard of {frame:?}");
        }
        for system in end.systems.values() {
            assert_eq!(system.held(), 0, "host {} still holds frames", system.host);
        }
    }
}
