//! The examples `processes` and `convention_crowd`, as the programs that they are. `across_languages` is played with by tests in Python; the
//! others measure.

use std::path::PathBuf;
use std::process::Command;

/// What follows a name at the beginning of a line.
fn after<'a>(line: &'a str, name: &str) -> &'a str {
    line.strip_prefix(name).unwrap_or_else(|| panic!("{line:?} is not about {name}"))
}

/// The process and the count in a line of an answer.
fn answer(line: &str, name: &str) -> (u32, u64) {
    let pair = after(line, name).trim_start_matches('(').trim_end_matches(')');
    let (process, count) = pair.split_once(", ").unwrap_or_else(|| panic!("{line:?} has no answer"));
    (process.parse().expect("a process"), count.parse().expect("a count"))
}

/// What an example writes.
fn run(example: &str, arguments: &[&str]) -> String {
    // Cargo builds the examples of a package together with its tests.
    let tests = std::env::current_exe().expect("a test is a program");
    let program: PathBuf = tests.ancestors().nth(2).expect("the folder of the profile").join("examples").join(example);
    let output = Command::new(&program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the example writes text")
}

/// Thirty real members: they join, answer, are lost and leave, and nothing is left of them. The program fails if that is not so.
#[test]
fn convention_crowd() {
    let shown = run("convention_crowd", &["30", "1"]);
    let phases: Vec<_> = shown.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(phases, ["join", "talk", "live", "lose", "leave"], "{shown}");
}

#[test]
fn processes() {
    let shown = run("processes", &[]);
    let [program, first, second, gone, again] = shown.lines().collect::<Vec<_>>()[..] else {
        panic!("{shown}");
    };
    let program: u32 = after(program, "this program: ").parse().expect("a process");
    let (first, second, again) = (answer(first, "first: "), answer(second, "second: "), answer(again, "second: "));
    assert_eq!((first.1, second.1, again), (1, 101, (second.0, 102)));
    assert!(program != first.0 && program != second.0 && first.0 != second.0, "{shown}");
    assert!(!after(gone, "first: ").starts_with('('), "{shown}");
}
