//! How long to wait before something is tried again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// A waiting time that may grow from attempt to attempt, up to a maximum.
///
/// Part of it may be left to chance, the *jitter*, so that many who failed together do not try again together. The
/// jitter only ever shortens a delay: the maximum holds, and those that have reached it stay apart as well.
///
/// The fields may be set freely. [`Backoff::check`] tells what makes no sense; [`Backoff::delay`] makes the best of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// The delay before the first attempt.
    pub initial: Duration,
    /// Each delay in percent of the one before: 200 doubles it, 100 keeps it.
    pub factor_percent: u32,
    /// No delay is longer than this.
    pub maximum: Duration,
    /// How much of a delay chance may take away, in percent.
    pub jitter_percent: u8,
}

impl Backoff {
    /// Do not wait.
    pub const fn none() -> Self {
        Self::constant(Duration::ZERO)
    }

    /// Wait equally long each time.
    pub const fn constant(delay: Duration) -> Self {
        Self { initial: delay, factor_percent: 100, maximum: delay, jitter_percent: 0 }
    }

    /// Wait `initial` at first and twice as long each time, up to `maximum`, less a jitter of 20 %.
    pub const fn exponential(initial: Duration, maximum: Duration) -> Self {
        Self { initial, factor_percent: 200, maximum, jitter_percent: 20 }
    }

    /// Sets the delay before the first attempt.
    #[must_use]
    pub const fn initial(mut self, delay: Duration) -> Self {
        self.initial = delay;
        self
    }

    /// Sets by how much the delay grows: 150 makes each one and a half times as long as the one before.
    #[must_use]
    pub const fn factor_percent(mut self, percent: u32) -> Self {
        self.factor_percent = percent;
        self
    }

    /// Sets what no delay exceeds.
    #[must_use]
    pub const fn maximum(mut self, delay: Duration) -> Self {
        self.maximum = delay;
        self
    }

    /// Sets how much of a delay chance may take away.
    #[must_use]
    pub const fn jitter_percent(mut self, percent: u8) -> Self {
        self.jitter_percent = percent;
        self
    }

    /// Whether this makes sense. To be asked where a back-off is declared, so that a mistake shows there.
    ///
    /// # Errors
    ///
    /// The first mistake found.
    pub fn check(&self) -> Result<(), InvalidBackoff> {
        let Self { initial, factor_percent, maximum, jitter_percent } = *self;
        if maximum < initial {
            return Err(InvalidBackoff::MaximumBelowInitial { initial, maximum });
        }
        if factor_percent < 100 {
            return Err(InvalidBackoff::Shrinks { factor_percent });
        }
        if initial.is_zero() && !maximum.is_zero() {
            return Err(InvalidBackoff::NeverGrows { maximum });
        }
        if jitter_percent > 100 {
            return Err(InvalidBackoff::JitterTooLarge { jitter_percent });
        }
        Ok(())
    }

    /// How long to wait before `attempt`, counted from zero. The same seed gives the same delay.
    ///
    /// Chance shortens the delay by up to the jitter; it is never above the maximum. Every attempt draws anew from the
    /// seed, so one seed does for all attempts, but give each waiting party its own.
    pub fn delay(&self, attempt: u32, seed: u64) -> Duration {
        let full = self.full_delay(attempt);
        let jitter = u128::from(self.jitter_percent.min(100));
        // 32 bits of chance: with all 64, the product below could overflow.
        let chance = u128::from(Random::after(seed, attempt.into()).next() >> 32);
        let cut = (full * jitter / 100 * chance) >> 32;
        from_nanos(full - cut)
    }

    /// The delay without jitter, in nanoseconds.
    fn full_delay(&self, attempt: u32) -> u128 {
        let maximum = self.maximum.as_nanos();
        let factor = u128::from(self.factor_percent.max(100));
        let mut delay = self.initial.as_nanos().min(maximum);
        if delay == 0 || factor == 100 {
            return delay;
        }
        // Rounding up makes each step grow, by one nanosecond at least, so the maximum ends the loop after some
        // thousand rounds at most. No overflow: a `Duration` has less than 2^94 nanoseconds and the factor 32 bits.
        for _ in 0..attempt {
            if delay >= maximum {
                return maximum;
            }
            delay = (delay * factor).div_ceil(100);
        }
        delay.min(maximum)
    }
}

impl Default for Backoff {
    /// Do not wait.
    fn default() -> Self {
        Self::none()
    }
}

/// Why a [`Backoff`] makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBackoff {
    /// The maximum is shorter than the first delay.
    #[error("the maximum of a back-off, {maximum:?}, is below its initial delay, {initial:?}")]
    MaximumBelowInitial {
        /// The first delay.
        initial: Duration,
        /// The maximum.
        maximum: Duration,
    },
    /// The factor is below 100 percent.
    #[error("a back-off does not shrink: its factor is 100 % or more, not {factor_percent} %")]
    Shrinks {
        /// The factor.
        factor_percent: u32,
    },
    /// The first delay is zero, so all are, and the maximum is never reached.
    #[error("a back-off that starts at zero never grows to its maximum, {maximum:?}: start above zero")]
    NeverGrows {
        /// The maximum.
        maximum: Duration,
    },
    /// The jitter is more than the whole delay.
    #[error("the jitter of a back-off is 100 % at most, not {jitter_percent} %")]
    JitterTooLarge {
        /// The jitter.
        jitter_percent: u8,
    },
}

fn from_nanos(nanoseconds: u128) -> Duration {
    const PER_SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanoseconds / PER_SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, (nanoseconds % PER_SECOND) as u32)
}

#[cfg(test)]
mod tests;
