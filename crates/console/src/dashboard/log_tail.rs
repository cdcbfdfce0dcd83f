//! The last lines of a log that somebody else writes.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::news::Line;

/// How many lines are kept.
const KEPT: usize = 200;
/// How much is read at a time. What was written before that is passed over.
const READ: u64 = 64 << 10;
/// How many bytes of a line are shown.
const LONGEST: usize = 500;

/// Reads a file that grows, and is there perhaps.
#[derive(Debug)]
pub(super) struct LogTail {
    path: PathBuf,
    /// The file, by device and inode, and how much of it was read.
    read: Option<((u64, u64), u64)>,
    /// The beginning of a line whose end is not written yet.
    rest: Vec<u8>,
    count: u64,
    lines: VecDeque<Line>,
}

impl LogTail {
    pub fn new(path: PathBuf) -> Self {
        Self { path, read: None, rest: Vec::new(), count: 0, lines: VecDeque::new() }
    }

    /// The last lines that are written now, oldest first.
    pub fn read(&mut self) -> Vec<Line> {
        if let Err(error) = self.read_on() {
            // It is there later perhaps, or again.
            tracing::debug!(%error, path = %self.path.display(), "the log can not be read");
        }
        self.lines.iter().cloned().collect()
    }

    fn read_on(&mut self) -> io::Result<()> {
        let mut file = open(&self.path)?;
        let status = file.metadata()?;
        let (identity, length) = ((status.dev(), status.ino()), status.len());
        // A log that was rotated, or begun anew, is read from its beginning.
        let known = self.read.filter(|(known, read)| *known == identity && *read <= length);
        let begin = known.map_or(0, |(_, read)| read);
        let from = begin.max(length.saturating_sub(READ));
        if known.is_none() || from > begin {
            self.rest.clear();
        }
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = std::mem::take(&mut self.rest);
        let had = bytes.len() as u64;
        file.take(READ).read_to_end(&mut bytes)?;
        self.read = Some((identity, from + bytes.len() as u64 - had));
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        // The last piece has no end yet.
        let rest = pieces.next_back().unwrap_or_default();
        self.rest = rest[..rest.len().min(LONGEST)].to_vec();
        // The first is the end of a line whose beginning was passed over.
        let passed_over = from > begin;
        for piece in pieces.skip(usize::from(passed_over)).filter(|piece| !piece.is_empty()) {
            self.count += 1;
            if self.lines.len() == KEPT {
                self.lines.pop_front();
            }
            let text = String::from_utf8_lossy(&piece[..piece.len().min(LONGEST)]).into_owned();
            self.lines.push_back(Line { number: self.count, at: None, text });
        }
        Ok(())
    }
}

/// Opens a file without waiting for who writes a pipe, and takes nothing but a file.
fn open(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() { File::open(path) } else { Err(io::Error::other("it is no file")) }
}

#[cfg(test)]
mod tests;
