//! Infer: finds sentiments. Several of these work side by side.

use roscius::prelude::*;

use super::Role;
use crate::batch::{Score, Scores};
use crate::kill::Death;
use crate::stages::infer::Analyser;

/// A worker.
pub struct Infer {
    analyser: Analyser,
    death: Death,
}

impl Role for Infer {
    const NAME: &'static str = "infer";
    /// How it dies if it is to die.
    type Task = Death;

    fn new(death: Death) -> Self {
        Self { analyser: Analyser::new(), death }
    }

    fn keep(props: Props<Self>) -> Props<Self> {
        props.blocking()
    }
}

impl Actor for Infer {
    type Protocol = (Score,);
}

impl Handler<Score> for Infer {
    fn receive(&mut self, score: &mut Score, ctx: &mut Context<Self>) -> Outcome<()> {
        let mut scores = Vec::with_capacity(score.texts.len());
        for (index, text) in score.texts.iter().enumerate() {
            if score.strike == Some(index) {
                self.death.strike();
            }
            scores.push(self.analyser.score(text));
        }
        ctx.send(ctx.sender(), Scores { number: score.number, scores })?;
        Ok(())
    }
}
