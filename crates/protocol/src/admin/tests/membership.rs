use super::scene::{PROGRAM, Scene};
use crate::admin::Effect;
use crate::admin::messages::{FromAdmin, ToAdmin};
use crate::frame::Role;

const PLACE: &str = "somewhere:1900";

/// What comes of it that the leaders are to be others.
fn set_leaders(scene: &mut Scene, place: &str) -> (Vec<FromAdmin>, bool) {
    scene.effects.clear();
    scene.say(PROGRAM, 7, ToAdmin::SetLeaders { places: vec![place.into()] });
    let dials = scene.effects.iter().any(|effect| matches!(effect, Effect::Dial { .. }));
    let said = scene.said_to(PROGRAM).into_iter().filter(|(id, _)| *id == 7).map(|(_, message)| message);
    (said.collect(), dials)
}

#[test]
fn leaders_may_be_others_but_never_by_another_way() {
    let mut scene = Scene::new();
    assert_eq!(set_leaders(&mut scene, PLACE), (vec![FromAdmin::Done], true));
    let (answers, dials) = set_leaders(&mut scene, "nats://somewhere/site");
    assert!(
        matches!(&answers[..], [FromAdmin::Refused(refusal)] if refusal.text.contains("started anew")),
        "{answers:?}"
    );
    assert!(!dials);
}

#[test]
fn by_a_server_nobody_else_says_who_leads_or_who_is_in() {
    let mut scene = Scene::with(|config| config.links.by_server = true);
    scene.attach(PROGRAM, Role::External);
    let (answers, dials) = set_leaders(&mut scene, PLACE);
    assert!(matches!(&answers[..], [FromAdmin::Refused(refusal)] if refusal.text.contains("NATS")), "{answers:?}");
    assert!(!dials);
    scene.say(PROGRAM, 8, ToAdmin::Invite { place: PLACE.into(), capabilities: Vec::new() });
    assert!(!scene.effects.iter().any(|effect| matches!(effect, Effect::Dial { .. })));
    assert_eq!(scene.said_to(PROGRAM), [(8, FromAdmin::Done)]);
}
