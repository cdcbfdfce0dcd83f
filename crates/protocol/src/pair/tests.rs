//! Each promise of a pair by itself. That they hold together is for the simulation (`tests/pair_simulation`).

mod damage;
mod exchange;
mod keeping;

use std::num::{NonZeroU32, NonZeroU128};
use std::time::Duration;

use bytes::Bytes;

use super::{Config, Effect, Limits, Loss, Pair, Window};
use crate::time::Time;

/// Two systems that are linked as long as the test wants. What they transmit waits until it is carried over.
struct Two {
    now: Time,
    pairs: [Pair; 2],
    /// On the way to each.
    under_way: [Vec<Bytes>; 2],
    delivered: [Vec<Bytes>; 2],
    lost: [Vec<(Bytes, Loss)>; 2],
    /// All else.
    others: [Vec<Effect>; 2],
}

impl Two {
    fn new(limits: Limits) -> Self {
        let pair = |me| Pair::new(&Config { me, life: NonZeroU32::MIN, limits });
        Self {
            now: Time::from_nanos(1),
            pairs: [pair(1), pair(2)],
            under_way: Default::default(),
            delivered: Default::default(),
            lost: Default::default(),
            others: Default::default(),
        }
    }

    /// Both have greeted.
    fn linked(limits: Limits) -> Self {
        let mut two = Self::new(limits);
        two.link();
        two
    }

    fn link(&mut self) {
        self.play(0, |pair, now, out| pair.linked(now, 2, out));
        self.play(1, |pair, now, out| pair.linked(now, 1, out));
        self.carry();
    }

    fn unlink(&mut self) {
        self.under_way = Default::default();
        for at in 0..2 {
            self.play(at, Pair::unlinked);
        }
    }

    fn play(&mut self, at: usize, act: impl FnOnce(&mut Pair, Time, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        act(&mut self.pairs[at], self.now, &mut out);
        for effect in out {
            match effect {
                Effect::Transmit { head, body } => self.under_way[1 - at].push([&head[..], &body[..]].concat().into()),
                Effect::Deliver(frames) => self.delivered[at].extend(frames),
                Effect::Lost { frame, why } => self.lost[at].push((frame, why)),
                other => self.others[at].push(other),
            }
        }
    }

    /// The next record on the way to one of them arrives, if there is any.
    fn carry_one(&mut self, to: usize) -> bool {
        if self.under_way[to].is_empty() {
            return false;
        }
        let record = self.under_way[to].remove(0);
        self.play(to, |pair, now, out| pair.received(now, &record, out).unwrap());
        true
    }

    /// All arrives, until nothing is on the way.
    fn carry(&mut self) {
        while self.carry_one(0) || self.carry_one(1) {}
    }

    fn send(&mut self, from: usize, frame: impl Into<Bytes>) {
        self.pairs[from].send(self.now, frame.into()).unwrap();
        self.play(from, Pair::flush);
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
        for at in 0..2 {
            self.play(at, Pair::due);
        }
    }

    /// Nobody waits for anything.
    fn is_quiet(&self) -> bool {
        self.pairs.iter().all(|pair| pair.next_deadline().is_none()) && self.under_way.iter().all(Vec::is_empty)
    }
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

fn long(length: usize, seed: u8) -> Bytes {
    (0..length).map(|at| (at / 7) as u8 ^ seed).collect::<Vec<_>>().into()
}

fn id(number: u128) -> NonZeroU128 {
    NonZeroU128::new(number).unwrap()
}

const WINDOW: Window = Window { pieces: 8, bytes: 200_000 };
