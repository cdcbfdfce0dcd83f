//! Actors that are restarted, and parents that decide about it. The rules are those of the Python package `roscius`.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use roscius::{Backoff, Decision, ExitReason, Failure, Intensity, Restart, Strategy, Supervision};

use crate::actor::PyActor;
use crate::log;
use crate::reference::Reference;
use crate::system::Inner;

/// When an actor is restarted. Which restarts an exit request leads to is known here, not in the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Permanent,
    Transient,
    Temporary,
}

impl Policy {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "permanent" => Self::Permanent,
            "transient" => Self::Transient,
            _ => Self::Temporary,
        }
    }

    /// What the engine is to know of it.
    pub(crate) fn restart(self) -> Restart {
        match self {
            Self::Permanent | Self::Transient => Restart::Transient,
            Self::Temporary => Restart::Temporary,
        }
    }

    /// When a process is made anew that was ended from outside.
    pub(crate) fn of_process(self) -> Restart {
        match self {
            Self::Permanent => Restart::Permanent,
            other => other.restart(),
        }
    }
}

/// How an actor is made again: its policy, and what makes a new instance.
pub(crate) struct Plan {
    pub(crate) policy: Policy,
    pub(crate) make: Py<PyAny>,
}

impl Plan {
    pub(crate) fn new((policy, make): (String, Py<PyAny>)) -> Self {
        Self { policy: Policy::named(&policy), make }
    }

    /// A new instance in the same place.
    pub(crate) fn again(&self, system: &Arc<Inner>, reference: &Py<Reference>) -> Result<PyActor, Failure> {
        Python::attach(|py| {
            let instance = self.make.bind(py).call0()?;
            instance.setattr("_reference", reference)?;
            reference.get().renew();
            PyActor::new(system, &instance, reference.clone_ref(py), Some(self.policy))
        })
        .map_err(|error: PyErr| {
            let classes = Python::attach(|py| class_names(py, &error));
            Failure::new(format_args!("there is no new instance: {error}")).with_classes(classes)
        })
    }
}

/// The names of the classes of an exception: its parent decides by them, in whichever process it is.
pub(crate) fn class_names(py: Python<'_>, error: &PyErr) -> Vec<String> {
    let names = py.import("roscius.supervision").and_then(|module| module.getattr("names_of"));
    let names = names.and_then(|names| names.call1((error.get_type(py),))?.extract());
    names.unwrap_or_else(|problem| {
        log::error(py, format_args!("the classes of {error} have no names: {problem}"));
        Vec::new()
    })
}

/// What a supervisor of the Python package tells the engine.
#[derive(FromPyObject)]
pub(crate) struct Settings {
    strategy: String,
    backoff: (f64, f64),
}

impl From<Settings> for Supervision {
    fn from(settings: Settings) -> Self {
        let strategy = match settings.strategy.as_str() {
            "all_for_one" => Strategy::AllForOne,
            "rest_for_one" => Strategy::RestForOne,
            _ => Strategy::OneForOne,
        };
        let [initial, maximum] = [settings.backoff.0, settings.backoff.1]
            .map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX));
        let backoff =
            if maximum > initial { Backoff::exponential(initial, maximum) } else { Backoff::constant(initial) };
        // The supervisor counts by itself: an actor does not end because it has had enough of its children.
        let intensity = Intensity { restarts: u32::MAX, within: Duration::ZERO };
        Self { strategy, intensity, backoff }
    }
}

/// The engine's word for a decision.
pub(crate) fn decision_named(name: &str) -> Decision {
    match name {
        "restart" => Decision::Restart,
        "resume" => Decision::Resume,
        "escalate" => Decision::Escalate,
        _ => Decision::Stop,
    }
}

/// The word for the end of an actor that a watcher gets.
pub(crate) fn reason(reason: &ExitReason) -> &'static str {
    match reason {
        ExitReason::Stopped => "stopped",
        ExitReason::Requested => "requested",
        ExitReason::ParentEnded => "parent ended",
        ExitReason::Shutdown => "shutdown",
        ExitReason::Failed(_) => "failed",
        ExitReason::Unknown => "unknown",
    }
}
