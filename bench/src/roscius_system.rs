//! roscius: supervision, poison and validity checks are always on.
//!
//! Actors that wait for each other are parent and child, so on one core; those that can work at the same time are spread, as far as there are workers.

use roscius::Destination;
use roscius::prelude::*;
use tokio::sync::mpsc::UnboundedSender;

use crate::peers::{self, Memory, Reports, Tally};
use crate::workload::{BOUND, BRANCHES, BURST, Job, PRODUCERS, Passes, RING, Workload, skynet_actors, skynet_sum};

/// Messages that a producer may have in hand while the bounded mailbox is full: what it sends in one go.
const IN_HAND: u64 = 64;

/// Takes one measurement.
pub fn run(job: Job) -> Option<f64> {
    let started = ActorSystem::threads().workers(job.workers.count()).start();
    let system = started.expect("the system starts");
    let passes = job.passes();
    Some(match job.workload {
        Workload::Tell => tell(&system, BURST, None, passes),
        Workload::Bounded => tell(&system, IN_HAND, Some(BOUND), passes),
        Workload::Ask => ask(&system, passes),
        Workload::PingPong => ring(&system, 2, passes),
        Workload::FanIn => fan_in(&system, passes),
        Workload::SpawnStop => spawn_stop(&system, passes),
        Workload::Idle => idle(&system, job.idle_actors(200)),
        Workload::Ring => ring(&system, RING, passes),
        Workload::Skynet => skynet(&system, passes),
    })
}

fn spawn<A: Actor>(system: &ActorSystem, props: impl Into<Props<A>>) -> ActorRef<A> {
    system.spawn(props).expect("the actor is created")
}

#[derive(Message)]
struct Number(u64);

/// Asks a producer for so many messages of a pass of `all`.
#[derive(Message)]
struct Produce {
    left: u64,
    all: u64,
}

/// Starts a pass of so many operations.
#[derive(Message)]
struct Begin(u64);

struct Consumer(Tally);

impl Consumer {
    fn spawn(system: &ActorSystem, bound: Option<usize>) -> (ActorRef<Self>, Reports) {
        let (report, reports) = Reports::channel();
        let props = Props::new(move || Self(Tally::reporting_to(report.clone()))).spread();
        let props = match bound {
            Some(capacity) => props.bounded(capacity, Overflow::wait()),
            None => props,
        };
        (spawn(system, props), reports)
    }
}

impl Actor for Consumer {
    type Protocol = (Number,);
}

impl Handler<Number> for Consumer {
    fn receive(&mut self, number: &mut Number, _: &mut Context<Self>) -> Outcome<()> {
        self.0.add(peers::Number(number.0));
        Ok(())
    }
}

struct Producer {
    consumer: ActorRef<Consumer>,
    burst: u64,
}

impl Producer {
    fn spawn(system: &ActorSystem, consumer: ActorRef<Consumer>, burst: u64) -> ActorRef<Self> {
        spawn(system, Props::new(move || Self { consumer, burst }).spread())
    }
}

impl Actor for Producer {
    type Protocol = (Produce,);
}

impl Handler<Produce> for Producer {
    fn receive(&mut self, work: &mut Produce, ctx: &mut Context<Self>) -> Outcome<()> {
        let Produce { left, all } = *work;
        let now = left.min(self.burst);
        for _ in 0..now {
            ctx.tell(self.consumer, Number(all))?;
        }
        if left > now {
            let left = left - now;
            ctx.tell(ctx.me(), Produce { left, all })?;
        }
        Ok(())
    }
}

fn tell(system: &ActorSystem, burst: u64, bound: Option<usize>, mut passes: Passes) -> f64 {
    let (consumer, mut reports) = Consumer::spawn(system, bound);
    let producer = Producer::spawn(system, consumer, burst);
    for all in &mut passes {
        begin(system, producer, Produce { left: all, all });
        reports.expect_blocking(all);
    }
    passes.rate()
}

fn fan_in(system: &ActorSystem, mut passes: Passes) -> f64 {
    let (consumer, mut reports) = Consumer::spawn(system, None);
    let producers: Vec<_> = (0..PRODUCERS).map(|_| Producer::spawn(system, consumer, BURST)).collect();
    for all in &mut passes {
        for &producer in &producers {
            let left = all / PRODUCERS;
            begin(system, producer, Produce { left, all });
        }
        reports.expect_blocking(all);
    }
    passes.rate()
}

fn begin<A, M, P>(system: &ActorSystem, actor: ActorRef<A>, message: M)
where
    A: Actor,
    M: Message,
    ActorRef<A>: Destination<M, P>,
{
    system.tell(actor, message).expect("the actor lives");
}

#[derive(Message)]
#[message(reply = u64)]
struct Question(u64);

struct Server;

impl Actor for Server {
    type Protocol = (Question,);
}

impl Handler<Question> for Server {
    fn receive(&mut self, Question(number): &mut Question, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(*number + 1)
    }
}

struct Asker {
    server: Option<ActorRef<Server>>,
    report: UnboundedSender<u64>,
}

impl Actor for Asker {
    type Protocol = (Async<Begin>,);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        self.server = Some(ctx.spawn(|| Server)?);
        Ok(())
    }
}

impl AsyncHandler<Begin> for Asker {
    async fn receive(&mut self, Begin(all): &mut Begin, ctx: &mut Context<'_, Self>) -> Outcome<()> {
        let server = self.server.ok_or_else(|| Failure::new("there is no server"))?;
        for number in 0..*all {
            if ctx.ask(server, Question(number)).await? != number + 1 {
                return Err(Failure::new("a wrong answer").into());
            }
        }
        self.report.send(*all)?;
        Ok(())
    }
}

