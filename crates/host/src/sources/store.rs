//! The contents of sources, in files of the system's own directory.
//!
//! A file is named by the digest of what is in it. It is there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use roscius_protocol::sources::{ContentKind, Digest};
use roscius_transport::socket_dir::SOURCE;
use rustix::fs::OFlags;

use super::{LONGEST, digest_of};

/// Contents of sources, each in a file that is named by its digest.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// Why the content of a source is not there.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file: the source was unloaded.
    #[error("it was unloaded meanwhile")]
    Gone,
    /// There is another content in the file than was validated.
    #[error("its content has changed since it was validated")]
    Changed,
    /// The operating system refused something.
    #[error("its content can not be read: {0}")]
    Io(#[source] io::Error),
}

impl Store {
    /// In the directory of a system, which must be private.
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// Keeps a content, and says what it is found by.
    ///
    /// # Errors
    ///
    /// An error of the operating system: no space is left, for example. Nothing is left behind then.
    pub fn keep(&self, content: &[u8], kind: ContentKind) -> io::Result<Digest> {
        let mode = if kind.is_program() { 0o700 } else { 0o600 };
        let digest = digest_of(content);
        let (path, unnamed) = (path_of(&self.directory, digest), self.directory.join(SOURCE));
        // It may be left by an attempt that was interrupted.
        remove(&unnamed)?;
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&unnamed)
            .and_then(|mut file| file.write_all(content))
            .and_then(|()| fs::rename(&unnamed, path));
        if written.is_err() {
            let _ = remove(&unnamed);
        }
        written.map(|()| digest)
    }

    /// Keeps a content no longer. Who reads it just now may read on.
    ///
    /// # Errors
    ///
    /// An error of the operating system.
    pub fn discard(&self, digest: Digest) -> io::Result<()> {
        remove(&path_of(&self.directory, digest))
    }
}

/// The content with this digest, from the directory of a system.
///
/// # Errors
///
/// [`ReadError`] if it is not there, or is not what it was.
pub fn read(directory: &Path, digest: Digest) -> Result<Vec<u8>, ReadError> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    let file: File = options.open(path_of(directory, digest)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReadError::Gone,
        _ => ReadError::Io(error),
    })?;
    let mut content = Vec::new();
    file.take(LONGEST as u64 + 1).read_to_end(&mut content).map_err(ReadError::Io)?;
    if digest_of(&content) == digest { Ok(content) } else { Err(ReadError::Changed) }
}

/// Where the content with this digest is, in the directory of a system.
pub fn path_of(directory: &Path, digest: Digest) -> PathBuf {
    directory.join(format!("{SOURCE}-{digest}"))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
