//! Plays the actors of a core, one slice after the other.

use std::sync::{Arc, MutexGuard};

use roscius_protocol::lifecycle::Lifecycle;
use roscius_protocol::supervision::Restart;

use super::core::{Core, Resident, Seat, State, Waiter};
use super::envelope::Notice;
use super::life::{Play, leftovers};
use super::shared::{Base, Shared};
use super::stage::{Stage, unpack};
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

/// A driver at a core, with the state of the core locked between slices.
pub(crate) struct Driver<'c> {
    pub(crate) stage: Box<Stage>,
    pub(crate) core: &'c Core,
    pub(crate) state: MutexGuard<'c, State>,
}

impl<'c> Driver<'c> {
    /// Begins to drive a core.
    pub(crate) fn enter(mut stage: Box<Stage>, core: &'c Core, index: u8) -> Self {
        let mut state = lock(&core.state);
        stage.enter(&mut state, index);
        Self { stage, core, state }
    }

    /// Ends driving the core.
    pub(crate) fn leave(mut self) -> Box<Stage> {
        self.stage.leave(&mut self.state);
        drop(self.state);
        deal_with_lost(&mut self.stage);
        self.core.wake();
        self.stage
    }

    /// Plays the next actor for a slice, if there is something to do.
    #[inline]
    pub(crate) fn turn(mut self, manner: Manner) -> (Self, Turn) {
        if self.core.has_mail() {
            self.stage.collect(&mut self.state);
        }
        if !self.stage.lost.is_empty() || !self.stage.room_for.is_empty() {
            self = self.unlocked(|stage| {
                tell_room(stage);
                deal_with_lost(stage);
            });
            self.stage.settle(&mut self.state);
        }
        let mut settled = false;
        loop {
            if let Some(seat) = self.state.next_seat(manner.batch as usize) {
                return (self.play(seat, manner), Turn::Played);
            }
            if settled {
                return (self, Turn::Nothing);
            }
            // Another driver may be stuck with something in its outbox.
            self.stage.settle(&mut self.state);
            settled = true;
        }
    }

    /// Plays one actor for a slice and puts it back.
    #[inline]
    pub(crate) fn play(self, seat: Seat, manner: Manner) -> Self {
        let Self { stage, core, state } = self;
        drop(state);
        let mut seat = seat;
        if !manner.blocking
            && seat.resident.extras.as_ref().is_some_and(|extras| extras.blocking)
            && let Base::Threads(crew) = &stage.shared.base
        {
            match crew.play_apart(&stage.shared, stage.core, seat) {
                None => return Self { stage, core, state: lock(&core.state) },
                Some(refused) => seat = refused,
            }
        }
        let Played { mut stage, seat, paused } = play(stage, seat, manner);
        let mut state = lock(&core.state);
        stage.hand_out(&mut state);
        if !stage.ended {
            let handled = stage.handled;
            if state.put_back(seat, handled, paused, &mut stage.room_for) {
                core.room.notify_all();
            }
            return Self { stage, core, state };
        }
        let address = seat.address;
        let mut vacated = state.vacate(seat, &mut stage.room_for);
        if vacated.unblocks {
            core.room.notify_all();
        }
        drop(state);
        leftovers(&mut stage, address, &mut vacated.mailbox, vacated.resident.extras.take());
        if address == stage.shared.root {
            stage.shared.note_root_end();
        }
        contain(move || drop(vacated.resident));
        let mut state = lock(&core.state);
        state.recycle(vacated.mailbox);
        Self { stage, core, state }
    }

    /// Does something with the state unlocked, since it may run code of users.
    pub(crate) fn unlocked(self, act: impl FnOnce(&mut Stage)) -> Self {
        let Self { mut stage, core, state } = self;
        drop(state);
        act(&mut stage);
        Self { stage, core, state: lock(&core.state) }
    }

    /// Fires the alarms that are due.
    pub(crate) fn fire_alarms(mut self) -> Self {
        self.stage.fire_alarms(&mut self.state);
        self
    }
}

struct Played {
    stage: Box<Stage>,
    seat: Seat,
    paused: bool,
}

#[inline(always)]
fn play(mut stage: Box<Stage>, seat: Seat, manner: Manner) -> Played {
    let Seat { address, mailbox, resident } = seat;
    let (presence, origin) = unpack(resident, &mut stage, address);
    let mut play = Play::new(stage, presence, origin, mailbox);
    play.run(manner.batch, manner.single);
    let paused = play.is_paused();
    let Play { stage, presence, origin, mailbox, .. } = play;
    let mut stage = stage.into_inner();
    let nobody = stage.life.parent();
    let life = std::mem::replace(&mut stage.life, Lifecycle::foundling(nobody, Restart::Temporary));
    let extras = stage.extras.take();
    Played { stage, seat: Seat { address, mailbox, resident: Resident { life, presence, origin, extras } }, paused }
}

/// Tells those who wait for room in a mailbox, and tasks whose time has come.
pub(crate) fn tell_room(stage: &mut Stage) {
    for waiter in std::mem::take(&mut stage.room_for) {
        match waiter {
            Waiter::Actor(actor, at) => stage.notify(actor, Notice::Room(at)),
            Waiter::Task(waker) => waker.wake(),
        }
    }
}

/// Deals with what could not be delivered.
pub(crate) fn deal_with_lost(stage: &mut Stage) {
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
