//! Whole conventions in one process, on virtual time: several systems, each with its share in the [convention](roscius_protocol::convention) and
//! a [pair](roscius_protocol::pair) for each other one, over a network that a seed lets go wrong: links that break, hosts that are cut off in one
//! direction or both, systems that are killed, stopped, slow, and started anew, clocks that differ.
//!
//! What must hold whatever happens is in `invariants`, one file each. The same seed gives the same run, which a hash of all that happened shows.
//!
//! ```text
//! make simulate SEED=17                   one run, of a simulated hour
//! make simulate                           a thousand
//! make simulate SEED=17 MINUTES=5 TRACE=1 with all that happens
//! ```

mod invariants;
mod naming;
mod system;
mod trouble;
mod world;

use std::any::Any;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{available_parallelism, scope};
use std::time::Duration;

use trouble::Weather;
use world::{Totals, World};

/// A number from the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

fn run(seed: u64, minutes: u64, totals: &mut Totals) -> u64 {
    World::new(seed, Weather::of(seed)).run(Duration::from_secs(60 * minutes), totals)
}

/// A seed, and what its run said when it failed.
type Failure = (u64, Box<dyn Any + Send>);

/// Runs all these seeds, on all processors if they are many. What happened in them, and the first that failed with what it said.
fn run_all(seeds: Range<u64>, minutes: u64) -> (Totals, Option<Failure>) {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut totals = Totals::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return (totals, None);
            }
            match catch_unwind(AssertUnwindSafe(|| run(seed, minutes, &mut totals))) {
                Ok(hash) if seeds.end - seeds.start == 1 => println!("SEED={seed}: the hash of the run is {hash:016x}"),
                Ok(_) => {}
                Err(panic) => {
                    eprintln!("the run with SEED={seed} MINUTES={minutes} failed");
                    // Those before it are under way already: the others need not begin.
                    next.store(seeds.end, Ordering::Relaxed);
                    return (totals, Some((seed, panic)));
                }
            }
        }
    };
    let threads = if given("SEEDS").is_some() { available_parallelism().map_or(1, NonZeroUsize::get) } else { 1 };
    scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = (Totals::default(), None);
        for worker in workers {
            let (totals, failure) = worker.join().expect("it catches what its runs say");
            all.0.add(&totals);
            all.1 = all.1.into_iter().chain(failure).min_by_key(|(seed, _)| *seed);
        }
        all
    })
}

#[test]
fn whatever_happens_to_a_convention_its_promises_hold() {
    let (first, count) = match given("SEED") {
        Some(seed) => (seed, given("SEEDS").unwrap_or(1)),
        None => (0, given("SEEDS").unwrap_or(50)),
    };
    let (totals, failure) = run_all(first..first + count, given("MINUTES").unwrap_or(5));
    if let Some((_, panic)) = failure {
        resume_unwind(panic);
    }
    println!("{totals:?}");
    if count >= 50 {
        totals.check_that_everything_happened();
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..4 {
        let run = || run(seed, 1, &mut Totals::default());
        assert_eq!(run(), run());
    }
}
