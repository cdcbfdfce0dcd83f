//! What travels between the stages: texts, several to a message.

use roscius::prelude::*;

/// The number of texts in one message. It is some half a millisecond of inference: long enough that sending costs
/// nothing beside it, short enough that the workers share the load evenly to the end.
pub const BATCH_SIZE: usize = 64;

/// Texts to be cleaned and scored. Each batch is one piece of work: done whole, or done again.
#[derive(Debug, Message, Serialize, Deserialize)]
pub struct Batch {
    /// The texts.
    pub texts: Vec<Text>,
    /// Who may send another batch when this one has arrived.
    pub credit: Recipient<Credit>,
}

/// What a worker has to do: find the sentiments of these texts, and answer the sender with [`Scores`]. That is all that it
/// has to know, so a worker can be written in another language.
#[derive(Debug, Message, Serialize, Deserialize)]
#[message(name = "demo.Score")]
pub struct Score {
    /// Which piece of work this is.
    pub number: u64,
    /// The words.
    pub texts: Vec<String>,
    /// The worker dies when it comes to the text with this index.
    pub strike: Option<usize>,
}

/// What a worker found.
#[derive(Debug, Message, Serialize, Deserialize)]
#[message(name = "demo.Scores")]
pub struct Scores {
    /// The piece of work.
    pub number: u64,
    /// From -1 (most negative) to 1 (most positive), in the order of the texts.
    pub scores: Vec<f64>,
}

/// Texts to be stored.
#[derive(Debug, Message, Serialize, Deserialize)]
pub struct Scored {
    /// The texts.
    pub texts: Vec<ScoredText>,
    /// Who may send another batch now.
    pub credit: Recipient<Credit>,
}

/// Leave to send this many more batches.
#[derive(Debug, Message, Serialize, Deserialize)]
pub struct Credit(pub usize);

/// How many texts there are in all: the last has been sent.
#[derive(Debug, Message, Serialize, Deserialize)]
pub struct Total(pub u64);

/// One text on its way through the pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Counts from 1 over all sources: no number may be missing in the end.
    pub id: u64,
    /// Index of its source in the list of sources.
    pub source: usize,
    /// The line of the source at which it starts.
    pub line: u64,
    /// The words themselves.
    pub text: String,
    /// What people thought of it, if the source says so.
    pub rating: Option<f64>,
}

/// A text and the sentiment found in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredText {
    /// The text.
    pub text: Text,
    /// From -1 (most negative) to 1 (most positive).
    pub score: f64,
}
