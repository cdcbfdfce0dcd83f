//! Failures, ends, and who is told.

use std::time::Instant;

use roscius::prelude::Terminated;
use roscius::{AskError, ExitReason, Received};

use crate::cast::{Add, Buried, Bury, Ended, Fail, Hang, Note, Notes, Player, Stubborn, WatchOver, Where};
use crate::scene::{PATIENCE, Scene, kill, next, next_message, until_made};

fn end(received: Received) -> Terminated {
    match received {
        Received::Terminated(end) => end,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_ask_to_an_actor_that_has_exited_ends_at_once() {
    let scene = Scene::start("exited");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    assert_eq!(scene.system.ask(player, Add(1)).wait(), Ok(1));
    let endpoint = scene.system.endpoint();
    endpoint.watch(player);
    scene.system.exit(player);
    let end = end(next(&endpoint));
    assert_eq!((end.address, end.reason), (player.address(), ExitReason::Requested));
    assert_eq!(scene.system.ask(player, Add(1)).wait_timeout(PATIENCE), Err(AskError::NoActor));
    assert_eq!(endpoint.ask(player, Add(1)).wait_timeout(PATIENCE), Err(AskError::NoActor));
}

#[test]
fn a_killed_process_is_the_end_of_its_actor_for_all_who_wait() {
    let scene = Scene::start("killed");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let watcher = scene.system.spawn::<Player>(0u64).unwrap();
    let (pid, _) = scene.system.ask(player, Where).wait().unwrap();
    let endpoint = scene.system.endpoint();
    endpoint.tell(watcher, WatchOver(player.address())).unwrap();
    endpoint.watch(player);
    // The watcher has asked to be told when it answers.
    assert_eq!(scene.system.ask(watcher, Add(1)).wait(), Ok(1));
    assert_eq!(scene.system.ask(player, Add(1)).wait(), Ok(1));
    let sign = scene.base.0.join("hangs");
    let waiting = endpoint.ask(player, Hang(sign.clone()));
    until_made(&sign);
    kill(pid);
    assert_eq!(waiting.wait_timeout(PATIENCE), Err(AskError::NoActor));
    let (mut told, mut told_of) = (0, 0);
    while told + told_of < 2 {
        match next(&endpoint) {
            Received::Terminated(end) => {
                assert_eq!(end.address, player.address());
                told += 1;
            }
            received => {
                assert_eq!(received.message::<Ended>().unwrap().who, player.address());
                told_of += 1;
            }
        }
    }
    assert_eq!((told, told_of), (1, 1));
    // Who watches too late is told too.
    let late = scene.system.endpoint();
    late.watch(player);
    assert_eq!(end(next(&late)).address, player.address());
}

#[test]
fn who_watches_in_another_process_hears_how_it_ended() {
    let scene = Scene::start("watch");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let watcher = scene.system.spawn::<Player>(0u64).unwrap();
    let endpoint = scene.system.endpoint();
    endpoint.tell(watcher, WatchOver(player.address())).unwrap();
    assert_eq!(scene.system.ask(watcher, Add(1)).wait(), Ok(1));
    let failed = scene.system.ask(player, Fail("for good".into())).wait();
    assert_eq!(failed, Err(AskError::Failed("for good".into())));
    let ended: Ended = next_message(&endpoint);
    assert_eq!(ended.who, player.address());
    assert!(ended.how.contains("for good"), "{}", ended.how);
}

#[test]
fn a_restart_keeps_the_address() {
    let scene = Scene::start("restart");
    let stubborn = scene.system.spawn::<Stubborn>(10u64).unwrap();
    assert_eq!(scene.system.ask(stubborn, Add(1)).wait(), Ok(11));
    let failed = scene.system.ask(stubborn, Fail("once".into())).wait();
    assert_eq!(failed, Err(AskError::Failed("once".into())));
    // A new instance, with the arguments of the first.
    assert_eq!(scene.system.ask(stubborn, Add(5)).wait(), Ok(15));
    assert_eq!(scene.system.status().unwrap().children, [stubborn.address()]);
}

#[test]
fn a_message_to_nobody_reaches_the_handler_of_dead_letters() {
    let scene = Scene::start("letters");
    let undertaker = scene.system.spawn::<Player>(0u64).unwrap();
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let endpoint = scene.system.endpoint();
    endpoint.ask(undertaker, Bury).wait().unwrap();
    endpoint.watch(player);
    scene.system.exit(player);
    end(next(&endpoint));
    scene.system.tell(player, Note(7)).unwrap();
    let buried: Buried = next_message(&endpoint);
    assert_eq!(buried.target, player.address());
    assert!(buried.message.ends_with("Note"), "{}", buried.message);
    assert_eq!(scene.system.status().unwrap().dead_letter_handler, Some(undertaker.address()));
}

#[test]
fn a_dead_letter_is_sent_again_to_another_actor_once() {
    let scene = Scene::start("resend");
    let system = &scene.system;
    let (gone, other) = (system.spawn::<Player>(0u64).unwrap(), system.spawn::<Player>(0u64).unwrap());
    system.exit(gone);
    let letters = |count: u64| {
        let since = Instant::now();
        loop {
            let status = system.status().unwrap();
            if status.dead_letters >= count {
                break status.latest_dead_letters;
            }
            assert!(since.elapsed() < PATIENCE, "{status:?}");
        }
    };
    system.tell(gone, Note(7)).unwrap();
    let first = letters(1)[0].number.unwrap();
    // It is gone still.
    assert_eq!(system.resend(first, None).unwrap(), Some(gone.address()));
    let records = letters(2);
    assert_eq!((records[0].number, records[1].target), (None, gone.address()));
    let second = records[1].number.unwrap();
    assert_eq!(system.resend(second, Some(other.address())).unwrap(), Some(other.address()));
    assert_eq!(system.resend(second, Some(other.address())).unwrap(), None, "it is kept no more");
    let since = Instant::now();
    while system.ask(other, Notes).wait().unwrap() != [7] {
        assert!(since.elapsed() < PATIENCE, "it has not arrived");
    }
}
