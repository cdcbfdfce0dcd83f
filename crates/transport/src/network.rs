//! Links between systems: records over TCP, with mutual TLS 1.3 or, where allowed, without.
//!
//! There is one link a pair of systems, whoever dialled. It carries *records*, bytes that mean nothing here, in order and each
//! once. What is lost when a link breaks is unknown here, and is the business of the layer above.
//!
//! [`Links`] starts no thread (but see [`Links::dial`]), never blocks, and is driven by whoever waits for its
//! [descriptor](Links::descriptor).

mod certificate;
pub(crate) mod connections;
mod dialling;
mod error;
mod greeting;
mod introduction;
mod link;
mod neighbour;
pub(crate) mod records;
mod resolver;
mod security;
mod stream;
mod turn;

pub use certificate::{Fingerprint, NameError, Names, Problem, fingerprint};
pub use error::{Cause, SendError};
pub use introduction::{Introduction, IntroductionError, LONGEST_NAME, PayloadKinds, VERSION};
pub use records::{Incoming, Records};
pub use security::{Security, TlsConfig, TlsError, TlsFiles};

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mio::{Interest, Token};
use slab::Slab;

use crate::lodging::Lodging;
use crate::queue::{Bounds, Room};
use connections::{Incarnations, Open, Place};
use dialling::Dial;
use greeting::Rules;
use resolver::Resolver;
use stream::SCRATCH;

const WAKER: Token = Token(usize::MAX - 1);

/// What links are told at their start.
#[derive(Clone, Debug)]
pub struct LinksOptions {
    /// What this system says of itself.
    pub me: Introduction,
    /// Who may be at the other end.
    pub security: Security,
    /// The bounds of everything.
    pub limits: Limits,
}

/// The bounds of everything.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest record that is sent or taken, in bytes: 1 GiB and 64 KiB, a frame and what is put before it.
    pub record: u64,
    /// How long whoever connects, or is connected to, may take to say who it is: 5 s.
    pub greet_within: Duration,
    /// How long one address may take to answer at all, before the next is tried: 3 s.
    pub connect_within: Duration,
    /// How many that connected and did not say yet who they are may be there: 128. Of more the oldest is dropped.
    pub half_open: usize,
    /// How many bytes are taken from such a one: 64 KiB.
    pub greeting: usize,
    /// How much may wait for each system.
    pub queue: Bounds,
    /// How many bytes are read from a link before it is the next one's turn: 256 KiB.
    pub share: usize,
    /// How long what is queued on a link may take to be written after [`Links::close`]: 2 s.
    pub close_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record: (1 << 30) + (64 << 10),
            greet_within: Duration::from_secs(5),
            connect_within: Duration::from_secs(3),
            half_open: 128,
            greeting: 64 << 10,
            queue: Bounds::default(),
            share: 256 << 10,
            close_within: Duration::from_secs(2),
        }
    }
}

/// Names one call of [`Links::dial`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialId(pub(crate) u64);

/// Where somebody is who has a link, or wants one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// At the other end of a connection.
    Tcp(SocketAddr),
    /// Somewhere on the NATS server, by this name.
    Nats(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Nats(name) => name.fmt(f),
        }
    }
}

/// What has happened.
#[derive(Debug)]
pub enum Event {
    /// There is a link with a system. If there was one, an [`Event::Down`] came before.
    Up {
        /// Who it is.
        peer: Introduction,
        /// The kinds of payload that both sides send and take. Anything else is not to be looked into.
        payloads: PayloadKinds,
        /// Whether it is certain that it is on this host.
        same_host: bool,
        /// The call that is answered by this, if there was one.
        dialled: Option<DialId>,
        /// Where it is.
        from: Origin,
    },
    /// A [`Links::dial`] came to nothing.
    NotUp {
        /// The call that is answered by this.
        dial: DialId,
        /// Why. [`Cause::Already`] says that it led to a system that is linked anyway.
        cause: Cause,
    },
    /// Records came.
    Records {
        /// From which system.
        system: u32,
        /// The records, in order.
        records: Records,
    },
    /// A queue that was full has room again.
    Room {
        /// Whose queue it is.
        system: u32,
    },
    /// The link with a system is gone. It is said once for each [`Event::Up`]; what was queued or under way is gone with it.
    Down {
        /// Which system.
        system: u32,
        /// Why.
        cause: Cause,
    },
    /// Somebody connected and was turned away. A flood makes many of these: count them, and log a few.
    TurnedAway {
        /// From where.
        from: Origin,
        /// Why.
        cause: Cause,
    },
    /// Connections wait to be taken, and can not be: this process has no descriptor left, say. It is tried again and again, so this comes often.
    NotTaken {
        /// Why.
        why: String,
    },
    /// These may lead, the first first: places that can be dialled. Over NATS alone, where the server knows.
    Leaders(Vec<String>),
    /// The server that links go by, if they do, is there from now on, or is not.
    Server {
        /// Whether it is there.
        is_up: bool,
        /// What there is to say.
        what: String,
    },
    /// Something is wrong with that server, or with what it lets this system do.
    Trouble {
        /// What.
        what: String,
    },
}

