//! Links between systems over a NATS server, for many sites and hosts that nobody can connect to.
//!
//! They have the face of [`network::Links`](crate::network::Links) and tell the same events. A link is there between two systems only: each has
//! one subject, and what they say to each other are numbered streams over these. The server is asked who is there and who may lead. Who may
//! join is whom the server lets publish and subscribe to the subjects of the convention.
//!
//! The thread that talks with the server is the only one; [`Links`] itself never blocks, and is driven as the other is.

mod address;
mod credentials;
mod names;
mod peers;
mod presence;
mod seats;
mod server;
mod trouble;
mod turn;

pub use address::{InvalidAddress, NatsAddress};
pub use names::{place, system_at};

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Instant;

use bytes::Bytes;
use mio::Token;
use tokio::sync::mpsc::error::TrySendError;

use crate::datagram::{Body, Datagram};
use crate::network::connections::Incarnations;
use crate::network::{Cause, DialId, Event, Introduction, Limits, SendError};
use crate::queue::Room;
use peers::Peer;
use server::{Command, Me, Server};

/// The most of a stream that goes into one message.
const PIECE: usize = 128 << 10;

/// See the [module](self).
#[derive(Debug)]
pub struct Links {
    me: Introduction,
    limits: Limits,
    poll: mio::Poll,
    ready: mio::Events,
    server: Server,
    /// Whether the server is there.
    is_up: bool,
    /// How much of a stream goes into one message.
    piece: usize,
    peers: BTreeMap<u32, Peer>,
    /// Which system each call is for.
    dials: BTreeMap<DialId, u32>,
    dial_ids: u64,
    incarnations: Incarnations,
    /// What the thread has no room for yet.
    waiting: VecDeque<Command>,
    /// Systems that something is to be sent to, perhaps.
    dirty: Vec<u32>,
    takes_nobody: bool,
    /// How many times it is waited until all has left, and until when.
    leaving: u32,
    leaves_until: Option<Instant>,
    /// There may be more news than were looked at.
    has_more: bool,
    scratch: Vec<u8>,
    events: Vec<Event>,
}

