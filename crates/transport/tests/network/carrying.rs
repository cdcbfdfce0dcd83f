//! Records over good links.

use std::time::Duration;

use bytes::Bytes;
use roscius_protocol::frame::Kind;
use roscius_transport::network::{Cause, Event, Origin, PayloadKinds, SendError};
use roscius_transport::{Bounds, Room};

use crate::authority::Authority;
use crate::scene::{Station, linked, options, until};

#[test]
fn records_of_all_lengths_arrive_in_order_both_ways() {
    let ours = Authority::new();
    carry_all_lengths(linked(Station::new(1), Station::new(2)));
    carry_all_lengths(linked(ours.station(1), ours.station(2)));
    carry_all_lengths(linked(ours.station(2), ours.station(1)));
}

fn carry_all_lengths((mut a, mut b): (Station, Station)) {
    if a.links.me().system == 2 {
        std::mem::swap(&mut a, &mut b);
    }
    let lengths = [0, 1, 100, 8 << 10, (64 << 10) - 1, 64 << 10, 1 << 20, 3, (2 << 20) + 7, 9];
    let record = |length: usize, salt: usize| -> Vec<u8> { (0..length).map(|at| (at * 7 + salt) as u8).collect() };
    for (salt, &length) in lengths.iter().enumerate() {
        for (station, other) in [(&mut a, 2), (&mut b, 1)] {
            let whole = Bytes::from(record(length, salt));
            // In two parts, of which the second may be long.
            let head = length.min(11);
            let _ = station.links.send(other, &whole[..head], whole.slice(head..)).unwrap();
        }
    }
    until("all", &mut a, &mut b, |a, b| a.records(2).len() == lengths.len() && b.records(1).len() == lengths.len());
    for (station, other) in [(&a, 2), (&b, 1)] {
        for (salt, (came, &length)) in station.records(other).iter().zip(&lengths).enumerate() {
            assert!(*came == record(length, salt), "the record of {length} bytes");
        }
    }
    assert_eq!(a.links.waiting(2), (0, 0));
    assert_eq!(a.links.pause(), None, "there is nothing to do");
}

#[test]
fn many_small_records_come_in_few_events() {
    let (mut a, mut b) = linked(Station::new(1), Station::new(2));
    for number in 0..4000_u32 {
        a.send(2, &number.to_le_bytes());
    }
    until("all", &mut a, &mut b, |_, b| b.records(1).len() == 4000);
    let came: Vec<u32> = b.records(1).iter().map(|record| u32::from_le_bytes(record[..].try_into().unwrap())).collect();
    assert!(came.iter().copied().eq(0..4000));
    assert!(b.events.len() < 40, "{} events", b.events.len());
}

#[test]
fn both_sides_know_who_is_there_and_what_may_be_sent() {
    let mut quiet = options(2);
    quiet.me.payloads = PayloadKinds::NO_PICKLES;
    quiet.me.place = Some("quiet:1".into());
    let (a, b) = linked(Station::new(1), Station::with(quiet));
    let Event::Up { peer, payloads, same_host, dialled, from } = &a.events[0] else { panic!("{:?}", a.events) };
    assert_eq!(peer, b.links.me());
    assert!(!payloads.has(Kind::Pickle) && payloads.has(Kind::MessagePack));
    assert_eq!(*from, Origin::Tcp(b.address()));
    assert!(dialled.is_some() && *same_host);
    let Event::Up { peer, payloads, dialled, .. } = &b.events[0] else { panic!("{:?}", b.events) };
    assert_eq!(peer, a.links.me());
    assert!(!payloads.has(Kind::Pickle) && dialled.is_none());
}

#[test]
fn host_names_and_several_addresses_are_tried_in_turn() {
    let (mut a, mut b) = (Station::new(1), Station::new(2));
    // By IPv6 nobody listens there.
    let dial = a.links.dial(&format!("localhost:{}", b.address().port()));
    until("the link", &mut a, &mut b, |a, b| a.ups() == [2] && b.ups() == [1]);
    assert!(matches!(&a.events[0], Event::Up { dialled, .. } if *dialled == Some(dial)));

    let cases = ["no such place", "[::1]:0", "::1:1900"];
    for place in cases {
        let dial = a.links.dial(place);
        assert_eq!(a.links.pause(), Some(Duration::ZERO));
        a.turn();
        assert_eq!(a.not_up(dial), Some(Cause::NoPlace { place: place.into() }));
    }
    let dial = a.links.dial("host.invalid:1900");
    a.until("the resolver", |a| a.not_up(dial).is_some());
    assert!(matches!(a.not_up(dial), Some(Cause::NoAddress { host, .. }) if host == "host.invalid"));
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dial = a.links.dial(&format!("127.0.0.1:{port}"));
    a.until("the refusal", |a| a.not_up(dial).is_some());
    assert!(matches!(a.not_up(dial), Some(Cause::NoConnection { .. })), "{:?}", a.not_up(dial));
}

