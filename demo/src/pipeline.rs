//! A whole run: survey, pipeline, audit, comparison of speeds.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::agreement::Agreement;
use crate::arguments::Arguments;
use crate::bases::{Base, Cluster, OneProcess, Place, Processes};
use crate::director::{Done, direct};
use crate::failure::Failure;
use crate::input;
use crate::kill::Kill;
use crate::plan::{Loss, Plan};
use crate::progress::Progress;
use crate::report::{self, Report, Speed, grouped};
use crate::stages::store::{Audit, Database, SinkTask};

/// How often the progress on the screen is brought up to date.
const FRAME: Duration = Duration::from_millis(20);

/// How often each number of workers is measured at least, and at most if there is time. The best counts, since whatever
/// else the machine does can only slow a pass down.
const FEWEST_ROUNDS: u32 = 3;
const MOST_ROUNDS: u32 = 10;

/// What takes as long as that is measured no further.
const LONGEST: Duration = Duration::from_secs(12);

/// How long the measuring may take, once it was done often enough.
const MEASURING: Duration = Duration::from_secs(4);

/// Does all that the command line asks for.
pub fn run(arguments: &Arguments) -> Result<Report, Failure> {
    let place = arguments.place();
    let sources = input::survey(&arguments.inputs())?;
    let path = arguments.database();
    // Whatever is wrong with it is said before anything starts.
    drop(Database::create(&path, &sources)?);
    let sink = SinkTask::Database { path: path.clone(), sources: sources.clone() };
    let mut plan = Plan::new(sources, sink, arguments.workers());
    if !arguments.no_kill {
        plan.kill = Kill::at(plan.total().div_ceil(2), 1);
    }
    let done = watched(&plan, || pass(&place, &plan));
    let (done, audit) = check(&plan, done, &path)?;
    let speeds = compare(&place, &plan)?;
    let agreement = match &place {
        Place::Processes { python: Some(_) } => Some(Agreement::of(&path)?),
        _ => None,
    };
    let counters = &plan.counters;
    let passed = |stage: &AtomicU64| stage.load(Ordering::Relaxed);
    let losses = counters.losses();
    Ok(Report {
        agreement,
        place,
        stages: vec![
            ("fetch", passed(&counters.fetched)),
            ("clean", passed(&counters.cleaned)),
            ("infer", passed(&counters.scored)),
            ("store", audit.texts),
        ],
        kill: (!losses.is_empty()).then(|| report::Kill {
            in_hand: losses.iter().map(|loss| loss.in_hand).sum(),
            given_again: passed(&counters.given_again),
        }),
        restarts: losses.len(),
        repeated: done.repeated,
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

/// Sends all texts through a new set of actors, in a new system.
fn pass(place: &Place, plan: &Plan) -> Result<Done, Failure> {
    match place {
        Place::Threads => pass_through(OneProcess::start()?, plan),
        Place::Cluster => pass_through(Cluster::start()?, plan),
        Place::Processes { python } => pass_through(Processes::start(python.as_deref())?, plan),
    }
}

fn pass_through(base: impl Base, plan: &Plan) -> Result<Done, Failure> {
    let done = direct(&base, plan);
    let ended = base.end();
    let done = done?;
    ended.map(|()| done)
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
    let mut lost = 0;
    loop {
        let last = done.recv_timeout(FRAME) == Err(RecvTimeoutError::Disconnected);
        progress.update(plan.counters.stored.load(Ordering::Relaxed));
        for Loss { in_hand, reason } in plan.counters.losses().iter().skip(lost) {
            lost += 1;
            let in_hand = grouped(*in_hand);
            progress.note(&format!("an inference worker was killed with {in_hand} texts in hand: {reason}"));
        }
        if last {
            progress.finish();
            return;
        }
    }
}

/// Compares what should be in the database with what is, whatever the actors say.
fn check(plan: &Plan, done: Result<Done, Failure>, path: &Path) -> Result<(Done, Audit), Failure> {
    let (done, cause) = match done {
        Ok(done) => (Some(done), "the store had said that all were there".to_owned()),
        Err(Failure::Broken(cause)) => (None, cause),
        Err(failure) => return Err(failure),
    };
    let audit = Database::audit(path, &plan.sources)?;
    match (audit.first_missing, done) {
        (Some(first), _) => Err(Failure::Lost { missing: audit.missing, expected: plan.total(), first, cause }),
        (None, Some(done)) => Ok((done, audit)),
        (None, None) => Err(Failure::Broken(cause)),
    }
}

/// Measures the same actors with one inference worker and with as many as were asked for, in turn.
fn compare(place: &Place, plan: &Plan) -> Result<Vec<Speed>, Failure> {
    let mut speeds = vec![Speed { workers: 1, texts_per_second: 0.0 }];
    if plan.workers > 1 {
        speeds.push(Speed { workers: plan.workers, texts_per_second: 0.0 });
    }
    let workers: Vec<_> = speeds.iter().map(|speed| speed.workers.to_string()).collect();
    eprintln!("measuring the speed without a database, inference workers: {}", workers.join(" and "));
    let start = Instant::now();
    for round in 0..MOST_ROUNDS {
        let taken = start.elapsed();
        if round >= FEWEST_ROUNDS && taken > MEASURING || taken > LONGEST {
            break;
        }
        for speed in &mut speeds {
            let plan = Plan::new(plan.sources.clone(), SinkTask::Counting, speed.workers);
            let done = pass(place, &plan)?;
            speed.texts_per_second = speed.texts_per_second.max(done.texts_per_second);
        }
    }
    Ok(speeds)
}

#[cfg(test)]
mod tests;
