//! One process of a simulated system: its actors, or the external code of a test, and what leaves and comes.
//!
//! It is an [`ActorSystem`] on the base `simple` whose clock is that of its host. What its actors say to other processes is laid
//! out as frames, as it is between real ones, so what could not leave a process does not here either.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use roscius::gate::{Asker, Awaited, Crossing, Gate, NotMade, Wanted};
use roscius::{
    ActorSystem, Address, AskError, DeadLetter, ExitReason, ManualClock, NodeId, Payload, Poison, Signal, StartError,
};
use roscius_protocol::admin::messages::{Answer, FromAdmin, Letter, Setback, ToAdmin, Topic};
use roscius_protocol::frame::{Frame, Header, Kind, Role, Trace};
use roscius_protocol::time::Time;

use crate::stage;
use crate::wire::{self, Types, asks, root_of};

/// What leaves a process, in order.
enum Leaving {
    Crossing(Crossing),
    ToAdmin(Address, ToAdmin),
    /// An answer is there.
    Answered(u64),
}

/// Where what leaves waits.
#[derive(Default)]
struct Exit(Mutex<Vec<Leaving>>);

impl Exit {
    fn lock(&self) -> MutexGuard<'_, Vec<Leaving>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for Exit {
    fn carry(&self, crossing: Crossing) -> bool {
        self.lock().push(Leaving::Crossing(crossing));
        false
    }

    fn handle_dead_letters(&self, actor: Address, start: bool) -> bool {
        self.lock().push(Leaving::ToAdmin(actor, ToAdmin::HandleDeadLetters { start, alone: false }));
        true
    }

    fn free_node(&self) -> Option<NodeId> {
        stage::free_node()
    }

    fn have_made(&self, wanted: Wanted) -> Result<Address, NotMade> {
        stage::have_made(wanted)
    }
}

struct Bell {
    exit: Arc<Exit>,
    key: u64,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.exit.lock().push(Leaving::Answered(self.key));
    }
}

/// See the [module](self).
pub(crate) struct Process {
    pub node: NodeId,
    pub role: Role,
    pub system: ActorSystem,
    clock: ManualClock,
    types: Arc<Types>,
    exit: Arc<Exit>,
    /// Who waits for an answer, and of which node.
    askers: BTreeMap<u64, (NodeId, Asker)>,
    /// Asks that were given up without knowing whether there is an answer on its way.
    given_up: BTreeSet<u64>,
    /// An ask that was answered once more.
    pub answered_again: Option<u64>,
    /// Actors of other processes that are watched here, with who watches.
    watches: BTreeSet<(Address, Address)>,
    /// Asks from elsewhere that actors here are to answer.
    awaited: BTreeMap<u64, (Awaited, Header)>,
    next_awaited: u64,
    next_message: u64,
    /// What the Admin was asked, with what it has answered.
    requests: BTreeMap<u64, Option<FromAdmin>>,
    /// Actors are played some time from now.
    pub is_scheduled: bool,
    /// When an alarm of its actors is looked at.
    pub alarm: Option<Time>,
    /// A handler is being played.
    pub is_on_stage: bool,
    /// The system has ended.
    pub is_over: bool,
    /// Its actor was made.
    pub is_made: bool,
}

impl Process {
    pub fn start(node: NodeId, role: Role, types: &Arc<Types>, seed: u64, now: Time) -> Result<Self, StartError> {
        let (exit, clock) = (Arc::<Exit>::default(), ManualClock::new());
        clock.advance(now.since(Time::ZERO));
        let system =
            ActorSystem::simple().seed(seed).node(node).clock(&clock).gate(Arc::clone(&exit) as Arc<_>).start()?;
        Ok(Self {
            node,
            role,
            system,
            clock,
            types: Arc::clone(types),
            exit,
            askers: BTreeMap::new(),
            given_up: BTreeSet::new(),
            answered_again: None,
            watches: BTreeSet::new(),
            awaited: BTreeMap::new(),
            next_awaited: 0,
            next_message: 0,
            requests: BTreeMap::new(),
            is_scheduled: false,
            alarm: None,
            is_on_stage: false,
            is_over: false,
            is_made: false,
        })
    }

    pub const fn root(&self) -> Address {
        root_of(self.node)
    }

