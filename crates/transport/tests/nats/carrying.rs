//! Records, their order, and how much of them there may be.

use bytes::Bytes;
use roscius_protocol::frame::Kind;
use roscius_transport::nats::place;
use roscius_transport::network::{Cause, Event, Limits, Origin, PayloadKinds, SendError};
use roscius_transport::{Bounds, Room};

use super::scene::{Station, connected, introduction, link, linked, until};
use super::server::Server;

#[test]
fn records_of_all_lengths_arrive_in_order() {
    let server = Server::new();
    let (mut a, mut b) = linked(&server);
    let lengths = [0, 1, 64, 4_000, 65_536, 200_000, 3_000_000, 5];
    let record = |number: usize| Bytes::from(vec![number as u8; lengths[number]]);
    for number in 0..lengths.len() {
        let _ = a.links.send(2, &[number as u8], record(number)).unwrap();
        let _ = b.links.send(1, &[number as u8], record(number)).unwrap();
    }
    until("the records", &mut [&mut a, &mut b], |stations| {
        stations[0].records(2).len() == lengths.len() && stations[1].records(1).len() == lengths.len()
    });
    for came in [a.records(2), b.records(1)] {
        for (number, came) in came.iter().enumerate() {
            assert_eq!(came[0], number as u8);
            assert!(came[1..] == record(number));
        }
    }
    assert!(a.downs().is_empty() && b.downs().is_empty());
}

#[test]
fn both_sides_know_who_is_at_the_other_end() {
    let server = Server::new();
    let mut quiet = introduction(2);
    quiet.payloads = PayloadKinds::NO_PICKLES;
    let (mut a, mut b) = (Station::new(1, &server), Station::with(quiet, &server.address(), Limits::default()));
    link(&mut a, &mut b);
    let up = |station: &Station| {
        station.events.iter().find_map(|event| match event {
            Event::Up { peer, payloads, dialled, from, .. } => Some((peer.clone(), *payloads, *dialled, from.clone())),
            _ => None,
        })
    };
    let (peer, payloads, dialled, from) = up(&a).unwrap();
    assert_eq!(&peer, b.links.me());
    assert!(!payloads.has(Kind::Pickle) && payloads.has(Kind::MessagePack));
    assert!(dialled.is_some());
    assert_eq!(from, Origin::Nats("system-2".into()));
    let (peer, payloads, dialled, _) = up(&b).unwrap();
    assert_eq!(&peer, a.links.me());
    assert!(!payloads.has(Kind::Pickle) && dialled.is_none());
}

#[test]
fn a_dial_that_leads_nowhere_says_why() {
    let server = Server::new();
    let (mut a, mut b) = linked(&server);
    let itself = a.links.dial(&place(1));
    let nowhere = a.links.dial("host:1900");
    let again = a.links.dial(&place(2));
    let nobody = a.links.dial(&place(99));
    a.until("the answers", |a| [itself, nowhere, again, nobody].iter().all(|dial| a.not_up(*dial).is_some()));
    assert_eq!(a.not_up(itself), Some(Cause::Itself));
    assert_eq!(a.not_up(nowhere), Some(Cause::NoPlace { place: "host:1900".into() }));
    assert_eq!(a.not_up(again), Some(Cause::Already { system: 2 }));
    assert_eq!(a.not_up(nobody), Some(Cause::Slow { within: Limits::default().connect_within }));
    b.turn();
    assert!(a.downs().is_empty() && b.downs().is_empty());
}

#[test]
fn both_may_dial_at_once() {
    let server = Server::new();
    for round in 0..10 {
        let (one, two) = (2 * round + 10, 2 * round + 11);
        let (mut a, mut b) = (Station::new(one, &server), Station::new(two, &server));
        connected(&mut [&mut a, &mut b]);
        a.links.dial(&place(two));
        b.links.dial(&place(one));
        until("the link", &mut [&mut a, &mut b], |it| it[0].ups().len() + it[1].ups().len() == 2);
        a.send(two, b"from a");
        b.send(one, b"from b");
        until("the records", &mut [&mut a, &mut b], |it| it[0].records(two).len() + it[1].records(one).len() == 2);
        assert_eq!((a.ups(), b.ups()), (vec![two], vec![one]), "round {round}");
        assert!(a.downs().is_empty() && b.downs().is_empty(), "round {round}");
    }
}

#[test]
fn who_sends_too_much_waits_for_who_takes_little() {
    let server = Server::new();
    let bounds = Bounds { high_frames: 64, low_frames: 8, high_bytes: 1 << 20, low_bytes: 1 << 16 };
    let limits = Limits { queue: bounds, ..Limits::default() };
    let mut a = Station::with(introduction(1), &server.address(), limits);
    let mut b = Station::new(2, &server);
    link(&mut a, &mut b);
    // Nobody turns the other side. What its window and this side's queue take is all that goes.
    let body = Bytes::from(vec![7; 100_000]);
    let mut sent: u32 = 0;
    a.until("a queue that stays full", |a| {
        while a.links.waiting(2).0 < 64 {
            match a.links.send(2, &sent.to_le_bytes(), body.clone()) {
                Ok(Room::Enough | Room::Full) => sent += 1,
                Err(SendError::Full { system: 2, .. }) => break,
                Err(error) => panic!("{error}"),
            }
        }
        sent > 80
    });
    let bytes = u64::from(sent) * 100_004;
    assert!(bytes < (8 << 20) + (2 << 20), "{bytes} bytes were taken");
    assert!(matches!(a.links.send(2, b"", body.clone()), Err(SendError::Full { .. })));
    until("all of it", &mut [&mut a, &mut b], |it| it[1].records(1).len() == sent as usize);
    assert!(b.records(1).iter().zip(0..).all(|(record, number): (_, u32)| record[..4] == number.to_le_bytes()));
    assert!(a.events.iter().any(|event| matches!(event, Event::Room { system: 2 })));
    let _ = a.links.send(2, b"more", Bytes::new()).unwrap();
    until("more", &mut [&mut a, &mut b], |it| it[1].records(1).len() == sent as usize + 1);
}

#[test]
fn what_was_said_last_arrives_before_the_end() {
    let server = Server::new();
    let (mut a, mut b) = linked(&server);
    for number in 0..100_u8 {
        a.send(2, &[number; 50_000]);
    }
    a.links.close(2);
    a.until("that all has left", |a| !a.links.is_closing());
    assert_eq!(a.downs(), [(2, Cause::ClosedHere)]);
    b.until("the end", |b| !b.downs().is_empty());
    assert_eq!(b.downs(), [(1, Cause::Closed)]);
    assert_eq!(b.records(1).len(), 100);
    // And it can be made again.
    link(&mut b, &mut a);
}

#[test]
fn a_record_that_is_too_long_is_refused() {
    let server = Server::new();
    let limits = Limits { record: 1000, ..Limits::default() };
    let mut a = Station::with(introduction(1), &server.address(), limits.clone());
    let mut b = Station::with(introduction(2), &server.address(), limits);
    link(&mut a, &mut b);
    let refused = a.links.send(2, &[0; 500], Bytes::from(vec![0; 501]));
    assert!(matches!(refused, Err(SendError::TooLong { length: 1001, limit: 1000 })));
    a.send(2, &[0; 1000]);
    until("the other", &mut [&mut a, &mut b], |it| it[1].records(1).len() == 1);
    assert!(matches!(a.links.send(3, b"", Bytes::new()), Err(SendError::NotLinked { system: 3 })));
}
