//! What a process of a system has to know of Python actors.

use std::collections::BTreeSet;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use pyo3::prelude::*;
use roscius::gate::Crossing;
use roscius::{Address, Payload, Signal};
use roscius_host::process::{Language, Receipt, Unpacked, Unreadable, Write};
use roscius_protocol::admin::messages::{Answer, Entry, FromAdmin, Letter, Setback};
use roscius_protocol::frame::Frame;

use crate::address::ActorAddress;
use crate::classes::Classes;
use crate::coroutine::Coroutines;
use crate::log;
use crate::message::{Content, PyMessage};
use crate::type_tally::TypeTally;
use crate::{encoding, packing, sources};

/// See the [module](self).
#[derive(Default)]
pub(crate) struct PyLanguage {
    /// The actor of this process, if it has one.
    actor: OnceLock<Address>,
    /// The name of its class.
    class: OnceLock<String>,
    /// Messages that came and were not handled yet.
    backlog: AtomicI64,
    capabilities: Mutex<Told>,
    settings: Mutex<Told>,
    /// The living children in other processes.
    children: Mutex<BTreeSet<Address>>,
    /// Handlers that are under way.
    coroutines: OnceLock<Arc<Coroutines>>,
    /// What messages the actor has taken up.
    pub(crate) taken_up: TypeTally,
}

/// Entries that the Admin tells all processes.
#[derive(Default)]
struct Told {
    known: Vec<Entry>,
    /// The process has not looked at them yet.
    have_changed: bool,
}

impl Told {
    /// Takes them in. Whether they are others than before.
    fn renew(&mut self, told: Vec<Entry>) -> bool {
        let differs = self.known != told;
        if differs {
            *self = Self { known: told, have_changed: true };
        }
        differs
    }

