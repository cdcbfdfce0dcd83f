//! The Admin of a system of processes: what it knows, and what it decides.

pub mod messages;
