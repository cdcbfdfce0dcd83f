//! Answers to messages from other nodes, on their way back.
//!
//! An ask has a number, and its answer carries the same. Actors of a language that answers by messages know nothing of
//! numbers: for each ask they see an address of its own as the sender, and the first message to that is the answer. The other
//! way round, who sends messages in such a language takes what a handler returns as a message.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use roscius::gate::{Awaited, Crossing};
use roscius::{Address, AskError, Endpoint, NodeId, Payload, Received};
use roscius_protocol::admin::messages::{Answer, Letter, Setback};
use roscius_protocol::frame::{Frame, Header};
use roscius_transport::Remote;

use super::exit::Leaving;
use super::{Process, lock};

/// How many asks may wait for a message as their answer. The oldest are given up first: nobody can know whether there will
/// be one.
const OPEN: usize = 4096;

/// See the [module](self).
#[derive(Default)]
pub(super) struct Answering {
    /// What the actors here have not answered yet.
    awaited: slab::Slab<Asked>,
    /// The addresses that messages are awaited at as answers, by the order of the asks.
    open: BTreeMap<u64, (Endpoint, Question)>,
    opened: u64,
}

/// Who has asked, a process, and what its message said of itself.
pub(super) type Question = (Address, Header);

struct Asked {
    awaited: Awaited,
    way: Way,
}

/// How what a handler returns goes back.
pub(super) enum Way {
    /// As the answer to an ask.
    Answer(Question),
    /// As a message, since the sender of this one takes it so.
    Message(Frame),
    /// To the Admin, which has given the message to an actor: only how it went.
    Receipt(Header),
    /// To the Admin, as what the source authority says of a source.
    Verdict { by: Address, source: String },
}

/// Which answers have come.
pub(super) struct Ready {
    keys: Mutex<Vec<Key>>,
    any: AtomicBool,
    /// How many threads are going to look anyway.
    looking: AtomicUsize,
    remote: Remote,
}

#[derive(Clone, Copy)]
enum Key {
    Awaited(usize),
    Open(u64),
}

impl Ready {
    /// None yet. `remote` wakes who drives.
    pub fn new(remote: Remote) -> Self {
        Self { keys: Mutex::default(), any: AtomicBool::new(false), looking: AtomicUsize::new(0), remote }
    }

    fn note(&self, key: Key) {
        lock(&self.keys).push(key);
        self.any.store(true, Ordering::SeqCst);
        // Most answers are given while actors play, and the thread that has them play looks afterwards.
        if self.looking.load(Ordering::SeqCst) == 0 {
            self.remote.wake();
        }
    }
}

/// As long as it lives the thread is going to look for answers.
struct Looks<'a>(&'a AtomicUsize);

impl<'a> Looks<'a> {
    fn soon(looking: &'a AtomicUsize) -> Self {
        looking.fetch_add(1, Ordering::SeqCst);
        Self(looking)
    }
}

impl Drop for Looks<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Bell {
    ready: Arc<Ready>,
    key: usize,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ready.note(Key::Awaited(self.key));
    }
}

impl Process {
    /// Has the actors play, and sends the answers that they give.
    pub(super) fn play(&self, play: impl FnOnce() -> usize) -> usize {
        let looks = Looks::soon(&self.answers.looking);
        let played = play();
        // Whatever was noted while this thread said that it would look is found now.
        drop(looks);
        self.settle_answers();
        played
    }

    /// Sends the answers that the actors here have given. Another thread that drives is woken to do so.
    pub(super) fn settle_answers(&self) {
        if !self.answers.any.load(Ordering::SeqCst) {
            return;
        }
        let Some(mut guard) = self.try_drive() else { return self.exit.wake() };
        let Some(answering) = guard.as_mut().map(|driven| &mut driven.inbound.answering) else { return };
        while self.answers.any.swap(false, Ordering::AcqRel) {
            let keys = std::mem::take(&mut *lock(&self.answers.keys));
            for key in keys {
                match key {
                    Key::Awaited(key) => answering.look_at_answer(key, self),
                    Key::Open(number) => answering.look_at_arrival(number, self),
                }
            }
        }
    }
}

impl Answering {
    /// Waits for what the handler of a message returns.
    pub fn await_answer(&mut self, awaited: Awaited, way: Way, process: &Process) {
        let key = self.awaited.insert(Asked { awaited, way });
        self.look_at_answer(key, process);
    }

