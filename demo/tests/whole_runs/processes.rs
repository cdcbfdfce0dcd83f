//! On processes: the same work, and nothing of it is left when it ends.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::program::{command, many_texts, rows};

/// Long enough for a busy machine; a test that comes this far has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder to run in, with a private one in it for the sockets.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let sockets = folder.path().join("run");
    fs::create_dir(&sockets).expect("created");
    fs::set_permissions(&sockets, fs::Permissions::from_mode(0o700)).expect("private");
    folder
}

fn on_processes(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = command(folder, &[&["--base", "processes"], arguments].concat());
    command.env("XDG_RUNTIME_DIR", folder.path().join("run"));
    command
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    on_processes(folder, arguments).output().expect("started")
}

/// The processes that this one has started, and those that they have, each with its name.
fn descendants(pid: u32) -> Vec<(u32, String)> {
    let of = |entry: fs::DirEntry| -> Option<(u32, u32, String)> {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        let title = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        Some((process, parent, title))
    };
    let all: Vec<_> = fs::read_dir("/proc").expect("processes").flatten().filter_map(of).collect();
    let mut found = BTreeSet::from([pid]);
    loop {
        let more: Vec<_> =
            all.iter().filter(|(one, parent, _)| found.contains(parent) && !found.contains(one)).collect();
        if more.is_empty() {
            break;
        }
        found.extend(more.iter().map(|(one, ..)| *one));
    }
    all.into_iter().filter(|(one, ..)| *one != pid && found.contains(one)).map(|(one, _, title)| (one, title)).collect()
}

/// When a process was started, in ticks since the machine was.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn is_gone(pid: u32) -> bool {
    // Where nobody reaps orphans they stay as zombies.
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id")).expect("no zero");
    // One that has ended already needs no signal.
    let _ = kill_process(pid, signal);
}

/// Waits until the program has stored something, and says which processes it has then.
fn midway(program: &mut Child) -> Vec<(u32, String)> {
    let mut told = BufReader::new(program.stderr.take().expect("piped"));
    let mut line = String::new();
    told.read_line(&mut line).expect("told");
    assert!(line.contains("texts stored"), "{line}");
    program.stderr = Some(told.into_inner());
    descendants(program.id())
}

#[track_caller]
fn assert_whole(folder: &TempDir, number: i64) {
    let ids: Vec<_> = rows(folder, "texts.sqlite").iter().map(|row| row.0).collect();
    assert_eq!(ids, (1..=number).collect::<Vec<_>>());
}

#[test]
fn a_worker_process_is_killed_midway_and_nothing_is_lost() {
    let folder = folder();
    many_texts(&folder, 3000);
    let output = run(&folder, &["--input", "many.txt", "--workers", "2"]);
    let (report, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    assert!(told.contains("an inference worker was killed with 64 texts in hand: its process is gone"), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    assert_eq!(report.matches("3,000").count(), 5, "four stages and one source:\n{report}");
    for row in [
        "in hand of the killed worker     64",
        "given to another worker          64",
        "stored twice                      0",
        "lost                              0",
        "inference workers restarted: 1",
        "SIGKILL",
    ] {
        assert!(report.contains(row), "`{row}` is missing in\n{report}");
    }
    assert_whole(&folder, 3000);
    let left: Vec<_> = fs::read_dir(folder.path().join("run")).expect("there").flatten().collect();
    for entry in &left {
        assert_eq!(fs::read_dir(entry.path()).expect("a folder").count(), 0, "nothing is left in {entry:?}");
    }
}

#[test]
fn scores_are_those_of_the_threads() {
    let folder = folder();
    let texts =
        ["I love it", "the table", "I hate it, it is awful!", "not so bad", "VADER is smart, handsome, and funny."];
    fs::write(folder.path().join("few.txt"), texts.join("\n")).expect("written");
    let output = run(&folder, &["--input", "few.txt", "--no-kill", "--database", "processes.sqlite"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("inference workers restarted: 0"));
    crate::program::report(&folder, &["--input", "few.txt", "--no-kill", "--database", "threads.sqlite"]);
    let found = rows(&folder, "processes.sqlite");
    assert_eq!(found.len(), texts.len());
    assert_eq!(found, rows(&folder, "threads.sqlite"));
}

/// Somebody else kills actors: a worker is replaced, and without any other the run ends and says so.
#[test]
fn processes_that_another_program_kills() {
    let folder = folder();
    many_texts(&folder, 300_000);
    let arguments = ["--input", "many.txt", "--workers", "2", "--no-kill"];
    let mut program = on_processes(&folder, &arguments).spawn().expect("started");
    let mut actors: Vec<u32> =
        midway(&mut program).into_iter().filter(|(_, title)| title.contains(": actor")).map(|(pid, _)| pid).collect();
    assert_eq!(actors.len(), 6, "store, foreman, clean, fetch, two workers");
    // They were made in this order.
    actors.sort_unstable_by_key(|&pid| (started(pid), pid));
    kill(actors[5], Signal::KILL);
    until("the worker is not replaced", || {
        let now = descendants(program.id());
        now.iter().any(|(pid, title)| title.contains(": actor") && !actors.contains(pid))
    });
    kill(actors[0], Signal::KILL);
    let output = program.wait_with_output().expect("ended");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("texts are missing in the database"), "{error}");
    assert!(error.contains("store ended early: its process is gone"), "{error}");
    for actor in actors {
        until("an actor is left", || is_gone(actor));
    }
}

#[test]
fn who_interrupts_the_program_leaves_no_process() {
    let folder = folder();
    many_texts(&folder, 200_000);
    for signal in [Signal::INT, Signal::KILL] {
        let mut program = on_processes(&folder, &["--input", "many.txt"]).spawn().expect("started");
        let processes = midway(&mut program);
        assert!(processes.len() >= 7, "the Admin, the starter, and actors: {processes:?}");
        kill(program.id(), signal);
        program.wait().expect("ended");
        for (process, title) in processes {
            until(&title, || is_gone(process));
        }
    }
}

#[test]
fn no_place_for_sockets() {
    let folder = folder();
    many_texts(&folder, 10);
    let mut program = on_processes(&folder, &["--input", "many.txt"]);
    let output = program.env("XDG_RUNTIME_DIR", folder.path().join("many.txt")).env("TMPDIR", "/proc").output();
    let output = output.expect("started");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("the processes of the actors cannot be started") && error.contains("what to do"), "{error}");
}
