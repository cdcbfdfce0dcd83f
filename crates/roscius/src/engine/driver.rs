//! Plays the actors of a core, one slice after the other.

use std::sync::{Arc, MutexGuard};

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::Lifecycle;

use super::core::{Core, State};
use super::envelope::Notice;
use super::life::{OnStage, Play, disperse, drain};
use super::place::{Seat, Waiter};
use super::shared::{Base, Shared};
use super::stage::{Extras, Stage};
use super::{contain, lock};

/// How many messages an actor may handle before others get their turn.
pub(crate) const BATCH: u32 = 64;

/// How a driver plays.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// Messages in one slice.
    pub(crate) batch: u32,
    /// One notice or message at a time, in the order of arrival.
    pub(crate) single: bool,
    /// Actors declared blocking are played by this driver itself.
    pub(crate) blocking: bool,
}

/// Whether a turn found something to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Played,
    Nothing,
}

/// The state of a core, locked between slices by its driver.
pub(crate) type Locked<'c> = MutexGuard<'c, State>;

/// A driver at a core.
pub(crate) struct Driver<'c> {
    pub(crate) stage: OnStage,
    seat: Seat,
    core: &'c Core,
}

/// An actor on its way to a driver that plays actors which may block.
pub(crate) struct Performer {
    address: Address,
    life: Lifecycle,
    extras: Option<Box<Extras>>,
    seat: Seat,
}

impl<'c> Driver<'c> {
    /// Begins to drive a core.
    pub(crate) fn enter(mut stage: Box<Stage>, core: &'c Core, index: u8) -> (Self, Locked<'c>) {
        let mut state = lock(&core.state);
        stage.enter(&mut state, index);
        (Self { stage: OnStage::new(stage), seat: Seat::default(), core }, state)
    }

    /// Ends driving the core.
    pub(crate) fn leave(mut self, state: Locked<'c>) -> Box<Stage> {
        drop(state);
        tell_room(&mut self.stage);
        self.stage.leave(&mut lock(&self.core.state));
        deal_with_lost(&mut self.stage);
        self.core.wake();
        self.stage.into_inner()
    }

    /// Plays the next actor for a slice, if there is something to do.
    #[inline]
    pub(crate) fn turn(&mut self, mut state: Locked<'c>, manner: Manner) -> (Locked<'c>, Turn) {
        let stage = &mut *self.stage;
        if self.core.has_mail() {
            stage.collect(&mut state);
        }
        if !stage.lost.is_empty() || !stage.room_for.is_empty() {
            drop(state);
            tell_room(stage);
            deal_with_lost(stage);
            state = lock(&self.core.state);
            stage.settle(&mut state);
        }
        let batch = manner.batch as usize;
        if !state.next(batch, &mut self.seat, stage) {
            // Another driver may be stuck with something in its outbox.
            stage.settle(&mut state);
            if !state.next(batch, &mut self.seat, stage) {
                return (state, Turn::Nothing);
            }
        }
        drop(state);
        let apart = !manner.blocking && stage.extras.as_ref().is_some_and(|extras| extras.blocking);
        (if apart { self.play_apart(manner) } else { self.play(manner) }, Turn::Played)
    }

    /// Has the actor on stage played by a driver that may be blocked.
    #[cold]
    fn play_apart(&mut self, manner: Manner) -> Locked<'c> {
        let shared = Arc::clone(&self.stage.shared);
        let Base::Threads(crew) = &shared.base else { return self.play(manner) };
        let performer = Performer {
            address: self.stage.me,
            life: self.stage.take_life(),
            extras: self.stage.extras.take(),
            seat: std::mem::take(&mut self.seat),
        };
        match crew.play_apart(&shared, self.stage.core, Box::new(performer)) {
            None => lock(&self.core.state),
            Some(refused) => self.perform(*refused, manner),
        }
    }

    /// Plays an actor that another driver has handed over.
    pub(crate) fn perform(&mut self, performer: Performer, manner: Manner) -> Locked<'c> {
        let Performer { address, life, extras, seat } = performer;
        self.stage.begin(address);
        self.stage.life = life;
        self.stage.extras = extras;
        self.seat = seat;
        self.play(manner)
    }

    /// Plays the actor on stage for a slice and puts it back.
    #[inline]
    fn play(&mut self, manner: Manner) -> Locked<'c> {
        let paused = Play::new(&mut self.stage, &mut self.seat).run(manner.batch, manner.single);
        let stage = &mut *self.stage;
        let mut state = lock(&self.core.state);
        stage.hand_out(&mut state);
        if stage.ended {
            return self.end(state);
        }
        if state.put_back(&mut self.seat, paused, stage) {
            self.core.room.notify_all();
        }
        state
    }

    /// Clears up after the actor on stage, which has ended.
    fn end(&mut self, mut state: Locked<'c>) -> Locked<'c> {
        let stage = &mut *self.stage;
        if state.vacate(&mut self.seat, stage) {
            self.core.room.notify_all();
        }
        drop(state);
        let Seat { mailbox, presence, origin } = std::mem::take(&mut self.seat);
        let (life, extras) = (stage.take_life(), stage.extras.take());
        let mailbox = mailbox.map(|mut mailbox| {
            drain(stage, &mut mailbox, extras.as_deref());
            mailbox
        });
        if let Some(extras) = extras {
            disperse(stage, *extras);
        }
        if stage.me == stage.shared.root {
            stage.shared.note_root_end();
        }
        contain(move || drop((presence, origin, life)));
        let mut state = lock(&self.core.state);
        if let Some(mailbox) = mailbox {
            state.spare.keep(mailbox);
        }
        state
    }

    /// Fires the alarms that are due.
    pub(crate) fn fire_alarms(&mut self, state: &mut State) {
        self.stage.fire_alarms(state);
    }
}

/// Tells those who wait for room in a mailbox, and tasks whose time has come.
fn tell_room(stage: &mut Stage) {
    for waiter in std::mem::take(&mut stage.room_for) {
        match waiter {
            Waiter::Actor(actor, at) => stage.notify(actor, Notice::Room(at)),
            Waiter::Task(waker) => waker.wake(),
        }
    }
}

/// Deals with what could not be delivered.
fn deal_with_lost(stage: &mut Stage) {
    let shared = Arc::clone(&stage.shared);
    for parcel in std::mem::take(&mut stage.lost) {
        contain(|| shared.lose(parcel));
    }
}

impl Shared {
    /// Whether nothing is left to be driven.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_closing() && *lock(&self.root_ended)
    }
}
