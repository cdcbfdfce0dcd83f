//! Who does not belong here, and who sends nonsense.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use roscius_transport::network::{Cause, IntroductionError, Security};

use crate::scene::{Station, linked, options, until};

/// Whether the other side has closed, one way or the other.
fn is_over(stranger: &mut TcpStream) -> bool {
    stranger.set_read_timeout(Some(crate::scene::PATIENCE)).unwrap();
    let mut rest = Vec::new();
    stranger.read_to_end(&mut rest).is_ok() || rest.len() < 1000
}

fn turned_away(saying: &[u8]) -> Cause {
    let (mut a, b) = linked(Station::new(1), Station::new(2));
    let mut stranger = TcpStream::connect(a.address()).unwrap();
    stranger.write_all(saying).unwrap();
    a.until("the refusal", |a| !a.turned_away().is_empty());
    assert!(is_over(&mut stranger));
    assert!(a.downs().is_empty(), "others are not concerned");
    drop(b);
    a.turned_away().remove(0)
}

#[test]
fn garbage_is_turned_away() {
    let cause = turned_away(&[0xfe; 1000]);
    assert_eq!(cause, Cause::Introduction(IntroductionError::Magic { found: vec![0xfe; 8] }));
    assert!(turned_away(b"GET / HTTP/1.1\r\n\r\n").to_string().contains("GET / HT"));
    let other_version = [&b"roscnet\n"[..], &[9, 0], &[0; 40]].concat();
    assert_eq!(turned_away(&other_version), Cause::Introduction(IntroductionError::Version { found: 9 }));
    let long = [&b"roscnet\n"[..], &[1, 0, 0xff, 0xff]].concat();
    assert!(matches!(turned_away(&long), Cause::Introduction(IntroductionError::TooLong { .. })));
}

#[test]
fn thespian_and_tls_are_recognised() {
    assert_eq!(turned_away(b"1234 some pickle"), Cause::Thespian);
    assert!(turned_away(b"88 x").to_string().contains("Thespian"));
    assert_eq!(turned_away(&[0x16, 3, 1, 0, 200]), Cause::TlsToPlain);
    assert!(matches!(turned_away(b"123456789012345 x"), Cause::Introduction(IntroductionError::Magic { .. })));
}

#[test]
fn another_convention_is_refused_on_both_sides() {
    let mut other = options(2);
    other.me.convention = "elsewhere".into();
    let (mut a, mut b) = (Station::new(1), Station::with(other));
    let dial = a.dial(&b);
    until("the refusal", &mut a, &mut b, |a, b| a.not_up(dial).is_some() && !b.turned_away().is_empty());
    let cause = |theirs: &str, ours: &str| Cause::AnotherConvention { theirs: theirs.into(), ours: ours.into() };
    assert_eq!(a.not_up(dial), Some(cause("elsewhere", "site")));
    assert_eq!(b.turned_away(), [cause("site", "elsewhere")]);
}

#[test]
fn who_says_nothing_is_cut_off_and_who_looks_in_is_not_mentioned() {
    let mut hasty = options(1);
    hasty.limits.greet_within = Duration::from_millis(50);
    let mut a = Station::with(hasty);
    let address = a.address();
    drop(TcpStream::connect(address).unwrap());
    let mut silent: Vec<_> = (0..5).map(|_| TcpStream::connect(address).unwrap()).collect();
    a.until("the end of their time", |a| a.events.len() >= 5);
    let slow = Cause::Slow { within: Duration::from_millis(50) };
    assert!(a.turned_away().iter().all(|cause| *cause == slow));
    assert_eq!(a.events.len(), 5);
    assert!(silent.iter_mut().all(is_over));
    assert_eq!(a.links.pause(), None);
}

#[test]
fn of_a_flood_the_oldest_is_dropped_and_others_get_in() {
    let mut narrow = options(1);
    narrow.limits.half_open = 8;
    let mut a = Station::with(narrow);
    let flood: Vec<_> = (0..100).map(|_| TcpStream::connect(a.address()).unwrap()).collect();
    let mut b = Station::new(2);
    b.dial(&a);
    until("the link", &mut a, &mut b, |a, b| a.ups() == [2] && b.ups() == [1]);
    let dropped = a.turned_away();
    assert!(dropped.len() >= 92, "{}", dropped.len());
    assert!(dropped.iter().all(|cause| *cause == Cause::TooManyStrangers { most: 8 }));
    drop(flood);
}

#[test]
fn a_greeting_has_an_end() {
    let mut a = Station::new(1);
    let mut stranger = TcpStream::connect(a.address()).unwrap();
    // An introduction that never ends: half of a good one, again and again.
    stranger.write_all(b"roscnet\n\x01\x00\xff\x07").unwrap();
    stranger.write_all(&[0; 0x7fe]).unwrap();
    a.turn();
    assert!(a.turned_away().is_empty());
    stranger.write_all(&[0; 10]).unwrap();
    a.until("the refusal", |a| !a.turned_away().is_empty());
    assert!(matches!(a.turned_away()[..], [Cause::Introduction(IntroductionError::Malformed { .. })]));
}

#[test]
fn a_record_that_is_too_long_ends_its_link_after_what_came_before() {
    let mut strict = options(1);
    strict.limits.record = 1000;
    let (mut a, mut b) = linked(Station::with(strict), Station::new(2));
    b.send(1, &[7; 1000]);
    b.send(1, &[7; 1001]);
    until("the end", &mut a, &mut b, |a, b| !a.downs().is_empty() && !b.downs().is_empty());
    assert_eq!(a.records(2).len(), 1);
    assert_eq!(a.downs(), [(2, Cause::TooLong { length: 1001, limit: 1000 })]);
}

#[test]
fn without_certificates_other_users_are_turned_away() {
    // The check itself, with a real process of another user, is made where one can be started.
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can be another user");
        return;
    }
    let mut a = Station::new(1);
    let port = a.address().port();
    let introduction = r"roscnet\n\001\000\014\000\002\000\000\000\000\000\000\000\000\001x\000";
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf '{introduction}' >&3; cat <&3");
    let mut stranger = std::process::Command::new("bash");
    std::os::unix::process::CommandExt::uid(&mut stranger, 12345);
    let Ok(mut stranger) = stranger.args(["-c", &script]).stdout(std::process::Stdio::null()).spawn() else {
        eprintln!("skipped: another user can not start a program");
        return;
    };
    a.until("the refusal", |a| !a.turned_away().is_empty());
    let _ = stranger.wait();
    assert!(matches!(a.turned_away()[..], [Cause::ForeignUser { uid: 12345, .. }]), "{:?}", a.turned_away());
}

#[test]
fn without_certificates_this_host_is_all_there_is() {
    let mut a = Station::new(1);
    // An address that belongs to nobody. The attempt may be refused before any check.
    let dial = a.links.dial("203.0.113.1:9");
    a.until("the refusal", |a| a.not_up(dial).is_some());
    assert!(!a.not_up(dial).unwrap().to_string().is_empty());
    let mut open = options(2);
    open.security = Security::Plain { anywhere: true };
    let (a, b) = linked(a, Station::with(open));
    drop((a, b));
}
