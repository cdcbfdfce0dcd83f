//! Every arrow of the diagram, what is ignored where, and what a life costs.

use super::*;

#[test]
fn a_life_fits_into_32_bytes() {
    assert!(size_of::<Lifecycle>() <= 32);
}

#[test]
fn a_short_and_happy_life_allocates_nothing() {
    for event in [Event::StopSelf, Event::Signal { signal: exit(STRANGER), decision: None }] {
        let mut life = starting(Restart::Temporary);
        feed(&mut life, Event::Started);
        feed(&mut life, event);
        feed(&mut life, Event::LastWordsSaid { recursive: true });
        assert_eq!(life.phase(), Phase::Ended);
        assert!(life.family.is_none());
    }
}

#[test]
fn an_instance_that_was_created_gets_messages() {
    let mut life = starting(Restart::Temporary);
    assert_eq!(life.phase(), Phase::Starting);
    assert_eq!(feed(&mut life, Event::Started), [Effect::Resume]);
    assert_eq!(life.phase(), Phase::Running);
}

#[test]
fn an_instance_that_could_not_be_created_waits_for_a_verdict() {
    let mut life = starting(Restart::Permanent);
    let failure = FailureReport::new(FailureKind::Creation, "no paper");
    assert_eq!(feed(&mut life, Event::Failed(failure.clone())), [report(failure)]);
    assert_eq!(life.phase(), Phase::Suspended);
}

#[test]
fn an_actor_that_fails_waits_for_a_verdict() {
    for policy in POLICIES {
        let mut life = running(policy);
        assert_eq!(feed(&mut life, Event::Failed(error())), [report(error())]);
        assert_eq!(life.phase(), Phase::Suspended);
    }
}

#[test]
fn an_actor_that_is_resumed_goes_on_with_its_instance() {
    let mut life = suspended(Restart::Temporary);
    assert_eq!(told(&mut life, Verdict::Resume), [Effect::Resume]);
    assert_eq!(life.phase(), Phase::Running);
}

#[test]
fn without_an_instance_there_is_nothing_to_resume() {
    let mut life = starting(Restart::Temporary);
    feed(&mut life, Event::Failed(error()));
    assert_eq!(told(&mut life, Verdict::Resume), end(ExitReason::Failed(error())));
}

#[test]
fn an_actor_that_failed_otherwise_while_it_was_created_can_be_resumed() {
    let mut life = starting(Restart::Permanent);
    hear(&mut life, exit(STRANGER));
    assert_eq!(life.phase(), Phase::Suspended);
    assert_eq!(feed(&mut life, Event::Started), []);
    assert_eq!(told(&mut life, Verdict::Resume), [Effect::Resume]);
}

#[test]
fn an_actor_that_is_restarted_loses_its_instance_and_gets_another() {
    for mut life in [suspended(Restart::Permanent), running(Restart::Permanent)] {
        let effects = told(&mut life, Verdict::Restart(Duration::ZERO));
        assert_eq!(effects, [Effect::Discard, Effect::Create]);
        assert_eq!(life.phase(), Phase::Starting);
        assert_eq!(feed(&mut life, Event::Started), [Effect::Resume]);
    }
}

#[test]
fn a_restart_waits_for_its_back_off() {
    let mut life = suspended(Restart::Permanent);
    let effects = told(&mut life, Verdict::Restart(milliseconds(10)));
    assert_eq!(effects, [Effect::Discard, Effect::RestartAfter(milliseconds(10))]);
    assert_eq!(life.phase(), Phase::Restarting);
    assert_eq!(feed(&mut life, Event::RestartDue), [Effect::Create]);
    assert_eq!(life.phase(), Phase::Starting);
}

#[test]
fn a_restart_waits_for_the_children_of_the_former_instance() {
    let (mut life, [first, second, third]) = parent_of(POLICIES, Supervision::default());
    let effects = told(&mut life, Verdict::Restart(Duration::ZERO));
    assert_eq!(effects, [Effect::Discard, end_of_child(THIRD), end_of_child(SECOND), end_of_child(FIRST)]);
    assert_eq!(child_ends(&mut life, second, SECOND), []);
    assert_eq!(child_ends(&mut life, third, THIRD), []);
    assert_eq!(life.phase(), Phase::Restarting);
    assert_eq!(child_ends(&mut life, first, FIRST), [Effect::Create]);
}

