//! A handle on a context, for code that no borrow can be given to.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::Signal;

use crate::actor::{Actor, TimerId};
use crate::address::ActorRef;
use crate::ask::ReplyTo;
use crate::dead_letters::Handler;
use crate::engine::envelope::{Envelope, Notice, Parcel};
use crate::engine::lock;
use crate::engine::shared::Shared;
use crate::engine::stage::{Desk, SendError, Stage, TimerPayload};
use crate::message::{Message, Payload};
use crate::props::{Props, SpawnError};

/// What an actor can do while its asynchronous handler runs. [`Context::handle`](crate::Context::handle) makes one.
///
/// Handlers written in another language, which the handler calls, keep it instead of the borrowed context. Any thread may use it.
/// When the handler waits or has returned, sends still work, from the actor's address; what changes the actor itself
/// is refused.
#[derive(Clone)]
pub struct ContextHandle {
    /// None: detached.
    desk: Option<Arc<Desk>>,
    shared: Arc<Shared>,
    me: Address,
}

/// The handler that the handle is from is not running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an actor can do this only while it handles a message")]
pub struct NotHandling;

impl ContextHandle {
    pub(crate) fn new(desk: Arc<Desk>, shared: Arc<Shared>, me: Address) -> Self {
        Self { desk: Some(desk), shared, me }
    }

    pub(crate) fn is_detached(&self) -> bool {
        self.desk.is_none()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn on_stage<R>(&self, act: impl FnOnce(&mut Stage) -> R) -> Result<R, NotHandling> {
        self.desk.as_ref().and_then(|desk| lock(desk).try_stage().map(act)).ok_or(NotHandling)
    }

    /// A handle for what goes on in another thread while the handler waits. What the actor has sent so far is handed over, so
    /// that nothing sent through the new handle overtakes it.
    ///
    /// It sends and creates children at any time, also while the handler is being polled.
    pub fn detached(&self) -> Result<Self, NotHandling> {
        self.on_stage(Stage::hand_over)?;
        Ok(Self { desk: None, shared: Arc::clone(&self.shared), me: self.me })
    }

    /// Takes in what detached handles have sent, so that nothing sent from now on overtakes it.
    pub fn catch_up(&self) -> Result<(), NotHandling> {
        self.on_stage(Stage::hand_over)
    }

    /// Whether the handler that the handle is from runs now. What is sent then leaves with the turn of the actor; at other times who
    /// sends has to wake the thread that drives it.
    pub fn is_running(&self) -> bool {
        self.on_stage(|_| ()).is_ok()
    }

    /// The address of the actor.
    pub fn me(&self) -> Address {
        self.me
    }

    /// The living children, in the order of their creation.
    pub fn children(&self) -> Result<Vec<Address>, NotHandling> {
        self.on_stage(|stage| stage.life.children())
    }

    /// Sends a message from the actor.
    pub fn send<M: Message>(&self, to: Address, message: M) -> Result<(), SendError> {
        if let Some(desk) = &self.desk
            && let Some(stage) = lock(desk).try_stage()
        {
            let envelope = Envelope { sender: self.me, reply: ReplyTo::default(), message: Payload::new(message) };
            return stage.send(to, envelope);
        }
        self.shared.post_from_outside(self.me, to, Payload::new(message), ReplyTo::default())
    }

    /// Hands on what the actor has sent so far, in the middle of its handler.
    pub fn hand_over(&self) {
        // When the handler is not running, what was sent has gone already.
        let _ = self.on_stage(Stage::hand_over);
    }

    /// Creates a child.
    pub fn spawn<C: Actor>(&self, props: impl Into<Props<C>>) -> Result<Result<ActorRef<C>, SpawnError>, NotHandling> {
        let spawn = props.into().into_spawn();
        if self.desk.is_none() {
            return Ok(self.shared.spawn_for(self.me, spawn).map(ActorRef::assume));
        }
        self.on_stage(|stage| stage.spawn(spawn).map(ActorRef::assume))
    }

    /// Calls [`Actor::wakeup`] after `delay`, with this payload.
    pub fn wakeup_after(&self, delay: Duration, payload: impl Any + Send) -> Result<TimerId, NotHandling> {
        self.on_stage(|stage| {
            let id = TimerId(stage.shared.next_timer());
            let due = stage.now().plus(delay);
            stage.wakeup(id, due, TimerPayload::Once(Box::new(payload)));
            id
        })
    }

    /// Asks to be told once, by [`Actor::terminated`], when `address` ends.
    pub fn watch(&self, address: Address) {
        self.notify(address, Signal::Watch { by: self.me });
    }

    /// Asks not to be told after all. A notice that is on its way already still arrives.
    pub fn unwatch(&self, address: Address) {
        self.notify(address, Signal::Unwatch { by: self.me });
    }

    fn notify(&self, to: Address, signal: Signal) {
        let parcel = Parcel::Notice(to, Notice::Life(signal));
        match self.shared.is_stopped() {
            true => self.shared.lose(parcel),
            false => self.shared.post(parcel),
        }
    }

    /// Becomes the handler of dead letters, or ceases to be. It is told of its own too: who embeds actors sees to it that a
    /// letter about a letter brings no other.
    pub fn handle_dead_letters(&self, handle: bool) {
        match handle {
            true => self.shared.handle_dead_letters(Handler { actor: self.me, hears_itself: true }),
            false => self.shared.leave_dead_letters(self.me),
        }
    }
}

impl fmt::Debug for ContextHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextHandle({})", self.me)
    }
}
