//! One turn: write what waits, wait, read what came.

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Token};
use roscius_protocol::address::NodeId;

use super::peer::Way;
use super::{Event, Hub, LISTENER, Place, Purpose, WAKER};
use crate::link::{LinkError, Read, Written};
use crate::lodging::{LODGER, Ready};

/// How long the others may take to answer a goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_millis(300);

impl Hub {
    /// Writes what waits, waits until something happens or `timeout` is over, and adds what happened to `events`.
    ///
    /// It may come back earlier and with nothing: after a signal, [`Remote::wake`](super::Remote::wake), or work of its
    /// own. `None` waits for as long as it takes. Timeouts are in whole milliseconds, rounded up.
    ///
    /// # Errors
    ///
    /// An error of the operating system that says that this hub can not go on.
    pub fn poll(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        self.turn += 1;
        self.take_posts();
        self.flush();
        let wait = self.wait(timeout);
        let mut ready = std::mem::replace(&mut self.ready, Events::with_capacity(0));
        let polled = self.poll.poll(&mut ready, wait);
        if polled.is_ok() {
            for event in &ready {
                self.dispatch(event);
            }
        }
        self.ready = ready;
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        if self.may_accept {
            // There were too many, or no descriptors.
            self.take_connections(Instant::now());
        }
        self.read_hot();
        if self.may_accept || !self.greetings.is_empty() || !self.retrying.is_empty() {
            self.keep_time(Instant::now());
        }
        self.take_posts();
        self.flush();
        events.append(&mut self.events);
        Ok(())
    }

