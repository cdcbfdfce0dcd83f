//! What the Admin has written down of durable messages: one file, appended to, in a directory of its own.
//!
//! Each change is one record ([`roscius_protocol::post::record`]). It is in the hands of the operating system before a message counts as taken, and on
//! the disk ([`Spool::sync`]) before anything of it goes to another system. What a crash has left unfinished at the end of the file is cut.
//! When most of the file is about messages that are done with, it is written anew beside itself and takes its own place.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use roscius_protocol::post::record::{MAGIC, Record, Records};
use rustix::fs::OFlags;

const FILE: &str = "messages";
const NEXT: &str = "messages.new";
/// A file is not written anew before it has this many bytes that are of no use.
const SPARE: u64 = 1 << 20;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    /// It is locked as long as it is open.
    directory: File,
    file: File,
    /// How long the file is, as far as it is sound.
    length: u64,
    /// Something was written that may not be on the disk.
    unsynced: bool,
    /// What a write that failed has left could not be cut: nothing is written any more.
    broken: bool,
    /// To write it anew has failed: that is not tried again before it is so long.
    enough: u64,
    buffer: Vec<u8>,
}

/// Why there is no place for durable messages.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The directory can not be made or used.
    #[error("durable messages can not be kept in `{}`: {source}", .path.display())]
    Io {
        /// The directory, or the file in it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can enter it.
    #[error("durable messages are not kept in `{}`: others can enter it (mode {mode:03o}); it has to be 700", .path.display())]
    NotPrivate {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Another system keeps its messages there.
    #[error("another system keeps its durable messages in `{}`: each needs a directory of its own", .path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The file is of something else.
    #[error("`{}` does not hold durable messages of this version: move it away, or name another directory", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A setting makes no sense.
    #[error("{what} of the spool has to be more than zero")]
    Setting {
        /// Which.
        what: &'static str,
    },
}

impl Spool {
    /// Opens the spool in a directory, which is made if it is not there, and reads what it holds.
    pub fn open(path: &Path) -> Result<(Self, Vec<Record>), SpoolError> {
        let failed = |source| SpoolError::Io { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let directory = File::open(path).map_err(failed)?;
        let mode = directory.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(SpoolError::NotPrivate { path: path.to_owned(), mode });
        }
        match directory.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let file_path = path.join(FILE);
        let failed = |source| SpoolError::Io { path: file_path.clone(), source };
        let mut file = open_file(&file_path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let is_new = MAGIC.starts_with(&bytes);
        if !is_new && !bytes.starts_with(&MAGIC) {
            return Err(SpoolError::Foreign { path: file_path });
        }
        let (records, sound) = if is_new { (Vec::new(), 0) } else { read(&bytes, &file_path) };
        let spool = Self {
            path: path.to_owned(),
            directory,
            file,
            length: (MAGIC.len() + sound) as u64,
            unsynced: true,
            broken: false,
            enough: 0,
            buffer: Vec::new(),
        };
        spool.cut(is_new).map_err(failed)?;
        Ok((spool, records))
    }

    /// Brings the file back to what is sound in it.
    fn cut(&self, is_new: bool) -> io::Result<()> {
        if is_new {
            self.file.set_len(0)?;
            return (&self.file).write_all(&MAGIC);
        }
        self.file.set_len(self.length)
    }

    /// Writes a record. If that fails, nothing of it is there.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier failure could not be undone"));
        }
        self.buffer.clear();
        record.write(&mut self.buffer);
        if let Err(error) = self.file.write_all(&self.buffer) {
            self.broken = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.length += self.buffer.len() as u64;
        // Without a note that it is done with, a message goes again, and is known.
        self.unsynced |= !matches!(record, Record::Discarded(_));
        // A long message is not kept twice.
        self.buffer.shrink_to(1 << 16);
        Ok(())
    }

    /// Has on the disk what was written.
    pub fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.unsynced) { self.file.sync_data() } else { Ok(()) }
    }

    /// Whether more than half of the file is of no use, if what is needed has so many bytes.
    pub fn is_wasteful(&self, needed: u64) -> bool {
        self.length > needed.saturating_mul(2).saturating_add(SPARE).max(self.enough)
    }

    /// Writes the file anew. If that fails, the old one stays.
    pub fn rewrite(&mut self, records: impl Iterator<Item = Record>) -> io::Result<()> {
        self.enough = self.length + SPARE;
        let next = self.path.join(NEXT);
        // One that was not finished is of no use.
        match std::fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = open_file(&next)?;
        let mut length = MAGIC.len() as u64;
        file.write_all(&MAGIC)?;
        for record in records {
            self.buffer.clear();
            record.write(&mut self.buffer);
            file.write_all(&self.buffer)?;
            length += self.buffer.len() as u64;
        }
        file.sync_data()?;
        std::fs::rename(&next, self.path.join(FILE))?;
        (self.file, self.length, self.unsynced, self.broken, self.enough) = (file, length, false, false, 0);
        self.directory.sync_all()
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    let no_links = OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).custom_flags(no_links).open(path)
}

/// The records in a file, and how many bytes of it are sound.
fn read(bytes: &[u8], path: &Path) -> (Vec<Record>, usize) {
    let bytes = Bytes::copy_from_slice(&bytes[MAGIC.len()..]);
    let length = bytes.len();
    let mut records = Records::new(bytes);
    let read: Vec<Record> = records.by_ref().collect();
    let (damaged, unfinished) = (records.damaged, length - records.sound());
    if damaged > 0 || unfinished > 0 {
        let path = path.display();
        tracing::warn!(%path, damaged, unfinished, "records of durable messages are damaged, or bytes at the end unfinished: they are passed over");
    }
    (read, records.sound())
}

#[cfg(test)]
mod tests;
