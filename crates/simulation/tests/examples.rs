//! The example, as the program that it is: the same run for the same seed.

use std::path::PathBuf;
use std::process::Command;

/// What the example writes with a seed. Cargo builds the examples of a package together with its tests.
fn shown(seed: &str) -> String {
    let tests = std::env::current_exe().expect("a test is a program");
    let program: PathBuf = tests.ancestors().nth(2).expect("the folder of the profile").join("examples/keeper");
    let output = Command::new(&program).arg(seed).output().expect("it is built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("examples write text")
}

#[test]
fn keeper() {
    let one = shown("1");
    assert!(one.contains("the keeper is on `safe`") && one.contains("the hash of the run is"), "{one}");
    assert_eq!(one, shown("1"));
    assert_ne!(one, shown("2"));
}
