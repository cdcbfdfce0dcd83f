//! Fetch: reads the sources, no faster than the store takes texts in.

use std::fs::File;

use roscius::prelude::*;

use super::{Clean, Role, Store};
use crate::batch::{BATCH_SIZE, Batch, Credit, Text, Total};
use crate::failure::Failure;
use crate::input::{self, InputError, Problem, Records, Source};
use crate::news::{News, Stage};

/// What Fetch has to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FetchTask {
    pub sources: Vec<Source>,
    pub clean: ActorRef<Clean>,
    pub store: ActorRef<Store>,
    pub director: Recipient<News>,
}

/// Reads a batch for each credit.
pub struct Fetch {
    task: FetchTask,
    /// Index of the source being read.
    source: usize,
    records: Option<Records<File>>,
    /// Texts of that source so far.
    of_source: u64,
    fetched: u64,
    finished: bool,
}

impl Role for Fetch {
    const NAME: &'static str = "fetch";
    type Task = FetchTask;

    fn new(task: FetchTask) -> Self {
        Self { task, source: 0, records: None, of_source: 0, fetched: 0, finished: false }
    }

    fn keep(props: Props<Self>) -> Props<Self> {
        props.blocking()
    }
}

impl Fetch {
    fn next_batch(&mut self) -> Result<Vec<Text>, InputError> {
        let mut texts = Vec::with_capacity(BATCH_SIZE);
        while texts.len() < BATCH_SIZE {
            let Some(source) = self.task.sources.get(self.source) else { break };
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

    /// A batch came back.
    fn poisoned(&mut self, poison: Poison, ctx: &mut Context<Self>) {
        let cause = format!("a batch came back unfinished: {}", poison.details);
        // Without a director there is nobody to tell.
        let _ = ctx.tell(self.task.director, News::Ended(Err(Failure::Broken(cause))));
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
                    ctx.tell(self.task.director, News::Ended(Err(error.into())))?;
                    break;
                }
            };
            if texts.is_empty() {
                self.finished = true;
                ctx.tell(self.task.store, Total(self.fetched))?;
                break;
            }
            ctx.tell(self.task.director, News::Passed { stage: Stage::Fetched, texts: texts.len() as u64 })?;
            let credit = ctx.me().recipient();
            ctx.tell(self.task.clean, Batch { texts, credit })?;
        }
        Ok(())
    }
}
