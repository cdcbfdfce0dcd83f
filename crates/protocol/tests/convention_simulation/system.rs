//! One system of the simulation: its share in the convention, its pairs, and what joins them, as a host does.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{decode, encode};
use roscius_protocol::convention::{self, Config, Convention, Message, NameAnswer, Place, SystemId};
use roscius_protocol::pair::{self, Limits, Pair, Window};
use roscius_protocol::time::Time;
use roscius_simulation::clock::Clock;
use roscius_simulation::network::Host;

use crate::invariants::{Invariants, Observation, Subject};

/// Small, so that all of them are reached.
pub const LIMITS: Limits = Limits {
    frame: 1 << 20,
    spool_frames: 200,
    spool_bytes: 1_500_000,
    keep_for: Duration::from_secs(5),
    keep_durable_for: Duration::from_secs(60),
    remembered: 1_000,
    window: Window { pieces: 32, bytes: 200_000 },
    ack_after: Duration::from_millis(10),
    ask_after: Duration::from_secs(1),
};

/// What goes over a link.
#[derive(Clone, Debug)]
pub enum Packet {
    /// A message between Admins, encoded.
    Admin(Bytes),
    /// A record of a pair.
    Pair(Bytes),
}

/// What a system is told by its host.
#[derive(Clone, Debug)]
pub enum Input {
    Linked {
        link: u64,
        peer: SystemId,
        identity: String,
        dialled: Option<Place>,
    },
    Unlinked {
        link: u64,
        peer: SystemId,
        why: &'static str,
    },
    Packet {
        link: u64,
        from: SystemId,
        packet: Packet,
    },
    Convention(convention::Event),
    /// An actor here sends something.
    Send {
        to: SystemId,
        length: usize,
    },
    Due,
}

/// What its host is to do.
#[derive(Debug)]
pub enum Output {
    Dial(Place),
    HangUp(SystemId),
    Packet {
        to: SystemId,
        packet: Packet,
    },
    /// What was sought, and what became of it.
    Sought {
        name: String,
        answer: NameAnswer,
    },
}

/// See the [module](self).
pub struct System {
    pub id: SystemId,
    pub host: Host,
    pub convention: Convention,
    pub clock: Clock,
    pairs: BTreeMap<SystemId, Pair>,
    links: BTreeMap<SystemId, u64>,
    /// How many pairs there were.
    lives: u32,
    /// The number of the last frame for each system.
    numbers: BTreeMap<SystemId, u64>,
    pub capabilities: Vec<(Vec<u8>, Vec<u8>)>,
    news: Vec<convention::Effect>,
    records: Vec<pair::Effect>,
}

impl System {
    /// The place of a host.
    pub fn place(host: Host) -> Place {
        Place::new(&format!("10.0.0.{host}"), 1900).expect("a good place")
    }

    pub fn start(config: Config, host: Host, clock: Clock, now: Time) -> (Self, Vec<convention::Effect>) {
        let (id, capabilities) = (config.me, config.capabilities.clone());
        let mut news = Vec::new();
        let convention = Convention::new(config, clock.shows(now), &mut news);
        let system = Self {
            id,
            host,
            convention,
            clock,
            pairs: BTreeMap::new(),
            links: BTreeMap::new(),
            lives: 0,
            numbers: BTreeMap::new(),
            capabilities,
            news: Vec::new(),
            records: Vec::new(),
        };
        (system, news)
    }

    /// When it wants to be told [`Input::Due`], on the clock of the world.
    pub fn next(&self) -> Option<Time> {
        let pairs = self.pairs.values().filter_map(Pair::next_deadline);
        let first = pairs.chain(self.convention.next_deadline()).min()?;
        Some(self.clock.when(first))
    }

    /// Frames that are held for others.
    pub fn held(&self) -> usize {
        self.pairs.values().map(|pair| pair.status().held_frames).sum()
    }

    /// An actor here that has children.
    pub fn parent(&self) -> Address {
        Address::new(NodeId::of_process(self.id, 20), 0, 1, 0)
    }

