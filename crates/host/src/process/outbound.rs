//! What leaves the process: laid out as frames, handed to the links, held while they take no more.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::{Duration, Instant};

use roscius::gate::{Asker, Crossing};
use roscius::{Address, AskError, DeadLetter, NodeId, Payload, Poison, Signal};
use roscius_protocol::admin::messages::{Letter, Setback, ToAdmin, Topic, encode};
use roscius_protocol::frame::{self, DEFAULT_LIMIT, Frame, Header};
use roscius_transport::SendError;
use roscius_transport::hub::Ticket;

use super::exit::Leaving;
use super::language::{Language, Receipt};
use super::understudies::Heard;
use super::{Driven, Process, socket_of};

/// The mark of a message whose sender waits for an answer.
pub(super) const ASKS: u8 = 1;
/// The mark of a message whose sender takes what the handler returns as a message.
pub(super) const ANSWERED_BY_MESSAGE: u8 = 2;
/// The mark of a message that the Admin gives to an actor: it wants to know what becomes of it, by the number of the message.
pub(crate) const RECEIPT: u8 = 4;
/// How many receipts are kept before those that nobody looks at any more are sorted out.
const RECEIPTS: usize = 1024;

/// See the [module](self).
pub(super) struct Outbound {
    directory: PathBuf,
    hold_within: Duration,
    /// What the links did not take, in order, and since when.
    held: BTreeMap<NodeId, Held>,
    /// Nodes whose links know where they listen.
    known: BTreeSet<NodeId>,
    taken: Vec<Leaving>,
    /// Who waits for an answer, and of whom.
    pub(super) askers: HashMap<u64, (NodeId, Asker)>,
    /// Messages whose senders want to know if they got lost.
    pub(super) receipts: HashMap<u64, Weak<Receipt>>,
    /// Actors of other nodes that are watched here, with who watches.
    pub(super) watches: BTreeSet<(Address, Address)>,
    /// Nodes that have closed their links, while it is found out whether they have ended.
    pub(super) sought: HashMap<Ticket, NodeId>,
    /// What could not leave: its sender is told.
    pub(super) bounced: Vec<Crossing>,
}

struct Held {
    since: Instant,
    waiting: VecDeque<Leaving>,
}

/// Whether something went.
enum Went {
    Yes,
    /// The link takes no more.
    Full(Leaving),
}

