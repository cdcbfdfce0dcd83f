//! Two processes.

use std::time::{Duration, Instant};

use roscius_protocol::address::NodeId;
use roscius_protocol::frame::Payload;
use roscius_transport::{Event, LinkError};

use crate::fellow::{FLOOD, Fellow, flooded};
use crate::scene::{PATIENCE, Stage, Station};

#[test]
fn two_that_flood_each_other_both_get_on() {
    let stage = Stage::new("flood");
    let mut a = stage.station(1);
    let fellow = Fellow::start("flood", &stage.path(1));
    assert_eq!(flooded(&mut a.hub, NodeId::new(2), FLOOD), FLOOD);
    a.until("the goodbye", |a| !a.hub.is_connected(NodeId::new(2)));
    assert!(fellow.went_well());
}

#[test]
fn a_peer_killed_in_the_middle_of_a_frame_is_noticed() {
    let stage = Stage::new("killed");
    let mut a = stage.station(1);
    let mut fellow = Fellow::start("half", &stage.path(1));
    a.until("the first frame", |a| a.messages_from(2) == [1]);
    fellow.kill();
    a.until("the end", |a| matches!(a.events.last(), Some(Event::Gone { .. })));
    let Some(Event::Gone { cause, unsent, .. }) = a.events.last() else { unreachable!() };
    assert!(matches!(cause, LinkError::Cut { missing: Some(_), .. }), "{cause}");
    assert!(unsent.is_empty());
    assert_eq!(a.messages_from(2), [1], "half a frame is no message");
}

#[test]
fn what_a_killed_peer_did_not_read_comes_back() {
    let stage = Stage::new("unread");
    let mut a = stage.station(1);
    let mut fellow = Fellow::start("deaf", &stage.path(1));
    a.until("the meeting", |a| a.hub.is_connected(NodeId::new(2)));
    a.send(2, 0, &Payload::Bytes(&vec![0; 15 << 20]));
    for message in 1..=10 {
        a.send(2, message, &Payload::Int(1));
    }
    a.turn();
    assert_eq!(a.hub.waiting(NodeId::new(2)).0, 11);
    fellow.kill();
    a.until("the end", |a| matches!(a.events.last(), Some(Event::Gone { .. })));
    let Some(Event::Gone { cause, unsent, .. }) = a.events.last() else { unreachable!() };
    assert!(matches!(cause, LinkError::Reset | LinkError::Closed), "{cause}");
    let unsent: Vec<u64> = unsent.iter().map(|frame| frame.header().message).collect();
    assert_eq!(unsent, (0..=10).collect::<Vec<_>>(), "the half-written frame and all after it");
}

#[test]
fn without_descriptors_idle_links_make_room() {
    const CALLERS: u64 = 20;
    let stage = Stage::new("few");
    let fellow = Fellow::start("few", &stage.path(2));
    while !stage.path(2).exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut callers: Vec<_> = (0..CALLERS)
        .map(|at| {
            let mut caller = stage.station(100 + at);
            caller.hub.introduce(NodeId::new(2), stage.path(2));
            caller
        })
        .collect();
    // Far more than there are descriptors for call at once, three times over.
    for round in 0..3 {
        for caller in &mut callers {
            caller.send(2, round, &Payload::None);
        }
        let since = Instant::now();
        while callers.iter().any(|caller| caller.messages_from(2).len() <= round as usize) {
            assert!(since.elapsed() < PATIENCE, "round {round}");
            callers.iter_mut().for_each(Station::turn);
        }
    }
    for caller in &callers {
        assert_eq!(caller.messages_from(2), [0, 1, 2]);
        let told = |event: &&Event| matches!(event, Event::Met { .. } | Event::Parted { .. });
        let gone = caller.notices().into_iter().find(|event| !told(event));
        assert!(gone.is_none(), "links are closed by agreement: {gone:?}");
    }
    // It waits for a descriptor, and does not spin for one.
    let turns = |callers: &mut [Station]| {
        let before = callers[0].frames().count();
        callers[0].send(2, 9, &Payload::Str("turns"));
        let since = Instant::now();
        while callers[0].frames().count() == before {
            assert!(since.elapsed() < PATIENCE, "no count");
            callers.iter_mut().for_each(Station::turn);
        }
        let Ok(Payload::Int(turns)) = callers[0].frames().last().unwrap().1.payload() else { panic!("no count") };
        turns
    };
    let held: Vec<_> = (0..20).map(|_| std::os::unix::net::UnixStream::connect(stage.path(2)).unwrap()).collect();
    let before = turns(&mut callers);
    std::thread::sleep(Duration::from_millis(500));
    let during = turns(&mut callers) - before;
    assert!(during < 200, "{during} turns in half a second");
    drop(held);
    callers[0].send(2, 10, &Payload::Str("leave"));
    for _ in 0..1000 {
        callers.iter_mut().for_each(Station::turn);
        if !stage.path(2).exists() {
            break;
        }
    }
    assert!(fellow.went_well());
}
