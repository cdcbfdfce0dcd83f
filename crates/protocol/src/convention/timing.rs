//! How long things take in a convention.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::backoff::Backoff;

/// How long things take in a convention. The defaults notice a killed member within 2 s and a frozen one within 10 s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Each member says that it lives at least this often.
    pub heartbeat: Duration,
    /// A member that nothing was heard of for so long is given up. If it beats slowly itself: for [`Timing::slow_beats`] of its beats.
    pub lost_after: Duration,
    /// See [`Timing::lost_after`].
    pub slow_beats: u32,
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
            slow_beats: 4,
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

/// How slowly a system lives in its convention, as far as that is to differ from [`Timing`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// See [`Timing::heartbeat`]. From 100 ms to [`Pace::SLOWEST`].
    pub heartbeat: Option<Duration>,
    /// After so many heartbeats of which none came a member is given up; at least 2, since one may be a moment late. If this is not said: 9.
    pub misses: Option<u32>,
    /// How long to wait at most before a leader that is away, or a system that is invited, is tried again. From 100 ms to [`Pace::SLOWEST`].
    pub retry: Option<Duration>,
}

impl Pace {
    /// No period is longer: nobody waits for who beats more slowly.
    pub const SLOWEST: Duration = Duration::from_secs(15 * 60);
    const FASTEST: Duration = Duration::from_millis(100);
    /// After so many heartbeats a member is given up if nobody says otherwise.
    const MISSES: u32 = 9;
    /// A member is in doubt after two heartbeats and a half.
    const DOUBTED: (u32, u32) = (5, 2);
}

impl Timing {
    /// The same at another pace.
    #[must_use]
    pub fn at(mut self, pace: &Pace) -> Self {
        let kept = |period: Duration| period.clamp(Pace::FASTEST, Pace::SLOWEST);
        if pace.heartbeat.is_some() || pace.misses.is_some() {
            self.heartbeat = pace.heartbeat.map_or(self.heartbeat, kept);
            self.lost_after = self.heartbeat.saturating_mul(pace.misses.unwrap_or(Pace::MISSES).max(2));
            let (beats, of) = Pace::DOUBTED;
            self.doubted_after = (self.heartbeat * beats / of).min(self.lost_after);
        }
        self.slow_beats = pace.misses.map_or(self.slow_beats, |misses| misses.max(2));
        if let Some(retry) = pace.retry.map(kept) {
            for backoff in [&mut self.dial, &mut self.dial_slowly, &mut self.ask] {
                backoff.initial = backoff.initial.min(retry);
                backoff.maximum = retry;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_usual_pace_changes_nothing() {
        assert_eq!(Timing::default().at(&Pace::default()), Timing::default());
        let same = Pace { heartbeat: Some(SECOND), ..Pace::default() };
        assert_eq!(Timing::default().at(&same), Timing::default());
    }

    #[test]
    fn that_of_the_original_gives_a_member_up_after_22_minutes() {
        let period = 442 * SECOND;
        let pace = Pace { heartbeat: Some(period), misses: Some(3), retry: Some(202 * SECOND) };
        let timing = Timing::default().at(&pace);
        assert_eq!((timing.heartbeat, timing.lost_after, timing.slow_beats), (period, 3 * period, 3));
        assert_eq!(timing.doubted_after, period * 5 / 2);
        assert_eq!([timing.dial, timing.dial_slowly, timing.ask].map(|it| it.maximum), [202 * SECOND; 3]);
        assert!([timing.dial, timing.dial_slowly, timing.ask].iter().all(|it| it.check().is_ok()));
    }

    #[test]
    fn what_makes_no_sense_is_bounded() {
        let pace = Pace { heartbeat: Some(Duration::ZERO), misses: Some(0), retry: Some(Duration::MAX) };
        let timing = Timing::default().at(&pace);
        assert_eq!(timing.heartbeat, Duration::from_millis(100));
        assert_eq!((timing.lost_after, timing.doubted_after), (timing.heartbeat * 2, timing.heartbeat * 2));
        assert_eq!(timing.dial.maximum, Pace::SLOWEST);
        let most = Pace { heartbeat: Some(Duration::MAX), misses: Some(u32::MAX), retry: None };
        assert!(Timing::default().at(&most).lost_after >= Pace::SLOWEST);
    }
}
