//! Why there is no Admin.

use std::io;
use std::net::SocketAddr;

use roscius_protocol::convention::InvalidPlace;
use roscius_transport::SocketDirError;
use roscius_transport::network::TlsError;

use super::spool::SpoolError;

/// Why an Admin could not start, or go on.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is such a system already. Attach to it.
    #[error("`{claim}` belongs to another system or program already: use that system, or choose another port")]
    PortTaken {
        /// The port or name.
        claim: String,
    },
    /// The port could not be bound.
    #[error(
        "could not listen on {address} ({protocol}): {source}; is it an address of this host, and one you may use?"
    )]
    Port {
        /// The address.
        address: SocketAddr,
        /// TCP or UDP.
        protocol: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Other hosts could reach the port, and nothing says who of them may.
    #[error(
        "other hosts can reach {address}, and nothing says who may speak there: give the system a certificate (`roscius cert` makes one), \
         listen on a loopback address, or say `insecure` if everybody may"
    )]
    Exposed {
        /// The address.
        address: SocketAddr,
    },
    /// What others are to know the system by is no place.
    #[error("the system can not be known by that place: {0}")]
    Place(#[from] InvalidPlace),
    /// There is no place for the sockets of the system.
    #[error("no place for the sockets of the system: {0}")]
    Directory(#[source] SocketDirError),
    /// The loop that waits for all that happens could not be made, or broke.
    #[error("the event loop of the Admin failed: {0}; are there descriptors left?")]
    Loop(#[source] io::Error),
    /// The certificate is of no use.
    #[error("no link with other systems can be made: {0}")]
    Certificate(#[from] TlsError),
    /// The address of the NATS server is none.
    #[cfg(feature = "nats")]
    #[error(transparent)]
    NatsAddress(#[from] roscius_transport::nats::InvalidAddress),
    /// Links over NATS can not be made.
    #[cfg(feature = "nats")]
    #[error("links over NATS can not be made: {0}")]
    Nats(#[source] io::Error),
    /// A convention goes over one NATS server or cluster, and over nothing else.
    #[cfg(feature = "nats")]
    #[error(
        "beside a NATS address there is no other: servers of one cluster go into one, as nats://one,two/convention"
    )]
    NatsAndOthers,
    /// The feature `nats` is off.
    #[cfg(not(feature = "nats"))]
    #[error("this build of the actor system has no links over NATS: it was built without the feature `nats`")]
    NoNats,
    /// There is no place for durable messages.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}
