//! Names that the whole convention shares.

use super::scene::{PROGRAM, STARTER, SYSTEM, Scene, creation, kind_of, refusal};
use crate::address::{Address, NodeId};
use crate::admin::messages::{FromAdmin, RefusalKind, Scope, ToAdmin};
use crate::admin::{Effect, Event, actor_of, root};
use crate::convention::messages::{Claimed, Join, State};
use crate::convention::{self, Leave, Message, SystemId, Term};
use crate::lifecycle::{ExitReason, Signal};

const LEADER: SystemId = 20;
const NAME: &str = "registry";

impl Scene {
    /// A system that follows another.
    fn led() -> Self {
        let mut scene = Self::new();
        let identity = "leader".to_owned();
        scene.on(Event::Convention(convention::Event::Linked { system: LEADER, identity, dialled: None }));
        scene.leader_says(Message::Invite);
        let join = Join {
            mine: 1,
            yours: None,
            place: None,
            capabilities: Vec::new(),
            version: 1,
            beats_every: 1000,
            wants: true,
            state: State { leads: true, ..State::default() },
        };
        scene.leader_says(Message::Join(Box::new(join)));
        assert_eq!(scene.admin.leader(), Some(LEADER));
        scene.effects.clear();
        scene
    }

    fn leader_says(&mut self, message: Message) {
        self.on(Event::Convention(convention::Event::Said { system: LEADER, message }));
    }

    /// Asks for an actor with the name, and says which process it is to be if it is made here.
    fn share(&mut self, id: u64) -> Option<NodeId> {
        self.create(id, |creation| (creation.name, creation.scope) = (Some(NAME.into()), Scope::CONVENTION))
    }

    /// The number of the claim that was made.
    fn claim(&mut self) -> (u64, Option<Leave>) {
        let claim = self.seen().into_iter().find_map(|effect| match effect {
            Effect::Convene { system: LEADER, message: Message::Claim { number, leave, .. } } => Some((number, leave)),
            _ => None,
        });
        claim.expect("the leader is asked")
    }

    fn claimed(&mut self, number: u64, answer: Claimed) {
        self.leader_says(Message::Claimed { number, name: NAME.into(), answer });
    }

    /// The process that is to be the actor.
    fn making(&mut self) -> NodeId {
        let made = self.effects.iter().find_map(|effect| match effect {
            Effect::Send { to, message: FromAdmin::Make { process, .. }, .. } if *to == root(STARTER) => Some(*process),
            _ => None,
        });
        made.expect("it is made")
    }

    /// What the leader is told of the name.
    fn told(&mut self) -> Vec<Message> {
        let told = self.seen().into_iter().filter_map(|effect| match effect {
            Effect::Convene { system: LEADER, message } => Some(message),
            _ => None,
        });
        told.collect()
    }
}

fn leave() -> Leave {
    Leave { term: Term::default().next(LEADER), system: SYSTEM, number: 1 }
}

fn elsewhere() -> Address {
    actor_of(NodeId::of_process(LEADER, 100))
}

fn frees(messages: &[Message]) -> bool {
    messages.iter().any(|message| matches!(message, Message::Names(names) if names.freed == [NAME]))
}

#[test]
fn a_system_alone_makes_it_and_all_who_ask_get_it() {
    let mut scene = Scene::new();
    let process = scene.share(5).expect("it is made");
    assert_eq!(scene.share(6), None, "once");
    let actor = scene.ready(process);
    let told = [(5, FromAdmin::Created { actor }), (6, FromAdmin::Created { actor })];
    assert_eq!(scene.said_to(PROGRAM), told);
    assert_eq!(scene.share(7), None);
    assert_eq!(scene.said_to(PROGRAM), [(7, FromAdmin::Created { actor })]);
    assert_eq!(scene.status().names, [(NAME.to_owned(), actor)]);
    scene.child_ended(actor);
    assert!(scene.share(8).is_some(), "it is made anew");
}

#[test]
fn a_name_of_this_system_is_another() {
    let mut scene = Scene::new();
    let here = scene.actor(Some(NAME));
    let process = scene.share(5).expect("it is made");
    let actor = scene.ready(process);
    assert_ne!(here, actor);
    scene.effects.clear();
    assert_eq!(scene.create(6, |creation| creation.name = Some(NAME.into())), None);
    assert_eq!(scene.said_to(PROGRAM), [(6, FromAdmin::Created { actor: here })]);
}

#[test]
fn what_can_not_be_made_frees_the_name() {
    let mut scene = Scene::led();
    scene.share(5);
    let (number, _) = scene.claim();
    scene.claimed(number, Claimed::Leave(leave()));
    let process = scene.making();
    scene.share(6);
    scene.effects.clear();
    scene.say(STARTER, 0, ToAdmin::Failed { process, refusal: refusal(RefusalKind::Import), fits: Vec::new() });
    let refused = scene.effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message, .. } if to.node() == PROGRAM => kind_of(message),
        _ => None,
    });
    assert_eq!(refused.collect::<Vec<_>>(), [RefusalKind::Import, RefusalKind::Import]);
    assert!(frees(&scene.told()));
}

