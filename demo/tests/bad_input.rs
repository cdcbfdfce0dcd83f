//! Whatever is wrong with what the user gives: the program says what, where and what to do, and exits with code 2.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with a good file in it, in which the program runs.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder, "good.txt", b"I love it\nI hate it\n");
    folder
}

fn write(folder: &TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).expect("written");
    path
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_roscius-demo"))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .expect("started")
}

/// Runs the program and expects an error with all of these parts in it, and no database.
#[track_caller]
fn refused(folder: &TempDir, arguments: &[&str], parts: &[&str]) {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty());
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
    assert!(!error.contains("panicked"), "{error}");
    assert!(!Path::new(&folder.path().join("texts.sqlite")).exists());
}

#[track_caller]
fn input_refused(name: &str, content: &[u8], parts: &[&str]) {
    let folder = folder();
    write(&folder, name, content);
    refused(&folder, &["--input", "good.txt", "--input", name], &[&[name, "what to do: "], parts].concat());
}

#[test]
fn a_missing_file() {
    refused(&folder(), &["--input", "nowhere.txt"], &["nowhere.txt: there is no such file", "what to do: check"]);
}

#[test]
fn the_demos_own_texts_not_yet_fetched() {
    refused(&folder(), &[], &[".data/", "_GroundTruth.txt: there is no such file", "make demo", "demo/fetch-data"]);
}

#[test]
fn a_directory() {
    let folder = folder();
    fs::create_dir(folder.path().join("texts")).expect("created");
    refused(&folder, &["--input", "texts"], &["texts: it is a directory", "--input texts/FILE"]);
}

#[test]
fn an_empty_file() {
    input_refused("empty.txt", b"", &["it is empty", "one text a line"]);
    input_refused("empty.csv", b"", &["it is empty"]);
}

#[test]
fn a_file_without_texts() {
    input_refused("blank.txt", b"\n \n", &["no text in it"]);
    input_refused("header.csv", b"text,rating\n", &["no text in it"]);
}

#[test]
fn a_binary_file() {
    input_refused("program.txt", b"\x7fELF\x02\x01\x01\0\0", &["binary", "offset 7"]);
    input_refused("packed.csv", b"\x1f\x8b\x08\x08abcdefg", &["binary", "gzip", "unpack"]);
}

#[test]
fn a_file_that_is_not_utf8_names_line_and_byte_offset() {
    let content = b"first line\nthe caf\xe9 was good\n";
    input_refused("latin.txt", content, &["line 2, byte offset 18", "0xE9", "iconv -f WINDOWS-1252", "latin.txt"]);
    input_refused("latin.csv", b"text\ncaf\xe9\n", &["line 2, byte offset 8", "0xE9"]);
    input_refused("wide.txt", b"\xff\xfea\0b\0", &["UTF-16", "iconv -f UTF-16"]);
}

#[test]
fn a_csv_file_without_a_text_column() {
    input_refused("table.csv", b"id,body\n1,hello\n", &["no column `text`", "`id`, `body`", "first line"]);
}

#[test]
fn a_csv_file_with_a_broken_line() {
    input_refused("table.csv", b"text,rating\ngood,1\nbad, really,-1\n", &["line 3", "2 columns", "quotation marks"]);
    input_refused("rated.csv", b"text,rating\ngood,high\n", &["line 2", "`high` is not a number"]);
}

#[test]
fn a_rated_file_with_a_broken_line() {
    input_refused("rated.txt", b"1\t0.5\tgood\n2 -1 bad\n", &["line 2", "tabs"]);
}

#[test]
fn a_text_without_an_end() {
    let mut content = b"short\n".to_vec();
    content.extend(b"word ".repeat(100_000));
    input_refused("long.txt", &content, &["line 2", "longer than 64 KiB", "one text on a line"]);
}

#[test]
fn workers_that_are_none_or_no_number() {
    for workers in ["0", "-1", "many", "1000000"] {
        let arguments = ["--input", "good.txt", &format!("--workers={workers}")];
        refused(&folder(), &arguments, &["--workers", workers, "from 1 to 256"]);
    }
}

#[test]
fn an_unknown_option() {
    refused(&folder(), &["--worker", "2"], &["--worker", "--help"]);
}

#[test]
fn an_unwritable_database() {
    let folder = folder();
    fs::create_dir(folder.path().join("kept")).expect("created");
    let with = |path| ["--input", "good.txt", "--database", path];
    refused(&folder, &with("kept"), &["database kept: it is a directory", "what to do: "]);
    refused(&folder, &with("no/such/t.sqlite"), &["no/such/t.sqlite: its folder does not exist", "create the folder"]);
    refused(&folder, &with("good.txt/t.sqlite"), &["good.txt/t.sqlite: it cannot be written", "--database"]);
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = folder();
    let letter = b"Dear Sir or Madam, this is a letter and no database.";
    let path = write(&folder, "letter.txt", letter);
    let arguments = ["--input", "good.txt", "--database", "letter.txt"];
    refused(&folder, &arguments, &["database letter.txt: it is not one of this program's", "another path"]);
    assert_eq!(fs::read(path).expect("still there"), letter);
}
