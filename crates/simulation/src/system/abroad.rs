//! What passes between this system and others.

use std::num::NonZeroU32;

use roscius::{Address, NodeId, Signal};
use roscius_protocol::admin::messages::{FromAdmin, Letter, Setback, ToAdmin, Topic, decode, encode};
use roscius_protocol::admin::{Effect, Event};
use roscius_protocol::convention::{self, Message, Place, SystemId};
use roscius_protocol::frame::{Frame, Kind};
use roscius_protocol::pair::{self, Loss, Pair};
use roscius_protocol::time::Time;

use super::{Output, Packet, System, admin_of};
use crate::invariants::Observation;
use crate::wire::{self, root_of};

/// What a pair has brought.
#[derive(Debug)]
pub(super) enum Happening {
    Frame { from: SystemId, frame: Frame },
    Lost { frame: Frame, why: Loss },
}

impl System {
    /// There is a link with a system.
    pub fn linked(&mut self, link: u64, peer: SystemId, identity: String, dialled: Option<Place>) {
        if peer != self.id && self.links.insert(peer, link) != Some(link) {
            self.with_pair(peer, |pair, now, out| pair.linked(now, peer, out));
        }
        self.convene(convention::Event::Linked { system: peer, identity, dialled });
    }

    /// The link with a system is gone.
    pub fn unlinked(&mut self, link: u64, peer: SystemId, why: &str) {
        if self.links.get(&peer) == Some(&link) {
            self.links.remove(&peer);
            self.with_pair(peer, Pair::unlinked);
            self.convene(convention::Event::Unlinked { system: peer, why: why.to_owned() });
        }
    }

    /// A dial has led to nothing.
    pub fn not_linked(&mut self, place: Place, why: &str) {
        self.convene(convention::Event::NotLinked { place, why: why.to_owned() });
    }

    /// Something came from another system.
    pub fn take_packet(&mut self, link: u64, from: SystemId, packet: &Packet) {
        if self.links.get(&from) != Some(&link) {
            return;
        }
        self.convene(convention::Event::Heard { system: from });
        match packet {
            Packet::Admin(bytes) => match decode::<Message>(bytes) {
                Ok(message) => self.convene(convention::Event::Said { system: from, message }),
                Err(error) => self.out.push(Output::Log(format!("{from} makes no sense: {error}"))),
            },
            Packet::Pair(record) => {
                if let Some(pair) = self.pairs.get_mut(&from) {
                    if let Err(error) = pair.received(self.now, record, &mut self.records) {
                        self.out.push(Output::Log(format!("{from} makes no sense: {error}")));
                    }
                    self.carry_records(from);
                }
            }
        }
    }

    /// Does what is due with other systems.
    pub(super) fn look_abroad(&mut self) {
        let due = |pair: &Pair| pair.next_deadline().is_some_and(|due| due <= self.now);
        let due: Vec<SystemId> = self.pairs.iter().filter(|(_, pair)| due(pair)).map(|(peer, _)| *peer).collect();
        for peer in due {
            self.with_pair(peer, Pair::due);
        }
    }

    fn convene(&mut self, event: convention::Event) {
        self.tell(Event::Convention(event));
    }

    fn with_pair(&mut self, peer: SystemId, act: impl FnOnce(&mut Pair, Time, &mut Vec<pair::Effect>)) {
        if let Some(pair) = self.pairs.get_mut(&peer) {
            act(pair, self.now, &mut self.records);
            self.carry_records(peer);
        }
    }

    fn carry_records(&mut self, peer: SystemId) {
        for effect in std::mem::take(&mut self.records) {
            match effect {
                pair::Effect::Transmit { head, body } => {
                    let record = [&head[..], &body[..]].concat();
                    self.out.push(Output::Packet { to: peer, packet: Packet::Pair(record.into()) });
                }
                pair::Effect::Deliver(frames) => {
                    for frame in frames.filter_map(|bytes| wire::read_frame(bytes).ok()) {
                        self.happened.push_back(Happening::Frame { from: peer, frame });
                    }
                }
                pair::Effect::Lost { frame, why } => {
                    if let Ok(frame) = wire::read_frame(frame) {
                        self.happened.push_back(Happening::Lost { frame, why });
                    }
                }
                // Nothing durable is sent, and nobody waits for room.
                pair::Effect::Drained
                | pair::Effect::DeliverDurable { .. }
                | pair::Effect::Keep { .. }
                | pair::Effect::Forget { .. }
                | pair::Effect::Remember { .. } => {}
            }
        }
    }

    /// Deals with what pairs have brought. Not before all is sent that they want: a link keeps order.
    pub fn settle(&mut self) {
        while let Some(happening) = self.happened.pop_front() {
            match happening {
                Happening::Frame { from, frame } => self.came_from_abroad(from, frame),
                Happening::Lost { frame, why } => {
                    let (reason, details) = match why {
                        Loss::Expired => (Setback::Expired, "its system was away for too long"),
                        Loss::NeverSent => (Setback::Foreign, "its system is not there any more"),
                        Loss::Unknown => (Setback::Unknown, "its system was lost, and may have got it or not"),
                    };
                    self.undelivered(&frame, reason, details);
                }
            }
        }
    }

