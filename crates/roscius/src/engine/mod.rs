//! What runs actors.
//!
//! | file | what is in it |
//! |---|---|
//! | `envelope` | a message or a notice on its way |
//! | `core` | the actors that belong together: places, run queue, timers |
//! | `place` | an actor in its place, with its mailbox |
//! | `cell` | an actor with its type erased |
//! | `stage` | the actor that is being played, and what it can do |
//! | `driver` | plays actors of a core, a slice at a time |
//! | `tally` | how many messages of each type were handled |
//! | `near` | the short way for wakers |
//! | `life` | carries out what the life cycle decides |
//! | `lobby` | messages from other nodes that wait for room in a mailbox |
//! | `room` | bounded mailboxes: who waits for room in them |
//! | `shared` | what all cores of a system share |
//! | `threads`, `simple` | who drives: threads of the system, or the caller |

pub(crate) mod cell;
pub(crate) mod core;
pub(crate) mod driver;
pub(crate) mod envelope;
pub(crate) mod life;
pub(crate) mod lobby;
pub(crate) mod near;
pub(crate) mod place;
pub(crate) mod room;
pub(crate) mod shared;
pub(crate) mod simple;
pub(crate) mod stage;
mod tally;
pub(crate) mod threads;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::outcome::Failure;

/// Runs something that may drop values of users: a panic of theirs is logged and goes no further.
pub(crate) fn contain(act: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(act)) {
        let failure = Failure::panic(&*panic);
        tracing::error!(%failure, "dropping a message or an actor panicked");
    }
}

/// Locks a mutex whose data stay valid when a holder panics, since no user code runs while it is held.
#[inline]
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
