//! kameo: a bounded mailbox of 64 by default; here it is unbounded unless the workload says otherwise.

use std::convert::Infallible;

use kameo::actor::{Actor, ActorRef, Spawn};
use kameo::mailbox;
use kameo::message::{Context, Message};
use tokio::sync::mpsc::UnboundedSender;

use super::{Memory, Number, Reports, Tally, idle_actor_started, idle_actors_started, on_tokio, produce};
use crate::workload::{BOUND, BRANCHES, Job, PRODUCERS, Passes, RING, Workload, skynet_actors, skynet_sum};

/// Takes one measurement.
pub fn run(job: Job) -> Option<f64> {
    let passes = job.passes();
    on_tokio(job.workers, async move {
        Some(match job.workload {
            Workload::Tell => tell(passes).await,
            Workload::Bounded => bounded(passes).await,
            Workload::Ask => ask(passes).await,
            Workload::PingPong => ring(2, passes).await,
            Workload::FanIn => fan_in(passes).await,
            Workload::SpawnStop => spawn_stop(passes).await,
            Workload::Idle => idle(job.idle_actors(7_000)).await,
            Workload::Ring => ring(RING, passes).await,
            Workload::Skynet => skynet(passes).await,
        })
    })
}

fn start<A: Actor>(arguments: A::Args) -> ActorRef<A> {
    A::spawn_with_mailbox(arguments, mailbox::unbounded())
}

struct Consumer(Tally);

impl Actor for Consumer {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(state: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(state)
    }
}

impl Message<Number> for Consumer {
    type Reply = ();

    async fn handle(&mut self, number: Number, _: &mut Context<Self, ()>) {
        self.0.add(number);
    }
}

fn tell_now<A: Message<M>, M: Send + 'static>(to: &ActorRef<A>, message: M) {
    if to.tell(message).try_send().is_err() {
        panic!("the actor lives");
    }
}

async fn tell(mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = start::<Consumer>(Consumer(tally));
    for n in &mut passes {
        produce(n, n, |number| tell_now(&consumer, number)).await;
        reports.expect(n).await;
    }
    passes.rate()
}

async fn bounded(mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = Consumer::spawn_with_mailbox(Consumer(tally), mailbox::bounded(BOUND));
    for n in &mut passes {
        for _ in 0..n {
            let sent = consumer.tell(Number(n)).send().await;
            sent.expect("the consumer lives");
        }
        reports.expect(n).await;
    }
    passes.rate()
}

async fn fan_in(mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = start::<Consumer>(Consumer(tally));
    for n in &mut passes {
        for _ in 0..PRODUCERS {
            let consumer = consumer.clone();
            tokio::spawn(async move {
                produce(n / PRODUCERS, n, |number| tell_now(&consumer, number)).await;
            });
        }
        reports.expect(n).await;
    }
    passes.rate()
}

struct Server;

impl Actor for Server {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(state: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(state)
    }
}

impl Message<Number> for Server {
    type Reply = u64;

    async fn handle(&mut self, Number(number): Number, _: &mut Context<Self, u64>) -> u64 {
        number + 1
    }
}

async fn ask(mut passes: Passes) -> f64 {
    let server = start::<Server>(Server);
    for n in &mut passes {
        for i in 0..n {
            let answer = server.ask(Number(i)).send().await;
            assert_eq!(answer.expect("the server answers"), i + 1);
        }
    }
    passes.rate()
}

struct Station {
    next: Option<ActorRef<Station>>,
    report: UnboundedSender<u64>,
}

impl Actor for Station {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(state: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(state)
    }
}

impl Message<ActorRef<Station>> for Station {
    type Reply = ();

    async fn handle(&mut self, next: ActorRef<Station>, _: &mut Context<Self, ()>) {
        self.next = Some(next);
    }
}

impl Message<Number> for Station {
    type Reply = ();

    async fn handle(&mut self, Number(left): Number, _: &mut Context<Self, ()>) {
        match &self.next {
            Some(next) if left > 0 => tell_now(next, Number(left - 1)),
            _ => {
                let _ = self.report.send(left);
            }
        }
    }
}

/// The token says how many hops are left.
async fn ring(size: usize, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    let station = |next| {
        let report = report.clone();
        start::<Station>(Station { next, report })
    };
    let first = station(None);
    let mut next = first.clone();
    for _ in 1..size {
        next = station(Some(next));
    }
    tell_now(&first, next);
    for n in &mut passes {
        tell_now(&first, Number(n));
        reports.expect(0).await;
    }
    passes.rate()
}

struct Idler;

impl Actor for Idler {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(state: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        idle_actor_started();
        Ok(state)
    }
}

async fn spawn_stop(mut passes: Passes) -> f64 {
    for n in &mut passes {
        for _ in 0..n {
            let idler = start::<Idler>(Idler);
            idler.stop_gracefully().await.expect("the actor lives");
            idler.wait_for_shutdown().await;
        }
    }
    passes.rate()
}

async fn idle(count: u64) -> f64 {
    let memory = Memory::now();
    for _ in 0..count {
        std::mem::forget(start::<Idler>(Idler));
    }
    idle_actors_started(count).await;
    memory.growth_for_each(count)
}

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
    fn new(number: u64, leaves: u64, parent: Parent) -> Self {
        Self { number, leaves, parent, sum: 0, answers: 0 }
    }

    fn report(&self, sum: u64) {
        match &self.parent {
            Parent::Node(node) => tell_now(node, Number(sum)),
            Parent::Driver(report) => {
                let _ = report.send(sum);
            }
        }
    }
}

impl Actor for Node {
    type Args = Self;
    type Error = Infallible;

    /// A leaf, to which nobody has a reference, ends by itself.
    async fn on_start(node: Self, me: ActorRef<Self>) -> Result<Self, Infallible> {
        if node.leaves == 1 {
            node.report(node.number);
        } else {
            let part = node.leaves / BRANCHES;
            for i in 0..BRANCHES {
                let parent = Parent::Node(me.clone());
                start::<Node>(Node::new(node.number + i * part, part, parent));
            }
        }
        Ok(node)
    }
}

impl Message<Number> for Node {
    type Reply = ();

    async fn handle(&mut self, Number(sum): Number, ctx: &mut Context<Self, ()>) {
        self.sum += sum;
        self.answers += 1;
        if self.answers == BRANCHES {
            self.report(self.sum);
            ctx.stop();
        }
    }
}

async fn skynet(mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    for n in &mut passes {
        start::<Node>(Node::new(0, n, Parent::Driver(report.clone())));
        reports.expect(skynet_sum(n)).await;
    }
    skynet_actors(passes.rate())
}
