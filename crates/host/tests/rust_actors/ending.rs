//! The end of a system.

use std::net::TcpListener;
use std::path::PathBuf;

use roscius::AskError;
use roscius_host::admin::Claim;
use roscius_host::rust::CreateError;

use crate::cast::{Add, Bear, Hang, Player, Where};
use crate::scene::{Scene, is_gone, kill, until_ended, until_gone, until_made};

#[test]
fn a_shutdown_leaves_no_process_and_no_file() {
    let scene = Scene::start("shutdown");
    let players: Vec<_> = (0..5u64).map(|sum| scene.system.spawn::<Player>(sum).unwrap()).collect();
    let mut pids = Vec::new();
    for player in &players {
        scene.system.ask(*player, Bear).wait().unwrap();
        let (pid, starter) = scene.system.ask(*player, Where).wait().unwrap();
        pids.extend([pid, starter]);
    }
    assert!(!pids.iter().copied().any(is_gone));
    assert_ne!(scene.base.files(), Vec::<PathBuf>::new());
    scene.system.shutdown().unwrap();
    assert!(pids.iter().copied().all(is_gone));
    assert_eq!(scene.base.files(), Vec::<PathBuf>::new());
    let Claim::Tcp(address) = scene.system.claim() else { panic!("{:?}", scene.system.claim()) };
    TcpListener::bind(address).unwrap();
    // What is left of it does not hang.
    assert!(scene.system.ask(players[0], Add(1)).wait().is_err());
    assert!(scene.system.spawn::<Player>(0u64).is_err());
    scene.system.shutdown().unwrap();
}

#[test]
fn a_handler_that_never_returns_does_not_hold_a_shutdown_up() {
    let scene = Scene::start("stuck");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let (pid, _) = scene.system.ask(player, Where).wait().unwrap();
    let sign = scene.base.0.join("hangs");
    let stuck = scene.system.ask(player, Hang(sign.clone()));
    until_made(&sign);
    scene.system.shutdown().unwrap();
    assert!(is_gone(pid));
    assert!(matches!(stuck.wait(), Err(AskError::NoActor | AskError::Abandoned | AskError::ShutDown)));
}

#[test]
fn all_end_when_another_program_shuts_the_system_down() {
    let scene = Scene::start("by-other");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let (pid, starter) = scene.system.ask(player, Where).wait().unwrap();
    scene.attach().unwrap().shutdown().unwrap();
    until_gone(pid);
    assert!(scene.system.ask(player, Add(1)).wait().is_err());
    // It waits for what this program has started.
    scene.system.shutdown().unwrap();
    assert!(is_gone(starter));
}

#[test]
fn actors_live_on_without_the_starter() {
    let scene = Scene::start("starter");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let (_, starter) = scene.system.ask(player, Where).wait().unwrap();
    kill(starter);
    assert_eq!(scene.system.ask(player, Add(1)).wait(), Ok(1));
    let visitor = scene.base.builder(scene.system.claim().clone()).attach_with_actors().unwrap();
    while visitor.spawn::<Player>(7u64).is_err() {}
    assert_eq!(visitor.ask(player, Add(1)).wait(), Ok(2));
    visitor.shutdown().unwrap();
}

#[test]
fn all_end_when_the_admin_is_killed() {
    let scene = Scene::start("beheaded");
    let player = scene.system.spawn::<Player>(0u64).unwrap();
    let (pid, starter) = scene.system.ask(player, Where).wait().unwrap();
    kill(scene.admin());
    until_ended(pid);
    assert!(matches!(scene.system.spawn::<Player>(0u64), Err(CreateError::Admin(_))));
    assert!(scene.system.ask(player, Add(1)).wait().is_err());
    scene.system.shutdown().unwrap();
    assert!(is_gone(starter));
}
