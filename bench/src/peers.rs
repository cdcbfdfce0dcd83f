//! The systems that roscius is measured against, and what their implementations share.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::workload::{BURST, Workers};

pub mod actix;
pub mod coerce;
pub mod kameo;
pub mod ractor;
pub mod tokio_channels;
pub mod xtra;

/// The message of all workloads. What a producer sends carries the number of messages that its pass has in all.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub u64);

/// What a consumer knows: it counts, and reports when it has all messages of a pass, in whatever order they come: not all peers keep it.
#[derive(Debug)]
pub struct Tally {
    count: u64,
    report: UnboundedSender<u64>,
}

impl Tally {
    /// A consumer, and where its reports come.
    pub fn new() -> (Self, Reports) {
        let (report, reports) = Reports::channel();
        (Self::reporting_to(report), reports)
    }

    /// A consumer that reports there.
    pub fn reporting_to(report: UnboundedSender<u64>) -> Self {
        Self { count: 0, report }
    }

    /// Takes one message.
    #[inline]
    pub fn add(&mut self, Number(all): Number) {
        self.count += 1;
        if self.count == all {
            self.count = 0;
            let _ = self.report.send(all);
        }
    }
}

/// Where a pass waits for its end.
#[derive(Debug)]
pub struct Reports(UnboundedReceiver<u64>);

impl Reports {
    /// A place to report to, and where the reports come.
    pub fn channel() -> (UnboundedSender<u64>, Self) {
        let (report, reports) = unbounded_channel();
        (report, Self(reports))
    }

    /// Waits for the end of a pass, which must have come to the number expected.
    pub async fn expect(&mut self, expected: u64) {
        let reported = self.0.recv().await.expect("the reporting actor lives");
        assert_eq!(reported, expected, "a pass ended with the wrong number");
    }

    /// The same for a caller outside any runtime.
    #[cfg(feature = "roscius")]
    pub fn expect_blocking(&mut self, expected: u64) {
        let reported = self.0.blocking_recv().expect("the reporting actor lives");
        assert_eq!(reported, expected, "a pass ended with the wrong number");
    }
}

/// Sends the messages of one producer, with a call that never waits, yielding after each burst.
async fn produce(count: u64, all: u64, send: impl Fn(Number)) {
    for i in 1..=count {
        send(Number(all));
        if i % BURST == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Runs a driver on a worker of a new tokio runtime.
fn on_tokio<F>(workers: Workers, driver: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut builder = match workers {
        Workers::One => Builder::new_current_thread(),
        Workers::Two => Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(workers.count()).enable_all().build().expect("a runtime starts");
    // Spawned, as the future of `block_on` itself would run on a thread that is not a worker.
    let outcome = runtime.block_on(async { tokio::spawn(driver).await });
    // The process ends now; taking down a million tasks first would only cost time.
    std::mem::forget(runtime);
    outcome.expect("the driver does not panic")
}

/// Counts the idle actors that have started, in systems that start them in their own time.
static STARTED: AtomicU64 = AtomicU64::new(0);

/// Called by each idle actor when it starts.
pub fn idle_actor_started() {
    STARTED.fetch_add(1, Ordering::Relaxed);
}

async fn idle_actors_started(count: u64) {
    while STARTED.load(Ordering::Relaxed) < count {
        tokio::task::yield_now().await;
    }
}

/// The same for a caller outside any runtime.
#[cfg(feature = "roscius")]
pub fn idle_actors_started_blocking(count: u64) {
    while STARTED.load(Ordering::Relaxed) < count {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Resident memory of this process before a crowd of actors was created.
#[derive(Debug)]
pub struct Memory {
    before: u64,
}

impl Memory {
    /// Looks at what is in use now.
    pub fn now() -> Self {
        Self { before: resident_bytes() }
    }

    /// Growth since, for each of so many.
    pub fn growth_for_each(&self, count: u64) -> f64 {
        resident_bytes().saturating_sub(self.before) as f64 / count as f64
    }
}

/// Resident memory, from `/proc/self/status`: the counter of `statm`, but in kB, so that no size of a page has to be guessed.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has /proc");
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|number| number.trim().parse::<u64>().ok());
    kilobytes.expect("/proc/self/status has VmRSS") * 1024
}
