//! What a hub knows of one peer.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use roscius_protocol::address::NodeId;

use crate::queue::{Bounds, SendQueue};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Peer {
    pub node: NodeId,
    pub path: Option<PathBuf>,
    pub queue: SendQueue,
    pub way: Way,
    /// All open links with it: one, or two if both sides connected at the same time. Only one of them is the way.
    pub links: Vec<usize>,
    /// In the list of peers with something to write.
    pub dirty: bool,
    /// The socket took no more. It tells when it does.
    pub blocked: bool,
    /// Nothing is read from it for now.
    pub unread: bool,
}

/// How frames go to a peer. As long as one way lasts all frames take it, so they stay in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By no link yet.
    None,
    /// By the link that this place is to become.
    Dialling(usize),
    /// By a link that is tried again later.
    Later(Pause),
    /// By this link.
    Link(usize),
    /// By none until this link, on which both sides say goodbye, is closed.
    Leaving(usize),
}

/// A pause before the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pause {
    pub until: Instant,
    length: Duration,
    /// When it was tried first.
    pub since: Instant,
}

impl Pause {
    /// The pause after `before`, if there was one.
    pub fn after(before: Option<Self>, now: Instant) -> Self {
        let length = before.map_or(FIRST_PAUSE, |pause| (pause.length * 2).min(LONGEST_PAUSE));
        Self { until: now + length, length, since: before.map_or(now, |pause| pause.since) }
    }
}

impl Peer {
    pub fn new(node: NodeId, bounds: Bounds) -> Self {
        let queue = SendQueue::new(bounds);
        Self { node, path: None, queue, way: Way::None, links: Vec::new(), dirty: false, blocked: false, unread: false }
    }
}
