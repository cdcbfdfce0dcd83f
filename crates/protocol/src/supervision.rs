//! How a parent looks after its children.
//!
//! The words are Erlang's. A *strategy* says which children are restarted when one fails; a *restart policy*, one a
//! child, when it is restarted at all; the *intensity*, how many restarts in a period are too many; the *decision* is
//! what is done about one failure.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::backoff::Backoff;
use crate::time::Time;

/// Which children are restarted when one of them fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Strategy {
    /// Only the child that failed. For children that do not depend on each other.
    #[default]
    OneForOne,
    /// All children. For children that are of no use without each other.
    AllForOne,
    /// The child that failed and those started after it. For children that depend on earlier ones.
    RestForOne,
}

/// When a child is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Restart {
    /// Always, also when it ended by itself. Only its parent or a shutdown ends it.
    Permanent,
    /// When it failed, not when it ended by itself.
    Transient,
    /// Never: it stops, and its parent is told. The default, so that nothing is restarted that nobody asked for.
    #[default]
    Temporary,
}

/// What is done about one failure of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// A new instance in the same place: address and mailbox stay.
    Restart,
    /// Go on with the same instance, as if nothing had happened.
    Resume,
    /// End the child.
    Stop,
    /// The parent fails itself, with the child's failure, and its own parent decides.
    Escalate,
}

/// More than `restarts` in any period of length `within` are too many: the parent itself then fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intensity {
    /// How many restarts are still borne.
    pub restarts: u32,
    /// The length of the period.
    pub within: Duration,
}

impl Default for Intensity {
    /// Three restarts in five seconds.
    fn default() -> Self {
        Self { restarts: 3, within: Duration::from_secs(5) }
    }
}

/// How a parent supervises its children.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Supervision {
    /// Which children are restarted when one fails. Default: [`Strategy::OneForOne`].
    pub strategy: Strategy,
    /// How many restarts are too many. Default: more than three in five seconds.
    pub intensity: Intensity,
    /// How long to wait before each restart in a row. Default: not at all.
    pub backoff: Backoff,
}

impl Supervision {
    /// Restart only the child that failed.
    pub fn one_for_one() -> Self {
        Self { strategy: Strategy::OneForOne, ..Self::default() }
    }

    /// Restart all children when one fails.
    pub fn all_for_one() -> Self {
        Self { strategy: Strategy::AllForOne, ..Self::default() }
    }

    /// Restart the child that failed and those started after it.
    pub fn rest_for_one() -> Self {
        Self { strategy: Strategy::RestForOne, ..Self::default() }
    }

    /// Bear at most `restarts` in any period `within`.
    #[must_use]
    pub fn intensity(mut self, restarts: u32, within: Duration) -> Self {
        self.intensity = Intensity { restarts, within };
        self
    }

    /// Wait before restarts as `backoff` says.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }
}

/// What an actor was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FailureKind {
    /// Its constructor or its `started` hook failed.
    Creation,
    /// A handler returned an error.
    Error,
    /// A handler panicked.
    Panic,
    /// It ended by itself although it is permanent.
    Ended,
    /// A child failed and the failure was escalated.
    Escalated,
    /// Its children were restarted too often.
    Intensity,
}

/// Why an actor failed, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureReport {
    /// What it was doing.
    pub kind: FailureKind,
    /// The error or panic message, for people.
    pub details: Arc<str>,
    /// What was raised, by the names that the actor's language has for it, the most special first. A supervisor may decide
    /// by them without knowing the error itself, which stays in its process. Empty: they are not told.
    pub classes: Vec<String>,
}

impl FailureReport {
    /// A failure of this kind, described by `details`.
    pub fn new(kind: FailureKind, details: impl Into<Arc<str>>) -> Self {
        Self { kind, details: details.into(), classes: Vec::new() }
    }

    /// Says what was raised.
    #[must_use]
    pub fn with_classes(mut self, classes: Vec<String>) -> Self {
        self.classes = classes;
        self
    }
}

impl fmt::Display for FailureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            FailureKind::Creation => "could not be created",
            FailureKind::Error => "failed",
            FailureKind::Panic => "panicked",
            FailureKind::Ended => "ended by itself",
            FailureKind::Escalated => "took over the failure of a child",
            FailureKind::Intensity => "gave up restarting its children",
        };
        write!(f, "{kind}: {}", self.details)
    }
}

/// The restarts of the recent past: counts them against an [`Intensity`].
#[derive(Debug, Default)]
pub struct History {
    restarts: VecDeque<Time>,
}

impl History {
    /// Notes a restart at `now` if it is still within the intensity, and says whether it is. One that is not is not to
    /// happen, so it does not count.
    pub fn note(&mut self, now: Time, intensity: Intensity) -> bool {
        while self.restarts.front().is_some_and(|&then| now.since(then) > intensity.within) {
            self.restarts.pop_front();
        }
        let borne = self.restarts.len() < intensity.restarts as usize;
        if borne {
            self.restarts.push_back(now);
        }
        borne
    }

    /// Forgets all restarts.
    pub fn clear(&mut self) {
        self.restarts.clear();
    }
}

/// The decision that follows from a restart policy alone.
pub fn default_decision(policy: Restart) -> Decision {
    match policy {
        Restart::Permanent | Restart::Transient => Decision::Restart,
        Restart::Temporary => Decision::Stop,
    }
}

#[cfg(test)]
mod tests;
