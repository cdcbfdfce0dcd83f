//! Durable messages: kept by the system of their sender until an actor of the right name, in the right system, has handled them.
//!
//! Addresses die with an incarnation of a system, so a durable message is for a [`Destination`]: the global name of an actor, and the
//! identity of its system. A [`Post`] is one system's share: it keeps what its own actors send, passes on what others send by
//! way of it, and gives what is for it to the actors here, one at a time for each name. It has no links and no disk: who drives it moves the
//! [`Parcel`]s as durable frames of a [`Pair`](crate::pair::Pair), writes down what is said ([`record`]), and hands in the time.
//!
//! ```text
//! sender's system       system on the way (the leader)      system of the destination
//!  accept ──▶ kept ──Send──▶ arrived ──▶ passed on ──Send──▶ arrived ──Give──▶ actor
//!  Discard ◀── settled ◀──────── Settle ◀── settled ◀──────── Settle ◀── receipt: handled
//! ```
//!
//! # Once
//!
//! Who sends keeps it until it is settled, and sends it again on whatever way there is then. Who delivers remembers the ids of what was handled, and
//! settles those at once. So a message is handled once, but for one case: its actor has handled it, and the system ended before that was noted.
//!
//! # In order
//!
//! What one system sends to one destination stays in order, also when a handler fails: the next waits until the first was handled or given up.
//!
//! # The time
//!
//! Messages expire at a time of day, since they outlive the clocks of systems: [`Time`] is the time since 1970 here. Who keeps a message reports that it
//! has expired; others just drop it.

mod effects;
mod here;
mod parcel;
pub mod record;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU128;
use std::time::Duration;

use bytes::Bytes;

pub use effects::{Effect, Limits, Refused, Status, Why};
use here::Names;
pub use here::Outcome;
pub use parcel::{Destination, Parcel, ParcelError};

use crate::address::Address;
use crate::frame::Frame;
use crate::pair::SystemId;
use crate::time::Time;

/// The number of a durable message, which nobody else has.
pub type Id = NonZeroU128;

/// How many messages for one destination are under way to the next system at a time, and their bytes.
const UNDER_WAY: usize = 256;
const UNDER_WAY_BYTES: usize = 4 << 20;
/// After how long a link that had no room is tried again.
const LATER: Duration = Duration::from_secs(1);
/// How many destinations programs may ask for.
const DESTINATIONS: usize = 65_536;

/// A message that was not settled yet.
#[derive(Debug)]
struct Entry {
    parcel: Parcel,
    /// It is from an actor here, and kept.
    own: bool,
    /// The systems that it came from.
    from: Vec<SystemId>,
    /// It was sent to another system, or given to an actor.
    went_out: bool,
    /// How often its handler failed.
    failures: u32,
}

/// What waits for one destination, the eldest first.
#[derive(Debug, Default)]
struct Queue {
    ids: VecDeque<Id>,
    /// The next system on the way.
    hop: Option<SystemId>,
    /// How many of the ids were sent there, and their bytes.
    given: usize,
    given_bytes: usize,
    /// The try that is under way here, and with whom.
    on_stage: Option<(u64, Address)>,
    /// Nothing is sent or given before.
    not_before: Time,
}

/// One system's share in durable messages.
#[derive(Debug)]
pub struct Post {
    me: String,
    limits: Limits,
    /// What programs have asked for, by number.
    destinations: Vec<Destination>,
    numbers: BTreeMap<Destination, u32>,
    entries: BTreeMap<Id, Entry>,
    queues: BTreeMap<Destination, Queue>,
    expiring: BTreeSet<(Time, Id)>,
    /// Queues that wait until a time.
    later: BTreeMap<Destination, Time>,
    kept: (usize, usize),
    taken: (usize, usize),
    /// The systems that there is a way to.
    met: BTreeMap<String, SystemId>,
    /// Where what is for others goes.
    leader: Option<SystemId>,
    names: Names,
    settled: BTreeSet<Id>,
    /// The same, the eldest first.
    settled_order: VecDeque<Id>,
}

