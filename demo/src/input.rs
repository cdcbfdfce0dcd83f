//! Reading texts: plain text files (one text a line), rated texts (`id, rating, text` with tabs between) and CSV.

mod checked;
mod problem;
mod records;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub use checked::LONGEST_TEXT;
pub use problem::{InputError, Problem};
pub use records::Records;
use serde::{Deserialize, Serialize};

/// A file of texts that was read through once and found sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// What it is called in reports and in the database.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// How many texts are in it.
    pub texts: u64,
}

/// Reads all files through, so that whatever is wrong with one is said before any work begins.
pub fn survey(paths: &[PathBuf]) -> Result<Vec<Source>, InputError> {
    let mut names = BTreeSet::new();
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        let texts = count(path).map_err(|problem| InputError { path: path.clone(), problem })?;
        let mut name = short_name(path);
        if !names.insert(name.clone()) {
            name = format!("{} ({})", path.display(), sources.len() + 1);
            names.insert(name.clone());
        }
        sources.push(Source { name, path: path.clone(), texts });
    }
    Ok(sources)
}

/// Opens a file to read its texts one after the other.
pub fn open(path: &Path) -> Result<Records<File>, Problem> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if metadata.is_dir() {
        return Err(Problem::Directory);
    }
    if !metadata.is_file() {
        return Err(Problem::NotAFile);
    }
    if metadata.len() == 0 {
        return Err(Problem::Empty);
    }
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("csv") => Records::csv(file, b','),
        Some("tsv") => Records::csv(file, b'\t'),
        _ => Ok(Records::lines(file)),
    }
}

fn count(path: &Path) -> Result<u64, Problem> {
    let mut texts = 0;
    for record in open(path)? {
        record?;
        texts += 1;
    }
    if texts == 0 { Err(Problem::NoText) } else { Ok(texts) }
}

fn unreadable(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound => Problem::Missing,
        _ => Problem::Unreadable(error.to_string()),
    }
}

fn short_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    stem.strip_suffix("_GroundTruth").unwrap_or(&stem).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("write");
        path
    }

    fn problem(path: PathBuf) -> Problem {
        survey(&[path]).expect_err("a problem").problem
    }

    #[test]
    fn sources_are_counted_and_named() {
        let folder = tempfile::tempdir().expect("folder");
        let first = file(&folder, "tweets_GroundTruth.txt", b"1\t0.5\tgood\r\n2\t-1\tbad\r\n");
        let second = file(&folder, "tweets.csv", b"text\nhello\n");
        let sources = survey(&[first, second.clone()]).expect("sound");
        assert_eq!((sources[0].name.as_str(), sources[0].texts), ("tweets", 2));
        assert_eq!((sources[1].name.clone(), sources[1].texts), (format!("{} (2)", second.display()), 1));
    }

    #[test]
    fn a_missing_file_a_directory_and_a_file_without_texts_are_told_apart() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(problem(folder.path().join("nowhere.txt")), Problem::Missing);
        assert_eq!(problem(folder.path().to_owned()), Problem::Directory);
        assert_eq!(problem(file(&folder, "empty.txt", b"")), Problem::Empty);
        assert_eq!(problem(file(&folder, "blank.txt", b"\n  \r\n\t\n")), Problem::NoText);
        assert_eq!(problem(file(&folder, "header.csv", b"text,rating\n")), Problem::NoText);
        assert_eq!(problem(file(&folder, "empty.csv", b"")), Problem::Empty);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_refused() {
        assert_eq!(problem(PathBuf::from("/dev/null")), Problem::NotAFile);
    }
}
