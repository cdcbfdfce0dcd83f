use std::time::Duration;

use super::scene::{PROGRAM, STARTER, Scene, kind_of, node, refusal};
use crate::address::{Address, NodeId};
use crate::admin::messages::{FromAdmin, RefusalKind, Requester, ToAdmin};
use crate::admin::{CREATE_WITHIN, ENDED_WITHIN, EXIT_WITHIN, Effect, Event, actor_of, logger, root};
use crate::frame::Role;
use crate::lifecycle::{Birth, ExitReason, Signal, Verdict};
use crate::supervision::{FailureKind, FailureReport, Restart};

#[test]
fn the_creator_is_answered_when_the_actor_is_ready_and_not_before() {
    let mut scene = Scene::new();
    let process = scene.create(5, |_| {}).unwrap();
    scene.say(STARTER, 0, ToAdmin::Forked { process, pid: 400 });
    assert_eq!(scene.said_to(PROGRAM), []);
    scene.attach(process, Role::Actor);
    assert_eq!(scene.said_to(PROGRAM), []);
    scene.say(process, 0, ToAdmin::Ready { process, policy: Restart::Temporary, bounded: false });
    assert_eq!(scene.said_to(PROGRAM), [(5, FromAdmin::Created { actor: actor_of(process) })]);
    assert_eq!(scene.status().children, [actor_of(process)]);
    scene.say(process, 0, ToAdmin::Ready { process, policy: Restart::Temporary, bounded: false });
    scene.wait(2 * CREATE_WITHIN);
    assert_eq!(scene.seen(), [], "once is enough");
}

#[test]
fn what_cannot_be_made_is_refused_with_the_reason_of_who_tried() {
    for forked in [false, true] {
        let mut scene = Scene::new();
        let process = scene.create(5, |_| {}).unwrap();
        let by = if forked { process } else { STARTER };
        if forked {
            scene.say(STARTER, 0, ToAdmin::Forked { process, pid: 400 });
            scene.attach(process, Role::Actor);
        }
        scene.say(by, 0, ToAdmin::Failed { process, refusal: refusal(RefusalKind::Import), fits: Vec::new() });
        let refused = FromAdmin::Refused(refusal(RefusalKind::Import));
        assert_eq!(scene.said_to(PROGRAM), [(5, refused)]);
        assert_eq!(scene.admin.knows(process), forked, "a process that was not started is gone");
        // One that was is to leave by itself.
        scene.wait(EXIT_WITHIN);
        let kill = (0, FromAdmin::Kill { process });
        assert_eq!(scene.said_to(STARTER), if forked { vec![kill] } else { vec![] });
    }
}

#[test]
fn a_process_that_ends_too_early_is_a_refusal_that_says_how() {
    let mut scene = Scene::new();
    let process = scene.create(5, |_| {}).unwrap();
    scene.say(STARTER, 0, ToAdmin::Forked { process, pid: 400 });
    scene.on(crate::admin::Event::Ended { process });
    assert_eq!(scene.said_to(PROGRAM), [], "its starter knows more");
    scene.say(STARTER, 0, ToAdmin::Exited { process, how: "signal 11".into() });
    let said = scene.said_to(PROGRAM);
    let [(5, FromAdmin::Refused(refusal))] = &said[..] else { panic!("{said:?}") };
    assert_eq!(refusal.kind, RefusalKind::NoProcess);
    assert!(refusal.text.contains("signal 11"), "{}", refusal.text);
}

#[test]
fn a_starter_that_says_nothing_of_an_end_is_not_waited_for_long() {
    let mut scene = Scene::new();
    let process = scene.create(5, |_| {}).unwrap();
    scene.ready(process);
    scene.on(crate::admin::Event::Ended { process });
    assert!(scene.admin.knows(process));
    scene.wait(ENDED_WITHIN);
    assert!(!scene.admin.knows(process));
    assert!(scene.status().children.is_empty());
}

