//! The part of a system of several processes that is in this one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use roscius::gate::Crossing;
use roscius::{Address, ContextHandle, NodeId, Payload};
use roscius_host::process::Process;

use crate::address::{ActorAddress, Place};
use crate::classes::Classes;
use crate::language::PyLanguage;
use crate::log;
use crate::message::{Content, PyMessage};
use crate::packing;

/// How many messages of one handler leave at once, each for itself. More than these leave in batches.
const PROMPT: u32 = 16;
/// How many messages a handler may send before they leave.
const BATCH: u32 = 64;
/// What was said leaves at the latest with what is said this much later.
const LINGER: Duration = Duration::from_micros(200);
/// How long an actor waits for a receiver that takes nothing.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long external code may send without looking what came.
const LOOK_AROUND: Duration = Duration::from_millis(1);
/// How long external code waits for the exit of an actor that it has told to exit.
const EXIT_WITHIN: Duration = Duration::from_millis(50);
/// How often who waits looks whether a signal came.
const LOOK: Duration = Duration::from_millis(100);

/// See the [module](self).
pub(crate) struct Member {
    pub(crate) process: Arc<Process>,
    pub(crate) language: Arc<PyLanguage>,
    /// How many messages the handler that runs has sent.
    sent: AtomicU32,
    left: Mutex<Instant>,
    /// How long external code waits for a receiver that takes nothing.
    tell_within: Duration,
    /// Receivers that were waited for so long in vain, and how much waited for them then.
    stuck: Mutex<BTreeMap<NodeId, usize>>,
}

impl Member {
    pub(crate) fn new(process: Arc<Process>, language: Arc<PyLanguage>, tell_within: Duration) -> Self {
        let left = Mutex::new(Instant::now());
        Self { process, language, sent: AtomicU32::new(0), left, tell_within, stuck: Mutex::default() }
    }

    /// A handler begins.
    pub(crate) fn begin(&self) {
        self.sent.store(0, Ordering::Relaxed);
        ActorAddress::forget_never_there();
    }

    /// Sends for an actor. What can not be packed comes back to it.
    pub(crate) fn send(&self, handle: &ContextHandle, to: &ActorAddress, object: &Bound<'_, PyAny>) -> PyResult<()> {
        let Place::Actor(address) = to.place else { return Ok(()) };
        if address == self.process.admin() {
            return self.say_to_admin(object, handle.me());
        }
        // To a child that was asked for just now and has not come to be nothing can be sent, and nothing that names it.
        let packed = match to.never_was() {
            Some(problem) => Err(PyValueError::new_err(problem)),
            None => packing::pack(object),
        };
        let message = match packed {
            Ok(packed) => PyMessage::of(Content::Packed(packed)),
            Err(error) => return self.refuse(handle, to, object, &error),
        };
        handle.send(address, message).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        self.let_go(handle)
    }

    /// Says something to the Admin, which understands a request for the status of the system, and what the source authority
    /// says of a source.
    pub(crate) fn say_to_admin(&self, object: &Bound<'_, PyAny>, from: Address) -> PyResult<()> {
        let py = object.py();
        let classes = Classes::get(py)?;
        if object.is_instance(classes.validated_source.bind(py))? {
            self.process.tell_admin(from, crate::sources::verdict(object)?);
            self.process.flush();
            return Ok(());
        }
        if !object.is_instance(classes.status_request.bind(py))? {
            log::noted(py, format_args!("the Admin can do nothing with a message from {}", ActorAddress::of(from)));
            return Ok(());
        }
        let details = crate::process::system_status(py, &self.process, from)?;
        let status = classes.status_message.call1(py, (details,))?;
        let mut message = PyMessage::new(status);
        message.sender = Some(ActorAddress::of(self.process.admin()));
        let message =
            Crossing::Message { to: from, from: self.process.admin(), message: Payload::new(message), asker: None };
        self.process.system().arrive(message);
        Ok(())
    }

