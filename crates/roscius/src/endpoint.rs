//! Addresses of external code: code outside of any actor that sends, asks and listens.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::lifecycle::{ExitReason, Signal};
use slab::Slab;

use crate::actor::{Poison, Terminated};
use crate::address::Destination;
use crate::ask::{Ask, Promise, ReplyTo};
use crate::dead_letters::Undelivered;
use crate::engine::envelope::{Envelope, Notice, Parcel};
use crate::engine::lock;
use crate::engine::shared::Shared;
use crate::engine::stage::SendError;
use crate::message::{Message, MessageType, Payload};

/// An address for external code, with an inbox. Make one for each thread: [`ActorSystem::endpoint`](crate::ActorSystem::endpoint).
///
/// When it is dropped, what is still in its inbox, and all that comes later, are dead letters.
pub struct Endpoint {
    shared: Arc<Shared>,
    address: Address,
    inbox: Arc<Inbox>,
}

#[derive(Default)]
pub(crate) struct Inbox {
    received: Mutex<VecDeque<Received>>,
    arrival: Condvar,
    /// How many threads wait for one: changed with `received` locked. To ring for nobody would be a system call.
    waiting: AtomicUsize,
    /// Who is told when the endpoint is dropped.
    watchers: Mutex<BTreeSet<Address>>,
    doorbell: Option<Doorbell>,
}

/// Called at each arrival.
pub(crate) type Doorbell = Box<dyn Fn() + Send + Sync>;

/// Something that reached an endpoint.
#[derive(Debug)]
pub enum Received {
    /// A message.
    Message(Delivered),
    /// A message of this endpoint came back.
    Poison(Poison),
    /// An address that this endpoint watches has ended.
    Terminated(Terminated),
}

impl Received {
    /// The message, if it is an `M`.
    pub fn message<M: Message>(self) -> Option<M> {
        match self {
            Self::Message(delivered) => delivered.message.take().ok(),
            _ => None,
        }
    }
}

/// A message with its sender.
pub struct Delivered {
    /// Who sent it.
    pub sender: Address,
    /// The message.
    pub message: Payload,
    reply: ReplyTo,
    by: Address,
    shared: Arc<Shared>,
}

impl Delivered {
    /// Whether the sender asks for a reply.
    pub fn wants_reply(&self) -> bool {
        self.reply.is_wanted()
    }

    /// Takes the message, if it is an `M`, together with the duty to answer it.
    pub fn into_ask<M: Message>(self) -> Result<(M, Promise<M::Reply>), Self> {
        let Self { sender, message, reply, by, shared } = self;
        match message.take::<M>() {
            Ok(message) => {
                let kind = MessageType::of_reply::<M>();
                let promise = Promise { reply, by, asker: sender, shared, kind, value: PhantomData };
                Ok((message, promise))
            }
            Err(message) => Err(Self { sender, message, reply, by, shared }),
        }
    }
}

impl fmt::Debug for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivered").field("sender", &self.sender).field("message", &self.message).finish()
    }
}

impl Endpoint {
    pub(crate) fn new(shared: Arc<Shared>, on_arrival: Option<Doorbell>) -> Self {
        let (address, inbox) = shared.endpoints.open(on_arrival);
        Self { shared, address, inbox }
    }

    /// The address: actors can send to it and reply to it.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Sends a message. When the mailbox is full and its policy is to wait, blocks until there is room.
    pub fn tell<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Result<(), SendError> {
        self.send(to.destination(), message)
    }

    /// Sends a message to an untyped address. If the receiver does not accept it, it comes back as poison.
    pub fn send<M: Message>(&self, to: Address, message: M) -> Result<(), SendError> {
        self.shared.send_from_outside(self.address, to, Payload::new(message), ReplyTo::default())
    }

    /// As [`Endpoint::send`], but on the base `simple` no actor runs before something is waited for.
    pub fn post<M: Message>(&self, to: Address, message: M) -> Result<(), SendError> {
        self.shared.post_from_outside(self.address, to, Payload::new(message), ReplyTo::default())
    }

    /// Sends a message whose answer can be waited for.
    pub fn ask<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Ask<M::Reply> {
        self.shared.ask_from_outside::<M>(self.address, to.destination(), message)
    }