#[test]
fn time_is_limited() {
    let mut scene = Scene::new();
    let process = scene.create(5, |_| {}).unwrap();
    scene.say(STARTER, 0, ToAdmin::Forked { process, pid: 400 });
    scene.wait(CREATE_WITHIN - Duration::from_millis(1));
    assert_eq!(scene.said_to(PROGRAM), []);
    scene.wait(Duration::from_millis(1));
    let seen = scene.seen();
    let kill = Effect::Send { to: root(STARTER), id: 0, message: FromAdmin::Kill { process } };
    assert!(seen.contains(&kill), "{seen:?}");
    let refused = |effect: &Effect| matches!(effect, Effect::Send { id: 5, message, .. } if kind_of(message) == Some(RefusalKind::NoProcess));
    assert!(seen.iter().any(refused), "{seen:?}");
    scene.say(process, 0, ToAdmin::Ready { process, policy: Restart::Temporary, bounded: false });
    assert_eq!(scene.said_to(PROGRAM), [], "too late");
    scene.end(process);
    assert!(!scene.admin.knows(process));
}

#[test]
fn creations_wait_for_somebody_who_can_make_them() {
    let mut scene = Scene::with(|_| {});
    scene.attach(PROGRAM, Role::External);
    assert_eq!(scene.create(5, |creation| creation.maker = "rust".into()), None);
    assert_eq!(scene.create(6, |creation| creation.maker = "rust".into()), None);
    assert_eq!(scene.create(7, |creation| creation.maker = "cobol".into()), None);
    let host = node(50);
    scene.attach(host, Role::ProcessHost);
    scene.effects.clear();
    scene.say(host, 0, ToAdmin::Offer { makers: vec!["rust".into()] });
    let made = scene.said_to(host).len();
    assert_eq!(made, 2);
    scene.wait(CREATE_WITHIN);
    let refused: Vec<u64> =
        scene.said_to(PROGRAM).iter().filter(|(_, it)| kind_of(it).is_some()).map(|(id, _)| *id).collect();
    assert_eq!(refused, [5, 6, 7]);
}

#[test]
fn a_maker_that_nobody_offers_is_refused_at_once_with_those_that_are_offered() {
    let mut scene = Scene::new();
    scene.say(STARTER, 3, ToAdmin::Offer { makers: vec!["counter".into()] });
    assert_eq!(scene.said_to(STARTER), [(3, FromAdmin::Done)]);
    assert_eq!(scene.create(5, |creation| creation.maker = "cuonter".into()), None);
    let said = scene.said_to(PROGRAM);
    let [(5, FromAdmin::Refused(refusal))] = &said[..] else { panic!("{said:?}") };
    assert_eq!(refusal.kind, RefusalKind::NoMaker);
    assert_eq!(refusal.text, "nobody in this system makes `cuonter`: there are `counter`, `python`");
    assert_eq!(scene.status().makers, ["counter", "python"]);
}

#[test]
fn nobody_has_a_second_logger_made() {
    let mut scene = Scene::new();
    scene.say(STARTER, 0, ToAdmin::Offer { makers: vec![logger::MAKER.into()] });
    assert_eq!(scene.create(5, |creation| creation.maker = logger::MAKER.into()), None);
    let said = scene.said_to(PROGRAM);
    let [(5, FromAdmin::Refused(refusal))] = &said[..] else { panic!("{said:?}") };
    assert_eq!(refusal.kind, RefusalKind::NoMaker);
}

#[test]
fn an_actor_exits_with_the_process_of_the_actor_that_had_it_made_unless_that_let_go_of_it() {
    for lets_go in [false, true] {
        let mut scene = Scene::new();
        let parent = scene.actor(None);
        let requester = Requester { actor: parent, birth: Birth::numbered(4) };
        let process = scene.create(6, |creation| creation.requester = Some(requester)).unwrap();
        let child = scene.ready(process);
        if lets_go {
            scene.say(parent.node(), 0, ToAdmin::Adopt { child, policy: Restart::Temporary });
        }
        scene.effects.clear();
        scene.end(parent.node());
        let is_exit = |effect: &Effect| match effect {
            Effect::Signal { to, signal: Signal::Exit { reason, .. } } => {
                *to == child && *reason == ExitReason::ParentEnded
            }
            _ => false,
        };
        assert_eq!(scene.seen().iter().any(is_exit), !lets_go);
    }
}

