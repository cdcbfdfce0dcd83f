//! How long things take in a convention.

use std::time::Duration;

use crate::backoff::Backoff;

/// How long things take in a convention. The defaults notice a killed member within 2 s and a frozen one within 10 s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Each member says that it lives at least this often.
    pub heartbeat: Duration,
    /// A member that nothing was heard of for so long is given up. If it beats slowly itself: for four of its beats.
    pub lost_after: Duration,
    /// A member whose link is broken is given up after so long without another one.
    pub broken_after: Duration,
    /// A member that nothing was heard of for so long is in doubt: others are asked first, and another system may take its identity.
    pub doubted_after: Duration,
    /// For so long after its start a candidate lets those before it in the list come first.
    pub settled_after: Duration,
    /// For so long after it has begun to lead a candidate lets those come that may hold names, before it gives any away.
    pub named_after: Duration,
    /// A dial that was not answered for so long has come to nothing.
    pub dial_within: Duration,
    /// How long to wait between dials of a candidate. Its maximum bounds the time until one that is back leads again.
    pub dial: Backoff,
    /// How long to wait between dials of an invited system, and between those of a candidate that has a link, but
    /// at a place that leads nowhere from here.
    pub dial_slowly: Backoff,
    /// How long to wait before a system is asked again to join, or to let this one join.
    pub ask: Backoff,
    /// So many registrations are sent to one system at once; another one for each [`Timing::registration_every`].
    pub registration_burst: u32,
    /// See [`Timing::registration_burst`].
    pub registration_every: Duration,
}

impl Timing {
    /// By then any member has noticed that its leader is gone.
    pub(super) fn noticed_after(&self) -> Duration {
        self.lost_after + self.broken_after + self.heartbeat * 2
    }
}

impl Default for Timing {
    fn default() -> Self {
        let milliseconds = Duration::from_millis;
        Self {
            heartbeat: milliseconds(1_000),
            lost_after: milliseconds(9_000),
            broken_after: milliseconds(1_500),
            doubted_after: milliseconds(2_500),
            settled_after: milliseconds(1_000),
            named_after: milliseconds(3_000),
            dial_within: milliseconds(10_000),
            dial: Backoff::exponential(milliseconds(100), milliseconds(1_200)),
            dial_slowly: Backoff::exponential(milliseconds(100), milliseconds(5_000)),
            ask: Backoff::exponential(milliseconds(1_000), milliseconds(5_000)),
            registration_burst: 5,
            registration_every: milliseconds(250),
        }
    }
}