    /// Waits for the next thing to arrive, at most `timeout`; `None` when nothing does.
    ///
    /// On the base `simple` the caller's thread runs the actors meanwhile, and it returns at once when nothing is left
    /// that could lead to an arrival.
    pub fn listen(&self, timeout: Duration) -> Option<Received> {
        self.shared.drive_until(Some(timeout), || !lock(&self.inbox.received).is_empty());
        let mut received = lock(&self.inbox.received);
        if let Some(first) = received.pop_front() {
            return Some(first);
        }
        if self.shared.is_simple() {
            return None;
        }
        let deadline = std::time::Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return None;
            }
            self.inbox.waiting.fetch_add(1, Ordering::Relaxed);
            (received, _) = self.inbox.arrival.wait_timeout(received, left).unwrap_or_else(PoisonError::into_inner);
            self.inbox.waiting.fetch_sub(1, Ordering::Relaxed);
            if let Some(first) = received.pop_front() {
                return Some(first);
            }
        }
    }

    /// Takes the next thing that has arrived. Does not wait, and runs no actors.
    pub fn take_arrival(&self) -> Option<Received> {
        lock(&self.inbox.received).pop_front()
    }

    /// Whether something has arrived that [`Endpoint::listen`] would return.
    pub fn has_arrivals(&self) -> bool {
        !lock(&self.inbox.received).is_empty()
    }

    /// Asks to be told once when `address` ends.
    pub fn watch(&self, address: impl Into<Address>) {
        let parcel = Parcel::Notice(address.into(), Notice::Life(Signal::Watch { by: self.address }));
        match self.shared.is_stopped() {
            true => self.shared.lose(parcel),
            false => self.shared.post(parcel),
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.endpoints.close(self.address);
        let rest = std::mem::take(&mut *lock(&self.inbox.received));
        for received in rest {
            match received {
                Received::Message(Delivered { sender, message, reply, .. }) => {
                    let envelope = Envelope { sender, reply, message };
                    self.shared.undelivered(self.address, envelope, Undelivered::Exited);
                }
                Received::Poison(poison) => {
                    self.shared.lose(Parcel::Notice(self.address, Notice::Poison(Box::new(poison))));
                }
                Received::Terminated(_) => {}
            }
        }
        for watcher in std::mem::take(&mut *lock(&self.inbox.watchers)) {
            let signal = Signal::Terminated { address: self.address, reason: ExitReason::Stopped };
            self.shared.post(Parcel::Notice(watcher, Notice::Life(signal)));
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.address)
    }
}

/// The endpoints of a system.
pub(crate) struct Endpoints {
    node: NodeId,
    open: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    inboxes: Slab<(u32, Arc<Inbox>)>,
    /// Counts all endpoints ever: an address is never used twice.
    opened: u32,
    shared: Option<std::sync::Weak<Shared>>,
}

impl Endpoints {
    pub(crate) fn new(node: NodeId) -> Self {
        Self { node, open: Mutex::default() }
    }

    /// Lets messages that arrive refer to their system.
    pub(crate) fn belong_to(&self, shared: &Arc<Shared>) {
        lock(&self.open).shared = Some(Arc::downgrade(shared));
    }

    /// The system that they belong to.
    pub(crate) fn shared(&self) -> std::sync::Weak<Shared> {
        lock(&self.open).shared.clone().unwrap_or_default()
    }

    fn open(&self, doorbell: Option<Doorbell>) -> (Address, Arc<Inbox>) {
        let mut table = lock(&self.open);
        table.opened = table.opened.wrapping_add(1) & Address::MAX_GENERATION;
        let generation = table.opened;
        let inbox = Arc::new(Inbox { doorbell, ..Inbox::default() });
        let index = table.inboxes.insert((generation, Arc::clone(&inbox))) as u32;
        (Address::new(self.node, Address::EXTERNAL_CORE, index & Address::MAX_INDEX, generation), inbox)
    }

    fn close(&self, address: Address) {
        let mut table = lock(&self.open);
        let index = address.index() as usize;
        if table.inboxes.get(index).is_some_and(|(generation, _)| *generation == address.generation()) {
            table.inboxes.remove(index);
        }
    }

    pub(crate) fn has(&self, address: Address) -> bool {
        let table = lock(&self.open);
        let slot = table.inboxes.get(address.index() as usize);
        address.node() == self.node
            && address.is_external()
            && slot.is_some_and(|(generation, _)| *generation == address.generation())
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.open).inboxes.len()
    }

    /// Delivers a parcel. Gives it back when its endpoint is not here.
    pub(crate) fn accept(&self, parcel: Parcel) -> Result<(), Parcel> {
        let to = parcel.to();
        if to.node() != self.node || !to.is_external() {
            return Err(parcel);
        }
        let table = lock(&self.open);
        let Some((generation, inbox)) = table.inboxes.get(to.index() as usize) else { return Err(parcel) };
        let Some(shared) = table.shared.as_ref().and_then(std::sync::Weak::upgrade) else { return Err(parcel) };
        if *generation != to.generation() {
            return Err(parcel);
        }
        let received = match parcel {
            Parcel::Message(_, Envelope { sender, reply, message }) => {
                Received::Message(Delivered { sender, message, reply, by: to, shared })
            }
            Parcel::Notice(_, Notice::Poison(poison)) => Received::Poison(*poison),
            Parcel::Notice(_, Notice::Life(Signal::Terminated { address, reason })) => {
                Received::Terminated(Terminated { address, reason })
            }
            Parcel::Notice(_, Notice::Life(Signal::Watch { by })) => {
                lock(&inbox.watchers).insert(by);
                return Ok(());
            }
            Parcel::Notice(_, Notice::Life(Signal::Unwatch { by })) => {
                lock(&inbox.watchers).remove(&by);
                return Ok(());
            }
            // Nothing else concerns an endpoint: nobody can make it exit.
            Parcel::Notice(..) => return Ok(()),
        };
        let mut arrivals = lock(&inbox.received);
        arrivals.push_back(received);
        let is_awaited = inbox.waiting.load(Ordering::Relaxed) > 0;
        drop(arrivals);
        if is_awaited {
            inbox.arrival.notify_one();
        }
        if let Some(doorbell) = &inbox.doorbell {
            doorbell();
        }
        Ok(())
    }
}