impl Post {
    /// The share of the system with this identity.
    pub fn new(me: &str, limits: Limits) -> Self {
        Self {
            me: me.to_owned(),
            limits,
            destinations: Vec::new(),
            numbers: BTreeMap::new(),
            entries: BTreeMap::new(),
            queues: BTreeMap::new(),
            expiring: BTreeSet::new(),
            later: BTreeMap::new(),
            kept: (0, 0),
            taken: (0, 0),
            met: BTreeMap::new(),
            leader: None,
            names: Names::default(),
            settled: BTreeSet::new(),
            settled_order: VecDeque::new(),
        }
    }

    /// The number of a destination. None: there are too many.
    pub fn open(&mut self, to: Destination) -> Option<u32> {
        if let Some(number) = self.numbers.get(&to) {
            return Some(*number);
        }
        let number = u32::try_from(self.destinations.len()).ok().filter(|_| self.destinations.len() < DESTINATIONS)?;
        self.destinations.push(to.clone());
        self.numbers.insert(to, number);
        Some(number)
    }

    /// Packs a message for the destination with this number, if there is room. It is kept by [`Post::accept`], when it has been written
    /// down.
    ///
    /// # Errors
    ///
    /// [`Refused`] if it can not be kept.
    pub fn pack(&self, now: Time, number: u32, frame: &Frame) -> Result<Parcel, Refused> {
        let to = self.destinations.get(number as usize).ok_or(Refused::Nobody)?;
        let (length, limit) = (frame.as_bytes().len(), self.limits.bytes);
        if length > limit || length as u64 > self.limits.frame {
            return Err(Refused::TooLong { length, limit });
        }
        let (messages, bytes) = self.kept;
        if messages >= self.limits.messages || bytes + length > limit {
            return Err(Refused::Full { messages, bytes, limit });
        }
        Ok(Parcel::pack(to, now.plus(self.limits.keep_for), frame)?)
    }

    /// Keeps a message of an actor here.
    pub fn accept(&mut self, now: Time, id: Id, parcel: Parcel, out: &mut Vec<Effect>) {
        let to = parcel.to.clone();
        self.enter(id, Entry { parcel, own: true, from: Vec::new(), went_out: false, failures: 0 });
        self.go_on(now, &to, out);
    }

    /// Takes back what was written down before a restart, the eldest first: a message that was kept.
    ///
    /// # Errors
    ///
    /// [`ParcelError`] if it is none.
    pub fn restore_kept(&mut self, id: Id, parcel: Bytes) -> Result<(), ParcelError> {
        let parcel = Parcel::read(parcel, self.limits.frame)?;
        if !self.entries.contains_key(&id) {
            // Nobody knows whether it went out.
            self.enter(id, Entry { parcel, own: true, from: Vec::new(), went_out: true, failures: 0 });
        }
        Ok(())
    }

    /// The same, of one that was handled here.
    pub fn restore_settled(&mut self, id: Id) {
        self.remember(id);
    }

    /// What is to be written down for a restart, the eldest first, when what was written before is thrown away.
    pub fn records(&self) -> impl Iterator<Item = record::Record> {
        let settled = self.settled_order.iter().map(|id| record::Record::Settled(*id));
        let ids = self.queues.values().flat_map(|queue| &queue.ids);
        let own = ids.filter_map(|id| self.entries.get(id).filter(|entry| entry.own).map(|entry| (id, entry)));
        settled.chain(own.map(|(id, entry)| record::Record::Kept(*id, entry.parcel.whole.clone())))
    }

    /// There is a way to a system.
    pub fn met(&mut self, now: Time, system: SystemId, identity: &str, out: &mut Vec<Effect>) {
        self.met.insert(identity.to_owned(), system);
        self.find_ways(now, out);
    }

    /// There is none any more. What it has not settled is sent again, by whatever way there is.
    pub fn gone(&mut self, now: Time, system: SystemId, out: &mut Vec<Effect>) {
        self.met.retain(|_, other| *other != system);
        self.find_ways(now, out);
    }

