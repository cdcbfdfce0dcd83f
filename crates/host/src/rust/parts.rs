//! What a process is that was started to be a part of a system.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use roscius::registry::{Cradle, Made, Registry};
use roscius_protocol::admin::messages::{FromAdmin, Refusal, RefusalKind, Source, ToAdmin};
use roscius_protocol::frame::Role;

use super::error::{LaunchError, StartError};
use super::launch::{self, ActorTask, Task, launch, launch_program};
use super::system::join;
use super::within;
use crate::admin::{AdminError, AdminOptions, serve};
use crate::process::{ChildProcess, JoinError, Process};
use crate::sources::{capabilities_of_this_host, path_of, read};

/// How long what an actor said last may take to leave.
const DRAIN_WITHIN: Duration = Duration::from_secs(7);
/// How long the Admin may take to note what a starter can make.
const OFFER_WITHIN: Duration = Duration::from_secs(10);
/// How long an actor has to exit when the system is gone.
const EXIT_WITHIN: Duration = Duration::from_secs(1);

/// What an Admin answers when it has started, or not.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) enum Served {
    /// It serves.
    Ready { directory: std::path::PathBuf, port: Option<u16> },
    /// Somebody else has the port.
    Taken(String),
    /// Something else was wrong.
    Failed(String),
}

/// What a starter answers: what it can make, or why it is not there.
pub(super) type Offered = Result<Vec<String>, String>;

/// Call this first in `main`. If this process was started to be a part of a system it is that until the part ends, and
/// then ends the process. Else nothing happens.
///
/// What is in `registry` must be the same in all processes of a program.
pub fn enter(registry: &Registry) {
    let Some(socket) = launch::part() else { return };
    let code = match play(registry, socket) {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(%error, "a process of an actor system ends");
            1
        }
    };
    std::process::exit(code);
}

fn play(registry: &Registry, mut socket: UnixStream) -> Result<(), Box<dyn std::error::Error>> {
    let task = launch::take_task(&mut socket)?;
    // The program's terminal is not the system's. A group leader can not do this, and need not.
    let _ = rustix::process::setsid();
    match task {
        Task::Admin { system, claim, base, creator, convention } => {
            let (capabilities, settings) = (capabilities_of_this_host(), Vec::new());
            let options = AdminOptions {
                system,
                claim,
                base,
                capabilities,
                settings,
                logger: None,
                creator,
                convention: *convention,
            };
            let mut told = Ok(());
            serve(options, |outcome| {
                let served = match outcome {
                    Ok(served) => Served::Ready { directory: served.directory.path().to_owned(), port: served.port },
                    Err(error @ AdminError::PortTaken { .. }) => Served::Taken(error.to_string()),
                    Err(error) => Served::Failed(error.to_string()),
                };
                told = launch::answer(&mut socket, &served);
            })?;
            Ok(told?)
        }
        Task::Starter { directory, arguments } => {
            let joined = join_as_starter(&directory, registry);
            let offered: Offered = joined.as_ref().map(|_| registry.makers()).map_err(ToString::to_string);
            launch::answer(&mut socket, &offered)?;
            starter(&*joined?, &directory, &arguments)
        }
        Task::Actor(task) => actor(registry, *task),
    }
}

/// Joins the system and offers what there is. When this returns, the Admin knows.
fn join_as_starter(directory: &Path, registry: &Registry) -> Result<Arc<Process>, StartError> {
    if let Some(name) = registry.ambiguous() {
        return Err(StartError::Ambiguous { name: name.to_owned() });
    }
    let process = join(directory, None, Role::Zygote, registry)?;
    let offer = ToAdmin::Offer { makers: registry.makers() };
    process.request::<JoinError>(process.root(), offer, OFFER_WITHIN, || Ok(()))?;
    Ok(process)
}

