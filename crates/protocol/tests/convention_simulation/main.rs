//! Whole conventions in one process, on virtual time: several systems, each with its share in the [convention](roscius_protocol::convention) and
//! a [pair](roscius_protocol::pair) for each other one, over a network that a seed lets go wrong: links that break, hosts that are cut off in one
//! direction or both, systems that are killed, stopped, slow, and started anew, clocks that differ.
//!
//! What must hold whatever happens is in `invariants`, one file each. The same seed gives the same run, which a hash of all that happened shows.
//!
//! ```text
//! SEED=17 cargo test -p roscius-protocol --test convention_simulation -- --nocapture     one run
//! SEEDS=1000 MINUTES=60 cargo test --release …                                           a thousand, of a simulated hour each
//! TRACE=1 SEED=17 …                                                                      one, with all that happens
//! ```

mod clock;
mod invariants;
mod network;
#[path = "../lifecycle_simulation/random.rs"]
mod random;
mod system;
mod trouble;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
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

#[test]
fn whatever_happens_to_a_convention_its_promises_hold() {
    let (first, count) = match given("SEED") {
        Some(seed) => (seed, given("SEEDS").unwrap_or(1)),
        None => (0, given("SEEDS").unwrap_or(50)),
    };
    let minutes = given("MINUTES").unwrap_or(5);
    let mut totals = Totals::default();
    for seed in first..first + count {
        match catch_unwind(AssertUnwindSafe(|| run(seed, minutes, &mut totals))) {
            Ok(hash) if count == 1 => println!("SEED={seed}: the hash of all that happened is {hash:016x}"),
            Ok(_) => {}
            Err(panic) => {
                eprintln!("the run with SEED={seed} MINUTES={minutes} failed");
                resume_unwind(panic);
            }
        }
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
