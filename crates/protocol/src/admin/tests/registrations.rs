use std::time::Duration;

use bytes::Bytes;

use super::scene::{PROGRAM, STARTER, Scene};
use crate::address::Address;
use crate::admin::messages::{FromAdmin, LetterRecord, Setback, ToAdmin};
use crate::admin::{Effect, Event, root};
use crate::frame::Role;
use crate::pickle;

fn handle(scene: &mut Scene, by: Address, start: bool) {
    let message = ToAdmin::HandleDeadLetters { start, alone: false };
    scene.on(Event::Said { by, role: Some(Role::Actor), id: 0, message });
}

fn letter_of(message: &str, sender: Address, target: Address) -> Event {
    let record = LetterRecord { message: message.into(), sender, target, reason: Setback::NoActor, number: None };
    Event::Letter { record, frame: Bytes::copy_from_slice(message.as_bytes()) }
}

/// A dead letter of a program.
fn letter() -> Event {
    let (sender, target) = (root(PROGRAM), root(STARTER));
    letter_of("text", sender, target)
}

#[test]
fn letters_go_to_the_last_who_asked_for_them() {
    let mut scene = Scene::new();
    let (first, second) = (scene.actor(None), scene.actor(None));
    scene.on(letter());
    assert_eq!(scene.seen(), [], "nobody asked");
    handle(&mut scene, first, true);
    handle(&mut scene, second, true);
    scene.on(letter());
    assert_eq!(scene.seen(), [Effect::PassLetter { to: second }]);
    scene.on(Event::LetterBack { handler: second, sender: root(PROGRAM) });
    assert_eq!(scene.seen(), [Effect::PassLetter { to: first }], "the one before it");
    handle(&mut scene, first, false);
    scene.on(letter());
    assert_eq!(scene.seen(), [], "nobody is left");
    let status = scene.status();
    assert_eq!((status.dead_letters, status.latest_dead_letters.len()), (3, 3));
    assert!(status.counters.contains(&("Dead Letter.Discarded".into(), 2)), "{status:?}");
    assert!(status.counters.contains(&("Dead Letter.Passed On".into(), 2)), "{status:?}");
}

#[test]
fn the_letters_of_a_handler_do_not_come_back_to_it() {
    let mut scene = Scene::new();
    let (first, second) = (scene.actor(None), scene.actor(None));
    handle(&mut scene, first, true);
    handle(&mut scene, second, true);
    let own = |sender| letter_of("", sender, root(STARTER));
    scene.on(own(second));
    assert_eq!(scene.seen(), [Effect::PassLetter { to: first }]);
    scene.on(own(first));
    assert_eq!(scene.seen(), [Effect::PassLetter { to: second }]);
}

#[test]
fn who_handles_letters_alone_ends_that_others_do() {
    let mut scene = Scene::new();
    let (first, second) = (scene.actor(None), scene.actor(None));
    handle(&mut scene, first, true);
    let message = ToAdmin::HandleDeadLetters { start: true, alone: true };
    scene.on(Event::Said { by: second, role: Some(Role::Actor), id: 0, message });
    let (sender, target) = (second, root(STARTER));
    scene.on(letter_of("", sender, target));
    assert_eq!(scene.seen(), [Effect::PassLetter { to: second }], "its own too");
    handle(&mut scene, second, false);
    scene.on(letter());
    assert_eq!(scene.seen(), [], "the first does not come back");
}

#[test]
fn letters_are_discarded_when_their_handler_has_ended_or_the_system_ends() {
    let mut scene = Scene::new();
    let handler = scene.actor(None);
    handle(&mut scene, handler, true);
    scene.child_ended(handler);
    scene.on(letter());
    assert_eq!(scene.seen(), []);
    let handler = scene.actor(None);
    handle(&mut scene, handler, true);
    scene.say(PROGRAM, 1, ToAdmin::Shutdown);
    scene.effects.clear();
    scene.on(letter());
    assert_eq!(scene.seen(), []);
}

#[test]
fn a_letter_is_sent_again_once() {
    let mut scene = Scene::new();
    let other = scene.actor(None);
    for _ in 0..2 {
        scene.on(letter());
    }
    let numbers = |scene: &Scene| -> Vec<_> {
        scene.admin.status(scene.now).latest_dead_letters.iter().map(|record| record.number).collect()
    };
    assert_eq!(numbers(&scene), [Some(1), Some(2)]);
    let resent = |id, to| Effect::Send { to: root(PROGRAM), id, message: FromAdmin::Resent { to } };
    let frame = Bytes::from_static(b"text");
    scene.say(PROGRAM, 7, ToAdmin::Resend { letter: 1, to: Some(other) });
    assert_eq!(scene.seen(), [Effect::Resend { to: other, frame: frame.clone() }, resent(7, Some(other))]);
    scene.say(PROGRAM, 8, ToAdmin::Resend { letter: 1, to: Some(other) });
    assert_eq!(scene.seen(), [resent(8, None)], "it is kept no more");
    assert_eq!(numbers(&scene), [None, Some(2)]);
    scene.say(PROGRAM, 9, ToAdmin::Resend { letter: 2, to: None });
    let target = root(STARTER);
    assert_eq!(scene.seen(), [Effect::Resend { to: target, frame }, resent(9, Some(target))], "whom it was for");
}

