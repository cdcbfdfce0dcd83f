//! Systems come to know each other, and lose each other.

use super::*;

/// A leader on host 1 and members on the others.
fn convention_of(hosts: usize) -> World {
    let mut world = World::new(hosts as u64);
    for host in 1..=hosts {
        world.start(host, Setup { candidates: vec![1], ..Setup::default() });
    }
    world.run(seconds(1));
    world
}

#[test]
fn a_member_and_its_leader_know_each_other_and_members_do_not() {
    let mut world = convention_of(3);
    assert_eq!(world.members(1), [2, 3]);
    assert_eq!(world.members(2), [1]);
    assert_eq!(world.members(3), [1]);
    let mut news = world.news(1);
    news.sort_unstable();
    assert_eq!(news, ["joined 2", "joined 3"]);
    assert_eq!(world.news(2), ["joined 1"]);
    for host in 1..=3 {
        assert_eq!(world.leader(host), Some(1));
    }
}

#[test]
fn a_member_is_there_within_a_few_messages() {
    let mut world = World::new(1);
    world.start(1, Setup { candidates: vec![1], ..Setup::default() });
    world.start(2, Setup { candidates: vec![1], ..Setup::default() });
    let took = world.run_until(seconds(1), |world| world.members(1) == [2] && world.members(2) == [1]);
    assert!(took < milliseconds(20), "{took:?}");
    assert_eq!((world.dials, world.sent), (1, 2));
}

#[test]
fn a_killed_member_is_noticed_within_two_seconds() {
    let mut world = convention_of(2);
    world.news(1);
    world.kill(2);
    let took = world.run_until(seconds(2), |world| world.members(1).is_empty());
    assert!(took >= milliseconds(1_500), "{took:?}");
    assert_eq!(world.news(1), ["left 2"]);
    world.run(seconds(60));
    assert_eq!(world.news(1), [""; 0]);
}

#[test]
fn a_frozen_member_is_noticed_within_ten_seconds() {
    let mut world = convention_of(2);
    world.news(1);
    world.news(2);
    world.freeze(2, seconds(30));
    world.run_until(seconds(10), |world| world.members(1).is_empty());
    assert_eq!(world.news(1), ["left 2"]);
    world.run(seconds(30));
    // It has noticed that its link was closed, and is back.
    assert_eq!(world.members(1), [2]);
    assert_eq!(world.members(2), [1]);
    assert_eq!(world.news(1), ["joined 2"]);
}

#[test]
fn a_link_that_comes_back_in_time_is_not_noticed() {
    let mut world = convention_of(2);
    for host in [1, 2] {
        world.news(host);
    }
    for _ in 0..20 {
        world.break_link(1, 2);
        world.run(seconds(6));
    }
    for host in [1, 2] {
        assert_eq!(world.news(host), [""; 0]);
    }
}

#[test]
fn a_new_start_takes_the_place_of_the_old_one() {
    let mut world = convention_of(2);
    world.news(1);
    let old = world.system(2);
    world.kill(2);
    let new = world.start(2, Setup { candidates: vec![1], ..Setup::default() });
    world.run(milliseconds(100));
    assert_eq!(world.news(1), ["left 2", "joined 2"]);
    assert!(!world.convention(1).is_member(old));
    assert!(world.convention(1).is_member(new));
}
