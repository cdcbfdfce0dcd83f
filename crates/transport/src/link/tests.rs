use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream as Plain};
use std::path::PathBuf;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::frame::{DEFAULT_LIMIT, FrameError, Header, HelloError, Role};

use super::*;
use crate::queue::Bounds;

fn rules(node: u64) -> Rules {
    let hello = Hello { node: NodeId::new(node), role: Role::Actor, pid: std::process::id() };
    Rules { hello, uid: rustix::process::geteuid().as_raw(), limit: DEFAULT_LIMIT, memory_after: None }
}

fn pair() -> (UnixStream, Plain) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let theirs = Plain::from(std::os::fd::OwnedFd::from(theirs));
    theirs.set_nonblocking(false).unwrap();
    (ours, theirs)
}

fn open(greeting: Greeting) -> Link {
    match greeting.advance().unwrap() {
        Progress::Open(link, _) => link,
        Progress::Waiting(greeting) => panic!("{greeting:?}"),
    }
}

/// A link, and the bare socket at its other end.
fn link() -> (Link, Plain) {
    let (ours, mut theirs) = pair();
    theirs.write_all(&rules(2).hello.to_bytes()).unwrap();
    let link = open(Greeting::accepted(ours, rules(1)).unwrap());
    let mut hello = [0; Hello::SIZE];
    theirs.read_exact(&mut hello).unwrap();
    assert_eq!(Hello::from_bytes(&hello).unwrap(), rules(1).hello);
    (link, theirs)
}

fn read(link: &mut Link, budget: usize) -> (Result<Read, LinkError>, Vec<Frame>) {
    let (mut scratch, mut frames) = (Vec::with_capacity(4096), Vec::new());
    (link.read(&mut scratch, budget, true, |frame| frames.push(frame)), frames)
}

fn frame(payload: &Payload<'_>) -> Vec<u8> {
    let (mut bytes, someone) = (Vec::new(), Address::nobody(NodeId::new(1)));
    frame::encode(&Header::new(someone, someone), payload, DEFAULT_LIMIT, &mut bytes).unwrap();
    bytes
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("rln-{}-{name}", std::process::id()))
}

#[test]
fn a_greeting_comes_byte_by_byte_and_not_a_byte_more_is_read() {
    let (ours, mut theirs) = pair();
    let mut greeting = Greeting::accepted(ours, rules(1)).unwrap();
    for byte in rules(2).hello.to_bytes() {
        greeting = match greeting.advance().unwrap() {
            Progress::Waiting(greeting) => greeting,
            Progress::Open(..) => panic!("open before the greeting was complete"),
        };
        theirs.write_all(&[byte]).unwrap();
    }
    theirs.write_all(&frame(&Payload::Int(5))).unwrap();
    let mut link = open(greeting);
    assert_eq!(link.peer().node, NodeId::new(2));
    let (state, frames) = read(&mut link, usize::MAX);
    assert_eq!((state, frames.len()), (Ok(Read::Drained), 1));
    assert_eq!(frames[0].payload(), Ok(Payload::Int(5)));
}

