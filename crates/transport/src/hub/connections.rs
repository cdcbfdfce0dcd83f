//! How links come and go.

use std::path::Path;
use std::time::{Duration, Instant};

use mio::{Interest, Token};

use super::peer::{Pause, Peer, Way};
use super::{Event, Hub, Open, Place, Purpose, Ticket};
use crate::link::{Greeting, Link, LinkError, Progress};

/// How many connections are taken before it is the turn of the links.
const ACCEPTED_A_TURN: usize = 64;
/// How long no connection is taken when no descriptor is left.
const WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(50);

impl Hub {
    /// Takes connections that wait.
    pub(super) fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTED_A_TURN {
            let strangers = self.greetings.iter().filter(|place| self.is_stranger(**place)).count();
            let Some(listening) = &self.listening else {
                self.may_accept = false;
                return;
            };
            if strangers >= self.options.strangers {
                // Each of them will have spoken, or be cut off, soon.
                self.no_accept_until = Some(now + WITHOUT_DESCRIPTORS);
                return;
            }
            match listening.socket.accept() {
                Ok((stream, _)) => match Greeting::accepted(stream, self.rules.clone()) {
                    Ok(greeting) => {
                        let until = now + self.options.greet_within;
                        if let Some(place) = self.greet(greeting, Purpose::Accepted, until) {
                            // Who connects speaks at once.
                            self.advance_greeting(place);
                        }
                    }
                    Err(cause) => self.events.push(Event::TurnedAway { cause }),
                },
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.may_accept = false;
                    return;
                }
                Err(error) => {
                    // Others, such as a connection that was given up while it waited, leave the rest to be taken.
                    if LinkError::of("accept", &error) == LinkError::NoDescriptors {
                        self.shed();
                    }
                    self.no_accept_until = Some(now + WITHOUT_DESCRIPTORS);
                    return;
                }
            }
        }
    }

    fn is_stranger(&self, place: usize) -> bool {
        matches!(self.places.get(place), Some(Place::Greeting { purpose: Purpose::Accepted, .. }))
    }

    /// Connects to a peer that something waits for.
    pub(super) fn dial_peer(&mut self, index: usize, now: Instant) {
        let peer = &mut self.peers[index];
        let pause = match peer.way {
            Way::None => None,
            Way::Later(pause) => Some(pause),
            Way::Dialling(_) | Way::Link(_) | Way::Leaving(_) => return,
        };
        if let Some(&link) = peer.links.first() {
            peer.way = Way::Link(link);
            self.mark_dirty(index);
            return;
        }
        let Some(path) = peer.path.clone() else {
            self.give_up(index, LinkError::Closed);
            return;
        };
        match Greeting::dial(&path, Some(peer.node), self.rules.clone()) {
            Ok(greeting) => {
                let until = now + self.options.answer_within;
                if let Some(place) = self.greet(greeting, Purpose::Peer(index), until) {
                    self.peers[index].way = Way::Dialling(place);
                    self.write_ahead(place, index);
                }
            }
            Err(cause) if cause.is_temporary() => {
                if cause == LinkError::NoDescriptors {
                    self.shed();
                }
                let pause = Pause::after(pause, now);
                if now.duration_since(pause.since) > self.options.answer_within {
                    self.give_up(index, cause);
                } else {
                    self.peers[index].way = Way::Later(pause);
                    if !self.retrying.contains(&index) {
                        self.retrying.push(index);
                    }
                }
            }
            Err(cause) => self.give_up(index, cause),
        }
    }

    /// Writes what waits for a peer that has not answered yet.
    pub(super) fn write_ahead(&mut self, place: usize, index: usize) {
        let Some(Place::Greeting { greeting: Some(greeting), .. }) = self.places.get_mut(place) else { return };
        greeting.write_ahead(&self.peers[index].queue);
    }

    /// Whether all that waits for a peer is in the hands of the system: written, or in the socket of a peer that has
    /// not answered yet.
    pub(super) fn is_peer_delivered(&self, peer: &Peer) -> bool {
        match peer.way {
            Way::Dialling(place) => match self.places.get(place) {
                Some(Place::Greeting { greeting: Some(greeting), .. }) => greeting.ahead() >= peer.queue.waiting().1,
                _ => false,
            },
            _ => peer.queue.is_empty(),
        }
    }

    /// Connects for the caller.
    pub(super) fn dial_ticket(&mut self, ticket: Ticket, path: &Path) {
        match Greeting::dial(path, None, self.rules.clone()) {
            Ok(greeting) => {
                let until = Instant::now() + self.options.answer_within;
                self.dialled.push((ticket, path.to_owned()));
                self.greet(greeting, Purpose::Ticket(ticket), until);
            }
            Err(cause) => self.events.push(Event::NotMet { ticket, cause }),
        }
    }

    fn greet(&mut self, mut greeting: Greeting, purpose: Purpose, until: Instant) -> Option<usize> {
        let place = self.places.vacant_key();
        if let Err(error) = self.poll.registry().register(greeting.stream(), Token(place), Interest::READABLE) {
            self.not_greeted(purpose, LinkError::of("register a connection", &error));
            return None;
        }
        self.places.insert(Place::Greeting { greeting: Some(greeting), purpose, until });
        self.greetings.push(place);
        Some(place)
    }

    /// The other side has said something, or a part of it, or is gone.
    pub(super) fn advance_greeting(&mut self, place: usize) {
        let Some(Place::Greeting { greeting, purpose, .. }) = self.places.get_mut(place) else { return };
        let (Some(taken), purpose) = (greeting.take(), *purpose) else { return };
        match taken.advance() {
            Ok(Progress::Waiting(waiting)) => {
                if let Some(Place::Greeting { greeting, .. }) = self.places.get_mut(place) {
                    *greeting = Some(waiting);
                }
            }
            Ok(Progress::Open(link, ahead)) => {
                self.greetings.retain(|other| *other != place);
                self.opened(place, link, purpose, ahead);
            }
            Err(cause) => self.end_greeting(place, cause),
        }
    }

    pub(super) fn end_greeting(&mut self, place: usize, cause: LinkError) {
        self.greetings.retain(|other| *other != place);
        if let Some(Place::Greeting { purpose, .. }) = self.places.try_remove(place) {
            // A descriptor is free again.
            self.no_accept_until = None;
            self.not_greeted(purpose, cause);
        }
    }

    fn not_greeted(&mut self, purpose: Purpose, cause: LinkError) {
        match purpose {
            // Who asks whether somebody listens here connects and says nothing.
            Purpose::Accepted if cause == (LinkError::NoHello { came: 0 }) => {}
            Purpose::Accepted => self.events.push(Event::TurnedAway { cause }),
            Purpose::Ticket(ticket) => {
                self.dialled.retain(|(other, ..)| *other != ticket);
                self.events.push(Event::NotMet { ticket, cause });
            }
            Purpose::Peer(index) => {
                // It may have connected to us meanwhile.
                let peer = &mut self.peers[index];
                peer.way = Way::None;
                if peer.links.is_empty() {
                    self.give_up(index, cause);
                } else {
                    self.mark_dirty(index);
                }
            }
        }
    }

    fn opened(&mut self, place: usize, link: Link, purpose: Purpose, ahead: usize) {
        let hello = *link.peer();
        let index = self.peer_of(hello.node);
        let ticket = if let Purpose::Ticket(ticket) = purpose { Some(ticket) } else { None };
        let new = self.peers[index].links.is_empty();
        let used = self.turn;
        self.places[place] =
            Place::Link(Open { link, peer: index, hot: true, to_end: true, wants_to_write: false, used });
        // The first frames may have come with the greeting.
        self.hot.push_back(place);
        let peer = &mut self.peers[index];
        peer.links.push(place);
        match peer.way {
            Way::Dialling(dialled) if dialled == place => {
                peer.queue.advance(ahead);
                peer.way = Way::Link(place);
            }
            Way::None | Way::Later(_) => peer.way = Way::Link(place),
            Way::Dialling(_) | Way::Link(_) | Way::Leaving(_) => {}
        }
        if let Some(position) = self.dialled.iter().position(|(other, ..)| Some(*other) == ticket) {
            peer.path = Some(self.dialled.swap_remove(position).1);
        }
        if new || ticket.is_some() {
            self.events.push(Event::Met { hello, ticket });
        }
        self.mark_dirty(index);
    }

    /// A link has ended: by agreement, or with an error.
    pub(super) fn lost(&mut self, place: usize, cause: LinkError) {
        let Some(Place::Link(open)) = self.places.get(place) else { return };
        let (index, agreed) = (open.peer, open.link.said_goodbye() && open.link.heard_goodbye());
        self.close_link(place);
        let peer = &mut self.peers[index];
        let was_way = matches!(peer.way, Way::Link(way) | Way::Leaving(way) if way == place);
        if was_way {
            (peer.way, peer.blocked) = (Way::None, false);
        }
        if agreed && matches!(cause, LinkError::Closed | LinkError::Reset) {
            if !peer.queue.is_empty() {
                self.mark_dirty(index);
            } else {
                if peer.links.is_empty() {
                    self.events.push(Event::Parted { node: peer.node });
                }
                self.forget_if_unknown(index);
            }
        } else if matches!(cause, LinkError::Closed | LinkError::Reset | LinkError::Cut { .. }) {
            // As long as there is another link the peer lives; what this one was to carry is lost with it all the same.
            if was_way || peer.links.is_empty() && peer.way == Way::None {
                self.give_up(index, cause);
            }
        } else {
            self.drop_links(index, &cause);
        }
    }

    /// Closes all links with a peer, because what comes from it makes no sense or because the caller wants it.
    pub(super) fn drop_links(&mut self, index: usize, cause: &LinkError) {
        for place in self.peers[index].links.clone() {
            self.close_link(place);
        }
        let peer = &mut self.peers[index];
        if let Way::Dialling(place) = peer.way {
            self.greetings.retain(|other| *other != place);
            self.places.try_remove(place);
        }
        (peer.way, peer.blocked) = (Way::None, false);
        self.give_up(index, cause.clone());
    }

    /// Closes the socket, and nothing else.
    fn close_link(&mut self, place: usize) {
        if let Some(Place::Link(open)) = self.places.try_remove(place) {
            self.peers[open.peer].links.retain(|other| *other != place);
            // A descriptor is free again.
            self.no_accept_until = None;
        }
    }

    /// What waits for a peer can not be written.
    fn give_up(&mut self, index: usize, cause: LinkError) {
        let peer = &mut self.peers[index];
        (peer.way, peer.blocked) = (Way::None, false);
        let unsent = peer.queue.take_unsent();
        self.events.push(Event::Gone { node: peer.node, cause, unsent });
        self.forget_if_unknown(index);
    }

    /// A peer that is not connected, and of which nobody said where it listens, is as one that was never known.
    pub(super) fn forget_if_unknown(&mut self, index: usize) {
        let peer = &self.peers[index];
        let idle = peer.path.is_none() && peer.links.is_empty() && peer.way == Way::None && peer.queue.is_empty();
        if idle {
            self.by_node.remove(&peer.node);
            self.dirty.retain(|other| *other != index);
            self.retrying.retain(|other| *other != index);
            self.peers.remove(index);
        }
    }

    /// Says goodbye on the link that was idle for longest, if there is one, and so has its descriptor free soon.
    fn shed(&mut self) {
        let idle = self.places.iter().filter_map(|(place, it)| match it {
            Place::Link(open) if !open.link.said_goodbye() && !open.link.is_receiving() && !open.hot => {
                let peer = &self.peers[open.peer];
                // Who could not be called again is not hung up on.
                (peer.path.is_some() && peer.queue.is_empty()).then_some((open.used, place))
            }
            _ => None,
        });
        if let Some((_, place)) = idle.min() {
            self.leave(place);
        }
    }

    /// Says goodbye on a link, unless there is something to write on it still. Says whether it is said.
    pub(super) fn leave(&mut self, place: usize) -> bool {
        let Some(Place::Link(open)) = self.places.get_mut(place) else { return true };
        let peer = &mut self.peers[open.peer];
        if peer.way == Way::Link(place) && !peer.queue.is_empty() {
            return false;
        }
        match open.link.say_goodbye() {
            Ok(said) => {
                if said && peer.way == Way::Link(place) {
                    peer.way = Way::Leaving(place);
                }
                said
            }
            // Whatever it is, reading will find it too.
            Err(_) => {
                self.heat(place);
                true
            }
        }
    }

    /// Takes no more connections. The name of the socket is gone too. Links stay.
    pub fn stop_listening(&mut self) {
        if let Some(mut listening) = self.listening.take() {
            // It is closed in a moment, and with that not registered any more.
            let _ = self.poll.registry().deregister(&mut listening.socket);
        }
        self.may_accept = false;
    }
}
