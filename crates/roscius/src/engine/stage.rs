//! The actor that is being played, and what it can do.
//!
//! Each driver has one stage. For a slice it holds the life and the extras of the actor that is played, so that a
//! handler reaches them without a lock; what the actor sends goes into an outbox that whoever drives the core empties.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::ptr;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::{Lifecycle, Signal};
use roscius_protocol::supervision::Restart;
use roscius_protocol::time::Time;
use roscius_protocol::timers::TimerKey;

use super::core::{Alarm, Core, State};
use super::envelope::{Envelope, Notice, Parcel};
use super::lock;
use super::near::{self, Near};
use super::place::Waiter;
use super::room::Held;
use super::shared::{Shared, Spawn};
use super::tally::Tally;
use crate::actor::TimerId;
use crate::ask::{Answer, ReplyTo};
use crate::message::{MessageType, Payload};
use crate::props::SpawnError;

/// How many parcels an actor can send before its driver has to hand them over.
const OUTBOX: usize = 128;

/// Where an asynchronous handler finds the stage while it is polled, and what it keeps while it is not.
pub(crate) type Desk = Mutex<OnDesk>;

/// See [`Desk`].
#[derive(Default)]
pub(crate) struct OnDesk {
    pub(crate) stage: Option<Box<Stage>>,
    /// The message being handled: its sender, the right to reply, its type.
    message: Option<(Address, ReplyTo, Option<&'static MessageType>)>,
    /// The handler has asked to stop.
    stop: bool,
    waker: Option<Waker>,
}

impl OnDesk {
    /// The stage, for a handler that is being polled.
    #[cold]
    pub(crate) fn stage(&mut self) -> &mut Stage {
        self.stage.as_mut().expect("a handler is polled only with the stage at its desk")
    }

    /// The stage, if the handler is being polled.
    pub(crate) fn try_stage(&mut self) -> Option<&mut Stage> {
        self.stage.as_deref_mut()
    }

    /// Puts the stage on the desk, before a poll. Returns what wakes the handler.
    pub(crate) fn put(&mut self, mut stage: Box<Stage>) -> Waker {
        if let Some((sender, reply, kind)) = self.message.take() {
            stage.sender = sender;
            stage.reply = reply;
            stage.take_up(kind);
        }
        stage.stop |= self.stop;
        stage.attention |= self.stop;
        let waker = self.waker.take().unwrap_or_else(|| stage.poll_waker());
        self.stage = Some(stage);
        waker
    }

    /// Puts the stage on the desk for a handler that does not wait.
    pub(crate) fn lend(&mut self, stage: Box<Stage>) {
        self.stage = Some(stage);
    }

    /// Takes the stage back from a handler that did not wait.
    pub(crate) fn reclaim(&mut self) -> Option<Box<Stage>> {
        self.stage.take()
    }

    /// Takes the stage back, after a poll.
    pub(crate) fn take(&mut self, waker: Waker, finished: bool) -> Option<Box<Stage>> {
        self.waker = Some(waker);
        let mut stage = self.stage.take()?;
        if !finished {
            self.message = Some((stage.sender, stage.reply.take(), stage.kind));
            // It stops after the message.
            self.stop = std::mem::take(&mut stage.stop);
        }
        Some(stage)
    }
}

/// What only some actors have.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) named: bool,
    pub(crate) blocking: bool,
    /// How often a failing message is delivered; zero means once.
    pub(crate) deliveries: u32,
    pub(crate) restarts: u32,
    /// When that was last.
    pub(crate) restarted: Time,
    /// How often the first message was delivered in vain.
    pub(crate) failed_deliveries: u32,
    /// The troupe that this actor works for.
    pub(crate) troupe: Option<Address>,
    /// How many workers tried before what this one has in hand.
    pub(crate) tried_before: u32,
    pub(crate) timers: BTreeMap<TimerId, Timer>,
    pub(crate) stash: VecDeque<Envelope>,
    /// Messages to full mailboxes: while there are some, the actor takes no other message.
    pub(crate) held: BTreeMap<Address, Held>,
    /// Notices for the instance that came while it could not be told.
    pub(crate) untold: Vec<Notice>,
}

