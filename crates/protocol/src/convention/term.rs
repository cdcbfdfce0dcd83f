//! Who led when.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::SystemId;

/// One time of leading. Later ones are greater. The leader is part of it, so no two systems ever lead in the same term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Term {
    // The order of the fields is the order of terms.
    number: u64,
    leader: SystemId,
}

impl Term {
    /// The highest number. What names a higher one is not believed. Even with a thousand changes of the leader a second it is not reached.
    pub const MAX_NUMBER: u64 = 1 << 48;

    /// The term in which `leader` leads after this one.
    #[must_use]
    pub const fn next(self, leader: SystemId) -> Self {
        let number = if self.number < Self::MAX_NUMBER { self.number + 1 } else { Self::MAX_NUMBER };
        Self { number, leader }
    }

    /// How many terms there were, this one included. Zero: none.
    pub const fn number(self) -> u64 {
        self.number
    }

    /// Who leads, or led, in it.
    pub const fn leader(self) -> SystemId {
        self.leader
    }
}

/// Such as `7 (1f2e3d4c)`.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:x})", self.number, self.leader)
    }
}
