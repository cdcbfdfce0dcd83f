//! The other systems of the convention: the links with them, and what passes over these.
//!
//! A frame for an actor in another system is handed to the Admin, which sends it over the one link with that system. Nobody but the
//! leader is linked with everybody, so what is for a system that there is no link with goes by way of the leader.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::num::{NonZeroU32, NonZeroU128};
use std::os::fd::RawFd;
use std::time::Duration;

use bytes::Bytes;
use roscius_protocol::address::NodeId;
use roscius_protocol::admin::messages::{decode, encode};
use roscius_protocol::convention::{self, Message, Place, SystemId};
use roscius_protocol::frame::{DEFAULT_LIMIT, Frame};
use roscius_protocol::pair::{self, Arrivals, Loss, Pair, Refused, Room};
use roscius_protocol::time::Time;
use roscius_transport::Ready;
use roscius_transport::between::Links;
use roscius_transport::network::{self, Cause, DialId, Limits, Origin, Security};

use super::deadlines::Deadlines;
use super::pickles::Agreements;

/// The first byte of a record between Admins. Those of pairs are below 128.
const ADMIN: u8 = 0x80;

/// See the [module](self).
pub(super) struct Neighbours {
    links: Links,
    me: SystemId,
    limits: pair::Limits,
    dialled: BTreeMap<DialId, Place>,
    /// The names of systems that there is a link with.
    linked: BTreeMap<SystemId, String>,
    agreements: Agreements,
    /// Places that led to a system that is about to be linked with.
    about_to_be: Vec<(SystemId, Place)>,
    /// Systems whose frames wait for slow processes here.
    paused: BTreeSet<SystemId>,
    pairs: BTreeMap<SystemId, Pair>,
    /// When they have something to do next.
    deadlines: Deadlines,
    /// Pairs that have something to send.
    dirty: BTreeSet<SystemId>,
    lives: NonZeroU32,
    /// Who has spoken with a node of another system, or from another system with one here: by that node. Others speak by their
    /// Admins.
    spoke: BTreeMap<NodeId, BTreeSet<NodeId>>,
    last: Option<(NodeId, NodeId)>,
    events: Vec<network::Event>,
    effects: Vec<pair::Effect>,
    happened: VecDeque<Happening>,
    strangers: Strangers,
}

/// Connections that were turned away, or not taken at all. Anybody can make many, so the log has one now and then, with their number.
#[derive(Default)]
struct Strangers {
    told: Option<Time>,
    others: u64,
    told_of_want: Option<Time>,
}

/// After how long a connection that was turned away is told of again.
const STRANGER_TOLD_EVERY: Duration = Duration::from_secs(10);

impl Strangers {
    fn turned_away(&mut self, now: Time, from: &Origin, cause: &Cause) {
        if self.told.is_some_and(|told| now.since(told) < STRANGER_TOLD_EVERY) {
            self.others += 1;
            return;
        }
        let others = std::mem::take(&mut self.others);
        self.told = Some(now);
        tracing::warn!(%from, %cause, others, "a connection was turned away");
    }

    /// What is to be said of it, if anything.
    fn not_taken(&mut self, now: Time, why: &str) -> Option<String> {
        if self.told_of_want.is_some_and(|told| now.since(told) < STRANGER_TOLD_EVERY) {
            return None;
        }
        self.told_of_want = Some(now);
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let limit = limit.map_or_else(|| "no limit".to_owned(), |limit| format!("a limit of {limit}"));
        Some(format!(
            "other systems wait to be connected with, and can not be: {why}. Each link needs an open file, and there is {limit} (`ulimit -n`)"
        ))
    }
}

/// What has come of a turn.
#[derive(Debug)]
pub(super) enum Happening {
    /// The convention is to know of it.
    Convention(convention::Event),
    /// Frames came.
    Frames { from: SystemId, frames: Arrivals },
    /// A frame was not delivered, or nobody knows.
    Lost { frame: Frame, why: Loss },
    /// A durable message came. It comes again unless it is settled.
    Parcel { from: SystemId, id: NonZeroU128, parcel: Bytes },
    /// A durable message was settled by a system that it was sent to.
    Settled { id: NonZeroU128 },
    /// Those who send to this system may go on.
    Drained(SystemId),
    /// People are to know of this.
    Trouble(String),
}

/// The bounds of the links: what a pair has in flight has room there.
pub(super) fn limits() -> Limits {
    let window = pair::Limits::default().window;
    let mut limits = Limits::default();
    limits.queue.high_frames = limits.queue.high_frames.max(2 * window.pieces as usize);
    limits.queue.high_bytes = limits.queue.high_bytes.max(2 * window.bytes as usize);
    limits
}

