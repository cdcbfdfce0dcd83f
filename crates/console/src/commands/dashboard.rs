//! `dashboard`.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use roscius_protocol::admin::messages::{FromAdmin, ToAdmin};
use tokio::signal::unix::{SignalKind, signal};

use super::finding::find_in;
use super::{CommandError, Outcome};
use crate::cli::Serve;
use crate::collector::Collector;
use crate::dashboard::{Connect, Dashboard, Observed, Options};
use crate::snapshot::Snapshot;
use crate::systems::{self, System};

/// Serves the page until the user has enough.
pub(super) fn run(
    system: &System,
    within: Duration,
    serve: &Serve,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let Serve { port, allow_changes, metrics_open, log, every, .. } = serve.clone();
    // What is wrong from the beginning is said here, and not on a page.
    let mut first = Some(Seen::new(Collector::attach(system, within)?));
    let name = system.name.clone();
    let connect: Connect = Box::new(move || match first.take() {
        Some(seen) => Ok(Box::new(seen)),
        None => {
            let system = systems::choose(Some(&name)).map_err(|error| error.to_string())?;
            let collector = Collector::attach(&system, within).map_err(|error| error.to_string())?;
            Ok(Box::new(Seen::new(collector)))
        }
    });
    let dashboard = Dashboard::bind(Options { port, allow_changes, metrics_open, log, every })?;
    let url = dashboard.url();
    dashboard.serve(connect, || {
        // Who has read the URL may end the program.
        let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        writeln!(out, "{url}")?;
        out.flush()?;
        Ok(async move {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted.recv() => {}
            }
        })
    })?;
    Ok(Outcome::Well)
}

/// A system of processes, as the dashboard looks at it.
struct Seen {
    collector: Collector,
    /// What was seen last.
    snapshot: Arc<Snapshot>,
}

impl Seen {
    fn new(collector: Collector) -> Self {
        Self { collector: collector.with_log(), snapshot: Arc::default() }
    }
}

impl Observed for Seen {
    fn look(&mut self) -> Result<Arc<Snapshot>, String> {
        self.snapshot = Arc::new(self.collector.collect().map_err(|error| error.to_string())?);
        Ok(Arc::clone(&self.snapshot))
    }

    fn resend(&mut self, letter: u64, to: Option<&str>) -> Result<Option<String>, String> {
        let to = to.map(|to| find_in(&self.snapshot, to)).transpose().map_err(|error| error.to_string())?;
        let attached = self.collector.attached();
        let message = ToAdmin::Resend { letter, to: to.map(|(address, _)| address) };
        match attached.request(message, attached.within()) {
            Ok(FromAdmin::Resent { to }) => Ok(to.map(|to| to.to_string())),
            Ok(_) => Err("the Admin of this system can not do that".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}
