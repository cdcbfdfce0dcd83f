//! How a process becomes a part of a running system.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use roscius_protocol::address::NodeId;
use roscius_protocol::admin::messages::{FromAdmin, ToAdmin};
use roscius_protocol::frame::Role;
use roscius_transport::{Listening, SocketDir, SocketDirError};

use super::{Language, Options, Process, ProcessError, RequestError};

/// What a process is that joins a system.
#[derive(Clone, Copy, Debug)]
pub struct Joining {
    /// Its number, if it has been chosen.
    pub node: Option<NodeId>,
    /// What kind of process it is.
    pub role: Role,
    /// How long a message is held for a receiver that takes nothing.
    pub hold_within: Duration,
    /// How long the Admin may take to greet it.
    pub answer_within: Duration,
}

/// Why a process could not join a system.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// There is no place for its socket, or no system.
    #[error(transparent)]
    Directory(#[from] SocketDirError),
    /// The process itself could not be made ready.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The Admin did not answer.
    #[error(transparent)]
    Admin(#[from] RequestError),
}

impl Joining {
    /// Joins the system that has this directory.
    ///
    /// # Errors
    ///
    /// [`JoinError`] if there is no such system, or it can not be reached.
    pub fn join(self, directory: &Path, language: Arc<dyn Language>) -> Result<Arc<Process>, JoinError> {
        let Self { node, role, hold_within, answer_within } = self;
        let (node, listening) = listen(directory, node)?;
        let directory = directory.to_owned();
        let options = Options { node, role, directory, listening, hold_within };
        let process = Process::start(options, language)?;
        let attach = ToAdmin::Attach { pid: std::process::id() };
        match process.request::<RequestError>(process.root(), attach, answer_within, || Ok(()))? {
            FromAdmin::Attached { .. } => Ok(process),
            _ => Err(RequestError::NoAdmin.into()),
        }
    }
}

impl Process {
    /// Tells the Admin that nothing more comes from here, and closes the links, at most `within`.
    pub fn leave(&self, within: Duration) {
        self.tell_admin(self.root(), ToAdmin::Detach);
        self.close(within);
    }
}

fn listen(directory: &Path, node: Option<NodeId>) -> Result<(NodeId, Listening), SocketDirError> {
    let dir = SocketDir::of_path(directory)?;
    let missing = || SocketDirError::NotADirectory { path: directory.to_owned() };
    let system = dir.system().ok_or_else(missing)?;
    loop {
        let number = || NodeId::of_process(system, random_number().max(NodeId::FIRST_FREE));
        let chosen = node.unwrap_or_else(number);
        match dir.listen(chosen) {
            Ok(listening) => return Ok((chosen, listening)),
            Err(SocketDirError::InUse { .. }) if node.is_none() => {}
            Err(error) => return Err(error),
        }
    }
}

/// A number that nobody else has, most likely.
pub(crate) fn random_number() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}
