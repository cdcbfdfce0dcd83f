//! An actor is tried on members only, on none twice, and on the least loaded of those that are not in doubt.

use super::{Invariant, Observation, Subject};

#[derive(Debug, Default)]
pub struct Placement {
    seen: u32,
}

impl Invariant for Placement {
    fn see(&mut self, subject: Subject, observation: &Observation<'_>) {
        let Observation::Decided { convention } = observation else { return };
        // It is much to ask each time.
        self.seen = self.seen.wrapping_add(1);
        if !self.seen.is_multiple_of(16) {
            return;
        }
        let mut tried = Vec::new();
        loop {
            let candidates = convention.candidates(&tried);
            let Some(first) = candidates.first() else { break };
            assert!(!tried.contains(&first.system), "{} is tried again", first.system);
            assert!(convention.is_member(first.system), "{} is no member of {}", first.system, subject.system);
            // The loads grow, but for one step down where those in doubt begin.
            let steps_down = candidates.windows(2).filter(|two| two[1].load < two[0].load).count();
            assert!(steps_down <= 1, "{candidates:?}");
            tried.push(first.system);
        }
        assert_eq!(tried.len(), convention.members().count(), "each is tried");
    }
}
