//! actix: actors of one arbiter share its thread, so the second worker is a second arbiter.

use actix::prelude::SendError;
use actix::{Actor, ActorContext, Addr, Arbiter, ArbiterHandle, AsyncContext, Context, Handler, Message, System};
use tokio::sync::mpsc::UnboundedSender;

use super::{Memory, Number, Reports, Tally, idle_actor_started, idle_actors_started, produce};
use crate::workload::{BOUND, BRANCHES, Job, PRODUCERS, Passes, RING, Workers, Workload, skynet_actors, skynet_sum};

/// Takes one measurement.
pub fn run(job: Job) -> Option<f64> {
    let passes = job.passes();
    let outcome = System::new().block_on(async move {
        let driver = actix::spawn(async move {
            let away = elsewhere(job.workers);
            match job.workload {
                Workload::Tell => tell(&away, passes).await,
                Workload::Bounded => bounded(&away, passes).await,
                Workload::Ask => ask(passes).await,
                Workload::PingPong => ring(2, passes).await,
                Workload::FanIn => fan_in(&away, passes).await,
                Workload::SpawnStop => spawn_stop(passes).await,
                Workload::Idle => idle(job.idle_actors(850)).await,
                Workload::Ring => ring(RING, passes).await,
                Workload::Skynet => skynet(away, passes).await,
            }
        });
        driver.await.expect("the driver does not panic")
    });
    Some(outcome)
}

/// Where the second of two actors is started that can work at the same time: on the second worker where there is one.
///
/// Actors that wait for each other stay together, as `Actor::start` would have it.
fn elsewhere(workers: Workers) -> ArbiterHandle {
    match workers {
        Workers::One => Arbiter::current(),
        Workers::Two => Arbiter::new().handle(),
    }
}

impl Message for Number {
    type Result = ();
}

struct Consumer {
    tally: Tally,
    capacity: Option<usize>,
}

impl Consumer {
    fn start(place: &ArbiterHandle, capacity: Option<usize>) -> (Addr<Self>, Reports) {
        let (tally, reports) = Tally::new();
        let consumer = Self { tally, capacity };
        (Self::start_in_arbiter(place, |_| consumer), reports)
    }
}

impl Actor for Consumer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(capacity) = self.capacity {
            ctx.set_mailbox_capacity(capacity);
        }
    }
}

impl Handler<Number> for Consumer {
    type Result = ();

    fn handle(&mut self, number: Number, _: &mut Self::Context) {
        self.tally.add(number);
    }
}

async fn tell(away: &ArbiterHandle, mut passes: Passes) -> f64 {
    let (consumer, mut reports) = Consumer::start(away, None);
    for n in &mut passes {
        produce(n, n, |number| consumer.do_send(number)).await;
        reports.expect(n).await;
    }
    passes.rate()
}

async fn bounded(away: &ArbiterHandle, mut passes: Passes) -> f64 {
    let (consumer, mut reports) = Consumer::start(away, Some(BOUND));
    for n in &mut passes {
        for _ in 0..n {
            match consumer.try_send(Number(n)) {
                Ok(()) => {}
                // Waits until it has been handled, for which the mailbox must have been emptied.
                Err(SendError::Full(number)) => {
                    let sent = consumer.send(number).await;
                    sent.expect("the consumer lives");
                }
                Err(SendError::Closed(_)) => panic!("the consumer lives"),
            }
        }
        reports.expect(n).await;
    }
    passes.rate()
}

