//! How a system is claimed, found, and gone.

use std::net::{TcpListener, TcpStream};

use roscius_protocol::address::NodeId;
use roscius_protocol::admin::messages::{FromAdmin, ToAdmin};
use roscius_protocol::frame::Role;
use roscius_transport::SocketDir;

use crate::fellow::Fellow;
use crate::scene::{Speaker, Stage, System};

#[test]
fn a_system_is_found_while_it_runs_and_leaves_nothing() {
    let system = System::start("found", 0x51);
    let found = SocketDir::resolve_in(&system.stage.0, &system.alias).unwrap().unwrap();
    assert_eq!(found.system(), Some(0x51));
    let port: u16 = system.alias.strip_prefix("tcp-").unwrap().parse().unwrap();
    let mut knock = TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::io::Write::write_all(&mut knock, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    // It ends: who is no actor system is turned away.
    std::io::Read::read_to_end(&mut knock, &mut Vec::new()).unwrap();
    let mut program = system.program(100);
    program.attach();
    assert_eq!(program.ask(2, ToAdmin::Shutdown), FromAdmin::Done);
    // All is gone when the answer is there, though the program listens still.
    assert_eq!(system.stage.files(), Vec::<std::path::PathBuf>::new());
    assert_eq!(SocketDir::resolve_in(&system.stage.0, &system.alias).unwrap(), None);
    TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert_eq!(program.answer(0), FromAdmin::Finish);
    let mut admin = system.admin;
    assert!(admin.0.wait().unwrap().success());
}

#[test]
fn a_port_belongs_to_one_system() {
    for protocol in ["tcp", "udp"] {
        let stage = Stage::new(&format!("taken-{protocol}"));
        let mut first = Fellow::start(&format!("admin {protocol} 127.0.0.1:0"), &stage.0, 1, None);
        let served = first.line("SERVED");
        let port = served.split_once(' ').unwrap().0;
        let mut second = Fellow::start(&format!("admin {protocol} 127.0.0.1:{port}"), &stage.0, 2, None);
        let refused = second.line("REFUSED");
        assert!(refused.starts_with("PortTaken"), "{refused}");
        let found = SocketDir::resolve_in(&stage.0, &format!("{protocol}-{port}")).unwrap().unwrap();
        assert_eq!(found.system(), Some(1));
    }
}

#[test]
fn a_name_without_a_port_belongs_to_one_system_too() {
    let stage = Stage::new("named");
    let mut first = Fellow::start("admin queue Q", &stage.0, 1, None);
    first.line("SERVED");
    let mut second = Fellow::start("admin queue Q", &stage.0, 2, None);
    let refused = second.line("REFUSED");
    assert!(refused.starts_with("PortTaken"), "{refused}");
    second.0.wait().unwrap();
    assert!(!stage.files().iter().any(|path| path.ends_with("s00000002")), "{:?}", stage.files());
}

#[test]
fn what_a_killed_system_was_found_by_is_taken_over_and_what_it_left_is_swept() {
    let stage = Stage::new("stale");
    let mut first = Fellow::start("admin queue Q", &stage.0, 1, None);
    first.line("SERVED");
    let mut other = Fellow::start("admin queue other", &stage.0, 3, None);
    other.line("SERVED");
    first.kill();
    assert!(stage.files().iter().any(|path| path.ends_with("s00000001")), "a killed process removes nothing");
    assert_eq!(SocketDir::resolve_in(&stage.0, "queue-Q").unwrap(), None);
    let mut second = Fellow::start("admin queue Q", &stage.0, 2, None);
    second.line("SERVED");
    let system = |alias| SocketDir::resolve_in(&stage.0, alias).unwrap().and_then(|found| found.system());
    assert_eq!((system("queue-Q"), system("queue-other")), (Some(2), Some(3)));
    assert!(!stage.files().iter().any(|path| path.ends_with("s00000001")), "{:?}", stage.files());
}

#[test]
fn a_system_that_lives_with_its_creator_ends_with_it() {
    let stage = Stage::new("creator");
    let mut admin = Fellow::start("admin queue elder", &stage.0, 1, None);
    admin.line("SERVED");
    let mut creator = admin;
    let mut bound = Fellow::start("admin queue younger", &stage.0, 2, Some(creator.pid()));
    bound.line("SERVED");
    let mut program = Speaker::new(&stage.0, NodeId::of_process(2, 100), Role::External);
    program.attach();
    creator.kill();
    assert_eq!(program.answer(0), FromAdmin::Finish);
    assert!(bound.0.wait().unwrap().success());
}
