//! An actor with its type erased.

use std::any::TypeId;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use roscius_protocol::supervision::Decision;
use roscius_protocol::time::Time;
use roscius_protocol::timers::TimerKey;
use slab::Slab;

use super::envelope::{Delivery, Envelope, Notice};
use super::place::Mailbox;
use super::stage::{Desk, Stage};
use crate::actor::{Actor, ChildExited, ChildFailure, Poison, Terminated, Wakeup};
use crate::ask::{Answer, AskError};
use crate::behaviour::Behaviour;
use crate::context::{Context, Left};
use crate::dead_letters::DeadLetter;
use crate::declared::Protocol;
use crate::message::MessageType;
use crate::outcome::Failure;

/// Makes instances of one actor.
pub(crate) trait Origin: Send {
    fn create(&mut self) -> Result<Box<dyn Cell>, Failure>;
    fn class(&self) -> &'static Class;
}

/// What is known about a type of actors.
pub(crate) struct Class {
    pub(crate) name: fn() -> &'static str,
    pub(crate) actor_type: TypeId,
    pub(crate) accepted: fn() -> Vec<&'static MessageType>,
}

impl Class {
    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }

    pub(crate) fn accepted(&self) -> Vec<&'static MessageType> {
        (self.accepted)()
    }
}

/// Whether there is an instance.
pub(crate) enum Presence {
    /// To be created.
    Unborn,
    Alive(Box<dyn Cell>),
    /// Inside the future of its asynchronous handler.
    Waiting(Pin<Box<dyn Future<Output = Returned> + Send>>, Arc<Desk>),
    /// Dropped.
    Gone,
}

/// What comes back from an asynchronous handler.
pub(crate) struct Returned {
    pub(crate) cell: Box<dyn Cell>,
    pub(crate) envelope: Envelope,
    pub(crate) delivery: Delivery,
}

/// What is told to an instance beside messages.
pub(crate) enum Hook {
    Started,
    LastWords,
    ChildExited(ChildExited),
    Terminated(Terminated),
    Wakeup(Wakeup),
    Poisoned(Poison),
    DeadLetter(DeadLetter),
    Answered(usize),
}

/// Why a cell stopped handling messages.
pub(crate) enum Pause {
    /// No message is left.
    Empty,
    /// It has handled as many as it may in one go.
    Budget,
    /// It has taken long: others come first.
    Time,
    /// The context asks to look at something.
    Asked,
    /// The first message in the mailbox needs more than its handler.
    Delivery(Delivery),
}

/// An actor of some type.
pub(crate) trait Cell: Send {
    /// Handles messages until something else is to be done. What is being handled stays first in the mailbox.
    fn run(&mut self, stage: &mut Stage, mailbox: &mut Mailbox, budget: u32) -> Pause;
    fn hook(&mut self, hook: Hook, stage: &mut Stage) -> Result<(), Failure>;
    fn decide(&mut self, failure: &ChildFailure, stage: &mut Stage) -> Result<Option<Decision>, Failure>;
    /// Handles one message for which the stage is at a desk, if that can be done at once.
    fn at_once(&mut self, _envelope: &mut Envelope, _desk: &Arc<Desk>) -> Option<Delivery> {
        None
    }
    /// Handles one message asynchronously.
    fn begin(self: Box<Self>, envelope: Envelope, desk: Arc<Desk>) -> Pin<Box<dyn Future<Output = Returned> + Send>>;
    /// Manages a troupe. Other actors have nothing to manage.
    fn manage(&mut self, _notice: Notice, _stage: &mut Stage) {}
    /// Gives back the messages that it has taken up and not handled, oldest first, before it is dropped.
    fn surrender(&mut self) -> Vec<Envelope> {
        Vec::new()
    }
}

/// The origin of the root, which has a life but no instance, and of nobody in an empty place.
pub(crate) struct NoInstance;

impl Origin for NoInstance {
    fn create(&mut self) -> Result<Box<dyn Cell>, Failure> {
        Err(Failure::new("the root of a system has no instance"))
    }

    fn class(&self) -> &'static Class {
        const { &Class { name: || "root", actor_type: TypeId::of::<Self>(), accepted: Vec::new } }
    }
}

/// Makes actors of type `A` with a closure.
pub(crate) struct Factory<A, F> {
    make: F,
    actor: PhantomData<fn() -> A>,
}

impl<A: Actor, F: FnMut() -> Result<A, Failure> + Send> Factory<A, F> {
    pub(crate) fn new(make: F) -> Self {
        Self { make, actor: PhantomData }
    }
}

impl<A: Actor, F: FnMut() -> Result<A, Failure> + Send> Origin for Factory<A, F> {
    fn create(&mut self) -> Result<Box<dyn Cell>, Failure> {
        let actor = (self.make)()?;
        // An instance that happens to be all zeros would be taken for a request for zeroed memory, which is slower.
        Ok(Box::new(std::hint::black_box(Typed { actor, behaviours: None, continuations: None })))
    }

