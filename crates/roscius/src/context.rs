//! What an actor can do.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::{ExitReason, Signal};
use roscius_protocol::supervision::Supervision;

use crate::actor::{Actor, TimerId};
use crate::address::{ActorRef, Destination};
use crate::ask::{Ask, AskError, Promise, ReplyTo};
use crate::behaviour::Behaviour;
use crate::context_handle::ContextHandle;
use crate::dead_letters::Handler;
use crate::engine::cell::{Asked, Change};
use crate::engine::envelope::{Delivery, Envelope, Notice};
use crate::engine::lock;
use crate::engine::place::Waiter;
use crate::engine::room::{Offering, refuse, time_out};
use crate::engine::stage::{Desk, SendError, Stage, TimerPayload};
use crate::message::{Message, MessageType, Payload};
use crate::outcome::{Failure, NoReply, Outcome, Why};
use crate::props::{Props, SpawnError};
use crate::troupe::Troupe;

/// What an actor of type `A` can do while it handles a message or a hook.
pub struct Context<'s, A: Actor> {
    hands: Hands<'s>,
    /// What the handler leaves for its cell to take over, which is seldom anything.
    pub(crate) left: Option<Box<Left<A>>>,
    actor: PhantomData<fn(A)>,
}

/// What a handler leaves for its cell to take over.
pub(crate) struct Left<A: Actor> {
    pub(crate) changes: Vec<Change<A>>,
    pub(crate) asked: Vec<Asked<A>>,
}

impl<A: Actor> Default for Left<A> {
    fn default() -> Self {
        Self { changes: Vec::new(), asked: Vec::new() }
    }
}

/// How a context reaches the stage: directly, or, in an asynchronous handler, by way of a desk.
enum Hands<'s> {
    Stage(&'s mut Stage),
    Desk(Arc<Desk>),
}

impl<'s, A: Actor> Context<'s, A> {
    #[inline(always)]
    pub(crate) fn on(stage: &'s mut Stage) -> Self {
        Self { hands: Hands::Stage(stage), left: None, actor: PhantomData }
    }

