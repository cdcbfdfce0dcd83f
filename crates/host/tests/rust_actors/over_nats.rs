//! Systems whose links go over a NATS server.

#[path = "../../../transport/tests/nats/server.rs"]
#[allow(dead_code, reason = "the tests of the links need more of it")]
mod server;

use roscius::ActorRef;
use roscius_host::admin::{ConventionOptions, SpoolOptions};
use roscius_host::rust::{ProcessSystem, StartError};

use crate::cast::{Note, Notes, Player};
use crate::scene::{Base, PATIENCE, any_port};
use server::Server;

fn options(server: &Server, identity: &str) -> ConventionOptions {
    let leader = format!("nats://somebody:secret@127.0.0.1:{}/site", server.port);
    ConventionOptions { leaders: vec![leader], identity: Some(identity.into()), ..ConventionOptions::default() }
}

/// Waits until it has all these, and nothing else.
fn has(system: &ProcessSystem, player: ActorRef<Player>, expected: &[u32]) {
    let notes = || system.ask(player, Notes).wait_timeout(PATIENCE).unwrap();
    while notes().len() < expected.len() {}
    assert_eq!(notes(), expected);
}

#[test]
fn durable_messages_wait_for_a_system_and_for_the_server() {
    let (mut server, base) = (Server::new(), Base::new("nats"));
    let start = |options: ConventionOptions| base.builder(any_port()).convention(options).start().unwrap();
    let shop = start(options(&server, "shop"));
    let ledger = shop.durable::<Player>("office", "ledger").unwrap();
    (1..=3).for_each(|number| shop.tell(ledger, Note(number)).unwrap());
    let spool = SpoolOptions { directory: Some(base.0.join("spool")), ..SpoolOptions::default() };
    let office = || start(ConventionOptions { spool: spool.clone(), ..options(&server, "office") });
    let first = office();
    has(&first, first.spawn_named::<Player>("ledger", 0u64).unwrap(), &[1, 2, 3]);
    first.shutdown().unwrap();
    shop.tell(ledger, Note(4)).unwrap();
    let second = office();
    let player = second.spawn_named::<Player>("ledger", 0u64).unwrap();
    has(&second, player, &[4]);
    server.kill();
    shop.tell(ledger, Note(5)).unwrap();
    server.start_again();
    shop.tell(ledger, Note(6)).unwrap();
    has(&second, player, &[4, 5, 6]);
    second.shutdown().unwrap();
    shop.shutdown().unwrap();
}

#[test]
fn a_file_that_holds_no_credentials_is_no_start() {
    let (server, base) = (Server::new(), Base::new("creds"));
    let credentials = Some(base.0.join("missing.creds"));
    let started =
        base.builder(any_port()).convention(ConventionOptions { credentials, ..options(&server, "x") }).start();
    let Err(StartError::Part { reason, .. }) = started else { panic!("{started:?}") };
    assert!(reason.contains("missing.creds"), "{reason}");
}
