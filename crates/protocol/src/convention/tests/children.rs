//! Children on other systems: their parents hear once that they are lost, and before their system leaves.

use super::*;
use crate::address::Address;

/// A leader on host 1, or on 1 and 2, and members on 3 to 5.
fn world(candidates: &[usize]) -> World {
    let mut world = World::new(31);
    for host in candidates.iter().copied().chain(3..=5) {
        world.start(host, setup(candidates));
    }
    world.run(seconds(2));
    for host in 1..=5 {
        world.news(host);
    }
    world
}

fn setup(candidates: &[usize]) -> Setup {
    Setup { candidates: candidates.to_vec(), ..Setup::default() }
}

fn child_gone(world: &mut World, host: usize, on: usize, number: u32) {
    let child = world.child(on, number);
    world.tell(host, Event::ChildGone { child });
}

#[test]
fn a_leader_loses_the_children_of_a_member_before_the_member() {
    let mut world = world(&[1]);
    for number in [2, 1, 3] {
        world.place_child(1, 3, number);
    }
    world.place_child(1, 4, 4);
    child_gone(&mut world, 1, 3, 3);
    world.kill(3);
    world.run(seconds(2));
    assert_eq!(world.news(1), ["child lost 1", "child lost 2", "left 3"]);
    world.run(seconds(60));
    assert_eq!(world.news(1), [""; 0]);
}

#[test]
fn a_member_loses_the_children_on_its_leader() {
    let mut world = world(&[1]);
    world.place_child(3, 1, 1);
    world.shut_down(1);
    assert_eq!(world.news(3), ["child lost 1", "left 1"]);
}

#[test]
fn a_new_start_of_a_system_has_lost_the_children_of_the_old() {
    let mut world = world(&[1]);
    world.place_child(1, 3, 1);
    world.kill(3);
    world.start(3, setup(&[1]));
    world.place_child(1, 3, 2);
    world.run(seconds(5));
    assert_eq!(world.news(1), ["child lost 1", "left 3", "joined 3"]);
}

#[test]
fn members_hear_from_their_leader_of_children_on_other_members() {
    let mut world = world(&[1]);
    world.place_child(3, 4, 1);
    world.place_child(3, 5, 2);
    world.place_child(3, 5, 3);
    world.place_child(4, 5, 4);
    world.run(seconds(60));
    world.kill(5);
    world.run(seconds(2));
    assert_eq!(world.news(3), ["child lost 2", "child lost 3"]);
    assert_eq!(world.news(4), ["child lost 4"]);
    assert_eq!(world.news(1), ["left 5"]);
    world.kill(4);
    world.run(seconds(2));
    assert_eq!(world.news(3), ["child lost 1"]);
}

#[test]
fn a_child_on_a_system_that_is_gone_already_is_lost() {
    let mut world = world(&[1]);
    let child = world.child(5, 1);
    world.kill(5);
    world.run(seconds(5));
    // The answer to its creation was on the way when its system ended.
    let parent = world.parent(3);
    world.tell(3, Event::Placed { parent, child });
    let parent = world.parent(1);
    world.tell(1, Event::Placed { parent, child });
    world.run(seconds(10));
    assert_eq!(world.news(3), ["child lost 1"]);
    assert_eq!(world.news(1), ["left 5", "child lost 1"]);
}

#[test]
fn another_leader_is_asked_when_the_first_is_gone() {
    let mut world = world(&[1, 2]);
    world.place_child(3, 5, 1);
    world.run(seconds(1));
    world.kill(1);
    world.run(seconds(5));
    assert_eq!(world.news(3), ["left 1"]);
    world.kill(5);
    world.run(seconds(2));
    assert_eq!(world.news(3), ["child lost 1"]);
}

#[test]
fn both_gone_at_once_is_noticed_too() {
    let mut world = world(&[1, 2]);
    world.place_child(3, 5, 1);
    world.run(seconds(1));
    world.kill(1);
    world.kill(5);
    world.run(seconds(15));
    assert_eq!(world.news(3), ["left 1", "child lost 1"]);
}

