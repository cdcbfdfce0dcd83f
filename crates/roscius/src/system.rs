//! The actor system: where actors live, and how external code reaches them.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::lifecycle::{ExitReason, Lifecycle, Signal};
use roscius_protocol::random::Random;
use roscius_protocol::supervision::Supervision;

use crate::actor::Actor;
use crate::address::{ActorRef, Destination};
use crate::ask::{Answer, Ask, AskError, ReplyTo};
use crate::clock::{Clock, ManualClock};
use crate::codec::CodecError;
use crate::declared::Protocol;
use crate::endpoint::Endpoint;
use crate::engine::cell::{NoInstance, Presence};
use crate::engine::core::Core;
use crate::engine::envelope::{Envelope, Notice, Parcel};
use crate::engine::place::Resident;
use crate::engine::shared::{Base, Enclosure, Parts, Shared};
use crate::engine::simple::{Pump, Pumped};
use crate::engine::stage::SendError;
use crate::engine::threads::Crew;
use crate::engine::{lock, room};
use crate::gate::{Gate, SharedGate};
use crate::interceptor::Interceptor;
use crate::message::{Message, MessageType, Payload};
use crate::props::{Props, SpawnError};
use crate::status::{self, Status};
use crate::troupe::Troupe;

/// How long [`ActorSystem::shutdown`] waits for actors to exit.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// How often who waits for an answer without a limit looks whether there can still be one: a handler that never
/// returns keeps the right to answer for itself.
const LOOK_UP: Duration = Duration::from_millis(500);

/// A running actor system. Cloning gives another handle; when the last one is dropped, the system is shut down.
#[derive(Clone)]
pub struct ActorSystem {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    /// The endpoint behind [`ActorSystem::tell`] and [`ActorSystem::ask`].
    outside: Address,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Who wants to know what did not finish has called `shutdown` before; then there is no use in waiting again.
        let limit = if self.shared.is_closing() { Duration::ZERO } else { SHUTDOWN_LIMIT };
        let _ = shut_down(&self.shared, limit);
    }
}

impl ActorSystem {
    /// A system whose actors are scheduled on a few threads. Call [`Builder::start`].
    pub fn threads() -> Builder {
        Builder::new(Kind::Threads)
    }

    /// A system whose actors run in the caller's thread, one message at a time, in the order of sending: the same run
    /// every time. Call [`Builder::start`].
    pub fn simple() -> Builder {
        Builder::new(Kind::Simple)
    }

    /// Creates a top-level actor.
    pub fn spawn<A: Actor>(&self, props: impl Into<Props<A>>) -> Result<ActorRef<A>, SpawnError> {
        self.shared().spawn(props.into().into_spawn()).map(ActorRef::assume)
    }

    /// Creates a troupe: a pool of actors behind one address.
    pub fn spawn_troupe<A: Actor>(&self, troupe: Troupe<A>) -> Result<ActorRef<A>, SpawnError> {
        self.shared().spawn(troupe.into_spawn()).map(ActorRef::assume)
    }

    /// Sends a message. When the mailbox is full and its policy is to wait, blocks until there is room.
    ///
    /// On the base `simple`, runs actors until nothing is left to do.
    pub fn tell<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Result<(), SendError> {
        self.send(to.destination(), message)
    }

    /// Sends a message to an untyped address.
    pub fn send<M: Message>(&self, to: Address, message: M) -> Result<(), SendError> {
        self.shared().send_from_outside(self.handle.outside, to, Payload::new(message), ReplyTo::default())
    }

    /// Sends a message whose answer can be waited for: `.wait()`, or `.await` in asynchronous code.
    pub fn ask<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Ask<M::Reply> {
        self.shared().ask_from_outside::<M>(self.handle.outside, to.destination(), message)
    }

    /// Sends a message of a registered type, given by the type's name and its MessagePack form.
    pub fn send_named(&self, to: Address, name: &str, bytes: &[u8]) -> Result<(), NamedSendError> {
        let shared = self.shared();
        let kind = shared.registry.get(name).ok_or_else(|| NamedSendError::NotRegistered(name.to_owned()))?;
        let payload = Payload::decode(kind, bytes)?;
        shared.send_from_outside(self.handle.outside, to, payload, ReplyTo::default())?;
        Ok(())
    }

