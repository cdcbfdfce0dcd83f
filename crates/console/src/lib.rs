//! What runs in a system of processes, and what is wrong with it: the `roscius` command, and what it is made of.
//!
//! | module | what it is |
//! |---|---|
//! | [`systems`] | the systems that can be found, and which of them is meant |
//! | [`attached`] | this process as a program of a system: it looks, and says something to actors |
//! | [`collector`] | makes a [`snapshot`] of a system again and again |
//! | [`dashboard`] | a page that shows a system, and what Prometheus reads |
//! | [`snapshot`] | what is known of a system at one moment, as data |
//! | [`warnings`] | what is wrong, and why |
//! | [`processes`] | what the operating system knows of a process |
//! | [`certificates`] | those by which the systems of a convention know each other |
//! | [`cli`], [`commands`] | what can be said on the command line, and what comes of it |
//! | [`figures`] | figures for people |
//! | [`data`] | plain data as messages, for actors in Python and in Rust |

#![cfg(unix)]

pub mod attached;
pub mod certificates;
pub mod cli;
pub mod collector;
pub mod commands;
pub mod dashboard;
pub mod data;
pub mod figures;
mod log_records;
pub mod processes;
pub mod snapshot;
pub mod systems;
mod top;
pub mod warnings;
