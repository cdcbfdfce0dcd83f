//! Messages by type.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use roscius::NodeId;
use roscius::status::Status;

use crate::snapshot::{MessageInfo, Snapshot};

/// How many types are listed: the most frequent.
const LISTED: usize = 200;

/// How many messages were handled, by process and type.
pub(super) type Counts = HashMap<(NodeId, String), u64>;

/// What the processes say that have answered.
pub(super) fn counts<'s>(answers: impl Iterator<Item = (NodeId, &'s Status)>) -> Counts {
    let of_process = |(node, status): (NodeId, &'s Status)| {
        status.messages.iter().map(move |message| ((node, message.name.to_string()), message.handled))
    };
    answers.flat_map(of_process).collect()
}

/// Adds the types to a snapshot, the most frequent first. `before`: what was counted so many seconds ago.
pub(super) fn list(snapshot: &mut Snapshot, before: Option<(&Counts, f64)>, now: &Counts) {
    let mut types: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (key, handled) in now {
        let earlier = before.and_then(|(before, _)| before.get(key)).copied().unwrap_or(0);
        let (total, since) = types.entry(&key.1).or_default();
        *total += handled;
        *since += handled.saturating_sub(earlier);
    }
    let mut types: Vec<_> = types.into_iter().collect();
    let is_compared = before.is_some();
    types.sort_by_key(|(_, (total, since))| (Reverse(if is_compared { *since } else { 0 }), Reverse(*total)));
    let info = |(name, (handled, since)): (&str, (u64, u64))| MessageInfo {
        name: name.to_owned(),
        handled,
        rate: before.filter(|(_, seconds)| *seconds > 0.0).map(|(_, seconds)| since as f64 / seconds),
    };
    snapshot.messages = types.into_iter().take(LISTED).map(info).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &[(u32, &str, u64)]) -> Counts {
        counts.iter().map(|(node, name, count)| ((NodeId::of_process(1, *node), (*name).to_owned()), *count)).collect()
    }

    fn listed(before: Option<(&Counts, f64)>, now: &Counts) -> Vec<(String, u64, Option<f64>)> {
        let mut snapshot = Snapshot::default();
        list(&mut snapshot, before, now);
        snapshot.messages.into_iter().map(|it| (it.name, it.handled, it.rate)).collect()
    }

    #[test]
    fn types_are_summed_over_processes_and_come_by_what_is_frequent_now() {
        let first = counted(&[(1, "Old", 900), (1, "Add", 10), (2, "Add", 5)]);
        assert_eq!(listed(None, &first), [("Old".into(), 900, None), ("Add".into(), 15, None)]);
        // The second process has ended, and a third has begun.
        let then = counted(&[(1, "Old", 900), (1, "Add", 12), (3, "Add", 4)]);
        let rates = [("Add".into(), 16, Some(3.0)), ("Old".into(), 900, Some(0.0))];
        assert_eq!(listed(Some((&first, 2.0)), &then), rates);
    }

    #[test]
    fn the_list_is_bounded() {
        let names: Vec<String> = (0..LISTED + 50).map(|number| format!("M{number}")).collect();
        let all: Vec<_> = names.iter().enumerate().map(|(count, name)| (1, name.as_str(), count as u64)).collect();
        let listed = listed(None, &counted(&all));
        assert_eq!((listed.len(), &*listed[0].0), (LISTED, "M249"));
    }
}
