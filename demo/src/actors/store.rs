//! Store: takes scored texts in, and knows when all are there.

use roscius::prelude::*;

use super::Role;
use crate::batch::{Credit, Scored, ScoredText, Total};
use crate::failure::Failure;
use crate::news::{News, Stage};
use crate::stages::store::{Sink, SinkTask};

/// What the store has to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoreTask {
    pub sink: SinkTask,
    pub director: Recipient<News>,
}

/// Passes texts on to a sink.
pub struct Store {
    task: StoreTask,
    /// None: it could not be opened, and the director knows.
    sink: Option<Box<dyn Sink>>,
    arrivals: Arrivals,
    /// Texts of which the director has heard that they are stored.
    told: u64,
    total: Option<u64>,
}

impl Role for Store {
    const NAME: &'static str = "store";
    type Task = StoreTask;

    fn new(task: StoreTask) -> Self {
        Self { task, sink: None, arrivals: Arrivals::default(), told: 0, total: None }
    }

    fn keep(props: Props<Self>) -> Props<Self> {
        props.blocking()
    }
}

impl Store {
    /// Tells the director how much is stored, when the last text is, or that one cannot be.
    fn conclude(&mut self, mut outcome: Result<(), Failure>, ctx: &mut Context<Self>) -> Outcome<()> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        let all_here = outcome.is_ok() && self.total == Some(self.arrivals.distinct);
        if all_here {
            outcome = sink.flush().map_err(Failure::from);
        }
        let written = sink.written();
        let texts = written - std::mem::replace(&mut self.told, written);
        if texts > 0 {
            ctx.tell(self.task.director, News::Passed { stage: Stage::Stored, texts })?;
        }
        if all_here || outcome.is_err() {
            ctx.tell(self.task.director, News::Ended(outcome.map(|()| self.arrivals.repeated)))?;
        }
        Ok(())
    }
}

impl Actor for Store {
    type Protocol = (Scored, Total);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), roscius::Failure> {
        match self.task.sink.open() {
            Ok(sink) => self.sink = Some(sink),
            Err(error) => ctx.tell(self.task.director, News::Ended(Err(error.into())))?,
        }
        Ok(())
    }

    /// Whatever ends a run early: what has arrived is kept.
    fn stopping(&mut self, _: &mut Context<Self>) {
        // If this fails the texts are missing, and the audit says so.
        let _ = self.sink.as_mut().map(|sink| sink.flush());
    }
}

impl Handler<Scored> for Store {
    fn receive(&mut self, scored: &mut Scored, ctx: &mut Context<Self>) -> Outcome<()> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        let texts = std::mem::take(&mut scored.texts);
        let new = self.arrivals.note(&texts);
        let outcome = sink.add(texts).map_err(Failure::from);
        ctx.tell(self.task.director, News::Passed { stage: Stage::Arrived, texts: new })?;
        let concluded = self.conclude(outcome, ctx);
        // One batch fetched, one credit: a batch that comes again brings none.
        if new > 0 {
            ctx.tell(scored.credit, Credit(1))?;
        }
        concluded
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
