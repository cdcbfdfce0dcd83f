//! One turn: take in the news, and send what waits.

use std::io;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;

use super::peers::Peer;
use super::server::{Command, News};
use super::{Links, PIECE};
use crate::datagram::BEFORE_DATA;
use crate::network::{Cause, Event};

/// How much news is taken in before it is the turn of others.
const NEWS_A_TURN: usize = 256;
/// What is left of a message of the longest kind for the head.
const ASIDE: usize = 2 * BEFORE_DATA;

impl Links {
    /// Does what there is to do, never blocks, and adds what happened to `events`.
    ///
    /// # Errors
    ///
    /// An error of the operating system that says that these links can not go on.
    pub fn turn(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        if let Err(error) = self.poll.poll(&mut self.ready, Some(Duration::ZERO))
            && error.kind() != io::ErrorKind::Interrupted
        {
            return Err(error);
        }
        self.server.bell.look();
        self.has_more = true;
        for _ in 0..NEWS_A_TURN {
            match self.server.news.try_recv() {
                Ok(news) => self.hear(news),
                Err(_) => {
                    self.has_more = false;
                    break;
                }
            }
        }
        let now = Instant::now();
        self.keep_time(now);
        if self.leaves_until.is_some_and(|until| until <= now) {
            self.leaving = 0;
            self.leaves_until = None;
        }
        self.flush();
        events.append(&mut self.events);
        Ok(())
    }

    /// After how long there is something to do at the latest, even if the descriptor is not readable. None: never.
    pub fn pause(&self) -> Option<Duration> {
        if self.has_more || !self.events.is_empty() || !self.dirty.is_empty() && self.waiting.is_empty() {
            return Some(Duration::ZERO);
        }
        let greetings = self.peers.values().filter_map(|peer| match peer {
            Peer::Greeting(greeting) => Some(greeting.next_hello.min(greeting.until)),
            Peer::Open(_) => None,
        });
        let next = greetings.chain(self.leaves_until).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Hands over what the thread takes, as a [turn](Links::turn) does.
    pub fn flush(&mut self) {
        while let Some(command) = self.waiting.pop_front() {
            if let Err(error) = self.server.commands.try_send(command) {
                match error {
                    TrySendError::Full(command) => self.waiting.push_front(command),
                    TrySendError::Closed(_) => self.waiting.clear(),
                }
                return;
            }
        }
        for system in std::mem::take(&mut self.dirty) {
            self.send_stream(system, false);
        }
    }

    /// Sends what waits for a system: as much as the thread takes, or all that the other side has room for.
    pub(super) fn send_stream(&mut self, system: u32, all: bool) {
        loop {
            if !all && !self.waiting.is_empty() {
                // The thread says when it takes more.
                return self.keep_dirty(system);
            }
            let piece = self.piece;
            let Some(Peer::Open(open)) = self.peers.get_mut(&system) else { return };
            let Some(datagram) = open.stream.next(piece) else {
                open.is_dirty = false;
                if open.stream.has_room_again() {
                    self.events.push(Event::Room { system });
                }
                return;
            };
            self.command(Command::Publish { to: system, datagram });
        }
    }

    fn keep_dirty(&mut self, system: u32) {
        if !self.dirty.contains(&system) {
            self.dirty.push(system);
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Up { longest } => {
                self.piece = PIECE.min(longest.saturating_sub(ASIDE)).max(1);
                self.is_up = true;
                self.events.push(Event::Server { is_up: true, what: "connected".into() });
            }
            News::Down { why } => self.without_server(&why),
            News::Came { from, datagram } if self.is_up => self.came(&from, &datagram),
            News::Came { .. } => {}
            News::Gone { system } => self.lost(system, Cause::Away),
            News::Leaders(leaders) => {
                let places = leaders.into_iter().map(super::place).collect();
                self.events.push(Event::Leaders(places));
            }
            News::Trouble(what) => self.events.push(Event::Trouble { what }),
            News::Done => {
                self.leaving = self.leaving.saturating_sub(1);
                if self.leaving == 0 {
                    self.leaves_until = None;
                }
            }
        }
    }

    /// What was on its way may have arrived or not, and what others know is not known.
    fn without_server(&mut self, why: &str) {
        self.is_up = false;
        self.waiting.clear();
        self.dirty.clear();
        self.leaving = 0;
        self.leaves_until = None;
        for system in self.peers.keys().copied().collect::<Vec<_>>() {
            self.lost(system, Cause::NoServer { why: why.to_owned() });
        }
        self.events.push(Event::Server { is_up: false, what: why.to_owned() });
    }
}
