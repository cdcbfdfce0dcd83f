//! Supervision: who is restarted, when, and what survives.
//!
//! In one process: time to the nanosecond, how supervision of top-level actors is told, and an actor that can be
//! made only once, as its arguments can be read again.

use std::time::Duration;

use roscius::FailureKind;
use roscius::prelude::*;
use roscius::status::ActorState;
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Births, Double, Hook, HowMany, Number, Order, Puppet, Role, Saw, What, ended_by, fail, panic};
use crate::parts::{Diary, Enlist, Part};
use crate::scene::{PATIENCE, QUIET, Scene};

promises! {
    on every_base:
        one_for_one_restarts_the_child_that_failed,
        all_for_one_restarts_all_children,
        rest_for_one_restarts_those_started_later_too,
        a_temporary_sibling_is_stopped_instead_of_restarted,
        a_permanent_child_is_always_restarted,
        a_permanent_child_exits_when_its_parent_asks,
        a_transient_child_is_restarted_when_it_failed,
        a_transient_child_is_not_restarted_when_it_stopped,
        a_parent_can_decide_to_restart,
        a_parent_can_decide_to_stop,
        a_parent_can_decide_to_escalate,
        an_escalated_failure_restarts_the_family,
        a_parent_that_panics_while_it_decides_fails_itself,
        a_resumed_instance_goes_on,
        children_of_a_restarted_actor_end_and_are_made_anew,
        a_watcher_that_is_restarted_is_still_told,
        a_temporary_child_is_never_restarted,
        a_parent_can_decide_to_resume,
        the_stash_survives_a_restart,
        the_failed_message_is_not_delivered_to_the_new_instance,
        a_birth_that_fails_is_tried_again,
        a_restart_storm_of_a_child_ends_its_family,
        restarts_are_counted,
        too_many_restarts_fail_the_parent,
        the_intensity_counts_for_all_children_together,
        an_exit_during_the_back_off_does_not_wait_for_it,
        the_address_and_the_mailbox_survive_a_restart,
        the_name_survives_a_restart,
        a_restart_storm_ends;
    on every_base_and_claim:
        a_new_instance_starts_anew;
    on in_one_process:
        restarts_that_lie_back_do_not_count,
        a_restart_waits_for_its_back_off,
        the_back_off_grows_to_its_maximum,
        an_actor_that_can_be_made_only_once_ends_when_it_is_to_be_restarted,
        top_level_actors_are_supervised_as_the_system_was_told;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Stasher>()
}

const SECOND: Duration = Duration::from_secs(1);

/// A parent with children `a`, `b` and `c`, none of which is restarted too often in this suite.
fn family(scene: &Scene, supervision: Supervision, restart: Restart) -> [ActorRef<Puppet>; 4] {
    let supervision = supervision.intensity(100, 60 * SECOND);
    let role = scene.role("parent").supervises(supervision);
    let role = role.child("a", restart).child("b", restart).child("c", restart);
    scene.play_all(role, ["parent", "a", "b", "c"])
}

/// A parent with one child.
fn pair(scene: &Scene, parent: Role, restart: Restart) -> [ActorRef<Puppet>; 2] {
    scene.play_all(parent.child("child", restart), ["parent", "child"])
}

fn one_for_one_restarts_the_child_that_failed(base: Base) {
    let scene = Scene::new(base);
    let [_, _, b, _] = family(&scene, Supervision::one_for_one(), Restart::Permanent);
    scene.system.tell(b, fail("x")).unwrap();
    scene.expect("b", What::Started(b.address()));
    scene.probe.expect_nothing(QUIET);
}

fn all_for_one_restarts_all_children(base: Base) {
    let scene = Scene::new(base);
    let [_, a, b, c] = family(&scene, Supervision::all_for_one(), Restart::Permanent);
    scene.system.tell(b, panic("x")).unwrap();
    assert_eq!(scene.started(["a", "b", "c"]), [a, b, c]);
    scene.probe.expect_nothing(QUIET);
}

