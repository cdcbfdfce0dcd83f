//! The Admin of a system of processes: what it knows, and what it decides.
//!
//! [`Admin`] is told what has happened ([`Event`]) and says what is to be done ([`Effect`]), in order. It has no sockets: who
//! drives it moves the [`messages`], watches processes, and hands in the time.
//!
//! # Processes
//!
//! A process is in the table from the moment that it is asked for, or attaches, until it has *ended*. That is when it is
//! gone itself, where it is watched by its process id ([`Effect::Watch`]), or else when its link broke; its starter
//! says how it ended. A link that was closed by agreement says nothing: it may come again.
//!
//! # Making an actor
//!
//! ```text
//! requester          Admin             starter             new process
//!     │── Create ─────▶│── Make ─────────▶│── forks ────────────▶│
//!     │                │◀── Forked ───────│                      │ imports
//!     │                │◀── Attach, Ready ───────────────────────│
//!     │◀── Created ────│                                         │
//! ```
//!
//! The requester is answered once: when the actor is ready or has failed, its process has ended, or time is up.
//!
//! An actor that is made from a source waits here until that is decided ([`sources`](crate::sources)).
//!
//! # Shutdown
//!
//! Top-level actors are asked to exit; then those whose parents are gone; after [`EXIT_WITHIN`] what still runs is killed. Then the
//! logger ends, then the starters. Last the requesters are answered.

mod capabilities;
mod children;
mod creation;
mod dead_letters;
mod detail;
mod elsewhere;
mod logger;
mod membership;
pub mod messages;
mod processes;
mod resending;
mod share;
mod shared_names;
mod shutdown;
mod source_transfer;
mod sources;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use crate::address::{Address, NodeId};
use crate::convention::{self, Convention, Place, SystemId};
use crate::frame::Role;
use crate::lifecycle::Signal;
use crate::names::Directory;
use crate::sources::{ContentKind, Digest, Level};
use crate::time::Time;
use crate::timers::TimerQueue;
use children::Child;
use dead_letters::Letters;
pub use detail::{Awaits, DeadLetters, Detail, Member, PendingCreation};
use elsewhere::Elsewhere;
use logger::Logger;
use messages::{Entry, FromAdmin, LetterRecord, ToAdmin};
use processes::{Process, Timer};
use resending::KeptLetters;
pub use share::{LinksAre, Openness, Other, Share};
use shared_names::SharedNames;
use shutdown::Shutdown;
use source_transfer::{Sent, Transfers};
use sources::Sources;

/// A creation that has come to nothing by then is refused.
pub const CREATE_WITHIN: Duration = Duration::from_secs(50);
/// What has not ended by then, after it was asked to, is killed.
pub const EXIT_WITHIN: Duration = Duration::from_secs(7);
/// How long each later step of a shutdown may take. All of it stays under the ten seconds that programs wait for it.
pub const STEP_WITHIN: Duration = Duration::from_millis(700);
/// How long the Admin and a starter may be apart in seeing a process end.
pub const ENDED_WITHIN: Duration = Duration::from_secs(2);
/// How long programs are kept waiting for the logger.
pub const LOGGER_WITHIN: Duration = Duration::from_secs(5);

