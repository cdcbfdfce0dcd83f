//! Addresses to be answered at, one for each ask, for who waits on an event loop.
//!
//! All that happens to them is announced by a file descriptor that becomes readable.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::exceptions::{PyKeyError, PyRuntimeError};
use pyo3::prelude::*;
use roscius::{Address, Payload, Received};
use roscius_host::process::Receipt;

use crate::address::{ActorAddress, Place};
use crate::log;
use crate::message::{Content, PyMessage};
use crate::system::Inner;
use crate::under_way::UnderWay;

/// What happened to an address.
enum Event {
    Arrived(u64),
    /// The message that was asked from it reached nobody.
    Lost(u64),
}

/// The number of an address, whether its message was lost, and else what arrived.
type Taken = (u64, bool, Option<Py<PyAny>>);

/// What the addresses share.
pub(crate) struct Letterbox {
    open: Mutex<(u64, BTreeMap<u64, roscius::Endpoint>)>,
    /// What became of the messages that were asked.
    receipts: Mutex<BTreeMap<u64, Arc<Receipt>>>,
    events: Mutex<Vec<Event>>,
    bell: UnixStream,
    under_way: Arc<UnderWay>,
}

impl Letterbox {
    fn announce(&self, event: Event) {
        self.under_way.add(1);
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(event);
        if events.len() == 1 {
            // When nothing more can be written, enough is there to be read.
            let _ = (&self.bell).write(&[1]);
        }
    }

    fn with<R>(&self, id: u64, act: impl FnOnce(&roscius::Endpoint) -> R) -> PyResult<R> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.1.get(&id).map(act).ok_or_else(|| PyKeyError::new_err(id))
    }
}

/// Addresses of one waiter. `fileno` is readable when `take` has something.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct Answers {
    system: Weak<Inner>,
    letterbox: Arc<Letterbox>,
    ear: UnixStream,
}

impl Answers {
    pub(crate) fn new(system: &Arc<Inner>) -> PyResult<Self> {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        let letterbox = Letterbox {
            open: Mutex::default(),
            receipts: Mutex::default(),
            events: Mutex::default(),
            bell,
            under_way: Arc::clone(&system.under_way),
        };
        Ok(Self { system: Arc::downgrade(system), letterbox: Arc::new(letterbox), ear })
    }

    /// The object in a message that arrived.
    fn open_answer(&self, py: Python<'_>, message: Payload) -> Option<Py<PyAny>> {
        let mut message = message.take::<PyMessage>().ok()?;
        if let (Content::Frame(_), Some(system)) = (message.content(), self.system.upgrade())
            && let Some(member) = &system.member
        {
            member.language.handled();
        }
        match message.object(py) {
            Ok(object) => Some(object.clone_ref(py)),
            Err(error) => {
                log::error(py, format_args!("OUCH! Error deserializing an answer: {error}"));
                None
            }
        }
    }

    fn system(&self) -> PyResult<Arc<Inner>> {
        self.system.upgrade().ok_or_else(|| PyRuntimeError::new_err("the actor system has been shut down"))
    }

    fn address_of(&self, id: u64) -> PyResult<Address> {
        self.letterbox.with(id, roscius::Endpoint::address)
    }

    /// Sends a message from an address, and has its loss announced there.
    pub(crate) fn ask_for(
        &self,
        py: Python<'_>,
        id: u64,
        to: &ActorAddress,
        message: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let letterbox = Arc::downgrade(&self.letterbox);
        let receipt = Arc::new(Receipt::telling(move || {
            if let Some(letterbox) = letterbox.upgrade() {
                letterbox.announce(Event::Lost(id));
            }
        }));
        let message = self.system()?.packed(message)?.with_receipt(&receipt);
        self.letterbox.receipts.lock().unwrap_or_else(PoisonError::into_inner).insert(id, receipt);
        self.post(py, id, to, message)
    }

    fn post(&self, py: Python<'_>, id: u64, to: &ActorAddress, message: PyMessage) -> PyResult<()> {
        let system = self.system()?;
        let Place::Actor(to) = to.place else { return Ok(()) };
        let mut message = message;
        if to.node() != system.node() {
            match system.send_abroad(self.address_of(id)?, to, message) {
                Ok(()) => return Ok(()),
                Err(refused) => message = refused,
            }
        }
        // Addresses here have no bound, so nobody waits while the table is locked.
        let sent = py.detach(|| self.letterbox.with(id, |endpoint| endpoint.post(to, message)))?;
        match &system.member {
            Some(member) => {
                member.process.flush();
                // An actor here is looked at by the thread that drives the process.
                member.process.wake();
                // An event loop waits for nobody.
                member.refuse_more(to.node());
            }
            None => system.under_way.stir(),
        }
        sent.map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }
}

#[pymethods]
impl Answers {
    /// The file descriptor that is readable when `take` has something.
    fn fileno(&self) -> i32 {
        self.ear.as_raw_fd()
    }

    /// Opens an address, and returns its number.
    fn open(&self) -> PyResult<u64> {
        let system = self.system()?;
        let mut open = self.letterbox.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0 += 1;
        let id = open.0;
        let letterbox = Arc::downgrade(&self.letterbox);
        let endpoint = system.system.endpoint_with(move || {
            if let Some(letterbox) = letterbox.upgrade() {
                letterbox.announce(Event::Arrived(id));
            }
        });
        open.1.insert(id, endpoint);
        Ok(id)
    }

    /// The address with this number.
    fn address(&self, id: u64) -> PyResult<ActorAddress> {
        self.address_of(id).map(ActorAddress::of)
    }

    /// Gives an address up. What arrives later is a dead letter.
    fn close(&self, py: Python<'_>, id: u64) {
        self.letterbox.receipts.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let endpoint = self.letterbox.open.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&id);
        py.detach(|| drop(endpoint));
    }

    /// Sends a message from an address.
    fn tell(&self, py: Python<'_>, id: u64, to: &Bound<'_, ActorAddress>, message: Bound<'_, PyAny>) -> PyResult<()> {
        self.post(py, id, to.get(), self.system()?.packed(&message)?)
    }

    /// Sends a message from an address, and has its loss announced there.
    fn ask(&self, py: Python<'_>, id: u64, to: &Bound<'_, ActorAddress>, message: Bound<'_, PyAny>) -> PyResult<()> {
        self.ask_for(py, id, to.get(), &message)
    }

    /// What has happened: number of the address, whether its message was lost, and else what arrived. Follow with `settle`.
    fn take(&self, py: Python<'_>) -> PyResult<Vec<Taken>> {
        let events = {
            let mut events = self.letterbox.events.lock().unwrap_or_else(PoisonError::into_inner);
            let mut heard = [0; 64];
            while (&self.ear).read(&mut heard).is_ok_and(|count| count == heard.len()) {}
            std::mem::take(&mut *events)
        };
        let taken = events.into_iter().filter_map(|event| match event {
            Event::Lost(id) => Some((id, true, None)),
            Event::Arrived(id) => {
                let arrival = self.letterbox.with(id, roscius::Endpoint::take_arrival).ok().flatten();
                let object = match arrival {
                    Some(Received::Message(delivered)) => self.open_answer(py, delivered.message),
                    // That the message failed is said by a message of its own.
                    _ => None,
                };
                if object.is_none() {
                    self.letterbox.under_way.remove(1);
                }
                object.map(|object| (id, false, Some(object)))
            }
        });
        Ok(taken.collect())
    }

    /// So many of what `take` gave have been dealt with.
    fn settle(&self, count: usize) {
        self.letterbox.under_way.remove(count);
    }
}
