//! All connections of a process, driven by the thread that calls [`Hub::poll`].
//!
//! Peers are known by their node. [`Hub::introduce`] says where a node listens; the first message to it connects, and
//! the connection is kept and used both ways. [`Hub::send`] only queues: the messages of a batch go out together at the next
//! [`Hub::poll`] or [`Hub::flush`].
//!
//! # Slow and busy peers
//!
//! A peer that does not read fills its queue here, up to [`HubOptions::bounds`]; then [`Hub::send`] refuses, and
//! [`Event::Room`] says when there is room again. Meanwhile the hub goes on reading, so two processes that flood each other
//! both get on. A hub reads only when it is polled, and a share from each link in turn: a process that takes its
//! time slows its senders down and not its memory up.
//!
//! # No descriptors left
//!
//! When a connection can not be taken for want of a descriptor, the link that was idle for longest is closed, by agreement
//! with its other side, so nothing is lost on it. Only links to nodes that were introduced are closed so: the others could
//! not be connected to again. Until a descriptor is free the hub tries again now and then.
//!
//! # Forks
//!
//! A hub must not be used in a child that was forked from its process. Drop it there: that closes the child's descriptors
//! and touches nothing of the parent's.

mod connections;
mod peer;
mod remote;
mod turn;
mod watch;

pub use remote::Remote;
pub use watch::{WatchError, WatchId};

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mio::{Interest, Token};
use roscius_protocol::address::NodeId;
use roscius_protocol::frame::{DEFAULT_LIMIT, Frame, FrameError, Header, Hello, Payload, Role};
use rustix::process::Pid;
use slab::Slab;

use crate::link::{Greeting, Link, LinkError, Rules};
use crate::lodging::{Lodging, Ready};
use crate::queue::{Bounds, PushError, Room, SendQueue};
use crate::socket_dir::Listening;
use peer::{Peer, Way};
use watch::Watched;

const LISTENER: Token = Token(usize::MAX - 1);
const WAKER: Token = Token(usize::MAX - 2);
/// What is read from all links by way of one buffer at a time.
const SCRATCH: usize = 64 << 10;

/// What a hub is told at its start.
#[derive(Clone, Debug)]
pub struct HubOptions {
    /// The incarnation this process is.
    pub node: NodeId,
    /// What kind of process it is.
    pub role: Role,
    /// The user whose processes may connect. This process's own unless changed.
    pub uid: u32,
    /// The longest frame that is sent or taken: 1 GiB.
    pub limit: u64,
    /// How much may wait for each peer.
    pub bounds: Bounds,
    /// How many frames and bytes other threads may have handed over that the hub has not looked at yet.
    pub remote_bounds: (usize, usize),
    /// How long a process that connects may take to say who it is: 5 s.
    pub greet_within: Duration,
    /// How long a process that is connected to may take to answer: 5 min. It may be busy with a message, and what
    /// is sent to it waits meanwhile.
    pub answer_within: Duration,
    /// How many processes that did not say yet who they are may be connected: 128.
    pub strangers: usize,
    /// How many bytes are read from a link before it is the next one's turn: 256 KiB.
    pub share: usize,
    /// After how many writes to a peer its frames go by way of shared memory: 256. None: never.
    pub memory_after: Option<u32>,
    /// What waits for this node is written before what waits for others.
    pub first: Option<NodeId>,
}

impl HubOptions {
    /// The usual.
    pub fn new(node: NodeId, role: Role) -> Self {
        Self {
            node,
            role,
            uid: rustix::process::geteuid().as_raw(),
            limit: DEFAULT_LIMIT,
            bounds: Bounds::default(),
            remote_bounds: (4096, 16 << 20),
            greet_within: Duration::from_secs(5),
            answer_within: Duration::from_secs(300),
            strangers: 128,
            share: 256 << 10,
            memory_after: Some(256),
            first: None,
        }
    }
}

/// Names one call of [`Hub::dial`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

