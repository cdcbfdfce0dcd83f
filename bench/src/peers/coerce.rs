//! coerce: actors are anonymous here, so that its registry is not on the way; mailboxes are unbounded.

use async_trait::async_trait;
use coerce::actor::context::ActorContext;
use coerce::actor::message::{Handler, Message};
use coerce::actor::scheduler::ActorType;
use coerce::actor::system::ActorSystem;
use coerce::actor::{Actor, LocalActorRef};
use tokio::sync::mpsc::UnboundedSender;

use super::{Memory, Number, Reports, Tally, on_tokio, produce};
use crate::workload::{BRANCHES, Job, PRODUCERS, Passes, RING, Workload, skynet_actors, skynet_sum};

/// Takes one measurement.
pub fn run(job: Job) -> Option<f64> {
    let passes = job.passes();
    on_tokio(job.workers, async move {
        let system = ActorSystem::new();
        Some(match job.workload {
            Workload::Tell => tell(&system, passes).await,
            Workload::Bounded => return None,
            Workload::Ask => ask(&system, passes).await,
            Workload::PingPong => ring(&system, 2, passes).await,
            Workload::FanIn => fan_in(&system, passes).await,
            Workload::SpawnStop => spawn_stop(&system, passes).await,
            Workload::Idle => idle(&system, job.idle_actors(2_400)).await,
            Workload::Ring => ring(&system, RING, passes).await,
            Workload::Skynet => skynet(&system, passes).await,
        })
    })
}

/// With a number as identity, which is cheaper than the random one by default.
async fn start<A: Actor>(system: &ActorSystem, id: u64, actor: A) -> LocalActorRef<A> {
    system.new_actor(id, actor, ActorType::Anonymous).await.expect("the actor starts")
}

impl Message for Number {
    type Result = ();
}

struct Consumer(Tally);

impl Actor for Consumer {}

#[async_trait]
impl Handler<Number> for Consumer {
    async fn handle(&mut self, number: Number, _: &mut ActorContext) {
        self.0.add(number);
    }
}

async fn tell(system: &ActorSystem, mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = start(system, 0, Consumer(tally)).await;
    for n in &mut passes {
        produce(n, n, |number| consumer.notify(number).expect("the consumer lives")).await;
        reports.expect(n).await;
    }
    passes.rate()
}

async fn fan_in(system: &ActorSystem, mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = start(system, 0, Consumer(tally)).await;
    for n in &mut passes {
        for _ in 0..PRODUCERS {
            let consumer = consumer.clone();
            tokio::spawn(async move {
                produce(n / PRODUCERS, n, |number| {
                    consumer.notify(number).expect("the consumer lives");
                })
                .await;
            });
        }
        reports.expect(n).await;
    }
    passes.rate()
}

struct Question(u64);

impl Message for Question {
    type Result = u64;
}

struct Server;

impl Actor for Server {}

#[async_trait]
impl Handler<Question> for Server {
    async fn handle(&mut self, Question(number): Question, _: &mut ActorContext) -> u64 {
        number + 1
    }
}

async fn ask(system: &ActorSystem, mut passes: Passes) -> f64 {
    let server = start(system, 0, Server).await;
    for n in &mut passes {
        for i in 0..n {
            assert_eq!(server.send(Question(i)).await, Ok(i + 1));
        }
    }
    passes.rate()
}

struct Peer(LocalActorRef<Station>);

impl Message for Peer {
    type Result = ();
}

struct Station {
    next: Option<LocalActorRef<Station>>,
    report: UnboundedSender<u64>,
}

impl Actor for Station {}

#[async_trait]
impl Handler<Peer> for Station {
    async fn handle(&mut self, Peer(next): Peer, _: &mut ActorContext) {
        self.next = Some(next);
    }
}

#[async_trait]
impl Handler<Number> for Station {
    async fn handle(&mut self, Number(left): Number, _: &mut ActorContext) {
        match &self.next {
            Some(next) if left > 0 => next.notify(Number(left - 1)).expect("the ring lives"),
            _ => {
                let _ = self.report.send(left);
            }
        }
    }
}

/// The token says how many hops are left.
async fn ring(system: &ActorSystem, size: usize, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    let station = |next| Station { next, report: report.clone() };
    let first = start(system, 0, station(None)).await;
    let mut next = first.clone();
    for id in 1..size as u64 {
        next = start(system, id, station(Some(next))).await;
    }
    first.notify(Peer(next)).expect("the ring lives");
    for n in &mut passes {
        first.notify(Number(n)).expect("the ring lives");
        reports.expect(0).await;
    }
    passes.rate()
}

struct Idler;

impl Actor for Idler {}

async fn spawn_stop(system: &ActorSystem, mut passes: Passes) -> f64 {
    for n in &mut passes {
        for id in 0..n {
            let idler = start(system, id, Idler).await;
            idler.stop().await.expect("the actor stops");
        }
    }
    passes.rate()
}

async fn idle(system: &ActorSystem, count: u64) -> f64 {
    let memory = Memory::now();
    for id in 0..count {
        std::mem::forget(start(system, id, Idler).await);
    }
    memory.growth_for_each(count)
}

enum Parent {
    Node(LocalActorRef<Node>),
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

    fn end(&self, sum: u64, ctx: &mut ActorContext) {
        match &self.parent {
            Parent::Node(node) => node.notify(Number(sum)).expect("the parent lives"),
            Parent::Driver(report) => {
                let _ = report.send(sum);
            }
        }
        ctx.stop(None);
    }
}

#[async_trait]
impl Actor for Node {
    async fn started(&mut self, ctx: &mut ActorContext) {
        if self.leaves == 1 {
            return self.end(self.number, ctx);
        }
        let part = self.leaves / BRANCHES;
        for i in 0..BRANCHES {
            let number = self.number + i * part;
            let child = Node::new(number, part, Parent::Node(ctx.actor_ref()));
            let system = ctx.system();
            system.new_actor_deferred(number, child, ActorType::Anonymous).await;
        }
    }
}

#[async_trait]
impl Handler<Number> for Node {
    async fn handle(&mut self, Number(sum): Number, ctx: &mut ActorContext) {
        self.sum += sum;
        self.answers += 1;
        if self.answers == BRANCHES {
            self.end(self.sum, ctx);
        }
    }
}

async fn skynet(system: &ActorSystem, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    for n in &mut passes {
        let root = Node::new(0, n, Parent::Driver(report.clone()));
        start(system, 0, root).await;
        reports.expect(skynet_sum(n)).await;
    }
    skynet_actors(passes.rate())
}
