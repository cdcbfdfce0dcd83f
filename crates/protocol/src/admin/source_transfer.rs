//! Sources that go from system to system.
//!
//! Who is asked to make an actor from a source that it has not got asks who wants it, if the capability `AllowRemoteActorSources` allows
//! that: any member, or the leader alone. A system with a source authority of its own has that look at what was loaded there in the
//! first place; another one takes what the other's authority found valid. What is unloaded anywhere is unloaded everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use super::creation::invalid_source;
use super::messages::{FromAdmin, ToAdmin};
use super::processes::Timer;
use super::{Admin, Asked, Effect};
use crate::convention::SystemId;
use crate::pickle;
use crate::sources::{Event, Standing};
use crate::time::Time;

/// Who may bring sources: a text, as a program in Python sets it.
const ALLOWS: &str = "AllowRemoteActorSources";
/// How long others may take to unload a source.
const UNLOAD_WITHIN: Duration = Duration::from_secs(2);

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Transfers {
    /// Sources that another system was asked for, by message id.
    wanted: BTreeMap<u64, (SystemId, String)>,
    /// Systems that were asked to unload a source, by message id.
    unloading: BTreeMap<u64, SystemId>,
    /// Who is told when they have.
    waiting: Vec<Waiting>,
}

/// Somebody who wanted a source unloaded, since when, and the requests that are not answered.
#[derive(Debug)]
struct Waiting {
    asked: Asked,
    since: Time,
    left: BTreeSet<u64>,
}

/// A source that another system sends.
#[derive(Debug)]
pub(super) struct Sent {
    pub id: String,
    pub info: Option<String>,
    /// None: it has it no more, or not in the form that was wanted.
    pub content: Option<Bytes>,
    /// The authority there has found it valid.
    pub validated: bool,
}

impl Admin {
    /// Asks a system for a source that it wants an actor made of. Whether that is allowed.
    pub(super) fn want_source(&mut self, id: &str, of: SystemId, effects: &mut Vec<Effect>) -> bool {
        if !self.takes_sources_of(of) {
            return false;
        }
        if !self.transfers.wanted.values().any(|(_, wanted)| wanted == id) {
            let original = self.sources.registry.authority().is_some();
            let request = self.number_request();
            self.transfers.wanted.insert(request, (of, id.to_owned()));
            let message = ToAdmin::WantSource { id: id.to_owned(), original };
            effects.push(Effect::Ask { system: of, id: request, message });
        }
        true
    }

    fn takes_sources_of(&self, system: SystemId) -> bool {
        let mut all = self.capabilities.iter();
        let allows = all.find(|(name, _)| pickle::first_name(name).as_deref() == Some(ALLOWS));
        match allows.map(|(_, value)| pickle::first_name(value).unwrap_or_default()) {
            None => true,
            Some(who) if who.eq_ignore_ascii_case("yes") => true,
            Some(who) => who == "LeaderOnly" && self.convention.leader() == Some(system),
        }
    }

    /// A system wants a source that it is to make an actor of.
    pub(super) fn source_wanted(&self, (to, id): Asked, source: String, original: bool, effects: &mut Vec<Effect>) {
        let standing = self.sources.registry.standing(&source);
        let listed = self.sources.registry.list().find(|listed| listed.id == source);
        let info = listed.and_then(|listed| listed.info);
        match standing {
            Standing::Usable(digest) if !original => effects.push(Effect::SendSource { to, id, source, info, digest }),
            _ => {
                let content = self.sources.submitted.get(&source).filter(|_| original).cloned();
                let message = FromAdmin::SourceContent { id: source, info, content, validated: false };
                effects.push(Effect::Send { to, id, message });
            }
        }
    }

