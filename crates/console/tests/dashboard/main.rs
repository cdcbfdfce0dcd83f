//! The dashboard from outside: requests of all kinds, slow and vanishing browsers, and a real Chromium.

#![allow(clippy::unwrap_used, reason = "the linter takes what several tests share for no test")]

mod browser;
mod guarding;
mod http;
mod metrics;
mod page;
mod real;
mod stage;
mod streaming;