    fn class(&self) -> &'static Class {
        const { &Class { name: std::any::type_name::<A>, actor_type: TypeId::of::<A>(), accepted: A::Protocol::accepted } }
    }
}

/// What happens with the answer to an ask of a synchronous handler.
struct Continuation<A: Actor> {
    receiver: oneshot::AsyncReceiver<Answer>,
    /// An answer that was there before the actor could wait for it.
    arrived: Option<Answer>,
    deadline: Option<(Time, TimerKey)>,
    then: Then<A>,
}

/// The answer, if it is there; else the waker is called when it is.
fn look(receiver: &mut oneshot::AsyncReceiver<Answer>, waker: &Waker) -> Option<Answer> {
    match Pin::new(receiver).poll(&mut std::task::Context::from_waker(waker)) {
        Poll::Ready(Ok(answer)) => Some(answer),
        Poll::Ready(Err(_)) => Some(Err(AskError::Abandoned)),
        Poll::Pending => None,
    }
}

/// Called with the answer.
pub(crate) type Then<A> = Box<dyn FnOnce(&mut A, Answer, &mut Context<A>) -> Result<(), Failure> + Send>;

/// An ask of a synchronous handler that is not yet waited for.
pub(crate) struct Asked<A: Actor> {
    pub(crate) receiver: oneshot::AsyncReceiver<Answer>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) then: Then<A>,
}

/// Changes that a handler made to its own cell, applied when it has returned.
pub(crate) enum Change<A: Actor> {
    Become(Behaviour<A>),
    Unbecome,
}

/// An actor of type `A`.
struct Typed<A: Actor> {
    actor: A,
    /// Boxed, since few actors have any and all have the field.
    #[expect(clippy::box_collection)]
    behaviours: Option<Box<Vec<Behaviour<A>>>>,
    continuations: Option<Box<Continuations<A>>>,
}

/// The answers that an actor waits for, and what wakes it for each.
struct Continuations<A: Actor> {
    waiting: Slab<Continuation<A>>,
    /// By the key of what waits. They are used again.
    wakers: Vec<Waker>,
}

impl<A: Actor> Default for Continuations<A> {
    fn default() -> Self {
        Self { waiting: Slab::new(), wakers: Vec::new() }
    }
}

impl<A: Actor> Typed<A> {
    #[inline]
    fn dispatch(&mut self, envelope: &mut Envelope, ctx: &mut Context<A>) -> Delivery {
        if let Some(behaviour) = self.behaviours.as_mut().and_then(|all| all.last_mut())
            && let Some(delivery) = behaviour.deliver(&mut self.actor, envelope, ctx)
        {
            return delivery;
        }
        A::Protocol::deliver(&mut self.actor, envelope, ctx)
    }

    /// Takes over what the handler left in its context.
    #[inline(always)]
    fn settle(&mut self, ctx: &mut Context<A>) {
        if let Some(left) = ctx.left.take() {
            self.take_over(*left, ctx);
        }
    }

    #[cold]
    fn take_over(&mut self, left: Left<A>, ctx: &mut Context<A>) {
        for change in left.changes {
            let behaviours = self.behaviours.get_or_insert_default();
            match change {
                Change::Become(behaviour) => behaviours.push(behaviour),
                Change::Unbecome => {
                    behaviours.pop();
                }
            }
        }
        for asked in left.asked {
            self.wait_for(asked, ctx);
        }
    }

    fn wait_for(&mut self, asked: Asked<A>, ctx: &mut Context<A>) {
        let Asked { mut receiver, timeout, then } = asked;
        let Continuations { waiting, wakers } = &mut **self.continuations.get_or_insert_default();
        let entry = waiting.vacant_entry();
        let key = entry.key();
        ctx.on_stage(|stage| {
            // A slab gives out the lowest keys first.
            if key == wakers.len() {
                wakers.push(stage.answer_waker(key));
            }
            let deadline = timeout.map(|timeout| stage.answer_deadline(timeout, key));
            let arrived = look(&mut receiver, &wakers[key]);
            if arrived.is_some() {
                // The actor is told between two messages, as always.
                stage.note_answer(key);
            }
            entry.insert(Continuation { receiver, arrived, deadline, then });
        });
    }

    fn answered(&mut self, key: usize, ctx: &mut Context<A>) -> Result<(), Failure> {
        let Some(Continuations { waiting, wakers }) = self.continuations.as_deref_mut() else { return Ok(()) };
        let Some(continuation) = waiting.get_mut(key) else { return Ok(()) };
        let arrived = continuation.arrived.take().or_else(|| look(&mut continuation.receiver, &wakers[key]));
        let answer = match (arrived, continuation.deadline) {
            (Some(answer), _) => answer,
            (None, Some((deadline, _))) if ctx.on_stage(|stage| stage.now()) >= deadline => Err(AskError::TimedOut),
            (None, _) => return Ok(()),
        };
        let continuation = waiting.remove(key);
        if let Some((_, timer)) = continuation.deadline {
            ctx.on_stage(|stage| stage.cancel(timer));
        }
        (continuation.then)(&mut self.actor, answer, ctx)
    }