    /// The address that an ask is answered at by a message.
    pub fn open(&mut self, question: Question, process: &Process) -> Address {
        let ready = Arc::clone(&process.answers);
        self.opened += 1;
        let number = self.opened;
        let endpoint = process.system.endpoint_with(move || ready.note(Key::Open(number)));
        let address = endpoint.address();
        if self.open.len() >= OPEN
            && let Some((_, (_, question))) = self.open.pop_first()
        {
            say(process, question, Answer::Abandoned);
        }
        self.open.insert(number, (endpoint, question));
        address
    }

    /// Nodes have gone, with all who waited for answers there.
    pub fn forget_where(&mut self, is_lost: impl Fn(NodeId) -> bool) {
        self.open.retain(|_, (_, (asker, _))| !is_lost(asker.node()));
    }

    fn look_at_arrival(&mut self, number: u64, process: &Process) {
        let Some((endpoint, _)) = self.open.get(&number) else { return };
        let arrival = endpoint.take_arrival();
        let answer = match arrival {
            Some(Received::Message(delivered)) => process.language.answer(&delivered.message),
            Some(Received::Poison(poison)) => no_answer(Setback::Failed, poison.details.to_string()),
            _ => return,
        };
        if let Some((_, question)) = self.open.remove(&number) {
            say(process, question, answer);
        }
    }

    fn look_at_answer(&mut self, key: usize, process: &Process) {
        let Some(asked) = self.awaited.get_mut(key) else { return };
        let waker = Waker::from(Arc::new(Bell { ready: Arc::clone(&process.answers), key }));
        let Poll::Ready(answer) = Pin::new(&mut asked.awaited).poll(&mut Context::from_waker(&waker)) else {
            return;
        };
        match self.awaited.remove(key).way {
            Way::Message(frame) => say_by_message(process, &frame, answer),
            Way::Answer(question) => say(process, question, by_number(answer)),
            Way::Receipt(header) => {
                let answer = answer.map(|_| Answer::Reply(Vec::new()));
                say(process, (process.admin, header), answer.unwrap_or_else(|error| without(&error)));
            }
            Way::Verdict { by, source } => {
                if let Some(verdict) = process.language.verdict(source, answer) {
                    process.tell_admin(by, verdict);
                }
            }
        }
    }
}

fn say(process: &Process, (asker, header): Question, answer: Answer) {
    process.exit.push(Leaving::Answer { to: asker, from: header.to, id: header.message, answer });
}

fn no_answer(reason: Setback, details: String) -> Answer {
    Answer::None { reason, details }
}

fn by_number(answer: Result<Payload, AskError>) -> Answer {
    match answer {
        Ok(reply) => match reply.encode() {
            Ok(bytes) => Answer::Reply(bytes),
            Err(error) => no_answer(Setback::Undecodable, error.to_string()),
        },
        Err(error) => without(&error),
    }
}

fn without(error: &AskError) -> Answer {
    if matches!(error, AskError::Abandoned) {
        return Answer::Abandoned;
    }
    let (reason, details) = setback(error);
    no_answer(reason, details)
}

fn setback(error: &AskError) -> (Setback, String) {
    match error {
        AskError::NoActor | AskError::ShutDown => (Setback::NoActor, String::new()),
        AskError::NotAccepted(details) => (Setback::NotAccepted, details.to_string()),
        AskError::Failed(details) => (Setback::Failed, details.to_string()),
        AskError::MailboxFull => (Setback::MailboxFull, String::new()),
        AskError::Intercepted => (Setback::Intercepted, String::new()),
        other => (Setback::Failed, other.to_string()),
    }
}

/// What a handler returned goes to who sent the message, as a message; what went wrong, as the message itself.
fn say_by_message(process: &Process, frame: &Frame, answer: Result<Payload, AskError>) {
    let header = frame.header();
    let reply = answer
        .map_err(|error| setback(&error))
        .and_then(|reply| process.language.reply(reply).map_err(|error| (Setback::Failed, error)));
    match reply {
        Ok(Some(message)) => {
            let crossing = Crossing::Message { to: header.from, from: header.to, message, asker: None };
            process.exit.push(Leaving::Crossing(crossing));
        }
        Ok(None) => {}
        Err((Setback::NoActor, details)) => {
            let letter = Letter { reason: Setback::NoActor, details, frame: frame.as_bytes().to_vec() };
            if header.message != 0 {
                let letter = letter.clone();
                process.exit.push(Leaving::Returned { to: header.from, from: header.to, letter });
            }
            process.exit.push(Leaving::DeadLetter { from: process.root(), letter });
        }
        Err((reason, details)) => process.give_back(frame, reason, details),
    }
}
