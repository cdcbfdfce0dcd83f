//! How Python programs find and start the Admin of a system.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use roscius::{Address, NodeId};
use roscius_host::admin::{
    AdminError, AdminOptions, Claim, ConventionOptions, Pace as Timing, Pickles, SpoolOptions, StatusBell,
    alias_of_queue, alias_of_tcp, alias_of_udp, serve_telling,
};
use roscius_protocol::admin::messages::Entry;
use roscius_transport::SocketDir;

use crate::address::ActorAddress;
use crate::listening::{copy_of, open_directory, random_number};
use crate::process::{seconds, status_dict};

/// The directory of the system that is known by a port (`tcp`, `udp`) or a name (`queue`), if there is one.
#[pyfunction]
pub(crate) fn find_system(kind: &str, name: &str) -> PyResult<Option<PathBuf>> {
    let port = || name.parse().map_err(|_| PyValueError::new_err(format!("`{name}` is no port")));
    let alias = match kind {
        "tcp" => alias_of_tcp(port()?),
        "udp" => alias_of_udp(port()?),
        "queue" => alias_of_queue(name),
        other => return Err(PyValueError::new_err(format!("`{other}` is no kind of system"))),
    };
    let found = SocketDir::resolve(&alias).map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(found.map(|directory| directory.path().to_owned()))
}

/// The address of the Admin of the system with this directory.
#[pyfunction]
pub(crate) fn admin_address(directory: PathBuf) -> PyResult<ActorAddress> {
    let (_, system) = open_directory(&directory)?;
    Ok(ActorAddress::of(Address::new(NodeId::of_process(system, NodeId::ADMIN), 0, 0, 0)))
}

/// Starts an executable that offers actors to the system with this directory, until that ends. Returned are their names.
#[pyfunction]
pub(crate) fn announce(
    py: Python<'_>,
    directory: PathBuf,
    program: PathBuf,
    arguments: Vec<String>,
) -> PyResult<Vec<String>> {
    py.detach(|| roscius_host::rust::announce(&directory, &program, &arguments))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// What a system is to others, as its capabilities say it.
#[derive(FromPyObject)]
pub(crate) struct Share {
    leaders: Vec<String>,
    identity: Option<String>,
    place: Option<String>,
    outbound_only: bool,
    certificate: Option<PathBuf>,
    credentials: Option<PathBuf>,
    authority: Option<PathBuf>,
    insecure: bool,
    pickles: String,
    spool: Spool,
    pace: Pace,
}

/// How slowly it lives there, in seconds. None: as is usual.
#[derive(FromPyObject)]
pub(crate) struct Pace {
    heartbeat: Option<f64>,
    misses: Option<u32>,
    retry: Option<f64>,
}

/// What is kept of durable messages. None: what is usual.
#[derive(FromPyObject)]
pub(crate) struct Spool {
    seconds: Option<f64>,
    bytes: Option<u64>,
    directory: Option<PathBuf>,
}

/// Is the Admin of a new system until the system has ended.
///
/// `ready(outcome, text)` is called once: `("ready", directory)`, `("taken", text)` if the port or name belongs to another
/// system or program, or `("failed", text)`.
/// Whatever is written to the other end of the descriptor `alarm` has `report` called with the status of the system.
#[pyfunction]
#[pyo3(signature = (kind, name, capabilities, settings, logger, creator, convention, ready, alarm, report))]
#[expect(clippy::too_many_arguments, reason = "each is a setting of its own, and the caller names them")]
pub(crate) fn serve_admin(
    py: Python<'_>,
    kind: &str,
    name: String,
    capabilities: Vec<Entry>,
    settings: Vec<Entry>,
    logger: Option<Vec<u8>>,
    creator: Option<u32>,
    convention: Share,
    ready: Py<PyAny>,
    alarm: RawFd,
    report: Py<PyAny>,
) -> PyResult<()> {
    let address = || {
        let address: Result<SocketAddr, _> = name.parse();
        address.map_err(|_| PyValueError::new_err(format!("`{name}` is no address with a port")))
    };
    let claim = match kind {
        "tcp" => Claim::Tcp(address()?),
        "udp" => Claim::Udp(address()?),
        "queue" => Claim::Queue(name),
        other => return Err(PyValueError::new_err(format!("`{other}` is no kind of system"))),
    };
    let system = random_number().map_err(pyo3::exceptions::PyOSError::new_err)?;
    let Share {
        leaders,
        identity,
        place,
        outbound_only,
        certificate,
        credentials,
        authority,
        insecure,
        pickles,
        spool,
        pace,
    } = convention;
    let pickles = match &*pickles {
        "convention" => Pickles::Convention,
        "same-host" => Pickles::SameHost,
        "never" => Pickles::Never,
        other => return Err(PyValueError::new_err(format!("`{other}` does not say with whom pickles are exchanged"))),
    };
    let usual = SpoolOptions::default();
    let spool = SpoolOptions {
        keep_for: spool.seconds.map_or(Ok(usual.keep_for), seconds)?,
        bytes: spool.bytes.unwrap_or(usual.bytes),
        directory: spool.directory,
    };
    let pace = Timing {
        heartbeat: pace.heartbeat.map(seconds).transpose()?,
        misses: pace.misses,
        retry: pace.retry.map(seconds).transpose()?,
    };
    let convention = ConventionOptions {
        leaders,
        place,
        outbound_only,
        certificate,
        credentials,
        authority,
        insecure,
        identity,
        pickles,
        spool,
        pace,
        ..ConventionOptions::default()
    };
    let options = AdminOptions { system, claim, base: None, capabilities, settings, logger, creator, convention };
    // How it ended has been said to whoever waits for it, or is in the log.
    let tell = move |status| {
        Python::attach(|py| {
            let told = status_dict(py, status).and_then(|status| report.call1(py, (status,)));
            if let Err(error) = told {
                error.print(py);
            }
        });
    };
    let descriptor = copy_of(alarm).map_err(pyo3::exceptions::PyOSError::new_err)?;
    let bell = StatusBell { descriptor, tell: Box::new(tell) };
    let served = py.detach(|| {
        serve_telling(options, Some(bell), |outcome| {
            let (outcome, text) = match outcome {
                Ok(served) => ("ready", served.directory.path().display().to_string()),
                Err(error @ AdminError::PortTaken { .. }) => ("taken", error.to_string()),
                Err(error) => ("failed", error.to_string()),
            };
            Python::attach(|py| {
                if let Err(error) = ready.call1(py, (outcome, text)) {
                    error.print(py);
                }
            });
        })
    });
    served.map_err(|error| pyo3::exceptions::PyOSError::new_err(error.to_string()))
}
