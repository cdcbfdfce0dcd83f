//! Infer: finds sentiments. A troupe of these works side by side.

use std::sync::atomic::Ordering;

use roscius::prelude::*;

use super::store::Store;
use crate::batch::{Batch, Scored, ScoredText};
use crate::plan::Plan;
use crate::stages::infer::Analyser;

/// One worker of the troupe.
pub struct Infer {
    pub plan: Plan,
    pub analyser: Analyser,
    pub store: ActorRef<Store>,
}

impl Actor for Infer {
    type Protocol = (Batch,);
}

impl Handler<Batch> for Infer {
    fn receive(&mut self, batch: &mut Batch, ctx: &mut Context<Self>) -> Outcome<()> {
        let Self { plan, analyser, store } = self;
        let size = batch.texts.len() as u64;
        plan.kill.batch_begins(&batch.texts);
        let mut scores = Vec::with_capacity(batch.texts.len());
        for text in &batch.texts {
            plan.kill.strike(text.id, size);
            scores.push(analyser.score(&text.text));
        }
        // The texts leave the batch only now: until here another worker could begin it again.
        let texts = std::mem::take(&mut batch.texts).into_iter().zip(scores);
        let texts = texts.map(|(text, score)| ScoredText { text, score }).collect();
        ctx.tell(*store, Scored { texts, credit: batch.credit })?;
        plan.counters.scored.fetch_add(size, Ordering::Relaxed);
        Ok(())
    }
}