    /// An address for external code, with its own inbox.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(Arc::clone(self.shared()), None)
    }

    /// As [`ActorSystem::endpoint`], for who waits in another way than [`Endpoint::listen`]: `on_arrival` is called after
    /// each arrival, for [`Endpoint::take_arrival`]. It is called with locks held, so it must be short and leave the system alone.
    pub fn endpoint_with(&self, on_arrival: impl Fn() + Send + Sync + 'static) -> Endpoint {
        Endpoint::new(Arc::clone(self.shared()), Some(Box::new(on_arrival)))
    }

    /// Asks an actor to exit with all its children.
    pub fn exit(&self, address: impl Into<Address>) {
        let signal = Signal::Exit { by: self.handle.outside, reason: ExitReason::Requested, recursive: true };
        self.shared().post(Parcel::Notice(address.into(), Notice::Life(signal)));
    }

    /// The actor with this global name.
    pub fn lookup(&self, name: &str) -> Option<Address> {
        lock(&self.shared().names).directory.lookup(name)
    }

    /// The actor with this global name, if it is an `A`.
    pub fn lookup_actor<A: Actor>(&self, name: &str) -> Option<ActorRef<A>> {
        let names = lock(&self.shared().names);
        let holder = names.directory.lookup(name)?;
        (names.actor_type(holder) == Some(TypeId::of::<A>())).then(|| ActorRef::assume(holder))
    }

    /// What an actor of type `A` accepts: its declared protocol.
    pub fn protocol_of<A: Actor>() -> Vec<&'static MessageType> {
        A::Protocol::accepted()
    }

    /// Whether somebody has this address at this moment.
    pub fn is_alive(&self, address: impl Into<Address>) -> bool {
        let address = address.into();
        match self.shared().core_of(address) {
            Some(core) => lock(&core.state).houses(address),
            None => self.shared().endpoints.has(address),
        }
    }

    /// What the actor at this address accepts. `None` when nobody is there.
    pub fn accepted_by(&self, address: impl Into<Address>) -> Option<Vec<&'static MessageType>> {
        status::accepted_by(self.shared(), address.into())
    }

    /// What the system is doing.
    pub fn status(&self) -> Status {
        status::take(self.shared())
    }

    /// On the base `simple`: handles one message, wakeup or other event. False when nothing is to be done now. On the
    /// base `threads` always false: it needs no driving.
    pub fn step(&self) -> bool {
        match &self.shared().base {
            Base::Simple(pump) => pump.step(self.shared(), 1, || true) > 0,
            Base::Threads(_) => false,
        }
    }

    /// On the base `simple`: makes at most so many steps (see [`Builder::slices`]), until `done`, which is asked between them and must not use the
    /// system. Returns how many it made. Faster than as many calls of [`ActorSystem::step`].
    pub fn steps(&self, most: usize, done: impl FnMut() -> bool) -> usize {
        match &self.shared().base {
            Base::Simple(pump) => pump.step(self.shared(), most, done),
            Base::Threads(_) => 0,
        }
    }

    /// As [`ActorSystem::steps`], for who must not wait: `None` when another thread drives the actors now, or this one, from
    /// within a handler.
    pub fn try_steps(&self, most: usize, done: impl FnMut() -> bool) -> Option<usize> {
        match &self.shared().base {
            Base::Simple(pump) => pump.try_step(self.shared(), most, done),
            Base::Threads(_) => Some(0),
        }
    }

    /// On the base `simple`: steps until nothing is to be done now.
    pub fn run_until_idle(&self) {
        while self.steps(usize::MAX, || false) > 0 {}
    }

    /// How long it is until the next wakeup or time-out of an actor, if any is set. Zero when it is due.
    pub fn next_alarm(&self) -> Option<Duration> {
        let alarms = self.shared().cores.iter().filter_map(|core| lock(&core.state).next_alarm());
        alarms.min().map(|deadline| deadline.since(self.shared().now()))
    }

    /// Shuts the system down: all actors exit, children before their parents, and what still waits becomes dead
    /// letters. Waits at most ten seconds and says which actors had not exited by then. Can be called again.
    pub fn shutdown(&self) -> Shutdown {
        shut_down(self.shared(), SHUTDOWN_LIMIT)
    }

    /// As [`ActorSystem::shutdown`], with another limit.
    pub fn shutdown_within(&self, limit: Duration) -> Shutdown {
        shut_down(self.shared(), limit)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

impl fmt::Debug for ActorSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorSystem({})", self.shared().node)
    }
}

