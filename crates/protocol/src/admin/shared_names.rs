//! Names that the whole convention shares: of each there is one actor on all systems that follow a leader.
//!
//! Who asks for such an actor waits here while the [convention](crate::convention) is asked who has it. With leave to make it
//! the Admin asks itself for the actor, as it would be asked by a program, so that it may be made anywhere; all who wait get the answer.

use std::collections::BTreeMap;

use super::creation::shutting_down;
use super::messages::{Creation, FromAdmin, Refusal, RefusalKind, Scope, Source};
use super::{Admin, Asked, Effect};
use crate::address::{Address, NodeId};
use crate::convention::{self, NameAnswer, SystemId};
use crate::lifecycle::ExitReason;
use crate::names::Directory;
use crate::time::Time;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct SharedNames {
    /// Actors here that have one.
    pub names: Directory<Address>,
    /// Who waits for the actor of which name.
    sought: BTreeMap<String, Sought>,
    /// Names whose actors are being made, here or elsewhere, by the message ids of the Admin's requests to itself.
    making: BTreeMap<u64, String>,
}

#[derive(Debug, Default)]
struct Sought {
    seekers: Vec<Seeker>,
    /// Another system has the name, which came out while its actor was being made here.
    yielded: bool,
}

#[derive(Debug)]
struct Seeker {
    asked: Asked,
    creation: Creation,
    source: Option<Source>,
    /// The systems that have been asked for it before.
    tried: Vec<SystemId>,
}

impl Admin {
    /// Somebody wants an actor with a name of the convention that nobody here has.
    pub(super) fn seek(
        &mut self,
        now: Time,
        asked: Asked,
        (creation, tried): (Creation, Vec<SystemId>),
        source: Option<Source>,
        effects: &mut Vec<Effect>,
    ) {
        let (Some(name), Scope::Convention { leave }) = (creation.name.clone(), creation.scope) else { return };
        if let Err(problem) = crate::names::check_name(&name) {
            return self.refuse(asked, no_name(problem.to_string()), effects);
        }
        let sought = self.shared.sought.entry(name.clone()).or_default();
        sought.seekers.push(Seeker { asked, creation, source, tried });
        let is_made = self.shared.making.values().any(|making| *making == name);
        if sought.seekers.len() == 1 || leave.is_some() && !is_made {
            self.convene(now, convention::Event::Seek { name, leave }, effects);
        }
    }

    /// The convention has an answer.
    pub(super) fn sought(&mut self, now: Time, name: String, answer: NameAnswer, effects: &mut Vec<Effect>) {
        match answer {
            NameAnswer::Held(actor) => self.tell_seekers(&name, &FromAdmin::Created { actor }, effects),
            NameAnswer::Refused(why) => {
                self.tell_seekers(&name, &FromAdmin::Refused(no_name(why.to_string())), effects);
            }
            NameAnswer::Granted(leave) => {
                let scope = Scope::Convention { leave: Some(leave) };
                let seekers = self.shared.sought.get(&name).map(|sought| &sought.seekers);
                // The one for whom another system has handed the leave on knows which systems were asked.
                let with_leave = |seeker: &&Seeker| seeker.creation.scope == scope;
                let chosen = seekers.and_then(|all| all.iter().find(with_leave).or_else(|| all.first()));
                let Some(Seeker { creation, source, tried, .. }) = chosen else {
                    return self.convene(now, convention::Event::Frees { name }, effects);
                };
                // Nobody is told as the parent of an actor that others find by its name.
                let creation = Creation { scope, requester: None, ..creation.clone() };
                let (source, tried) = (source.clone(), tried.clone());
                let id = self.number_request();
                self.shared.making.insert(id, name);
                self.create_here(now, (self.address(), id), (creation, tried), source, effects);
            }
        }
    }

