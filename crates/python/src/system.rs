//! A system of Python actors in this process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use roscius::{ActorSystem, Address, ContextHandle, NodeId};
use roscius_protocol::admin::messages::ToAdmin;

use crate::actor::PyActor;
use crate::address::ActorAddress;
use crate::endpoint::Endpoint;
use crate::log;
use crate::member::Member;
use crate::message::PyMessage;
use crate::neighbours;

/// What all parts of a system share.
pub(crate) struct Inner {
    pub(crate) system: ActorSystem,
    pub(crate) is_simple: bool,
    /// How often a message is delivered before it counts as failed.
    pub(crate) deliveries: u32,
    /// How many messages may be handled in one call of external code. Zero: any number.
    limit: AtomicU64,
    /// Through which messages of other systems come.
    pub(crate) gate: roscius::Endpoint,
    dead_letters: Mutex<Option<ContextHandle>>,
    /// Of a system of several processes: the part of this one.
    pub(crate) member: Option<Member>,
}

impl Inner {
    /// A system in this process alone, or the part of a system of several that is in this process.
    pub(crate) fn new(system: ActorSystem, is_simple: bool, deliveries: u32, member: Option<Member>) -> Arc<Self> {
        Arc::new(Self {
            gate: system.endpoint(),
            system,
            is_simple,
            deliveries,
            limit: AtomicU64::new(0),
            dead_letters: Mutex::new(None),
            member,
        })
    }

    pub(crate) fn node(&self) -> NodeId {
        self.gate.address().node()
    }

    /// Sends to an address of another system of this process. Gives the message back when there is no such system.
    pub(crate) fn send_abroad(&self, from: Address, to: Address, message: PyMessage) -> Result<(), PyMessage> {
        if self.member.is_some() {
            return Err(message);
        }
        let Some(home) = neighbours::home_of(to).filter(|home| home.node() != self.node()) else { return Err(message) };
        let mut message = message;
        message.sender = Some(ActorAddress::of(from));
        // A system that is shut down takes nothing, and what it had is gone.
        let _ = home.gate.post(to, message);
        Ok(())
    }

    /// Makes an actor the handler of dead letters, in place of any other, or ends that it is.
    pub(crate) fn handle_dead_letters(&self, handle: ContextHandle, start: bool) {
        if let Some(member) = &self.member {
            member.process.tell_admin(handle.me(), ToAdmin::HandleDeadLetters { start });
            return;
        }
        handle.handle_dead_letters(start);
        let mut current = self.dead_letters.lock().unwrap_or_else(PoisonError::into_inner);
        if start {
            let me = handle.me();
            if let Some(before) = current.replace(handle).filter(|before| before.me() != me) {
                before.handle_dead_letters(false);
            }
        } else if current.as_ref().is_some_and(|current| current.me() == handle.me()) {
            *current = None;
        }
    }

    /// On the base `simple`, runs actors until `done`, or nothing is left to do. `done` is looked at between messages.
    pub(crate) fn run(&self, py: Python<'_>, mut done: impl FnMut() -> bool + Send) -> PyResult<()> {
        if !self.is_simple {
            return Ok(());
        }
        let limit = self.limit.load(Ordering::Relaxed);
        let within = py.detach(|| {
            let mut steps = 0;
            while !done() {
                // One more than allowed shows that it is too many.
                let most = if limit > 0 { (limit + 1).saturating_sub(steps) } else { u64::MAX };
                steps += self.system.steps(usize::try_from(most).unwrap_or(usize::MAX), &mut done) as u64;
                if limit > 0 && steps > limit {
                    return false;
                }
                // This system has nothing left to do, unless a message came from another one.
                if !done() && !neighbours::step(self) {
                    break;
                }
            }
            true
        });
        match within {
            true => Ok(()),
            false => Err(PyRuntimeError::new_err("Too many sends")),
        }
    }

    /// Whether a wakeup is due within this time.
    pub(crate) fn has_alarm_within(&self, limit: Option<Duration>) -> bool {
        limit.is_some_and(|limit| self.system.next_alarm().is_some_and(|wait| wait <= limit))
    }
}

/// A system of actors in this process.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct System {
    inner: Arc<Inner>,
}

#[pymethods]
impl System {
    /// Starts a system: `simple` or `threads`.
    #[new]
    #[pyo3(signature = (base, workers = None))]
    fn new(base: &str, workers: Option<usize>) -> PyResult<Self> {
        let (builder, is_simple, deliveries) = match base {
            "simple" => (ActorSystem::simple(), true, 3),
            "threads" => (ActorSystem::threads(), false, 2),
            other => return Err(PyValueError::new_err(format!("`{other}` is no base: use `simple` or `threads`"))),
        };
        // Only one thread at a time runs Python, so by default a second one would only pass the lock to and fro.
        let builder = builder.workers(workers.unwrap_or(1));
        // A thread that is attached for a message at a time would make and drop its state each time.
        let builder = builder.around_threads(|run| Python::attach(|py| py.detach(run)));
        let system = builder.start().map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        let inner = Inner::new(system, is_simple, deliveries, None);
        neighbours::enter(&inner);
        Ok(Self { inner })
    }

    /// Creates an actor from an instance.
    #[pyo3(signature = (actor, name = None))]
    fn spawn(&self, actor: Bound<'_, PyAny>, name: Option<String>) -> PyResult<ActorAddress> {
        let (props, reference) = PyActor::props(&self.inner, actor, name)?;
        let spawned = self.inner.system.spawn(props).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        reference.get().settle(spawned.address());
        Ok(ActorAddress::of(spawned.address()))
    }

    /// The actor with this global name.
    fn lookup(&self, name: &str) -> Option<ActorAddress> {
        self.inner.system.lookup(name).map(ActorAddress::of)
    }

    /// A new address of external code.
    fn endpoint(&self) -> Endpoint {
        Endpoint::open(&self.inner)
    }

    /// Who speaks for the system.
    #[getter]
    fn system_address(&self) -> ActorAddress {
        ActorAddress::system()
    }

    /// Limits how many messages may be handled in one call of external code. Base `simple` only; zero: no limit.
    fn set_processing_limit(&self, limit: u64) {
        self.inner.limit.store(limit, Ordering::Relaxed);
    }

    /// Ends the system with all its actors.
    fn shutdown(&self, py: Python<'_>) {
        neighbours::leave(&self.inner);
        let shutdown = py.detach(|| self.inner.system.shutdown());
        if !shutdown.is_complete() {
            log::error(py, format_args!("not all actors exited in time: {shutdown:?}"));
        }
    }
}
