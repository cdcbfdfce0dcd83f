//! The figures as a Markdown table, with what is needed to judge them.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::measure::{Cell, Plan, Row, System};
use crate::workload::{Effort, Target, Workers, Workload};

/// Where the versions of the peers stand.
const LOCK: &str = include_str!("../Cargo.lock");

/// Tells a second on one thread that roscius has to reach besides its ratio.
const TELLS: f64 = 20e6;

/// Prints the table.
pub fn print(plan: &Plan, rows: &[Row]) {
    println!("{}\n", circumstances(plan));
    println!("Rates in millions (M) or thousands (k) a second. *Best* is the best of the five frameworks.");
    println!();
    let names = plan.systems.iter().map(|system| match system.rival {
        false if system.name == "channels" => "tokio channels",
        _ => system.name,
    });
    line(["workload", "threads"].into_iter().chain(names).chain(["best", "roscius ÷ best", "target", "reached"]));
    let columns = plan.systems.len() + 6;
    line(["---", "---:"].into_iter().chain(vec!["---:"; columns - 2]));
    for row in rows {
        let verdict = Verdict::of(plan, row);
        let threads = match row.workload.varies_with_workers() {
            true => row.workers.count().to_string(),
            false => "–".to_owned(),
        };
        let cells = row.cells.iter().map(|cell| text_of(row, cell));
        line([row.workload.title().to_owned(), threads].into_iter().chain(cells).chain(verdict.cells(row)));
    }
    failures(plan, rows);
}

fn line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) {
    let mut text = String::from("|");
    for cell in cells {
        text.push_str(&format!(" {} |", cell.as_ref()));
    }
    println!("{text}");
}

fn text_of(row: &Row, cell: &Cell) -> String {
    match cell.figure {
        Some(figure) => absolute(row.workload, figure),
        None if cell.failures.is_empty() => "–".to_owned(),
        None => "failed".to_owned(),
    }
}

fn absolute(workload: Workload, figure: f64) -> String {
    if workload == Workload::Idle {
        return format!("{figure:.0}");
    }
    match figure {
        f if f >= 9.95e6 => format!("{:.0} M", f / 1e6),
        f if f >= 0.9995e6 => format!("{:.1} M", f / 1e6),
        f => format!("{:.0} k", f / 1e3),
    }
}

/// How roscius did in a row.
struct Verdict {
    best: Option<f64>,
    roscius: Option<f64>,
}

impl Verdict {
    fn of(plan: &Plan, row: &Row) -> Self {
        let figures = |wanted: fn(&System) -> bool| {
            let all = plan.systems.iter().zip(&row.cells);
            all.filter(move |(system, _)| wanted(system)).filter_map(|(_, cell)| cell.figure)
        };
        let rivals = figures(|system| system.rival);
        Self {
            best: match row.workload.target() {
                Target::TimesTheBest(_) => rivals.reduce(f64::max),
                Target::AtMost(_) => rivals.reduce(f64::min),
            },
            roscius: figures(|system| system.name == "roscius").next(),
        }
    }

    /// Best, ratio, target, and whether it is reached.
    fn cells(&self, row: &Row) -> [String; 4] {
        let none = || "–".to_owned();
        let ratio = self.roscius.zip(self.best).map(|(own, best)| own / best);
        let floor = row.workload == Workload::Tell && row.workers == Workers::One;
        let (target, reached) = match row.workload.target() {
            Target::TimesTheBest(times) if floor => (
                format!("{times}×, {}", absolute(row.workload, TELLS)),
                ratio.map(|ratio| ratio >= times && self.roscius >= Some(TELLS)),
            ),
            Target::TimesTheBest(times) => (format!("{times}×"), ratio.map(|ratio| ratio >= times)),
            Target::AtMost(most) => (format!("≤ {most}"), self.roscius.map(|figure| figure <= most)),
        };
        [
            self.best.map_or_else(none, |b| absolute(row.workload, b)),
            ratio.map_or_else(none, |ratio| match ratio {
                r if r >= 9.95 => format!("{r:.0}×"),
                r if r >= 0.995 => format!("{r:.1}×"),
                r => format!("{r:.2}×"),
            }),
            target,
            match reached {
                Some(true) => "yes".to_owned(),
                Some(false) => "**no**".to_owned(),
                None => none(),
            },
        ]
    }
}

