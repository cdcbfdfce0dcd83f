//! Runs the plan: rounds go over all systems in turn, so that the noise of the machine hits all alike, and the median of the rounds counts.

use std::time::{Duration, Instant};

use crate::child::{self, Outcome};
use crate::peers;
use crate::workload::{Effort, Job, Workers, Workload};

/// One of the systems that are compared.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// Its name on the command line and in the table.
    pub name: &'static str,
    /// The package whose version is given with the table.
    pub package: &'static str,
    /// Whether it is one of the peers that roscius is compared with.
    pub rival: bool,
    /// Takes one measurement in this process; none where the system has no such thing.
    pub run: fn(Job) -> Option<f64>,
}

/// All systems, in the order of the table.
pub const SYSTEMS: &[System] = &[
    System { name: "actix", package: "actix", rival: true, run: peers::actix::run },
    System { name: "ractor", package: "ractor", rival: true, run: peers::ractor::run },
    System { name: "kameo", package: "kameo", rival: true, run: peers::kameo::run },
    System { name: "coerce", package: "coerce", rival: true, run: peers::coerce::run },
    System { name: "xtra", package: "xtra", rival: true, run: peers::xtra::run },
    System { name: "channels", package: "tokio", rival: false, run: peers::tokio_channels::run },
    #[cfg(feature = "roscius")]
    System { name: "roscius", package: "roscius", rival: false, run: crate::roscius_system::run },
];

/// What to measure.
#[derive(Debug)]
pub struct Plan {
    /// These workloads,
    pub workloads: Vec<Workload>,
    /// in these systems,
    pub systems: Vec<System>,
    /// so many times if that is given,
    pub rounds: Option<usize>,
    /// this thoroughly.
    pub effort: Effort,
}

impl Plan {
    /// How often each figure is measured.
    pub fn rounds(&self) -> usize {
        self.rounds.unwrap_or(match self.effort {
            Effort::Full => 5,
            Effort::Quick => 3,
        })
    }

    /// A figure that takes longer than this is not measured again, unless rounds were asked for.
    fn patience(&self) -> Duration {
        match (self.rounds, self.effort) {
            (Some(_), _) => Duration::MAX,
            (None, Effort::Full) => Duration::from_secs(4),
            (None, Effort::Quick) => Duration::from_secs(1),
        }
    }
}

/// The figures of one workload on one number of workers, in the order of the plan's systems.
#[derive(Debug)]
pub struct Row {
    /// What was measured.
    pub workload: Workload,
    /// On how many threads.
    pub workers: Workers,
    /// What came of it.
    pub cells: Vec<Cell>,
}

/// What came of the rounds of one system.
#[derive(Debug)]
pub struct Cell {
    /// The median of the rounds that gave a figure.
    pub figure: Option<f64>,
    /// Why the others did not.
    pub failures: Vec<String>,
}

/// Measures everything in the plan.
pub fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for &workload in &plan.workloads {
        for workers in Workers::ALL {
            if workers == Workers::One || workload.varies_with_workers() {
                rows.push(measure_row(plan, workload, workers));
            }
        }
    }
    rows
}

fn measure_row(plan: &Plan, workload: Workload, workers: Workers) -> Row {
    eprint!("{workload}, {} thread(s):", workers.count());
    let job = Job { workload, workers, effort: plan.effort };
    let mut series: Vec<Series> = plan.systems.iter().map(|_| Series::default()).collect();
    for _ in 0..plan.rounds() {
        for (system, series) in plan.systems.iter().zip(&mut series) {
            if series.goes_on(plan.patience()) {
                series.measure(*system, job);
                eprint!(".");
            }
        }
    }
    eprintln!();
    Row { workload, workers, cells: series.into_iter().map(Series::result).collect() }
}

/// A system that fails so often in a workload is not measured again.
const FAILURES: usize = 2;

/// The rounds of one system.
#[derive(Default)]
struct Series {
    figures: Vec<f64>,
    failures: Vec<String>,
    unsupported: bool,
    spent: Duration,
}

impl Series {
    fn goes_on(&self, patience: Duration) -> bool {
        !self.unsupported && self.failures.len() < FAILURES && self.spent < patience
    }

    fn measure(&mut self, system: System, job: Job) {
        let started = Instant::now();
        match child::measure(system, job) {
            Outcome::Figure(figure) => self.figures.push(figure),
            Outcome::Unsupported => self.unsupported = true,
            Outcome::Failed(reason) => {
                let (workload, workers) = (job.workload, job.workers.count());
                eprintln!("\n{} failed in {workload} on {workers}: {reason}", system.name);
                self.failures.push(reason);
            }
        }
        self.spent += started.elapsed();
    }

    fn result(self) -> Cell {
        Cell { figure: median(self.figures), failures: self.failures }
    }
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let upper = *figures.get(figures.len() / 2)?;
    let lower = figures[(figures.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
