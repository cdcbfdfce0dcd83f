//! A whole run: survey, pipeline, audit, comparison of speeds.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use roscius::ActorSystem;

use crate::actors::{Director, Run};
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::input;
use crate::kill::Kill;
use crate::plan::{Counters, Plan};
use crate::progress::Progress;
use crate::report::{self, Report, Speed, grouped};
use crate::stages::store::{Audit, Counting, Database, Sink};

/// How often the progress on the screen is brought up to date.
const FRAME: Duration = Duration::from_millis(20);

/// How often each number of workers is measured at least, and at most if there is time. The best counts, since whatever
/// else the machine does can only slow a pass down.
const FEWEST_ROUNDS: u32 = 3;
const MOST_ROUNDS: u32 = 10;

/// How long the measuring may take, once it was done often enough.
const MEASURING: Duration = Duration::from_secs(4);

/// Does all that the command line asks for.
pub fn run(arguments: &Arguments) -> Result<Report, Failure> {
    let mut plan = Plan::new(input::survey(&arguments.inputs())?.into(), arguments.workers());
    if !arguments.no_kill {
        plan.kill = Arc::new(Kill::at(plan.total().div_ceil(2), 1));
    }
    let path = arguments.database();
    let database = Database::create(&path, &plan.sources)?;
    let passed = watched(&plan, || pass(&plan, Box::new(database)));
    let (passed, audit) = check(&plan, passed, &path)?;
    let speeds = compare(&plan)?;
    let Counters { fetched, cleaned, scored, .. } = &*plan.counters;
    Ok(Report {
        stages: vec![
            ("fetch", fetched.load(Ordering::Relaxed)),
            ("clean", cleaned.load(Ordering::Relaxed)),
            ("infer", scored.load(Ordering::Relaxed)),
            ("store", audit.texts),
        ],
        kill: (plan.kill.in_hand() > 0)
            .then(|| report::Kill { in_hand: plan.kill.in_hand(), sent_again: plan.kill.sent_again() }),
        restarts: passed.workers_lost,
        repeated: passed.repeated,
        speeds,
        sources: plan
            .sources
            .iter()
            .zip(audit.sources)
            .map(|(source, (texts, correlation))| (source.name.clone(), texts, correlation))
            .collect(),
        database: path,
    })
}

/// What came of one pass of all texts through the actors.
#[derive(Debug)]
struct Passed {
    repeated: u64,
    workers_lost: u64,
    texts_per_second: f64,
}

/// Sends all texts through a new set of actors.
fn pass(plan: &Plan, sink: Box<dyn Sink>) -> Result<Passed, Failure> {
    let system = ActorSystem::threads().start().map_err(Failure::broken)?;
    let passed = pass_through(&system, plan, sink);
    let shutdown = system.shutdown();
    let passed = passed?;
    match shutdown.unfinished.len() {
        0 => Ok(passed),
        actors => Err(Failure::Broken(format!("{actors} actors did not exit"))),
    }
}

fn pass_through(system: &ActorSystem, plan: &Plan, sink: Box<dyn Sink>) -> Result<Passed, Failure> {
    let director = system.spawn(Director::props(plan.clone(), sink)).map_err(Failure::broken)?;
    let start = Instant::now();
    let done = system.ask(director, Run).wait().map_err(Failure::broken)??;
    let seconds = start.elapsed().as_secs_f64();
    let troupe = system.troupe(done.infer).status().map_err(Failure::broken)?;
    Ok(Passed { repeated: done.repeated, workers_lost: troupe.lost, texts_per_second: plan.total() as f64 / seconds })
}

/// Shows on standard error how far the work is until it is done.
fn watched<T>(plan: &Plan, work: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (working, done) = mpsc::channel();
        scope.spawn(move || show(plan, &done));
        let outcome = work();
        drop(working);
        outcome
    })
}

fn show(plan: &Plan, done: &Receiver<()>) {
    let mut progress = Progress::start(plan.total());
    let mut killed = 0;
    loop {
        let last = done.recv_timeout(FRAME) == Err(RecvTimeoutError::Disconnected);
        progress.update(plan.counters.stored.load(Ordering::Relaxed));
        let in_hand = plan.kill.in_hand();
        if in_hand > killed {
            killed = in_hand;
            progress.note(&format!("an inference worker was killed with {} texts in hand", grouped(in_hand)));
        }
        if last {
            progress.finish();
            return;
        }
    }
}

/// Compares what should be in the database with what is, whatever the actors say.
fn check(plan: &Plan, passed: Result<Passed, Failure>, path: &Path) -> Result<(Passed, Audit), Failure> {
    let (passed, cause) = match passed {
        Ok(passed) => (Some(passed), "the store had said that all were there".to_owned()),
        Err(Failure::Broken(cause)) => (None, cause),
        Err(failure) => return Err(failure),
    };
    let audit = Database::audit(path, &plan.sources)?;
    match (audit.first_missing, passed) {
        (Some(first), _) => Err(Failure::Lost { missing: audit.missing, expected: plan.total(), first, cause }),
        (None, Some(passed)) => Ok((passed, audit)),
        (None, None) => Err(Failure::Broken(cause)),
    }
}

/// Measures the same actors with one inference worker and with as many as were asked for, in turn.
fn compare(plan: &Plan) -> Result<Vec<Speed>, Failure> {
    let mut speeds = vec![Speed { workers: 1, texts_per_second: 0.0 }];
    if plan.workers > 1 {
        speeds.push(Speed { workers: plan.workers, texts_per_second: 0.0 });
    }
    let workers: Vec<_> = speeds.iter().map(|speed| speed.workers.to_string()).collect();
    eprintln!("measuring the speed without a database, inference workers: {}", workers.join(" and "));
    let start = Instant::now();
    for round in 0..MOST_ROUNDS {
        if round >= FEWEST_ROUNDS && start.elapsed() > MEASURING {
            break;
        }
        for speed in &mut speeds {
            let plan = Plan::new(Arc::clone(&plan.sources), speed.workers);
            let passed = pass(&plan, Box::new(Counting::default()))?;
            speed.texts_per_second = speed.texts_per_second.max(passed.texts_per_second);
        }
    }
    Ok(speeds)
}

#[cfg(test)]
mod tests;
