//! Links between systems, whatever they go over.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use bytes::Bytes;

use crate::lodging::Ready;
#[cfg(feature = "nats")]
use crate::nats;
use crate::network::{self, DialId, Event, Introduction, SendError};
use crate::queue::Room;

/// Links of one kind or the other. Each call is that of [`network::Links`].
#[derive(Debug)]
pub enum Links {
    /// Over connections of their own.
    Tcp(Box<network::Links>),
    /// Over a NATS server.
    #[cfg(feature = "nats")]
    Nats(Box<nats::Links>),
}

/// The same call on whichever it is.
macro_rules! on {
    ($links:expr, $it:ident => $call:expr) => {
        match $links {
            Links::Tcp($it) => $call,
            #[cfg(feature = "nats")]
            Links::Nats($it) => $call,
        }
    };
}

impl Links {
    /// What this side says of itself.
    pub fn me(&self) -> &Introduction {
        on!(self, it => it.me())
    }

    /// Makes a link with the system at a place.
    pub fn dial(&mut self, place: &str) -> DialId {
        on!(self, it => it.dial(place))
    }

    /// Queues one record for a system.
    ///
    /// # Errors
    ///
    /// [`SendError`] if it was not queued.
    pub fn send(&mut self, system: u32, head: &[u8], body: Bytes) -> Result<Room, SendError> {
        on!(self, it => it.send(system, head, body))
    }

    /// Closes the link with a system, after what is queued.
    pub fn close(&mut self, system: u32) {
        on!(self, it => it.close(system));
    }

    /// The systems that there is a link with.
    pub fn linked(&self) -> Vec<u32> {
        on!(self, it => it.linked().collect())
    }

    /// Nobody else is linked with.
    pub fn stop_listening(&mut self) {
        on!(self, it => it.stop_listening());
    }

    /// What a hub has found out about a socket that lodges with it. What goes over a server has none.
    pub fn note(&mut self, ready: Ready) {
        match self {
            Self::Tcp(links) => links.note(ready),
            #[cfg(feature = "nats")]
            Self::Nats(_) => {}
        }
    }

    /// The descriptor is readable.
    pub fn ring(&mut self) {
        match self {
            Self::Tcp(links) => links.ring(),
            #[cfg(feature = "nats")]
            Self::Nats(_) => {}
        }
    }

    /// New connections are made and taken so from now on. A server is what it was.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if the certificate is that of another system or convention. Nothing changes then.
    pub fn set_security(&mut self, security: network::Security) -> io::Result<()> {
        match self {
            Self::Tcp(links) => links.set_security(security),
            #[cfg(feature = "nats")]
            Self::Nats(_) => Ok(()),
        }
    }

    /// This system is not to be found any more, if others find it by a server.
    pub fn leave(&mut self) {
        #[cfg(feature = "nats")]
        if let Self::Nats(links) = self {
            links.leave();
        }
    }

    /// Whether something that was said last is still to leave.
    pub fn is_closing(&self) -> bool {
        on!(self, it => it.is_closing())
    }

    /// What becomes readable when there is something to do.
    pub fn descriptor(&self) -> RawFd {
        on!(self, it => it.descriptor())
    }

    /// After how long there is something to do at the latest, even if the descriptor is not readable. None: never.
    pub fn pause(&self) -> Option<Duration> {
        on!(self, it => it.pause())
    }

    /// Lets what is queued leave.
    pub fn flush(&mut self) {
        on!(self, it => it.flush());
    }

    /// Does what there is to do, never blocks, and adds what happened to `events`.
    ///
    /// # Errors
    ///
    /// An error of the operating system that says that these links can not go on.
    pub fn turn(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        on!(self, it => it.turn(events))
    }
}
