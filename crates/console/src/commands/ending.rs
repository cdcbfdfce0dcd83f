//! `kill` and `shutdown`.

use std::io::Write;
use std::time::{Duration, Instant};

use roscius_protocol::admin::messages::ToAdmin;
use rustix::process::{Pid, Signal, kill_process};

use super::finding::{Found, find};
use super::{CommandError, Outcome};
use crate::attached::{AttachError, Attached};
use crate::snapshot::ActorInfo;
use crate::systems::System;

/// How long a system may take to end: a little more than its Admin allows for it.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(20);
/// How often it is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(10);

pub(super) fn kill(
    system: &System,
    within: Duration,
    wanted: &str,
    (force, timeout): (bool, Duration),
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let found = find(system, within, wanted)?;
    let who = found.title();
    if force {
        let pid = process_of(&found)?;
        end(pid, timeout).map_err(CommandError::Failed)?;
        writeln!(out, "the process {pid} of {who} is killed")?;
        return Ok(Outcome::Well);
    }
    if found.collector.attached().exit(found.address, timeout) {
        writeln!(out, "{who} has exited")?;
        return Ok(Outcome::Well);
    }
    let seconds = timeout.as_secs_f64();
    Err(CommandError::Failed(format!(
        "{who} has not exited within {seconds:.1} s; it still may, or `roscius kill --force {}` ends its process",
        found.address
    )))
}

/// The process of an actor, if that is there for the actor and its children alone.
fn process_of(found: &Found) -> Result<u32, CommandError> {
    let failed = |text: String| CommandError::Failed(text);
    let node = found.address.node().to_string();
    let process = found.snapshot.processes.iter().find(|process| process.node == node);
    let pid = process.and_then(|process| process.pid);
    let pid = pid.ok_or_else(|| failed(format!("the process of {} is not known", found.title())))?;
    let is_here = |actor: &&ActorInfo| actor.node == node;
    // Parents come first.
    let first = found.snapshot.actors.iter().find(is_here);
    match (first, &found.actor) {
        (Some(first), Some(actor)) if first.address != actor.address => Err(failed(format!(
            "{} shares the process {pid} with {} {}: kill that, or this without --force",
            found.title(),
            first.class,
            first.address
        ))),
        _ => Ok(pid),
    }
}

/// Kills a process, and waits for its end.
fn end(pid: u32, within: Duration) -> Result<(), String> {
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| format!("{pid} is no process"))?;
    kill_process(number, Signal::KILL).map_err(|error| format!("the process {pid} can not be killed: {error}"))?;
    let until = Instant::now() + within;
    // A child of somebody else: nothing tells of its end but that it is gone.
    while rustix::process::test_kill_process(number).is_ok() && !is_zombie(pid) {
        if Instant::now() >= until {
            return Err(format!("the process {pid} is killed, and has not ended yet"));
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn is_zombie(pid: u32) -> bool {
    let seen = crate::processes::Eyes::default().look(&[Some(pid)]).pop().flatten();
    seen.is_some_and(|seen| seen.state == crate::snapshot::ProcessState::Ended)
}

pub(super) fn shutdown(system: &System, within: Duration, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let attached = Attached::to(system, within)?;
    match attached.request(ToAdmin::Shutdown, SHUTDOWN_WITHIN) {
        // Somebody else was faster.
        Ok(_) | Err(AttachError::Ended { .. }) => {
            writeln!(out, "{} is shut down", system.name)?;
            Ok(Outcome::Well)
        }
        Err(error) => Err(error.into()),
    }
}