/// What has happened.
#[derive(Debug)]
pub enum Event {
    /// A message came.
    Frame {
        /// The node at the other end of the link. The sender may be behind it.
        from: NodeId,
        /// The message.
        frame: Frame,
    },
    /// A node is connected that was not before, or a [`Hub::dial`] found one.
    Met {
        /// Who it is.
        hello: Hello,
        /// The call that is answered by this, if there was one.
        ticket: Option<Ticket>,
    },
    /// A [`Hub::dial`] found nobody.
    NotMet {
        /// The call that is answered by this.
        ticket: Ticket,
        /// Why.
        cause: LinkError,
    },
    /// A queue that was full has room again.
    Room {
        /// Whose queue it is.
        node: NodeId,
    },
    /// There is no link to a node any more, or none could be made.
    Gone {
        /// Who it is.
        node: NodeId,
        /// Why.
        cause: LinkError,
        /// What was not wholly written, in order: the node has certainly not got it.
        unsent: Vec<Frame>,
    },
    /// The last link to a node was closed by agreement. It may come again, or the node has ended: [`Hub::dial`] tells.
    Parted {
        /// Who it is.
        node: NodeId,
    },
    /// A message that another thread handed over was not taken.
    Unsent {
        /// Whom it was for.
        node: NodeId,
        /// The message.
        frame: Frame,
        /// Why.
        cause: SendError,
    },
    /// A connection was turned away: somebody who is no part of this system.
    TurnedAway {
        /// Why.
        cause: LinkError,
    },
    /// A watched descriptor can be read, or is at its end. It is said once, until [`Hub::rearm`].
    Readable {
        /// Which one.
        watch: WatchId,
    },
    /// A watched process has ended. It waits to be reaped if it is a child.
    Ended {
        /// The watch, which is over now.
        watch: WatchId,
        /// Which process it was.
        pid: Pid,
    },
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The node is not connected, and nobody said where it listens.
    #[error("no way to node {node} is known")]
    NoWay {
        /// The node.
        node: NodeId,
    },
    /// Too much waits for the node, or with a [`Remote`] for the hub. [`Event::Room`] says when there is room for the node
    /// again.
    #[error("{frames} frames of {bytes} bytes wait for node {node} already")]
    Full {
        /// The node.
        node: NodeId,
        /// How many frames wait.
        frames: usize,
        /// How many bytes they have.
        bytes: usize,
    },
    /// There is no frame for it.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It is for links to say.
    #[error("what links say of themselves is not a message")]
    OfLinks,
    /// The hub is gone.
    #[error("the hub is gone")]
    NoHub,
}

impl SendError {
    fn of(node: NodeId, error: PushError) -> Self {
        match error {
            PushError::Full { frames, bytes } => Self::Full { node, frames, bytes },
            PushError::Frame(error) => Self::Frame(error),
        }
    }
}

/// What a token stands for.
#[derive(Debug)]
enum Place {
    Greeting { greeting: Option<Greeting>, purpose: Purpose, until: Instant },
    Link(Open),
    Watch(Watched),
}

/// Why there is a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Accepted,
    /// For the peer with this index.
    Peer(usize),
    Ticket(Ticket),
}

