//! No framework: a task that reads a channel of tokio.

use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::oneshot;

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
            Workload::Idle => idle(job.idle_actors(1_300)).await,
            Workload::Ring => ring(RING, passes).await,
            Workload::Skynet => skynet(passes).await,
        })
    })
}

fn spawn_consumer() -> (UnboundedSender<Number>, Reports) {
    let (address, mut mailbox) = unbounded_channel();
    let (mut tally, reports) = Tally::new();
    tokio::spawn(async move {
        while let Some(number) = mailbox.recv().await {
            tally.add(number);
        }
    });
    (address, reports)
}

async fn tell(mut passes: Passes) -> f64 {
    let (consumer, mut reports) = spawn_consumer();
    for n in &mut passes {
        produce(n, n, |number| consumer.send(number).expect("the consumer lives")).await;
        reports.expect(n).await;
    }
    passes.rate()
}

async fn bounded(mut passes: Passes) -> f64 {
    let (consumer, mut mailbox) = channel(BOUND);
    let (mut tally, mut reports) = Tally::new();
    tokio::spawn(async move {
        while let Some(number) = mailbox.recv().await {
            tally.add(number);
        }
    });
    for n in &mut passes {
        for _ in 0..n {
            consumer.send(Number(n)).await.expect("the consumer lives");
        }
        reports.expect(n).await;
    }
    passes.rate()
}

async fn fan_in(mut passes: Passes) -> f64 {
    let (consumer, mut reports) = spawn_consumer();
    for n in &mut passes {
        for _ in 0..PRODUCERS {
            let consumer = consumer.clone();
            tokio::spawn(async move {
                produce(n / PRODUCERS, n, |number| {
                    consumer.send(number).expect("the consumer lives");
                })
                .await;
            });
        }
        reports.expect(n).await;
    }
    passes.rate()
}

async fn ask(mut passes: Passes) -> f64 {
    let (server, mut mailbox) = unbounded_channel::<(Number, oneshot::Sender<u64>)>();
    tokio::spawn(async move {
        while let Some((Number(number), reply)) = mailbox.recv().await {
            let _ = reply.send(number + 1);
        }
    });
    for n in &mut passes {
        for i in 0..n {
            let (reply, answer) = oneshot::channel();
            server.send((Number(i), reply)).expect("the server lives");
            assert_eq!(answer.await, Ok(i + 1));
        }
    }
    passes.rate()
}

/// The token says how many hops are left.
async fn ring(size: usize, mut passes: Passes) -> f64 {
    let (report, mut reports) = Reports::channel();
    let (first, first_mailbox) = unbounded_channel();
    let mut next = first.clone();
    for _ in 1..size {
        let (address, mailbox) = unbounded_channel();
        tokio::spawn(pass_on(mailbox, next, report.clone()));
        next = address;
    }
    tokio::spawn(pass_on(first_mailbox, next, report));
    for n in &mut passes {
        first.send(Number(n)).expect("the ring lives");
        reports.expect(0).await;
    }
    passes.rate()
}

async fn pass_on(mut mailbox: UnboundedReceiver<Number>, next: UnboundedSender<Number>, report: UnboundedSender<u64>) {
    while let Some(Number(left)) = mailbox.recv().await {
        if left == 0 {
            let _ = report.send(0);
        } else {
            let _ = next.send(Number(left - 1));
        }
    }
}

async fn spawn_stop(mut passes: Passes) -> f64 {
    for n in &mut passes {
        for _ in 0..n {
            let (address, mut mailbox) = unbounded_channel::<Number>();
            let task = tokio::spawn(async move { while mailbox.recv().await.is_some() {} });
            drop(address);
            task.await.expect("the task ends");
        }
    }
    passes.rate()
}

async fn idle(count: u64) -> f64 {
    let memory = Memory::now();
    for _ in 0..count {
        let (address, mut mailbox) = unbounded_channel::<Number>();
        tokio::spawn(async move {
            idle_actor_started();
            while mailbox.recv().await.is_some() {}
        });
        std::mem::forget(address);
    }
    idle_actors_started(count).await;
    memory.growth_for_each(count)
}

async fn skynet(mut passes: Passes) -> f64 {
    for n in &mut passes {
        let (root, mut result) = channel(1);
        tokio::spawn(skynet_actor(0, n, root));
        assert_eq!(result.recv().await, Some(skynet_sum(n)));
    }
    skynet_actors(passes.rate())
}

async fn skynet_actor(number: u64, leaves: u64, parent: tokio::sync::mpsc::Sender<u64>) {
    if leaves == 1 {
        let _ = parent.send(number).await;
        return;
    }
    let (me, mailbox) = channel(BRANCHES as usize);
    let part = leaves / BRANCHES;
    for i in 0..BRANCHES {
        spawn_skynet(number + i * part, part, me.clone());
    }
    drop(me);
    let _ = parent.send(sum_of(mailbox).await).await;
}

/// Apart from the future that it spawns, which would otherwise contain itself.
fn spawn_skynet(number: u64, leaves: u64, parent: tokio::sync::mpsc::Sender<u64>) {
    tokio::spawn(skynet_actor(number, leaves, parent));
}

async fn sum_of(mut mailbox: Receiver<u64>) -> u64 {
    let mut sum = 0;
    while let Some(part) = mailbox.recv().await {
        sum += part;
    }
    sum
}
