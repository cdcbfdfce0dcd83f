//! Who is told what, and what is answered for the dead.

use super::*;

fn child_exited(child: Address) -> Effect {
    Effect::ChildExited { child, reason: ExitReason::Stopped }
}

fn terminated() -> Signal {
    Signal::Terminated { address: STRANGER, reason: ExitReason::Stopped }
}

fn tell_terminated() -> Effect {
    Effect::Terminated { address: STRANGER, reason: ExitReason::Stopped }
}

fn watch(by: Address) -> Signal {
    Signal::Watch { by }
}

#[test]
fn a_parent_is_told_once_that_a_child_has_ended() {
    let mut life = running(Restart::Temporary);
    let birth = life.add_child(FIRST, Restart::Temporary);
    assert_eq!(child_ends(&mut life, birth, FIRST), [child_exited(FIRST)]);
    assert_eq!(child_ends(&mut life, birth, FIRST), []);
    assert_eq!(life.child_count(), 0);
}

#[test]
fn old_news_of_a_child_do_not_touch_the_one_that_has_its_number_now() {
    let mut life = running(Restart::Temporary);
    let birth = life.add_child(FIRST, Restart::Temporary);
    child_ends(&mut life, birth, FIRST);
    assert_eq!(life.add_child(SECOND, Restart::Permanent), birth);
    assert_eq!(child_ends(&mut life, birth, FIRST), []);
    assert_eq!(child_fails(&mut life, birth, FIRST, None), []);
    assert_eq!(life.children(), [SECOND]);
}

#[test]
fn children_are_listed_in_the_order_of_their_starts() {
    let (mut life, [first, ..]) = parent_of(POLICIES, Supervision::default());
    child_ends(&mut life, first, FIRST);
    let fourth = address(14);
    life.add_child(fourth, Restart::Temporary);
    assert_eq!(life.children(), [SECOND, THIRD, fourth]);
}

#[test]
fn a_number_that_was_reserved_can_be_given_back() {
    let mut life = running(Restart::Temporary);
    let birth = life.reserve_child(Restart::Permanent);
    life.forget_child(birth);
    assert_eq!(life.child_count(), 0);
    let birth = life.reserve_child(Restart::Permanent);
    life.set_child_address(birth, FIRST);
    assert_eq!(child_ends(&mut life, birth, FIRST), [child_exited(FIRST)]);
}

#[test]
fn a_parent_that_waits_for_a_verdict_is_told_when_it_is_resumed() {
    let (mut life, [first, second, _]) = parent_of(POLICIES, Supervision::default());
    feed(&mut life, Event::Failed(error()));
    assert_eq!(child_ends(&mut life, second, SECOND), []);
    assert_eq!(hear(&mut life, terminated()), []);
    assert_eq!(child_ends(&mut life, first, FIRST), []);
    let expected = [Effect::Resume, child_exited(SECOND), tell_terminated(), child_exited(FIRST)];
    assert_eq!(told(&mut life, Verdict::Resume), expected);
}

#[test]
fn a_new_instance_is_not_told_of_children_it_never_had() {
    let (mut life, [first, second, third]) = parent_of(POLICIES, Supervision::default());
    feed(&mut life, Event::Failed(error()));
    child_ends(&mut life, first, FIRST);
    told(&mut life, Verdict::Restart(Duration::ZERO));
    assert_eq!(child_ends(&mut life, second, SECOND), []);
    assert_eq!(child_ends(&mut life, third, THIRD), [Effect::Create]);
    assert_eq!(feed(&mut life, Event::Started), [Effect::Resume]);
}

#[test]
fn a_new_instance_is_told_what_the_actor_watched() {
    let mut life = suspended(Restart::Permanent);
    hear(&mut life, terminated());
    told(&mut life, Verdict::Restart(milliseconds(10)));
    hear(&mut life, terminated());
    feed(&mut life, Event::RestartDue);
    hear(&mut life, terminated());
    let expected = [Effect::Resume, tell_terminated(), tell_terminated(), tell_terminated()];
    assert_eq!(feed(&mut life, Event::Started), expected);
}

