//! The actors that belong together: places, run queue, timers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::task::Waker;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::lifecycle::{ExitReason, Signal};
use roscius_protocol::mailbox::{Bound, Offer};
use roscius_protocol::random::Random;
use roscius_protocol::time::Time;
use roscius_protocol::timers::TimerQueue;

use super::envelope::{Envelope, Notice, Parcel};
use super::lock;
use super::place::{Gate, Mailbox, Resident, Seat, Slot, SlotState, Spare, Waiter};
use super::stage::Stage;
use super::tally::Tally;

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
    pub(crate) spare: Spare,
    /// One entry in the run queue for each thing that waits, so that all is handled in order of arrival.
    arrival_order: bool,
    /// In arrival order: which entry comes next is a matter of chance.
    chance: Option<Random>,
    /// How many entries in the run queue each place has. Counted in arrival order only.
    entries: Vec<u32>,
    pub(crate) living: usize,
    /// Messages handled here, by type, as far as drivers have reported them.
    pub(crate) tally: Tally,
}

/// What a timer of a core does.
pub(crate) enum Alarm {
    Notice(Address, Notice),
    Wake(Waker),
}

/// What became of a message offered to a bounded mailbox.
pub(crate) enum Offered {
    Absent(Envelope),
    Done(Offer<Envelope>),
}

impl Core {
    pub(crate) fn new(node: NodeId, index: u8, arrival_order: bool, chance: Option<Random>) -> Self {
        Self {
            state: Mutex::new(State {
                node,
                index,
                slots: Vec::new(),
                free: Vec::new(),
                run: VecDeque::new(),
                timers: TimerQueue::new(),
                outboxes: Vec::new(),
                spare: Spare::default(),
                arrival_order,
                chance,
                entries: Vec::new(),
                living: 0,
                tally: Tally::default(),
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
                self.slots.push(Slot::new(self.node));
                (self.slots.len() - 1) as u32
            }
            None => return Err(resident),
        };
        let slot = &mut self.slots[index as usize];
        slot.gate = bound.map(|bound| Box::new(Gate { bound, in_hand: 0, waiters: Vec::new(), blocked: 0 }));
        slot.handled = 0;
        slot.class = Some(resident.origin.class());
        slot.resident = resident;
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
    pub(crate) fn accept(&mut self, parcel: Parcel) -> Result<(), Parcel> {
        match self.houses(parcel.to()) {
            true => self.put(parcel),
            false => return Err(parcel),
        }
        Ok(())
    }

    /// Whether this actor lives here.
    #[inline(always)]
    pub(crate) fn houses(&self, address: Address) -> bool {
        let slot = self.slots.get(address.index() as usize);
        slot.is_some_and(|slot| slot.generation == address.generation() && slot.state != SlotState::Free)
    }

    /// Puts a parcel into the mailbox of an actor that lives here.
    #[inline(always)]
    pub(crate) fn put(&mut self, parcel: Parcel) {
        let index = parcel.to().index();
        let slot = &mut self.slots[index as usize];
        let mailbox = slot.mailbox.get_or_insert_with(|| self.spare.take());
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

    /// The place whose turn it is.
    #[inline(always)]
    fn next_place(&mut self) -> Option<u32> {
        match &mut self.chance {
            Some(chance) if !self.run.is_empty() => self.run.swap_remove_back(chance.below(self.run.len())),
            _ => self.run.pop_front(),
        }
    }

    /// Takes the next actor that is to be played on stage. At most `batch` messages of a bounded mailbox are taken with
    /// it.
    #[inline(always)]
    pub(crate) fn next(&mut self, batch: usize, seat: &mut Seat, stage: &mut Stage) -> bool {
        while let Some(index) = self.next_place() {
            if self.arrival_order {
                self.entries[index as usize] -= 1;
            }
            if self.take(index, batch, seat, stage) {
                return true;
            }
        }
        false
    }

    /// Takes the actor at a place on stage for a slice, if it waits to be played.
    #[inline(always)]
    fn take(&mut self, index: u32, batch: usize, seat: &mut Seat, stage: &mut Stage) -> bool {
        let Some(slot) = self.slots.get_mut(index as usize) else { return false };
        if slot.state != SlotState::Queued {
            return false;
        }
        slot.state = SlotState::Playing;
        stage.begin(slot.address(self.node, self.index, index));
        slot.resident.swap(seat, stage);
        std::mem::swap(&mut seat.mailbox, &mut slot.mailbox);
        if slot.gate.is_some() {
            self.take_batch(index, batch, seat.mailbox());
        }
        true
    }

    /// Leaves all but a batch of the messages in a bounded mailbox, so that senders see how full it is.
    fn take_batch(&mut self, index: u32, batch: usize, mailbox: &mut Mailbox) {
        let slot = &mut self.slots[index as usize];
        if mailbox.messages() > batch {
            let mut rest = self.spare.take();
            std::mem::swap(&mut *rest, mailbox);
            mailbox.take_from(&mut rest, batch);
            slot.mailbox = Some(rest);
        }
        if let Some(gate) = &mut slot.gate {
            gate.in_hand = mailbox.messages();
        }
    }

    /// Puts the actor on stage back into its place after a slice. `paused`: only notices get it played again. Who
    /// waited for room is noted on stage; true when threads of external code wait for it too.
    #[inline(always)]
    pub(crate) fn put_back(&mut self, seat: &mut Seat, paused: bool, stage: &mut Stage) -> bool {
        let index = stage.me.index();
        let slot = &mut self.slots[index as usize];
        slot.handled += stage.handled_in_slice();
        slot.resident.swap(seat, stage);
        if let Some(gate) = &mut slot.gate {
            gate.in_hand = 0;
        }
        let left = seat.mailbox.as_ref().is_some_and(|mailbox| !mailbox.is_empty());
        match (left, &mut slot.mailbox) {
            (false, _) => {}
            (true, Some(later)) => {
                let mailbox = seat.mailbox();
                mailbox.absorb(later);
                std::mem::swap(mailbox, later);
            }
            (true, None) => std::mem::swap(&mut slot.mailbox, &mut seat.mailbox),
        }
        if let Some(mailbox) = seat.mailbox.take() {
            self.spare.keep(mailbox);
        }
        let waits = slot.mailbox.as_ref().is_some_and(|mailbox| !paused || mailbox.signals() > 0);
        slot.state = match (waits, paused) {
            (true, _) => SlotState::Queued,
            (false, true) => SlotState::Paused,
            (false, false) => SlotState::Idle,
        };
        if waits && !self.arrival_order {
            self.run.push_back(index);
        }
        let unblocks = self.slots[index as usize].admit(&mut stage.room_for);
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

    /// Frees the place of the actor on stage, which has ended, and adds all that still waited for it to its seat.
    /// True when threads of external code waited for room.
    pub(crate) fn vacate(&mut self, seat: &mut Seat, stage: &mut Stage) -> bool {
        let index = stage.me.index();
        let slot = &mut self.slots[index as usize];
        if let Some(mut later) = slot.mailbox.take() {
            seat.mailbox().absorb(&mut later);
            self.spare.keep(later);
        }
        slot.state = SlotState::Free;
        let unblocks = slot.gate.take().is_some_and(|mut gate| {
            stage.room_for.append(&mut gate.waiters);
            gate.blocked > 0
        });
        self.living -= 1;
        // The last generation of a place is never used again, so an old address stays dead for good.
        if slot.generation < Address::MAX_GENERATION {
            slot.generation += 1;
            self.free.push(index);
        }
        unblocks
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
        let mailbox = self.slots[index as usize].mailbox.get_or_insert_with(|| self.spare.take());
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
