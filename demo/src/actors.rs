//! The pipeline as actors, one file each.
//!
//! ```text
//!              Director            makes the others, notices when one ends or nothing gets on
//!    ┌────────┬───┴────┬─────────┐
//!  Fetch ──▶ Clean ──▶ Infer ──▶ Store
//!    ▲                (troupe)     │
//!    └────────── Credit ───────────┘
//! ```
//!
//! Fetch may have only so many batches on their way; the store gives it a credit for each that has arrived. So the
//! slowest stage sets the pace, and no mailbox fills up, however large the input is.

mod clean;
mod director;
mod fetch;
mod infer;
mod store;

pub use director::{Director, Run};
