//! The end of the system, step by step.

use super::creation::shutting_down;
use super::messages::FromAdmin;
use super::processes::{Process, Timer};
use super::{Admin, Asked, EXIT_WITHIN, Effect, STEP_WITHIN, actor_of, root};
use crate::address::{Address, NodeId};
use crate::convention;
use crate::frame::Role;
use crate::time::Time;
use crate::timers::TimerKey;

/// A shutdown under way.
#[derive(Debug)]
pub(super) struct Shutdown {
    step: Step,
    timer: Option<TimerKey>,
    /// Who is answered when it is over.
    requesters: Vec<Asked>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Top-level actors have been asked to exit.
    Top,
    /// So have those whose parents are gone.
    Orphans,
    /// What had not exited has been killed.
    Killed,
    /// The logger has been told.
    Logger,
    /// The starters have been told.
    Starters,
    /// All have ended, or will not.
    Over,
}

impl Admin {
    /// Somebody wants the system to end.
    pub(super) fn shut_down(&mut self, now: Time, asked: Option<Asked>, effects: &mut Vec<Effect>) {
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.requesters.extend(asked);
            return;
        }
        self.release_held(now, effects);
        let requesters = asked.into_iter().collect();
        self.shutdown = Some(Shutdown { step: Step::Top, timer: None, requesters });
        let making: Vec<NodeId> = self
            .processes
            .iter()
            .filter(|(_, process)| process.making.is_some() && process.role != Role::Logger)
            .map(|(node, _)| *node)
            .collect();
        for node in making {
            self.give_up_making(node, shutting_down(), effects);
        }
        self.give_up_awaiting(|_| true, &shutting_down(), effects);
        self.give_up_asking(effects);
        self.give_up_seeking(effects);
        for node in self.nodes(|process| process.has_actors() && process.attached) {
            effects.push(Effect::Send { to: root(node), id: 0, message: FromAdmin::Closing });
        }
        for child in self.children.keys().copied().collect::<Vec<Address>>() {
            self.ask_to_exit(child, effects);
        }
        self.ask_unheard_children(effects);
        self.enter(now, Step::Top);
    }

    /// Goes on as far as things have come.
    pub(super) fn advance_shutdown(&mut self, now: Time, effects: &mut Vec<Effect>) {
        while let Some(step) = self.shutdown.as_ref().map(|shutdown| shutdown.step) {
            let next = match step {
                Step::Top | Step::Orphans | Step::Killed if !self.processes.values().any(Process::has_actors) => {
                    Step::Logger
                }
                Step::Top if self.children.is_empty() => Step::Orphans,
                Step::Logger if !self.processes.contains_key(&self.logger_node()) => Step::Starters,
                // Those that came last among them.
                Step::Starters if self.processes.values().all(|process| process.role == Role::External) => Step::Over,
                _ => return,
            };
            self.take_step(now, next, effects);
            if self.ended {
                return;
            }
        }
    }

    /// A step has taken too long: it is ended, and the next one taken.
    pub(super) fn shutdown_overdue(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let Some(shutdown) = &mut self.shutdown else { return };
        shutdown.timer = None;
        match shutdown.step {
            Step::Top | Step::Orphans => self.take_step(now, Step::Killed, effects),
            Step::Killed => {
                self.kill_by_number(Process::has_actors, effects);
                self.take_step(now, Step::Logger, effects);
            }
            Step::Logger => {
                self.kill(self.logger_node(), effects);
                self.take_step(now, Step::Starters, effects);
            }
            Step::Starters => {
                self.kill_by_number(|process| process.role != Role::External, effects);
                self.take_step(now, Step::Over, effects);
            }
            Step::Over => {}
        }
        if !self.ended {
            self.advance_shutdown(now, effects);
        }
    }

    fn take_step(&mut self, now: Time, step: Step, effects: &mut Vec<Effect>) {
        match step {
            Step::Top => {}
            Step::Orphans => {
                let left: Vec<NodeId> = self.nodes(|process| process.has_actors() && process.attached);
                for node in left {
                    self.ask_orphan(node, effects);
                }
            }
            Step::Killed => {
                for node in self.nodes(Process::has_actors) {
                    self.count("Shutdown.Killed");
                    self.kill(node, effects);
                }
            }
            Step::Logger => {
                let node = self.logger_node();
                match self.processes.get(&node) {
                    Some(process) if process.attached => Self::finish(node, effects),
                    Some(process) if process.making.is_some() => {
                        self.give_up_making(node, shutting_down(), effects);
                    }
                    _ => {}
                }
            }
            Step::Starters => {
                for node in self.nodes(Process::is_starter) {
                    Self::finish(node, effects);
                }
            }
            Step::Over => return self.end(now, effects),
        }
        self.enter(now, step);
    }

    /// Steps before the killing share one time limit.
    fn enter(&mut self, now: Time, step: Step) {
        let Some(shutdown) = &mut self.shutdown else { return };
        shutdown.step = step;
        let within = match step {
            Step::Top => EXIT_WITHIN,
            Step::Orphans => return,
            _ => STEP_WITHIN,
        };
        if let Some(timer) = shutdown.timer.take() {
            self.timers.cancel(timer);
        }
        shutdown.timer = Some(self.timers.schedule(now.plus(within), Timer::Shutdown));
    }

    /// A process has come while the system ends.
    pub(super) fn attached_late(&mut self, node: NodeId, effects: &mut Vec<Effect>) {
        let Some(step) = self.shutdown.as_ref().map(|shutdown| shutdown.step) else { return };
        if step >= Step::Orphans && self.processes.get(&node).is_some_and(Process::has_actors) {
            self.ask_orphan(node, effects);
        }
    }

    fn ask_orphan(&self, node: NodeId, effects: &mut Vec<Effect>) {
        match self.processes.get(&node).map(|process| process.role) {
            Some(Role::ProcessHost) => Self::finish(node, effects),
            _ => self.ask_to_exit(actor_of(node), effects),
        }
    }

    fn end(&mut self, now: Time, effects: &mut Vec<Effect>) {
        self.convene(now, convention::Event::ShutDown, effects);
        let requesters = self.shutdown.as_mut().map(|shutdown| std::mem::take(&mut shutdown.requesters));
        // Who is answered starts the next system at once, perhaps: what this one was found by is free then.
        effects.push(Effect::Release);
        for (to, id) in requesters.into_iter().flatten() {
            effects.push(Effect::Send { to, id, message: FromAdmin::Done });
        }
        for node in self.nodes(|process| process.role == Role::External && process.attached) {
            Self::finish(node, effects);
        }
        effects.push(Effect::End);
        self.ended = true;
        self.timers = Default::default();
        self.sources = Default::default();
    }

    pub(super) fn nodes(&self, of: impl Fn(&Process) -> bool) -> Vec<NodeId> {
        self.processes.iter().filter(|(_, process)| of(process)).map(|(node, _)| *node).collect()
    }

    fn finish(node: NodeId, effects: &mut Vec<Effect>) {
        effects.push(Effect::Send { to: root(node), id: 0, message: FromAdmin::Finish });
    }

    fn kill_by_number(&self, of: impl Fn(&Process) -> bool, effects: &mut Vec<Effect>) {
        for (node, process) in self.processes.iter().filter(|(_, process)| of(process) && !process.ended) {
            if let Some(pid) = process.pid {
                effects.push(Effect::KillPid { process: *node, pid });
            }
        }
    }
}
