//! Life: creation, children, exit.
//!
//! In one process: closures that count, two thousand generations, ten thousand actors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use roscius::prelude::*;
use roscius::{FailureKind, SpawnError, Undelivered};
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Births, Double, Hook, HowMany, Number, Order, Puppet, What, ended_by, fail};
use crate::parts::{Diary, Enlist};
use crate::scene::{QUIET, Scene};

promises! {
    on every_base:
        an_actor_is_created_with_its_arguments,
        hooks_run_in_their_order,
        messages_sent_at_once_are_handled_after_the_start,
        an_actor_can_stop_while_it_starts,
        an_exit_request_to_the_dead_is_nothing,
        an_exit_while_starting_is_obeyed,
        children_exit_before_their_parents,
        last_words_can_leave_the_children_alive,
        an_orphan_exits_at_shutdown,
        an_orphan_that_exits_at_once_is_not_waited_for,
        a_child_cannot_be_created_by_an_actor_that_exits,
        a_destructor_that_panics_changes_nothing,
        a_destructor_that_panics_after_a_failed_start_changes_nothing,
        a_panic_while_stopping_does_not_stop_the_exit,
        every_instance_is_dropped_once,
        a_child_knows_its_parent_and_the_parent_its_children,
        an_actor_that_stops_handles_no_further_message,
        a_parent_that_waits_for_its_children_takes_no_messages,
        an_exit_alone_leaves_the_children_alive,
        messages_that_wait_at_the_exit_are_dead_letters,
        a_parent_is_told_once_that_its_child_exited,
        a_constructor_that_panics_ends_the_actor,
        a_constructor_that_fails_ends_the_actor,
        a_start_that_fails_ends_the_actor,
        a_start_that_panics_ends_the_actor,
        messages_to_an_actor_that_was_never_born_are_dead_letters;
    on every_base_and_claim:
        an_exit_request_is_obeyed,
        last_words_can_still_be_sent;
    on in_one_process:
        a_long_line_of_generations_exits,
        ten_thousand_actors_come_and_go,
        the_constructor_runs_in_the_new_actor;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Made>()
}

fn an_actor_is_created_with_its_arguments(base: Base) {
    let scene = Scene::new(base);
    scene.puppet("the label is an argument");
    let child = Order::Spawn("so is this".into(), Restart::Temporary);
    scene.system.cast(scene.role("parent").first(child)).unwrap();
    scene.started(["parent", "so is this"]);
}

plays_itself!(Made);

/// Answers with what it was made of.
#[derive(Clone, Serialize, Deserialize)]
struct Made(u64);

impl Actor for Made {
    type Protocol = (HowMany,);
}

impl Handler<HowMany> for Made {
    fn receive(&mut self, _: &mut HowMany, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(self.0)
    }
}

fn the_constructor_runs_in_the_new_actor(base: Base) {
    let scene = Scene::new(base);
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let made = scene
        .system
        .spawn(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Made(7)
        })
        .unwrap();
    assert_eq!(scene.system.ask(made, HowMany).wait(), Ok(7));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

fn hooks_run_in_their_order(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("puppet");
    let diary = Diary::new();
    let role = role.keeps(&diary);
    let puppet = scene.play(role, "puppet");
    scene.probe.endpoint().watch(puppet);
    scene.system.tell(puppet, Number(1)).unwrap();
    scene.system.tell(puppet, Order::Stop).unwrap();
    scene.expect("puppet", What::Handled(1));
    scene.expect("puppet", What::Stopping);
    assert_eq!(scene.probe.expect_terminated(), Terminated { address: puppet.address(), reason: ExitReason::Stopped });
    assert_eq!(diary.ends(), ["puppet"]);
    scene.probe.expect_nothing(QUIET);
}

fn messages_sent_at_once_are_handled_after_the_start(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.system.cast(scene.role("puppet")).unwrap();
    for number in 1..=100 {
        scene.system.tell(puppet, Number(number)).unwrap();
    }
    scene.expect("puppet", What::Started(puppet.address()));
    for number in 1..=100 {
        scene.expect("puppet", What::Handled(number));
    }
}

