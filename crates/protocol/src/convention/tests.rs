mod joining;
mod world;

use std::time::Duration;

use super::{Convention, Effect, Event, Message, Note, Place, SystemId, Why};
use world::{Setup, World};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
