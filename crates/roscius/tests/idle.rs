//! Idle systems use no CPU. In a binary of its own, since it measures the whole process.

#![cfg(target_os = "linux")]

use std::fs;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use roscius::prelude::*;

#[derive(Message)]
#[message(reply = u64)]
struct Double(u64);

/// Has a wakeup far ahead, and doubles numbers.
struct Dozer;

impl Actor for Dozer {
    type Protocol = (Double,);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        ctx.wakeup_after(Duration::from_secs(3600), ());
        Ok(())
    }
}

/// Blocks its thread until the test lets it go.
struct Sleeper {
    bed: Arc<Barrier>,
}

impl Actor for Sleeper {
    type Protocol = (Double,);
}

impl Handler<Double> for Sleeper {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        self.bed.wait();
        self.bed.wait();
        Ok(*number)
    }
}

impl Handler<Double> for Dozer {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(*number * 2)
    }
}

/// Processor time of this process so far, in ticks of a hundredth of a second, as the kernel counts it.
fn ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("the kernel tells about this process");
    // The name of the process, in parentheses, may contain spaces. Fields 14 and 15 are user and system time.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// How often the threads of this process gave the processor up by themselves: how often they woke.
fn wakeups() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("the kernel lists the threads of this process");
    let status = |task: fs::DirEntry| fs::read_to_string(task.path().join("status")).unwrap_or_default();
    let count = |text: String| {
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:").map(str::to_owned));
        line.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    tasks.flatten().map(status).map(count).sum()
}

#[test]
fn idle_systems_use_no_cpu() {
    let systems: Vec<_> = [ActorSystem::simple(), ActorSystem::threads().workers(1), ActorSystem::threads().workers(3)]
        .into_iter()
        .map(|builder| builder.start().expect("the system starts"))
        .collect();
    for system in &systems {
        for props in [Props::new(|| Dozer), Props::new(|| Dozer).blocking()] {
            let dozer = system.spawn(props).expect("the actor is created");
            assert_eq!(system.ask(dozer, Double(4)).wait(), Ok(8));
        }
    }
    // A handler that blocks, in an actor that was declared to.
    let bed = Arc::new(Barrier::new(2));
    let sleeper = Arc::clone(&bed);
    let sleeper = Props::new(move || Sleeper { bed: Arc::clone(&sleeper) }).blocking();
    let sleeper = systems[1].spawn(sleeper).expect("the actor is created");
    let ask = systems[1].ask(sleeper, Double(1));
    bed.wait();
    // The sentries look for a while whether something is stuck, then sleep too.
    thread::sleep(Duration::from_millis(200));
    let before = (ticks(), wakeups());
    thread::sleep(Duration::from_millis(300));
    let after = (ticks(), wakeups());
    assert!(after.0 - before.0 <= 1, "{} ticks of processor time in 300 ms of doing nothing", after.0 - before.0);
    let woken = after.1.saturating_sub(before.1);
    assert!(woken <= 10, "threads woke {woken} times in 300 ms of doing nothing");
    bed.wait();
    assert_eq!(ask.wait(), Ok(1));
    for system in systems {
        assert!(system.shutdown().is_complete());
    }
}