fn a_child_knows_its_parent_and_the_parent_its_children(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("a", Restart::Temporary).child("b", Restart::Temporary);
    let [parent, a, b] = scene.play_all(role, ["parent", "a", "b"]);
    for child in [a, b] {
        assert_eq!(scene.system.ask(child, Order::Parent).wait(), Ok(Some(parent.address())));
    }
    scene.wait_until("the parent shows its children", || {
        scene.status_of(parent).is_some_and(|it| it.children == Some(2))
    });
}

fn an_actor_that_stops_handles_no_further_message(base: Base) {
    let scene = Scene::new(base);
    let (puppet, other) = (scene.puppet("puppet"), scene.puppet("other"));
    scene.probe.endpoint().watch(puppet);
    scene.system.tell(other, Order::TellAll(puppet.address(), 1, 2)).unwrap();
    scene.expect("puppet", What::Handled(1));
    scene.expect("puppet", What::Handled(2));
    scene.system.tell(puppet, Order::Stop).unwrap();
    scene.expect("puppet", What::Stopping);
    scene.probe.expect_terminated();
    scene.system.tell(puppet, Number(3)).unwrap();
    let (target, reason) = scene.only_dead_letter();
    assert_eq!(target, puppet.address());
    // Its process may be there a moment longer, and say so itself.
    assert!(matches!(reason, Undelivered::NoActor | Undelivered::Exited), "{reason}");
}

fn an_actor_can_stop_while_it_starts(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.play(scene.role("puppet").first(Order::Stop), "puppet");
    scene.expect("puppet", What::Stopping);
    scene.wait_for_end(puppet);
    let parent = scene.puppet("parent");
    let child = scene.role("child").first(Order::Stop);
    let role = scene.role("another").child_role(child, Restart::Temporary);
    scene.system.cast(role).unwrap();
    let seen = scene.saw_all(4);
    assert!(seen.iter().any(|saw| saw.who == "another" && matches!(saw.what, What::ChildExited(..))), "{seen:?}");
    scene.settle(parent);
    assert!(scene.system.shut_down(), "nobody is waited for who has gone");
}

fn an_exit_request_is_obeyed(base: Base) {
    let scene = Scene::new(base);
    let (puppet, other) = (scene.puppet("puppet"), scene.puppet("other"));
    scene.probe.endpoint().watch(puppet);
    scene.system.tell(other, Order::Exit(puppet.address())).unwrap();
    scene.expect("puppet", What::Stopping);
    assert_eq!(scene.probe.expect_terminated().reason, ExitReason::Requested);
    scene.system.exit(other);
    scene.expect("other", What::Stopping);
    scene.wait_for_end(other);
}

fn an_exit_request_to_the_dead_is_nothing(base: Base) {
    let scene = Scene::new(base);
    let (puppet, other) = (scene.puppet("puppet"), scene.puppet("other"));
    scene.system.exit(puppet);
    scene.expect("puppet", What::Stopping);
    scene.wait_for_end(puppet);
    let heir = scene.puppet("heir"); // It may have the place of the dead.
    scene.system.exit(puppet);
    scene.system.tell(other, Order::Exit(puppet.address())).unwrap();
    scene.system.exit(Address::nobody(puppet.address().node()));
    scene.system.exit(scene.probe.address());
    scene.settle(other);
    scene.settle(heir);
}

fn an_exit_while_starting_is_obeyed(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.system.cast(scene.role("puppet")).unwrap();
    scene.system.exit(puppet);
    scene.expect("puppet", What::Started(puppet.address()));
    scene.expect("puppet", What::Stopping);
    scene.wait_for_end(puppet);
}

fn family(scene: &Scene) -> [ActorRef<Puppet>; 4] {
    let parent = scene.role("parent").child("son", Restart::Temporary).child("daughter", Restart::Temporary);
    let role = scene.role("grandparent").child_role(parent, Restart::Temporary);
    scene.play_all(role, ["grandparent", "parent", "son", "daughter"])
}