#[test]
fn a_parent_is_told_of_its_children_while_it_ends() {
    let mut life = running(Restart::Temporary);
    let birth = life.add_child(FIRST, Restart::Temporary);
    hear(&mut life, exit(STRANGER));
    feed(&mut life, Event::LastWordsSaid { recursive: true });
    assert_eq!(hear(&mut life, terminated()), [tell_terminated()]);
    let expected: Vec<_> = [child_exited(FIRST)].into_iter().chain(end(ExitReason::Requested)).collect();
    assert_eq!(child_ends(&mut life, birth, FIRST), expected);
}

#[test]
fn an_instance_that_ends_because_it_failed_is_told_nothing_more() {
    let mut life = running(Restart::Temporary);
    let birth = life.add_child(FIRST, Restart::Temporary);
    feed(&mut life, Event::Failed(error()));
    hear(&mut life, terminated());
    assert_eq!(told(&mut life, Verdict::Stop), [Effect::Discard, end_of_child(FIRST)]);
    assert_eq!(hear(&mut life, terminated()), []);
    assert_eq!(child_ends(&mut life, birth, FIRST), end(ExitReason::Failed(error())));
}

#[test]
fn whoever_watches_is_told_once_however_often_it_asked() {
    let mut life = starting(Restart::Temporary);
    hear(&mut life, watch(STRANGER));
    hear(&mut life, watch(STRANGER));
    hear(&mut life, watch(PARENT));
    let notice = Signal::Terminated { address: ME, reason: ExitReason::Requested };
    let effects = hear(&mut life, exit(PARENT));
    let notices: Vec<_> = effects.iter().filter(|effect| **effect == send(STRANGER, notice.clone())).collect();
    assert_eq!(notices.len(), 1);
    assert!(effects.contains(&send(PARENT, notice)), "a parent may watch too");
    assert!(effects.contains(&Effect::End(ExitReason::Requested)));
}

#[test]
fn whoever_does_not_watch_any_more_is_not_told() {
    let mut life = starting(Restart::Temporary);
    hear(&mut life, watch(STRANGER));
    hear(&mut life, Signal::Unwatch { by: STRANGER });
    assert_eq!(hear(&mut life, exit(PARENT)), end(ExitReason::Requested));
}

#[test]
fn watchers_stay_over_a_restart() {
    let mut life = running(Restart::Permanent);
    hear(&mut life, watch(STRANGER));
    assert_eq!(told(&mut life, Verdict::Restart(Duration::ZERO)), [Effect::Discard, Effect::Create]);
    let notice = Signal::Terminated { address: ME, reason: ExitReason::Requested };
    assert!(hear(&mut life, exit(PARENT)).contains(&send(STRANGER, notice)));
}

#[test]
fn an_actor_that_has_ended_answers_as_if_it_were_gone() {
    for (_, signal) in signals() {
        let answer: Vec<_> = signal.clone().bounce(ME).map(|(to, signal)| send(to, signal)).into_iter().collect();
        assert_eq!(hear(&mut ended(), signal), answer);
    }
}

#[test]
fn nobody_waits_in_vain_for_the_dead() {
    for (waits, signal) in signals() {
        assert_eq!(signal.clone().bounce(ME).is_some(), waits, "{signal:?}");
    }
    let failed = Signal::ChildFailed { birth: Birth::new(0), child: FIRST, failure: error() };
    assert_eq!(failed.bounce(ME), Some((FIRST, Signal::Verdict(Verdict::Stop))));
    let terminated = Signal::Terminated { address: ME, reason: ExitReason::Unknown };
    assert_eq!(watch(STRANGER).bounce(ME), Some((STRANGER, terminated)));
    let birth = Birth::new(5);
    let ended = Signal::ChildEnded { birth, child: ME, reason: ExitReason::Unknown };
    assert_eq!(Signal::Adopted { parent: PARENT, birth }.bounce(ME), Some((PARENT, ended)));
}

/// Every signal, and whether its sender waits for something.
fn signals() -> Vec<(bool, Signal)> {
    let birth = Birth::new(0);
    vec![
        (true, Signal::ChildFailed { birth, child: FIRST, failure: error() }),
        (true, watch(STRANGER)),
        (true, Signal::Adopted { parent: PARENT, birth }),
        (false, exit(PARENT)),
        (false, Signal::ChildEnded { birth, child: FIRST, reason: ExitReason::Stopped }),
        (false, Signal::Verdict(Verdict::Resume)),
        (false, Signal::Unwatch { by: STRANGER }),
        (false, terminated()),
    ]
}