#[test]
fn a_leader_that_is_started_again_is_asked_again() {
    let mut world = world(&[1]);
    world.place_child(3, 5, 1);
    world.place_child(3, 4, 2);
    world.run(seconds(1));
    world.kill(1);
    world.run(seconds(60));
    // Nobody knows, so nobody says anything.
    assert_eq!(world.news(3), ["left 1"]);
    world.kill(4);
    world.start(1, setup(&[1]));
    world.run(seconds(15));
    // One of the two has registered with the new leader.
    assert_eq!(world.news(3), ["joined 1", "child lost 2"]);
    world.kill(5);
    world.run(seconds(2));
    assert_eq!(world.news(3), ["child lost 1"]);
}

#[test]
fn who_has_no_child_there_any_more_is_not_told() {
    let mut world = world(&[1]);
    world.place_child(3, 5, 1);
    world.run(seconds(1));
    child_gone(&mut world, 3, 5, 1);
    world.run(seconds(1));
    let before = world.others_sent;
    world.kill(5);
    world.run(seconds(5));
    assert_eq!(world.news(3), [""; 0]);
    assert_eq!(world.others_sent, before, "somebody was told");
}

#[test]
fn leaders_ask_their_leaders() {
    // 1 leads 2; 2 leads 3; a child of 3 is on 4, which is a member of 1.
    let mut world = World::new(32);
    world.start(1, setup(&[1]));
    world.start(2, setup(&[1]));
    world.start(3, setup(&[2]));
    world.start(4, setup(&[1]));
    world.run(seconds(3));
    world.place_child(3, 4, 1);
    world.run(seconds(60));
    assert_eq!(world.news(3), ["joined 2"]);
    world.kill(4);
    world.run(seconds(2));
    assert_eq!(world.news(3), ["child lost 1"]);
}

/// The actor on `on` that is a child of one on `host`, as the system of the child is told.
fn foster(world: &mut World, on: usize, host: usize, number: u32) -> (Address, Address) {
    let (parent, child) = (world.parent(host), world.child(on, number));
    world.tell(on, Event::Fostered { parent, child });
    (parent, child)
}

#[test]
fn an_actor_loses_its_parent_with_the_system_of_that() {
    let mut world = world(&[1]);
    for number in [1, 2, 3] {
        foster(&mut world, 1, 3, number);
    }
    let (parent, child) = foster(&mut world, 1, 3, 4);
    world.tell(1, Event::FosterGone { parent, child });
    foster(&mut world, 3, 1, 5);
    world.freeze(3, seconds(20));
    world.run(seconds(11));
    assert_eq!(world.news(1), ["parent of 1 lost", "parent of 2 lost", "parent of 3 lost", "left 3"]);
    world.run(seconds(20));
    // It was given up itself, so it has lost as much.
    assert_eq!(world.news(3), ["parent of 5 lost", "left 1", "joined 1"]);
    assert_eq!(world.news(1), ["joined 3"]);
}

#[test]
fn an_actor_on_a_member_loses_a_parent_on_another_member() {
    let mut world = world(&[1]);
    foster(&mut world, 3, 5, 1);
    let (parent, child) = foster(&mut world, 4, 5, 2);
    world.run(seconds(60));
    world.tell(4, Event::FosterGone { parent, child });
    world.kill(5);
    world.run(seconds(2));
    assert_eq!(world.news(3), ["parent of 1 lost"]);
    assert_eq!(world.news(4), [""; 0]);
}

#[test]
fn a_member_that_its_leader_has_given_up_has_lost_as_much_as_was_told_of_it() {
    let mut world = world(&[1]);
    // One on 3 with a child on 5, and one on 5 with a child on 3.
    world.place_child(3, 5, 1);
    foster(&mut world, 5, 3, 1);
    world.place_child(5, 3, 2);
    foster(&mut world, 3, 5, 2);
    world.run(seconds(1));
    world.freeze(5, seconds(20));
    world.run(seconds(11));
    assert_eq!(world.news(3), ["child lost 1", "parent of 2 lost"]);
    world.run(seconds(15));
    assert_eq!(world.news(5), ["left 1", "joined 1", "child lost 2", "parent of 1 lost"]);
    assert_eq!(world.news(3), [""; 0]);
    // With a new start of the leader nobody has been told anything.
    world.place_child(3, 5, 1);
    world.run(seconds(1));
    world.kill(1);
    world.run(seconds(5));
    world.start(1, setup(&[1]));
    world.run(seconds(30));
    assert_eq!(world.news(3), ["left 1", "joined 1"]);
}
