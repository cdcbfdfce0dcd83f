//! Store: takes scored texts in, and knows when all are there.

use std::sync::atomic::Ordering;

use roscius::prelude::*;

use super::director::{Director, Ended};
use crate::batch::{Credit, Scored, ScoredText, Total};
use crate::failure::Failure;
use crate::plan::Plan;
use crate::stages::store::Sink;

/// Passes texts on to a sink.
pub struct Store {
    plan: Plan,
    sink: Box<dyn Sink>,
    director: ActorRef<Director>,
    arrivals: Arrivals,
    total: Option<u64>,
}

impl Store {
    pub fn new(plan: Plan, sink: Box<dyn Sink>, director: ActorRef<Director>) -> Self {
        Self { plan, sink, director, arrivals: Arrivals::default(), total: None }
    }

    fn take_in(&mut self, texts: Vec<ScoredText>) -> Result<(), Failure> {
        self.sink.add(texts)?;
        self.plan.counters.stored.store(self.sink.written(), Ordering::Relaxed);
        Ok(())
    }

    /// Tells the director when the last text is stored, or that one cannot be.
    fn conclude(&mut self, outcome: Result<(), Failure>, ctx: &mut Context<Self>) -> Outcome<()> {
        let all_here = self.total == Some(self.arrivals.distinct);
        let outcome = match outcome {
            Ok(()) if !all_here => return Ok(()),
            Ok(()) => self.sink.flush().map_err(Failure::from),
            failed => failed,
        };
        self.plan.counters.stored.store(self.sink.written(), Ordering::Relaxed);
        let repeated = self.arrivals.repeated;
        ctx.tell(self.director, Ended::new(outcome.map(|()| repeated)))?;
        Ok(())
    }
}

impl Actor for Store {
    type Protocol = (Scored, Total);

    /// Whatever ends a run early: what has arrived is kept.
    fn stopping(&mut self, _: &mut Context<Self>) {
        // If this fails the texts are missing, and the audit says so.
        let _ = self.sink.flush();
    }
}

impl Handler<Scored> for Store {
    fn receive(&mut self, scored: &mut Scored, ctx: &mut Context<Self>) -> Outcome<()> {
        let texts = std::mem::take(&mut scored.texts);
        let new = self.arrivals.note(&texts);
        self.plan.counters.arrived.fetch_add(new, Ordering::Relaxed);
        let outcome = self.take_in(texts);
        // One batch fetched, one credit: a batch that comes again brings none.
        if outcome.is_ok() && new > 0 {
            ctx.tell(scored.credit, Credit(1))?;
        }
        self.conclude(outcome, ctx)
    }
}

impl Handler<Total> for Store {
    fn receive(&mut self, Total(total): &mut Total, ctx: &mut Context<Self>) -> Outcome<()> {
        self.total = Some(*total);
        self.conclude(Ok(()), ctx)
    }
}

/// Which texts have arrived.
#[derive(Debug, Default)]
struct Arrivals {
    here: Vec<bool>,
    distinct: u64,
    repeated: u64,
}

impl Arrivals {
    /// Notes texts and says how many of them are new.
    fn note(&mut self, texts: &[ScoredText]) -> u64 {
        let mut new = 0;
        for text in texts {
            let index = text.text.id as usize;
            if self.here.len() <= index {
                self.here.resize(index + 1, false);
            }
            new += u64::from(!std::mem::replace(&mut self.here[index], true));
        }
        self.distinct += new;
        self.repeated += texts.len() as u64 - new;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Text;

    #[test]
    fn texts_that_come_again_are_told_from_new_ones_in_any_order() {
        let texts = |ids: &[u64]| -> Vec<ScoredText> {
            let text = |&id| Text { id, source: 0, line: id, text: String::new(), rating: None };
            ids.iter().map(|id| ScoredText { text: text(id), score: 0.0 }).collect()
        };
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.note(&texts(&[65, 66])), 2);
        assert_eq!(arrivals.note(&texts(&[1, 2, 3])), 3);
        assert_eq!(arrivals.note(&texts(&[66, 2, 4])), 1);
        assert_eq!((arrivals.distinct, arrivals.repeated), (6, 2));
    }
}
