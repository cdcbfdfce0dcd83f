//! How links come and go.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::Interest;
use mio::net::TcpListener;

use super::greeting::{Claim, Greeting, Introduced, Progress, Said};
use super::link::Link;
use super::security::Security;
use super::{Cause, DialId, Event, Introduction, Links, Origin, Problem};
use crate::flow::Written;

/// How many connections are taken before it is the turn of the links.
const ACCEPTED_A_TURN: usize = 64;
/// How long no connection is taken when no descriptor is left.
const WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(50);
/// How many incarnations are remembered with the system that each is of.
const REMEMBERED: usize = 16384;

/// What a token stands for.
#[derive(Debug)]
pub enum Place {
    /// A socket that connections are taken on.
    Listener(TcpListener),
    /// A connection that is no link yet.
    Greeting(Greeted),
    /// A link.
    Link(Open),
    /// A link that this side has closed, until the other side has read everything.
    Leaving {
        /// The link.
        link: Box<Link>,
        /// It is given up then.
        until: Instant,
        /// Whether everything was written, and the end.
        is_written: bool,
    },
    /// One of these while it becomes another.
    Changing,
}

/// Why there is a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody connected.
    Accepted,
    /// This side did.
    Dialled(DialId),
}

/// A connection that is no link yet.
#[derive(Debug)]
pub struct Greeted {
    state: Option<State>,
    purpose: Purpose,
    /// The address at the other end.
    from: SocketAddr,
    until: Instant,
    /// The number of this side's claim, if it has made one.
    claim: Option<u64>,
}

#[derive(Debug)]
enum State {
    Stranger(Box<Greeting>),
    Introduced(Box<Introduced>),
}

/// A link, and what is going on with it.
#[derive(Debug)]
pub struct Open {
    pub(super) link: Box<Link>,
    pub(super) system: u32,
    /// What it was claimed with.
    claim: u64,
    /// In the list of links to read.
    pub(super) hot: bool,
    /// In the list of links to write.
    pub(super) dirty: bool,
    /// The end may have come with the last bytes: read until there is nothing or the end.
    pub(super) to_end: bool,
    /// Nobody wants to hear from it for now.
    pub(super) paused: bool,
    /// Why it can not be written to, if it can not.
    pub(super) broken: Option<Cause>,
}

/// Which system each incarnation is of, as far as is known.
#[derive(Debug, Default)]
pub struct Incarnations {
    identities: HashMap<u32, String>,
    order: VecDeque<u32>,
}

impl Incarnations {
    /// Makes sure that an incarnation is not another system's, and remembers it.
    pub(crate) fn check(&mut self, peer: &Introduction) -> Result<(), Cause> {
        let Introduction { system, identity, .. } = peer;
        match self.identities.get(system) {
            Some(known) if known == identity => Ok(()),
            Some(known) => {
                let (identity, real) = (identity.clone(), known.clone());
                Err(Cause::NotItsNumber { identity, claimed: *system, real })
            }
            None => {
                if self.order.len() >= REMEMBERED
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.identities.remove(&oldest);
                }
                self.identities.insert(*system, identity.clone());
                self.order.push_back(*system);
                Ok(())
            }
        }
    }
}

