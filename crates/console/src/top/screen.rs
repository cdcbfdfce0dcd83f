//! A live view on the cells of a terminal.

use std::collections::HashMap;

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Text, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Row, Table};
use roscius::status::ActorState as Doing;

use super::view::{Line, Part, View};
use crate::commands::{state, wrapped};
use crate::figures::{bytes, count, rate};
use crate::snapshot::{ActorInfo, ActorState, ProcessInfo, ProcessRole, ProcessState, Severity, Snapshot};
use crate::warnings::seconds;

/// How many lines warnings may take above the list.
const WARNINGS: usize = 3;
/// How many cells the fill of a mailbox has.
const FILL: usize = 6;

const HELP: &[&str] = &[
    "q       quit",
    "↑ ↓     one line",
    "PgUp/Dn one page",
    "Tab     actors, processes, warnings",
    "s       order: tree, waiting, rate, …",
    "space   hide or show children",
    "p       pause",
    "?       this help",
];

const WRONG: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
const NOTICE: Style = Style::new().fg(Color::Yellow);
const FINE: Style = Style::new().fg(Color::Green);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const TITLE: Style = Style::new().add_modifier(Modifier::BOLD);

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, view: &mut View) {
    let area = frame.area();
    let width = usize::from(area.width);
    let warnings = notices(view, width);
    let header = if width < 70 { 3 } else { 2 };
    let parts = [
        Constraint::Length(header),
        Constraint::Length(u16::try_from(warnings.len()).unwrap_or(0)),
        Constraint::Min(2),
        Constraint::Length(1),
    ];
    let [head, told, list, foot] = Layout::vertical(parts).areas(area);
    frame.render_widget(Paragraph::new(heading(view, width)), head);
    frame.render_widget(Paragraph::new(warnings), told);
    // Its first line has the titles.
    view.set_height(usize::from(list.height.saturating_sub(1)));
    match (&view.snapshot, view.part) {
        (None, _) => frame.render_widget(Paragraph::new("waiting for the first look …").style(DIM), list),
        (Some(snapshot), Part::Actors) => actors(frame, view, snapshot, list),
        (Some(snapshot), Part::Processes) => processes(frame, view, snapshot, list),
        (Some(snapshot), Part::Warnings) => all_warnings(frame, view, snapshot, list),
    }
    frame.render_widget(Paragraph::new(footer(view, width)).style(DIM), foot);
    if view.shows_help {
        help(frame, area);
    }
}

fn heading(view: &View, width: usize) -> Vec<Text<'static>> {
    let Some(snapshot) = &view.snapshot else { return vec![Text::styled(view.name.clone(), TITLE)] };
    let (health, style) = if snapshot.healthy { ("healthy", FINE) } else { ("WRONG", WRONG) };
    let mut first = vec![
        Span::styled(health, style),
        Span::raw("  "),
        Span::styled(view.name.clone(), TITLE),
        Span::raw(format!("  up {}", seconds(snapshot.system.uptime))),
    ];
    if view.is_paused {
        first.push(Span::styled("  PAUSED", NOTICE));
    }
    let totals = &snapshot.totals;
    let speed = rate(totals.rate.unwrap_or_default());
    let actors = count(totals.actors as u64);
    let waiting = count(totals.waiting);
    let cpu = totals.cpu.map_or_else(|| "?".to_owned(), |cpu| format!("{:.0}%", cpu * 100.0));
    let memory = bytes(totals.memory);
    let dead = count(snapshot.dead_letters.total);
    let mut lines = vec![Text::from(first)];
    if width < 70 {
        lines.push(Text::raw(format!("{actors} actors {waiting} wait {speed}/s")));
        lines.push(Text::raw(format!("{} proc {memory} {cpu} {dead} dead", totals.processes)));
    } else {
        lines.push(Text::raw(format!(
            "{actors} actors in {} processes · {waiting} wait · {speed}/s · {memory} · {cpu} of a core · {dead} dead letters · {} restarts",
            totals.processes,
            count(totals.restarts),
        )));
    }
    lines
}

