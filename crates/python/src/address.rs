//! The address of an actor, as Python sees it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use roscius::Address;

/// This is a process of a system of processes, whose addresses look like those of hosts: programs take the host, which is this one,
/// out of them.
static OF_NETWORK: AtomicBool = AtomicBool::new(false);
/// How an address in a system of processes begins and ends.
const NETWORK: (&str, &str) = ("(T|:", ")");
/// Actors that were asked for here and never came to be, until the handler that wanted them has ended. Nobody else is to hear of them:
/// whoever gets such an address takes it for that of an actor. Later it names what its parent was told has ended.
static NEVER_THERE: Mutex<BTreeSet<Address>> = Mutex::new(BTreeSet::new());
static ANY_NEVER_THERE: AtomicBool = AtomicBool::new(false);

/// The address of an actor, of external code, or of the actor system.
///
/// It can be compared, sent and pickled, but not hashed: use `key()` in sets and dictionaries. Its text is not to be taken
/// apart.
#[pyclass(frozen, module = "thespian.actors", skip_from_py_object)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActorAddress {
    pub(crate) place: Place,
}

/// Where an address leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// An actor, or an endpoint of external code.
    Actor(Address),
    /// Nowhere. The system itself has such an address, and whoever makes one of his own.
    Nowhere(String),
}

impl ActorAddress {
    /// The sender of what the system says.
    pub(crate) const SYSTEM: &str = "/ActorSys";

    pub(crate) fn of(address: Address) -> Self {
        Self { place: Place::Actor(address) }
    }

    pub(crate) fn system() -> Self {
        Self { place: Place::Nowhere(Self::SYSTEM.to_owned()) }
    }

    /// Of an actor that was asked for and will never be.
    pub(crate) fn unborn() -> Self {
        Self { place: Place::Nowhere("System:BadActor".to_owned()) }
    }

    /// From here on addresses are shown as those of a network.
    pub(crate) fn show_as_of_network() {
        OF_NETWORK.store(true, Ordering::Relaxed);
    }

    /// An actor that was asked for here has never come to be: what names it can not be sent.
    pub(crate) fn never_there(address: Address) {
        NEVER_THERE.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
        ANY_NEVER_THERE.store(true, Ordering::Release);
    }

    /// The handler that wanted such actors has ended.
    pub(crate) fn forget_never_there() {
        if ANY_NEVER_THERE.swap(false, Ordering::AcqRel) {
            NEVER_THERE.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Why an address can not leave the process, if it can not.
    pub(crate) fn never_was(&self) -> Option<String> {
        let Place::Actor(address) = &self.place else { return None };
        let never = ANY_NEVER_THERE.load(Ordering::Acquire)
            && NEVER_THERE.lock().unwrap_or_else(PoisonError::into_inner).contains(address);
        never.then(|| format!("Child Aborted: {self} has never come to be"))
    }

    fn detail(&self) -> String {
        match &self.place {
            Place::Actor(address) => address.to_string(),
            Place::Nowhere(detail) => detail.clone(),
        }
    }

    fn text(&self) -> String {
        match &self.place {
            Place::Actor(address) if OF_NETWORK.load(Ordering::Relaxed) => {
                format!("{}{address}{}", NETWORK.0, NETWORK.1)
            }
            _ => self.detail(),
        }
    }
}

impl std::fmt::Display for ActorAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ActorAddr-{}", self.text())
    }
}

#[pymethods]
impl ActorAddress {
    #[new]
    fn new(detail: &Bound<'_, PyAny>) -> PyResult<Self> {
        let detail = detail.str()?.to_string();
        let bare = detail.strip_prefix(NETWORK.0).and_then(|rest| rest.strip_suffix(NETWORK.1)).unwrap_or(&detail);
        let place = bare.parse().map(Place::Actor).unwrap_or(Place::Nowhere(detail));
        Ok(Self { place })
    }

    #[getter(addressDetails)]
    fn address_details(&self) -> String {
        self.text()
    }

    #[getter(actorAddressString)]
    fn actor_address_string(&self) -> String {
        self.text()
    }

    /// Something hashable, equal for equal addresses, for sets and dictionaries. `ActorAddress(key)` is the address again.
    fn key(&self) -> String {
        self.detail()
    }

    fn __str__(&self) -> String {
        self.to_string()
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let equal = other.cast::<Self>().is_ok_and(|other| self == other.get());
        match op {
            CompareOp::Eq => Ok(equal.into_pyobject(py)?.to_owned().into_any().unbind()),
            CompareOp::Ne => Ok((!equal).into_pyobject(py)?.to_owned().into_any().unbind()),
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let address = slf.get();
        if let Some(problem) = address.never_was() {
            return Err(PyValueError::new_err(problem));
        }
        Ok((slf.get_type().into_any(), (address.detail(),)))
    }
}
