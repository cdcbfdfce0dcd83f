//! Counts that only grow, as Prometheus wants them: what an actor has handled is counted after its end too.

use std::collections::{BTreeMap, HashMap};

use crate::snapshot::Snapshot;

/// What was counted while the dashboard looked on.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    /// Messages handled, by class of actor.
    pub handled: BTreeMap<String, u64>,
    /// Restarts, by class of actor.
    pub restarts: BTreeMap<String, u64>,
    /// Handlers that have failed.
    pub failures: u64,
    /// Messages that went back to their sender.
    pub returned: u64,
    /// Dead letters, by type of message and reason.
    pub dead_letters: BTreeMap<(String, String), u64>,
    /// Restarts a second, since the picture before.
    pub restart_rate: f64,
}

impl Counted {
    /// The counts with what has happened since the snapshot before.
    pub fn after(&self, before: Option<&Snapshot>, now: &Snapshot) -> Self {
        let mut next = self.clone();
        let old: HashMap<&str, (u64, u32)> = before
            .iter()
            .flat_map(|before| &before.actors)
            .map(|actor| (&*actor.address, (actor.handled, actor.restarts)))
            .collect();
        let mut restarts = 0;
        for actor in &now.actors {
            let (handled, restarted) = old.get(&*actor.address).copied().unwrap_or_default();
            add(&mut next.handled, &actor.class, actor.handled.saturating_sub(handled));
            // An actor at work does not say how often it was restarted.
            let more = u64::from(actor.restarts.saturating_sub(restarted));
            add(&mut next.restarts, &actor.class, more);
            restarts += more;
        }
        let totals = |snapshot: &Snapshot| (snapshot.totals.failures, snapshot.totals.returned);
        let (failures, returned) = before.map(totals).unwrap_or_default();
        next.failures += now.totals.failures.saturating_sub(failures);
        next.returned += now.totals.returned.saturating_sub(returned);
        for kind in &now.dead_letters.kinds {
            let is_same =
                |other: &&crate::snapshot::DeadLetterKind| other.message == kind.message && other.reason == kind.reason;
            let counted =
                before.and_then(|before| before.dead_letters.kinds.iter().find(is_same)).map_or(0, |it| it.count);
            let count = next.dead_letters.entry((kind.message.clone(), kind.reason.clone())).or_default();
            *count += kind.count.saturating_sub(counted);
        }
        let seconds = before.map_or(0.0, |before| now.system.seen_at - before.system.seen_at);
        next.restart_rate = if seconds > 0.0 { restarts as f64 / seconds } else { 0.0 };
        next
    }
}

fn add(counts: &mut BTreeMap<String, u64>, class: &str, more: u64) {
    match counts.get_mut(class) {
        Some(count) => *count += more,
        None => {
            counts.insert(class.to_owned(), more);
        }
    }
}
