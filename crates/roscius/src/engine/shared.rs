//! What all cores of a system share, and where everything goes that is not on its normal way.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::Waker;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::lifecycle::{ExitReason, Lifecycle, Signal};
use roscius_protocol::mailbox::Bound;
use roscius_protocol::names::{Directory, NameTaken, check_name};
use roscius_protocol::supervision::Restart;
use roscius_protocol::time::Time;
use roscius_protocol::timers::TimerKey;

use super::cell::{Origin, Presence};
use super::core::{Alarm, Core};
use super::envelope::{Envelope, Notice, Parcel};
use super::lobby::Lobby;
use super::place::Resident;
use super::simple::Pump;
use super::stage::Extras;
use super::threads::Crew;
use super::{contain, lock};
use crate::actor::Poison;
use crate::ask::{Answer, AskError, ReplyTo, late_reply};
use crate::clock::Clock;
use crate::dead_letters::{DeadLetter, Handler, Office, Undelivered};
use crate::endpoint::Endpoints;
use crate::gate::{Crossing, SharedGate};
use crate::interceptor::{InTransit, Interceptor, Verdict as Passage};
use crate::message::{MessageType, Payload};
use crate::props::SpawnError;

/// A task that is to be woken later. Dropping it cancels that.
pub(crate) struct WakeCall {
    shared: Arc<Shared>,
    key: TimerKey,
    waker: Waker,
}

impl WakeCall {
    /// Whether it wakes the task of this waker.
    pub(crate) fn wakes(&self, waker: &Waker) -> bool {
        self.waker.will_wake(waker)
    }
}

impl Drop for WakeCall {
    fn drop(&mut self) {
        let cancelled = lock(&self.shared.cores[0].state).timers.cancel(self.key);
        drop(cancelled);
    }
}

/// Who drives the cores.
pub(crate) enum Base {
    Simple(Pump),
    Threads(Crew),
}

/// What all cores of a system share.
pub(crate) struct Shared {
    pub(crate) node: NodeId,
    pub(crate) cores: Vec<Core>,
    pub(crate) base: Base,
    pub(crate) clock: Clock,
    /// The parent of all actors that external code makes.
    pub(crate) root: Address,
    pub(crate) names: Mutex<Names>,
    pub(crate) office: Office,
    pub(crate) endpoints: Endpoints,
    pub(crate) lobby: Lobby,
    pub(crate) registry: BTreeMap<&'static str, &'static MessageType>,
    pub(crate) counters: Counters,
    /// Whether messages are looked at on their way: an interceptor, or the switch that serialises all of them.
    pub(crate) inspects: bool,
    pub(crate) serialises: bool,
    pub(crate) interceptor: Option<Box<dyn Interceptor>>,
    #[cfg(feature = "tokio")]
    pub(crate) runtime: Option<tokio::runtime::Handle>,
    enclosure: Option<Enclosure>,
    /// The way to other nodes.
    pub(crate) gate: Option<SharedGate>,
    next_core: AtomicUsize,
    next_timer: AtomicU64,
    /// Counts the looks of the sentry: a slice during which it changes takes long.
    ticks: AtomicU32,
    /// No new actors, and the threads end when the root has ended.
    pub(crate) closing: AtomicBool,
    /// Nobody drives the cores any more: whoever posts to them deals with what he posted.
    pub(crate) swept: AtomicBool,
    /// A shutdown was given up, because a handler did not return.
    pub(crate) given_up: AtomicBool,
    pub(crate) root_ended: Mutex<bool>,
    pub(crate) root_ends: Condvar,
}

/// Global names, with the types of the actors that hold them.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) directory: Directory<Address>,
    types: BTreeMap<Address, TypeId>,
}

impl Names {
    pub(crate) fn actor_type(&self, holder: Address) -> Option<TypeId> {
        self.types.get(&holder).copied()
    }
}

/// What a system counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    failures: AtomicU64,
    restarts: AtomicU64,
    returned: AtomicU64,
}

impl Counters {
    pub(crate) fn failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    pub(crate) fn returned(&self) -> u64 {
        self.returned.load(Ordering::Relaxed)
    }
}

/// An actor to be made, with its type erased.
pub(crate) struct Spawn {
    pub(crate) origin: Box<dyn Origin>,
    pub(crate) name: Option<String>,
    pub(crate) bound: Option<Bound>,
    pub(crate) policy: Restart,
    pub(crate) spread: bool,
    pub(crate) extras: Option<Box<Extras>>,
}

