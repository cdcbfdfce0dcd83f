//! Two systems that talk over links that come, go and lie, with everything checked that a pair promises:
//!
//! - what one sends arrives in order, and at most once, whatever a link drops, delays, repeats or delivers after its successor;
//! - every frame is delivered or reported, once; what is reported as not delivered was not, what may have been is reported as unknown;
//! - durable frames arrive, however often either side starts anew, and once as long as the receiver has settled them before;
//! - no more is held than there is room for, no more is in flight than the receiver allows, and the receiver finds no fault;
//! - when all is said, no timer runs.
//!
//! One sequence is run again by `SEED=n cargo test -p roscius-protocol --test pair_simulation -- --nocapture`, more are by `SEEDS=n`.

mod host;
mod ledger;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use ledger::Totals;
use world::World;

const SEQUENCES: u64 = 400;

/// A number from the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

#[test]
fn every_frame_is_accounted_for_over_400_random_links() {
    let mut totals = Totals::default();
    if let Some(seed) = given("SEED") {
        World::new(seed).run(&mut totals);
        return;
    }
    for seed in 0..given("SEEDS").unwrap_or(SEQUENCES) {
        let run = catch_unwind(AssertUnwindSafe(|| World::new(seed).run(&mut totals)));
        if let Err(panic) = run {
            eprintln!("the sequence with SEED={seed} failed");
            resume_unwind(panic);
        }
    }
    println!("{totals:?}");
    // A simulation in which nothing happens finds nothing.
    totals.check_that_everything_happened();
}

#[test]
fn the_same_seed_gives_the_same_sequence() {
    for seed in 0..50 {
        let run = || World::new(seed).run(&mut Totals::default());
        assert_eq!(run(), run());
    }
}
