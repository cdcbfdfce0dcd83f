//! How top-level actors come to be.

use super::children::Child;
use super::elsewhere::{Reach, Request};
use super::messages::{Creation, FromAdmin, Refusal, RefusalKind, Requester, Scope, Source};
use super::processes::{Process, Timer};
use super::{Admin, Asked, CREATE_WITHIN, Effect, actor_of, root};
use crate::address::{Address, NodeId};
use crate::convention::SystemId;
use crate::frame::Role;
use crate::lifecycle::{Birth, ExitReason, Signal};
use crate::pickle;
use crate::supervision::Restart;
use crate::time::Time;

/// An actor that is being made.
#[derive(Debug)]
pub(super) struct Making {
    pub actor: Address,
    pub birth: Birth,
    pub maker: String,
    pub name: Option<String>,
    pub scope: Scope,
    pub spec: Vec<u8>,
    pub requester: Option<Requester>,
    pub source: Option<Source>,
    /// See [`Creation::order`].
    pub order: Option<(SystemId, u64)>,
    /// The systems that have been asked for it before.
    pub tried: Vec<SystemId>,
    /// About which others its process is asked, if this system can not run it.
    pub reach: Reach,
    /// When it was asked for.
    pub since: Time,
    /// Who waits for it: with a global name there may be several.
    pub waiters: Vec<Asked>,
}

impl Making {
    /// What another system is to be asked for, who waits for it, and who has been asked.
    pub fn into_creation(self) -> (Creation, Vec<Asked>, Vec<SystemId>) {
        let Self { maker, name, scope, spec, requester, source, order, waiters, tried, .. } = self;
        // The address is the other system's to choose.
        let source = source.map(|source| source.id);
        (Creation { maker, name, scope, spec, process: None, requester, source, order }, waiters, tried)
    }

    /// Its name, if that is one in this system alone.
    pub fn name_here(&self) -> Option<&String> {
        self.name.as_ref().filter(|_| self.scope == Scope::System)
    }

    /// What the actor is made of, for people.
    pub fn class(&self) -> String {
        class_of(&self.maker, &self.spec)
    }
}

/// What an actor is made of, for people.
pub(super) fn class_of(maker: &str, spec: &[u8]) -> String {
    // A program in Rust gives the name of a class in Python, one in Python a pickle that begins with the class.
    let named = pickle::first_name(spec).or_else(|| {
        let text = std::str::from_utf8(spec).ok().filter(|text| text.contains('.') && !text.contains('\0'))?;
        (maker == "python").then(|| text.to_owned())
    });
    named.unwrap_or_else(|| maker.to_owned())
}

pub(super) fn no_process(text: impl Into<String>) -> Refusal {
    Refusal { kind: RefusalKind::NoProcess, text: text.into() }
}

pub(super) fn invalid_source(id: &str) -> Refusal {
    Refusal { kind: RefusalKind::InvalidSourceHash, text: format!("no source {id} is loaded") }
}

pub(super) fn no_starter() -> Refusal {
    let text = "the process that started others has ended, and there is no other".to_owned();
    Refusal { kind: RefusalKind::NoStarter, text }
}

pub(super) fn shutting_down() -> Refusal {
    Refusal { kind: RefusalKind::ShuttingDown, text: "the actor system is shutting down".to_owned() }
}

impl Admin {
    pub(super) fn create(&mut self, now: Time, asked: Asked, creation: Creation, effects: &mut Vec<Effect>) {
        self.create_for(now, asked, creation, Vec::new(), effects);
    }

    /// The same for somebody who has asked other systems before.
    pub(super) fn create_for(
        &mut self,
        now: Time,
        asked: Asked,
        creation: Creation,
        tried: Vec<SystemId>,
        effects: &mut Vec<Effect>,
    ) {
        self.count("Actor.Child.Requested");
        self.create_decided(now, asked, (creation, tried), effects);
    }

