//! How far the pipeline is: a bar on a terminal, a plain line now and then elsewhere.

use std::fmt;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::report::grouped;

/// Shows progress on standard error, so that standard output holds the report alone.
#[derive(Debug)]
pub struct Progress {
    total: u64,
    display: Display,
}

#[derive(Debug)]
enum Display {
    Bar(ProgressBar),
    /// The tenth of the whole that was last told.
    Lines {
        told: u64,
    },
}

impl Progress {
    /// Starts to show, for `total` texts.
    pub fn start(total: u64) -> Self {
        let display = if io::stderr().is_terminal() { bar(total) } else { Display::Lines { told: 0 } };
        Self { total, display }
    }

    /// Says how many texts are through.
    pub fn update(&mut self, done: u64) {
        match &mut self.display {
            Display::Bar(bar) => bar.set_position(done),
            Display::Lines { told } => {
                if let Some(line) = line(told, done, self.total) {
                    eprintln!("{line}");
                }
            }
        }
    }

    /// Says that something happened.
    pub fn note(&self, event: &str) {
        match &self.display {
            Display::Bar(bar) => bar.suspend(|| eprintln!("{event}")),
            Display::Lines { .. } => eprintln!("{event}"),
        }
    }

    /// Leaves the last state standing.
    pub fn finish(self) {
        if let Display::Bar(bar) = self.display {
            bar.abandon();
            eprintln!();
        }
    }
}

fn bar(total: u64) -> Display {
    let template = "{bar:40} {human_pos}/{human_len} texts  {speed}  {elapsed}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).with_key(
        "speed",
        |state: &ProgressState, out: &mut dyn fmt::Write| {
            // There is nobody to tell that a bar could not be drawn.
            let _ = write!(out, "{}/s", grouped(state.per_sec().round() as u64));
        },
    );
    let bar = ProgressBar::new(total).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    Display::Bar(bar)
}

/// The line to print, if another tenth of the whole is done.
fn line(told: &mut u64, done: u64, total: u64) -> Option<String> {
    let tenths = (done.saturating_mul(10)).checked_div(total)?;
    if tenths <= *told {
        return None;
    }
    *told = tenths;
    Some(format!("{} of {} texts stored", grouped(done), grouped(total)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_tenth_and_no_more() {
        let mut told = 0;
        let lines: Vec<_> = (0..=2000).filter_map(|done| line(&mut told, done, 2000)).collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[0], "200 of 2,000 texts stored");
        assert_eq!(lines[9], "2,000 of 2,000 texts stored");
        assert_eq!(line(&mut 0, 0, 0), None);
    }
}