    /// A process here has something for another system.
    pub(super) fn send_abroad(&mut self, from: NodeId, frame: &Frame) {
        self.spoke.entry(frame.header().to.node()).or_default().insert(from);
        self.pass_on(frame);
    }

    /// Sends a frame on: to its system, or by way of the leader.
    pub(super) fn pass_on(&mut self, frame: &Frame) {
        let system = frame.header().to.node().system();
        let relay = || self.admin.relay(system).filter(|relay| self.pairs.contains_key(relay));
        let Some(way) = Some(system).filter(|system| self.pairs.contains_key(system)).or_else(relay) else {
            return self.undelivered(frame, Setback::Foreign, "its system is not in the convention");
        };
        let mut sent = Ok(());
        self.with_pair(way, |pair, now, out| {
            sent = pair.send(now, frame.as_bytes().clone()).map(drop);
            pair.flush(now, out);
        });
        if let Err(refused) = sent {
            self.undelivered(frame, Setback::MailboxFull, &refused.to_string());
        } else if way != system
            && let Some(trace) = frame.header().trace
        {
            self.see(Observation::Relayed { number: trace.trace, to: system, by: way });
        }
    }

    fn came_from_abroad(&mut self, from: SystemId, frame: Frame) {
        let header = frame.header();
        let node = header.to.node();
        if header.to == self.admin.address() {
            return self.said_abroad(from, &frame);
        }
        if let Some(trace) = header.trace {
            self.see(Observation::Reached { number: trace.trace, over: from });
        }
        self.spoke.entry(node).or_default().insert(admin_of(from));
        if node.system() != self.id {
            return self.pass_on(&frame);
        }
        if frame.kind() == Kind::System
            && header.type_id == Topic::Signal as u64
            && let Ok(Signal::ChildEnded { child, .. }) = wire::read_system(&frame)
        {
            self.tell(Event::ChildElsewhereEnded { child });
        }
        self.send(self.admin_node(), node, frame);
    }

    /// The Admin of another system says something to this one.
    fn said_abroad(&mut self, from: SystemId, frame: &Frame) {
        let header = frame.header();
        // Requests and answers are between neighbours; news may be passed on.
        let is_its_own = header.from.node() == admin_of(from);
        match Topic::of(header.type_id).filter(|_| frame.kind() == Kind::System) {
            Some(Topic::ToAdmin) if is_its_own => {
                if let Ok(message) = wire::read_system::<ToAdmin>(frame) {
                    self.tell(Event::Said { by: header.from, role: None, id: header.message, message });
                }
            }
            Some(Topic::FromAdmin) => match wire::read_system(frame) {
                Ok(FromAdmin::Silent { node }) => self.fall_silent(node),
                Ok(message) if is_its_own => self.tell(Event::Answered { system: from, id: header.message, message }),
                _ => self.tell(Event::Noise),
            },
            Some(Topic::DeadLetter) => {
                if let Ok(letter) = wire::read_system::<Letter>(frame) {
                    self.letter(Address::nobody(header.from.node()), &letter, frame);
                }
            }
            _ => self.tell(Event::Noise),
        }
    }

    /// Does what the Admin wants of other systems.
    pub(super) fn carry_out_abroad(&mut self, effect: Effect) {
        match effect {
            Effect::Ask { system, id, message } => self.say(Topic::ToAdmin, root_of(admin_of(system)), id, &message),
            Effect::GiveUp { system } => {
                self.see(Observation::Parted { system });
                if let Some(mut pair) = self.pairs.remove(&system) {
                    pair.gone(self.now, &mut self.records);
                    self.carry_records(system);
                }
                self.fall_silent(admin_of(system));
            }
            Effect::Meet { system } => {
                self.see(Observation::Met { system });
                self.lives += 1;
                let life = NonZeroU32::new(self.lives).unwrap_or(NonZeroU32::MIN);
                self.pairs.insert(system, Pair::new(&pair::Config { me: self.id, life, limits: self.limits }));
                if self.links.contains_key(&system) {
                    self.with_pair(system, |pair, now, out| pair.linked(now, system, out));
                }
            }
            Effect::Dial { place } => self.out.push(Output::Dial(place)),
            Effect::HangUp { system } => {
                self.links.remove(&system);
                self.with_pair(system, Pair::unlinked);
                self.out.push(Output::HangUp(system));
            }
            Effect::Convene { system, message } if self.links.contains_key(&system) => {
                if let Ok(bytes) = encode(&message) {
                    self.out.push(Output::Packet { to: system, packet: Packet::Admin(bytes.into()) });
                }
            }
            _ => {}
        }
    }
}