/// How a shutdown went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "actors that do not exit keep their threads"]
pub struct Shutdown {
    /// Actors that had not exited when the time was over, most likely because a handler does not return.
    pub unfinished: Vec<Address>,
}

impl Shutdown {
    /// Whether all actors have exited.
    pub fn is_complete(&self) -> bool {
        self.unfinished.is_empty()
    }
}

/// Why a message given by name was not sent.
#[derive(Debug, thiserror::Error)]
pub enum NamedSendError {
    /// Nobody registered a type of this name.
    #[error("no message type `{0}` is registered: call `Builder::register` with it before the system starts")]
    NotRegistered(String),
    /// The bytes are no such message.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// It was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simple,
    Threads,
}

/// How an actor system is to be.
pub struct Builder {
    kind: Kind,
    workers: usize,
    reserves: usize,
    slices: bool,
    chance: Option<Random>,
    supervision: Supervision,
    clock: Option<ManualClock>,
    node: Option<NodeId>,
    serialises: bool,
    interceptor: Option<Box<dyn Interceptor>>,
    registry: BTreeMap<&'static str, &'static MessageType>,
    #[cfg(feature = "tokio")]
    runtime: Option<tokio::runtime::Handle>,
    enclosure: Option<Enclosure>,
    gate: Option<SharedGate>,
}

