//! What waits for an actor.
//!
//! Two lanes: signals of the system, which are few and always come first, and messages, in the order of arrival.
//! A bound counts messages only, so a full mailbox can still be told to stop.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many messages may wait for an actor, and what happens to one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The most messages that may wait. At least one.
    pub capacity: usize,
    /// What happens to a message that finds the mailbox full.
    pub overflow: Overflow,
}

/// What happens to a message that finds the mailbox full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Overflow {
    /// The sender waits for room, at most this long; after it the message is a dead letter.
    ///
    /// External code is blocked. An actor is not: its message is held for it and it takes no other message
    /// until there was room.
    Wait(std::time::Duration),
    /// The send fails with an error that holds the message.
    Fail,
    /// The new message becomes a dead letter.
    DropNewest,
    /// The message that has waited longest becomes a dead letter.
    DropOldest,
}

impl Overflow {
    /// Wait for room, at most thirty seconds.
    pub const fn wait() -> Self {
        Self::Wait(std::time::Duration::from_secs(30))
    }
}

/// What became of a message offered to a mailbox.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a message that was not taken must be accounted for"]
pub enum Offer<M> {
    /// It waits in the mailbox.
    Taken,
    /// It waits, and the oldest message had to make room: a dead letter.
    Displaced(M),
    /// It is dropped by the policy: a dead letter.
    Dropped(M),
    /// There is no room and the policy asks the sender to fail.
    Refused(M),
    /// There is no room and the policy asks the sender to wait.
    Wait(M),
}

/// Messages `M` and signals `S` that wait for one actor.
#[derive(Debug)]
pub struct Mailbox<M, S> {
    messages: VecDeque<M>,
    signals: VecDeque<S>,
}

impl<M, S> Default for Mailbox<M, S> {
    fn default() -> Self {
        Self { messages: VecDeque::new(), signals: VecDeque::new() }
    }
}

impl<M, S> Mailbox<M, S> {
    /// An empty mailbox. It allocates when something arrives.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message behind all others.
    #[inline]
    pub fn push(&mut self, message: M) {
        self.messages.push_back(message);
    }

    /// Offers a message to a mailbox with a bound.
    pub fn offer(&mut self, message: M, bound: Bound) -> Offer<M> {
        if self.messages.len() < bound.capacity {
            self.messages.push_back(message);
            return Offer::Taken;
        }
        match bound.overflow {
            Overflow::Wait(_) => Offer::Wait(message),
            Overflow::Fail => Offer::Refused(message),
            Overflow::DropNewest => Offer::Dropped(message),
            Overflow::DropOldest => {
                self.messages.push_back(message);
                match self.messages.pop_front() {
                    Some(oldest) => Offer::Displaced(oldest),
                    None => Offer::Taken,
                }
            }
        }
    }

    /// Adds a signal behind all other signals.
    #[inline]
    pub fn signal(&mut self, signal: S) {
        self.signals.push_back(signal);
    }

    /// Takes the next signal.
    #[inline]
    pub fn next_signal(&mut self) -> Option<S> {
        self.signals.pop_front()
    }

    /// The next message, still in its place.
    #[inline]
    pub fn first_message(&mut self) -> Option<&mut M> {
        self.messages.front_mut()
    }

    /// Takes the next message.
    #[inline]
    pub fn next_message(&mut self) -> Option<M> {
        self.messages.pop_front()
    }

    /// Puts messages back in front of all that wait, keeping their order.
    pub fn put_back(&mut self, messages: impl DoubleEndedIterator<Item = M>) {
        for message in messages.rev() {
            self.messages.push_front(message);
        }
    }

    /// Adds all that waits in `later` behind what waits here, and leaves `later` empty.
    pub fn absorb(&mut self, later: &mut Self) {
        self.messages.append(&mut later.messages);
        self.signals.append(&mut later.signals);
    }

    /// Moves all signals and the first `count` messages of `other` to the end of this mailbox.
    pub fn take_from(&mut self, other: &mut Self, count: usize) {
        self.signals.append(&mut other.signals);
        let count = count.min(other.messages.len());
        self.messages.extend(other.messages.drain(..count));
    }

    /// Whether nothing waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.signals.is_empty()
    }

    /// How many messages wait.
    #[inline]
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// How many signals wait.
    #[inline]
    pub fn signals(&self) -> usize {
        self.signals.len()
    }

    /// Takes every message, oldest first.
    pub fn drain_messages(&mut self) -> impl DoubleEndedIterator<Item = M> + '_ {
        self.messages.drain(..)
    }

    /// Gives memory back when more than `slots` messages would fit into it.
    pub fn shrink_above(&mut self, slots: usize) {
        if self.messages.capacity() > slots && self.messages.is_empty() {
            self.messages = VecDeque::new();
        }
        if self.signals.capacity() > slots && self.signals.is_empty() {
            self.signals = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests;