    pub const fn admin(&self) -> Address {
        root_of(NodeId::of_process(self.node.system(), NodeId::ADMIN))
    }

    /// Has its clock show this.
    pub fn set_clock(&self, now: Time) {
        self.clock.advance(now.since(Time::ZERO).saturating_sub(self.clock.elapsed()));
    }

    /// When something is due, on its clock.
    pub fn next_alarm(&self) -> Option<Time> {
        let now = Time::ZERO.plus(self.clock.elapsed());
        self.system.next_alarm().map(|after| now.plus(after))
    }

    /// Whether its actors have ended, and with them the process.
    pub fn has_ended(&self) -> bool {
        self.role == Role::Actor && self.is_made && self.system.living() == 0
    }

    /// From which nodes somebody here waits for an answer.
    pub fn asked(&self) -> impl Iterator<Item = NodeId> {
        self.askers.values().map(|(node, _)| *node)
    }

    /// Asks the Admin. Its answer is fetched by [`Process::take_answer`].
    pub fn ask_admin(&mut self, message: &ToAdmin) -> (u64, Frame) {
        self.next_message += 1;
        let id = self.next_message;
        self.requests.insert(id, None);
        (id, self.say_to_admin(self.root(), id, message))
    }

    /// The answer of the Admin, if it is there.
    pub fn take_answer(&mut self, id: u64) -> Option<FromAdmin> {
        let answer = self.requests.get_mut(&id)?.take()?;
        self.requests.remove(&id);
        Some(answer)
    }

    /// Nobody waits for that answer any more.
    pub fn forget_request(&mut self, id: u64) {
        self.requests.remove(&id);
    }

    pub fn say_to_admin(&self, from: Address, id: u64, message: &ToAdmin) -> Frame {
        let header = Header { message: id, ..Header::new(from, self.admin()) };
        system_frame(header, Topic::ToAdmin, message)
    }

