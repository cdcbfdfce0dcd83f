//! Which processes there are.

use super::creation::Making;
use super::messages::FromAdmin;
use super::{Admin, Asked, Effect};
use crate::address::{Address, NodeId};
use crate::frame::Role;
use crate::lifecycle::ExitReason;
use crate::supervision::{FailureKind, FailureReport};
use crate::time::Time;
use crate::timers::TimerKey;

/// What comes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The creation in this process has taken too long.
    Creation(NodeId),
    /// Another system has taken too long to answer.
    Elsewhere(u64),
    /// Other systems have taken too long to unload a source.
    Unloading,
    /// A creation has waited too long for a source.
    Source,
    /// The process should have left by now.
    Leaving(NodeId),
    /// Of two who see the process end, one has not said so yet.
    Ended(NodeId),
    /// Messages were held for long enough.
    Hold,
    /// The logger may be started again.
    Logger,
    /// The step of the shutdown has taken too long.
    Shutdown,
}

/// A process of the system, or a program attached to it.
#[derive(Debug)]
pub(super) struct Process {
    pub role: Role,
    pub pid: Option<u32>,
    /// Who was asked to start it.
    pub starter: Option<NodeId>,
    /// It has spoken itself.
    pub attached: bool,
    /// Its end is seen by its process id.
    pub watched: bool,
    /// It was seen to end, and all it has said is known. Its starter is about to say how.
    pub ended: bool,
    /// Its starter has said how it ended. What it said itself may be on its way.
    pub how: Option<String>,
    /// It offered to make actors.
    pub offers: bool,
    /// The actor it is to have, until it has it.
    pub making: Option<Making>,
    pub timer: Option<TimerKey>,
}

impl Process {
    pub const fn new(role: Role) -> Self {
        Self {
            role,
            pid: None,
            starter: None,
            attached: false,
            watched: false,
            ended: false,
            how: None,
            offers: false,
            making: None,
            timer: None,
        }
    }

    /// Whether it ends last, after all that it has started.
    pub fn is_starter(&self) -> bool {
        self.role == Role::Zygote || self.offers && self.role != Role::External
    }

    /// Whether it is there for its actors only.
    pub fn has_actors(&self) -> bool {
        matches!(self.role, Role::Actor | Role::ProcessHost) && !self.is_starter()
    }
}

impl Admin {
    pub(super) fn attach(&mut self, by: Address, role: Option<Role>, id: u64, pid: u32, effects: &mut Vec<Effect>) {
        let node = by.node();
        // Who has hung up already needs no answer. If its actor was to be made, its starter tells of its end.
        let Some(role) = role.filter(|role| *role != Role::Admin) else {
            self.count("Admin Message Received.Stray");
            return;
        };
        let process = self.processes.entry(node).or_insert_with(|| Process::new(role));
        if process.attached && process.starter.is_none() && process.pid.is_some_and(|known| known != pid) {
            // Its parent has made it anew in the place of one that was killed, whose end was not seen here yet.
            *process = Process::new(role);
            self.ends_being_told(node);
        }
        let Some(process) = self.processes.get_mut(&node) else { return };
        process.attached = true;
        // A starter and the process itself may see different numbers; the first is watched already.
        if process.pid.is_none() {
            (process.pid, process.watched) = (Some(pid), true);
            effects.push(Effect::Watch { process: node, pid });
        }
        let message = FromAdmin::Attached { capabilities: self.capability_entries(), settings: self.settings.clone() };
        effects.push(Effect::Send { to: by, id, message });
        self.attached_late(node, effects);
    }

    /// A program leaves. A process with actors is seen to end all the same.
    pub(super) fn detach(&mut self, now: Time, node: NodeId, effects: &mut Vec<Effect>) {
        if self.processes.get(&node).is_some_and(|process| process.role == Role::External || !process.watched) {
            self.process_ended(now, node, "", effects);
        }
    }

    pub(super) fn offer(&mut self, now: Time, (by, id): Asked, makers: Vec<String>, effects: &mut Vec<Effect>) {
        let node = by.node();
        let Some(process) = self.processes.get_mut(&node).filter(|process| process.attached) else {
            self.count("Admin Message Received.Stray");
            return;
        };
        process.offers = true;
        for maker in makers {
            let offering = self.starters.entry(maker).or_default();
            if !offering.contains(&node) {
                offering.push(node);
            }
        }
        self.make_queued(effects);
        self.start_logger(now, effects);
        if id != 0 {
            effects.push(Effect::Send { to: by, id, message: FromAdmin::Done });
        }
    }

    /// Has what waits for a starter made, if there is one now.
    fn make_queued(&mut self, effects: &mut Vec<Effect>) {
        for queued in std::mem::take(&mut self.queued) {
            self.make(queued, effects);
        }
    }

    /// Whether a starter is there that has not said yet what it offers.
    pub(super) fn expects_starter(&self) -> bool {
        self.processes.values().any(|it| it.role == Role::Zygote && it.attached && !it.offers && !it.ended)
    }

    pub(super) fn forked(&mut self, by: NodeId, node: NodeId, pid: u32, effects: &mut Vec<Effect>) {
        match self.processes.get_mut(&node) {
            Some(process) if process.starter == Some(by) => {
                if process.pid.is_none() {
                    (process.pid, process.watched) = (Some(pid), true);
                    effects.push(Effect::Watch { process: node, pid });
                }
            }
            _ => self.count("Admin Message Received.Stray"),
        }
    }

