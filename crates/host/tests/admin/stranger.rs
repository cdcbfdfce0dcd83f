//! Another system, made by hand, which says what no system would.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bytes::Bytes;
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{decode, encode};
use roscius_protocol::convention::Message;
use roscius_protocol::convention::messages::{Join, State};
use roscius_protocol::frame::{self, DEFAULT_LIMIT, Frame, Header, Payload};
use roscius_protocol::pair::{self, Pair};
use roscius_protocol::time::Time;
use roscius_transport::network::{Cause, Event, Introduction, Limits, Links, LinksOptions, PayloadKinds, Security};

use crate::scene::{PATIENCE, System};

/// What a record between Admins begins with.
const ADMIN: u8 = 0x80;

pub struct Stranger {
    links: Links,
    pub system: u32,
    peer: u32,
    pair: Pair,
    /// How many pairs it has had, in all its links.
    pub lives: u32,
    since: Instant,
    frames: Vec<Frame>,
    joined: bool,
    pub linked: bool,
    /// Why it is not, if it was turned away.
    pub refused: Option<Cause>,
    /// All records of its pairs.
    pub said: Vec<Bytes>,
}

impl Stranger {
    /// Has a link, and is no member.
    pub fn connect(system: u32, to: &System) -> Self {
        let mut stranger = Self::knock(system, &format!("stranger {system}"), to);
        stranger.until("the link", |stranger| stranger.linked);
        stranger
    }

    /// Asks for a link, under whatever name.
    pub fn knock(system: u32, identity: &str, to: &System) -> Self {
        let me = Introduction {
            convention: String::new(),
            identity: identity.to_owned(),
            system,
            place: None,
            payloads: PayloadKinds::ALL,
        };
        let security = Security::Plain { anywhere: false };
        let mut links = Links::new(LinksOptions { me, security, limits: Limits::default() }).unwrap();
        let _ = links.dial(&format!("127.0.0.1:{}", to.alias.strip_prefix("tcp-").unwrap()));
        let (peer, since) = (to.system, Instant::now());
        Self {
            links,
            system,
            peer,
            pair: pair(system, 1),
            lives: 1,
            since,
            frames: Vec::new(),
            joined: false,
            linked: false,
            refused: None,
            said: Vec::new(),
        }
    }

    /// Becomes a member, with a new pair.
    pub fn join(&mut self) {
        let join = Join {
            mine: 1,
            yours: None,
            place: None,
            capabilities: Vec::new(),
            version: 1,
            beats_every: 1000,
            wants: true,
            state: State::default(),
        };
        self.record(&[&[ADMIN], &encode(&Message::Join(Box::new(join))).unwrap()[..]].concat());
        self.until("the answer to the registration", |stranger| stranger.joined);
        self.lives += 1;
        self.pair = pair(self.system, self.lives);
        self.link_pair();
    }

    fn link_pair(&mut self) {
        let mut effects = Vec::new();
        self.pair.linked(self.now(), self.peer, &mut effects);
        self.carry_out(effects);
    }

    /// Says something by a pair that its peer knows nothing of: all the records that such a message takes when the peer answers.
    pub fn tell_unasked(&mut self, to: Address, text: &str) {
        self.tell_as(self.system, to, text);
    }

    /// The same by a pair of another system.
    pub fn tell_as(&mut self, system: u32, to: Address, text: &str) {
        let now = self.now();
        let (mut own, mut other) = (pair(system, self.lives), pair(self.peer, 1));
        let (mut from_own, mut from_other) = (Vec::new(), Vec::new());
        own.linked(now, self.peer, &mut from_own);
        other.linked(now, system, &mut from_other);
        own.send(now, told(self.address(), to, text)).unwrap();
        let mut said = Vec::new();
        while !from_own.is_empty() || !from_other.is_empty() {
            for record in records(&mut from_other) {
                own.received(now, &record, &mut from_own).unwrap();
            }
            own.flush(now, &mut from_own);
            for record in records(&mut from_own) {
                other.received(now, &record, &mut from_other).unwrap();
                said.push(record);
            }
            from_other.retain(|effect| matches!(effect, pair::Effect::Transmit { .. }));
        }
        assert!(said.iter().any(|record| record.windows(text.len()).any(|part| part == text.as_bytes())));
        said.iter().for_each(|record| self.record(record));
    }

