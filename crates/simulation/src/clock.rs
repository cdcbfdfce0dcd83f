//! The clock of one system, which need not agree with any other.

use std::time::Duration;

use roscius_protocol::time::Time;

const MILLION: u128 = 1_000_000;

/// It shows another time than the world has, and goes faster or slower.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    ahead: u128,
    /// How many of its seconds pass in a million seconds of the world.
    rate: u128,
}

impl Clock {
    /// One that is ahead of the world by so much at its beginning, and goes too fast by so many parts in a million, or too slow.
    pub fn new(ahead: Duration, parts_per_million: i32) -> Self {
        Self { ahead: ahead.as_nanos(), rate: MILLION.saturating_add_signed(parts_per_million.into()) }
    }

    /// What it shows.
    pub fn shows(&self, world: Time) -> Time {
        let shown = self.ahead + u128::from(world.as_nanos()) * self.rate / MILLION;
        Time::from_nanos(u64::try_from(shown).unwrap_or(u64::MAX))
    }

    /// The first moment of the world at which it shows that, or later.
    pub fn when(&self, shown: Time) -> Time {
        let since = u128::from(shown.as_nanos()).saturating_sub(self.ahead);
        Time::from_nanos(u64::try_from((since * MILLION).div_ceil(self.rate)).unwrap_or(u64::MAX))
    }
}
