//! Each example, as the program that it is: what it shows.

use std::path::PathBuf;
use std::process::Command;

/// What an example writes. Cargo builds the examples of a package together with its tests.
fn shown(example: &str) -> String {
    let tests = std::env::current_exe().expect("a test is a program");
    let program: PathBuf = tests.ancestors().nth(2).expect("the folder of the profile").join("examples").join(example);
    let output = Command::new(&program).output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(output.status.success(), "{example}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("examples write text")
}

#[test]
fn hello() {
    assert_eq!(shown("hello"), "Hello, world!\n");
}

#[test]
fn asynchronous() {
    assert_eq!(shown("asynchronous"), "1200 cents\n");
}

#[test]
fn behaviour() {
    assert_eq!(shown("behaviour"), "come in\n");
}

#[test]
fn supervision() {
    let shown = shown("supervision");
    let lines: Vec<&str> = shown.lines().collect();
    assert!(matches!(lines[..], [failed, "84 / 2 = 42, after 1 restart"] if failed.starts_with("1 / 0: ")), "{shown}");
}

#[test]
fn troupe() {
    let shown = shown("troupe");
    let primes = [1229, 2262, 3245, 4203, 5133, 6057, 6935, 7837];
    let below = (1..).map(|n| n * 10_000);
    let wanted: Vec<String> = primes.iter().zip(below).map(|(count, n)| format!("{count} primes below {n}")).collect();
    assert_eq!(shown.lines().take(8).collect::<Vec<_>>(), wanted);
}

#[test]
fn wakeups() {
    assert_eq!(shown("wakeups"), "tick 1\ntick 2\ntick 3\n");
}