fn ask(system: &ActorSystem, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    let asker = spawn(system, move || Asker { server: None, report: report.clone() });
    for n in &mut passes {
        begin(system, asker, Begin(n));
        reports.expect_blocking(n);
    }
    passes.rate()
}

struct Station {
    /// The first station creates the others.
    others: usize,
    next: Option<ActorRef<Station>>,
    report: UnboundedSender<u64>,
}

impl Actor for Station {
    type Protocol = (Number,);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        for _ in 0..self.others {
            let next = Some(self.next.unwrap_or(ctx.me()));
            let report = self.report.clone();
            let station = ctx.spawn(move || Station { others: 0, next, report: report.clone() })?;
            self.next = Some(station);
        }
        Ok(())
    }
}

impl Handler<Number> for Station {
    fn receive(&mut self, Number(left): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        match self.next {
            Some(next) if *left > 0 => ctx.tell(next, Number(*left - 1))?,
            _ => self.report.send(*left)?,
        }
        Ok(())
    }
}

/// The token says how many hops are left.
fn ring(system: &ActorSystem, size: usize, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    let first = spawn(system, move || Station { others: size - 1, next: None, report: report.clone() });
    for n in &mut passes {
        begin(system, first, Number(n));
        reports.expect_blocking(0);
    }
    passes.rate()
}

#[derive(Message)]
struct Stop;

struct Mortal;

impl Actor for Mortal {
    type Protocol = (Stop,);
}

impl Handler<Stop> for Mortal {
    fn receive(&mut self, _: &mut Stop, ctx: &mut Context<Self>) -> Outcome<()> {
        ctx.stop();
        Ok(())
    }
}

/// Creates the next child when it is told that the last one has ended.
struct Mother {
    left: u64,
    report: UnboundedSender<u64>,
}

impl Mother {
    fn next(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        if self.left == 0 {
            self.report.send(0)?;
            return Ok(());
        }
        self.left -= 1;
        let child = ctx.spawn(|| Mortal)?;
        ctx.tell(child, Stop)?;
        Ok(())
    }
}

impl Actor for Mother {
    type Protocol = (Begin,);

    fn child_exited(&mut self, _: &ChildExited, ctx: &mut Context<Self>) {
        self.next(ctx).expect("the next child lives");
    }
}

impl Handler<Begin> for Mother {
    fn receive(&mut self, Begin(count): &mut Begin, ctx: &mut Context<Self>) -> Outcome<()> {
        self.left = *count;
        self.next(ctx)?;
        Ok(())
    }
}

fn spawn_stop(system: &ActorSystem, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    let mother = spawn(system, move || Mother { left: 0, report: report.clone() });
    for n in &mut passes {
        begin(system, mother, Begin(n));
        reports.expect_blocking(0);
    }
    passes.rate()
}

struct Idler;

impl Actor for Idler {
    type Protocol = (Number,);

    fn started(&mut self, _: &mut Context<Self>) -> Result<(), Failure> {
        peers::idle_actor_started();
        Ok(())
    }
}

impl Handler<Number> for Idler {
    fn receive(&mut self, _: &mut Number, _: &mut Context<Self>) -> Outcome<()> {
        Ok(())
    }
}

/// The parent of the idle actors: what it keeps of them is part of their price.
struct Crowd;

impl Actor for Crowd {
    type Protocol = (Begin,);
}

impl Handler<Begin> for Crowd {
    fn receive(&mut self, Begin(count): &mut Begin, ctx: &mut Context<Self>) -> Outcome<()> {
        for _ in 0..*count {
            ctx.spawn(|| Idler)?;
        }
        Ok(())
    }
}

fn idle(system: &ActorSystem, count: u64) -> f64 {
    let crowd = spawn(system, || Crowd);
    let memory = Memory::now();
    begin(system, crowd, Begin(count));
    peers::idle_actors_started_blocking(count);
    memory.growth_for_each(count)
}

#[derive(Clone)]
enum Parent {
    Node(ActorRef<Node>),
    Driver(UnboundedSender<u64>),
}

struct Node {
    number: u64,
    leaves: u64,
    parent: Parent,
    sum: u64,
    answers: u64,
}

impl Node {
    fn props(number: u64, leaves: u64, parent: Parent) -> Props<Self> {
        Props::new(move || Self { number, leaves, parent: parent.clone(), sum: 0, answers: 0 })
    }

    fn end(&self, sum: u64, ctx: &mut Context<Self>) -> Result<(), Failure> {
        match &self.parent {
            Parent::Node(node) => ctx.tell(*node, Number(sum))?,
            Parent::Driver(report) => report.send(sum)?,
        }
        ctx.stop();
        Ok(())
    }
}

impl Actor for Node {
    type Protocol = (Number,);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        if self.leaves == 1 {
            return self.end(self.number, ctx);
        }
        let part = self.leaves / BRANCHES;
        for i in 0..BRANCHES {
            let parent = Parent::Node(ctx.me());
            let child = Self::props(self.number + i * part, part, parent);
            match self.parent {
                // The branches of the root, on all workers: the rest of the tree stays where its branch is.
                Parent::Driver(_) => ctx.spawn(child.spread())?,
                Parent::Node(_) => ctx.spawn(child)?,
            };
        }
        Ok(())
    }
}

impl Handler<Number> for Node {
    fn receive(&mut self, Number(sum): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        self.sum += *sum;
        self.answers += 1;
        if self.answers == BRANCHES {
            self.end(self.sum, ctx)?;
        }
        Ok(())
    }
}

fn skynet(system: &ActorSystem, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    for n in &mut passes {
        spawn(system, Node::props(0, n, Parent::Driver(report.clone())));
        reports.expect_blocking(skynet_sum(n));
    }
    skynet_actors(passes.rate())
}
