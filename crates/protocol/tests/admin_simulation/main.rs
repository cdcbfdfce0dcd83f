//! Random systems of processes around one Admin, with everything checked that the Admin promises:
//!
//! - who asks for an actor is answered exactly once, however processes die and starters come and go;
//! - a global name has one living holder, and all who ask for it get that one;
//! - the Admin counts as its children exactly those that live, once all is told;
//! - an actor is made from a source only while that is kept, and nothing else is kept;
//! - a shutdown ends within ten seconds, and leaves no process but programs; each requester is answered.
//!
//! Messages of one process arrive in order, those of several in any order; a process that has ended is noticed after all
//! that it said. One sequence is run again by `SEED=n cargo test -p roscius-protocol --test admin_simulation --
//! --nocapture`.

mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use world::{Totals, World};

const SEQUENCES: u64 = 5_000;

#[test]
fn every_creation_is_answered_and_nothing_outlives_the_system_in_5_000_random_runs() {
    let mut totals = Totals::default();
    if let Ok(seed) = std::env::var("SEED") {
        World::new(seed.parse().expect("SEED is the number of a sequence")).run(&mut totals);
        return;
    }
    for seed in 0..SEQUENCES {
        let run = catch_unwind(AssertUnwindSafe(|| World::new(seed).run(&mut totals)));
        if let Err(panic) = run {
            eprintln!("the sequence with SEED={seed} failed");
            resume_unwind(panic);
        }
    }
    println!("{totals:?}");
    // A simulation in which nothing happens finds nothing.
    let Totals { created, refused, killed, shared_names, starters_lost, stubborn, from_sources } = totals;
    let counts = [created, refused, killed, shared_names, starters_lost, stubborn, from_sources];
    for (what, count) in counts.into_iter().enumerate() {
        assert!(count > SEQUENCES / 10, "number {what} of {totals:?}");
    }
}