fn rest_for_one_restarts_those_started_later_too(base: Base) {
    let scene = Scene::new(base);
    let [_, a, b, c] = family(&scene, Supervision::rest_for_one(), Restart::Permanent);
    scene.system.tell(b, fail("x")).unwrap();
    assert_eq!(scene.started(["b", "c"]), [b, c]);
    scene.system.tell(c, fail("x")).unwrap();
    assert_eq!(scene.started(["c"]), [c]);
    scene.system.tell(a, fail("x")).unwrap();
    assert_eq!(scene.started(["a", "b", "c"]), [a, b, c]);
    scene.probe.expect_nothing(QUIET);
}

fn a_temporary_sibling_is_stopped_instead_of_restarted(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").supervises(Supervision::all_for_one());
    let role = role.child("a", Restart::Permanent).child("b", Restart::Temporary);
    let [_, a, b] = scene.play_all(role, ["parent", "a", "b"]);
    scene.system.tell(a, fail("x")).unwrap();
    scene.expect_all([
        ("a", What::Started(a.address())),
        ("b", What::Stopping),
        ("parent", What::ChildExited(b.address(), ExitReason::Requested.to_string())),
    ]);
}

fn a_permanent_child_is_always_restarted(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = pair(&scene, scene.role("parent"), Restart::Permanent);
    let stranger = scene.puppet("stranger");
    scene.system.tell(child, Order::Stop).unwrap();
    scene.expect("child", What::Started(child.address()));
    scene.system.tell(child, fail("x")).unwrap();
    scene.expect("child", What::Started(child.address()));
    scene.system.tell(stranger, Order::Exit(child.address())).unwrap();
    scene.expect("child", What::Started(child.address()));
}

fn a_permanent_child_exits_when_its_parent_asks(base: Base) {
    let scene = Scene::new(base);
    let [parent, child] = pair(&scene, scene.role("parent"), Restart::Permanent);
    scene.system.tell(parent, Order::Exit(child.address())).unwrap();
    scene.expect("child", What::Stopping);
    scene.expect("parent", What::ChildExited(child.address(), ExitReason::Requested.to_string()));
}

fn a_transient_child_is_restarted_when_it_failed(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = pair(&scene, scene.role("parent"), Restart::Transient);
    scene.system.tell(child, fail("x")).unwrap();
    scene.expect("child", What::Started(child.address()));
    scene.system.tell(child, panic("x")).unwrap();
    scene.expect("child", What::Started(child.address()));
}

fn a_transient_child_is_not_restarted_when_it_stopped(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = pair(&scene, scene.role("parent"), Restart::Transient);
    scene.system.tell(child, Order::Stop).unwrap();
    scene.expect("child", What::Stopping);
    scene.expect("parent", What::ChildExited(child.address(), ExitReason::Stopped.to_string()));
}

fn a_temporary_child_is_never_restarted(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = pair(&scene, scene.role("parent"), Restart::Temporary);
    scene.system.tell(child, fail("x")).unwrap();
    scene.expect("parent", What::ChildExited(child.address(), ended_by(FailureKind::Error, "x")));
    assert_eq!(scene.system.status().restarts, 0);
}

/// A family whose parent decides, in which the child has counted to one and then failed.
fn decided(scene: &Scene, decision: Decision, restart: Restart) -> [ActorRef<Puppet>; 2] {
    let [parent, child] = pair(scene, scene.role("parent").decides(decision), restart);
    scene.system.tell(child, Number(1)).unwrap();
    scene.expect("child", What::Handled(1));
    scene.system.tell(child, fail("x")).unwrap();
    scene.expect("parent", What::AskedToSupervise(child.address(), "failed: x".into()));
    [parent, child]
}

fn a_parent_can_decide_to_restart(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = decided(&scene, Decision::Restart, Restart::Temporary);
    scene.expect("child", What::Started(child.address()));
    assert_eq!(scene.system.ask(child, HowMany).wait(), Ok(0));
}

fn a_parent_can_decide_to_resume(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = decided(&scene, Decision::Resume, Restart::Temporary);
    assert_eq!(scene.system.ask(child, HowMany).wait_timeout(PATIENCE), Ok(1));
    assert_eq!(scene.system.status().restarts, 0);
}

fn a_parent_can_decide_to_stop(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = decided(&scene, Decision::Stop, Restart::Permanent);
    scene.expect("parent", What::ChildExited(child.address(), ended_by(FailureKind::Error, "x")));
}