impl Neighbours {
    pub fn new(links: Links, spool_bytes: u64) -> Self {
        let me = links.me().system;
        let spool_bytes = usize::try_from(spool_bytes).unwrap_or(usize::MAX);
        // Who has sent a durable message decides when it has waited too long.
        let limits = pair::Limits { spool_bytes, keep_durable_for: Duration::MAX, ..pair::Limits::default() };
        Self {
            links,
            me,
            limits,
            dialled: BTreeMap::new(),
            linked: BTreeMap::new(),
            agreements: Agreements::default(),
            about_to_be: Vec::new(),
            paused: BTreeSet::new(),
            pairs: BTreeMap::new(),
            deadlines: Deadlines::default(),
            dirty: BTreeSet::new(),
            lives: NonZeroU32::MIN,
            spoke: BTreeMap::new(),
            last: None,
            events: Vec::new(),
            effects: Vec::new(),
            happened: VecDeque::new(),
            strangers: Strangers::default(),
        }
    }

    pub fn descriptor(&self) -> RawFd {
        self.links.descriptor()
    }

    /// Links are made so from now on. Those with who is refused now are closed.
    pub fn set_security(&mut self, security: Security) -> io::Result<()> {
        self.links.set_security(security)
    }

    /// The descriptor is readable.
    pub fn ring(&mut self) {
        self.links.ring();
    }

    /// The hub has found out something about a link.
    pub fn note_ready(&mut self, ready: Ready) {
        self.links.note(ready);
    }

    /// After how long there is something to do although nothing comes.
    pub fn pause(&self, now: Time) -> Option<Duration> {
        let due = self.deadlines.next().map(|due| due.since(now));
        let ready = (!self.dirty.is_empty() || !self.happened.is_empty()).then_some(Duration::ZERO);
        [self.links.pause(), due, ready].into_iter().flatten().min()
    }

    pub fn dial(&mut self, place: Place) {
        let dial = self.links.dial(place.as_str());
        self.dialled.insert(dial, place);
    }

    pub fn hang_up(&mut self, system: SystemId) {
        self.links.close(system);
    }

    /// Says something to the Admin of a system that there is a link with.
    pub fn say(&mut self, system: SystemId, message: &Message) {
        match encode(message) {
            Ok(body) => {
                if let Err(error) = self.links.send(system, &[ADMIN], Bytes::from(body)) {
                    tracing::debug!(system, %error, "could not be said to another system");
                }
            }
            Err(error) => tracing::error!(%error, "a message of the convention has no form"),
        }
    }

    /// Whether there is a way to a system that is not by others.
    pub fn knows(&self, system: SystemId) -> bool {
        self.pairs.contains_key(&system)
    }

    /// With which systems pickles are exchanged.
    pub const fn agreements(&self) -> &Agreements {
        &self.agreements
    }

    /// What a system is called that there is a link with.
    pub fn name_of(&self, system: SystemId) -> &str {
        self.linked.get(&system).map_or("", String::as_str)
    }

    /// Sends a frame to a system, or by way of it.
    pub fn send(&mut self, now: Time, system: SystemId, frame: &Frame) -> Result<Room, Option<Refused>> {
        let pair = self.pairs.get_mut(&system).ok_or(None)?;
        let room = pair.send(now, frame.as_bytes().clone()).map_err(Some);
        self.dirty.insert(system);
        room
    }

    /// Sends a durable message to a system that there is a way to. Whether there is room.
    pub fn send_durable(&mut self, now: Time, system: SystemId, id: NonZeroU128, parcel: Bytes) -> bool {
        let Some(pair) = self.pairs.get_mut(&system) else { return false };
        let sent = pair.send_durable(now, id, parcel, &mut self.effects);
        self.dirty.insert(system);
        self.carry_out(system);
        sent.is_ok()
    }

    /// A durable message from a system is settled.
    pub fn settle(&mut self, system: SystemId, id: NonZeroU128) {
        if let Some(pair) = self.pairs.get_mut(&system) {
            pair.settle(id, &mut self.effects);
            self.dirty.insert(system);
            self.carry_out(system);
        }
    }

    /// Remembers that `who` speaks with `node`, of which one is in another system.
    pub fn note(&mut self, node: NodeId, who: NodeId) {
        if self.last != Some((node, who)) {
            self.last = Some((node, who));
            self.spoke.entry(node).or_default().insert(who);
        }
    }

    /// Who has spoken with a node, which has ended.
    pub fn forget(&mut self, node: NodeId) -> BTreeSet<NodeId> {
        self.last = None;
        let who = self.spoke.remove(&node).unwrap_or_default();
        self.spoke.retain(|_, who| {
            who.remove(&node);
            !who.is_empty()
        });
        who
    }

