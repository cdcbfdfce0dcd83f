//! On threads, the base that is used unless another is named.

use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::program::{command, many_texts, report, rows, run};

#[test]
fn texts_of_every_format_are_cleaned_scored_and_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).expect("written");
    write("plain.txt", "I love  it &lt;3\r\n\r\nthe table");
    write("table.csv", "rating,text\n-2,\"awful, just\nawful\"\n,fine\n");
    write("rated_GroundTruth.txt", "1\t1.5\tgreat\n2\t-2.5\t@someone I hate http://a.example\n");
    let inputs = ["--input", "plain.txt", "--input", "table.csv", "--input", "rated_GroundTruth.txt"];
    let report = report(&folder, &[&inputs[..], &["--database", "out.sqlite", "--workers", "2"]].concat());

    let rows = rows(&folder, "out.sqlite");
    let found: Vec<_> = rows.iter().map(|row| (row.0, row.1.as_str(), row.2, row.3.as_str(), row.5)).collect();
    let expected = [
        (1, "plain", 1, "I love it <3", None),
        (2, "plain", 3, "the table", None),
        (3, "table", 2, "awful, just awful", Some(-2.0)),
        (4, "table", 4, "fine", None),
        (5, "rated", 1, "great", Some(1.5)),
        (6, "rated", 2, "@user I hate http", Some(-2.5)),
    ];
    assert_eq!(found, expected);
    let signs: Vec<_> = rows.iter().map(|row| if row.4 == 0.0 { 0.0 } else { row.4.signum() }).collect();
    assert_eq!(signs, [1.0, 0.0, -1.0, 1.0, 1.0, -1.0]);
    for part in ["store", "6", "plain", "table", "rated", "1.000", "database: out.sqlite"] {
        assert!(report.contains(part), "{part} is missing in\n{report}");
    }
}

#[test]
fn a_second_run_replaces_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut texts = String::new();
    for number in 0..5000 {
        writeln!(texts, "text number {number} is good").expect("a string");
    }
    fs::write(folder.path().join("many.txt"), texts).expect("written");
    fs::write(folder.path().join("few.txt"), "one\ntwo\n").expect("written");
    report(&folder, &["--input", "many.txt"]);
    assert_eq!(rows(&folder, "texts.sqlite").len(), 5000);
    report(&folder, &["--input", "few.txt", "--no-kill"]);
    assert_eq!(rows(&folder, "texts.sqlite").len(), 2);
}

#[test]
fn a_worker_is_killed_midway_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    many_texts(&folder, 3000);
    let output = run(&folder, &["--input", "many.txt", "--workers", "2"]);
    let (report, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
    assert!(told.contains("an inference worker was killed with 64 texts in hand"), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    assert_eq!(report.matches("3,000").count(), 5, "four stages and one source:\n{report}");
    for row in [
        "in hand of the killed worker     64",
        "given to another worker          64",
        "stored twice                      0",
        "lost                              0",
        "inference workers restarted: 1",
    ] {
        assert!(report.contains(row), "`{row}` is missing in\n{report}");
    }
    let ids: Vec<_> = rows(&folder, "texts.sqlite").iter().map(|row| row.0).collect();
    assert_eq!(ids, (1..=3000).collect::<Vec<_>>());
}

#[test]
fn nobody_is_killed_on_request() {
    let folder = tempfile::tempdir().expect("a folder");
    many_texts(&folder, 300);
    let output = run(&folder, &["--input", "many.txt", "--no-kill"]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("inference workers restarted: 0") && !report.contains("killed"), "{report}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("killed"));
}

/// Another program deletes a text while the demo runs: the audit must find that out.
#[test]
fn a_missing_text_is_an_error_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    many_texts(&folder, 50_000);
    let demo = command(&folder, &["--input", "many.txt", "--no-kill"]).spawn().expect("started");
    // Text 1 is in the first of many transactions: there is time enough until the audit.
    let path = folder.path().join("texts.sqlite");
    let delete = || {
        let thief = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        thief.busy_timeout(Duration::from_millis(100))?;
        thief.execute("DELETE FROM texts WHERE id = 1", [])
    };
    let start = Instant::now();
    while delete() != Ok(1) {
        assert!(start.elapsed() < Duration::from_secs(60), "text 1 was never there");
        thread::sleep(Duration::from_millis(1));
    }
    let output = demo.wait_with_output().expect("ended");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(output.stdout.is_empty(), "no report of success");
    let expected = "1 of 50000 texts are missing in the database, the first is number 1: ";
    assert!(error.contains(expected) && error.contains("please report it"), "{error}");
}
