//! Addresses of a program in a system of processes.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use roscius::testkit::Listener;
use roscius::{Address, Destination, Message, Received};
use roscius_protocol::admin::messages::ToAdmin;

use super::Ask;
use super::error::TellError;
use super::system::Link;

/// An address of a program, with an inbox. Make one for each thread: [`ProcessSystem::endpoint`](super::ProcessSystem::endpoint).
pub struct Endpoint {
    // Dropped first: what is left in the inbox still leaves by the link.
    inner: roscius::Endpoint,
    link: Arc<Link>,
}

impl Endpoint {
    pub(super) fn new(link: &Arc<Link>) -> Self {
        Self { inner: link.process().system().endpoint(), link: Arc::clone(link) }
    }

    /// The address: actors can send to it and reply to it.
    pub fn address(&self) -> Address {
        self.inner.address()
    }

    /// Sends a message. Waits while the receiver takes no more.
    ///
    /// # Errors
    ///
    /// [`TellError`] if it can not leave this process.
    pub fn tell<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Result<(), TellError> {
        self.send(to.destination(), message)
    }

    /// Sends a message to an untyped address. If the receiver does not accept it, it comes back as poison; so does one that
    /// can not leave this process.
    ///
    /// # Errors
    ///
    /// [`TellError`] if the system has ended.
    pub fn send<M: Message>(&self, to: Address, message: M) -> Result<(), TellError> {
        self.inner.post(to, message)?;
        self.link.relieve()
    }

    /// Sends a message whose answer can be waited for.
    pub fn ask<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Ask<M::Reply> {
        let ask = self.inner.ask(to, message);
        self.link.process().flush();
        Ask::new(&self.link, ask)
    }

    /// Waits for the next thing to arrive, at most `timeout`; `None` when nothing does. Drives the links of the program
    /// meanwhile.
    pub fn listen(&self, timeout: Duration) -> Option<Received> {
        let until = Instant::now() + timeout;
        loop {
            if let Some(received) = self.inner.take_arrival() {
                return Some(received);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.link.turn(Some(left)) {
                return self.inner.take_arrival();
            }
        }
    }

    /// Says something to the Admin.
    pub(super) fn say_to_admin(&self, message: ToAdmin) -> Result<(), TellError> {
        self.link.process().tell_admin(self.address(), message);
        self.link.relieve()
    }

    /// Asks to be told once when `address` ends.
    pub fn watch(&self, address: impl Into<Address>) {
        self.inner.watch(address);
        self.link.process().flush();
    }
}

impl Listener for Endpoint {
    type Error = TellError;

    fn address(&self) -> Address {
        Self::address(self)
    }

    fn send<M: Message>(&self, to: Address, message: M) -> Result<(), TellError> {
        Self::send(self, to, message)
    }

    fn listen(&self, timeout: Duration) -> Option<Received> {
        Self::listen(self, timeout)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
