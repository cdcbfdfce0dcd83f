//! The program from outside.

use std::fs;
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;

/// The program with these arguments, in this folder.
pub fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roscius-demo"));
    command.args(arguments).current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("started")
}

/// Runs the program, which is to succeed.
#[track_caller]
pub fn report(folder: &TempDir, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What is in the database: number, source, line, text, score, rating.
pub fn rows(folder: &TempDir, database: &str) -> Vec<(i64, String, i64, String, f64, Option<f64>)> {
    let connection = Connection::open(folder.path().join(database)).expect("opened");
    let mut statement =
        connection.prepare("SELECT id, source, line, text, score, rating FROM texts ORDER BY id").expect("the table");
    statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))
        .and_then(Iterator::collect)
        .expect("rows")
}

/// Writes so many texts into `many.txt`.
pub fn many_texts(folder: &TempDir, number: usize) {
    let texts: String = (1..=number).map(|text| format!("text number {text} is good\n")).collect();
    fs::write(folder.path().join("many.txt"), texts).expect("written");
}