/// What an Admin is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The Admin's own node.
    pub node: NodeId,
    /// The capabilities of the system.
    pub capabilities: Vec<Entry>,
    /// What all processes are told when they attach. The Admin does not look at it.
    pub settings: Vec<Entry>,
    /// What a starter needs to know to make the logger. None: there is none.
    pub logger: Option<Vec<u8>>,
    /// The system ends with the program that started it.
    pub lives_with_creator: bool,
    /// Its share in a convention. What it can do is entered there from above.
    pub convention: convention::Config,
    /// What its links are like, for who looks at the system.
    pub links: LinksAre,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message came.
    Said {
        /// Who sent it.
        by: Address,
        /// What kind of process it came from, if that is known still.
        role: Option<Role>,
        /// Its message id.
        id: u64,
        /// The message.
        message: ToAdmin,
    },
    /// An actor told the Admin something about its life.
    Signal(Signal),
    /// A dead letter came. [`Effect::PassLetter`] says where it goes, if anywhere.
    Letter {
        /// What is known of it.
        record: LetterRecord,
        /// The frame of its message.
        frame: Bytes,
    },
    /// A dead letter came back from an actor that was to handle it, and has ended.
    LetterBack {
        /// That actor.
        handler: Address,
        /// Who sent the message.
        sender: Address,
    },
    /// The Admin of another system has answered an [`Effect::Ask`].
    Answered {
        /// Which system.
        system: SystemId,
        /// What the question was.
        id: u64,
        /// The answer.
        message: FromAdmin,
    },
    /// Something has happened that concerns the convention.
    Convention(convention::Event),
    /// The parent of an actor in another system was told that it has ended.
    ChildElsewhereEnded {
        /// The actor.
        child: Address,
    },
    /// An actor in another system could not be told to exit: there is no way to it.
    NotAskedToExit {
        /// The actor.
        actor: Address,
    },
    /// Something does not work that people can mend. It is written to the log of the system.
    Trouble {
        /// What.
        text: String,
    },
    /// Bytes came that are no message to the Admin.
    Noise,
    /// A watched process has ended, and all that it said has been told.
    Ended {
        /// Which.
        process: NodeId,
    },
    /// A process can not be watched: it is gone already, or out of sight. The end of its link is its end.
    Unwatched {
        /// Which.
        process: NodeId,
    },
    /// The link with a process is broken.
    LinkBroken {
        /// Which.
        process: NodeId,
    },
    /// The content of a source was looked at, as [`Effect::ExamineSource`] wants it.
    SourceExamined {
        /// The id of the source.
        id: String,
        /// What is kept, or why the content is refused.
        content: Result<KeptContent, String>,
    },
    /// The program that started the system has ended.
    CreatorEnded,
    /// Nothing: time has passed.
    Due,
}

/// The content of a source, which is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptContent {
    /// Its digest.
    pub digest: Digest,
    /// What it is.
    pub kind: ContentKind,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a message. One that does not arrive is forgotten.
    Send {
        /// Whom to.
        to: Address,
        /// The message id of what it answers, or zero.
        id: u64,
        /// The message.
        message: FromAdmin,
    },
    /// Send a signal. One that does not arrive bounces ([`Signal::bounce`]).
    Signal {
        /// Whom to.
        to: Address,
        /// The signal.
        signal: Signal,
    },
    /// Send a dead letter again.
    Resend {
        /// Whom to.
        to: Address,
        /// The frame of its message, which names who it was for before.
        frame: Bytes,
    },
    /// Send the letter that came on to the handler.
    PassLetter {
        /// Whom to.
        to: Address,
    },
    /// Watch a process until it ends.
    Watch {
        /// Which.
        process: NodeId,
        /// Its process id.
        pid: u32,
    },
    /// End a process at once.
    KillPid {
        /// Which.
        process: NodeId,
        /// Its process id.
        pid: u32,
    },
    /// A process is gone: watch it no more, forget its link.
    Forget {
        /// Which.
        process: NodeId,
    },
    /// See whether the content of a source is fit to be used, keep it if so, and tell [`Event::SourceExamined`].
    ExamineSource {
        /// The id of the source.
        id: String,
        /// The content.
        content: Bytes,
    },
    /// Send the content of a source to the Admin of another system, as [`FromAdmin::SourceContent`].
    SendSource {
        /// Whom to.
        to: Address,
        /// The message id of what it answers.
        id: u64,
        /// The id of the source.
        source: String,
        /// What it is called.
        info: Option<String>,
        /// The digest of the content.
        digest: Digest,
    },
    /// Keep the content with this digest no longer.
    DiscardSource {
        /// The digest.
        digest: Digest,
    },
    /// Say something to the Admin of another system.
    Convene {
        /// Which.
        system: SystemId,
        /// What.
        message: convention::Message,
    },
    /// Ask the Admin of another system. One that is not asked in the end leaves the convention.
    Ask {
        /// Which.
        system: SystemId,
        /// By which its answer is told.
        id: u64,
        /// What.
        message: ToAdmin,
    },
    /// Connect to a system. Answered with [`convention::Event::Linked`] or [`convention::Event::NotLinked`].
    Dial {
        /// Where it is.
        place: Place,
    },
    /// Close the link with a system.
    HangUp {
        /// Which.
        system: SystemId,
    },
    /// A system has joined: what is for it can be sent, and what it sends is taken.
    Meet {
        /// Which.
        system: SystemId,
    },
    /// A system has left: nothing more is sent to it, and who waits for answers from there is told.
    GiveUp {
        /// Which.
        system: SystemId,
    },
    /// Somebody wants the address of a durable destination ([`ToAdmin::Durable`]), and is to be answered.
    OpenPost {
        /// Who.
        to: Address,
        /// The message id of the request.
        id: u64,
        /// The identity of the system.
        system: String,
        /// The global name of the actor there.
        name: String,
    },
    /// An actor here has a global name now: durable messages for it can be given to it.
    Named {
        /// The name.
        name: String,
        /// The actor.
        actor: Address,
    },
    /// An actor with global names has ended.
    Unnamed {
        /// The actor.
        actor: Address,
    },
    /// Write this to the log of the Admin itself.
    Log {
        /// How much it matters.
        level: Level,
        /// What it is.
        text: String,
    },
    /// Give up what the system is found by: its port, its name, its socket.
    Release,
    /// The system has ended. Nothing follows.
    End,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Admin {
    node: NodeId,
    lives_with_creator: bool,
    processes: BTreeMap<NodeId, Process>,
    /// Who makes what. The first that offered comes first. Nobody: all that did have ended.
    starters: BTreeMap<String, Vec<NodeId>>,
    /// Processes to be made as soon as somebody offers to, in order.
    queued: Vec<NodeId>,
    /// Names of actors that are being made.
    coming: BTreeMap<String, NodeId>,
    children: BTreeMap<Address, Child>,
    names: Directory<Address>,
    shared: SharedNames,
    capabilities: BTreeMap<Vec<u8>, Vec<u8>>,
    settings: Vec<Entry>,
    letters: Letters,
    kept_letters: KeptLetters,
    registration_watchers: BTreeSet<Address>,
    sources: Sources,
    convention: Convention,
    links: LinksAre,
    identity: String,
    elsewhere: Elsewhere,
    transfers: Transfers,
    /// The latest request to another system.
    next_request: u64,
    counters: BTreeMap<String, u64>,
    logger: Logger,
    shutdown: Option<Shutdown>,
    timers: TimerQueue<Timer>,
    next_process: u32,
    next_birth: u32,
    ended: bool,
}

