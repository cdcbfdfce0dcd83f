//! Fetch: reads the sources, no faster than the store takes texts in.

use std::fs::File;
use std::sync::atomic::Ordering;

use roscius::prelude::*;

use super::clean::Clean;
use super::director::{Director, Ended};
use super::store::Store;
use crate::batch::{BATCH_SIZE, Batch, Credit, Text, Total};
use crate::failure::Failure;
use crate::input::{self, InputError, Problem, Records};
use crate::plan::Plan;

/// Reads a batch for each credit.
pub struct Fetch {
    plan: Plan,
    clean: ActorRef<Clean>,
    store: ActorRef<Store>,
    director: ActorRef<Director>,
    /// Index of the source being read.
    source: usize,
    records: Option<Records<File>>,
    /// Texts of that source so far.
    of_source: u64,
    fetched: u64,
    finished: bool,
}

impl Fetch {
    pub fn new(plan: Plan, clean: ActorRef<Clean>, store: ActorRef<Store>, director: ActorRef<Director>) -> Self {
        Self { plan, clean, store, director, source: 0, records: None, of_source: 0, fetched: 0, finished: false }
    }

    fn next_batch(&mut self) -> Result<Vec<Text>, InputError> {
        let mut texts = Vec::with_capacity(BATCH_SIZE);
        while texts.len() < BATCH_SIZE {
            let Some(source) = self.plan.sources.get(self.source) else { break };
            let fail = |problem| InputError { path: source.path.clone(), problem };
            let records = match &mut self.records {
                Some(records) => records,
                none => none.insert(input::open(&source.path).map_err(fail)?),
            };
            let Some(record) = records.next().transpose().map_err(fail)? else {
                if self.of_source != source.texts {
                    return Err(fail(Problem::Changed));
                }
                self.records = None;
                self.of_source = 0;
                self.source += 1;
                continue;
            };
            self.of_source += 1;
            self.fetched += 1;
            let (line, rating) = (record.line, record.rating);
            texts.push(Text { id: self.fetched, source: self.source, line, text: record.text, rating });
        }
        Ok(texts)
    }
}

impl Actor for Fetch {
    type Protocol = (Credit,);

    /// A batch came back, because no worker could handle it.
    fn poisoned(&mut self, poison: Poison, ctx: &mut Context<Self>) {
        let cause = format!("a batch came back unfinished: {}", poison.details);
        // The director outlives its children.
        let _ = ctx.tell(self.director, Ended::badly(Failure::Broken(cause)));
    }
}

impl Handler<Credit> for Fetch {
    fn receive(&mut self, Credit(batches): &mut Credit, ctx: &mut Context<Self>) -> Outcome<()> {
        for _ in 0..*batches {
            if self.finished {
                break;
            }
            let texts = match self.next_batch() {
                Ok(texts) => texts,
                Err(error) => {
                    self.finished = true;
                    ctx.tell(self.director, Ended::badly(error.into()))?;
                    break;
                }
            };
            if texts.is_empty() {
                self.finished = true;
                ctx.tell(self.store, Total(self.fetched))?;
                break;
            }
            self.plan.counters.fetched.store(self.fetched, Ordering::Relaxed);
            let credit = ctx.me().recipient();
            ctx.tell(self.clean, Batch { texts, credit })?;
        }
        Ok(())
    }
}
