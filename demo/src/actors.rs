//! The pipeline as actors, one file each.
//!
//! ```text
//!             Director                      makes the actors, notices when one ends or nothing gets on
//!    ┌───────────┼───────────┬────────┐
//!  Fetch ──▶ Clean ──▶ Foreman ──▶ Store
//!    ▲                  ▲   ▲         │
//!    │               Infer Infer …    │     workers
//!    └──────────── Credit ────────────┘
//! ```
//!
//! Fetch may have only so many batches on their way; the store gives it a credit for each that has arrived. So the
//! slowest stage sets the pace, and no mailbox fills up, however large the input is.
//!
//! No actor knows where the others are. Each is made from a task that can be sent to another process.

mod clean;
mod fetch;
mod foreman;
mod infer;
mod store;

use roscius::prelude::*;
use serde::de::DeserializeOwned;

pub use clean::{Clean, CleanTask};
pub use fetch::{Fetch, FetchTask};
pub use foreman::{Foreman, ForemanTask, Hired};
pub use infer::Infer;
pub use store::{Store, StoreTask};

/// An actor that can be made in any place.
pub trait Role: Actor {
    /// What it is called.
    const NAME: &'static str;
    /// All that it has to know.
    type Task: Clone + Send + Serialize + DeserializeOwned + 'static;

    /// Makes it.
    fn new(task: Self::Task) -> Self;

    /// How it is kept.
    fn keep(props: Props<Self>) -> Props<Self> {
        props
    }
}
