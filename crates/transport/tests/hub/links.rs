//! Links that do what they should.

use std::time::Duration;

use roscius_protocol::address::NodeId;
use roscius_protocol::frame::Payload;
use roscius_transport::{Bounds, Event, LinkError, Room, SendError};

use crate::scene::{Stage, header, until};

#[test]
fn messages_stay_in_order_both_ways_even_if_both_connect_at_once() {
    let stage = Stage::new("order");
    let (mut a, mut b) = stage.two();
    for round in 0..10 {
        for message in round * 400..(round + 1) * 400 {
            let long = vec![0; if message % 50 == 0 { 70_000 } else { message as usize % 90 }];
            a.send(2, message, &Payload::Bytes(&long));
            b.send(1, message, &Payload::Bytes(&long));
        }
        let all = (round + 1) * 400;
        until("all messages", &mut a, &mut b, |a, b| {
            a.messages_from(2).len() == all as usize && b.messages_from(1).len() == all as usize
        });
    }
    let expected: Vec<u64> = (0..4000).collect();
    assert!(a.messages_from(2) == expected && b.messages_from(1) == expected);
    assert!(a.notices().iter().chain(&b.notices()).all(|event| matches!(event, Event::Met { .. })));
    assert!(a.hub.links() <= 2);
}

#[test]
fn one_link_serves_both_ways() {
    let stage = Stage::new("both");
    let (mut a, mut b) = (stage.station(1), stage.station(2));
    let ticket = a.hub.dial(stage.path(2));
    a.until("the meeting", |a| {
        b.turn();
        a.hub.is_connected(NodeId::new(2))
    });
    assert!(matches!(a.notices()[..], [Event::Met { ticket: Some(met), .. }] if *met == ticket));
    b.until("the other side of it", |b| b.hub.is_connected(NodeId::new(1)));
    // Nobody told the second where the first listens.
    b.send(1, 7, &Payload::Str("hello"));
    until("the message", &mut a, &mut b, |a, _| a.messages_from(2) == [7]);
    assert_eq!((a.hub.links(), b.hub.links()), (1, 1));
}

#[test]
fn a_node_can_send_to_itself() {
    let stage = Stage::new("self");
    let mut a = stage.station(1);
    a.hub.introduce(NodeId::new(1), stage.path(1));
    for message in 0..100 {
        a.send(1, message, &Payload::None);
    }
    a.until("all messages", |a| a.messages_from(1).len() == 100);
    assert_eq!(a.messages_from(1), (0..100).collect::<Vec<_>>());
}

#[test]
fn long_frames_arrive_whole() {
    let stage = Stage::new("long");
    let (mut a, mut b) = stage.two();
    for (message, size) in [(1, 1 << 20), (2, 64 << 20), (3, 0)] {
        let long: Vec<u8> = (0..size).map(|at: u32| (at ^ (at >> 11)) as u8).collect();
        a.send(2, message, &Payload::Bytes(&long));
        until("the frame", &mut a, &mut b, |_, b| b.messages_from(1).len() == message as usize);
        let (_, frame) = b.frames().last().unwrap();
        assert!(frame.payload() == Ok(Payload::Bytes(&long)), "{size}");
    }
}

#[test]
fn a_slow_reader_fills_its_queue_and_nobody_spins() {
    let stage = Stage::new("slow");
    let (mut a, mut b) = stage.two();
    a.send(2, 0, &Payload::None);
    until("the link", &mut a, &mut b, |_, b| b.messages_from(1) == [0]);
    let payload = [0; 1000];
    let mut sent = 1;
    let full = loop {
        match a.hub.send(NodeId::new(2), &header(sent), &Payload::Bytes(&payload)) {
            Ok(Room::Enough) => sent += 1,
            Ok(Room::Full) => {
                sent += 1;
                a.hub.flush();
                a.turn();
            }
            Err(error) => break error,
        }
    };
    let bounds = Bounds::default();
    let (frames, bytes) = a.hub.waiting(NodeId::new(2));
    assert!(frames > bounds.low_frames && frames <= bounds.high_frames, "{frames}");
    assert_eq!(full, SendError::Full { node: NodeId::new(2), frames, bytes });
    // As long as the other side does not read there is nothing to do.
    for _ in 0..20 {
        a.turn();
    }
    let since = std::time::Instant::now();
    let mut turns = 0;
    while since.elapsed() < Duration::from_millis(100) {
        a.hub.poll(Some(Duration::from_millis(50)), &mut a.events).unwrap();
        turns += 1;
    }
    assert!(turns <= 4, "{turns} turns with nothing to do");
    assert!(a.notices().iter().all(|event| matches!(event, Event::Met { .. })));

    until("all messages", &mut a, &mut b, |_, b| b.messages_from(1).len() == sent as usize);
    assert_eq!(b.messages_from(1), (0..sent).collect::<Vec<_>>());
    let rooms = a.notices().iter().filter(|event| matches!(event, Event::Room { .. })).count();
    assert_eq!(rooms, 1, "that there is room again is said once");
}

