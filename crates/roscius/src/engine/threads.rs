//! The base `threads`: each core has a thread of its own, and more threads help where one is stuck.
//!
//! An actor that computes or blocks for long holds up its thread, not its core: a sentry sees that the core does not get
//! on although something waits, and sends a reserve thread that plays the other actors of the core meanwhile. Actors
//! declared blocking are played by reserve threads from the start. When nothing happens, all threads sleep.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::core::Core;
use super::driver::{BATCH, Driver, Manner, Performer, Turn};
use super::lock;
use super::shared::{Base, Shared};
use super::stage::Stage;

/// How often the sentry looks whether the cores get on.
const TICK: Duration = Duration::from_millis(2);
/// After so many ticks with all cores asleep the sentry sleeps too.
const IDLE_TICKS: u32 = 10;
/// A helper goes on while its slices are longer than this: then there is work for more than one thread.
const LONG_SLICE: Duration = Duration::from_micros(500);
/// How long a reserve thread waits for work before it ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often alarms are looked at, in slices.
const SLICES_A_LOOK: u32 = 32;

/// The threads of a system.
pub(crate) struct Crew {
    max_reserves: usize,
    jobs: Mutex<Jobs>,
    call: Condvar,
    drivers: AtomicUsize,
    /// How many reserve threads help a core now.
    helping: AtomicUsize,
    /// How many play an actor that may block.
    apart: AtomicUsize,
    sentry_asleep: AtomicBool,
    sentry: Mutex<()>,
    sentry_bell: Condvar,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    idle: usize,
    threads: usize,
}

enum Job {
    /// Drive this core until it gets on by itself.
    Help(u8),
    /// Play this actor of the core for a slice.
    Play(u8, Box<Performer>),
}

impl Crew {
    pub(crate) fn new(max_reserves: usize) -> Self {
        Self {
            max_reserves,
            jobs: Mutex::default(),
            call: Condvar::new(),
            drivers: AtomicUsize::new(0),
            helping: AtomicUsize::new(0),
            apart: AtomicUsize::new(0),
            sentry_asleep: AtomicBool::new(false),
            sentry: Mutex::new(()),
            sentry_bell: Condvar::new(),
            threads: Mutex::default(),
        }
    }

    fn stage(&self, shared: &Arc<Shared>) -> Box<Stage> {
        Box::new(Stage::new(Arc::clone(shared), self.drivers.fetch_add(1, Ordering::Relaxed)))
    }

    fn stage_apart(&self, shared: &Arc<Shared>) -> Box<Stage> {
        Box::new(Stage::apart(Arc::clone(shared), self.drivers.fetch_add(1, Ordering::Relaxed)))
    }

    /// Starts a thread for each core, and the sentry.
    pub(crate) fn start(&self, shared: &Arc<Shared>) -> std::io::Result<()> {
        let mut threads = lock(&self.threads);
        for index in 0..shared.cores.len() {
            let stage = self.stage(shared);
            let run = move || Arc::clone(&stage.shared).run_thread(|| drive_home(stage, index as u8));
            threads.push(thread::Builder::new().name(format!("roscius-{index}")).spawn(run)?);
        }
        let watched = Arc::downgrade(shared);
        threads.push(thread::Builder::new().name("roscius-sentry".into()).spawn(move || watch(&watched))?);
        Ok(())
    }

