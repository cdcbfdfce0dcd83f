//! Random families of actors, driven as a runtime drives them, with everything checked that the life cycle promises:
//!
//! - every message sent is handled, given back by a failed handler, refused, or a dead letter: exactly one of them;
//! - what one actor sends another is handled in the order in which it was sent;
//! - each actor ends once, its children before it, and nothing happens to it afterwards;
//! - a parent is told once of each child's end, by the instance that bore the child; watchers are told once;
//! - restarts respect the intensity, the strategy, the back-off, and wait for the children of the former instance;
//! - once everything is delivered nobody is left failed, half started or half ended.
//!
//! A sequence follows from its seed. One that fails is named, and is run again, with all that happens in it, by
//! `SEED=n cargo test -p roscius-protocol --test lifecycle_simulation -- --nocapture`.

mod actor;
mod operations;
mod oracle;
mod totals;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use totals::Totals;
use world::World;

const SEQUENCES: u64 = 100_000;

#[test]
fn every_message_and_every_exit_is_accounted_for_in_100_000_random_lives() {
    let mut totals = Totals::default();
    if let Ok(seed) = std::env::var("SEED") {
        let seed = seed.parse().expect("SEED is the number of a sequence");
        World::new(seed, true).run(&mut totals);
        return;
    }
    for seed in 0..SEQUENCES {
        let run = catch_unwind(AssertUnwindSafe(|| World::new(seed, false).run(&mut totals)));
        if let Err(panic) = run {
            eprintln!("the sequence with SEED={seed} failed");
            resume_unwind(panic);
        }
    }
    println!("{totals}");
    totals.check_that_everything_happened();
}

#[test]
fn the_same_seed_gives_the_same_sequence() {
    let run = |seed| {
        let mut totals = Totals::default();
        World::new(seed, false).run(&mut totals);
        totals
    };
    for seed in 0..100 {
        assert_eq!(run(seed), run(seed));
    }
}
