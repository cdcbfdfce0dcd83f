//! The processes that this one has started, and the one that started it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use roscius::gate::{Crossing, Gate};
use roscius::{Address, Birth, ExitReason, FailureKind, FailureReport, NodeId, Signal};
use roscius_protocol::admin::messages::ToAdmin;
use roscius_transport::hub::{Hub, WatchError, WatchId};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::understudies::Understudies;
use super::{Driven, Process, socket_of};

/// How long an actor whose parent's process has ended may wait to be told of another parent.
const ADOPTED_WITHIN: Duration = Duration::from_secs(2);

/// A process that this one has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildProcess {
    /// Which process of the system it is.
    pub node: NodeId,
    /// Its process id.
    pub pid: i32,
    /// Its actor, with the parent in this process and the number that it has there. None when the Admin is the parent.
    pub family: Option<(Address, Address, Birth)>,
}

/// A process has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How, for people. Empty: in good order.
    pub how: String,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Children {
    living: BTreeMap<WatchId, ChildProcess>,
    /// Ended, but what it said last may be still to be read.
    ended: Vec<(ChildProcess, Ended, Instant)>,
    parent: Option<Parent>,
    pub(super) understudies: Understudies,
}

/// The process of the parent of the actor here.
#[derive(Debug)]
struct Parent {
    watch: WatchId,
    actor: Address,
    me: Address,
    /// Since when it is gone.
    gone: Option<Instant>,
}

/// How long what a process said last may take to be read after its end.
const LAST_WORDS: Duration = Duration::from_millis(500);

impl Process {
    /// Watches a process that this one has started, until it ends; then its parent, or the Admin, is told.
    ///
    /// # Errors
    ///
    /// [`WatchError`] if it can not be watched.
    pub fn watch_child(&self, child: ChildProcess) -> Result<(), WatchError> {
        let pid = Pid::from_raw(child.pid).ok_or(WatchError::NoProcess { pid: child.pid })?;
        let mut guard = self.drive();
        let Some(driven) = guard.as_mut() else { return Err(WatchError::Over) };
        let watch = driven.hub.watch_process(pid)?;
        driven.children.living.insert(watch, child);
        Ok(())
    }

    /// Watches the process of the parent of the actor here. When it ends, and the actor is not told of another parent,
    /// the actor exits.
    ///
    /// # Errors
    ///
    /// [`WatchError`] if it can not be watched: it has ended already, for example.
    pub fn watch_parent(&self, pid: i32, parent: Address, me: Address) -> Result<(), WatchError> {
        let id = Pid::from_raw(pid).ok_or(WatchError::NoProcess { pid })?;
        let mut guard = self.drive();
        let Some(driven) = guard.as_mut() else { return Err(WatchError::Over) };
        let watch = driven.hub.watch_process(id)?;
        driven.children.parent = Some(Parent { watch, actor: parent, me, gone: None });
        Ok(())
    }

    /// Ends a process that this one has started, at once.
    pub fn kill_child(&self, node: NodeId) {
        let guard = self.drive();
        let Some(driven) = guard.as_ref() else { return };
        if let Some(child) = driven.children.living.values().find(|child| child.node == node)
            && let Some(pid) = Pid::from_raw(child.pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }

    /// A child of an actor here never came to be.
    pub fn stillborn(&self, parent: Address, child: Address, birth: Birth, how: String) {
        let reason = ExitReason::Failed(FailureReport::new(FailureKind::Creation, how));
        let mut crossings = Vec::new();
        self.language.signal(parent, Signal::ChildEnded { birth, child, reason }, false, &mut crossings);
        for crossing in crossings {
            self.system.arrive(crossing);
        }
    }

    /// The actor that this process was started for never came to be: its parent is told.
    pub fn unborn(&self, parent: Address, me: Address, birth: Birth, how: &str) {
        let reason = ExitReason::Failed(FailureReport::new(FailureKind::Creation, how));
        self.exit.carry(Crossing::Signal { to: parent, signal: Signal::ChildEnded { birth, child: me, reason } });
    }

    /// How many processes that this one has started are there.
    pub fn child_processes(&self) -> usize {
        self.drive().as_ref().map_or(0, |driven| driven.children.living.len() + driven.children.ended.len())
    }
}

impl Children {
    /// A watched process has ended.
    pub fn ended(&mut self, watch: WatchId, pid: Pid) {
        if let Some(parent) = self.parent.as_mut().filter(|parent| parent.watch == watch) {
            parent.gone = Some(Instant::now());
            return;
        }
        let how = match waitpid(Some(pid), WaitOptions::NOHANG) {
            Ok(Some((_, status))) => match (status.exit_status(), status.terminating_signal()) {
                (Some(0), _) => String::new(),
                (Some(code), _) => format!("its process ended with status {code}"),
                (_, Some(signal)) => format!("its process was ended by signal {signal}"),
                _ => "its process ended".to_owned(),
            },
            // Somebody else has reaped it.
            _ => "its process ended".to_owned(),
        };
        if let Some(child) = self.living.remove(&watch) {
            self.ended.push((child, Ended { how }, Instant::now()));
        }
    }

    /// The actor here has this parent. It is another one if its first has left it behind.
    pub fn adopted(&mut self, by: Address) {
        self.parent.take_if(|parent| parent.actor != by);
    }

    /// When something is due.
    pub fn next_deadline(&self, now: Instant) -> Option<Duration> {
        let orphaned = self.parent.as_ref().and_then(|parent| parent.gone).map(|gone| gone + ADOPTED_WITHIN);
        let ended = self.ended.iter().map(|(_, _, at)| *at + LAST_WORDS);
        let due = ended.chain(orphaned).chain(self.understudies.next_deadline());
        due.min().map(|due| due.saturating_duration_since(now))
    }
}

impl Driven {
    /// Tells of processes that have ended, once all that they said has been read.
    pub(super) fn report_ended(&mut self, process: &Process, out: &mut Vec<Crossing>) {
        let now = Instant::now();
        let children = &mut self.children;
        if let Some(parent) = &children.parent
            && parent.gone.is_some_and(|gone| gone + ADOPTED_WITHIN <= now)
        {
            let signal = Signal::Exit { by: parent.actor, reason: ExitReason::ParentEnded, recursive: true };
            process.language.signal(parent.me, signal, process.system.is_suspended(parent.me), out);
            children.parent = None;
        }
        if children.ended.is_empty() {
            return;
        }
        let hub: &Hub = &self.hub;
        let quiet = |(child, _, at): &mut (ChildProcess, Ended, Instant)| {
            !hub.is_connected(child.node) || *at + LAST_WORDS <= now
        };
        let reported: Vec<_> = children.ended.extract_if(.., quiet).collect();
        for (child, ended, _) in reported {
            if let Some((parent, signal)) = self.children.understudies.take_over(child, &ended) {
                process.language.signal(parent, signal, false, out);
                continue;
            }
            // One that was killed leaves its name behind.
            let _ = std::fs::remove_file(socket_of(self.outbound.directory(), child.node));
            match child.family {
                Some((actor, parent, birth)) => {
                    let reason = if ended.how.is_empty() {
                        ExitReason::Stopped
                    } else {
                        ExitReason::Failed(FailureReport::new(FailureKind::Ended, ended.how))
                    };
                    let signal = Signal::ChildEnded { birth, child: actor, reason };
                    process.language.signal(parent, signal, false, out);
                }
                None => {
                    let message = ToAdmin::Exited { process: child.node, how: ended.how };
                    process.exit.tell_admin(process.root(), message, 0);
                }
            }
        }
    }
}