    /// Waits for the threads of the cores to end, and for reserve threads to have done what they do, until `deadline`.
    pub(crate) fn join(&self, deadline: Instant) {
        self.call.notify_all();
        self.wake_sentry();
        let busy = || self.helping.load(Ordering::Acquire) + self.apart.load(Ordering::Acquire) > 0;
        while busy() && Instant::now() < deadline {
            thread::park_timeout(Duration::from_millis(1));
        }
        let me = thread::current().id();
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            while !thread.is_finished() && Instant::now() < deadline && thread.thread().id() != me {
                thread::park_timeout(Duration::from_millis(1));
            }
            if thread.is_finished() {
                // A driver contains all panics; one of its own is a bug that was printed already.
                let _ = thread.join();
            }
        }
    }

    /// Whether nobody does anything that a sentry would have to see.
    fn is_idle(&self, shared: &Shared) -> bool {
        self.helping.load(Ordering::Relaxed) == 0 && shared.cores.iter().all(Core::is_asleep)
    }

    fn wake_sentry(&self) {
        fence(Ordering::SeqCst);
        if self.sentry_asleep.swap(false, Ordering::AcqRel) {
            let _guard = lock(&self.sentry);
            self.sentry_bell.notify_all();
        }
    }

    /// Has an actor that may block played by a thread of its own. Gives it back when there is none, and will be none.
    pub(crate) fn play_apart(
        &self,
        shared: &Arc<Shared>,
        core: u8,
        performer: Box<Performer>,
    ) -> Option<Box<Performer>> {
        match self.submit(shared, Job::Play(core, performer)) {
            Some(Job::Play(_, performer)) => Some(performer),
            _ => None,
        }
    }

    /// Has a core driven by one more thread, if there is one.
    fn help(&self, shared: &Arc<Shared>, core: u8) {
        let called = |job: &Job| matches!(job, Job::Help(index) if *index == core);
        if !lock(&self.jobs).waiting.iter().any(called) {
            self.submit(shared, Job::Help(core));
        }
    }

    /// Has a reserve thread do a job. Gives it back when nobody ever would.
    fn submit(&self, shared: &Arc<Shared>, job: Job) -> Option<Job> {
        let mut jobs = lock(&self.jobs);
        if self.max_reserves == 0 {
            return Some(job);
        }
        jobs.waiting.push_back(job);
        if jobs.waiting.len() <= jobs.idle {
            self.call.notify_one();
            return None;
        }
        if jobs.threads >= self.max_reserves {
            return None;
        }
        jobs.threads += 1;
        drop(jobs);
        let shared = Arc::clone(shared);
        let started = thread::Builder::new()
            .name("roscius-reserve".into())
            .spawn(move || Arc::clone(&shared).run_thread(|| serve(shared)));
        let Err(error) = started else { return None };
        tracing::error!(%error, "no reserve thread could be started");
        let mut jobs = lock(&self.jobs);
        jobs.threads -= 1;
        if jobs.threads == 0 { jobs.waiting.pop_back() } else { None }
    }

    /// The next job for a reserve thread. None when it has waited long enough.
    fn next_job(&self, shared: &Shared) -> Option<Job> {
        let mut jobs = lock(&self.jobs);
        loop {
            if let Some(job) = jobs.waiting.pop_front() {
                return Some(job);
            }
            if shared.is_stopped() {
                jobs.threads -= 1;
                return None;
            }
            jobs.idle += 1;
            let (woken, timeout) = self.call.wait_timeout(jobs, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            jobs = woken;
            jobs.idle -= 1;
            if timeout.timed_out() && jobs.waiting.is_empty() {
                jobs.threads -= 1;
                return None;
            }
        }
    }
}

fn crew(shared: &Shared) -> Option<&Crew> {
    match &shared.base {
        Base::Threads(crew) => Some(crew),
        Base::Simple(_) => None,
    }
}

const HOME: Manner = Manner { batch: BATCH, single: false, blocking: false };

