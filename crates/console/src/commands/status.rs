//! `status` and `ps`.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use super::table::{Side, cut, lay_out};
use super::{CommandError, Outcome, look_twice};
use crate::attached::AttachError;
use crate::figures::{bytes, count, rate};
use crate::snapshot::{
    ActorInfo, ConventionInfo, LetsIn, ProcessInfo, ProcessRole, Severity, Snapshot, SystemInfo, Warning, WarningKind,
};
use crate::systems::System;
use crate::warnings::seconds;

/// How many lines a part of the screen has at most.
const LINES: usize = 8;
/// How wide a line is that no terminal shows.
const WIDE: usize = 160;

pub(super) fn status(
    system: &System,
    within: Duration,
    json: bool,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let snapshot = match look_twice(system, within) {
        Ok(snapshot) => snapshot,
        // That is what is wrong.
        Err(error @ AttachError::AdminUnanswering { .. }) => without_admin(system, &error),
        Err(error) => return Err(error.into()),
    };
    if json {
        print_json(&snapshot, out)?;
    } else {
        out.write_all(screen(&snapshot, width()).as_bytes())?;
    }
    Ok(if snapshot.healthy { Outcome::Well } else { Outcome::Wrong })
}

pub(super) fn ps(
    snapshot: &Snapshot,
    processes: bool,
    json: bool,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    if json && processes {
        print_json(&snapshot.processes, out)?;
    } else if json {
        print_json(&snapshot.actors, out)?;
    } else {
        let text = if processes { process_table(snapshot, width()) } else { actor_table(snapshot, width()) };
        out.write_all(text.as_bytes())?;
    }
    Ok(Outcome::Well)
}

fn print_json(value: &impl serde::Serialize, out: &mut dyn Write) -> Result<(), CommandError> {
    let text = serde_json::to_string(value).map_err(io::Error::other)?;
    Ok(writeln!(out, "{text}")?)
}

/// How wide a line may be: as the terminal is, if there is one.
fn width() -> usize {
    let size = io::stdout().is_terminal().then(|| ratatui::crossterm::terminal::size().ok()).flatten();
    size.map_or(WIDE, |(columns, _)| usize::from(columns).max(20))
}

fn without_admin(system: &System, error: &AttachError) -> Snapshot {
    let warning = Warning {
        severity: Severity::Wrong,
        kind: WarningKind::Unanswering,
        subject: None,
        what: error.to_string(),
        why: "without it no actor is made, no program can attach, and nobody is told of dead letters".to_owned(),
    };
    Snapshot {
        warnings: vec![warning],
        system: SystemInfo {
            name: system.name.clone(),
            port: system.port(),
            directory: system.directory.display().to_string(),
            ..SystemInfo::default()
        },
        ..Snapshot::default()
    }
}

/// All that matters, what is wrong first.
fn screen(snapshot: &Snapshot, width: usize) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        text.push_str(&cut(words, width));
        text.push('\n');
    };
    let totals = &snapshot.totals;
    let health = if snapshot.healthy { "healthy" } else { "SOMETHING IS WRONG" };
    line(&format!("{}  up {}  {health}", snapshot.system.name, seconds(snapshot.system.uptime)));
    if totals.processes > 0 {
        let rate = totals.rate.map(|rate| format!(" · {} handled a second", self::rate(rate))).unwrap_or_default();
        line(&format!(
            "  {} actors in {} processes · {} messages wait{rate} · {} of memory",
            count(totals.actors as u64),
            totals.processes,
            count(totals.waiting),
            bytes(totals.memory),
        ));
        let cpu = totals.cpu.map(|cpu| format!(" · {cpu:.2} cores busy")).unwrap_or_default();
        line(&format!(
            "  {} failures · {} restarts · {} sent back · {} dead letters · {} programs attached{cpu}",
            count(totals.failures),
            count(totals.restarts),
            count(totals.returned),
            count(snapshot.dead_letters.total),
            totals.programs,
        ));
    }
    text.push_str(&warning_list(&snapshot.warnings, width));
    text.push_str(&class_table(snapshot, width));
    text.push_str(&queue_table(snapshot, width));
    text.push_str(&letter_table(snapshot, width));
    text.push_str(&pending_table(snapshot, width));
    text.push_str(&source_list(snapshot, width));
    text.push_str(&member_table(&snapshot.convention, width));
    text
}