    pub fn record(&mut self, bytes: &[u8]) {
        let _ = self.links.send(self.peer, &[], Bytes::copy_from_slice(bytes)).unwrap();
    }

    pub fn address(&self) -> Address {
        Address::new(NodeId::of_process(self.system, 100), 0, 1, 0)
    }

    pub fn send(&mut self, header: &Header, payload: &Payload<'_>) {
        let mut whole = Vec::new();
        frame::encode(header, payload, DEFAULT_LIMIT, &mut whole).unwrap();
        self.send_whole(Bytes::from(whole));
    }

    fn send_whole(&mut self, frame: Bytes) {
        let mut effects = Vec::new();
        let _ = self.pair.send(self.now(), frame).unwrap();
        self.pair.flush(self.now(), &mut effects);
        self.carry_out(effects);
    }

    /// Says something to an actor, from one of its own.
    pub fn tell(&mut self, to: Address, text: &str) {
        self.send_whole(told(self.address(), to, text));
    }

    /// The first frame that is looked for.
    pub fn frame(&mut self, what: &str, is: impl Fn(&Frame) -> bool) -> Frame {
        self.until(what, |stranger| stranger.frames.iter().any(&is));
        let at = self.frames.iter().position(is).unwrap();
        self.frames.remove(at)
    }

    pub fn until(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !is(self) {
            assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {:?}", self.frames);
            self.turn();
        }
    }

    fn now(&self) -> Time {
        Time::ZERO.plus(self.since.elapsed())
    }

    pub fn turn(&mut self) {
        let mut events = Vec::new();
        self.links.flush();
        self.links.turn(&mut events).unwrap();
        if events.is_empty() {
            // What leads here is a descriptor; to wait for it takes an event loop of its own.
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut effects = Vec::new();
        for event in events {
            match event {
                Event::Up { .. } => self.linked = true,
                Event::Down { .. } => self.linked = false,
                Event::NotUp { cause, .. } => self.refused = Some(cause),
                Event::Records { records, .. } => {
                    for record in records {
                        if record.first() == Some(&ADMIN) {
                            self.joined |= matches!(decode(&record[1..]), Ok(Message::Join(_)));
                        } else {
                            self.pair.received(self.now(), &record, &mut effects).unwrap();
                        }
                    }
                }
                _ => {}
            }
        }
        self.pair.due(self.now(), &mut effects);
        self.pair.flush(self.now(), &mut effects);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<pair::Effect>) {
        for effect in effects {
            match effect {
                pair::Effect::Transmit { head, body } => {
                    self.said.push([&head[..], &body[..]].concat().into());
                    drop(self.links.send(self.peer, &head, body));
                }
                pair::Effect::Deliver(frames) => {
                    self.frames.extend(frames.map(|bytes| Frame::new(bytes, DEFAULT_LIMIT).unwrap()));
                }
                _ => {}
            }
        }
    }
}

fn pair(me: u32, life: u32) -> Pair {
    Pair::new(&pair::Config { me, life: NonZeroU32::new(life).unwrap(), limits: pair::Limits::default() })
}

fn told(from: Address, to: Address, text: &str) -> Bytes {
    let mut whole = Vec::new();
    let payload = Payload::MessagePack { name: text, body: &[0xc0] };
    frame::encode(&Header::new(from, to), &payload, DEFAULT_LIMIT, &mut whole).unwrap();
    Bytes::from(whole)
}

fn records(effects: &mut Vec<pair::Effect>) -> Vec<Bytes> {
    let record = |effect| match effect {
        pair::Effect::Transmit { head, body } => Some(Bytes::from([&head[..], &body[..]].concat())),
        _ => None,
    };
    effects.drain(..).filter_map(record).collect()
}