    /// Lets what was sent leave now, or a little later together with more.
    fn let_go(&self, handle: &ContextHandle) -> PyResult<()> {
        if !handle.is_running() {
            // A coroutine, or a thread of the actor: no turn is about to end with which it would leave, or be looked at here.
            self.process.relieve(PATIENCE).map_err(PyOSError::new_err)?;
            self.process.wake();
            return Ok(());
        }
        let sent = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let prompt = sent <= PROMPT && !self.language.has_backlog();
        if prompt || sent.is_multiple_of(BATCH) || self.quiet_for() > LINGER {
            handle.hand_over();
            self.process.relieve(PATIENCE).map_err(PyOSError::new_err)?;
            self.note();
        }
        Ok(())
    }

    // The lock is not held while anything waits: to wait lets go of the interpreter, which a thread that wants the lock holds.

    fn quiet_for(&self) -> Duration {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn note(&self) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn refuse(
        &self,
        handle: &ContextHandle,
        to: &ActorAddress,
        object: &Bound<'_, PyAny>,
        error: &PyErr,
    ) -> PyResult<()> {
        let py = object.py();
        log::error(
            py,
            format_args!("a message from {} to {to} can not be sent: {error}", ActorAddress::of(handle.me())),
        );
        let details = log::traceback(py, error)?;
        let poison = Classes::get(py)?.poison.call1(py, (object, details))?;
        let mut message = PyMessage::new(poison);
        message.sender = Some(to.clone());
        handle.send(handle.me(), message).map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }

    /// Sends for external code, and waits until the message has left. A receiver that has taken nothing for long is not waited
    /// for again before it takes something: what there is no more room for is a dead letter.
    pub(crate) fn tell(
        &self,
        py: Python<'_>,
        from: &roscius::Endpoint,
        to: Address,
        message: PyMessage,
    ) -> PyResult<()> {
        from.post(to, message).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        self.look_around()?;
        let mut until = None;
        while !self.process.flush_to(to.node()) {
            let now = Instant::now();
            let left = until.get_or_insert(now + self.tell_within).saturating_duration_since(now);
            if self.process.is_over() {
                return Ok(());
            }
            if self.is_stuck(to.node(), left.is_zero()) {
                if left.is_zero() {
                    let to = ActorAddress::of(to);
                    log::warning(py, format_args!("{to} takes nothing: it is not waited for until it does"));
                }
                self.refuse_more(to.node());
                return Ok(());
            }
            self.turn(left.min(LOOK))?;
            py.check_signals()?;
        }
        self.stuck.lock().unwrap_or_else(PoisonError::into_inner).remove(&to.node());
        Ok(())
    }

    /// Whether a receiver has taken nothing since it was waited for in vain, which is now if `in_vain`.
    fn is_stuck(&self, node: NodeId, in_vain: bool) -> bool {
        let (waiting, _) = self.process.waiting_for(node);
        let mut stuck = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
        match stuck.get_mut(&node) {
            Some(before) if waiting >= *before => {
                *before = waiting;
                true
            }
            _ if in_vain => {
                stuck.insert(node, waiting);
                true
            }
            _ => {
                stuck.remove(&node);
                false
            }
        }
    }

    /// What there is no room for in the queue of a receiver becomes dead letters.
    pub(crate) fn refuse_more(&self, node: NodeId) {
        if self.process.waiting_for(node).1 > 0 {
            self.process.give_up_held(node);
            self.process.flush();
        }
    }

    /// Waits until an actor that was asked to exit has said its last. Then its parent has been told, or is about to read it,
    /// before anything that is sent from here on. An actor that takes its time is not waited for.
    pub(crate) fn await_exit(&self, py: Python<'_>, actor: Address) -> PyResult<()> {
        let until = Instant::now() + EXIT_WITHIN;
        while self.process.hears(actor.node()) && !self.process.is_over() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.turn(left)?;
            py.check_signals()?;
        }
        Ok(())
    }

    /// Takes in what came, if that was not done for a while: a program may send for long without ever waiting.
    fn look_around(&self) -> PyResult<()> {
        if self.quiet_for() > LOOK_AROUND {
            self.process.turn(Some(Duration::ZERO)).map_err(PyOSError::new_err)?;
            self.note();
        }
        Ok(())
    }

    /// Drives the process until something happens, at most so long.
    pub(crate) fn turn(&self, timeout: Duration) -> PyResult<()> {
        self.process.turn(Some(timeout)).map_err(PyOSError::new_err)?;
        Ok(())
    }
}
