use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn delays(backoff: Backoff, attempts: u32) -> Vec<Duration> {
    (0..attempts).map(|attempt| backoff.delay(attempt, 1)).collect()
}

#[test]
fn none_never_waits() {
    assert_eq!(Backoff::default(), Backoff::none());
    assert_eq!(delays(Backoff::none(), 3), [Duration::ZERO; 3]);
    assert_eq!(Backoff::none().delay(u32::MAX, u64::MAX), Duration::ZERO);
}

#[test]
fn constant_always_waits_equally_long() {
    assert_eq!(delays(Backoff::constant(SECOND), 3), [SECOND; 3]);
    assert_eq!(Backoff::constant(SECOND).delay(u32::MAX, 9), SECOND);
}

#[test]
fn exponential_doubles_up_to_the_maximum() {
    let backoff = Backoff::exponential(SECOND, SECOND * 5).jitter_percent(0);
    assert_eq!(delays(backoff, 5), [1, 2, 4, 5, 5].map(Duration::from_secs));
}

#[test]
fn exponential_has_a_jitter_of_a_fifth() {
    let backoff = Backoff::exponential(SECOND, MINUTE);
    let drawn: Vec<_> = (0..1000).map(|seed| backoff.delay(0, seed)).collect();
    let (least, most) = (drawn.iter().min().unwrap(), drawn.iter().max().unwrap());
    assert!(*least > SECOND * 4 / 5 && *least < SECOND * 81 / 100, "{least:?}");
    assert!(*most <= SECOND && *most > SECOND * 99 / 100, "{most:?}");
}

#[test]
fn those_that_reached_the_maximum_stay_apart() {
    let backoff = Backoff::exponential(SECOND, MINUTE);
    let drawn: std::collections::BTreeSet<_> = (0..100).map(|seed| backoff.delay(40, seed)).collect();
    assert_eq!(drawn.len(), 100);
}

#[test]
fn each_attempt_draws_anew_from_one_seed() {
    let backoff = Backoff::constant(MINUTE).jitter_percent(50);
    let drawn: std::collections::BTreeSet<_> = delays(backoff, 100).into_iter().collect();
    assert_eq!(drawn.len(), 100);
}

#[test]
fn builders_set_one_thing_each() {
    let backoff = Backoff::none().initial(SECOND).maximum(MINUTE).factor_percent(150).jitter_percent(5);
    let fields = Backoff { initial: SECOND, factor_percent: 150, maximum: MINUTE, jitter_percent: 5 };
    assert_eq!(backoff, fields);
    assert_eq!(delays(backoff.jitter_percent(0), 3), [1000, 1500, 2250].map(Duration::from_millis));
}

#[test]
fn a_slow_growth_from_one_nanosecond_still_reaches_the_longest_duration() {
    let backoff = Backoff::exponential(Duration::from_nanos(1), Duration::MAX).factor_percent(101).jitter_percent(0);
    assert_eq!(backoff.delay(1, 0), Duration::from_nanos(2));
    assert_eq!(backoff.delay(u32::MAX, 0), Duration::MAX);
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let backoff = Backoff {
        initial: Duration::MAX - Duration::from_nanos(1),
        factor_percent: u32::MAX,
        maximum: Duration::MAX,
        jitter_percent: 100,
    };
    assert_eq!(backoff.check(), Ok(()));
    for attempt in [0, 1, 2, u32::MAX] {
        for seed in [0, 1, u64::MAX] {
            assert!(backoff.delay(attempt, seed) <= Duration::MAX);
        }
    }
    assert_eq!(backoff.jitter_percent(0).delay(u32::MAX, 0), Duration::MAX);
}

#[test]
fn nonsense_is_named() {
    let cases = [
        (Backoff::exponential(MINUTE, SECOND), "the maximum of a back-off, 1s, is below its initial delay, 60s"),
        (
            Backoff::constant(SECOND).factor_percent(99),
            "a back-off does not shrink: its factor is 100 % or more, not 99 %",
        ),
        (
            Backoff::exponential(Duration::ZERO, SECOND),
            "a back-off that starts at zero never grows to its maximum, 1s: start above zero",
        ),
        (Backoff::constant(SECOND).jitter_percent(101), "the jitter of a back-off is 100 % at most, not 101 %"),
    ];
    for (backoff, message) in cases {
        assert_eq!(backoff.check().unwrap_err().to_string(), message);
    }
}

#[test]
fn the_constructors_make_sense() {
    for backoff in [Backoff::none(), Backoff::constant(MINUTE), Backoff::exponential(SECOND, MINUTE)] {
        assert_eq!(backoff.check(), Ok(()));
    }
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        any::<u64>().prop_map(Duration::from_nanos),
        any::<(u64, u32)>().prop_map(|(seconds, rest)| Duration::new(seconds, rest % 1_000_000_000)),
    ]
}

/// Any fields at all, with or without sense.
fn backoff() -> impl Strategy<Value = Backoff> {
    let factor = prop_oneof![any::<u32>(), 90..=300_u32];
    (duration(), factor, duration(), any::<u8>()).prop_map(|(initial, factor_percent, maximum, jitter_percent)| {
        Backoff { initial, factor_percent, maximum, jitter_percent }
    })
}

proptest! {
    #[test]
    fn no_delay_is_above_the_maximum(backoff in backoff(), attempt: u32, seed: u64) {
        prop_assert!(backoff.delay(attempt, seed) <= backoff.maximum);
    }

    #[test]
    fn a_seed_gives_the_same_delay_again(backoff in backoff(), attempt: u32, seed: u64) {
        prop_assert_eq!(backoff.delay(attempt, seed), backoff.delay(attempt, seed));
    }

    #[test]
    fn delays_grow_but_for_the_jitter(backoff in backoff(), attempt in 0..10_000_u32) {
        prop_assert!(backoff.full_delay(attempt) <= backoff.full_delay(attempt + 1));
    }

    #[test]
    fn jitter_takes_no_more_than_its_share(backoff in backoff(), attempt in 0..64_u32, seed: u64) {
        let full = backoff.full_delay(attempt);
        let share = full * u128::from(backoff.jitter_percent.min(100)) / 100;
        let delay = backoff.delay(attempt, seed).as_nanos();
        prop_assert!(delay <= full && delay >= full - share);
    }
}