/// What is wrong, in a few lines. All of it is a part of its own.
fn notices(view: &View, width: usize) -> Vec<Text<'static>> {
    let mut lines = Vec::new();
    if let Some(problem) = &view.problem {
        lines.extend(wrapped(problem, width).into_iter().map(|line| Text::styled(line, WRONG)));
    }
    let Some(snapshot) = &view.snapshot else { return lines };
    if view.part == Part::Warnings {
        return lines;
    }
    let all = &snapshot.warnings;
    for warning in all.iter().take(WARNINGS) {
        let (mark, style) = mark(warning.severity);
        lines.push(Text::styled(format!("{mark} {}", warning.what), style));
    }
    if all.len() > WARNINGS {
        lines.push(Text::styled(format!("  … {} more: Tab", all.len() - WARNINGS), DIM));
    }
    lines
}

const fn mark(severity: Severity) -> (char, Style) {
    match severity {
        Severity::Wrong => ('!', WRONG),
        Severity::Notice => ('-', NOTICE),
    }
}

fn footer(view: &View, width: usize) -> String {
    let place = match view.count() {
        0 => String::new(),
        count => format!("{}/{count} ", view.selected + 1),
    };
    let keys = if width < 70 {
        "q ? Tab s space"
    } else {
        "q quit  ↑↓ move  Tab part  s order  space fold  p pause  ? help"
    };
    match view.part {
        Part::Actors => format!("{place}by {}  {keys}", view.order.title()),
        Part::Processes | Part::Warnings => format!("{place} {keys}"),
    }
}

