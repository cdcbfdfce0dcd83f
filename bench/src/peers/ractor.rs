//! ractor: an actor has a handler without state and a state apart; mailboxes are unbounded.

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::sync::mpsc::UnboundedSender;

use super::{Memory, Number, Reports, Tally, on_tokio, produce};
use crate::workload::{BRANCHES, Job, PRODUCERS, Passes, RING, Workload, skynet_actors, skynet_sum};

type Outcome<T = ()> = Result<T, ActorProcessingErr>;

/// Takes one measurement.
pub fn run(job: Job) -> Option<f64> {
    let passes = job.passes();
    on_tokio(job.workers, async move {
        Some(match job.workload {
            Workload::Tell => tell(passes).await,
            Workload::Bounded => return None,
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

async fn start<A: Actor>(actor: A, arguments: A::Arguments) -> ActorRef<A::Msg> {
    let (address, _) = A::spawn(None, actor, arguments).await.expect("the actor starts");
    address
}

struct Consumer;

impl Actor for Consumer {
    type Msg = Number;
    type State = Tally;
    type Arguments = Tally;

    async fn pre_start(&self, _: ActorRef<Number>, tally: Tally) -> Outcome<Tally> {
        Ok(tally)
    }

    async fn handle(&self, _: ActorRef<Number>, number: Number, tally: &mut Tally) -> Outcome {
        tally.add(number);
        Ok(())
    }
}

async fn tell(mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = start(Consumer, tally).await;
    for n in &mut passes {
        produce(n, n, |number| consumer.cast(number).expect("the consumer lives")).await;
        reports.expect(n).await;
    }
    passes.rate()
}

async fn fan_in(mut passes: Passes) -> f64 {
    let (tally, mut reports) = Tally::new();
    let consumer = start(Consumer, tally).await;
    for n in &mut passes {
        for _ in 0..PRODUCERS {
            let consumer = consumer.clone();
            tokio::spawn(async move {
                produce(n / PRODUCERS, n, |number| {
                    consumer.cast(number).expect("the consumer lives");
                })
                .await;
            });
        }
        reports.expect(n).await;
    }
    passes.rate()
}

struct Question(u64, RpcReplyPort<u64>);

struct Server;

impl Actor for Server {
    type Msg = Question;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Question>, (): ()) -> Outcome {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Question>, question: Question, (): &mut ()) -> Outcome {
        let Question(number, reply) = question;
        reply.send(number + 1)?;
        Ok(())
    }
}

async fn ask(mut passes: Passes) -> f64 {
    let server = start(Server, ()).await;
    for n in &mut passes {
        for i in 0..n {
            let answer = server.call(|reply| Question(i, reply), None).await;
            assert_eq!(answer.expect("the server lives").unwrap(), i + 1);
        }
    }
    passes.rate()
}

enum Pass {
    Peer(ActorRef<Pass>),
    Token(u64),
}

struct Station;

struct Neighbourhood {
    next: Option<ActorRef<Pass>>,
    report: UnboundedSender<u64>,
}

impl Actor for Station {
    type Msg = Pass;
    type State = Neighbourhood;
    type Arguments = Neighbourhood;

    async fn pre_start(&self, _: ActorRef<Pass>, start: Neighbourhood) -> Outcome<Neighbourhood> {
        Ok(start)
    }

    async fn handle(&self, _: ActorRef<Pass>, message: Pass, state: &mut Neighbourhood) -> Outcome {
        match (message, &state.next) {
            (Pass::Peer(next), _) => state.next = Some(next),
            (Pass::Token(left), Some(next)) if left > 0 => next.cast(Pass::Token(left - 1))?,
            (Pass::Token(left), _) => state.report.send(left)?,
        }
        Ok(())
    }
}

/// The token says how many hops are left.
async fn ring(size: usize, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    let neighbourhood = |next| Neighbourhood { next, report: report.clone() };
    let first = start(Station, neighbourhood(None)).await;
    let mut next = first.clone();
    for _ in 1..size {
        next = start(Station, neighbourhood(Some(next))).await;
    }
    first.cast(Pass::Peer(next)).expect("the ring lives");
    for n in &mut passes {
        first.cast(Pass::Token(n)).expect("the ring lives");
        reports.expect(0).await;
    }
    passes.rate()
}

struct Idler;

impl Actor for Idler {
    type Msg = Number;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Number>, (): ()) -> Outcome {
        Ok(())
    }
}

async fn spawn_stop(mut passes: Passes) -> f64 {
    for n in &mut passes {
        for _ in 0..n {
            let (address, task) = Idler::spawn(None, Idler, ()).await.expect("the actor starts");
            address.stop(None);
            task.await.expect("the actor stops");
        }
    }
    passes.rate()
}

async fn idle(count: u64) -> f64 {
    let memory = Memory::now();
    for _ in 0..count {
        std::mem::forget(start(Idler, ()).await);
    }
    memory.growth_for_each(count)
}

struct Node;

enum Parent {
    Node(ActorRef<Number>),
    Driver(UnboundedSender<u64>),
}

struct Branch {
    number: u64,
    leaves: u64,
    parent: Parent,
    sum: u64,
    answers: u64,
}

impl Branch {
    fn new(number: u64, leaves: u64, parent: Parent) -> Self {
        Self { number, leaves, parent, sum: 0, answers: 0 }
    }

    fn end(&self, sum: u64, me: &ActorRef<Number>) -> Outcome {
        match &self.parent {
            Parent::Node(node) => node.cast(Number(sum))?,
            Parent::Driver(report) => report.send(sum)?,
        }
        me.stop(None);
        Ok(())
    }
}

impl Actor for Node {
    type Msg = Number;
    type State = Branch;
    type Arguments = Branch;

    async fn pre_start(&self, _: ActorRef<Number>, branch: Branch) -> Outcome<Branch> {
        Ok(branch)
    }

    async fn post_start(&self, me: ActorRef<Number>, branch: &mut Branch) -> Outcome {
        if branch.leaves == 1 {
            return branch.end(branch.number, &me);
        }
        let part = branch.leaves / BRANCHES;
        for i in 0..BRANCHES {
            let parent = Parent::Node(me.clone());
            let child = Branch::new(branch.number + i * part, part, parent);
            Self::spawn(None, Node, child).await?;
        }
        Ok(())
    }

    async fn handle(&self, me: ActorRef<Number>, sum: Number, branch: &mut Branch) -> Outcome {
        branch.sum += sum.0;
        branch.answers += 1;
        if branch.answers == BRANCHES {
            branch.end(branch.sum, &me)?;
        }
        Ok(())
    }
}

async fn skynet(mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    for n in &mut passes {
        start(Node, Branch::new(0, n, Parent::Driver(report.clone()))).await;
        reports.expect(skynet_sum(n)).await;
    }
    skynet_actors(passes.rate())
}
