use roscius_protocol::address::NodeId;
use roscius_protocol::frame::{DEFAULT_LIMIT, Header, Role};

use super::super::{Greeting, Link, Progress, Read, Rules, Written};
use super::*;
use crate::queue::Bounds;

const MANY: u32 = 4;

fn rules(node: u64) -> Rules {
    let hello = Hello { node: NodeId::new(node), role: Role::Actor, pid: std::process::id() };
    Rules { hello, uid: rustix::process::geteuid().as_raw(), limit: DEFAULT_LIMIT, memory_after: Some(MANY) }
}

fn open(greeting: Greeting) -> Link {
    match greeting.advance().unwrap() {
        Progress::Open(link, _) => link,
        Progress::Waiting(greeting) => panic!("{greeting:?}"),
    }
}

/// One side of a link: what it sends and what it has heard.
struct Side {
    link: Link,
    queue: SendQueue,
    scratch: Vec<u8>,
    heard: Vec<i64>,
    /// The sum of the lengths of the long frames.
    bulk: usize,
}

impl Side {
    fn new(link: Link) -> Self {
        let (queue, scratch) = (SendQueue::new(Bounds::default()), Vec::with_capacity(64 << 10));
        Self { link, queue, scratch, heard: Vec::new(), bulk: 0 }
    }

    fn queue(&mut self, payload: &Payload<'_>) {
        let someone = Address::nobody(NodeId::new(1));
        let _ = self.queue.push(&Header::new(someone, someone), payload, DEFAULT_LIMIT).unwrap();
    }

    fn say(&mut self, number: i64) -> Written {
        self.queue(&Payload::Int(number));
        self.link.write(&mut self.queue).unwrap()
    }

    fn hear(&mut self) -> Result<Read, LinkError> {
        self.hear_to(false)
    }

    /// As who knows that the end may have come.
    fn hear_to(&mut self, end: bool) -> Result<Read, LinkError> {
        self.link.may_have_more();
        let (heard, bulk) = (&mut self.heard, &mut self.bulk);
        self.link.read(&mut self.scratch, usize::MAX, end, |frame| match frame.payload().unwrap() {
            Payload::Int(number) => heard.push(number),
            Payload::Bytes(bytes) => *bulk += bytes.len(),
            other => panic!("{other:?}"),
        })
    }

    fn is_in_memory(&self) -> bool {
        matches!(self.link.outgoing.way, Way::Memory(_))
    }
}

fn pair() -> (Side, Side) {
    let (one, other) = UnixStream::pair().unwrap();
    let other = Greeting::accepted(other, rules(2)).unwrap();
    let mut one = Greeting::accepted(one, rules(1)).unwrap();
    // Who connects speaks first: so does this one.
    rustix::io::write(one.stream(), &rules(1).hello.to_bytes()).unwrap();
    let other = open(other);
    let Progress::Open(one, _) = one.advance().unwrap() else { panic!("the other side has spoken") };
    let (one, mut other) = (Side::new(one), Side::new(other));
    // What `one` has said twice.
    let mut twice = [0; Hello::SIZE];
    rustix::io::read(other.link.stream(), &mut twice).unwrap();
    (one, other)
}

/// Two sides, of which the first writes into memory.
fn in_memory() -> (Side, Side) {
    let (mut one, mut other) = pair();
    for number in 0..i64::from(MANY) {
        one.say(number);
        assert!(!one.is_in_memory());
    }
    other.hear().unwrap();
    one.say(i64::from(MANY));
    assert!(one.is_in_memory());
    (one, other)
}

#[test]
fn who_says_much_at_once_goes_by_way_of_the_memory_in_order() {
    let (mut one, mut other) = in_memory();
    let said = i64::from(MANY) + 1;
    for number in said..1000 {
        assert_eq!(one.say(number), Written::All);
    }
    assert!(one.is_in_memory());
    other.hear().unwrap();
    assert!(other.heard.iter().copied().eq(0..1000), "{:?}", other.heard);
}

#[test]
fn who_asks_and_hears_stays_on_the_socket() {
    let (mut one, mut other) = pair();
    for number in 0..1000 {
        one.say(number);
        other.hear().unwrap();
        other.say(number);
        one.hear().unwrap();
        assert!(!one.is_in_memory() && !other.is_in_memory());
    }
}

#[test]
fn a_reader_that_rests_after_each_write_is_written_to_on_the_socket() {
    let (mut one, mut other) = in_memory();
    let mut number = i64::from(MANY) + 1;
    while one.is_in_memory() {
        other.hear().unwrap();
        one.say(number);
        number += 1;
        assert!(number < 1000);
    }
    other.hear().unwrap();
    assert!(other.heard.iter().copied().eq(0..number));
}