/// A wakeup to come.
pub(crate) struct Timer {
    pub(crate) key: TimerKey,
    pub(crate) due: Time,
    pub(crate) payload: TimerPayload,
}

pub(crate) enum TimerPayload {
    Once(Box<dyn Any + Send>),
    Every(Duration, Box<dyn FnMut() -> Box<dyn Any + Send> + Send>),
}

/// Why a message was not sent. It holds the message.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The mailbox is full, and its policy is to let senders fail.
    #[error("the mailbox of the receiver is full")]
    MailboxFull(Payload),
    /// There was no room in time.
    #[error("the mailbox of the receiver was full for as long as the sender may wait")]
    TimedOut(Payload),
    /// The system is shut down.
    #[error("nothing can be sent: the actor system is shut down")]
    ShutDown(Payload),
}

impl SendError {
    /// The message that was not sent.
    pub fn into_message(self) -> Payload {
        match self {
            Self::MailboxFull(message) | Self::TimedOut(message) | Self::ShutDown(message) => message,
        }
    }
}

/// See the [module](self).
pub(crate) struct Stage {
    pub(crate) shared: Arc<Shared>,
    /// Tells the drivers of a core apart.
    pub(crate) driver: usize,
    outbox: rtrb::Producer<Parcel>,
    /// The way for wakers, or, while this driver drives a core, the one that its thread had before.
    near: Option<Near>,
    /// The other ends of these, while this driver drives no core.
    consumers: Vec<rtrb::Consumer<Parcel>>,
    pub(crate) core: u8,
    pub(crate) me: Address,
    pub(crate) life: Lifecycle,
    pub(crate) extras: Option<Box<Extras>>,
    pub(crate) sender: Address,
    pub(crate) reply: ReplyTo,
    /// The type of the message being handled, or of the last one.
    kind: Option<&'static MessageType>,
    /// The actor wants the driver to look at the flags below before the next message.
    pub(crate) attention: bool,
    pub(crate) stop: bool,
    pub(crate) leave_children: bool,
    pub(crate) unstash: bool,
    pub(crate) ended: bool,
    /// Messages handled on this stage.
    pub(crate) handled: u64,
    /// How many of them before the slice that is played.
    handled_before: u64,
    /// How many of them are in the tally. The others were of the type `kind`.
    tallied: u64,
    tally: Tally,
    pub(crate) lost: Vec<Parcel>,
    arrivals: Vec<Parcel>,
    away: Vec<Vec<Parcel>>,
    pub(crate) room_for: Vec<Waiter>,
    pub(crate) effects: Vec<roscius_protocol::lifecycle::Effect>,
}

impl Stage {
    pub(crate) fn new(shared: Arc<Shared>, driver: usize) -> Self {
        let (outbox, consumer) = rtrb::RingBuffer::new(OUTBOX);
        let (near, wakes) = Near::new(&shared);
        Self { near: Some(near), consumers: vec![consumer, wakes], ..Self::with(shared, driver, outbox) }
    }

    /// A stage for actors that may block: what they send is delivered at once, since nobody empties its outbox.
    pub(crate) fn apart(shared: Arc<Shared>, driver: usize) -> Self {
        let (outbox, _) = rtrb::RingBuffer::new(0);
        Self::with(shared, driver, outbox)
    }