impl Builder {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            // To count the processors means to read files, which the base `simple` has no use for.
            workers: match kind {
                Kind::Simple => 1,
                Kind::Threads => std::thread::available_parallelism().map_or(1, usize::from),
            },
            reserves: 256,
            slices: false,
            chance: None,
            supervision: Supervision::default(),
            clock: None,
            node: None,
            serialises: false,
            interceptor: None,
            registry: BTreeMap::new(),
            #[cfg(feature = "tokio")]
            runtime: None,
            enclosure: None,
            gate: None,
        }
    }

    /// How many threads schedule actors. Default: as many as the machine has cores. At most 254.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// How many more threads may help out while handlers compute or block for long. Default: 256.
    #[must_use]
    pub fn reserve_threads(mut self, threads: usize) -> Self {
        self.reserves = threads;
        self
    }

    /// On the base `simple`: an actor handles up to 64 messages in one step, which is several times faster. What two actors send
    /// each other stays in order, but what all of them do is no longer in the order of sending.
    #[must_use]
    pub fn slices(mut self, yes: bool) -> Self {
        self.slices = yes;
        self
    }

    /// On the base `simple`: which of the actors that have something to do is played next is drawn from this seed, in place of the order
    /// of sending. What two actors send each other stays in order, so it is one of the orders that threads could give, and the same for the
    /// same seed. For tests of what a program does in other orders than the usual one.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.chance = Some(Random::new(seed));
        self
    }

    /// How top-level actors are supervised.
    #[must_use]
    pub fn supervision(mut self, supervision: Supervision) -> Self {
        self.supervision = supervision;
        self
    }

    /// Takes the time from this clock, which stands still until a test moves it.
    #[must_use]
    pub fn clock(mut self, clock: &ManualClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// The incarnation number in all addresses. Default: a new random one. Set it for runs that must be the same.
    #[must_use]
    pub fn node(mut self, node: NodeId) -> Self {
        self.node = Some(node);
        self
    }

    /// Serialises every message, to find out in a test what could not leave the process.
    #[must_use]
    pub fn serialize_messages(mut self, yes: bool) -> Self {
        self.serialises = yes;
        self
    }

    /// Lets this interceptor see every message on its way.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl Interceptor) -> Self {
        self.interceptor = Some(Box::new(interceptor));
        self
    }

    /// Lets messages of type `M` be sent by name.
    #[must_use]
    pub fn register<M: Message>(mut self) -> Self {
        self.registry.insert(M::NAME, MessageType::of::<M>());
        self
    }

    /// Lets all messages that an `A` accepts be sent by name.
    #[must_use]
    pub fn register_protocol<A: Actor>(mut self) -> Self {
        for kind in A::Protocol::accepted() {
            self.registry.insert(kind.name(), kind);
        }
        self
    }

    /// Polls asynchronous handlers inside this runtime, so that they can use its I/O and timers.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn runtime(mut self, runtime: tokio::runtime::Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Has each thread of the system run inside this function, from its start to its end: it calls what it is given,
    /// once. For code that wants something to be there for the whole life of a thread, such as the state of an interpreter.
    #[must_use]
    pub fn around_threads(mut self, enclose: impl Fn(&mut (dyn FnMut() + Send)) + Send + Sync + 'static) -> Self {
        self.enclosure = Some(Arc::new(enclose));
        self
    }

    /// Gives what is for other nodes to this gate. Without one it is a dead letter.
    #[must_use]
    pub fn gate(mut self, gate: Arc<dyn Gate>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// Starts the system.
    pub fn start(self) -> Result<ActorSystem, StartError> {
        if self.workers == 0 || self.workers > 254 {
            return Err(StartError::Workers(self.workers));
        }
        self.supervision.backoff.check()?;
        let node = self.node.unwrap_or_else(random_node);
        let simple = self.kind == Kind::Simple;
        let in_order = simple && !self.slices;
        let chance = self.chance.filter(|_| in_order);
        let cores: Vec<_> = (0..if simple { 1 } else { self.workers })
            .map(|index| Core::new(node, index as u8, in_order, chance.clone()))
            .collect();
        let nobody = Address::nobody(node);
        let root = Resident {
            life: Lifecycle::root(nobody, self.supervision),
            presence: Presence::Gone,
            origin: Box::new(NoInstance),
            extras: None,
        };
        let root = lock(&cores[0].state).settle(root, None, false).map_err(|_| StartError::Workers(self.workers))?;
        let shared = Arc::new(Shared::new(Parts {
            node,
            cores,
            base: if simple { Base::Simple(Pump::new(self.slices)) } else { Base::Threads(Crew::new(self.reserves)) },
            clock: match &self.clock {
                Some(clock) => Clock::Manual(clock.clone()),
                None => Clock::Real(Instant::now()),
            },
            root,
            registry: self.registry,
            serialises: self.serialises,
            interceptor: self.interceptor,
            #[cfg(feature = "tokio")]
            runtime: self.runtime,
            enclosure: self.enclosure,
            gate: self.gate,
        }));
        shared.endpoints.belong_to(&shared);
        if let Some(clock) = &self.clock {
            clock.follow(&shared);
        }
        if let Base::Threads(crew) = &shared.base
            && let Err(error) = crew.start(&shared)
        {
            // Those that were started end.
            shared.closing.store(true, Ordering::Release);
            shared.note_root_end();
            return Err(error.into());
        }
        Ok(ActorSystem { handle: Arc::new(Handle { outside: nobody, shared }) })
    }
}

/// Why a system did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There must be at least one worker, and at most 254.
    #[error("{0} workers are not possible: choose 1 to 254")]
    Workers(usize),
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The back-off of the supervision of top-level actors makes no sense.
    #[error(transparent)]
    Backoff(#[from] roscius_protocol::backoff::InvalidBackoff),
}

/// A number that no other start has, as good as certainly.
fn random_node() -> NodeId {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    NodeId::new(hasher.finish())
}

fn shut_down(shared: &Arc<Shared>, limit: Duration) -> Shutdown {
    let deadline = Instant::now() + limit;
    if !shared.closing.swap(true, Ordering::AcqRel) {
        let signal = Signal::Exit { by: shared.root, reason: ExitReason::Shutdown, recursive: true };
        shared.post(Parcel::Notice(shared.root, Notice::Life(signal)));
        for core in &shared.cores {
            // External code that waits for room looks at `closing` with the state locked.
            drop(lock(&core.state));
            core.room.notify_all();
        }
    }
    match &shared.base {
        Base::Simple(pump) => {
            let deadline = shared.now().plus(limit);
            let pumped = pump.run(shared, Some(deadline), || *lock(&shared.root_ended));
            let unfinished = status::living(shared);
            if pumped == Pumped::Done {
                pump.close();
                shared.sweep();
            }
            Shutdown { unfinished }
        }
        Base::Threads(crew) => {
            let mut ended = lock(&shared.root_ended);
            while !*ended {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                (ended, _) = shared.root_ends.wait_timeout(ended, left).unwrap_or_else(PoisonError::into_inner);
            }
            let complete = *ended;
            drop(ended);
            if complete {
                crew.join(deadline);
                shared.sweep();
                return Shutdown { unfinished: Vec::new() };
            }
            let unfinished = status::living(shared);
            shared.given_up.store(true, Ordering::Release);
            tracing::error!(actors = unfinished.len(), "actors did not exit in time; their threads are left behind");
            Shutdown { unfinished }
        }
    }
}