#[test]
fn a_starter_that_ends_takes_what_it_had_not_started_with_it() {
    let mut scene = Scene::new();
    let forked = scene.create(5, |_| {}).unwrap();
    scene.create(6, |_| {}).unwrap();
    scene.say(STARTER, 0, ToAdmin::Forked { process: forked, pid: 400 });
    scene.end(STARTER);
    let refused: Vec<_> = scene.said_to(PROGRAM).iter().map(|(id, message)| (*id, kind_of(message))).collect();
    assert_eq!(refused, [(6, Some(RefusalKind::NoStarter))]);
    scene.attach(forked, Role::Actor);
    scene.say(forked, 0, ToAdmin::Ready { process: forked, policy: Restart::Temporary, bounded: false });
    assert_eq!(scene.said_to(PROGRAM).len(), 1);
    assert_eq!(scene.create(7, |_| {}), None, "nobody makes it");
    let refused: Vec<_> = scene.said_to(PROGRAM).iter().map(|(id, message)| (*id, kind_of(message))).collect();
    assert_eq!(refused, [(7, Some(RefusalKind::NoStarter))], "and nobody is waited for");
}

#[test]
fn a_starter_that_has_come_and_not_offered_yet_is_waited_for() {
    let mut scene = Scene::with(|config| config.logger = Some(b"log".to_vec()));
    scene.starter();
    let logger = scene.admin.logger_node();
    scene.attach(logger, Role::Logger);
    scene.say(logger, 0, ToAdmin::Ready { process: logger, policy: Restart::Temporary, bounded: false });
    scene.attach(PROGRAM, Role::External);
    scene.end(STARTER);
    scene.end(logger);
    let other = node(3);
    scene.attach(other, Role::Zygote);
    scene.effects.clear();
    assert_eq!(scene.create(5, |_| {}), None);
    assert_eq!(scene.said_to(PROGRAM), []);
    scene.say(other, 0, ToAdmin::Offer { makers: vec!["python".into(), "logger".into()] });
    let made: Vec<_> = scene
        .said_to(other)
        .into_iter()
        .filter_map(|(_, message)| if let FromAdmin::Make { maker, .. } = message { Some(maker) } else { None })
        .collect();
    assert_eq!(made, ["python", "logger"], "the logger went with the first starter, and comes with the second");
    assert_eq!(scene.create(6, |_| {}).map(NodeId::system), Some(other.system()));
    assert_eq!(scene.said_to(PROGRAM), []);
    scene.end(other);
    let refused: Vec<_> = scene.said_to(PROGRAM).iter().map(|(id, message)| (*id, kind_of(message))).collect();
    assert_eq!(refused, [(5, Some(RefusalKind::NoStarter)), (6, Some(RefusalKind::NoStarter))]);
}

#[test]
fn a_global_name_has_one_actor_however_many_ask_at_once() {
    let mut scene = Scene::new();
    let process = scene.create(5, |creation| creation.name = Some("desk".into())).unwrap();
    assert_eq!(scene.create(6, |creation| creation.name = Some("desk".into())), None);
    let actor = scene.ready(process);
    let created = FromAdmin::Created { actor };
    assert_eq!(scene.said_to(PROGRAM), [(5, created.clone()), (6, created.clone())]);
    // Whatever else is asked for with it.
    let none = scene.create(7, |creation| {
        creation.name = Some("desk".into());
        creation.maker = "cobol".into();
    });
    assert_eq!((none, scene.said_to(PROGRAM)), (None, vec![(7, created)]));
    scene.child_ended(actor);
    assert_eq!(scene.status().names, []);
    assert!(scene.create(8, |creation| creation.name = Some("desk".into())).is_some_and(|new| new != process));
}

