//! Where a system gets its time from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use roscius_protocol::time::Time;

use crate::engine::lock;
use crate::engine::shared::Shared;

/// The time of a system.
#[derive(Clone)]
pub(crate) enum Clock {
    Real(Instant),
    Manual(ManualClock),
}

impl Clock {
    pub(crate) fn now(&self) -> Time {
        match self {
            Self::Real(start) => Time::ZERO.plus(start.elapsed()),
            Self::Manual(clock) => clock.now(),
        }
    }

    pub(crate) fn is_manual(&self) -> bool {
        matches!(self, Self::Manual(_))
    }
}

/// A clock for tests: it stands still until it is told to go on.
///
/// Give it to a system with [`Builder::clock`](crate::Builder::clock); wakeups, back-offs and time-outs then follow it.
#[derive(Clone, Default)]
pub struct ManualClock {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    nanoseconds: AtomicU64,
    followers: Mutex<Vec<Weak<Shared>>>,
}

impl ManualClock {
    /// A clock at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time since the start of the clock.
    pub fn elapsed(&self) -> Duration {
        self.now().since(Time::ZERO)
    }

    /// Lets time pass. Systems on the base `threads` notice at once; one on the base `simple` at its next step.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.inner.nanoseconds.fetch_add(by, Ordering::SeqCst);
        for follower in lock(&self.inner.followers).iter().filter_map(Weak::upgrade) {
            for core in &follower.cores {
                core.rouse();
            }
        }
    }

    pub(crate) fn follow(&self, system: &Arc<Shared>) {
        lock(&self.inner.followers).push(Arc::downgrade(system));
    }

    fn now(&self) -> Time {
        Time::ZERO.plus(Duration::from_nanos(self.inner.nanoseconds.load(Ordering::SeqCst)))
    }
}
