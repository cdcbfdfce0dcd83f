//! A system of processes for a test.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use roscius::{Message, Received};
use roscius_host::admin::Claim;
use roscius_host::rust::{self, Builder, Endpoint, ProcessSystem, StartError};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::cast::registry;

/// Long enough for a busy machine; a test that comes this far has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Where the processes of the tests begin. Without a part to play nothing happens.
#[test]
fn plays_its_part() {
    rust::enter(&registry());
}

/// The command line of those processes.
pub const ARGUMENTS: [&str; 4] = ["--exact", "scene::plays_its_part", "--nocapture", "--quiet"];

pub struct Scene {
    pub system: ProcessSystem,
    pub base: Base,
}

/// A directory that goes with the test.
pub struct Base(pub PathBuf);

impl Base {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rra-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        Self(path)
    }

    pub fn builder(&self, claim: Claim) -> Builder {
        ProcessSystem::builder(claim, &registry()).directory(&self.0).arguments(ARGUMENTS)
    }

    /// All that systems have made here.
    pub fn files(&self) -> Vec<PathBuf> {
        fn below(path: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
                found.push(entry.path());
                if !entry.path().is_symlink() {
                    below(&entry.path(), found);
                }
            }
        }
        let mut found = Vec::new();
        below(&self.0, &mut found);
        found.retain(|path| path.parent() != Some(&self.0));
        found
    }
}

/// Waits for a file to be made.
pub fn until_made(path: &Path) {
    let since = Instant::now();
    while !path.exists() {
        assert!(since.elapsed() < PATIENCE, "{} is not made", path.display());
        std::thread::yield_now();
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn any_port() -> Claim {
    Claim::Tcp(([127, 0, 0, 1], 0).into())
}

impl Scene {
    pub fn start(name: &str) -> Self {
        let base = Base::new(name);
        let system = base.builder(any_port()).start().unwrap();
        Self { system, base }
    }

    /// Another program's view of the system.
    pub fn attach(&self) -> Result<ProcessSystem, StartError> {
        self.base.builder(self.system.claim().clone()).attach()
    }
}

impl Scene {
    /// The process id of the Admin: of who listens on its socket.
    pub fn admin(&self) -> u32 {
        let is_admin = |path: &PathBuf| path.to_string_lossy().ends_with("00000000");
        let socket = self.base.files().into_iter().find(is_admin).unwrap();
        let link = UnixStream::connect(socket).unwrap();
        u32::try_from(socket_peercred(&link).unwrap().pid.as_raw_nonzero().get()).unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let ended = self.system.shutdown();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

/// The next thing that arrives.
pub fn next(endpoint: &Endpoint) -> Received {
    endpoint.listen(PATIENCE).expect("nothing came")
}

/// The next thing that arrives, which is an `M`.
pub fn next_message<M: Message>(endpoint: &Endpoint) -> M {
    let received = next(endpoint);
    let text = format!("{received:?}");
    received.message::<M>().unwrap_or_else(|| panic!("not a {}: {text}", M::NAME))
}

pub fn kill(pid: u32) {
    kill_process(pid_of(pid), Signal::KILL).unwrap();
}

/// Waits for a process to be gone and reaped.
pub fn until_gone(pid: u32) {
    let since = Instant::now();
    while test_kill_process(pid_of(pid)).is_ok() {
        assert!(since.elapsed() < PATIENCE, "process {pid} is still there");
        std::thread::yield_now();
    }
}

/// Waits for the end of a process that nobody may reap.
pub fn until_ended(pid: u32) {
    let since = Instant::now();
    let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    while state().is_some_and(|state| !state.contains(") Z ")) {
        assert!(since.elapsed() < PATIENCE, "process {pid} still runs");
        std::thread::yield_now();
    }
}

pub fn is_gone(pid: u32) -> bool {
    test_kill_process(pid_of(pid)).is_err()
}

fn pid_of(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}
