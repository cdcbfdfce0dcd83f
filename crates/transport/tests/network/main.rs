//! Links between systems, over real sockets of this host.

#![allow(clippy::unwrap_used, reason = "the linter takes what several tests share for no test")]

mod authority;
mod bare;
mod between;
mod carrying;
mod certificates;
mod doubles;
mod lodging;
mod scene;
mod strangers;
mod tampering;
