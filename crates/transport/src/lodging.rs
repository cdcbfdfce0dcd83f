//! Sockets of others that a [`Hub`](crate::Hub) waits for beside its own.
//!
//! A descriptor of another readiness loop can be [watched](crate::Hub::watch), but then each thing that comes is found out twice, by two loops, and
//! the watch has to be set anew. Sockets that are busy are registered with the hub's own loop.

use std::io;

use mio::event::{Event, Source};
use mio::{Interest, Token};

/// The tokens of lodgers have this bit, those of the hub's own sockets do not.
pub(crate) const LODGER: usize = 1 << (usize::BITS - 2);

/// Where to register sockets that a hub is to wait for: [`Hub::lodging`](crate::Hub::lodging). What is found out about them is to be fetched
/// there, after each [`Hub::poll`](crate::Hub::poll), with [`Hub::take_ready`](crate::Hub::take_ready).
#[derive(Debug)]
pub struct Lodging {
    registry: mio::Registry,
    /// What is added to the number of a place.
    token: usize,
}

impl Lodging {
    /// With the loop of a hub.
    pub(crate) const fn with_hub(registry: mio::Registry) -> Self {
        Self { registry, token: LODGER }
    }

    /// With a loop of one's own.
    #[cfg(feature = "network")]
    pub(crate) const fn at_home(registry: mio::Registry) -> Self {
        Self { registry, token: 0 }
    }

    /// Whether it is a hub's.
    #[cfg(feature = "network")]
    pub(crate) const fn is_with_hub(&self) -> bool {
        self.token == LODGER
    }

    /// Has a socket waited for.
    #[cfg_attr(not(feature = "network"), expect(dead_code, reason = "only links between systems lodge"))]
    pub(crate) fn register(&self, socket: &mut impl Source, place: usize, interest: Interest) -> io::Result<()> {
        self.registry.register(socket, Token(self.token | place), interest)
    }
}

/// What was found out about a socket.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// The place that it was registered for.
    pub(crate) place: usize,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
    /// The end may have come, or an error.
    pub(crate) may_end: bool,
}

impl Ready {
    pub(crate) fn of(event: &Event) -> Self {
        let may_end = event.is_read_closed() || event.is_error();
        Self {
            place: event.token().0 & !LODGER,
            is_readable: event.is_readable() || may_end,
            is_writable: event.is_writable(),
            may_end,
        }
    }
}
