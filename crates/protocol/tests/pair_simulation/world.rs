//! The network between them, and what goes wrong in it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU128;
use std::time::Duration;

use bytes::Bytes;
use roscius_protocol::pair::{Effect, LONGEST_RECORD, Refused, Room};
use roscius_protocol::random::Random;
use roscius_protocol::time::Time;

use crate::host::{Host, LIMITS};
use crate::ledger::{Ledger, Totals};

const STEPS: usize = 250;

enum Event {
    /// A record arrives, sent by the other side over that link.
    Arrive {
        at: usize,
        record: Bytes,
    },
    Up {
        at: usize,
        link: u64,
        peer: u32,
    },
    Down {
        at: usize,
        link: u64,
    },
}

pub struct World {
    random: Random,
    now: Time,
    hosts: [Host; 2],
    /// What each has sent.
    ledgers: [Ledger; 2],
    events: BTreeMap<(Time, u64), Event>,
    serial: u64,
    /// The link that there is, and when the last record that either sent over it arrives.
    link: Option<u64>,
    arrives: [Time; 2],
    next_system: u32,
    /// Of a hundred records, how many this world loses, and how many come twice.
    lossy: usize,
    repeating: usize,
    trace: DefaultHasher,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let skew = |random: &mut Random| Duration::from_millis(random.below(100_000) as u64);
        let hosts = [Host::new(1, skew(&mut random)), Host::new(2, skew(&mut random))];
        let (lossy, repeating) = random.pick(&[(0, 0), (0, 0), (5, 0), (0, 10), (10, 10), (30, 5)]);
        Self {
            random,
            now: Time::ZERO,
            hosts,
            ledgers: [Ledger::default(), Ledger::default()],
            events: BTreeMap::new(),
            serial: 0,
            link: None,
            arrives: [Time::ZERO; 2],
            next_system: 3,
            lossy,
            repeating,
            trace: DefaultHasher::new(),
        }
    }

    /// Plays it to the end. The hash of all that happened.
    pub fn run(mut self, totals: &mut Totals) -> u64 {
        for _ in 0..STEPS {
            let pause = if self.random.chance(5) { 3_000 } else { 30 };
            let until = self.now.plus(Duration::from_millis(self.random.below(pause) as u64));
            self.pass(until, totals);
            self.something_happens(totals);
        }
        self.heal(totals);
        for ledger in &self.ledgers {
            ledger.check();
        }
        self.trace.finish()
    }

    fn something_happens(&mut self, totals: &mut Totals) {
        let at = self.random.below(2);
        match self.random.below(100) {
            0..50 => {
                for _ in 0..=self.random.below(8) {
                    self.send(at, totals);
                }
            }
            50..65 => self.link_up(),
            65..72 => {
                totals.cuts += 1;
                self.cut(400);
            }
            72..75 => self.hosts[at].pair.pause(),
            75..82 => self.play(at, totals, |host, _, out| host.pair.resume(out)),
            82..84 => {
                totals.restarts += 1;
                self.next_system += 1;
                self.restart(at, self.next_system - 1);
            }
            84..86 => {
                totals.renewals += 1;
                self.restart(at, self.hosts[at].system);
            }
            86..88 => {
                self.hosts[at].link = None;
                self.play(at, totals, |host, now, out| host.pair.gone(now, out));
            }
            _ => self.settle(at, totals),
        }
    }

    fn settle(&mut self, at: usize, totals: &mut Totals) {
        self.play(at, totals, |host, _, out| {
            for id in std::mem::take(&mut host.to_settle) {
                host.pair.settle(id, out);
            }
        });
    }

    fn send(&mut self, at: usize, totals: &mut Totals) {
        let length = match self.random.below(40) {
            0 => 60_000 + self.random.below(10_000),
            1 => 65_536 * self.random.below(5),
            2 => self.random.below(300_000),
            3..6 => self.random.below(9_000),
            _ => self.random.below(100),
        };
        totals.long += u64::from(length > 65_536);
        let frame = self.ledgers[at].frame(length);
        let number = Ledger::number(&frame);
        let durable = self.random.chance(15);
        let (host, mut out) = (&mut self.hosts[at], Vec::new());
        let now = host.clock(self.now);
        let taken = if durable {
            // Ids of both sides differ.
            let id = NonZeroU128::new(u128::from(number) * 2 + at as u128).expect("not zero");
            host.pair.send_durable(now, id, frame, &mut out)
        } else {
            host.pair.send(now, frame)
        };
        match taken {
            Ok(room) => {
                assert!(room == Room::Plenty || host.link.is_some(), "the peer is away");
                host.tight |= room == Room::Tight;
                self.ledgers[at].taken(number, durable);
            }
            Err(Refused::Overflow { frame, .. }) => {
                assert_eq!(Ledger::number(&frame), number);
                totals.refused += 1;
            }
            Err(refused) => panic!("{refused}"),
        }
        self.carry_out(at, out, totals);
        if self.random.chance(70) {
            self.play(at, totals, |host, now, out| host.pair.flush(now, out));
        }
    }

    /// A new link. Each side hears of it in its own time, perhaps before it has heard of the end of the last.
    fn link_up(&mut self) {
        if self.link.is_some() {
            return;
        }
        self.serial += 1;
        let link = self.serial;
        self.link = Some(link);
        for at in 0..2 {
            let event = Event::Up { at, link, peer: self.hosts[1 - at].system };
            let wait = self.random.below(20);
            self.later(wait, event);
        }
    }

    /// The link is gone. What is under way may still arrive, even after the next link is there.
    fn cut(&mut self, notice: usize) {
        let Some(link) = self.link.take() else { return };
        let lost = self.random.chance(60);
        let still = self.random.below(3_000) as u64;
        let delayed = self.now.plus(Duration::from_millis(still));
        let under_way = std::mem::take(&mut self.events);
        for (key, event) in under_way {
            match event {
                Event::Arrive { .. } if lost => {}
                Event::Arrive { .. } => {
                    self.serial += 1;
                    self.events.insert((key.0.max(delayed), self.serial), event);
                }
                event => {
                    self.events.insert(key, event);
                }
            }
        }
        for at in 0..2 {
            let wait = self.random.below(notice);
            self.later(wait, Event::Down { at, link });
        }
    }

    fn restart(&mut self, at: usize, system: u32) {
        self.cut(100);
        let host = &mut self.hosts[at];
        let kept = host.kept.keys().copied().collect::<Vec<_>>();
        host.restart(system, self.now);
        self.ledgers[at].sender_ended(|number| kept.contains(&number));
    }

    fn later(&mut self, milliseconds: usize, event: Event) {
        self.serial += 1;
        let at = self.now.plus(Duration::from_millis(milliseconds as u64));
        self.events.insert((at, self.serial), event);
    }

    /// Lets time pass, with all that comes due in it.
    fn pass(&mut self, until: Time, totals: &mut Totals) {
        loop {
            let event = self.events.keys().next().map(|key| key.0);
            let due = (0..2).filter_map(|at| self.hosts[at].deadline()).min();
            let Some(next) = event.into_iter().chain(due).min().filter(|&next| next <= until) else { break };
            self.now = self.now.max(next);
            if event == Some(next) {
                let (_, event) = self.events.pop_first().expect("there is one");
                self.happen(event, totals);
            } else {
                for at in 0..2 {
                    self.play(at, totals, |host, now, out| host.pair.due(now, out));
                }
            }
        }
        self.now = until;
    }

    fn happen(&mut self, event: Event, totals: &mut Totals) {
        match event {
            Event::Arrive { at, record } => self.play(at, totals, |host, now, out| {
                host.pair.received(now, &record, out).expect("an honest peer");
            }),
            Event::Up { at, link, peer } if self.link == Some(link) => {
                self.hosts[at].link = Some(link);
                self.play(at, totals, |host, now, out| host.pair.linked(now, peer, out));
            }
            Event::Down { at, link } if self.hosts[at].link == Some(link) => {
                self.hosts[at].link = None;
                self.play(at, totals, |host, now, out| host.pair.unlinked(now, out));
                assert!(!self.hosts[at].tight, "nobody is made to wait for a peer that is away");
            }
            Event::Up { .. } | Event::Down { .. } => {}
        }
    }

    fn play(&mut self, at: usize, totals: &mut Totals, act: impl FnOnce(&mut Host, Time, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        let host = &mut self.hosts[at];
        act(host, host.clock(self.now), &mut out);
        self.carry_out(at, out, totals);
    }

    fn carry_out(&mut self, at: usize, effects: Vec<Effect>, totals: &mut Totals) {
        let mut news = Vec::new();
        for effect in effects {
            (self.now, at).hash(&mut self.trace);
            std::mem::discriminant(&effect).hash(&mut self.trace);
            match effect {
                Effect::Transmit { head, body } => self.transmit(at, [&head[..], &body[..]].concat(), totals),
                Effect::Deliver(frames) => {
                    for frame in frames {
                        Ledger::number(&frame).hash(&mut self.trace);
                        self.ledgers[1 - at].delivered(&frame, totals);
                    }
                }
                Effect::DeliverDurable { id, frame } => {
                    self.ledgers[1 - at].delivered(&frame, totals);
                    assert!(!self.hosts[at].remembered.contains(&id), "delivered again after it was settled");
                    assert!(self.hosts[at].seen.insert(id), "delivered again, and nobody forgot");
                    news.push(id);
                }
                Effect::Keep { id, frame } => {
                    self.hosts[at].kept.insert(Ledger::number(&frame), (id, frame));
                }
                Effect::Forget { id } => self.hosts[at].kept.retain(|_, kept| kept.0 != id),
                Effect::Remember { id } => self.hosts[at].remembered.push(id),
                Effect::Lost { frame, why } => self.ledgers[at].lost(&frame, why, totals),
                Effect::Drained => {
                    assert!(std::mem::take(&mut self.hosts[at].tight), "it was not tight");
                    totals.drained += 1;
                }
            }
        }
        self.hosts[at].to_settle.extend(news);
        let status = self.hosts[at].pair.status();
        // What was kept before a restart is held whatever the limits say now.
        assert!(status.held_frames <= LIMITS.spool_frames, "{status:?}");
        assert!(status.held_bytes <= LIMITS.spool_bytes, "{status:?}");
        assert!(status.in_flight <= u64::from(LIMITS.window.bytes), "{status:?}");
    }

    fn transmit(&mut self, from: usize, record: Vec<u8>, totals: &mut Totals) {
        assert!(record.len() <= LONGEST_RECORD);
        let believed = self.hosts[from].link.expect("a link to send over");
        if self.link != Some(believed) {
            return;
        }
        if self.random.chance(self.lossy) {
            totals.dropped += 1;
            return;
        }
        let delay = if self.random.chance(3) { 1_000 } else { 10 };
        let delay = Duration::from_micros(100 + 1_000 * self.random.below(delay) as u64);
        // A link keeps order.
        let arrives = self.now.plus(delay).max(self.arrives[from]);
        self.arrives[from] = arrives;
        let record = Bytes::from(record);
        let times = if self.random.chance(self.repeating) { 2 } else { 1 };
        totals.repeated += times - 1;
        for _ in 0..times {
            self.serial += 1;
            self.events.insert((arrives, self.serial), Event::Arrive { at: 1 - from, record: record.clone() });
        }
    }

    /// Nothing goes wrong any more; then all is said, and no timer runs.
    fn heal(&mut self, totals: &mut Totals) {
        (self.lossy, self.repeating) = (0, 0);
        self.cut(10);
        self.pass(self.now.plus(Duration::from_secs(1)), totals);
        self.link_up();
        for at in 0..2 {
            self.play(at, totals, |host, _, out| host.pair.resume(out));
        }
        let end = self.now.plus(Duration::from_secs(600));
        while !(self.events.is_empty() && self.hosts.iter().all(|host| host.deadline().is_none())) {
            self.pass(self.now.plus(Duration::from_millis(100)), totals);
            for at in 0..2 {
                self.settle(at, totals);
                self.play(at, totals, |host, now, out| host.pair.flush(now, out));
            }
            assert!(self.now < end, "it goes on for ever: {:?}", self.hosts.each_ref().map(|host| host.pair.status()));
        }
        for host in &self.hosts {
            let status = host.pair.status();
            assert!(status.greeted && status.held_frames == 0 && status.held_bytes == 0, "{status:?}");
            assert!(host.kept.is_empty(), "{:?} are not forgotten", host.kept.keys());
        }
    }
}
