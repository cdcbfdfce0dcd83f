//! Hubs that talk over real sockets, in one process or several.

#![allow(clippy::unwrap_used, reason = "the linter takes what several tests share for no test")]

mod fellow;
mod hostile;
mod limits;
mod links;
mod processes;
mod scene;
mod watches;
