//! How often something is sent at most.

use std::time::Duration;

use crate::time::Time;

/// What may still be sent to one system: a number at once, and then one for each period that passes.
///
/// Registrations carry all capabilities, so changes that follow each other quickly are sent as one, and who asks without end is not answered without end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    left: u32,
    /// Up to when what has passed is counted into `left`.
    counted: Time,
}

impl Allowance {
    pub(super) const fn full(burst: u32, now: Time) -> Self {
        Self { left: burst, counted: now }
    }

    /// Takes one, or says when there will be one.
    pub(super) fn take(&mut self, now: Time, burst: u32, every: Duration) -> Result<(), Time> {
        let every = every.max(Duration::from_millis(1));
        let passed = now.since(self.counted).as_nanos() / every.as_nanos();
        let earned = u32::try_from(passed).unwrap_or(u32::MAX);
        if self.left.saturating_add(earned) >= burst {
            self.left = burst;
            self.counted = now;
        } else {
            self.left += earned;
            self.counted = self.counted.plus(every * earned);
        }
        if self.left == 0 {
            return Err(self.counted.plus(every));
        }
        self.left -= 1;
        Ok(())
    }
}
