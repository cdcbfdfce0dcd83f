//! External code: its address and what arrives there.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use roscius::Received;
use roscius_host::process::Receipt;
use roscius_protocol::admin::messages::Setback;
use roscius_protocol::frame::Kind;

use crate::address::{ActorAddress, Place};
use crate::classes::Classes;
use crate::log;
use crate::message::{Content, PyMessage};
use crate::system::Inner;
use crate::under_way::Prospect;

/// How long a wait lasts at most before signals, such as an interrupt from the keyboard, are looked at.
const SIGNAL_CHECK: Duration = Duration::from_millis(100);

/// An address of external code, with what arrives there.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct Endpoint {
    system: Arc<Inner>,
    /// None when it is closed.
    endpoint: Mutex<Option<Arc<roscius::Endpoint>>>,
}

impl Endpoint {
    pub(crate) fn open(system: &Arc<Inner>) -> Self {
        let endpoint = system.system.endpoint();
        Self { system: Arc::clone(system), endpoint: Mutex::new(Some(Arc::new(endpoint))) }
    }

    fn endpoint(&self) -> PyResult<Arc<roscius::Endpoint>> {
        let endpoint = self.endpoint.lock().unwrap_or_else(PoisonError::into_inner);
        endpoint.clone().ok_or_else(|| PyRuntimeError::new_err("this address of external code is closed"))
    }

    fn post(&self, py: Python<'_>, address: &ActorAddress, message: PyMessage) -> PyResult<()> {
        // What woke up before now comes before what is said now.
        if self.system.has_alarm_within(Some(Duration::ZERO)) {
            self.system.run(py, || false)?;
        }
        let Place::Actor(to) = address.place else { return Ok(()) };
        let endpoint = self.endpoint()?;
        if let Some(member) = &self.system.member {
            return member.tell(py, &endpoint, to, message);
        }
        let mut message = message;
        if to.node() != self.system.node() {
            match self.system.send_abroad(endpoint.address(), to, message) {
                Ok(()) => return Ok(()),
                Err(refused) => message = refused,
            }
        }
        // On the base `simple` nothing is woken that would wait for the interpreter.
        let sent = match self.system.is_simple {
            true => endpoint.post(to, message),
            false => py.detach(|| endpoint.post(to, message)),
        };
        self.system.under_way.stir();
        sent.map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }

    /// Waits for a message, or until it is certain that there is nothing to wait for.
    fn wait(&self, py: Python<'_>, timeout: Option<f64>, is_vain: impl Fn() -> bool) -> PyResult<Option<Py<PyAny>>> {
        let limit = timeout
            .map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)))
            .transpose()
            .map_err(|error| PyValueError::new_err(format!("not a time to wait: {error}")))?;
        let endpoint = self.endpoint()?;
        let classes = Classes::get(py)?;
        let start = Instant::now();
        loop {
            let is_vain = is_vain() || self.system.member.as_ref().is_some_and(|member| member.process.is_over());
            let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
            let stirs = self.system.under_way.stirs();
            self.system.run(py, || endpoint.has_arrivals() || limit.is_some_and(|limit| start.elapsed() >= limit))?;
            let received = match (self.system.is_simple, left) {
                _ if endpoint.has_arrivals() => endpoint.take_arrival(),
                // Nothing that could lead to an answer is left but wakeups.
                (true, None) => py.detach(|| endpoint.listen(Duration::ZERO)),
                (_, left) if let Some(member) = &self.system.member => {
                    if !is_vain {
                        let wait = left.map_or(SIGNAL_CHECK, |left| left.min(SIGNAL_CHECK));
                        member.turn(wait)?;
                    }
                    endpoint.take_arrival()
                }
                // Nor is what goes on outside of the engine: it is waited for below.
                (true, Some(_)) if self.system.under_way.prospect(stirs) != Prospect::Idle => {
                    py.detach(|| endpoint.listen(Duration::ZERO))
                }
                (_, left) => {
                    let wait = left.map_or(SIGNAL_CHECK, |left| left.min(SIGNAL_CHECK));
                    py.detach(|| endpoint.listen(wait))
                }
            };
            py.check_signals()?;
            match received {
                Some(Received::Message(delivered)) => {
                    let Ok(mut message) = delivered.message.take::<PyMessage>() else { continue };
                    let object = match message.object(py) {
                        Ok(object) => object.clone_ref(py),
                        Err(error) => {
                            log::error(py, format_args!("OUCH! Error deserializing a message: {error}"));
                            if let (Some(member), Content::Frame(frame)) = (&self.system.member, message.content())
                                && frame.kind() == Kind::MessagePack
                            {
                                member.process.give_back(frame, Setback::NotAccepted, error.to_string());
                            }
                            continue;
                        }
                    };
                    if classes.is_for_external_code(object.bind(py))? {
                        return Ok(Some(object));
                    }
                }
                Some(_) => {}
                None if is_vain => return Ok(None),
                None if limit.is_some_and(|limit| start.elapsed() >= limit) => return Ok(None),
                None if self.system.is_simple => match self.system.under_way.prospect(stirs) {
                    Prospect::News => {}
                    Prospect::Busy => self.system.wait_for_news(py, stirs, left.unwrap_or(SIGNAL_CHECK)),
                    Prospect::Idle if self.system.has_alarm_within(left) => {}
                    Prospect::Idle => return Ok(None),
                },
                None => {}
            }
        }
    }
}

