//! The convention, as the Python packages take part in it.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use roscius::Address;
use roscius_host::process::Process as Host;
use roscius_protocol::admin::messages::{Entry, FromAdmin, Neighbour, ToAdmin};

use crate::address::{ActorAddress, Place};
use crate::process::{ask_admin, seconds, unexpected};

/// What a process of a system has to do with other systems.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct Convention {
    host: Arc<Host>,
    me: Address,
}

impl Convention {
    pub(crate) fn new(host: Arc<Host>, me: Address) -> Self {
        Self { host, me }
    }

    fn say(&self, message: ToAdmin) {
        self.host.tell_admin(self.me, message);
        self.host.flush();
    }
}

#[pymethods]
impl Convention {
    /// The actor of this process wants to know which systems come and go, or not any more.
    fn watch(&self, start: bool) {
        self.say(ToAdmin::WatchRegistrations { start });
    }

    /// Has the system at `host:port` join, which is thought to have these capabilities.
    fn invite(&self, place: String, capabilities: Vec<Entry>) {
        self.say(ToAdmin::Invite { place, capabilities });
    }

    /// Wants nothing more of a system, which is named by its place or its Admin.
    fn dismiss(&self, system: &Bound<'_, PyAny>) -> PyResult<()> {
        let system = match system.cast::<ActorAddress>().map(|address| address.get().place.clone()) {
            Ok(Place::Actor(admin)) => Neighbour::Admin(admin),
            _ => Neighbour::Place(system.str()?.to_string()),
        };
        self.say(ToAdmin::Dismiss { system });
        Ok(())
    }

    /// The address of the actor with a global name in the system with an identity, whose messages are kept until it has handled them.
    fn durable(&self, py: Python<'_>, system: String, name: String, within: f64) -> PyResult<ActorAddress> {
        match ask_admin(py, &self.host, self.me, ToAdmin::Durable { system, name }, seconds(within)?)? {
            FromAdmin::Created { actor } => Ok(ActorAddress::of(actor)),
            FromAdmin::Refused(refusal) => Err(PyValueError::new_err(refusal.text)),
            other => Err(unexpected(&other)),
        }
    }

    /// Where the leaders are, in the order in which they lead. The Admin has it when this returns. ValueError if it does not take them.
    fn set_leaders(&self, py: Python<'_>, places: Vec<String>, within: f64) -> PyResult<()> {
        match ask_admin(py, &self.host, self.me, ToAdmin::SetLeaders { places }, seconds(within)?)? {
            FromAdmin::Refused(refusal) => Err(PyValueError::new_err(refusal.text)),
            _ => Ok(()),
        }
    }
}
