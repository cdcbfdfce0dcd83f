//! What is wrong with a system, and why.

use crate::snapshot::{
    ActorInfo, ActorState, LetsIn, ProcessInfo, ProcessRole, ProcessState, Severity, Snapshot, Warning, WarningKind,
};

/// What happened so many seconds ago is still to be told.
const RECENT: f64 = 60.0;
/// A creation that takes longer, in seconds, waits for something.
const PENDING: f64 = 1.0;
/// So many messages in a mailbox are worth a word ...
const LONG: u64 = 1_000;
/// ... and it is wrong if it takes longer than this, in seconds, to handle them.
const BEHIND: f64 = 10.0;
/// So many messages are wrong whatever their actor does.
const FAR_TOO_LONG: u64 = 1_000_000;
/// So many restarts, the last of them recent, are no accident.
const AGAIN_AND_AGAIN: u32 = 3;
/// A member that was not heard for so long has missed several heartbeats.
const UNHEARD: f64 = 5.0;
/// As many warnings of one kind are told one by one.
const EACH: usize = 8;

/// What is wrong, the worst first.
pub fn all(snapshot: &Snapshot) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut add = |more: Vec<Warning>| {
        let rest = more.len().saturating_sub(EACH);
        let summary = more.first().filter(|_| rest > 0).map(|first| Warning {
            subject: None,
            what: format!("… and {rest} more of this kind"),
            why: String::new(),
            ..first.clone()
        });
        warnings.extend(more.into_iter().take(EACH).chain(summary));
    };
    add(snapshot.processes.iter().filter_map(|process| unanswering(snapshot, process)).collect());
    add(pending(snapshot));
    add(dead_letters(snapshot));
    add(snapshot.actors.iter().filter_map(restarts).collect());
    add(mailboxes(snapshot));
    add(convention(snapshot));
    add(system(snapshot));
    warnings.sort_by_key(|warning| warning.severity);
    warnings
}

/// Whether nothing that is told is wrong.
pub fn is_healthy(warnings: &[Warning]) -> bool {
    warnings.iter().all(|warning| warning.severity != Severity::Wrong)
}

fn unanswering(snapshot: &Snapshot, process: &ProcessInfo) -> Option<Warning> {
    // Whom nobody has asked is seen to be stopped all the same. Programs are not of the system.
    let is_silent = process.answered == Some(false);
    let is_stuck = matches!(process.state, ProcessState::Stopped | ProcessState::Ended);
    let is_stuck = is_stuck && process.role != ProcessRole::Program;
    if !(is_silent || is_stuck) {
        return None;
    }
    let actors: Vec<&ActorInfo> = snapshot.actors.iter().filter(|actor| actor.node == process.node).collect();
    let who = match (process.role, actors.as_slice()) {
        (ProcessRole::Admin, _) => "the Admin".to_owned(),
        (ProcessRole::Starter, _) => "a starter".to_owned(),
        (ProcessRole::Logger, _) => "the logger".to_owned(),
        (ProcessRole::Program, _) => "a program".to_owned(),
        (ProcessRole::Actors, [actor]) => called(actor),
        (ProcessRole::Actors, [first, ..]) => format!("{} and {} more actors", called(first), actors.len() - 1),
        (ProcessRole::Actors, []) => "a process with actors".to_owned(),
    };
    let pid = process.pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
    let why = match process.state {
        ProcessState::Stopped => {
            let resume = process.pid.map(|pid| format!("; `kill -CONT {pid}` lets it go on")).unwrap_or_default();
            format!("its process is stopped by a signal or a debugger{resume}")
        }
        ProcessState::Ended => "its process has ended, and nobody has taken note of it".to_owned(),
        ProcessState::Running => "a handler computes and does not return".to_owned(),
        ProcessState::Blocked => "its process waits for a disk or a device".to_owned(),
        ProcessState::Sleeping => "a handler waits for something and does not return".to_owned(),
        ProcessState::Unknown => "its process can not be seen".to_owned(),
    };
    let subject = match actors.as_slice() {
        [actor, ..] => actor.address.clone(),
        [] => process.node.clone(),
    };
    let what = format!("{who}{pid} does not answer");
    Some(Warning { severity: Severity::Wrong, kind: WarningKind::Unanswering, subject: Some(subject), what, why })
}

/// An actor as people know it.
fn called(actor: &ActorInfo) -> String {
    match (&actor.name, actor.class.as_str()) {
        (Some(name), _) => format!("`{name}`"),
        (None, "") => format!("actor {}", actor.address),
        (None, class) => format!("{class} {}", actor.address),
    }
}

fn pending(snapshot: &Snapshot) -> Vec<Warning> {
    let late = snapshot.pending.iter().filter(|pending| pending.age > PENDING);
    late.map(|pending| Warning {
        severity: Severity::Wrong,
        kind: WarningKind::PendingCreation,
        subject: Some(pending.address.clone()),
        what: format!("{} is not made for {} now", pending.class, seconds(pending.age)),
        why: format!("it waits for {}", pending.awaits),
    })
    .collect()
}