    /// A source has come that was asked for.
    pub(super) fn source_came(&mut self, now: Time, by: SystemId, request: u64, sent: Sent, effects: &mut Vec<Effect>) {
        let Some((_, wanted)) = self.transfers.wanted.remove(&request).filter(|(of, id)| *of == by && *id == sent.id)
        else {
            return self.count("Admin Message Received.Stray");
        };
        let Sent { id, info, content, validated } = sent;
        match content {
            Some(content) if validated => self.tell_registry(now, Event::Entrust { id, info }, Some(content), effects),
            Some(content) => self.tell_registry(now, Event::Load { id, info }, Some(content), effects),
            None => {}
        }
        if self.sources.registry.standing(&wanted) == Standing::Unknown {
            self.give_up_awaiting(|awaiting| awaiting.waits_for(&wanted), &invalid_source(&wanted), effects);
        }
    }

    /// Lets go of a source, here and in the other systems. Who wanted it is told when all have.
    pub(super) fn unload_everywhere(&mut self, now: Time, asked: Asked, source: String, effects: &mut Vec<Effect>) {
        self.tell_registry(now, Event::Unload { id: source.clone() }, None, effects);
        let origin = asked.0.node().system();
        // The leader has told all others already.
        let is_told = self.convention.leader() == Some(origin);
        let members: Vec<SystemId> = self
            .convention
            .members()
            .map(|member| member.system)
            .filter(|system| *system != origin && !is_told)
            .collect();
        let mut requests = BTreeSet::new();
        for system in members {
            let request = self.number_request();
            requests.insert(request);
            self.transfers.unloading.insert(request, system);
            let message = ToAdmin::UnloadSource { id: source.clone() };
            effects.push(Effect::Ask { system, id: request, message });
        }
        if requests.is_empty() {
            return Self::done(asked, effects);
        }
        self.timers.schedule(now.plus(UNLOAD_WITHIN), Timer::Unloading);
        self.transfers.waiting.push(Waiting { asked, since: now, left: requests });
    }

    /// Another system has unloaded a source.
    pub(super) fn unloaded(&mut self, by: SystemId, request: u64, effects: &mut Vec<Effect>) {
        if self.transfers.unloading.get(&request) == Some(&by) {
            self.settle_unloading(|left| left == request, effects);
        }
    }

    /// Some have taken too long: they are not waited for.
    pub(super) fn unloading_overdue(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let late = self.transfers.waiting.iter().filter(|waiting| now.since(waiting.since) >= UNLOAD_WITHIN);
        let left: BTreeSet<u64> = late.flat_map(|waiting| waiting.left.iter().copied()).collect();
        self.settle_unloading(|request| left.contains(&request), effects);
    }

    /// A system has left: nothing comes from it any more.
    pub(super) fn transfers_without(&mut self, system: SystemId, effects: &mut Vec<Effect>) {
        let unloading: BTreeSet<u64> =
            self.transfers.unloading.iter().filter(|(_, of)| **of == system).map(|(request, _)| *request).collect();
        self.settle_unloading(|request| unloading.contains(&request), effects);
        let lost: Vec<(u64, String)> = self
            .transfers
            .wanted
            .iter()
            .filter(|(_, (of, _))| *of == system)
            .map(|(request, (_, id))| (*request, id.clone()))
            .collect();
        self.awaiting_without(system);
        for (request, id) in lost {
            self.transfers.wanted.remove(&request);
            // Whoever else wants an actor made of it has it.
            let others: Vec<SystemId> =
                self.who_awaits(&id).filter(|other| self.convention.is_member(*other)).collect();
            if !others.into_iter().any(|other| self.want_source(&id, other, effects)) {
                self.give_up_awaiting(|awaiting| awaiting.waits_for(&id), &invalid_source(&id), effects);
            }
        }
    }

    fn settle_unloading(&mut self, is_settled: impl Fn(u64) -> bool, effects: &mut Vec<Effect>) {
        self.transfers.unloading.retain(|request, _| !is_settled(*request));
        for Waiting { asked, left, .. } in &mut self.transfers.waiting {
            left.retain(|request| !is_settled(*request));
            if left.is_empty() {
                Self::done(*asked, effects);
            }
        }
        self.transfers.waiting.retain(|waiting| !waiting.left.is_empty());
    }
}
