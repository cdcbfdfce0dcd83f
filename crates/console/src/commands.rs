//! What the commands do.

mod capabilities;
mod certificates;
mod dashboard;
mod ending;
mod finding;
mod logging;
mod messages;
mod shell;
mod sources;
mod status;
mod table;

use std::io::{self, Write};
use std::time::Duration;

use clap::CommandFactory;

use crate::attached::AttachError;
use crate::certificates::CertificateError;
use crate::cli::{Cli, Command, LogAction};
use crate::collector::Collector;
use crate::dashboard::DashboardError;
use crate::snapshot::Snapshot;
use crate::systems::{self, NoSystem, System};
use crate::top;
pub(crate) use status::{state, wrapped};

/// How far apart the two looks of a command are that shows rates.
const APART: Duration = Duration::from_millis(200);

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Well,
    /// Something is wrong, which was printed.
    Wrong,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no such system.
    #[error(transparent)]
    NoSystem(#[from] NoSystem),
    /// It can not be reached.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The dashboard can not be served.
    #[error(transparent)]
    Dashboard(#[from] DashboardError),
    /// A certificate can not be made or read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// It could not be done.
    #[error("{0}")]
    Failed(String),
    /// What it has to say could not be written.
    #[error("nothing can be written: {0}")]
    Output(#[from] io::Error),
}

impl CommandError {
    /// The exit code of a program that ends with it.
    pub const fn code(&self) -> u8 {
        match self {
            Self::NoSystem(_) => 2,
            Self::Attach(_) | Self::Dashboard(_) | Self::Certificate(_) | Self::Failed(_) | Self::Output(_) => 1,
        }
    }
}

/// Carries out a command, and writes what it has to say.
///
/// # Errors
///
/// [`CommandError`] if that is not possible.
pub fn run(cli: &Cli, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let choose = || systems::choose(cli.system());
    match &cli.command {
        Command::Status(look) => status::status(&choose()?, cli.within, look.json, out),
        Command::Ps { look, processes } => {
            let snapshot = look_twice(&choose()?, cli.within)?;
            status::ps(&snapshot, *processes, look.json, out)
        }
        Command::Top { every, .. } => top::run(&choose()?, cli.within, *every),
        Command::Dashboard(serve) => dashboard::run(&choose()?, cli.within, serve, out),
        Command::List { json } => list(*json, out),
        Command::Tell(say) => messages::tell(&choose()?, cli.within, say, out),
        Command::Ask { say, timeout } => messages::ask(&choose()?, cli.within, *timeout, say, out),
        Command::Kill { actor, force, timeout } => ending::kill(&choose()?, cli.within, actor, (*force, *timeout), out),
        Command::Shutdown { .. } => ending::shutdown(&choose()?, cli.within, out),
        Command::Capabilities { action } => capabilities::run(&choose()?, cli.within, action.as_ref(), out),
        Command::Log { action: LogAction::Level { level } } => {
            logging::level(&choose()?, cli.within, level.as_deref(), out)
        }
        Command::Log { action: LogAction::Show { count, json } } => {
            logging::show(&choose()?, cli.within, *count, *json, out)
        }
        Command::Sources { action } => sources::run(&choose()?, cli.within, action.as_ref(), out),
        Command::Cert { action } => certificates::run(action, out),
        Command::Shell { .. } => shell::run(&choose()?, cli.within, out),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "roscius", &mut script);
            out.write_all(&script)?;
            Ok(Outcome::Well)
        }
    }
}

/// A snapshot with rates.
fn look_twice(system: &System, within: Duration) -> Result<Snapshot, AttachError> {
    let mut collector = Collector::attach(system, within)?;
    collector.collect()?;
    std::thread::sleep(APART);
    collector.collect()
}

fn list(json: bool, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let systems = systems::all();
    if json {
        let entry = |system: &System| {
            let System { name, directory, is_alive } = system;
            serde_json::json!({ "name": name, "port": system.port(), "directory": directory, "alive": is_alive })
        };
        writeln!(out, "{}", serde_json::Value::from(systems.iter().map(entry).collect::<Vec<_>>()))?;
        return Ok(Outcome::Well);
    }
    for System { name, directory, is_alive } in &systems {
        let state = if *is_alive { "runs" } else { "has ended" };
        writeln!(out, "{name:<24} {state:<10} {}", directory.display())?;
    }
    if systems.is_empty() {
        writeln!(out, "no actor system of yours runs on this machine")?;
    }
    Ok(Outcome::Well)
}
