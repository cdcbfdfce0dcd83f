//! Whole passes through the actors, with sinks that watch or misbehave.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use roscius::ActorSystem;
use tempfile::TempDir;

use super::*;
use crate::batch::{BATCH_SIZE, ScoredText};
use crate::input::Problem;
use crate::plan::Counters;
use crate::stages::store::{DatabaseError, Fault, Made, Sink};

/// What came into a sink: how often each text, by number.
type Seen = Arc<Mutex<BTreeMap<u64, usize>>>;

/// Does with texts what a test says; then it notes them.
struct Watching<F> {
    seen: Seen,
    written: u64,
    before: F,
}

impl<F: FnMut(&mut Vec<ScoredText>) -> Result<(), DatabaseError>> Watching<F> {
    fn new(before: F) -> (Box<Self>, Seen) {
        let seen = Seen::default();
        (Box::new(Self { seen: Arc::clone(&seen), written: 0, before }), seen)
    }
}

impl<F: FnMut(&mut Vec<ScoredText>) -> Result<(), DatabaseError> + Send> Sink for Watching<F> {
    fn add(&mut self, mut texts: Vec<ScoredText>) -> Result<(), DatabaseError> {
        self.written += texts.len() as u64;
        (self.before)(&mut texts)?;
        let mut seen = self.seen.lock().expect("no test panics while it holds this");
        texts.iter().for_each(|text| *seen.entry(text.text.id).or_default() += 1);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn written(&self) -> u64 {
        self.written
    }
}

/// A plan over two files with so many texts.
fn plan(folder: &TempDir, texts: [usize; 2], workers: usize) -> Plan {
    let file = |index: usize| -> PathBuf {
        let lines: String = (0..texts[index]).map(|line| format!("text {line} is good\n")).collect();
        let path = folder.path().join(format!("{index}.txt"));
        fs::write(&path, lines).expect("written");
        path
    };
    let sources = input::survey(&[file(0), file(1)]).expect("sound");
    Plan::new(sources, SinkTask::Counting, workers)
}

/// A pass of the plan on threads, into this sink.
fn pass_into(plan: &mut Plan, sink: Box<dyn Sink>) -> Result<Done, Failure> {
    plan.sink = SinkTask::Made(Made::new(sink));
    pass(&Place::Threads, plan)
}

/// The texts that workers had in hand when they ended.
fn in_hand(plan: &Plan) -> Vec<u64> {
    plan.counters.losses().iter().map(|loss| loss.in_hand).collect()
}

fn given_again(plan: &Plan) -> u64 {
    plan.counters.given_again.load(Ordering::Relaxed)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[track_caller]
fn assert_all_once(plan: &Plan, seen: &Seen) {
    let expected: BTreeMap<u64, usize> = (1..=plan.total()).map(|id| (id, 1)).collect();
    assert_eq!(*seen.lock().expect("no panic"), expected);
    let Counters { fetched, cleaned, scored, arrived, stored, .. } = &*plan.counters;
    for counter in [fetched, cleaned, scored, arrived, stored] {
        assert_eq!(counter.load(Ordering::Relaxed), plan.total());
    }
}

#[test]
fn every_text_passes_every_stage_once() {
    let folder = folder();
    for texts in [[1, 1], [63, 1], [64, 64], [1000, 3001]] {
        for workers in [1, 2, 7] {
            let mut plan = plan(&folder, texts, workers);
            let (sink, seen) = Watching::new(|_| Ok(()));
            let done = pass_into(&mut plan, sink).expect("passed");
            assert_eq!((done.repeated, in_hand(&plan)), (0, vec![]));
            assert_all_once(&plan, &seen);
        }
    }
}

#[test]
fn a_killed_worker_loses_nothing_wherever_it_dies() {
    let folder = folder();
    for workers in [1, 3] {
        for at in [1, 2, 64, 65, 500, 1000] {
            let mut plan = plan(&folder, [999, 1], workers);
            plan.kill = Kill::at(at, 1);
            let (sink, seen) = Watching::new(|_| Ok(()));
            let done = pass_into(&mut plan, sink).expect("passed");
            let batch = if at == 1000 { 1000 % BATCH_SIZE as u64 } else { BATCH_SIZE as u64 };
            assert_eq!((done.repeated, in_hand(&plan), given_again(&plan)), (0, vec![batch], batch));
            assert_all_once(&plan, &seen);
        }
    }
}

#[test]
fn a_batch_that_kills_every_worker_ends_the_run() {
    let folder = folder();
    let mut twice = plan(&folder, [500, 500], 2);
    twice.kill = Kill::at(300, 2);
    let (sink, seen) = Watching::new(|_| Ok(()));
    pass_into(&mut twice, sink).expect("the third worker lives");
    assert_eq!((in_hand(&twice), given_again(&twice)), (vec![BATCH_SIZE as u64; 2], 2 * BATCH_SIZE as u64));
    assert_all_once(&twice, &seen);

    let mut always = plan(&folder, [500, 500], 2);
    always.kill = Kill::at(300, u32::MAX);
    let (sink, _) = Watching::new(|_| Ok(()));
    let failure = pass_into(&mut always, sink).expect_err("no worker lives");
    let expected = "the pipeline broke off: 3 workers ended over one batch, the last because it failed: \
                    killed on purpose, to show that nothing is lost";
    assert_eq!(failure.to_string(), expected);
}

#[test]
fn the_same_actors_run_in_the_callers_thread() {
    let folder = folder();
    let mut plan = plan(&folder, [700, 300], 3);
    plan.kill = Kill::at(500, 1);
    let (sink, seen) = Watching::new(|_| Ok(()));
    plan.sink = SinkTask::Made(Made::new(sink));
    let system = ActorSystem::simple().start().expect("started");
    let done = pass_through(OneProcess::of(system), &plan).expect("passed");
    assert_eq!((done.repeated, in_hand(&plan)), (0, vec![BATCH_SIZE as u64]));
    assert_all_once(&plan, &seen);
}

#[test]
fn a_slow_store_holds_fetch_back() {
    let folder = folder();
    let mut plan = plan(&folder, [6000, 6000], 2);
    let counters = Arc::clone(&plan.counters);
    let most = Arc::new(Mutex::new(0));
    let highest = Arc::clone(&most);
    let mut stored = 0;
    let (sink, seen) = Watching::new(move |texts: &mut Vec<ScoredText>| {
        thread::sleep(Duration::from_millis(1));
        stored += texts.len() as u64;
        let fetched = counters.fetched.load(Ordering::Relaxed);
        let mut highest = highest.lock().expect("no panic");
        *highest = fetched.saturating_sub(stored).max(*highest);
        Ok(())
    });
    pass_into(&mut plan, sink).expect("passed");
    assert_all_once(&plan, &seen);
    let most = *most.lock().expect("no panic");
    assert!(most <= (plan.batches_on_their_way() * BATCH_SIZE) as u64, "{most} texts were on their way");
}

#[test]
fn a_store_that_hangs_ends_the_run_instead_of_hanging_it() {
    let folder = folder();
    let mut plan = plan(&folder, [500, 500], 2);
    plan.patience = Duration::from_millis(200);
    let (sink, _) = Watching::new(|_| {
        thread::sleep(Duration::from_secs(2));
        Ok(())
    });
    let failure = pass_into(&mut plan, sink).expect_err("nothing arrives");
    assert_eq!(failure.to_string(), "the pipeline broke off: no text reached the store for 0.2 s");
}

#[test]
fn an_actor_that_ends_early_ends_the_run_at_once() {
    let folder = folder();
    let mut plan = plan(&folder, [500, 500], 2);
    let (sink, _) = Watching::new(|_| panic!("the disk melted"));
    let failure = pass_into(&mut plan, sink).expect_err("the store is gone");
    assert_eq!(failure.to_string(), "the pipeline broke off: store ended early: it panicked: the disk melted");
}

#[test]
fn a_fault_of_the_database_reaches_the_user_as_such() {
    let folder = folder();
    let mut plan = plan(&folder, [500, 500], 2);
    let (sink, _) = Watching::new(|_| {
        let fault = Fault::Unwritable("disk full".to_owned());
        Err(DatabaseError { path: PathBuf::from("t.sqlite"), fault })
    });
    let failure = pass_into(&mut plan, sink).expect_err("a fault");
    assert_eq!(failure.to_string(), "database t.sqlite: it cannot be written: disk full");
    assert_eq!(failure.exit_code(), 2);
}

#[test]
fn a_file_that_changes_after_the_survey_is_noticed() {
    let folder = folder();
    let changes: [(&str, Problem); 3] = [("one\n", Problem::Changed), ("", Problem::Empty), ("\0", Problem::Changed)];
    for (content, expected) in changes {
        let plan = plan(&folder, [200, 300], 2);
        fs::write(folder.path().join("1.txt"), content).expect("written");
        let failure = pass(&Place::Threads, &plan).expect_err("it changed");
        match &failure {
            Failure::Input(error) if matches!(error.problem, Problem::Binary { .. }) => assert_eq!(content, "\0"),
            Failure::Input(error) => assert_eq!(error.problem, expected),
            other => panic!("{other}"),
        }
        assert_eq!(failure.exit_code(), 2);
    }
}

#[test]
fn a_text_that_the_store_loses_is_found_missing() {
    let folder = folder();
    let mut plan = plan(&folder, [300, 200], 2);
    let path = folder.path().join("t.sqlite");
    let mut database = Database::create(&path, &plan.sources).expect("created");
    let (sink, _) = Watching::new(move |texts| {
        texts.retain(|text| text.text.id != 123);
        database.add(std::mem::take(texts))?;
        database.flush()
    });
    let done = pass_into(&mut plan, sink);
    assert!(done.is_ok(), "the store has noticed nothing");
    let failure = check(&plan, done, &path).expect_err("the audit has");
    assert!(matches!(failure, Failure::Lost { missing: 1, expected: 500, first: 123, .. }), "{failure}");
    assert_eq!(failure.exit_code(), 1);
}

#[test]
fn what_arrived_before_a_run_broke_off_is_kept_and_the_rest_is_named() {
    let folder = folder();
    let mut plan = plan(&folder, [500, 500], 1);
    plan.kill = Kill::at(1000, u32::MAX);
    let path = folder.path().join("t.sqlite");
    plan.sink = SinkTask::Database { path: path.clone(), sources: plan.sources.clone() };
    let failure = check(&plan, pass(&Place::Threads, &plan), &path).expect_err("the last batch is missing");
    assert_eq!(
        failure.to_string(),
        "40 of 1000 texts are missing in the database, the first is number 961: \
         3 workers ended over one batch, the last because it failed: killed on purpose, to show that nothing is lost"
    );
}