    /// Who has spoken with the nodes of a system, which has left.
    pub fn forget_system(&mut self, system: SystemId) -> BTreeSet<NodeId> {
        self.last = None;
        let mut all = BTreeSet::new();
        self.spoke.retain(|node, who| {
            if node.system() == system {
                all.append(who);
            }
            who.retain(|node| node.system() != system);
            !who.is_empty()
        });
        all.retain(|node| node.system() != system);
        all
    }

    /// A system is given up: what was held for it is lost.
    pub fn give_up(&mut self, now: Time, system: SystemId) {
        if let Some(mut pair) = self.pairs.remove(&system) {
            pair.gone(now, &mut self.effects);
            self.dirty.remove(&system);
            self.paused.remove(&system);
            if !self.linked.contains_key(&system) {
                self.agreements.forget(system);
            }
            self.carry_out(system);
        }
    }

    /// A system has joined: what is for it can be sent, and what it sends is taken.
    pub fn meet(&mut self, now: Time, system: SystemId) {
        let (me, life) = (self.me, self.lives);
        self.lives = self.lives.saturating_add(1);
        self.pairs.insert(system, Pair::new(&pair::Config { me, life, limits: self.limits }));
        if self.linked.contains_key(&system) {
            self.begin(now, system);
        }
    }

    /// A member has a link: what is for it goes there.
    fn begin(&mut self, now: Time, system: SystemId) {
        if let Some(pair) = self.pairs.get_mut(&system) {
            pair.linked(now, system, &mut self.effects);
            self.dirty.insert(system);
            self.carry_out(system);
        }
    }

    /// Lets what is queued leave.
    pub fn flush(&mut self, now: Time) {
        for system in std::mem::take(&mut self.dirty) {
            if let Some(pair) = self.pairs.get_mut(&system) {
                pair.flush(now, &mut self.effects);
                self.carry_out(system);
            }
        }
        self.links.flush();
    }

    /// Processes here are slow to take what comes from a system: it is to send no more than it may already.
    pub fn pause_receiving(&mut self, system: SystemId) {
        if let Some(pair) = self.pairs.get_mut(&system)
            && self.paused.insert(system)
        {
            pair.pause();
            self.deadlines.set(system, pair.next_deadline());
        }
    }

    /// They have caught up.
    pub fn resume_receiving(&mut self, system: SystemId) {
        if self.paused.remove(&system)
            && let Some(pair) = self.pairs.get_mut(&system)
        {
            pair.resume(&mut self.effects);
            self.dirty.insert(system);
            self.carry_out(system);
        }
    }

    /// The systems whose frames wait for slow processes here.
    pub fn paused(&self) -> impl Iterator<Item = SystemId> {
        self.paused.iter().copied()
    }

    /// Closes all links, after what was said last. Nothing more is taken.
    pub fn close(&mut self) {
        self.pairs.clear();
        self.deadlines = Deadlines::default();
        for system in self.links.linked() {
            self.links.close(system);
        }
        self.links.leave();
    }

    /// Nobody new is taken.
    pub fn stop_listening(&mut self) {
        self.links.stop_listening();
    }

    /// Whether something that was said last is still to be written.
    pub fn is_closing(&self) -> bool {
        self.links.is_closing()
    }

    /// Takes in what came. To be called when the descriptor is readable, and when the pause is over.
    pub fn turn(&mut self, now: Time) -> io::Result<VecDeque<Happening>> {
        let mut events = std::mem::take(&mut self.events);
        self.links.turn(&mut events)?;
        for event in events.drain(..) {
            self.take_in(now, event);
        }
        self.events = events;
        for system in self.deadlines.due(now) {
            if let Some(pair) = self.pairs.get_mut(&system) {
                pair.due(now, &mut self.effects);
                self.carry_out(system);
            }
        }
        self.flush(now);
        Ok(std::mem::take(&mut self.happened))
    }

