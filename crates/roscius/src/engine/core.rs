//! The actors that belong together: places, mailboxes, run queue, timers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::task::Waker;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::lifecycle::{ExitReason, Lifecycle, Signal};
use roscius_protocol::mailbox::{self, Bound, Offer};
use roscius_protocol::time::Time;
use roscius_protocol::timers::TimerQueue;

use super::cell::{Class, Origin, Presence};
use super::envelope::{Envelope, Notice, Parcel};
use super::lock;
use super::stage::Extras;

pub(crate) type Mailbox = mailbox::Mailbox<Envelope, Notice>;

/// A core: its state, what has arrived for it, and the bell that wakes its thread.
pub(crate) struct Core {
    pub(crate) state: Mutex<State>,
    /// Rung together with `state` when a bounded mailbox has room again.
    pub(crate) room: Condvar,
    inbox: Mutex<Vec<Parcel>>,
    bell: Condvar,
    /// Whether the inbox holds anything: read without the lock.
    mail: AtomicBool,
    /// Whether the thread of the core sleeps: written with the inbox locked.
    asleep: AtomicBool,
    /// Slices played at this core, so that others can see whether it gets on. Not exact.
    pub(crate) slices: AtomicU64,
    /// Slices played by the core's own thread.
    pub(crate) home_slices: AtomicU64,
}

/// What a core knows about its actors.
pub(crate) struct State {
    node: NodeId,
    index: u8,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Places with something to do, in turn.
    pub(crate) run: VecDeque<u32>,
    pub(crate) timers: TimerQueue<Alarm>,
    /// What the drivers of this core have sent and not yet handed over, one queue a driver.
    pub(crate) outboxes: Vec<(usize, rtrb::Consumer<Parcel>)>,
    /// Empty mailboxes to be used again.
    #[expect(clippy::vec_box, reason = "the boxes are what is used again")]
    spare: Vec<Box<Mailbox>>,
    /// One entry in the run queue for each thing that waits, so that all is handled in order of arrival.
    arrival_order: bool,
    /// How many entries in the run queue each place has. Counted in arrival order only.
    entries: Vec<u32>,
    pub(crate) living: usize,
}

/// A place for an actor.
pub(crate) struct Slot {
    generation: u32,
    pub(crate) state: SlotState,
    pub(crate) mailbox: Option<Box<Mailbox>>,
    pub(crate) handled: u64,
    /// Of the actor here now, or of the last one.
    pub(crate) class: Option<&'static Class>,
    pub(crate) gate: Option<Box<Gate>>,
    pub(crate) resident: Option<Resident>,
}

/// The bound of a mailbox, and who waits for room.
pub(crate) struct Gate {
    pub(crate) bound: Bound,
    /// Messages in the hands of a driver. They count until they are handled.
    in_hand: usize,
    waiters: Vec<Waiter>,
    /// How many threads of external code wait at [`Core::room`].
    pub(crate) blocked: usize,
}

/// Who waits for room in a mailbox.
pub(crate) enum Waiter {
    /// This actor waits for room in this mailbox.
    Actor(Address, Address),
    Task(Waker),
}

/// Whether an actor is to be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotState {
    /// Nobody is here.
    Free,
    /// Not yet known to its parent: nothing happens before it is adopted.
    Unlisted,
    /// Nothing waits.
    Idle,
    /// It is in the run queue.
    Queued,
    /// A driver plays it.
    Playing,
    /// Messages wait; only a notice gets it played.
    Paused,
}

/// An actor in its place.
pub(crate) struct Resident {
    pub(crate) life: Lifecycle,
    pub(crate) presence: Presence,
    /// Makes the instance, and makes it again for a restart.
    pub(crate) origin: Box<dyn Origin>,
    pub(crate) extras: Option<Box<Extras>>,
}

/// What a timer of a core does.
pub(crate) enum Alarm {
    Notice(Address, Notice),
    Wake(Waker),
}

/// What is left of an actor that has ended.
pub(crate) struct Vacated {
    pub(crate) resident: Resident,
    pub(crate) mailbox: Box<Mailbox>,
    /// Whether threads of external code waited for room.
    pub(crate) unblocks: bool,
}

