//! Durable frames: sent again until they were settled, and delivered once as far as their ids are remembered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU128;

use bytes::Bytes;

use super::outgoing::Held;
use super::record::{Class, ID};
use crate::time::Time;

/// The most ids in one frame of settled ones.
const IDS: usize = 1024;

/// What the peer has, and has not settled.
#[derive(Debug, Default)]
pub struct Unsettled {
    /// In the order in which they were acknowledged, which is that of sending.
    frames: BTreeMap<u64, Held>,
    places: BTreeMap<NonZeroU128, u64>,
    bytes: usize,
    next: u64,
}

impl Unsettled {
    /// The peer has taken it.
    pub fn insert(&mut self, held: Held) {
        let Class::Durable(id) = held.class else { return };
        self.bytes += held.frame.len();
        if let Some(place) = self.places.insert(id, self.next)
            && let Some(former) = self.frames.remove(&place)
        {
            self.bytes -= former.frame.len();
        }
        self.frames.insert(self.next, held);
        self.next += 1;
    }

    /// It is settled. Whether it was known.
    pub fn remove(&mut self, id: NonZeroU128) -> bool {
        let held = self.places.remove(&id).and_then(|place| self.frames.remove(&place));
        self.bytes -= held.as_ref().map_or(0, |held| held.frame.len());
        held.is_some()
    }

    /// Takes out all, to be sent again.
    pub fn take(&mut self) -> impl Iterator<Item = Held> + use<> {
        self.bytes = 0;
        self.places.clear();
        std::mem::take(&mut self.frames).into_values().map(Held::again)
    }

    /// Takes out those that are to be.
    pub fn take_if(&mut self, is_out: impl Fn(&Held) -> bool) -> Vec<Held> {
        let (out, kept) = self.take().partition(is_out);
        let kept: Vec<_> = kept;
        kept.into_iter().for_each(|held| self.insert(held));
        out
    }

    pub fn iter(&self) -> impl Iterator<Item = &Held> {
        self.frames.values()
    }

    /// How many, and their bytes.
    pub fn held(&self) -> (usize, usize) {
        (self.frames.len(), self.bytes)
    }
}

/// The ids of durable frames that were delivered here.
#[derive(Debug)]
pub struct Memory {
    limit: usize,
    known: BTreeSet<NonZeroU128>,
    /// The same, the eldest first.
    order: VecDeque<NonZeroU128>,
    /// Delivered, and not settled yet.
    pending: BTreeSet<NonZeroU128>,
    /// Settled, which the peer is to be told.
    untold: BTreeSet<NonZeroU128>,
}

impl Memory {
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            known: BTreeSet::new(),
            order: VecDeque::new(),
            pending: BTreeSet::new(),
            untold: BTreeSet::new(),
        }
    }

    /// This id was settled before a restart.
    pub fn restore(&mut self, id: NonZeroU128) {
        self.remember(id);
    }

    fn remember(&mut self, id: NonZeroU128) -> bool {
        if !self.known.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > self.limit
            && let Some(eldest) = self.order.pop_front()
        {
            self.known.remove(&eldest);
            self.pending.remove(&eldest);
        }
        true
    }

    /// A frame has come. Whether it is to be delivered; if it was settled before, the peer hears of it.
    pub fn arrived(&mut self, id: NonZeroU128) -> bool {
        if self.remember(id) {
            return self.pending.insert(id);
        }
        if !self.pending.contains(&id) {
            self.untold.insert(id);
        }
        false
    }

    /// Its receiver is done with it. The peer is told even if the id was forgotten meanwhile. Whether it is news here.
    pub fn settle(&mut self, id: NonZeroU128) -> bool {
        self.untold.insert(id);
        self.pending.remove(&id)
    }

    /// The peer did not get this frame of settled ids.
    pub fn tell_again(&mut self, frame: &[u8]) {
        self.untold.extend(ids(frame));
    }

    /// What the peer is to be told, in frames.
    pub fn take_untold(&mut self, now: Time) -> impl Iterator<Item = Held> + use<> {
        let ids: Vec<u8> = std::mem::take(&mut self.untold).into_iter().flat_map(|id| id.get().to_le_bytes()).collect();
        let (ids, step) = (Bytes::from(ids), IDS * ID);
        let length = ids.len();
        (0..length).step_by(step).map(move |at| Held::new(ids.slice(at..length.min(at + step)), Class::Settled, now))
    }

    /// How many ids are remembered.
    pub fn len(&self) -> usize {
        self.known.len()
    }
}

/// The ids in a frame of settled ones.
pub fn ids(frame: &[u8]) -> impl Iterator<Item = NonZeroU128> + use<'_> {
    frame.chunks_exact(ID).filter_map(|id| NonZeroU128::new(u128::from_le_bytes(id.try_into().unwrap_or_default())))
}
