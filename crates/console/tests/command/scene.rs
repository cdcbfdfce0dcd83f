//! A system of processes for a test, and the command to look at it with.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use roscius::ActorRef;
use roscius_host::admin::Claim;
use roscius_host::rust::{self, ProcessSystem};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cast::{Clerk, registry};

/// Long enough for a busy machine; a test that comes this far has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Where the processes of the tests begin. Without a part to play nothing happens.
#[test]
fn plays_its_part() {
    rust::enter(&registry());
}

/// The command line of those processes.
const ARGUMENTS: [&str; 4] = ["--exact", "scene::plays_its_part", "--nocapture", "--quiet"];

/// A directory that goes with the test, in which systems are, and no others.
pub struct Place(pub PathBuf);

impl Place {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rcc-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
        Self(path)
    }

    pub fn start(&self, name: &str) -> ProcessSystem {
        let builder = ProcessSystem::builder(Claim::Queue(name.to_owned()), &registry());
        builder.directory(&self.0).arguments(ARGUMENTS).start().unwrap()
    }

    /// The command, to be run in this place.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roscius"));
        command.args(arguments).env("XDG_RUNTIME_DIR", &self.0).env("TMPDIR", &self.0);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    /// Runs it with this on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let since = Instant::now();
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        Said {
            code: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
            took: since.elapsed(),
        }
    }

    /// Runs it, and reads the JSON that it writes.
    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let said = self.run(arguments);
        let value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        (said.code, value)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the command has said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Said {
    /// What it has printed, if all is well.
    pub fn well(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.out
    }

    /// What it has complained about, with this exit code.
    pub fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.starts_with("roscius: "), "{self:?}");
        &self.err
    }
}

/// A system with two clerks in processes of their own, one of which has a name.
pub struct Scene {
    pub place: Place,
    pub system: ProcessSystem,
    pub named: ActorRef<Clerk>,
    pub other: ActorRef<Clerk>,
}

impl Scene {
    pub fn new(name: &str) -> Self {
        let place = Place::new(name);
        let system = place.start("shop");
        let named = system.spawn_named::<Clerk>("clerk", 0_u64).unwrap();
        let other = system.spawn::<Clerk>(100_u64).unwrap();
        Self { place, system, named, other }
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        self.place.run(arguments)
    }

    /// The process of an actor.
    pub fn pid(&self, actor: ActorRef<Clerk>) -> u32 {
        let (_, actors) = self.place.json(&["ps", "--json"]);
        let address = actor.address().to_string();
        let found = actors.as_array().unwrap().iter().find(|actor| actor["address"] == *address);
        u32::try_from(found.unwrap()["pid"].as_u64().unwrap()).unwrap()
    }
}

pub fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// A process that is stopped, and goes on at the end of the test.
pub struct Stopped(u32);

impl Stopped {
    pub fn new(pid: u32) -> Self {
        signal(pid, Signal::STOP);
        until("it is stopped", || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            stat.rsplit_once(')').unwrap().1.trim_start().starts_with('T')
        });
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_raw(self.0.cast_signed()).unwrap(), Signal::CONT);
    }
}

/// Looks again and again. Only for what tells nobody.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
