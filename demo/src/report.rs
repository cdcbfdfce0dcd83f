//! The table at the end.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

use crate::agreement::Agreement;
use crate::bases::Place;
use crate::correlation::Correlation;

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// Where the actors ran.
    pub place: Place,
    /// How the scores of Python go together with those of Rust, if they are of Python.
    pub agreement: Option<Agreement>,
    /// Texts that passed each stage, with the stages' names.
    pub stages: Vec<(&'static str, u64)>,
    /// What became of the worker that was killed, if one was.
    pub kill: Option<Kill>,
    /// Inference workers started again.
    pub restarts: usize,
    /// Texts that came to the store a second time.
    pub repeated: u64,
    /// Texts a second by number of workers; the first is what the others are compared with.
    pub speeds: Vec<Speed>,
    /// For each source its name, its texts, and how well scores and human ratings go together.
    pub sources: Vec<(String, u64, Correlation)>,
    /// Where everything is stored.
    pub database: PathBuf,
}

/// The killing of a worker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kill {
    /// Texts that it had in hand.
    pub in_hand: u64,
    /// Texts that were given to another worker after it.
    pub given_again: u64,
}

/// A measured speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// The number of inference workers.
    pub workers: usize,
    /// Texts a second through fetch, clean and infer.
    pub texts_per_second: f64,
}

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let mut stages = Table::new(["stage", "texts"]);
        for (stage, texts) in &self.stages {
            stages.row([(*stage).to_owned(), grouped(*texts)]);
        }
        writeln!(out, "{stages}")?;

        let mut failures = Table::new(["failures", "texts"]);
        if let Some(kill) = self.kill {
            failures.row(["in hand of the killed worker".to_owned(), grouped(kill.in_hand)]);
            failures.row(["given to another worker".to_owned(), grouped(kill.given_again)]);
        }
        failures.row(["stored twice".to_owned(), grouped(self.repeated)]);
        failures.row(["lost".to_owned(), "0".to_owned()]);
        writeln!(out, "{failures}")?;
        writeln!(out, "inference workers restarted: {}", self.restarts)?;
        if let Place::Processes { python } = &self.place {
            let workers = if python.is_some() { "; the workers were Python actors" } else { "" };
            writeln!(out, "each actor had a process of its own, and a worker is killed with SIGKILL{workers}")?;
        }
        if self.place == Place::Cluster {
            let systems =
                "three systems on three ports of this host: one with fetch, clean, foreman and store, two with workers";
            writeln!(out, "{systems}")?;
            if self.kill.is_some() {
                writeln!(
                    out,
                    "the whole system of the killed worker ended with it: its Admin was killed with SIGKILL"
                )?;
            }
        }
        writeln!(out)?;

        if let Some(first) = self.speeds.first() {
            let mut speeds = Table::new(["inference workers", "texts/s", "speed-up"]);
            for speed in &self.speeds {
                let factor = speed.texts_per_second / first.texts_per_second;
                let texts = grouped(speed.texts_per_second.round() as u64);
                speeds.row([speed.workers.to_string(), texts, format!("{factor:.2}")]);
            }
            writeln!(out, "{speeds}")?;
        }

        let mut sources = Table::new(["source", "texts", "rated", "correlation with the ratings"]);
        for (name, texts, correlation) in &self.sources {
            let coefficient = correlation.coefficient().map_or_else(|| "–".to_owned(), |r| format!("{r:.3}"));
            sources.row([name.clone(), grouped(*texts), grouped(correlation.pairs()), coefficient]);
        }
        writeln!(out, "{sources}")?;

        if let Some(agreement) = &self.agreement {
            writeln!(out, "{agreement}")?;
        }
        write!(out, "database: {}", self.database.display())
    }
}

/// A table whose first column is words and whose others are numbers.
#[derive(Debug)]
struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    fn new(header: [&str; COLUMNS]) -> Self {
        Self { rows: vec![header.map(str::to_owned)] }
    }

    fn row(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(cells);
    }
}

impl<const COLUMNS: usize> Display for Table<COLUMNS> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            write!(out, "{:<width$}", row[0], width = widths[0])?;
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                write!(out, "  {cell:>width$}")?;
            }
            writeln!(out)?;
            if index == 0 {
                let line: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
                writeln!(out, "{}", line.join("  "))?;
            }
        }
        Ok(())
    }
}

/// A number with a comma between its thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(23_703), "23,703");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["name", "n"]);
        table.row(["é".to_owned(), "1,000".to_owned()]);
        assert_eq!(table.to_string(), "name      n\n────  ─────\né     1,000\n");
    }

    #[test]
    fn the_report_says_what_a_run_did() {
        let mut correlation = Correlation::default();
        [(0.0, 0.0), (1.0, 2.0)].into_iter().for_each(|(score, rating)| correlation.add(score, rating));
        let report = Report {
            place: Place::Threads,
            agreement: None,
            stages: vec![("fetch", 2000), ("store", 2000)],
            kill: Some(Kill { in_hand: 64, given_again: 65 }),
            restarts: 1,
            repeated: 0,
            speeds: vec![
                Speed { workers: 1, texts_per_second: 1000.0 },
                Speed { workers: 2, texts_per_second: 1500.0 },
            ],
            sources: vec![("rated".to_owned(), 2, correlation), ("plain".to_owned(), 1998, Correlation::default())],
            database: PathBuf::from("texts.sqlite"),
        };
        let text = report.to_string();
        for part in ["2,000", "64", "65", "restarted: 1", "1,500", "1.50", "1.000", "–", "database: texts.sqlite"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let plain = Report { kill: None, speeds: Vec::new(), ..report }.to_string();
        assert!(!plain.contains("killed") && !plain.contains("speed-up"), "{plain}");
    }
}
