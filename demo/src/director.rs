//! The director of a run: makes the actors, sets them going, and hears when they are done or cannot go on.
//!
//! It is the program itself, not an actor: to make a process is the business of a program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use roscius::prelude::*;
use roscius::{Received, Recipient};

use crate::actors::{Clean, CleanTask, Fetch, FetchTask, Foreman, ForemanTask, Hired, Store, StoreTask};
use crate::bases::Base;
use crate::batch::Credit;
use crate::failure::Failure;
use crate::news::{News, Stage, cause_of};
use crate::plan::{Counters, Loss, Plan};

/// How often within the time in which something has to arrive the director looks whether it did.
const LOOKS: u32 = 10;

/// What came of a run.
#[derive(Debug)]
pub struct Done {
    /// Texts that arrived a second time.
    pub repeated: u64,
    /// From the first text fetched until the last was stored.
    pub texts_per_second: f64,
}

/// Sends all texts of the plan through a new set of actors.
pub fn direct<B: Base>(base: &B, plan: &Plan) -> Result<Done, Failure> {
    let mut direction = Direction::begin(base, plan)?;
    let start = Instant::now();
    let repeated = direction.see_through()?;
    Ok(Done { repeated, texts_per_second: plan.total() as f64 / start.elapsed().as_secs_f64() })
}

struct Direction<'a, B> {
    base: &'a B,
    plan: &'a Plan,
    /// The actors that stay until the end, with the names that a person knows them by.
    crew: Vec<(Address, &'static str)>,
    foreman: ActorRef<Foreman>,
    fetch: ActorRef<Fetch>,
    /// All is stored, and so many texts arrived a second time.
    stored: Option<u64>,
}

impl<'a, B: Base> Direction<'a, B> {
    fn begin(base: &'a B, plan: &'a Plan) -> Result<Self, Failure> {
        let director = base.director();
        let store = base.make::<Store>(StoreTask { sink: plan.sink.clone(), director })?;
        let foreman = base.make::<Foreman>(ForemanTask { store, director, kill: plan.kill })?;
        let clean = base.make::<Clean>(CleanTask { foreman, director })?;
        let fetch = base.make::<Fetch>(FetchTask { sources: plan.sources.clone(), clean, store, director })?;
        let crew = vec![
            (store.into(), "store"),
            (foreman.into(), "foreman"),
            (clean.into(), "clean"),
            (fetch.into(), "fetch"),
        ];
        for (actor, _) in &crew {
            base.watch(*actor);
        }
        let direction = Self { base, plan, crew, foreman, fetch, stored: None };
        for _ in 0..plan.workers {
            direction.hire()?;
        }
        Ok(direction)
    }

    fn hire(&self) -> Result<(), Failure> {
        let worker = self.base.hire()?;
        self.base.tell(self.foreman.recipient(), Hired(worker))
    }

    /// Listens until all is stored. The actors tell of their parts by ways of their own: what the store says last may be
    /// heard before what others said first.
    fn see_through(&mut self) -> Result<u64, Failure> {
        let fetch: Recipient<Credit> = self.fetch.recipient();
        self.base.tell(fetch, Credit(self.plan.batches_on_their_way()))?;
        let mut seen = Instant::now();
        loop {
            let Counters { fetched, cleaned, scored, arrived, .. } = &*self.plan.counters;
            let all_heard = [fetched, cleaned, scored].iter().all(|stage| read(stage) >= self.plan.total());
            if let Some(repeated) = self.stored.filter(|_| all_heard) {
                return Ok(repeated);
            }
            let before = read(arrived);
            match self.base.listen(self.plan.patience / LOOKS) {
                Some(received) => self.hear(received)?,
                None if seen.elapsed() >= self.plan.patience => return Err(self.lost_patience()),
                None => {}
            }
            if read(arrived) > before {
                seen = Instant::now();
            }
        }
    }

    fn hear(&mut self, received: Received) -> Result<(), Failure> {
        match received {
            Received::Terminated(end) => match self.crew.iter().find(|(actor, _)| *actor == end.address) {
                Some((_, name)) => Err(Failure::Broken(format!("{name} ended early: {}", cause_of(&end.reason)))),
                None => Ok(()),
            },
            Received::Poison(poison) => {
                Err(Failure::Broken(format!("a {} came back: {}", poison.message.name(), poison.details)))
            }
            message => message.message::<News>().map_or(Ok(()), |news| self.note(news)),
        }
    }

    fn note(&mut self, news: News) -> Result<(), Failure> {
        let counters = &self.plan.counters;
        match news {
            News::Passed { stage, texts } => add(counters.of(stage), texts),
            News::GivenAgain { texts } => add(&counters.given_again, texts),
            News::WorkerLost { in_hand, reason } => {
                counters.losses().push(Loss { in_hand, reason });
                return self.hire();
            }
            News::Ended(outcome) => self.stored = Some(outcome?),
        }
        Ok(())
    }

    fn lost_patience(&self) -> Failure {
        Failure::Broken(format!("no text reached the store for {} s", self.plan.patience.as_secs_f64()))
    }
}

impl Counters {
    const fn of(&self, stage: Stage) -> &AtomicU64 {
        match stage {
            Stage::Fetched => &self.fetched,
            Stage::Cleaned => &self.cleaned,
            Stage::Scored => &self.scored,
            Stage::Arrived => &self.arrived,
            Stage::Stored => &self.stored,
        }
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// The director alone writes.
fn add(counter: &AtomicU64, texts: u64) {
    counter.fetch_add(texts, Ordering::Relaxed);
}
