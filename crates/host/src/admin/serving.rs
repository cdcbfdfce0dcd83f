//! The Admin at work: events of the hub in, effects out.

mod abroad;
mod durable;
mod pickles;
mod records;
mod resending;

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use bytes::Bytes;
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{
    Answer, FromAdmin, Letter, LetterRecord, Setback, ToAdmin, Topic, decode, encode,
};
use roscius_protocol::admin::{Admin, Config, Effect, Event, KeptContent};
use roscius_protocol::frame::{DEFAULT_LIMIT, Frame, Header, Kind, Payload};
use roscius_protocol::lifecycle::Signal;
use roscius_protocol::pickle;
use roscius_protocol::sources::Level;
use roscius_protocol::time::Time;
use roscius_transport::hub::WatchId;
use roscius_transport::{Hub, SendError, SocketDir, hub};
use serde::Serialize;

use super::neighbours::Neighbours;
use super::process_handles::ProcessHandles;
use super::{AdminError, AdminOptions, GOODBYE_WITHIN, Network, StatusBell, share};
use crate::process::has_receipt;
use crate::sources::{Store, examine};
use abroad::Abroad;
use durable::Durable;
pub use records::log_of_the_leader;

/// How long the link of a process that has ended is read at most. It ends with the process, unless a child has kept it.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// See the [module](self).
pub(super) struct Serving {
    admin: Admin,
    hub: Hub,
    /// The port, with what is told when something comes there that nobody takes.
    network: Option<(Network, Option<WatchId>)>,
    abroad: Option<Abroad>,
    durable: Durable,
    directory: SocketDir,
    alias: String,
    sources: Store,
    handles: ProcessHandles,
    /// Processes that have ended and may have said something before, and how long that is waited for.
    ending: Vec<(NodeId, Instant)>,
    creator: Option<WatchId>,
    bell: Option<(StatusBell, WatchId)>,
    since: Instant,
    /// When this turn began.
    turned: Time,
    effects: Vec<Effect>,
    ended: bool,
}

impl Serving {
    pub fn new(
        mut options: AdminOptions,
        mut hub: Hub,
        network: Option<Network>,
        directory: SocketDir,
        alias: String,
    ) -> Result<Self, AdminError> {
        let network = match network {
            Some(network) => {
                let watch = network.descriptor().map(|descriptor| hub.watch(descriptor)).transpose();
                let watch = watch.map_err(|error| AdminError::Loop(std::io::Error::other(error)))?;
                Some((network, watch))
            }
            None => None,
        };
        let port = network.as_ref().map(|(network, _)| network);
        let spool = std::mem::take(&mut options.convention.spool);
        let share::Part { links, links_are, share, certificates } = share::take_part(options.convention, &hub, port)?;
        let durable = Durable::new(&share.identity, &spool)?;
        let abroad = match links {
            Some(links) => {
                let neighbours = Neighbours::new(links, spool.bytes);
                let watch = hub.watch(neighbours.descriptor());
                let watch = watch.map_err(|error| AdminError::Loop(std::io::Error::other(error)))?;
                Some(Abroad::new(neighbours, certificates, watch))
            }
            None => None,
        };
        let config = Config {
            convention: share,
            links: links_are,
            node: hub.node(),
            capabilities: options.capabilities,
            settings: options.settings,
            logger: options.logger,
            lives_with_creator: options.creator.is_some(),
        };
        let since = Instant::now();
        let mut effects = Vec::new();
        let mut admin = Admin::new(config, Time::ZERO, &mut effects);
        let mut creator = None;
        if let Some(pid) = options.creator {
            let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
            creator = pid.and_then(|pid| hub.watch_process(pid).ok());
            if creator.is_none() {
                admin.on(Time::ZERO, Event::CreatorEnded, &mut effects);
            }
        }
        let handles = ProcessHandles::default();
        Ok(Self {
            admin,
            hub,
            network,
            abroad,
            durable,
            sources: Store::new(directory.path()),
            directory,
            alias,
            handles,
            ending: Vec::new(),
            creator,
            bell: None,
            since,
            turned: Time::ZERO,
            effects,
            ended: false,
        })
    }

