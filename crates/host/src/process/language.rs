//! How the messages of a process are laid out for others. Each language of actors has its own way.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError, Weak};

use roscius::gate::Crossing;
use roscius::{Address, Payload, Signal};
use roscius_protocol::admin::messages::{Entry, Letter, Setback};
use roscius_protocol::frame::{self, Frame};

/// What a process has to know of the language of its actors.
///
/// The functions are called while the process is driven, and must not use it; what they want done they return.
pub trait Language: Send + Sync {
    /// Gives what a message says to `write`, once.
    ///
    /// # Errors
    ///
    /// What is wrong, for people, when the message can not leave its process.
    fn pack(&self, message: &Payload, write: &mut dyn FnMut(&frame::Payload<'_>)) -> Result<(), String>;

    /// Where it is noted that a message did not arrive, when somebody waits to know.
    fn receipt(&self, message: &Payload) -> Option<Weak<Receipt>> {
        let _ = message;
        None
    }

    /// The message in a frame that came.
    ///
    /// # Errors
    ///
    /// What is wrong, for people, when there is no message in it. It then goes back to who sent it.
    fn unpack(&self, frame: Frame) -> Result<Payload, String>;

    /// The frame that a message came in, if it came from another process and is as it was.
    fn arrived_as<'m>(&self, message: &'m Payload) -> Option<&'m Frame> {
        let _ = message;
        None
    }

    /// Adds what a signal means to the actors of the language. As it is, unless they have other ways.
    fn signal(&self, to: Address, signal: Signal, out: &mut Vec<Crossing>) {
        out.push(Crossing::Signal { to, signal });
    }

    /// A message of an actor here came back. What it is told, if anything.
    fn returned(&self, to: Address, letter: &Letter, frame: Frame) -> Option<Crossing>;

    /// Called around each wait of the thread that drives, for a language that has something to let go meanwhile.
    fn wait(&self, wait: &mut (dyn FnMut() + Send)) {
        wait();
    }

    /// The capabilities of the system, when they may have changed. Whether the process is to look at them before its actors get
    /// what came later.
    fn capabilities(&self, capabilities: Vec<Entry>) -> bool {
        let _ = capabilities;
        false
    }

    /// Watched descriptors can be read. What an actor is told, if anything.
    fn readable(&self, descriptors: Vec<RawFd>) -> Option<Crossing> {
        let _ = descriptors;
        None
    }
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
        if reason == Setback::NoActor {
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