#[test]
fn a_full_memory_and_long_frames_have_the_stream_go_on_on_the_socket_and_come_back() {
    let (mut one, mut other) = in_memory();
    let long = vec![7; SHORT + 1];
    let (mut number, mut turns, mut longs) = (i64::from(MANY) + 1, 0, 0);
    let mut was = true;
    while turns < 20 {
        one.say(number);
        number += 1;
        if number % 5000 == 0 {
            one.queue(&Payload::Bytes(&long));
            longs += 1;
            let _ = one.link.write(&mut one.queue).unwrap();
        }
        if was != one.is_in_memory() {
            was = !was;
            turns += 1;
            // Mostly it is full, so the reader has to get on.
            other.hear().unwrap();
        }
        if !one.queue.is_empty() {
            other.hear().unwrap();
            let _ = one.link.write(&mut one.queue).unwrap();
        }
    }
    while !one.queue.is_empty() {
        let _ = one.link.write(&mut one.queue).unwrap();
        other.hear().unwrap();
    }
    other.hear().unwrap();
    assert!(other.heard.iter().copied().eq(0..number));
    assert_eq!(other.bulk, longs * long.len());
}

#[test]
fn what_was_said_before_the_end_is_heard() {
    let (mut one, mut other) = in_memory();
    for number in i64::from(MANY) + 1..100 {
        one.say(number);
    }
    drop(one);
    assert_eq!(other.hear_to(true), Ok(Read::Ended));
    assert!(other.heard.iter().copied().eq(0..100));

    let (mut one, mut other) = in_memory();
    one.say(5);
    assert_eq!(one.link.say_goodbye(), Ok(true));
    other.hear().unwrap();
    assert!(other.link.heard_goodbye() && !one.is_in_memory());
    assert!(other.heard.iter().copied().eq(0..6));
}

#[test]
fn threads_of_two_sides_hear_all_in_order() {
    const FRAMES: i64 = 200_000;
    let (mut one, mut other) = pair();
    let writing = std::thread::spawn(move || {
        let mut memory = 0;
        for number in 0..FRAMES {
            one.queue(&Payload::Int(number));
            // Now and then many at once.
            if number % 64 < 32 || number == FRAMES - 1 {
                while one.link.write(&mut one.queue).unwrap() != Written::All {
                    std::thread::yield_now();
                }
            }
            memory += usize::from(one.is_in_memory());
        }
        (memory, one)
    });
    while other.heard.len() < FRAMES as usize {
        // A bell that is not rung would be waited for in vain.
        let mut ready = [rustix::event::PollFd::new(other.link.stream(), rustix::event::PollFlags::IN)];
        let limit = rustix::time::Timespec { tv_sec: 20, tv_nsec: 0 };
        assert_eq!(rustix::event::poll(&mut ready, Some(&limit)), Ok(1), "after {} frames", other.heard.len());
        while other.hear().unwrap() == Read::More {}
    }
    let (memory, _one) = writing.join().unwrap();
    assert!(memory > 0);
    assert!(other.heard.iter().copied().eq(0..FRAMES));
}

#[test]
fn nonsense_about_the_memory_ends_the_link() {
    let said = |notes: &[Memory]| {
        let (one, mut other) = pair();
        for memory in notes {
            note(&one.link.stream, &one.link.rules.hello, *memory).unwrap();
        }
        other.hear()
    };
    let nonsense = |heard: Result<Read, LinkError>| matches!(heard, Err(LinkError::Memory { .. }));
    assert!(nonsense(said(&[Memory::Onward])));
    assert!(nonsense(said(&[Memory::Bell])));
    assert!(nonsense(said(&[Memory::Back])));
    // What cannot be taken is not, and that is all.
    assert_eq!(said(&[Memory::Offer { descriptor: u32::MAX }]), Ok(Read::Drained));
    assert!(nonsense(said(&[Memory::Offer { descriptor: u32::MAX }, Memory::Onward])));
    // Twice onward; and a message on the socket while the stream is in the memory.
    let (one, mut other) = in_memory();
    note(&one.link.stream, &one.link.rules.hello, Memory::Onward).unwrap();
    assert!(nonsense(other.hear()));
    let (mut one, mut other) = in_memory();
    one.link.outgoing.way = Way::Never;
    one.say(77);
    assert!(nonsense(other.hear()));
    // A message about the memory in the memory.
    let (mut one, mut other) = in_memory();
    let Way::Memory(writer) = &mut one.link.outgoing.way else { panic!("it is in the memory") };
    writer.put(&bytes_of(&one.link.rules.hello, Memory::Bell).unwrap());
    writer.publish();
    assert!(nonsense(other.hear()));
}

#[test]
fn no_descriptor_is_held_once_the_memory_is_taken() {
    let (one, _other) = in_memory();
    let Way::Memory(writer) = &one.link.outgoing.way else { panic!("it is in the memory") };
    assert_eq!(writer.descriptor(), None);
}
