//! Sources, as the Python packages load them and answer for them.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use roscius::{Address, Birth, NodeId};
use roscius_host::process::Process as Host;
use roscius_host::rust::{self, ActorTask};
use roscius_host::sources::{LONGEST, check, digest_of, read};
use roscius_protocol::admin::messages::{FromAdmin, Source, ToAdmin};
use roscius_protocol::sources::{Digest, Level, Notice};

use crate::address::{ActorAddress, Place};
use crate::classes::Classes;
use crate::process::{ask_admin, seconds};

create_exception!(
    roscius._core,
    NoSource,
    PyException,
    "The content of a source is not there, or not what was validated."
);

/// What a process of a system has to do with sources.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct Sources {
    host: Arc<Host>,
    me: Address,
}

impl Sources {
    pub(crate) fn new(host: Arc<Host>, me: Address) -> Self {
        Self { host, me }
    }

    fn say(&self, py: Python<'_>, message: ToAdmin, within: Option<f64>) -> PyResult<()> {
        if let Some(within) = within {
            return ask_admin(py, &self.host, self.me, message, seconds(within)?).map(drop);
        }
        self.host.tell_admin(self.me, message);
        self.host.flush();
        Ok(())
    }
}

#[pymethods]
impl Sources {
    /// Has a source validated and loaded. With a time to wait, in seconds, the Admin has it when this returns.
    #[pyo3(signature = (id, info, content, within = None))]
    fn load(
        &self,
        py: Python<'_>,
        id: String,
        info: Option<String>,
        content: PyBackedBytes,
        within: Option<f64>,
    ) -> PyResult<()> {
        if content.len() > LONGEST {
            let text = format!("the source has {} bytes, and may have {LONGEST}", content.len());
            return Err(PyValueError::new_err(text));
        }
        self.say(py, ToAdmin::LoadSource { id, info, content: Bytes::from_owner(content) }, within)
    }

    /// Lets go of a source.
    #[pyo3(signature = (id, within = None))]
    fn unload(&self, py: Python<'_>, id: String, within: Option<f64>) -> PyResult<()> {
        self.say(py, ToAdmin::UnloadSource { id }, within)
    }

    /// The actor of this process becomes the source authority.
    fn authorise(&self, py: Python<'_>) -> PyResult<()> {
        self.say(py, ToAdmin::BeSourceAuthority, None)
    }

    /// The actor of this process wants to know which sources come and go, or not any more.
    fn watch(&self, py: Python<'_>, start: bool) -> PyResult<()> {
        self.say(py, ToAdmin::WatchSources { start }, None)
    }
}

/// The content of a source of the system with this directory.
#[pyfunction]
pub(crate) fn read_source(py: Python<'_>, directory: PathBuf, digest: [u8; 32]) -> PyResult<Bound<'_, PyBytes>> {
    let content = py.detach(|| read(&directory, Digest(digest)));
    content.map(|content| PyBytes::new(py, &content)).map_err(|error| NoSource::new_err(error.to_string()))
}

/// What a starter is told: the process, the number of the actor, its maker, its global name, its arguments, and the source as its id and
/// digest, and whether it is a program. Other systems are no matter here.
type Order = (u32, u32, String, Option<String>, Vec<u8>, (String, [u8; 32], bool), Py<PyAny>);

/// Starts the program that a source is, to be the process of an actor that the Admin wants. The result is its process id.
#[pyfunction]
pub(crate) fn start_program(
    py: Python<'_>,
    directory: PathBuf,
    admin: &Bound<'_, ActorAddress>,
    order: Order,
) -> PyResult<u32> {
    let (process, birth, maker, name, arguments, (id, digest, executable), _) = order;
    let Place::Actor(parent) = admin.get().place else { return Err(PyValueError::new_err("there is no Admin")) };
    let node = NodeId::of_process(parent.node().system(), process);
    let task = ActorTask { directory, node, parent, birth: Birth::numbered(birth), maker, name, arguments };
    let source = Source { id, digest: Digest(digest), executable };
    py.detach(|| rust::start_program(&source, task)).map_err(|error| PyOSError::new_err(error.to_string()))
}

/// The digest of what is fit to be a source. ValueError says why it is not.
#[pyfunction]
pub(crate) fn examine_source(py: Python<'_>, content: PyBackedBytes) -> PyResult<[u8; 32]> {
    py.detach(|| check(&content).map(|()| digest_of(&content).0))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// What a `ValidatedSource` says.
pub(crate) fn verdict(validated: &Bound<'_, PyAny>) -> PyResult<ToAdmin> {
    let zip = validated.getattr("sourceZip")?;
    // What is no bytes at all is no zip file either.
    let content = zip.is_truthy()?.then(|| zip.extract().map(Bytes::from_owner::<PyBackedBytes>).unwrap_or_default());
    // What is far too long is refused by the Admin as it would be if it had come.
    let content = content.map(|content| content.slice(..content.len().min(LONGEST + 1)));
    // Programs from before sources had names give none.
    let info = validated.getattr_opt("sourceInfo")?.filter(|info| !info.is_none());
    let info = info.map(|info| info.str().map(|text| text.to_string())).transpose()?;
    Ok(ToAdmin::SourceVerdict { id: validated.getattr("sourceHash")?.str()?.to_string(), info, content })
}

/// What an actor is told when the Admin says this to it. None: it is nothing for actors.
pub(crate) fn message(
    py: Python<'_>,
    classes: &Classes,
    said: FromAdmin,
    admin: Address,
) -> PyResult<Option<Py<PyAny>>> {
    Ok(Some(match said {
        FromAdmin::ValidateSource { id, info, content } => {
            classes.validate_source.call1(py, (id, PyBytes::new(py, &content), info))?
        }
        FromAdmin::Source(Notice { id, info, loaded }) => {
            let class = if loaded { &classes.loaded_source } else { &classes.unloaded_source };
            class.call1(py, (id, info))?
        }
        FromAdmin::Registration { admin, capabilities, joined } => {
            let capabilities = crate::process::entries(py, capabilities)?;
            classes.registration.call1(py, (ActorAddress::of(admin), capabilities, joined))?
        }
        FromAdmin::Note { level, text } => log_record(py, level, text, admin)?,
        _ => return Ok(None),
    }))
}

fn log_record(py: Python<'_>, level: Level, text: String, admin: Address) -> PyResult<Py<PyAny>> {
    let (number, name) = match level {
        Level::Info => (20, "INFO"),
        Level::Warning => (30, "WARNING"),
        Level::Error => (40, "ERROR"),
    };
    let record = pyo3::types::PyDict::new(py);
    for (key, value) in [("name", "Thespian"), ("levelname", name), ("msg", &text)] {
        record.set_item(key, value)?;
    }
    record.set_item("levelno", number)?;
    // The logger looks whether it is wanted.
    record.set_item("roscius_admin", true)?;
    record.set_item("actorAddress", ActorAddress::of(admin).into_pyobject(py)?.str()?)?;
    Ok(py.import("logging")?.call_method1("makeLogRecord", (record,))?.unbind())
}
