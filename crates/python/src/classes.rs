//! The classes of the package `thespian` that the core makes instances of, or has to recognise.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// See the [module](self).
pub(crate) struct Classes {
    pub(crate) system_message: Py<PyType>,
    pub(crate) exit_request: Py<PyType>,
    pub(crate) child_exited: Py<PyType>,
    pub(crate) poison: Py<PyType>,
    pub(crate) wakeup: Py<PyType>,
    pub(crate) dead_envelope: Py<PyType>,
    pub(crate) watch: Py<PyType>,
    pub(crate) watch_message: Py<PyType>,
    pub(crate) status_request: Py<PyType>,
    pub(crate) validate_source: Py<PyType>,
    pub(crate) validated_source: Py<PyType>,
    pub(crate) loaded_source: Py<PyType>,
    pub(crate) unloaded_source: Py<PyType>,
    pub(crate) registration: Py<PyType>,
    pub(crate) status_message: Py<PyAny>,
    pub(crate) set_logging: Py<PyType>,
    pub(crate) coroutine: Py<PyType>,
    pub(crate) enumeration: Py<PyType>,
    system_status: Py<PyType>,
    actor_status: Py<PyType>,
}

static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();

impl Classes {
    pub(crate) fn get(py: Python<'_>) -> PyResult<&Self> {
        CLASSES.get_or_try_init(py, || {
            let actors = py.import("thespian.actors")?;
            let status = py.import("thespian.system.messages.status")?;
            let class = |module: &Bound<'_, PyModule>, name: &str| -> PyResult<Py<PyType>> {
                Ok(module.getattr(name)?.cast_into::<PyType>()?.unbind())
            };
            Ok(Self {
                system_message: class(&actors, "ActorSystemMessage")?,
                exit_request: class(&actors, "ActorExitRequest")?,
                child_exited: class(&actors, "ChildActorExited")?,
                poison: class(&actors, "PoisonMessage")?,
                wakeup: class(&actors, "WakeupMessage")?,
                dead_envelope: class(&actors, "DeadEnvelope")?,
                watch: class(&actors, "ThespianWatch")?,
                watch_message: class(&actors, "WatchMessage")?,
                status_request: class(&status, "Thespian_StatusReq")?,
                validate_source: class(&actors, "ValidateSource")?,
                validated_source: class(&actors, "ValidatedSource")?,
                loaded_source: class(&actors, "LoadedSource")?,
                unloaded_source: class(&actors, "UnloadedSource")?,
                registration: class(&actors, "ActorSystemConventionUpdate")?,
                set_logging: class(&py.import("thespian.system.messages.logcontrol")?, "SetLogging")?,
                enumeration: class(&py.import("enum")?, "Enum")?,
                coroutine: class(&py.import("types")?, "CoroutineType")?,
                status_message: status.getattr("status_message")?.unbind(),
                system_status: class(&status, "Thespian_SystemStatus")?,
                actor_status: class(&status, "Thespian_ActorStatus")?,
            })
        })
    }

    /// Whether external code is to see a message: those of the system it sees only where it asked for them.
    pub(crate) fn is_for_external_code(&self, message: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = message.py();
        if !message.is_instance(self.system_message.bind(py))? {
            return Ok(true);
        }
        if message.is_instance(self.poison.bind(py))? {
            return self.is_for_external_code(&message.getattr("poisonMessage")?);
        }
        Ok(message.is_instance(self.system_status.bind(py))? || message.is_instance(self.actor_status.bind(py))?)
    }

    /// Whether a message that reached nobody is not worth a dead letter: one about a dead letter, or about an exit.
    pub(crate) fn may_be_lost(&self, message: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = message.py();
        Ok(message.is_instance(self.dead_envelope.bind(py))? || message.is_instance(self.child_exited.bind(py))?)
    }
}