/// A part of the screen, if it has something to show.
fn part(title: &str, columns: &[(&str, Side)], rows: Vec<Vec<String>>, width: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let more = rows.len().saturating_sub(LINES);
    let shown: Vec<Vec<String>> = rows.into_iter().take(LINES).collect();
    let mut text = format!("\n{title}\n{}", lay_out(columns, &shown, 2, width));
    if more > 0 {
        let _ = writeln!(text, "  … and {more} more");
    }
    text
}

fn warning_list(warnings: &[Warning], width: usize) -> String {
    let mut text = String::new();
    for (severity, title, mark) in [(Severity::Wrong, "WRONG", '!'), (Severity::Notice, "TO NOTE", '-')] {
        let of_this: Vec<_> = warnings.iter().filter(|warning| warning.severity == severity).collect();
        if !of_this.is_empty() {
            let _ = writeln!(text, "\n{title}");
        }
        for Warning { what, why, .. } in of_this {
            // What is wrong is not cut.
            for (index, line) in wrapped(what, width.saturating_sub(4)).iter().enumerate() {
                let _ = writeln!(text, "  {} {line}", if index == 0 { mark } else { ' ' });
            }
            for line in wrapped(why, width.saturating_sub(6)) {
                let _ = writeln!(text, "      {line}");
            }
        }
    }
    text
}

/// A text in lines that are at most so wide, as far as its words let it.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn class_table(snapshot: &Snapshot, width: usize) -> String {
    let rows = snapshot.classes.iter().map(|class| {
        let of = if class.class.is_empty() { "(not known)" } else { &class.class };
        let rate = class.rate.map(rate).unwrap_or_default();
        vec![count(class.actors as u64), count(class.waiting), rate, count(class.restarts), of.to_owned()]
    });
    let columns = [
        ("actors", Side::Right),
        ("waiting", Side::Right),
        ("a second", Side::Right),
        ("restarts", Side::Right),
        ("class", Side::Left),
    ];
    part("ACTORS", &columns, rows.collect(), width)
}

fn queue_table(snapshot: &Snapshot, width: usize) -> String {
    let mut longest: Vec<&ActorInfo> = snapshot.actors.iter().filter(|actor| actor.waiting > 0).collect();
    longest.sort_by_key(|actor| std::cmp::Reverse(actor.waiting));
    let rows = longest.into_iter().map(|actor| {
        let bound = actor.capacity.map(count).unwrap_or_default();
        let rate = actor.rate.map(rate).unwrap_or_default();
        vec![count(actor.waiting), bound, rate, actor.address.clone(), named(actor)]
    });
    let columns = [
        ("waiting", Side::Right),
        ("bound", Side::Right),
        ("a second", Side::Right),
        ("address", Side::Left),
        ("actor", Side::Left),
    ];
    part("QUEUES", &columns, rows.collect(), width)
}

fn letter_table(snapshot: &Snapshot, width: usize) -> String {
    let letters = &snapshot.dead_letters;
    let rows = letters.kinds.iter().map(|kind| {
        let first = format!("{} → {}, {} ago", kind.first.sender, kind.first.target, seconds(kind.first_ago));
        vec![count(kind.count), kind.message.clone(), kind.reason.clone(), seconds(kind.last_ago), first]
    });
    let columns = [
        ("letters", Side::Right),
        ("message", Side::Left),
        ("reason", Side::Left),
        ("last", Side::Right),
        ("the first", Side::Left),
    ];
    part(&format!("DEAD LETTERS  {}", count(letters.total)), &columns, rows.collect(), width)
}

fn pending_table(snapshot: &Snapshot, width: usize) -> String {
    let rows = snapshot.pending.iter().map(|pending| {
        vec![
            seconds(pending.age),
            pending.name.clone().unwrap_or_default(),
            pending.class.clone(),
            pending.awaits.clone(),
        ]
    });
    let columns = [("since", Side::Right), ("name", Side::Left), ("class", Side::Left), ("waits for", Side::Left)];
    part("BEING MADE", &columns, rows.collect(), width)
}

