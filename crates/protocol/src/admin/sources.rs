//! Sources, and actors that wait for one.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::creation::{class_of, invalid_source};
use super::detail::{Awaits, PendingCreation};
use super::elsewhere::Request;
use super::messages::{Creation, FromAdmin, Refusal, RefusalKind, Source, ToAdmin};
use super::processes::Timer;
use super::{Admin, Asked, CREATE_WITHIN, Effect, KeptContent, actor_of};
use crate::address::{Address, NodeId};
use crate::convention::SystemId;
use crate::sources::{self, ContentKind, Digest, Event, Listed, Note, Platform, Registry, Standing, Verdict};
use crate::time::Time;

#[derive(Debug, Default)]
pub(super) struct Sources {
    pub registry: Registry,
    /// What was loaded, as it came.
    pub(super) submitted: BTreeMap<String, Bytes>,
    /// Which contents are programs, and for which hosts.
    programs: BTreeMap<Digest, Option<Platform>>,
    /// Creations that wait for a source to be decided, in order.
    awaiting: Vec<Awaiting>,
}

#[derive(Debug)]
pub(super) struct Awaiting {
    asked: Asked,
    creation: Creation,
    /// The systems that have been asked for it before.
    tried: Vec<SystemId>,
    since: Time,
}

impl Awaiting {
    pub(super) fn waits_for(&self, id: &str) -> bool {
        self.creation.source.as_deref() == Some(id)
    }
}

impl Sources {
    pub fn next_deadline(&self) -> Option<Time> {
        self.registry.next_deadline()
    }

    fn has_content(&self, wanted: Digest) -> bool {
        self.registry.list().any(|source| source.digest == Some(wanted))
    }
}

impl Admin {
    /// A message about sources came.
    pub(super) fn about_sources(&mut self, now: Time, (by, id): Asked, message: ToAdmin, effects: &mut Vec<Effect>) {
        match message {
            ToAdmin::BeSourceAuthority => self.tell_registry(now, Event::Authority { actor: by }, None, effects),
            ToAdmin::LoadSource { id, info, content } => {
                self.tell_registry(now, Event::Load { id, info }, Some(content), effects);
            }
            ToAdmin::SourceVerdict { id, info, content } => {
                let verdict = if content.is_some() { Verdict::Valid(info) } else { Verdict::Rejected };
                self.tell_registry(now, Event::Verdict { id, by, verdict }, content, effects);
            }
            ToAdmin::UnloadSource { id: source } => return self.unload_everywhere(now, (by, id), source, effects),
            ToAdmin::WatchSources { start } => {
                self.tell_registry(now, Event::Watch { actor: by, start }, None, effects);
            }
            _ => {}
        }
        if id != 0 {
            effects.push(Effect::Send { to: by, id, message: FromAdmin::Done });
        }
    }

    /// Time has passed.
    pub(super) fn sources_due(&mut self, now: Time, effects: &mut Vec<Effect>) {
        if self.sources.next_deadline().is_some_and(|due| due <= now) {
            self.tell_registry(now, Event::Due, None, effects);
        }
    }

    pub(super) fn source_examined(
        &mut self,
        now: Time,
        id: String,
        content: Result<KeptContent, String>,
        effects: &mut Vec<Effect>,
    ) {
        let mut elsewhere = None;
        if let Ok(KeptContent { digest, kind: ContentKind::Program(platform) }) = content {
            self.sources.programs.insert(digest, platform);
            elsewhere = platform.and_then(|platform| Some((platform, self.check_platform(platform).err()?)));
        }
        let content = content.map(|kept| kept.digest);
        self.tell_registry(now, Event::Examined { id: id.clone(), content }, None, effects);
        if let Some((platform, here)) = elsewhere {
            // Unless it was unloaded meanwhile.
            let loaded = self.sources.registry.list().find(|source| source.id == id && source.digest.is_some());
            if let Some(Listed { info, .. }) = loaded {
                let note = Note::NotForThisHost { id, info, platform, here };
                self.log(note.level(), note.to_string(), effects);
            }
        }
    }

    pub(super) fn sources_without(&mut self, now: Time, actor: Address, effects: &mut Vec<Effect>) {
        self.tell_registry(now, Event::Ended { actor }, None, effects);
    }

    pub(super) fn sources_without_process(&mut self, now: Time, process: NodeId, effects: &mut Vec<Effect>) {
        self.tell_registry(now, Event::ProcessEnded { process }, None, effects);
        self.sources.awaiting.retain(|awaiting| awaiting.asked.0.node() != process);
    }