#[test]
fn a_node_that_comes_back_is_connected_again() {
    let stage = Stage::new("again");
    let (mut a, mut b) = stage.two();
    for round in 0..5 {
        a.send(2, round, &Payload::None);
        until("the message", &mut a, &mut b, |_, b| b.messages_from(1) == [round]);
        drop(b);
        a.until("the end", |a| {
            let ends = a.events.iter().filter(|event| matches!(event, Event::Gone { cause: LinkError::Closed, .. }));
            ends.count() == round as usize + 1
        });
        b = stage.station(2);
    }
    drop(b);
    a.events.clear();
    // Another incarnation has taken the place: it is not taken for the one before.
    std::fs::rename(
        {
            b = stage.station(3);
            stage.path(3)
        },
        stage.path(2),
    )
    .unwrap();
    a.send(2, 5, &Payload::None);
    until("the refusal", &mut a, &mut b, |a, _| matches!(a.events.last(), Some(Event::Gone { .. })));
    let Some(Event::Gone { cause, unsent, .. }) = a.events.last() else { unreachable!() };
    assert_eq!(*cause, LinkError::AnotherNode { expected: NodeId::new(2), found: NodeId::new(3) });
    assert_eq!(unsent.len(), 1);
}

#[test]
fn what_can_not_be_sent_comes_back() {
    let stage = Stage::new("back");
    let mut a = stage.station(1);
    let nobody = NodeId::new(9);
    assert_eq!(a.hub.send(nobody, &header(0), &Payload::None), Err(SendError::NoWay { node: nobody }));
    assert_eq!(a.hub.send(nobody, &header(0), &Payload::Goodbye), Err(SendError::OfLinks));
    a.hub.introduce(nobody, stage.path(9));
    for message in 0..3 {
        a.send(9, message, &Payload::Int(message as i64));
    }
    a.until("the return", |a| !a.events.is_empty());
    let Event::Gone { node, cause, unsent } = &a.events[0] else { panic!("{:?}", a.events) };
    assert_eq!((*node, cause), (nobody, &LinkError::Absent));
    assert_eq!(unsent.iter().map(|frame| frame.header().message).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(unsent[2].payload(), Ok(Payload::Int(2)));

    drop(std::os::unix::net::UnixListener::bind(stage.path(9)).unwrap());
    a.events.clear();
    let _ = a.hub.forward(nobody, &unsent_frame()).unwrap();
    a.until("the refusal", |a| matches!(a.events[..], [Event::Gone { cause: LinkError::Refused, .. }]));
    let ticket = a.hub.dial(stage.path(10));
    a.until("the answer", |a| matches!(a.events.last(), Some(Event::NotMet { ticket: it, .. }) if *it == ticket));
}

fn unsent_frame() -> roscius_protocol::frame::Frame {
    let mut bytes = Vec::new();
    roscius_protocol::frame::encode(&header(1), &Payload::None, 100, &mut bytes).unwrap();
    roscius_protocol::frame::Frame::new(bytes.into(), 100).unwrap()
}

#[test]
fn a_hub_that_closes_in_good_order_loses_nothing() {
    let stage = Stage::new("close");
    let (a, mut b) = {
        let (mut a, mut b) = stage.two();
        a.send(2, 0, &Payload::None);
        until("the link", &mut a, &mut b, |_, b| b.messages_from(1) == [0]);
        for message in 1..2000 {
            a.send(2, message, &Payload::Bytes(&[0; 500]));
            b.send(1, message, &Payload::Bytes(&[0; 500]));
        }
        (a, b)
    };
    let closing = std::thread::spawn(move || {
        let mut events = a.events;
        a.hub.close(Duration::from_secs(20), None, |_, event| events.push(event));
        events
    });
    b.until("the end", |b| closing.is_finished() && !b.hub.is_connected(NodeId::new(1)));
    let came = closing.join().unwrap().iter().filter(|event| matches!(event, Event::Frame { .. })).count();
    assert_eq!(b.messages_from(1), (0..2000).collect::<Vec<_>>());
    assert_eq!(came, 1999);
    assert!(b.notices().iter().all(|event| !matches!(event, Event::Gone { .. })), "{:?}", b.notices());
    assert!(!stage.path(1).exists());
    b.send(1, 0, &Payload::None);
    b.until("the return", |b| matches!(b.events.last(), Some(Event::Gone { cause: LinkError::Absent, .. })));
}

#[test]
fn a_hub_that_closes_with_something_to_say_does_not_wait_longer_than_it_takes() {
    let stage = Stage::new("close");
    let (mut a, mut b) = stage.two();
    a.send(2, 1, &Payload::Int(1));
    until("the message", &mut a, &mut b, |_, b| b.messages_from(1) == [1]);
    let closing = std::thread::spawn(move || {
        a.send(2, 2, &Payload::Int(2));
        let since = std::time::Instant::now();
        a.hub.close(Duration::from_secs(20), None, |_, _| {});
        since.elapsed()
    });
    b.until("the goodbye", |b| !b.hub.is_connected(NodeId::new(1)));
    assert!(closing.join().unwrap() < Duration::from_secs(10));
    assert_eq!(b.messages_from(1), [1, 2]);
}

#[test]
fn a_new_connection_is_read_in_the_order_in_which_it_came() {
    let stage = Stage::new("came");
    let (mut a, mut b) = stage.two();
    b.send(1, 1, &Payload::None);
    until("a link", &mut a, &mut b, |a, _| a.frames().count() == 1);

    for new_comes_first in [true, false] {
        let mut c = stage.station(if new_comes_first { 3 } else { 4 });
        c.hub.introduce(NodeId::new(1), stage.path(1));
        // Nothing else is on its way.
        b.turn();
        a.turn();
        for (message, is_new) in [(2, new_comes_first), (3, !new_comes_first)] {
            let sender = if is_new { &mut c } else { &mut b };
            sender.send(1, message, &Payload::None);
            sender.hub.flush();
        }
        a.events.clear();
        a.turn();
        let came: Vec<_> = a.frames().map(|(_, frame)| frame.header().message).collect();
        assert_eq!(came, [2, 3], "the new connection comes first: {new_comes_first}");
    }
}
