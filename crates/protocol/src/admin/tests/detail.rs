//! What who looks after a system is told of it.

use std::time::Duration;

use super::scene::{PROGRAM, STARTER, Scene, node};
use crate::admin::messages::{FromAdmin, ToAdmin};
use crate::admin::{Awaits, PendingCreation, actor_of};
use crate::frame::Role;
use crate::supervision::Restart;

/// What is being made: only this.
fn pending(scene: &Scene) -> PendingCreation {
    let mut pending = scene.status().detail.pending;
    assert_eq!(pending.len(), 1, "{pending:?}");
    pending.remove(0)
}

#[test]
fn a_creation_says_at_each_step_what_it_waits_for() {
    let mut scene = Scene::with(|_| {});
    scene.attach(PROGRAM, Role::External);
    let process = scene.create(5, |creation| {
        creation.name = Some("clerk".into());
        // As Python writes ("shop.Clerk", None, None).
        creation.spec = b"\x80\x04\x95\x15\0\0\0\0\0\0\0\x8c\x0ashop.Clerk\x94NN\x87\x94.".to_vec();
    });
    assert_eq!(process, None, "nobody is there to make it");
    scene.wait(Duration::from_secs(3));
    let waits = pending(&scene);
    assert_eq!((waits.awaits, waits.class.as_str()), (Awaits::Starter, "shop.Clerk"));
    assert_eq!((waits.name.as_deref(), waits.age), (Some("clerk"), Duration::from_secs(3)));
    scene.starter();
    assert_eq!(pending(&scene).awaits, Awaits::Process);
    let process = waits.actor.unwrap().node();
    scene.say(STARTER, 0, ToAdmin::Forked { process, pid: 400 });
    assert_eq!(pending(&scene).awaits, Awaits::Word);
    scene.attach(process, Role::Actor);
    assert_eq!(pending(&scene).awaits, Awaits::Actor);
    scene.say(process, 0, ToAdmin::Ready { process, policy: Restart::Temporary, bounded: false });
    let detail = scene.status().detail;
    assert_eq!(detail.pending, []);
    assert_eq!(detail.classes, [(actor_of(process), "shop.Clerk".to_owned())]);
    assert_eq!(detail.uptime, Duration::from_secs(3));
}

#[test]
fn all_processes_are_told_with_what_they_are() {
    let mut scene = Scene::new();
    let actor = scene.actor(None);
    let member = |process| {
        let members = scene.status().detail.members;
        members.into_iter().find(|member| member.process == process).unwrap()
    };
    let (starter, program) = (member(STARTER), member(PROGRAM));
    assert_eq!((starter.role, starter.offers, starter.pid), (Role::Zygote, true, Some(STARTER.process())));
    assert_eq!((program.role, program.attached, program.pid), (Role::External, true, Some(PROGRAM.process())));
    assert_eq!((member(actor.node()).role, member(actor.node()).offers), (Role::Actor, false));
}

#[test]
fn a_setting_that_changes_is_told_to_all() {
    let mut scene = Scene::new();
    let actor = scene.actor(None);
    scene.effects.clear();
    let change = |name: &[u8], value: &[u8]| ToAdmin::ChangeSetting { name: name.to_vec(), value: value.to_vec() };
    scene.say(PROGRAM, 7, change(b"log", b"y"));
    let told = FromAdmin::Settings { settings: vec![(b"log".to_vec(), b"y".to_vec())] };
    assert_eq!(scene.said_to(actor.node()), [(0, told.clone())]);
    scene.say(PROGRAM, 8, change(b"log", b"z"));
    assert_eq!(scene.said_to(STARTER).len(), 1);
    scene.say(PROGRAM, 9, change(b"log", b"z"));
    scene.say(PROGRAM, 10, change(b"unknown", b"z"));
    assert_eq!(scene.said_to(PROGRAM), [(9, FromAdmin::Done), (10, FromAdmin::Done)], "nothing has changed");
    assert_eq!(scene.status().detail.settings, [(b"log".to_vec(), b"z".to_vec())]);
    scene.attach(node(300), Role::Actor);
    let greeted = scene.said_to(node(300));
    assert!(matches!(&greeted[..], [(_, FromAdmin::Attached { settings, .. })] if settings[0].1 == b"z"));
}
