//! How the scores of the Python workers go together with those that the worker in Rust gives to the same texts.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use crate::correlation::Correlation;
use crate::report::grouped;
use crate::stages::infer::Analyser;
use crate::stages::store::{Database, DatabaseError};

/// Both round to four places, so the last one may differ by one.
const ROUNDING: f64 = 1.000_001e-4;

/// What a comparison of all scores found.
#[derive(Debug, Clone, Default)]
pub struct Agreement {
    texts: u64,
    /// Texts whose scores differ by more than rounding.
    differ: u64,
    /// Of these, texts that the one finds positive and the other negative.
    opposite: u64,
    correlation: Correlation,
}

impl Agreement {
    /// Scores all texts of a database again, in Rust.
    pub fn of(database: &Path) -> Result<Self, DatabaseError> {
        let (mut agreement, analyser) = (Self::default(), Analyser::new());
        Database::read(database, |text, score| agreement.add(score, analyser.score(text)))?;
        Ok(agreement)
    }

    fn add(&mut self, python: f64, rust: f64) {
        self.texts += 1;
        if (python - rust).abs() > ROUNDING {
            self.differ += 1;
            self.opposite += u64::from(python * rust < 0.0);
        }
        self.correlation.add(python, rust);
    }
}

impl Display for Agreement {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let same = self.texts - self.differ;
        let share = 100.0 * same as f64 / self.texts.max(1) as f64;
        writeln!(out, "scores of vaderSentiment in Python beside those of vader-sentimental in Rust:")?;
        writeln!(out, "  {} of {} the same ({share:.1} %)", grouped(same), grouped(self.texts))?;
        write!(out, "  {} differ by more than rounding, ", grouped(self.differ))?;
        write!(out, "{} of these positive in one and negative in the other", grouped(self.opposite))?;
        match self.correlation.coefficient() {
            Some(coefficient) => writeln!(out, "\n  correlation of all: {coefficient:.3}"),
            None => writeln!(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_told_from_difference() {
        let mut agreement = Agreement::default();
        for (python, rust) in [(0.5, 0.5), (0.5, 0.5001), (0.5, 0.5002), (-0.3, 0.3), (0.0, 0.3)] {
            agreement.add(python, rust);
        }
        assert_eq!((agreement.texts, agreement.differ, agreement.opposite), (5, 3, 1));
        let text = agreement.to_string();
        for part in ["2 of 5 the same (40.0 %)", "3 differ by more than rounding, 1 of these", "correlation of all: "] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