#[test]
fn one_that_is_elsewhere_is_the_answer() {
    let mut scene = Scene::led();
    assert_eq!(scene.share(5), None, "the leader is asked first");
    let (number, handed) = scene.claim();
    assert_eq!(handed, None);
    scene.claimed(number, Claimed::By(elsewhere()));
    assert_eq!(scene.said_to(PROGRAM), [(5, FromAdmin::Created { actor: elsewhere() })]);
}

#[test]
fn with_leave_another_system_may_be_asked_which_gets_it_too() {
    let mut scene = Scene::led();
    scene.share(5);
    let (number, _) = scene.claim();
    scene.claimed(number, Claimed::Leave(leave()));
    let process = scene.making();
    scene.effects.clear();
    let nowhere_here = refusal(RefusalKind::NoCompatibleSystem);
    scene.say(STARTER, 0, ToAdmin::Failed { process, refusal: nowhere_here, fits: Vec::new() });
    let seen = scene.seen();
    let asked = seen.iter().find_map(|effect| match effect {
        Effect::Ask { system: LEADER, id, message: ToAdmin::CreateFor { creation, .. } } => Some((*id, creation)),
        _ => None,
    });
    let (id, creation) = asked.expect("the leader is asked to make it");
    assert_eq!(creation.scope, Scope::Convention { leave: Some(leave()) });
    scene.on(Event::Answered { system: LEADER, id, message: FromAdmin::Created { actor: elsewhere() } });
    let seen = scene.seen();
    let answer = Effect::Send { to: root(PROGRAM), id: 5, message: FromAdmin::Created { actor: elsewhere() } };
    assert!(seen.contains(&answer), "{seen:?}");
    let freed =
        |effect: &Effect| matches!(effect, Effect::Convene { message, .. } if frees(std::slice::from_ref(message)));
    assert!(seen.iter().any(freed), "it is held there now: {seen:?}");
}

#[test]
fn a_leave_that_was_handed_on_is_asked_for_by_whoever_is_to_make_it() {
    let mut scene = Scene::led();
    let given = Leave { system: LEADER, ..leave() };
    let scope = Scope::Convention { leave: Some(given) };
    let creation = crate::admin::messages::Creation { name: Some(NAME.into()), scope, ..creation() };
    // Somebody here waits for it already.
    scene.share(4);
    scene.claim();
    let by = root(NodeId::of_process(LEADER, NodeId::ADMIN));
    let message = ToAdmin::CreateFor { creation, tried: vec![LEADER] };
    scene.on(Event::Said { by, role: None, id: 5, message });
    let (number, handed) = scene.claim();
    assert_eq!(handed, Some(given));
    scene.claimed(number, Claimed::Leave(given));
    let process = scene.making();
    let actor = scene.ready(process);
    let seen = scene.seen();
    for (to, id) in [(root(PROGRAM), 4), (by, 5)] {
        assert!(seen.contains(&Effect::Send { to, id, message: FromAdmin::Created { actor } }), "{seen:?}");
    }
}

#[test]
fn who_yields_has_its_actor_exit() {
    let mut scene = Scene::led();
    scene.share(5);
    let (number, _) = scene.claim();
    scene.claimed(number, Claimed::Leave(leave()));
    let process = scene.making();
    let actor = scene.ready(process);
    scene.effects.clear();
    scene.leader_says(Message::Yield { name: NAME.into(), leave: leave() });
    let seen = scene.seen();
    let is_exit = |effect: &Effect| matches!(effect, Effect::Signal { to, signal: Signal::Exit { reason: ExitReason::Requested, .. } } if *to == actor);
    assert!(seen.iter().any(is_exit), "{seen:?}");
    scene.share(6);
    let (number, _) = scene.claim();
    scene.claimed(number, Claimed::By(elsewhere()));
    assert_eq!(scene.said_to(PROGRAM), [(6, FromAdmin::Created { actor: elsewhere() })]);
}

#[test]
fn who_yields_while_it_makes_the_actor_asks_who_has_the_name() {
    let mut scene = Scene::led();
    scene.share(5);
    let (number, _) = scene.claim();
    scene.claimed(number, Claimed::Leave(leave()));
    scene.making();
    scene.effects.clear();
    scene.leader_says(Message::Yield { name: NAME.into(), leave: leave() });
    let (number, _) = scene.claim();
    scene.claimed(number, Claimed::By(elsewhere()));
    assert_eq!(scene.said_to(PROGRAM), [(5, FromAdmin::Created { actor: elsewhere() })]);
}

#[test]
fn who_waits_is_told_when_the_system_shuts_down() {
    let mut scene = Scene::led();
    scene.share(5);
    scene.claim();
    scene.say(PROGRAM, 9, ToAdmin::Shutdown);
    let told = scene.said_to(PROGRAM);
    assert!(told.iter().any(|(id, answer)| *id == 5 && kind_of(answer) == Some(RefusalKind::ShuttingDown)), "{told:?}");
}

#[test]
fn a_name_that_can_be_none_is_refused() {
    let mut scene = Scene::new();
    for name in [String::new(), "a\nb".to_owned(), "x".repeat(256)] {
        let given = scene.create(5, |creation| (creation.name, creation.scope) = (Some(name), Scope::CONVENTION));
        assert_eq!(given, None);
        assert_eq!(scene.said_to(PROGRAM).first().and_then(|(_, answer)| kind_of(answer)), Some(RefusalKind::NoName));
    }
}
