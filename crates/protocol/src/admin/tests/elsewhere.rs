//! Actors that another system is asked for.

use std::time::Duration;

use super::scene::{PROGRAM, STARTER, SYSTEM, Scene, creation, kind_of, node, refusal};
use crate::address::{Address, NodeId};
use crate::admin::messages::{Creation, Entry, FromAdmin, RefusalKind, Requester, ToAdmin};
use crate::admin::{CREATE_WITHIN, Effect, Event, Openness, actor_of, root};
use crate::convention::messages::{Departure, Join, State};
use crate::convention::{self, Message, SystemId};
use crate::lifecycle::{Birth, ExitReason, Signal};

const LEFT: SystemId = 20;
const RIGHT: SystemId = 30;

impl Scene {
    /// A member of the convention, with so many actors.
    fn member(&mut self, system: SystemId, load: u32) {
        let identity = format!("member {system}");
        self.on(Event::Convention(convention::Event::Linked { system, identity, dialled: None }));
        let join = Join {
            mine: 1,
            yours: None,
            place: None,
            capabilities: vec![(b"of".to_vec(), system.to_string().into_bytes())],
            version: 1,
            beats_every: 1000,
            wants: true,
            state: State { load, ..State::default() },
        };
        self.on(Event::Convention(convention::Event::Said { system, message: Message::Join(Box::new(join)) }));
        assert!(self.seen().contains(&Effect::Meet { system }));
    }

    fn leaves(&mut self, system: SystemId) {
        let message = Message::Leave { mine: Some(1), yours: None, why: Departure::ShutsDown };
        self.on(Event::Convention(convention::Event::Said { system, message }));
    }

    /// Whom the process that is to be an actor is asked about.
    fn offered(&mut self) -> (NodeId, Vec<SystemId>) {
        let mut made = self.seen().into_iter().filter_map(|effect| match effect {
            Effect::Send { to, message: FromAdmin::Make { process, elsewhere, .. }, .. } if to == root(STARTER) => {
                Some((process, elsewhere.into_iter().map(|(system, _): (_, Vec<Entry>)| system).collect()))
            }
            _ => None,
        });
        made.next().unwrap()
    }

    /// A new process finds that this system has not what its actor requires.
    fn does_not_fit(&mut self, process: NodeId, fits: Vec<SystemId>) {
        let refusal = refusal(RefusalKind::NoCompatibleSystem);
        self.say(STARTER, 0, ToAdmin::Failed { process, refusal, fits });
    }

    /// Which system is asked for an actor, with the number of the request and who was asked before.
    fn asked(&mut self) -> Option<(SystemId, u64, Vec<SystemId>)> {
        self.seen().into_iter().find_map(|effect| match effect {
            Effect::Ask { system, id, message: ToAdmin::CreateFor { tried, .. } } => Some((system, id, tried)),
            _ => None,
        })
    }

    fn answers(&mut self, system: SystemId, id: u64, message: FromAdmin) {
        self.on(Event::Answered { system, id, message });
    }

    fn refuses(&mut self, system: SystemId, id: u64, kind: RefusalKind) {
        self.answers(system, id, FromAdmin::Refused(refusal(kind)));
    }

    /// Asks for an actor of this parent that can not run here, and of which the systems named could.
    fn wanted(&mut self, requester: Option<Requester>, fits: &[SystemId]) -> (SystemId, u64, Vec<SystemId>) {
        self.effects.clear();
        let process = self.create(5, |creation| creation.requester = requester).unwrap();
        self.does_not_fit(process, fits.to_vec());
        self.asked().unwrap()
    }
}

fn elsewhere(system: SystemId) -> Address {
    actor_of(NodeId::of_process(system, 100))
}

#[test]
fn the_least_loaded_that_fits_is_asked_and_then_the_next() {
    let mut scene = Scene::new();
    scene.member(LEFT, 9);
    scene.member(RIGHT, 3);
    let process = scene.create(5, |_| {}).unwrap();
    assert_eq!(scene.offered(), (process, vec![RIGHT, LEFT]));
    scene.does_not_fit(process, vec![LEFT, RIGHT]);
    let (system, id, tried) = scene.asked().unwrap();
    assert_eq!((system, tried), (RIGHT, vec![SYSTEM, RIGHT]));
    scene.refuses(RIGHT, id, RefusalKind::NoProcess);
    let (system, id, tried) = scene.asked().unwrap();
    assert_eq!((system, tried), (LEFT, vec![SYSTEM, RIGHT, LEFT]));
    let actor = elsewhere(LEFT);
    scene.answers(LEFT, id, FromAdmin::Created { actor });
    assert_eq!(scene.said_to(PROGRAM), [(5, FromAdmin::Created { actor })]);
    scene.answers(LEFT, id, FromAdmin::Created { actor });
    assert_eq!(scene.seen(), [], "an answer counts once");
}