/// What a [`Shared`] is made of.
pub(crate) struct Parts {
    pub(crate) node: NodeId,
    pub(crate) cores: Vec<Core>,
    pub(crate) base: Base,
    pub(crate) clock: Clock,
    pub(crate) root: Address,
    pub(crate) registry: BTreeMap<&'static str, &'static MessageType>,
    pub(crate) serialises: bool,
    pub(crate) interceptor: Option<Box<dyn Interceptor>>,
    #[cfg(feature = "tokio")]
    pub(crate) runtime: Option<tokio::runtime::Handle>,
    pub(crate) enclosure: Option<Enclosure>,
    pub(crate) gate: Option<SharedGate>,
}

/// Runs what a thread of the system does, all of it.
pub(crate) type Enclosure = Arc<dyn Fn(&mut (dyn FnMut() + Send)) + Send + Sync>;

impl Shared {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            node: parts.node,
            cores: parts.cores,
            base: parts.base,
            clock: parts.clock,
            root: parts.root,
            names: Mutex::default(),
            office: Office::default(),
            endpoints: Endpoints::new(parts.node),
            lobby: Lobby::default(),
            registry: parts.registry,
            counters: Counters::default(),
            inspects: parts.serialises || parts.interceptor.is_some(),
            serialises: parts.serialises,
            interceptor: parts.interceptor,
            #[cfg(feature = "tokio")]
            runtime: parts.runtime,
            enclosure: parts.enclosure,
            gate: parts.gate,
            next_core: AtomicUsize::new(0),
            next_timer: AtomicU64::new(1),
            ticks: AtomicU32::new(0),
            closing: AtomicBool::new(false),
            swept: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            root_ended: Mutex::new(false),
            root_ends: Condvar::new(),
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    #[inline]
    pub(crate) fn tick(&self) -> u32 {
        self.ticks.load(Ordering::Relaxed)
    }

    pub(crate) fn count_tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn next_timer(&self) -> u64 {
        self.next_timer.fetch_add(1, Ordering::Relaxed)
    }

