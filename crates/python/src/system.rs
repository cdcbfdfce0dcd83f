//! A system of Python actors in this process.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use roscius::{ActorSystem, Address, ContextHandle, NodeId};
use roscius_protocol::admin::messages::ToAdmin;

use crate::actor::PyActor;
use crate::address::ActorAddress;
use crate::answers::Answers;
use crate::coroutine::Coroutines;
use crate::endpoint::Endpoint;
use crate::log;
use crate::member::Member;
use crate::message::{Content, PyMessage};
use crate::neighbours;
use crate::packing;
use crate::supervision::Plan;
use crate::under_way::{Prospect, UnderWay};

/// How long a thread that drives waits at most before it looks around again.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// How long coroutines may take to end when the system is shut down.
const COROUTINES_LIMIT: Duration = Duration::from_secs(5);

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
    pub(crate) under_way: Arc<UnderWay>,
    pub(crate) coroutines: Arc<Coroutines>,
    /// Where the actors of this system are answered.
    answers: PyOnceLock<Py<Answers>>,
    /// Nobody is to drive the actors any more, beyond who waits for something.
    drives: AtomicBool,
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
            under_way: Arc::default(),
            coroutines: Arc::default(),
            answers: PyOnceLock::new(),
            drives: AtomicBool::new(true),
        })
    }

    /// A message as it travels: packed at once if it leaves the process, so that who sends it hears what is wrong with it.
    pub(crate) fn packed(&self, object: &Bound<'_, PyAny>) -> PyResult<PyMessage> {
        Ok(match &self.member {
            Some(_) => PyMessage::of(Content::Packed(packing::pack(object)?)),
            None => PyMessage::new(object.clone().unbind()),
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
            member.process.tell_admin(handle.me(), ToAdmin::HandleDeadLetters { start, alone: true });
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
        let mut steps = 0;
        while !done() {
            // One more than allowed shows that it is too many.
            let most = if limit > 0 { (limit + 1).saturating_sub(steps) } else { u64::MAX };
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            steps += match self.system.try_steps(most, &mut done) {
                Some(steps) => steps,
                // Another thread drives, whose actors want the interpreter.
                None => py.detach(|| self.system.steps(most, &mut done)),
            } as u64;
            if limit > 0 && steps > limit {
                return Err(PyRuntimeError::new_err("Too many sends"));
            }
            // This system has nothing left to do, unless a message came from another one.
            if done() || !neighbours::may_step() || !py.detach(|| neighbours::step(self)) {
                break;
            }
        }
        Ok(())
    }

    /// On the base `simple`, waits until the actors may have work, at most so long and no longer than a signal may wait.
    pub(crate) fn wait_for_news(&self, py: Python<'_>, stirs: u64, limit: Duration) {
        let alarm = self.system.next_alarm().unwrap_or(Duration::MAX);
        py.detach(|| self.under_way.wait(stirs, limit.min(alarm).min(LONGEST_WAIT)));
    }

    /// Ends the coroutines, which then end their actors' handlers.
    fn end_coroutines(&self, py: Python<'_>) -> PyResult<()> {
        self.coroutines.close(py);
        let deadline = Instant::now() + COROUTINES_LIMIT;
        while self.is_simple && Instant::now() < deadline {
            let stirs = self.under_way.stirs();
            self.run(py, || false)?;
            match self.under_way.prospect(stirs) {
                Prospect::News => {}
                Prospect::Busy => self.wait_for_news(py, stirs, LONGEST_WAIT),
                Prospect::Idle => break,
            }
        }
        Ok(())
    }

    /// Ends the asks of actors.
    fn end_asks(&self, py: Python<'_>) -> PyResult<()> {
        let Some(answers) = self.answers.get(py) else { return Ok(()) };
        py.import("roscius.asking")?.call_method1("close", (answers,)).map(drop)
    }

    /// Where the actors of this system are answered.
    pub(crate) fn answers(self: &Arc<Self>, py: Python<'_>) -> PyResult<Py<Answers>> {
        let answers = self.answers.get_or_try_init(py, || Py::new(py, Answers::new(self)?))?;
        Ok(answers.clone_ref(py))
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
    #[pyo3(signature = (actor, name = None, plan = None))]
    fn spawn(
        &self,
        actor: Bound<'_, PyAny>,
        name: Option<String>,
        plan: Option<(String, Py<PyAny>)>,
    ) -> PyResult<ActorAddress> {
        let (props, reference) = PyActor::props(&self.inner, actor, name, plan.map(Plan::new))?;
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

    /// Addresses of a waiter who has an event loop.
    fn answers(&self) -> PyResult<Answers> {
        Answers::new(&self.inner)
    }

    /// On the base `simple`, drives the actors in this thread until `stop_driving`. Else returns at once.
    fn drive(&self, py: Python<'_>) -> PyResult<()> {
        let inner = &self.inner;
        while inner.is_simple && inner.drives.load(Ordering::Acquire) {
            let stirs = inner.under_way.stirs();
            inner.run(py, || !inner.drives.load(Ordering::Acquire))?;
            if inner.under_way.prospect(stirs) != Prospect::News {
                inner.wait_for_news(py, stirs, Duration::MAX);
            }
        }
        Ok(())
    }

    /// Ends `drive`.
    fn stop_driving(&self) {
        self.inner.drives.store(false, Ordering::Release);
        self.inner.under_way.stir();
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
        self.stop_driving();
        if let Err(error) = self.inner.end_coroutines(py).and_then(|()| self.inner.end_asks(py)) {
            log::error(py, format_args!("not all that was waited for could be ended: {error}"));
        }
        let shutdown = py.detach(|| self.inner.system.shutdown());
        if !shutdown.is_complete() {
            log::error(py, format_args!("not all actors exited in time: {shutdown:?}"));
        }
    }
}