    /// Writes what waits, as far as the sockets take it.
    pub fn flush(&mut self) {
        if self.dirty.is_empty() {
            return;
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        let first = self.options.first.and_then(|node| self.by_node.get(&node));
        if let Some(position) = dirty.iter().position(|index| Some(index) == first) {
            dirty[..=position].rotate_right(1);
        }
        for index in dirty.drain(..) {
            if let Some(peer) = self.peers.get_mut(index) {
                peer.dirty = false;
                self.write_peer(index);
            }
        }
        // Those that have more to write.
        dirty.append(&mut self.dirty);
        self.dirty = dirty;
    }

    /// Ends the hub in good order: takes no more connections, writes what waits, and says goodbye to every peer, so that
    /// nothing that was sent to this process is lost without a notice. Comes back when all have answered or `within` is
    /// over. Once all is written, who is too busy to answer is not waited for.
    ///
    /// What happens meanwhile is given to `attend`, which may still send to the node `last`: its goodbye comes last.
    pub fn close(mut self, within: Duration, last: Option<NodeId>, mut attend: impl FnMut(&mut Self, Event)) {
        let mut until = Instant::now() + within;
        let mut in_hand = true;
        let mut events = Vec::new();
        self.stop_listening();
        loop {
            // A goodbye is said after what waits. Written only when the hub is polled, it would leave the goodbye for the
            // turn after the wait.
            self.take_posts();
            self.flush();
            let others = self.peers.iter().any(|(_, peer)| Some(peer.node) != last && !peer.links.is_empty());
            let over = Instant::now() >= until;
            let links: Vec<usize> = self.links_to_leave(last.filter(|_| others && !over));
            for place in links {
                self.leave(place);
            }
            let waits = self.peers.iter().any(|(_, peer)| !peer.links.is_empty() || !peer.queue.is_empty());
            if in_hand && self.peers.iter().all(|(_, peer)| self.is_peer_delivered(peer)) {
                // What is left to wait for is the answer to a goodbye, and who is busy does not give it.
                in_hand = false;
                until = until.min(Instant::now() + GOODBYE_WITHIN);
            }
            let left = until.saturating_duration_since(Instant::now());
            if !waits || left.is_zero() || self.poll(Some(left), &mut events).is_err() {
                break;
            }
            for event in events.drain(..) {
                attend(&mut self, event);
            }
        }
        self.flush();
        let waiting: Vec<usize> =
            self.peers.iter().filter(|(_, peer)| !peer.queue.is_empty()).map(|(index, _)| index).collect();
        for index in waiting {
            self.drop_links(index, &LinkError::Dropped);
        }
        events.append(&mut self.events);
        for event in events {
            attend(&mut self, event);
        }
    }

    /// The links on which no goodbye was said, without those to a node that is to be left later.
    fn links_to_leave(&self, later: Option<NodeId>) -> Vec<usize> {
        let open = |(place, it): (usize, &Place)| match it {
            Place::Link(open) if !open.link.said_goodbye() && Some(open.link.peer().node) != later => Some(place),
            _ => None,
        };
        self.places.iter().filter_map(open).collect()
    }

    fn dispatch(&mut self, event: &mio::event::Event) {
        match event.token() {
            // Here, not later: what a new connection brings is read in the order in which it came, between what the links bring. So
            // the last words of an actor to its parent, whom it had nothing to say before, are not overtaken by what was sent later.
            LISTENER => {
                self.may_accept = true;
                self.take_connections(Instant::now());
            }
            WAKER => {}
            Token(place) if place & LODGER != 0 => self.lodgers.push(Ready::of(event)),
            Token(place) => match self.places.get_mut(place) {
                // An event of a place that was left earlier in this turn.
                None => {}
                Some(Place::Greeting { .. }) => self.advance_greeting(place),
                Some(Place::Watch(_)) => self.watched_ready(place),
                Some(Place::Link(open)) => {
                    let peer = open.peer;
                    open.to_end |= event.is_read_closed() || event.is_error();
                    open.link.may_have_more();
                    if event.is_writable() && self.peers[peer].way == Way::Link(place) {
                        self.peers[peer].blocked = false;
                        self.mark_dirty(peer);
                    }
                    if event.is_readable() || event.is_read_closed() || event.is_error() {
                        self.heat(place);
                    }
                }
            },
        }
    }

    /// Reads a share from each link that may have something.
    fn read_hot(&mut self) {
        for _ in 0..self.hot.len() {
            let Some(place) = self.hot.pop_front() else { return };
            let Some(Place::Link(open)) = self.places.get_mut(place) else { continue };
            // A place that was left and taken again may be in the list twice.
            open.hot = false;
            if self.peers[open.peer].unread {
                continue;
            }
            open.used = self.turn;
            let (from, events) = (open.link.peer().node, &mut self.events);
            let heard = open.link.heard_goodbye();
            let read = open.link.read(&mut self.scratch, self.options.share, open.to_end, |frame| {
                events.push(Event::Frame { from, frame });
            });
            open.to_end &= read != Ok(Read::Drained);
            let hears = !heard && open.link.heard_goodbye();
            let (said, index) = (open.link.said_goodbye(), open.peer);
            match read {
                Ok(Read::Ended) => self.lost(place, LinkError::Closed),
                Err(cause) => self.lost(place, cause),
                // The other side has answered our goodbye, and waits for the end.
                Ok(_) if hears && said => self.lost(place, LinkError::Closed),
                Ok(read) => {
                    if hears && self.peers[index].way == Way::Link(place) {
                        self.mark_dirty(index);
                    } else if hears {
                        self.leave(place);
                    }
                    if read == Read::More {
                        self.heat(place);
                    }
                }
            }
        }
    }

    /// Writes what waits for a peer, or sees to it that there will be a link.
    fn write_peer(&mut self, index: usize) {
        let peer = &mut self.peers[index];
        let place = match peer.way {
            Way::Link(place) => place,
            Way::None if !peer.queue.is_empty() => return self.dial_peer(index, Instant::now()),
            Way::Dialling(place) => return self.write_ahead(place, index),
            Way::None | Way::Later(_) | Way::Leaving(_) => return,
        };
        let Some(Place::Link(open)) = self.places.get_mut(place) else { return };
        open.used = self.turn;
        let written = open.link.write(&mut peer.queue);
        if peer.queue.has_room_again() {
            self.events.push(Event::Room { node: peer.node });
        }
        let leaves = open.link.heard_goodbye();
        match written {
            Ok(Written::All) if leaves => {
                if !self.leave(place) {
                    self.wait_to_write(place, true);
                }
            }
            Ok(Written::All) => self.wait_to_write(place, false),
            Ok(Written::Part) => self.mark_dirty(index),
            Ok(Written::Blocked) => self.wait_to_write(place, true),
            Err(cause) => {
                self.read_rest(place);
                self.lost(place, cause);
            }
        }
    }

    /// What a peer sent before it died has come, even if nothing can be written to it any more.
    fn read_rest(&mut self, place: usize) {
        let Some(Place::Link(open)) = self.places.get_mut(place) else { return };
        let (from, events) = (open.link.peer().node, &mut self.events);
        // The peer adds nothing: there is at most what the socket holds. How it ends is known already.
        let _ = open.link.read(&mut self.scratch, usize::MAX, true, |frame| events.push(Event::Frame { from, frame }));
    }

    /// Has a link told when it can be written to, or not. Mostly it can, and to be told each time would wake the process
    /// whenever a peer reads.
    fn wait_to_write(&mut self, place: usize, wait: bool) {
        let Some(Place::Link(open)) = self.places.get_mut(place) else { return };
        self.peers[open.peer].blocked = wait;
        if open.wants_to_write == wait {
            return;
        }
        let interest = if wait { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        match self.poll.registry().reregister(open.link.stream(), Token(place), interest) {
            Ok(()) => open.wants_to_write = wait,
            Err(error) => self.lost(place, LinkError::of("register a connection", &error)),
        }
    }

    fn take_connections(&mut self, now: Instant) {
        if self.no_accept_until.is_none_or(|until| until <= now) {
            self.no_accept_until = None;
            self.accept(now);
        }
    }

    fn keep_time(&mut self, now: Instant) {
        let late = |place: &usize| match self.places.get(*place) {
            Some(Place::Greeting { until, purpose, .. }) if *until <= now => Some((*place, *purpose)),
            _ => None,
        };
        for (place, purpose) in self.greetings.iter().filter_map(late).collect::<Vec<_>>() {
            let within =
                if purpose == Purpose::Accepted { self.options.greet_within } else { self.options.answer_within };
            self.end_greeting(place, LinkError::Slow { within });
        }
        for index in std::mem::take(&mut self.retrying) {
            match self.peers[index].way {
                Way::Later(pause) if pause.until <= now => self.dial_peer(index, now),
                Way::Later(_) => self.retrying.push(index),
                _ => {}
            }
        }
    }

    /// How long to wait: not at all if there is work, not beyond what is due, not longer than the caller wants.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> Option<Duration> {
        let accept_now = self.may_accept && self.no_accept_until.is_none();
        if !self.events.is_empty() || !self.hot.is_empty() || !self.dirty.is_empty() || accept_now {
            return Some(Duration::ZERO);
        }
        let greetings = self.greetings.iter().filter_map(|place| match self.places.get(*place) {
            Some(Place::Greeting { until, .. }) => Some(*until),
            _ => None,
        });
        let retries = self.retrying.iter().filter_map(|index| match self.peers[*index].way {
            Way::Later(pause) => Some(pause.until),
            _ => None,
        });
        let accept = self.no_accept_until.filter(|_| self.may_accept);
        let due = greetings.chain(retries).chain(accept).min();
        let due = due.map(|due| due.saturating_duration_since(Instant::now()));
        timeout.map_or(due, |timeout| Some(due.map_or(timeout, |due| due.min(timeout))))
    }

    pub(super) fn mark_dirty(&mut self, index: usize) {
        let peer = &mut self.peers[index];
        if !peer.dirty {
            peer.dirty = true;
            self.dirty.push(index);
        }
    }

    /// Has a link read in this turn or the next.
    pub(super) fn heat(&mut self, place: usize) {
        if let Some(Place::Link(open)) = self.places.get_mut(place)
            && !open.hot
        {
            open.hot = true;
            self.hot.push_back(place);
        }
    }
}