    fn with(shared: Arc<Shared>, driver: usize, outbox: rtrb::Producer<Parcel>) -> Self {
        let nobody = Address::nobody(shared.node);
        let away = shared.cores.iter().map(|_| Vec::new()).collect();
        Self {
            driver,
            outbox,
            near: None,
            consumers: Vec::new(),
            core: 0,
            me: nobody,
            life: Lifecycle::foundling(nobody, Default::default()),
            extras: None,
            sender: nobody,
            reply: ReplyTo::default(),
            kind: None,
            attention: false,
            stop: false,
            leave_children: false,
            unstash: false,
            ended: false,
            handled: 0,
            handled_before: 0,
            tallied: 0,
            tally: Tally::default(),
            lost: Vec::new(),
            arrivals: Vec::new(),
            away,
            room_for: Vec::new(),
            effects: Vec::new(),
            shared,
        }
    }

    pub(crate) fn home(&self) -> &Core {
        &self.shared.cores[self.core as usize]
    }

    pub(crate) fn now(&self) -> Time {
        self.shared.now()
    }

    pub(crate) fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Begins to drive a core: from now on whoever drives it empties this outbox too.
    pub(crate) fn enter(&mut self, state: &mut State, core: u8) {
        self.core = core;
        Near::swap(&mut self.near, core);
        state.outboxes.extend(self.consumers.drain(..).map(|consumer| (self.driver, consumer)));
    }

    /// Ends driving a core.
    pub(crate) fn leave(&mut self, state: &mut State) {
        self.settle(state);
        self.report(state);
        Near::swap(&mut self.near, self.core);
        let own = state.outboxes.extract_if(.., |(driver, _)| *driver == self.driver);
        self.consumers.extend(own.map(|(_, consumer)| consumer));
    }

    /// Hands over all that the drivers of this core have sent, and takes in all that has arrived for it.
    pub(crate) fn settle(&mut self, state: &mut State) {
        self.hand_out(state);
        if self.home().has_mail() {
            self.collect(state);
        }
    }

    /// Hands over all that the drivers of this core have sent.
    #[inline]
    pub(crate) fn hand_out(&mut self, state: &mut State) {
        let mut crossing = false;
        for driver in 0..state.outboxes.len() {
            // What is pushed meanwhile waits for the next time.
            for _ in 0..state.outboxes[driver].1.slots() {
                let Ok(parcel) = state.outboxes[driver].1.pop() else { break };
                crossing |= self.route(state, parcel);
            }
        }
        if crossing {
            self.cross();
        }
    }

    /// Hands over what goes to other cores.
    fn cross(&mut self) {
        for (core, parcels) in self.away.iter_mut().enumerate() {
            if !parcels.is_empty() {
                self.shared.cores[core].post_all(parcels);
            }
        }
    }

    /// Takes in all that has arrived for this core.
    pub(crate) fn collect(&mut self, state: &mut State) {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        self.home().collect(&mut arrivals);
        for parcel in arrivals.drain(..) {
            if let Err(parcel) = state.accept(parcel) {
                self.lost.push(parcel);
            }
        }
        self.arrivals = arrivals;
    }

    /// Takes a parcel where it belongs. True when it goes to another core.
    #[inline(always)]
    fn route(&mut self, state: &mut State, parcel: Parcel) -> bool {
        let to = parcel.to();
        if to.node() == self.shared.node {
            if to.core() == self.core {
                match state.houses(to) {
                    true => state.put(parcel),
                    false => self.lost.push(parcel),
                }
                return false;
            }
            if let Some(away) = self.away.get_mut(to.core() as usize) {
                away.push(parcel);
                return true;
            }
        }
        // Endpoints, strangers and addresses that never were.
        if let Err(parcel) = self.shared.post_external(parcel) {
            self.lost.push(parcel);
        }
        false
    }

    /// Fires what is due. `now` is read only when there are timers.
    pub(crate) fn fire_alarms(&mut self, state: &mut State) {
        if state.timers.is_empty() {
            return;
        }
        let now = self.now();
        while let Some((_, _, alarm)) = state.timers.pop_due(now) {
            match alarm {
                Alarm::Notice(to, notice) => {
                    // An alarm of an actor that has ended concerns nobody.
                    let _ = state.accept(Parcel::Notice(to, notice));
                }
                Alarm::Wake(waker) => self.room_for.push(Waiter::Task(waker)),
            }
        }
    }

