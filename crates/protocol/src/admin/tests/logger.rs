use std::time::Duration;

use super::scene::{PROGRAM, STARTER, Scene, node, refusal};
use crate::address::NodeId;
use crate::admin::messages::{FromAdmin, RefusalKind, ToAdmin};
use crate::admin::{Effect, LOGGER_WITHIN};
use crate::frame::Role;
use crate::supervision::Restart;

const LOGGER: NodeId = node(NodeId::LOGGER);

fn scene() -> Scene {
    let mut scene = Scene::with(|config| config.logger = Some(b"where".to_vec()));
    scene.starter();
    scene
}

/// How many loggers were asked for since last time.
fn made(scene: &mut Scene) -> usize {
    let made = |(_, message): &(u64, FromAdmin)| matches!(message, FromAdmin::Make { process: LOGGER, maker, spec, .. } if maker == "logger" && spec == b"where");
    scene.said_to(STARTER).iter().filter(|said| made(said)).count()
}

fn ready(scene: &mut Scene) {
    scene.say(STARTER, 0, ToAdmin::Forked { process: LOGGER, pid: 500 });
    scene.attach(LOGGER, Role::Logger);
    scene.say(LOGGER, 0, ToAdmin::Ready { process: LOGGER, policy: Restart::Temporary, bounded: false });
}

#[test]
fn programs_wait_for_the_logger_and_then_have_what_they_asked_for_in_order() {
    let mut scene = scene();
    assert_eq!(made(&mut scene), 1);
    scene.attach(PROGRAM, Role::External);
    assert_eq!(scene.create(5, |_| {}), None);
    scene.say(PROGRAM, 6, ToAdmin::Status);
    assert_eq!(scene.seen(), []);
    ready(&mut scene);
    let answers: Vec<u64> = scene
        .seen()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { to, id, message } if to.node() == PROGRAM || matches!(message, FromAdmin::Make { .. }) => {
                Some(*id)
            }
            _ => None,
        })
        .collect();
    assert_eq!(answers, [1, 0, 6], "attached, the actor asked for, the status");
    assert!(scene.status().children.is_empty(), "the logger is no actor of anybody");
}

#[test]
fn a_logger_that_fails_or_takes_too_long_is_not_waited_for() {
    let mut failing = scene();
    failing.attach(PROGRAM, Role::External);
    failing.effects.clear();
    failing.say(
        STARTER,
        0,
        ToAdmin::Failed { process: LOGGER, refusal: refusal(RefusalKind::NoProcess), fits: Vec::new() },
    );
    assert!(matches!(failing.said_to(PROGRAM)[..], [(1, FromAdmin::Attached { .. })]));

    let mut slow = scene();
    slow.attach(PROGRAM, Role::External);
    slow.effects.clear();
    slow.wait(LOGGER_WITHIN);
    assert!(matches!(slow.said_to(PROGRAM)[..], [(1, FromAdmin::Attached { .. })]));
}

#[test]
fn a_dead_logger_is_made_again_but_not_over_and_over() {
    let mut scene = scene();
    for _ in 0..5 {
        assert_eq!(made(&mut scene), 1);
        ready(&mut scene);
        scene.end(LOGGER);
    }
    assert_eq!(made(&mut scene), 1);
    scene.end(LOGGER);
    scene.wait(Duration::from_secs(59));
    assert_eq!(made(&mut scene), 0, "five times a minute are enough");
    scene.wait(Duration::from_secs(1));
    assert_eq!(made(&mut scene), 1);
}

#[test]
fn the_logger_ends_last_but_for_its_starter() {
    let mut scene = scene();
    ready(&mut scene);
    scene.attach(PROGRAM, Role::External);
    let actor = scene.actor(None);
    scene.say(PROGRAM, 3, ToAdmin::Shutdown);
    assert_eq!(scene.said_to(LOGGER), []);
    scene.child_ended(actor);
    scene.end(actor.node());
    assert_eq!(scene.said_to(LOGGER), [(0, FromAdmin::Finish)]);
    scene.end(LOGGER);
    assert_eq!(scene.said_to(STARTER), [(0, FromAdmin::Finish)], "and no new logger");
    scene.end(STARTER);
    assert_eq!(scene.said_to(PROGRAM), [(3, FromAdmin::Done), (0, FromAdmin::Finish)]);
}