fn failures(plan: &Plan, rows: &[Row]) {
    let mut heading = Some("\nRounds that failed; the median is that of the others:\n");
    for row in rows {
        for (system, cell) in plan.systems.iter().zip(&row.cells) {
            for reason in &cell.failures {
                if let Some(heading) = heading.take() {
                    println!("{heading}");
                }
                let (name, workers) = (system.name, row.workers.count());
                println!("- {name} in {} on {workers}: {reason}", row.workload);
            }
        }
    }
}

/// Machine, date, versions, and how the figures were taken.
fn circumstances(plan: &Plan) -> String {
    let versions: Vec<String> =
        plan.systems.iter().map(|system| format!("{} {}", system.package, version(system.package))).collect();
    let effort = match plan.effort {
        Effort::Full => "",
        Effort::Quick => ", quick (small passes, a tenth of the skynet)",
    };
    format!(
        "{date}, {cpu}, {cores} cores, {compiler}; {versions}. Each figure is the median of up to {rounds} rounds{effort}, each in a process of its own.{load}",
        date = today(),
        cpu = processor(),
        cores = std::thread::available_parallelism().map_or(0, usize::from),
        compiler = compiler(),
        versions = versions.join(", "),
        rounds = plan.rounds(),
        load = busy(),
    )
}

fn version(package: &str) -> &'static str {
    let name = format!("name = \"{package}\"");
    let mut lines = LOCK.lines().skip_while(|line| **line != name);
    lines.nth(1).and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"')).unwrap_or("?")
}

fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
    match model.and_then(|line| line.split_once(':')) {
        Some((_, name)) => name.trim().to_owned(),
        None => std::env::consts::ARCH.to_owned(),
    }
}

fn compiler() -> String {
    let asked = Command::new("rustc").arg("--version").output();
    let answer = asked.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    let words = answer.unwrap_or_default();
    let words: Vec<&str> = words.split_whitespace().take(2).collect();
    match words.is_empty() {
        true => "unknown compiler".to_owned(),
        false => words.join(" "),
    }
}

/// A remark if somebody else used the machine, as far as its load tells after the run, which itself keeps up to two threads busy.
fn busy() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Option<f64> = load.split(' ').nth(1).and_then(|text| text.parse().ok());
    match load {
        Some(load) if load > 2.5 => {
            format!(" The machine was busy with other work (load {load}): take a run on a quiet one.")
        }
        _ => String::new(),
    }
}

/// The date in the Gregorian calendar, from the number of days since 1970.
fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = date(seconds / 86_400);
    format!("{year}-{month:02}-{day:02}")
}

fn date(days: u64) -> (u64, usize, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut rest) = (1970, days);
    while rest >= 365 + u64::from(leap(year)) {
        rest -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while rest >= months[month] {
        rest -= months[month];
        month += 1;
    }
    (year, month + 1, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(20_818), (2026, 12, 31));
    }

    #[test]
    fn rates_have_two_digits() {
        assert_eq!(absolute(Workload::Tell, 12_345_678.0), "12 M");
        assert_eq!(absolute(Workload::Tell, 1_234_567.0), "1.2 M");
        assert_eq!(absolute(Workload::SpawnStop, 87_654.0), "88 k");
        assert_eq!(absolute(Workload::Idle, 849.4), "849");
    }

    #[test]
    fn the_versions_of_the_peers_are_known() {
        assert!(version("actix").starts_with("0.13"));
        assert_eq!(version("no-such-package"), "?");
    }
}
