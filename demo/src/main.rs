//! The demo of Roscius: a pipeline of actors (fetch → clean → infer → store) over real texts.

mod actors;
mod agreement;
mod arguments;
mod bases;
mod batch;
mod correlation;
mod director;
mod failure;
mod input;
mod kill;
mod news;
mod pipeline;
mod plan;
mod progress;
mod report;
mod stages;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    // Where this program was started as a process of its own system, it does not come back from here.
    bases::enter();
    kill::expect_kills();
    match pipeline::run(&Arguments::read()) {
        // Whoever reads the report may stop reading (`| head`): no reason to panic, but not a success either.
        Ok(report) => match writeln!(io::stdout(), "{report}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(failure) => {
            eprintln!("roscius-demo: {failure}\nwhat to do: {}", failure.advice());
            ExitCode::from(failure.exit_code())
        }
    }
}