/// What became of a message offered to a bounded mailbox.
pub(crate) enum Offered {
    Absent(Envelope),
    Done(Offer<Envelope>),
}

/// What of an actor is played: taken out of its place for the length of a slice.
pub(crate) struct Seat {
    pub(crate) address: Address,
    pub(crate) mailbox: Box<Mailbox>,
    pub(crate) resident: Resident,
}

impl Core {
    pub(crate) fn new(node: NodeId, index: u8, arrival_order: bool) -> Self {
        Self {
            state: Mutex::new(State {
                node,
                index,
                slots: Vec::new(),
                free: Vec::new(),
                run: VecDeque::new(),
                timers: TimerQueue::new(),
                outboxes: Vec::new(),
                spare: Vec::new(),
                arrival_order,
                entries: Vec::new(),
                living: 0,
            }),
            room: Condvar::new(),
            inbox: Mutex::new(Vec::new()),
            bell: Condvar::new(),
            mail: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            slices: AtomicU64::new(0),
            home_slices: AtomicU64::new(0),
        }
    }

    /// Puts one parcel into the inbox and wakes the core.
    pub(crate) fn post(&self, parcel: Parcel) {
        let mut inbox = lock(&self.inbox);
        inbox.push(parcel);
        self.ring(inbox);
    }

    /// Puts all parcels into the inbox and wakes the core. `parcels` is empty afterwards.
    pub(crate) fn post_all(&self, parcels: &mut Vec<Parcel>) {
        let mut inbox = lock(&self.inbox);
        if inbox.is_empty() {
            std::mem::swap(&mut *inbox, parcels);
        } else {
            inbox.append(parcels);
        }
        self.ring(inbox);
    }

    fn ring(&self, inbox: std::sync::MutexGuard<'_, Vec<Parcel>>) {
        self.mail.store(true, Ordering::Release);
        if self.asleep.load(Ordering::Relaxed) {
            self.asleep.store(false, Ordering::Release);
            drop(inbox);
            self.bell.notify_all();
        }
    }

    /// Wakes the core's thread, if it sleeps, to look at its state again.
    pub(crate) fn wake(&self) {
        if self.asleep.load(Ordering::Acquire) {
            self.ring(lock(&self.inbox));
        }
    }

    /// Wakes the core's thread, if it sleeps, to look at what is not in its state: the clock, or whether all has ended.
    /// Whoever looked before now, and saw nothing, sleeps by the time that the state is free.
    pub(crate) fn rouse(&self) {
        drop(lock(&self.state));
        self.wake();
    }

    /// Whether something waits that a driver could do now.
    pub(crate) fn needs_a_driver(&self, now: Time) -> bool {
        if self.has_mail() {
            return true;
        }
        let state = lock(&self.state);
        !state.run.is_empty()
            || state.outboxes.iter().any(|(_, outbox)| !outbox.is_empty())
            || state.next_alarm().is_some_and(|deadline| deadline <= now)
    }

    pub(crate) fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.mail.load(Ordering::Acquire)
    }

    /// Swaps what has arrived into `parcels`, which must be empty.
    pub(crate) fn collect(&self, parcels: &mut Vec<Parcel>) {
        let mut inbox = lock(&self.inbox);
        self.mail.store(false, Ordering::Relaxed);
        std::mem::swap(&mut *inbox, parcels);
    }

    /// Sleeps until the bell rings or `limit` is over. The state is held until it is certain that whoever changes it
    /// next will ring.
    pub(crate) fn sleep(&self, mut state: std::sync::MutexGuard<'_, State>, limit: Option<std::time::Duration>) {
        let mut inbox = lock(&self.inbox);
        if !inbox.is_empty() || self.has_mail() {
            return;
        }
        self.asleep.store(true, Ordering::Release);
        // A burst of new actors leaves a long queue behind.
        state.run.shrink_to(1024);
        inbox.shrink_to(1024);
        drop(state);
        while self.asleep.load(Ordering::Acquire) {
            match limit {
                None => inbox = self.bell.wait(inbox).unwrap_or_else(std::sync::PoisonError::into_inner),
                Some(limit) => {
                    let (_guard, _) =
                        self.bell.wait_timeout(inbox, limit).unwrap_or_else(std::sync::PoisonError::into_inner);
                    break;
                }
            }
        }
        self.asleep.store(false, Ordering::Release);
    }
}