#[test]
fn links_over_ipv6() {
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
        eprintln!("skipped: this host has no IPv6");
        return;
    };
    let (mut a, mut b) = (Station::new(1), Station::new(2));
    let place = listener.local_addr().unwrap().to_string();
    b.links.listen(listener).unwrap();
    assert_eq!(b.links.addresses().count(), 2);
    a.links.dial(&place);
    until("the link", &mut a, &mut b, |a, b| a.ups() == [2] && b.ups() == [1]);
}

#[test]
fn a_queue_that_is_full_says_when_it_has_room() {
    let mut narrow = options(1);
    narrow.limits.queue = Bounds { high_frames: 1 << 20, low_frames: 1 << 19, high_bytes: 1 << 20, low_bytes: 1 << 18 };
    narrow.limits.record = 2 << 20;
    let (mut a, mut b) = linked(Station::with(narrow), Station::new(2));
    b.links.pause_reading(1);
    let mut sent = 0;
    // What the sockets hold, and then what the queue does.
    let full = loop {
        match a.links.send(2, &[], Bytes::from(vec![0; 100 << 10])) {
            Ok(room) => {
                sent += 1;
                if room == Room::Full {
                    a.turn();
                }
            }
            Err(error) => break error,
        }
        b.turn();
    };
    assert!(matches!(full, SendError::Full { system: 2, bytes, .. } if bytes > 1 << 18), "{full}");
    assert!(a.notices().iter().all(|event| !matches!(event, Event::Room { .. })) || sent > 10);
    let before = a.events.len();
    b.links.resume_reading(1);
    until("room", &mut a, &mut b, |a, _| {
        a.events[before..].iter().any(|event| matches!(event, Event::Room { system: 2 }))
    });
    until("all", &mut a, &mut b, |_, b| b.records(1).len() == sent);
    let long = a.links.send(2, &[0; 5], Bytes::from(vec![0; 2 << 20])).unwrap_err();
    assert_eq!(long, SendError::TooLong { length: (2 << 20) + 5, limit: 2 << 20 });
    assert_eq!(a.links.send(3, &[], Bytes::new()), Err(SendError::NotLinked { system: 3 }));
}

#[test]
fn a_link_that_is_closed_loses_nothing() {
    let ours = Authority::new();
    close_and_link_again(linked(Station::new(1), Station::new(2)));
    close_and_link_again(linked(ours.station(1), ours.station(2)));
}

fn close_and_link_again((mut a, mut b): (Station, Station)) {
    // The other side has something under way too, which must not have the connection reset.
    for _ in 0..50 {
        let _ = a.links.send(2, &[], Bytes::from(vec![1; 100 << 10])).unwrap();
        let _ = b.links.send(1, &[], Bytes::from(vec![2; 100 << 10])).unwrap();
    }
    a.links.close(2);
    assert_eq!(a.links.linked().count(), 0);
    until("the end", &mut a, &mut b, |a, b| !b.downs().is_empty() && !a.links.is_closing());
    assert_eq!(a.downs(), [(2, Cause::ClosedHere)]);
    assert_eq!(b.records(1).len(), 50);
    assert_eq!(b.downs(), [(1, Cause::Closed)]);
    assert!(a.records(2).is_empty(), "nothing is reported after the close");

    // And again, as if nothing had been.
    b.dial(&a);
    until("another link", &mut a, &mut b, |a, b| a.ups() == [2, 2] && b.ups() == [1, 1]);
    a.send(2, b"again");
    until("the record", &mut a, &mut b, |_, b| b.records(1).len() == 51);
}

#[test]
fn who_does_not_read_the_end_is_not_waited_for() {
    let mut hasty = options(1);
    hasty.limits.close_within = Duration::from_millis(50);
    let (mut a, b) = linked(Station::with(hasty), Station::new(2));
    let _ = a.links.send(2, &[], Bytes::from(vec![1; 64 << 20])).unwrap();
    a.links.close(2);
    a.until("the end", |a| !a.links.is_closing());
    drop(b);
}

#[test]
fn a_long_record_is_heard_of_before_it_is_there() {
    let (mut a, mut b) = linked(Station::new(1), Station::new(2));
    assert_eq!(b.links.last_heard(7), None);
    let before = b.links.last_heard(1).unwrap();
    let _ = a.links.send(2, &[], Bytes::from(vec![1; 32 << 20])).unwrap();
    a.turn();
    b.until("a part", |b| b.links.last_heard(1).unwrap() > before);
    assert!(b.records(1).is_empty());
    until("the rest", &mut a, &mut b, |_, b| b.records(1).len() == 1);
}

#[test]
fn the_end_of_the_other_side_is_told_after_what_it_said() {
    let ours = Authority::new();
    end(linked(Station::new(1), Station::new(2)));
    end(linked(ours.station(1), ours.station(2)));
}

fn end((mut a, mut b): (Station, Station)) {
    a.send(2, b"last words");
    a.links.flush();
    drop(a);
    b.until("the end", |b| !b.downs().is_empty());
    assert_eq!(b.records(1), [&b"last words"[..]]);
    assert_eq!(b.downs(), [(1, Cause::Closed)]);
    assert!(matches!(b.events.last(), Some(Event::Down { .. })));
}