impl Admin {
    /// An Admin that has just started.
    pub fn new(config: Config, now: Time, effects: &mut Vec<Effect>) -> Self {
        let mut wanted = Vec::new();
        let identity = config.convention.identity.clone();
        let convention = convention::Config { capabilities: config.capabilities.clone(), ..config.convention };
        let mut admin = Self {
            node: config.node,
            lives_with_creator: config.lives_with_creator,
            processes: BTreeMap::new(),
            starters: BTreeMap::new(),
            queued: Vec::new(),
            coming: BTreeMap::new(),
            children: BTreeMap::new(),
            names: Directory::new(),
            shared: SharedNames::default(),
            capabilities: config.capabilities.into_iter().collect(),
            settings: config.settings,
            letters: Letters::default(),
            kept_letters: KeptLetters::default(),
            registration_watchers: BTreeSet::new(),
            sources: Sources::default(),
            convention: Convention::new(convention, now, &mut wanted),
            links: config.links,
            identity,
            elsewhere: Elsewhere::default(),
            transfers: Transfers::default(),
            next_request: 0,
            counters: BTreeMap::new(),
            logger: Logger::new(config.logger),
            shutdown: None,
            timers: TimerQueue::new(),
            next_process: NodeId::FIRST_FREE,
            next_birth: 0,
            ended: false,
        };
        admin.start_logger(now, effects);
        admin.carry_on(now, wanted, effects);
        admin
    }

    /// The address of the Admin.
    pub const fn address(&self) -> Address {
        root(self.node)
    }

    /// When [`Event::Due`] is to be told, if nothing happens before.
    pub fn next_deadline(&self) -> Option<Time> {
        let due = [self.timers.next_deadline(), self.sources.next_deadline(), self.convention.next_deadline()];
        due.into_iter().flatten().min()
    }

    /// The system's share in its convention.
    pub const fn convention(&self) -> &Convention {
        &self.convention
    }