fn a_parent_can_decide_to_escalate(base: Base) {
    let scene = Scene::new(base);
    let parent = scene.role("parent").decides(Decision::Escalate).child("child", Restart::Permanent);
    let role = scene.role("grandparent").decides(Decision::Resume).child_role(parent, Restart::Temporary);
    let [_, parent, child] = scene.play_all(role, ["grandparent", "parent", "child"]);
    scene.system.tell(child, Number(1)).unwrap();
    scene.expect("child", What::Handled(1));
    scene.system.tell(child, fail("x")).unwrap();
    scene.expect("parent", What::AskedToSupervise(child.address(), "failed: x".into()));
    let saw = scene.saw();
    let What::AskedToSupervise(whom, failure) = saw.what else { panic!("{saw:?}") };
    assert_eq!((saw.who.as_str(), whom), ("grandparent", parent.address()));
    assert!(failure.contains("took over") && failure.ends_with("failed: x"), "{failure}");
    // The grandparent lets all go on, the child too.
    assert_eq!(scene.system.ask(child, HowMany).wait_timeout(PATIENCE), Ok(1));
    assert_eq!(scene.system.ask(parent, Double(1)).wait_timeout(PATIENCE), Ok(2));
}

fn an_escalated_failure_restarts_the_family(base: Base) {
    let scene = Scene::new(base);
    let parent = scene.role("parent").decides(Decision::Escalate).child("child", Restart::Permanent);
    let role = scene.role("grandparent").child_role(parent, Restart::Transient);
    let [_, parent, child] = scene.play_all(role, ["grandparent", "parent", "child"]);
    scene.system.tell(child, fail("x")).unwrap();
    scene.expect("parent", What::AskedToSupervise(child.address(), "failed: x".into()));
    let [parent_again, child_again] = scene.started(["parent", "child"]);
    assert_eq!(parent_again, parent);
    assert_ne!(child_again, child, "the new instance of the parent has a new child");
    scene.wait_for_end(child);
}

fn a_parent_that_panics_while_it_decides_fails_itself(base: Base) {
    let scene = Scene::new(base);
    let [parent, child] = pair(&scene, scene.role("parent").panics_in(Hook::Supervise), Restart::Permanent);
    scene.probe.endpoint().watch(parent);
    scene.system.tell(child, fail("x")).unwrap();
    assert_eq!(scene.expect_end().reason.to_string(), ended_by(FailureKind::Panic, "panic in Supervise"));
    scene.wait_for_end(child);
}

fn too_many_restarts_fail_the_parent(base: Base) {
    let scene = Scene::timeless(base);
    let role = scene.role("parent").supervises(Supervision::one_for_one().intensity(2, 10 * SECOND));
    let [parent, child] = pair(&scene, role, Restart::Permanent);
    scene.probe.endpoint().watch(parent);
    for _ in 0..2 {
        scene.system.tell(child, fail("again")).unwrap();
        scene.expect("child", What::Started(child.address()));
    }
    scene.system.tell(child, fail("too often")).unwrap();
    let end = scene.probe.expect_terminated();
    let ExitReason::Failed(report) = end.reason else { panic!("{end:?}") };
    assert_eq!(report.kind, FailureKind::Intensity);
    assert!(report.details.contains("too often"), "{report}");
    scene.wait_for_end(child);
}

fn restarts_that_lie_back_do_not_count(base: Base) {
    let scene = Scene::timeless(base);
    let role = scene.role("parent").supervises(Supervision::one_for_one().intensity(1, 10 * SECOND));
    let [_, child] = pair(&scene, role, Restart::Permanent);
    for _ in 0..5 {
        scene.system.tell(child, fail("again")).unwrap();
        scene.expect("child", What::Started(child.address()));
        scene.pass(11 * SECOND);
    }
}

fn the_intensity_counts_for_all_children_together(base: Base) {
    let scene = Scene::timeless(base);
    let role = scene.role("parent").supervises(Supervision::one_for_one().intensity(2, 10 * SECOND));
    let role = role.child("a", Restart::Permanent).child("b", Restart::Permanent);
    let [parent, a, b] = scene.play_all(role, ["parent", "a", "b"]);
    scene.probe.endpoint().watch(parent);
    for (child, label) in [(a, "a"), (b, "b")] {
        scene.system.tell(child, fail("x")).unwrap();
        scene.expect(label, What::Started(child.address()));
    }
    scene.system.tell(a, fail("x")).unwrap();
    // The healthy child exits in order.
    scene.expect("b", What::Stopping);
    assert!(matches!(scene.probe.expect_terminated().reason, ExitReason::Failed(_)));
}