fn children_exit_before_their_parents(base: Base) {
    let scene = Scene::new(base);
    let [grandparent, parent, son, daughter] = family(&scene);
    for address in [grandparent, parent, son, daughter] {
        scene.probe.endpoint().watch(address);
    }
    scene.system.exit(grandparent);
    let mut ended = Vec::new();
    let mut told = Vec::new();
    while ended.len() < 4 || told.len() < 7 {
        match scene.probe.endpoint().listen(crate::scene::PATIENCE) {
            Some(roscius::Received::Terminated(end)) => ended.push(end),
            Some(roscius::Received::Message(_)) => told.push(()),
            other => panic!("after {ended:?}: {other:?}"),
        }
    }
    let position = |of: ActorRef<Puppet>| ended.iter().position(|end| end.address == of.address()).unwrap();
    assert!(position(son) < position(parent) && position(daughter) < position(parent), "{ended:?}");
    assert!(position(parent) < position(grandparent), "{ended:?}");
    assert_eq!(ended[3].reason, ExitReason::Requested);
    assert!(ended[..3].iter().all(|end| end.reason == ExitReason::ParentEnded), "{ended:?}");
}

fn a_parent_that_waits_for_its_children_takes_no_messages(base: Base) {
    let scene = Scene::new(base);
    let child = scene.role("child");
    let parent = scene.role("parent").child_role(child, Restart::Temporary);
    let [parent, _] = scene.play_all(parent, ["parent", "child"]);
    scene.system.exit(parent);
    scene.system.tell(parent, Number(1)).unwrap();
    let seen = scene.saw_all(3);
    assert!(seen.iter().all(|saw| !matches!(saw.what, What::Handled(_))), "{seen:?}");
    scene.dead_letters(1);
}

fn an_exit_alone_leaves_the_children_alive(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Temporary);
    let [parent, child] = scene.play_all(role, ["parent", "child"]);
    let other = scene.puppet("other");
    let top = scene.system.ask(other, Order::Parent).wait().unwrap();
    scene.system.tell(other, Order::ExitAlone(parent.address())).unwrap();
    scene.expect("parent", What::Stopping);
    scene.wait_for_end(parent);
    scene.wait_until("the child belongs to the root", || scene.system.ask(child, Order::Parent).wait().unwrap() == top);
    assert_eq!(scene.system.ask(child, Double(1)).wait(), Ok(2));
}

fn last_words_can_leave_the_children_alive(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Temporary).leaves_children();
    let [parent, child] = scene.play_all(role, ["parent", "child"]);
    scene.system.exit(parent);
    scene.expect("parent", What::Stopping);
    scene.wait_for_end(parent);
    assert_eq!(scene.system.ask(child, Double(1)).wait(), Ok(2));
}

fn an_orphan_exits_at_shutdown(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Temporary).leaves_children();
    let diary = Diary::new();
    let role = role.keeps(&diary);
    let [parent, _] = scene.play_all(role, ["parent", "child"]);
    scene.system.exit(parent);
    scene.wait_for_end(parent);
    assert!(scene.system.shut_down());
    assert_eq!(diary.ends(), ["parent", "child"]);
}

fn an_orphan_that_exits_at_once_is_not_waited_for(base: Base) {
    let scene = Scene::new(base);
    for _ in 0..50 {
        let role = scene.role("parent").child("child", Restart::Temporary).leaves_children();
        let [parent, child] = scene.play_all(role, ["parent", "child"]);
        scene.system.exit(parent);
        scene.system.exit(child);
        scene.expect_all([("parent", What::Stopping), ("child", What::Stopping)]);
        scene.wait_for_end(child);
        scene.wait_for_end(parent);
    }
    assert!(scene.system.shut_down());
}