    /// Tells how the system is whenever this bell rings.
    pub fn hang(&mut self, bell: StatusBell) -> Result<(), AdminError> {
        let watch = self.hub.watch(bell.descriptor.as_raw_fd());
        let watch = watch.map_err(|error| AdminError::Loop(std::io::Error::other(error)))?;
        self.bell = Some((bell, watch));
        Ok(())
    }

    /// Serves until the system has ended.
    pub fn run(mut self) -> Result<(), AdminError> {
        self.carry_out(None);
        let mut events = Vec::new();
        while !self.ended {
            let polled = self.hub.poll(self.wait(), &mut events);
            if let Err(error) = polled {
                self.release();
                return Err(AdminError::Loop(error));
            }
            self.turned = self.now();
            let questions: Vec<_> = events.extract_if(.., |event| comes_last(event)).collect();
            events.drain(..).for_each(|event| self.happened(event));
            if !questions.is_empty() {
                // Who asks may have heard of the end of an actor whose name it wants, or that there is a source authority. Then
                // that was told here too, and came before the question.
                if let Err(error) = self.hub.poll(Some(Duration::ZERO), &mut events) {
                    self.release();
                    return Err(AdminError::Loop(error));
                }
                events.drain(..).for_each(|event| self.happened(event));
                questions.into_iter().for_each(|event| self.happened(event));
            }
            self.forget_route();
            self.tell_of_ends();
            self.tell(Event::Due);
            self.look_at_durable();
            self.look_abroad();
        }
        self.end_durable();
        // The last answers are on their way.
        self.leave_abroad();
        self.hub.close(GOODBYE_WITHIN, None, |_, _| {});
        Ok(())
    }

    fn now(&self) -> Time {
        Time::ZERO.plus(self.since.elapsed())
    }

    fn wait(&self) -> Option<Duration> {
        let due = self.admin.next_deadline().map(|due| due.since(self.now()));
        let ending = self.ending.iter().map(|(_, until)| until.saturating_duration_since(Instant::now())).min();
        [due, self.pause_abroad(), self.pause_durable(), ending].into_iter().flatten().min()
    }

    fn happened(&mut self, event: hub::Event) {
        if !matches!(event, hub::Event::Frame { .. }) {
            self.forget_route();
        }
        match event {
            hub::Event::Frame { from, frame } => self.frame(from, &frame),
            hub::Event::Gone { node, unsent, .. } => {
                for frame in unsent {
                    self.came_back(&frame);
                }
                self.nobody_is_at(node);
                self.process_lost(node);
                self.tell(Event::LinkBroken { process: node });
                if !self.admin.knows(node) {
                    self.hub.forget(node);
                }
            }
            hub::Event::Readable { watch } => self.readable(watch),
            hub::Event::Ended { watch, .. } => {
                if self.creator == Some(watch) {
                    self.tell(Event::CreatorEnded);
                }
            }
            hub::Event::TurnedAway { cause } => tracing::warn!(%cause, "a connection was turned away"),
            hub::Event::Unsent { .. }
            | hub::Event::Met { .. }
            | hub::Event::NotMet { .. }
            | hub::Event::Parted { .. } => {}
            hub::Event::Room { node } => self.has_room(node),
        }
    }

    fn readable(&mut self, watch: WatchId) {
        if let Some((network, Some(knocks))) = &self.network
            && *knocks == watch
        {
            network.discard();
            // It is watched as long as it is open.
            let _ = self.hub.rearm(watch);
        } else if let Some(abroad) = self.abroad.as_mut().filter(|abroad| abroad.is_watched_by(watch)) {
            abroad.ring();
        } else if let now = self.now()
            && let Some((bell, hung)) = &mut self.bell
            && *hung == watch
        {
            let mut rings = [0; 64];
            while rustix::io::read(&bell.descriptor, &mut rings).is_ok_and(|count| count == rings.len()) {}
            (bell.tell)(self.admin.status(now));
            let _ = self.hub.rearm(watch);
        } else if let Some(process) = self.handles.node_of(watch) {
            // What it has said last is not left unread.
            self.hub.resume_reading(process);
            self.ending.push((process, Instant::now() + READ_WITHIN));
        }
    }