    /// All that its actors have said, as frames. Those of messages get the next numbers.
    pub fn drain(&mut self, number: &mut u64) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let leaving = std::mem::take(&mut *self.exit.lock());
            if leaving.is_empty() {
                return frames;
            }
            for leaving in leaving {
                let frame = match leaving {
                    Leaving::Crossing(crossing) => self.lay_out(crossing, number),
                    Leaving::ToAdmin(from, message) => Some(self.say_to_admin(from, 0, &message)),
                    Leaving::Answered(key) => self.look_at_answer(key),
                };
                frames.extend(frame);
            }
        }
    }

    fn lay_out(&mut self, crossing: Crossing, number: &mut u64) -> Option<Frame> {
        match crossing {
            Crossing::Message { to, from, message, asker } => {
                let mut header = Header::new(from, to);
                if asker.is_some() {
                    self.next_message += 1;
                    header = wire::asking(header, self.next_message);
                }
                *number += 1;
                header.trace = Some(Trace { trace: u128::from(*number), span: self.node.number(), state: 0 });
                match (wire::lay_out(&header, &message), asker) {
                    (Ok(frame), asker) => {
                        if let Some(asker) = asker {
                            self.askers.insert(header.message, (to.node(), asker));
                        }
                        Some(frame)
                    }
                    (Err(problem), Some(asker)) => {
                        asker.answer(Err(AskError::NotAccepted(problem.into())));
                        None
                    }
                    (Err(problem), None) => {
                        let poison = Poison { message, by: to, details: problem.into() };
                        self.system.arrive(Crossing::Returned { to: from, poison });
                        None
                    }
                }
            }
            Crossing::Signal { to, signal } => {
                match signal {
                    Signal::Watch { by } => drop(self.watches.insert((to, by))),
                    Signal::Unwatch { by } => drop(self.watches.remove(&(to, by))),
                    _ => {}
                }
                Some(system_frame(Header::new(self.root(), to), Topic::Signal, &signal))
            }
            Crossing::Returned { to, poison: Poison { message, by, details } } => {
                let frame = wire::lay_out(&Header::new(to, by), &message).ok()?;
                let letter = wire::letter(&frame, Setback::Failed, &*details);
                Some(system_frame(Header::new(by, to), Topic::Returned, &letter))
            }
            Crossing::DeadLetter { to: handler, letter: DeadLetter { message, sender, target, reason } } => {
                let frame = wire::lay_out(&Header::new(sender, target), &message).ok()?;
                let letter = wire::letter(&frame, reason.into(), reason.to_string());
                Some(system_frame(Header::new(handler, self.admin()), Topic::DeadLetter, &letter))
            }
            Crossing::Orphan { child, policy } => {
                Some(self.say_to_admin(self.root(), 0, &ToAdmin::Adopt { child, policy }))
            }
        }
    }

    /// Takes in a frame. What is answered at once, and the signal that it told an actor, if it was one.
    pub fn take(&mut self, frame: &Frame) -> (Option<Frame>, Option<(Address, Signal)>) {
        let header = frame.header();
        if frame.kind() != Kind::System {
            return (self.take_message(frame), None);
        }
        match Topic::of(header.type_id) {
            Some(Topic::Signal) => {
                if let Ok(signal) = wire::read_system::<Signal>(frame) {
                    return (None, self.take_signal(header.to, signal));
                }
            }
            Some(Topic::FromAdmin) => match wire::read_system(frame) {
                Ok(FromAdmin::Finish) => self.is_over = true,
                Ok(answer) if header.message != 0 => {
                    if let Some(request) = self.requests.get_mut(&header.message) {
                        *request = Some(answer);
                    }
                }
                _ => {}
            },
            Some(Topic::Returned) => {
                if let Ok(letter) = wire::read_system::<Letter>(frame) {
                    self.take_back(header.to, &letter);
                }
            }
            Some(Topic::DeadLetter) => {
                if let Some((letter, message)) = self.open(frame) {
                    let (sender, target) = (message.1.from, message.1.to);
                    let letter = DeadLetter { message: message.0, sender, target, reason: letter.reason.into() };
                    self.system.arrive(Crossing::DeadLetter { to: header.to, letter });
                }
            }
            Some(Topic::Answer) => {
                if let Ok(answer) = wire::read_system::<Answer>(frame) {
                    self.answered(header.message, answer);
                }
            }
            Some(Topic::ToAdmin) | None => {}
        }
        (None, None)
    }

    fn take_signal(&mut self, to: Address, signal: Signal) -> Option<(Address, Signal)> {
        // Who was told already, since nothing was heard of the system, is not told again.
        if let Signal::Terminated { address, .. } = &signal
            && !self.watches.remove(&(*address, to))
        {
            return None;
        }
        self.system.arrive(Crossing::Signal { to, signal: signal.clone() });
        Some((to, signal))
    }

    fn take_message(&mut self, frame: &Frame) -> Option<Frame> {
        let header = frame.header();
        match wire::read_message(&self.types, frame) {
            Ok(message) if asks(&header) => {
                let awaited = self.system.arrive_asking(header.to, header.from, message);
                self.next_awaited += 1;
                let key = self.next_awaited;
                self.awaited.insert(key, (awaited, header));
                self.look_at_answer(key)
            }
            Ok(message) => {
                self.system.arrive(Crossing::Message { to: header.to, from: header.from, message, asker: None });
                None
            }
            Err((reason, details)) if asks(&header) => Some(answer(&header, &Answer::None { reason, details })),
            Err((reason, details)) => {
                let letter = wire::letter(frame, reason, details);
                Some(system_frame(Header::new(header.to, header.from), Topic::Returned, &letter))
            }
        }
    }

    fn look_at_answer(&mut self, key: u64) -> Option<Frame> {
        let (awaited, header) = self.awaited.get_mut(&key)?;
        let waker = Waker::from(Arc::new(Bell { exit: Arc::clone(&self.exit), key }));
        let Poll::Ready(said) = Pin::new(awaited).poll(&mut Context::from_waker(&waker)) else { return None };
        let frame = answer(header, &answer_of(said));
        self.awaited.remove(&key);
        Some(frame)
    }

    /// Somebody knows what becomes of an ask.
    fn answered(&mut self, ask: u64, answer: Answer) {
        match self.askers.remove(&ask) {
            Some((_, asker)) => give_answer(asker, answer),
            None if self.given_up.contains(&ask) => {}
            None => self.answered_again = Some(ask),
        }
    }

    /// A message of an actor here has come back.
    fn take_back(&mut self, to: Address, letter: &Letter) {
        let Ok(frame) = wire::read_frame(letter.frame.clone().into()) else { return };
        let header = frame.header();
        if asks(&header) {
            self.answered(header.message, Answer::None { reason: letter.reason, details: letter.details.clone() });
            if letter.reason == Setback::Unknown {
                self.given_up.insert(header.message);
            }
        } else if letter.reason != Setback::NoActor
            && let Ok(message) = wire::read_message(&self.types, &frame)
        {
            let poison = Poison { message, by: header.to, details: letter.details.as_str().into() };
            self.system.arrive(Crossing::Returned { to, poison });
        }
    }

    fn open(&self, frame: &Frame) -> Option<(Letter, (Payload, Header))> {
        let letter: Letter = wire::read_system(frame).ok()?;
        let inner = wire::read_frame(letter.frame.clone().into()).ok()?;
        let message = wire::read_message(&self.types, &inner).ok()?;
        Some((letter, (message, inner.header())))
    }

    /// Nobody is at these nodes any more: who waits for an answer from there, or watches an actor there, is told. The signals
    /// that were told.
    pub fn silent(&mut self, is_lost: impl Fn(NodeId) -> bool) -> Vec<(Address, Signal)> {
        self.awaited.retain(|_, (_, header)| !is_lost(header.from.node()));
        for (ask, (_, asker)) in self.askers.extract_if(.., |_, (of, _)| is_lost(*of)) {
            self.given_up.insert(ask);
            asker.answer(Err(AskError::NoActor));
        }
        let lost: Vec<_> = self.watches.extract_if(.., |(address, _)| is_lost(address.node())).collect();
        let told =
            lost.into_iter().map(|(address, by)| (by, Signal::Terminated { address, reason: ExitReason::Unknown }));
        let told: Vec<_> = told.collect();
        for (to, signal) in &told {
            self.system.arrive(Crossing::Signal { to: *to, signal: signal.clone() });
        }
        told
    }
}

