//! Troupes: a pool of actors behind one address.
//!
//! The leader gives each message to the worker that has been idle longest, with the original sender, so replies come
//! straight from the worker. It starts workers while there is more work than idle workers, up to a maximum, and
//! dismisses those it does not need. A worker that fails or exits loses nothing: its message goes to another.

use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::pool::{Assignment, Loss, Pool, PoolSize};
use roscius_protocol::supervision::{Decision, Restart};

use crate::actor::{Actor, ChildFailure};
use crate::ask::{Answer, AskError};
use crate::dead_letters::Undelivered;
use crate::declared::Protocol;
use crate::engine::cell::{Cell, Class, Factory, Hook, Origin, Pause, Returned};
use crate::engine::core::Alarm;
use crate::engine::envelope::{Delivery, Envelope, Notice, Parcel};
use crate::engine::lock;
use crate::engine::place::Mailbox;
use crate::engine::shared::{Shared, Spawn};
use crate::engine::stage::{Desk, Extras, Stage};
use crate::message::MessageType;
use crate::outcome::Failure;
use crate::{ActorRef, ActorSystem};

type Make<A> = Arc<Mutex<dyn FnMut() -> Result<A, Failure> + Send>>;

/// How a troupe is to be. Spawn it with [`ActorSystem::spawn_troupe`] or [`Context::spawn_troupe`](crate::Context::spawn_troupe).
///
/// Its address takes what an `A` takes. Each worker has one message at a time.
pub struct Troupe<A> {
    make: Make<A>,
    size: PoolSize,
    attempts: u32,
    linger: Duration,
    name: Option<String>,
    restart: Restart,
    blocking: bool,
}

impl<A: Actor> Troupe<A> {
    /// A troupe of at most ten workers, of which two stay when there is nothing to do.
    pub fn new(mut make: impl FnMut() -> A + Send + 'static) -> Self {
        Self::fallible(move || Ok(make()))
    }

    /// As [`Troupe::new`], with a constructor that can fail.
    pub fn fallible(make: impl FnMut() -> Result<A, Failure> + Send + 'static) -> Self {
        Self {
            make: Arc::new(Mutex::new(make)),
            size: PoolSize { maximum: 10, idle: 2 },
            attempts: 3,
            linger: Duration::from_secs(2),
            name: None,
            restart: Restart::Temporary,
            blocking: false,
        }
    }

    /// The most workers.
    #[must_use]
    pub fn max(mut self, workers: usize) -> Self {
        self.size.maximum = workers.max(1);
        self
    }

    /// How many idle workers stay.
    #[must_use]
    pub fn idle(mut self, workers: usize) -> Self {
        self.size.idle = workers;
        self
    }

    /// How many workers may try a message before it goes back to its sender as poison. Default: three.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long workers beyond the idle count stay. Default: two seconds.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Gives the troupe a name that is unique in its system.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// When the leader is restarted. Default: never. Workers need no restart: the leader replaces them.
    #[must_use]
    pub fn restart(mut self, policy: Restart) -> Self {
        self.restart = policy;
        self
    }

    /// Declares that workers compute or block for long: each then runs on a thread of its own.
    #[must_use]
    pub fn blocking(mut self) -> Self {
        self.blocking = true;
        self
    }

    pub(crate) fn into_spawn(self) -> Spawn {
        let Self { make, size, attempts, linger, name, restart, blocking } = self;
        let origin = LeaderOrigin { make, size, attempts, linger, blocking };
        Spawn { origin: Box::new(origin), name, bound: None, policy: restart, spread: false, extras: None }
    }
}

/// What a troupe is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TroupeStatus {
    /// The most workers.
    pub maximum: usize,
    /// How many idle workers stay.
    pub idle_kept: usize,
    /// Workers, also those being started.
    pub workers: usize,
    /// Workers with nothing to do.
    pub idle: usize,
    /// Messages that wait for a worker.
    pub waiting: usize,
    /// Workers lost so far, by failing or by exiting with work in hand.
    pub lost: u64,
}

/// A message on its way from the leader to a worker, and back if the worker cannot finish it.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) leader: Address,
    pub(crate) envelope: Envelope,
    /// How many workers tried it before.
    pub(crate) tried: u32,
}

impl Work {
    /// What the leader is told when this worker ended before it came to the message.
    pub(crate) fn not_begun(self, worker: Address) -> Notice {
        let failure = Failure::new("the worker exited before it came to this message");
        Notice::WorkReturned(worker, Box::new((self, failure)))
    }
}

/// From who manages a troupe to its leader.
#[derive(Debug)]
pub(crate) struct TroupeOrder {
    resize: Option<PoolSize>,
    reply: oneshot::Sender<Answer>,
}