    /// The same for an actor that was counted before, when its source was not decided yet.
    pub(super) fn create_decided(
        &mut self,
        now: Time,
        asked: Asked,
        (creation, tried): (Creation, Vec<SystemId>),
        effects: &mut Vec<Effect>,
    ) {
        if self.shutdown.is_some() {
            return self.refuse(asked, shutting_down(), effects);
        }
        if let Some(name) = &creation.name {
            let names = if creation.scope == Scope::System { &self.names } else { &self.shared.names };
            if let Some(actor) = names.lookup(name) {
                return effects.push(Effect::Send { to: asked.0, id: asked.1, message: FromAdmin::Created { actor } });
            }
            // Of those that are shared, who waits is known in `shared`.
            let coming = self.coming.get(name).filter(|_| creation.scope == Scope::System);
            let coming = coming.and_then(|node| self.processes.get_mut(node));
            if let Some(making) = coming.and_then(|process| process.making.as_mut()) {
                return making.waiters.push(asked);
            }
        }
        let Some(asked) = self.made_before(asked, creation.order, effects) else { return };
        let Some((source, creation, tried)) = self.source_of(now, asked, (creation, tried), effects) else { return };
        match (&creation.name, creation.scope) {
            (Some(_), Scope::Convention { .. }) => self.seek(now, asked, (creation, tried), source, effects),
            _ => self.create_here(now, asked, (creation, tried), source, effects),
        }
    }

    /// The same for an actor whose name, if it is to have one, nobody has, and whose source is there.
    pub(super) fn create_here(
        &mut self,
        now: Time,
        asked: Asked,
        (creation, tried): (Creation, Vec<SystemId>),
        source: Option<Source>,
        effects: &mut Vec<Effect>,
    ) {
        // Before anybody has offered anything, the system is just starting. Who knows what is in a program is the program. The
        // logger is made for the system itself alone.
        let is_program = source.as_ref().is_some_and(|source| source.executable);
        let unknown = !is_program && !self.starters.is_empty() && !self.starters.contains_key(&creation.maker);
        if creation.maker == super::logger::MAKER {
            return self.refuse(asked, self.no_maker(&creation.maker), effects);
        }
        if unknown {
            // Who makes such actors is not known of other systems: each may.
            let refusal = self.no_maker(&creation.maker);
            let fits = self.convention.candidates(&tried).into_iter().map(|candidate| candidate.system).collect();
            return self.ask_next(now, Request { creation, waiters: vec![asked], tried, fits, refusal }, effects);
        }
        let node = match creation.process {
            Some(node) if !self.is_free(node) => {
                return self.refuse(asked, no_process(format!("{node} is not free to be a new process")), effects);
            }
            Some(node) => node,
            None => self.free_process(),
        };
        // Nobody is told as the parent of an actor that others find by its name.
        let requester = creation.requester.filter(|_| creation.name.is_none());
        let making = Making {
            actor: actor_of(node),
            birth: self.number_child(),
            maker: creation.maker,
            name: creation.name,
            scope: creation.scope,
            spec: creation.spec,
            requester,
            source,
            order: creation.order,
            tried,
            reach: Reach::Some,
            since: now,
            waiters: vec![asked],
        };
        if let Some(name) = making.name_here() {
            self.coming.insert(name.clone(), node);
        }
        self.begin(now, node, Role::Actor, making, effects);
    }

    fn no_maker(&self, maker: &str) -> Refusal {
        let known: Vec<String> = self.makers().map(|maker| format!("`{maker}`")).collect();
        let text = format!("nobody in this system makes `{maker}`: there are {}", known.join(", "));
        Refusal { kind: RefusalKind::NoMaker, text }
    }

    /// What actors can be made of.
    pub(super) fn makers(&self) -> impl Iterator<Item = &str> {
        let offered = self.starters.iter().filter(|(_, offering)| !offering.is_empty());
        offered.map(|(maker, _)| maker.as_str()).filter(|maker| *maker != super::logger::MAKER)
    }

    /// Has a process made, with a limit on the time that takes.
    pub(super) fn begin(&mut self, now: Time, node: NodeId, role: Role, making: Making, effects: &mut Vec<Effect>) {
        let timer = self.timers.schedule(now.plus(CREATE_WITHIN), Timer::Creation(node));
        let process = Process { making: Some(making), timer: Some(timer), ..Process::new(role) };
        self.processes.insert(node, process);
        self.make(node, effects);
    }

