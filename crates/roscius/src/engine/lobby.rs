//! Where messages from other nodes wait for room in a bounded mailbox. Who sent them can not be made to wait.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Wake, Waker};
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::time::Time;
use roscius_protocol::timers::TimerKey;

use super::core::Alarm;
use super::envelope::{Envelope, Parcel};
use super::lock;
use super::place::Waiter;
use super::room::Offering;
use super::shared::Shared;
use crate::dead_letters::Undelivered;

/// Messages in front of full mailboxes.
#[derive(Default)]
pub(crate) struct Lobby {
    queues: Mutex<BTreeMap<Address, Queue>>,
}

/// Messages for one mailbox in the order of arrival, each with its deadline. It is there as long as one of them is.
struct Queue {
    messages: VecDeque<(Envelope, Time)>,
    limit: Duration,
    usher: Waker,
    /// Comes when the first message has waited too long.
    timer: TimerKey,
    /// Somebody is about to show messages in.
    attended: bool,
}

/// Woken when there is room in a mailbox, or somebody has waited for it too long.
struct Usher {
    shared: Weak<Shared>,
    to: Address,
}

impl Wake for Usher {
    fn wake(self: Arc<Self>) {
        if let Some(shared) = self.shared.upgrade() {
            shared.show_in(self.to);
        }
    }
}

impl Shared {
    /// Takes in a message from another node, as the mailbox of its receiver allows.
    pub(crate) fn admit(self: &Arc<Self>, to: Address, envelope: Envelope) {
        if !to.is_bounded() {
            return self.post(Parcel::Message(to, envelope));
        }
        let mut queues = lock(&self.lobby.queues);
        if let Some(queue) = queues.get_mut(&to) {
            let deadline = self.now().plus(queue.limit);
            return queue.messages.push_back((envelope, deadline));
        }
        let usher = Waker::from(Arc::new(Usher { shared: Arc::downgrade(self), to }));
        match self.offer(to, envelope, Waiter::Task(usher.clone())) {
            Offering::Taken => {}
            Offering::Full(envelope) => {
                drop(queues);
                self.undelivered(to, envelope, Undelivered::MailboxFull);
            }
            Offering::Wait(envelope, limit) => {
                let deadline = self.now().plus(limit);
                let timer = self.ring_at(deadline, &usher);
                let messages = VecDeque::from([(envelope, deadline)]);
                queues.insert(to, Queue { messages, limit, usher, timer, attended: false });
            }
        }
    }

    /// Gives a mailbox with room what waits for it, and gives up what has waited too long.
    fn show_in(self: &Arc<Self>, to: Address) {
        let mut queues = lock(&self.lobby.queues);
        let Some(queue) = queues.get_mut(&to).filter(|queue| !queue.attended) else { return };
        queue.attended = true;
        let usher = queue.usher.clone();
        self.cancel_ring(queue.timer);
        loop {
            // Whatever comes meanwhile stays behind.
            let first = queues.get_mut(&to).and_then(|queue| queue.messages.pop_front());
            let Some((envelope, deadline)) = first else { break };
            drop(queues);
            let back = if deadline <= self.now() {
                Offering::Full(envelope)
            } else {
                self.offer(to, envelope, Waiter::Task(usher.clone()))
            };
            if let Offering::Full(envelope) = back {
                self.undelivered(to, envelope, Undelivered::MailboxFull);
                queues = lock(&self.lobby.queues);
                continue;
            }
            queues = lock(&self.lobby.queues);
            if let Offering::Wait(envelope, _) = back {
                if let Some(queue) = queues.get_mut(&to) {
                    queue.messages.push_front((envelope, deadline));
                    queue.timer = self.ring_at(deadline, &usher);
                    queue.attended = false;
                }
                return;
            }
        }
        queues.remove(&to);
        drop(queues);
        self.stop_waiting(to, &Waiter::Task(usher));
    }

    fn ring_at(&self, deadline: Time, usher: &Waker) -> TimerKey {
        lock(&self.cores[0].state).timers.schedule(deadline, Alarm::Wake(usher.clone()))
    }

    fn cancel_ring(&self, timer: TimerKey) {
        let cancelled = lock(&self.cores[0].state).timers.cancel(timer);
        drop(cancelled);
    }
}