impl TroupeOrder {
    /// There is no leader to answer it.
    pub(crate) fn refuse(self) {
        // Who does not wait any more needs no answer.
        let _ = self.reply.send(Err(AskError::NoActor));
    }
}

/// Looks into a troupe and changes its size: [`ActorSystem::troupe`].
pub struct TroupeControl {
    shared: Arc<Shared>,
    leader: Address,
}

impl ActorSystem {
    /// Control over the troupe at this address.
    pub fn troupe<A: Actor>(&self, troupe: ActorRef<A>) -> TroupeControl {
        TroupeControl { shared: Arc::clone(self.shared()), leader: troupe.address() }
    }
}

impl TroupeControl {
    /// What the troupe is doing.
    pub fn status(&self) -> Result<TroupeStatus, AskError> {
        self.order(None)
    }

    /// Changes the size of the troupe, at once: returns what it is doing afterwards.
    pub fn resize(&self, maximum: usize, idle: usize) -> Result<TroupeStatus, AskError> {
        self.order(Some(PoolSize { maximum, idle }))
    }

    fn order(&self, resize: Option<PoolSize>) -> Result<TroupeStatus, AskError> {
        if self.shared.is_stopped() {
            return Err(AskError::ShutDown);
        }
        let (reply, receiver) = oneshot::channel();
        let order = Box::new(TroupeOrder { resize, reply });
        self.shared.post(Parcel::Notice(self.leader, Notice::TroupeOrder(order)));
        let answer = self.shared.wait_for_answer(&receiver, Some(Duration::from_secs(10)))?;
        answer.take_any().map_err(|other| AskError::WrongType(other.name()))
    }
}

struct LeaderOrigin<A> {
    make: Make<A>,
    size: PoolSize,
    attempts: u32,
    linger: Duration,
    blocking: bool,
}

impl<A: Actor> Origin for LeaderOrigin<A> {
    fn create(&mut self) -> Result<Box<dyn Cell>, Failure> {
        Ok(Box::new(Leader {
            make: Arc::clone(&self.make),
            // The attempts are counted here: they stay with the work, whatever becomes of the worker.
            pool: Pool::new(self.size, u32::MAX),
            attempts: self.attempts,
            linger: self.linger,
            blocking: self.blocking,
            dismissal_due: false,
            lost: 0,
            actor: PhantomData,
        }))
    }

    fn class(&self) -> &'static Class {
        const {
            &Class {
                name: std::any::type_name::<Troupe<A>>,
                actor_type: TypeId::of::<A>(),
                accepted: A::Protocol::accepted,
            }
        }
    }
}

struct Leader<A> {
    make: Make<A>,
    pool: Pool<Work>,
    attempts: u32,
    linger: Duration,
    blocking: bool,
    dismissal_due: bool,
    lost: u64,
    actor: PhantomData<fn() -> A>,
}

/// The key under which the leader is told that it is time to dismiss workers.
const DISMISSAL: usize = 0;

impl<A: Actor> Leader<A> {
    fn submit(&mut self, envelope: Envelope, stage: &mut Stage) {
        match self.pool.submit(Work { leader: stage.me, envelope, tried: 0 }) {
            Assignment::Give(worker, work) => give(worker, work, stage),
            Assignment::Grow => self.hire(stage),
            Assignment::Queued => {}
        }
    }

    /// Starts a worker for work that waits.
    fn hire(&mut self, stage: &mut Stage) {
        let make = Arc::clone(&self.make);
        let origin = Factory::<A, _>::new(move || (lock(&make))());
        let extras = Extras { troupe: Some(stage.me), blocking: self.blocking, ..Extras::default() };
        let spawn = Spawn {
            origin: Box::new(origin),
            name: None,
            bound: None,
            policy: Restart::Temporary,
            spread: true,
            extras: Some(Box::new(extras)),
        };
        match stage.spawn(spawn) {
            Ok(worker) => {
                if let Some(work) = self.pool.joined(worker) {
                    give(worker, work, stage);
                }
            }
            Err(error) => {
                tracing::error!(troupe = %stage.me, %error, "no worker could be started");
                self.pool.failed_to_start();
            }
        }
    }

    fn worker_ready(&mut self, worker: Address, stage: &mut Stage) {
        if let Some(work) = self.pool.ready(worker) {
            give(worker, work, stage);
        } else if self.pool.workers() > self.pool.size().maximum {
            self.dismiss(stage);
        } else {
            self.plan_dismissal(stage);
        }
    }