fn last_words_can_still_be_sent(base: Base) {
    let scene = Scene::new(base);
    let heir = scene.puppet("heir");
    let role = scene.role("puppet").last(Order::TellAll(heir.address(), 1, 200));
    let puppet = scene.play(role, "puppet");
    scene.system.exit(puppet);
    scene.expect("puppet", What::Stopping);
    for number in 1..=200 {
        scene.expect("heir", What::Handled(number));
    }
}

fn a_child_cannot_be_created_by_an_actor_that_exits(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("puppet").last(Order::Spawn("late".into(), Restart::Temporary));
    let puppet = scene.play(role, "puppet");
    scene.system.exit(puppet);
    scene.expect("puppet", What::Stopping);
    scene.expect("puppet", What::NotSpawned(SpawnError::Exiting.to_string()));
    scene.wait_for_end(puppet);
}

fn messages_that_wait_at_the_exit_are_dead_letters(base: Base) {
    let scene = Scene::new(base);
    let (puppet, other) = (scene.puppet("puppet"), scene.puppet("other"));
    let role = scene.role("sender").first(Order::Exit(puppet.address())).first(Order::TellAll(puppet.address(), 1, 3));
    let sender = scene.system.cast(role).unwrap();
    scene.expect_all([("sender", What::Started(sender.address())), ("puppet", What::Stopping)]);
    let letters = scene.dead_letters(3);
    assert!(letters.iter().all(|letter| letter.message == Number::NAME && letter.target == puppet.address()));
    scene.settle(other);
}

fn a_parent_is_told_once_that_its_child_exited(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Temporary);
    let [parent, child] = scene.play_all(role, ["parent", "child"]);
    scene.system.tell(child, Order::Stop).unwrap();
    scene.expect("child", What::Stopping);
    scene.expect("parent", What::ChildExited(child.address(), ExitReason::Stopped.to_string()));
    scene.settle(parent);
    scene.wait_until("the parent shows no child", || {
        scene.status_of(parent).is_some_and(|parent| parent.children == Some(0))
    });
    scene.probe.expect_nothing(QUIET);
}

/// A child and a top-level actor that are never born, or die as they start.
fn stillborn(base: Base, births: Births, details: &str) {
    let scene = Scene::new(base);
    let child = scene.role("child").fails_to_start(births, u32::MAX);
    let parent = scene.play(scene.role("parent").child_role(child, Restart::Temporary), "parent");
    let saw = scene.saw();
    let What::ChildExited(_, reason) = saw.what else { panic!("expected the end of the child, got {saw:?}") };
    assert_eq!(reason, ended_by(FailureKind::Creation, details));
    scene.settle(parent);
    let top = scene.system.cast(scene.role("top").fails_to_start(births, u32::MAX)).unwrap();
    scene.wait_for_end(top);
    // What the process of the top-level actor has counted has gone with it.
    let counted = if scene.system.is_of_processes() { 1 } else { 2 };
    assert_eq!(scene.system.status().failures, counted);
    assert!(scene.system.shut_down());
}

fn a_constructor_that_panics_ends_the_actor(base: Base) {
    stillborn(base, Births::ConstructorPanics, "the constructor panicked");
}

fn a_constructor_that_fails_ends_the_actor(base: Base) {
    stillborn(base, Births::ConstructorFails, "the constructor failed");
}

fn a_start_that_fails_ends_the_actor(base: Base) {
    stillborn(base, Births::StartFails, "the start failed");
}

fn a_start_that_panics_ends_the_actor(base: Base) {
    stillborn(base, Births::StartPanics, "the start panicked");
}

fn messages_to_an_actor_that_was_never_born_are_dead_letters(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("puppet").fails_to_start(Births::ConstructorPanics, u32::MAX);
    let puppet = scene.system.cast(role).unwrap();
    for number in 1..=3 {
        scene.system.tell(puppet, Number(number)).unwrap();
    }
    scene.dead_letters(3);
    assert_eq!(scene.system.ask(puppet, Double(1)).wait(), Err(AskError::NoActor));
}

