//! Framed links between the processes of one host, and between systems.
//!
//! Every process of a system listens on a unix socket of its own, in a directory that only its user can enter
//! ([`socket_dir`]). Processes connect to each other directly, when there is first something to send, and keep the
//! [`link`]. One [`hub`] a process drives all its links on the thread that calls it: it starts no thread, never waits for a slow
//! peer, and is at rest when there is nothing to do.
//!
//! | module | what it is |
//! |---|---|
//! | [`socket_dir`] | where the sockets of a system are, and who may be there |
//! | [`queue`] | what waits to be written, and how much of it may |
//! | `memory` | memory that two processes share, for small frames on a busy link |
//! | [`link`] | one connection: who is at the other end, frames in, frames out |
//! | [`hub`] | all connections of a process, watched descriptors and processes |
//! | `lodging` | sockets of others that a hub waits for beside its own |
//! | `between` | links between systems, of either kind that follows (feature `network`) |
//! | `network` | links between systems, over TCP with mutual TLS (feature `network`) |
//! | `datagram` | numbered streams over the messages of a server (feature `network`) |
//! | `nats` | links between systems, over a NATS server (feature `nats`) |
//!
//! # What is certain
//!
//! Frames from one process to another arrive in the order they were sent, at most once. When a link breaks, the frames that
//! were not wholly written come back ([`hub::Event::Gone`]): the peer has certainly not got them. A frame that was
//! written to a peer that then died may or may not have been read; this layer does not know. A link that is
//! closed on purpose loses nothing: both sides say that they are done before either closes.

#![cfg(unix)]

mod allocator;
#[cfg(feature = "network")]
pub mod between;
#[cfg(feature = "network")]
pub mod datagram;
mod flow;
pub mod hub;
pub mod link;
mod lodging;
mod memory;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "network")]
pub mod network;
pub mod queue;
pub mod socket_dir;

pub use hub::{Event, Hub, HubOptions, Remote, SendError};
pub use link::LinkError;
pub use lodging::{Lodging, Ready};
pub use queue::{Bounds, Room};
pub use socket_dir::{Found, Listening, Neighbour, SocketDir, SocketDirError};
