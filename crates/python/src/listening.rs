//! Where a process listens, as the Python packages see it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use roscius::NodeId;
use roscius_transport::{Listening as Socket, SocketDir};
use rustix::rand::GetRandomFlags;

use crate::address::ActorAddress;
use crate::process::actor_of;

/// Where a process listens.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct Listening {
    pub(crate) node: NodeId,
    pub(crate) directory: PathBuf,
    socket: Mutex<Option<Socket>>,
}

impl Listening {
    /// The socket of a process, in the directory of its system.
    pub(crate) fn of(node: NodeId, socket: Socket) -> Self {
        let directory = socket.path().parent().map(Path::to_owned).unwrap_or_default();
        Self { node, directory, socket: Mutex::new(Some(socket)) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Socket>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn used() -> PyErr {
        PyValueError::new_err("this socket is used already")
    }
}

#[pymethods]
impl Listening {
    /// Listens as a process of the system that has this directory. `process` is a number; None takes one that is free.
    #[new]
    #[pyo3(signature = (directory, process = None))]
    fn new(directory: PathBuf, process: Option<u32>) -> PyResult<Self> {
        let (dir, system) = open_directory(&directory)?;
        loop {
            let number = match process {
                Some(number) => number,
                None => random_number().map_err(PyOSError::new_err)?.max(NodeId::FIRST_FREE),
            };
            let node = NodeId::of_process(system, number);
            match dir.listen(node) {
                Ok(socket) => return Ok(Self { node, directory, socket: Mutex::new(Some(socket)) }),
                Err(roscius_transport::SocketDirError::InUse { .. }) if process.is_none() => {}
                Err(error) => return Err(PyOSError::new_err(error.to_string())),
            }
        }
    }

    /// Takes over a socket from another process, by its descriptor.
    #[staticmethod]
    fn adopt(directory: PathBuf, process: u32, descriptor: RawFd) -> PyResult<Self> {
        let (dir, system) = open_directory(&directory)?;
        let node = NodeId::of_process(system, process);
        let socket = Socket::adopt(copy_of(descriptor)?, dir.socket_of(node))
            .map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self { node, directory, socket: Mutex::new(Some(socket)) })
    }

    /// The number of the process.
    #[getter]
    fn process(&self) -> u32 {
        self.node.process()
    }

    /// The address of the actor of that process.
    #[getter]
    fn actor(&self) -> ActorAddress {
        ActorAddress::of(actor_of(self.node))
    }

    /// The descriptor.
    fn fileno(&self) -> PyResult<RawFd> {
        Ok(self.lock().as_ref().ok_or_else(Self::used)?.as_fd().as_raw_fd())
    }

    /// Leaves the socket to a process that was started with it.
    fn leave(&self) {
        if let Some(socket) = self.lock().take() {
            socket.leave();
        }
    }

    /// Takes over, in a process that was forked since, what the other process leaves.
    fn take_over(&self) {
        if let Some(socket) = self.lock().as_mut() {
            socket.take_over();
        }
    }
}

/// A copy of a descriptor of this process that only its number is known of.
pub(crate) fn copy_of(descriptor: RawFd) -> io::Result<OwnedFd> {
    let this = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty())?;
    Ok(rustix::process::pidfd_getfd(this, descriptor, rustix::process::PidfdGetfdFlags::empty())?)
}

/// A number that no other process comes to. The seed of the standard library's hasher is the same in all processes that
/// were forked from one, and would give the children of different parents the same addresses.
pub(crate) fn random_number() -> io::Result<u32> {
    let mut bytes = [0; 4];
    rustix::rand::getrandom(&mut bytes, GetRandomFlags::empty())?;
    Ok(u32::from_ne_bytes(bytes))
}

pub(crate) fn open_directory(directory: &Path) -> PyResult<(SocketDir, u32)> {
    let system = directory.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix('s'));
    let system = system.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let base = directory.parent().and_then(Path::parent);
    let (Some(system), Some(base)) = (system, base) else {
        return Err(PyValueError::new_err(format!("`{}` is no directory of a system", directory.display())));
    };
    let dir = SocketDir::of_system_in(base, system).map_err(|error| PyOSError::new_err(error.to_string()))?;
    Ok((dir, system))
}
