//! xtra: a tell is a detached send; messages of one sender may overtake each other.

use tokio::sync::mpsc::UnboundedSender;
use xtra::{Actor, Address, Context, Handler, Mailbox};

use super::{BURST, Memory, Number, Reports, Tally, idle_actor_started, idle_actors_started, on_tokio};
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
            Workload::Idle => idle(job.idle_actors(770)).await,
            Workload::Ring => ring(RING, passes).await,
            Workload::Skynet => skynet(passes).await,
        })
    })
}

fn start<A: Actor<Stop = ()>>(actor: A) -> Address<A> {
    xtra::spawn_tokio(actor, Mailbox::unbounded())
}

async fn tell_to<A, M>(to: &Address<A>, message: M)
where
    A: Handler<M>,
    M: Send + 'static,
{
    let sent = to.send(message).detach().await;
    drop(sent.expect("the actor lives"));
}

/// As the shared one, but its sends are futures.
async fn produce(count: u64, all: u64, consumer: &Address<Consumer>) {
    for i in 1..=count {
        tell_to(consumer, Number(all)).await;
        if i % BURST == 0 {
            tokio::task::yield_now().await;
        }
    }
}

struct Consumer(Tally);

impl Actor for Consumer {
    type Stop = ();

    async fn stopped(self) {}
}

impl Handler<Number> for Consumer {
    type Return = ();

    async fn handle(&mut self, number: Number, _: &mut Context<Self>) {
        self.0.add(number);
    }
}

async fn tell(mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = start(Consumer(tally));
    for n in &mut passes {
        produce(n, n, &consumer).await;
        reports.expect(n).await;
    }
    passes.rate()
}

async fn bounded(mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = xtra::spawn_tokio(Consumer(tally), Mailbox::bounded(BOUND));
    for n in &mut passes {
        for _ in 0..n {
            tell_to(&consumer, Number(n)).await;
        }
        reports.expect(n).await;
    }
    passes.rate()
}

async fn fan_in(mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = start(Consumer(tally));
    for n in &mut passes {
        for _ in 0..PRODUCERS {
            let consumer = consumer.clone();
            tokio::spawn(async move { produce(n / PRODUCERS, n, &consumer).await });
        }
        reports.expect(n).await;
    }
    passes.rate()
}

struct Server;

impl Actor for Server {
    type Stop = ();

    async fn stopped(self) {}
}

impl Handler<Number> for Server {
    type Return = u64;

    async fn handle(&mut self, Number(number): Number, _: &mut Context<Self>) -> u64 {
        number + 1
    }
}

async fn ask(mut passes: Passes) -> f64 {
    let server = start(Server);
    for n in &mut passes {
        for i in 0..n {
            assert_eq!(server.send(Number(i)).await, Ok(i + 1));
        }
    }
    passes.rate()
}

struct Station {
    next: Option<Address<Station>>,
    report: UnboundedSender<u64>,
}

impl Actor for Station {
    type Stop = ();

    async fn stopped(self) {}
}

struct Peer(Address<Station>);

impl Handler<Peer> for Station {
    type Return = ();

    async fn handle(&mut self, Peer(next): Peer, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

impl Handler<Number> for Station {
    type Return = ();

    async fn handle(&mut self, Number(left): Number, _: &mut Context<Self>) {
        match &self.next {
            Some(next) if left > 0 => tell_to(next, Number(left - 1)).await,
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
        start(Station { next, report })
    };
    let first = station(None);
    let mut next = first.clone();
    for _ in 1..size {
        next = station(Some(next));
    }
    tell_to(&first, Peer(next)).await;
    for n in &mut passes {
        tell_to(&first, Number(n)).await;
        reports.expect(0).await;
    }
    passes.rate()
}

struct Idler;

impl Actor for Idler {
    type Stop = ();

    async fn started(&mut self, _: &Mailbox<Self>) -> Result<(), ()> {
        idle_actor_started();
        Ok(())
    }

    async fn stopped(self) {}
}

/// An actor stops when the last address is gone.
async fn spawn_stop(mut passes: Passes) -> f64 {
    for n in &mut passes {
        for _ in 0..n {
            let (address, mailbox) = Mailbox::unbounded();
            let task = tokio::spawn(xtra::run(mailbox, Idler));
            drop(address);
            task.await.expect("the actor stops");
        }
    }
    passes.rate()
}

async fn idle(count: u64) -> f64 {
    let memory = Memory::now();
    for _ in 0..count {
        std::mem::forget(start(Idler));
    }
    idle_actors_started(count).await;
    memory.growth_for_each(count)
}

enum Parent {
    Node(Address<Node>),
    Driver(UnboundedSender<u64>),
}

struct Node {
    /// Until the children have it: an actor without an address ends.
    me: Option<Address<Node>>,
    number: u64,
    leaves: u64,
    parent: Parent,
    sum: u64,
    answers: u64,
}

impl Node {
    fn start(number: u64, leaves: u64, parent: Parent) {
        let (me, mailbox) = Mailbox::unbounded();
        let node = Self { me: Some(me.clone()), number, leaves, parent, sum: 0, answers: 0 };
        xtra::spawn_tokio(node, (me, mailbox));
    }

    async fn report(&self, sum: u64) {
        match &self.parent {
            Parent::Node(node) => tell_to(node, Number(sum)).await,
            Parent::Driver(report) => {
                let _ = report.send(sum);
            }
        }
    }
}

impl Actor for Node {
    type Stop = ();

    async fn started(&mut self, _: &Mailbox<Self>) -> Result<(), ()> {
        if self.leaves == 1 {
            self.report(self.number).await;
            return Err(());
        }
        let part = self.leaves / BRANCHES;
        let me = self.me.take().ok_or(())?;
        for i in 0..BRANCHES {
            let parent = Parent::Node(me.clone());
            Node::start(self.number + i * part, part, parent);
        }
        Ok(())
    }

    async fn stopped(self) {}
}

impl Handler<Number> for Node {
    type Return = ();

    async fn handle(&mut self, Number(sum): Number, ctx: &mut Context<Self>) {
        self.sum += sum;
        self.answers += 1;
        if self.answers == BRANCHES {
            self.report(self.sum).await;
            ctx.stop_self();
        }
    }
}

async fn skynet(mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    for n in &mut passes {
        Node::start(0, n, Parent::Driver(report.clone()));
        reports.expect(skynet_sum(n)).await;
    }
    skynet_actors(passes.rate())
}