#[test]
fn a_name_that_came_to_nothing_is_free_again() {
    let mut scene = Scene::new();
    let process = scene.create(5, |creation| creation.name = Some("desk".into())).unwrap();
    scene.create(6, |creation| creation.name = Some("desk".into()));
    scene.say(
        STARTER,
        0,
        ToAdmin::Failed { process, refusal: refusal(RefusalKind::InvalidActorClass), fits: Vec::new() },
    );
    assert_eq!(scene.said_to(PROGRAM).len(), 2, "both are told");
    assert!(scene.create(7, |creation| creation.name = Some("desk".into())).is_some());
}

#[test]
fn what_is_kept_for_a_name_can_be_given_as_long_as_an_actor_has_it() {
    let mut scene = Scene::new();
    let process = scene.create(5, |creation| creation.name = Some("desk".into())).unwrap();
    let actor = scene.ready(process);
    let named = Effect::Named { name: "desk".into(), actor };
    assert_eq!(scene.effects.iter().filter(|effect| **effect == named).count(), 1);
    scene.effects.clear();
    scene.child_ended(actor);
    assert_eq!(scene.seen(), [Effect::Unnamed { actor }]);
    scene.say(PROGRAM, 8, ToAdmin::Durable { system: "there".into(), name: "desk".into() });
    let wanted = scene.seen();
    assert!(
        matches!(&wanted[..], [Effect::OpenPost { id: 8, system, name, .. }] if system == "there" && name == "desk"),
        "{wanted:?}"
    );
}

#[test]
fn who_has_an_actor_made_as_its_child_is_told_of_its_end_unless_it_has_a_name() {
    for name in [None, Some("desk")] {
        let mut scene = Scene::new();
        let requester = Requester { actor: Address::new(PROGRAM, 0, 1, 0), birth: Birth::numbered(3) };
        let chosen = node(0x1234);
        let process = scene.create(5, |creation| {
            creation.name = name.map(str::to_owned);
            creation.process = Some(chosen);
            creation.requester = Some(requester);
        });
        assert_eq!(process, Some(chosen));
        let child = scene.ready(chosen);
        scene.effects.clear();
        scene.child_ended(child);
        let signal = Signal::ChildEnded { birth: requester.birth, child, reason: ExitReason::Requested };
        let told = Effect::Signal { to: requester.actor, signal };
        assert_eq!(scene.seen(), [if name.is_none() { told } else { Effect::Unnamed { actor: child } }]);
        scene.end(chosen);
        assert_eq!(scene.seen(), [Effect::Forget { process: chosen }], "nobody is told twice");
    }
}

#[test]
fn a_process_number_that_is_taken_or_reserved_or_foreign_is_refused() {
    let mut scene = Scene::new();
    for wrong in [PROGRAM, node(0), node(1), crate::address::NodeId::of_process(8, 99)] {
        assert_eq!(scene.create(5, |creation| creation.process = Some(wrong)), None);
        assert_eq!(kind_of(&scene.said_to(PROGRAM)[0].1), Some(RefusalKind::NoProcess));
    }
}

#[test]
fn an_actor_is_restarted_by_the_policy_that_its_process_has_told() {
    for (policy, verdict) in
        [(Restart::Temporary, Verdict::Stop), (Restart::Transient, Verdict::Restart(Duration::ZERO))]
    {
        let mut scene = Scene::new();
        let process = scene.create(5, |_| {}).unwrap();
        scene.say(STARTER, 0, ToAdmin::Forked { process, pid: 400 });
        scene.attach(process, Role::Actor);
        scene.say(process, 0, ToAdmin::Ready { process, policy, bounded: false });
        scene.effects.clear();
        let (birth, child) = (Birth::numbered(1), actor_of(process));
        let failure = FailureReport::new(FailureKind::Error, "on purpose");
        scene.on(Event::Signal(Signal::ChildFailed { birth, child, failure }));
        assert_eq!(scene.effects, [Effect::Signal { to: child, signal: Signal::Verdict(verdict) }]);
    }
}
