//! Watching: whoever watches an address is told once when it ends, and why.

use roscius::prelude::*;
use roscius::{FailureKind, Received};

use crate::bases::Base;
use crate::cast::{Births, Number, Order, Puppet, What, ended_by, fail};
use crate::scene::{PATIENCE, QUIET, Scene};

promises! {
    on every_base:
        a_watcher_is_told_once_why_an_actor_ended,
        an_endpoint_can_watch,
        who_watches_twice_is_told_once,
        who_does_not_watch_any_more_is_not_told,
        whoever_watches_the_dead_is_told_at_once,
        whoever_watches_a_foreign_address_is_told_at_once,
        a_restart_is_no_end,
        all_watchers_are_told,
        two_actors_can_watch_each_other,
        an_actor_that_watches_itself_is_not_held_up,
        a_parent_can_watch_its_child,
        what_never_came_to_life_is_told_too,
        an_endpoint_can_be_watched;
    on every_base_and_claim:
        each_reason_is_told;
}

/// Has one puppet watch another.
fn watch(scene: &Scene, watcher: ActorRef<Puppet>, watched: ActorRef<Puppet>) {
    scene.system.tell(watcher, Order::Watch(watched.address())).unwrap();
    // It comes after what the watcher sent before, to the same receiver.
    scene.system.tell(watcher, Order::Tell(watched.address(), 1)).unwrap();
    assert_eq!(scene.saw().what, What::Handled(1));
}

fn a_watcher_is_told_once_why_an_actor_ended(base: Base) {
    let scene = Scene::new(base);
    let (watcher, watched) = (scene.puppet("watcher"), scene.puppet("watched"));
    watch(&scene, watcher, watched);
    scene.system.tell(watched, Order::Stop).unwrap();
    scene.expect("watched", What::Stopping);
    scene.expect("watcher", What::Terminated(watched.address(), ExitReason::Stopped.to_string()));
    scene.probe.expect_nothing(QUIET);
}

fn each_reason_is_told(base: Base) {
    let scene = Scene::new(base);
    let watcher = scene.puppet("watcher");
    let expect = |watched: ActorRef<Puppet>, reason: String| {
        scene.expect("watcher", What::Terminated(watched.address(), reason));
    };
    let requested = scene.puppet("requested");
    watch(&scene, watcher, requested);
    scene.system.exit(requested);
    scene.expect("requested", What::Stopping);
    expect(requested, ExitReason::Requested.to_string());
    let failed = scene.puppet("failed");
    watch(&scene, watcher, failed);
    scene.system.tell(failed, fail("why not")).unwrap();
    expect(failed, ended_by(FailureKind::Error, "why not"));
    let role = scene.role("parent").child("child", Restart::Temporary);
    let [parent, child] = scene.play_all(role, ["parent", "child"]);
    watch(&scene, watcher, child);
    scene.system.tell(parent, fail("why not")).unwrap();
    scene.expect("child", What::Stopping);
    expect(child, ExitReason::ParentEnded.to_string());
}

fn an_endpoint_can_watch(base: Base) {
    let scene = Scene::new(base);
    let watched = scene.puppet("watched");
    let endpoint = scene.system.endpoint();
    endpoint.watch(watched);
    scene.probe.endpoint().watch(watched);
    scene.system.exit(watched);
    scene.expect("watched", What::Stopping);
    let expected = Terminated { address: watched.address(), reason: ExitReason::Requested };
    assert_eq!(scene.probe.expect_terminated(), expected);
    match endpoint.listen(PATIENCE) {
        Some(Received::Terminated(end)) => assert_eq!(end, expected),
        other => panic!("{other:?}"),
    }
}

fn who_watches_twice_is_told_once(base: Base) {
    let scene = Scene::new(base);
    let (watcher, watched) = (scene.puppet("watcher"), scene.puppet("watched"));
    watch(&scene, watcher, watched);
    watch(&scene, watcher, watched);
    scene.system.exit(watched);
    scene.expect("watched", What::Stopping);
    scene.expect("watcher", What::Terminated(watched.address(), ExitReason::Requested.to_string()));
    scene.probe.expect_nothing(QUIET);
}

fn who_does_not_watch_any_more_is_not_told(base: Base) {
    let scene = Scene::new(base);
    let (watcher, watched) = (scene.puppet("watcher"), scene.puppet("watched"));
    watch(&scene, watcher, watched);
    scene.system.tell(watcher, Order::Unwatch(watched.address())).unwrap();
    // It comes after what the watcher sent before, to the same receiver.
    scene.system.tell(watcher, Order::Tell(watched.address(), 1)).unwrap();
    scene.expect("watched", What::Handled(1));
    scene.system.exit(watched);
    scene.expect("watched", What::Stopping);
    scene.wait_for_end(watched);
    scene.settle(watcher);
    scene.probe.expect_nothing(QUIET);
}

fn whoever_watches_the_dead_is_told_at_once(base: Base) {
    let scene = Scene::new(base);
    let (watcher, watched) = (scene.puppet("watcher"), scene.puppet("watched"));
    scene.system.exit(watched);
    scene.expect("watched", What::Stopping);
    scene.wait_for_end(watched);
    scene.system.tell(watcher, Order::Watch(watched.address())).unwrap();
    scene.expect("watcher", What::Terminated(watched.address(), ExitReason::Unknown.to_string()));
    scene.probe.endpoint().watch(watched);
    assert_eq!(scene.probe.expect_terminated().reason, ExitReason::Unknown);
}

