//! Links between systems over a real NATS server of this host.

#![allow(clippy::unwrap_used, reason = "the linter takes what several tests share for no test")]

mod carrying;
mod credentials;
mod leading;
mod leaf;
mod operator;
mod outages;
mod presence;
mod scene;
mod server;
mod servers;
mod strangers;
