use proptest::prelude::*;

use super::*;

#[test]
fn a_moment_plus_a_duration_is_that_much_later() {
    let later = Time::ZERO.plus(Duration::from_millis(1500));
    assert_eq!(later, Time::from_nanos(1_500_000_000));
    assert_eq!(later.since(Time::ZERO), Duration::from_millis(1500));
    assert!(later > Time::ZERO);
}

#[test]
fn time_stops_at_its_end() {
    assert_eq!(Time::MAX.plus(Duration::from_nanos(1)), Time::MAX);
    assert_eq!(Time::ZERO.plus(Duration::MAX), Time::MAX);
    assert_eq!(Time::from_nanos(1).plus(Duration::from_nanos(u64::MAX)), Time::MAX);
    assert_eq!(Time::MAX.since(Time::ZERO), Duration::from_nanos(u64::MAX));
}

#[test]
fn what_is_to_come_was_no_time_ago() {
    assert_eq!(Time::ZERO.since(Time::from_nanos(5)), Duration::ZERO);
}

#[test]
fn the_text_keeps_every_nanosecond() {
    assert_eq!(Time::ZERO.to_string(), "0.000000000s");
    assert_eq!(Time::from_nanos(12_000_300_001).to_string(), "12.000300001s");
    assert_eq!(Time::MAX.to_string(), "18446744073.709551615s");
}

#[test]
fn serde_sees_a_number() {
    let text = serde_json::to_string(&Time::from_nanos(7)).unwrap();
    assert_eq!(text, "7");
    assert_eq!(serde_json::from_str::<Time>(&text).unwrap(), Time::from_nanos(7));
}

proptest! {
    #[test]
    fn plus_and_since_are_inverse_within_range(start in 0..=u64::MAX / 2, more in 0..=u64::MAX / 2) {
        let duration = Duration::from_nanos(more);
        let start = Time::from_nanos(start);
        prop_assert_eq!(start.plus(duration).since(start), duration);
    }
}
