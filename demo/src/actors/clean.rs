//! Clean: makes texts plain.

use roscius::prelude::*;

use super::{Foreman, Role};
use crate::batch::Batch;
use crate::news::{News, Stage};
use crate::stages::clean::clean;

/// What Clean has to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CleanTask {
    pub foreman: ActorRef<Foreman>,
    pub director: Recipient<News>,
}

/// Cleans batches where they are and passes them on.
pub struct Clean(CleanTask);

impl Role for Clean {
    const NAME: &'static str = "clean";
    type Task = CleanTask;

    fn new(task: CleanTask) -> Self {
        Self(task)
    }
}

impl Actor for Clean {
    type Protocol = (Batch,);
}

impl Handler<Batch> for Clean {
    fn receive(&mut self, batch: &mut Batch, ctx: &mut Context<Self>) -> Outcome<()> {
        for text in &mut batch.texts {
            text.text = clean(&text.text);
        }
        ctx.tell(self.0.director, News::Passed { stage: Stage::Cleaned, texts: batch.texts.len() as u64 })?;
        ctx.forward(self.0.foreman)
    }
}