fn source_list(snapshot: &Snapshot, width: usize) -> String {
    let rows = snapshot.sources.iter().map(|source| {
        let state = if source.validated { "valid" } else { "waits for its authority" };
        vec![source.hash.clone(), state.to_owned(), source.info.clone()]
    });
    part("SOURCES", &[("hash", Side::Left), ("state", Side::Left), ("info", Side::Left)], rows.collect(), width)
}

/// The other systems, if there are any.
fn member_table(convention: &ConventionInfo, width: usize) -> String {
    let rows = convention.members.iter().map(|member| {
        let link = if member.linked { "linked" } else { "no link" };
        vec![
            count(member.actors.into()),
            member.identity.clone(),
            member.place.clone().unwrap_or_else(|| "outbound only".to_owned()),
            if member.leads { "leads".to_owned() } else { String::new() },
            link.to_owned(),
            seconds(member.heard_ago),
        ]
    });
    let columns = [
        ("actors", Side::Right),
        ("system", Side::Left),
        ("place", Side::Left),
        ("", Side::Left),
        ("link", Side::Left),
        ("heard", Side::Right),
    ];
    let named = if convention.name.is_empty() { String::new() } else { format!(" {}", convention.name) };
    let leads = if convention.leads { " · it leads" } else { "" };
    let links = match convention.lets_in {
        LetsIn::ThisHost => "of this host",
        LetsIn::Certified => "with certificates",
        LetsIn::Everybody => "NOT SECURE",
    };
    let title = format!("CONVENTION{named}  this system is {}{leads} · links {links}", convention.identity);
    part(&title, &columns, rows.collect(), width)
}

/// The class of an actor, and its name if it has one.
fn named(actor: &ActorInfo) -> String {
    match &actor.name {
        Some(name) => format!("{} `{name}`", actor.class),
        None => actor.class.clone(),
    }
}

fn actor_table(snapshot: &Snapshot, width: usize) -> String {
    let mut depths = std::collections::HashMap::new();
    let rows = snapshot.actors.iter().map(|actor| {
        let above = actor.parent.as_ref().and_then(|parent| depths.get(parent).copied());
        let depth: usize = above.map_or(0, |above: usize| above + 1);
        depths.insert(actor.address.clone(), depth);
        vec![
            actor.address.clone(),
            actor.pid.map(|pid| pid.to_string()).unwrap_or_default(),
            state(actor),
            count(actor.waiting),
            count(actor.handled),
            actor.rate.map(rate).unwrap_or_default(),
            actor.restarts.to_string(),
            format!("{}{}", "  ".repeat(depth), named(actor)),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let columns = [
        ("ADDRESS", Side::Left),
        ("PID", Side::Right),
        ("STATE", Side::Left),
        ("WAITING", Side::Right),
        ("HANDLED", Side::Right),
        ("A SECOND", Side::Right),
        ("RESTARTS", Side::Right),
        ("ACTOR", Side::Left),
    ];
    lay_out(&columns, &rows, 0, width)
}

/// What an actor is doing, in a word.
pub(crate) fn state(actor: &ActorInfo) -> String {
    word(&actor.state)
}

fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn process_table(snapshot: &Snapshot, width: usize) -> String {
    let row = |process: &ProcessInfo| {
        let answers = match process.answered {
            Some(false) => "no",
            Some(true) => "yes",
            None => "",
        };
        let of_actors = process.role == ProcessRole::Actors;
        vec![
            process.pid.map(|pid| pid.to_string()).unwrap_or_default(),
            word(&process.role),
            word(&process.state),
            answers.to_owned(),
            if of_actors { process.actors.to_string() } else { String::new() },
            if of_actors { count(process.waiting) } else { String::new() },
            process.memory.map(bytes).unwrap_or_default(),
            process.cpu.map(|cpu| format!("{:.1}", cpu * 100.0)).unwrap_or_default(),
            process.title.clone(),
        ]
    };
    let columns = [
        ("PID", Side::Right),
        ("ROLE", Side::Left),
        ("STATE", Side::Left),
        ("ANSWERS", Side::Left),
        ("ACTORS", Side::Right),
        ("WAITING", Side::Right),
        ("MEMORY", Side::Right),
        ("CPU%", Side::Right),
        ("TITLE", Side::Left),
    ];
    let rows: Vec<Vec<String>> = snapshot.processes.iter().map(row).collect();
    lay_out(&columns, &rows, 0, width)
}
