//! How lives end.

use super::*;

fn exit_without_children(by: Address) -> Signal {
    Signal::Exit { by, reason: ExitReason::Requested, recursive: false }
}

#[test]
fn an_actor_that_runs_says_last_words() {
    let mut life = running(Restart::Temporary);
    assert_eq!(hear(&mut life, exit(STRANGER)), [Effect::SayLastWords { recursive: true }]);
    assert_eq!(life.phase(), Phase::Stopping);
    assert_eq!(feed(&mut life, Event::LastWordsSaid { recursive: true }), end(ExitReason::Requested));
    assert_eq!(life.phase(), Phase::Ended);
}

#[test]
fn an_actor_may_stop_itself() {
    let mut life = running(Restart::Transient);
    assert_eq!(feed(&mut life, Event::StopSelf), [Effect::SayLastWords { recursive: true }]);
    assert_eq!(feed(&mut life, Event::LastWordsSaid { recursive: true }), end(ExitReason::Stopped));
}

#[test]
fn who_does_not_run_ends_without_last_words() {
    for mut life in [starting(Restart::Temporary), restarting(Restart::Temporary)] {
        assert_eq!(hear(&mut life, exit(STRANGER)), end(ExitReason::Requested));
    }
    let effects = hear(&mut suspended(Restart::Temporary), exit(STRANGER));
    assert_eq!(effects, with_failed_instance(end(ExitReason::Requested)));
}

#[test]
fn who_is_ending_or_has_ended_is_not_ended_again() {
    for mut life in [stopping().0, ended()] {
        let phase = life.phase();
        assert_eq!(hear(&mut life, exit(PARENT)), []);
        assert_eq!(feed(&mut life, Event::StopSelf), []);
        assert_eq!(told(&mut life, Verdict::Stop), []);
        assert_eq!(life.phase(), phase);
    }
}

#[test]
fn children_end_before_their_parent_the_youngest_first() {
    let (mut life, [first, second, third]) = parent_of(POLICIES, Supervision::default());
    hear(&mut life, exit(PARENT));
    let effects = feed(&mut life, Event::LastWordsSaid { recursive: true });
    assert_eq!(effects, [end_of_child(THIRD), end_of_child(SECOND), end_of_child(FIRST)]);
    child_ends(&mut life, first, FIRST);
    child_ends(&mut life, third, THIRD);
    assert_eq!(life.phase(), Phase::Stopping);
    child_ends(&mut life, second, SECOND);
    assert_eq!(life.phase(), Phase::Ended);
}

#[test]
fn a_parent_tells_its_children_of_a_shutdown() {
    let mut life = running(Restart::Permanent);
    life.add_child(FIRST, Restart::Permanent);
    let shutdown = |by| Signal::Exit { by, reason: ExitReason::Shutdown, recursive: true };
    hear(&mut life, shutdown(STRANGER));
    let effects = feed(&mut life, Event::LastWordsSaid { recursive: true });
    assert_eq!(effects, [send(FIRST, shutdown(ME))]);
}

#[test]
fn an_exit_that_is_not_recursive_leaves_the_children_to_the_root() {
    let (mut life, _) = parent_of(POLICIES, Supervision::default());
    hear(&mut life, exit_without_children(PARENT));
    let effects = feed(&mut life, Event::LastWordsSaid { recursive: true });
    let orphans = [(FIRST, POLICIES[0]), (SECOND, POLICIES[1]), (THIRD, POLICIES[2])];
    let expected: Vec<_> = [Effect::Orphan(orphans.to_vec())].into_iter().chain(end(ExitReason::Requested)).collect();
    assert_eq!(effects, expected, "the hook can not ask for more than the exit did");
}

#[test]
fn last_words_may_spare_the_children() {
    let mut life = running(Restart::Temporary);
    life.add_child(FIRST, Restart::Transient);
    hear(&mut life, exit(STRANGER));
    let effects = feed(&mut life, Event::LastWordsSaid { recursive: false });
    assert_eq!(effects[0], Effect::Orphan(vec![(FIRST, Restart::Transient)]));
    assert_eq!(life.phase(), Phase::Ended);
}

#[test]
fn an_actor_that_does_not_run_leaves_its_children_too() {
    let mut life = running(Restart::Temporary);
    life.add_child(FIRST, Restart::Transient);
    feed(&mut life, Event::Failed(error()));
    let effects = hear(&mut life, exit_without_children(STRANGER));
    assert_eq!(effects[..2], [Effect::Discard, Effect::Orphan(vec![(FIRST, Restart::Transient)])]);
    assert_eq!(life.phase(), Phase::Ended);
}

#[test]
fn an_actor_without_children_leaves_no_orphans() {
    let mut life = starting(Restart::Temporary);
    assert_eq!(hear(&mut life, exit_without_children(STRANGER)), end(ExitReason::Requested));
}