#[test]
fn who_can_not_be_helped_is_told_why_by_the_last_who_was_asked() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    let (_, id, _) = scene.wanted(None, &[LEFT]);
    scene.refuses(RIGHT, id, RefusalKind::NoMaker);
    assert_eq!(scene.seen(), [], "who was not asked does not answer");
    scene.refuses(LEFT, id, RefusalKind::NoMaker);
    let said = scene.said_to(PROGRAM);
    assert_eq!(
        said.iter().map(|(id, message)| (*id, kind_of(message))).collect::<Vec<_>>(),
        [(5, Some(RefusalKind::NoMaker))]
    );
}

#[test]
fn what_would_fail_anywhere_is_asked_of_one() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    scene.member(RIGHT, 1);
    let (_, id, _) = scene.wanted(None, &[LEFT, RIGHT]);
    scene.refuses(LEFT, id, RefusalKind::InvalidSourceHash);
    let said = scene.said_to(PROGRAM);
    assert_eq!(
        said.iter().map(|(_, message)| kind_of(message)).collect::<Vec<_>>(),
        [Some(RefusalKind::InvalidSourceHash)]
    );
}

#[test]
fn who_does_not_answer_or_leaves_is_passed_over() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    scene.member(RIGHT, 1);
    scene.wanted(None, &[LEFT, RIGHT]);
    scene.leaves(LEFT);
    let (system, ..) = scene.asked().unwrap();
    assert_eq!(system, RIGHT, "the other one has left");
    scene.wait(CREATE_WITHIN);
    let kinds: Vec<_> = scene.said_to(PROGRAM).iter().filter_map(|(_, message)| kind_of(message)).collect();
    assert_eq!(kinds, [RefusalKind::NoCompatibleSystem]);
}

#[test]
fn many_systems_are_offered_in_two_steps() {
    let mut scene = Scene::new();
    let last = 200;
    for system in 100..=last {
        scene.member(system, system);
    }
    let first = scene.create(5, |creation| creation.name = Some("one".into())).unwrap();
    let (_, offered) = scene.offered();
    assert_eq!(offered, (100..164).collect::<Vec<_>>());
    scene.does_not_fit(first, Vec::new());
    let (second, offered) = scene.offered();
    assert_ne!(first, second);
    assert_eq!(offered, (100..=last).collect::<Vec<_>>(), "none of the first would do");
    // Who wants the same meanwhile waits for the same.
    assert_eq!(scene.create(6, |creation| creation.name = Some("one".into())), None);
    scene.does_not_fit(second, vec![last]);
    let (system, id, _) = scene.asked().unwrap();
    assert_eq!(system, last);
    let actor = elsewhere(last);
    scene.answers(last, id, FromAdmin::Created { actor });
    assert_eq!(scene.said_to(PROGRAM), [(5, FromAdmin::Created { actor }), (6, FromAdmin::Created { actor })]);
}

#[test]
fn an_actor_elsewhere_ends_with_its_parent() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    let parent = scene.actor(None);
    let (_, id, _) = scene.wanted(Some(Requester { actor: parent, birth: Birth::numbered(4) }), &[LEFT]);
    let child = elsewhere(LEFT);
    scene.answers(LEFT, id, FromAdmin::Created { actor: child });
    scene.effects.clear();
    scene.end(parent.node());
    let exits = scene
        .seen()
        .into_iter()
        .filter(|effect| matches!(effect, Effect::Signal { to, signal: Signal::Exit { .. } } if *to == child));
    assert_eq!(exits.count(), 1);
}

