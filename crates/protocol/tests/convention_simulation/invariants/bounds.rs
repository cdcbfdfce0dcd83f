//! No more is held than there is room for, no more is in flight than a window, and no record is longer than records are.

use roscius_protocol::pair::LONGEST_RECORD;

use super::{Invariant, Observation, Subject};
use crate::system::LIMITS;

pub struct Bounds;

impl Invariant for Bounds {
    fn see(&mut self, _: Subject, observation: &Observation<'_>) {
        match observation {
            Observation::Holds { status } => {
                assert!(status.held_frames <= LIMITS.spool_frames, "{status:?}");
                assert!(status.held_bytes <= LIMITS.spool_bytes, "{status:?}");
                assert!(status.in_flight <= u64::from(LIMITS.window.bytes), "{status:?}");
            }
            Observation::Transmitted { length } => assert!(*length <= LONGEST_RECORD, "a record of {length} bytes"),
            _ => {}
        }
    }
}
