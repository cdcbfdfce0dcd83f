//! Sending to bounded mailboxes, and waiting for room in them.
//!
//! Threads of external code block, and asynchronous handlers wait. A synchronous handler goes on: what it sends to the
//! full mailbox is held for its actor, which takes no other message until there was room for all that is held.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use roscius_protocol::address::Address;
use roscius_protocol::mailbox::{Offer, Overflow};
use roscius_protocol::time::Time;
use roscius_protocol::timers::TimerKey;

use super::core::{Alarm, Offered, State};
use super::envelope::{Envelope, Notice, Parcel};
use super::lock;
use super::place::Waiter;
use super::shared::Shared;
use super::simple::Pumped;
use super::stage::{SendError, Stage};
use crate::ask::AskError;
use crate::dead_letters::Undelivered;

/// Messages of one actor that wait for room in one mailbox, in the order of sending, each with its deadline.
pub(crate) struct Held {
    messages: VecDeque<(Envelope, Time)>,
    limit: Duration,
    /// Comes when the first message has waited too long.
    timer: TimerKey,
}

/// What became of a message offered to a bounded mailbox, as its sender sees it.
pub(crate) enum Offering {
    Taken,
    Full(Envelope),
    Wait(Envelope, Duration),
}

impl Stage {
    /// Whether something is held for this mailbox, which later messages must not overtake.
    pub(crate) fn holds_for(&self, to: Address) -> bool {
        self.extras.as_ref().is_some_and(|extras| extras.held.contains_key(&to))
    }

    /// Sends to a bounded mailbox.
    pub(crate) fn offer(&mut self, to: Address, envelope: Envelope) -> Result<(), SendError> {
        if self.holds_for(to) {
            let now = self.now();
            if let Some(held) = self.extras().held.get_mut(&to) {
                held.messages.push_back((envelope, now.plus(held.limit)));
            }
            return Ok(());
        }
        match self.shared.offer(to, envelope, Waiter::Actor(self.me, to)) {
            Offering::Taken => Ok(()),
            Offering::Full(envelope) => Err(refuse(envelope)),
            Offering::Wait(envelope, limit) => {
                let deadline = self.now().plus(limit);
                self.hold(to, VecDeque::from([(envelope, deadline)]), limit);
                self.attention = true;
                Ok(())
            }
        }
    }

    /// Holds these messages until there is room, or the first of them has waited too long.
    fn hold(&mut self, to: Address, messages: VecDeque<(Envelope, Time)>, limit: Duration) {
        let Some(&(_, deadline)) = messages.front() else { return };
        let timer = self.alarm(deadline, Alarm::Notice(self.me, Notice::Overdue(to)));
        self.extras().held.insert(to, Held { messages, limit, timer });
    }

    fn take_held(&mut self, to: Address) -> Option<Held> {
        let held = self.extras.as_mut()?.held.remove(&to)?;
        self.cancel(held.timer);
        Some(held)
    }

    /// Sends what is held for a mailbox that has room, or is gone.
    pub(crate) fn send_held(&mut self, to: Address) {
        let Some(Held { mut messages, limit, .. }) = self.take_held(to) else { return };
        while let Some((envelope, deadline)) = messages.pop_front() {
            match self.shared.offer(to, envelope, Waiter::Actor(self.me, to)) {
                Offering::Taken => {}
                Offering::Full(envelope) => self.shared.undelivered(to, envelope, Undelivered::MailboxFull),
                Offering::Wait(envelope, _) => {
                    messages.push_front((envelope, deadline));
                    break;
                }
            }
        }
        self.hold(to, messages, limit);
    }

    /// Gives up what has waited too long.
    pub(crate) fn give_up_held(&mut self, to: Address) {
        let Some(Held { mut messages, limit, .. }) = self.take_held(to) else { return };
        let now = self.now();
        while messages.front().is_some_and(|(_, deadline)| *deadline <= now)
            && let Some((envelope, _)) = messages.pop_front()
        {
            self.shared.undelivered(to, envelope, Undelivered::MailboxFull);
        }
        if messages.is_empty() {
            self.shared.stop_waiting(to, &Waiter::Actor(self.me, to));
        }
        self.hold(to, messages, limit);
    }

    /// What was held for an actor that has ended reaches nobody.
    pub(crate) fn lose_held(&mut self, to: Address, held: Held) {
        self.cancel(held.timer);
        for (envelope, _) in held.messages {
            self.shared.undelivered(to, envelope, Undelivered::MailboxFull);
        }
    }
}

impl Shared {
    /// Whether a sender here has to ask for room. A mailbox of another node is not asked: the link to it is bounded itself.
    #[inline]
    pub(crate) fn asks_for_room(&self, to: Address) -> bool {
        to.is_bounded() && to.node() == self.node
    }