impl Links {
    /// Takes connections that wait.
    pub(super) fn accept(&mut self, now: Instant) {
        let mut left = ACCEPTED_A_TURN;
        while let Some(&place) = self.to_accept.last() {
            let Some(Place::Listener(listener)) = self.places.get(place) else {
                self.to_accept.pop();
                continue;
            };
            if left == 0 {
                return;
            }
            match listener.accept() {
                Ok((socket, peer)) => {
                    left -= 1;
                    match Greeting::accepted(socket, peer, &self.rules) {
                        Ok(greeting) => self.take_stranger(greeting, now),
                        Err(cause) => self.events.push(Event::TurnedAway { from: Origin::Tcp(peer), cause }),
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.to_accept.pop();
                }
                // A connection that was given up while it waited.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => left -= 1,
                Err(error) => {
                    self.no_accept_until = Some(now + WITHOUT_DESCRIPTORS);
                    self.events.push(Event::NotTaken { why: error.to_string() });
                    return;
                }
            }
        }
    }

    fn take_stranger(&mut self, greeting: Greeting, now: Instant) {
        let most = self.rules.limits.half_open;
        let accepted = |place: &&usize| {
            matches!(self.places.get(**place), Some(Place::Greeting(Greeted { purpose: Purpose::Accepted, .. })))
        };
        if self.greetings.iter().filter(accepted).count() >= most
            && let Some(&oldest) = self.greetings.iter().find(accepted)
        {
            self.end_greeting(oldest, Cause::TooManyStrangers { most });
        }
        let until = now + self.rules.limits.greet_within;
        if let Some(place) = self.greet(greeting, Purpose::Accepted, until) {
            // Who connects speaks at once.
            self.advance(place);
        }
    }

    /// Begins to greet.
    pub(super) fn greet(&mut self, mut greeting: Greeting, purpose: Purpose, until: Instant) -> Option<usize> {
        let place = self.places.vacant_key();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = self.lodging.register(greeting.socket(), place, interest);
        let from = greeting.peer();
        let state = Some(State::Stranger(Box::new(greeting)));
        self.places.insert(Place::Greeting(Greeted { state, purpose, from, until, claim: None }));
        self.greetings.push(place);
        if let Err(error) = registered {
            self.end_greeting(place, Cause::io(&error));
            return None;
        }
        Some(place)
    }

    /// The other side has said something, or a part of it, or is gone.
    pub(super) fn advance(&mut self, place: usize) {
        loop {
            let Some(Place::Greeting(greeted)) = self.places.get_mut(place) else { return };
            let Some(state) = greeted.state.take() else { return };
            let next = match state {
                State::Stranger(greeting) => {
                    let was_connected = greeting.is_connected();
                    match greeting.advance(&mut self.scratch, &self.rules) {
                        Ok(Progress::Waiting(greeting)) => {
                            if !was_connected && greeting.is_connected() {
                                greeted.until = Instant::now() + self.rules.limits.greet_within;
                            }
                            greeted.state = Some(State::Stranger(Box::new(greeting)));
                            return;
                        }
                        Ok(Progress::Met(introduced)) => self.met(place, introduced),
                        // Who asks whether somebody listens here connects and says nothing.
                        Err((Cause::Closed, false)) if greeted.purpose == Purpose::Accepted => {
                            self.forget_greeting(place);
                            return;
                        }
                        Err((cause, _)) => Err(cause),
                    }
                }
                State::Introduced(mut introduced) => {
                    let heard = introduced.hear(&mut self.scratch, self.rules.limits.greeting);
                    let system = introduced.peer().system;
                    greeted.state = Some(State::Introduced(introduced));
                    match heard {
                        Ok(None) => return,
                        Ok(Some(Said::Claim(claim))) => self.decide(place, &claim),
                        Ok(Some(Said::Go)) => {
                            let claim = greeted.claim.unwrap_or_default();
                            self.open(place, claim);
                            return;
                        }
                        Ok(Some(Said::Already)) => Err(Cause::Already { system }),
                        // It may have had no time to say so.
                        Err(Cause::Closed) if self.linked.contains_key(&system) => Err(Cause::Already { system }),
                        Err(cause) => Err(cause),
                    }
                }
            };
            if let Err(cause) = next {
                self.end_greeting(place, cause);
                return;
            }
        }
    }

    /// The other side is known now.
    fn met(&mut self, place: usize, mut introduced: Introduced) -> Result<(), Cause> {
        let known = self.may_stay(&introduced).and_then(|()| self.incarnations.check(introduced.peer()));
        let system = introduced.peer().system;
        let mut number = None;
        if known.is_ok() && !introduced.decides() {
            self.claims += 1;
            number = Some(self.claims);
            introduced.claim(&Claim { number: self.claims, alive: self.alive(system) });
        }
        if let Some(Place::Greeting(greeted)) = self.places.get_mut(place) {
            greeted.claim = number;
            greeted.state = Some(State::Introduced(Box::new(introduced)));
        }
        known
    }

    /// What has changed since the connection was begun may have it turned away.
    fn may_stay(&self, introduced: &Introduced) -> Result<(), Cause> {
        match &self.rules.security {
            Security::Tls(config) if !config.takes(introduced.chain()) => {
                Err(Cause::TheirCertificate(Problem::Refused))
            }
            _ => Ok(()),
        }
    }

    /// The claims of connections with a system that are alive, the oldest first.
    fn alive(&self, system: u32) -> Vec<u64> {
        let link = self.linked.get(&system).and_then(|place| match self.places.get(*place) {
            Some(Place::Link(open)) => Some(open.claim),
            _ => None,
        });
        let pending = self.greetings.iter().filter_map(|place| match self.places.get(*place) {
            Some(Place::Greeting(Greeted { state: Some(State::Introduced(it)), claim, .. }))
                if it.peer().system == system =>
            {
                *claim
            }
            _ => None,
        });
        link.into_iter().chain(pending).collect()
    }

    /// Decides whether a connection is the link with a system.
    fn decide(&mut self, place: usize, claim: &Claim) -> Result<(), Cause> {
        let introduced = |it: &Place| match it {
            Place::Greeting(Greeted { state: Some(State::Introduced(introduced)), .. }) => {
                Some(introduced.peer().system)
            }
            _ => None,
        };
        let Some(system) = self.places.get(place).and_then(introduced) else { return Ok(()) };
        let is_newer = |open: &Open| claim.number > open.claim && !claim.alive.contains(&open.claim);
        let go = match self.linked.get(&system).and_then(|current| self.places.get(*current)) {
            Some(Place::Link(open)) => is_newer(open),
            _ => true,
        };
        if let Some(Place::Greeting(Greeted { state: Some(State::Introduced(introduced)), .. })) =
            self.places.get_mut(place)
        {
            introduced.answer(go);
        }
        if !go {
            return Err(Cause::Already { system });
        }
        self.open(place, claim.number);
        Ok(())
    }

    /// A connection is the link with a system now. If this side had another, the other side has lost that.
    fn open(&mut self, place: usize, claim: u64) {
        self.greetings.retain(|other| *other != place);
        let Some(Place::Greeting(greeted)) = self.places.get_mut(place) else { return };
        let purpose = greeted.purpose;
        let Some(State::Introduced(introduced)) = greeted.state.take() else { return };
        let (payloads, same_host) = (introduced.payloads(), introduced.is_on_same_host());
        let (link, peer, from) = introduced.open(&self.rules.limits);
        let system = peer.system;
        if let Some(&old) = self.linked.get(&system) {
            self.lost(old, Cause::Replaced);
        }
        let open = Open {
            link: Box::new(link),
            system,
            claim,
            hot: true,
            dirty: false,
            to_end: true,
            paused: false,
            broken: None,
        };
        self.places[place] = Place::Link(open);
        self.linked.insert(system, place);
        // The first records may have come already, and the answer may not be written.
        self.hot.push_back(place);
        self.mark_dirty(place);
        let dialled = match purpose {
            Purpose::Dialled(id) => Some(id),
            Purpose::Accepted => None,
        };
        if let Some(id) = dialled {
            self.dials.remove(&id);
        }
        self.events.push(Event::Up { peer, payloads, same_host, dialled, from: Origin::Tcp(from) });
    }

    pub(super) fn end_greeting(&mut self, place: usize, cause: Cause) {
        match self.forget_greeting(place) {
            Some((Purpose::Dialled(id), _)) => self.dial_failed(id, cause),
            // Of two connections with the same system, this one was given up.
            Some(_) if matches!(cause, Cause::Already { .. }) => {}
            Some((Purpose::Accepted, from)) => self.events.push(Event::TurnedAway { from: Origin::Tcp(from), cause }),
            None => {}
        }
    }

    fn forget_greeting(&mut self, place: usize) -> Option<(Purpose, SocketAddr)> {
        self.greetings.retain(|other| *other != place);
        let Some(Place::Greeting(greeted)) = self.places.try_remove(place) else { return None };
        // A descriptor is free again.
        self.no_accept_until = None;
        Some((greeted.purpose, greeted.from))
    }

    /// A link has ended.
    pub(super) fn lost(&mut self, place: usize, cause: Cause) {
        if let Some(Place::Link(open)) = self.places.try_remove(place) {
            self.linked.remove(&open.system);
            self.no_accept_until = None;
            self.events.push(Event::Down { system: open.system, cause });
        }
    }

    /// Goes on with a link that this side has closed. It goes when the other side has closed too.
    pub(super) fn leave(&mut self, place: usize) {
        let Some(Place::Leaving { link, is_written, .. }) = self.places.get_mut(place) else { return };
        if !*is_written {
            match link.write_end() {
                Ok(Written::All) => *is_written = true,
                Ok(Written::Part) => self.unfinished.push(place),
                Ok(Written::Blocked) => {}
                Err(_) => return self.left(place),
            }
        }
        if !link.discard(&mut self.scratch) {
            self.left(place);
        }
    }

    pub(super) fn left(&mut self, place: usize) {
        self.leaving.retain(|other| *other != place);
        self.places.try_remove(place);
    }

    /// When a greeting, a link that was closed, or a host name is given up next.
    pub(super) fn next_end(&self) -> Option<Instant> {
        let until = |place: &usize| match self.places.get(*place)? {
            Place::Greeting(Greeted { until, .. }) | Place::Leaving { until, .. } => Some(*until),
            Place::Listener(_) | Place::Link(_) | Place::Changing => None,
        };
        let look_ups = self.dials.values().filter_map(|dial| dial.look_up_until);
        self.greetings.iter().chain(&self.leaving).filter_map(until).chain(look_ups).min()
    }

    /// Gives up what has taken too long.
    pub(super) fn keep_time(&mut self, now: Instant) {
        if self.next_end().is_none_or(|next| next > now) {
            return;
        }
        for place in self.greetings.clone() {
            let Some(Place::Greeting(Greeted { state, from, until, .. })) = self.places.get(place) else { continue };
            if *until <= now {
                let within = self.rules.limits.greet_within;
                let cause = match state {
                    Some(State::Stranger(greeting)) if !greeting.is_connected() => Cause::NoConnection {
                        address: from.to_string(),
                        why: format!("no answer within {:?}", self.rules.limits.connect_within),
                    },
                    _ => Cause::Slow { within },
                };
                self.end_greeting(place, cause);
            }
        }
        for place in self.leaving.clone() {
            if matches!(self.places.get(place), Some(Place::Leaving { until, .. }) if *until <= now) {
                self.left(place);
            }
        }
        self.end_look_ups(now);
    }
}
