//! What is to be done in one run, and how far it is.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::input::Source;
use crate::kill::Kill;
use crate::stages::store::SinkTask;

/// The most workers that there can be.
pub const MOST_WORKERS: usize = 256;

/// What the director of a run knows.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is read.
    pub sources: Vec<Source>,
    /// Where texts end up.
    pub sink: SinkTask,
    /// The number of inference workers.
    pub workers: usize,
    /// How long nothing may arrive at the store before the run counts as broken.
    pub patience: Duration,
    /// Who is to be killed.
    pub kill: Kill,
    /// How far the run is.
    pub counters: Arc<Counters>,
}

/// What the director has heard. Whoever shows it looks from another thread.
#[derive(Debug, Default)]
pub struct Counters {
    pub fetched: AtomicU64,
    pub cleaned: AtomicU64,
    pub scored: AtomicU64,
    /// Reached the store.
    pub arrived: AtomicU64,
    /// Are safe in its sink.
    pub stored: AtomicU64,
    /// Texts that were given to another worker when one had ended.
    pub given_again: AtomicU64,
    /// The workers that ended.
    pub losses: Mutex<Vec<Loss>>,
}

/// A worker that ended.
#[derive(Debug, Clone)]
pub struct Loss {
    /// Texts that it had in hand.
    pub in_hand: u64,
    /// What it ended of.
    pub reason: String,
}

impl Counters {
    /// The workers that ended so far.
    pub fn losses(&self) -> MutexGuard<'_, Vec<Loss>> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    /// A run over these sources in which nobody is killed.
    pub fn new(sources: Vec<Source>, sink: SinkTask, workers: usize) -> Self {
        let patience = Duration::from_secs(10);
        Self { sources, sink, workers, patience, kill: Kill::nobody(), counters: Arc::default() }
    }

    /// The number of texts that there are.
    pub fn total(&self) -> u64 {
        self.sources.iter().map(|source| source.texts).sum()
    }

    /// How many batches may be on their way between fetch and store: enough that no worker waits for one.
    pub const fn batches_on_their_way(&self) -> usize {
        4 * self.workers + 4
    }
}