    /// Whether the process is one of those that the Admin keeps account of.
    pub fn knows(&self, process: NodeId) -> bool {
        self.processes.contains_key(&process)
    }

    /// Takes note of what has happened, and adds what is to be done to `effects`.
    pub fn on(&mut self, now: Time, event: Event, effects: &mut Vec<Effect>) {
        while let Some((_, _, timer)) = self.timers.pop_due(now) {
            self.due(now, timer, effects);
        }
        if self.ended {
            return;
        }
        self.sources_due(now, effects);
        if self.convention.next_deadline().is_some_and(|due| due <= now) {
            self.convene(now, convention::Event::Due, effects);
        }
        match event {
            Event::Said { by, role, id, message } => self.said(now, Said { by, role, id, message }, effects),
            Event::Signal(signal) => self.signal(now, signal, effects),
            Event::Letter { record, frame } => {
                let record = self.keep_letter(record, frame);
                self.letter(now, record, effects);
            }
            Event::LetterBack { handler, sender } => self.letter_back(handler, sender, effects),
            Event::Answered { system, id, message } => match message {
                FromAdmin::SourceContent { id: source, info, content, validated } => {
                    self.source_came(now, system, id, Sent { id: source, info, content, validated }, effects);
                }
                FromAdmin::Done => self.unloaded(system, id, effects),
                answer => self.answered(now, system, id, answer, effects),
            },
            Event::Convention(event) => self.convene(now, event, effects),
            Event::ChildElsewhereEnded { child } => self.child_elsewhere_ended(now, child, effects),
            Event::NotAskedToExit { actor } => self.not_asked_to_exit(now, actor, effects),
            Event::Trouble { text } => self.log(Level::Error, text, effects),
            Event::Noise => self.count("Admin Message Received.Noise"),
            Event::Ended { process } => self.seen_to_end(now, process, effects),
            Event::Unwatched { process } => {
                if let Some(process) = self.processes.get_mut(&process) {
                    process.watched = false;
                }
            }
            Event::LinkBroken { process } => {
                if self.processes.get(&process).is_some_and(|it| it.attached && !it.watched && !it.ended) {
                    self.seen_to_end(now, process, effects);
                }
            }
            Event::SourceExamined { id, content } => self.source_examined(now, id, content, effects),
            Event::CreatorEnded if self.lives_with_creator => self.shut_down(now, None, effects),
            Event::CreatorEnded | Event::Due => {}
        }
        self.take_own_answers(now, effects);
        self.advance_shutdown(now, effects);
    }

    fn due(&mut self, now: Time, timer: Timer, effects: &mut Vec<Effect>) {
        match timer {
            Timer::Elsewhere(id) => self.elsewhere_overdue(now, id, effects),
            Timer::Creation(process) => self.creation_overdue(process, effects),
            Timer::Unloading => self.unloading_overdue(now, effects),
            Timer::Source => self.sources_overdue(now, effects),
            Timer::Leaving(process) => self.kill(process, effects),
            Timer::Ended(process) => self.end_overdue(now, process, effects),
            Timer::Hold => self.release_held(now, effects),
            Timer::Logger => self.start_logger(now, effects),
            Timer::Shutdown => self.shutdown_overdue(now, effects),
        }
    }

