//! Sums over a system, and what has changed since the look before.

use std::collections::BTreeMap;

use roscius::status::Status;

use super::Before;
use crate::snapshot::{ActorState, ClassInfo, ProcessRole, Snapshot, Totals};

/// Adds what can be said of one look alone.
pub(super) fn sum_up<'s>(snapshot: &mut Snapshot, answers: impl Iterator<Item = &'s Status>) {
    let programs = snapshot.processes.iter().filter(|process| process.role == ProcessRole::Program).count();
    let mut totals = Totals {
        actors: snapshot.actors.len(),
        unseen: snapshot.actors.iter().filter(|actor| actor.state == ActorState::Unanswering).count(),
        processes: snapshot.processes.len() - programs,
        programs,
        waiting: snapshot.actors.iter().map(|actor| actor.waiting).sum(),
        handled: snapshot.actors.iter().map(|actor| actor.handled).sum(),
        memory: of_the_system(snapshot).filter_map(|process| process.memory).sum(),
        ..Totals::default()
    };
    for status in answers {
        totals.failures += status.failures;
        totals.restarts += status.restarts;
        totals.returned += status.returned;
        totals.timers += status.pending_timers;
    }
    snapshot.totals = totals;
    let mut classes: BTreeMap<&str, ClassInfo> = BTreeMap::new();
    for actor in &snapshot.actors {
        let class = classes.entry(&actor.class).or_default();
        class.actors += 1;
        class.waiting += actor.waiting;
        class.handled += actor.handled;
        class.restarts += u64::from(actor.restarts);
    }
    let named = classes.into_iter().map(|(class, info)| ClassInfo { class: class.to_owned(), ..info });
    let mut classes: Vec<ClassInfo> = named.collect();
    classes.sort_by_key(|class| (std::cmp::Reverse(class.waiting), std::cmp::Reverse(class.actors)));
    snapshot.classes = classes;
}

/// Programs are not of the system, whatever they need.
fn of_the_system(snapshot: &Snapshot) -> impl Iterator<Item = &crate::snapshot::ProcessInfo> {
    snapshot.processes.iter().filter(|process| process.role != ProcessRole::Program)
}

/// Adds what has changed since the look before.
pub(super) fn compare(snapshot: &mut Snapshot, before: &Before, now: &Before) {
    let seconds = (now.at - before.at).as_secs_f64();
    if seconds <= 0.0 {
        return;
    }
    let mut by_class: BTreeMap<String, f64> = BTreeMap::new();
    let mut rate = 0.0;
    for actor in &mut snapshot.actors {
        let Ok(address) = actor.address.parse() else { continue };
        let Some(handled) = now.handled.get(&address) else { continue };
        // One that is new has handled all of it since then.
        let earlier = before.handled.get(&address).copied().unwrap_or(0);
        let of_actor = handled.saturating_sub(earlier) as f64 / seconds;
        actor.rate = Some(of_actor);
        *by_class.entry(actor.class.clone()).or_default() += of_actor;
        rate += of_actor;
    }
    snapshot.totals.rate = Some(rate);
    for class in &mut snapshot.classes {
        class.rate = by_class.get(&class.class).copied();
    }
    for process in &mut snapshot.processes {
        let times = process.pid.and_then(|pid| Some((before.computed.get(&pid)?, now.computed.get(&pid)?)));
        process.cpu = times.map(|(before, now)| (now - before).max(0.0) / seconds);
    }
    snapshot.totals.cpu = Some(of_the_system(snapshot).filter_map(|process| process.cpu).sum());
    let letters = now.dead_letters.saturating_sub(before.dead_letters);
    snapshot.dead_letters.rate = Some(letters as f64 / seconds);
}
