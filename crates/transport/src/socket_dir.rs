//! Where the sockets of a system are.
//!
//! The directory is `roscius-<uid>/<system>` under `$XDG_RUNTIME_DIR`, or under the temporary directory. Only its user
//! can enter it (mode 0700), and it is refused if somebody else made it, could rename it, or put a symbolic link in its place.
//! What a killed process left there is removed when its name is needed again, or by [`SocketDir::sweep`].
//!
//! A system of processes has the directory of its number, its Admin listens in it, and an alias that people
//! know, such as `tcp-1900`, leads to it ([`SocketDir::resolve`]).

mod alias;
mod listening;

pub use alias::{Found, Neighbour};
pub use listening::Listening;

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use roscius_protocol::address::NodeId;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

/// A path longer than this can not be the address of a socket (`sun_path`, with the zero at its end).
const LONGEST_PATH: usize = 107;
/// The longest name of a socket: a node id in hexadecimal.
const LONGEST_NAME: usize = 16;
/// How long others may hold the lock of the directory. Each needs it for some milliseconds at most, but hundreds of systems may start
/// at the same time.
const LOCK_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait before the lock is tried again: at first, and at most.
const LOCK_AGAIN: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(16));
/// What the names of the files begin with that a system keeps sources in, beside its sockets. They go with its directory.
pub const SOURCE: &str = "source";

/// Why there is no directory, or no socket in it.
#[derive(Debug, thiserror::Error)]
pub enum SocketDirError {
    /// The name of a system or socket can not be a file name.
    #[error("`{name}` can not name a system or a socket: letters, digits, `-`, `_` and `.` can, but not first a `.`")]
    Name {
        /// The name.
        name: String,
    },
    /// The directory lies so deep that no socket in it has an address.
    #[error("`{}` is too long: a socket in it would have more than {LONGEST_PATH} bytes in its path", .path.display())]
    TooLong {
        /// The directory.
        path: PathBuf,
    },
    /// The directory is somebody else's.
    #[error("`{}` belongs to user {owner}, not to this process (user {uid})", .path.display())]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        uid: u32,
    },
    /// Others can enter the directory.
    #[error("others can enter `{}` (mode {mode:03o}); it has to be 700", .path.display())]
    NotPrivate {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others could put a directory of theirs in the place of ours.
    #[error("others can rename what is in `{}` (mode {mode:o}, user {owner})", .path.display())]
    OpenParent {
        /// The directory above.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Whose it is.
        owner: u32,
    },
    /// There is something else in its place: a file, or a symbolic link.
    #[error("`{}` is not a directory", .path.display())]
    NotADirectory {
        /// What it is called.
        path: PathBuf,
    },
    /// A living process listens on the socket.
    #[error("a process listens on `{}` already", .path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Another process has held the lock of the directory for too long.
    #[error("another process keeps `{}` locked", .path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// No space, or no quota, is left.
    #[error("no space is left for `{}`", .path.display())]
    NoSpace {
        /// What was to be made.
        path: PathBuf,
    },
    /// The directory above can not be written to.
    #[error("no permission to make `{}`", .path.display())]
    NoPermission {
        /// What was to be made.
        path: PathBuf,
    },
    /// Another error of the operating system.
    #[error("could not {what} `{}`: {source}", .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SocketDirError {
    fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::NoSpace { path },
            Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => Self::NoPermission { path },
            Some(Errno::NOTDIR | Errno::LOOP) => Self::NotADirectory { path },
            _ => Self::Io { what, path, source },
        }
    }
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketDir {
    path: PathBuf,
}

impl SocketDir {
    /// Opens the directory of the system with this name, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`] if it can not be made or others could get at it.
    pub fn open(system: &str) -> Result<Self, SocketDirError> {
        in_first_base(|base| Self::open_in(base, system))
    }

