//! What came: messages, signals, what the Admin says, and news of links, processes and descriptors.

use std::collections::VecDeque;

use roscius::gate::{Asker, Crossing};
use roscius::{Address, AskError, DeadLetter, ExitReason, NodeId, Payload, Signal};
use roscius_protocol::admin::messages::{Answer, FromAdmin, Letter, Setback, Topic, decode};
use roscius_protocol::frame::{self, Frame, Header, Kind};
use roscius_transport::Event;

use super::answering::{Answering, Way};
use super::exit::Leaving;
use super::language::{Unpacked, Unreadable};
use super::outbound::{ANSWERED_BY_MESSAGE, ASKS, frame_of, has_receipt};
use super::survey::{self, is_look};
use super::{Driven, Process, root_of, socket_of};

/// What came and is not dealt with yet.
#[derive(Default)]
pub(super) struct Inbound {
    kept: VecDeque<Event>,
    orders: VecDeque<FromAdmin>,
    /// Messages from other nodes that are to be answered.
    pub(super) answering: Answering,
}

impl Inbound {
    pub fn keep(&mut self, events: &mut Vec<Event>) {
        self.kept.extend(events.drain(..));
    }

    pub fn into_kept(self) -> impl Iterator<Item = Event> {
        self.kept.into_iter()
    }

    pub fn has_waiting(&self) -> bool {
        !self.kept.is_empty()
    }

    pub fn take_order(&mut self) -> Option<FromAdmin> {
        self.orders.pop_front()
    }
}

fn signal_to(process: &Process, to: Address, signal: Signal, out: &mut Vec<Crossing>) {
    process.language.signal(to, signal, process.system.is_suspended(to), out);
}

impl Driven {
    /// Deals with what came, as far as it concerns the process, and returns what is for its actors. What came after something
    /// that is to be looked at first is kept.
    pub(super) fn take_in(&mut self, process: &Process) -> Vec<Crossing> {
        let mut out = Vec::new();
        let mut looks_first = false;
        while !looks_first && let Some(event) = self.inbound.kept.pop_front() {
            looks_first = self.happened(process, event, &mut out);
        }
        let mut events = std::mem::take(&mut self.events);
        let mut came = events.drain(..);
        while !looks_first && let Some(event) = came.next() {
            looks_first = self.happened(process, event, &mut out);
        }
        self.inbound.kept.extend(came);
        self.events = events;
        self.report_readable(process, &mut out);
        // Last words may be among what is kept.
        if !self.inbound.has_waiting() {
            self.report_ended(process, &mut out);
        }
        out.append(&mut self.outbound.bounced);
        out
    }

    /// Takes the answers of the Admin out of what came.
    pub(super) fn sift_answers(&mut self, process: &Process) {
        let admin = process.admin.node();
        self.events.retain(|event| match event {
            Event::Frame { frame, .. } => {
                let header = frame.header();
                let is_from_admin = frame.kind() == Kind::System
                    && header.type_id == Topic::FromAdmin as u64
                    && header.from.node() == admin;
                let is_answer = is_from_admin && header.message != 0;
                if is_answer && let Some(answer) = read::<FromAdmin>(frame) {
                    process.requests.answer(header.message, answer);
                }
                // Who waits for an answer is not to wait for one that never comes.
                if is_from_admin && !is_answer && read::<FromAdmin>(frame) == Some(FromAdmin::Finish) {
                    process.is_over.store(true, std::sync::atomic::Ordering::Release);
                }
                !is_answer
            }
            Event::Gone { node, .. } if *node == admin => {
                process.is_over.store(true, std::sync::atomic::Ordering::Release);
                true
            }
            _ => true,
        });
    }

    /// Whether the process is to look at what came before more is given to its actors.
    fn happened(&mut self, process: &Process, event: Event, out: &mut Vec<Crossing>) -> bool {
        match event {
            Event::Frame { frame, .. } if frame.kind() == Kind::System => {
                return self.system_frame(process, &frame, out);
            }
            Event::Frame { from, frame } => self.message_frame(process, from, frame, out),
            Event::Gone { node, cause, unsent } => {
                tracing::debug!(%node, %cause, unsent = unsent.len(), "no link to a process any more");
                self.gone(process, node, &unsent, out);
            }
            Event::Ended { watch, pid } => self.children.ended(watch, pid),
            Event::Readable { watch } => self.readable(watch),
            Event::TurnedAway { cause } => tracing::warn!(%cause, "a connection was turned away"),
            Event::Parted { node } => self.parted(process, node),
            Event::NotMet { ticket, .. } => {
                if let Some(node) = self.outbound.sought.remove(&ticket) {
                    self.gone(process, node, &[], out);
                }
            }
            Event::Met { ticket, .. } => drop(ticket.and_then(|ticket| self.outbound.sought.remove(&ticket))),
            Event::Unsent { .. } | Event::Room { .. } => {}
        }
        false
    }