    fn guarded<R>(
        &mut self,
        stage: &mut Stage,
        call: impl FnOnce(&mut Self, &mut Context<A>) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        catch_unwind(AssertUnwindSafe(|| {
            let mut ctx = Context::on(stage);
            let result = call(self, &mut ctx);
            self.settle(&mut ctx);
            result
        }))
        .unwrap_or_else(|panic| Err(Failure::panic(&*panic)))
    }
}

impl<A: Actor> Cell for Typed<A> {
    fn run(&mut self, stage: &mut Stage, mailbox: &mut Mailbox, budget: u32) -> Pause {
        let (waiting, handled) = (mailbox.messages(), stage.handled);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let tick = stage.shared.tick();
            let mut ctx = Context::on(stage);
            for _ in 0..budget {
                let Some(envelope) = mailbox.first_message() else { return Pause::Empty };
                ctx.receive(envelope);
                let delivery = self.dispatch(envelope, &mut ctx);
                self.settle(&mut ctx);
                match delivery {
                    Delivery::Handled => {
                        drop(mailbox.next_message());
                        ctx.handled();
                    }
                    other => return Pause::Delivery(other),
                }
                if ctx.wants_attention() {
                    return Pause::Asked;
                }
                if ctx.tick() != tick {
                    return Pause::Time;
                }
            }
            Pause::Budget
        }));
        unwound.unwrap_or_else(|panic| {
            let failure = Failure::panic(&*panic);
            // What is handled leaves the mailbox before it is counted: it was its destructor that panicked.
            if waiting - mailbox.messages() > (stage.handled - handled) as usize {
                tracing::error!(actor = %stage.me, %failure, "dropping a message panicked");
                Context::<A>::on(stage).handled();
                return Pause::Asked;
            }
            Pause::Delivery(Delivery::Failed(failure))
        })
    }

    fn hook(&mut self, hook: Hook, stage: &mut Stage) -> Result<(), Failure> {
        self.guarded(stage, |cell, ctx| {
            let actor = &mut cell.actor;
            match hook {
                Hook::Started => return actor.started(ctx),
                Hook::LastWords => actor.stopping(ctx),
                Hook::ChildExited(exit) => actor.child_exited(&exit, ctx),
                Hook::Terminated(end) => actor.terminated(&end, ctx),
                Hook::Wakeup(wakeup) => actor.wakeup(wakeup, ctx),
                Hook::Poisoned(poison) => actor.poisoned(poison, ctx),
                Hook::DeadLetter(letter) => actor.dead_letter(letter, ctx),
                Hook::Answered(key) => return cell.answered(key, ctx),
            }
            Ok(())
        })
    }

    fn decide(&mut self, failure: &ChildFailure, stage: &mut Stage) -> Result<Option<Decision>, Failure> {
        self.guarded(stage, |cell, ctx| Ok(cell.actor.supervise(failure, ctx)))
    }

    fn at_once(&mut self, envelope: &mut Envelope, desk: &Arc<Desk>) -> Option<Delivery> {
        let mut ctx = Context::at(Arc::clone(desk));
        ctx.receive(envelope);
        let handling = AssertUnwindSafe(|| A::Protocol::deliver_at_once(&mut self.actor, envelope, &mut ctx));
        let delivery = catch_unwind(handling).unwrap_or_else(|panic| Some(Delivery::Failed(Failure::panic(&*panic))));
        match delivery {
            Some(Delivery::Handled) => ctx.handled(),
            // The handler that goes on takes the right to reply up again.
            None => envelope.reply = ctx.on_stage(|stage| stage.reply.take()),
            Some(_) => {}
        }
        self.settle(&mut ctx);
        delivery
    }

    fn begin(self: Box<Self>, envelope: Envelope, desk: Arc<Desk>) -> Pin<Box<dyn Future<Output = Returned> + Send>> {
        let mut cell = self;
        let mut envelope = envelope;
        Box::pin(async move {
            let mut ctx = Context::at(desk);
            ctx.receive(&mut envelope);
            let handling = A::Protocol::deliver_async(&mut cell.actor, &mut envelope, &mut ctx);
            let delivery = Contained { handling }.await;
            if matches!(delivery, Delivery::Handled) {
                ctx.handled();
            }
            cell.settle(&mut ctx);
            Returned { cell, envelope, delivery }
        })
    }
}

pin_project_lite::pin_project! {
    /// A handler under way: a panic in it is a failure, and its actor and message are kept.
    struct Contained<F> {
        #[pin]
        handling: F,
    }
}

impl<F: Future<Output = Delivery>> Future for Contained<F> {
    type Output = Delivery;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Delivery> {
        let handling = self.project().handling;
        catch_unwind(AssertUnwindSafe(|| handling.poll(cx)))
            .unwrap_or_else(|panic| Poll::Ready(Delivery::Failed(Failure::panic(&*panic))))
    }
}