#[test]
fn the_end_of_an_actor_with_its_system_is_told_to_its_parent_once_and_first() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    let parent = scene.actor(None);
    let birth = Birth::numbered(4);
    let (_, id, _) = scene.wanted(Some(Requester { actor: parent, birth }), &[LEFT]);
    let child = elsewhere(LEFT);
    scene.answers(LEFT, id, FromAdmin::Created { actor: child });
    scene.on(Event::Said { by: parent, role: None, id: 0, message: ToAdmin::WatchRegistrations { start: true } });
    scene.effects.clear();
    scene.leaves(LEFT);
    let told: Vec<&str> = scene
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Signal {
                to,
                signal: Signal::ChildEnded { birth: whose, child: ended, reason: ExitReason::Failed(_) },
            } if (*to, *whose, *ended) == (parent, birth, child) => Some("the end of the child"),
            Effect::Send { message: FromAdmin::Registration { joined: false, .. }, .. } => Some("the system has left"),
            Effect::GiveUp { system: LEFT } => Some("given up"),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["the end of the child", "the system has left", "given up"]);
}

#[test]
fn a_system_asks_nobody_who_has_been_asked_before() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    scene.member(RIGHT, 1);
    let by = root(NodeId::of_process(LEFT, NodeId::ADMIN));
    let message = ToAdmin::CreateFor { creation: creation(), tried: vec![LEFT, SYSTEM] };
    scene.on(Event::Said { by, role: None, id: 77, message });
    let (process, offered) = scene.offered();
    assert_eq!((process.system(), offered), (node(1).system(), vec![RIGHT]));
    scene.does_not_fit(process, vec![RIGHT]);
    let (system, id, tried) = scene.asked().unwrap();
    assert_eq!((system, tried), (RIGHT, vec![LEFT, SYSTEM, RIGHT]));
    scene.refuses(RIGHT, id, RefusalKind::NoCompatibleSystem);
    assert_eq!(
        scene.said_to(by.node()).iter().map(|(id, message)| (*id, kind_of(message))).collect::<Vec<_>>(),
        [(77, Some(RefusalKind::NoCompatibleSystem))]
    );
}

#[test]
fn an_actor_exits_when_the_system_of_its_parent_is_lost_and_is_heard_there_no_more() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    scene.member(RIGHT, 0);
    let requester = Requester { actor: elsewhere(LEFT), birth: Birth::numbered(7) };
    let process = scene.create(5, |creation| creation.requester = Some(requester)).unwrap();
    let child = scene.ready(process);
    assert!(!scene.admin.has_ended_for(process, LEFT));
    scene.seen();
    scene.leaves(LEFT);
    let effects = scene.seen();
    let exits = |effect: &Effect| matches!(effect, Effect::Signal { to, signal: Signal::Exit { reason: ExitReason::ParentEnded, .. } } if *to == child);
    let exit = effects.iter().position(exits).unwrap();
    let given_up = effects.iter().position(|effect| *effect == Effect::GiveUp { system: LEFT }).unwrap();
    assert!(exit < given_up);
    assert!(scene.admin.has_ended_for(process, LEFT));
    assert!(!scene.admin.has_ended_for(process, RIGHT));
    scene.member(LEFT, 0);
    scene.child_ended(child);
    assert_eq!(scene.seen(), [], "its end is told to nobody: it was told when its system was lost");
    assert!(!scene.admin.has_ended_for(process, LEFT));
}

#[test]
fn who_looks_after_a_system_sees_the_others() {
    let mut scene = Scene::new();
    scene.member(LEFT, 9);
    scene.wait(Duration::from_secs(1));
    let share = scene.status().detail.share;
    assert!(share.leads && share.openness == Openness::ThisHost, "{share:?}");
    let [other] = &share.others[..] else { panic!("{share:?}") };
    assert_eq!((other.system, other.identity.as_str(), other.actors), (LEFT, "member 20", 9));
    assert_eq!((other.linked, other.leads, other.heard_ago), (true, false, Duration::from_secs(1)));
}

/// A scene with an actor that has a child in a system of which nothing is heard any more.
fn with_an_unheard_child() -> (Scene, Address, Address) {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    let parent = scene.actor(None);
    let requester = Requester { actor: parent, birth: Birth::numbered(4) };
    let (_, id, _) = scene.wanted(Some(requester), &[LEFT]);
    // It has passed the request on to a system that is no member here.
    let child = elsewhere(RIGHT);
    scene.answers(LEFT, id, FromAdmin::Created { actor: child });
    scene.leaves(LEFT);
    scene.effects.clear();
    (scene, parent, child)
}

fn told_as_ended(effects: &[Effect], parent: Address, ended: Address) -> bool {
    let told = |effect: &Effect| matches!(effect, Effect::Signal { to, signal: Signal::ChildEnded { child, .. } } if *to == parent && *child == ended);
    effects.iter().any(told)
}