/// See the [module](self).
#[derive(Debug)]
pub struct Links {
    rules: Rules,
    /// A loop of its own. Where the sockets lodge with a hub there is only what wakes it in it.
    poll: mio::Poll,
    lodging: Lodging,
    /// That loop has something.
    is_rung: bool,
    ready: mio::Events,
    places: Slab<Place>,
    listeners: Vec<usize>,
    /// Listeners that connections may wait at.
    to_accept: Vec<usize>,
    /// Connections are not taken before this moment.
    no_accept_until: Option<Instant>,
    /// Connections that are no links yet, the oldest first.
    greetings: Vec<usize>,
    /// The place of the link with each system.
    linked: HashMap<u32, usize>,
    /// Links that this side has closed.
    leaving: Vec<usize>,
    /// Those of them that could be written more to at once.
    unfinished: Vec<usize>,
    /// Links with something to write.
    dirty: Vec<usize>,
    /// Links with something to read, perhaps.
    hot: VecDeque<usize>,
    dials: BTreeMap<DialId, Dial>,
    dial_ids: u64,
    /// How many connections this side has claimed.
    claims: u64,
    incarnations: Incarnations,
    resolver: Resolver,
    /// What small records are read into, and what TLS is read into.
    usual: Vec<u8>,
    scratch: Vec<u8>,
    events: Vec<Event>,
}

impl Links {
    /// No link yet, and nobody who listens.
    ///
    /// # Errors
    ///
    /// An error of the operating system, if it has no descriptors left, say; or [`io::ErrorKind::InvalidInput`] if the introduction
    /// is not one that others would take.
    pub fn new(options: LinksOptions) -> io::Result<Self> {
        let LinksOptions { me, security, limits } = options;
        check_names(&me, &security)?;
        let poll = mio::Poll::new()?;
        let lodging = Lodging::at_home(poll.registry().try_clone()?);
        let waker = Arc::new(mio::Waker::new(poll.registry(), WAKER)?);
        Ok(Self {
            rules: Rules { me, security, limits },
            poll,
            lodging,
            is_rung: false,
            ready: mio::Events::with_capacity(256),
            places: Slab::new(),
            listeners: Vec::new(),
            to_accept: Vec::new(),
            no_accept_until: None,
            greetings: Vec::new(),
            linked: HashMap::new(),
            leaving: Vec::new(),
            unfinished: Vec::new(),
            dirty: Vec::new(),
            hot: VecDeque::new(),
            dials: BTreeMap::new(),
            dial_ids: 0,
            claims: 0,
            incarnations: Incarnations::default(),
            resolver: Resolver::new(waker),
            // Not zeroed: only as much of it is touched as is ever read at once.
            usual: Vec::with_capacity(SCRATCH),
            scratch: Vec::with_capacity(SCRATCH),
            events: Vec::new(),
        })
    }

    /// Has a hub wait for the sockets, before there is any. From then on [`Links::note`] is to be told what it finds out, before a
    /// [turn](Links::turn), and [`Links::ring`] when the [descriptor](Links::descriptor) is readable, which is rare then.
    pub fn lodge(&mut self, lodging: Lodging) {
        debug_assert!(self.places.is_empty(), "sockets are registered already");
        self.lodging = lodging;
    }

    /// Takes connections on a socket, beside those that it listens on already.
    ///
    /// # Errors
    ///
    /// An error of the operating system.
    pub fn listen(&mut self, listener: TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let mut listener = mio::net::TcpListener::from_std(listener);
        let place = self.places.vacant_key();
        self.lodging.register(&mut listener, place, Interest::READABLE)?;
        self.places.insert(Place::Listener(listener));
        self.listeners.push(place);
        self.to_accept.push(place);
        Ok(())
    }

    /// Takes no more connections. Links stay.
    pub fn stop_listening(&mut self) {
        for place in self.listeners.drain(..) {
            self.places.try_remove(place);
        }
        self.to_accept.clear();
    }

