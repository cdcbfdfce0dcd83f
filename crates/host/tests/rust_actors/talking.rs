//! Messages between processes.

use roscius::{AskError, Received};
use roscius_host::rust::TellError;

use crate::cast::{Add, Ball, CameBack, Fail, Local, Misspeak, Note, Notes, Player, Recite, Thrower, Unheard, Where};
use crate::scene::{PATIENCE, Scene, next, next_message};

#[test]
fn actors_answer_from_processes_of_their_own() {
    let scene = Scene::start("answers");
    let first = scene.system.spawn::<Player>(40u64).unwrap();
    let second = scene.system.spawn::<Player>(0u64).unwrap();
    assert_eq!(scene.system.ask(first, Add(2)).wait(), Ok(42));
    assert_eq!(scene.system.ask(second, Add(1)).wait(), Ok(1));
    let (one, starter) = scene.system.ask(first, Where).wait().unwrap();
    let (two, same_starter) = scene.system.ask(second, Where).wait().unwrap();
    assert_eq!(starter, same_starter);
    let mut processes = vec![one, two, starter, std::process::id()];
    processes.sort_unstable();
    processes.dedup();
    assert_eq!(processes.len(), 4, "each is a process of its own");
}

#[test]
fn messages_arrive_in_the_order_of_sending() {
    let scene = Scene::start("order");
    let speaker = scene.system.spawn::<Player>(0u64).unwrap();
    let listener = scene.system.spawn::<Player>(0u64).unwrap();
    // From the program, and from one actor to another.
    for number in 0..1000 {
        scene.system.tell(speaker, Note(number)).unwrap();
    }
    assert_eq!(scene.system.ask(speaker, Notes).wait().unwrap(), (0..1000).collect::<Vec<_>>());
    let endpoint = scene.system.endpoint();
    endpoint.tell(speaker, Recite { to: listener.address(), count: 20_000 }).unwrap();
    // What is told after the last one comes after all of them.
    endpoint.tell(speaker, Recite { to: endpoint.address(), count: 1 }).unwrap();
    assert_eq!(next_message::<Note>(&endpoint).0, 0);
    // Nothing orders what comes by two ways, so the listener is asked until it has heard all.
    let notes = loop {
        let notes = scene.system.ask(listener, Notes).wait().unwrap();
        if notes.len() >= 20_000 {
            break notes;
        }
    };
    assert_eq!(notes, (0..20_000).collect::<Vec<_>>());
}

#[test]
fn a_bounded_mailbox_of_another_process_takes_messages() {
    let scene = Scene::start("bounded");
    let (one, other) = (scene.system.spawn::<Thrower>(()).unwrap(), scene.system.spawn::<Thrower>(()).unwrap());
    let endpoint = scene.system.endpoint();
    let ball = Ball { to: other.address(), left: 100, began: endpoint.address() };
    endpoint.tell(one, ball).unwrap();
    assert_eq!(next_message::<Note>(&endpoint).0, 7);
}

#[test]
fn a_flood_from_the_program_arrives_whole() {
    let scene = Scene::start("flood");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    for _ in 0..50_000 {
        scene.system.tell(player, Add(1)).unwrap();
    }
    assert_eq!(scene.system.ask(player, Add(0)).wait(), Ok(50_000));
}

#[test]
fn who_fails_on_a_message_gives_it_back() {
    let scene = Scene::start("poison");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let failed = scene.system.ask(player, Fail("on purpose".into())).wait();
    assert_eq!(failed, Err(AskError::Failed("on purpose".into())));
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let endpoint = scene.system.endpoint();
    endpoint.tell(player, Fail("again".into())).unwrap();
    match next(&endpoint) {
        Received::Poison(poison) => {
            assert_eq!(poison.by, player.address());
            assert_eq!(&*poison.details, "again");
            assert_eq!(poison.message.get::<Fail>(), Some(&Fail("again".into())));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_nobody_accepts_comes_back() {
    let scene = Scene::start("refused");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let untyped = roscius::Recipient::<Unheard>::assume(player.address());
    let answer = scene.system.ask(untyped, Unheard).wait();
    assert!(matches!(&answer, Err(AskError::NotAccepted(why)) if why.contains("Unheard")), "{answer:?}");
}

#[test]
fn what_can_not_be_serialised_comes_back() {
    let scene = Scene::start("local");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let refused = scene.system.tell(player, Local(1));
    assert!(matches!(refused, Err(TellError::Codec(_))), "{refused:?}");
    let answer = scene.system.ask(player, Local(2)).wait_timeout(PATIENCE);
    assert!(matches!(&answer, Err(AskError::NotAccepted(why)) if why.contains("serialised")), "{answer:?}");
    let endpoint = scene.system.endpoint();
    endpoint.tell(player, Local(3)).unwrap();
    match next(&endpoint) {
        Received::Poison(poison) => {
            assert_eq!(poison.message.get::<Local>().map(|local| local.0), Some(3));
            assert!(poison.details.contains("serialised"), "{}", poison.details);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.system.ask(player, Add(1)).wait(), Ok(1), "the way is open still");
}

#[test]
fn an_actor_hears_of_what_came_back_from_another_process() {
    let scene = Scene::start("misspoken");
    let speaker = scene.system.spawn::<Player>(0u64).unwrap();
    let listener = scene.system.spawn::<Player>(0u64).unwrap();
    let endpoint = scene.system.endpoint();
    endpoint.tell(speaker, Misspeak(listener.address())).unwrap();
    let local = next_message::<CameBack>(&endpoint);
    assert!(local.message.ends_with("Local") && local.details.contains("serialised"), "{local:?}");
}

#[test]
fn several_threads_of_a_program_ask_at_once() {
    let scene = Scene::start("threads");
    let players: Vec<_> = (0..4).map(|_| scene.system.spawn::<Player>(0u64).unwrap()).collect();
    std::thread::scope(|scope| {
        for player in players {
            let system = scene.system.clone();
            scope.spawn(move || {
                for sum in 1..=200 {
                    assert_eq!(system.ask(player, Add(1)).wait_timeout(PATIENCE), Ok(sum));
                }
            });
        }
    });
}
