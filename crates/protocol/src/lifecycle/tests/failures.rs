//! What a parent decides about a child that failed.

use super::*;

const DECISIONS: [Decision; 4] = [Decision::Restart, Decision::Resume, Decision::Stop, Decision::Escalate];
const STRATEGIES: [Strategy; 3] = [Strategy::OneForOne, Strategy::AllForOne, Strategy::RestForOne];

fn supervision(strategy: Strategy) -> Supervision {
    Supervision { strategy, ..Supervision::default() }
}

fn escalated(kind: FailureKind, child: Address) -> Effect {
    report(FailureReport::new(kind, format!("{child} {}", error())))
}

/// What follows when the second of three children fails, all of one policy.
fn expected(strategy: Strategy, policy: Restart, decision: Decision) -> Vec<Effect> {
    let sibling = |child| match policy {
        Restart::Temporary => verdict(child, Verdict::Stop),
        _ => restart_at_once(child),
    };
    match (decision, strategy) {
        (Decision::Restart, Strategy::OneForOne) => vec![restart_at_once(SECOND)],
        (Decision::Restart, Strategy::AllForOne) => vec![sibling(FIRST), restart_at_once(SECOND), sibling(THIRD)],
        (Decision::Restart, Strategy::RestForOne) => vec![restart_at_once(SECOND), sibling(THIRD)],
        (Decision::Resume, _) => vec![verdict(SECOND, Verdict::Resume)],
        (Decision::Stop, _) => vec![verdict(SECOND, Verdict::Stop)],
        (Decision::Escalate, _) => vec![escalated(FailureKind::Escalated, SECOND)],
    }
}

#[test]
fn each_decision_has_its_effect_under_each_strategy_for_each_policy() {
    for strategy in STRATEGIES {
        for policy in POLICIES {
            for decision in DECISIONS {
                let (mut life, [_, second, _]) = parent_of([policy; 3], supervision(strategy));
                let effects = child_fails(&mut life, second, SECOND, Some(decision));
                assert_eq!(effects, expected(strategy, policy, decision), "{strategy:?}, {policy:?}, {decision:?}");
            }
        }
    }
}

#[test]
fn without_a_decision_the_policy_of_the_child_decides() {
    for strategy in STRATEGIES {
        for (policy, decision) in [
            (Restart::Permanent, Decision::Restart),
            (Restart::Transient, Decision::Restart),
            (Restart::Temporary, Decision::Stop),
        ] {
            let (mut life, [_, second, _]) = parent_of([policy; 3], supervision(strategy));
            let effects = child_fails(&mut life, second, SECOND, None);
            assert_eq!(effects, expected(strategy, policy, decision));
        }
    }
}

#[test]
fn an_actor_that_escalates_has_failed_and_its_child_waits() {
    let (mut life, [first, ..]) = parent_of(POLICIES, Supervision::default());
    child_fails(&mut life, first, FIRST, Some(Decision::Escalate));
    assert_eq!(life.phase(), Phase::Suspended);
    assert_eq!(told(&mut life, Verdict::Resume), [verdict(FIRST, Verdict::Resume), Effect::Resume]);
}

#[test]
fn a_child_whose_failure_was_escalated_ends_with_the_instance_of_its_parent() {
    for (verdict, phase) in [(Verdict::Restart(Duration::ZERO), Phase::Starting), (Verdict::Stop, Phase::Ended)] {
        let mut life = running(Restart::Permanent);
        let birth = life.add_child(FIRST, Restart::Permanent);
        child_fails(&mut life, birth, FIRST, Some(Decision::Escalate));
        assert!(told(&mut life, verdict).contains(&end_of_child(FIRST)));
        child_ends(&mut life, birth, FIRST);
        assert_eq!(life.phase(), phase);
    }
}

#[test]
fn a_child_that_ended_meanwhile_is_not_resumed() {
    let (mut life, [first, ..]) = parent_of(POLICIES, Supervision::default());
    child_fails(&mut life, first, FIRST, Some(Decision::Escalate));
    child_ends(&mut life, first, FIRST);
    let told_later = Effect::ChildExited { child: FIRST, reason: ExitReason::Stopped };
    assert_eq!(told(&mut life, Verdict::Resume), [Effect::Resume, told_later]);
}

