//! What runs in a system of processes, and what is wrong with it: the `roscius` command, and what it is made of.

pub mod snapshot;
