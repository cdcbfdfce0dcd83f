//! How links between two systems come and go.
//!
//! Each side draws a number when it begins, and says hello with it and with the other's as far as it knows that, again and again until it is
//! spoken to by its own. So it does not matter who began, or whether both did; and who has forgotten a link, or missed its end, learns it from
//! the next that comes.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ring::rand::SecureRandom as _;

use super::server::Command;
use super::{Links, names};
use crate::datagram::{Body, Datagram, DatagramError, Stream};
use crate::network::{Cause, DialId, Event, Introduction, Origin};

/// Nothing is said to those without a link when so much waits for the server.
const MOST_WAITING: usize = 4096;
/// How often a hello is said until it is answered.
const HELLO_EVERY: Duration = Duration::from_millis(300);

/// A system that there is a link with, or will be.
#[derive(Debug)]
pub enum Peer {
    /// It does not know this side yet, as far as this side knows.
    Greeting(Greeting),
    /// There is a link.
    Open(Box<Open>),
}

/// A link that is being made.
#[derive(Debug)]
pub struct Greeting {
    mine: u64,
    /// What it calls itself, and its number: it has said hello.
    theirs: Option<(Introduction, u64)>,
    /// The calls that this is for.
    dials: Vec<DialId>,
    pub(super) next_hello: Instant,
    pub(super) until: Instant,
}

/// A link.
#[derive(Debug)]
pub struct Open {
    pub(super) stream: Stream,
    /// What each of its subjects ends with.
    token: String,
    pub(super) is_dirty: bool,
}

impl Links {
    /// Begins a link, or says why not.
    pub(super) fn call(&mut self, dial: DialId, system: u32) -> Option<Cause> {
        if !self.is_up {
            return Some(Cause::NoServer { why: "it is not connected".into() });
        }
        match self.peers.get_mut(&system) {
            Some(Peer::Open(_)) => return Some(Cause::Already { system }),
            Some(Peer::Greeting(greeting)) => greeting.dials.push(dial),
            None => {
                let greeting = self.begin(vec![dial], None);
                self.say_hello(system, greeting.mine, 0);
                self.peers.insert(system, Peer::Greeting(greeting));
            }
        }
        self.dials.insert(dial, system);
        None
    }

    fn begin(&self, dials: Vec<DialId>, theirs: Option<(Introduction, u64)>) -> Greeting {
        let now = Instant::now();
        Greeting {
            mine: random_number(),
            theirs,
            dials,
            next_hello: now + HELLO_EVERY,
            until: now + self.limits.connect_within,
        }
    }

    fn say_hello(&mut self, system: u32, mine: u64, theirs: u64) {
        let hello = Body::Hello(self.me.clone());
        self.say(system, mine, theirs, hello);
    }

    /// A datagram came, from who calls itself by a token.
    pub(super) fn came(&mut self, token: &str, datagram: &Bytes) {
        if let Err(cause) = self.take(token, datagram) {
            self.events.push(Event::TurnedAway { from: Origin::Nats(token.to_owned()), cause });
        }
    }

    fn take(&mut self, token: &str, datagram: &Bytes) -> Result<(), Cause> {
        // Who has no link does not get this side to queue without end.
        let has_room = self.waiting.len() < MOST_WAITING;
        let Datagram { system, from, to, body } = Datagram::read(datagram).map_err(|error| match error {
            DatagramError::Introduction(error) => Cause::Introduction(error),
            DatagramError::Malformed { .. } => Cause::Malformed { what: "a message is no datagram" },
        })?;
        if let Body::Hello(peer) = body {
            return if has_room { self.greeted(token, (from, to), peer) } else { Ok(()) };
        }
        // Only who was told the numbers can name them, and only by the name that it was told them by.
        let is_open = match self.peers.get(&system) {
            Some(Peer::Open(open)) if open.is_named(token, from, to) => true,
            Some(Peer::Greeting(greeting)) if greeting.is_named(token, from, to) => false,
            _ => {
                if has_room && !matches!(body, Body::Unknown | Body::Close) {
                    self.say(system, to, from, Body::Unknown);
                }
                return Ok(());
            }
        };
        if !is_open {
            self.open(system);
        }
        if let Err(cause) = self.said(system, body) {
            self.lost(system, cause);
        }
        Ok(())
    }

    /// Somebody has said hello, by its own number and what it takes for this side's.
    fn greeted(&mut self, token: &str, (from, to): (u64, u64), peer: Introduction) -> Result<(), Cause> {
        let system = peer.system;
        if peer.convention != self.me.convention {
            return Err(Cause::AnotherConvention { theirs: peer.convention, ours: self.me.convention.clone() });
        }
        if system == self.me.system {
            return Err(Cause::Itself);
        }
        if names::token(&peer.identity) != token {
            return Err(Cause::NotItsName { claimed: peer.identity, real: token.to_owned() });
        }
        self.incarnations.check(&peer)?;
        match self.peers.get_mut(&system) {
            Some(Peer::Open(open)) if open.stream.theirs == from => {
                // It may have missed that this side knows it. What came late needs no answer.
                if open.stream.mine == to {
                    let datagram = open.stream.taken_now();
                    self.command(Command::Publish { to: system, datagram });
                }
                return Ok(());
            }
            // The other side has lost the link.
            Some(Peer::Open(_)) => self.lost(system, Cause::Replaced),
            Some(Peer::Greeting(greeting)) => {
                let knew = greeting.theirs.as_ref().is_some_and(|(_, number)| *number == from);
                let (mine, knows) = (greeting.mine, greeting.mine == to);
                greeting.theirs = Some((peer, from));
                if !(knew && knows) {
                    self.say_hello(system, mine, from);
                }
                if knows {
                    self.open(system);
                }
                return Ok(());
            }
            None => {}
        }
        if self.takes_nobody {
            return Ok(());
        }
        self.make_room();
        let greeting = self.begin(Vec::new(), Some((peer, from)));
        self.say_hello(system, greeting.mine, from);
        self.peers.insert(system, Peer::Greeting(greeting));
        Ok(())
    }