impl State {
    /// Takes a place for an actor. `unlisted`: nothing happens before it is adopted.
    /// Gives the actor back when the core is full.
    pub(crate) fn settle(
        &mut self,
        resident: Resident,
        bound: Option<Bound>,
        unlisted: bool,
    ) -> Result<Address, Resident> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.slots.len() <= Address::MAX_INDEX as usize => {
                self.slots.push(Slot::new());
                (self.slots.len() - 1) as u32
            }
            None => return Err(resident),
        };
        let slot = &mut self.slots[index as usize];
        slot.gate = bound.map(|bound| Box::new(Gate { bound, in_hand: 0, waiters: Vec::new(), blocked: 0 }));
        slot.handled = 0;
        slot.class = Some(resident.origin.class());
        slot.resident = Some(resident);
        slot.state = if unlisted { SlotState::Unlisted } else { SlotState::Queued };
        let address = slot.address(self.node, self.index, index);
        self.living += 1;
        if !unlisted && self.arrival_order {
            self.enter(index, 1);
        } else if !unlisted {
            self.run.push_back(index);
        }
        Ok(address)
    }

    /// The place of an actor that lives here.
    #[inline]
    pub(crate) fn slot(&mut self, address: Address) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(address.index() as usize)?;
        (slot.generation == address.generation() && slot.state != SlotState::Free).then_some(slot)
    }

    /// Takes in a parcel for this core. Gives it back when its actor is not here.
    #[inline(always)]
    pub(crate) fn accept(&mut self, parcel: Parcel) -> Result<(), Parcel> {
        let to = parcel.to();
        let index = to.index();
        let Some(slot) = self.slots.get_mut(index as usize) else { return Err(parcel) };
        if slot.generation != to.generation() || slot.state == SlotState::Free {
            return Err(parcel);
        }
        let mailbox = slot.mailbox.get_or_insert_with(|| self.spare.pop().unwrap_or_default());
        let wakes = match parcel {
            Parcel::Message(_, envelope) => {
                mailbox.push(envelope);
                slot.state == SlotState::Idle
            }
            Parcel::Notice(_, notice) => {
                let adopted = begins_life(&notice);
                mailbox.signal(notice);
                match slot.state {
                    SlotState::Unlisted => adopted,
                    state => matches!(state, SlotState::Idle | SlotState::Paused),
                }
            }
        };
        let was = slot.state;
        if wakes {
            slot.state = SlotState::Queued;
        }
        if self.arrival_order {
            self.queue_arrival(index, was, wakes);
        } else if wakes {
            self.run.push_back(index);
        }
        Ok(())
    }

    /// In arrival order everything that may be handled has its own entry in the run queue.
    fn queue_arrival(&mut self, index: u32, was: SlotState, wakes: bool) {
        match was {
            SlotState::Unlisted if wakes => self.requeue(index),
            SlotState::Unlisted => {}
            SlotState::Paused if !wakes => {}
            _ => self.enter(index, 1),
        }
    }

    /// Takes the next actor that is to be played. At most `batch` messages of a bounded mailbox are taken with it.
    #[inline(always)]
    pub(crate) fn next_seat(&mut self, batch: usize) -> Option<Seat> {
        while let Some(index) = self.run.pop_front() {
            if self.arrival_order {
                self.entries[index as usize] -= 1;
            }
            if let Some(seat) = self.take(index, batch) {
                return Some(seat);
            }
        }
        None
    }

    /// Takes the actor at a place for a slice, if it waits to be played.
    #[inline(always)]
    pub(crate) fn take(&mut self, index: u32, batch: usize) -> Option<Seat> {
        let slot = self.slots.get_mut(index as usize)?;
        if slot.state != SlotState::Queued {
            return None;
        }
        let resident = slot.resident.take()?;
        slot.state = SlotState::Playing;
        let address = slot.address(self.node, self.index, index);
        let mut mailbox = match slot.mailbox.take() {
            Some(mailbox) => mailbox,
            None => self.spare.pop().unwrap_or_default(),
        };
        if slot.gate.is_some() {
            if mailbox.messages() > batch {
                let mut rest = self.spare.pop().unwrap_or_default();
                std::mem::swap(&mut rest, &mut mailbox);
                mailbox.take_from(&mut rest, batch);
                slot.mailbox = Some(rest);
            }
            if let Some(gate) = &mut self.slots[index as usize].gate {
                gate.in_hand = mailbox.messages();
            }
        }
        Some(Seat { address, mailbox, resident })
    }

    /// Puts an actor back into its place after a slice. `paused`: only notices get it played again. Who waited for
    /// room is added to `room_for`; true when threads of external code wait for it too.
    #[inline(always)]
    pub(crate) fn put_back(&mut self, seat: Seat, handled: u64, paused: bool, room_for: &mut Vec<Waiter>) -> bool {
        let index = seat.address.index();
        let slot = &mut self.slots[index as usize];
        let mut mailbox = seat.mailbox;
        slot.resident = Some(seat.resident);
        slot.handled += handled;
        if let Some(gate) = &mut slot.gate {
            gate.in_hand = 0;
        }
        if let Some(mut later) = slot.mailbox.take() {
            if mailbox.is_empty() {
                std::mem::swap(&mut mailbox, &mut later);
            } else {
                mailbox.absorb(&mut later);
            }
            self.spare.push(later);
        }
        let waits = if paused { mailbox.signals() > 0 } else { !mailbox.is_empty() };
        slot.state = match (waits, paused) {
            (true, _) => SlotState::Queued,
            (false, true) => SlotState::Paused,
            (false, false) => SlotState::Idle,
        };
        if mailbox.is_empty() {
            mailbox.shrink_above(256);
            if self.spare.len() < 1024 {
                self.spare.push(mailbox);
            }
        } else {
            slot.mailbox = Some(mailbox);
        }
        if waits && !self.arrival_order {
            self.run.push_back(index);
        }
        let unblocks = self.slots[index as usize].admit(room_for);
        if waits && self.arrival_order {
            self.requeue(index);
        }
        unblocks
    }

    /// Gives an actor as many entries in the run queue as things wait for it.
    fn requeue(&mut self, index: u32) {
        let slot = &self.slots[index as usize];
        let waiting = slot.mailbox.as_ref().map_or(0, |mailbox| mailbox.messages() + mailbox.signals()) as u32;
        let entries = self.entries.get(index as usize).copied().unwrap_or(0);
        self.enter(index, waiting.saturating_sub(entries));
    }

    fn enter(&mut self, index: u32, entries: u32) {
        if self.entries.len() <= index as usize {
            self.entries.resize(self.slots.len(), 0);
        }
        self.entries[index as usize] += entries;
        self.run.extend(std::iter::repeat_n(index, entries as usize));
    }

    /// Frees the place of an actor that has ended, and returns all that still waited for it.
    pub(crate) fn vacate(&mut self, seat: Seat, room_for: &mut Vec<Waiter>) -> Vacated {
        let slot = &mut self.slots[seat.address.index() as usize];
        let mut mailbox = seat.mailbox;
        if let Some(mut later) = slot.mailbox.take() {
            mailbox.absorb(&mut later);
            self.spare.push(later);
        }
        slot.state = SlotState::Free;
        let unblocks = slot.gate.take().is_some_and(|mut gate| {
            room_for.append(&mut gate.waiters);
            gate.blocked > 0
        });
        self.living -= 1;
        // The last generation of a place is never used again, so an old address stays dead for good.
        if slot.generation < Address::MAX_GENERATION {
            slot.generation += 1;
            self.free.push(seat.address.index());
        }
        Vacated { resident: seat.resident, mailbox, unblocks }
    }

    /// Offers a message to a bounded mailbox. Gives it back with [`Offered::Absent`] when the actor is not here.
    pub(crate) fn offer(&mut self, to: Address, envelope: Envelope) -> Offered {
        let Some(slot) = self.slot(to) else { return Offered::Absent(envelope) };
        let Some(gate) = &slot.gate else {
            return match self.accept(Parcel::Message(to, envelope)) {
                Err(Parcel::Message(_, envelope)) => Offered::Absent(envelope),
                _ => Offered::Done(Offer::Taken),
            };
        };
        let bound = Bound { capacity: gate.bound.capacity.saturating_sub(gate.in_hand), ..gate.bound };
        let was = slot.state;
        if was == SlotState::Idle {
            slot.state = SlotState::Queued;
        }
        let index = to.index();
        let mailbox = self.slots[index as usize].mailbox.get_or_insert_with(|| self.spare.pop().unwrap_or_default());
        let offer = mailbox.offer(envelope, bound);
        if matches!(offer, Offer::Taken) {
            if self.arrival_order {
                self.queue_arrival(index, was, was == SlotState::Idle);
            } else if was == SlotState::Idle {
                self.run.push_back(index);
            }
        }
        Offered::Done(offer)
    }

    /// Notes who is to be told when a full mailbox has room.
    pub(crate) fn wait_for_room(&mut self, to: Address, waiter: Waiter) {
        if let Some(gate) = self.slot(to).and_then(|slot| slot.gate.as_mut()) {
            // A task may be polled for another reason while it waits; an actor tries again only when it was told.
            if matches!(waiter, Waiter::Actor(..)) || !gate.waiters.iter().any(|other| other.is(&waiter)) {
                gate.waiters.push(waiter);
            }
        }
    }

    /// Who waited for room does so no more.
    pub(crate) fn stop_waiting(&mut self, to: Address, waiter: &Waiter) {
        if let Some(gate) = self.slot(to).and_then(|slot| slot.gate.as_mut()) {
            gate.waiters.retain(|other| !other.is(waiter));
        }
    }

    /// Whether a message to this mailbox would not have to wait.
    pub(crate) fn has_room(&mut self, to: Address) -> bool {
        self.slot(to).is_none_or(|slot| {
            let capacity = slot.gate.as_ref().map_or(usize::MAX, |gate| gate.bound.capacity);
            slot.waiting() < capacity
        })
    }

    /// Keeps an empty mailbox for the next actor that needs one.
    pub(crate) fn recycle(&mut self, mut mailbox: Box<Mailbox>) {
        mailbox.shrink_above(256);
        if mailbox.is_empty() && self.spare.len() < 1024 {
            self.spare.push(mailbox);
        }
    }

    /// When the next timer is due.
    pub(crate) fn next_alarm(&self) -> Option<Time> {
        self.timers.next_deadline()
    }

    /// All places in use with their addresses.
    pub(crate) fn occupied(&self) -> impl Iterator<Item = (Address, &Slot)> {
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.state != SlotState::Free)
            .map(|(index, slot)| (slot.address(self.node, self.index, index as u32), slot))
    }
}

