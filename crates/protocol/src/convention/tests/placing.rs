//! Capabilities and load: where an actor could be made.

use super::*;

fn entry(name: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
    (name.into(), value.into())
}

fn world(members: usize) -> World {
    let mut world = World::new(41);
    for host in 1..=members + 1 {
        let capabilities = vec![entry("host", &host.to_string())];
        world.start(host, Setup { candidates: vec![1], capabilities, ..Setup::default() });
    }
    world.run(seconds(2));
    world
}

fn order(world: &World, host: usize, tried: &[usize]) -> Vec<SystemId> {
    let tried: Vec<_> = tried.iter().map(|host| world.system(*host)).collect();
    world.convention(host).candidates(&tried).iter().map(|candidate| candidate.system).collect()
}

fn systems<const N: usize>(world: &World, hosts: [usize; N]) -> Vec<SystemId> {
    hosts.map(|host| world.system(host)).to_vec()
}

#[test]
fn the_least_loaded_comes_first_and_who_was_tried_does_not_come() {
    let mut world = world(3);
    for (host, load) in [(2, 30), (3, 10), (4, 20)] {
        world.tell(host, Event::Load(load));
    }
    world.run(seconds(2));
    assert_eq!(order(&world, 1, &[]), systems(&world, [3, 4, 2]));
    assert_eq!(order(&world, 1, &[3, 2]), systems(&world, [4]));
    assert_eq!(order(&world, 2, &[]), systems(&world, [1]));
    let candidates = world.convention(1).candidates(&[]);
    assert_eq!(candidates[0].load, 10);
    assert_eq!(candidates[0].capabilities, [entry("host", "3")]);
}

#[test]
fn what_is_put_somewhere_counts_before_it_is_reported() {
    let mut world = world(3);
    let mut counts = [0; 3];
    for number in 0..9 {
        let system = order(&world, 1, &[])[0];
        let host = (2..=4).find(|host| world.system(*host) == system).unwrap();
        world.tell(1, Event::Placing { system });
        world.place_child(1, host, number);
        counts[host - 2] += 1;
    }
    assert_eq!(counts, [3, 3, 3]);
}

#[test]
fn who_is_in_doubt_comes_last() {
    let mut world = world(3);
    for (host, load) in [(2, 1), (3, 2), (4, 3)] {
        world.tell(host, Event::Load(load));
    }
    world.run(seconds(2));
    world.freeze(2, seconds(5));
    world.cut(1, 3);
    world.break_link(1, 3);
    world.run(milliseconds(500));
    assert_eq!(order(&world, 1, &[]), systems(&world, [2, 4, 3]));
    world.heal();
    world.run(seconds(3));
    assert_eq!(order(&world, 1, &[]), systems(&world, [3, 4, 2]));
    world.run(seconds(5));
    assert_eq!(order(&world, 1, &[]), systems(&world, [2, 3, 4]));
}

#[test]
fn capabilities_are_passed_on_at_once_and_nobody_is_notified() {
    let mut world = world(2);
    world.told.clear();
    let changed = vec![entry("new", "yes")];
    world.tell(2, Event::Capabilities(changed.clone()));
    world.tell(1, Event::Capabilities(changed.clone()));
    world.run(milliseconds(20));
    let of = |world: &World, at: usize, host: usize| {
        let system = world.system(host);
        let member = world.convention(at).members().find(|member| member.system == system);
        member.map(|member| member.capabilities.to_vec())
    };
    assert_eq!(of(&world, 1, 2), Some(changed.clone()));
    assert_eq!(of(&world, 2, 1), Some(changed.clone()));
    assert_eq!(of(&world, 3, 1), Some(changed.clone()));
    assert!(world.told.is_empty(), "{:?}", world.told);
    // What leaves has what it had last.
    world.kill(2);
    world.run(seconds(2));
    let told = &world.told[&1];
    assert!(
        told.iter().any(|(_, effect)| matches!(effect, Effect::Left { capabilities, .. } if *capabilities == changed))
    );
}

#[test]
fn many_changes_are_few_messages() {
    let mut world = world(1);
    let before = world.sent;
    for number in 0..1_000_u32 {
        world.tell(2, Event::Capabilities(vec![(b"number".to_vec(), number.to_be_bytes().to_vec())]));
        world.run(milliseconds(1));
    }
    world.run(milliseconds(500));
    let sent = world.sent - before;
    assert!(sent < 20, "{sent}");
    world.check_capabilities(0);
    // The same ones again are no change.
    let same = vec![(b"number".to_vec(), 999_u32.to_be_bytes().to_vec())];
    let before = world.others_sent;
    world.tell(2, Event::Capabilities(same));
    world.run(seconds(5));
    assert_eq!(world.others_sent, before);
}

#[test]
fn a_change_that_got_lost_is_told_again() {
    let mut world = world(1);
    world.lost_messages = 1_000;
    world.tell(2, Event::Capabilities(vec![entry("new", "yes")]));
    world.run(milliseconds(100));
    world.lost_messages = 0;
    world.run(seconds(2));
    world.check_capabilities(0);
}