    fn tell_seekers(&mut self, name: &str, answer: &FromAdmin, effects: &mut Vec<Effect>) {
        let Some(Sought { seekers, .. }) = self.shared.sought.remove(name) else { return };
        for Seeker { asked: (to, id), .. } in seekers {
            match answer {
                FromAdmin::Refused(refusal) => self.refuse((to, id), refusal.clone(), effects),
                answer => effects.push(Effect::Send { to, id, message: answer.clone() }),
            }
        }
    }

    /// What the Admin has answered to itself.
    pub(super) fn take_own_answers(&mut self, now: Time, effects: &mut Vec<Effect>) {
        while !self.shared.making.is_empty() {
            let me = self.address();
            let is_own = |effect: &Effect| matches!(effect, Effect::Send { to, .. } if *to == me);
            let Some(position) = effects.iter().position(is_own) else { return };
            let Effect::Send { id, message, .. } = effects.remove(position) else { return };
            let Some(name) = self.shared.making.remove(&id) else { continue };
            self.is_made(now, name, &message, effects);
        }
    }

    /// The actor of a name is there, or can not be made.
    fn is_made(&mut self, now: Time, name: String, answer: &FromAdmin, effects: &mut Vec<Effect>) {
        let is_here = matches!(answer, FromAdmin::Created { actor } if self.shared.names.lookup(&name) == Some(*actor));
        if !is_here {
            // The system that has made it holds the name, or nobody does.
            self.convene(now, convention::Event::Frees { name: name.clone() }, effects);
        }
        if self.shared.sought.get(&name).is_some_and(|sought| sought.yielded) && self.shutdown.is_none() {
            let Some(Sought { seekers, .. }) = self.shared.sought.remove(&name) else { return };
            for Seeker { asked, creation, tried, .. } in seekers {
                self.create_decided(now, asked, (creation, tried), effects);
            }
            return;
        }
        self.tell_seekers(&name, answer, effects);
    }

    /// The actor of a name is there, in this system.
    pub(super) fn has_shared_name(&mut self, now: Time, name: String, actor: Address, effects: &mut Vec<Effect>) {
        // Nobody has it: it was looked up when the actor was asked for, and was coming since.
        let _ = self.shared.names.claim(&name, actor);
        self.convene(now, convention::Event::Holds { name, actor }, effects);
    }

    /// An actor has ended.
    pub(super) fn shared_names_without(&mut self, now: Time, actor: Address, effects: &mut Vec<Effect>) {
        for name in self.shared.names.release(actor) {
            self.convene(now, convention::Event::Frees { name }, effects);
        }
    }

    /// Another system has a name: the actor here ends, or is not made.
    pub(super) fn yielded(&mut self, name: &str, actor: Option<Address>, effects: &mut Vec<Effect>) {
        if let Some(sought) = self.shared.sought.get_mut(name) {
            sought.yielded = true;
        }
        if let Some(actor) = actor {
            self.shared.names.release(actor);
            return self.have_exit(actor, ExitReason::Requested, effects);
        }
        let is_it =
            |making: &super::creation::Making| making.name.as_deref() == Some(name) && making.scope != Scope::System;
        let nodes: Vec<NodeId> = self.nodes(|process| process.making.as_ref().is_some_and(is_it));
        for node in nodes {
            self.give_up_making(node, no_name("another system has the name".to_owned()), effects);
        }
    }

    /// The system shuts down.
    pub(super) fn give_up_seeking(&mut self, effects: &mut Vec<Effect>) {
        let names: Vec<String> = self.shared.sought.keys().cloned().collect();
        for name in names {
            self.tell_seekers(&name, &FromAdmin::Refused(shutting_down()), effects);
        }
    }

    /// All global names that are held here, and by whom.
    pub(super) fn all_names(&self) -> Vec<(String, Address)> {
        let all = self.names.iter().chain(self.shared.names.iter());
        all.map(|(name, holder)| (name.to_owned(), holder)).collect()
    }
}

fn no_name(text: String) -> Refusal {
    Refusal { kind: RefusalKind::NoName, text }
}
