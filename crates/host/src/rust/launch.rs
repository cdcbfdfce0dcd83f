//! How a program starts itself again.
//!
//! The new process finds on its standard input a socket: from there it reads what it is to be, and there it
//! answers. An environment variable says which socket that is, by device and inode, so a program that is started by a part, and
//! inherits the variable, does not take itself for one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{decode, encode};
use roscius_protocol::lifecycle::Birth;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::admin::{Claim, ConventionOptions};

/// Names the socket of the part that a process is to be.
const PART: &str = "ROSCIUS_PART";
/// How long a new process may take to read what it is to be. It is the first thing it does.
const READ_WITHIN: Duration = Duration::from_secs(20);
/// More than that is no task.
const LONGEST: u32 = 1 << 30;

/// What a new process is to be.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Task {
    /// The Admin of a new system.
    Admin { system: u32, claim: Claim, base: Option<PathBuf>, creator: Option<u32>, convention: Box<ConventionOptions> },
    /// The process that starts those of actors.
    Starter { directory: PathBuf, arguments: Vec<String> },
    /// The process of an actor.
    Actor(Box<ActorTask>),
}

/// An actor to be made in a new process.
#[derive(Debug, Serialize, Deserialize)]
pub struct ActorTask {
    /// The directory of its system.
    pub directory: PathBuf,
    /// Which process it is to be.
    pub node: NodeId,
    /// Its parent.
    pub parent: Address,
    /// Its number with its parent.
    pub birth: Birth,
    /// The name that its type is registered under.
    pub maker: String,
    /// Its global name.
    pub name: Option<String>,
    /// What it is made of, in MessagePack.
    pub arguments: Vec<u8>,
}

impl Task {
    /// What it is called in a list of processes.
    const fn title(&self) -> &'static str {
        match self {
            Self::Admin { .. } => "Admin",
            Self::Starter { .. } => "starter",
            Self::Actor(_) => "actor",
        }
    }
}

/// A process that was started, and the socket to it. The other end is open for as long as the process lives.
#[derive(Debug)]
pub(super) struct Launched {
    child: Child,
    socket: UnixStream,
}

impl Launched {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it answers.
    pub fn answer<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        read(&mut self.socket)
    }

    /// What it answers within this time.
    pub fn answer_within<T: DeserializeOwned>(&mut self, within: Duration) -> io::Result<T> {
        self.socket.set_read_timeout(Some(within))?;
        let answer = self.answer();
        self.socket.set_read_timeout(None)?;
        answer
    }

    /// Waits for its end. False: it was killed as it had not come within the time.
    pub fn end(&mut self, within: Duration) -> bool {
        // The socket says so when the process ends: a wait for a process has no limit.
        let timely = self.socket.set_read_timeout(Some(within.max(Duration::from_millis(1)))).is_ok()
            && matches!(self.socket.read(&mut [0]), Ok(0));
        if !timely {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        timely
    }

    /// Takes note of its end, if it has ended.
    pub fn reap(&mut self) {
        let _ = self.child.try_wait();
    }
}

/// Starts the program again with a task. `arguments` are those of its command line.
pub(super) fn launch(task: &Task, arguments: &[String]) -> io::Result<Launched> {
    launch_program(&std::env::current_exe()?, task, arguments)
}

/// Starts any program of this kind with a task.
pub(super) fn launch_program(program: &Path, task: &Task, arguments: &[String]) -> io::Result<Launched> {
    let (mut socket, theirs) = UnixStream::pair()?;
    let identity = identity_of(&theirs)?;
    let title = format!("{}: {}", program.file_name().unwrap_or_default().to_string_lossy(), task.title());
    let mut command = Command::new(program);
    command.arg0(title).args(arguments).env(PART, identity).stdin(Stdio::from(OwnedFd::from(theirs)));
    let mut child = command.spawn()?;
    // Only the new process has the other end now.
    drop(command);
    let told = socket.set_write_timeout(Some(READ_WITHIN)).and_then(|()| write(&mut socket, task));
    if let Err(error) = told {
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    Ok(Launched { child, socket })
}

/// The socket of this process, if it was started to be a part of a system.
pub(super) fn part() -> Option<UnixStream> {
    let named = std::env::var(PART).ok()?;
    let stdin = io::stdin();
    (identity_of(&stdin).ok()? == named).then(|| stdin.as_fd().try_clone_to_owned().ok().map(UnixStream::from))?
}

/// Reads what this process is to be. Its standard input is empty from here on.
pub(super) fn take_task(socket: &mut UnixStream) -> io::Result<Task> {
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    read(socket)
}

/// Answers who started this process.
pub(super) fn answer<T: Serialize>(socket: &mut UnixStream, answer: &T) -> io::Result<()> {
    write(socket, answer)
}

fn identity_of(descriptor: &impl AsFd) -> io::Result<String> {
    let stat = rustix::fs::fstat(descriptor)?;
    Ok(format!("{}:{}", stat.st_dev, stat.st_ino))
}

fn write<T: Serialize>(socket: &mut UnixStream, message: &T) -> io::Result<()> {
    let body = encode(message).map_err(io::Error::other)?;
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| io::Error::other(format!("{} bytes are too many", body.len())))?;
    socket.write_all(&length.to_le_bytes())?;
    socket.write_all(&body)
}

fn read<T: DeserializeOwned>(socket: &mut UnixStream) -> io::Result<T> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::Error::other(format!("{length} bytes are too many")));
    }
    let mut body = Vec::new();
    socket.take(length.into()).read_to_end(&mut body)?;
    decode(&body).map_err(io::Error::other)
}
