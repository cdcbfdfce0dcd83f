//! What a Python actor works with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use roscius::{Address, Birth, ContextHandle, Failure, Props, Restart, TimerId};

use crate::actor::PyActor;
use crate::address::{ActorAddress, Place};
use crate::message::{PyMessage, WakeupPayload, WakeupWish};
use crate::system::Inner;

/// What an actor works with: its address, and the way to other actors. The core gives it to the instance.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct Reference {
    system: Arc<Inner>,
    me: OnceLock<Address>,
    name: Option<String>,
    /// Of the message in hand, or of the last one.
    handle: Mutex<Option<ContextHandle>>,
    /// The actor exits and makes no more children.
    exiting: AtomicBool,
    /// The wakeups to come, and when.
    wakeups: Mutex<BTreeMap<TimerId, Instant>>,
}

impl Reference {
    pub(crate) fn new(system: Arc<Inner>, name: Option<String>) -> Self {
        Self {
            system,
            me: OnceLock::new(),
            name,
            handle: Mutex::new(None),
            exiting: AtomicBool::new(false),
            wakeups: Mutex::default(),
        }
    }

    /// Says which address the actor has. Known before its first message.
    pub(crate) fn settle(&self, me: Address) {
        let _ = self.me.set(me);
    }

    pub(crate) fn me(&self) -> ActorAddress {
        self.me.get().map_or_else(ActorAddress::unborn, |me| ActorAddress::of(*me))
    }

    /// Begins with a message.
    pub(crate) fn begin(&self, handle: Option<ContextHandle>) {
        if let Some(member) = &self.system.member {
            member.begin();
        }
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = handle;
    }

    /// From now on no child is made.
    pub(crate) fn exit(&self) {
        self.exiting.store(true, Ordering::Release);
    }

    pub(crate) fn will_wake(&self, timer: TimerId, due: Instant) {
        self.wakeups.lock().unwrap_or_else(PoisonError::into_inner).insert(timer, due);
    }

    pub(crate) fn woke_up(&self, timer: TimerId) {
        self.wakeups.lock().unwrap_or_else(PoisonError::into_inner).remove(&timer);
    }

    /// How many seconds it is until each wakeup.
    pub(crate) fn wakeups(&self) -> Vec<f64> {
        let now = Instant::now();
        let wakeups = self.wakeups.lock().unwrap_or_else(PoisonError::into_inner);
        wakeups.values().map(|due| due.saturating_duration_since(now).as_secs_f64()).collect()
    }

    fn handle(&self) -> PyResult<ContextHandle> {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        handle
            .clone()
            .ok_or_else(|| PyRuntimeError::new_err("an actor can do this from its first message on, not before"))
    }

    fn create(&self, props: Props<PyActor>) -> PyResult<Address> {
        let spawned = self.handle()?.spawn(props).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        Ok(spawned.map_err(|error| PyRuntimeError::new_err(error.to_string()))?.address())
    }
}

#[pymethods]
impl Reference {
    /// The address of the actor.
    #[getter]
    fn address(&self) -> PyResult<ActorAddress> {
        let me = self.me.get().ok_or_else(|| PyRuntimeError::new_err("an actor has no address in its constructor"))?;
        Ok(ActorAddress::of(*me))
    }

    /// The global name of the actor.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Creates a child from an instance.
    #[pyo3(signature = (actor, name = None))]
    fn spawn(&self, actor: Bound<'_, PyAny>, name: Option<String>) -> PyResult<ActorAddress> {
        if self.exiting.load(Ordering::Acquire) {
            return Ok(ActorAddress::unborn());
        }
        let (props, reference) = PyActor::props(&self.system, actor, name)?;
        let address = self.create(props)?;
        reference.get().settle(address);
        Ok(ActorAddress::of(address))
    }

    /// The address of a child that never was: the actor is told its exit.
    fn creation_failed(&self, class: String) -> PyResult<ActorAddress> {
        if self.exiting.load(Ordering::Acquire) {
            return Ok(ActorAddress::unborn());
        }
        let reason = format!("there is no instance of {class}");
        self.create(Props::fallible(move || Err(Failure::new(reason.clone())))).map(ActorAddress::of)
    }

    /// Sends a message.
    fn send(&self, address: &Bound<'_, ActorAddress>, message: Bound<'_, PyAny>) -> PyResult<()> {
        let handle = self.handle()?;
        if let Some(member) = &self.system.member {
            return member.send(&handle, address.get(), &message);
        }
        let message = message.unbind();
        match &address.get().place {
            Place::Actor(to) => {
                let mut message = PyMessage::new(message);
                if to.node() != self.system.node() {
                    match self.system.send_abroad(handle.me(), *to, message) {
                        Ok(()) => return Ok(()),
                        Err(refused) => message = refused,
                    }
                }
                handle.send(*to, message).map_err(|error| PyRuntimeError::new_err(error.to_string()))
            }
            Place::Nowhere(_) => Ok(()),
        }
    }

    /// Notes an actor in another process as a child. What is returned is its number, which it has to know.
    fn adopt(&self, child: &Bound<'_, ActorAddress>) -> PyResult<Option<u32>> {
        let Place::Actor(child) = child.get().place else { return Ok(None) };
        if self.exiting.load(Ordering::Acquire) {
            return Ok(None);
        }
        let adopted = self.handle()?.adopt(child, Restart::Temporary);
        let birth = adopted.map_err(|error| PyRuntimeError::new_err(error.to_string()))?.ok();
        if let (Some(_), Some(member)) = (birth, &self.system.member) {
            member.language.adopt(child);
        }
        Ok(birth.map(Birth::number))
    }

    /// Has a `WakeupMessage` delivered after so many seconds.
    fn wakeup_after(&self, seconds: f64, period: Py<PyAny>, payload: Py<PyAny>) -> PyResult<()> {
        let delay = Duration::try_from_secs_f64(seconds.max(0.0))
            .map_err(|error| PyValueError::new_err(format!("no delay of {seconds} seconds is possible: {error}")))?;
        let due = Instant::now() + delay;
        let handle = self.handle()?;
        // A message to itself, since a thread of the actor may wish it between two messages.
        let wish = WakeupWish { due, payload: Some(WakeupPayload { period, payload }) };
        handle.send(handle.me(), wish).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        if let Some(member) = &self.system.member {
            // Another thread may have wished it while the one that drives waits.
            member.process.wake();
        }
        Ok(())
    }

    /// Makes the actor the handler of dead letters, or ends that.
    fn handle_dead_letters(&self, start: bool) -> PyResult<()> {
        self.system.handle_dead_letters(self.handle()?, start);
        Ok(())
    }
}
