//! The command `roscius dashboard` on a real system: this test program, started again.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use roscius::prelude::*;
use roscius_host::admin::Claim;
use roscius_host::rust::{self, ProcessSystem, Registry};
use roscius_protocol::frame::Role;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::browser::Browser;
use crate::stage::PATIENCE;

/// What the clerk has summed up so far.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
struct Add(u64);

struct Clerk(u64);

impl Actor for Clerk {
    type Protocol = (Add,);
}

impl Handler<Add> for Clerk {
    fn receive(&mut self, add: &mut Add, _: &mut Context<Self>) -> Outcome<u64> {
        self.0 += add.0;
        Ok(self.0)
    }
}

fn registry() -> Registry {
    Registry::new().actor("clerk", Clerk)
}

/// Where the processes of the test begin. Without a part to play nothing happens.
#[test]
fn plays_its_part() {
    rust::enter(&registry());
}

/// The command, serving. It ends with this.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(place: &TempDir, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roscius"));
        command.arg("dashboard").args(arguments).env("XDG_RUNTIME_DIR", place.path()).env("TMPDIR", place.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(place: &TempDir) -> ProcessSystem {
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let builder = ProcessSystem::builder(Claim::Queue("shop".to_owned()), &registry());
    let arguments = ["--exact", "real::plays_its_part", "--nocapture", "--quiet"];
    builder.directory(place.path()).arguments(arguments).start().unwrap()
}

#[test]
fn a_running_system_is_shown_and_a_letter_reaches_another_actor() {
    let Some(mut browser) = Browser::start() else { return };
    let place = tempfile::Builder::new().prefix("rcd").tempdir().unwrap();
    let system = start(&place);
    let boss = system.spawn_named::<Clerk>("boss", 40u64).unwrap();
    let gone = system.spawn::<Clerk>(0u64).unwrap();
    let serving = Serving::start(&place, &["shop", "--allow-changes", "--every", "0.1"]);
    browser.look_like(1400, 1000, false);
    browser.open(&serving.url);
    let row = |address: Address| format!("document.querySelector('[data-address=\"{address}\"]')");
    browser.until(&format!("{}.textContent.includes('“boss”')", row(boss.address())));
    browser.until(&format!("{}.textContent.includes('Clerk')", row(gone.address())));
    assert_eq!(system.ask(boss, Add(0)).wait(), Ok(40));
    let adds = "document.querySelector('#messages tbody tr')?.innerText ?? ''";
    browser.until(&format!("/Add\\t.*\\t1$/.test({adds})"));
    // What begins and ends is seen without the page being loaded again.
    let late = system.spawn::<Clerk>(0u64).unwrap();
    browser.until(&row(late.address()));
    system.exit(gone);
    browser.until(&format!("!{}", row(gone.address())));
    system.tell(gone, Add(2)).unwrap();
    // What comes of it is seen by who waits for something.
    let told = Instant::now();
    while system.status().unwrap().dead_letters == 0 {
        assert_eq!(system.ask(boss, Add(0)).wait(), Ok(40));
        assert!(told.elapsed() < PATIENCE, "it is no dead letter");
    }
    browser.until("document.querySelector('#letters .kinds').textContent.includes('Add')");
    browser.until("document.querySelector('#letters .resend')");
    browser.click("#letters .resend");
    browser.until("document.querySelector('#resend').open");
    browser.click("#resend .send");
    browser.until("document.querySelector('#resend .answer').textContent.startsWith('nobody has the address')");
    browser.eval("document.querySelector('#resend input').select()");
    browser.write("boss");
    browser.click("#resend .send");
    browser.until("!document.querySelector('#resend').open");
    let since = Instant::now();
    while system.ask(boss, Add(0)).wait().unwrap() != 42 {
        assert!(since.elapsed() < PATIENCE, "the letter has not arrived");
    }
    system.shutdown().unwrap();
    browser.until("document.querySelector('#lost').textContent.includes('The system is not seen')");
    // The first try was answered with "Conflict", which browsers complain about.
    assert!(browser.complaints.iter().all(|complaint| complaint.contains("409")), "{:?}", browser.complaints);
}

#[test]
fn a_dashboard_that_ends_leaves_nothing_in_the_system() {
    let place = tempfile::Builder::new().prefix("rcd").tempdir().unwrap();
    let system = start(&place);
    let programs = || {
        let members = system.status().unwrap().detail.members;
        members.iter().filter(|member| member.role == Role::External).count()
    };
    let before = programs();
    for signal in [Signal::TERM, Signal::INT, Signal::KILL] {
        let mut serving = Serving::start(&place, &[]);
        assert!(serving.url.starts_with("http://127.0.0.1:"), "{}", serving.url);
        assert_eq!(programs(), before + 1);
        kill_process(serving.pid(), signal).unwrap();
        let status = serving.child.wait().unwrap();
        assert_eq!(status.success(), signal != Signal::KILL, "{status}");
        let since = Instant::now();
        while programs() != before {
            assert!(since.elapsed() < PATIENCE, "the dashboard is still in the system");
        }
    }
    system.shutdown().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_roscius"));
    let ended = command.args(["dashboard", "shop"]).env("XDG_RUNTIME_DIR", place.path()).env("TMPDIR", place.path());
    assert_eq!(ended.output().unwrap().status.code(), Some(2), "there is no such system");
}
