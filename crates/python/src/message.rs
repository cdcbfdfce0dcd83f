//! A Python object on its way between actors.

use std::fmt;

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
}

impl PyMessage {
    pub(crate) fn new(object: Py<PyAny>) -> Self {
        Self { object, sender: None, failures: 0 }
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
