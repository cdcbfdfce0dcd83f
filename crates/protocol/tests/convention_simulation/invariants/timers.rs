//! Nothing that is to come after a while comes sooner, by the clock of who waits for it.

use std::collections::BTreeMap;

use roscius_protocol::convention::{Effect, Note, SystemId, Why};
use roscius_protocol::pair::Loss;
use roscius_protocol::time::Time;

use super::{Invariant, Observation, Subject};
use crate::system::LIMITS;

#[derive(Debug, Default)]
pub struct Timers {
    /// When each heard of each.
    heard: BTreeMap<(SystemId, SystemId), Time>,
    /// When each lost its link with each.
    broken: BTreeMap<(SystemId, SystemId), Time>,
    /// When each frame was sent.
    sent: BTreeMap<(SystemId, SystemId, u64), Time>,
}

impl Invariant for Timers {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        let (at, now) = (subject.system, subject.local);
        match *observation {
            Observation::Woken { deadline } => assert!(deadline <= now, "{at} was woken at {now} for {deadline}"),
            Observation::Linked { peer } => {
                self.broken.remove(&(at, peer));
                self.heard.insert((at, peer), now);
            }
            Observation::Unlinked { peer } => {
                self.broken.insert((at, peer), now);
            }
            Observation::Heard { peer } => {
                self.heard.insert((at, peer), now);
            }
            Observation::Told { effect: Effect::Log(Note::Left { system, why, .. }) } => match why {
                Why::LinkBroken { after, .. } => {
                    let since = self.broken.get(&(at, *system)).expect("the link is not broken");
                    assert!(
                        now.since(*since) >= *after,
                        "{at} gave {system} up {:?} too early",
                        *after - now.since(*since)
                    );
                }
                Why::Silent { after } => {
                    let since = self.heard[&(at, *system)];
                    assert!(
                        now.since(since) >= *after,
                        "{at} gave {system} up {:?} too early",
                        *after - now.since(since)
                    );
                }
                _ => {}
            },
            Observation::Sent { to, number } => {
                self.sent.insert((at, to, number), now);
            }
            Observation::Lost { to, number, why } => {
                let sent = self.sent.remove(&(at, to, number)).expect("it was sent");
                let early = why == Loss::Expired && now.since(sent) < LIMITS.keep_for;
                assert!(!early, "frame {number} of {at} expired after {:?}", now.since(sent));
            }
            _ => {}
        }
    }
}
