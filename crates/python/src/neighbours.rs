//! The systems of this process, so that an address of one leads there from any other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use roscius::Address;

use crate::system::Inner;

static SYSTEMS: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());
/// How many there are: with one alone, nobody need look.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Makes a system known to the others.
pub(crate) fn enter(system: &Arc<Inner>) {
    let mut systems = SYSTEMS.lock().unwrap_or_else(PoisonError::into_inner);
    systems.retain(|system| system.strong_count() > 0);
    systems.push(Arc::downgrade(system));
    COUNT.store(systems.len(), Ordering::Release);
}

/// Takes a system out.
pub(crate) fn leave(system: &Arc<Inner>) {
    let mut systems = SYSTEMS.lock().unwrap_or_else(PoisonError::into_inner);
    systems.retain(|other| other.strong_count() > 0 && other.as_ptr() != Arc::as_ptr(system));
    COUNT.store(systems.len(), Ordering::Release);
}

/// The system of this process where an address leads.
pub(crate) fn home_of(address: Address) -> Option<Arc<Inner>> {
    all().into_iter().find(|system| system.node() == address.node())
}

/// Whether there are several systems.
pub(crate) fn may_step() -> bool {
    COUNT.load(Ordering::Acquire) > 1
}

/// Lets one of the other systems on the base `simple` handle a message. False when none has anything to do.
pub(crate) fn step(system: &Inner) -> bool {
    may_step() && all().iter().any(|other| other.node() != system.node() && other.system.step())
}

fn all() -> Vec<Arc<Inner>> {
    let systems = SYSTEMS.lock().unwrap_or_else(PoisonError::into_inner);
    systems.iter().filter_map(Weak::upgrade).collect()
}
