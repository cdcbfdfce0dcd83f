//! Where all that leaves the process waits for who drives it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use roscius::Address;
use roscius::gate::{Crossing, Gate};
use roscius_protocol::admin::messages::{Answer, Letter, ToAdmin};
use roscius_transport::Remote;

use super::lock;

/// How much may wait before actors make room for the links.
const ENOUGH: usize = 256;

/// What leaves.
#[derive(Debug)]
pub(super) enum Leaving {
    Crossing(Crossing),
    ToAdmin {
        from: Address,
        message: Box<ToAdmin>,
        id: u64,
    },
    /// A message that did not arrive, to the Admin: from the root of the process, or from who was to handle it and has ended.
    DeadLetter {
        from: Address,
        letter: Letter,
    },
    /// A message goes back to its sender.
    Returned {
        to: Address,
        from: Address,
        letter: Letter,
    },
    /// To an ask with this number.
    Answer {
        to: Address,
        from: Address,
        id: u64,
        answer: Answer,
    },
}

/// See the [module](self).
pub(super) struct Exit {
    leaving: Mutex<Vec<Leaving>>,
    count: AtomicUsize,
    remote: Remote,
}

impl Exit {
    pub fn new(remote: Remote) -> Self {
        Self { leaving: Mutex::default(), count: AtomicUsize::new(0), remote }
    }

    pub fn push(&self, leaving: Leaving) {
        lock(&self.leaving).push(leaving);
        self.count.fetch_add(1, Ordering::Release);
    }

    pub fn tell_admin(&self, from: Address, message: ToAdmin, id: u64) {
        self.push(Leaving::ToAdmin { from, message: Box::new(message), id });
    }

    pub fn has_waiting(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Whether so much waits that it is to be sent before more is said.
    pub fn wants_out(&self) -> bool {
        self.count.load(Ordering::Relaxed) >= ENOUGH
    }

    /// Swaps what waits into `taken`, which must be empty.
    pub fn take(&self, taken: &mut Vec<Leaving>) {
        if self.has_waiting() {
            let mut leaving = lock(&self.leaving);
            std::mem::swap(&mut *leaving, taken);
            self.count.store(0, Ordering::Release);
        }
    }

    /// Has the thread that drives look at what waits.
    pub fn wake(&self) {
        self.remote.wake();
    }
}

impl Gate for Exit {
    fn carry(&self, crossing: Crossing) -> bool {
        self.push(Leaving::Crossing(crossing));
        self.wants_out()
    }

    fn handle_dead_letters(&self, actor: Address, start: bool) -> bool {
        self.tell_admin(actor, ToAdmin::HandleDeadLetters { start, alone: false }, 0);
        true
    }
}
