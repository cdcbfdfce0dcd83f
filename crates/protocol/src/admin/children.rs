//! Actors that have the Admin as parent.

use std::collections::VecDeque;
use std::time::Duration;

use super::messages::Requester;
use super::{Admin, Effect};
use crate::address::{Address, NodeId};
use crate::lifecycle::{Birth, ExitReason, Signal, Verdict};
use crate::supervision::{Intensity, Restart};
use crate::time::Time;

/// An actor that has the Admin as parent.
#[derive(Debug)]
pub(super) struct Child {
    birth: Birth,
    /// What it is made of, as far as that is known.
    pub class: String,
    requester: Option<Requester>,
    policy: Restart,
    /// When it was restarted, as far back as that matters.
    restarts: VecDeque<Time>,
}

impl Child {
    pub fn new((birth, class): (Birth, String), requester: Option<Requester>, policy: Restart) -> Self {
        Self { birth, class, requester, policy, restarts: VecDeque::new() }
    }

    /// Whoever had it made is told nothing any more.
    pub const fn let_go(&mut self) -> Option<Requester> {
        self.requester.take()
    }

    /// Restarted as often as its policy and the usual intensity allow. Nobody would hear of an escalation.
    fn verdict(&mut self, now: Time) -> Verdict {
        let Intensity { restarts, within } = Intensity::default();
        while self.restarts.front().is_some_and(|at| now.since(*at) >= within) {
            self.restarts.pop_front();
        }
        if self.policy == Restart::Temporary || self.restarts.len() >= restarts as usize {
            return Verdict::Stop;
        }
        self.restarts.push_back(now);
        Verdict::Restart(Duration::ZERO)
    }
}

impl Admin {
    /// An actor says something about its life.
    pub(super) fn signal(&mut self, now: Time, signal: Signal, effects: &mut Vec<Effect>) {
        match signal {
            Signal::ChildEnded { child, reason, .. } => {
                self.ended_in_making(now, child, &reason, effects);
                self.child_ended(now, child, &reason, effects);
                self.sources_without(now, child, effects);
            }
            Signal::ChildFailed { child, .. } => {
                let verdict = self.children.get_mut(&child).map_or(Verdict::Stop, |known| known.verdict(now));
                effects.push(Effect::Signal { to: child, signal: Signal::Verdict(verdict) });
            }
            // The Admin outlives all who could watch it, exits for nobody, and watches nobody in this way.
            Signal::Exit { .. }
            | Signal::Verdict(_)
            | Signal::Adopted { .. }
            | Signal::Watch { .. }
            | Signal::Unwatch { .. }
            | Signal::Terminated { .. } => self.count("Admin Message Received.Stray"),
        }
    }

    /// A child has been left behind by its parent.
    pub(super) fn adopt(&mut self, now: Time, child: Address, policy: Restart, effects: &mut Vec<Effect>) {
        if child.node().system() != self.node.system() || child.node() == self.node {
            self.count("Admin Message Received.Foreign");
            return;
        }
        let birth = match self.children.get_mut(&child) {
            Some(known) => {
                let birth = known.birth;
                if let Some(requester) = known.let_go() {
                    self.foster_gone(now, requester, child, effects);
                }
                birth
            }
            None => {
                let birth = self.number_child();
                self.children.insert(child, Child::new((birth, String::new()), None, policy));
                birth
            }
        };
        let parent = self.address();
        effects.push(Effect::Signal { to: child, signal: Signal::Adopted { parent, birth } });
        if self.shutdown.is_some() {
            self.ask_to_exit(child, effects);
        }
    }

    /// A child has ended, or has never been one.
    pub(super) fn child_ended(&mut self, now: Time, child: Address, reason: &ExitReason, effects: &mut Vec<Effect>) {
        if let Some(known) = self.children.remove(&child) {
            if !self.names.release(child).is_empty() {
                effects.push(Effect::Unnamed { actor: child });
            }
            self.shared_names_without(now, child, effects);
            if let Some(requester) = known.requester {
                self.foster_gone(now, requester, child, effects);
            }
            Self::tell_requester(known.requester, child, reason, effects);
            self.report_load(now, effects);
        }
        self.letters.without(child);
        self.registration_watchers.remove(&child);
        self.is_no_orphan(child);
    }

    /// The actors of this process have gone. Those that they had made here and not let go of exit too.
    pub(super) fn end_children_of(&mut self, process: NodeId, effects: &mut Vec<Effect>) {
        let left = |child: &Child| child.requester.is_some_and(|requester| requester.actor.node() == process);
        let children: Vec<Address> =
            self.children.iter().filter(|(_, child)| left(child)).map(|(child, _)| *child).collect();
        for child in children {
            self.have_exit(child, ExitReason::ParentEnded, effects);
        }
    }

    pub(super) fn ask_to_exit(&self, actor: Address, effects: &mut Vec<Effect>) {
        self.have_exit(actor, ExitReason::Shutdown, effects);
    }

    pub(super) fn have_exit(&self, actor: Address, reason: ExitReason, effects: &mut Vec<Effect>) {
        let signal = Signal::Exit { by: self.address(), reason, recursive: true };
        effects.push(Effect::Signal { to: actor, signal });
    }
}
