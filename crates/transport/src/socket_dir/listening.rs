//! A socket that is listened on.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mio::net::UnixListener;

use super::SocketDirError;

/// A socket that is listened on, and its name in the file system. The name goes when this is dropped, but not in a process
/// that was forked meanwhile, and not if it has become the name of another socket.
#[derive(Debug)]
pub struct Listening {
    pub(crate) socket: UnixListener,
    path: PathBuf,
    /// Which process made it.
    pid: u32,
    /// Device and inode.
    identity: (u64, u64),
}

impl Listening {
    /// Listens at a path of the caller's choice, in a directory that nobody else can get at.
    ///
    /// # Errors
    ///
    /// [`SocketDirError::InUse`] if the name is taken, others if the system refuses.
    pub fn bind(path: &Path) -> Result<Self, SocketDirError> {
        let failed = |what| {
            move |error: std::io::Error| match error.kind() {
                std::io::ErrorKind::AddrInUse => SocketDirError::InUse { path: path.to_owned() },
                _ => SocketDirError::io(what, path, error),
            }
        };
        let socket = UnixListener::bind(path).map_err(failed("listen at"))?;
        let found = fs::symlink_metadata(path).map_err(failed("look at"))?;
        let identity = (found.dev(), found.ino());
        Ok(Self { socket, path: path.to_owned(), pid: std::process::id(), identity })
    }

    /// Leaves the name to another process, which has the socket too: one that was forked from this one, or that was
    /// given the descriptor.
    pub fn leave(mut self) {
        self.pid = 0;
    }

    /// Takes over, in a process that was forked since, what the other process [leaves](Listening::leave).
    pub fn take_over(&mut self) {
        self.pid = std::process::id();
    }

    /// Takes over a socket whose descriptor came from another process, which [leaves](Listening::leave) it.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`] if there is nothing with this name.
    pub fn adopt(socket: OwnedFd, path: PathBuf) -> Result<Self, SocketDirError> {
        let failed = |what, error| SocketDirError::io(what, &path, error);
        let socket = std::os::unix::net::UnixListener::from(socket);
        socket.set_nonblocking(true).map_err(|error| failed("use the socket of", error))?;
        let found = fs::symlink_metadata(&path).map_err(|error| failed("look at", error))?;
        let identity = (found.dev(), found.ino());
        Ok(Self { socket: UnixListener::from_std(socket), path, pid: std::process::id(), identity })
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let ours = || fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity);
        if self.pid == std::process::id() && ours() {
            // If it can not be removed it is left for the next one who needs the name.
            let _ = fs::remove_file(&self.path);
        }
    }
}
