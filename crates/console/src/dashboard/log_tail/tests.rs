use std::io::Write;

use super::*;

fn texts(tail: &mut LogTail) -> Vec<String> {
    tail.read().into_iter().map(|line| line.text).collect()
}

#[test]
fn lines_come_when_they_are_whole_and_a_log_may_begin_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut tail = LogTail::new(path.clone());
    assert_eq!(texts(&mut tail), Vec::<String>::new(), "there is none yet");
    std::fs::write(&path, "one\ntw").unwrap();
    assert_eq!(texts(&mut tail), ["one"]);
    File::options().append(true).open(&path).unwrap().write_all("o\n\nthr\u{fffd}".as_bytes()).unwrap();
    assert_eq!(texts(&mut tail), ["one", "two"]);
    std::fs::rename(&path, folder.path().join("log.old")).unwrap();
    std::fs::write(&path, b"an\xffew\n").unwrap();
    assert_eq!(texts(&mut tail), ["one", "two", "an\u{fffd}ew"]);
    std::fs::write(&path, "").unwrap();
    std::fs::write(&path, "cut\n").unwrap();
    assert_eq!(texts(&mut tail).last().unwrap(), "cut");
}

#[test]
fn of_a_long_log_only_the_end_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let lines: String = (0..20_000).map(|number| format!("line number {number}\n")).collect();
    std::fs::write(&path, format!("{lines}{}\n", "x".repeat(10_000))).unwrap();
    let mut tail = LogTail::new(path);
    let read = texts(&mut tail);
    assert_eq!((read.len(), read[198].as_str(), read[199].len()), (KEPT, "line number 19999", LONGEST));
    assert!(read.iter().rev().skip(1).all(|line| line.starts_with("line number ")), "no half lines");
}

#[test]
fn what_is_no_file_is_not_read() {
    let mut tail = LogTail::new("/dev/zero".into());
    assert!(tail.read().is_empty());
}
