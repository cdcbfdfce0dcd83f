//! A Python object on its way between actors.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use pyo3::prelude::*;
use roscius::Message;
use roscius_host::process::Receipt;
use roscius_protocol::frame::{Frame, Kind};

use crate::address::ActorAddress;
use crate::packing::{self, Packed};

/// Any Python object. In one process it is passed by reference, between processes it is packed.
#[derive(Message)]
#[message(name = "python.object")]
pub(crate) struct PyMessage {
    content: Content,
    /// What the object was made of, unless that was a pickle: the sender may want it back as it was.
    came: Option<Frame>,
    /// Who counts as the sender, where that is not who sent it.
    pub(crate) sender: Option<ActorAddress>,
    /// How often it was delivered, and failed.
    pub(crate) failures: u32,
    /// Of one whose answer is waited for.
    ticket: Option<Ticket>,
}

/// The object, in one of its forms.
pub(crate) enum Content {
    Object(Py<PyAny>),
    /// As it leaves the process.
    Packed(Packed),
    /// As it came.
    Frame(Frame),
}

/// Tells an actor that it has wished for wakeups, in a handler or in another thread.
#[derive(Message)]
#[message(name = "python.wakeups")]
pub(crate) struct WakeupsWished;

/// A wish for a wakeup at this time.
pub(crate) struct WakeupWish {
    pub(crate) due: Instant,
    pub(crate) payload: WakeupPayload,
}

/// What a wakeup brings.
pub(crate) struct WakeupPayload {
    pub(crate) period: Py<PyAny>,
    pub(crate) payload: Py<PyAny>,
}

/// Tells who waits for an answer when the message reached nobody: it is dropped without having been taken up, or
/// having left the process.
struct Ticket {
    receipt: Arc<Receipt>,
    is_settled: AtomicBool,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !*self.is_settled.get_mut() {
            self.receipt.lose();
        }
    }
}

impl PyMessage {
    pub(crate) fn new(object: Py<PyAny>) -> Self {
        Self::of(Content::Object(object))
    }

    pub(crate) fn of(content: Content) -> Self {
        Self { content, came: None, sender: None, failures: 0, ticket: None }
    }

    /// Has it noted when the message reaches nobody, for who waits for its answer.
    pub(crate) fn with_receipt(mut self, receipt: &Arc<Receipt>) -> Self {
        self.ticket = Some(Ticket { receipt: Arc::clone(receipt), is_settled: AtomicBool::new(false) });
        self
    }

    /// An actor has taken the message up.
    pub(crate) fn take_up(&self) {
        if let Some(ticket) = &self.ticket {
            ticket.is_settled.store(true, Ordering::Release);
        }
    }

    /// The message leaves the process. Where it is to be noted if it reaches nobody.
    pub(crate) fn leave(&self) -> Option<&Arc<Receipt>> {
        self.take_up();
        self.ticket.as_ref().map(|ticket| &ticket.receipt)
    }

    /// Something that the system says.
    pub(crate) fn from_system(object: Py<PyAny>) -> Self {
        Self { sender: Some(ActorAddress::system()), ..Self::new(object) }
    }

    /// Its form now.
    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// The object. It is unpacked when it is first looked at.
    pub(crate) fn object(&mut self, py: Python<'_>) -> PyResult<&Py<PyAny>> {
        let unpacked = match &self.content {
            Content::Object(_) => None,
            Content::Packed(packed) => Some(packed.unpack(py)?),
            Content::Frame(frame) => Some(packing::unpack(py, frame)?),
        };
        if let Some(object) = unpacked
            && let Content::Frame(frame) = std::mem::replace(&mut self.content, Content::Object(object))
            && frame.kind() != Kind::Pickle
        {
            self.came = Some(frame);
        }
        match &self.content {
            Content::Object(object) => Ok(object),
            Content::Packed(_) | Content::Frame(_) => unreachable!("it was unpacked"),
        }
    }

    /// What the object was made of, unless that was a pickle, or was looked at by nobody yet.
    pub(crate) fn came_as(&self) -> Option<&Frame> {
        self.came.as_ref()
    }

    /// The object, for who is not its receiver.
    pub(crate) fn copy(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match &self.content {
            Content::Object(object) => Ok(object.clone_ref(py)),
            Content::Packed(packed) => packed.unpack(py),
            Content::Frame(frame) => packing::unpack(py, frame),
        }
    }

    /// Puts another object in its place.
    pub(crate) fn replace(&mut self, object: Py<PyAny>) {
        self.content = Content::Object(object);
    }
}

impl fmt::Debug for PyMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PyMessage").field("failures", &self.failures).finish_non_exhaustive()
    }
}
