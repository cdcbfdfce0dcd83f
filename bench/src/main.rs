//! roscius side by side with its peers: `cargo run --release`, see `--help`.

use std::process::ExitCode;

use crate::measure::{Plan, SYSTEMS, System};
use crate::workload::{Effort, Workload};

mod child;
mod measure;
mod peers;
#[cfg(feature = "roscius")]
mod roscius_system;
mod table;
mod workload;

const HELP: &str = "\
Measures roscius and its peers on the same workloads and prints a Markdown table.

    roscius-bench [--only WORKLOAD,...] [--systems SYSTEM,...] [--rounds N] [--quick]

    --only      of these workloads: {workloads}
    --systems   of these systems: {systems}
    --rounds    measurements of each figure, of which the median counts (5; 3 with --quick)
    --quick     small passes: a look in two minutes, the skynet with a tenth of its actors

The table goes to standard output, progress and failures to standard error.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(outcome) = child::answer(&arguments) {
        return outcome;
    }
    match parse(&arguments) {
        Ok(Some(plan)) => {
            table::print(&plan, &measure::run(&plan));
            ExitCode::SUCCESS
        }
        Ok(None) => {
            println!("{}", help());
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("roscius-bench: {problem}\n\n{}", help());
            ExitCode::from(2)
        }
    }
}

fn help() -> String {
    let workloads: Vec<&str> = Workload::ALL.map(Workload::name).to_vec();
    let systems: Vec<&str> = SYSTEMS.iter().map(|system| system.name).collect();
    HELP.replace("{workloads}", &workloads.join(", ")).replace("{systems}", &systems.join(", "))
}

/// The plan that the arguments ask for, or none if they ask for help.
fn parse(arguments: &[String]) -> Result<Option<Plan>, String> {
    let mut plan =
        Plan { workloads: Workload::ALL.to_vec(), systems: SYSTEMS.to_vec(), rounds: None, effort: Effort::Full };
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        let (option, value) = match argument.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (argument, None),
        };
        let mut value = || value.or_else(|| arguments.next()).ok_or_else(|| format!("{option} wants a value"));
        match option {
            "--quick" => plan.effort = Effort::Quick,
            "--only" => plan.workloads = chosen(value()?, &Workload::ALL, Workload::name)?,
            "--systems" => plan.systems = chosen(value()?, SYSTEMS, |system: System| system.name)?,
            "--rounds" => plan.rounds = Some(positive(value()?)?),
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    Ok(Some(plan))
}

/// Those whose names are listed, in the order of all.
fn chosen<T: Copy>(names: &str, all: &[T], name: fn(T) -> &'static str) -> Result<Vec<T>, String> {
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    if let Some(unknown) = names.iter().find(|n| !all.iter().any(|&t| name(t) == **n)) {
        return Err(format!("there is no {unknown:?}"));
    }
    let listed = all.iter().copied().filter(|&t| names.contains(&name(t)));
    Ok(listed.collect())
}

fn positive(number: &str) -> Result<usize, String> {
    match number.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(format!("{number:?} is not a number of rounds")),
    }
}
