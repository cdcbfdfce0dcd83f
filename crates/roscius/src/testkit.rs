//! What tests of actors need beside [`ManualClock`](crate::ManualClock), [`ActorSystem::step`] and
//! [`Builder::serialize_messages`](crate::Builder::serialize_messages): a probe that expects.

use std::fmt::Display;
use std::time::{Duration, Instant};

use roscius_protocol::address::Address;

use crate::actor::{Poison, Terminated};
use crate::address::Destination;
use crate::endpoint::{Endpoint, Received};
use crate::engine::stage::SendError;
use crate::message::Message;
use crate::system::ActorSystem;

/// What a [`Probe`] listens with: an endpoint of a system of some kind.
pub trait Listener {
    /// Why a message was not sent.
    type Error: Display;

    /// The address that actors send to.
    fn address(&self) -> Address;

    /// Sends a message to an untyped address.
    ///
    /// # Errors
    ///
    /// What the endpoint says.
    fn send<M: Message>(&self, to: Address, message: M) -> Result<(), Self::Error>;

    /// Waits for the next thing to arrive, at most `timeout`.
    fn listen(&self, timeout: Duration) -> Option<Received>;
}

impl Listener for Endpoint {
    type Error = SendError;

    fn address(&self) -> Address {
        Self::address(self)
    }

    fn send<M: Message>(&self, to: Address, message: M) -> Result<(), SendError> {
        Self::send(self, to, message)
    }

    fn listen(&self, timeout: Duration) -> Option<Received> {
        Self::listen(self, timeout)
    }
}

/// An endpoint for tests: give its address to actors and say what is to arrive. Each `expect` panics, in words, when
/// something else arrives or nothing does within the time.
pub struct Probe<L = Endpoint> {
    endpoint: L,
    patience: Duration,
}

impl Probe {
    /// A probe that waits at most five seconds for what it expects.
    pub fn new(system: &ActorSystem) -> Self {
        Self::of(system.endpoint())
    }
}

impl<L: Listener> Probe<L> {
    /// A probe that listens with this endpoint, and waits at most five seconds for what it expects.
    pub const fn of(endpoint: L) -> Self {
        Self { endpoint, patience: Duration::from_secs(5) }
    }

    /// Waits at most this long for what it expects.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The address that actors send to.
    pub fn address(&self) -> Address {
        self.endpoint.address()
    }

    /// The endpoint behind the probe.
    pub fn endpoint(&self) -> &L {
        &self.endpoint
    }

    /// Sends a message, with the probe as its sender.
    #[track_caller]
    pub fn tell<M: Message, P>(&self, to: impl Destination<M, P>, message: M) {
        if let Err(error) = self.endpoint.send(to.destination(), message) {
            panic!("the probe could not send: {error}");
        }
    }

    /// The next message, which must be an `M`.
    #[track_caller]
    pub fn expect<M: Message>(&self) -> M {
        match self.next(M::NAME) {
            Received::Message(delivered) if delivered.message.is::<M>() => match delivered.message.take() {
                Ok(message) => message,
                Err(other) => panic!("expected `{}`, got {other:?}", M::NAME),
            },
            other => panic!("expected `{}`, got {other:?}", M::NAME),
        }
    }

    /// The next message, which must have come back as poison.
    #[track_caller]
    pub fn expect_poison(&self) -> Poison {
        match self.next("poison") {
            Received::Poison(poison) => poison,
            other => panic!("expected poison, got {other:?}"),
        }
    }

    /// The end of a watched address, which must be next.
    #[track_caller]
    pub fn expect_terminated(&self) -> Terminated {
        match self.next("the end of a watched address") {
            Received::Terminated(end) => end,
            other => panic!("expected the end of a watched address, got {other:?}"),
        }
    }

    /// Nothing may arrive within `quiet`.
    #[track_caller]
    pub fn expect_nothing(&self, quiet: Duration) {
        if let Some(received) = self.endpoint.listen(quiet) {
            panic!("expected nothing, got {received:?}");
        }
    }

    #[track_caller]
    fn next(&self, expected: &str) -> Received {
        match self.endpoint.listen(self.patience) {
            Some(received) => received,
            None => panic!("expected {expected}, got nothing in {:?}", self.patience),
        }
    }
}

impl ActorSystem {
    /// Waits until `condition` holds, on the base `simple` by running actors, and says whether it did within `limit`.
    /// For conditions that no message tells of; a [`Probe`] is better where one does.
    pub fn wait_until(&self, limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            if condition() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            if !self.step() {
                std::thread::yield_now();
            }
        }
    }
}