#[test]
fn a_restart_waits_for_both_its_children_and_its_back_off() {
    for back_off_first in [true, false] {
        let mut life = running(Restart::Permanent);
        let birth = life.add_child(FIRST, Restart::Temporary);
        told(&mut life, Verdict::Restart(milliseconds(10)));
        let due = |life: &mut Lifecycle| feed(life, Event::RestartDue);
        let gone = |life: &mut Lifecycle| child_ends(life, birth, FIRST);
        let (one, other) =
            if back_off_first { (due(&mut life), gone(&mut life)) } else { (gone(&mut life), due(&mut life)) };
        assert_eq!((one, other), (vec![], vec![Effect::Create]));
    }
}

#[test]
fn a_new_instance_that_can_not_be_created_fails_again() {
    let mut life = suspended(Restart::Permanent);
    told(&mut life, Verdict::Restart(Duration::ZERO));
    assert_eq!(feed(&mut life, Event::Failed(error())), [report_having_heard(1, error())]);
    assert_eq!(life.phase(), Phase::Suspended);
    assert_eq!(told(&mut life, Verdict::Restart(Duration::ZERO)), [Effect::Discard, Effect::Create]);
}

#[test]
fn an_actor_that_failed_and_is_stopped_ends_with_its_failure() {
    let mut life = suspended(Restart::Temporary);
    let expected = with_failed_instance(end(ExitReason::Failed(error())));
    assert_eq!(told(&mut life, Verdict::Stop), expected);
    assert_eq!(life.phase(), Phase::Ended);
}

#[test]
fn an_actor_that_failed_and_is_stopped_ends_after_its_children() {
    let mut life = running(Restart::Temporary);
    let birth = life.add_child(FIRST, Restart::Permanent);
    feed(&mut life, Event::Failed(error()));
    assert_eq!(told(&mut life, Verdict::Stop), [Effect::Discard, end_of_child(FIRST)]);
    assert_eq!(life.phase(), Phase::Stopping);
    assert_eq!(child_ends(&mut life, birth, FIRST), end(ExitReason::Failed(error())));
}

#[test]
fn what_is_being_created_or_restarted_need_not_be_restarted() {
    for mut life in [starting(Restart::Permanent), restarting(Restart::Permanent), stopping().0, ended()] {
        let phase = life.phase();
        assert_eq!(told(&mut life, Verdict::Restart(Duration::ZERO)), []);
        assert_eq!(life.phase(), phase);
    }
}

#[test]
fn an_actor_that_did_not_fail_is_not_resumed() {
    for mut life in in_every_phase(Restart::Permanent) {
        let phase = life.phase();
        if phase != Phase::Suspended {
            assert_eq!(told(&mut life, Verdict::Resume), []);
            assert_eq!(life.phase(), phase);
        }
    }
}

#[test]
fn an_actor_fails_only_while_it_starts_or_runs() {
    for mut life in in_every_phase(Restart::Permanent) {
        let phase = life.phase();
        if !matches!(phase, Phase::Starting | Phase::Running) {
            assert_eq!(feed(&mut life, Event::Failed(error())), []);
            assert_eq!(life.phase(), phase);
        }
    }
}

#[test]
fn reports_that_come_too_late_change_nothing() {
    for mut life in in_every_phase(Restart::Permanent) {
        let phase = life.phase();
        if phase != Phase::Starting {
            assert_eq!(feed(&mut life, Event::Started), []);
        }
        if phase != Phase::Restarting {
            assert_eq!(feed(&mut life, Event::RestartDue), []);
        }
        assert_eq!(feed(&mut life, Event::LastWordsSaid { recursive: false }), []);
        assert_eq!(life.phase(), phase);
    }
}

#[test]
fn only_who_starts_or_runs_may_have_children() {
    let may = in_every_phase(Restart::Permanent).map(|life| life.may_have_children());
    assert_eq!(may, [true, true, false, false, false, false]);
}

#[test]
fn the_root_never_fails() {
    let mut root = Lifecycle::root(Address::nobody(ME.node()), Supervision::default());
    assert_eq!(feed(&mut root, Event::Failed(error())), []);
    assert_eq!(root.phase(), Phase::Running);
}