    /// This system leads the convention now. What is for systems that there is no way to goes there.
    pub fn led_by(&mut self, now: Time, leader: Option<SystemId>, out: &mut Vec<Effect>) {
        if self.leader != leader {
            self.leader = leader;
            self.find_ways(now, out);
        }
    }

    /// A parcel came. It comes again if it is not settled.
    ///
    /// # Errors
    ///
    /// [`ParcelError`] if it is none.
    pub fn arrived(
        &mut self,
        now: Time,
        from: SystemId,
        id: Id,
        parcel: Bytes,
        out: &mut Vec<Effect>,
    ) -> Result<(), ParcelError> {
        if self.settled.contains(&id) {
            out.push(Effect::Settle { system: from, id });
            return Ok(());
        }
        if let Some(entry) = self.entries.get_mut(&id) {
            if !entry.from.contains(&from) {
                entry.from.push(from);
            }
            return Ok(());
        }
        let parcel = Parcel::read(parcel, self.limits.frame)?;
        // Who keeps it reports that it has expired.
        let (messages, bytes) = self.taken;
        let has_room = messages < self.limits.messages && bytes + parcel.frame.len() <= self.limits.bytes;
        if parcel.expires > now && has_room {
            let to = parcel.to.clone();
            self.enter(id, Entry { parcel, own: false, from: vec![from], went_out: false, failures: 0 });
            self.go_on(now, &to, out);
        }
        Ok(())
    }

    /// A parcel was settled by a system that it was sent to.
    pub fn settled(&mut self, now: Time, id: Id, out: &mut Vec<Effect>) {
        if let Some(to) = self.finish(id, out) {
            self.go_on(now, &to, out);
        }
    }

    /// Whether a message was sent here, and is kept until it is settled.
    pub fn is_own(&self, id: Id) -> bool {
        self.entries.get(&id).is_some_and(|entry| entry.own)
    }

    /// The link had no room for a parcel.
    pub fn refused(&mut self, now: Time, id: Id) {
        let Some(to) = self.entries.get(&id).map(|entry| entry.parcel.to.clone()) else { return };
        if let Some(queue) = self.queues.get_mut(&to)
            && let Some(at) = queue.ids.iter().position(|other| *other == id).filter(|at| *at < queue.given)
        {
            queue.given = at;
            let given = queue.ids.iter().take(at);
            queue.given_bytes = given.filter_map(|id| self.entries.get(id)).map(|it| it.parcel.whole.len()).sum();
            queue.not_before = now.plus(LATER);
            self.later.insert(to, queue.not_before);
        }
    }

    /// When [`Post::due`] is to be called. None: there is nothing to wait for.
    pub fn next_deadline(&self) -> Option<Time> {
        let later = self.later.values().min().copied();
        [self.expiring.first().map(|(at, _)| *at), later].into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn due(&mut self, now: Time, out: &mut Vec<Effect>) {
        let mut expired = Vec::new();
        while let Some((at, id)) = self.expiring.first().copied().filter(|(at, _)| *at <= now) {
            self.expiring.remove(&(at, id));
            expired.push(id);
        }
        for id in expired {
            self.expire(now, id, out);
        }
        let later: Vec<Destination> = self.later.extract_if(.., |_, at| *at <= now).map(|(to, _)| to).collect();
        for to in later {
            self.go_on(now, &to, out);
        }
    }

    /// How it is.
    pub fn status(&self) -> Status {
        let ((kept, kept_bytes), taken) = (self.kept, self.taken.0);
        Status { kept, kept_bytes, taken, remembered: self.settled.len() }
    }

    fn enter(&mut self, id: Id, entry: Entry) {
        let count = if entry.own { &mut self.kept } else { &mut self.taken };
        *count = (count.0 + 1, count.1 + entry.parcel.frame.len());
        self.expiring.insert((entry.parcel.expires, id));
        self.queues.entry(entry.parcel.to.clone()).or_default().ids.push_back(id);
        self.entries.insert(id, entry);
    }

    /// Takes an entry out of everything.
    fn take_out(&mut self, id: Id) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        let count = if entry.own { &mut self.kept } else { &mut self.taken };
        *count = (count.0 - 1, count.1 - entry.parcel.frame.len());
        self.expiring.remove(&(entry.parcel.expires, id));
        if let Some(queue) = self.queues.get_mut(&entry.parcel.to) {
            if let Some(at) = queue.ids.iter().position(|other| *other == id) {
                queue.ids.remove(at);
                if at < queue.given {
                    queue.given -= 1;
                    queue.given_bytes -= entry.parcel.whole.len();
                }
                // It was the one with which an actor is busy.
                if at == 0
                    && let Some((delivery, _)) = queue.on_stage.take()
                {
                    self.names.forget(delivery);
                }
            }
            if queue.ids.is_empty() {
                self.queues.remove(&entry.parcel.to);
                self.later.remove(&entry.parcel.to);
            }
        }
        Some(entry)
    }

