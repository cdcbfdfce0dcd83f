//! What has happened: a hash of all of it, and the latest of it for people.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash, Hasher};

use roscius_protocol::time::Time;

/// How many lines are kept.
const TAIL: usize = 200;

/// See the [module](self).
pub(crate) struct Trace {
    hash: DefaultHasher,
    tail: VecDeque<String>,
    printed: bool,
}

impl Trace {
    /// Printed as it goes if the environment has `TRACE`.
    pub fn new() -> Self {
        Self { hash: DefaultHasher::new(), tail: VecDeque::new(), printed: std::env::var_os("TRACE").is_some() }
    }

    pub fn note(&mut self, now: Time, what: fmt::Arguments<'_>) {
        let mut line = if self.tail.len() < TAIL { None } else { self.tail.pop_front() }.unwrap_or_default();
        line.clear();
        // A text takes whatever is written to it.
        let _ = write!(line, "{now} {what}");
        line.hash(&mut self.hash);
        if self.printed {
            println!("{line}");
        }
        self.tail.push_back(line);
    }

    /// The same for the same run.
    pub fn hash(&self) -> u64 {
        self.hash.finish()
    }

    /// The latest of it, the oldest first.
    pub fn tail(&self) -> String {
        self.tail.iter().map(|line| format!("{line}\n")).collect()
    }
}