#[test]
fn last_words_are_not_cut_short_by_the_end_of_the_last_child() {
    let mut life = running(Restart::Temporary);
    let birth = life.add_child(FIRST, Restart::Temporary);
    hear(&mut life, exit(STRANGER));
    let told = Effect::ChildExited { child: FIRST, reason: ExitReason::Stopped };
    assert_eq!(child_ends(&mut life, birth, FIRST), [told]);
    assert_eq!(life.phase(), Phase::Stopping);
    assert_eq!(feed(&mut life, Event::LastWordsSaid { recursive: true }), end(ExitReason::Requested));
}

#[test]
fn last_words_are_said_once() {
    let mut life = running(Restart::Temporary);
    life.add_child(FIRST, Restart::Temporary);
    hear(&mut life, exit(STRANGER));
    feed(&mut life, Event::LastWordsSaid { recursive: true });
    assert_eq!(feed(&mut life, Event::LastWordsSaid { recursive: false }), []);
    assert_eq!(life.phase(), Phase::Stopping);
}

#[test]
fn a_permanent_actor_that_stops_itself_or_is_asked_to_by_a_stranger_has_failed() {
    for mut life in [starting(Restart::Permanent), running(Restart::Permanent)] {
        let failure = FailureReport::new(FailureKind::Ended, "it was asked to exit");
        assert_eq!(hear(&mut life, exit(STRANGER)), [report(failure)]);
        assert_eq!(life.phase(), Phase::Suspended);
    }
    let mut life = running(Restart::Permanent);
    let failure = FailureReport::new(FailureKind::Ended, "it stopped by itself");
    assert_eq!(feed(&mut life, Event::StopSelf), [report(failure)]);
}

#[test]
fn a_stranger_can_not_end_a_permanent_actor_that_failed_or_is_restarted() {
    for mut life in [suspended(Restart::Permanent), restarting(Restart::Permanent)] {
        let phase = life.phase();
        assert_eq!(hear(&mut life, exit(STRANGER)), []);
        assert_eq!(life.phase(), phase);
    }
}

#[test]
fn its_parent_and_a_shutdown_end_a_permanent_actor_in_any_phase() {
    let signals = [
        exit(PARENT),
        Signal::Exit { by: STRANGER, reason: ExitReason::Shutdown, recursive: true },
        Signal::Exit { by: STRANGER, reason: ExitReason::ParentEnded, recursive: true },
    ];
    for signal in signals {
        for mut life in in_every_phase(Restart::Permanent) {
            hear(&mut life, signal.clone());
            assert!(matches!(life.phase(), Phase::Stopping | Phase::Ended));
        }
    }
}

#[test]
fn a_verdict_to_stop_ends_an_actor_in_any_phase() {
    for policy in POLICIES {
        for mut life in in_every_phase(policy) {
            told(&mut life, Verdict::Stop);
            assert!(matches!(life.phase(), Phase::Stopping | Phase::Ended));
        }
    }
}

#[test]
fn an_actor_that_is_stopped_with_its_siblings_says_last_words() {
    let mut life = running(Restart::Temporary);
    assert_eq!(told(&mut life, Verdict::Stop), [Effect::SayLastWords { recursive: true }]);
}

#[test]
fn an_exit_while_children_of_the_former_instance_end_waits_for_them_too() {
    let mut life = running(Restart::Permanent);
    let birth = life.add_child(FIRST, Restart::Permanent);
    told(&mut life, Verdict::Restart(Duration::ZERO));
    assert_eq!(hear(&mut life, exit(PARENT)), [end_of_child(FIRST)]);
    assert_eq!(child_ends(&mut life, birth, FIRST), end(ExitReason::Requested));
}

#[test]
fn the_root_ends_after_its_children_and_tells_no_parent() {
    let mut root = Lifecycle::root(Address::nobody(ME.node()), Supervision::default());
    let birth = root.add_child(FIRST, Restart::Permanent);
    let shutdown = Signal::Exit { by: ME, reason: ExitReason::Shutdown, recursive: true };
    assert_eq!(hear(&mut root, shutdown.clone()), [send(FIRST, shutdown)]);
    assert_eq!(child_ends(&mut root, birth, FIRST), [Effect::Discard, Effect::End(ExitReason::Shutdown)]);
}

#[test]
fn reasons_are_told_in_words() {
    let words = [
        (ExitReason::Stopped, "it stopped by itself"),
        (ExitReason::Requested, "it was asked to exit"),
        (ExitReason::ParentEnded, "its parent ended or was restarted"),
        (ExitReason::Shutdown, "the actor system was shut down"),
        (ExitReason::Failed(error()), "it failed: out of ink"),
        (ExitReason::Unknown, "it had ended earlier, or never lived"),
    ];
    for (reason, words) in words {
        assert_eq!(reason.to_string(), words);
    }
}