    /// What a process said before it ended comes first.
    fn tell_of_ends(&mut self) {
        let now = Instant::now();
        let (over, ending) = std::mem::take(&mut self.ending)
            .into_iter()
            .partition(|(process, until)| !self.hub.is_connected(*process) || *until <= now);
        self.ending = ending;
        for (process, _) in over {
            self.tell(Event::Ended { process });
        }
    }

    /// A frame came.
    fn frame(&mut self, from: NodeId, frame: &Frame) {
        if frame.to().node().system() != self.hub.node().system() {
            return self.send_abroad(from, frame);
        }
        self.forget_route();
        let header = frame.header();
        if header.from.node() != from {
            return self.noise(from, "a frame is not from who sent it");
        }
        if frame.kind() != Kind::System {
            return match self.is_durable(header.to) {
                true => self.take_durable(frame),
                false if self.is_for_the_leader(&header) => self.pass_on_record(frame),
                false => self.send_back(frame, Setback::NoActor, "the Admin takes no messages of actors"),
            };
        }
        if header.to != self.admin.address() {
            return self.noise(from, "a system message is not addressed to the Admin");
        }
        let body = frame.body();
        match Topic::of(header.type_id) {
            Some(Topic::ToAdmin) => match decode::<ToAdmin>(&body) {
                Ok(message) => {
                    let role = self.hub.hello_of(from).map(|hello| hello.role);
                    self.tell(Event::Said { by: header.from, role, id: header.message, message });
                }
                Err(error) => self.noise(from, &error.to_string()),
            },
            Some(Topic::Signal) => match decode::<Signal>(&body) {
                Ok(signal) => self.tell(Event::Signal(signal)),
                Err(error) => self.noise(from, &error.to_string()),
            },
            Some(Topic::DeadLetter) => match decode::<Letter>(&body) {
                Ok(letter) => self.letter(header.from, &letter, frame),
                Err(error) => self.noise(from, &error.to_string()),
            },
            Some(Topic::Answer) => match decode::<Answer>(&body) {
                Ok(answer) => self.receipt(header.message, answer),
                Err(error) => self.noise(from, &error.to_string()),
            },
            Some(Topic::FromAdmin | Topic::Returned) | None => {
                self.noise(from, "the Admin takes no such message");
            }
        }
    }

    /// A dead letter came: from the root of a process, or back from an actor that was to handle it.
    fn letter(&mut self, from: Address, letter: &Letter, frame: &Frame) {
        let Ok(message) = Frame::new(Bytes::copy_from_slice(&letter.frame), DEFAULT_LIMIT) else {
            return self.noise(from.node(), "a dead letter holds no message");
        };
        let header = message.header();
        let event = if from.is_nobody() || from.index() == 0 {
            let known = match message.payload() {
                Ok(Payload::MessagePack { name, .. }) => Some(name.to_owned()),
                Ok(Payload::Pickle { stream, .. }) => pickle::type_name(stream),
                _ => None,
            };
            let name = known.unwrap_or_else(|| format!("{:?}", message.kind()));
            let (sender, target) = (header.from, header.to);
            let record = LetterRecord { message: name, sender, target, reason: letter.reason, number: None };
            Event::Letter { record, frame: message.as_bytes().clone() }
        } else {
            Event::LetterBack { handler: from, sender: header.from }
        };
        let now = self.now();
        self.admin.on(now, event, &mut self.effects);
        self.carry_out(Some(frame));
    }

    fn noise(&mut self, from: NodeId, reason: &str) {
        tracing::warn!(%from, reason, "what came makes no sense");
        self.tell(Event::Noise);
    }

