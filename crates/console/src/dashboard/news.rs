//! What has happened between two snapshots, in words.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::snapshot::{ActorInfo, ActorState, Severity, Snapshot, Warning};

/// How many lines are kept.
const KEPT: usize = 100;
/// How many actors of a class are named, and not only counted.
const NAMED: usize = 2;

/// A line of what has happened, or of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Lines are numbered from one on.
    pub number: u64,
    /// When, in seconds since the beginning of 1970.
    pub at: Option<u64>,
    pub text: String,
}

/// The last lines of something.
#[derive(Debug, Default)]
pub(super) struct Lines {
    count: u64,
    at: Option<u64>,
    lines: VecDeque<Line>,
}

impl Lines {
    /// Adds a line. One without a time has the time of the line before.
    pub fn add(&mut self, at: Option<u64>, text: String) {
        self.at = at.or(self.at);
        self.count += 1;
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { number: self.count, at: self.at, text });
    }

    /// The lines that are kept, oldest first.
    pub fn all(&self) -> Vec<Line> {
        self.lines.iter().cloned().collect()
    }
}

/// Tells what has happened since the snapshot before. `lost`: why the system was not seen meanwhile.
pub(super) fn tell(before: Option<&Snapshot>, now: &Snapshot, lost: Option<&str>, news: &mut Lines) {
    let at = Some(now.system.seen_at as u64);
    let mut say = |text: String| news.add(at, text);
    let Some(before) = before else {
        return say(format!(
            "{} is seen: {} actors in {} processes",
            now.system.name, now.totals.actors, now.totals.processes
        ));
    };
    if lost.is_some() {
        say("the system is seen again".to_owned());
    }
    warnings(before, now, &mut say);
    actors(before, now, &mut say);
    for kind in &now.dead_letters.kinds {
        let known = before.dead_letters.kinds.iter().find(|it| it.message == kind.message && it.reason == kind.reason);
        let more = kind.count.saturating_sub(known.map_or(0, |known| known.count));
        if more > 0 {
            let letters = if more == 1 { "dead letter" } else { "dead letters" };
            say(format!("{more} {letters} {}: {}", kind.message, kind.reason));
        }
    }
}

fn warnings(before: &Snapshot, now: &Snapshot, say: &mut impl FnMut(String)) {
    let is_same = |one: &Warning, other: &Warning| one.kind == other.kind && one.subject == other.subject;
    let is_in = |list: &[Warning], it: &Warning| list.iter().any(|other| is_same(it, other));
    let wrong = |snapshot: &Snapshot| -> Vec<Warning> {
        snapshot.warnings.iter().filter(|warning| warning.severity == Severity::Wrong).take(KEPT).cloned().collect()
    };
    let (old, new) = (wrong(before), wrong(now));
    for warning in new.iter().filter(|warning| !is_in(&old, warning)) {
        say(format!("wrong: {}", warning.what));
    }
    for warning in old.iter().filter(|warning| !is_in(&new, warning)) {
        say(format!("no longer: {}", warning.what));
    }
}

fn actors(before: &Snapshot, now: &Snapshot, say: &mut impl FnMut(String)) {
    let old: HashMap<&str, &ActorInfo> = before.actors.iter().map(|actor| (&*actor.address, actor)).collect();
    let mut started: BTreeMap<&str, Vec<&ActorInfo>> = BTreeMap::new();
    let mut alive = HashSet::with_capacity(now.actors.len());
    for actor in &now.actors {
        alive.insert(&*actor.address);
        match old.get(&*actor.address) {
            None => started.entry(&actor.class).or_default().push(actor),
            Some(known) if actor.restarts > known.restarts && actor.state != ActorState::Unanswering => {
                say(format!("{} restarted, {} times in all", named(actor), actor.restarts));
            }
            Some(_) => {}
        }
    }
    // Of a process that does not answer nobody knows who is left.
    let silent: HashSet<&str> =
        now.processes.iter().filter(|process| process.answered == Some(false)).map(|process| &*process.node).collect();
    let mut ended: BTreeMap<&str, Vec<&ActorInfo>> = BTreeMap::new();
    for actor in before.actors.iter().filter(|actor| !alive.contains(&*actor.address) && !silent.contains(&*actor.node))
    {
        ended.entry(&actor.class).or_default().push(actor);
    }
    for (what, classes) in [("started", started), ("ended", ended)] {
        for (class, actors) in classes {
            if actors.len() > NAMED {
                say(format!("{} {class} {what}", actors.len()));
            } else {
                actors.iter().for_each(|actor| say(format!("{} {what}", named(actor))));
            }
        }
    }
}

/// An actor as people know it.
fn named(actor: &ActorInfo) -> String {
    let class = if actor.class.is_empty() { "actor" } else { &actor.class };
    match &actor.name {
        Some(name) => format!("{class} “{name}”"),
        None => format!("{class} {}", actor.address),
    }
}

#[cfg(test)]
mod tests;
