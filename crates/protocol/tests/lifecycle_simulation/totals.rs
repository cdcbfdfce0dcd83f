//! How much happened, so that a simulation in which nothing happens does not pass.

use std::fmt;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Sent,
    Handled,
    GivenBack,
    Refused,
    DeadLetters,
    Spawned,
    Failures,
    FailedCreations,
    Restarts,
    RestartsOfSiblings,
    DelayedRestarts,
    Resumed,
    Escalated,
    TooManyRestarts,
    SettledBefore,
    Orphans,
    ParentsTold,
    WatchersTold,
    ToldLater,
    Bounced,
}

const ALL: [Count; 20] = [
    Count::Sent,
    Count::Handled,
    Count::GivenBack,
    Count::Refused,
    Count::DeadLetters,
    Count::Spawned,
    Count::Failures,
    Count::FailedCreations,
    Count::Restarts,
    Count::RestartsOfSiblings,
    Count::DelayedRestarts,
    Count::Resumed,
    Count::Escalated,
    Count::TooManyRestarts,
    Count::SettledBefore,
    Count::Orphans,
    Count::ParentsTold,
    Count::WatchersTold,
    Count::ToldLater,
    Count::Bounced,
];

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Totals([u64; ALL.len()]);

impl Totals {
    pub fn add(&mut self, count: Count) {
        self.0[count as usize] += 1;
    }

    pub fn check_that_everything_happened(&self) {
        for count in ALL {
            assert!(self.0[count as usize] > 300, "{count:?} happens too rarely to be tested");
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ALL.iter().try_for_each(|&count| writeln!(f, "{count:?}: {}", self.0[count as usize]))
    }
}
