//! The address of an actor, as Python sees it.

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use roscius::Address;

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

    fn detail(&self) -> String {
        match &self.place {
            Place::Actor(address) => address.to_string(),
            Place::Nowhere(detail) => detail.clone(),
        }
    }
}

impl std::fmt::Display for ActorAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ActorAddr-{}", self.detail())
    }
}

#[pymethods]
impl ActorAddress {
    #[new]
    fn new(detail: &Bound<'_, PyAny>) -> PyResult<Self> {
        let detail = detail.str()?.to_string();
        let place = detail.parse().map(Place::Actor).unwrap_or(Place::Nowhere(detail));
        Ok(Self { place })
    }

    #[getter(addressDetails)]
    fn address_details(&self) -> String {
        self.detail()
    }

    #[getter(actorAddressString)]
    fn actor_address_string(&self) -> String {
        self.detail()
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

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyAny>, (String,)) {
        (slf.get_type().into_any(), (slf.get().detail(),))
    }
}