impl Shared {
    pub(crate) fn is_simple(&self) -> bool {
        matches!(self.base, Base::Simple(_))
    }

    /// On the base `simple`, runs actors in this thread until `done` or the time is over. Else returns at once.
    pub(crate) fn drive_until(self: &Arc<Self>, timeout: Option<Duration>, done: impl FnMut() -> bool) -> Pumped {
        match &self.base {
            Base::Simple(pump) => {
                let deadline = timeout.map(|timeout| self.now().plus(timeout));
                pump.run(self, deadline, done)
            }
            Base::Threads(_) => Pumped::Done,
        }
    }

    /// Sends for external code, which may be made to wait. On the base `simple` the actors run until nothing is left to do.
    pub(crate) fn send_from_outside(
        self: &Arc<Self>,
        sender: Address,
        to: Address,
        message: Payload,
        reply: ReplyTo,
    ) -> Result<(), SendError> {
        self.post_from_outside(sender, to, message, reply)?;
        self.drive_until(None, || false);
        Ok(())
    }

    /// As [`Shared::send_from_outside`], without running actors.
    pub(crate) fn post_from_outside(
        self: &Arc<Self>,
        sender: Address,
        to: Address,
        message: Payload,
        reply: ReplyTo,
    ) -> Result<(), SendError> {
        let mut envelope = Envelope { sender, reply, message };
        if self.is_closing() {
            return Err(room::shut_down(envelope));
        }
        if self.inspects {
            match self.inspect(to, envelope) {
                Some(passed) => envelope = passed,
                None => return Ok(()),
            }
        }
        if self.asks_for_room(to) {
            self.offer_from_outside(to, envelope)?;
        } else {
            self.post(Parcel::Message(to, envelope));
        }
        Ok(())
    }

    pub(crate) fn ask_from_outside<M: Message>(
        self: &Arc<Self>,
        sender: Address,
        to: Address,
        message: M,
    ) -> Ask<M::Reply> {
        let (answer, receiver) = oneshot::channel();
        // A refusal reaches the asker through the answer.
        let _ = self.send_from_outside(sender, to, Payload::new(message), ReplyTo::new(answer));
        Ask::new(receiver, Arc::clone(self))
    }

    /// Waits for the answer to an ask in the thread of external code.
    pub(crate) fn wait_for_answer(
        self: &Arc<Self>,
        receiver: &oneshot::Receiver<Answer>,
        timeout: Option<Duration>,
    ) -> Answer {
        if self.is_simple() {
            let pumped = self.drive_until(timeout, || receiver.has_message() || receiver.is_closed());
            return match (receiver.try_recv(), pumped) {
                (Ok(answer), _) => answer,
                (Err(oneshot::TryRecvError::Disconnected), _) => Err(AskError::Abandoned),
                (Err(oneshot::TryRecvError::Empty), Pumped::Within) => Err(AskError::WouldBlock),
                (Err(oneshot::TryRecvError::Empty), _) => Err(AskError::TimedOut),
            };
        }
        loop {
            match receiver.recv_timeout(timeout.unwrap_or(LOOK_UP)) {
                Ok(answer) => return answer,
                Err(oneshot::RecvTimeoutError::Disconnected) => return Err(AskError::Abandoned),
                Err(oneshot::RecvTimeoutError::Timeout) if timeout.is_some() => return Err(AskError::TimedOut),
                Err(oneshot::RecvTimeoutError::Timeout) if self.given_up.load(Ordering::Acquire) => {
                    return Err(AskError::ShutDown);
                }
                Err(oneshot::RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