    /// Puts a parcel into the outbox.
    #[inline(always)]
    pub(crate) fn post(&mut self, parcel: Parcel) {
        if let Err(rtrb::PushError::Full(parcel)) = self.outbox.push(parcel) {
            self.post_to_full(parcel);
        }
    }

    #[cold]
    #[inline(never)]
    fn post_to_full(&mut self, parcel: Parcel) {
        if self.outbox.buffer().capacity() > 0 {
            self.hand_over();
        }
        if let Err(rtrb::PushError::Full(parcel)) = self.outbox.push(parcel) {
            // Nobody empties this outbox: the stage is apart, or drives no core.
            self.shared.post(parcel);
        }
    }

    /// Empties the outbox in the middle of a slice.
    pub(crate) fn hand_over(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut state = lock(&shared.cores[self.core as usize].state);
        self.settle(&mut state);
        drop(state);
        shared.cores[self.core as usize].wake();
    }

    /// Answers the message being handled.
    #[inline(never)]
    pub(crate) fn answer(&mut self, reply: Payload) {
        // Who gets the answer may build on what this actor sent before it.
        if self.outbox.slots() < OUTBOX {
            self.hand_over();
        }
        let to = self.reply.take();
        self.shared.answer(to, reply, self.me, self.sender);
    }

    #[inline]
    pub(crate) fn notify(&mut self, to: Address, notice: Notice) {
        self.post(Parcel::Notice(to, notice));
    }

    /// Sends a message.
    #[inline(always)]
    pub(crate) fn send(&mut self, to: Address, envelope: Envelope) -> Result<(), SendError> {
        let envelope = if self.shared.inspects {
            match self.shared.inspect(to, envelope) {
                Some(envelope) => envelope,
                None => return Ok(()),
            }
        } else {
            envelope
        };
        if self.shared.asks_for_room(to) {
            return self.offer(to, envelope);
        }
        self.post(Parcel::Message(to, envelope));
        Ok(())
    }

    /// Sends a message whose answer goes to `sender`.
    pub(crate) fn ask(&mut self, to: Address, message: Payload, sender: oneshot::Sender<Answer>) {
        let envelope = Envelope { sender: self.me, reply: ReplyTo::new(sender), message };
        // A refusal reaches the asker through the answer.
        let _ = self.send(to, envelope);
    }

    /// Sets a timer of this core.
    pub(crate) fn alarm(&mut self, deadline: Time, alarm: Alarm) -> TimerKey {
        let core = self.home();
        let key = lock(&core.state).timers.schedule(deadline, alarm);
        // The core's thread may sleep already, when another thread plays this actor.
        core.wake();
        key
    }

    pub(crate) fn cancel(&mut self, key: TimerKey) {
        let cancelled = lock(&self.home().state).timers.cancel(key);
        drop(cancelled);
    }

    /// Sets a wakeup of the actor that is played.
    pub(crate) fn wakeup(&mut self, id: TimerId, due: Time, payload: TimerPayload) {
        let me = self.me;
        let key = self.alarm(due, Alarm::Notice(me, Notice::Wakeup(id)));
        self.extras().timers.insert(id, Timer { key, due, payload });
    }

    pub(crate) fn cancel_wakeup(&mut self, id: TimerId) -> bool {
        let Some(timer) = self.extras.as_mut().and_then(|extras| extras.timers.remove(&id)) else { return false };
        self.cancel(timer.key);
        true
    }

    /// Cancels all wakeups of the actor that is played.
    pub(crate) fn cancel_wakeups(&mut self) {
        let Some(extras) = &mut self.extras else { return };
        for (_, timer) in std::mem::take(&mut extras.timers) {
            self.cancel(timer.key);
        }
    }

