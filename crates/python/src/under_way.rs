//! What goes on outside of the engine and may still lead to messages: coroutines, and answers on their way to them.
//!
//! On the base `simple` nobody but who waits for something drives the actors, and has to know whether waiting is of any use.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// See the [module](self).
#[derive(Default)]
pub(crate) struct UnderWay {
    state: Mutex<State>,
    stirred: Condvar,
}

#[derive(Default)]
struct State {
    count: usize,
    /// How often something happened that may give the actors work.
    stirs: u64,
    /// How many threads wait for that. To ring for nobody would be a system call.
    waiting: usize,
}

/// What there is to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prospect {
    /// Something has happened since: the actors may have work.
    News,
    /// Something is under way.
    Busy,
    /// Nothing.
    Idle,
}

/// One thing that is under way, until it is dropped.
pub(crate) struct Going(Arc<UnderWay>);

impl UnderWay {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more thing is under way.
    pub(crate) fn begin(self: &Arc<Self>) -> Going {
        self.add(1);
        Going(Arc::clone(self))
    }

    /// So many things more are under way.
    pub(crate) fn add(&self, count: usize) {
        self.state().count += count;
    }

    /// So many things are not under way any more. What they led to has been sent before.
    pub(crate) fn remove(&self, count: usize) {
        let mut state = self.state();
        state.count = state.count.saturating_sub(count);
        self.ring(state);
    }

    /// The actors may have work.
    pub(crate) fn stir(&self) {
        self.ring(self.state());
    }

    fn ring(&self, mut state: MutexGuard<'_, State>) {
        state.stirs += 1;
        if state.waiting > 0 {
            self.stirred.notify_all();
        }
    }

    /// What to compare with later.
    pub(crate) fn stirs(&self) -> u64 {
        self.state().stirs
    }

    /// What has become of it since `seen`, which [`UnderWay::stirs`] gave before the actors were driven.
    pub(crate) fn prospect(&self, seen: u64) -> Prospect {
        let state = self.state();
        match (state.stirs == seen, state.count) {
            (false, _) => Prospect::News,
            (true, 0) => Prospect::Idle,
            (true, _) => Prospect::Busy,
        }
    }

    /// Waits for news, at most so long.
    pub(crate) fn wait(&self, seen: u64, limit: Duration) {
        let mut state = self.state();
        state.waiting += 1;
        let waited = self.stirred.wait_timeout_while(state, limit, |state| state.stirs == seen);
        waited.unwrap_or_else(PoisonError::into_inner).0.waiting -= 1;
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.0.remove(1);
    }
}
