//! What is measured: the workloads, how large a pass of each is, and the clock that drives the passes.

use std::fmt;
use std::time::{Duration, Instant};

/// Actors in the ring.
pub const RING: usize = 1000;
/// Producers that send to one consumer in the fan-in.
pub const PRODUCERS: u64 = 100;
/// Room in a bounded mailbox.
pub const BOUND: usize = 1024;
/// Messages that a producer sends before it lets others run.
pub const BURST: u64 = 1000;
/// Children of each actor of the skynet that is not a leaf.
pub const BRANCHES: u64 = 10;

/// One kind of work that every system is put through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Workload {
    /// One producer, one consumer, an unbounded mailbox.
    Tell,
    /// The same with a mailbox of [`BOUND`]; the producer waits when it is full.
    Bounded,
    /// Requests in sequence: the next is sent when the answer to the last has come.
    Ask,
    /// Two actors and one token.
    PingPong,
    /// [`PRODUCERS`] producers, one consumer.
    FanIn,
    /// Create an actor, wait until it runs, stop it, wait until it has stopped.
    SpawnStop,
    /// Resident memory that an idle actor takes.
    Idle,
    /// One token that goes round [`RING`] actors.
    Ring,
    /// A tree of actors, [`BRANCHES`] children each; the leaves' numbers are summed up to the root.
    Skynet,
}

impl Workload {
    /// All of them, in the order of the table.
    pub const ALL: [Workload; 9] = [
        Workload::Tell,
        Workload::Bounded,
        Workload::Ask,
        Workload::PingPong,
        Workload::FanIn,
        Workload::SpawnStop,
        Workload::Idle,
        Workload::Ring,
        Workload::Skynet,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Workload::Tell => "tell",
            Workload::Bounded => "bounded",
            Workload::Ask => "ask",
            Workload::PingPong => "ping-pong",
            Workload::FanIn => "fan-in",
            Workload::SpawnStop => "spawn-stop",
            Workload::Idle => "idle",
            Workload::Ring => "ring",
            Workload::Skynet => "skynet",
        }
    }

    /// The name in the table.
    pub fn title(self) -> &'static str {
        match self {
            Workload::Tell => "tell",
            Workload::Bounded => "tell, bounded 1024",
            Workload::Ask => "ask",
            Workload::PingPong => "ping-pong",
            Workload::FanIn => "fan-in 100→1",
            Workload::SpawnStop => "spawn+stop",
            Workload::Idle => "bytes an idle actor",
            Workload::Ring => "ring of 1000",
            Workload::Skynet => "skynet of a million",
        }
    }

    /// Whether the figure depends on the number of workers, so that there is a row for each.
    pub fn varies_with_workers(self) -> bool {
        self != Workload::Idle
    }

    /// What has to be reached.
    pub fn target(self) -> Target {
        match self {
            Workload::Tell | Workload::FanIn | Workload::Ring => Target::TimesTheBest(5.0),
            Workload::Bounded | Workload::Ask | Workload::Skynet => Target::TimesTheBest(3.0),
            Workload::PingPong => Target::TimesTheBest(2.0),
            Workload::SpawnStop => Target::TimesTheBest(8.0),
            Workload::Idle => Target::AtMost(200.0),
        }
    }

    /// Operations of the warm-up, of a pass, and of a pass of the quick run.
    fn sizes(self) -> [u64; 3] {
        match self {
            Workload::Tell | Workload::FanIn => [100_000, 1_000_000, 400_000],
            Workload::Bounded => [50_000, 500_000, 200_000],
            Workload::Ask => [20_000, 200_000, 50_000],
            Workload::PingPong => [20_000, 500_000, 100_000],
            Workload::SpawnStop => [5_000, 100_000, 20_000],
            Workload::Ring => [100_000, 1_000_000, 200_000],
            // Leaves: powers of the number of branches.
            Workload::Skynet => [10_000, 1_000_000, 100_000],
            Workload::Idle => [0, 0, 0],
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What roscius has to reach in a workload.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Target {
    /// So many times the rate of the best of the five peers.
    TimesTheBest(f64),
    /// No more than that.
    AtMost(f64),
}

/// Threads that run actors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Workers {
    /// One runtime thread.
    One,
    /// Two workers.
    Two,
}

impl Workers {
    /// Both.
    pub const ALL: [Workers; 2] = [Workers::One, Workers::Two];

    /// How many threads that is.
    pub fn count(self) -> usize {
        match self {
            Workers::One => 1,
            Workers::Two => 2,
        }
    }
}

/// How much time a run may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effort {
    /// The run whose figures are kept.
    Full,
    /// A look.
    Quick,
}

/// One measurement, as it is handed to a system.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// What to do.
    pub workload: Workload,
    /// On how many threads.
    pub workers: Workers,
    /// How thoroughly.
    pub effort: Effort,
}

impl Job {
    /// The clock that says how large each pass is and when there have been enough.
    pub fn passes(&self) -> Passes {
        let [warm_up, full, quick] = self.workload.sizes();
        let (size, budget) = match self.effort {
            Effort::Full => (full, Duration::from_millis(400)),
            Effort::Quick => (quick, Duration::from_millis(120)),
        };
        Passes { warm_up: Some(warm_up), size, budget, started: None, done: 0, elapsed: Duration::ZERO }
    }

    /// How many idle actors to create, of an actor that takes about `bytes`.
    ///
    /// A million where they fit well in the memory of a small machine, as growth of the allocator's arenas and of the system's tables then averages out.
    pub fn idle_actors(&self, bytes: u64) -> u64 {
        match self.effort {
            Effort::Full if bytes <= 1_500 => 1_000_000,
            _ => 100_000,
        }
    }
}

/// Hands out the size of each pass: a warm-up that does not count, then passes until the time is used up.
#[derive(Debug)]
pub struct Passes {
    warm_up: Option<u64>,
    size: u64,
    budget: Duration,
    started: Option<Instant>,
    done: u64,
    elapsed: Duration,
}

impl Passes {
    /// Operations a second over all passes that counted.
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
}

impl Iterator for Passes {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if let Some(warm_up) = self.warm_up.take() {
            return Some(warm_up);
        }
        match self.started {
            None => self.started = Some(Instant::now()),
            Some(started) => {
                self.done += self.size;
                self.elapsed = started.elapsed();
                if self.elapsed >= self.budget {
                    return None;
                }
            }
        }
        Some(self.size)
    }
}

/// Actors in a skynet with so many leaves: 1 + 10 + 100 + … + leaves.
pub fn skynet_actors(leaves: f64) -> f64 {
    leaves * BRANCHES as f64 / (BRANCHES - 1) as f64
}

/// The sum of the numbers of so many leaves.
pub fn skynet_sum(leaves: u64) -> u64 {
    leaves * (leaves - 1) / 2
}