    /// `content` is that of the event.
    pub(super) fn tell_registry(&mut self, now: Time, event: Event, content: Option<Bytes>, effects: &mut Vec<Effect>) {
        let loaded = if let Event::Load { id, .. } = &event { Some(id.clone()) } else { None };
        if let (Some(id), Some(content)) = (&loaded, &content)
            && self.sources.registry.authority().is_some()
        {
            self.sources.submitted.insert(id.clone(), content.clone());
        }
        let mut wanted = Vec::new();
        self.sources.registry.on(now, event, &mut wanted);
        for effect in wanted {
            match effect {
                sources::Effect::Ask { authority, id, info } => {
                    let content = self.sources.submitted.get(&id).cloned().unwrap_or_default();
                    let message = FromAdmin::ValidateSource { id, info, content };
                    effects.push(Effect::Send { to: authority, id: 0, message });
                }
                sources::Effect::Examine { id } => {
                    let content = content.clone().unwrap_or_default();
                    effects.push(Effect::ExamineSource { id, content });
                }
                sources::Effect::Decided { id, usable } => self.decided(now, &id, usable, effects),
                sources::Effect::Discard { id, digest } => {
                    self.sources.submitted.remove(&id);
                    // Another source may have the same content.
                    if !self.sources.has_content(digest) {
                        self.sources.programs.remove(&digest);
                        effects.push(Effect::DiscardSource { digest });
                    }
                }
                sources::Effect::Tell { watcher, notice } => {
                    effects.push(Effect::Send { to: watcher, id: 0, message: FromAdmin::Source(notice) });
                }
                sources::Effect::Log(note) => self.log(note.level(), note.to_string(), effects),
            }
        }
        if let Some(id) = loaded.filter(|id| self.sources.registry.standing(id) != Standing::Pending) {
            self.sources.submitted.remove(&id);
        }
    }

    /// The source that an actor is to be made from, unless it is refused, or has to wait.
    pub(super) fn source_of(
        &mut self,
        now: Time,
        asked: Asked,
        (creation, tried): (Creation, Vec<SystemId>),
        effects: &mut Vec<Effect>,
    ) -> Option<(Option<Source>, Creation, Vec<SystemId>)> {
        let Some(id) = &creation.source else { return Some((None, creation, tried)) };
        match self.sources.registry.standing(id) {
            Standing::Usable(digest) => {
                let program = self.sources.programs.get(&digest);
                if let Some(Some(platform)) = program
                    && let Err(here) = self.check_platform(*platform)
                {
                    let text = format!("source {id} is a program for {platform}, and {here}");
                    let refusal = Refusal { kind: RefusalKind::NoCompatibleSystem, text };
                    let fits = self.convention.candidates(&tried).iter().map(|candidate| candidate.system).collect();
                    let request = Request { creation, waiters: vec![asked], tried, fits, refusal };
                    self.ask_next(now, request, effects);
                    return None;
                }
                let source = Source { id: id.clone(), digest, executable: program.is_some() };
                Some((Some(source), creation, tried))
            }
            Standing::Unknown => {
                let id = id.clone();
                let home = asked.0.node().system();
                if home == self.node.system() || !self.want_source(&id, home, effects) {
                    self.refuse(asked, invalid_source(&id), effects);
                    return None;
                }
                self.timers.schedule(now.plus(CREATE_WITHIN), Timer::Source);
                self.sources.awaiting.push(Awaiting { asked, creation, tried, since: now });
                None
            }
            Standing::Pending => {
                self.timers.schedule(now.plus(CREATE_WITHIN), Timer::Source);
                self.sources.awaiting.push(Awaiting { asked, creation, tried, since: now });
                None
            }
        }
    }

    /// Whether a source is there as it was.
    pub(super) fn has_source(&self, source: &Source) -> bool {
        self.sources.registry.standing(&source.id) == Standing::Usable(source.digest)
    }

    /// The creations that wait for a source.
    pub(super) fn awaiting_sources(&self, now: Time) -> impl Iterator<Item = PendingCreation> {
        self.sources.awaiting.iter().map(move |Awaiting { creation, since, .. }| PendingCreation {
            actor: creation.process.map(actor_of),
            maker: creation.maker.clone(),
            name: creation.name.clone(),
            class: class_of(&creation.maker, &creation.spec),
            awaits: Awaits::Source,
            age: now.since(*since),
        })
    }

    /// The systems that asked for the actors which wait for a source.
    pub(super) fn who_awaits(&self, id: &str) -> impl Iterator<Item = SystemId> {
        self.sources.awaiting.iter().filter(move |awaiting| awaiting.waits_for(id)).map(|it| it.asked.0.node().system())
    }

    /// A system has left: the actors that it asked for need not wait.
    pub(super) fn awaiting_without(&mut self, system: SystemId) {
        self.sources.awaiting.retain(|awaiting| awaiting.asked.0.node().system() != system);
    }

    fn decided(&mut self, now: Time, id: &str, usable: bool, effects: &mut Vec<Effect>) {
        if !usable {
            self.sources.submitted.remove(id);
            return self.give_up_awaiting(|awaiting| awaiting.waits_for(id), &invalid_source(id), effects);
        }
        let decided: Vec<Awaiting> = self.sources.awaiting.extract_if(.., |awaiting| awaiting.waits_for(id)).collect();
        for Awaiting { asked, creation, tried, .. } in decided {
            self.create_decided(now, asked, (creation, tried), effects);
        }
    }

    /// Some creations have waited for long enough.
    pub(super) fn sources_overdue(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let within = CREATE_WITHIN.as_secs();
        let refusal = super::creation::no_process(format!("its source was not validated within {within} s"));
        self.give_up_awaiting(|awaiting| now.since(awaiting.since) >= CREATE_WITHIN, &refusal, effects);
    }

    /// Refuses creations that wait for a source.
    pub(super) fn give_up_awaiting(
        &mut self,
        which: impl Fn(&Awaiting) -> bool,
        refusal: &Refusal,
        effects: &mut Vec<Effect>,
    ) {
        let given_up: Vec<Awaiting> = self.sources.awaiting.extract_if(.., |awaiting| which(awaiting)).collect();
        for Awaiting { asked, .. } in given_up {
            self.refuse(asked, refusal.clone(), effects);
        }
    }
}
