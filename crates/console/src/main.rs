//! The `roscius` command.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use roscius_console::cli::Cli;
use roscius_console::commands::{CommandError, Outcome, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = io::stdout().lock();
    let done = run(&cli, &mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match done {
        Ok(Outcome::Well) => ExitCode::SUCCESS,
        Ok(Outcome::Wrong) => ExitCode::from(1),
        // Who reads no more wants no more.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Its terminal may be gone.
            let _ = writeln!(io::stderr(), "roscius: {error}");
            ExitCode::from(error.code())
        }
    }
}
