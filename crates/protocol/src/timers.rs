//! What is due when.

use std::collections::BTreeMap;
use std::collections::btree_map;

use crate::time::Time;

/// Names one scheduled value of one [`TimerQueue`]. A queue never gives out a key twice.
///
/// Keys are ordered as their values come due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerKey {
    // The order of the fields is the order of the keys.
    deadline: Time,
    serial: u64,
}

/// Values with a deadline each, in the order of their deadlines; for equal deadlines, in the order of scheduling.
///
/// Scheduling, cancelling and taking what is due cost O(log n), the next deadline too. A queue with nothing in it has
/// nothing on the heap.
#[derive(Debug, Clone)]
pub struct TimerQueue<T> {
    // The key holds the deadline, so one map finds a value by its deadline and by its key.
    timers: BTreeMap<TimerKey, T>,
    next_serial: u64,
}

impl<T> TimerQueue<T> {
    /// A queue with nothing in it.
    pub const fn new() -> Self {
        Self { timers: BTreeMap::new(), next_serial: 0 }
    }

    /// Adds `value`, due at `deadline`. A deadline in the past is due at once.
    pub fn schedule(&mut self, deadline: Time, value: T) -> TimerKey {
        let key = TimerKey { deadline, serial: self.next_serial };
        self.next_serial += 1;
        self.timers.insert(key, value);
        key
    }

    /// Takes the value of `key` out. `None` if it came due or was cancelled before.
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let value = self.timers.remove(&key)?;
        self.give_back_memory();
        Some(value)
    }

    /// The earliest deadline in the queue.
    pub fn next_deadline(&self) -> Option<Time> {
        self.timers.first_key_value().map(|(key, _)| key.deadline)
    }

    /// Takes out the first value that is due at `now`, with its key and its deadline. Call it until it returns `None`.
    pub fn pop_due(&mut self, now: Time) -> Option<(TimerKey, Time, T)> {
        let first = self.timers.first_entry()?;
        if first.key().deadline > now {
            return None;
        }
        let (key, value) = first.remove_entry();
        self.give_back_memory();
        Some((key, key.deadline, value))
    }

    /// An emptied map keeps its last node, with room for eleven values: too much for a queue that may stay empty long.
    fn give_back_memory(&mut self) {
        if self.timers.is_empty() {
            self.timers = BTreeMap::new();
        }
    }

    /// How many values wait.
    pub fn len(&self) -> usize {
        self.timers.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.timers.is_empty()
    }

    /// What waits, in the order in which it comes due.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { timers: self.timers.iter() }
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, T> IntoIterator for &'a TimerQueue<T> {
    type Item = (TimerKey, Time, &'a T);
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What waits in a [`TimerQueue`], in the order in which it comes due.
#[derive(Debug, Clone)]
pub struct Iter<'a, T> {
    timers: btree_map::Iter<'a, TimerKey, T>,
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = (TimerKey, Time, &'a T);

    fn next(&mut self) -> Option<Self::Item> {
        self.timers.next().map(|(&key, value)| (key, key.deadline, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.timers.size_hint()
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

#[cfg(test)]
mod tests;
