//! How an actor is to be created and kept.

use std::marker::PhantomData;

use roscius_protocol::mailbox::{Bound, Overflow};
use roscius_protocol::supervision::Restart;

use crate::actor::Actor;
use crate::engine::cell::{Factory, Origin};
use crate::engine::shared::Spawn;
use crate::engine::stage::Extras;
use crate::outcome::Failure;

/// How to create an actor of type `A`, and how it is kept.
///
/// A closure that makes an instance converts into `Props`, so `spawn(|| Greeter::new("x"))` is enough. The closure is
/// called in the new actor, not in its parent, and again for every restart: it holds the arguments of the actor.
pub struct Props<A> {
    origin: Box<dyn Origin>,
    name: Option<String>,
    bound: Option<Bound>,
    restart: Restart,
    deliveries: u32,
    blocking: bool,
    spread: bool,
    actor: PhantomData<fn() -> A>,
}

impl<A: Actor> Props<A> {
    /// An actor that the closure makes.
    pub fn new(mut factory: impl FnMut() -> A + Send + 'static) -> Self {
        Self::fallible(move || Ok(factory()))
    }

    /// An actor that can be made only once, because the closure gives away what it holds. Its restart fails.
    pub fn once(factory: impl FnOnce() -> A + Send + 'static) -> Self {
        let mut factory = Some(factory);
        Self::fallible(move || match factory.take() {
            Some(factory) => Ok(factory()),
            None => Err(Failure::new("the actor was declared to be made only once, so it cannot be restarted")),
        })
    }

    /// An actor that the closure makes, or fails to make.
    pub fn fallible(factory: impl FnMut() -> Result<A, Failure> + Send + 'static) -> Self {
        Self {
            origin: Box::new(Factory::<A, _>::new(factory)),
            name: None,
            bound: None,
            restart: Restart::Temporary,
            deliveries: 1,
            blocking: false,
            spread: false,
            actor: PhantomData,
        }
    }

    /// Gives the actor a name that is unique in its system.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Lets at most `capacity` messages wait, counting those in hand; `overflow` says what happens to one more.
    /// Default: no bound. A capacity of zero means one.
    #[must_use]
    pub fn bounded(mut self, capacity: usize, overflow: Overflow) -> Self {
        self.bound = Some(Bound { capacity: capacity.max(1), overflow });
        self
    }

    /// When the actor is restarted. Default: never.
    #[must_use]
    pub fn restart(mut self, policy: Restart) -> Self {
        self.restart = policy;
        self
    }

    /// How often a message is delivered before it counts as failed. Default: once.
    #[must_use]
    pub fn deliveries(mut self, times: u32) -> Self {
        self.deliveries = times.max(1);
        self
    }

    /// Declares that the actor computes or blocks for long: it then runs on threads of its own.
    #[must_use]
    pub fn blocking(mut self) -> Self {
        self.blocking = true;
        self
    }

    /// Puts the actor on the next core in turn instead of its parent's. For children that work in parallel.
    #[must_use]
    pub fn spread(mut self) -> Self {
        self.spread = true;
        self
    }
}

impl<A> Props<A> {
    /// When the actor is restarted.
    pub const fn restart_policy(&self) -> Restart {
        self.restart
    }

    pub(crate) fn into_spawn(self) -> Spawn {
        let special = self.deliveries > 1 || self.blocking;
        let extras = special
            .then(|| Box::new(Extras { deliveries: self.deliveries, blocking: self.blocking, ..Extras::default() }));
        Spawn {
            origin: self.origin,
            name: self.name,
            bound: self.bound,
            policy: self.restart,
            spread: self.spread,
            extras,
        }
    }
}

impl<A: Actor, F: FnMut() -> A + Send + 'static> From<F> for Props<A> {
    fn from(factory: F) -> Self {
        Self::new(factory)
    }
}

/// Why an actor was not created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// Another actor has the name.
    #[error(transparent)]
    NameTaken(#[from] roscius_protocol::names::NameTaken<roscius_protocol::address::Address>),
    /// The name is not allowed.
    #[error(transparent)]
    InvalidName(#[from] roscius_protocol::names::InvalidName),
    /// The actor that was to be the parent is ending.
    #[error("no child can be created: the actor is exiting")]
    Exiting,
    /// The system is being shut down.
    #[error("no actor can be created: the actor system is shut down")]
    ShutDown,
    /// A core holds as many actors as it can.
    #[error("no actor can be created: the core holds {0} actors already, the most it can")]
    Full(u32),
}