    fn take_in(&mut self, now: Time, event: network::Event) {
        match event {
            network::Event::Up { peer, payloads, same_host, dialled, .. } => {
                let place = dialled.and_then(|dial| self.dialled.remove(&dial));
                let system = peer.system;
                self.agreements.met(system, peer.payloads, payloads, same_host);
                if !self.agreements.take(system) {
                    tracing::info!(system, name = peer.identity, "no pickles are exchanged with this system");
                }
                self.begin(now, system);
                self.linked.insert(system, peer.identity);
                self.tell_linked(system, place);
                let others: Vec<_> = self.about_to_be.extract_if(.., |(other, _)| *other == system).collect();
                for (_, place) in others {
                    self.tell_linked(system, Some(place));
                }
            }
            network::Event::NotUp { dial, cause } => {
                let Some(place) = self.dialled.remove(&dial) else { return };
                match cause {
                    Cause::Already { system } if self.linked.contains_key(&system) => {
                        self.tell_linked(system, Some(place));
                    }
                    Cause::Already { system } => self.about_to_be.push((system, place)),
                    Cause::Itself => self.tell_linked(self.me, Some(place)),
                    cause => {
                        let event = convention::Event::NotLinked { place, why: cause.to_string() };
                        self.happened.push_back(Happening::Convention(event));
                    }
                }
            }
            network::Event::Records { system, records } => {
                self.happened.push_back(Happening::Convention(convention::Event::Heard { system }));
                for record in records {
                    self.record(now, system, record);
                }
                self.dirty.insert(system);
            }
            network::Event::Room { .. } => {}
            network::Event::Down { system, cause } => {
                self.linked.remove(&system);
                if !self.pairs.contains_key(&system) {
                    self.agreements.forget(system);
                }
                if let Some(pair) = self.pairs.get_mut(&system) {
                    pair.unlinked(now, &mut self.effects);
                    self.carry_out(system);
                }
                let why = cause.to_string();
                let event = match cause {
                    Cause::Away => convention::Event::Gone { system, why },
                    _ => convention::Event::Unlinked { system, why },
                };
                self.happened.push_back(Happening::Convention(event));
            }
            network::Event::Leaders(places) => {
                let places = places.iter().filter_map(|place| place.parse().ok()).collect();
                self.happened.push_back(Happening::Convention(convention::Event::Candidates(places)));
            }
            network::Event::Server { is_up: true, what } => tracing::info!(what, "the NATS server"),
            network::Event::Server { is_up: false, what } => {
                tracing::warn!(what, "no way to other systems but by the NATS server, which is not there");
            }
            network::Event::Trouble { what } => tracing::warn!(what, "something is wrong with the NATS server"),
            network::Event::TurnedAway { from, cause } => self.strangers.turned_away(now, &from, &cause),
            network::Event::NotTaken { why } => {
                self.happened.extend(self.strangers.not_taken(now, &why).map(Happening::Trouble));
            }
        }
    }

    fn tell_linked(&mut self, system: SystemId, dialled: Option<Place>) {
        let identity = self.linked.get(&system).cloned().unwrap_or_default();
        let event = convention::Event::Linked { system, identity, dialled };
        self.happened.push_back(Happening::Convention(event));
    }

    fn record(&mut self, now: Time, system: SystemId, record: Bytes) {
        if let Some((&ADMIN, message)) = record.split_first() {
            match decode::<Message>(message) {
                Ok(mut message) => {
                    self.agreements.sift(system, &mut message);
                    let event = convention::Event::Said { system, message };
                    self.happened.push_back(Happening::Convention(event));
                }
                Err(error) => self.drop_link(system, &error.to_string()),
            }
        } else if let Some(pair) = self.pairs.get_mut(&system) {
            match pair.received(now, &record, &mut self.effects) {
                Ok(()) => self.carry_out(system),
                Err(error) => self.drop_link(system, &error.to_string()),
            }
        }
    }

    /// Something came that nobody of this version says.
    pub fn drop_link(&mut self, system: SystemId, why: &str) {
        tracing::warn!(system, why, "what came from another system makes no sense: the link is closed");
        self.links.close(system);
    }

    fn carry_out(&mut self, system: SystemId) {
        for effect in self.effects.drain(..) {
            match effect {
                pair::Effect::Transmit { head, body } => {
                    // Many short frames are all in the head: it is not copied once more.
                    let (head, body) = if body.is_empty() { (Vec::new(), head.into()) } else { (head, body) };
                    // What is not sent is not acknowledged, and sent again.
                    if let Err(error) = self.links.send(system, &head, body) {
                        tracing::debug!(system, %error, "a record was not sent");
                    }
                }
                pair::Effect::Deliver(frames) => self.happened.push_back(Happening::Frames { from: system, frames }),
                pair::Effect::Lost { frame, why } => {
                    if let Ok(frame) = Frame::new(frame, DEFAULT_LIMIT) {
                        self.happened.push_back(Happening::Lost { frame, why });
                    }
                }
                pair::Effect::DeliverDurable { id, frame } => {
                    self.happened.push_back(Happening::Parcel { from: system, id, parcel: frame });
                }
                pair::Effect::Forget { id } => self.happened.push_back(Happening::Settled { id }),
                // The post keeps and remembers by itself, whichever way a message goes.
                pair::Effect::Keep { .. } | pair::Effect::Remember { .. } => {}
                pair::Effect::Drained => self.happened.push_back(Happening::Drained(system)),
            }
        }
        // Whatever a pair was told, it has been carried out here.
        self.deadlines.set(system, self.pairs.get(&system).and_then(Pair::next_deadline));
    }
}
