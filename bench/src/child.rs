//! Each measurement runs in a process of its own, this program again with hidden arguments, so that systems do not disturb each other and one that
//! hangs is ended.

use std::io::Read;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::measure::{SYSTEMS, System};
use crate::workload::{Effort, Job, Workers, Workload};

/// The first of the hidden arguments.
const MEASURE: &str = "measure-in-this-process";

/// What came of a measurement.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// Operations a second, or bytes.
    Figure(f64),
    /// The system has no such thing.
    Unsupported,
    /// No figure, and why.
    Failed(String),
}

/// How long a child may take before it counts as hung.
fn limit(job: &Job) -> Duration {
    Duration::from_secs(match (job.effort, job.workload) {
        (Effort::Full, Workload::Skynet | Workload::Idle) => 90,
        (Effort::Full, _) => 30,
        (Effort::Quick, _) => 15,
    })
}

/// Measures in a child process.
pub fn measure(system: System, job: Job) -> Outcome {
    let executable = match std::env::current_exe() {
        Ok(path) => path,
        Err(problem) => return Outcome::Failed(format!("own executable not found: {problem}")),
    };
    let spawned = Command::new(executable)
        .args([MEASURE, system.name, job.workload.name()])
        .arg(job.workers.count().to_string())
        .arg(format!("{:?}", job.effort))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(problem) => return Outcome::Failed(format!("no child process: {problem}")),
    };
    let (answer, answers) = channel();
    if let Some(mut output) = child.stdout.take() {
        thread::spawn(move || {
            let mut text = String::new();
            let _ = output.read_to_string(&mut text);
            let _ = answer.send(text);
        });
    }
    let answered = answers.recv_timeout(limit(&job));
    if answered == Err(RecvTimeoutError::Timeout) {
        let _ = child.kill();
        let _ = child.wait();
        return Outcome::Failed(format!("hung: ended after {:?}", limit(&job)));
    }
    match child.wait() {
        Ok(status) if status.success() => read(&answered.unwrap_or_default()),
        Ok(status) => Outcome::Failed(format!("the child ended with {status}")),
        Err(problem) => Outcome::Failed(format!("lost the child: {problem}")),
    }
}

fn read(answer: &str) -> Outcome {
    match answer.trim() {
        "unsupported" => Outcome::Unsupported,
        number => match number.parse() {
            Ok(figure) => Outcome::Figure(figure),
            Err(_) => Outcome::Failed(format!("the child answered {number:?}")),
        },
    }
}

/// Does what the hidden arguments say, if that is what they are.
pub fn answer(arguments: &[String]) -> Option<ExitCode> {
    let [first, system, workload, workers, effort] = arguments else {
        return None;
    };
    if first != MEASURE {
        return None;
    }
    let system = SYSTEMS.iter().find(|known| known.name == system)?;
    let job = Job {
        workload: Workload::ALL.into_iter().find(|w| w.name() == workload)?,
        workers: match workers.as_str() {
            "1" => Workers::One,
            _ => Workers::Two,
        },
        effort: match effort.as_str() {
            "Quick" => Effort::Quick,
            _ => Effort::Full,
        },
    };
    match (system.run)(job) {
        Some(figure) => println!("{figure}"),
        None => println!("unsupported"),
    }
    // At once: what the system would still do, such as take down a million actors, is of no interest.
    std::process::exit(0);
}