    /// Offers a message to a bounded mailbox. `waiter` is told when there is room.
    pub(crate) fn offer(&self, to: Address, envelope: Envelope, waiter: Waiter) -> Offering {
        let Some(core) = self.core_of(to) else {
            // On another node the mailbox is its own master.
            self.post(Parcel::Message(to, envelope));
            return Offering::Taken;
        };
        let mut state = lock(&core.state);
        let offered = state.offer(to, envelope);
        let limit = match &offered {
            Offered::Done(Offer::Wait(_)) => {
                state.wait_for_room(to, waiter);
                state.wait_limit(to)
            }
            _ => Duration::ZERO,
        };
        drop(state);
        core.wake();
        match offered {
            Offered::Done(Offer::Taken) => Offering::Taken,
            Offered::Done(Offer::Refused(envelope)) => Offering::Full(envelope),
            Offered::Done(Offer::Wait(envelope)) => Offering::Wait(envelope, limit),
            Offered::Done(Offer::Displaced(envelope) | Offer::Dropped(envelope)) => {
                self.undelivered(to, envelope, Undelivered::MailboxFull);
                Offering::Taken
            }
            Offered::Absent(envelope) => {
                self.lose(Parcel::Message(to, envelope));
                Offering::Taken
            }
        }
    }

    /// Whoever waited for room in a mailbox does so no more.
    pub(crate) fn stop_waiting(&self, to: Address, waiter: &Waiter) {
        if let Some(core) = self.core_of(to) {
            lock(&core.state).stop_waiting(to, waiter);
        }
    }

    /// Offers a message of external code to a bounded mailbox, and waits for room if that is its policy.
    pub(crate) fn offer_from_outside(self: &Arc<Self>, to: Address, mut envelope: Envelope) -> Result<(), SendError> {
        let Some(core) = self.core_of(to) else {
            self.post(Parcel::Message(to, envelope));
            return Ok(());
        };
        let start = Instant::now();
        loop {
            let mut state = lock(&core.state);
            if self.is_closing() {
                drop(state);
                return Err(shut_down(envelope));
            }
            let offer = match state.offer(to, envelope) {
                Offered::Done(offer) => offer,
                Offered::Absent(envelope) => {
                    drop(state);
                    self.lose(Parcel::Message(to, envelope));
                    return Ok(());
                }
            };
            match offer {
                Offer::Taken => {
                    drop(state);
                    core.wake();
                    return Ok(());
                }
                Offer::Refused(envelope) => {
                    drop(state);
                    return Err(refuse(envelope));
                }
                Offer::Displaced(lost) | Offer::Dropped(lost) => {
                    drop(state);
                    core.wake();
                    self.undelivered(to, lost, Undelivered::MailboxFull);
                    return Ok(());
                }
                Offer::Wait(back) => envelope = back,
            }
            let left = state.wait_limit(to).saturating_sub(start.elapsed());
            if left.is_zero() {
                drop(state);
                return Err(time_out(envelope));
            }
            if self.is_simple() {
                // Nobody else makes room: this thread has to.
                drop(state);
                match self.drive_until(Some(left), || lock(&core.state).has_room(to)) {
                    Pumped::Done => {}
                    Pumped::Quiet => return Err(time_out(envelope)),
                    Pumped::Within => return Err(refuse(envelope)),
                }
            } else {
                state.block(to, true);
                let (mut state, _) = core.room.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
                state.block(to, false);
            }
        }
    }
}

impl State {
    /// Notes that a thread of external code waits for room, or does not any more.
    fn block(&mut self, to: Address, blocked: bool) {
        if let Some(gate) = self.slot(to).and_then(|slot| slot.gate.as_mut()) {
            gate.blocked = if blocked { gate.blocked + 1 } else { gate.blocked.saturating_sub(1) };
        }
    }

    /// How long a sender may wait for room in this mailbox.
    fn wait_limit(&mut self, to: Address) -> Duration {
        match self.slot(to).and_then(|slot| slot.gate.as_ref()).map(|gate| gate.bound.overflow) {
            Some(Overflow::Wait(limit)) => limit,
            _ => Duration::ZERO,
        }
    }
}

impl Waiter {
    /// Whether both are the same actor or task.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Actor(one, at), Self::Actor(other, there)) => (one, at) == (other, there),
            (Self::Task(one), Self::Task(other)) => Waker::will_wake(one, other),
            _ => false,
        }
    }
}

// Whoever waits for a reply hears of these through the answer. What is dropped with a reply that nobody waits for any
// more is the error itself.

/// The error of a sender whose message a full mailbox refused.
pub(crate) fn refuse(envelope: Envelope) -> SendError {
    let _ = envelope.reply.answer(Err(AskError::MailboxFull));
    SendError::MailboxFull(envelope.message)
}

/// The error of a sender that has waited for room too long.
pub(crate) fn time_out(envelope: Envelope) -> SendError {
    let _ = envelope.reply.answer(Err(AskError::MailboxFull));
    SendError::TimedOut(envelope.message)
}

/// The error of a sender whose system is shut down.
pub(crate) fn shut_down(envelope: Envelope) -> SendError {
    let _ = envelope.reply.answer(Err(AskError::ShutDown));
    SendError::ShutDown(envelope.message)
}