    pub(crate) fn answer_deadline(&mut self, timeout: Duration, key: usize) -> (Time, TimerKey) {
        let deadline = self.now().plus(timeout);
        (deadline, self.alarm(deadline, Alarm::Notice(self.me, Notice::Answered(key))))
    }

    pub(crate) fn answer_waker(&self, key: usize) -> Waker {
        Waker::from(Arc::new(Bell { shared: Arc::clone(&self.shared), to: self.me, what: What::Answered(key) }))
    }

    pub(crate) fn note_answer(&mut self, key: usize) {
        self.notify(self.me, Notice::Answered(key));
    }

    pub(crate) fn poll_waker(&self) -> Waker {
        Waker::from(Arc::new(Bell { shared: Arc::clone(&self.shared), to: self.me, what: What::Poll }))
    }

    /// Creates a child of the actor that is played.
    pub(crate) fn spawn(&mut self, spawn: Spawn) -> Result<Address, SpawnError> {
        if !self.life.may_have_children() {
            return Err(SpawnError::Exiting);
        }
        let shared = Arc::clone(&self.shared);
        let here = !spawn.spread || shared.cores.len() == 1;
        let core = if here { self.core } else { shared.next_core() };
        let here = core == self.core;
        let policy = spawn.policy;
        let birth = self.life.reserve_child(policy);
        let life = Lifecycle::new(self.me, birth, policy);
        match shared.settle(core, life, spawn, !here) {
            Ok(address) => {
                self.life.set_child_address(birth, address);
                if here {
                    self.home().wake();
                } else {
                    self.notify(address, Notice::Life(Signal::Adopted { parent: self.me, birth }));
                }
                Ok(address)
            }
            Err(error) => {
                self.life.forget_child(birth);
                Err(error)
            }
        }
    }

    /// Takes the life of the actor on stage away.
    pub(crate) fn take_life(&mut self) -> Lifecycle {
        let nobody = Lifecycle::foundling(Address::nobody(self.shared.node), Restart::Temporary);
        std::mem::replace(&mut self.life, nobody)
    }

    /// The type of the message being handled.
    pub(crate) fn kind(&self) -> Option<&'static MessageType> {
        self.kind
    }

    /// A message of this type is handled from now on. What was handled before was of the type before, so it is counted by
    /// type when that changes, and a message of the same type costs nothing.
    #[inline(always)]
    pub(crate) fn take_up(&mut self, kind: Option<&'static MessageType>) {
        if kind.map(ptr::from_ref) != self.kind.map(ptr::from_ref) {
            self.add_up();
            self.kind = kind;
        }
    }

    #[inline]
    fn add_up(&mut self) {
        let count = self.handled - std::mem::replace(&mut self.tallied, self.handled);
        if let Some(kind) = self.kind.filter(|_| count > 0) {
            self.tally.add(kind, count);
        }
    }

    /// Hands over what was counted by type.
    pub(crate) fn report(&mut self, state: &mut State) {
        self.add_up();
        self.tally.move_to(&mut state.tally);
    }

    /// How many messages were handled in the slice that is played.
    #[inline(always)]
    pub(crate) fn handled_in_slice(&self) -> u64 {
        self.handled - self.handled_before
    }

    /// Begins a slice of the actor with this address.
    #[inline(always)]
    pub(crate) fn begin(&mut self, address: Address) {
        self.me = address;
        self.attention = false;
        self.stop = false;
        self.leave_children = false;
        self.unstash = false;
        self.ended = false;
        self.handled_before = self.handled;
    }
}

/// Gets an actor played again.
struct Bell {
    shared: Arc<Shared>,
    to: Address,
    what: What,
}

enum What {
    Poll,
    Answered(usize),
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let notice = match self.what {
            What::Poll => Notice::Poll,
            What::Answered(key) => Notice::Answered(key),
        };
        near::post(&self.shared, Parcel::Notice(self.to, notice));
    }
}