/// A child that waits this long before its restarts, without a jitter.
fn backing_off(scene: &Scene, backoff: Backoff) -> ActorRef<Puppet> {
    let supervision = Supervision::one_for_one().intensity(100, 3600 * SECOND).backoff(backoff.jitter_percent(0));
    pair(scene, scene.role("parent").supervises(supervision), Restart::Permanent)[1]
}

fn expect_back_off(scene: &Scene, child: ActorRef<Puppet>, delay: Duration) {
    scene.system.tell(child, fail("x")).unwrap();
    scene.wait_for_state(child, ActorState::Restarting);
    scene.pass(delay - Duration::from_nanos(1));
    scene.probe.expect_nothing(QUIET);
    scene.pass(Duration::from_nanos(1));
    scene.expect("child", What::Started(child.address()));
}

fn a_restart_waits_for_its_back_off(base: Base) {
    let scene = Scene::timeless(base);
    let child = backing_off(&scene, Backoff::constant(SECOND));
    for _ in 0..3 {
        expect_back_off(&scene, child, SECOND);
    }
}

fn the_back_off_grows_to_its_maximum(base: Base) {
    let scene = Scene::timeless(base);
    let child = backing_off(&scene, Backoff::exponential(SECOND, 3 * SECOND));
    for delay in [1, 2, 3, 3] {
        expect_back_off(&scene, child, delay * SECOND);
    }
}

fn an_exit_during_the_back_off_does_not_wait_for_it(base: Base) {
    let scene = Scene::timeless(base);
    let supervision = Supervision::one_for_one().backoff(Backoff::constant(3600 * SECOND));
    let [parent, child] = pair(&scene, scene.role("parent").supervises(supervision), Restart::Permanent);
    scene.system.tell(child, fail("x")).unwrap();
    scene.wait_for_state(child, ActorState::Restarting);
    scene.system.tell(child, Number(1)).unwrap();
    scene.system.exit(parent);
    scene.wait_for_end(parent);
    scene.dead_letters(2); // The failed message, and the one that waited.
}

fn the_address_and_the_mailbox_survive_a_restart(base: Base) {
    let scene = Scene::timeless(base);
    let child = backing_off(&scene, Backoff::constant(SECOND));
    scene.system.tell(child, fail("x")).unwrap();
    if !scene.system.is_of_processes() {
        scene.wait_for_state(child, ActorState::Restarting);
    }
    for number in 1..=100 {
        scene.system.tell(child, Number(number)).unwrap();
    }
    let ask = scene.system.ask(child, HowMany);
    scene.pass(SECOND);
    scene.expect("child", What::Started(child.address()));
    for number in 1..=100 {
        scene.expect("child", What::Handled(number));
    }
    assert_eq!(ask.wait(), Ok(100));
}

fn the_name_survives_a_restart(base: Base) {
    let scene = Scene::timeless(base);
    let props = scene.role("named").part().named("the child").restart(Restart::Permanent);
    let named = scene.play(props, "named");
    scene.system.tell(named, fail("x")).unwrap();
    scene.expect("named", What::Started(named.address()));
    assert_eq!(scene.system.lookup("the child"), Some(named.address()));
    if !scene.system.is_of_processes() {
        assert_eq!(scene.system.lookup_actor("the child"), Some(named));
    }
}

plays_itself!(Stasher);

/// Stashes numbers until it is opened.
#[derive(Clone, Serialize, Deserialize)]
struct Stasher {
    observer: Address,
    open: bool,
}

#[derive(Message, Serialize, Deserialize)]
struct Open;

#[derive(Message, Serialize, Deserialize)]
struct Break;

impl Actor for Stasher {
    type Protocol = (Number, Open, Break);
}

impl Handler<Number> for Stasher {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        if !self.open {
            return ctx.stash();
        }
        let _ = ctx.send(self.observer, Saw { who: "stasher".into(), what: What::Handled(*number) });
        Ok(())
    }
}

