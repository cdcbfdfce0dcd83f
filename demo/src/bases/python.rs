//! How Python actors get into a system of processes.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The class of the inference workers.
pub const WORKER: &str = "sentiment.Infer";

/// Where it is. The demo runs where it was built.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

/// Runs a Python program that lets the system at this port make the actors in [`FOLDER`]. When the program has ended, the system
/// still can.
pub fn offer(interpreter: &Path, port: u16) -> Result<(), Failure> {
    let failed = |reason: String| Failure::NoPython { interpreter: interpreter.to_owned(), reason };
    // The process that stays behind for the actors keeps standard error, so a pipe would have no end.
    let ended = Command::new(interpreter)
        .arg(format!("{FOLDER}/offer.py"))
        .arg(port.to_string())
        .env("PYTHONPATH", FOLDER)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|error| failed(error.to_string()))?;
    if ended.success() { Ok(()) } else { Err(failed(format!("{ended}; what it said is above"))) }
}