    /// `node`: whose link it came by. With a forwarded message that is not the node of its sender.
    fn message_frame(&mut self, process: &Process, node: NodeId, frame: Frame, out: &mut Vec<Crossing>) {
        let header = frame.header();
        if has_receipt(&header) && node == process.admin.node() {
            return self.message_with_receipt(process, frame, out);
        }
        // What comes from another system comes by way of the Admin.
        let node = if process.is_abroad(header.from.node()) { header.from.node() } else { node };
        let asker = root_of(node);
        if header.marks & ASKS != 0 && header.to == process.root() && is_look(&frame) {
            let answer = survey::answer(process);
            return process.exit.push(Leaving::Answer { to: asker, from: header.to, id: header.message, answer });
        }
        let whole = (header.marks & ANSWERED_BY_MESSAGE != 0).then(|| frame.clone());
        let by_messages = process.language.answers_by_messages();
        match process.language.unpack(frame) {
            Ok(Unpacked::Signal(signal)) => signal_to(process, header.to, signal, out),
            Ok(Unpacked::Message(message)) => {
                let crossing = |from, message| Crossing::Message { to: header.to, from, message, asker: None };
                let frame = match (header.marks & ASKS != 0, by_messages) {
                    (true, true) => {
                        let from = self.inbound.answering.open((asker, header), process);
                        return out.push(crossing(from, message));
                    }
                    (true, false) => None,
                    // Somebody wants to know if it reaches nobody, or what its handler returns.
                    (false, false)
                        if whole.is_some()
                            && (header.message != 0 || message.kind().reply().is_some_and(|it| !it.is_nothing())) =>
                    {
                        whole
                    }
                    (false, _) => return out.push(crossing(header.from, message)),
                };
                // What came before it is heard before it.
                process.system.arrive_all(out.drain(..));
                let awaited = process.system.arrive_asking(header.to, header.from, message);
                let way = frame.map_or(Way::Answer((asker, header)), Way::Message);
                self.inbound.answering.await_answer(awaited, way, process);
            }
            Err(Unreadable { frame, reason, details }) => {
                tracing::error!(to = %header.to, from = %header.from, %details, "a message could not be read");
                if header.marks & ASKS != 0 {
                    let answer = Answer::None { reason, details };
                    process.exit.push(Leaving::Answer { to: asker, from: header.to, id: header.message, answer });
                } else {
                    process.give_back(&frame, reason, details);
                }
            }
        }
    }

    /// The Admin gives a durable message to an actor here, and wants to know what becomes of it.
    fn message_with_receipt(&mut self, process: &Process, frame: Frame, out: &mut Vec<Crossing>) {
        let header = frame.header();
        let answer = match process.language.unpack(frame) {
            Ok(Unpacked::Message(message)) => {
                // What came before it is heard before it.
                process.system.arrive_all(out.drain(..));
                let awaited = process.system.arrive_asking(header.to, header.from, message);
                return self.inbound.answering.await_answer(awaited, Way::Receipt(header), process);
            }
            Ok(Unpacked::Signal(signal)) => {
                signal_to(process, header.to, signal, out);
                Answer::Reply(Vec::new())
            }
            Err(Unreadable { reason, details, .. }) => Answer::None { reason, details },
        };
        process.exit.push(Leaving::Answer { to: process.admin, from: header.to, id: header.message, answer });
    }