    /// The Admin is no actor: messages of actors come back to who sent them.
    fn send_back(&mut self, frame: &Frame, reason: Setback, details: &str) {
        let letter = Letter { reason, details: details.to_owned(), frame: frame.as_bytes().to_vec() };
        let header = frame.header();
        self.send(Topic::Returned, header.from, header.message, &letter);
    }

    fn tell(&mut self, event: Event) {
        let now = self.now();
        self.admin.on(now, event, &mut self.effects);
        self.carry_out(None);
    }

    /// Does what is to be done, and what comes of that.
    fn carry_out(&mut self, letter: Option<&Frame>) {
        while !self.effects.is_empty() {
            for effect in std::mem::take(&mut self.effects) {
                match effect {
                    Effect::Send { to, id, message } => self.send(Topic::FromAdmin, to, id, &message),
                    Effect::Signal { to, signal } => self.send(Topic::Signal, to, 0, &signal),
                    Effect::Resend { to, frame } => self.resend(to, frame),
                    Effect::PassLetter { to } => {
                        if let Some(letter) = letter {
                            self.pass_letter(to, letter);
                        }
                    }
                    Effect::Watch { process, pid } => {
                        self.hub.introduce(process, self.directory.path_of(process));
                        self.watch(process, pid);
                    }
                    Effect::KillPid { process, .. } => self.handles.kill(process),
                    Effect::Forget { process } => {
                        self.handles.forget(&mut self.hub, process);
                        self.hub.forget(process);
                        self.fall_silent(process);
                    }
                    Effect::ExamineSource { id, content } => {
                        let content = self.examine(&content);
                        let now = self.now();
                        self.admin.on(now, Event::SourceExamined { id, content }, &mut self.effects);
                    }
                    Effect::SendSource { to, id, source, info, digest } => {
                        let content = crate::sources::read(self.directory.path(), digest);
                        if let Err(error) = &content {
                            tracing::warn!(%digest, %error, "a source can not be sent to another system");
                        }
                        let content = content.ok().map(Bytes::from);
                        let message = FromAdmin::SourceContent { id: source, info, content, validated: true };
                        self.send(Topic::FromAdmin, to, id, &message);
                    }
                    Effect::DiscardSource { digest } => {
                        if let Err(error) = self.sources.discard(digest) {
                            tracing::warn!(%digest, %error, "the content of a source is still there");
                        }
                    }
                    Effect::OpenPost { to, id, system, name } => self.open_post(to, id, &system, &name),
                    Effect::Named { name, actor } => self.named(&name, actor),
                    Effect::Unnamed { actor } => self.unnamed(actor),
                    Effect::Log { level: Level::Info, text } => tracing::info!("{text}"),
                    Effect::Log { level: Level::Warning, text } => tracing::warn!("{text}"),
                    Effect::Log { level: Level::Error, text } => tracing::error!("{text}"),
                    abroad @ (Effect::Convene { .. }
                    | Effect::Ask { .. }
                    | Effect::Dial { .. }
                    | Effect::HangUp { .. }
                    | Effect::Meet { .. }
                    | Effect::GiveUp { .. }) => self.carry_out_abroad(abroad),
                    Effect::Release => self.release(),
                    Effect::End => self.ended = true,
                }
            }
        }
    }

    /// Keeps the content of a source that is fit to be used.
    fn examine(&self, content: &[u8]) -> Result<KeptContent, String> {
        let kind = examine(content).map_err(|error| error.to_string())?;
        let digest = self.sources.keep(content, kind).map_err(|error| format!("it can not be kept: {error}"))?;
        Ok(KeptContent { digest, kind })
    }

    fn watch(&mut self, process: NodeId, pid: u32) {
        // It is another one perhaps than that whose last words are waited for.
        self.ending.retain(|(ending, _)| *ending != process);
        if self.handles.watch(&mut self.hub, process, pid) {
            return;
        }
        let now = self.now();
        self.admin.on(now, Event::Unwatched { process }, &mut self.effects);
        // Who is gone altogether will break no link any more.
        if !self.hub.is_connected(process) {
            self.admin.on(now, Event::LinkBroken { process }, &mut self.effects);
        }
    }