    pub(crate) fn at(desk: Arc<Desk>) -> Self {
        Self { hands: Hands::Desk(desk), left: None, actor: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn on_stage<R>(&mut self, act: impl FnOnce(&mut Stage) -> R) -> R {
        match &mut self.hands {
            Hands::Stage(stage) => act(stage),
            Hands::Desk(desk) => act(lock(desk).stage()),
        }
    }

    #[inline(always)]
    fn read_stage<R>(&self, read: impl FnOnce(&Stage) -> R) -> R {
        match &self.hands {
            Hands::Stage(stage) => read(stage),
            Hands::Desk(desk) => read(lock(desk).stage()),
        }
    }

    /// Takes a message up: its sender and the right to reply.
    #[inline(always)]
    pub(crate) fn receive(&mut self, envelope: &mut Envelope) {
        let sender = envelope.sender;
        let reply = envelope.reply.take();
        let kind = envelope.message.kind();
        self.on_stage(|stage| {
            stage.take_up(Some(kind));
            stage.sender = sender;
            stage.reply = reply;
        });
    }

    #[inline(always)]
    pub(crate) fn handled(&mut self) {
        self.on_stage(|stage| {
            stage.handled += 1;
            if let Some(troupe) = stage.extras.as_ref().and_then(|extras| extras.troupe)
                && !stage.stop
            {
                stage.notify(troupe, Notice::WorkerReady(stage.me));
            }
        });
    }

    #[inline(always)]
    pub(crate) fn wants_attention(&self) -> bool {
        self.read_stage(|stage| stage.attention)
    }

    #[inline(always)]
    pub(crate) fn tick(&self) -> u32 {
        self.read_stage(|stage| stage.shared.tick())
    }

    /// Ends the handling of an `M`: replies, or says what is to be done with the message.
    #[inline(always)]
    pub(crate) fn conclude<M: Message>(&mut self, outcome: Outcome<M::Reply>) -> Delivery {
        match outcome {
            Ok(reply) => {
                self.on_stage(|stage| {
                    if stage.reply.is_wanted() {
                        stage.answer(Payload::reply::<M>(reply));
                    }
                });
                Delivery::Handled
            }
            Err(NoReply(Why::Failed(failure))) => Delivery::Failed(failure),
            Err(NoReply(Why::Forwarded(to))) => Delivery::Forwarded(to),
            Err(NoReply(Why::Stashed)) => Delivery::Stashed,
            Err(NoReply(Why::Deferred)) => Delivery::Handled,
        }
    }

    /// A handle on this context that can be kept, in an asynchronous handler. For code that no borrow can be given to,
    /// such as that of another language.
    pub fn handle(&self) -> Option<ContextHandle> {
        match &self.hands {
            Hands::Stage(_) => None,
            Hands::Desk(desk) => {
                let (shared, me) = self.read_stage(|stage| (Arc::clone(&stage.shared), stage.me));
                Some(ContextHandle::new(Arc::clone(desk), shared, me))
            }
        }
    }

    // --- who -------------------------------------------------------------------------------------------------------

    /// The address of this actor.
    pub fn me(&self) -> ActorRef<A> {
        ActorRef::assume(self.read_stage(|stage| stage.me))
    }

    /// Who sent the message being handled. In a hook: who sent the last message.
    pub fn sender(&self) -> Address {
        self.read_stage(|stage| stage.sender)
    }

    /// Who created this actor.
    pub fn parent(&self) -> Address {
        self.read_stage(|stage| stage.life.parent())
    }

    /// The living children, in the order of their creation.
    pub fn children(&self) -> Vec<Address> {
        self.read_stage(|stage| stage.life.children())
    }

    /// The actor with this global name.
    pub fn lookup(&self, name: &str) -> Option<Address> {
        self.read_stage(|stage| lock(&stage.shared.names).directory.lookup(name))
    }

    // --- sending ---------------------------------------------------------------------------------------------------

    /// Sends a message and goes on.
    ///
    /// When the mailbox of the receiver is full and its policy is to wait, the message is held for this actor, which
    /// takes no other message until there was room. Fails only where the policy says so.
    #[inline]
    pub fn tell<M: Message, P>(&mut self, to: impl Destination<M, P>, message: M) -> Result<(), SendError> {
        self.send(to.destination(), message)
    }

    /// Sends a message to an untyped address. If the receiver does not accept it, it comes back to
    /// [`Actor::poisoned`].
    #[inline]
    pub fn send<M: Message>(&mut self, to: Address, message: M) -> Result<(), SendError> {
        self.on_stage(|stage| {
            let envelope = Envelope { sender: stage.me, reply: ReplyTo::default(), message: Payload::new(message) };
            stage.send(to, envelope)
        })
    }

    /// Sends a message and, in an asynchronous handler, waits until the mailbox of the receiver has taken it.
    pub async fn tell_when_room<M: Message, P>(
        &mut self,
        to: impl Destination<M, P>,
        message: M,
    ) -> Result<(), SendError> {
        let to = to.destination();
        // What this actor sent before must not be overtaken.
        if self.read_stage(|stage| !stage.shared.asks_for_room(to) || stage.holds_for(to)) {
            return self.send(to, message);
        }
        let (shared, sender) = self.read_stage(|stage| (Arc::clone(&stage.shared), stage.me));
        let envelope = Envelope { sender, reply: ReplyTo::default(), message: Payload::new(message) };
        let Some(envelope) = shared.inspect(to, envelope) else { return Ok(()) };
        self.on_stage(Stage::hand_over);
        let mut waiting = Some(envelope);
        let mut deadline = None;
        std::future::poll_fn(move |cx| {
            let Some(envelope) = waiting.take() else { return Poll::Ready(Ok(())) };
            match shared.offer(to, envelope, Waiter::Task(cx.waker().clone())) {
                Offering::Taken => Poll::Ready(Ok(())),
                Offering::Full(envelope) => Poll::Ready(Err(refuse(envelope))),
                Offering::Wait(envelope, limit) => {
                    let now = shared.now();
                    let (until, _) = deadline.get_or_insert_with(|| {
                        let until = now.plus(limit);
                        (until, shared.wake_at(until, cx.waker().clone()))
                    });
                    if now >= *until {
                        shared.stop_waiting(to, &Waiter::Task(cx.waker().clone()));
                        return Poll::Ready(Err(time_out(envelope)));
                    }
                    waiting = Some(envelope);
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Sends a message whose answer an asynchronous handler can wait for.
    pub fn ask<M: Message, P>(&mut self, to: impl Destination<M, P>, message: M) -> Ask<M::Reply> {
        let (sender, receiver) = oneshot::channel();
        self.on_stage(|stage| {
            stage.ask(to.destination(), Payload::new(message), sender);
            Ask::new(receiver, Arc::clone(&stage.shared))
        })
    }

    /// Sends a message and calls `then` with its answer, between two other messages of this actor. For synchronous
    /// handlers, which cannot wait. `timeout`: when to give up, if at all.
    pub fn ask_then<M: Message, P>(
        &mut self,
        to: impl Destination<M, P>,
        message: M,
        timeout: Option<Duration>,
        then: impl FnOnce(&mut A, Result<M::Reply, AskError>, &mut Context<A>) -> Result<(), Failure> + Send + 'static,
    ) {
        let (sender, receiver) = oneshot::async_channel();
        self.on_stage(|stage| stage.ask(to.destination(), Payload::new(message), sender));
        let then = Box::new(move |actor: &mut A, answer: crate::ask::Answer, ctx: &mut Context<A>| {
            then(
                actor,
                answer.and_then(|reply| reply.take_any().map_err(|other| AskError::WrongType(other.name()))),
                ctx,
            )
        });
        self.left.get_or_insert_default().asked.push(Asked { receiver, timeout, then });
    }

    // --- how a handler can end -------------------------------------------------------------------------------------

    /// Passes the message being handled to another actor, with its sender and the right to reply:
    /// `return ctx.forward(other)`.
    pub fn forward<R>(&mut self, to: impl Into<Address>) -> Outcome<R> {
        Err(NoReply(Why::Forwarded(to.into())))
    }

    /// Puts the message being handled aside until [`Context::unstash_all`]: `return ctx.stash()`.
    pub fn stash<R>(&mut self) -> Outcome<R> {
        Err(NoReply(Why::Stashed))
    }

    /// Takes up all stashed messages again, oldest first, before any other.
    pub fn unstash_all(&mut self) {
        self.on_stage(|stage| {
            stage.unstash = true;
            stage.attention = true;
        });
    }

    /// Replies later: hands the promise to do so to `keep`. `return ctx.defer(|promise| self.waiting.push(promise))`.
    pub fn defer<R: Send + 'static>(&mut self, keep: impl FnOnce(Promise<R>)) -> Outcome<R> {
        let promise = self.on_stage(|stage| Promise {
            reply: stage.reply.take(),
            by: stage.me,
            asker: stage.sender,
            shared: Arc::clone(&stage.shared),
            kind: stage.kind().and_then(MessageType::reply).unwrap_or_else(MessageType::nothing),
            value: PhantomData,
        });
        keep(promise);
        Err(NoReply(Why::Deferred))
    }

    /// Puts other handlers in force from the next message on.
    pub fn become_new(&mut self, behaviour: Behaviour<A>) {
        self.left.get_or_insert_default().changes.push(Change::Become(behaviour));
    }

    /// Ends the latest behaviour: the one before it is in force again.
    pub fn become_former(&mut self) {
        self.left.get_or_insert_default().changes.push(Change::Unbecome);
    }

    // --- life ------------------------------------------------------------------------------------------------------

    /// Creates a child.
    pub fn spawn<C: Actor>(&mut self, props: impl Into<Props<C>>) -> Result<ActorRef<C>, SpawnError> {
        let spawn = props.into().into_spawn();
        self.on_stage(|stage| stage.spawn(spawn)).map(ActorRef::assume)
    }

    /// Creates a troupe as a child: a pool of actors behind one address.
    pub fn spawn_troupe<C: Actor>(&mut self, troupe: Troupe<C>) -> Result<ActorRef<C>, SpawnError> {
        let spawn = troupe.into_spawn();
        self.on_stage(|stage| stage.spawn(spawn)).map(ActorRef::assume)
    }

    /// Declares how children are supervised from now on.
    pub fn supervise(&mut self, supervision: Supervision) {
        self.on_stage(|stage| stage.life.supervise(supervision));
    }

    /// Stops this actor, after the message being handled.
    pub fn stop(&mut self) {
        self.on_stage(|stage| {
            stage.stop = true;
            stage.attention = true;
        });
    }

    /// In [`Actor::stopping`]: lets the children live on. The root of the system becomes their parent.
    pub fn leave_children(&mut self) {
        self.on_stage(|stage| stage.leave_children = true);
    }

    /// Asks an actor to exit with all its children, after the message it handles now.
    pub fn exit(&mut self, address: impl Into<Address>) {
        self.request_exit(address.into(), true);
    }

    /// Asks an actor to exit, and to leave its children alive.
    pub fn exit_alone(&mut self, address: impl Into<Address>) {
        self.request_exit(address.into(), false);
    }

    fn request_exit(&mut self, address: Address, recursive: bool) {
        self.on_stage(|stage| {
            let signal = Signal::Exit { by: stage.me, reason: ExitReason::Requested, recursive };
            stage.notify(address, Notice::Life(signal));
        });
    }

    /// Asks to be told once, by [`Actor::terminated`], when `address` ends.
    pub fn watch(&mut self, address: impl Into<Address>) {
        let address = address.into();
        self.on_stage(|stage| stage.notify(address, Notice::Life(Signal::Watch { by: stage.me })));
    }

    /// Asks not to be told after all. A notice that is on its way already still arrives.
    pub fn unwatch(&mut self, address: impl Into<Address>) {
        let address = address.into();
        self.on_stage(|stage| stage.notify(address, Notice::Life(Signal::Unwatch { by: stage.me })));
    }

    /// Becomes the handler of dead letters, or ceases to be. The last one to register handles; when it ends, the one
    /// before it. It is not told of its own, or a handler that sends to the dead would never end.
    pub fn handle_dead_letters(&mut self, handle: bool) {
        self.on_stage(|stage| match handle {
            true => stage.shared.handle_dead_letters(Handler { actor: stage.me, hears_itself: false }),
            false => stage.shared.leave_dead_letters(stage.me),
        });
    }

    // --- time ------------------------------------------------------------------------------------------------------

    /// Calls [`Actor::wakeup`] after `delay`, with this payload.
    pub fn wakeup_after(&mut self, delay: Duration, payload: impl Any + Send) -> TimerId {
        self.on_stage(|stage| {
            let id = TimerId(stage.shared.next_timer());
            let due = stage.now().plus(delay);
            stage.wakeup(id, due, TimerPayload::Once(Box::new(payload)));
            id
        })
    }

    /// Calls [`Actor::wakeup`] every `period` from now on, each time with a copy of this payload.
    pub fn wakeup_every(&mut self, period: Duration, payload: impl Any + Send + Clone) -> TimerId {
        self.on_stage(|stage| {
            let id = TimerId(stage.shared.next_timer());
            let due = stage.now().plus(period);
            stage.wakeup(id, due, TimerPayload::Every(period, Box::new(move || Box::new(payload.clone()))));
            id
        })
    }

    /// Cancels a wakeup of this actor: it certainly does not come any more. False when it was not pending.
    pub fn cancel(&mut self, timer: TimerId) -> bool {
        self.on_stage(|stage| stage.cancel_wakeup(timer))
    }

    /// The time since the start of the system.
    pub fn now(&self) -> Duration {
        self.read_stage(|stage| stage.now().since(roscius_protocol::time::Time::ZERO))
    }
}
