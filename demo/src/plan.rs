//! What is to be done in one run, and how far it is.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crate::input::Source;
use crate::kill::Kill;

/// What all actors of a run know.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is read.
    pub sources: Arc<[Source]>,
    /// The number of inference workers.
    pub workers: usize,
    /// How long nothing may arrive at the store before the run counts as broken.
    pub patience: Duration,
    /// Who is to be killed.
    pub kill: Arc<Kill>,
    /// How far the run is.
    pub counters: Arc<Counters>,
}

/// Texts that passed each stage.
#[derive(Debug, Default)]
pub struct Counters {
    pub fetched: AtomicU64,
    pub cleaned: AtomicU64,
    pub scored: AtomicU64,
    /// Reached the store.
    pub arrived: AtomicU64,
    /// Are safe in its sink.
    pub stored: AtomicU64,
}

impl Plan {
    /// A run over these sources in which nobody is killed.
    pub fn new(sources: Arc<[Source]>, workers: usize) -> Self {
        Self {
            sources,
            workers,
            patience: Duration::from_secs(10),
            kill: Arc::new(Kill::nobody()),
            counters: Arc::default(),
        }
    }

    /// The number of texts that there are.
    pub fn total(&self) -> u64 {
        self.sources.iter().map(|source| source.texts).sum()
    }

    /// How many batches may be on their way between fetch and store: enough that no worker waits for one.
    pub fn batches_on_their_way(&self) -> usize {
        4 * self.workers + 4
    }
}