impl Handler<Open> for Stasher {
    fn receive(&mut self, _: &mut Open, ctx: &mut Context<Self>) -> Outcome<()> {
        self.open = true;
        ctx.unstash_all();
        Ok(())
    }
}

impl Handler<Break> for Stasher {
    fn receive(&mut self, _: &mut Break, _: &mut Context<Self>) -> Outcome<()> {
        Err(Failure::new("broken").into())
    }
}

fn the_stash_survives_a_restart(base: Base) {
    let scene = Scene::new(base);
    let observer = scene.probe.address();
    let part = Part::from(Stasher { observer, open: false }).restart(Restart::Permanent);
    let stasher = scene.system.cast(part).unwrap();
    for number in 1..=3 {
        scene.system.tell(stasher, Number(number)).unwrap();
    }
    scene.system.tell(stasher, Break).unwrap();
    scene.system.tell(stasher, Number(4)).unwrap();
    scene.system.tell(stasher, Open).unwrap();
    for number in 1..=4 {
        scene.expect("stasher", What::Handled(number));
    }
    assert_eq!(scene.system.status().restarts, 1);
}

fn a_new_instance_starts_anew(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = pair(&scene, scene.role("parent"), Restart::Permanent);
    scene.system.tell(child, Number(1)).unwrap();
    scene.expect("child", What::Handled(1));
    scene.system.tell(child, fail("x")).unwrap();
    scene.expect("child", What::Started(child.address()));
    assert_eq!(scene.system.ask(child, HowMany).wait(), Ok(0));
}

fn a_resumed_instance_goes_on(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = pair(&scene, scene.role("parent").decides(Decision::Resume), Restart::Permanent);
    for number in 1..=3 {
        scene.system.tell(child, Number(number)).unwrap();
        scene.expect("child", What::Handled(number));
        scene.system.tell(child, fail("x")).unwrap();
        scene.expect("parent", What::AskedToSupervise(child.address(), "failed: x".into()));
    }
    assert_eq!(scene.system.ask(child, HowMany).wait(), Ok(3));
}