    /// Asks a starter to make the actor, or leaves it for the next one to offer itself.
    pub(super) fn make(&mut self, node: NodeId, effects: &mut Vec<Effect>) {
        let Some(making) = self.processes.get(&node).and_then(|process| process.making.as_ref()) else { return };
        if let Some(source) = making.source.as_ref().filter(|source| !self.has_source(source)) {
            // It was unloaded while there was nobody to start a process.
            let refusal = invalid_source(&source.id);
            return self.give_up_making(node, refusal, effects);
        }
        let is_program = making.source.as_ref().is_some_and(|source| source.executable);
        let offering = match is_program {
            // Anybody can start one.
            true => self.starters.values().find(|offering| !offering.is_empty()).or(self.starters.values().next()),
            false => self.starters.get(&making.maker),
        };
        let Some(starter) = offering.and_then(|offering| offering.first()) else {
            // At the start of the system there will be one soon; one that has ended leaves nothing to wait for.
            return match offering.is_some() && !self.expects_starter() {
                true => self.give_up_making(node, no_starter(), effects),
                false => self.queued.push(node),
            };
        };
        let message = FromAdmin::Make {
            process: node,
            actor: making.actor,
            birth: making.birth,
            maker: making.maker.clone(),
            name: making.name.clone(),
            spec: making.spec.clone(),
            source: making.source.clone(),
            elsewhere: self.offered(&making.tried, making.reach),
        };
        let starter = *starter;
        effects.push(Effect::Send { to: root(starter), id: 0, message });
        if let Some(process) = self.processes.get_mut(&node) {
            process.starter = Some(starter);
        }
    }

    /// A process has its actor, and says so.
    pub(super) fn ready(
        &mut self,
        now: Time,
        by: NodeId,
        node: NodeId,
        (policy, bounded): (Restart, bool),
        effects: &mut Vec<Effect>,
    ) {
        let Some(process) = self.processes.get_mut(&node).filter(|process| by == node || process.starter == Some(by))
        else {
            self.count("Admin Message Received.Stray");
            return;
        };
        let (role, Some(mut making)) = (process.role, process.making.take()) else { return };
        if bounded {
            making.actor = making.actor.with_bound();
        }
        if let Some(timer) = process.timer.take() {
            self.timers.cancel(timer);
        }
        if role == Role::Logger {
            return self.release_held(now, effects);
        }
        if let Some(name) = making.name_here() {
            self.coming.remove(name);
            // Nobody has it: it was looked up when the actor was asked for, and was coming since.
            let _ = self.names.claim(name, making.actor);
            effects.push(Effect::Named { name: name.clone(), actor: making.actor });
        }
        self.children.insert(making.actor, Child::new((making.birth, making.class()), making.requester, policy));
        if let Some(requester) = making.requester {
            self.foster(now, requester, making.actor, effects);
        }
        if let Some(order) = making.order {
            self.elsewhere.made_for(order, making.actor);
        }
        if let (Some(name), Scope::Convention { .. }) = (making.name, making.scope) {
            self.has_shared_name(now, name, making.actor, effects);
        }
        self.report_load(now, effects);
        self.count("Actor.Child.Requested.Success");
        for (to, id) in making.waiters {
            effects.push(Effect::Send { to, id, message: FromAdmin::Created { actor: making.actor } });
        }
    }

    /// A process could not be started, or could not make its actor.
    pub(super) fn failed(
        &mut self,
        now: Time,
        by: NodeId,
        node: NodeId,
        (refusal, fits): (Refusal, Vec<SystemId>),
        effects: &mut Vec<Effect>,
    ) {
        let Some(process) = self.processes.get_mut(&node).filter(|process| by == node || process.starter == Some(by))
        else {
            self.count("Admin Message Received.Stray");
            return;
        };
        let (role, started) = (process.role, process.pid.is_some() || process.attached);
        let making = process.making.take();
        if !started {
            self.process_ended(now, node, "", effects);
        } else if making.is_some() {
            self.expect_end(now, node);
        }
        // Otherwise it was refused before, and killed.
        let Some(making) = making else { return };
        if refusal.kind == RefusalKind::NoCompatibleSystem {
            return self.make_elsewhere(now, making, fits, refusal, effects);
        }
        self.refuse_making(making, refusal, effects);
        if role == Role::Logger {
            self.release_held(now, effects);
        }
    }

