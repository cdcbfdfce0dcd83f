//! What an actor is.

use std::any::Any;
use std::future::Future;

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::ExitReason;
use roscius_protocol::supervision::{Decision, FailureReport, Restart};

use crate::context::Context;
use crate::dead_letters::DeadLetter;
use crate::declared::Protocol;
use crate::message::{Message, Payload};
use crate::outcome::{Failure, Outcome};

/// Something with a state of its own that reacts to messages, one at a time.
///
/// The associated type lists the messages it accepts, its declared protocol: a tuple of message types, each with a
/// [`Handler`], or `Async<M>` with an [`AsyncHandler`]. Sending anything else to an [`ActorRef`](crate::ActorRef)
/// does not compile; sending it to an untyped address gets it back with a notice.
///
/// The hooks all have defaults. A hook that panics or returns an error fails the actor, as a handler does.
pub trait Actor: Sized + Send + 'static {
    /// The messages this actor accepts: `(Greet, Stop, Async<Fetch>)`, up to sixteen.
    type Protocol: Protocol<Self>;

    /// Called once for every new instance, before its first message.
    fn started(&mut self, _ctx: &mut Context<Self>) -> Result<(), Failure> {
        Ok(())
    }

    /// Last words: called before an orderly exit, while messages can still be sent. Children exit after it, unless
    /// [`Context::leave_children`] is called. Not called when the actor ends because it failed.
    fn stopping(&mut self, _ctx: &mut Context<Self>) {}

    /// A child has ended and is not restarted.
    fn child_exited(&mut self, _exit: &ChildExited, _ctx: &mut Context<Self>) {}

    /// An address that this actor watches has ended. Told once.
    fn terminated(&mut self, _end: &Terminated, _ctx: &mut Context<Self>) {}

    /// A wakeup of this actor is due.
    fn wakeup(&mut self, _wakeup: Wakeup, _ctx: &mut Context<Self>) {}

    /// A message that this actor sent came back, because its receiver failed on it or does not accept it.
    fn poisoned(&mut self, _poison: Poison, _ctx: &mut Context<Self>) {}

    /// A message that reached nobody, told to the handler of dead letters ([`Context::handle_dead_letters`]).
    fn dead_letter(&mut self, _letter: DeadLetter, _ctx: &mut Context<Self>) {}

    /// Decides about a child that failed. `None` leaves it to the child's restart policy.
    fn supervise(&mut self, _failure: &ChildFailure, _ctx: &mut Context<Self>) -> Option<Decision> {
        None
    }
}

/// Reacts to messages of type `M`.
#[diagnostic::on_unimplemented(message = "`{Self}` declares `{M}` in its protocol but has no handler for it")]
pub trait Handler<M: Message>: Actor {
    /// Handles one message.
    ///
    /// The message is lent, not given: if the handler fails, it goes back to its sender whole. Take parts of it with
    /// [`std::mem::take`] or [`Option::take`]; pass it on whole with [`Context::forward`].
    fn receive(&mut self, message: &mut M, ctx: &mut Context<Self>) -> Outcome<M::Reply>;
}

/// Reacts to messages of type `M` asynchronously. Declare it as `Async<M>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares `Async<{M}>` in its protocol but has no `AsyncHandler` for it"
)]
pub trait AsyncHandler<M: Message>: Actor {
    /// Handles one message. While it waits, the actor takes no other message, so `&mut self` is its own all along.
    ///
    /// In an `async fn` the lifetime of the context is written out: `ctx: &mut Context<'_, Self>`.
    fn receive(
        &mut self,
        message: &mut M,
        ctx: &mut Context<'_, Self>,
    ) -> impl Future<Output = Outcome<M::Reply>> + Send;

    /// Handles one message at once, if it can: that costs no future. `None` when it has to wait, and then
    /// [`AsyncHandler::receive`] is called, which goes on from where this came to.
    fn receive_at_once(&mut self, message: &mut M, ctx: &mut Context<'_, Self>) -> Option<Outcome<M::Reply>> {
        let _ = (message, ctx);
        None
    }
}

/// A child has ended and is not restarted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildExited {
    /// Which child.
    pub child: Address,
    /// Why.
    pub reason: ExitReason,
}

/// A watched address has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminated {
    /// What was watched.
    pub address: Address,
    /// Why it ended; [`ExitReason::Unknown`] when it was not alive to begin with.
    pub reason: ExitReason,
}

/// A child has failed and waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildFailure {
    /// Which child.
    pub child: Address,
    /// What happened.
    pub failure: FailureReport,
    /// When the child is to be restarted.
    pub policy: Restart,
}

/// Names a wakeup of one actor. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerId(pub(crate) u64);

/// A wakeup that was asked for is due.
#[derive(Debug)]
pub struct Wakeup {
    /// Which one: what [`Context::wakeup_after`] returned.
    pub timer: TimerId,
    payload: Box<dyn Any + Send>,
}

impl Wakeup {
    pub(crate) fn new(timer: TimerId, payload: Box<dyn Any + Send>) -> Self {
        Self { timer, payload }
    }

    /// The payload, if it is a `T`.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.payload.downcast_ref()
    }

    /// Takes the payload, or gives the wakeup back when it is not a `T`.
    pub fn take<T: 'static>(self) -> Result<T, Self> {
        let Self { timer, payload } = self;
        payload.downcast().map(|payload| *payload).map_err(|payload| Self { timer, payload })
    }
}

/// A message that came back to its sender.
#[derive(Debug)]
pub struct Poison {
    /// The message.
    pub message: Payload,
    /// Who could not handle it.
    pub by: Address,
    /// Why, for people.
    pub details: std::sync::Arc<str>,
}
