//! What runs actors.
//!
//! | file | what is in it |
//! |---|---|
//! | `envelope` | a message or a notice on its way |
//! | `core` | the actors that belong together: places, mailboxes, run queue, timers |
//! | `cell` | an actor with its type erased |
//! | `stage` | the actor that is being played, and what it can do |
//! | `driver` | plays actors of a core, a slice at a time |
//! | `life` | carries out what the life cycle decides |
//! | `shared` | what all cores of a system share |
//! | `threads`, `simple` | who drives: threads of the system, or the caller |

pub(crate) mod cell;
pub(crate) mod core;
pub(crate) mod driver;
pub(crate) mod envelope;
pub(crate) mod life;
pub(crate) mod shared;
pub(crate) mod simple;
pub(crate) mod stage;
pub(crate) mod threads;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex whose data stay valid when a holder panics, since no user code runs while it is held.
#[inline]
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
