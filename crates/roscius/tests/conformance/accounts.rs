//! Accounts: whatever happens, every message is handled, comes back, or is a dead letter. Exactly one of these.
//!
//! In one process: the random program is made of closures, and its books are shared memory.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use roscius::prelude::*;
use roscius::{Received, Supervision};

use crate::bases::Base;
use crate::scene::{PATIENCE, Scene};

promises! {
    on in_one_process:
        every_message_of_a_random_program_is_accounted_for,
        every_message_of_a_random_program_is_accounted_for_at_shutdown;
}

/// What became of the messages.
#[derive(Default)]
struct Books {
    sent: AtomicU64,
    handled: AtomicU64,
    returned: AtomicU64,
    /// Sends that failed at the call, so that the message was not sent after all.
    refused: AtomicU64,
    /// Everybody that a step can be sent to. Some will have ended.
    everybody: OnceLock<Vec<Address>>,
}

impl Books {
    fn note(entry: &AtomicU64) {
        entry.fetch_add(1, Ordering::AcqRel);
    }

    fn everybody(&self) -> &[Address] {
        self.everybody.get().expect("nobody acts before the company is complete")
    }

    fn read(&self) -> [u64; 4] {
        [&self.sent, &self.handled, &self.returned, &self.refused].map(|entry| entry.load(Ordering::Acquire))
    }
}

impl fmt::Debug for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [sent, handled, returned, refused] = self.read();
        write!(f, "{sent} sent = {handled} handled + {returned} returned + {refused} refused + dead letters")
    }
}

/// Numbers that are the same in every run with the same seed (splitmix64).
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % sides
    }
}

/// A message with the seed of what its handler does, and how many more it may lead to.
#[derive(Debug, Clone, Message, Serialize, Deserialize)]
struct Step {
    seed: u64,
    left: u32,
}

/// The same, handled asynchronously.
#[derive(Debug, Clone, Message, Serialize, Deserialize)]
struct Stroll(Step);

/// Nobody accepts it.
#[derive(Debug, Clone, Message, Serialize, Deserialize)]
struct Stray;

/// Does what the dice say.
struct Wanderer {
    books: Arc<Books>,
    children: Vec<Address>,
    depth: u32,
}

impl Wanderer {
    fn maker(books: &Arc<Books>, depth: u32) -> impl FnMut() -> Self + Send + 'static {
        let books = Arc::clone(books);
        move || Self { books: Arc::clone(&books), children: Vec::new(), depth }
    }

    fn send<M: Message>(&self, to: Address, message: M, ctx: &mut Context<Self>) {
        Books::note(&self.books.sent);
        if ctx.send(to, message).is_err() {
            Books::note(&self.books.refused);
        }
    }

    fn somebody(&self, dice: &mut Dice) -> Address {
        let everybody = self.books.everybody();
        let index = dice.roll((everybody.len() + self.children.len()) as u64) as usize;
        everybody.get(index).copied().unwrap_or_else(|| self.children[index - everybody.len()])
    }

    fn step(&mut self, step: &mut Step, ctx: &mut Context<Self>) -> Outcome<()> {
        let mut dice = Dice(step.seed);
        for _ in 0..dice.roll(4).min(u64::from(step.left)) {
            let to = self.somebody(&mut dice);
            let next = Step { seed: dice.roll(u64::MAX), left: step.left - 1 };
            match dice.roll(10) {
                0 => self.send(to, Stray, ctx),
                1..=3 => self.send(to, Stroll(next), ctx),
                _ => self.send(to, next, ctx),
            }
        }
        match dice.roll(24) {
            0 | 1 => return Err(Failure::new("as the dice say").into()),
            2 => panic!("as the dice say"),
            3 if step.left > 0 => {
                step.left -= 1;
                step.seed = dice.roll(u64::MAX);
                let to = self.somebody(&mut dice);
                return ctx.forward(to);
            }
            4 if step.left > 0 => {
                step.left = 0;
                step.seed = 11; // Neither stashed again nor anything else.
                if dice.roll(2) == 0 {
                    ctx.wakeup_after(Duration::from_micros(200), ());
                }
                return ctx.stash();
            }
            5 => ctx.stop(),
            6 if self.depth > 0 => {
                let policy = [Restart::Permanent, Restart::Transient, Restart::Temporary][dice.roll(3) as usize];
                let props = Props::new(Self::maker(&self.books, self.depth - 1)).restart(policy).spread();
                if let Ok(child) = ctx.spawn(props) {
                    self.children.push(child.address());
                    let next = Step { seed: dice.roll(u64::MAX), left: step.left };
                    self.send(child.address(), next, ctx);
                }
            }
            7 => {
                let whom = self.somebody(&mut dice);
                ctx.exit(whom);
            }
            8 => ctx.unstash_all(),
            _ => {}
        }
        Books::note(&self.books.handled);
        Ok(())
    }
}

