//! A Python object on its way between actors.

use std::fmt;
use std::time::Instant;

use pyo3::prelude::*;
use roscius::Message;

use crate::address::ActorAddress;

/// Any Python object. In one process it is passed by reference.
#[derive(Message)]
#[message(name = "python.object")]
pub(crate) struct PyMessage {
    pub(crate) object: Py<PyAny>,
    /// Who counts as the sender, where that is not who sent it.
    pub(crate) sender: Option<ActorAddress>,
    /// How often it was delivered, and failed.
    pub(crate) failures: u32,
    /// Of one whose answer is waited for.
    receipt: Option<Receipt>,
}

/// A wish of another thread of the actor: a wakeup at this time.
#[derive(Message)]
#[message(name = "python.wakeup")]
pub(crate) struct WakeupWish {
    pub(crate) due: Instant,
    pub(crate) payload: Option<WakeupPayload>,
}

/// What a wakeup brings.
pub(crate) struct WakeupPayload {
    pub(crate) period: Py<PyAny>,
    pub(crate) payload: Py<PyAny>,
}

/// Tells who waits for an answer when the message reached nobody: it is dropped without having been taken up.
struct Receipt(Option<Box<dyn FnOnce() + Send>>);

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell();
        }
    }
}

impl PyMessage {
    pub(crate) fn new(object: Py<PyAny>) -> Self {
        Self { object, sender: None, failures: 0, receipt: None }
    }

    /// A message whose answer is waited for. `lost` is called when it reaches nobody; it must be short, and use no actor
    /// and no Python.
    pub(crate) fn asking(object: Py<PyAny>, lost: impl FnOnce() + Send + 'static) -> Self {
        Self { receipt: Some(Receipt(Some(Box::new(lost)))), ..Self::new(object) }
    }

    /// An actor has taken the message up.
    pub(crate) fn take_up(&mut self) {
        if let Some(receipt) = &mut self.receipt {
            receipt.0 = None;
        }
    }

    /// Something that the system says.
    pub(crate) fn from_system(object: Py<PyAny>) -> Self {
        Self { sender: Some(ActorAddress::system()), ..Self::new(object) }
    }
}

impl fmt::Debug for PyMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PyMessage").field("failures", &self.failures).finish_non_exhaustive()
    }
}