/// The thread of a core.
fn drive_home(stage: Box<Stage>, index: u8) {
    let shared = Arc::clone(&stage.shared);
    let Some(crew) = crew(&shared) else { return };
    let core = &shared.cores[index as usize];
    let (mut driver, mut state) = Driver::enter(stage, core, index);
    let mut until_look = 0;
    loop {
        if until_look == 0 {
            driver.fire_alarms(&mut state);
            // Another driver may be stuck with something in its outbox.
            driver.stage.settle(&mut state);
            driver.stage.report(&mut state);
            until_look = SLICES_A_LOOK;
        }
        until_look -= 1;
        let turn;
        (state, turn) = driver.turn(state, HOME);
        if turn == Turn::Played {
            core.slices.store(core.slices.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            core.home_slices.store(core.home_slices.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            continue;
        }
        driver.fire_alarms(&mut state);
        if !state.run.is_empty() || !driver.stage.room_for.is_empty() || !driver.stage.lost.is_empty() {
            continue;
        }
        if shared.is_stopped() {
            break;
        }
        let limit = match state.next_alarm() {
            Some(_) if shared.clock.is_manual() => None,
            next => next.map(|deadline| deadline.since(shared.now())),
        };
        driver.stage.report(&mut state);
        core.sleep(state, limit);
        crew.wake_sentry();
        until_look = 0;
        state = lock(&core.state);
    }
    driver.leave(state);
}

/// A reserve thread.
fn serve(shared: Arc<Shared>) {
    let Some(crew) = crew(&shared) else { return };
    let (mut helping, mut apart) = (None, None);
    while let Some(job) = crew.next_job(&shared) {
        match job {
            Job::Play(index, performer) => {
                crew.apart.fetch_add(1, Ordering::Relaxed);
                let stage = apart.take().unwrap_or_else(|| crew.stage_apart(&shared));
                let (mut driver, state) = Driver::enter(stage, &shared.cores[index as usize], index);
                drop(state);
                let state = driver.perform(*performer, Manner { blocking: true, ..HOME });
                apart = Some(driver.leave(state));
                crew.apart.fetch_sub(1, Ordering::Release);
            }
            Job::Help(index) => {
                let stage = helping.take().unwrap_or_else(|| crew.stage(&shared));
                crew.helping.fetch_add(1, Ordering::Relaxed);
                helping = Some(help(stage, &shared.cores[index as usize], index));
                crew.helping.fetch_sub(1, Ordering::Release);
            }
        }
    }
}

/// Drives a core until it gets on by itself.
fn help(stage: Box<Stage>, core: &Core, index: u8) -> Box<Stage> {
    let (mut driver, mut state) = Driver::enter(stage, core, index);
    let home = core.home_slices.load(Ordering::Relaxed);
    loop {
        let start = Instant::now();
        driver.fire_alarms(&mut state);
        // What the thread of the core is stuck with in its outbox is not to wait for all that is queued.
        driver.stage.settle(&mut state);
        let turn;
        (state, turn) = driver.turn(state, HOME);
        if turn == Turn::Nothing {
            break;
        }
        core.slices.store(core.slices.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        let home_is_back = core.home_slices.load(Ordering::Relaxed) != home;
        if home_is_back && start.elapsed() < LONG_SLICE {
            break;
        }
    }
    driver.leave(state)
}

/// The sentry: sends help to cores that do not get on.
fn watch(shared: &Weak<Shared>) {
    let mut seen: Vec<u64> = Vec::new();
    let mut idle_ticks = 0;
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let Some(crew) = crew(&shared) else { return };
        if shared.is_stopped() {
            return;
        }
        idle_ticks = if crew.is_idle(&shared) { idle_ticks + 1 } else { 0 };
        let guard = lock(&crew.sentry);
        if idle_ticks > IDLE_TICKS {
            crew.sentry_asleep.store(true, Ordering::Release);
            // A core that wakes now sees that the sentry sleeps, or is seen to be awake.
            fence(Ordering::SeqCst);
            if crew.is_idle(&shared) && !shared.is_stopped() {
                let mut guard = guard;
                while crew.sentry_asleep.load(Ordering::Acquire) {
                    guard = crew.sentry_bell.wait(guard).unwrap_or_else(PoisonError::into_inner);
                }
            }
            crew.sentry_asleep.store(false, Ordering::Release);
            idle_ticks = 0;
            continue;
        }
        let (guard, _) = crew.sentry_bell.wait_timeout(guard, TICK).unwrap_or_else(PoisonError::into_inner);
        drop(guard);
        shared.count_tick();
        seen.resize(shared.cores.len(), 0);
        for (index, core) in shared.cores.iter().enumerate() {
            let slices = core.slices.load(Ordering::Relaxed);
            let gets_on = std::mem::replace(&mut seen[index], slices) != slices;
            if gets_on || !core.needs_a_driver(shared.now()) {
                continue;
            }
            match core.is_asleep() {
                // A helper is stuck with something in its outbox.
                true => core.rouse(),
                false => crew.help(&shared, index as u8),
            }
        }
    }
}