    fn work_returned(&mut self, worker: Address, mut work: Work, failure: &Failure, stage: &mut Stage) {
        self.lost += 1;
        work.tried += 1;
        if work.tried >= self.attempts {
            stage.shared.poison(work.envelope, worker, Arc::clone(failure.details()));
            return;
        }
        match self.pool.returned(worker, work) {
            Loss::GivenUp(work) => stage.shared.poison(work.envelope, worker, Arc::clone(failure.details())),
            Loss::Requeued | Loss::Nothing => self.redispatch(stage),
        }
    }

    /// Gives what waits to idle workers, or to new ones.
    fn redispatch(&mut self, stage: &mut Stage) {
        if !stage.life.may_have_children() {
            self.close(stage);
            return;
        }
        while let Some((worker, work)) = self.pool.dispatch() {
            give(worker, work, stage);
        }
        while self.pool.grow() {
            let before = self.pool.waiting();
            self.hire(stage);
            if self.pool.waiting() == before {
                break; // No worker could be started.
            }
        }
    }

    fn plan_dismissal(&mut self, stage: &mut Stage) {
        if self.dismissal_due || self.pool.idle() <= self.pool.size().idle {
            return;
        }
        self.dismissal_due = true;
        let deadline = stage.now().plus(self.linger);
        stage.alarm(deadline, Alarm::Notice(stage.me, Notice::Answered(DISMISSAL)));
    }

    fn dismiss(&mut self, stage: &mut Stage) {
        self.dismissal_due = false;
        for worker in self.pool.dismiss_extra() {
            let signal = roscius_protocol::lifecycle::Signal::Exit {
                by: stage.me,
                reason: roscius_protocol::lifecycle::ExitReason::Requested,
                recursive: true,
            };
            stage.notify(worker, Notice::Life(signal));
        }
    }

    /// Nobody is left to do what waits.
    fn close(&mut self, stage: &mut Stage) {
        for work in self.pool.drain() {
            stage.shared.undelivered(stage.me, work.envelope, Undelivered::Exited);
        }
    }

    fn status(&self) -> TroupeStatus {
        let PoolSize { maximum, idle } = self.pool.size();
        TroupeStatus {
            maximum,
            idle_kept: idle,
            workers: self.pool.workers(),
            idle: self.pool.idle(),
            waiting: self.pool.waiting(),
            lost: self.lost,
        }
    }
}

fn give(worker: Address, work: Work, stage: &mut Stage) {
    stage.notify(worker, Notice::Work(Box::new(work)));
}

impl<A: Actor> Cell for Leader<A> {
    fn run(&mut self, stage: &mut Stage, mailbox: &mut Mailbox, budget: u32) -> Pause {
        for _ in 0..budget {
            let Some(envelope) = mailbox.next_message() else { return Pause::Empty };
            if A::Protocol::accepted().iter().all(|kind| kind.id() != envelope.message.kind().id()) {
                mailbox.put_back(std::iter::once(envelope));
                return Pause::Delivery(Delivery::NotAccepted);
            }
            stage.take_up(Some(envelope.message.kind()));
            stage.handled += 1;
            self.submit(envelope, stage);
        }
        Pause::Budget
    }

    fn hook(&mut self, hook: Hook, stage: &mut Stage) -> Result<(), Failure> {
        match hook {
            Hook::ChildExited(exit) => {
                self.pool.left(exit.child);
                self.redispatch(stage);
            }
            Hook::Answered(DISMISSAL) => self.dismiss(stage),
            Hook::LastWords => self.close(stage),
            _ => {}
        }
        Ok(())
    }

    /// A worker that failed is not restarted: the leader hires another when there is work.
    fn decide(&mut self, _: &ChildFailure, _: &mut Stage) -> Result<Option<Decision>, Failure> {
        Ok(Some(Decision::Stop))
    }

    fn begin(
        self: Box<Self>,
        envelope: Envelope,
        _: Arc<Desk>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Returned> + Send>> {
        Box::pin(async move { Returned { cell: self, envelope, delivery: Delivery::NotAccepted } })
    }

    /// What waits for a worker waits for the next leader.
    fn surrender(&mut self) -> Vec<Envelope> {
        self.pool.drain().map(|work| work.envelope).collect()
    }

    fn manage(&mut self, notice: Notice, stage: &mut Stage) {
        match notice {
            Notice::WorkerReady(worker) => self.worker_ready(worker, stage),
            Notice::WorkReturned(worker, work) => {
                let (work, failure) = *work;
                self.work_returned(worker, work, &failure, stage);
            }
            Notice::TroupeOrder(order) => {
                if let Some(size) = order.resize {
                    self.pool.resize(size);
                    self.redispatch(stage);
                    self.dismiss(stage);
                }
                let status = crate::message::Payload::reply_of(MessageType::nothing(), self.status());
                let _ = order.reply.send(Ok(status));
            }
            _ => {}
        }
    }
}