    /// A message is done with: who keeps it is told.
    fn finish(&mut self, id: Id, out: &mut Vec<Effect>) -> Option<Destination> {
        let entry = self.take_out(id)?;
        if entry.parcel.to.system == self.me && !entry.from.is_empty() && self.remember(id) {
            out.push(Effect::Remember { id });
        }
        if entry.own {
            out.push(Effect::Discard { id });
        }
        out.extend(entry.from.iter().map(|&system| Effect::Settle { system, id }));
        Some(entry.parcel.to)
    }

    fn expire(&mut self, now: Time, id: Id, out: &mut Vec<Effect>) {
        let busy = |queue: &Queue| queue.on_stage.is_some() && queue.ids.front() == Some(&id);
        let to = self.entries.get(&id).map(|entry| &entry.parcel.to);
        // An actor has it: what it makes of it counts.
        if to.and_then(|to| self.queues.get(to)).is_some_and(busy) {
            return;
        }
        let Some(entry) = self.take_out(id) else { return };
        if entry.own {
            out.push(Effect::Discard { id });
            let why = if entry.went_out { Why::Unknown } else { Why::Expired };
            out.push(Effect::Lost { frame: entry.parcel.frame, why });
        }
        self.go_on(now, &entry.parcel.to, out);
    }

    fn remember(&mut self, id: Id) -> bool {
        if !self.settled.insert(id) {
            return false;
        }
        self.settled_order.push_back(id);
        if self.settled_order.len() > self.limits.remembered.max(1)
            && let Some(eldest) = self.settled_order.pop_front()
        {
            self.settled.remove(&eldest);
        }
        true
    }

    /// Systems have come or gone: what went another way than there is now goes again.
    fn find_ways(&mut self, now: Time, out: &mut Vec<Effect>) {
        let all: Vec<Destination> = self.queues.keys().cloned().collect();
        for to in all {
            self.go_on(now, &to, out);
        }
    }

    /// The next system on the way to another. The leader is one only while there is a way to it.
    fn hop_to(&self, system: &str) -> Option<SystemId> {
        let leader = || self.leader.filter(|leader| self.met.values().any(|met| met == leader));
        self.met.get(system).copied().or_else(leader)
    }

    /// Sends or gives what waits for a destination, as far as that goes.
    fn go_on(&mut self, now: Time, to: &Destination, out: &mut Vec<Effect>) {
        if to.system == self.me {
            return self.give_next(now, to, out);
        }
        let hop = self.hop_to(&to.system);
        let Some(queue) = self.queues.get_mut(to) else { return };
        if queue.hop != hop {
            (queue.hop, queue.given, queue.given_bytes, queue.not_before) = (hop, 0, 0, Time::ZERO);
        }
        let Some(system) = hop.filter(|_| queue.not_before <= now) else { return };
        while queue.given < UNDER_WAY
            && let Some(id) = queue.ids.get(queue.given)
            && let Some(entry) = self.entries.get_mut(id)
        {
            let bytes = entry.parcel.whole.len();
            if queue.given > 0 && queue.given_bytes + bytes > UNDER_WAY_BYTES {
                break;
            }
            entry.went_out = true;
            queue.given += 1;
            queue.given_bytes += bytes;
            out.push(Effect::Send { system, id: *id, parcel: entry.parcel.whole.clone() });
        }
    }
}

#[cfg(test)]
mod tests;