impl Links {
    /// No link yet. The server is connected to, again and again; this system is there for others as soon as that has come about.
    ///
    /// # Errors
    ///
    /// An error of the operating system, or of a file that the address names; or [`io::ErrorKind::InvalidInput`] if the introduction is not one that
    /// others would take.
    pub fn new(me: Introduction, address: &NatsAddress, limits: Limits) -> io::Result<Self> {
        if let Some(fault) = me.fault() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the introduction would be turned away: {fault}"),
            ));
        }
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), Token(0))?;
        let known = Me {
            system: me.system,
            convention: names::token(&me.convention),
            identity: names::token(&me.identity),
            domain: address.domain.clone(),
        };
        let server = Server::start(address, known, waker)?;
        Ok(Self {
            me,
            limits,
            poll,
            ready: mio::Events::with_capacity(4),
            server,
            is_up: false,
            piece: PIECE,
            peers: BTreeMap::new(),
            dials: BTreeMap::new(),
            dial_ids: 0,
            incarnations: Incarnations::default(),
            waiting: VecDeque::new(),
            dirty: Vec::new(),
            takes_nobody: false,
            leaving: 0,
            leaves_until: None,
            has_more: false,
            scratch: Vec::new(),
            events: Vec::new(),
        })
    }

    /// What this side says of itself.
    pub const fn me(&self) -> &Introduction {
        &self.me
    }

    /// Whether the server is there.
    pub const fn is_up(&self) -> bool {
        self.is_up
    }

    /// Makes a link with the system at a [`place`]. [`Event::Up`] or [`Event::NotUp`] answers, once.
    pub fn dial(&mut self, place: &str) -> DialId {
        self.dial_ids += 1;
        let id = DialId(self.dial_ids);
        let cause = match system_at(place) {
            None => Some(Cause::NoPlace { place: place.to_owned() }),
            Some(system) if system == self.me.system => Some(Cause::Itself),
            Some(system) => self.call(id, system),
        };
        if let Some(cause) = cause {
            self.events.push(Event::NotUp { dial: id, cause });
        }
        id
    }

    /// Queues one record for a system: `head`, and after it `body`. They leave in the next [`Links::turn`], or [`Links::flush`].
    ///
    /// # Errors
    ///
    /// [`SendError`] if it was not queued.
    pub fn send(&mut self, system: u32, head: &[u8], body: Bytes) -> Result<Room, SendError> {
        let limit = self.limits.record.min(u64::from(u32::MAX));
        let Some(Peer::Open(open)) = self.peers.get_mut(&system) else { return Err(SendError::NotLinked { system }) };
        let length = (head.len() + body.len()) as u64;
        if length > limit {
            return Err(SendError::TooLong { length, limit });
        }
        if open.stream.is_full() {
            let (records, bytes) = open.stream.waiting();
            return Err(SendError::Full { system, records, bytes });
        }
        let room = open.stream.push(head, body);
        self.mark_dirty(system);
        Ok(room)
    }

    /// About how many records wait to be sent to a system, and how many bytes.
    pub fn waiting(&self, system: u32) -> (usize, usize) {
        match self.peers.get(&system) {
            Some(Peer::Open(open)) => open.stream.waiting(),
            _ => (0, 0),
        }
    }

    /// Closes the link with a system, after what is queued, as far as the other side has room for it. [`Event::Down`] comes in the next turn.
    pub fn close(&mut self, system: u32) {
        if !matches!(self.peers.get(&system), Some(Peer::Open(_))) {
            return;
        }
        self.send_stream(system, true);
        if let Some(Peer::Open(open)) = self.peers.remove(&system) {
            self.say(system, open.stream.mine, open.stream.theirs, Body::Close);
            self.events.push(Event::Down { system, cause: Cause::ClosedHere });
            self.let_leave();
        }
    }

    /// The systems that there is a link with.
    pub fn linked(&self) -> impl Iterator<Item = u32> {
        self.peers.iter().filter(|(_, peer)| matches!(peer, Peer::Open(_))).map(|(system, _)| *system)
    }

    /// Nobody makes a new link with this system. Links stay.
    pub const fn stop_listening(&mut self) {
        self.takes_nobody = true;
    }

    /// This system is not to be found any more.
    pub fn leave(&mut self) {
        self.command(Command::Leave);
        self.let_leave();
    }

    /// Whether something that was said last is still to leave: whoever ends the process gives these some turns first.
    pub const fn is_closing(&self) -> bool {
        self.leaving > 0
    }

    /// What becomes readable when there is something to do.
    pub fn descriptor(&self) -> RawFd {
        self.poll.as_raw_fd()
    }

    /// What was said before is to leave.
    fn let_leave(&mut self) {
        if self.is_up {
            self.command(Command::Flush);
            self.leaving += 1;
            self.leaves_until = Some(Instant::now() + self.limits.close_within);
        }
    }

    /// Sends a datagram to a system, after those before.
    fn say(&mut self, to: u32, mine: u64, theirs: u64, body: Body) {
        let datagram = Datagram { system: self.me.system, from: mine, to: theirs, body }.to_bytes();
        self.command(Command::Publish { to, datagram });
    }

    fn command(&mut self, command: Command) {
        if !self.is_up {
            return;
        }
        if !self.waiting.is_empty() {
            return self.waiting.push_back(command);
        }
        match self.server.commands.try_send(command) {
            Err(TrySendError::Full(command)) => self.waiting.push_back(command),
            // If the thread has ended it has said why.
            Ok(()) | Err(TrySendError::Closed(_)) => {}
        }
    }

    fn mark_dirty(&mut self, system: u32) {
        if let Some(Peer::Open(open)) = self.peers.get_mut(&system)
            && !std::mem::replace(&mut open.is_dirty, true)
        {
            self.dirty.push(system);
        }
    }
}

impl AsFd for Links {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll.registry().as_fd()
    }
}