    fn send<T: Serialize>(&mut self, topic: Topic, to: Address, id: u64, message: &T) {
        match encode(message) {
            Ok(body) => self.send_body(topic, to, id, &body),
            Err(error) => tracing::error!(%to, %error, "a message of the Admin has no form"),
        }
    }

    fn send_body(&mut self, topic: Topic, to: Address, id: u64, body: &[u8]) {
        let header = Header { message: id, type_id: topic as u64, ..Header::new(self.admin.address(), to) };
        if let Err(error) = self.send_frame(&header, &Payload::System(body)) {
            tracing::warn!(%to, ?topic, %error, "a message of the Admin could not be sent");
            self.bounce(topic, to, body);
        }
    }

    fn send_frame(&mut self, header: &Header, payload: &Payload<'_>) -> Result<(), SendError> {
        let node = header.to.node();
        if node.system() != self.hub.node().system() {
            self.send_frame_abroad(header, payload);
            return Ok(());
        }
        let mut sent = self.hub.send(node, header, payload);
        if matches!(sent, Err(SendError::NoWay { .. })) && node != self.hub.node() {
            // Where a node listens follows from its number.
            self.hub.introduce(node, self.directory.path_of(node));
            sent = self.hub.send(node, header, payload);
        }
        sent.map(drop)
    }

    /// A letter goes to the handler as it is.
    fn pass_letter(&mut self, to: Address, letter: &Frame) {
        self.send_body(Topic::DeadLetter, to, letter.header().message, &letter.body());
    }

    /// A message of the Admin did not arrive.
    fn came_back(&mut self, frame: &Frame) {
        if frame.kind() != Kind::System && has_receipt(&frame.header()) {
            return self.receipt_came_back(&frame.header());
        }
        let here = |address: Address| address.node().system() == self.hub.node().system();
        if !here(frame.header().from) || !here(frame.header().to) {
            return self.undelivered(frame, Setback::NoActor, "nobody listens there");
        }
        if frame.kind() != Kind::System {
            if let Ok(payload) = frame.payload() {
                self.died_again(&frame.header(), &payload);
            }
            return;
        }
        match Topic::of(frame.header().type_id) {
            Some(Topic::DeadLetter) => {
                if let Ok(letter) = decode::<Letter>(&frame.body()) {
                    self.letter(frame.header().to, &letter, frame);
                }
            }
            Some(topic) => self.bounce(topic, frame.header().to, &frame.body()),
            None => {}
        }
    }

    fn bounce(&mut self, topic: Topic, to: Address, body: &[u8]) {
        if topic == Topic::Signal
            && let Ok(signal) = decode::<Signal>(body)
            && let Some((back, signal)) = signal.bounce(to)
            && back == self.admin.address()
        {
            let now = self.now();
            self.admin.on(now, Event::Signal(signal), &mut self.effects);
        }
    }

    /// Gives up what the system is found by.
    fn release(&mut self) {
        if let Some((network, watch)) = self.network.take() {
            if let Some(watch) = watch {
                self.hub.unwatch(watch);
            }
            self.stop_listening_abroad();
            drop(network);
        }
        self.hub.stop_listening();
        for done in [self.directory.withdraw(&self.alias), self.directory.raze()] {
            if let Err(error) = done {
                tracing::warn!(%error, "something is left of the system");
            }
        }
    }
}

/// Whether the answer depends on what others have said: on who has which name, or which sources there are.
fn comes_last(event: &hub::Event) -> bool {
    let hub::Event::Frame { frame, .. } = event else { return false };
    frame.kind() == Kind::System
        && frame.header().type_id == Topic::ToAdmin as u64
        && match decode(&frame.body()) {
            Ok(ToAdmin::Create(creation)) => creation.name.is_some() || creation.source.is_some(),
            Ok(ToAdmin::Status | ToAdmin::LoadSource { .. } | ToAdmin::UnloadSource { .. }) => true,
            _ => false,
        }
}