    pub fn handle(&mut self, world: Time, input: Input, watch: &mut Invariants) -> Vec<Output> {
        let now = self.clock.shows(world);
        let mut out = Vec::new();
        match input {
            Input::Linked { link, peer, identity, dialled } => {
                if peer != self.id && self.links.insert(peer, link) != Some(link) {
                    self.see(world, Observation::Linked { peer }, watch);
                    if let Some(pair) = self.pairs.get_mut(&peer) {
                        pair.linked(now, peer, &mut self.records);
                    }
                }
                self.carry_records(world, peer, &mut out, watch);
                self.tell(world, convention::Event::Linked { system: peer, identity, dialled }, &mut out, watch);
            }
            Input::Unlinked { link, peer, why } if self.links.get(&peer) == Some(&link) => {
                self.links.remove(&peer);
                self.see(world, Observation::Unlinked { peer }, watch);
                if let Some(pair) = self.pairs.get_mut(&peer) {
                    pair.unlinked(now, &mut self.records);
                }
                self.carry_records(world, peer, &mut out, watch);
                self.tell(world, convention::Event::Unlinked { system: peer, why: why.into() }, &mut out, watch);
            }
            Input::Packet { link, from, packet } if self.links.get(&from) == Some(&link) => {
                self.see(world, Observation::Heard { peer: from }, watch);
                self.take_packet(world, from, packet, &mut out, watch);
            }
            Input::Unlinked { .. } | Input::Packet { .. } => {}
            Input::Convention(event) => {
                if let convention::Event::Capabilities(capabilities) = &event {
                    self.capabilities.clone_from(capabilities);
                }
                match &event {
                    convention::Event::Seek { name, .. } => self.see(world, Observation::Seeks { name }, watch),
                    convention::Event::Holds { actor, .. } => {
                        self.see(world, Observation::Named { actor: *actor }, watch);
                    }
                    convention::Event::Frees { name } => self.see(world, Observation::Frees { name }, watch),
                    _ => {}
                }
                self.tell(world, event, &mut out, watch);
            }
            Input::Send { to, length } => self.send(world, to, length, &mut out, watch),
            Input::Due => self.due(world, &mut out, watch),
        }
        let subject = Subject { world, local: now, system: self.id };
        watch.see(subject, &Observation::Decided { convention: &self.convention });
        out
    }

    fn see(&self, world: Time, observation: Observation<'_>, watch: &mut Invariants) {
        watch.see(Subject { world, local: self.clock.shows(world), system: self.id }, &observation);
    }

    /// The pair with a system that has become a member.
    fn open_pair(&mut self, now: Time, peer: SystemId) {
        self.lives += 1;
        let life = NonZeroU32::new(self.lives).expect("counted from one");
        let mut pair = Pair::new(&pair::Config { me: self.id, life, limits: LIMITS });
        if self.links.contains_key(&peer) {
            pair.linked(now, peer, &mut self.records);
        }
        self.pairs.insert(peer, pair);
    }

    fn take_packet(
        &mut self,
        world: Time,
        from: SystemId,
        packet: Packet,
        out: &mut Vec<Output>,
        watch: &mut Invariants,
    ) {
        let now = self.clock.shows(world);
        match packet {
            Packet::Admin(bytes) => {
                let message: Message = decode(&bytes).expect("an honest Admin");
                self.tell(world, convention::Event::Said { system: from, message }, out, watch);
            }
            Packet::Pair(record) => {
                // Nothing is taken of a system that is no member, or not yet.
                if let Some(pair) = self.pairs.get_mut(&from) {
                    pair.received(now, &record, &mut self.records).expect("an honest pair");
                    self.carry_records(world, from, out, watch);
                }
                self.tell(world, convention::Event::Heard { system: from }, out, watch);
            }
        }
    }

    fn send(&mut self, world: Time, to: SystemId, length: usize, out: &mut Vec<Output>, watch: &mut Invariants) {
        let now = self.clock.shows(world);
        let Some(pair) = self.pairs.get_mut(&to) else { return };
        let number = self.numbers.entry(to).or_default();
        *number += 1;
        let frame = write_frame(self.id, to, *number, length);
        if pair.send(now, frame).is_ok() {
            let number = *number;
            pair.flush(now, &mut self.records);
            self.see(world, Observation::Sent { to, number }, watch);
            self.carry_records(world, to, out, watch);
        }
    }

    fn due(&mut self, world: Time, out: &mut Vec<Output>, watch: &mut Invariants) {
        let now = self.clock.shows(world);
        let due: Vec<_> = self.pairs.iter().filter_map(|(peer, pair)| Some((*peer, pair.next_deadline()?))).collect();
        for (peer, deadline) in due {
            if deadline <= now
                && let Some(pair) = self.pairs.get_mut(&peer)
            {
                pair.due(now, &mut self.records);
                self.see(world, Observation::Woken { deadline }, watch);
                self.carry_records(world, peer, out, watch);
            }
        }
        if let Some(deadline) = self.convention.next_deadline().filter(|deadline| *deadline <= now) {
            self.see(world, Observation::Woken { deadline }, watch);
            self.tell(world, convention::Event::Due, out, watch);
        }
    }