#[test]
fn the_root_stops_whose_failure_nobody_can_decide_about() {
    let intensity = Supervision::one_for_one().intensity(0, milliseconds(100));
    for (supervision, decision) in [(Supervision::default(), Some(Decision::Escalate)), (intensity, None)] {
        let mut root = Lifecycle::root(Address::nobody(ME.node()), supervision);
        let birth = root.add_child(FIRST, Restart::Permanent);
        assert_eq!(child_fails(&mut root, birth, FIRST, decision), [verdict(FIRST, Verdict::Stop)]);
        assert_eq!(root.phase(), Phase::Running);
    }
}

#[test]
fn a_parent_that_waits_for_a_verdict_still_restarts_its_children() {
    let (mut life, [first, ..]) = parent_of(POLICIES, Supervision::default());
    feed(&mut life, Event::Failed(error()));
    assert_eq!(child_fails(&mut life, first, FIRST, None), [restart_at_once(FIRST)]);
    assert_eq!(life.phase(), Phase::Suspended);
}

#[test]
fn a_parent_that_waits_for_a_verdict_lets_a_child_wait_with_it() {
    let (mut life, [first, ..]) = parent_of(POLICIES, Supervision::one_for_one().intensity(0, milliseconds(1)));
    feed(&mut life, Event::Failed(error()));
    assert_eq!(child_fails(&mut life, first, FIRST, None), []);
    assert_eq!(told(&mut life, Verdict::Resume), [verdict(FIRST, Verdict::Resume), Effect::Resume]);
}

#[test]
fn a_child_that_waits_for_its_parent_is_restarted_when_a_sibling_is() {
    let (mut life, [first, second, _]) = parent_of([Restart::Permanent; 3], Supervision::all_for_one());
    child_fails(&mut life, first, FIRST, Some(Decision::Escalate));
    let effects = child_fails(&mut life, second, SECOND, None);
    assert_eq!(effects, [restart_at_once(FIRST), restart_at_once(SECOND), restart_at_once(THIRD)]);
    assert_eq!(told(&mut life, Verdict::Resume), [Effect::Resume], "it is resumed by its restart already");
}

#[test]
fn a_child_that_fails_while_its_parent_restarts_or_ends_is_stopped() {
    let mut restarting = running(Restart::Permanent);
    let birth = restarting.add_child(FIRST, Restart::Permanent);
    told(&mut restarting, Verdict::Restart(Duration::ZERO));
    assert_eq!(child_fails(&mut restarting, birth, FIRST, None), [verdict(FIRST, Verdict::Stop)]);
    assert_eq!(restarting.phase(), Phase::Restarting);

    let (mut stopping, birth) = stopping();
    let effects = child_fails(&mut stopping, birth, FIRST, Some(Decision::Restart));
    assert_eq!(effects, [verdict(FIRST, Verdict::Stop)]);
    assert_eq!(stopping.phase(), Phase::Stopping);
}

#[test]
fn a_failure_that_happened_before_the_last_verdict_was_heard_is_settled() {
    let mut supervision = Supervision::all_for_one().intensity(1, milliseconds(100));
    supervision.backoff = Backoff::constant(milliseconds(10));
    let (mut life, [first, second, _]) = parent_of([Restart::Permanent; 3], supervision);
    let effects = child_fails(&mut life, first, FIRST, None);
    assert_eq!(effects.len(), 3);
    // The second child had failed too, before it heard that it is restarted with the first.
    assert_eq!(child_fails(&mut life, second, SECOND, None), []);
    assert_eq!(life.phase(), Phase::Running, "it does not count against the intensity");
    child_fails(&mut life, having_heard(second, 1), SECOND, None);
    assert_eq!(life.phase(), Phase::Suspended, "this one is news, and too many");
}

#[test]
fn a_child_whose_process_has_ended_begins_anew_with_what_was_heard_in_its_place() {
    let (mut life, [first, second, _]) = parent_of([Restart::Permanent; 3], Supervision::all_for_one());
    child_fails(&mut life, first, FIRST, None);
    // It died before it heard of the restart.
    let effects = child_fails(&mut life, second.fallen(), SECOND, None);
    assert_eq!(effects, [restart_at_once(FIRST), restart_at_once(SECOND), restart_at_once(THIRD)]);
    assert_eq!(child_fails(&mut life, second, SECOND, None), [], "the new one does not know of it yet");

    let mut anew = Lifecycle::new(ME, second.having_heard(1), Restart::Permanent);
    feed(&mut anew, Event::Started);
    let effects = feed(&mut anew, Event::Failed(error()));
    let [Effect::Signal { signal: Signal::ChildFailed { birth, .. }, .. }] = effects[..] else { panic!("{effects:?}") };
    assert!(!child_fails(&mut life, birth, SECOND, None).is_empty(), "this is news");
}

