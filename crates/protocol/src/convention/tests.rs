mod alone;
mod anything;
mod bad_input;
mod children;
mod faults;
mod joining;
mod leading;
mod names;
mod places;
mod placing;
mod scale;
mod scenarios;
mod ties;
mod world;

use std::time::Duration;

use super::{Effect, Event, Peer, Place, SystemId};
use world::{Setup, World};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