/// Starts processes as the Admin wants them, until the system has ended.
fn starter(process: &Process, directory: &Path, arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    while !process.is_over() {
        process.turn(None)?;
        while let Some(order) = process.take_order() {
            match order {
                FromAdmin::Kill { process: node } => process.kill_child(node),
                FromAdmin::Make { process: node, source: Some(source), .. } if !source.executable => {
                    let text = format!("source {} holds no actors in Rust", source.id);
                    let refusal = Refusal { kind: RefusalKind::InvalidSourceHash, text };
                    process.tell_admin(process.root(), ToAdmin::Failed { process: node, refusal, fits: Vec::new() });
                }
                FromAdmin::Make { process: node, birth, maker, name, spec, source, .. } => {
                    let directory = directory.to_owned();
                    let parent = process.admin();
                    let task = ActorTask { directory, node, parent, birth, maker, name, arguments: spec };
                    start_actor(process, task, source.as_ref(), arguments);
                }
                other => tracing::warn!(?other, "not for a starter"),
            }
        }
    }
    process.close(EXIT_WITHIN);
    Ok(())
}

fn start_actor(process: &Process, task: ActorTask, source: Option<&Source>, arguments: &[String]) {
    let node = task.node;
    let failed = |problem: String| {
        let refusal = Refusal { kind: RefusalKind::NoProcess, text: problem };
        process.tell_admin(process.root(), ToAdmin::Failed { process: node, refusal, fits: Vec::new() });
    };
    let started = match source {
        Some(source) => start_program(source, task).map_err(|error| error.to_string()),
        None => launch(&Task::Actor(Box::new(task)), arguments)
            .map(|launched| launched.pid())
            .map_err(|error| format!("no process could be started: {error}")),
    };
    let pid = match started {
        Ok(pid) => pid,
        Err(problem) => return failed(problem),
    };
    process.tell_admin(process.root(), ToAdmin::Forked { process: node, pid });
    let watched = match i32::try_from(pid) {
        Ok(pid) => process.watch_child(ChildProcess { node, pid, family: None }).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = watched {
        // The Admin watches it too.
        tracing::warn!(pid, error, "a process that was started is not watched");
    }
}

/// Starts the program that a source is, to be the process of an actor. The result is its process id. For who starts processes as
/// the Admin wants them.
///
/// # Errors
///
/// [`LaunchError`] if the program is not there any more, has changed since it was validated, or does not start.
pub fn start_program(source: &Source, task: ActorTask) -> Result<u32, LaunchError> {
    let failed = |reason: String| LaunchError { id: source.id.clone(), reason };
    // What is run is what was validated.
    read(&task.directory, source.digest).map_err(|error| failed(error.to_string()))?;
    let program = path_of(&task.directory, source.digest);
    let launched = launch_program(&program, &Task::Actor(Box::new(task)), &[]);
    launched.map(|launched| launched.pid()).map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => {
            failed("it ended at once; is `roscius_host::rust::enter` the first call in its `main`?".to_owned())
        }
        _ => failed(error.to_string()),
    })
}

/// Is the process of an actor until there is no actor in it any more.
fn actor(registry: &Registry, task: ActorTask) -> Result<(), Box<dyn std::error::Error>> {
    let process = join(&task.directory, Some(task.node), Role::Actor, registry)?;
    within::settle(&process);
    let ActorTask { parent, birth, maker, name, arguments, .. } = task;
    let me = process.node();
    let made = registry.make(process.system(), &maker, Cradle { parent, birth, name, arguments });
    let Made { policy, bounded } = match made {
        Ok(made) => made,
        Err(text) => {
            let refusal = Refusal { kind: RefusalKind::InvalidActorClass, text: text.clone() };
            process.tell_admin(process.root(), ToAdmin::Failed { process: me, refusal, fits: Vec::new() });
            process.close(EXIT_WITHIN);
            return Err(text.into());
        }
    };
    process.tell_admin(process.root(), ToAdmin::Ready { process: me, policy, bounded });
    while !process.is_over() && process.system().living() > 0 {
        process.turn(None)?;
    }
    process.close(if process.is_over() { EXIT_WITHIN } else { DRAIN_WITHIN });
    Ok(())
}