fn a_destructor_that_panics_changes_nothing(base: Base) {
    let scene = Scene::new(base);
    let child = scene.role("child").panics_in(Hook::Drop);
    let role = scene.role("parent").child_role(child, Restart::Transient);
    let [parent, child] = scene.play_all(role, ["parent", "child"]);
    scene.system.tell(child, fail("restart")).unwrap();
    scene.expect("child", What::Started(child.address()));
    scene.system.tell(child, Number(1)).unwrap();
    scene.expect("child", What::Handled(1));
    scene.system.exit(child);
    scene.expect("child", What::Stopping);
    scene.expect("parent", What::ChildExited(child.address(), ExitReason::Requested.to_string()));
    assert_eq!(scene.system.ask(parent, Double(1)).wait(), Ok(2));
}

fn a_destructor_that_panics_after_a_failed_start_changes_nothing(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("puppet").fails_to_start(Births::StartFails, u32::MAX).panics_in(Hook::Drop);
    let puppet = scene.system.cast(role).unwrap();
    scene.wait_for_end(puppet);
    let other = scene.puppet("other");
    scene.settle(other);
    assert!(scene.system.shut_down());
}

fn a_panic_while_stopping_does_not_stop_the_exit(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Temporary).panics_in(Hook::Stopping);
    let [parent, _] = scene.play_all(role, ["parent", "child"]);
    scene.probe.endpoint().watch(parent);
    scene.system.exit(parent);
    scene.expect_all([("parent", What::Stopping), ("child", What::Stopping)]);
    let told = scene.saw();
    assert!(matches!(told.what, What::ChildExited(..)), "{told:?}");
    assert_eq!(scene.probe.expect_terminated().reason, ExitReason::Requested);
}

fn every_instance_is_dropped_once(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("a", Restart::Permanent).child("b", Restart::Temporary);
    let diary = Diary::new();
    let role = role.keeps(&diary);
    let [_, a, _] = scene.play_all(role, ["parent", "a", "b"]);
    scene.system.tell(a, fail("once")).unwrap();
    scene.expect("a", What::Started(a.address()));
    assert!(scene.system.shut_down());
    let mut ends = diary.ends();
    ends.sort();
    assert_eq!(ends, ["a", "a", "b", "parent"]);
}

/// Creates a child with one generation less to go.
struct Ancestor {
    generations: u32,
    alive: Arc<AtomicU32>,
}

impl Actor for Ancestor {
    type Protocol = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        self.alive.fetch_add(1, Ordering::AcqRel);
        if self.generations > 0 {
            let (generations, alive) = (self.generations - 1, Arc::clone(&self.alive));
            ctx.spawn(Props::new(move || Ancestor { generations, alive: Arc::clone(&alive) }).spread())?;
        }
        Ok(())
    }
}

impl Drop for Ancestor {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::AcqRel);
    }
}

fn a_long_line_of_generations_exits(base: Base) {
    let scene = Scene::new(base);
    let alive: Arc<AtomicU32> = Arc::default();
    let shared = Arc::clone(&alive);
    let first = scene.system.spawn(move || Ancestor { generations: 2000, alive: Arc::clone(&shared) }).unwrap();
    scene.wait_until("all generations live", || {
        scene.system.run_until_idle();
        alive.load(Ordering::Acquire) == 2001
    });
    scene.system.exit(first);
    scene.system.run_until_idle();
    scene.wait_for_end(first);
    assert_eq!(alive.load(Ordering::Acquire), 0);
}

fn ten_thousand_actors_come_and_go(base: Base) {
    let scene = Scene::new(base);
    for _ in 0..10 {
        let made: Vec<_> = (0..1000).map(|number| scene.system.spawn(move || Made(number)).unwrap()).collect();
        let last = made[999];
        assert_eq!(scene.system.ask(last, HowMany).wait(), Ok(999));
        assert_eq!(scene.system.status().actors.len(), 1000);
        made.iter().for_each(|&actor| scene.system.exit(actor));
        scene.wait_until("all have gone", || scene.system.status().actors.is_empty());
        assert_eq!(scene.system.ask(last, HowMany).wait(), Err(AskError::NoActor));
    }
}