/// A column: its title, how wide it is, how wide the terminal has to be for it, and whether numbers stand in it.
type Column = (&'static str, u16, u16, bool);

/// Those columns that there is room for. The last takes what is left.
fn fitting(columns: &[Column], width: u16) -> Vec<usize> {
    columns.iter().enumerate().filter(|(_, column)| width >= column.2).map(|(index, _)| index).collect()
}

fn table(frame: &mut Frame<'_>, columns: &[Column], rows: Vec<(Vec<String>, Style)>, selected: usize, area: Rect) {
    let kept = fitting(columns, area.width);
    let cell = |text: &str, index: usize| {
        let numbers = columns.get(index).is_some_and(|column| column.3);
        Text::raw(text.to_owned()).alignment(if numbers { Alignment::Right } else { Alignment::Left })
    };
    let row = |cells: &[String]| {
        Row::new(
            kept.iter().map(|index| cell(cells.get(*index).map_or("", String::as_str), *index)).collect::<Vec<_>>(),
        )
    };
    let titles: Vec<String> = columns.iter().map(|column| column.0.to_owned()).collect();
    let widths = kept.iter().filter_map(|index| columns.get(*index)).map(|(_, width, ..)| match width {
        0 => Constraint::Min(8),
        width => Constraint::Length(*width),
    });
    let rows: Vec<Row<'_>> = rows
        .iter()
        .enumerate()
        .map(|(index, (cells, style))| {
            let style = if index == selected { style.add_modifier(Modifier::REVERSED) } else { *style };
            row(cells).style(style)
        })
        .collect();
    let table = Table::new(rows, widths.collect::<Vec<_>>()).header(row(&titles).style(TITLE)).column_spacing(1);
    frame.render_widget(table, area);
}

const ACTORS: &[Column] = &[
    ("WAITING", 8, 0, true),
    ("FILL", 6, 90, false),
    ("A SEC", 8, 0, true),
    ("STATE", 11, 60, false),
    ("RESTARTS", 8, 76, true),
    ("MEMORY", 7, 68, true),
    ("CPU", 5, 100, true),
    ("ADDRESS", 26, 120, false),
    ("ACTOR", 0, 0, false),
];

fn actors(frame: &mut Frame<'_>, view: &View, snapshot: &Snapshot, area: Rect) {
    let shown = view.lines.iter().skip(view.top).take(view.height);
    let processes: HashMap<&str, &ProcessInfo> =
        snapshot.processes.iter().map(|process| (process.node.as_str(), process)).collect();
    let rows = shown.filter_map(|line| Some(actor_row(line, snapshot.actors.get(line.actor)?, &processes))).collect();
    table(frame, ACTORS, rows, view.selected - view.top, area);
}

fn actor_row(line: &Line, actor: &ActorInfo, processes: &HashMap<&str, &ProcessInfo>) -> (Vec<String>, Style) {
    // What a process needs is told with its first actor.
    let process = processes.get(actor.node.as_str()).filter(|_| line.depth == 0);
    let hidden = if line.hidden > 0 { format!(" (+{})", line.hidden) } else { String::new() };
    let class = if actor.class.is_empty() { "(not known)" } else { &actor.class };
    let name = match &actor.name {
        Some(name) => format!("{name}: {}", short(class)),
        None => short(class).to_owned(),
    };
    let cells = vec![
        count(actor.waiting),
        fill(actor),
        actor.rate.map(rate).unwrap_or_default(),
        state(actor),
        actor.restarts.to_string(),
        process.and_then(|process| process.memory).map(bytes).unwrap_or_default(),
        process.and_then(|process| process.cpu).map(|cpu| format!("{:.0}%", cpu * 100.0)).unwrap_or_default(),
        actor.address.clone(),
        format!("{}{name}{hidden}", "  ".repeat(line.depth)),
    ];
    let style = match actor.state {
        ActorState::Unanswering => WRONG,
        ActorState::Seen(Doing::Suspended | Doing::Restarting | Doing::Blocked) => NOTICE,
        ActorState::Seen(Doing::Idle) => DIM,
        _ => Style::new(),
    };
    (cells, style)
}

/// A class without the modules that it is in.
fn short(class: &str) -> &str {
    // The parameters of a type have modules too.
    let plain = class.split('<').next().unwrap_or(class);
    let start = plain.rfind(['.', ':']).map_or(0, |at| at + 1);
    class.get(start..).unwrap_or(class)
}

/// How full a mailbox is. One without a bound is full with a hundred thousand, and shows powers of ten.
fn fill(actor: &ActorInfo) -> String {
    let part = match actor.capacity {
        Some(capacity) => actor.waiting as f64 / capacity.max(1) as f64,
        None if actor.waiting == 0 => 0.0,
        None => ((actor.waiting as f64).log10() + 1.0) / FILL as f64,
    };
    let full = ((part * FILL as f64).ceil() as usize).min(FILL);
    format!("{}{}", "█".repeat(full), "·".repeat(FILL - full))
}

const PROCESSES: &[Column] = &[
    ("PID", 8, 0, true),
    ("ROLE", 8, 0, false),
    ("STATE", 9, 60, false),
    ("MEMORY", 7, 0, true),
    ("CPU", 5, 0, true),
    ("ACTORS", 6, 76, true),
    ("WAITING", 8, 90, true),
    ("TITLE", 0, 50, false),
];

fn processes(frame: &mut Frame<'_>, view: &View, snapshot: &Snapshot, area: Rect) {
    let row = |process: &ProcessInfo| {
        let has_actors = process.role == ProcessRole::Actors;
        let number = |number: u64| if has_actors { count(number) } else { String::new() };
        let is_stuck = process.answered == Some(false) || process.state == ProcessState::Stopped;
        let cells = vec![
            process.pid.map(|pid| pid.to_string()).unwrap_or_default(),
            format!("{:?}", process.role).to_lowercase(),
            format!("{:?}", process.state).to_lowercase(),
            process.memory.map(bytes).unwrap_or_default(),
            process.cpu.map(|cpu| format!("{:.0}%", cpu * 100.0)).unwrap_or_default(),
            number(process.actors as u64),
            number(process.waiting),
            process.title.clone(),
        ];
        (cells, if is_stuck { WRONG } else { Style::new() })
    };
    let rows = snapshot.processes.iter().skip(view.top).take(view.height).map(row).collect();
    table(frame, PROCESSES, rows, view.selected - view.top, area);
}

fn all_warnings(frame: &mut Frame<'_>, view: &View, snapshot: &Snapshot, area: Rect) {
    let mut lines = vec![Text::styled("WARNINGS", TITLE)];
    if snapshot.warnings.is_empty() {
        lines.push(Text::styled("nothing is wrong", FINE));
    }
    let width = usize::from(area.width);
    for warning in snapshot.warnings.iter().skip(view.selected) {
        let (mark, style) = mark(warning.severity);
        for (index, line) in wrapped(&warning.what, width.saturating_sub(2)).into_iter().enumerate() {
            lines.push(Text::styled(format!("{} {line}", if index == 0 { mark } else { ' ' }), style));
        }
        for line in wrapped(&warning.why, width.saturating_sub(4)) {
            lines.push(Text::raw(format!("    {line}")));
        }
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn help(frame: &mut Frame<'_>, area: Rect) {
    let width = area.width.min(46);
    let height = area.height.min(HELP.len() as u16 + 2);
    let middle = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let lines: Vec<Text<'_>> = HELP.iter().map(|line| Text::raw(*line)).collect();
    frame.render_widget(Clear, middle);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" keys ")), middle);
}

#[cfg(test)]
mod tests;
