//! One system, with its end of the pair.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroU128};
use std::time::Duration;

use bytes::Bytes;
use roscius_protocol::pair::{Config, Limits, Pair, Window};
use roscius_protocol::time::Time;

pub const LIMITS: Limits = Limits {
    frame: 1 << 20,
    spool_frames: 60,
    spool_bytes: 600_000,
    keep_for: Duration::from_secs(5),
    keep_durable_for: Duration::from_secs(3600),
    remembered: 10_000,
    window: Window { pieces: 12, bytes: 200_000 },
    ack_after: Duration::from_millis(10),
    ask_after: Duration::from_millis(500),
};

pub struct Host {
    pub system: u32,
    life: u32,
    pub pair: Pair,
    /// The link that it believes to have.
    pub link: Option<u64>,
    /// Its clock is ahead of that of the world by this.
    skew: Duration,
    pub tight: bool,
    /// What it has written down.
    pub kept: BTreeMap<u64, (NonZeroU128, Bytes)>,
    pub remembered: Vec<NonZeroU128>,
    /// What was delivered here since it started.
    pub seen: BTreeSet<NonZeroU128>,
    /// Delivered here, and to be settled.
    pub to_settle: Vec<NonZeroU128>,
}

impl Host {
    pub fn new(system: u32, skew: Duration) -> Self {
        Self {
            system,
            life: 1,
            pair: Pair::new(&config(system, 1)),
            link: None,
            skew,
            tight: false,
            kept: BTreeMap::new(),
            remembered: Vec::new(),
            seen: BTreeSet::new(),
            to_settle: Vec::new(),
        }
    }

    pub fn clock(&self, world: Time) -> Time {
        world.plus(self.skew)
    }

    /// The deadline of its pair, on the clock of the world.
    pub fn deadline(&self) -> Option<Time> {
        let zero = Time::ZERO.plus(self.skew);
        self.pair.next_deadline().map(|at| Time::ZERO.plus(at.since(zero)))
    }

    /// It starts anew: as another incarnation, or with another pair only.
    pub fn restart(&mut self, system: u32, now: Time) {
        self.life = if system == self.system { self.life + 1 } else { 1 };
        self.system = system;
        self.pair = Pair::new(&config(system, self.life));
        self.link = None;
        self.tight = false;
        self.seen.clear();
        self.to_settle.clear();
        let kept = self.kept.values().cloned().collect();
        self.pair.restore(self.clock(now), kept, &self.remembered);
    }
}

fn config(me: u32, life: u32) -> Config {
    Config { me, life: NonZeroU32::new(life).expect("counted from one"), limits: LIMITS }
}
