//! Clean: makes texts plain.

use std::sync::atomic::Ordering;

use roscius::prelude::*;

use super::infer::Infer;
use crate::batch::Batch;
use crate::plan::Plan;
use crate::stages::clean::clean;

/// Cleans batches where they are and passes them on with their sender: a batch that fails later goes back to Fetch.
pub struct Clean {
    pub plan: Plan,
    pub infer: ActorRef<Infer>,
}

impl Actor for Clean {
    type Protocol = (Batch,);
}

impl Handler<Batch> for Clean {
    fn receive(&mut self, batch: &mut Batch, ctx: &mut Context<Self>) -> Outcome<()> {
        for text in &mut batch.texts {
            text.text = clean(&text.text);
        }
        self.plan.counters.cleaned.fetch_add(batch.texts.len() as u64, Ordering::Relaxed);
        ctx.forward(self.infer)
    }
}
