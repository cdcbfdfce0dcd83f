use super::scene::{PROGRAM, STARTER, Scene};
use crate::address::Address;
use crate::admin::messages::{FromAdmin, ToAdmin};
use crate::admin::{Effect, Event, root};
use crate::frame::Role;

fn handle(scene: &mut Scene, by: Address, start: bool) {
    let message = ToAdmin::HandleDeadLetters { start };
    scene.on(Event::Said { by, role: Some(Role::Actor), id: 0, message });
}

#[test]
fn letters_go_to_the_last_who_asked_for_them() {
    let mut scene = Scene::new();
    let (first, second) = (scene.actor(None), scene.actor(None));
    scene.on(Event::Letter);
    assert_eq!(scene.seen(), [], "nobody asked");
    handle(&mut scene, first, true);
    handle(&mut scene, second, true);
    handle(&mut scene, first, false);
    scene.on(Event::Letter);
    assert_eq!(scene.seen(), [Effect::PassLetter { to: second }]);
    handle(&mut scene, second, false);
    scene.on(Event::Letter);
    assert_eq!(scene.seen(), [], "the first does not come back");
    let counters = scene.admin.status().counters;
    assert!(counters.contains(&("Dead Letter.Discarded".into(), 2)), "{counters:?}");
    assert!(counters.contains(&("Dead Letter.Passed On".into(), 1)), "{counters:?}");
}

#[test]
fn letters_are_discarded_when_their_handler_has_ended_or_the_system_ends() {
    let mut scene = Scene::new();
    let handler = scene.actor(None);
    handle(&mut scene, handler, true);
    scene.child_ended(handler);
    scene.on(Event::Letter);
    assert_eq!(scene.seen(), []);
    let handler = scene.actor(None);
    handle(&mut scene, handler, true);
    scene.say(PROGRAM, 1, ToAdmin::Shutdown);
    scene.effects.clear();
    scene.on(Event::Letter);
    assert_eq!(scene.seen(), []);
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
        let capabilities = scene.admin.status().capabilities;
        let message = FromAdmin::Capabilities { capabilities };
        let mut expected: Vec<_> = [STARTER, actor.node(), PROGRAM]
            .map(|process| Effect::Send { to: root(process), id: 0, message: message.clone() })
            .into();
        if id != 0 {
            expected.push(done(id as u64));
        }
        assert_eq!(scene.seen(), expected);
    }
    assert_eq!(scene.admin.status().capabilities, [(b"a".to_vec(), b"3".to_vec())]);
}
