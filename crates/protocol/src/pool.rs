//! Which worker of a troupe gets the next piece of work.
//!
//! A pool that grows and shrinks with work: a piece goes to the worker that has been idle longest (round robin among
//! the idle), else to a new worker while there are fewer than the maximum, else it waits. More idle workers than
//! wanted are dismissed after a while. Each worker has one piece at a time, so a lost worker loses one piece, which
//! is handed out again until it was tried too often.

use std::collections::{BTreeMap, VecDeque};

use crate::address::Address;

/// How large a pool may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// The most workers. At least one.
    pub maximum: usize,
    /// How many idle workers are kept.
    pub idle: usize,
}

/// What to do with a piece of work.
#[derive(Debug, PartialEq, Eq)]
pub enum Assignment<W> {
    /// Give it to this worker.
    Give(Address, W),
    /// Start a worker; the piece waits until [`Pool::joined`].
    Grow,
    /// It waits for a worker.
    Queued,
}

/// What to do when a worker was lost.
#[derive(Debug, PartialEq, Eq)]
pub enum Loss<W> {
    /// It had nothing to do.
    Nothing,
    /// Its work waits again, in front.
    Requeued,
    /// Its work has been tried as often as allowed.
    GivenUp(W),
}

/// The bookkeeping of a pool with pieces of work `W`.
#[derive(Debug)]
pub struct Pool<W> {
    size: PoolSize,
    attempts: u32,
    /// Longest idle first.
    idle: VecDeque<Address>,
    /// What each busy worker has in hand: how often it was tried before. The work itself is with the worker.
    busy: BTreeMap<Address, u32>,
    starting: usize,
    waiting: VecDeque<(W, u32)>,
}

impl<W> Pool<W> {
    /// A pool without workers, in which a piece of work is tried at most `attempts` times.
    pub fn new(size: PoolSize, attempts: u32) -> Self {
        Self { size, attempts, idle: VecDeque::new(), busy: BTreeMap::new(), starting: 0, waiting: VecDeque::new() }
    }

    /// The size in force.
    pub fn size(&self) -> PoolSize {
        self.size
    }

    /// Changes the size. Workers above it are dismissed as they become idle; call [`Pool::grow`] afterwards.
    pub fn resize(&mut self, size: PoolSize) {
        self.size = PoolSize { maximum: size.maximum.max(1), idle: size.idle };
    }

    /// All workers, also those just being started.
    pub fn workers(&self) -> usize {
        self.idle.len() + self.busy.len() + self.starting
    }

    /// Workers with nothing to do.
    pub fn idle(&self) -> usize {
        self.idle.len()
    }

    /// Pieces of work that wait for a worker.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// A piece of work has arrived.
    pub fn submit(&mut self, work: W) -> Assignment<W> {
        if self.waiting.is_empty()
            && let Some(worker) = self.idle.pop_front()
        {
            self.busy.insert(worker, 0);
            return Assignment::Give(worker, work);
        }
        self.waiting.push_back((work, 0));
        if self.grow() { Assignment::Grow } else { Assignment::Queued }
    }

    /// Whether one more worker is to be started for what waits. If so it counts as starting from now on.
    pub fn grow(&mut self) -> bool {
        let wanted = self.waiting.len() > self.starting && self.workers() < self.size.maximum;
        self.starting += usize::from(wanted);
        wanted
    }

    /// A worker that was started is ready for work: it gets the next piece, or is idle.
    pub fn joined(&mut self, worker: Address) -> Option<W> {
        self.starting = self.starting.saturating_sub(1);
        self.ready(worker)
    }

    /// A worker that was to be started could not be.
    pub fn failed_to_start(&mut self) {
        self.starting = self.starting.saturating_sub(1);
    }

    /// A worker has finished its work: it gets the next piece, or is idle.
    pub fn ready(&mut self, worker: Address) -> Option<W> {
        self.busy.remove(&worker);
        match self.waiting.pop_front() {
            Some((work, tried)) => {
                self.busy.insert(worker, tried);
                Some(work)
            }
            None => {
                if !self.idle.contains(&worker) {
                    self.idle.push_back(worker);
                }
                None
            }
        }
    }

    /// A worker handed back the work it could not finish.
    pub fn returned(&mut self, worker: Address, work: W) -> Loss<W> {
        let tried = self.busy.remove(&worker).unwrap_or(0) + 1;
        if tried >= self.attempts {
            return Loss::GivenUp(work);
        }
        self.waiting.push_front((work, tried));
        Loss::Requeued
    }

    /// A worker has ended. Its work, if any, comes by [`Pool::returned`].
    pub fn left(&mut self, worker: Address) {
        self.busy.remove(&worker);
        self.idle.retain(|&idle| idle != worker);
    }

    /// Takes the next piece that waits together with an idle worker for it, if there are both.
    pub fn dispatch(&mut self) -> Option<(Address, W)> {
        if self.idle.is_empty() {
            return None;
        }
        let (work, tried) = self.waiting.pop_front()?;
        let worker = self.idle.pop_front()?;
        self.busy.insert(worker, tried);
        Some((worker, work))
    }

    /// Idle workers beyond those to be kept, longest idle first. They are no longer part of the pool.
    pub fn dismiss_extra(&mut self) -> Vec<Address> {
        let over = self.workers().saturating_sub(self.size.maximum);
        let extra = self.idle.len().saturating_sub(self.size.idle).max(over.min(self.idle.len()));
        self.idle.drain(..extra).collect()
    }

    /// Takes all work that waits, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = W> + '_ {
        self.waiting.drain(..).map(|(work, _)| work)
    }
}

#[cfg(test)]
mod tests;