#[test]
fn a_system_that_ends_does_not_wait_for_actors_that_nobody_could_tell_of() {
    let (mut scene, parent, child) = with_an_unheard_child();
    scene.on(Event::NotAskedToExit { actor: child });
    assert_eq!(scene.seen(), [], "it may be back in a moment");
    scene.say(PROGRAM, 8, ToAdmin::Shutdown);
    let exit = Signal::Exit { by: scene.admin.address(), reason: ExitReason::ParentEnded, recursive: true };
    let seen = scene.seen();
    assert!(seen.contains(&Effect::Signal { to: child, signal: exit }), "there may be a way");
    assert!(!told_as_ended(&seen, parent, child));
    scene.on(Event::NotAskedToExit { actor: child });
    assert!(told_as_ended(&scene.seen(), parent, child));
    scene.on(Event::NotAskedToExit { actor: child });
    assert_eq!(scene.seen(), [], "that is told once");
}

#[test]
fn what_a_member_can_tell_of_is_waited_for() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    let parent = scene.actor(None);
    let requester = Requester { actor: parent, birth: Birth::numbered(4) };
    let (_, id, _) = scene.wanted(Some(requester), &[LEFT]);
    let child = elsewhere(LEFT);
    scene.answers(LEFT, id, FromAdmin::Created { actor: child });
    scene.effects.clear();
    scene.say(PROGRAM, 8, ToAdmin::Shutdown);
    let asked = |effect: &Effect| matches!(effect, Effect::Signal { to, signal: Signal::Exit { .. } } if *to == child);
    assert!(!scene.seen().iter().any(asked), "its parent does that");
}

#[test]
fn an_actor_that_comes_too_late_exits() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    scene.member(RIGHT, 1);
    let (_, id, _) = scene.wanted(None, &[LEFT, RIGHT]);
    scene.leaves(LEFT);
    scene.effects.clear();
    // It was cut off, and is there again.
    let (actor, answer) = (elsewhere(LEFT), FromAdmin::Created { actor: elsewhere(LEFT) });
    scene.answers(RIGHT, id, answer.clone());
    assert_eq!(scene.seen(), [], "it was asked for something else");
    scene.answers(LEFT, id, answer);
    let seen = scene.seen();
    assert!(
        matches!(&seen[..], [Effect::Signal { to, signal: Signal::Exit { .. } }] if *to == actor),
        "another was asked meanwhile: {seen:?}"
    );
}

#[test]
fn an_actor_that_is_made_after_all_is_taken_and_the_second_exits() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    scene.member(RIGHT, 1);
    let (system, slow, _) = scene.wanted(None, &[LEFT, RIGHT]);
    assert_eq!(system, LEFT);
    // It says something now and then, but does not answer.
    for _ in 0..CREATE_WITHIN.as_secs() {
        scene.wait(Duration::from_secs(1));
        for system in [LEFT, RIGHT] {
            scene.on(Event::Convention(convention::Event::Heard { system }));
        }
    }
    let (system, next, _) = scene.asked().unwrap();
    assert_eq!(system, RIGHT);
    scene.answers(LEFT, slow, FromAdmin::Created { actor: elsewhere(LEFT) });
    assert_eq!(scene.said_to(PROGRAM), [(5, FromAdmin::Created { actor: elsewhere(LEFT) })]);
    scene.answers(RIGHT, next, FromAdmin::Created { actor: elsewhere(RIGHT) });
    let seen = scene.seen();
    assert!(
        matches!(&seen[..], [Effect::Signal { to, signal: Signal::Exit { .. } }] if *to == elsewhere(RIGHT)),
        "there is one already: {seen:?}"
    );
}

#[test]
fn what_is_asked_for_again_by_another_way_is_made_once() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    scene.member(RIGHT, 1);
    let ask = |scene: &mut Scene, by: SystemId, id: u64, order: u64| {
        let creation = Creation { order: Some((99, order)), ..creation() };
        let by = root(NodeId::of_process(by, NodeId::ADMIN));
        scene.on(Event::Said { by, role: None, id, message: ToAdmin::CreateFor { creation, tried: vec![99] } });
    };
    ask(&mut scene, LEFT, 1, 7);
    let (process, _) = scene.offered();
    // While it is being made, and when it is there.
    ask(&mut scene, RIGHT, 2, 7);
    let actor = scene.ready(process);
    ask(&mut scene, RIGHT, 3, 7);
    let created = scene.seen().into_iter().filter_map(|effect| match effect {
        Effect::Send { to, id, message: FromAdmin::Created { actor } } => Some((to.node().system(), id, actor)),
        _ => None,
    });
    assert_eq!(created.collect::<Vec<_>>(), [(LEFT, 1, actor), (RIGHT, 2, actor), (RIGHT, 3, actor)]);
    ask(&mut scene, RIGHT, 4, 8);
    assert_ne!(scene.offered().0, process, "another order is another actor");
    scene.child_ended(actor);
    scene.end(process);
    scene.effects.clear();
    ask(&mut scene, RIGHT, 5, 7);
    assert_ne!(scene.offered().0, process, "one that has ended is not given");
}

