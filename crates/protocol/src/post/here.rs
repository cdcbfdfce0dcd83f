//! Messages for actors here: given one at a time to who has the name.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Destination, Effect, Post, Why};
use crate::address::{Address, NodeId};
use crate::time::Time;

/// A message whose handler has failed so often is a dead letter.
pub const TRIES: u32 = 4;
/// After how long a message is given again, the first time. Each time is five times as long as the one before.
const AGAIN: Duration = Duration::from_millis(100);

/// What became of a message that was given to an actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its handler returned.
    Handled,
    /// Its handler failed, or its process ended meanwhile.
    Failed(String),
    /// It did not come so far: the actor has gone, or its mailbox was full.
    NotReached,
    /// The actor does not take such messages.
    NotAccepted(String),
}

/// Who has which name here, and what is with whom.
#[derive(Debug, Default)]
pub(super) struct Names {
    holders: BTreeMap<String, Address>,
    /// The tries that are under way.
    deliveries: BTreeMap<u64, Destination>,
    last: u64,
}

impl Names {
    pub fn forget(&mut self, delivery: u64) {
        self.deliveries.remove(&delivery);
    }
}

impl Post {
    /// An actor here has a name.
    pub fn named(&mut self, now: Time, name: &str, actor: Address, out: &mut Vec<Effect>) {
        self.names.holders.insert(name.to_owned(), actor);
        self.give_next(now, &Destination { system: self.me.clone(), name: name.to_owned() }, out);
    }

    /// An actor has ended, and its name is free.
    pub fn unnamed(&mut self, now: Time, actor: Address, out: &mut Vec<Effect>) {
        self.names.holders.retain(|_, holder| *holder != actor);
        self.interrupted(now, |holder| holder == actor, "the actor has ended", out);
    }

    /// There is no link to a process any more: what its actor had taken is lost.
    pub fn process_lost(&mut self, now: Time, node: NodeId, out: &mut Vec<Effect>) {
        self.interrupted(now, |holder| holder.node() == node, "the process of the actor has ended", out);
    }

    fn interrupted(&mut self, now: Time, is_lost: impl Fn(Address) -> bool, how: &str, out: &mut Vec<Effect>) {
        let with = |to: &Destination| self.queues.get(to).and_then(|queue| queue.on_stage);
        let lost: Vec<u64> = self
            .names
            .deliveries
            .iter()
            .filter(|(_, to)| with(to).is_some_and(|(_, actor)| is_lost(actor)))
            .map(|(delivery, _)| *delivery)
            .collect();
        for delivery in lost {
            self.receipt(now, delivery, Outcome::Failed(how.to_owned()), out);
        }
    }

    /// What became of a try. What is said of one that is not under way any more counts for nothing.
    pub fn receipt(&mut self, now: Time, delivery: u64, outcome: Outcome, out: &mut Vec<Effect>) {
        let Some(to) = self.names.deliveries.remove(&delivery) else { return };
        let Some(queue) = self.queues.get_mut(&to) else { return };
        queue.on_stage = None;
        let Some(id) = queue.ids.front().copied() else { return };
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let lost = match outcome {
            Outcome::Handled => None,
            Outcome::NotAccepted(details) => Some(Why::NotAccepted { details }),
            Outcome::Failed(details) if entry.failures + 1 >= TRIES => Some(Why::Failed { times: TRIES, details }),
            outcome => {
                let wait = AGAIN * 5_u32.pow(entry.failures);
                entry.failures += u32::from(outcome != Outcome::NotReached);
                let expires = entry.parcel.expires;
                queue.not_before = now.plus(wait);
                self.later.insert(to.clone(), queue.not_before);
                // It was let be while the actor had it.
                self.expiring.insert((expires, id));
                return;
            }
        };
        if let Some(why) = lost {
            out.push(Effect::Lost { frame: entry.parcel.frame.clone(), why });
        }
        self.finish(id, out);
        self.give_next(now, &to, out);
    }

    /// Gives the eldest message for a name to who has it, if that is not busy with one.
    pub(super) fn give_next(&mut self, now: Time, to: &Destination, out: &mut Vec<Effect>) {
        let Some(queue) = self.queues.get_mut(to).filter(|queue| queue.on_stage.is_none()) else { return };
        let Some(&actor) = self.names.holders.get(&to.name) else { return };
        let Some(entry) = queue.ids.front().and_then(|id| self.entries.get_mut(id)) else { return };
        if queue.not_before > now {
            return;
        }
        entry.went_out = true;
        self.names.last += 1;
        let delivery = self.names.last;
        queue.on_stage = Some((delivery, actor));
        self.names.deliveries.insert(delivery, to.clone());
        out.push(Effect::Give { delivery, actor, frame: entry.parcel.frame.clone() });
    }
}
