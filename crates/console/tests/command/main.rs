//! The command as a program, on real systems: this test program, started again.

#![allow(clippy::unwrap_used, reason = "the linter takes what several tests share for no test")]

mod acting;
mod cast;
mod certificates;
mod looking;
mod scene;
mod terminal;
mod trouble;