    /// No more than so many that nobody here has called are waited for.
    fn make_room(&mut self) {
        let strangers = self.peers.iter().filter_map(|(system, peer)| match peer {
            Peer::Greeting(greeting) if greeting.dials.is_empty() => Some((greeting.until, *system)),
            _ => None,
        });
        let most = self.limits.half_open;
        if strangers.clone().count() >= most
            && let Some((_, oldest)) = strangers.min()
        {
            self.give_up(oldest, &Cause::TooManyStrangers { most });
        }
    }

    /// Both sides know each other's number.
    fn open(&mut self, system: u32) {
        match self.peers.remove(&system) {
            Some(Peer::Greeting(Greeting { mine, theirs: Some((peer, theirs)), dials, .. })) => {
                let stream = Stream::new(
                    self.me.system,
                    (mine, theirs),
                    self.limits.queue,
                    self.limits.record.min(u64::from(u32::MAX)),
                );
                let open = Open { stream, token: names::token(&peer.identity), is_dirty: false };
                self.peers.insert(system, Peer::Open(Box::new(open)));
                // Where it is nobody knows: it may be on another host.
                let payloads = self.me.payloads.agreed(peer.payloads, false);
                let from = Origin::Nats(peer.identity.clone());
                let dialled = dials.first().copied();
                if let Some(dial) = dialled {
                    self.dials.remove(&dial);
                }
                self.events.push(Event::Up { peer, payloads, same_host: false, dialled, from });
                self.not_up(dials.into_iter().skip(1), &Cause::Already { system });
            }
            Some(other) => drop(self.peers.insert(system, other)),
            None => {}
        }
    }

    /// Something was said on a link.
    fn said(&mut self, system: u32, body: Body) -> Result<(), Cause> {
        let Some(Peer::Open(open)) = self.peers.get_mut(&system) else { return Ok(()) };
        match body {
            Body::Data { offset, bytes } => {
                let (records, taken) = open.stream.take(offset, &bytes, &mut self.scratch);
                if let Some(records) = records {
                    self.events.push(Event::Records { system, records });
                }
                taken?;
                if let Some(datagram) = open.stream.say_taken() {
                    self.command(Command::Publish { to: system, datagram });
                }
                Ok(())
            }
            Body::Taken { bytes, datagrams } => {
                open.stream.they_took(bytes, datagrams)?;
                self.mark_dirty(system);
                Ok(())
            }
            Body::Close => Err(Cause::Closed),
            Body::Unknown => Err(Cause::Cut),
            Body::Hello(_) => Ok(()),
        }
    }

    /// A link has ended, or does not come about.
    pub(super) fn lost(&mut self, system: u32, cause: Cause) {
        match self.peers.remove(&system) {
            Some(Peer::Open(open)) => {
                if !matches!(cause, Cause::Closed | Cause::Cut | Cause::Replaced) {
                    self.say(system, open.stream.mine, open.stream.theirs, Body::Close);
                }
                self.events.push(Event::Down { system, cause });
            }
            Some(Peer::Greeting(greeting)) => self.not_up(greeting.dials, &cause),
            None => {}
        }
    }

    fn give_up(&mut self, system: u32, cause: &Cause) {
        if let Some(Peer::Greeting(greeting)) = self.peers.remove(&system) {
            self.not_up(greeting.dials, cause);
        }
    }

    fn not_up(&mut self, dials: impl IntoIterator<Item = DialId>, cause: &Cause) {
        for dial in dials {
            self.dials.remove(&dial);
            self.events.push(Event::NotUp { dial, cause: cause.clone() });
        }
    }

    /// Says hello again, and gives up who does not answer.
    pub(super) fn keep_time(&mut self, now: Instant) {
        let due: Vec<u32> = self
            .peers
            .iter()
            .filter(|(_, peer)| matches!(peer, Peer::Greeting(it) if it.next_hello.min(it.until) <= now))
            .map(|(system, _)| *system)
            .collect();
        for system in due {
            let Some(Peer::Greeting(greeting)) = self.peers.get_mut(&system) else { continue };
            if greeting.until <= now {
                self.give_up(system, &Cause::Slow { within: self.limits.connect_within });
                continue;
            }
            greeting.next_hello = now + HELLO_EVERY;
            let (mine, theirs) = (greeting.mine, greeting.theirs.as_ref().map_or(0, |(_, number)| *number));
            self.say_hello(system, mine, theirs);
        }
    }
}

impl Open {
    fn is_named(&self, token: &str, from: u64, to: u64) -> bool {
        (self.stream.theirs, self.stream.mine) == (from, to) && self.token == token
    }
}

impl Greeting {
    fn is_named(&self, token: &str, from: u64, to: u64) -> bool {
        let knows = |(peer, theirs): &(Introduction, u64)| *theirs == from && names::token(&peer.identity) == token;
        self.mine == to && self.theirs.as_ref().is_some_and(knows)
    }
}

/// A number that nobody guesses, and never 0.
fn random_number() -> u64 {
    let mut bytes = [0; 8];
    // Without it nothing works that is to be secret, TLS first of all.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    u64::from_le_bytes(bytes) | 1
}
