//! One turn: see what is ready, read what came, write what waits.

use std::io;
use std::time::{Duration, Instant};

use mio::Events;

use super::connections::Place;
use super::{Cause, Event, Links, WAKER};
use crate::flow::{Read, Written};
use crate::lodging::Ready;

impl Links {
    /// Does what there is to do, never blocks, and adds what happened to `events`.
    ///
    /// # Errors
    ///
    /// An error of the operating system that says that these links can not go on.
    pub fn turn(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        // Where the sockets are with a hub there is seldom anything to be found out here.
        if std::mem::take(&mut self.is_rung) || !self.lodging.is_with_hub() {
            self.look_around()?;
        }
        for place in std::mem::take(&mut self.unfinished) {
            self.leave(place);
        }
        let now = Instant::now();
        if self.may_accept(now) {
            self.no_accept_until = None;
            self.accept(now);
        }
        self.read_hot();
        self.keep_time(now);
        self.flush();
        events.append(&mut self.events);
        Ok(())
    }

    fn look_around(&mut self) -> io::Result<()> {
        let mut ready = std::mem::replace(&mut self.ready, Events::with_capacity(0));
        let polled = self.poll.poll(&mut ready, Some(Duration::ZERO));
        if polled.is_ok() {
            for event in &ready {
                if event.token() == WAKER {
                    for (dial, found) in self.resolver.take() {
                        self.resolved(dial, found);
                    }
                } else {
                    self.note(Ready::of(event));
                }
            }
        }
        self.ready = ready;
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    /// After how long there is something to do at the latest, even if the descriptor is not readable. None: never.
    pub fn pause(&self) -> Option<Duration> {
        let now = Instant::now();
        let at_once = !self.events.is_empty()
            || !self.hot.is_empty()
            || !self.dirty.is_empty()
            || !self.unfinished.is_empty()
            || self.may_accept(now);
        if at_once {
            return Some(Duration::ZERO);
        }
        let accept = self.no_accept_until.filter(|_| !self.to_accept.is_empty());
        let next = accept.into_iter().chain(self.next_end()).min()?;
        Some(next.saturating_duration_since(now))
    }

    /// Writes what the sockets take, as a [turn](Links::turn) does.
    pub fn flush(&mut self) {
        for place in std::mem::take(&mut self.dirty) {
            self.write_link(place);
        }
    }

    fn may_accept(&self, now: Instant) -> bool {
        !self.to_accept.is_empty() && self.no_accept_until.is_none_or(|until| until <= now)
    }

    /// The [descriptor](Links::descriptor) is readable. To be said only where the sockets lodge with a hub.
    pub const fn ring(&mut self) {
        self.is_rung = true;
    }

    /// A [hub](Links::lodge) has found out something about a socket.
    pub fn note(&mut self, ready: Ready) {
        let Ready { place, is_readable, is_writable, may_end } = ready;
        match self.places.get_mut(place) {
            Some(Place::Listener(_)) => {
                if !self.to_accept.contains(&place) {
                    self.to_accept.push(place);
                }
            }
            Some(Place::Greeting(_)) => self.advance(place),
            Some(Place::Link(_)) => {
                if is_writable {
                    self.mark_dirty(place);
                }
                if is_readable {
                    self.heat(place, may_end);
                }
            }
            Some(Place::Leaving { .. }) => self.leave(place),
            // It went in this very turn.
            Some(Place::Changing) | None => {}
        }
    }

    /// There is something to read, perhaps.
    pub(super) fn heat(&mut self, place: usize, to_end: bool) {
        if let Some(Place::Link(open)) = self.places.get_mut(place) {
            open.to_end |= to_end;
            if !std::mem::replace(&mut open.hot, true) {
                self.hot.push_back(place);
            }
        }
    }

    pub(super) fn mark_dirty(&mut self, place: usize) {
        if let Some(Place::Link(open)) = self.places.get_mut(place)
            && !std::mem::replace(&mut open.dirty, true)
        {
            self.dirty.push(place);
        }
    }

    /// Reads a share from each link that has something.
    fn read_hot(&mut self) {
        for _ in 0..self.hot.len() {
            let Some(place) = self.hot.pop_front() else { return };
            self.read_link(place);
        }
    }

    fn read_link(&mut self, place: usize) {
        let share = self.rules.limits.share;
        let Some(Place::Link(open)) = self.places.get_mut(place) else { return };
        open.hot = false;
        if open.paused {
            // When reading goes on it begins with this.
            return;
        }
        let (records, read) = open.link.read(&mut self.usual, &mut self.scratch, share, open.to_end);
        let system = open.system;
        if let Some(records) = records {
            self.events.push(Event::Records { system, records });
        }
        match (read, open.broken.take()) {
            (Ok(Read::More), broken) => {
                open.broken = broken;
                open.hot = true;
                self.hot.push_back(place);
            }
            (Ok(Read::Drained), None) => {
                open.to_end = false;
                // TLS may have an answer to what came.
                self.mark_dirty(place);
            }
            (Ok(Read::Drained), Some(cause)) => self.lost(place, cause),
            (Ok(Read::Ended), broken) => self.lost(place, broken.unwrap_or(Cause::Closed)),
            (Err(cause), _) => self.lost(place, cause),
        }
    }

    fn write_link(&mut self, place: usize) {
        let Some(Place::Link(open)) = self.places.get_mut(place) else { return };
        open.dirty = false;
        if open.broken.is_some() {
            return;
        }
        match open.link.write() {
            // The socket says when it takes more.
            Ok(Written::All | Written::Blocked) => {}
            Ok(Written::Part) => {
                open.dirty = true;
                self.dirty.push(place);
            }
            Err(cause) if open.paused => return self.lost(place, cause),
            Err(cause) => {
                // What it said before may still be read.
                open.broken = Some(cause);
                self.heat(place, true);
                return;
            }
        }
        if open.link.outgoing().has_room_again() {
            self.events.push(Event::Room { system: open.system });
        }
    }
}