    fn system_frame(&mut self, process: &Process, frame: &Frame, out: &mut Vec<Crossing>) -> bool {
        let header = frame.header();
        match Topic::of(header.type_id) {
            Some(Topic::Signal) => {
                let Some(signal) = read::<Signal>(frame) else { return false };
                match &signal {
                    Signal::Adopted { parent, .. } => self.children.adopted(*parent),
                    Signal::ChildEnded { child, .. } if child.node() == header.from.node() => {
                        self.children.understudies.said_end(*child);
                    }
                    // Who was told already, since nothing was heard of the system, is not told again.
                    Signal::Terminated { address, .. } if !self.outbound.watches.remove(&(*address, header.to)) => {
                        return false;
                    }
                    _ => {}
                }
                signal_to(process, header.to, signal, out);
            }
            Some(Topic::FromAdmin) if header.from.node() == process.admin.node() => {
                let Some(message) = read::<FromAdmin>(frame) else { return false };
                match message {
                    answer if header.message != 0 => process.requests.answer(header.message, answer),
                    // The second to who has said that it is there, and waited for nothing.
                    FromAdmin::Attached { capabilities, settings } => {
                        let looks_first = process.language.settings(settings);
                        return process.language.capabilities(capabilities) || looks_first;
                    }
                    FromAdmin::Capabilities { capabilities } => return process.language.capabilities(capabilities),
                    FromAdmin::Settings { settings } => return process.language.settings(settings),
                    FromAdmin::Closing => process.language.closing(),
                    said @ (FromAdmin::ValidateSource { .. }
                    | FromAdmin::Source(_)
                    | FromAdmin::Registration { .. }
                    | FromAdmin::Note { .. }) => {
                        self.told_of_sources(process, &header, said, out);
                    }
                    FromAdmin::Silent { node } => self.silent(process, node, out),
                    FromAdmin::Finish => process.is_over.store(true, std::sync::atomic::Ordering::Release),
                    order => self.inbound.orders.push_back(order),
                }
            }
            Some(Topic::Returned) => {
                let Some(letter) = read::<Letter>(frame) else { return false };
                out.extend(self.returned(process, header.to, &letter));
            }
            Some(Topic::DeadLetter) => {
                let Some(letter) = read::<Letter>(frame) else { return false };
                out.extend(dead_letter(process, header.to, &letter));
            }
            Some(Topic::Answer) => {
                let Some(answer) = read::<Answer>(frame) else { return false };
                if let Some((_, asker)) = self.outbound.askers.remove(&header.message) {
                    // What came before it is heard before it.
                    process.system.arrive_all(out.drain(..));
                    read_answer(asker, answer);
                }
            }
            Some(Topic::ToAdmin | Topic::FromAdmin) | None => {
                tracing::warn!(type_id = header.type_id, from = %header.from, "not for this process");
            }
        }
        false
    }

    /// The Admin says something about sources to an actor here, or asks the source authority for a verdict.
    fn told_of_sources(&mut self, process: &Process, header: &Header, said: FromAdmin, out: &mut Vec<Crossing>) {
        let asked = if let FromAdmin::ValidateSource { id, .. } = &said { Some(id.clone()) } else { None };
        let told = process.language.said_by_admin(header.to, header.from, said);
        let replies = |message: &Payload| message.kind().reply().is_some_and(|reply| !reply.is_nothing());
        match (told, asked) {
            (Some(Crossing::Message { to, from, message, .. }), Some(source)) if replies(&message) => {
                // What came before it is heard before it.
                process.system.arrive_all(out.drain(..));
                let awaited = process.system.arrive_asking(to, from, message);
                let way = Way::Verdict { by: to, source };
                self.inbound.answering.await_answer(awaited, way, process);
            }
            (told, _) => out.extend(told),
        }
    }

    /// A message of an actor here came back.
    pub(super) fn returned(&mut self, process: &Process, to: Address, letter: &Letter) -> Option<Crossing> {
        let frame = frame_of(letter)?;
        if frame.header().marks & ASKS != 0 {
            let (_, asker) = self.outbound.askers.remove(&frame.header().message)?;
            read_answer(asker, Answer::None { reason: letter.reason, details: letter.details.clone() });
            return None;
        }
        // Who sent it is told by a message what the receiver has to say to it.
        let is_answer = matches!(letter.reason, Setback::Failed | Setback::NotAccepted);
        let receipt = self.outbound.receipts.remove(&frame.header().message).and_then(|receipt| receipt.upgrade());
        if let Some(receipt) = receipt.filter(|_| !is_answer) {
            receipt.give_back(letter.reason, &letter.details);
            return None;
        }
        // That a message has reached nobody is told to who waits for the answer. It is a dead letter already, no failure.
        if letter.reason == Setback::NoActor {
            return None;
        }
        process.language.returned(to, letter, frame)
    }

    /// A node has closed the link, as it does when it ends, or when it has no descriptor to spare. If somebody here waits for
    /// it, it is looked for.
    fn parted(&mut self, process: &Process, node: NodeId) {
        let watched = self.outbound.watches.iter().any(|(address, _)| address.node() == node);
        if node != process.admin.node() && (watched || self.outbound.askers.values().any(|(of, _)| *of == node)) {
            let ticket = self.hub.dial(socket_of(self.outbound.directory(), node));
            self.outbound.sought.insert(ticket, node);
        }
    }

    /// There is no link to a node any more.
    fn gone(&mut self, process: &Process, node: NodeId, unsent: &[Frame], out: &mut Vec<Crossing>) {
        self.outbound.forget(node);
        self.inbound.answering.forget_where(|other| other == node);
        if node == process.admin.node() {
            process.is_over.store(true, std::sync::atomic::Ordering::Release);
        }
        for frame in unsent {
            self.undelivered(process, frame, out);
        }
        self.nobody_answers(|other| other == node, out);
    }