#[test]
fn a_child_that_does_not_know_its_number_goes_by_its_address() {
    let (mut life, [_, second, _]) = parent_of([Restart::Transient; 3], Supervision::default());
    assert_eq!(child_fails(&mut life, Birth::unknown(), SECOND, None), [restart_at_once(SECOND)]);
    assert_eq!(life.child_policy(second, SECOND), Some(Restart::Transient));
    child_ends(&mut life, Birth::unknown(), SECOND);
    assert_eq!(life.children(), [FIRST, THIRD]);
    assert_eq!(child_ends(&mut life, Birth::unknown(), STRANGER), []);
}

#[test]
fn what_a_child_raised_is_told_further_up() {
    let mut life = running(Restart::Temporary);
    let birth = life.add_child(FIRST, Restart::Temporary);
    let failure = error().with_classes(vec!["builtins.ValueError".to_owned()]);
    let signal = Signal::ChildFailed { birth, child: FIRST, failure };
    let effects = feed(&mut life, Event::Signal { signal, decision: Some(Decision::Escalate) });
    let [Effect::Signal { signal: Signal::ChildFailed { failure, .. }, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(failure.classes, ["builtins.ValueError"]);
}

#[test]
fn a_failure_says_how_many_verdicts_its_actor_has_heard() {
    let mut life = running(Restart::Permanent);
    feed(&mut life, Event::Failed(error()));
    told(&mut life, Verdict::Resume);
    assert_eq!(feed(&mut life, Event::Failed(error())), [report_having_heard(1, error())]);
    told(&mut life, Verdict::Restart(Duration::ZERO));
    assert_eq!(told(&mut life, Verdict::Restart(Duration::ZERO)), [], "heard though it changes nothing");
    assert_eq!(feed(&mut life, Event::Failed(error())), [report_having_heard(3, error())]);
}

#[test]
fn a_failed_orphan_asks_its_new_parent() {
    let root = address(0xff);
    let mut life = suspended(Restart::Permanent);
    told(&mut life, Verdict::Restart(Duration::ZERO));
    feed(&mut life, Event::Failed(error()));
    let birth = Birth::new(8);
    let failed = Signal::ChildFailed { birth, child: ME, failure: error() };
    assert_eq!(hear(&mut life, Signal::Adopted { parent: root, birth }), [send(root, failed)]);
    assert_eq!(life.parent(), root);
}

#[test]
fn an_orphan_reports_to_its_new_parent() {
    let root = address(0xff);
    let birth = Birth::new(8);
    let mut life = running(Restart::Temporary);
    assert_eq!(hear(&mut life, Signal::Adopted { parent: root, birth }), []);
    hear(&mut life, exit(STRANGER));
    let effects = feed(&mut life, Event::LastWordsSaid { recursive: true });
    let ended = Signal::ChildEnded { birth, child: ME, reason: ExitReason::Requested };
    assert!(effects.contains(&send(root, ended)));
}

#[test]
fn a_foundling_reports_its_failure_once_its_parent_knows_it() {
    let mut life = Lifecycle::foundling(PARENT, Restart::Permanent);
    feed(&mut life, Event::Failed(error()));
    assert_eq!(hear(&mut life, Signal::Adopted { parent: PARENT, birth: Birth::new(3) }), [report(error())]);
}

#[test]
fn who_was_adopted_does_not_go_back_to_its_first_parent() {
    let root = address(0xff);
    let mut life = starting(Restart::Permanent);
    hear(&mut life, Signal::Adopted { parent: root, birth: Birth::new(8) });
    // On its way since the actor was created.
    hear(&mut life, Signal::Adopted { parent: PARENT, birth: Birth::new(3) });
    assert_eq!(life.parent(), root);
}

#[test]
fn word_of_a_parent_that_is_known_already_changes_nothing() {
    let mut life = suspended(Restart::Permanent);
    assert_eq!(hear(&mut life, Signal::Adopted { parent: PARENT, birth: Birth::new(3) }), []);
}