    pub(super) fn exited(&mut self, now: Time, by: NodeId, node: NodeId, how: &str, effects: &mut Vec<Effect>) {
        // Its end may be known already.
        let Some(process) = self.processes.get_mut(&node).filter(|process| process.starter == Some(by)) else { return };
        if process.watched && !process.ended {
            process.how = Some(how.to_owned());
            self.timers.schedule(now.plus(super::ENDED_WITHIN), Timer::Ended(node));
        } else {
            self.process_ended(now, node, how, effects);
        }
    }

    /// Nobody else has said that the process has ended.
    pub(super) fn end_overdue(&mut self, now: Time, node: NodeId, effects: &mut Vec<Effect>) {
        let Some(process) = self.processes.get_mut(&node) else { return };
        match process.how.take() {
            Some(how) => self.process_ended(now, node, &how, effects),
            None if process.ended => self.process_ended(now, node, "", effects),
            // Another process has its number.
            None => {}
        }
    }

    /// A process is gone, and all that was in it.
    pub(super) fn process_ended(&mut self, now: Time, node: NodeId, how: &str, effects: &mut Vec<Effect>) {
        let Some(process) = self.processes.remove(&node) else { return };
        if let Some(timer) = process.timer {
            self.timers.cancel(timer);
        }
        self.queued.retain(|queued| *queued != node);
        effects.push(Effect::Forget { process: node });
        if let Some(making) = process.making {
            let mut text = "its process ended before it had its actor".to_owned();
            if !how.is_empty() {
                text = format!("{text}: {how}");
            }
            self.refuse_making(making, super::creation::no_process(text), effects);
        }
        let reason = if how.is_empty() {
            ExitReason::Unknown
        } else {
            ExitReason::Failed(FailureReport::new(FailureKind::Ended, how))
        };
        let children: Vec<Address> = self
            .children
            .range(super::root(node)..)
            .map(|(child, _)| *child)
            .take_while(|child| child.node() == node)
            .collect();
        for child in children {
            self.child_ended(now, child, &reason, effects);
        }
        self.end_children_of(node, effects);
        self.end_children_elsewhere(now, node, effects);
        self.ends_being_told(node);
        self.sources_without_process(now, node, effects);
        if process.offers {
            self.starter_ended(now, node, effects);
        } else if process.role == Role::Zygote {
            self.make_queued(effects);
        }
        if process.role == Role::Logger {
            self.logger_ended(now, effects);
        }
    }

    /// What actors of this process have asked to be told ends with it.
    fn ends_being_told(&mut self, node: NodeId) {
        self.letters.without_process(node);
        self.registration_watchers.retain(|watcher| watcher.node() != node);
    }

    /// What a starter was to start and had not yet started will never be.
    fn starter_ended(&mut self, now: Time, starter: NodeId, effects: &mut Vec<Effect>) {
        for offering in self.starters.values_mut() {
            offering.retain(|node| *node != starter);
        }
        let lost: Vec<NodeId> = self
            .processes
            .iter()
            .filter(|(_, process)| process.starter == Some(starter) && process.pid.is_none())
            .map(|(node, _)| *node)
            .collect();
        for node in lost {
            if let Some(making) = self.processes.get_mut(&node).and_then(|process| process.making.take()) {
                self.refuse_making(making, super::creation::no_starter(), effects);
            }
            self.process_ended(now, node, "", effects);
        }
        self.make_queued(effects);
    }

    /// A watched process has ended. How, its starter knows.
    pub(super) fn seen_to_end(&mut self, now: Time, node: NodeId, effects: &mut Vec<Effect>) {
        let Some(process) = self.processes.get_mut(&node) else { return };
        let (how, starter) = (process.how.take(), process.starter);
        if how.is_some() || starter.is_none_or(|starter| !self.processes.contains_key(&starter)) {
            return self.process_ended(now, node, how.as_deref().unwrap_or_default(), effects);
        }
        self.timers.schedule(now.plus(super::ENDED_WITHIN), Timer::Ended(node));
        if let Some(process) = self.processes.get_mut(&node) {
            process.ended = true;
        }
    }

    /// Ends a process at once: through its starter, which may know of it before the Admin does, or else by its number.
    pub(super) fn kill(&mut self, node: NodeId, effects: &mut Vec<Effect>) {
        let Some(process) = self.processes.get(&node) else { return };
        let starter = process.starter.filter(|starter| self.processes.contains_key(starter));
        if let Some(starter) = starter {
            let message = FromAdmin::Kill { process: node };
            effects.push(Effect::Send { to: super::root(starter), id: 0, message });
        } else if let (Some(pid), false) = (process.pid, process.ended) {
            effects.push(Effect::KillPid { process: node, pid });
        }
    }

    /// Has a process killed unless it ends by itself soon.
    pub(super) fn expect_end(&mut self, now: Time, node: NodeId) {
        if let Some(process) = self.processes.get_mut(&node) {
            if let Some(timer) = process.timer.take() {
                self.timers.cancel(timer);
            }
            let timer = self.timers.schedule(now.plus(super::EXIT_WITHIN), Timer::Leaving(node));
            process.timer = Some(timer);
        }
    }
}