    /// The same under a directory of the caller's choice.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`], as [`SocketDir::open`].
    pub fn open_in(base: &Path, system: &str) -> Result<Self, SocketDirError> {
        check_name(system)?;
        let ours = ours_in(base);
        let path = ours.join(system);
        if path.as_os_str().len() + 1 + LONGEST_NAME > LONGEST_PATH {
            return Err(SocketDirError::TooLong { path });
        }
        check_parent(base)?;
        make_private(&ours)?;
        make_private(&path)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the socket of a node is.
    pub fn socket_of(&self, node: NodeId) -> PathBuf {
        self.path.join(format!("{:016x}", node.number()))
    }

    /// Listens on the socket of a node.
    ///
    /// # Errors
    ///
    /// [`SocketDirError::InUse`] if a living process does so already, others if the socket can not be made.
    pub fn listen(&self, node: NodeId) -> Result<Listening, SocketDirError> {
        self.listen_at(self.socket_of(node))
    }

    /// Listens on a socket with a name of at most 16 letters, such as `admin`.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`], as [`SocketDir::listen`].
    pub fn listen_as(&self, name: &str) -> Result<Listening, SocketDirError> {
        check_name(name)?;
        self.listen_at(self.path.join(name))
    }

    fn listen_at(&self, path: PathBuf) -> Result<Listening, SocketDirError> {
        if path.as_os_str().len() > LONGEST_PATH {
            return Err(SocketDirError::TooLong { path });
        }
        let _lock = self.lock()?;
        match Listening::bind(&path) {
            Err(SocketDirError::InUse { .. }) if is_stale(&path) => {
                fs::remove_file(&path).map_err(|error| SocketDirError::io("remove", &path, error))?;
                Listening::bind(&path)
            }
            done => done,
        }
    }

    /// The process id of who listens on the socket of a node, even if it does not answer. None: nobody does.
    pub fn listener(&self, node: NodeId) -> Option<u32> {
        let link = mio::net::UnixStream::connect(self.socket_of(node)).ok()?;
        let peer = rustix::net::sockopt::socket_peercred(&link).ok()?;
        u32::try_from(peer.pid.as_raw_nonzero().get()).ok()
    }

    /// Removes the sockets of processes that are gone, and says how many there were.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`] if the directory can not be read.
    pub fn sweep(&self) -> Result<usize, SocketDirError> {
        let _lock = self.lock()?;
        let failed = |error| SocketDirError::io("read", &self.path, error);
        let mut removed = 0;
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if is_stale(&path) && fs::remove_file(&path).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes the directory of a system that is gone, after what it kept there and the sockets of processes that are gone.
    /// Says whether it is gone too; it stays while somebody listens in it.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`] if the directory can not be read.
    pub fn remove(&self) -> Result<bool, SocketDirError> {
        self.sweep()?;
        self.remove_sources();
        match fs::remove_dir(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(SocketDirError::io("remove", &self.path, error)),
        }
    }

    /// What can not be removed keeps the directory.
    fn remove_sources(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        let is_source = |name: &OsStr| name.as_encoded_bytes().starts_with(SOURCE.as_bytes());
        for entry in entries.flatten().filter(|entry| is_source(&entry.file_name())) {
            let _ = fs::remove_file(entry.path());
        }
    }

    fn lock(&self) -> Result<File, SocketDirError> {
        lock(&self.path)
    }
}

/// A socket that is bound but does not listen yet looks like one of a dead process, so both are done under a lock. The
/// lock ends with its file, and with a process that dies.
fn lock(path: &Path) -> Result<File, SocketDirError> {
    let directory = open_directory(path)?;
    let since = Instant::now();
    let (mut pause, longest) = LOCK_AGAIN;
    loop {
        match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(directory),
            Err(Errno::AGAIN | Errno::INTR) if since.elapsed() < LOCK_WITHIN => {
                std::thread::sleep(pause);
                pause = longest.min(pause * 2);
            }
            Err(Errno::AGAIN) => return Err(SocketDirError::Locked { path: path.to_owned() }),
            Err(errno) => return Err(SocketDirError::io("lock", path, errno.into())),
        }
    }
}

/// Opens something where the systems of this user are.
fn in_first_base<T>(open: impl Fn(&Path) -> Result<T, SocketDirError>) -> Result<T, SocketDirError> {
    if let Some(base) = runtime_dir() {
        match open(&base) {
            // What others have done there is no reason to go elsewhere: it is to be known.
            Err(
                SocketDirError::TooLong { .. }
                | SocketDirError::NoPermission { .. }
                | SocketDirError::NoSpace { .. }
                | SocketDirError::Io { .. },
            ) => {}
            done => return done,
        }
    }
    open(&std::env::temp_dir())
}

/// The directory of this user for what runs, if there is one. Where nobody logged in, the variable may name a directory
/// that is not there, or another user's.
fn runtime_dir() -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    runtime.filter(|base| fs::metadata(base).is_ok_and(|it| it.is_dir() && it.uid() == our_uid()))
}

fn ours_in(base: &Path) -> PathBuf {
    base.join(format!("roscius-{}", our_uid()))
}

fn our_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn check_name(name: &str) -> Result<(), SocketDirError> {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(fit) {
        return Err(SocketDirError::Name { name: name.chars().take(100).collect() });
    }
    Ok(())
}

/// What is in a directory that others can write to is only safe from them if it is sticky and belongs to us or root.
fn check_parent(path: &Path) -> Result<(), SocketDirError> {
    let found = fs::metadata(path).map_err(|error| SocketDirError::io("look at", path, error))?;
    let (mode, owner) = (found.mode() & 0o7777, found.uid());
    let (sticky, writable) = (mode & 0o1000 != 0, mode & 0o022 != 0);
    if (writable && !sticky) || (owner != 0 && owner != our_uid()) {
        return Err(SocketDirError::OpenParent { path: path.to_owned(), mode, owner });
    }
    Ok(())
}

fn make_private(path: &Path) -> Result<(), SocketDirError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(SocketDirError::io("make", path, error));
        }
        _ => {}
    }
    // What is checked is the directory that was opened, not what the name may stand for a moment later.
    let found = open_directory(path)?.metadata().map_err(|error| SocketDirError::io("look at", path, error))?;
    let (owner, uid, mode) = (found.uid(), our_uid(), found.mode() & 0o777);
    if owner != uid {
        return Err(SocketDirError::NotOurs { path: path.to_owned(), owner, uid });
    }
    if mode & 0o077 != 0 {
        return Err(SocketDirError::NotPrivate { path: path.to_owned(), mode });
    }
    Ok(())
}

fn open_directory(path: &Path) -> Result<File, SocketDirError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
        // Another user's directory can not even be opened: say whose it is.
        Errno::ACCESS => fs::symlink_metadata(path).map_or_else(
            |error| SocketDirError::io("open", path, error),
            |found| SocketDirError::NotOurs { path: path.to_owned(), owner: found.uid(), uid: our_uid() },
        ),
        errno => SocketDirError::io("open", path, errno.into()),
    })?;
    Ok(File::from(directory))
}

/// Whether this is a socket that nobody listens on. To be asked under the lock only.
fn is_stale(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
        && matches!(connect(path), Err(error) if error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Does not wait, even if many connections wait to be accepted there.
fn connect(path: &Path) -> io::Result<()> {
    mio::net::UnixStream::connect(path).map(drop)
}

#[cfg(test)]
mod tests;
