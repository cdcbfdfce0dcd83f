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
use crate::answers::Answers;
use crate::message::{PyMessage, WakeupPayload, WakeupWish, WakeupsWished};
use crate::supervision::{Plan, Policy};
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
    /// Those that the actor has not taken note of yet.
    wishes: Mutex<Vec<WakeupWish>>,
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
            wishes: Mutex::default(),
        }
    }

    /// Says which address the actor has. Known before its first message.
    pub(crate) fn settle(&self, me: Address) {
        let _ = self.me.set(me);
    }

    /// The address, once it is known.
    pub(crate) fn me(&self) -> Option<Address> {
        self.me.get().copied()
    }

    /// Begins with a message.
    pub(crate) fn begin(&self, handle: Option<ContextHandle>) {
        if let Some(member) = &self.system.member {
            member.begin();
        }
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = handle;
    }

    /// There is a new instance in the same place.
    pub(crate) fn renew(&self) {
        self.exiting.store(false, Ordering::Release);
        self.wakeups.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// From now on no child is made.
    pub(crate) fn exit(&self) {
        self.exiting.store(true, Ordering::Release);
    }

    /// The wishes so far, in the order in which they are due: some may be already.
    pub(crate) fn take_wishes(&self) -> Vec<WakeupWish> {
        let mut wishes = std::mem::take(&mut *self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        wishes.sort_by_key(|wish| wish.due);
        wishes
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

    /// Sends a message.
    fn post(&self, handle: &ContextHandle, to: &ActorAddress, message: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Some(member) = &self.system.member {
            return member.send(handle, to, message);
        }
        let Place::Actor(to) = to.place else { return Ok(()) };
        let mut message = PyMessage::new(message.clone().unbind());
        if to.node() != self.system.node() {
            match self.system.send_abroad(handle.me(), to, message) {
                Ok(()) => return Ok(()),
                Err(refused) => message = refused,
            }
        }
        let sent = handle.send(to, message).map_err(|error| PyRuntimeError::new_err(error.to_string()));
        self.stir();
        sent
    }

    /// Tells who drives the actors that there may be work, where that is not a thread which looks by itself.
    fn stir(&self) {
        if self.system.is_simple {
            self.system.under_way.stir();
        } else if let Some(member) = &self.system.member {
            // Another thread may have wished it while the one that drives waits.
            member.process.wake();
        }
    }

    fn create(&self, props: Props<PyActor>) -> PyResult<Address> {
        let spawned = self.handle()?.spawn(props).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        self.stir();
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
    #[pyo3(signature = (actor, name = None, plan = None))]
    fn spawn(
        &self,
        actor: Bound<'_, PyAny>,
        name: Option<String>,
        plan: Option<(String, Py<PyAny>)>,
    ) -> PyResult<ActorAddress> {
        if self.exiting.load(Ordering::Acquire) {
            return Ok(ActorAddress::unborn());
        }
        let (props, reference) = PyActor::props(&self.system, actor, name, plan.map(Plan::new))?;
        let address = self.create(props)?;
        reference.get().settle(address);
        Ok(ActorAddress::of(address))
    }

    /// Creates a child whose class is not known yet. `stand_in` is given its messages until it returns the instance and the
    /// policy by which it is restarted; `again` makes it anew.
    fn spawn_later(
        &self,
        stand_in: Bound<'_, PyAny>,
        name: Option<String>,
        again: Py<PyAny>,
    ) -> PyResult<ActorAddress> {
        if self.exiting.load(Ordering::Acquire) {
            return Ok(ActorAddress::unborn());
        }
        let (props, reference) = PyActor::provisional(&self.system, stand_in, name, again)?;
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
        let never = self.create(Props::fallible(move || Err(Failure::new(reason.clone()))))?;
        ActorAddress::never_there(never);
        Ok(ActorAddress::of(never))
    }

    /// Sends a message.
    fn send(&self, address: &Bound<'_, ActorAddress>, message: Bound<'_, PyAny>) -> PyResult<()> {
        let handle = self.handle()?;
        self.post(&handle, address.get(), &message)
    }

    /// Where this actor, and others of its system, are answered.
    fn answers(&self, py: Python<'_>) -> PyResult<Py<Answers>> {
        self.system.answers(py)
    }

    /// Sends a message that is to be answered at the address with this number of `answers`.
    fn ask(
        &self,
        py: Python<'_>,
        id: u64,
        address: &Bound<'_, ActorAddress>,
        message: Bound<'_, PyAny>,
    ) -> PyResult<()> {
        // What the actor has sent before comes before it.
        self.handle()?.hand_over();
        self.system.answers(py)?.get().ask_for(py, id, address.get(), &message)
    }

    /// Has `Terminated` delivered when an actor ends. False when there can be none at the address.
    fn watch(&self, address: &Bound<'_, ActorAddress>) -> PyResult<bool> {
        let Place::Actor(to) = address.get().place else { return Ok(false) };
        self.handle()?.watch(to);
        self.stir();
        Ok(true)
    }

    /// Ends a watch.
    fn unwatch(&self, address: &Bound<'_, ActorAddress>) -> PyResult<()> {
        if let Place::Actor(to) = address.get().place {
            self.handle()?.unwatch(to);
        }
        Ok(())
    }

    /// Notes an actor in another process as a child. What is returned is its number, which it has to know.
    /// `policy` says when it is restarted; None: never.
    #[pyo3(signature = (child, policy = None))]
    fn adopt(&self, child: &Bound<'_, ActorAddress>, policy: Option<&str>) -> PyResult<Option<u32>> {
        let Place::Actor(child) = child.get().place else { return Ok(None) };
        if self.exiting.load(Ordering::Acquire) {
            return Ok(None);
        }
        let policy = policy.map_or(Restart::Temporary, |name| Policy::named(name).restart());
        let adopted = self.handle()?.adopt(child, policy);
        let birth = adopted.map_err(|error| PyRuntimeError::new_err(error.to_string()))?.ok();
        if let (Some(_), Some(member)) = (birth, &self.system.member) {
            member.language.adopt(child);
        }
        self.stir();
        Ok(birth.map(Birth::number))
    }

    /// The child with this number has another address than was known when it was adopted.
    fn readdress(&self, birth: u32, before: &Bound<'_, ActorAddress>, now: &Bound<'_, ActorAddress>) -> PyResult<()> {
        let (Place::Actor(before), Place::Actor(now)) = (&before.get().place, &now.get().place) else { return Ok(()) };
        let readdressed = self.handle()?.readdress(Birth::numbered(birth), *now);
        readdressed.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        if let Some(member) = &self.system.member {
            member.language.readdress(*before, *now);
        }
        Ok(())
    }

    /// Has a `WakeupMessage` delivered after so many seconds.
    fn wakeup_after(&self, seconds: f64, period: Py<PyAny>, payload: Py<PyAny>) -> PyResult<()> {
        let delay = Duration::try_from_secs_f64(seconds.max(0.0))
            .map_err(|error| PyValueError::new_err(format!("no delay of {seconds} seconds is possible: {error}")))?;
        let due = Instant::now() + delay;
        let handle = self.handle()?;
        let wish = WakeupWish { due, payload: WakeupPayload { period, payload } };
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        wishes.push(wish);
        let is_first = wishes.len() == 1;
        drop(wishes);
        if is_first {
            // A message to itself, since a thread of the actor may wish it between two messages.
            let sent = handle.send(handle.me(), WakeupsWished);
            self.stir();
            sent.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        }
        Ok(())
    }

    /// Makes the actor the handler of dead letters, or ends that.
    fn handle_dead_letters(&self, start: bool) -> PyResult<()> {
        self.system.handle_dead_letters(self.handle()?, start);
        Ok(())
    }
}