#[test]
fn only_the_latest_letters_and_none_that_are_long_are_kept() {
    let mut scene = Scene::new();
    let kept = |scene: &Scene| {
        scene.admin.status(scene.now).latest_dead_letters.iter().filter(|it| it.number.is_some()).count()
    };
    scene.on(letter_of(&"x".repeat(1 << 20), root(PROGRAM), root(STARTER)));
    assert_eq!(kept(&scene), 0);
    for _ in 0..40 {
        scene.on(letter());
    }
    assert_eq!(kept(&scene), 32);
    scene.effects.clear();
    scene.say(PROGRAM, 1, ToAdmin::Resend { letter: 8, to: None });
    let to_nobody = FromAdmin::Resent { to: None };
    assert_eq!(scene.seen(), [Effect::Send { to: root(PROGRAM), id: 1, message: to_nobody }]);
}

#[test]
fn a_changed_capability_is_told_to_all_and_an_unchanged_one_to_nobody() {
    let mut scene = Scene::new();
    let actor = scene.actor(None);
    let set = |name: &str, value: Option<&str>| ToAdmin::SetCapability {
        name: name.as_bytes().to_vec(),
        value: value.map(|value| value.as_bytes().to_vec()),
    };
    let done = |id| Effect::Send { to: root(PROGRAM), id, message: FromAdmin::Done };
    for (id, nothing_new) in [(1, set("a", Some("1"))), (2, set("b", None))] {
        scene.say(PROGRAM, id, nothing_new);
        assert_eq!(scene.seen(), [done(id)]);
    }
    for (id, (name, value)) in [("b", Some("2")), ("a", Some("3")), ("b", None)].into_iter().enumerate() {
        scene.say(PROGRAM, id as u64, set(name, value));
        let capabilities = scene.status().capabilities;
        let message = FromAdmin::Capabilities { capabilities };
        let mut expected: Vec<_> = [STARTER, actor.node(), PROGRAM]
            .map(|process| Effect::Send { to: root(process), id: 0, message: message.clone() })
            .into();
        if id != 0 {
            expected.push(done(id as u64));
        }
        assert_eq!(scene.seen(), expected);
    }
    assert_eq!(scene.status().capabilities, [(b"a".to_vec(), b"3".to_vec())]);
}

#[test]
fn pickles_of_one_name_are_one_capability() {
    let mut scene = Scene::with(|config| config.capabilities.clear());
    scene.attach(PROGRAM, Role::External);
    // As protocols 5 and 4 have it.
    let (first, other) = (b"\x80\x05\x95\x06\0\0\0\0\0\0\0\x8c\x02os\x94.".to_vec(), pickle::write_text("os"));
    for (name, value) in [(&first, Some(b"1".to_vec())), (&other, Some(b"2".to_vec()))] {
        scene.say(PROGRAM, 0, ToAdmin::SetCapability { name: name.clone(), value });
    }
    assert_eq!(scene.status().capabilities, [(first, b"2".to_vec())]);
    scene.say(PROGRAM, 0, ToAdmin::SetCapability { name: other, value: None });
    assert_eq!(scene.status().capabilities, []);
}

#[test]
fn letters_are_counted_by_type_and_reason_with_the_first_of_each() {
    let mut scene = Scene::new();
    let (first, later) = (root(PROGRAM), root(STARTER));
    scene.on(letter_of("order", first, later));
    scene.wait(Duration::from_secs(10));
    scene.on(letter_of("order", later, first));
    scene.on(letter_of("bill", first, later));
    scene.wait(Duration::from_secs(5));
    let kinds = scene.status().detail.dead_letters;
    let seen: Vec<_> = kinds.iter().map(|kind| (kind.message.as_str(), kind.count, kind.first.sender)).collect();
    assert_eq!(seen, [("order", 2, first), ("bill", 1, first)]);
    assert_eq!((kinds[0].first_ago, kinds[0].last_ago), (Duration::from_secs(15), Duration::from_secs(5)));
    for number in 0..200 {
        scene.on(letter_of(&format!("type {number}"), first, later));
    }
    let kinds = scene.status().detail.dead_letters;
    assert_eq!(kinds.len(), 65, "types without end are not told apart");
    assert_eq!((kinds[64].message.as_str(), kinds[64].count), ("(others)", 138));
}
