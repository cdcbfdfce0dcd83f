//! Many actors, names, children, and other programs.

use std::process::{Command, Stdio};

use roscius::{ActorRef, Received};
use roscius_host::admin::Claim;
use roscius_host::rust::ProcessSystem;

use crate::cast::{Add, Bear, Bring, Ended, Nurse, Player, Where, registry};
use crate::scene::{PATIENCE, Scene, is_gone, next, next_message};

const VISIT: &str = "ROSCIUS_TEST_VISIT";

#[test]
fn a_hundred_actors_live_in_a_hundred_processes() {
    let scene = Scene::start("hundred");
    let players: Vec<_> = (0..100u64).map(|sum| scene.system.spawn::<Player>(sum).unwrap()).collect();
    let asks: Vec<_> = players.iter().map(|player| scene.system.ask(*player, Add(1000))).collect();
    for (sum, ask) in (0..).zip(asks) {
        assert_eq!(ask.wait_timeout(PATIENCE), Ok(1000 + sum));
    }
    let mut pids: Vec<_> = players.iter().map(|player| scene.system.ask(*player, Where).wait().unwrap().0).collect();
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids.len(), 100);
    assert_eq!(scene.system.status().unwrap().children.len(), 100);
    scene.system.shutdown().unwrap();
    assert!(pids.into_iter().all(is_gone));
}

#[test]
fn a_name_belongs_to_one_actor_of_the_system() {
    let scene = Scene::start("names");
    let first = scene.system.spawn_named::<Player>("desk", 5u64).unwrap();
    assert_eq!(scene.system.ask(first, Add(1)).wait(), Ok(6));
    assert_eq!(scene.system.spawn_named::<Player>("desk", 70u64).unwrap(), first);
    let visitor = scene.attach().unwrap();
    assert_eq!(visitor.spawn_named::<Player>("desk", 70u64).unwrap(), first);
    let endpoint = scene.system.endpoint();
    endpoint.watch(first);
    scene.system.exit(first);
    endpoint.listen(PATIENCE).unwrap();
    // The Admin is told by another way than we are.
    while !scene.system.status().unwrap().names.is_empty() {}
    let second = scene.system.spawn_named::<Player>("desk", 70u64).unwrap();
    assert_ne!(second, first);
    assert_eq!(scene.system.ask(second, Add(1)).wait(), Ok(71));
}

#[test]
fn children_are_in_the_process_of_their_parent() {
    let scene = Scene::start("children");
    let parent = scene.system.spawn::<Player>(0u64).unwrap();
    let child: ActorRef<Player> = scene.system.ask(parent, Bear).wait().unwrap();
    assert_eq!(child.address().node(), parent.address().node());
    assert_eq!(scene.system.ask(child, Where).wait().unwrap(), scene.system.ask(parent, Where).wait().unwrap());
    let endpoint = scene.system.endpoint();
    endpoint.watch(child);
    scene.system.exit(parent);
    assert!(endpoint.listen(PATIENCE).is_some());
}

#[test]
fn a_child_that_is_made_by_its_name_has_a_process_of_its_own_and_a_parent() {
    let scene = Scene::start("nurse");
    let nurse = scene.system.spawn::<Nurse>(()).unwrap();
    let endpoint = scene.system.endpoint();
    let bring = |name: &str| Bring { name: name.into(), news: endpoint.address() };
    let child = scene.system.ask(nurse, bring("player")).wait().unwrap().unwrap();
    assert_ne!(child.node(), nurse.address().node());
    let player = ActorRef::<Player>::assume(child);
    assert_eq!(scene.system.ask(player, Add(2)).wait(), Ok(42));
    // One that nobody makes is reported to who would be its parent, as a child that never was.
    let refused = scene.system.ask(nurse, bring("nobody")).wait().unwrap().unwrap_err();
    assert!(refused.contains("nobody"), "{refused}");
    assert!(next_message::<Ended>(&endpoint).how.contains("nobody"));
    scene.system.exit(child);
    assert_eq!(next_message::<Ended>(&endpoint).who, child);
    // Children end with their parents.
    let child = scene.system.ask(nurse, bring("player")).wait().unwrap().unwrap();
    endpoint.watch(child);
    scene.system.exit(nurse);
    assert!(matches!(next(&endpoint), Received::Terminated(end) if end.address == child));
}

#[test]
fn another_program_talks_to_the_same_actors() {
    let scene = Scene::start("visit");
    let player = scene.system.spawn_named::<Player>("desk", 40u64).unwrap();
    let Claim::Tcp(address) = scene.system.claim() else { panic!("{:?}", scene.system.claim()) };
    let visitor = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "living::visits", "--nocapture"])
        .env(VISIT, format!("{address} {}", scene.base.0.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(visitor.status.success(), "{visitor:?}");
    assert!(String::from_utf8_lossy(&visitor.stdout).contains("HEARD 42"), "{visitor:?}");
    // It has gone, and the system has not.
    assert_eq!(scene.system.ask(player, Add(1)).wait(), Ok(43));
}

/// The other program.
#[test]
fn visits() {
    let Ok(visit) = std::env::var(VISIT) else { return };
    let (address, base) = visit.split_once(' ').unwrap();
    let builder = ProcessSystem::builder(Claim::Tcp(address.parse().unwrap()), &registry()).directory(base);
    let system = builder.attach().unwrap();
    let player = system.spawn_named::<Player>("desk", 0u64).unwrap();
    println!("HEARD {}", system.ask(player, Add(2)).wait().unwrap());
}
