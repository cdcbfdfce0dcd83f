//! Links between systems: records over TCP, with mutual TLS 1.3 or, where allowed, without.
//!
//! There is one link a pair of systems, whoever dialled. It carries *records*, bytes that mean nothing here, in order and each
//! once. What is lost when a link breaks is unknown here, and is the business of the layer above.
//!
//! [`Links`] starts no thread (but see [`Links::dial`]), never blocks, and is driven by whoever waits for its
//! [descriptor](Links::descriptor).

mod error;
mod introduction;
mod security;

pub use error::{Cause, SendError};
pub use introduction::{Introduction, IntroductionError, LONGEST_NAME, PayloadKinds, VERSION};
pub use security::{Security, TlsConfig};

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::RawFd;
use std::time::Duration;

use bytes::{Buf, Bytes};

use crate::queue::{Bounds, Room};

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
pub struct DialId(u64);

/// What has happened.
#[derive(Debug)]
pub enum Event {
    /// There is a link with a system. If there was one, an [`Event::Down`] came before.
    Up {
        /// Who it is.
        peer: Introduction,
        /// The kinds of payload that both sides send and take. Anything else is not to be looked into.
        payloads: PayloadKinds,
        /// The call that is answered by this, if there was one.
        dialled: Option<DialId>,
        /// The address at the other end.
        from: SocketAddr,
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
        from: SocketAddr,
        /// Why.
        cause: Cause,
    },
}

/// Records that came together, one after the other in one piece of memory. Each that is taken as [`Bytes`] keeps that piece.
#[derive(Clone, Debug)]
pub struct Records {
    /// Whole records, each after its length.
    block: Bytes,
    left: usize,
}

impl Iterator for Records {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let length = self.block.get_u32_le() as usize;
        Some(self.block.split_to(length))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Records {}

/// See the [module](self).
#[derive(Debug)]
pub struct Links {}

impl Links {
    /// No link yet, and nobody who listens.
    ///
    /// # Errors
    ///
    /// An error of the operating system, if it has no descriptors left, say; or [`io::ErrorKind::InvalidInput`] if the introduction
    /// is not one that others would take.
    pub fn new(_options: LinksOptions) -> io::Result<Self> {
        todo!()
    }

    /// Takes connections on a socket, beside those that it listens on already.
    ///
    /// # Errors
    ///
    /// An error of the operating system.
    pub fn listen(&mut self, _listener: TcpListener) -> io::Result<()> {
        todo!()
    }

    /// Takes no more connections. Links stay.
    pub fn stop_listening(&mut self) {
        todo!()
    }

    /// Where it listens.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        std::iter::empty()
    }

    /// Connects to the system at `host:port`; IPv6 is `[address]:port`. If the host has several addresses, they are tried in turn.
    /// [`Event::Up`] or [`Event::NotUp`] answers, once.
    pub fn dial(&mut self, _host_port: &str) -> DialId {
        todo!()
    }

    /// Queues one record for a system: `head`, and after it `body`. They leave in the next [`Links::turn`], or [`Links::flush`].
    ///
    /// # Errors
    ///
    /// [`SendError`] if it was not queued.
    pub fn send(&mut self, _system: u32, _head: &[u8], _body: Bytes) -> Result<Room, SendError> {
        todo!()
    }

    /// How many records wait for a system to be written, and how many bytes.
    pub fn waiting(&self, _system: u32) -> (usize, usize) {
        todo!()
    }

    /// Reads nothing from a system until [`Links::resume_reading`], so that it gets rid of nothing more in the end.
    pub fn pause_reading(&mut self, _system: u32) {
        todo!()
    }

    /// Reads again.
    pub fn resume_reading(&mut self, _system: u32) {
        todo!()
    }

    /// Closes the link with a system, after what is queued has been written. [`Event::Down`] comes in the next turn; nothing that
    /// comes from it meanwhile is reported.
    pub fn close(&mut self, _system: u32) {
        todo!()
    }

    /// The systems that there is a link with.
    pub fn linked(&self) -> impl Iterator<Item = u32> {
        std::iter::empty()
    }

    /// Whether a closed link still has something to write: whoever ends the process gives these some turns first.
    pub fn is_closing(&self) -> bool {
        todo!()
    }

    /// New connections are made and taken so from now on. Links with who has been refused since are closed; others stay.
    pub fn set_security(&mut self, _security: Security) {
        todo!()
    }

    /// What becomes readable when there is something to do.
    pub fn descriptor(&self) -> RawFd {
        todo!()
    }

    /// After how long there is something to do at the latest, even if the descriptor is not readable. None: never.
    pub fn pause(&self) -> Option<Duration> {
        todo!()
    }

    /// Writes what the sockets take, as a [turn](Links::turn) does.
    pub fn flush(&mut self) {
        todo!()
    }

    /// Does what there is to do, never blocks, and adds what happened to `events`.
    ///
    /// # Errors
    ///
    /// An error of the operating system that says that these links can not go on.
    pub fn turn(&mut self, _events: &mut Vec<Event>) -> io::Result<()> {
        todo!()
    }
}
