//! On three systems: one of them is killed midway.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::program::{command, many_texts, rows};

#[test]
fn a_system_is_killed_midway_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let sockets = folder.path().join("run");
    fs::create_dir(&sockets).expect("created");
    fs::set_permissions(&sockets, fs::Permissions::from_mode(0o700)).expect("private");
    many_texts(&folder, 3000);
    let mut program = command(&folder, &["--base", "cluster", "--input", "many.txt", "--workers", "2"]);
    let output = program.env("XDG_RUNTIME_DIR", &sockets).output().expect("started");
    let (report, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    assert!(told.contains("an inference worker was killed with 64 texts in hand"), "{told}");
    assert_eq!(report.matches("3,000").count(), 5, "four stages and one source:\n{report}");
    for row in [
        "given to another worker          64",
        "stored twice                      0",
        "lost                              0",
        "inference workers restarted: 1",
        "three systems on three ports of this host",
        "the whole system of the killed worker ended with it",
    ] {
        assert!(report.contains(row), "`{row}` is missing in\n{report}");
    }
    let ids: Vec<_> = rows(&folder, "texts.sqlite").iter().map(|row| row.0).collect();
    assert_eq!(ids, (1..=3000).collect::<Vec<_>>());
}