#[derive(Debug)]
struct Open {
    link: Link,
    peer: usize,
    /// In the list of links to read.
    hot: bool,
    /// The end may have come with the last bytes: read until there is nothing or the end.
    to_end: bool,
    /// Registered for writing too.
    wants_to_write: bool,
    /// The turn in which it was last used.
    used: u64,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Hub {
    options: HubOptions,
    rules: Rules,
    poll: mio::Poll,
    ready: mio::Events,
    listening: Option<Listening>,
    /// There may be connections to take.
    may_accept: bool,
    /// Connections are not taken before this moment.
    no_accept_until: Option<Instant>,
    places: Slab<Place>,
    /// The places of connections that are being greeted.
    greetings: Vec<usize>,
    peers: Slab<Peer>,
    by_node: BTreeMap<NodeId, usize>,
    /// Peers with something to write.
    dirty: Vec<usize>,
    /// Where the callers' own connections lead.
    dialled: Vec<(Ticket, PathBuf)>,
    /// Peers to connect to again later.
    retrying: Vec<usize>,
    /// Links with something to read, perhaps.
    hot: VecDeque<usize>,
    scratch: Vec<u8>,
    events: Vec<Event>,
    /// Of the sockets of others.
    lodgers: Vec<Ready>,
    turn: u64,
    tickets: u64,
    posts: Arc<remote::Posts>,
}

impl Hub {
    /// A hub that takes connections on `listening`, or none.
    ///
    /// # Errors
    ///
    /// An error of the operating system, if it has no descriptors left, say.
    pub fn new(options: HubOptions, mut listening: Option<Listening>) -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WAKER)?;
        if let Some(listening) = &mut listening {
            poll.registry().register(&mut listening.socket, LISTENER, Interest::READABLE)?;
        }
        let hello = Hello { node: options.node, role: options.role, pid: std::process::id() };
        Ok(Self {
            rules: Rules { hello, uid: options.uid, limit: options.limit, memory_after: options.memory_after },
            poll,
            ready: mio::Events::with_capacity(256),
            may_accept: listening.is_some(),
            listening,
            no_accept_until: None,
            places: Slab::new(),
            greetings: Vec::new(),
            peers: Slab::new(),
            by_node: BTreeMap::new(),
            dirty: Vec::new(),
            dialled: Vec::new(),
            retrying: Vec::new(),
            hot: VecDeque::new(),
            // Not zeroed: only as much of it is touched as is ever read at once.
            scratch: Vec::with_capacity(SCRATCH),
            events: Vec::new(),
            lodgers: Vec::new(),
            turn: 0,
            tickets: 0,
            posts: Arc::new(remote::Posts::new(waker, &options)),
            options,
        })
    }

    /// Where others register sockets that [`Hub::poll`] waits for too.
    ///
    /// # Errors
    ///
    /// An error of the operating system, if it has no descriptors left, say.
    pub fn lodging(&self) -> io::Result<Lodging> {
        self.poll.registry().try_clone().map(Lodging::with_hub)
    }

    /// Takes what was found out about these since it was last asked. It is said once.
    pub fn take_ready(&mut self) -> impl Iterator<Item = Ready> + '_ {
        self.lodgers.drain(..)
    }

    /// Who this process is.
    pub const fn node(&self) -> NodeId {
        self.options.node
    }

    /// Says where a node listens. Nothing is connected yet. It is remembered until [`Hub::forget`], even if the node ends.
    pub fn introduce(&mut self, node: NodeId, path: impl Into<PathBuf>) {
        let peer = self.peer_of(node);
        self.peers[peer].path = Some(path.into());
    }

    /// Connects to whoever listens at `path`. [`Event::Met`] or [`Event::NotMet`] answers. The path is remembered for the
    /// node that is met.
    pub fn dial(&mut self, path: impl Into<PathBuf>) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.dial_ticket(ticket, &path.into());
        ticket
    }

    /// Forgets where a node listens. What waits for it comes back in an [`Event::Gone`]; a link is closed.
    pub fn forget(&mut self, node: NodeId) {
        if let Some(&peer) = self.by_node.get(&node) {
            let known = &mut self.peers[peer];
            known.path = None;
            if known.way == Way::None && known.links.is_empty() && known.queue.is_empty() {
                self.forget_if_unknown(peer);
            } else {
                self.drop_links(peer, &LinkError::Dropped);
            }
        }
    }

    /// Whether there is a link to a node now.
    pub fn is_connected(&self, node: NodeId) -> bool {
        self.by_node.get(&node).is_some_and(|peer| !self.peers[*peer].links.is_empty())
    }

    /// Whether a node may say something yet: there is a link on which it has not said goodbye, or one is being made.
    pub fn may_speak(&self, node: NodeId) -> bool {
        let Some(peer) = self.by_node.get(&node).map(|peer| &self.peers[*peer]) else { return false };
        let speaks =
            |place: &usize| matches!(self.places.get(*place), Some(Place::Link(open)) if !open.link.heard_goodbye());
        matches!(peer.way, Way::Dialling(_) | Way::Later(_)) || peer.links.iter().any(speaks)
    }

    /// What a node said of itself, if there is a link to it now.
    pub fn hello_of(&self, node: NodeId) -> Option<&Hello> {
        let peer = &self.peers[*self.by_node.get(&node)?];
        match self.places.get(*peer.links.first()?) {
            Some(Place::Link(open)) => Some(open.link.peer()),
            _ => None,
        }
    }

    /// How many frames wait for a node, and how many bytes.
    pub fn waiting(&self, node: NodeId) -> (usize, usize) {
        self.by_node.get(&node).map_or((0, 0), |peer| self.peers[*peer].queue.waiting())
    }

    /// Whether all that was queued for a node is in the hands of the operating system: written, or in the socket of a node that
    /// has not answered yet.
    pub fn is_delivered(&self, node: NodeId) -> bool {
        self.by_node.get(&node).is_none_or(|peer| self.is_peer_delivered(&self.peers[*peer]))
    }

    /// A descriptor that can be read when [`Hub::poll`] has something to do. What is due without it, [`Hub::pause`] says.
    pub fn descriptor(&self) -> RawFd {
        self.poll.as_raw_fd()
    }

    /// After which time [`Hub::poll`] is due although nothing happens. None: after none.
    pub fn pause(&self) -> Option<Duration> {
        self.wait(None)
    }

    /// How many links there are.
    pub fn links(&self) -> usize {
        self.peers.iter().map(|(_, peer)| peer.links.len()).sum()
    }

    /// Queues a message for a node. It goes out at the next [`Hub::poll`] or [`Hub::flush`].
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    pub fn send(&mut self, node: NodeId, header: &Header, payload: &Payload<'_>) -> Result<Room, SendError> {
        if payload.kind().is_of_links() {
            return Err(SendError::OfLinks);
        }
        let limit = self.options.limit;
        self.queue(node, |queue| queue.push(header, payload, limit))
    }

    /// As [`Hub::send`], for a long message: the tail of its payload is written from `tail`, where it is too, without
    /// copying it.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    pub fn send_lent(
        &mut self,
        node: NodeId,
        header: &Header,
        payload: &Payload<'_>,
        tail: Bytes,
    ) -> Result<Room, SendError> {
        let limit = self.options.limit;
        self.queue(node, |queue| queue.push_lent(header, payload, tail, limit))
    }

    /// Queues a message that came from elsewhere, as it is.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the message was not taken.
    pub fn forward(&mut self, node: NodeId, frame: &Frame) -> Result<Room, SendError> {
        if frame.kind().is_of_links() {
            return Err(SendError::OfLinks);
        }
        let limit = self.options.limit;
        self.queue(node, |queue| queue.push_frame(frame, limit))
    }

    /// A way to send from other threads. It also wakes this one.
    pub fn remote(&self) -> Remote {
        Remote::new(&self.posts)
    }

    /// Reads nothing from a peer until [`Hub::resume_reading`], so that it comes to a stop. That it has gone is noticed then, too.
    pub fn pause_reading(&mut self, node: NodeId) {
        if let Some(&peer) = self.by_node.get(&node) {
            self.peers[peer].unread = true;
        }
    }

    /// Reads again, what has come meanwhile first.
    pub fn resume_reading(&mut self, node: NodeId) {
        let Some(&peer) = self.by_node.get(&node) else { return };
        if std::mem::take(&mut self.peers[peer].unread) {
            for place in self.peers[peer].links.clone() {
                if let Some(Place::Link(open)) = self.places.get_mut(place) {
                    open.link.may_have_more();
                }
                self.heat(place);
            }
        }
    }

    fn queue(
        &mut self,
        node: NodeId,
        push: impl FnOnce(&mut SendQueue) -> Result<Room, PushError>,
    ) -> Result<Room, SendError> {
        let index = *self.by_node.get(&node).ok_or(SendError::NoWay { node })?;
        let peer = &mut self.peers[index];
        if peer.path.is_none() && peer.links.is_empty() {
            return Err(SendError::NoWay { node });
        }
        let room = push(&mut peer.queue).map_err(|error| SendError::of(node, error))?;
        if !peer.dirty && !peer.blocked {
            peer.dirty = true;
            self.dirty.push(index);
        }
        Ok(room)
    }

    fn peer_of(&mut self, node: NodeId) -> usize {
        let (peers, bounds) = (&mut self.peers, self.options.bounds);
        *self.by_node.entry(node).or_insert_with(|| peers.insert(Peer::new(node, bounds)))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.posts.close();
    }
}
