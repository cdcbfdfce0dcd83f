//! How often, how soon and with whom children are restarted.

use super::*;

/// The delay of the only restart among the effects.
fn delay(effects: &[Effect]) -> Duration {
    match effects {
        [Effect::Signal { signal: Signal::Verdict(Verdict::Restart(delay)), .. }] => *delay,
        other => panic!("not one restart: {other:?}"),
    }
}

#[test]
fn siblings_are_restarted_in_the_order_of_their_starts() {
    let (mut life, [first, ..]) = parent_of([Restart::Permanent; 3], Supervision::all_for_one());
    child_ends(&mut life, first, FIRST);
    // The number of the first is free: order does not follow the numbers.
    let fourth = address(14);
    let birth = life.add_child(fourth, Restart::Transient);
    assert_eq!(birth, first);
    let effects = child_fails(&mut life, birth, fourth, None);
    assert_eq!(effects, [restart_at_once(SECOND), restart_at_once(THIRD), restart_at_once(fourth)]);
}

#[test]
fn siblings_wait_as_long_as_the_child_that_failed() {
    let supervision = Supervision::rest_for_one().backoff(Backoff::constant(milliseconds(30)));
    let (mut life, [first, ..]) = parent_of([Restart::Permanent; 3], supervision);
    let effects = child_fails(&mut life, first, FIRST, None);
    let restart = Verdict::Restart(milliseconds(30));
    assert_eq!(effects, [verdict(FIRST, restart), verdict(SECOND, restart), verdict(THIRD, restart)]);
}

#[test]
fn temporary_siblings_are_stopped_instead() {
    let policies = [Restart::Temporary, Restart::Permanent, Restart::Temporary];
    let (mut life, [_, second, _]) = parent_of(policies, Supervision::all_for_one());
    let effects = child_fails(&mut life, second, SECOND, None);
    assert_eq!(effects, [verdict(FIRST, Verdict::Stop), restart_at_once(SECOND), verdict(THIRD, Verdict::Stop)]);
}

#[test]
fn a_temporary_child_is_restarted_if_the_hook_says_so() {
    let (mut life, [first, ..]) = parent_of([Restart::Temporary; 3], Supervision::default());
    assert_eq!(child_fails(&mut life, first, FIRST, Some(Decision::Restart)), [restart_at_once(FIRST)]);
}

#[test]
fn too_many_restarts_make_the_parent_fail() {
    let supervision = Supervision::one_for_one().intensity(2, milliseconds(100));
    let (mut life, births) = parent_of([Restart::Permanent; 3], supervision);
    let mut fail = |now, child: usize, heard| {
        let address = [FIRST, SECOND, THIRD][child];
        child_fails_at(&mut life, at(now), having_heard(births[child], heard), address, None)
    };
    assert_eq!(fail(0, 0, 0), [restart_at_once(FIRST)]);
    assert_eq!(fail(50, 1, 0), [restart_at_once(SECOND)]);
    let details = format!("{FIRST} {}", error());
    assert_eq!(fail(100, 0, 1), [report(FailureReport::new(FailureKind::Intensity, details))]);
    assert_eq!(life.phase(), Phase::Suspended);
}

#[test]
fn restarts_that_are_long_past_do_not_make_the_parent_fail() {
    let supervision = Supervision::one_for_one().intensity(1, milliseconds(100));
    let (mut life, [first, ..]) = parent_of([Restart::Permanent; 3], supervision);
    for n in 0..10 {
        let birth = having_heard(first, n);
        let effects = child_fails_at(&mut life, at(u64::from(n) * 101), birth, FIRST, None);
        assert_eq!(effects, [restart_at_once(FIRST)]);
    }
}

#[test]
fn a_group_that_is_restarted_counts_as_one_restart() {
    let supervision = Supervision::all_for_one().intensity(1, milliseconds(100));
    let (mut life, [first, ..]) = parent_of([Restart::Permanent; 3], supervision);
    assert_eq!(child_fails(&mut life, first, FIRST, None).len(), 3);
    assert_eq!(life.phase(), Phase::Running);
}

#[test]
fn what_is_resumed_or_stopped_does_not_count_as_a_restart() {
    let supervision = Supervision::one_for_one().intensity(1, milliseconds(100));
    let (mut life, [first, second, _]) = parent_of([Restart::Permanent; 3], supervision);
    for heard in 0..5 {
        child_fails(&mut life, having_heard(first, heard), FIRST, Some(Decision::Resume));
    }
    child_fails(&mut life, second, SECOND, Some(Decision::Stop));
    assert_eq!(child_fails(&mut life, having_heard(first, 5), FIRST, None), [restart_at_once(FIRST)]);
}

#[test]
fn a_restart_that_was_refused_does_not_count() {
    let supervision = Supervision::one_for_one().intensity(1, milliseconds(100));
    let (mut life, [first, second, _]) = parent_of([Restart::Permanent; 3], supervision);
    child_fails_at(&mut life, at(0), first, FIRST, None);
    child_fails_at(&mut life, at(90), having_heard(first, 1), FIRST, None);
    told(&mut life, Verdict::Resume);
    assert_eq!(child_fails_at(&mut life, at(110), second, SECOND, None), [restart_at_once(SECOND)]);
}

