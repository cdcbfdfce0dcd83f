use std::time::Duration;

use super::scene::{PROGRAM, STARTER, Scene, node};
use crate::address::{Address, NodeId};
use crate::admin::messages::{FromAdmin, ToAdmin};
use crate::admin::{Effect, Event, actor_of, root};
use crate::frame::Role;
use crate::lifecycle::{Birth, ExitReason, Signal, Verdict};
use crate::supervision::{FailureKind, FailureReport, Restart};

#[test]
fn a_process_is_told_what_it_needs_and_watched() {
    let mut scene = Scene::with(|_| {});
    scene.attach(node(30), Role::Actor);
    let attached = FromAdmin::Attached {
        capabilities: vec![(b"a".to_vec(), b"1".to_vec())],
        settings: vec![(b"log".to_vec(), b"x".to_vec())],
    };
    let expected = [
        Effect::Watch { process: node(30), pid: 30 },
        Effect::Send { to: root(node(30)), id: 1, message: attached.clone() },
    ];
    assert_eq!(scene.seen(), expected);
    scene.attach(node(30), Role::Actor);
    assert_eq!(scene.seen(), expected[1..], "it is watched once");
}

#[test]
fn a_process_that_comes_in_the_place_of_one_that_was_killed_is_not_taken_for_it() {
    let mut scene = Scene::new();
    let attach = |scene: &mut Scene, pid| scene.say_as(node(30), Role::Actor, 1, ToAdmin::Attach { pid });
    attach(&mut scene, 300);
    let handler = actor_of(node(30));
    scene.on(Event::Said {
        by: handler,
        role: Some(Role::Actor),
        id: 0,
        message: ToAdmin::HandleDeadLetters { start: true, alone: false },
    });
    scene.seen();
    attach(&mut scene, 301);
    assert_eq!(scene.seen()[0], Effect::Watch { process: node(30), pid: 301 });
    assert_eq!(scene.status().dead_letter_handler, None, "the new actor has not asked for them");
    scene.on(Event::LinkBroken { process: node(30) });
    assert!(scene.admin.knows(node(30)), "it was the link of the other one");
    scene.on(Event::Ended { process: node(30) });
    assert!(!scene.admin.knows(node(30)));
}

#[test]
fn a_broken_link_ends_only_who_is_not_watched() {
    let mut scene = Scene::new();
    let actor = scene.actor(Some("desk"));
    scene.on(Event::LinkBroken { process: actor.node() });
    assert_eq!(scene.status().names.len(), 1);
    scene.on(Event::Unwatched { process: actor.node() });
    scene.on(Event::LinkBroken { process: actor.node() });
    scene.say(STARTER, 0, ToAdmin::Exited { process: actor.node(), how: String::new() });
    assert_eq!(scene.status().names, []);
    assert_eq!(scene.seen(), [Effect::Forget { process: actor.node() }, Effect::Unnamed { actor }]);
}

#[test]
fn a_program_may_leave_and_an_actor_is_seen_to_end() {
    let mut scene = Scene::new();
    let actor = scene.actor(None);
    scene.say(actor.node(), 0, ToAdmin::Detach);
    assert!(scene.admin.knows(actor.node()));
    scene.say(PROGRAM, 0, ToAdmin::Detach);
    assert!(!scene.admin.knows(PROGRAM));
}

#[test]
fn all_that_a_process_was_for_others_ends_with_it() {
    let mut scene = Scene::new();
    let actor = scene.actor(Some("desk"));
    for message in
        [ToAdmin::HandleDeadLetters { start: true, alone: false }, ToAdmin::WatchRegistrations { start: true }]
    {
        scene.on(Event::Said { by: actor, role: Some(Role::Actor), id: 0, message });
    }
    let status = scene.status();
    assert_eq!((status.dead_letter_handler, &status.registration_watchers[..]), (Some(actor), &[actor][..]));
    scene.end(actor.node());
    let status = scene.status();
    assert_eq!(status.dead_letter_handler, None);
    assert!(status.registration_watchers.is_empty() && status.names.is_empty() && status.children.is_empty());
}

#[test]
fn a_child_left_behind_is_adopted_and_restarted_as_its_policy_says() {
    let mut scene = Scene::new();
    let child = Address::new(node(40), 2, 5, 0);
    scene.say(PROGRAM, 0, ToAdmin::Adopt { child, policy: Restart::Transient });
    let [Effect::Signal { to, signal: Signal::Adopted { parent, birth } }] = scene.seen()[..] else { panic!() };
    assert_eq!((to, parent), (child, scene.admin.address()));
    let failure = FailureReport::new(FailureKind::Error, "oh");
    let verdict = |scene: &mut Scene| {
        scene.on(Event::Signal(Signal::ChildFailed { birth, child, failure: failure.clone() }));
        match &scene.seen()[..] {
            [Effect::Signal { signal: Signal::Verdict(verdict), .. }] => *verdict,
            seen => panic!("{seen:?}"),
        }
    };
    for _ in 0..3 {
        assert_eq!(verdict(&mut scene), Verdict::Restart(Duration::ZERO));
    }
    assert_eq!(verdict(&mut scene), Verdict::Stop, "three in five seconds are enough");
    scene.wait(Duration::from_secs(5));
    assert_eq!(verdict(&mut scene), Verdict::Restart(Duration::ZERO));
    // It was gone already when it was adopted: the signal bounces.
    let (_, bounced) = Signal::Adopted { parent, birth }.bounce(child).unwrap();
    scene.on(Event::Signal(bounced));
    assert!(scene.status().children.is_empty());
}

#[test]
fn a_failed_top_level_actor_is_stopped() {
    let mut scene = Scene::new();
    let child = scene.actor(None);
    let failure = FailureReport::new(FailureKind::Panic, "oh");
    scene.on(Event::Signal(Signal::ChildFailed { birth: Birth::numbered(1), child, failure }));
    assert_eq!(scene.seen(), [Effect::Signal { to: child, signal: Signal::Verdict(Verdict::Stop) }]);
}

#[test]
fn strangers_and_impostors_change_nothing() {
    let mut scene = Scene::new();
    let process = scene.create(5, |_| {}).unwrap();
    let foreign = NodeId::of_process(8, 30);
    scene.attach(foreign, Role::Actor);
    scene.attach(node(NodeId::ADMIN), Role::Actor);
    scene.attach(node(31), Role::Admin);
    scene.say(PROGRAM, 0, ToAdmin::Ready { process, policy: Restart::Temporary, bounded: false });
    scene.say(PROGRAM, 0, ToAdmin::Forked { process, pid: 1 });
    scene.say(PROGRAM, 0, ToAdmin::Exited { process, how: String::new() });
    scene.say(node(32), 0, ToAdmin::Offer { makers: vec!["python".into()] });
    scene.say(PROGRAM, 0, ToAdmin::Adopt { child: actor_of(foreign), policy: Restart::Permanent });
    scene.on(Event::Noise);
    scene.on(Event::Signal(Signal::Exit { by: root(PROGRAM), reason: ExitReason::Requested, recursive: true }));
    assert_eq!(scene.said_to(PROGRAM), []);
    let status = scene.status();
    assert!(status.children.is_empty() && !status.in_shutdown);
    let counted = |name: &str| status.counters.iter().find(|(it, _)| it == name).map(|(_, count)| *count);
    assert_eq!(counted("Admin Message Received.Foreign"), Some(3));
    assert_eq!(counted("Admin Message Received.Noise"), Some(1));
    assert_eq!(counted("Admin Message Received.Stray"), Some(5));
    assert!(scene.admin.knows(process) && scene.admin.knows(STARTER));
}
