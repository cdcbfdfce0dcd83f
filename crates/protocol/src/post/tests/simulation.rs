//! Random conventions of three systems, of which each is started anew now and then.
//!
//! Two members speak by way of a leader. What a system has written down is all that it has after a restart. Whatever happens: each message is
//! handled once, in order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use super::super::record::Record;
use super::super::{Effect, Id, Limits, Outcome, Post};
use super::{actor, message, text, to};
use crate::time::Time;

const NAMES: [&str; 3] = ["leader", "left", "right"];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

enum Wire {
    Parcel(Id, Bytes),
    Settled(Id),
}

struct System {
    /// Its incarnation.
    number: u32,
    post: Post,
    written: Vec<Record>,
    /// What an actor has, and has not handled.
    busy: Option<(u64, Bytes)>,
}

struct World {
    random: Random,
    now: Time,
    systems: Vec<System>,
    next_number: u32,
    next_id: u128,
    /// What is on its way on the links that there are, between these incarnations.
    links: BTreeMap<(u32, u32), VecDeque<Wire>>,
    sent: BTreeMap<(usize, usize), Vec<String>>,
    handled: BTreeMap<(usize, usize), Vec<String>>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            now: Time::ZERO,
            systems: Vec::new(),
            next_number: 1,
            next_id: 1,
            links: BTreeMap::new(),
            sent: BTreeMap::new(),
            handled: BTreeMap::new(),
        };
        for name in NAMES {
            let system =
                System { number: 0, post: Post::new(name, Limits::default()), written: Vec::new(), busy: None };
            world.systems.push(system);
        }
        (0..3).for_each(|which| world.restart(which));
        world
    }

    fn restart(&mut self, which: usize) {
        (1..3).for_each(|member| self.cut(which, member));
        self.cut(0, which);
        let mut post = Post::new(NAMES[which], Limits::default());
        let mut kept: Vec<(Id, Bytes)> = Vec::new();
        for record in &self.systems[which].written {
            match record {
                Record::Kept(id, parcel) => kept.push((*id, parcel.clone())),
                Record::Discarded(id) => kept.retain(|(other, _)| other != id),
                Record::Settled(id) => post.restore_settled(*id),
            }
        }
        kept.into_iter().for_each(|(id, parcel)| post.restore_kept(id, parcel).unwrap());
        let system = &mut self.systems[which];
        (system.number, system.post, system.busy) = (self.next_number, post, None);
        self.next_number += 1;
    }

    fn linked(&self, member: usize) -> bool {
        self.links.contains_key(&(self.systems[0].number, self.systems[member].number))
    }

    fn link(&mut self, member: usize) {
        let (leader, number) = (self.systems[0].number, self.systems[member].number);
        if member == 0 || self.linked(member) {
            return;
        }
        self.links.insert((leader, number), VecDeque::new());
        self.links.insert((number, leader), VecDeque::new());
        let (now, mut out) = (self.now, Vec::new());
        self.systems[0].post.met(now, number, NAMES[member], &mut out);
        self.carry_out(0, &mut out);
        self.systems[member].post.met(now, leader, NAMES[0], &mut out);
        self.systems[member].post.led_by(now, Some(leader), &mut out);
        self.carry_out(member, &mut out);
    }

    /// The link between the leader and a member is given up.
    fn cut(&mut self, a: usize, b: usize) {
        let (left, right) = (self.systems[a].number, self.systems[b].number);
        if a == b || self.links.remove(&(left, right)).is_none() {
            return;
        }
        self.links.remove(&(right, left));
        for (which, other) in [(a, right), (b, left)] {
            let mut out = Vec::new();
            self.systems[which].post.gone(self.now, other, &mut out);
            self.carry_out(which, &mut out);
        }
    }

    fn carry_out(&mut self, which: usize, out: &mut Vec<Effect>) {
        let me = self.systems[which].number;
        for effect in out.drain(..) {
            let system = &mut self.systems[which];
            match effect {
                Effect::Send { system, id, parcel } => {
                    self.links.get_mut(&(me, system)).expect("a link").push_back(Wire::Parcel(id, parcel));
                }
                Effect::Settle { system, id } => {
                    if let Some(link) = self.links.get_mut(&(me, system)) {
                        link.push_back(Wire::Settled(id));
                    }
                }
                Effect::Give { delivery, frame, .. } => system.busy = Some((delivery, frame)),
                Effect::Remember { id } => system.written.push(Record::Settled(id)),
                Effect::Discard { id } => system.written.push(Record::Discarded(id)),
                Effect::Lost { why, .. } => panic!("nothing is lost here: {why}"),
            }
        }
    }

    fn send(&mut self) {
        let (from, receiver) = (self.random.below(3), self.random.below(3));
        let sent = self.sent.entry((from, receiver)).or_default();
        let what = format!("{from} {receiver} {}", sent.len());
        sent.push(what.clone());
        let system = &mut self.systems[from];
        let number = system.post.open(to(NAMES[receiver], "store")).unwrap();
        let parcel = system.post.pack(self.now, number, &message(&what)).unwrap();
        let (id, mut out) = (super::id(self.next_id), Vec::new());
        self.next_id += 1;
        system.written.push(Record::Kept(id, parcel.whole.clone()));
        system.post.accept(self.now, id, parcel, &mut out);
        self.carry_out(from, &mut out);
    }

    /// One thing comes over one link. Whether there was any.
    fn transport(&mut self) -> bool {
        let full: Vec<_> = self.links.iter().filter(|(_, link)| !link.is_empty()).map(|(key, _)| *key).collect();
        if full.is_empty() {
            return false;
        }
        let (from, receiver) = full[self.random.below(full.len())];
        let wire = self.links.get_mut(&(from, receiver)).and_then(VecDeque::pop_front).unwrap();
        let which = self.systems.iter().position(|system| system.number == receiver).unwrap();
        let (post, mut out) = (&mut self.systems[which].post, Vec::new());
        match wire {
            Wire::Parcel(id, parcel) => post.arrived(self.now, from, id, parcel, &mut out).unwrap(),
            Wire::Settled(id) => post.settled(self.now, id, &mut out),
        }
        self.carry_out(which, &mut out);
        true
    }

    /// An actor gets on. Whether there was any that is busy.
    fn act(&mut self, may_fail: bool) -> bool {
        let busy: Vec<usize> = (0..3).filter(|which| self.systems[*which].busy.is_some()).collect();
        if busy.is_empty() {
            return false;
        }
        let which = busy[self.random.below(busy.len())];
        let (delivery, frame) = self.systems[which].busy.take().unwrap();
        let outcome = match self.random.below(if may_fail { 12 } else { 1 }) {
            11 => Outcome::NotReached,
            _ => Outcome::Handled,
        };
        if outcome == Outcome::Handled {
            let what = text(&frame);
            let from = what.as_bytes()[0] - b'0';
            self.handled.entry((usize::from(from), which)).or_default().push(what);
        }
        let mut out = Vec::new();
        self.systems[which].post.receipt(self.now, delivery, outcome, &mut out);
        self.carry_out(which, &mut out);
        true
    }

    fn name(&mut self, which: usize, there: bool) {
        let (now, mut out) = (self.now, Vec::new());
        let system = &mut self.systems[which];
        let holder = actor(system.number, 20);
        if there {
            system.post.named(now, "store", holder, &mut out);
        } else if system.busy.is_none() {
            system.post.unnamed(now, holder, &mut out);
        }
        self.carry_out(which, &mut out);
    }

    fn pass_time(&mut self) {
        self.now = self.now.plus(Duration::from_millis(200));
        for which in 0..3 {
            let mut out = Vec::new();
            self.systems[which].post.due(self.now, &mut out);
            self.carry_out(which, &mut out);
        }
    }

    fn step(&mut self) {
        let which = self.random.below(3);
        match self.random.below(40) {
            0..6 => self.send(),
            6..22 => drop(self.transport()),
            22..30 => drop(self.act(true)),
            30..33 => self.link(which),
            33 => self.cut(0, which),
            34 => self.restart(which),
            35..37 => self.name(which, true),
            37 => self.name(which, false),
            _ => self.pass_time(),
        }
    }

    fn settle_down(&mut self) {
        for which in 0..3 {
            self.name(which, true);
            self.link(which);
        }
        loop {
            while self.transport() || self.act(false) {}
            if self.systems.iter().all(|system| system.post.status().kept + system.post.status().taken == 0) {
                return;
            }
            self.pass_time();
            assert!(self.now < Time::ZERO.plus(Duration::from_secs(3600)), "something is never settled");
        }
    }
}

#[test]
fn each_is_handled_once_and_in_order_whoever_is_started_anew() {
    let seeds = std::env::var("SEED").map_or(0..400, |seed| {
        let seed = seed.parse().expect("SEED is a number");
        seed..seed + 1
    });
    for seed in seeds {
        let mut world = World::new(seed);
        for _ in 0..300 {
            world.step();
        }
        world.settle_down();
        assert_eq!(world.handled, world.sent, "SEED={seed}");
    }
}
