//! What somebody between two systems can do.

use std::io::Write;
use std::net::TcpStream;

use roscius_transport::network::{Cause, Problem};

use crate::authority::Authority;
use crate::between::Between;
use crate::scene::{Station, until};

/// Two with a link by way of somebody.
fn linked(a: &mut Station, b: &mut Station) -> Between {
    let mut between = Between::before(b.address());
    a.links.dial(&between.address.to_string());
    between.carry();
    until("the link", a, b, |a, b| a.ups().len() == 1 && b.ups().len() == 1);
    between
}

#[test]
fn what_was_said_once_is_worth_nothing_again() {
    let ours = Authority::new();
    let (mut a, mut b) = (ours.station(1), ours.station(2));
    let between = linked(&mut a, &mut b);
    a.send(2, b"once");
    until("the record", &mut a, &mut b, |_, b| b.records(1).len() == 1);
    let said = between.said();
    assert!(!said.windows(4).any(|bytes| bytes == b"once"), "it can not be read either");

    let mut again = TcpStream::connect(b.address()).unwrap();
    again.write_all(&said).unwrap();
    b.until("the refusal", |b| !b.turned_away().is_empty());
    assert!(matches!(b.turned_away()[..], [Cause::Tls(_)]), "{:?}", b.turned_away());
    assert_eq!(b.records(1).len(), 1);
    assert!(b.downs().is_empty(), "the link is not concerned");
    drop(between);
}

#[test]
fn a_bit_that_was_changed_ends_the_link_and_is_not_delivered() {
    let ours = Authority::new();
    let (mut a, mut b) = (ours.station(1), ours.station(2));
    let between = linked(&mut a, &mut b);
    between.spoil();
    a.send(2, &[7; 1000]);
    until("the end", &mut a, &mut b, |_, b| !b.downs().is_empty());
    assert!(matches!(b.downs()[..], [(1, Cause::Tls(_))]), "{:?}", b.downs());
    assert!(b.records(1).is_empty());
    until("the end on the other side", &mut a, &mut b, |a, _| !a.downs().is_empty());
}

#[test]
fn plain_and_tls_do_not_meet_and_both_know_why() {
    let ours = Authority::new();
    let (mut plain, mut secure) = (Station::new(1), ours.station(2));
    let dial = plain.dial(&secure);
    until("the refusal", &mut plain, &mut secure, |plain, secure| {
        plain.not_up(dial).is_some() && !secure.turned_away().is_empty()
    });
    assert_eq!(plain.not_up(dial), Some(Cause::TlsToPlain));
    assert_eq!(secure.turned_away(), [Cause::PlainToTls]);

    let dial = secure.dial(&plain);
    until("the refusal", &mut plain, &mut secure, |plain, secure| {
        secure.not_up(dial).is_some() && !plain.turned_away().is_empty()
    });
    assert_eq!(secure.not_up(dial), Some(Cause::PlainToTls));
    assert_eq!(plain.turned_away(), [Cause::TlsToPlain]);
}

#[test]
fn garbage_is_turned_away_from_tls_too() {
    let ours = Authority::new();
    for (saying, is_right) in [
        (&b"1234 some pickle"[..], (|cause| *cause == Cause::Thespian) as fn(&Cause) -> bool),
        (b"GET / HTTP/1.1\r\n\r\n", |cause| matches!(cause, Cause::Introduction(_))),
        (&[0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5], |cause| matches!(cause, Cause::Tls(_))),
        (&[0x16, 3, 3, 0xff, 0xff, 1], |cause| matches!(cause, Cause::Tls(_))),
        (&[0x15, 3, 3, 0, 2, 2, 42], |cause| *cause == Cause::OwnCertificate(Problem::Other("BadCertificate".into()))),
    ] {
        let mut a = ours.station(1);
        let mut stranger = TcpStream::connect(a.address()).unwrap();
        stranger.write_all(saying).unwrap();
        a.until("the refusal", |a| !a.turned_away().is_empty());
        assert!(is_right(&a.turned_away()[0]), "{saying:?}: {:?}", a.turned_away());
    }
}