fn the_failed_message_is_not_delivered_to_the_new_instance(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = pair(&scene, scene.role("parent"), Restart::Permanent);
    scene.probe.tell(child, fail("once"));
    let mut starts = 0;
    let mut poisons = 0;
    for _ in 0..2 {
        match scene.probe.endpoint().listen(PATIENCE) {
            Some(roscius::Received::Poison(_)) => poisons += 1,
            Some(roscius::Received::Message(_)) => starts += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((starts, poisons), (1, 1));
    scene.settle(child);
    scene.probe.expect_nothing(QUIET);
    assert_eq!(scene.system.status().failures, 1);
}

fn children_of_a_restarted_actor_end_and_are_made_anew(base: Base) {
    let scene = Scene::new(base);
    let parent = scene.role("parent").child("child", Restart::Temporary);
    let role = scene.role("grandparent").child_role(parent, Restart::Permanent);
    let diary = Diary::new();
    let role = role.keeps(&diary);
    let [_, parent, child] = scene.play_all(role, ["grandparent", "parent", "child"]);
    scene.system.tell(parent, fail("x")).unwrap();
    // The old child says its last words before the new parent starts, and the new child comes after it.
    scene.expect("child", What::Stopping);
    let [parent_again, child_again] = scene.started(["parent", "child"]);
    assert_eq!(parent_again, parent);
    assert_ne!(child_again, child);
    assert_eq!(diary.ends(), ["parent", "child"]);
    assert_eq!(scene.system.ask(child_again, Order::Parent).wait(), Ok(Some(parent.address())));
}

fn a_watcher_that_is_restarted_is_still_told(base: Base) {
    let scene = Scene::new(base);
    let watched = scene.puppet("watched");
    let [_, watcher] = pair(&scene, scene.role("parent"), Restart::Permanent);
    scene.system.tell(watcher, Order::Watch(watched.address())).unwrap();
    // It comes after what the watcher sent before, to the same receiver.
    scene.system.tell(watcher, Order::Tell(watched.address(), 1)).unwrap();
    scene.expect("watched", What::Handled(1));
    scene.system.tell(watcher, fail("x")).unwrap();
    scene.expect("child", What::Started(watcher.address()));
    scene.system.exit(watched);
    scene.expect("watched", What::Stopping);
    scene.expect("child", What::Terminated(watched.address(), ExitReason::Requested.to_string()));
}

fn a_birth_that_fails_is_tried_again(base: Base) {
    for births in [Births::ConstructorFails, Births::ConstructorPanics, Births::StartFails, Births::StartPanics] {
        let scene = Scene::new(base);
        let child = scene.role("child").fails_to_start(births, 2);
        let role = scene.role("parent").child_role(child, Restart::Transient);
        let [_, child] = scene.play_all(role, ["parent", "child"]);
        assert_eq!(scene.system.ask(child, Double(1)).wait(), Ok(2), "{births:?}");
        assert_eq!(scene.system.status().restarts, 2, "{births:?}");
    }
}

fn an_actor_that_can_be_made_only_once_ends_when_it_is_to_be_restarted(base: Base) {
    let scene = Scene::new(base);
    let observer = scene.probe.address();
    let stasher = Stasher { observer, open: true };
    let once = scene.system.spawn(Props::once(move || stasher).restart(Restart::Permanent)).unwrap();
    scene.system.tell(once, Number(1)).unwrap();
    scene.expect("stasher", What::Handled(1));
    scene.probe.endpoint().watch(once);
    scene.system.tell(once, Break).unwrap();
    let ExitReason::Failed(report) = scene.probe.expect_terminated().reason else { panic!("it cannot be restarted") };
    assert!(report.details.contains("only once"), "{report}");
}

fn a_restart_storm_ends(base: Base) {
    let scene = Scene::new(base);
    let props = scene.role("doomed").fails_to_start(Births::ConstructorPanics, u32::MAX).part();
    let doomed = scene.system.cast(props.restart(Restart::Permanent)).unwrap();
    scene.wait_for_end(doomed);
    // What its process has counted has gone with it.
    if !scene.system.is_of_processes() {
        let status = scene.system.status();
        assert_eq!((status.restarts, status.failures), (3, 4), "{status}");
    }
}

fn a_restart_storm_of_a_child_ends_its_family(base: Base) {
    let scene = Scene::new(base);
    let child = scene.role("child").fails_to_start(Births::StartPanics, u32::MAX);
    let role = scene.role("parent").child_role(child, Restart::Permanent);
    let props = role.part().restart(Restart::Permanent);
    let parent = scene.system.cast(props).unwrap();
    scene.probe.endpoint().watch(parent);
    // The parent is restarted as often as the root bears it, and each time it has a new child that fails.
    for _ in 0..=3 {
        scene.expect("parent", What::Started(parent.address()));
    }
    // All may be over before the probe watches.
    let reason = scene.probe.expect_terminated().reason;
    assert!(matches!(reason, ExitReason::Failed(_) | ExitReason::Unknown), "{reason}");
    scene.wait_until("all have gone", || scene.system.status().actors.is_empty());
}

fn top_level_actors_are_supervised_as_the_system_was_told(base: Base) {
    let scene = Scene::with(base, |builder| builder.supervision(Supervision::all_for_one().intensity(1, 60 * SECOND)));
    let spawn = |label: &str| scene.play(scene.role(label).part().restart(Restart::Permanent), label);
    let (first, second) = (spawn("first"), spawn("second"));
    scene.system.tell(first, fail("x")).unwrap();
    scene.started(["first", "second"]);
    scene.system.tell(second, fail("x")).unwrap();
    scene.wait_for_end(second);
    assert!(scene.is_alive(first), "there is nobody above the root: who failed too often is stopped");
}

fn restarts_are_counted(base: Base) {
    let scene = Scene::new(base);
    let [_, child] = pair(&scene, scene.role("parent"), Restart::Permanent);
    for _ in 0..3 {
        scene.system.tell(child, fail("x")).unwrap();
        scene.expect("child", What::Started(child.address()));
    }
    scene.settle(child);
    assert_eq!(scene.system.status().restarts, 3);
    scene
        .wait_until("the actor shows its restarts", || scene.status_of(child).is_some_and(|it| it.restarts == Some(3)));
}