    fn tell(&mut self, world: Time, event: convention::Event, out: &mut Vec<Output>, watch: &mut Invariants) {
        let mut news = std::mem::take(&mut self.news);
        self.convention.on(self.clock.shows(world), event, &mut news);
        self.carry_news(world, &mut news, out, watch);
        self.news = news;
    }

    /// Does what the convention wants.
    pub fn carry_news(
        &mut self,
        world: Time,
        news: &mut Vec<convention::Effect>,
        out: &mut Vec<Output>,
        watch: &mut Invariants,
    ) {
        let now = self.clock.shows(world);
        for effect in news.drain(..) {
            self.see(world, Observation::Told { effect: &effect }, watch);
            match effect {
                convention::Effect::Dial { place } => out.push(Output::Dial(place)),
                convention::Effect::Sought { name, answer } => out.push(Output::Sought { name, answer }),
                convention::Effect::HangUp { system } => {
                    self.links.remove(&system);
                    if let Some(pair) = self.pairs.get_mut(&system) {
                        pair.unlinked(now, &mut self.records);
                    }
                    self.carry_records(world, system, out, watch);
                    out.push(Output::HangUp(system));
                }
                convention::Effect::Send { system, message } if self.links.contains_key(&system) => {
                    let message = encode(&message).expect("it has a form");
                    out.push(Output::Packet { to: system, packet: Packet::Admin(message.into()) });
                }
                // A pair begins and ends with the membership. So what was lost when a member left is not delivered when the
                // same incarnation comes back, and nothing is from who is none.
                convention::Effect::Joined { system, .. } => {
                    self.open_pair(now, system);
                    self.carry_records(world, system, out, watch);
                }
                convention::Effect::Left { system, .. } => {
                    if let Some(mut pair) = self.pairs.remove(&system) {
                        pair.gone(now, &mut self.records);
                        self.carry_records(world, system, out, watch);
                    }
                }
                _ => {}
            }
        }
    }

    /// Does what the pair with a system wants.
    fn carry_records(&mut self, world: Time, peer: SystemId, out: &mut Vec<Output>, watch: &mut Invariants) {
        for effect in std::mem::take(&mut self.records) {
            match effect {
                pair::Effect::Transmit { head, body } => {
                    let record = [&head[..], &body[..]].concat();
                    self.see(world, Observation::Transmitted { length: record.len() }, watch);
                    out.push(Output::Packet { to: peer, packet: Packet::Pair(record.into()) });
                }
                pair::Effect::Deliver(frames) => {
                    for frame in frames {
                        let (from, to, number) = read_frame(&frame);
                        self.see(world, Observation::Delivered { link: peer, from, to, number }, watch);
                    }
                }
                pair::Effect::Lost { frame, why } => {
                    let (_, to, number) = read_frame(&frame);
                    self.see(world, Observation::Lost { to, number, why }, watch);
                }
                pair::Effect::Drained
                | pair::Effect::DeliverDurable { .. }
                | pair::Effect::Keep { .. }
                | pair::Effect::Forget { .. }
                | pair::Effect::Remember { .. } => {}
            }
        }
        if let Some(pair) = self.pairs.get(&peer) {
            self.see(world, Observation::Holds { status: pair.status() }, watch);
        }
    }
}

fn write_frame(from: SystemId, to: SystemId, number: u64, length: usize) -> Bytes {
    let mut frame = Vec::with_capacity(length.max(16));
    frame.extend(from.to_le_bytes());
    frame.extend(to.to_le_bytes());
    frame.extend(number.to_le_bytes());
    frame.resize(length.max(16), number as u8);
    frame.into()
}

fn read_frame(frame: &[u8]) -> (SystemId, SystemId, u64) {
    let (from, rest) = frame.split_first_chunk().expect("a frame of the simulation");
    let (to, rest) = rest.split_first_chunk().expect("a frame of the simulation");
    let (number, filling) = rest.split_first_chunk().expect("a frame of the simulation");
    let number = u64::from_le_bytes(*number);
    assert!(filling.iter().all(|&byte| byte == number as u8), "frame {number} arrived spoilt");
    (u32::from_le_bytes(*from), u32::from_le_bytes(*to), number)
}