impl Outbound {
    pub fn new(directory: PathBuf, hold_within: Duration) -> Self {
        Self {
            directory,
            hold_within,
            held: BTreeMap::new(),
            known: BTreeSet::new(),
            taken: Vec::new(),
            askers: HashMap::new(),
            receipts: HashMap::new(),
            watches: BTreeSet::new(),
            sought: HashMap::new(),
            bounced: Vec::new(),
        }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether something is held because a link does not take it.
    pub fn is_congested(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether something waits for the actors here.
    pub fn has_bounced(&self) -> bool {
        !self.bounced.is_empty()
    }

    pub fn held_for(&self, node: NodeId) -> usize {
        self.held.get(&node).map_or(0, |held| held.waiting.len())
    }

    /// How long something may still be held.
    pub fn next_deadline(&self, now: Instant) -> Option<Duration> {
        let oldest = self.held.values().map(|held| held.since).min()?;
        Some((oldest + self.hold_within).saturating_duration_since(now))
    }

    /// As [`Outbound::next_deadline`], for who has something else to do.
    pub fn patience(&self) -> Duration {
        self.next_deadline(Instant::now()).unwrap_or(self.hold_within)
    }

    /// There is no link to a node any more: where it listens has to be said again.
    pub fn forget(&mut self, node: NodeId) {
        self.known.remove(&node);
    }
}

impl Driven {
    /// Sends all that waits.
    pub(super) fn send_all(&mut self, process: &Process) {
        self.send_held(process);
        while process.exit.has_waiting() {
            let mut taken = std::mem::take(&mut self.outbound.taken);
            process.exit.take(&mut taken);
            for leaving in taken.drain(..) {
                match leaving {
                    // Most are messages: they are not passed through many hands.
                    Leaving::Crossing(Crossing::Message { to, from, message, asker })
                        if self.outbound.held.is_empty() && to.node() != process.node =>
                    {
                        let went = self.send_message(process, to, from, message, asker);
                        self.hold_back(process.way_to(to.node()), went);
                    }
                    leaving => self.send(process, leaving),
                }
            }
            self.outbound.taken = taken;
        }
    }

    /// Tries again what was held.
    fn send_held(&mut self, process: &Process) {
        if self.outbound.held.is_empty() {
            return;
        }
        let now = Instant::now();
        for node in self.outbound.held.keys().copied().collect::<Vec<_>>() {
            let Some(mut held) = self.outbound.held.remove(&node) else { continue };
            let late = held.since + self.outbound.hold_within <= now;
            while let Some(leaving) = held.waiting.pop_front() {
                if late {
                    self.give_up(process, leaving);
                    continue;
                }
                if let Went::Full(leaving) = self.try_send(process, node, leaving) {
                    held.waiting.push_front(leaving);
                    break;
                }
                held.since = now;
            }
            if !held.waiting.is_empty() {
                self.outbound.held.insert(node, held);
            }
        }
    }

    fn send(&mut self, process: &Process, leaving: Leaving) {
        let node = match &leaving {
            Leaving::Crossing(crossing) => match crossing {
                Crossing::Message { to, .. } | Crossing::Signal { to, .. } | Crossing::Returned { to, .. } => to.node(),
                Crossing::DeadLetter { .. } | Crossing::Orphan { .. } => process.admin.node(),
            },
            Leaving::ToAdmin { .. } | Leaving::DeadLetter { .. } => process.admin.node(),
            Leaving::Returned { to, .. } | Leaving::Answer { to, .. } => to.node(),
        };
        let node = process.way_to(node);
        if let Some(held) = self.outbound.held.get_mut(&node) {
            held.waiting.push_back(leaving);
        } else {
            let went = self.try_send(process, node, leaving);
            self.hold_back(node, went);
        }
    }

    /// Holds the first thing that a link did not take.
    fn hold_back(&mut self, node: NodeId, went: Went) {
        if let Went::Full(leaving) = went {
            let held = Held { since: Instant::now(), waiting: VecDeque::from([leaving]) };
            self.outbound.held.insert(node, held);
        }
    }

    fn try_send(&mut self, process: &Process, node: NodeId, leaving: Leaving) -> Went {
        if node == process.node {
            self.come_home(process, leaving);
            return Went::Yes;
        }
        match leaving {
            Leaving::Crossing(Crossing::Message { to, from, message, asker }) => {
                self.send_message(process, to, from, message, asker)
            }
            Leaving::Crossing(Crossing::Signal { to, signal }) => {
                match self.children.understudies.hear(to, &signal) {
                    Heard::Not => {}
                    Heard::Waits => return Went::Yes,
                    Heard::Ends => {
                        let ended = self.end_fallen(process, node);
                        self.outbound.bounced.extend(ended);
                        return Went::Yes;
                    }
                }
                self.note_watch(to, &signal);
                let sent = self.send_system(process, node, Header::new(process.root(), to), Topic::Signal, &signal, 0);
                if sent { Went::Yes } else { Went::Full(Leaving::Crossing(Crossing::Signal { to, signal })) }
            }
            Leaving::Crossing(Crossing::Returned { to, poison }) => {
                let Poison { message, by, details } = poison;
                let letter = self.letter(process, &message, to, by, Setback::Failed, &details);
                match letter {
                    Some(letter) => self.try_send(process, node, Leaving::Returned { to, from: by, letter }),
                    None => Went::Yes,
                }
            }
            Leaving::Crossing(Crossing::DeadLetter { to: handler, letter }) => {
                let DeadLetter { message, sender, target, reason } = letter;
                if handler.is_nobody() {
                    self.tell_sender(process, &message, target);
                }
                match self.letter(process, &message, sender, target, reason.into(), &reason.to_string()) {
                    Some(letter) => self.try_send(process, node, Leaving::DeadLetter { from: handler, letter }),
                    None => Went::Yes,
                }
            }
            Leaving::Crossing(Crossing::Orphan { child, policy }) => {
                let message = Box::new(ToAdmin::Adopt { child, policy });
                self.try_send(process, node, Leaving::ToAdmin { from: process.root(), message, id: 0 })
            }
            Leaving::ToAdmin { from, message, id } => {
                let header = Header::new(from, process.admin);
                let sent = self.send_system(process, node, header, Topic::ToAdmin, &message, id);
                if sent { Went::Yes } else { Went::Full(Leaving::ToAdmin { from, message, id }) }
            }
            Leaving::DeadLetter { from, letter } => {
                let header = Header::new(from, process.admin);
                let sent = self.send_system(process, node, header, Topic::DeadLetter, &letter, 0);
                if sent { Went::Yes } else { Went::Full(Leaving::DeadLetter { from, letter }) }
            }
            Leaving::Returned { to, from, letter } => {
                let sent = self.send_system(process, node, Header::new(from, to), Topic::Returned, &letter, 0);
                if sent { Went::Yes } else { Went::Full(Leaving::Returned { to, from, letter }) }
            }
            Leaving::Answer { to, from, id, answer } => {
                let sent = self.send_system(process, node, Header::new(from, to), Topic::Answer, &answer, id);
                if sent { Went::Yes } else { Went::Full(Leaving::Answer { to, from, id, answer }) }
            }
        }
    }

    /// Tells who waits to know that a message from another process has reached nobody here.
    fn tell_sender(&mut self, process: &Process, message: &Payload, target: Address) {
        let Some(frame) = process.language.arrived_as(message).filter(|frame| frame.header().message != 0) else {
            return;
        };
        let letter = Letter { reason: Setback::NoActor, details: String::new(), frame: frame.as_bytes().to_vec() };
        process.exit.push(Leaving::Returned { to: frame.header().from, from: target, letter });
    }

    /// What is for this process itself takes the way of what comes.
    fn come_home(&mut self, process: &Process, leaving: Leaving) {
        match leaving {
            Leaving::Crossing(crossing) => self.outbound.bounced.push(crossing),
            Leaving::Returned { to, letter, .. } => {
                if let Some(crossing) = self.returned(process, to, &letter) {
                    self.outbound.bounced.push(crossing);
                }
            }
            Leaving::ToAdmin { .. } | Leaving::DeadLetter { .. } | Leaving::Answer { .. } => {}
        }
    }

    fn send_message(
        &mut self,
        process: &Process,
        to: Address,
        from: Address,
        message: Payload,
        asker: Option<Asker>,
    ) -> Went {
        let mut header = Header::new(from, to);
        let receipt = process.language.receipt(&message);
        if asker.is_some() || receipt.is_some() {
            header.message = process.next_message();
        }
        if asker.is_some() {
            header.marks = ASKS;
        } else if process.language.answers_by_messages() {
            header.marks = ANSWERED_BY_MESSAGE;
        }
        let way = process.way_to(to.node());
        self.introduce(way);
        let mut sent = Ok(());
        let hub = &mut self.hub;
        let packed = process.language.pack(&message, &mut |payload, tail| {
            sent = match tail {
                Some(tail) => hub.send_lent(way, &header, payload, tail),
                None => hub.send(way, &header, payload),
            }
            .map(drop);
        });
        let problem = match (packed, sent) {
            (Ok(()), Ok(())) => {
                if let Some(receipt) = receipt {
                    self.outbound.keep_receipt(header.message, receipt);
                }
                if let Some(asker) = asker {
                    self.outbound.askers.insert(header.message, (to.node(), asker));
                }
                return Went::Yes;
            }
            (Ok(()), Err(SendError::Full { .. })) => {
                return Went::Full(Leaving::Crossing(Crossing::Message { to, from, message, asker }));
            }
            (Ok(()), Err(error)) => error.to_string(),
            (Err(problem), _) => problem,
        };
        tracing::error!(%to, %from, %problem, "a message can not leave its process");
        match asker {
            Some(asker) => asker.answer(Err(AskError::NotAccepted(problem.into()))),
            None => {
                let poison = Poison { message, by: to, details: problem.into() };
                self.outbound.bounced.push(Crossing::Returned { to: from, poison });
            }
        }
        Went::Yes
    }

    /// True when it went, or never will.
    fn send_system<T: serde::Serialize>(
        &mut self,
        process: &Process,
        node: NodeId,
        header: Header,
        topic: Topic,
        message: &T,
        id: u64,
    ) -> bool {
        let body = match encode(message) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%node, %error, "could not be said to another process");
                return true;
            }
        };
        self.introduce(node);
        let header = Header { type_id: topic as u64, message: id, ..header };
        match self.hub.send(node, &header, &frame::Payload::System(&body)) {
            Ok(_) => true,
            Err(SendError::Full { .. }) => false,
            Err(error) => {
                tracing::error!(%node, %error, process = %process.node, "could not be sent to another process");
                true
            }
        }
    }

    /// A message as a letter, when it can leave its process.
    fn letter(
        &self,
        process: &Process,
        message: &Payload,
        from: Address,
        to: Address,
        reason: Setback,
        details: &str,
    ) -> Option<Letter> {
        let frame = lay_out(&*process.language, message, from, to)?;
        Some(Letter { reason, details: details.to_owned(), frame })
    }

    pub(super) fn give_up_held(&mut self, process: &Process, node: NodeId) {
        for leaving in self.outbound.held.remove(&node).into_iter().flat_map(|held| held.waiting) {
            self.give_up(process, leaving);
        }
    }

    /// The time is over for something that was held.
    fn give_up(&mut self, process: &Process, leaving: Leaving) {
        match leaving {
            Leaving::Crossing(Crossing::Message { to, from, message, asker }) => {
                if let Some(receipt) = process.language.receipt(&message).and_then(|receipt| receipt.upgrade()) {
                    receipt.lose();
                }
                match asker {
                    Some(asker) => asker.answer(Err(AskError::MailboxFull)),
                    None => {
                        let details = "the receiver took nothing for too long";
                        if let Some(letter) = self.letter(process, &message, from, to, Setback::MailboxFull, details) {
                            process.exit.push(Leaving::DeadLetter { from: process.root(), letter });
                        }
                    }
                }
            }
            other => tracing::error!(?other, "given up: the receiver took nothing for too long"),
        }
    }

    fn introduce(&mut self, node: NodeId) {
        if self.outbound.known.insert(node) {
            let path = socket_of(&self.outbound.directory, node);
            self.hub.introduce(node, path);
        }
    }

    /// Remembers who watches what on other nodes: if a node goes, they are told from here.
    fn note_watch(&mut self, to: Address, signal: &Signal) {
        match signal {
            Signal::Watch { by } => {
                self.outbound.watches.insert((to, *by));
            }
            Signal::Unwatch { by } => {
                self.outbound.watches.remove(&(to, *by));
            }
            _ => {}
        }
    }
}

