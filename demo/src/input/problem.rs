//! What can be wrong with an input file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A file that cannot be used, and why.
#[derive(Debug, Error, Serialize, Deserialize)]
#[error("{}: {problem}", path.display())]
pub struct InputError {
    /// The file, as it was given.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, Error, PartialEq, Serialize, Deserialize)]
pub enum Problem {
    #[error("there is no such file")]
    Missing,
    #[error("it is a directory, not a file")]
    Directory,
    #[error("it is not a regular file")]
    NotAFile,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it is empty")]
    Empty,
    #[error("there is no text in it")]
    NoText,
    #[error("it is a binary file: {found}")]
    Binary { found: String },
    #[error("it is encoded in UTF-16, not in UTF-8")]
    Utf16,
    #[error("line {line}, byte offset {offset}: not UTF-8 (byte 0x{byte:02X})")]
    NotUtf8 { line: u64, offset: u64, byte: u8 },
    #[error("line {line}: the text that starts there is longer than {} KiB", super::LONGEST_TEXT / 1024)]
    TooLong { line: u64 },
    #[error("line 1: there is no column `text`; the columns are: {columns}")]
    NoTextColumn { columns: String },
    #[error("line {line}: {expected} columns are expected, {found} were found")]
    Columns { line: u64, expected: u64, found: u64 },
    #[error("line {line}: the rating `{rating}` is not a number")]
    Rating { line: u64, rating: String },
    #[error("line {line}: not `id, rating, text` with tabs between, as the lines before it")]
    NotRated { line: u64 },
    #[error("it changed while it was being read")]
    Changed,
}

impl Problem {
    /// What the user can do about it.
    pub fn advice(&self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::Missing => "check the path; for the demo's own texts run `make demo`, or `demo/fetch-data` once, \
                              in the project's top folder"
                .to_owned(),
            Self::Directory => format!("name the files in it, each with its own --input: --input {path}/FILE"),
            Self::NotAFile => "save its content as a file first: it is read twice".to_owned(),
            Self::Unreadable(_) => format!("check who may read it: ls -l {path}"),
            Self::Empty | Self::NoText => "give a file with one text a line, or a CSV file".to_owned(),
            Self::Binary { .. } => "give plain text or CSV; unpack or export it first".to_owned(),
            Self::Utf16 => format!("convert it: iconv -f UTF-16 -t UTF-8 {path} > converted.txt"),
            Self::NotUtf8 { .. } => {
                format!("convert it, for example: iconv -f WINDOWS-1252 -t UTF-8 {path} > converted.txt")
            }
            Self::TooLong { .. } => {
                "put one text on a line; in a CSV file look there for a quotation mark that is never closed".to_owned()
            }
            Self::NoTextColumn { .. } => "name the column with the texts `text` in the first line (and one with \
                                          ratings, if there is one, `rating`), with commas between the names"
                .to_owned(),
            Self::Columns { .. } => "put texts with commas or line breaks in quotation marks".to_owned(),
            Self::Rating { .. } => "write it as a decimal number such as -1.5, or leave it empty".to_owned(),
            Self::NotRated { .. } => {
                "complete that line; or, if these are plain texts, take the tabs out of the first line".to_owned()
            }
            Self::Changed => "run the demo again when nothing writes to it any more".to_owned(),
        }
    }
}