    /// Nobody is at a node of another system any more, or in all of that system.
    fn silent(&mut self, process: &Process, node: NodeId, out: &mut Vec<Crossing>) {
        let whole = node.process() == NodeId::ADMIN;
        let is_lost = |other: NodeId| other == node || whole && other.system() == node.system();
        if process.is_abroad(node) {
            self.inbound.answering.forget_where(is_lost);
            self.nobody_answers(is_lost, out);
        }
    }

    /// Who waits for an answer from a node, or watches an actor there, is told that it is gone.
    fn nobody_answers(&mut self, is_lost: impl Fn(NodeId) -> bool, out: &mut Vec<Crossing>) {
        let lost: Vec<u64> =
            self.outbound.askers.iter().filter(|(_, (of, _))| is_lost(*of)).map(|(id, _)| *id).collect();
        for id in lost {
            if let Some((_, asker)) = self.outbound.askers.remove(&id) {
                asker.answer(Err(AskError::NoActor));
            }
        }
        for (address, by) in self.outbound.watches.extract_if(.., |(address, _)| is_lost(address.node())) {
            let signal = Signal::Terminated { address, reason: ExitReason::Unknown };
            out.push(Crossing::Signal { to: by, signal });
        }
    }

    /// A frame was not written: nobody has got it.
    fn undelivered(&mut self, process: &Process, frame: &Frame, out: &mut Vec<Crossing>) {
        let header = frame.header();
        if frame.kind() == Kind::System {
            if header.type_id == Topic::Returned as u64
                && let Some(letter) = read::<Letter>(frame).filter(Letter::is_lost)
            {
                process.exit.push(Leaving::DeadLetter { from: process.root(), letter });
            }
            if header.type_id == Topic::Signal as u64
                && let Some((to, signal)) = read::<Signal>(frame).and_then(|signal| signal.bounce(header.to))
            {
                if let Signal::Terminated { address, .. } = &signal {
                    // It is told by this.
                    self.outbound.watches.remove(&(*address, to));
                }
                out.push(Crossing::Signal { to, signal });
            }
            return;
        }
        if let Some(receipt) = self.outbound.receipts.remove(&header.message).and_then(|receipt| receipt.upgrade()) {
            receipt.lose();
        }
        if header.marks & ASKS == 0 {
            let details = "nobody listens there".to_owned();
            let foreign = header.to.node().system() != process.node.system();
            let reason = if foreign { Setback::Foreign } else { Setback::NoActor };
            let letter = Letter { reason, details, frame: frame.as_bytes().to_vec() };
            process.exit.push(Leaving::DeadLetter { from: process.root(), letter });
        }
    }
}

/// A dead letter for an actor here, who handles them.
fn dead_letter(process: &Process, handler: Address, letter: &Letter) -> Option<Crossing> {
    let frame = frame_of(letter)?;
    let (sender, target) = (frame.header().from, frame.header().to);
    match process.language.unpack(frame) {
        Ok(Unpacked::Signal(_)) => None,
        Ok(Unpacked::Message(message)) => {
            let letter = DeadLetter { message, sender, target, reason: letter.reason.into() };
            Some(Crossing::DeadLetter { to: handler, letter })
        }
        Err(Unreadable { details, .. }) => {
            tracing::warn!(%target, %sender, %details, "a dead letter could not be read");
            None
        }
    }
}

fn read_answer(asker: Asker, answer: Answer) {
    match answer {
        Answer::Reply(bytes) => asker.answer_encoded(&bytes),
        Answer::Abandoned => asker.answer(Err(AskError::Abandoned)),
        Answer::None { reason, details } => asker.answer(Err(match reason {
            Setback::NoActor | Setback::Stillborn | Setback::Exited | Setback::Foreign => AskError::NoActor,
            Setback::Expired | Setback::Unknown => AskError::NoActor,
            Setback::NotAccepted | Setback::Undecodable => AskError::NotAccepted(details.into()),
            Setback::MailboxFull => AskError::MailboxFull,
            Setback::Intercepted => AskError::Intercepted,
            Setback::Failed | Setback::LateReply => AskError::Failed(details.into()),
        })),
    }
}

/// The message of the actor system in a frame. Others are reported and dropped.
fn read<T: serde::de::DeserializeOwned>(frame: &Frame) -> Option<T> {
    let Ok(frame::Payload::System(body)) = frame.payload() else { return None };
    match decode(body) {
        Ok(message) => Some(message),
        Err(error) => {
            tracing::warn!(from = %frame.header().from, %error, "not a message of this version of the actor system");
            None
        }
    }
}
