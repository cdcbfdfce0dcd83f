//! Real actors on simulated systems: what works between real ones works here, faults are noticed, and the same seed gives the same run.

mod cast;
mod faults;
mod leader_killed;
mod living;
mod seeds;
