//! A place for an actor, and what changes places with it when the actor is played.

use std::task::Waker;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::lifecycle::Lifecycle;
use roscius_protocol::mailbox::{self, Bound};
use roscius_protocol::supervision::Restart;

use super::cell::{Class, NoInstance, Origin, Presence};
use super::envelope::{Envelope, Notice};
use super::stage::{Extras, Stage};

pub(crate) type Mailbox = mailbox::Mailbox<Envelope, Notice>;

/// A place for an actor.
pub(crate) struct Slot {
    pub(super) generation: u32,
    pub(crate) state: SlotState,
    pub(crate) mailbox: Option<Box<Mailbox>>,
    pub(crate) handled: u64,
    /// Of the actor here now, or of the last one.
    pub(crate) class: Option<&'static Class>,
    pub(crate) gate: Option<Box<Gate>>,
    /// While the actor is played: nobody.
    pub(crate) resident: Resident,
}

/// The bound of a mailbox, and who waits for room.
pub(crate) struct Gate {
    pub(crate) bound: Bound,
    /// Messages in the hands of a driver. They count until they are handled.
    pub(super) in_hand: usize,
    pub(super) waiters: Vec<Waiter>,
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

/// What of an actor is played, beside what is on the stage: taken out of its place for the length of a slice.
///
/// A driver has one for all actors. An actor changes places by swapping each part of it, which is several times faster
/// than to move it as a whole from hand to hand.
pub(crate) struct Seat {
    pub(crate) mailbox: Option<Box<Mailbox>>,
    pub(crate) presence: Presence,
    pub(crate) origin: Box<dyn Origin>,
}

impl Default for Seat {
    fn default() -> Self {
        Self { mailbox: None, presence: Presence::Gone, origin: Box::new(NoInstance) }
    }
}

impl Seat {
    #[inline]
    pub(crate) fn mailbox(&mut self) -> &mut Mailbox {
        self.mailbox.get_or_insert_default()
    }
}

impl Resident {
    /// Stands in an empty place.
    pub(super) fn nobody(node: NodeId) -> Self {
        let life = Lifecycle::foundling(Address::nobody(node), Restart::Temporary);
        Self { life, presence: Presence::Gone, origin: Box::new(NoInstance), extras: None }
    }

    /// Changes places with who is on the stage.
    #[inline(always)]
    pub(super) fn swap(&mut self, seat: &mut Seat, stage: &mut Stage) {
        std::mem::swap(&mut self.life, &mut stage.life);
        std::mem::swap(&mut self.extras, &mut stage.extras);
        std::mem::swap(&mut self.presence, &mut seat.presence);
        std::mem::swap(&mut self.origin, &mut seat.origin);
    }
}

/// Empty mailboxes to be used again.
#[derive(Default)]
pub(crate) struct Spare {
    #[expect(clippy::vec_box, reason = "the boxes are what is used again")]
    mailboxes: Vec<Box<Mailbox>>,
}

impl Spare {
    #[inline]
    pub(crate) fn take(&mut self) -> Box<Mailbox> {
        self.mailboxes.pop().unwrap_or_default()
    }

    /// Keeps an empty mailbox for the next actor that needs one.
    #[inline]
    pub(crate) fn keep(&mut self, mut mailbox: Box<Mailbox>) {
        mailbox.shrink_above(256);
        if self.mailboxes.len() < 1024 {
            self.mailboxes.push(mailbox);
        }
    }
}

impl Slot {
    pub(super) fn new(node: NodeId) -> Self {
        Self {
            generation: 0,
            state: SlotState::Free,
            mailbox: None,
            handled: 0,
            class: None,
            gate: None,
            resident: Resident::nobody(node),
        }
    }

    #[inline]
    pub(super) fn address(&self, node: NodeId, core: u8, index: u32) -> Address {
        let address = Address::new(node, core, index, self.generation);
        if self.gate.is_some() { address.with_bound() } else { address }
    }

    /// Lets those in who wait for room, if there is some. True when threads of external code are among them.
    #[inline]
    pub(super) fn admit(&mut self, room_for: &mut Vec<Waiter>) -> bool {
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