impl Outbound {
    fn keep_receipt(&mut self, id: u64, receipt: Weak<Receipt>) {
        if self.receipts.len() >= RECEIPTS {
            self.receipts.retain(|_, receipt| receipt.strong_count() > 0);
        }
        self.receipts.insert(id, receipt);
    }
}

/// The frame of a message, when it can leave its process.
fn lay_out(language: &dyn Language, message: &Payload, from: Address, to: Address) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut laid_out = Ok(0);
    let packed = language.pack(message, &mut |payload, _| {
        laid_out = frame::encode(&Header::new(from, to), payload, DEFAULT_LIMIT, &mut bytes);
    });
    match (packed, laid_out) {
        (Ok(()), Ok(_)) => Some(bytes),
        (packed, laid_out) => {
            tracing::warn!(
                message = message.name(),
                ?packed,
                ?laid_out,
                "a message is lost: it can not leave its process"
            );
            None
        }
    }
}

/// Whether the sender of a message waits for an answer.
pub(crate) const fn asks(header: &Header) -> bool {
    header.marks & ASKS != 0
}

/// Whether the Admin wants to know what becomes of a message.
pub(crate) const fn has_receipt(header: &Header) -> bool {
    header.marks & RECEIPT != 0
}

/// The frame in a letter.
pub(super) fn frame_of(letter: &Letter) -> Option<Frame> {
    Frame::new(bytes::Bytes::copy_from_slice(&letter.frame), DEFAULT_LIMIT).ok()
}
