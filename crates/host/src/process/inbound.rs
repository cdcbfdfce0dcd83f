//! What came: messages, signals, what the Admin says, and news of links, processes and descriptors.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use roscius::gate::{Asker, Awaited, Crossing};
use roscius::{Address, AskError, DeadLetter, ExitReason, NodeId, Signal, Undelivered};
use roscius_protocol::admin::messages::{Answer, FromAdmin, Letter, Setback, Topic, decode};
use roscius_protocol::frame::{self, Frame, Kind};
use roscius_transport::{Event, Remote};

use super::exit::Leaving;
use super::outbound::{ASKS, frame_of};
use super::{Driven, Process, lock};

/// What came and is not dealt with yet.
#[derive(Default)]
pub(super) struct Inbound {
    kept: VecDeque<Event>,
    orders: VecDeque<FromAdmin>,
    /// Asks from other nodes that the actors here have not answered yet.
    answers: slab::Slab<Answering>,
    ready: Option<Arc<Ready>>,
}

struct Answering {
    awaited: Awaited,
    asker: Address,
    by: Address,
    id: u64,
}

/// Which answers have come.
struct Ready {
    keys: Mutex<Vec<usize>>,
    remote: Remote,
}

struct Bell {
    ready: Arc<Ready>,
    key: usize,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        lock(&self.ready.keys).push(self.key);
        self.ready.remote.wake();
    }
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

impl Process {
    /// Sends the answers that the actors here have given to asks from other nodes.
    pub(super) fn settle_answers(&self) {
        let Some(mut guard) = self.try_drive() else { return };
        let Some(inbound) = guard.as_mut().map(|driven| &mut driven.inbound) else { return };
        let Some(ready) = inbound.ready.clone() else { return };
        loop {
            let keys = std::mem::take(&mut *lock(&ready.keys));
            if keys.is_empty() {
                return;
            }
            for key in keys {
                inbound.look_at_answer(key, &ready, self);
            }
        }
    }
}

impl Inbound {
    fn look_at_answer(&mut self, key: usize, ready: &Arc<Ready>, process: &Process) {
        let Some(answering) = self.answers.get_mut(key) else { return };
        let waker = Waker::from(Arc::new(Bell { ready: Arc::clone(ready), key }));
        let Poll::Ready(answer) = Pin::new(&mut answering.awaited).poll(&mut Context::from_waker(&waker)) else {
            return;
        };
        let Answering { asker, by, id, .. } = self.answers.remove(key);
        let answer = match answer {
            Ok(reply) => match reply.encode() {
                Ok(bytes) => Answer::Reply(bytes),
                Err(error) => Answer::None { reason: Setback::Undecodable, details: error.to_string() },
            },
            Err(AskError::Abandoned) => Answer::Abandoned,
            Err(AskError::NoActor | AskError::ShutDown) => {
                Answer::None { reason: Setback::NoActor, details: String::new() }
            }
            Err(AskError::NotAccepted(details)) => {
                Answer::None { reason: Setback::NotAccepted, details: details.to_string() }
            }
            Err(AskError::Failed(details)) => Answer::None { reason: Setback::Failed, details: details.to_string() },
            Err(other) => Answer::None { reason: Setback::Failed, details: other.to_string() },
        };
        process.exit.push(Leaving::Answer { to: asker, from: by, id, answer });
    }

