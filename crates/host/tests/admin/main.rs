//! A real Admin in a process of its own, with starters, actors and programs made of hubs, each in a process of its own too
//! where its end matters.

#![allow(clippy::unwrap_used, reason = "the linter takes what several tests share for no test")]

mod enemies;
mod fellow;
mod finding;
mod living;
mod scene;
mod sources;
mod stranger;
