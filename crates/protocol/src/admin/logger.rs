//! The process that writes the log, and who waits for it.

use std::collections::VecDeque;
use std::time::Duration;

use super::creation::Making;
use super::elsewhere::Reach;
use super::messages::{Scope, ToAdmin};
use super::processes::Timer;
use super::{Admin, Effect, LOGGER_WITHIN, Said, actor_of};
use crate::address::NodeId;
use crate::frame::Role;
use crate::time::Time;
use crate::timers::TimerKey;

/// The maker of the logger.
pub const MAKER: &str = "logger";
/// A logger that dies is made again so many times ...
const STARTS: usize = 5;
/// ... in this period.
const PERIOD: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Logger {
    /// What its maker needs to know. None: there is to be no logger.
    spec: Option<Vec<u8>>,
    /// When it was made again, as far back as that matters.
    remade: VecDeque<Time>,
    made: bool,
    /// What is held until there is a logger. None: nothing is held any more.
    held: Option<Vec<Said>>,
    hold: Option<TimerKey>,
}

impl Logger {
    pub fn new(spec: Option<Vec<u8>>) -> Self {
        let held = spec.is_some().then(Vec::new);
        Self { spec, remade: VecDeque::new(), made: false, held, hold: None }
    }
}

impl Admin {
    pub(super) const fn logger_node(&self) -> NodeId {
        NodeId::of_process(self.node.system(), NodeId::LOGGER)
    }

    pub(super) fn start_logger(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let node = self.logger_node();
        let Some(spec) = self.logger.spec.clone() else { return };
        if self.shutdown.is_some() || self.processes.contains_key(&node) {
            return;
        }
        if self.logger.made {
            self.logger.remade.push_back(now);
        } else {
            self.logger.made = true;
            self.logger.hold = Some(self.timers.schedule(now.plus(LOGGER_WITHIN), Timer::Hold));
        }
        let making = Making {
            actor: actor_of(node),
            birth: self.number_child(),
            maker: MAKER.to_owned(),
            name: None,
            scope: Scope::System,
            spec,
            requester: None,
            source: None,
            order: None,
            tried: Vec::new(),
            reach: Reach::Some,
            since: now,
            waiters: Vec::new(),
        };
        self.begin(now, node, Role::Logger, making, effects);
    }

    /// The logger is gone. It is made again, but not over and over.
    pub(super) fn logger_ended(&mut self, now: Time, effects: &mut Vec<Effect>) {
        self.count("Logger.Ended");
        while self.logger.remade.front().is_some_and(|at| now.since(*at) >= PERIOD) {
            self.logger.remade.pop_front();
        }
        match self.logger.remade.front() {
            Some(first) if self.logger.remade.len() >= STARTS => {
                self.timers.schedule(first.plus(PERIOD), Timer::Logger);
            }
            _ => self.start_logger(now, effects),
        }
    }

    /// Keeps a message for later if what it leads to could be logged before there is a logger.
    pub(super) fn hold(&mut self, said: Said) -> Option<Said> {
        let waits = match said.message {
            ToAdmin::Attach { .. } => said.role == Some(Role::External),
            ToAdmin::Create(_)
            | ToAdmin::HandleDeadLetters { .. }
            | ToAdmin::WatchRegistrations { .. }
            | ToAdmin::SetCapability { .. }
            | ToAdmin::ChangeSetting { .. }
            | ToAdmin::Status
            | ToAdmin::BeSourceAuthority
            | ToAdmin::LoadSource { .. }
            | ToAdmin::SourceVerdict { .. }
            | ToAdmin::UnloadSource { .. }
            | ToAdmin::WatchSources { .. }
            | ToAdmin::Invite { .. }
            | ToAdmin::Dismiss { .. } => true,
            // The end of a program is held if its beginning is.
            ToAdmin::Detach => !self.processes.contains_key(&said.by.node()),
            ToAdmin::Offer { .. }
            | ToAdmin::Forked { .. }
            | ToAdmin::Failed { .. }
            | ToAdmin::Ready { .. }
            | ToAdmin::Exited { .. }
            | ToAdmin::Adopt { .. }
            | ToAdmin::Shutdown
            | ToAdmin::Resend { .. }
            | ToAdmin::Durable { .. }
            | ToAdmin::CreateFor { .. }
            | ToAdmin::WantSource { .. }
            | ToAdmin::SetLeaders { .. } => false,
        };
        match &mut self.logger.held {
            Some(held) if waits => {
                held.push(said);
                None
            }
            _ => Some(said),
        }
    }

    /// Nothing is held any more: there is a logger, there will be none, or it takes too long.
    pub(super) fn release_held(&mut self, now: Time, effects: &mut Vec<Effect>) {
        if let Some(timer) = self.logger.hold.take() {
            self.timers.cancel(timer);
        }
        for said in self.logger.held.take().into_iter().flatten() {
            self.said(now, said, effects);
        }
    }
}