    /// Where it listens.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().filter_map(|place| match self.places.get(*place) {
            Some(Place::Listener(listener)) => listener.local_addr().ok(),
            _ => None,
        })
    }

    /// What this side says of itself.
    pub const fn me(&self) -> &Introduction {
        &self.rules.me
    }

    /// Queues one record for a system: `head`, and after it `body`. They leave in the next [`Links::turn`], or [`Links::flush`].
    ///
    /// # Errors
    ///
    /// [`SendError`] if it was not queued.
    pub fn send(&mut self, system: u32, head: &[u8], body: Bytes) -> Result<Room, SendError> {
        let limit = self.rules.limits.record.min(u64::from(u32::MAX));
        let Some((place, open)) = self.link_with(system) else { return Err(SendError::NotLinked { system }) };
        let length = (head.len() + body.len()) as u64;
        if length > limit {
            return Err(SendError::TooLong { length, limit });
        }
        if open.link.outgoing().is_full() {
            let (records, bytes) = open.link.waiting();
            return Err(SendError::Full { system, records, bytes });
        }
        let room = open.link.push(head, body);
        self.mark_dirty(place);
        Ok(room)
    }

    /// About how many records wait to be written to a system, and how many bytes.
    pub fn waiting(&self, system: u32) -> (usize, usize) {
        match self.linked.get(&system).and_then(|place| self.places.get(*place)) {
            Some(Place::Link(open)) => open.link.waiting(),
            _ => (0, 0),
        }
    }

    /// When something came from a system last, if only a part of a record.
    pub fn last_heard(&self, system: u32) -> Option<Instant> {
        match self.places.get(*self.linked.get(&system)?) {
            Some(Place::Link(open)) => Some(open.link.heard()),
            _ => None,
        }
    }

    /// Reads nothing from a system until [`Links::resume_reading`], so that it gets rid of nothing more in the end. That it is gone may be
    /// noticed no sooner than that.
    pub fn pause_reading(&mut self, system: u32) {
        if let Some((_, open)) = self.link_with(system) {
            open.paused = true;
        }
    }

    /// Reads again.
    pub fn resume_reading(&mut self, system: u32) {
        if let Some((place, open)) = self.link_with(system)
            && std::mem::take(&mut open.paused)
        {
            self.heat(place, false);
        }
    }

    /// Closes the link with a system, after what is queued has been written. [`Event::Down`] comes in the next turn; nothing that
    /// comes from it meanwhile is reported.
    pub fn close(&mut self, system: u32) {
        let Some(place) = self.linked.remove(&system) else { return };
        let until = Instant::now() + self.rules.limits.close_within;
        let Some(it) = self.places.get_mut(place) else { return };
        if let Place::Link(open) = std::mem::replace(it, Place::Changing) {
            *it = Place::Leaving { link: open.link, until, is_written: false };
        }
        self.leaving.push(place);
        self.unfinished.push(place);
        self.events.push(Event::Down { system, cause: Cause::ClosedHere });
    }

    /// The systems that there is a link with.
    pub fn linked(&self) -> impl Iterator<Item = u32> {
        self.linked.keys().copied()
    }

    /// Whether a link that was closed is not done yet: whoever ends the process gives these some turns first.
    pub fn is_closing(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// New connections are made and taken so from now on. Links with who is refused now are closed at once; others stay.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if the certificate is that of another system or convention. Nothing changes then.
    pub fn set_security(&mut self, security: Security) -> io::Result<()> {
        check_names(&self.rules.me, &security)?;
        if let Security::Tls(config) = &security {
            let refused = |place: &&usize| match self.places.get(**place) {
                Some(Place::Link(open)) => !config.takes(open.link.chain()),
                _ => false,
            };
            let refused: Vec<usize> = self.linked.values().filter(refused).copied().collect();
            for place in refused {
                self.lost(place, Cause::TheirCertificate(Problem::Refused));
            }
        }
        self.rules.security = security;
        Ok(())
    }

    /// What becomes readable when there is something to do.
    pub fn descriptor(&self) -> RawFd {
        self.poll.as_raw_fd()
    }

    fn link_with(&mut self, system: u32) -> Option<(usize, &mut Open)> {
        let place = *self.linked.get(&system)?;
        match self.places.get_mut(place) {
            Some(Place::Link(open)) => Some((place, open)),
            _ => None,
        }
    }
}

impl AsFd for Links {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll.registry().as_fd()
    }
}

/// Makes sure that others will take what this side says of itself.
fn check_names(me: &Introduction, security: &Security) -> io::Result<()> {
    let invalid = |what: String| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    if let Some(fault) = me.fault() {
        return invalid(format!("the introduction would be turned away: {fault}"));
    }
    if let Security::Tls(config) = security {
        let Names { convention, identity } = config.names();
        if (convention, identity) != (&me.convention, &me.identity) {
            let Introduction { convention: own, identity: name, .. } = me;
            return invalid(format!(
                "the certificate is that of {convention}/{identity}, and this system is {own}/{name}"
            ));
        }
    }
    Ok(())
}
