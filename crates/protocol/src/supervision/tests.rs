use super::*;

fn at(milliseconds: u64) -> Time {
    Time::ZERO.plus(Duration::from_millis(milliseconds))
}

#[test]
fn more_restarts_than_the_intensity_in_its_period_are_too_many() {
    let intensity = Intensity { restarts: 2, within: Duration::from_millis(100) };
    let mut history = History::default();
    assert!(history.note(at(0), intensity));
    assert!(history.note(at(50), intensity));
    assert!(!history.note(at(100), intensity));
}

#[test]
fn restarts_that_are_long_past_do_not_count() {
    let intensity = Intensity { restarts: 1, within: Duration::from_millis(100) };
    let mut history = History::default();
    for n in 0..10 {
        assert!(history.note(at(n * 101), intensity));
    }
}

#[test]
fn restarts_that_were_refused_do_not_count() {
    let intensity = Intensity { restarts: 1, within: Duration::from_millis(100) };
    let mut history = History::default();
    assert!(history.note(at(0), intensity));
    assert!(!history.note(at(90), intensity));
    assert!(history.note(at(110), intensity));
}

#[test]
fn a_cleared_history_starts_anew() {
    let intensity = Intensity { restarts: 1, within: Duration::from_millis(100) };
    let mut history = History::default();
    assert!(history.note(at(0), intensity));
    history.clear();
    assert!(history.note(at(1), intensity));
}

#[test]
fn an_intensity_of_zero_bears_no_restart() {
    assert!(!History::default().note(at(0), Intensity { restarts: 0, within: Duration::from_secs(1) }));
}

#[test]
fn policies_decide_by_default() {
    assert_eq!(default_decision(Restart::Permanent), Decision::Restart);
    assert_eq!(default_decision(Restart::Transient), Decision::Restart);
    assert_eq!(default_decision(Restart::Temporary), Decision::Stop);
}