#[test]
fn another_user_is_refused_before_anything_is_read() {
    let (ours, mut theirs) = pair();
    theirs.write_all(b"x").unwrap();
    let refused = Greeting::accepted(ours, Rules { uid: rules(1).uid + 1, ..rules(1) }).unwrap_err();
    assert!(matches!(refused, LinkError::ForeignUser { .. }), "{refused}");
    // Unread bytes make the end of a connection an error at the other end.
    assert_eq!(theirs.read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn a_wrong_greeting_is_refused() {
    let (ours, mut theirs) = pair();
    theirs.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
    let refused = Greeting::accepted(ours, rules(1)).unwrap().advance().unwrap_err();
    assert_eq!(refused, LinkError::Hello(HelloError::Magic { found: *b"GET / HT" }));
    let (ours, mut theirs) = pair();
    theirs.write_all(&rules(2).hello.to_bytes()[..20]).unwrap();
    drop(theirs);
    let refused = Greeting::accepted(ours, rules(1)).unwrap().advance().unwrap_err();
    assert_eq!(refused, LinkError::NoHello { came: 20 });
}

#[test]
fn who_is_called_is_checked() {
    let path = path("called");
    let listener = UnixListener::bind(&path).unwrap();
    let greeting = Greeting::dial(&path, Some(NodeId::new(2)), rules(1)).unwrap();
    let (mut theirs, _) = listener.accept().unwrap();
    theirs.write_all(&rules(3).hello.to_bytes()).unwrap();
    let refused = greeting.advance().unwrap_err();
    assert_eq!(refused, LinkError::AnotherNode { expected: NodeId::new(2), found: NodeId::new(3) });
    drop(listener);
    assert_eq!(Greeting::dial(&path, None, rules(1)).unwrap_err(), LinkError::Refused);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(Greeting::dial(&path, None, rules(1)).unwrap_err(), LinkError::Absent);
}

#[test]
fn half_a_frame_and_garbage_are_told_apart() {
    let (mut link, mut theirs) = self::link();
    theirs.write_all(&frame(&Payload::Bytes(&[1; 100]))[..90]).unwrap();
    assert_eq!(read(&mut link, usize::MAX).0, Ok(Read::Drained));
    assert!(link.is_receiving());
    drop(theirs);
    assert_eq!(read(&mut link, usize::MAX).0, Err(LinkError::Cut { came: 90, missing: Some(74) }));

    let (mut link, mut theirs) = self::link();
    theirs.write_all(&frame(&Payload::None)).unwrap();
    theirs.write_all(&[0xff; 64]).unwrap();
    let (state, frames) = read(&mut link, usize::MAX);
    let Err(LinkError::Stream(error)) = state else { panic!("{state:?}") };
    assert_eq!((frames.len(), error.at, error.source), (1, 64, FrameError::Kind { kind: 0xff }));

    let (mut link, theirs) = self::link();
    drop(theirs);
    assert_eq!(read(&mut link, usize::MAX).0, Ok(Read::Ended));
}

#[test]
fn a_budget_stops_a_flood() {
    let (mut link, mut theirs) = self::link();
    let bytes = frame(&Payload::Bytes(&[1; 36])).repeat(1000);
    theirs.write_all(&bytes).unwrap();
    let (state, frames) = read(&mut link, 10_000);
    assert_eq!(state, Ok(Read::More));
    assert!((100..130).contains(&frames.len()), "{}", frames.len());
    assert_eq!(read(&mut link, usize::MAX).1.len() + frames.len(), 1000);
}

#[test]
fn a_half_written_frame_goes_on_where_it_stopped() {
    let (mut link, mut theirs) = self::link();
    let mut queue = SendQueue::new(Bounds::default());
    let someone = Address::nobody(NodeId::new(1));
    // More than a socket holds.
    let long = vec![7; 15 << 20];
    for payload in [Payload::Int(1), Payload::Bytes(&long), Payload::Int(2)] {
        let _ = queue.push(&Header::new(someone, someone), &payload, DEFAULT_LIMIT).unwrap();
    }
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).unwrap();
        all
    });
    let mut blocked = 0;
    while link.write(&mut queue).unwrap() != Written::All {
        blocked += 1;
        std::thread::yield_now();
    }
    assert!(blocked > 0);
    drop(link);
    let expected = [frame(&Payload::Int(1)), frame(&Payload::Bytes(&long)), frame(&Payload::Int(2))].concat();
    assert!(reader.join().unwrap() == expected);
}

#[test]
fn a_peer_that_is_gone_is_an_error_of_writing_and_no_signal() {
    let (mut link, theirs) = self::link();
    drop(theirs);
    let mut queue = SendQueue::new(Bounds::default());
    let someone = Address::nobody(NodeId::new(1));
    let _ = queue.push(&Header::new(someone, someone), &Payload::None, DEFAULT_LIMIT).unwrap();
    assert_eq!(link.write(&mut queue), Err(LinkError::Reset));
    assert_eq!(queue.take_unsent().len(), 1);
}

#[test]
fn nothing_comes_after_a_goodbye() {
    let (mut link, mut theirs) = self::link();
    theirs.write_all(&frame(&Payload::Goodbye)).unwrap();
    assert_eq!(read(&mut link, usize::MAX), (Ok(Read::Drained), vec![]));
    assert!(link.heard_goodbye() && !link.said_goodbye());
    assert_eq!(link.say_goodbye(), Ok(true));
    theirs.write_all(&frame(&Payload::None)).unwrap();
    assert_eq!(read(&mut link, usize::MAX).0, Err(LinkError::AfterGoodbye));
}
