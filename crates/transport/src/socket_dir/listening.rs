//! A socket that is listened on.

use std::fs;
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

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
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