    /// The core for the next actor that is not placed with its parent.
    pub(crate) fn next_core(&self) -> u8 {
        (self.next_core.fetch_add(1, Ordering::Relaxed) % self.cores.len()) as u8
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// The core that holds an address of this system.
    pub(crate) fn core_of(&self, address: Address) -> Option<&Core> {
        if address.node() != self.node {
            return None;
        }
        self.cores.get(address.core() as usize)
    }

    /// Runs a thread of the system, as its builder was told to.
    pub(crate) fn run_thread(&self, run: impl FnOnce() + Send) {
        let Some(enclosure) = &self.enclosure else { return self.in_runtime(run) };
        let mut run = Some(run);
        enclosure(&mut || {
            if let Some(run) = run.take() {
                self.in_runtime(run);
            }
        });
    }

    /// Drives inside the runtime whose I/O handlers may use.
    pub(crate) fn in_runtime<R>(&self, drive: impl FnOnce() -> R) -> R {
        #[cfg(feature = "tokio")]
        let _guard = self.runtime.as_ref().map(tokio::runtime::Handle::enter);
        drive()
    }

    /// Wakes a task at `deadline`, unless what is returned is dropped before.
    pub(crate) fn wake_at(self: &Arc<Self>, deadline: Time, waker: Waker) -> WakeCall {
        let core = &self.cores[0];
        let key = lock(&core.state).timers.schedule(deadline, Alarm::Wake(waker.clone()));
        core.wake();
        WakeCall { shared: Arc::clone(self), key, waker }
    }

    /// Delivers a parcel from outside of any driver.
    pub(crate) fn post(&self, parcel: Parcel) {
        match self.core_of(parcel.to()) {
            Some(core) => {
                core.post(parcel);
                if self.swept.load(Ordering::Relaxed) {
                    self.sweep();
                }
            }
            None => {
                if let Err(parcel) = self.post_external(parcel) {
                    self.lose(parcel);
                }
            }
        }
    }

    /// As [`Shared::post`], for many: a core is rung once for all that follow each other.
    pub(crate) fn post_all(&self, parcels: impl Iterator<Item = Parcel>) {
        let (mut batch, mut at) = (Vec::new(), 0);
        for parcel in parcels {
            let to = parcel.to();
            if self.core_of(to).is_none() {
                self.post(parcel);
                continue;
            }
            if to.core() != at {
                self.post_batch(at, &mut batch);
                at = to.core();
            }
            batch.push(parcel);
        }
        self.post_batch(at, &mut batch);
    }

    fn post_batch(&self, core: u8, batch: &mut Vec<Parcel>) {
        if batch.is_empty() {
            return;
        }
        self.cores[core as usize].post_all(batch);
        if self.swept.load(Ordering::Relaxed) {
            self.sweep();
        }
    }

    /// Deals with what arrives when nobody drives the cores any more.
    pub(crate) fn sweep(&self) {
        // Set before the cores are looked at: what is not seen there was posted by somebody who sees this.
        self.swept.store(true, Ordering::Relaxed);
        let mut parcels = Vec::new();
        for core in &self.cores {
            core.collect(&mut parcels);
            for parcel in parcels.drain(..) {
                self.lose(parcel);
            }
        }
    }

    /// Delivers a parcel to an endpoint of external code, or to another node. Gives it back when that is not possible.
    pub(crate) fn post_external(&self, parcel: Parcel) -> Result<(), Parcel> {
        if parcel.to().node() != self.node {
            return self.depart(parcel);
        }
        self.endpoints.accept(parcel)
    }

    /// Looks at a message on its way. None when it goes no further; its sender has been told.
    pub(crate) fn inspect(&self, to: Address, mut envelope: Envelope) -> Option<Envelope> {
        if let Some(interceptor) = &self.interceptor {
            let transit =
                InTransit { from: envelope.sender, to, message: &envelope.message, is_ask: envelope.reply.is_wanted() };
            // An interceptor that panics cannot vouch for the message.
            let mut passage = Passage::Refuse;
            contain(|| passage = interceptor.intercept(&transit));
            if passage == Passage::Refuse {
                self.turn_away(to, envelope, AskError::Intercepted, Undelivered::Intercepted);
                return None;
            }
        }
        if self.serialises {
            match envelope.message.through_bytes() {
                Ok(message) => envelope.message = message,
                Err(error) => {
                    tracing::error!(%to, from = %envelope.sender, %error, "a message could not be serialised");
                    if envelope.reply.is_wanted() {
                        self.turn_away(to, envelope, error.into(), Undelivered::NotSerialisable);
                    } else {
                        self.poison(envelope, to, error.to_string().into());
                    }
                    return None;
                }
            }
        }
        Some(envelope)
    }

    /// Answers an ask. An answer that nobody waits for is a dead letter.
    pub(crate) fn answer(&self, reply: ReplyTo, payload: Payload, by: Address, asker: Address) {
        let answer: Answer = if self.serialises && reply.is_wanted() {
            payload.through_bytes().map_err(AskError::from)
        } else {
            Ok(payload)
        };
        if let Err(late) = reply.answer(answer)
            && let Some(letter) = late_reply(late, by, asker)
        {
            self.file(letter);
        }
    }

    /// A message did not arrive: an ask is answered so, a tell is a dead letter.
    pub(crate) fn undelivered(&self, to: Address, envelope: Envelope, reason: Undelivered) {
        let error = match reason {
            Undelivered::MailboxFull => AskError::MailboxFull,
            _ if self.is_closing() => AskError::ShutDown,
            _ => AskError::NoActor,
        };
        self.turn_away(to, envelope, error, reason);
    }

    /// A message goes no further: an ask is answered with the error, a tell is a dead letter.
    fn turn_away(&self, target: Address, envelope: Envelope, error: AskError, reason: Undelivered) {
        let Envelope { sender, reply, message } = envelope;
        if reply.is_wanted() {
            let _ = reply.answer(Err(error));
            contain(|| drop(message));
        } else {
            self.file(DeadLetter { message, sender, target, reason });
        }
    }

    /// A message goes back to its sender, who hears what was wrong with it.
    pub(crate) fn poison(&self, envelope: Envelope, by: Address, details: Arc<str>) {
        self.give_back(envelope, by, details, AskError::Failed, Undelivered::Failed);
    }

    /// A message of a type that the receiver does not accept goes back to its sender.
    pub(crate) fn refuse(&self, envelope: Envelope, by: Address, details: Arc<str>) {
        self.give_back(envelope, by, details, AskError::NotAccepted, Undelivered::NotAccepted);
    }

    fn give_back(
        &self,
        envelope: Envelope,
        by: Address,
        details: Arc<str>,
        error: fn(Arc<str>) -> AskError,
        reason: Undelivered,
    ) {
        self.counters.returned.fetch_add(1, Ordering::Relaxed);
        let Envelope { sender, reply, message } = envelope;
        if reply.is_wanted() {
            let _ = reply.answer(Err(error(details)));
            contain(|| drop(message));
        } else if sender.is_nobody() {
            self.file(DeadLetter { message, sender, target: by, reason });
        } else {
            let poison = Box::new(Poison { message, by, details });
            self.post(Parcel::Notice(sender, Notice::Poison(poison)));
        }
    }

    /// Notes a dead letter and gives it to its handler.
    pub(crate) fn file(&self, letter: DeadLetter) {
        self.office.note(&letter);
        self.tell_of(Box::new(letter), Address::nobody(self.node));
    }

    /// `lost_by`: the handler that has ended, or nobody.
    fn tell_of(&self, letter: Box<DeadLetter>, lost_by: Address) {
        match self.office.handler_of(&letter) {
            Some(handler) => self.post(Parcel::Notice(handler, Notice::DeadLetter(letter))),
            None => match &self.gate {
                Some(gate) => {
                    gate.carry(Crossing::DeadLetter { to: lost_by, letter: *letter });
                }
                None => contain(|| drop(letter)),
            },
        }
    }

    /// An actor becomes the handler of dead letters.
    pub(crate) fn handle_dead_letters(&self, handler: Handler) {
        if !self.gate.as_ref().is_some_and(|gate| gate.handle_dead_letters(handler.actor, true)) {
            self.office.register(handler);
        }
    }

    /// An actor ceases to be the handler of dead letters.
    pub(crate) fn leave_dead_letters(&self, actor: Address) {
        if !self.gate.as_ref().is_some_and(|gate| gate.handle_dead_letters(actor, false)) {
            self.office.deregister(actor);
        }
    }

    /// Deals with a parcel whose address names nobody.
    pub(crate) fn lose(&self, parcel: Parcel) {
        let (to, notice) = match parcel {
            Parcel::Message(to, envelope) => {
                let foreign = to.node() != self.node;
                let reason = if foreign { Undelivered::Foreign } else { Undelivered::NoActor };
                self.undelivered(to, envelope, reason);
                return;
            }
            Parcel::Notice(to, notice) => (to, notice),
        };
        match notice {
            Notice::Life(signal) => {
                if let Some((back, signal)) = signal.bounce(to) {
                    self.post(Parcel::Notice(back, Notice::Life(signal)));
                }
            }
            // Who was to have the message back has gone: the message is lost, and that is noted.
            Notice::Poison(poison) => {
                let Poison { message, by, .. } = *poison;
                self.file(DeadLetter { message, sender: to, target: by, reason: Undelivered::Failed });
            }
            // The handler is gone: the letter goes to the one before it.
            Notice::DeadLetter(letter) => {
                self.leave_dead_letters(to);
                self.tell_of(letter, to);
            }
            Notice::Work(work) => self.post(Parcel::Notice(work.leader, work.not_begun(to))),
            Notice::WorkReturned(_, work) => {
                let (work, failure) = *work;
                self.poison(work.envelope, to, Arc::clone(failure.details()));
            }
            Notice::TroupeOrder(order) => order.refuse(),
            Notice::Adopt(child, _) => {
                let signal = Signal::Exit { by: to, reason: ExitReason::Shutdown, recursive: true };
                self.post(Parcel::Notice(child, Notice::Life(signal)));
            }
            _ => {}
        }
    }

    /// Gives an actor a place, and its name.
    pub(crate) fn settle(
        &self,
        core: u8,
        life: Lifecycle,
        spawn: Spawn,
        unlisted: bool,
    ) -> Result<Address, SpawnError> {
        if self.is_closing() {
            return Err(SpawnError::ShutDown);
        }
        let Spawn { origin, name, bound, extras, .. } = spawn;
        let actor_type = origin.class().actor_type;
        let mut extras = extras;
        if name.is_some() {
            extras.get_or_insert_default().named = true;
        }
        if let Some(name) = &name {
            check_name(name)?;
        }
        let mut names = name.is_some().then(|| lock(&self.names));
        if let (Some(names), Some(name)) = (&names, &name)
            && let Some(holder) = names.directory.lookup(name)
        {
            return Err(NameTaken { name: name.clone(), holder }.into());
        }
        let resident = Resident { life, presence: Presence::Unborn, origin, extras };
        let settled = lock(&self.cores[core as usize].state).settle(resident, bound, unlisted);
        let address = settled.map_err(|_| SpawnError::Full(Address::MAX_INDEX + 1))?;
        if let (Some(names), Some(name)) = (&mut names, &name) {
            names.directory.claim(name, address)?;
            names.types.insert(address, actor_type);
        }
        Ok(address)
    }

    /// Creates an actor for external code.
    pub(crate) fn spawn(&self, spawn: Spawn) -> Result<Address, SpawnError> {
        self.spawn_for(self.root, spawn)
    }

    /// Creates a child for an actor that is not on stage: it hears of the child afterwards.
    pub(crate) fn spawn_for(&self, parent: Address, spawn: Spawn) -> Result<Address, SpawnError> {
        let policy = spawn.policy;
        let life = Lifecycle::foundling(parent, policy);
        let address = self.settle(self.next_core(), life, spawn, true)?;
        self.post(Parcel::Notice(parent, Notice::Adopt(address, policy)));
        Ok(address)
    }

    pub(crate) fn release_names(&self, holder: Address) {
        let mut names = lock(&self.names);
        names.directory.release(holder);
        names.types.remove(&holder);
    }

    pub(crate) fn note_root_end(&self) {
        *lock(&self.root_ended) = true;
        self.root_ends.notify_all();
        for core in &self.cores {
            core.rouse();
        }
    }
}
