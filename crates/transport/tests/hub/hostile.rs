//! Others at the other end.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use roscius_protocol::address::NodeId;
use roscius_protocol::frame::{self, Hello, HelloError, Payload, Role};
use roscius_transport::{Event, LinkError};

use crate::fellow::{Fellow, SKIPPED};
use crate::scene::{Stage, Station, header, until};

/// A bare socket that has greeted station 1.
fn greeted(stage: &Stage, a: &mut Station, node: u64) -> UnixStream {
    let mut socket = UnixStream::connect(stage.path(1)).unwrap();
    socket.write_all(&Hello { node: NodeId::new(node), role: Role::Actor, pid: 1 }.to_bytes()).unwrap();
    a.until("the greeting", |a| a.hub.is_connected(NodeId::new(node)));
    socket.read_exact(&mut [0; Hello::SIZE]).unwrap();
    socket
}

#[test]
fn garbage_and_half_frames_end_their_own_link_only() {
    let stage = Stage::new("garbage");
    let (mut a, mut b) = stage.two();
    let mut whole = Vec::new();
    frame::encode(&header(1), &Payload::Bytes(&[0; 100]), 1000, &mut whole).unwrap();

    let mut garbage = UnixStream::connect(stage.path(1)).unwrap();
    garbage.write_all(&[0xfe; 1000]).unwrap();
    a.until("the refusal", |a| !a.events.is_empty());
    let Event::TurnedAway { cause } = &a.events[0] else { panic!("{:?}", a.events) };
    assert_eq!(*cause, LinkError::Hello(HelloError::Magic { found: [0xfe; 8] }));
    assert!(garbage.read(&mut [0; 1]).is_err(), "the connection is reset");

    let mut half = greeted(&stage, &mut a, 8);
    half.write_all(&whole).unwrap();
    half.write_all(&whole[..70]).unwrap();
    drop(half);
    a.until("the half frame", |a| matches!(a.events.last(), Some(Event::Gone { .. })));
    let Some(Event::Gone { node, cause, .. }) = a.events.last() else { unreachable!() };
    assert_eq!((node.number(), cause), (8, &LinkError::Cut { came: 70, missing: Some(94) }));
    assert_eq!(a.messages_from(8), [1], "the whole frame before it counts");

    let mut broken = greeted(&stage, &mut a, 9);
    broken.write_all(&whole).unwrap();
    broken.write_all(&[0xfe; 64]).unwrap();
    a.until("the broken stream", |a| matches!(a.events.last(), Some(Event::Gone { .. })));
    let Some(Event::Gone { cause: LinkError::Stream(error), .. }) = a.events.last() else { panic!("{:?}", a.events) };
    assert_eq!(error.at, 164);

    a.send(2, 5, &Payload::None);
    b.send(1, 6, &Payload::None);
    until("the others", &mut a, &mut b, |a, b| a.messages_from(2) == [6] && b.messages_from(1) == [5]);
}

#[test]
fn who_says_nothing_is_cut_off_and_who_looks_in_is_not_mentioned() {
    let stage = Stage::new("silent");
    let mut a = stage.station_with(1, |options| {
        options.greet_within = Duration::from_millis(50);
        options.strangers = 2;
    });
    drop(UnixStream::connect(stage.path(1)).unwrap());
    let silent: Vec<_> = (0..5).map(|_| UnixStream::connect(stage.path(1)).unwrap()).collect();
    a.until("the end of their time", |a| a.events.len() == 5);
    let slow = LinkError::Slow { within: Duration::from_millis(50) };
    assert!(a.events.iter().all(|event| matches!(event, Event::TurnedAway { cause } if *cause == slow)));
    for mut socket in silent {
        assert_eq!(socket.read(&mut [0; 1]).unwrap(), 0, "nothing is said to a stranger");
    }
}

#[test]
fn processes_of_another_user_are_turned_away() {
    let stage = Stage::new("user");
    // This process's own connections, to a hub that wants somebody else's.
    let mut a = stage.station_with(1, |options| options.uid += 1);
    let _foreign = UnixStream::connect(stage.path(1)).unwrap();
    a.until("the refusal", |a| matches!(a.events[..], [Event::TurnedAway { cause: LinkError::ForeignUser { .. } }]));

    let mut b = stage.station(2);
    b.hub.introduce(NodeId::new(1), stage.path(1));
    let mut c = stage.station_with(3, |options| options.uid += 1);
    c.hub.introduce(NodeId::new(2), stage.path(2));
    c.send(2, 1, &Payload::None);
    c.until("the refusal to call", |c| {
        matches!(&c.events[..], [Event::Gone { cause: LinkError::ForeignUser { .. }, unsent, .. }] if unsent.len() == 1)
    });
}

#[test]
fn a_real_process_of_another_user_is_turned_away() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("{SKIPPED}: only root can start a process of another user");
        return;
    }
    let stage = Stage::new("real");
    let mut a = stage.station(1);
    // What the directory would prevent otherwise.
    std::fs::set_permissions(stage.path(1), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let Some(_fellow) = Fellow::start_as(12345, "knock", &stage.path(1)) else {
        eprintln!("{SKIPPED}: another user can not start this program");
        return;
    };
    a.until("the refusal", |a| !a.events.is_empty());
    let Event::TurnedAway { cause } = &a.events[0] else { panic!("{:?}", a.events) };
    assert!(matches!(cause, LinkError::ForeignUser { uid: 12345, .. }), "{cause}");
}
