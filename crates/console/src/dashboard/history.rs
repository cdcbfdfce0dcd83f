//! What the rates were.

use std::collections::VecDeque;

use serde_json::Value;

/// How many points are kept: ten minutes, one a second.
const KEPT: usize = 600;

/// What is drawn as a line, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    /// When, in seconds since the beginning of 1970.
    pub at: f64,
    /// Messages handled a second.
    pub handled: f64,
    /// Messages that wait.
    pub waiting: f64,
    /// Dead letters a second.
    pub dead_letters: f64,
    /// Restarts a second.
    pub restarts: f64,
    /// Cores kept busy.
    pub cpu: f64,
    /// Bytes of memory.
    pub memory: f64,
    /// Actors.
    pub actors: f64,
}

impl Point {
    /// As the page reads it: numbers in the order of the fields.
    pub fn to_json(self) -> Value {
        let Self { at, handled, waiting, dead_letters, restarts, cpu, memory, actors } = self;
        [at.round(), brief(handled), waiting, brief(dead_letters), brief(restarts), brief(cpu), brief(memory), actors]
            .into_iter()
            .map(number)
            .collect()
    }
}

/// A number with the digits that are worth sending: four.
pub(super) fn brief(exact: f64) -> f64 {
    if exact == 0.0 || !exact.is_finite() {
        return 0.0;
    }
    let unit = 10f64.powf(exact.abs().log10().floor() - 3.0);
    (exact / unit).round() * unit
}

/// A number as short as it can be written.
pub(super) fn number(value: f64) -> Value {
    // Whole numbers up to 2^53 are exact.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Value::from(value as i64)
    } else {
        Value::from((value * 1e6).round() / 1e6)
    }
}

/// The points of the last minutes.
#[derive(Debug, Default)]
pub(super) struct History {
    points: VecDeque<Point>,
}

impl History {
    pub fn push(&mut self, point: Point) {
        if self.points.len() == KEPT {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// The points, oldest first.
    pub fn to_json(&self) -> Value {
        self.points.iter().map(|point| point.to_json()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sent_with_four_digits() {
        for (exact, text) in
            [(0.0, "0"), (1_234_567.0, "1235000"), (0.123_456, "0.1235"), (-3.0, "-3"), (f64::NAN, "0")]
        {
            assert_eq!(number(brief(exact)).to_string(), text, "{exact}");
        }
    }

    #[test]
    fn the_oldest_points_go() {
        let mut history = History::default();
        for at in 0..KEPT + 5 {
            history.push(Point { at: at as f64, ..Point::default() });
        }
        let points = history.to_json();
        assert_eq!((points[0][0].as_u64(), points.as_array().map(Vec::len)), (Some(5), Some(KEPT)));
    }
}