fn dead_letters(snapshot: &Snapshot) -> Vec<Warning> {
    let recent = snapshot.dead_letters.kinds.iter().filter(|kind| kind.last_ago <= RECENT);
    recent
        .map(|kind| {
            let target = snapshot.actors.iter().find(|actor| actor.address == kind.first.target);
            let to = target.map_or_else(|| kind.first.target.clone(), called);
            let (messages, count) =
                if kind.count == 1 { ("message", String::new()) } else { ("messages", format!("{} ", kind.count)) };
            Warning {
                severity: Severity::Wrong,
                kind: WarningKind::DeadLetters,
                subject: Some(kind.first.target.clone()),
                what: format!(
                    "{count}{messages} `{}` reached nobody, the last {} ago",
                    kind.message,
                    seconds(kind.last_ago)
                ),
                why: format!(
                    "{}; the first went from {} to {to}, {} ago",
                    kind.reason,
                    kind.first.sender,
                    seconds(kind.first_ago)
                ),
            }
        })
        .collect()
}

fn restarts(actor: &ActorInfo) -> Option<Warning> {
    let ago = actor.restarted.filter(|ago| *ago <= RECENT)?;
    let is_wrong = actor.restarts >= AGAIN_AND_AGAIN;
    let times = if actor.restarts == 1 { "once".to_owned() } else { format!("{} times", actor.restarts) };
    Some(Warning {
        severity: if is_wrong { Severity::Wrong } else { Severity::Notice },
        kind: WarningKind::Restarts,
        subject: Some(actor.address.clone()),
        what: format!("{} was restarted {times}, last {} ago", called(actor), seconds(ago)),
        why: "its handler fails: the log says how".to_owned(),
    })
}

fn mailboxes(snapshot: &Snapshot) -> Vec<Warning> {
    let mut long: Vec<&ActorInfo> = snapshot.actors.iter().filter(|actor| is_long(actor)).collect();
    long.sort_by_key(|actor| std::cmp::Reverse(actor.waiting));
    long.into_iter().map(mailbox).collect()
}

fn is_full(actor: &ActorInfo) -> bool {
    actor.capacity.is_some_and(|capacity| actor.waiting >= capacity)
}

fn is_long(actor: &ActorInfo) -> bool {
    actor.state != ActorState::Unanswering && (actor.waiting >= LONG || is_full(actor))
}

fn mailbox(actor: &ActorInfo) -> Warning {
    // One with a bound keeps its senders waiting, which is what the bound is for.
    let needs = actor.rate.map(|rate| if rate > 0.0 { actor.waiting as f64 / rate } else { f64::INFINITY });
    let is_behind = needs.is_some_and(|needs| needs > BEHIND);
    let is_wrong = !is_full(actor) && is_behind || actor.waiting >= FAR_TOO_LONG;
    let what = match actor.capacity {
        Some(capacity) if is_full(actor) => {
            format!("the mailbox of {} is full: {capacity} messages wait", called(actor))
        }
        _ => format!("{} messages wait for {}", actor.waiting, called(actor)),
    };
    let why = match needs {
        Some(needs) if needs.is_finite() => {
            format!("it handles {:.0} a second, and needs {} for these", actor.rate.unwrap_or_default(), seconds(needs))
        }
        Some(_) => "it handles none of them".to_owned(),
        None => String::new(),
    };
    let severity = if is_wrong { Severity::Wrong } else { Severity::Notice };
    Warning { severity, kind: WarningKind::Mailbox, subject: Some(actor.address.clone()), what, why }
}

fn convention(snapshot: &Snapshot) -> Vec<Warning> {
    let convention = &snapshot.convention;
    let notice = |subject: Option<&str>, what: String, why: &str| Warning {
        severity: Severity::Notice,
        kind: WarningKind::Convention,
        subject: subject.map(str::to_owned),
        what,
        why: why.to_owned(),
    };
    let mut found = Vec::new();
    if !convention.leads && !convention.members.iter().any(|member| member.leads) && snapshot.system.uptime > RECENT {
        let why = "actors that this system can not run are not made, until one of its leaders is reached";
        found.push(notice(None, "no leader of the convention is reached".to_owned(), why));
    }
    for member in convention.members.iter().filter(|member| !member.linked || member.heard_ago > UNHEARD) {
        let heard = seconds(member.heard_ago);
        let what = format!("{} was heard {heard} ago", member.identity);
        let why = "messages for it wait; if it is not heard soon, it is given up";
        found.push(notice(Some(&member.system), what, why));
    }
    found
}

fn system(snapshot: &Snapshot) -> Vec<Warning> {
    let notice = |kind, what: &str, why: &str| Warning {
        severity: Severity::Notice,
        kind,
        subject: None,
        what: what.to_owned(),
        why: why.to_owned(),
    };
    let mut found = Vec::new();
    if snapshot.system.in_shutdown {
        found.push(notice(WarningKind::Shutdown, "the system is shutting down", ""));
    } else if snapshot.system.makers.is_empty() && snapshot.system.uptime > RECENT {
        let why = "the processes that started others have ended; a program that attaches can start another";
        found.push(notice(WarningKind::NoStarter, "nobody can make actors", why));
    }
    if snapshot.convention.lets_in == LetsIn::Everybody {
        let why = "it was started with `insecure`, and whoever is let in can run code there: give it a certificate (`roscius cert`)";
        let what = "whoever reaches the port of the system is let in, and links with other hosts are not encrypted";
        found.push(notice(WarningKind::Insecure, what, why));
    }
    found
}

/// A time for people.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        less if less < 10.0 => format!("{less:.1} s"),
        less if less < 120.0 => format!("{less:.0} s"),
        less if less < 7_200.0 => format!("{:.0} min", less / 60.0),
        less if less < 172_800.0 => format!("{:.1} h", less / 3_600.0),
        more => format!("{:.1} d", more / 86_400.0),
    }
}

#[cfg(test)]
mod tests;