    /// All of them, if they have changed since the last time.
    fn take(&mut self) -> Option<Vec<Entry>> {
        std::mem::take(&mut self.have_changed).then(|| self.known.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PyLanguage {
    pub(crate) fn set_coroutines(&self, coroutines: Arc<Coroutines>) {
        let _ = self.coroutines.set(coroutines);
    }

    pub(crate) fn set_actor(&self, actor: Address, class: String) {
        let _ = self.actor.set(actor);
        let _ = self.class.set(class);
    }

    /// A message that came is in the hands of the actor.
    pub(crate) fn handled(&self) {
        self.backlog.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether more waits than what is being handled.
    pub(crate) fn has_backlog(&self) -> bool {
        self.backlog.load(Ordering::Relaxed) > 0
    }

    /// What the process begins with: capabilities and settings.
    pub(crate) fn know(&self, capabilities: Vec<Entry>, settings: Vec<Entry>) {
        *lock(&self.capabilities) = Told { known: capabilities, have_changed: false };
        *lock(&self.settings) = Told { known: settings, have_changed: false };
    }

    /// The same of another process, which has told this one.
    pub(crate) fn know_as(&self, other: &Self) {
        self.know(lock(&other.capabilities).known.clone(), lock(&other.settings).known.clone());
    }

    /// All capabilities, if they have changed since the last time.
    pub(crate) fn take_capabilities(&self) -> Option<Vec<Entry>> {
        lock(&self.capabilities).take()
    }

    /// All settings, if one has changed since the last time.
    pub(crate) fn take_settings(&self) -> Option<Vec<Entry>> {
        lock(&self.settings).take()
    }

    /// Whether the process has something new to look at.
    pub(crate) fn has_news(&self) -> bool {
        lock(&self.capabilities).have_changed || lock(&self.settings).have_changed
    }

    /// An actor in another process has become a child of the actor here.
    pub(crate) fn adopt(&self, child: Address) {
        lock(&self.children).insert(child);
    }

    /// A child has another address than was known when it was adopted.
    pub(crate) fn readdress(&self, before: Address, now: Address) {
        let mut children = lock(&self.children);
        if children.remove(&before) {
            children.insert(now);
        }
    }

    /// The children are nobody's here any more: what becomes of them is not told.
    pub(crate) fn disown(&self) {
        lock(&self.children).clear();
    }

    /// The living children in other processes.
    pub(crate) fn children(&self) -> Vec<Address> {
        lock(&self.children).iter().copied().collect()
    }

    /// Whether the exit of this child is told as a message that came.
    pub(crate) fn is_abroad(&self, child: Address) -> bool {
        self.actor.get().is_some_and(|me| me.node() != child.node())
    }

    fn system_message(
        to: Address,
        from: Address,
        make: impl FnOnce(&Classes, Python<'_>) -> PyResult<Py<PyAny>>,
    ) -> Option<Crossing> {
        Python::attach(|py| match Classes::get(py).and_then(|classes| make(classes, py)) {
            Ok(message) => Some(Self::message(to, from, PyMessage::new(message))),
            Err(error) => {
                log::error(py, format_args!("{to} could not be told something by the system: {error}"));
                None
            }
        })
    }

    fn message(to: Address, from: Address, message: PyMessage) -> Crossing {
        Crossing::Message { to, from, message: Payload::new(message), asker: None }
    }
}

impl Language for PyLanguage {
    fn pack(&self, message: &Payload, write: &mut Write<'_>) -> Result<(), String> {
        let Some(message) = message.get::<PyMessage>() else {
            return Err(format!("`{}` is not a message between processes", message.name()));
        };
        Python::attach(|py| match message.content() {
            Content::Packed(packed) => packed.lend(py, write),
            Content::Object(object) => packing::pack(object.bind(py))?.lend(py, write),
            Content::Frame(frame) => {
                let payload = frame.payload();
                write(&payload.map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?, None);
                Ok(())
            }
        })
        .map_err(|error: PyErr| error.to_string())
    }

    fn receipt(&self, message: &Payload) -> Option<Weak<Receipt>> {
        message.get::<PyMessage>()?.leave().map(Arc::downgrade)
    }

    fn unpack(&self, frame: Frame) -> Result<Unpacked, Unreadable> {
        self.backlog.fetch_add(1, Ordering::Relaxed);
        Ok(Unpacked::Message(Payload::new(PyMessage::of(Content::Frame(frame)))))
    }

    fn answers_by_messages(&self) -> bool {
        true
    }

    fn answer(&self, message: &Payload) -> Answer {
        let no_answer = |reason, details| Answer::None { reason, details };
        let Some(message) = message.get::<PyMessage>() else {
            return no_answer(Setback::Undecodable, format!("`{}` is no answer", message.name()));
        };
        Python::attach(|py| {
            let object = message.copy(py)?.into_bound(py);
            let poison = Classes::get(py)?.poison.bind(py);
            if object.is_instance(poison)? {
                let details = object.getattr("details")?.str()?.to_string();
                return Ok(no_answer(Setback::Failed, details));
            }
            let body = encoding::encode(&object).map_err(|problem| problem.of("the answer"))?;
            Ok(Answer::Reply(body))
        })
        .unwrap_or_else(|error: PyErr| no_answer(Setback::Undecodable, error.to_string()))
    }

    fn arrived_as<'m>(&self, message: &'m Payload) -> Option<&'m Frame> {
        match message.get::<PyMessage>()?.content() {
            Content::Frame(frame) => Some(frame),
            Content::Object(_) | Content::Packed(_) => None,
        }
    }

    fn signal(&self, to: Address, signal: Signal, is_suspended: bool, out: &mut Vec<Crossing>) {
        match &signal {
            Signal::Exit { by, recursive, .. } if !to.is_external() && !is_suspended => {
                let request = |classes: &Classes, py: Python<'_>| classes.exit_request.call1(py, (*recursive,));
                return out.extend(Self::system_message(to, *by, request));
            }
            // It comes in order with the messages, and once, however often the end of the child was noticed.
            Signal::ChildEnded { child, .. } if lock(&self.children).remove(child) => {
                let address = ActorAddress::of(*child);
                let exited = |classes: &Classes, py: Python<'_>| classes.child_exited.call1(py, (address,));
                out.extend(Self::system_message(to, *child, exited));
            }
            _ => {}
        }
        out.push(Crossing::Signal { to, signal });
    }

    fn returned(&self, to: Address, letter: &Letter, frame: Frame) -> Option<Crossing> {
        let by = frame.header().to;
        Python::attach(|py| {
            let is_answer = matches!(letter.reason, Setback::Failed | Setback::NotAccepted);
            if to.is_external() && !is_answer {
                log::error(py, format_args!("{by} could not take a message: {}", letter.details));
                return Ok(None);
            }
            let message = packing::unpack_any(py, &frame)?;
            let poison = Classes::get(py)?.poison.call1(py, (message, &letter.details))?;
            Ok(Some(Self::message(to, by, PyMessage::new(poison))))
        })
        .unwrap_or_else(|error: PyErr| {
            Python::attach(|py| {
                log::error(py, format_args!("a message to {by} came back, and can not be read: {error}"))
            });
            None
        })
    }

    fn wait(&self, wait: &mut (dyn FnMut() + Send)) {
        Python::attach(|py| py.detach(wait));
    }

    fn class_of(&self, actor: Address) -> Option<String> {
        self.actor.get().filter(|me| **me == actor).and_then(|_| self.class.get()).cloned()
    }

    fn handled_types(&self) -> Option<Vec<(String, u64)>> {
        Some(self.taken_up.all())
    }

    fn closing(&self) {
        if let Some(coroutines) = self.coroutines.get() {
            Python::attach(|py| coroutines.close(py));
        }
    }

    fn capabilities(&self, capabilities: Vec<Entry>) -> bool {
        lock(&self.capabilities).renew(capabilities)
    }

    fn settings(&self, settings: Vec<Entry>) -> bool {
        lock(&self.settings).renew(settings)
    }

    fn said_by_admin(&self, to: Address, admin: Address, said: FromAdmin) -> Option<Crossing> {
        Python::attach(|py| {
            let told = Classes::get(py).and_then(|classes| sources::message(py, classes, said, admin));
            match told {
                Ok(message) => message.map(|message| Self::message(to, admin, PyMessage::new(message))),
                Err(error) => {
                    log::error(py, format_args!("{to} could not be told something by the Admin: {error}"));
                    None
                }
            }
        })
    }

    fn readable(&self, descriptors: Vec<RawFd>) -> Option<Crossing> {
        let me = *self.actor.get()?;
        let message = Python::attach(|py| Classes::get(py)?.watch_message.call1(py, (descriptors,))).ok()?;
        Some(Self::message(me, me, PyMessage::new(message)))
    }
}
