//! Members that cease to be there.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use roscius_transport::nats::{NatsAddress, place};
use roscius_transport::network::{Cause, Limits};
use rustix::process::{Pid, Signal, kill_process};

use super::scene::{PATIENCE, Station, introduction};
use super::server::Server;

const ADDRESS: &str = "ROSCIUS_TEST_NATS_ADDRESS";

/// A member in a process of its own.
fn member(server: &Server) -> Child {
    let address = format!("nats://somebody:secret@127.0.0.1:{}/site", server.port);
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "presence::is_a_member", "--ignored"])
        .env(ADDRESS, address)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "this is the process that others kill"]
fn is_a_member() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    // It ends with who has started it.
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let address: NatsAddress = address.parse().unwrap();
    let mut station = Station::with(introduction(2), &address, Limits::default());
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        station.until("anything", |station| !station.events.is_empty());
        station.events.clear();
    }
}

/// How long it takes to notice that a member is not there any more.
fn noticed(end: impl FnOnce(&Child), within: Duration) {
    let server = Server::new();
    let mut a = Station::new(1, &server);
    // Who may lead watches all others.
    a.until("who may lead", |a| a.leaders() == [place(1)]);
    let mut child = member(&server);
    a.until("that both may lead", |a| a.leaders().len() == 2);
    a.links.dial(&place(2));
    a.until("the link", |a| a.ups() == [2]);
    let since = Instant::now();
    end(&child);
    a.until("that it is gone", |a| !a.downs().is_empty());
    let took = since.elapsed();
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    assert_eq!(a.downs(), [(2, Cause::Away)]);
    assert!(took < within, "{took:?}");
    a.until("that it may lead no more", |a| a.leaders() == [place(1)]);
}

#[test]
fn a_member_that_is_killed_is_noticed() {
    noticed(|child| kill_process(Pid::from_child(child), Signal::KILL).unwrap(), Duration::from_secs(10));
}

#[test]
fn a_member_that_is_frozen_is_noticed() {
    noticed(|child| kill_process(Pid::from_child(child), Signal::STOP).unwrap(), Duration::from_secs(10));
}

#[test]
fn a_member_that_leaves_is_noticed_at_once() {
    let server = Server::new();
    let mut a = Station::new(1, &server);
    a.until("who may lead", |a| a.leaders() == [place(1)]);
    let mut b = Station::new(2, &server);
    super::scene::link(&mut b, &mut a);
    a.until("that both may lead", |a| a.leaders().len() == 2);
    drop(b);
    let since = Instant::now();
    a.until("that it is gone", |a| !a.downs().is_empty());
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}
