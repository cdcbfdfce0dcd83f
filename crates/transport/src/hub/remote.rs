//! Sending from other threads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use roscius_protocol::address::NodeId;
use roscius_protocol::frame::{self, Frame, Header, Payload};

use super::{Event, Hub, HubOptions, SendError};

#[derive(Debug)]
pub(super) struct Posts {
    waiting: Mutex<Waiting>,
    waker: mio::Waker,
    bounds: (usize, usize),
    limit: u64,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: Vec<(NodeId, Frame)>,
    bytes: usize,
    closed: bool,
}

impl Posts {
    pub fn new(waker: mio::Waker, options: &HubOptions) -> Self {
        Self { waiting: Mutex::default(), waker, bounds: options.remote_bounds, limit: options.limit }
    }

    pub fn close(&self) {
        self.lock().closed = true;
    }

    /// Nothing that can panic is done under the lock.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends through a hub from any thread.
#[derive(Clone, Debug)]
pub struct Remote {
    posts: Arc<Posts>,
}

impl Remote {
    pub(super) fn new(posts: &Arc<Posts>) -> Self {
        Self { posts: Arc::clone(posts) }
    }

    /// Hands a message to the hub and wakes it. If the hub can not take it, [`Event::Unsent`] gives it back there.
    ///
    /// # Errors
    ///
    /// [`SendError`] if it can not be handed over: there is no frame for it, the hub is gone, or it has not looked at
    /// too many already.
    pub fn send(&self, node: NodeId, header: &Header, payload: &Payload<'_>) -> Result<(), SendError> {
        if payload.kind().is_of_links() {
            return Err(SendError::OfLinks);
        }
        let mut bytes = Vec::new();
        frame::encode(header, payload, self.posts.limit, &mut bytes)?;
        let frame = Frame::new(Bytes::from(bytes), self.posts.limit)?;
        let first = {
            let mut waiting = self.posts.lock();
            if waiting.closed {
                return Err(SendError::NoHub);
            }
            let (frames, bytes) = (waiting.frames.len(), waiting.bytes);
            if frames >= self.posts.bounds.0 || bytes >= self.posts.bounds.1 {
                return Err(SendError::Full { node, frames, bytes });
            }
            waiting.bytes += frame.as_bytes().len();
            waiting.frames.push((node, frame));
            frames == 0
        };
        if first {
            self.wake();
        }
        Ok(())
    }

    /// Makes the [`Hub::poll`] that waits now, or the next one, return.
    pub fn wake(&self) {
        // The counter behind it can only be full, and then the hub is as good as woken.
        let _ = self.posts.waker.wake();
    }
}

impl Hub {
    /// Queues what other threads have handed over.
    pub(super) fn take_posts(&mut self) {
        let frames = {
            let mut waiting = self.posts.lock();
            waiting.bytes = 0;
            std::mem::take(&mut waiting.frames)
        };
        for (node, frame) in frames {
            if let Err(cause) = self.forward(node, &frame) {
                self.events.push(Event::Unsent { node, frame, cause });
            }
        }
    }
}