    /// A message came, now or while messages were held.
    fn said(&mut self, now: Time, said: Said, effects: &mut Vec<Effect>) {
        let process = said.by.node();
        if process.system() != self.node.system() {
            return self.said_abroad(now, said, effects);
        }
        if process == self.node {
            self.count("Admin Message Received.Foreign");
            return;
        }
        let Some(Said { by, role, id, message }) = self.hold(said) else { return };
        self.count("Admin Message Received.Total");
        self.count(&format!("Admin Message Received.Type.{}", status::name_of(&message)));
        match message {
            ToAdmin::Attach { pid } => self.attach(by, role, id, pid, effects),
            ToAdmin::Detach => self.detach(now, process, effects),
            ToAdmin::Create(creation) => self.create(now, (by, id), creation, effects),
            ToAdmin::Offer { makers } => self.offer(now, (by, id), makers, effects),
            ToAdmin::Forked { process: forked, pid } => self.forked(process, forked, pid, effects),
            ToAdmin::Failed { process: failed, refusal, fits } => {
                self.failed(now, process, failed, (refusal, fits), effects);
            }
            ToAdmin::Ready { process: ready, policy, bounded } => {
                self.ready(now, process, ready, (policy, bounded), effects);
            }
            ToAdmin::Exited { process: exited, how } => self.exited(now, process, exited, &how, effects),
            ToAdmin::Adopt { child, policy } => self.adopt(now, child, policy, effects),
            ToAdmin::HandleDeadLetters { start, alone } => self.handle_letters(by, start, alone),
            ToAdmin::WatchRegistrations { start } => self.watch_registrations(by, start, effects),
            ToAdmin::Invite { place, capabilities } => self.invite(now, (by, id), &place, capabilities, effects),
            ToAdmin::Dismiss { system } => self.dismiss(now, (by, id), system, effects),
            ToAdmin::SetLeaders { places } => self.set_leaders(now, (by, id), &places, effects),
            ToAdmin::CreateFor { .. } | ToAdmin::WantSource { .. } => self.count("Admin Message Received.Stray"),
            ToAdmin::SetCapability { name, value } => self.set_capability(now, (by, id), name, value, effects),
            ToAdmin::ChangeSetting { name, value } => self.change_setting((by, id), &name, value, effects),
            ToAdmin::Status => {
                effects.push(Effect::Send { to: by, id, message: FromAdmin::Status(Box::new(self.status(now))) });
            }
            ToAdmin::Shutdown => self.shut_down(now, Some((by, id)), effects),
            ToAdmin::BeSourceAuthority
            | ToAdmin::LoadSource { .. }
            | ToAdmin::SourceVerdict { .. }
            | ToAdmin::UnloadSource { .. }
            | ToAdmin::WatchSources { .. } => self.about_sources(now, (by, id), message, effects),
            ToAdmin::Resend { letter, to } => self.resend((by, id), letter, to, effects),
            ToAdmin::Durable { system, name } => effects.push(Effect::OpenPost { to: by, id, system, name }),
        }
    }

    /// The Admin of another system wants something.
    fn said_abroad(&mut self, now: Time, said: Said, effects: &mut Vec<Effect>) {
        let Said { by, id, message, .. } = said;
        match message {
            ToAdmin::CreateFor { creation, tried } if self.is_neighbour(by) => {
                self.count("Admin Message Received.Type.CreateFor");
                self.create_for(now, (by, id), creation, tried, effects);
            }
            ToAdmin::WantSource { id: source, original } if self.is_neighbour(by) => {
                self.source_wanted((by, id), source, original, effects);
            }
            ToAdmin::UnloadSource { id: source } if self.is_neighbour(by) => {
                self.unload_everywhere(now, (by, id), source, effects);
            }
            ToAdmin::Status => {
                effects.push(Effect::Send { to: by, id, message: FromAdmin::Status(Box::new(self.status(now))) });
            }
            _ => self.count("Admin Message Received.Foreign"),
        }
    }

    /// Writes to the log of the system, and to that of the Admin itself.
    fn log(&self, level: Level, text: String, effects: &mut Vec<Effect>) {
        let logger = self.logger_node();
        if self.processes.get(&logger).is_some_and(|process| process.attached) {
            let message = FromAdmin::Note { level, text: text.clone() };
            effects.push(Effect::Send { to: actor_of(logger), id: 0, message });
        }
        effects.push(Effect::Log { level, text });
    }

    /// The message id of one more request to another system.
    const fn number_request(&mut self) -> u64 {
        self.next_request += 1;
        self.next_request
    }

    fn count(&mut self, what: &str) {
        match self.counters.get_mut(what) {
            Some(counter) => *counter = counter.saturating_add(1),
            None => {
                self.counters.insert(what.to_owned(), 1);
            }
        }
    }
}

/// A message and all that is known of its sender.
#[derive(Debug)]
struct Said {
    by: Address,
    role: Option<Role>,
    id: u64,
    message: ToAdmin,
}

/// Who is answered, and the message id of the answer.
type Asked = (Address, u64);

/// The root of the engine of a process: where what concerns the whole process goes.
const fn root(process: NodeId) -> Address {
    Address::new(process, 0, 0, 0)
}

/// The actor of a process that has one.
const fn actor_of(process: NodeId) -> Address {
    Address::new(process, 0, 1, 0)
}

#[cfg(test)]
mod tests;
