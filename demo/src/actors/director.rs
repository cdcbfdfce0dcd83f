//! Director: makes the other actors, sets them going, and answers when they are done or cannot go on.

use std::sync::atomic::Ordering;

use roscius::prelude::*;

use super::clean::Clean;
use super::fetch::Fetch;
use super::infer::Infer;
use super::store::Store;
use crate::batch::Credit;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::stages::infer::Analyser;
use crate::stages::store::Sink;

/// Runs the whole pipeline, once. Answered when all texts are stored.
#[derive(Message)]
#[message(reply = Result<Done, Failure>)]
pub struct Run;

/// All texts are stored.
#[derive(Debug)]
pub struct Done {
    /// Texts that arrived a second time.
    pub repeated: u64,
    /// The inference workers, for whoever wants to know how they fared.
    pub infer: ActorRef<Infer>,
}

/// From a child: the run is over. All is stored, with so many texts arrived a second time; or it cannot go on.
#[derive(Message)]
pub struct Ended(Option<Result<u64, Failure>>);

impl Ended {
    pub fn new(outcome: Result<u64, Failure>) -> Self {
        Self(Some(outcome))
    }

    pub fn badly(failure: Failure) -> Self {
        Self::new(Err(failure))
    }
}

/// How often within the time in which something has to arrive the director looks whether it did.
const LOOKS: u32 = 10;

/// The parent of all other actors of the pipeline.
pub struct Director {
    plan: Plan,
    sink: Option<Box<dyn Sink>>,
    /// The children, with the names that a person knows them by.
    crew: Vec<(Address, &'static str)>,
    infer: Option<ActorRef<Infer>>,
    asked: Option<Promise<Result<Done, Failure>>>,
    /// Texts in the store at the last look, and how many looks ago that was still otherwise.
    seen: (u64, u32),
}

impl Director {
    /// What makes a director. There can be only one for a sink.
    pub fn props(plan: Plan, sink: Box<dyn Sink>) -> Props<Self> {
        Props::fallible(once(move || Self {
            plan,
            sink: Some(sink),
            crew: Vec::new(),
            infer: None,
            asked: None,
            seen: (0, 0),
        }))
    }

    /// Makes the crew, last stage first, since each has to know the next.
    fn hire(&mut self, ctx: &mut Context<Self>) -> Result<ActorRef<Fetch>, roscius::Failure> {
        let (me, workers, mailbox) = (ctx.me(), self.plan.workers, self.plan.batches_on_their_way() + 1);

        let sink = self.sink.take().ok_or_else(|| roscius::Failure::new("a run was under way already"))?;
        let plan = self.plan.clone();
        let store = Props::fallible(once(move || Store::new(plan, sink, me)));
        let store = ctx.spawn(store.bounded(mailbox, Overflow::wait()).blocking())?;

        let plan = self.plan.clone();
        let infer = Troupe::new(move || Infer { plan: plan.clone(), analyser: Analyser::new(), store });
        let infer = ctx.spawn_troupe(infer.max(workers).idle(workers))?;

        let plan = self.plan.clone();
        let clean = Props::new(move || Clean { plan: plan.clone(), infer });
        let clean = ctx.spawn(clean.bounded(mailbox, Overflow::wait()))?;

        let plan = self.plan.clone();
        let fetch = Props::new(move || Fetch::new(plan.clone(), clean, store, me));
        let fetch = ctx.spawn(fetch.bounded(mailbox, Overflow::wait()).blocking())?;

        self.crew =
            vec![(store.into(), "store"), (infer.into(), "infer"), (clean.into(), "clean"), (fetch.into(), "fetch")];
        self.infer = Some(infer);
        Ok(fetch)
    }

    /// Answers who asked for the run, unless that was done already.
    fn answer(&mut self, outcome: Result<u64, Failure>) {
        if let (Some(asked), Some(infer)) = (self.asked.take(), self.infer) {
            asked.fulfil(outcome.map(|repeated| Done { repeated, infer }));
        }
    }
}

impl Actor for Director {
    type Protocol = (Run, Ended);

    /// The children are here until the end: one that goes earlier leaves work undone.
    fn child_exited(&mut self, exit: &ChildExited, _: &mut Context<Self>) {
        let name = self.crew.iter().find(|(address, _)| *address == exit.child).map_or("an actor", |(_, name)| name);
        self.answer(Err(Failure::Broken(format!("{name} ended early: {}", exit.reason))));
    }

    fn wakeup(&mut self, wakeup: Wakeup, ctx: &mut Context<Self>) {
        let arrived = self.plan.counters.arrived.load(Ordering::Relaxed);
        let (before, looks) = self.seen;
        self.seen = if arrived == before { (before, looks + 1) } else { (arrived, 0) };
        if self.asked.is_none() {
            ctx.cancel(wakeup.timer);
        } else if self.seen.1 >= LOOKS {
            let waited = self.plan.patience.as_secs_f64();
            self.answer(Err(Failure::Broken(format!("no text reached the store for {waited} s"))));
        }
    }
}

impl Handler<Run> for Director {
    fn receive(&mut self, _: &mut Run, ctx: &mut Context<Self>) -> Outcome<Result<Done, Failure>> {
        let fetch = self.hire(ctx)?;
        ctx.tell(fetch, Credit(self.plan.batches_on_their_way()))?;
        ctx.wakeup_every(self.plan.patience / LOOKS, ());
        ctx.defer(|promise| self.asked = Some(promise))
    }
}

impl Handler<Ended> for Director {
    fn receive(&mut self, Ended(outcome): &mut Ended, _: &mut Context<Self>) -> Outcome<()> {
        if let Some(outcome) = outcome.take() {
            self.answer(outcome);
        }
        Ok(())
    }
}

/// A factory for an actor that owns what cannot be had twice.
fn once<A>(make: impl FnOnce() -> A) -> impl FnMut() -> Result<A, roscius::Failure> {
    let mut make = Some(make);
    move || make.take().map(|make| make()).ok_or_else(|| roscius::Failure::new("it can be made only once"))
}