fn whoever_watches_a_foreign_address_is_told_at_once(base: Base) {
    let scene = Scene::new(base);
    let other = Scene::new(base);
    let foreign = other.puppet("foreign");
    let watcher = scene.puppet("watcher");
    let node = watcher.address().node();
    let never = [foreign.address(), Address::new(node, 200, 0, 0), Address::nobody(node)];
    for address in never {
        scene.system.tell(watcher, Order::Watch(address)).unwrap();
        scene.expect("watcher", What::Terminated(address, ExitReason::Unknown.to_string()));
        scene.probe.endpoint().watch(address);
        assert_eq!(scene.probe.expect_terminated(), Terminated { address, reason: ExitReason::Unknown });
    }
}

fn a_restart_is_no_end(base: Base) {
    let scene = Scene::new(base);
    let watched = scene.play(scene.role("watched").part().restart(Restart::Permanent), "watched");
    scene.probe.endpoint().watch(watched);
    scene.system.tell(watched, fail("x")).unwrap();
    scene.expect("watched", What::Started(watched.address()));
    scene.system.tell(watched, Number(1)).unwrap();
    scene.expect("watched", What::Handled(1));
    assert!(scene.system.shut_down());
    scene.expect("watched", What::Stopping);
    assert_eq!(scene.probe.expect_terminated().reason, ExitReason::Shutdown);
}

fn all_watchers_are_told(base: Base) {
    let scene = Scene::new(base);
    let watched = scene.puppet("watched");
    let watchers: Vec<_> = (0..20).map(|number| scene.puppet(&number.to_string())).collect();
    watchers.iter().for_each(|&watcher| watch(&scene, watcher, watched));
    scene.system.exit(watched);
    scene.expect("watched", What::Stopping);
    let told = scene.saw_all(watchers.len());
    let reason = ExitReason::Requested.to_string();
    assert!(told.iter().all(|saw| saw.what == What::Terminated(watched.address(), reason.clone())), "{told:?}");
    let names: std::collections::BTreeSet<_> = told.iter().map(|saw| &saw.who).collect();
    assert_eq!(names.len(), watchers.len());
}

fn two_actors_can_watch_each_other(base: Base) {
    let scene = Scene::new(base);
    let (first, second) = (scene.puppet("first"), scene.puppet("second"));
    watch(&scene, first, second);
    watch(&scene, second, first);
    scene.system.exit(first);
    scene.expect("first", What::Stopping);
    scene.expect("second", What::Terminated(first.address(), ExitReason::Requested.to_string()));
    scene.system.exit(second);
    scene.expect("second", What::Stopping);
    scene.wait_for_end(second);
    scene.probe.expect_nothing(QUIET);
}

fn an_actor_that_watches_itself_is_not_held_up(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    watch(&scene, puppet, puppet);
    scene.system.exit(puppet);
    scene.expect("puppet", What::Stopping);
    scene.wait_for_end(puppet);
}

fn a_parent_can_watch_its_child(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Temporary);
    let [parent, child] = scene.play_all(role, ["parent", "child"]);
    watch(&scene, parent, child);
    scene.system.exit(child);
    scene.expect("child", What::Stopping);
    let reason = ExitReason::Requested.to_string();
    scene.expect_all([
        ("parent", What::Terminated(child.address(), reason.clone())),
        ("parent", What::ChildExited(child.address(), reason)),
    ]);
}

fn what_never_came_to_life_is_told_too(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("stillborn").fails_to_start(Births::ConstructorPanics, u32::MAX);
    let stillborn = scene.system.cast(role).unwrap();
    scene.probe.endpoint().watch(stillborn);
    let end = scene.probe.expect_terminated();
    assert_eq!(end.address, stillborn.address());
    assert!(matches!(end.reason, ExitReason::Failed(_) | ExitReason::Unknown), "{end:?}");
}

fn an_endpoint_can_be_watched(base: Base) {
    let scene = Scene::new(base);
    let watcher = scene.puppet("watcher");
    let endpoint = scene.system.endpoint();
    let address = endpoint.address();
    scene.system.tell(watcher, Order::Watch(address)).unwrap();
    scene.system.tell(watcher, Order::Tell(address, 1)).unwrap();
    assert_eq!(endpoint.listen(PATIENCE).and_then(Received::message), Some(Number(1)));
    scene.probe.endpoint().watch(address);
    scene.probe.expect_nothing(QUIET);
    drop(endpoint);
    let expected = What::Terminated(address, ExitReason::Stopped.to_string());
    for told in 0..2 {
        match scene.probe.endpoint().listen(PATIENCE) {
            Some(Received::Terminated(end)) => {
                assert_eq!(end, Terminated { address, reason: ExitReason::Stopped })
            }
            Some(received) => {
                assert_eq!(received.message::<crate::cast::Saw>().map(|saw| saw.what), Some(expected.clone()))
            }
            None => panic!("both are told, not {told}"),
        }
    }
}
