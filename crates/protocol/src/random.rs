//! Chance that a seed repeats.

/// How far one number is from the next.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The splitmix64 generator.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// All that follows from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// What follows from a seed after so many numbers.
    pub const fn after(seed: u64, numbers: u64) -> Self {
        Self(seed.wrapping_add(STEP.wrapping_mul(numbers)))
    }

    /// The next number. All are as likely.
    #[expect(clippy::should_implement_trait, reason = "it never ends, so there is nothing to unwrap")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// True in `percent` of all cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these, which are some.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    /// The published first outputs of splitmix64 for the seed 1234567.
    #[test]
    fn chance_is_splitmix64() {
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        let mut random = Random::new(1_234_567);
        assert_eq!(published.map(|_| random.next()), published);
        for (index, number) in published.into_iter().enumerate() {
            assert_eq!(Random::after(1_234_567, index as u64).next(), number);
        }
    }
}