fn answer(question: &Header, answer: &Answer) -> Frame {
    let header = Header { message: question.message, ..Header::new(question.to, root_of(question.from.node())) };
    system_frame(header, Topic::Answer, answer)
}

fn answer_of(said: Result<Payload, AskError>) -> Answer {
    let none = |reason, details: String| Answer::None { reason, details };
    match said {
        Ok(reply) => match reply.encode() {
            Ok(bytes) => Answer::Reply(bytes),
            Err(error) => none(Setback::Undecodable, error.to_string()),
        },
        Err(AskError::Abandoned) => Answer::Abandoned,
        Err(AskError::NoActor | AskError::ShutDown) => none(Setback::NoActor, String::new()),
        Err(AskError::NotAccepted(details)) => none(Setback::NotAccepted, details.to_string()),
        Err(AskError::Failed(details)) => none(Setback::Failed, details.to_string()),
        Err(AskError::MailboxFull) => none(Setback::MailboxFull, String::new()),
        Err(AskError::Intercepted) => none(Setback::Intercepted, String::new()),
        Err(other) => none(Setback::Failed, other.to_string()),
    }
}

fn give_answer(asker: Asker, answer: Answer) {
    let (reason, details) = match answer {
        Answer::Reply(bytes) => return asker.answer_encoded(&bytes),
        Answer::Abandoned => return asker.answer(Err(AskError::Abandoned)),
        Answer::None { reason, details } => (reason, details),
    };
    asker.answer(Err(match reason {
        Setback::NoActor
        | Setback::Stillborn
        | Setback::Exited
        | Setback::Foreign
        | Setback::Expired
        | Setback::Unknown => AskError::NoActor,
        Setback::NotAccepted | Setback::Undecodable => AskError::NotAccepted(details.into()),
        Setback::MailboxFull => AskError::MailboxFull,
        Setback::Intercepted => AskError::Intercepted,
        Setback::Failed | Setback::LateReply => AskError::Failed(details.into()),
    }));
}

/// The messages of the actor system all have a form.
fn system_frame<T: serde::Serialize>(header: Header, topic: Topic, message: &T) -> Frame {
    wire::system_frame(header, topic, message).unwrap_or_else(|error| panic!("a message of the actor system: {error}"))
}
