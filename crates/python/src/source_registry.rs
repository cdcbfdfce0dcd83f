//! The registry of sources, for a system whose actors are in this process: its driver is in Python.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use roscius_protocol::address::Address;
use roscius_protocol::sources::{Digest, Effect, Event, Level, Registry, Standing, Verdict};
use roscius_protocol::time::Time;

use crate::address::{ActorAddress, Place};

/// Which sources a system has. Each method takes note of what has happened, and returns what is to be done, in order: the name of
/// an effect, and what belongs to it.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct SourceRegistry {
    registry: Mutex<Registry>,
    start: Instant,
}

impl SourceRegistry {
    fn now(&self) -> Time {
        Time::ZERO.plus(self.start.elapsed())
    }

    fn on<'py>(&self, py: Python<'py>, event: Event) -> PyResult<Bound<'py, PyList>> {
        let mut effects = Vec::new();
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).on(self.now(), event, &mut effects);
        let effects: Vec<_> = effects.into_iter().map(|effect| shown(py, effect)).collect::<PyResult<_>>()?;
        PyList::new(py, effects)
    }
}

/// An effect as Python has it.
fn shown(py: Python<'_>, effect: Effect) -> PyResult<Bound<'_, PyTuple>> {
    match effect {
        Effect::Ask { authority, id, info } => ("ask", ActorAddress::of(authority), id, info).into_pyobject(py),
        Effect::Examine { id } => ("examine", id).into_pyobject(py),
        Effect::Decided { id, usable } => ("decided", id, usable).into_pyobject(py),
        Effect::Discard { id, .. } => ("discard", id).into_pyobject(py),
        Effect::Tell { watcher, notice } => {
            ("tell", ActorAddress::of(watcher), notice.id, notice.info, notice.loaded).into_pyobject(py)
        }
        Effect::Log(note) => {
            let level = match note.level() {
                Level::Info => 20,
                Level::Warning => 30,
                Level::Error => 40,
            };
            ("log", level, note.to_string()).into_pyobject(py)
        }
    }
}

fn actor(address: &ActorAddress) -> PyResult<Address> {
    match &address.place {
        Place::Actor(address) => Ok(*address),
        Place::Nowhere(_) => Err(PyValueError::new_err(format!("{address} is no actor"))),
    }
}

#[pymethods]
impl SourceRegistry {
    #[new]
    fn new() -> Self {
        Self { registry: Mutex::new(Registry::new()), start: Instant::now() }
    }

    /// An actor becomes the source authority.
    fn authority<'py>(&self, py: Python<'py>, by: &ActorAddress) -> PyResult<Bound<'py, PyList>> {
        self.on(py, Event::Authority { actor: actor(by)? })
    }

    /// Somebody wants a source to be loaded; `info` is what it is called.
    fn load<'py>(&self, py: Python<'py>, id: String, info: Option<String>) -> PyResult<Bound<'py, PyList>> {
        self.on(py, Event::Load { id, info })
    }

    /// Somebody says that a source is valid, or is not.
    fn verdict<'py>(
        &self,
        py: Python<'py>,
        id: String,
        by: &ActorAddress,
        valid: bool,
        info: Option<String>,
    ) -> PyResult<Bound<'py, PyList>> {
        let verdict = if valid { Verdict::Valid(info) } else { Verdict::Rejected };
        self.on(py, Event::Verdict { id, by: actor(by)?, verdict })
    }

    /// The content of a source was found fit, and has this SHA-256; or it was not, for this reason.
    fn examined<'py>(&self, py: Python<'py>, id: String, content: Fitness) -> PyResult<Bound<'py, PyList>> {
        let content = match content {
            Fitness::Fit(digest) => Ok(Digest(digest)),
            Fitness::Unfit(reason) => Err(reason),
        };
        self.on(py, Event::Examined { id, content })
    }

    /// Somebody wants a source to be there no more.
    fn unload<'py>(&self, py: Python<'py>, id: String) -> PyResult<Bound<'py, PyList>> {
        self.on(py, Event::Unload { id })
    }

    /// An actor wants to know which sources come and go, or not any more.
    fn watch<'py>(&self, py: Python<'py>, by: &ActorAddress, start: bool) -> PyResult<Bound<'py, PyList>> {
        self.on(py, Event::Watch { actor: actor(by)?, start })
    }

    /// An actor has ended.
    fn ended<'py>(&self, py: Python<'py>, who: &ActorAddress) -> PyResult<Bound<'py, PyList>> {
        self.on(py, Event::Ended { actor: actor(who)? })
    }

    /// Time has passed.
    fn due<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.on(py, Event::Due)
    }

    /// In how many seconds `due` is to be called, if at all.
    fn pause(&self) -> Option<f64> {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.next_deadline().map(|deadline| deadline.since(self.now()).as_secs_f64())
    }

    /// How it stands with a source: "unknown", "pending" or "usable".
    fn standing(&self, id: &str) -> &'static str {
        match self.registry.lock().unwrap_or_else(PoisonError::into_inner).standing(id) {
            Standing::Unknown => "unknown",
            Standing::Pending => "pending",
            Standing::Usable(_) => "usable",
        }
    }
}

/// What an examination has shown: the digest, or what is wrong.
#[derive(FromPyObject)]
enum Fitness {
    Fit([u8; 32]),
    Unfit(String),
}
