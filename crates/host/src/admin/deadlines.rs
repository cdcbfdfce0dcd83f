//! When something is due for each of many systems.

use std::collections::{BTreeMap, BTreeSet};

use roscius_protocol::convention::SystemId;
use roscius_protocol::time::Time;

/// One deadline a system, at most. A leader of thousands of members asks for the first of them in every turn.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    of: BTreeMap<SystemId, Time>,
    in_order: BTreeSet<(Time, SystemId)>,
}

impl Deadlines {
    /// Something is due for a system then, or never.
    pub fn set(&mut self, system: SystemId, due: Option<Time>) {
        let before = match due {
            Some(due) => self.of.insert(system, due),
            None => self.of.remove(&system),
        };
        if before != due {
            if let Some(before) = before {
                self.in_order.remove(&(before, system));
            }
            self.in_order.extend(due.map(|due| (due, system)));
        }
    }

    /// The earliest.
    pub fn next(&self) -> Option<Time> {
        self.in_order.first().map(|(due, _)| *due)
    }

    /// Those for which something is due.
    pub fn due(&self, now: Time) -> Vec<SystemId> {
        self.in_order.iter().take_while(|(due, _)| *due <= now).map(|(_, system)| *system).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Time {
        Time::ZERO.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn the_latest_word_on_each_system_counts() {
        let mut deadlines = Deadlines::default();
        for (system, due) in [(1, Some(5)), (2, Some(3)), (3, Some(4)), (2, Some(9)), (3, None), (4, Some(5))] {
            deadlines.set(system, due.map(at));
        }
        assert_eq!(deadlines.next(), Some(at(5)));
        assert!(deadlines.due(at(4)).is_empty());
        assert_eq!(deadlines.due(at(5)), [1, 4]);
        assert_eq!(deadlines.due(at(9)), [1, 4, 2]);
        (1..=4).for_each(|system| deadlines.set(system, None));
        assert_eq!((deadlines.next(), deadlines.due(at(99))), (None, Vec::new()));
    }
}
