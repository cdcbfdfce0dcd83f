//! Foreman: shares the work among the inference workers.
//!
//! A worker has one batch at a time, and the foreman keeps it until the scores are there. So whatever a worker dies of, and
//! whenever, nothing is lost: what it had in hand is given to another. The foreman knows workers by their addresses alone;
//! they may be in its process, in one of their own, or written in another language.

use std::collections::{HashMap, VecDeque};

use roscius::prelude::*;

use super::{Role, Store};
use crate::batch::{Batch, Score, Scored, ScoredText, Scores};
use crate::failure::Failure;
use crate::kill::Kill;
use crate::news::{News, Stage, cause_of};

/// How many workers may die of one batch before it counts as impossible.
const ATTEMPTS: u32 = 3;

/// Another worker, which has nothing to do yet.
#[derive(Debug, Message, Serialize, Deserialize)]
pub struct Hired(pub Recipient<Score>);

/// What the foreman has to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ForemanTask {
    pub store: ActorRef<Store>,
    pub director: Recipient<News>,
    pub kill: Kill,
}

/// Hands out batches, one to a worker.
pub struct Foreman {
    task: ForemanTask,
    /// Batches that no worker has.
    waiting: VecDeque<Work>,
    idle: VecDeque<Recipient<Score>>,
    /// What each worker has.
    in_hand: HashMap<Address, Work>,
    /// Counts the pieces of work that were handed out.
    number: u64,
}

/// A batch, and what was tried with it.
struct Work {
    batch: Batch,
    number: u64,
    tried: u32,
    /// What the worker that has it says went wrong.
    failure: Option<String>,
}

impl Role for Foreman {
    const NAME: &'static str = "foreman";
    type Task = ForemanTask;

    fn new(task: ForemanTask) -> Self {
        Self { task, waiting: VecDeque::new(), idle: VecDeque::new(), in_hand: HashMap::new(), number: 0 }
    }
}

impl Foreman {
    /// Gives work to workers as long as there are both.
    fn hand_out(&mut self, ctx: &mut Context<Self>) -> Result<(), roscius::Failure> {
        while !self.idle.is_empty() && !self.waiting.is_empty() {
            let (Some(worker), Some(mut work)) = (self.idle.pop_front(), self.waiting.pop_front()) else { break };
            self.number += 1;
            work.number = self.number;
            let strike = self.task.kill.strike(&work.batch.texts, work.tried);
            if work.tried > 0 {
                ctx.tell(self.task.director, News::GivenAgain { texts: work.batch.texts.len() as u64 })?;
            }
            let texts = work.batch.texts.iter().map(|text| text.text.clone()).collect();
            ctx.tell(worker, Score { number: work.number, texts, strike })?;
            self.in_hand.insert(worker.address(), work);
        }
        Ok(())
    }

    fn give_up(&self, cause: String, ctx: &mut Context<Self>) {
        // Without a director there is nobody to tell, and nothing to do.
        let _ = ctx.tell(self.task.director, News::Ended(Err(Failure::Broken(cause))));
    }
}

impl Actor for Foreman {
    type Protocol = (Batch, Scores, Hired);

    fn terminated(&mut self, end: &Terminated, ctx: &mut Context<Self>) {
        self.idle.retain(|worker| worker.address() != end.address);
        let mut work = self.in_hand.remove(&end.address);
        let failure = work.as_mut().and_then(|work| work.failure.take());
        let reason = failure.map_or_else(|| cause_of(&end.reason), |failure| format!("it failed: {failure}"));
        let in_hand = work.as_ref().map_or(0, |work| work.batch.texts.len() as u64);
        let _ = ctx.tell(self.task.director, News::WorkerLost { in_hand, reason: reason.clone() });
        let Some(mut work) = work else { return };
        work.tried += 1;
        if work.tried == ATTEMPTS {
            return self.give_up(format!("{ATTEMPTS} workers ended over one batch, the last because {reason}"), ctx);
        }
        self.waiting.push_front(work);
        if let Err(error) = self.hand_out(ctx) {
            self.give_up(error.to_string(), ctx);
        }
    }

    /// A worker failed at a batch. If it lives on, it is not trusted any more; when it has ended another gets the batch.
    fn poisoned(&mut self, poison: Poison, ctx: &mut Context<Self>) {
        if let Some(work) = self.in_hand.get_mut(&poison.by) {
            work.failure = Some(poison.details.to_string());
            ctx.exit(poison.by);
        }
    }
}

impl Handler<Hired> for Foreman {
    fn receive(&mut self, Hired(worker): &mut Hired, ctx: &mut Context<Self>) -> Outcome<()> {
        ctx.watch(*worker);
        self.idle.push_back(*worker);
        Ok(self.hand_out(ctx)?)
    }
}

impl Handler<Batch> for Foreman {
    fn receive(&mut self, batch: &mut Batch, ctx: &mut Context<Self>) -> Outcome<()> {
        let batch = Batch { texts: std::mem::take(&mut batch.texts), credit: batch.credit };
        self.waiting.push_back(Work { batch, number: 0, tried: 0, failure: None });
        Ok(self.hand_out(ctx)?)
    }
}

impl Handler<Scores> for Foreman {
    fn receive(&mut self, Scores { number, scores }: &mut Scores, ctx: &mut Context<Self>) -> Outcome<()> {
        let worker = ctx.sender();
        let Some(work) = self.in_hand.remove(&worker) else { return Ok(()) };
        let texts = work.batch.texts;
        if work.number != *number || texts.len() != scores.len() {
            self.give_up(format!("a worker answered {} texts with {} scores", texts.len(), scores.len()), ctx);
            return Ok(());
        }
        let (credit, passed) = (work.batch.credit, texts.len() as u64);
        let scored = texts.into_iter().zip(scores.drain(..)).map(|(text, score)| ScoredText { text, score }).collect();
        ctx.tell(self.task.director, News::Passed { stage: Stage::Scored, texts: passed })?;
        ctx.tell(self.task.store, Scored { texts: scored, credit })?;
        self.idle.push_back(Recipient::assume(worker));
        Ok(self.hand_out(ctx)?)
    }
}
