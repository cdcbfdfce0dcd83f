//! One suite of behaviours, kept on every base.
//!
//! Each promise is one function, named by what is promised. At its top every module lists its promises and where they
//! are kept; [`bases`] makes the tests. Actors that many promises need are in [`cast`], what they play in is a
//! [`scene::Scene`].

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[macro_use]
mod bases;
#[macro_use]
mod parts;
mod cast;
mod scene;
mod system;

mod accounts;
mod asking;
mod asynchrony;
mod at_once;
mod behaviour;
mod dead_letters;
mod embedding;
mod failure;
mod fairness;
mod flow;
mod life;
mod messages;
mod names;
mod ordering;
mod outside;
mod seeing;
mod shutdown;
mod supervision;
mod troupe;
mod wakeups;
mod watch;

#[cfg(feature = "tokio")]
mod tokio_io;
