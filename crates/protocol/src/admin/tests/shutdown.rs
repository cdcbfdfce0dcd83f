use std::collections::BTreeSet;
use std::time::Duration;

use super::scene::{PROGRAM, STARTER, Scene, kind_of, node};
use crate::address::Address;
use crate::admin::messages::{FromAdmin, RefusalKind, ToAdmin};
use crate::admin::{EXIT_WITHIN, Effect, Event, STEP_WITHIN, actor_of, root};
use crate::frame::Role;
use crate::lifecycle::{ExitReason, Signal};
use crate::supervision::Restart;

fn exit(scene: &Scene, to: Address) -> Effect {
    let by = scene.admin.address();
    Effect::Signal { to, signal: Signal::Exit { by, reason: ExitReason::Shutdown, recursive: true } }
}

fn send(process: crate::address::NodeId, id: u64, message: FromAdmin) -> Effect {
    Effect::Send { to: root(process), id, message }
}

fn closing(process: crate::address::NodeId) -> Effect {
    send(process, 0, FromAdmin::Closing)
}

#[test]
fn actors_exit_then_starters_then_the_requesters_are_answered() {
    let mut scene = Scene::new();
    let (first, second) = (scene.actor(None), scene.actor(Some("desk")));
    scene.say(PROGRAM, 3, ToAdmin::Shutdown);
    let expected = [closing(first.node()), closing(second.node()), exit(&scene, first), exit(&scene, second)];
    assert_eq!(scene.seen(), expected);
    scene.say(PROGRAM, 4, ToAdmin::Shutdown);
    assert_eq!(scene.seen(), [], "a second request waits for the same end");
    for actor in [first, second] {
        scene.child_ended(actor);
        scene.seen();
        scene.end(actor.node());
    }
    let forget = Effect::Forget { process: second.node() };
    assert_eq!(scene.seen(), [forget, send(STARTER, 0, FromAdmin::Finish)]);
    scene.end(STARTER);
    let expected = [
        Effect::Forget { process: STARTER },
        Effect::Release,
        send(PROGRAM, 3, FromAdmin::Done),
        send(PROGRAM, 4, FromAdmin::Done),
        send(PROGRAM, 0, FromAdmin::Finish),
        Effect::End,
    ];
    assert_eq!(scene.seen(), expected);
    scene.say(PROGRAM, 5, ToAdmin::Status);
    assert_eq!((scene.seen(), scene.admin.next_deadline()), (vec![], None));
}

#[test]
fn what_is_being_made_and_what_comes_later_is_refused() {
    let mut scene = Scene::with(|_| {});
    scene.attach(PROGRAM, Role::External);
    scene.create(6, |creation| creation.maker = "cobol".into());
    scene.starter();
    let coming = scene.create(5, |creation| creation.name = Some("desk".into())).unwrap();
    scene.effects.clear();
    scene.say(PROGRAM, 7, ToAdmin::Shutdown);
    scene.create(8, |_| {});
    let seen = scene.seen();
    assert!(seen.contains(&send(STARTER, 0, FromAdmin::Kill { process: coming })), "{seen:?}");
    let refused: Vec<u64> = seen
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { id, message, .. } if kind_of(message) == Some(RefusalKind::ShuttingDown) => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(BTreeSet::from_iter(refused), BTreeSet::from([5, 6, 8]));
}

#[test]
fn who_does_not_exit_in_time_is_killed_and_all_is_over_within_ten_seconds() {
    let mut scene = Scene::new();
    let stubborn = scene.actor(None);
    scene.attach(node(60), Role::Actor);
    scene.effects.clear();
    scene.say(PROGRAM, 3, ToAdmin::Shutdown);
    scene.wait(EXIT_WITHIN - Duration::from_millis(1));
    scene.effects.clear();
    scene.wait(Duration::from_millis(1));
    let kills = [
        send(STARTER, 0, FromAdmin::Kill { process: stubborn.node() }),
        Effect::KillPid { process: node(60), pid: 60 },
    ];
    assert_eq!(scene.seen(), kills);
    scene.end(node(60));
    // The starter does not do as it is told.
    scene.effects.clear();
    scene.wait(STEP_WITHIN);
    let pid = stubborn.node().process();
    let expected = [Effect::KillPid { process: stubborn.node(), pid }, send(STARTER, 0, FromAdmin::Finish)];
    assert_eq!(scene.seen(), expected);
    scene.wait(STEP_WITHIN);
    let seen = scene.seen();
    assert!(seen.contains(&Effect::KillPid { process: STARTER, pid: STARTER.process() }), "{seen:?}");
    assert_eq!(seen.last(), Some(&Effect::End));
    assert!(scene.now.since(crate::time::Time::ZERO) < Duration::from_secs(10));
}

#[test]
fn orphans_are_asked_when_nobody_is_left_who_would_ask_them() {
    let mut scene = Scene::new();
    let top = scene.actor(None);
    scene.attach(node(60), Role::Actor);
    scene.attach(node(61), Role::ProcessHost);
    scene.effects.clear();
    scene.say(PROGRAM, 3, ToAdmin::Shutdown);
    assert_eq!(scene.seen().last(), Some(&exit(&scene, top)));
    scene.child_ended(top);
    let expected =
        [exit(&scene, actor_of(top.node())), exit(&scene, actor_of(node(60))), send(node(61), 0, FromAdmin::Finish)];
    assert_eq!(scene.seen(), expected);
    scene.attach(node(62), Role::Actor);
    assert_eq!(scene.seen().last(), Some(&exit(&scene, actor_of(node(62)))), "who comes late is asked at once");
}

#[test]
fn one_that_is_adopted_during_the_shutdown_is_asked_too() {
    let mut scene = Scene::new();
    let parent = scene.actor(None);
    let child = Address::new(node(70), 0, 1, 0);
    scene.attach(node(70), Role::Actor);
    scene.say(PROGRAM, 3, ToAdmin::Shutdown);
    scene.effects.clear();
    scene.say(parent.node(), 0, ToAdmin::Adopt { child, policy: Restart::Temporary });
    assert_eq!(scene.seen().last(), Some(&exit(&scene, child)));
}

#[test]
fn the_end_of_the_creator_ends_only_a_system_that_lives_with_it() {
    let mut lasting = Scene::new();
    lasting.on(Event::CreatorEnded);
    assert_eq!(lasting.seen(), []);
    let mut bound = Scene::with(|config| config.lives_with_creator = true);
    bound.on(Event::CreatorEnded);
    assert_eq!(bound.seen(), [Effect::Release, Effect::End], "there is nobody to wait for");
}
