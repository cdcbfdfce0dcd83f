//! Children whose processes have ended although they are to be restarted.
//!
//! This process keeps the socket of such a child, so its address stays: what is sent to it waits there. Until there is a new
//! process, this one hears in its place what the parent decides about it.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use roscius::{Address, Birth, ExitReason, FailureKind, FailureReport, NodeId, Restart, Signal};
use roscius_protocol::lifecycle::Verdict;
use roscius_transport::{Listening, SocketDir, SocketDirError};

use super::children::{ChildProcess, Ended};
use super::{Driven, Process, socket_of};

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Understudies {
    /// The sockets of children that may be made anew, and when they are.
    kept: BTreeMap<NodeId, (OwnedFd, Restart)>,
    fallen: BTreeMap<NodeId, Fallen>,
}

/// A child without a process.
#[derive(Debug)]
struct Fallen {
    actor: Address,
    parent: Address,
    birth: Birth,
    how: String,
    /// How many verdicts were heard in its place.
    heard: u32,
    /// When there is to be a new process. None: its parent has not decided yet.
    due: Option<Instant>,
}

/// A child that is to have a new process.
#[derive(Debug)]
pub struct Remake {
    /// Which process it is to be.
    pub node: NodeId,
    /// The number that it is to know.
    pub birth: Birth,
    /// Its socket, to be handed on.
    pub listening: Listening,
}

impl Process {
    /// Keeps the socket of a child that is to be restarted even if its process is killed. Before it is started.
    ///
    /// # Errors
    ///
    /// An error of the operating system, if there is no descriptor left.
    pub fn keep_socket(&self, node: NodeId, listening: &Listening, policy: Restart) -> std::io::Result<()> {
        let kept = listening.as_fd().try_clone_to_owned()?;
        if let Some(driven) = self.drive().as_mut() {
            driven.children.understudies.kept.insert(node, (kept, policy));
        }
        Ok(())
    }

    /// Whether a child is to have a new process now.
    pub fn has_remake(&self) -> bool {
        self.drive().as_ref().is_some_and(|driven| driven.children.understudies.due(Instant::now()).is_some())
    }

    /// The next child that is to have a new process. It is to be started and [watched](Process::watch_child).
    pub fn take_remake(&self) -> Option<Remake> {
        loop {
            let mut guard = self.drive();
            let driven = guard.as_mut()?;
            let node = driven.children.understudies.due(Instant::now())?;
            let directory = driven.outbound.directory().to_owned();
            let kept = driven.children.understudies.kept.get_mut(&node);
            let listening = kept.map(|(kept, _)| listen_again(&directory, node, kept));
            match listening {
                Some(Ok(listening)) => {
                    let fallen = driven.children.understudies.fallen.remove(&node)?;
                    return Some(Remake { node, birth: fallen.birth.having_heard(fallen.heard), listening });
                }
                Some(Err(error)) => tracing::error!(%node, %error, "there can be no new process for an actor"),
                None => {}
            }
            let ended = driven.end_fallen(self, node);
            drop(guard);
            for crossing in ended {
                self.system.arrive(crossing);
            }
        }
    }

    /// Makes no child anew any more: the actor here exits.
    pub fn end_fallen(&self) {
        let mut ended = Vec::new();
        if let Some(driven) = self.drive().as_mut() {
            for node in driven.children.understudies.fallen.keys().copied().collect::<Vec<_>>() {
                ended.extend(driven.end_fallen(self, node));
            }
        }
        for crossing in ended {
            self.system.arrive(crossing);
        }
    }
}

/// The socket of a child for its next process: the same as before, unless its name went with a process that ended in order.
fn listen_again(directory: &Path, node: NodeId, kept: &mut OwnedFd) -> Result<Listening, SocketDirError> {
    let path = socket_of(directory, node);
    let copied = |source| SocketDirError::Io { what: "copy the socket of", path: path.clone(), source };
    if path.exists() {
        return Listening::adopt(kept.try_clone().map_err(copied)?, path);
    }
    let base = directory.parent().and_then(Path::parent).unwrap_or(directory);
    let listening = SocketDir::of_system_in(base, node.system())?.listen(node)?;
    *kept = listening.as_fd().try_clone_to_owned().map_err(copied)?;
    Ok(listening)
}

impl Understudies {
    /// A child has told its end itself: it is not made anew.
    pub fn said_end(&mut self, child: Address) {
        self.kept.remove(&child.node());
    }

    /// A process has ended. What its parent is told, if it may be made anew.
    pub fn take_over(&mut self, child: ChildProcess, ended: &Ended) -> Option<(Address, Signal)> {
        let (_, policy) = self.kept.get(&child.node)?;
        let (actor, parent, birth) = child.family?;
        let applies = match policy {
            Restart::Permanent => true,
            Restart::Transient => !ended.how.is_empty(),
            Restart::Temporary => false,
        };
        if !applies {
            self.kept.remove(&child.node);
            return None;
        }
        let how = if ended.how.is_empty() { "its process ended".to_owned() } else { ended.how.clone() };
        let failure = FailureReport::new(FailureKind::Ended, how.as_str());
        self.fallen.insert(child.node, Fallen { actor, parent, birth, how, heard: 0, due: None });
        Some((parent, Signal::ChildFailed { birth: birth.fallen(), child: actor, failure }))
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.fallen.values().filter_map(|fallen| fallen.due).min()
    }

    fn due(&self, now: Instant) -> Option<NodeId> {
        self.fallen.iter().find(|(_, fallen)| fallen.due.is_some_and(|due| due <= now)).map(|(node, _)| *node)
    }

    /// Hears a signal in place of a child, unless that is there or is to hear it later.
    pub fn hear(&mut self, to: Address, signal: &Signal) -> Heard {
        let Some(fallen) = self.fallen.get_mut(&to.node()) else { return Heard::Not };
        match signal {
            Signal::Verdict(Verdict::Restart(delay)) => {
                fallen.heard = fallen.heard.saturating_add(1);
                let due = Instant::now().checked_add(*delay).unwrap_or_else(|| Instant::now() + LONGEST);
                fallen.due.get_or_insert(due);
                Heard::Waits
            }
            // There is nothing to resume.
            Signal::Verdict(Verdict::Resume | Verdict::Stop) | Signal::Exit { .. } => Heard::Ends,
            _ => Heard::Not,
        }
    }
}

/// What is farther away than any clock goes.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What came of a signal to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It goes its way.
    Not,
    /// It was heard.
    Waits,
    /// The child is not made anew.
    Ends,
}

impl Driven {
    /// A child without a process is not made anew: its parent is told that it has ended.
    pub(super) fn end_fallen(&mut self, process: &Process, node: NodeId) -> Vec<roscius::gate::Crossing> {
        let mut out = Vec::new();
        // Who waits in the socket finds nobody.
        self.children.understudies.kept.remove(&node);
        let _ = std::fs::remove_file(socket_of(self.outbound.directory(), node));
        if let Some(Fallen { actor, parent, birth, how, .. }) = self.children.understudies.fallen.remove(&node) {
            let reason = ExitReason::Failed(FailureReport::new(FailureKind::Ended, how));
            process.language.signal(parent, Signal::ChildEnded { birth, child: actor, reason }, false, &mut out);
        }
        out
    }
}
