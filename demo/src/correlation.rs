//! Pearson's correlation, one pair at a time.

/// Takes pairs as they come (Welford's way, which keeps its precision) and knows their correlation at any time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Correlation {
    pairs: u64,
    mean: (f64, f64),
    /// Sums of squared deviations.
    squares: (f64, f64),
    /// Sum of the products of deviations.
    products: f64,
}

impl Correlation {
    /// Adds a pair.
    pub fn add(&mut self, x: f64, y: f64) {
        self.pairs += 1;
        let count = self.pairs as f64;
        let (dx, dy) = (x - self.mean.0, y - self.mean.1);
        self.mean.0 += dx / count;
        self.mean.1 += dy / count;
        self.squares.0 += dx * (x - self.mean.0);
        self.squares.1 += dy * (y - self.mean.1);
        self.products += dx * (y - self.mean.1);
    }

    /// The number of pairs.
    pub fn pairs(&self) -> u64 {
        self.pairs
    }

    /// From -1 to 1. There is none for fewer than two pairs, nor where one side never varies.
    pub fn coefficient(&self) -> Option<f64> {
        let scale = (self.squares.0 * self.squares.1).sqrt();
        (self.pairs > 1 && scale > 0.0).then(|| self.products / scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coefficient(pairs: &[(f64, f64)]) -> Option<f64> {
        let mut correlation = Correlation::default();
        pairs.iter().for_each(|&(x, y)| correlation.add(x, y));
        correlation.coefficient()
    }

    #[test]
    fn known_values() {
        assert_eq!(coefficient(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]), Some(1.0));
        assert_eq!(coefficient(&[(1.0, 1.0), (2.0, 0.0)]), Some(-1.0));
        // Anscombe's first set.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let pairs: Vec<_> = x.into_iter().zip(y).collect();
        assert!((coefficient(&pairs).expect("defined") - 0.81642).abs() < 1e-5);
    }

    #[test]
    fn none_where_it_is_not_defined() {
        assert_eq!(coefficient(&[]), None);
        assert_eq!(coefficient(&[(1.0, 2.0)]), None);
        assert_eq!(coefficient(&[(1.0, 2.0), (1.0, 3.0)]), None);
    }
}
