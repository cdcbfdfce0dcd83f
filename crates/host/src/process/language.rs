//! How the messages of a process are laid out for others. Each language of actors has its own way.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError, Weak};

use bytes::Bytes;
use roscius::gate::Crossing;
use roscius::{Address, AskError, Payload, Signal};
use roscius_protocol::admin::messages::{Answer, Entry, FromAdmin, Letter, Setback, ToAdmin};
use roscius_protocol::frame::{self, Frame};

/// Takes what a message says, and its tail where that is memory which can be shared.
pub type Write<'w> = dyn FnMut(&frame::Payload<'_>, Option<Bytes>) + 'w;

/// What a process has to know of the language of its actors.
///
/// The functions are called while the process is driven, and must not use it; what they want done they return.
pub trait Language: Send + Sync {
    /// Gives what a message says to `write`, once. Of a long one the tail of the payload can be given as memory that it shares:
    /// then it is not copied.
    ///
    /// # Errors
    ///
    /// What is wrong, for people, when the message can not leave its process.
    fn pack(&self, message: &Payload, write: &mut Write<'_>) -> Result<(), String>;

    /// Where it is noted that a message did not arrive, when somebody waits to know.
    fn receipt(&self, message: &Payload) -> Option<Weak<Receipt>> {
        let _ = message;
        None
    }

    /// The message in a frame that came.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when there is no message in it. It then goes back to who sent it.
    fn unpack(&self, frame: Frame) -> Result<Unpacked, Unreadable>;

    /// Whether the actors answer by sending messages, and take answers as messages, and not by what handlers return.
    fn answers_by_messages(&self) -> bool {
        false
    }

    /// What the handler of a message returned, as a message of its own to who takes answers so. None: it says nothing.
    ///
    /// # Errors
    ///
    /// What is wrong, for people, when the answer can not leave its process.
    fn reply(&self, reply: Payload) -> Result<Option<Payload>, String> {
        Ok(Some(reply))
    }

    /// The answer that a message is, for who waits for what a handler returns.
    fn answer(&self, message: &Payload) -> Answer {
        match message.encode() {
            Ok(bytes) => Answer::Reply(bytes),
            Err(error) => Answer::None { reason: Setback::Undecodable, details: error.to_string() },
        }
    }

    /// The frame that a message came in, if it came from another process and is as it was.
    fn arrived_as<'m>(&self, message: &'m Payload) -> Option<&'m Frame> {
        let _ = message;
        None
    }

    /// Adds what a signal means to the actors of the language. As it is, unless they have other ways. One that is suspended
    /// takes no messages.
    fn signal(&self, to: Address, signal: Signal, is_suspended: bool, out: &mut Vec<Crossing>) {
        let _ = is_suspended;
        out.push(Crossing::Signal { to, signal });
    }

    /// A message of an actor here came back. What it is told, if anything.
    fn returned(&self, to: Address, letter: &Letter, frame: Frame) -> Option<Crossing>;

    /// Called around each wait of the thread that drives, for a language that has something to let go meanwhile.
    fn wait(&self, wait: &mut (dyn FnMut() + Send)) {
        wait();
    }

    /// What the class of an actor here is called, where its type in Rust says nothing about that.
    fn class_of(&self, actor: Address) -> Option<String> {
        let _ = actor;
        None
    }

    /// How many messages of each type the actors here have handled, where their types in Rust say nothing about that.
    fn handled_types(&self) -> Option<Vec<(String, u64)>> {
        None
    }

    /// The system is shut down. What goes on is to come to its end.
    fn closing(&self) {}

    /// The capabilities of the system, when they may have changed. Whether the process is to look at them before its actors get
    /// what came later.
    fn capabilities(&self, capabilities: Vec<Entry>) -> bool {
        let _ = capabilities;
        false
    }

    /// The settings of the system, likewise.
    fn settings(&self, settings: Vec<Entry>) -> bool {
        let _ = settings;
        false
    }

    /// The Admin says something to an actor here: that it is to validate a source, that a source has come or gone, or what is
    /// to be logged. What the actor is told, if anything.
    fn said_by_admin(&self, to: Address, admin: Address, said: FromAdmin) -> Option<Crossing> {
        let _ = (to, admin, said);
        None
    }

    /// What the source authority here has replied when it was asked for its verdict on this source, for the Admin. None: there is
    /// no verdict.
    fn verdict(&self, id: String, reply: Result<Payload, AskError>) -> Option<ToAdmin> {
        let _ = (id, reply);
        None
    }

    /// Watched descriptors can be read. What an actor is told, if anything.
    fn readable(&self, descriptors: Vec<RawFd>) -> Option<Crossing> {
        let _ = descriptors;
        None
    }
}

/// What is in a frame.
pub enum Unpacked {
    /// A message.
    Message(Payload),
    /// What other languages say by a message, and this one by a signal: a wish that an actor exits.
    Signal(Signal),
}

/// A frame with no message in it.
#[derive(Debug)]
pub struct Unreadable {
    /// The frame.
    pub frame: Frame,
    /// Whether the bytes are wrong, or the type is none that is taken here.
    pub reason: Setback,
    /// What is wrong, for people.
    pub details: String,
}

/// Says what became of a message, as far as its sender can know.
#[derive(Default)]
pub struct Receipt {
    state: AtomicU8,
    details: Mutex<String>,
    tell: Option<Box<dyn Fn() + Send + Sync>>,
}

const LOST: u8 = 1;
const RETURNED: u8 = 2;

impl Receipt {
    /// A receipt that calls this when the message did not arrive. It must be short, and use no actor.
    pub fn telling(tell: impl Fn() + Send + Sync + 'static) -> Self {
        Self { tell: Some(Box::new(tell)), ..Self::default() }
    }

    /// The message has reached nobody.
    pub fn lose(&self) {
        self.settle(LOST);
    }

    fn settle(&self, state: u8) {
        if self.state.compare_exchange(0, state, Ordering::AcqRel, Ordering::Acquire).is_ok()
            && let Some(tell) = &self.tell
        {
            tell();
        }
    }

    /// Whether the message has reached nobody.
    pub fn is_lost(&self) -> bool {
        self.state.load(Ordering::Acquire) == LOST
    }

    /// The receiver has sent the message back.
    pub(super) fn give_back(&self, reason: Setback, details: &str) {
        if matches!(reason, Setback::NoActor | Setback::Exited) {
            return self.lose();
        }
        details.clone_into(&mut self.details.lock().unwrap_or_else(PoisonError::into_inner));
        self.settle(RETURNED);
    }

    /// What was wrong with the message, if it came back.
    pub fn complaint(&self) -> Option<String> {
        let came_back = self.state.load(Ordering::Acquire) == RETURNED;
        came_back.then(|| self.details.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