/// A parent that bears one restart, used it, and was restarted itself.
fn restarted_parent(supervision: &Supervision) -> Lifecycle {
    let (mut life, [first, second, third]) = parent_of([Restart::Permanent; 3], supervision.clone());
    child_fails(&mut life, first, FIRST, None);
    told(&mut life, Verdict::Restart(Duration::ZERO));
    for (birth, child) in [(first, FIRST), (second, SECOND), (third, THIRD)] {
        child_ends(&mut life, birth, child);
    }
    feed(&mut life, Event::Started);
    life
}

#[test]
fn a_new_instance_of_the_parent_starts_without_a_history() {
    let supervision = Supervision::one_for_one().intensity(1, milliseconds(100));
    let mut life = restarted_parent(&supervision);
    life.supervise(supervision);
    let first = life.add_child(FIRST, Restart::Permanent);
    assert_eq!(child_fails(&mut life, first, FIRST, None), [restart_at_once(FIRST)]);
    child_fails(&mut life, having_heard(first, 1), FIRST, None);
    assert_eq!(life.phase(), Phase::Suspended);
}

#[test]
fn a_new_instance_of_the_parent_declares_its_supervision_anew() {
    let mut life = restarted_parent(&Supervision::all_for_one().intensity(1, milliseconds(100)));
    let first = life.add_child(FIRST, Restart::Permanent);
    life.add_child(SECOND, Restart::Permanent);
    assert_eq!(child_fails(&mut life, first, FIRST, None), [restart_at_once(FIRST)], "one for one is the default");
}

#[test]
fn the_back_off_grows_from_restart_to_restart() {
    let backoff = Backoff::exponential(milliseconds(10), milliseconds(40)).jitter_percent(0);
    let supervision = Supervision::one_for_one().intensity(9, milliseconds(100)).backoff(backoff);
    let (mut life, [first, second, _]) = parent_of([Restart::Permanent; 3], supervision);
    let mut fail =
        |now, birth, heard, child| delay(&child_fails_at(&mut life, at(now), having_heard(birth, heard), child, None));
    assert_eq!(fail(0, first, 0, FIRST), milliseconds(10));
    assert_eq!(fail(20, first, 1, FIRST), milliseconds(20));
    assert_eq!(fail(50, second, 0, SECOND), milliseconds(10), "each child has its own row");
    assert_eq!(fail(60, first, 2, FIRST), milliseconds(40));
    assert_eq!(fail(110, first, 3, FIRST), milliseconds(40));
}

#[test]
fn the_back_off_starts_anew_when_the_child_lived_longer_than_the_period() {
    let backoff = Backoff::exponential(milliseconds(10), milliseconds(40)).jitter_percent(0);
    let supervision = Supervision::one_for_one().intensity(9, milliseconds(100)).backoff(backoff);
    let (mut life, [first, ..]) = parent_of([Restart::Permanent; 3], supervision);
    let mut fail = |now, heard| delay(&child_fails_at(&mut life, at(now), having_heard(first, heard), FIRST, None));
    assert_eq!(fail(0, 0), milliseconds(10));
    assert_eq!(fail(110, 1), milliseconds(20), "started at 10, it lived just as long as the period");
    assert_eq!(fail(231, 2), milliseconds(10), "started at 130, it lived longer");
    assert_eq!(fail(250, 3), milliseconds(20));
}

#[test]
fn the_next_child_with_the_same_number_starts_its_own_row() {
    let backoff = Backoff::exponential(milliseconds(10), milliseconds(40)).jitter_percent(0);
    let supervision = Supervision::one_for_one().intensity(9, milliseconds(100)).backoff(backoff);
    let (mut life, [first, ..]) = parent_of([Restart::Permanent; 3], supervision);
    child_fails(&mut life, first, FIRST, None);
    child_ends(&mut life, first, FIRST);
    let fourth = address(14);
    let birth = life.add_child(fourth, Restart::Permanent);
    assert_eq!(birth, first);
    assert_eq!(delay(&child_fails(&mut life, birth, fourth, None)), milliseconds(10));
}

#[test]
fn jitter_tells_children_that_failed_together_apart() {
    let supervision = Supervision::one_for_one().backoff(Backoff::exponential(milliseconds(1000), milliseconds(1000)));
    let (mut life, [first, second, third]) = parent_of([Restart::Permanent; 3], supervision);
    let delays = [(first, FIRST), (second, SECOND), (third, THIRD)]
        .map(|(birth, child)| delay(&child_fails(&mut life, birth, child, None)));
    assert!(delays[0] != delays[1] && delays[1] != delays[2]);
    assert!(delays.iter().all(|delay| (milliseconds(800)..=milliseconds(1000)).contains(delay)));
}
