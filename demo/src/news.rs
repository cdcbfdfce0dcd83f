//! What the actors tell the director.

use roscius::prelude::*;

use crate::failure::Failure;

/// Why an actor ended. Of one whose process was killed nobody heard why.
pub fn cause_of(end: &ExitReason) -> String {
    match end {
        ExitReason::Unknown => "its process is gone".to_owned(),
        reason => reason.to_string(),
    }
}

/// A stage of the pipeline, or a place in it where texts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// They were read.
    Fetched,
    /// They are clean.
    Cleaned,
    /// Their sentiment was found.
    Scored,
    /// They reached the store.
    Arrived,
    /// They are safe in its sink.
    Stored,
}

/// How the work goes.
#[derive(Debug, Message, Serialize, Deserialize)]
pub enum News {
    /// Texts passed a stage.
    Passed {
        /// Which.
        stage: Stage,
        /// How many more.
        texts: u64,
    },
    /// A worker ended.
    WorkerLost {
        /// Texts that it had in hand.
        in_hand: u64,
        /// What it ended of.
        reason: String,
    },
    /// Texts that a lost worker had in hand were given to another.
    GivenAgain {
        /// How many.
        texts: u64,
    },
    /// The run is over. All is stored, with so many texts arrived a second time; or it cannot go on.
    Ended(Result<u64, Failure>),
}
