//! Actors in Rust in real processes: this test program, started again.

#![allow(clippy::unwrap_used, reason = "the linter takes what several tests share for no test")]

mod cast;
mod durable;
mod ending;
mod failing;
mod living;
mod loading;
#[cfg(feature = "nats")]
mod over_nats;
mod scene;
mod starting;
mod talking;