async fn fan_in(away: &ArbiterHandle, mut passes: Passes) -> f64 {
    let (consumer, mut reports) = Consumer::start(away, None);
    for n in &mut passes {
        for _ in 0..PRODUCERS {
            let consumer = consumer.clone();
            actix::spawn(async move {
                produce(n / PRODUCERS, n, |number| consumer.do_send(number)).await;
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

impl Actor for Server {
    type Context = Context<Self>;
}

impl Handler<Question> for Server {
    type Result = u64;

    fn handle(&mut self, Question(number): Question, _: &mut Self::Context) -> u64 {
        number + 1
    }
}

async fn ask(mut passes: Passes) -> f64 {
    let server = Server.start();
    for n in &mut passes {
        for i in 0..n {
            let answer = server.send(Question(i)).await;
            assert_eq!(answer.expect("the server answers"), i + 1);
        }
    }
    passes.rate()
}

struct Peer(Addr<Station>);

impl Message for Peer {
    type Result = ();
}

struct Station {
    next: Option<Addr<Station>>,
    report: UnboundedSender<u64>,
}

impl Actor for Station {
    type Context = Context<Self>;
}

impl Handler<Peer> for Station {
    type Result = ();

    fn handle(&mut self, Peer(next): Peer, _: &mut Self::Context) {
        self.next = Some(next);
    }
}

impl Handler<Number> for Station {
    type Result = ();

    fn handle(&mut self, Number(left): Number, _: &mut Self::Context) {
        match &self.next {
            Some(next) if left > 0 => next.do_send(Number(left - 1)),
            _ => {
                let _ = self.report.send(left);
            }
        }
    }
}

/// The token says how many hops are left.
async fn ring(size: usize, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    let start = |next| {
        let report = report.clone();
        Station { next, report }.start()
    };
    let first = start(None);
    let mut next = first.clone();
    for _ in 1..size {
        next = start(Some(next));
    }
    first.do_send(Peer(next));
    for n in &mut passes {
        first.do_send(Number(n));
        reports.expect(0).await;
    }
    passes.rate()
}

struct Stop;

impl Message for Stop {
    type Result = ();
}

struct Mortal {
    report: UnboundedSender<u64>,
}

impl Actor for Mortal {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        let _ = self.report.send(0);
    }
}

impl Handler<Stop> for Mortal {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

/// An actor starts in the arbiter of its creator, so a second worker makes no difference.
async fn spawn_stop(mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    for n in &mut passes {
        for _ in 0..n {
            let mortal = Mortal { report: report.clone() };
            mortal.start().do_send(Stop);
            reports.expect(0).await;
        }
    }
    passes.rate()
}

struct Idler;

impl Actor for Idler {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        idle_actor_started();
    }
}

impl Handler<Number> for Idler {
    type Result = ();

    fn handle(&mut self, _: Number, _: &mut Self::Context) {}
}

async fn idle(count: u64) -> f64 {
    let memory = Memory::now();
    for _ in 0..count {
        std::mem::forget(Idler.start());
    }
    idle_actors_started(count).await;
    memory.growth_for_each(count)
}

#[derive(Clone)]
enum Parent {
    Node(Addr<Node>),
    Driver(UnboundedSender<u64>),
}

struct Node {
    number: u64,
    leaves: u64,
    parent: Parent,
    /// Where the children go, for the root only: the rest of the tree stays where its branch is.
    places: Option<[ArbiterHandle; 2]>,
    sum: u64,
    answers: u64,
}

impl Node {
    fn new(number: u64, leaves: u64, parent: Parent) -> Self {
        Self { number, leaves, parent, places: None, sum: 0, answers: 0 }
    }

    fn end(&self, sum: u64, ctx: &mut Context<Self>) {
        match &self.parent {
            Parent::Node(node) => node.do_send(Number(sum)),
            Parent::Driver(report) => {
                let _ = report.send(sum);
            }
        }
        ctx.stop();
    }
}

impl Actor for Node {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if self.leaves == 1 {
            return self.end(self.number, ctx);
        }
        let part = self.leaves / BRANCHES;
        for i in 0..BRANCHES {
            let me = Parent::Node(ctx.address());
            let child = Self::new(self.number + i * part, part, me);
            match &self.places {
                None => child.start(),
                Some(places) => Self::start_in_arbiter(&places[i as usize % 2], |_| child),
            };
        }
    }
}

impl Handler<Number> for Node {
    type Result = ();

    fn handle(&mut self, Number(sum): Number, ctx: &mut Self::Context) {
        self.sum += sum;
        self.answers += 1;
        if self.answers == BRANCHES {
            self.end(self.sum, ctx);
        }
    }
}

async fn skynet(away: ArbiterHandle, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    for n in &mut passes {
        let mut root = Node::new(0, n, Parent::Driver(report.clone()));
        root.places = Some([Arbiter::current(), away.clone()]);
        root.start();
        reports.expect(skynet_sum(n)).await;
    }
    skynet_actors(passes.rate())
}
