//! The base `simple`: actors run in the thread of whoever waits for something, one message at a time, in the order in
//! which messages were sent; or, where that order is of no use, in slices.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use roscius_protocol::time::Time;

use super::driver::{BATCH, Driver, Manner, Turn};
use super::lock;
use super::shared::Shared;
use super::stage::Stage;

/// How many turns a thread takes before another may drive.
const TURNS: usize = 256;

const STEP: Manner = Manner { batch: 1, single: true, blocking: true };
const SLICE: Manner = Manner { batch: BATCH, single: false, blocking: true };

/// Drives the one core of a simple system.
pub(crate) struct Pump {
    manner: Manner,
    stage: Mutex<Option<Box<Stage>>>,
    /// Which thread drives now.
    driver: Mutex<Option<ThreadId>>,
    /// Rung when a thread has stopped driving.
    released: Condvar,
    /// How many threads wait for that: changed with `driver` locked. To ring for nobody would be a system call.
    waiting: AtomicUsize,
}

/// What came of driving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pumped {
    /// What was waited for is there.
    Done,
    /// Nothing is left to do that could bring it, or the time is over.
    Quiet,
    /// This thread drives already: an actor waits for itself.
    Within,
}

impl Pump {
    /// With `slices` an actor handles up to a batch of messages in one turn.
    pub(crate) fn new(slices: bool) -> Self {
        Self {
            manner: if slices { SLICE } else { STEP },
            stage: Mutex::default(),
            driver: Mutex::default(),
            released: Condvar::new(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Takes at most so many turns, of a notice or message each or of a slice, until `done`, which must not use the system.
    /// How many it was.
    pub(crate) fn step(&self, shared: &Arc<Shared>, most: usize, done: impl FnMut() -> bool) -> usize {
        if *lock(&self.driver) == Some(thread::current().id()) {
            return 0;
        }
        self.drive(shared, lock(&self.stage), most, done)
    }

    /// As [`Pump::step`], or nothing when another thread drives.
    pub(crate) fn try_step(&self, shared: &Arc<Shared>, most: usize, done: impl FnMut() -> bool) -> Option<usize> {
        match self.stage.try_lock() {
            Ok(stage) => Some(self.drive(shared, stage, most, done)),
            Err(TryLockError::Poisoned(poisoned)) => Some(self.drive(shared, poisoned.into_inner(), most, done)),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Drives until `done`, or until nothing more can happen before `deadline`.
    pub(crate) fn run(&self, shared: &Arc<Shared>, deadline: Option<Time>, mut done: impl FnMut() -> bool) -> Pumped {
        if *lock(&self.driver) == Some(thread::current().id()) {
            return Pumped::Within;
        }
        loop {
            if done() {
                return Pumped::Done;
            }
            let Some(played) = self.try_step(shared, TURNS, &mut done) else {
                // Another thread drives: what it does may be what we wait for.
                let guard = lock(&self.driver);
                if guard.is_some() {
                    let limit = Duration::from_millis(10);
                    self.waiting.fetch_add(1, Ordering::Relaxed);
                    let waited = self.released.wait_timeout(guard, limit).unwrap_or_else(PoisonError::into_inner);
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                    drop(waited);
                }
                if deadline.is_some_and(|deadline| shared.now() >= deadline) && !done() {
                    return Pumped::Quiet;
                }
                continue;
            };
            if played > 0 {
                continue;
            }
            if done() {
                return Pumped::Done;
            }
            // Nothing waits. Only a wakeup within the time can change that; without a limit it is not waited for.
            let (Some(deadline), Some(alarm)) = (deadline, lock(&shared.cores[0].state).next_alarm()) else {
                return Pumped::Quiet;
            };
            if alarm > deadline || shared.clock.is_manual() {
                return Pumped::Quiet;
            }
            thread::sleep(alarm.since(shared.now()));
        }
    }

    /// Ends the system: its stage is dropped, and with it the last reference to the system from within.
    pub(crate) fn close(&self) {
        if *lock(&self.driver) != Some(thread::current().id()) {
            let stage = lock(&self.stage).take();
            drop(stage);
        }
    }

    fn drive(
        &self,
        shared: &Arc<Shared>,
        mut slot: MutexGuard<'_, Option<Box<Stage>>>,
        most: usize,
        mut done: impl FnMut() -> bool,
    ) -> usize {
        let stage = slot.take().unwrap_or_else(|| Box::new(Stage::new(Arc::clone(shared), 0)));
        *lock(&self.driver) = Some(thread::current().id());
        let mut played = 0;
        let stage = shared.in_runtime(|| {
            let core = &shared.cores[0];
            let (mut driver, mut state) = Driver::enter(stage, core, 0);
            loop {
                driver.fire_alarms(&mut state);
                let turn;
                (state, turn) = driver.turn(state, self.manner);
                played += usize::from(turn == Turn::Played);
                if turn == Turn::Nothing || played >= most {
                    break;
                }
                // Not while the state is locked, which `done` may want to see.
                drop(state);
                let is_done = done();
                state = lock(&core.state);
                if is_done {
                    break;
                }
            }
            driver.leave(state)
        });
        *slot = Some(stage);
        let mut driver = lock(&self.driver);
        *driver = None;
        let is_awaited = self.waiting.load(Ordering::Relaxed) > 0;
        drop(driver);
        drop(slot);
        if is_awaited {
            self.released.notify_all();
        }
        played
    }
}