    fn await_answer(
        &mut self,
        awaited: Awaited,
        asker: Address,
        by: Address,
        id: u64,
        process: &Process,
        remote: Remote,
    ) {
        let ready = Arc::clone(self.ready.get_or_insert_with(|| Arc::new(Ready { keys: Mutex::default(), remote })));
        let key = self.answers.insert(Answering { awaited, asker, by, id });
        self.look_at_answer(key, &ready, process);
    }
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
                let is_from_admin = frame.kind() == Kind::System && header.type_id == Topic::FromAdmin as u64;
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
            Event::Frame { frame, .. } => self.message_frame(process, frame, out),
            Event::Gone { node, cause, unsent } => {
                tracing::debug!(%node, %cause, unsent = unsent.len(), "no link to a process any more");
                self.gone(process, node, &unsent, out);
            }
            Event::Ended { watch, pid } => self.children.ended(watch, pid),
            Event::Readable { watch } => self.readable(watch),
            Event::TurnedAway { cause } => tracing::warn!(%cause, "a connection was turned away"),
            Event::Unsent { .. } | Event::Met { .. } | Event::NotMet { .. } | Event::Room { .. } => {}
        }
        false
    }

    fn message_frame(&mut self, process: &Process, frame: Frame, out: &mut Vec<Crossing>) {
        let header = *frame.header();
        let whole = frame.as_bytes().clone();
        match process.language.unpack(frame) {
            Ok(message) if header.marks & ASKS != 0 => {
                // What came before it is heard before it.
                for earlier in out.drain(..) {
                    process.system.arrive(earlier);
                }
                let awaited = process.system.arrive_asking(header.to, header.from, message);
                let remote = self.hub.remote();
                self.inbound.await_answer(awaited, header.from, header.to, header.message, process, remote);
            }
            Ok(message) => out.push(Crossing::Message { to: header.to, from: header.from, message, asker: None }),
            Err(details) => {
                tracing::error!(to = %header.to, from = %header.from, %details, "a message could not be read");
                if header.marks & ASKS != 0 {
                    let answer = Answer::None { reason: Setback::Undecodable, details };
                    process.exit.push(Leaving::Answer { to: header.from, from: header.to, id: header.message, answer });
                } else {
                    let letter = Letter { reason: Setback::Undecodable, details, frame: whole.to_vec() };
                    process.exit.push(Leaving::Returned { to: header.from, from: header.to, letter });
                }
            }
        }
    }

    fn system_frame(&mut self, process: &Process, frame: &Frame, out: &mut Vec<Crossing>) -> bool {
        let header = frame.header();
        match Topic::of(header.type_id) {
            Some(Topic::Signal) => {
                let Some(signal) = read::<Signal>(frame) else { return false };
                match &signal {
                    Signal::Adopted { .. } => self.children.adopted(),
                    Signal::Terminated { address, .. } => {
                        self.outbound.watches.remove(&(*address, header.to));
                    }
                    _ => {}
                }
                process.language.signal(header.to, signal, out);
            }
            Some(Topic::FromAdmin) if header.from.node() == process.admin.node() => {
                let Some(message) = read::<FromAdmin>(frame) else { return false };
                match message {
                    answer if header.message != 0 => process.requests.answer(header.message, answer),
                    // The second to who has said that it is there, and waited for nothing.
                    FromAdmin::Capabilities { capabilities } | FromAdmin::Attached { capabilities, .. } => {
                        return process.language.capabilities(capabilities);
                    }
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
                    read_answer(asker, answer);
                }
            }
            Some(Topic::ToAdmin | Topic::FromAdmin) | None => {
                tracing::warn!(type_id = header.type_id, from = %header.from, "not for this process");
            }
        }
        false
    }

    /// A message of an actor here came back.
    pub(super) fn returned(&mut self, process: &Process, to: Address, letter: &Letter) -> Option<Crossing> {
        let frame = frame_of(letter)?;
        let receipt = self.outbound.receipts.remove(&frame.header().message).and_then(|receipt| receipt.upgrade());
        if let Some(receipt) = receipt {
            receipt.give_back(letter.reason, &letter.details);
            return None;
        }
        process.language.returned(to, letter, frame)
    }

    /// There is no link to a node any more.
    fn gone(&mut self, process: &Process, node: NodeId, unsent: &[Frame], out: &mut Vec<Crossing>) {
        self.outbound.forget(node);
        if node == process.admin.node() {
            process.is_over.store(true, std::sync::atomic::Ordering::Release);
        }
        for frame in unsent {
            self.undelivered(process, frame, out);
        }
        let lost: Vec<u64> =
            self.outbound.askers.iter().filter(|(_, (of, _))| *of == node).map(|(id, _)| *id).collect();
        for id in lost {
            if let Some((_, asker)) = self.outbound.askers.remove(&id) {
                asker.answer(Err(AskError::NoActor));
            }
        }
        for (address, by) in self.outbound.watches.extract_if(.., |(address, _)| address.node() == node) {
            let signal = Signal::Terminated { address, reason: ExitReason::Unknown };
            out.push(Crossing::Signal { to: by, signal });
        }
    }

    /// A frame was not written: nobody has got it.
    fn undelivered(&mut self, process: &Process, frame: &Frame, out: &mut Vec<Crossing>) {
        let header = frame.header();
        if frame.kind() == Kind::System {
            if header.type_id == Topic::Signal as u64
                && let Some((to, signal)) = read::<Signal>(frame).and_then(|signal| signal.bounce(header.to))
            {
                out.push(Crossing::Signal { to, signal });
            }
            return;
        }
        if let Some(receipt) = self.outbound.receipts.remove(&header.message).and_then(|receipt| receipt.upgrade()) {
            receipt.lose();
        }
        if header.marks & ASKS == 0 {
            let details = "nobody listens there".to_owned();
            let letter = Letter { reason: Setback::NoActor, details, frame: frame.as_bytes().to_vec() };
            process.exit.push(Leaving::DeadLetter(letter));
        }
    }
}

/// A dead letter for an actor here, who handles them.
fn dead_letter(process: &Process, handler: Address, letter: &Letter) -> Option<Crossing> {
    let frame = frame_of(letter)?;
    let (sender, target) = (frame.header().from, frame.header().to);
    match process.language.unpack(frame) {
        Ok(message) => {
            let letter = DeadLetter { message, sender, target, reason: Undelivered::NoActor };
            Some(Crossing::DeadLetter { to: handler, letter })
        }
        Err(details) => {
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
            Setback::NoActor | Setback::Stillborn => AskError::NoActor,
            Setback::NotAccepted | Setback::Undecodable => AskError::NotAccepted(details.into()),
            Setback::Failed => AskError::Failed(details.into()),
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
