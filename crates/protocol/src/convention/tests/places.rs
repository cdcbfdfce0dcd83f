//! Places, terms, and the messages as bytes.

use super::*;
use crate::admin::messages::{decode, encode};
use crate::convention::messages::{Heartbeat, State};
use crate::convention::{Message, Term};

#[test]
fn a_place_has_one_form() {
    for (text, place) in [
        ("10.1.2.3:1900", "10.1.2.3:1900"),
        ("Example.ORG:80", "example.org:80"),
        ("example.org.:80", "example.org:80"),
        ("my_host-1:65535", "my_host-1:65535"),
        ("[::1]:1900", "[::1]:1900"),
        ("[2001:DB8:0:0:0:0:0:1]:1", "[2001:db8::1]:1"),
        ("localhost:0080", "localhost:80"),
    ] {
        assert_eq!(text.parse::<Place>().unwrap().to_string(), place);
    }
    assert_eq!(Place::new("::1", 7).unwrap(), "[::1]:7".parse().unwrap());
}

#[test]
fn what_is_no_place_is_refused_with_a_reason() {
    let long = "a.".repeat(130) + "a:1";
    for (text, why) in [
        ("", "there is no port"),
        ("host", "there is no port"),
        (":1900", "there is no host"),
        ("host:", "the port is not a number"),
        ("host:+80", "the port is not a number"),
        ("host:http", "the port is not a number"),
        ("host:0", "the port is zero"),
        ("host:65536", "the port is above 65535"),
        ("::1:1900", "an IPv6 address stands in brackets before the port"),
        ("[::1:1900", "an IPv6 address stands in brackets before the port"),
        ("[host]:1900", "the host is neither a name nor an address"),
        ("a b:1900", "the host is neither a name nor an address"),
        ("a..b:1900", "the host is neither a name nor an address"),
        ("http://host:1900", "an IPv6 address stands in brackets before the port"),
        ("h\u{f6}st:1900", "the host is neither a name nor an address"),
        ("256.0.0.1:1900", "the host looks like an IPv4 address, but is none"),
        ("1:1900", "the host looks like an IPv4 address, but is none"),
        (&long, "the name of the host is too long"),
    ] {
        let error = text.parse::<Place>().unwrap_err();
        assert_eq!(error.why, why, "{text}");
        assert!(error.text.chars().count() <= 100);
    }
}

#[test]
fn a_place_that_is_none_does_not_come_in_by_a_message() {
    let bytes = encode(&"host:1900").unwrap();
    assert_eq!(decode::<Place>(&bytes).unwrap().as_str(), "host:1900");
    assert!(decode::<Place>(&encode(&"../../etc").unwrap()).is_err());
}

#[test]
fn messages_survive_as_bytes() {
    let term = Term::default().next(7).next(8);
    let state = State { load: 9, term, leads: true, names: 5 };
    let beat = Message::Heartbeat(Heartbeat { mine: 1, yours: 2, version: 3, knows: 4, knows_names: 6, state });
    let bytes = encode(&beat).unwrap();
    assert!(bytes.len() <= 18, "a heartbeat is small: {}", bytes.len());
    assert_eq!(decode::<Message>(&bytes).unwrap(), beat);
    for length in 0..bytes.len() {
        assert!(decode::<Message>(&bytes[..length]).is_err());
    }
    // A list that says it has more than there are bytes.
    assert!(decode::<Message>(&[4, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]).is_err());
}

#[test]
fn later_terms_are_greater_and_no_two_systems_share_one() {
    let first = Term::default().next(5);
    assert!(first > Term::default());
    assert!(first.next(1) > first);
    assert_ne!(first.next(1), first.next(2));
    assert_eq!((first.next(1).number(), first.next(1).leader()), (2, 1));
    assert_eq!(first.next(31).to_string(), "2 (1f)");
}