impl Actor for Wanderer {
    type Protocol = (Step, Async<Stroll>);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        ctx.supervise(Supervision::one_for_one().intensity(20, Duration::from_secs(60)));
        Ok(())
    }

    fn poisoned(&mut self, _: Poison, _: &mut Context<Self>) {
        Books::note(&self.books.returned);
    }

    fn wakeup(&mut self, _: Wakeup, ctx: &mut Context<Self>) {
        ctx.unstash_all();
    }

    fn stopping(&mut self, ctx: &mut Context<Self>) {
        let first = self.books.everybody()[0];
        self.send(first, Step { seed: 11, left: 0 }, ctx);
    }
}

impl Handler<Step> for Wanderer {
    fn receive(&mut self, step: &mut Step, ctx: &mut Context<Self>) -> Outcome<()> {
        self.step(step, ctx)
    }
}

impl AsyncHandler<Stroll> for Wanderer {
    async fn receive(&mut self, Stroll(step): &mut Stroll, ctx: &mut Context<'_, Self>) -> Outcome<()> {
        if step.seed % 3 == 0 {
            std::future::ready(()).await;
        }
        self.step(step, ctx)
    }
}

/// Actors of all kinds that know each other, and one who is not there.
fn company(scene: &Scene, books: &Arc<Books>) {
    let props = |restart: Restart| Props::new(Wanderer::maker(books, 2)).restart(restart);
    let spawn = |props: Props<Wanderer>| scene.system.spawn(props).unwrap().address();
    let troupe = || Troupe::new(Wanderer::maker(books, 1)).max(3).idle(1).linger(Duration::from_micros(300));
    let spawn_troupe = |troupe: Troupe<Wanderer>| scene.system.spawn_troupe(troupe).unwrap().address();
    let everybody = vec![
        spawn(props(Restart::Permanent)),
        spawn(props(Restart::Permanent).deliveries(2)),
        spawn(props(Restart::Transient)),
        spawn(props(Restart::Transient).bounded(2, Overflow::DropOldest)),
        spawn(props(Restart::Permanent).bounded(2, Overflow::DropNewest)),
        spawn(props(Restart::Permanent).bounded(2, Overflow::Fail)),
        spawn(props(Restart::Permanent).bounded(3, Overflow::Wait(Duration::from_millis(3)))),
        spawn(props(Restart::Temporary)),
        spawn(props(Restart::Permanent).blocking()),
        spawn_troupe(troupe().attempts(2).restart(Restart::Permanent)),
        spawn_troupe(troupe().attempts(1)),
        Address::nobody(scene.probe.address().node()),
    ];
    books.everybody.set(everybody).unwrap();
}

/// Lets a random program begin.
fn begin(scene: &Scene, books: &Arc<Books>, dice: &mut Dice) {
    company(scene, books);
    let everybody = books.everybody();
    for _ in 0..60 {
        let to = everybody[dice.roll(everybody.len() as u64) as usize];
        let step = Step { seed: dice.roll(u64::MAX), left: 6 };
        Books::note(&books.sent);
        if scene.probe.endpoint().send(to, step).is_err() {
            Books::note(&books.refused);
        }
    }
}

/// What came back to the test.
fn collect(scene: &Scene, books: &Books) {
    while let Some(received) = scene.probe.endpoint().listen(Duration::ZERO) {
        match received {
            Received::Poison(_) => Books::note(&books.returned),
            other => panic!("nobody sends to the probe, but there is {other:?}"),
        }
    }
}

fn supervised(base: Base) -> Scene {
    Scene::with(base, |builder| {
        builder.supervision(Supervision::one_for_one().intensity(1000, Duration::from_secs(60)))
    })
}

fn balance(scene: &Scene, books: &Books) -> bool {
    collect(scene, books);
    let [sent, handled, returned, refused] = books.read();
    sent == handled + returned + refused + scene.system.status().dead_letters
}

/// Thirty seeds, from the one in the environment variable `ROSCIUS_SEED` on.
fn seeds() -> Range<u64> {
    let first = std::env::var("ROSCIUS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    first..first + 30
}

fn every_message_of_a_random_program_is_accounted_for(base: Base) {
    for seed in seeds() {
        let scene = supervised(base);
        let books = Arc::new(Books::default());
        begin(&scene, &books, &mut Dice(seed));
        // What is stashed is settled when everybody has gone.
        let idle = || {
            scene.system.run_until_idle();
            let status = scene.system.status();
            status.waiting() == 0 && status.pending_timers == 0
        };
        assert!(scene.system.wait_until(PATIENCE, idle), "seed {seed}: {}", scene.system.status());
        assert!(scene.system.shut_down(), "seed {seed}");
        let balanced = scene.system.wait_until(Duration::from_millis(200), || balance(&scene, &books));
        assert!(balanced, "seed {seed}: {books:?}\n{}", scene.system.status());
    }
}

fn every_message_of_a_random_program_is_accounted_for_at_shutdown(base: Base) {
    for seed in seeds() {
        let scene = supervised(base);
        let books = Arc::new(Books::default());
        begin(&scene, &books, &mut Dice(seed));
        assert!(scene.system.shut_down(), "seed {seed}");
        let balanced = scene.system.wait_until(Duration::from_millis(200), || balance(&scene, &books));
        assert!(balanced, "seed {seed}: {books:?}\n{}", scene.system.status());
    }
}