    /// Time is up.
    pub(super) fn creation_overdue(&mut self, node: NodeId, effects: &mut Vec<Effect>) {
        let within = CREATE_WITHIN.as_secs();
        self.drop_making(node, &format!("it was not there within {within} s"), effects);
    }

    /// Refuses what a process was to make, and ends the process if it has been asked for.
    pub(super) fn drop_making(&mut self, node: NodeId, why: &str, effects: &mut Vec<Effect>) {
        self.give_up_making(node, no_process(why), effects);
    }

    /// The same for a reason of the caller's.
    pub(super) fn give_up_making(&mut self, node: NodeId, refusal: Refusal, effects: &mut Vec<Effect>) {
        let Some(process) = self.processes.get_mut(&node) else { return };
        let Some(making) = process.making.take() else { return };
        if let Some(timer) = process.timer.take() {
            self.timers.cancel(timer);
        }
        let starter = process.starter.filter(|starter| self.processes.contains_key(starter));
        let may_live = starter.is_some() || self.processes.get(&node).is_some_and(|process| process.pid.is_some());
        if may_live {
            self.kill(node, effects);
        } else {
            self.processes.remove(&node);
            self.queued.retain(|queued| *queued != node);
            effects.push(Effect::Forget { process: node });
        }
        self.refuse_making(making, refusal, effects);
    }

    pub(super) fn refuse_making(&mut self, making: Making, refusal: Refusal, effects: &mut Vec<Effect>) {
        if let Some(name) = making.name_here() {
            self.coming.remove(name);
        }
        for asked in making.waiters {
            self.refuse(asked, refusal.clone(), effects);
        }
    }

    pub(super) fn refuse(&mut self, (to, id): Asked, refusal: Refusal, effects: &mut Vec<Effect>) {
        self.count("Actor.Child.Requested.Failure");
        effects.push(Effect::Send { to, id, message: FromAdmin::Refused(refusal) });
    }

    /// An actor has ended before its process said that it was there.
    pub(super) fn ended_in_making(
        &mut self,
        now: Time,
        actor: Address,
        reason: &ExitReason,
        effects: &mut Vec<Effect>,
    ) {
        let process = self.processes.get_mut(&actor.node());
        let Some(process) = process.filter(|it| it.making.as_ref().is_some_and(|making| making.actor == actor)) else {
            return;
        };
        if let Some(making) = process.making.take() {
            self.refuse_making(making, no_process(reason.to_string()), effects);
            self.expect_end(now, actor.node());
        }
    }

    /// Has another process made for what one could not make.
    pub(super) fn begin_again(&mut self, now: Time, mut making: Making, effects: &mut Vec<Effect>) {
        let node = self.free_process();
        making.actor = actor_of(node);
        if let Some(name) = making.name_here() {
            self.coming.insert(name.clone(), node);
        }
        self.begin(now, node, Role::Actor, making, effects);
    }

    fn is_free(&self, node: NodeId) -> bool {
        node.system() == self.node.system()
            && node.process() >= NodeId::FIRST_FREE
            && !self.processes.contains_key(&node)
    }

    /// Numbers come round after four thousand million processes. Those that were chosen by others are passed over.
    fn free_process(&mut self) -> NodeId {
        loop {
            let node = NodeId::of_process(self.node.system(), self.next_process);
            self.next_process = self.next_process.checked_add(1).unwrap_or(NodeId::FIRST_FREE);
            if self.is_free(node) {
                return node;
            }
        }
    }

    pub(super) const fn number_child(&mut self) -> Birth {
        self.next_birth = self.next_birth.wrapping_add(1);
        Birth::numbered(self.next_birth)
    }

    /// Tells who had the Admin make a child for it that the child has ended.
    pub(super) fn tell_requester(
        requester: Option<Requester>,
        child: Address,
        reason: &ExitReason,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(Requester { actor, birth }) = requester {
            let signal = Signal::ChildEnded { birth, child, reason: reason.clone() };
            effects.push(Effect::Signal { to: actor, signal });
        }
    }
}
