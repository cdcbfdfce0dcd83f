//! Systems of processes: the Admin, the processes that hold actors, and how both are started.
//!
//! A system is an Admin and processes that talk to each other directly. A [`process::Process`] joins a system of actors of one
//! process ([`roscius::ActorSystem`]) with the links to the others ([`roscius_transport::Hub`]): what its actors send to addresses of
//! other nodes leaves through the links, and what comes is put into their mailboxes. One thread does both in turn, and no
//! thread is started, so a process may fork.
//!
//! | module | what it is |
//! |---|---|
//! | [`admin`] | the process that is the Admin of a system |
//! | [`process`] | one process of a system: its actors and its links |
//! | [`rust`] | systems of processes for actors in Rust |
//! | [`sources`] | sources as bytes: whether they are fit, and where they are kept |

#![cfg(unix)]

pub mod admin;
#[cfg(doctest)]
mod book;
pub mod process;
pub mod rust;
pub mod sources;
