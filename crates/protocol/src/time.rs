//! Moments on the clock of one system.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment, in nanoseconds since the start of the system. It reaches some 584 years far.
///
/// Whoever drives the state machines reads a clock, real or virtual, and hands in the moment. Moments of two systems
/// do not compare: each starts at its own zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(u64);

impl Time {
    /// The start of the system.
    pub const ZERO: Self = Self(0);
    /// The last moment there is. A deadline here never comes.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment this many nanoseconds after the start.
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// The nanoseconds from the start to this moment.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The moment `duration` later, or [`Time::MAX`] if that lies beyond it.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanoseconds))
    }

    /// How long ago `earlier` was, or zero if it is still to come.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Seconds with nine decimals, such as `12.000300000s`, so that moments in a log stand in line and lose nothing.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_start = Duration::from_nanos(self.0);
        write!(f, "{}.{:09}s", since_start.as_secs(), since_start.subsec_nanos())
    }
}

#[cfg(test)]
mod tests;