/// Whether an actor that its parent does not know yet can be played from now on.
fn begins_life(notice: &Notice) -> bool {
    matches!(notice, Notice::Life(Signal::Adopted { .. } | Signal::Exit { reason: ExitReason::Shutdown, .. }))
}

impl Slot {
    fn new() -> Self {
        Self {
            generation: 0,
            state: SlotState::Free,
            mailbox: None,
            handled: 0,
            class: None,
            gate: None,
            resident: None,
        }
    }

    #[inline]
    fn address(&self, node: NodeId, core: u8, index: u32) -> Address {
        let address = Address::new(node, core, index, self.generation);
        if self.gate.is_some() { address.with_bound() } else { address }
    }

    /// Lets those in who wait for room, if there is some. True when threads of external code are among them.
    #[inline]
    fn admit(&mut self, room_for: &mut Vec<Waiter>) -> bool {
        let waiting = self.waiting();
        let Some(gate) = &mut self.gate else { return false };
        if waiting >= gate.bound.capacity {
            return false;
        }
        room_for.append(&mut gate.waiters);
        gate.blocked > 0
    }

    /// How many messages wait for the actor, or are in hand.
    pub(crate) fn waiting(&self) -> usize {
        let in_hand = self.gate.as_ref().map_or(0, |gate| gate.in_hand);
        in_hand + self.mailbox.as_ref().map_or(0, |mailbox| mailbox.messages())
    }
}
