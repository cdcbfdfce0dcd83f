//! Durable messages to actors in Rust, and what a system needs for them.

use std::time::Duration;

use roscius::{AskError, Received};
use roscius_host::admin::{ConventionOptions, SpoolOptions};
use roscius_host::rust::{CreateError, ProcessSystem, StartError};
use roscius_protocol::admin::messages::Setback;

use crate::cast::{Add, Fail, Note, Notes, Player};
use crate::scene::{Base, PATIENCE, any_port, next};

const IDENTITY: &str = "here";

fn options(spool: SpoolOptions) -> ConventionOptions {
    ConventionOptions { identity: Some(IDENTITY.into()), spool, ..ConventionOptions::default() }
}

fn start(base: &Base, spool: SpoolOptions) -> ProcessSystem {
    base.builder(any_port()).convention(options(spool)).start().unwrap()
}

#[test]
fn what_was_kept_is_handled_in_the_next_run_in_order_and_once() {
    let base = Base::new("durable");
    let spool = SpoolOptions { directory: Some(base.0.join("spool")), ..SpoolOptions::default() };
    let first = start(&base, spool.clone());
    let ledger = first.durable::<Player>(IDENTITY, "ledger").unwrap();
    (1..=3).for_each(|number| first.tell(ledger, Note(number)).unwrap());
    // Nobody waits for what a handler returns.
    first.tell(ledger, Add(1)).unwrap();
    first.shutdown().unwrap();
    for run in 0..2 {
        let system = start(&base, spool.clone());
        let player = system.spawn_named::<Player>("ledger", 0u64).unwrap();
        let mut expected = Vec::new();
        if run == 0 {
            let ledger = system.durable::<Player>(IDENTITY, "ledger").unwrap();
            system.tell(ledger, Note(4)).unwrap();
            expected = vec![1, 2, 3, 4];
        }
        let asked = || system.ask(player, Notes).wait_timeout(PATIENCE).unwrap();
        while asked().len() < expected.len() {}
        assert_eq!(asked(), expected);
        system.shutdown().unwrap();
    }
}

#[test]
fn a_durable_destination_is_told_and_not_asked() {
    let base = Base::new("asked");
    let system = start(&base, SpoolOptions::default());
    let ledger = system.durable::<Player>(IDENTITY, "ledger").unwrap();
    let asked = system.ask(ledger, Notes).wait_timeout(PATIENCE);
    let Err(AskError::NotAccepted(why)) = asked else { panic!("{asked:?}") };
    assert!(why.contains("told"), "{why}");
    let nameless = system.durable::<Player>(IDENTITY, "");
    assert!(matches!(nameless, Err(CreateError::Refused { .. })), "{nameless:?}");
    system.shutdown().unwrap();
}

#[test]
fn a_handler_that_fails_has_the_message_again_before_it_is_a_dead_letter() {
    let base = Base::new("again");
    let system = start(&base, SpoolOptions::default());
    let ledger = system.durable::<Player>(IDENTITY, "ledger").unwrap();
    system.tell(ledger, Fail("as it was told".into())).unwrap();
    system.tell(ledger, Note(1)).unwrap();
    for _ in 0..4 {
        // It ends when it has failed, and the next of its name gets what it had.
        let player = system.spawn_named::<Player>("ledger", 0u64).unwrap();
        let endpoint = system.endpoint();
        endpoint.watch(player);
        assert!(matches!(next(&endpoint), Received::Terminated(_)));
        while system.lookup("ledger").unwrap().is_some() {}
    }
    let player = system.spawn_named::<Player>("ledger", 0u64).unwrap();
    while system.ask(player, Notes).wait_timeout(PATIENCE).unwrap() != [1] {}
    let letters = system.status().unwrap().latest_dead_letters;
    assert_eq!(letters.iter().map(|letter| letter.reason).collect::<Vec<_>>(), [Setback::Failed]);
    system.shutdown().unwrap();
}

#[test]
fn a_spool_that_can_not_be_is_no_start() {
    let base = Base::new("spoolless");
    let nowhere = SpoolOptions { directory: Some("/dev/null/spool".into()), ..SpoolOptions::default() };
    let timeless = SpoolOptions { keep_for: Duration::ZERO, ..SpoolOptions::default() };
    let roomless = SpoolOptions { bytes: 0, ..SpoolOptions::default() };
    for (spool, why) in [(nowhere, "/dev/null/spool"), (timeless, "time"), (roomless, "size")] {
        let started = base.builder(any_port()).convention(options(spool)).start();
        let Err(StartError::Part { reason, .. }) = started else { panic!("{started:?}") };
        assert!(reason.contains(why), "{reason}");
    }
}