/// A system asks for an actor of a source.
fn asks_for_source(scene: &mut Scene, by: SystemId, id: u64) {
    let creation = Creation { source: Some("abc".into()), ..creation() };
    let by = root(NodeId::of_process(by, NodeId::ADMIN));
    scene.on(Event::Said { by, role: None, id, message: ToAdmin::CreateFor { creation, tried: vec![] } });
}

/// Which systems were asked for the source, and who was refused.
fn wanted_and_refused(scene: &mut Scene) -> (Vec<(SystemId, u64)>, Vec<u64>) {
    let (mut wanted, mut refused) = (Vec::new(), Vec::new());
    for effect in scene.seen() {
        match effect {
            Effect::Ask { system, id, message: ToAdmin::WantSource { .. } } => wanted.push((system, id)),
            Effect::Send { id, message: FromAdmin::Refused(_), .. } => refused.push(id),
            _ => {}
        }
    }
    (wanted, refused)
}

fn source_content(content: &'static [u8]) -> FromAdmin {
    let content = Some(content.into());
    FromAdmin::SourceContent { id: "abc".into(), info: None, content, validated: true }
}

#[test]
fn a_source_that_a_killed_leader_was_to_bring_is_asked_of_who_else_wants_it() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    scene.member(RIGHT, 1);
    asks_for_source(&mut scene, LEFT, 1);
    asks_for_source(&mut scene, RIGHT, 2);
    let (wanted, refused) = wanted_and_refused(&mut scene);
    let [(LEFT, first)] = wanted[..] else { panic!("{wanted:?}") };
    assert!(refused.is_empty());
    // The leader is killed before it has sent it.
    scene.leaves(LEFT);
    let (wanted, refused) = wanted_and_refused(&mut scene);
    let [(RIGHT, _)] = wanted[..] else { panic!("{wanted:?}") };
    assert!(refused.is_empty());
    // What comes of the first request is not for this one.
    scene.answers(LEFT, first, source_content(b"old"));
    assert_eq!(scene.status().sources, []);
    // The other is killed too: nobody waits any more.
    scene.leaves(RIGHT);
    assert_eq!(wanted_and_refused(&mut scene), (vec![], vec![]));
    assert_eq!(scene.status().detail.pending, []);
}

#[test]
fn an_actor_of_a_source_is_not_made_for_a_leader_that_was_killed_while_the_source_was_validated() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    asks_for_source(&mut scene, LEFT, 1);
    let (wanted, _) = wanted_and_refused(&mut scene);
    scene.answers(LEFT, wanted[0].1, source_content(b"content"));
    scene.leaves(LEFT);
    let seen = scene.seen();
    assert!(!seen.iter().any(|it| matches!(it, Effect::Send { message: FromAdmin::Make { .. }, .. })), "{seen:?}");
    assert_eq!(scene.status().detail.pending, []);
}

#[test]
fn what_is_being_made_for_a_system_that_leaves_is_not_made() {
    let mut scene = Scene::new();
    scene.member(LEFT, 0);
    let by = root(NodeId::of_process(LEFT, NodeId::ADMIN));
    scene.on(Event::Said {
        by,
        role: None,
        id: 77,
        message: ToAdmin::CreateFor { creation: creation(), tried: vec![LEFT] },
    });
    let (process, _) = scene.offered();
    let own = scene.create(5, |_| {}).unwrap();
    scene.leaves(LEFT);
    let killed = Effect::Send { to: root(STARTER), id: 0, message: FromAdmin::Kill { process } };
    assert!(scene.seen().contains(&killed), "nobody waits for it");
    assert!(scene.status().detail.pending.iter().all(|pending| pending.actor == Some(actor_of(own))));
}