/// The error of an ask whose message the receiver could not make out.
fn undeliverable(py: Python<'_>, to: &str, complaint: &str) -> PyErr {
    let text = format!("Transmit of ask message to {to} failed (-BadPacketError): {complaint}");
    let class = py.import("thespian.system.exceptions").and_then(|module| module.getattr("ActorSystemFailure"));
    match class.and_then(|class| class.call1((text,))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

#[pymethods]
impl Endpoint {
    /// The address: actors answer to it.
    #[getter]
    fn address(&self) -> PyResult<ActorAddress> {
        Ok(ActorAddress::of(self.endpoint()?.address()))
    }

    /// Sends a message.
    fn tell(&self, py: Python<'_>, address: &Bound<'_, ActorAddress>, message: Bound<'_, PyAny>) -> PyResult<()> {
        if let (Some(member), Place::Actor(to)) = (&self.system.member, &address.get().place)
            && *to == member.process.admin()
        {
            return member.say_to_admin(&message, self.endpoint()?.address());
        }
        let packed = self.system.packed(&message)?;
        self.post(py, address.get(), packed)?;
        if let (Some(member), Place::Actor(to)) = (&self.system.member, &address.get().place)
            && message.is_instance(Classes::get(py)?.exit_request.bind(py))?
        {
            member.await_exit(py, *to)?;
        }
        self.system.run(py, || false)
    }

    /// Sends a message and waits for the next one to arrive here, at most so many seconds. None when there is none.
    #[pyo3(signature = (address, message, timeout = None))]
    fn ask(
        &self,
        py: Python<'_>,
        address: &Bound<'_, ActorAddress>,
        message: Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<Option<Py<PyAny>>> {
        if let (Some(member), Place::Actor(to)) = (&self.system.member, &address.get().place)
            && *to == member.process.admin()
        {
            member.say_to_admin(&message, self.endpoint()?.address())?;
            return self.wait(py, timeout, || false);
        }
        let receipt = Arc::new(Receipt::default());
        let message = self.system.packed(&message)?.with_receipt(&receipt);
        self.post(py, address.get(), message)?;
        let answer = self.wait(py, timeout, || receipt.is_lost() || receipt.complaint().is_some())?;
        match (&answer, receipt.complaint()) {
            (None, Some(complaint)) => Err(undeliverable(py, &address.get().to_string(), &complaint)),
            _ => Ok(answer),
        }
    }

    /// Waits for the next message to arrive, at most so many seconds. None when there is none.
    #[pyo3(signature = (timeout = None))]
    fn listen(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Py<PyAny>>> {
        self.wait(py, timeout, || false)
    }

    /// Gives the address up. What arrives later is a dead letter.
    fn close(&self) {
        self.endpoint.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
