//! The scenarios of the original's design of routing: S1, where the member knows its leader, and S2, where it is invited.

use super::*;

/// A leader on host 1, a member on host 2 that knows it, and nothing told so far.
fn s1a() -> World {
    let mut world = World::new(1);
    world.start(1, Setup { candidates: vec![1], ..Setup::default() });
    world.start(2, member());
    world.run(seconds(1));
    assert_eq!(world.news(1), ["joined 2"]);
    assert_eq!(world.news(2), ["joined 1"]);
    world
}

fn member() -> Setup {
    Setup { candidates: vec![1], ..Setup::default() }
}

/// A system on host 1 that has invited the one on host 2, which has joined, and nothing told so far.
fn s2a() -> World {
    let mut world = World::new(2);
    world.start(1, Setup { outbound_only: true, ..Setup::default() });
    world.start(2, Setup::default());
    invite(&mut world);
    world.run(seconds(1));
    assert_eq!(world.news(1), ["joined 2"]);
    assert_eq!(world.news(2), ["joined 1"]);
    assert_eq!(world.leader(2), Some(1));
    assert_eq!(world.leader(1), Some(1));
    world
}

fn invite(world: &mut World) {
    world.tell(1, Event::Invite { place: World::place(2), capabilities: Vec::new() });
}

fn dismiss(world: &mut World) {
    world.tell(1, Event::Dismiss(Peer::Place(World::place(2))));
}

fn is_quiet(world: &mut World) {
    let before = (world.sent, world.dials);
    world.run(seconds(600));
    assert_eq!((world.sent, world.dials), before, "there is traffic");
    assert!(world.hosts.values().all(|running| running.convention.next_deadline().is_none()));
}

#[test]
fn s1a_a_member_joins_and_stays() {
    let mut world = s1a();
    let before = world.sent;
    world.run(seconds(3_600));
    assert_eq!(world.news(1), [""; 0]);
    assert_eq!(world.news(2), [""; 0]);
    // A heartbeat each second from each side, less than a quarter more for the jitter, and nothing else.
    let sent = world.sent - before;
    assert!((7_200..9_000).contains(&sent), "{sent}");
    assert_eq!(world.dials, 1);
}

#[test]
fn s1b_a_member_without_leader_goes_on_trying() {
    let mut world = World::new(3);
    world.start(2, member());
    world.run(seconds(600));
    assert_eq!(world.leader(2), None);
    // About once a second, and not more often.
    assert!((450..650).contains(&world.dials), "{}", world.dials);
    assert_eq!(world.sent, 0);
    world.start(1, Setup { candidates: vec![1], ..Setup::default() });
    world.run_until(milliseconds(1_300), |world| world.members(1) == [2] && world.members(2) == [1]);
}

#[test]
fn s1c_a_member_loses_its_leader_and_finds_it_again() {
    let mut world = s1a();
    world.cut(1, 2);
    world.run_until(seconds(10), |world| world.members(2).is_empty());
    assert_eq!(world.news(2), ["left 1"]);
    assert_eq!(world.leader(2), None);
    world.run(seconds(100));
    world.heal();
    world.run(seconds(5));
    assert_eq!(world.news(2), ["joined 1"]);
    assert_eq!(world.news(1), ["left 2", "joined 2"]);
}

#[test]
fn s1c_a_killed_leader_is_noticed_within_two_seconds() {
    let mut world = s1a();
    world.kill(1);
    world.run_until(seconds(2), |world| world.leader(2).is_none());
    assert_eq!(world.news(2), ["left 1"]);
}

#[test]
fn s1d_a_leader_loses_a_member_that_does_not_know() {
    let mut world = s1a();
    world.place_child(2, 1, 7);
    world.place_child(1, 2, 8);
    // Nothing arrives from the member any more; it hears its leader well.
    world.cut_one_way(2, 1);
    world.run_until(seconds(10), |world| world.members(1).is_empty());
    assert_eq!(world.news(1), ["child lost 8", "left 2"]);
    world.run(seconds(20));
    world.heal();
    world.run(seconds(5));
    // The member learns that it was given up, and loses as much.
    assert_eq!(world.news(1), ["joined 2"]);
    assert_eq!(world.news(2), ["child lost 7", "left 1", "joined 1"]);
}

#[test]
fn s1e_a_member_exits() {
    let mut world = s1a();
    world.tell(2, Event::ShutDown);
    world.run(milliseconds(10));
    assert_eq!(world.news(1), ["left 2"]);
    world.kill(2);
    let before = world.sent;
    world.run(seconds(60));
    assert_eq!(world.sent, before);
    world.start(2, member());
    world.run(seconds(1));
    assert_eq!(world.news(1), ["joined 2"]);
}

#[test]
fn s1f_a_leader_exits_and_is_back() {
    let mut world = s1a();
    world.shut_down(1);
    assert_eq!(world.news(2), ["left 1"]);
    assert_eq!(world.leader(2), None);
    world.run(seconds(30));
    world.start(1, Setup { candidates: vec![1], ..Setup::default() });
    world.run_until(seconds(2), |world| world.members(2) == [1]);
    assert_eq!(world.news(2), ["joined 1"]);
}

#[test]
fn s2a_an_invited_system_joins_and_stays() {
    let mut world = s2a();
    let before = world.sent;
    world.run(seconds(3_600));
    assert_eq!(world.news(1), [""; 0]);
    assert_eq!(world.news(2), [""; 0]);
    assert!((7_200..9_000).contains(&(world.sent - before)), "{}", world.sent - before);
    assert_eq!(world.dials, 1);
}

#[test]
fn s2a_the_word_of_a_member_counts_and_not_what_was_said_of_it() {
    let mut world = World::new(2);
    world.start(1, Setup::default());
    let own = vec![(b"barn".to_vec(), b"oats".to_vec())];
    world.start(2, Setup { capabilities: own.clone(), ..Setup::default() });
    let said = vec![(b"moo".to_vec(), b"yes".to_vec())];
    world.tell(1, Event::Invite { place: World::place(2), capabilities: said.clone() });
    assert!(world.convention(1).candidates(&[]).is_empty());
    assert_eq!(world.convention(1).invited().next().unwrap().capabilities, said);
    world.run_until(milliseconds(250), |world| world.members(1) == [2]);
    assert_eq!(world.convention(1).candidates(&[])[0].capabilities, own);
}

#[test]
fn s2a_a_second_invitation_changes_nothing() {
    let mut world = s2a();
    for _ in 0..3 {
        invite(&mut world);
        world.run(seconds(1));
    }
    assert_eq!(world.news(1), [""; 0]);
    assert_eq!(world.news(2), [""; 0]);
}

#[test]
fn s2b_who_never_joins_is_invited_again_and_again() {
    let mut world = World::new(4);
    world.start(1, Setup::default());
    invite(&mut world);
    world.run(seconds(600));
    assert!((115..180).contains(&world.dials), "{}", world.dials);
    assert_eq!(world.news(1), [""; 0]);
    world.start(2, Setup::default());
    world.run_until(seconds(6), |world| world.members(1) == [2] && world.members(2) == [1]);
}

#[test]
fn s2b_inviting_a_thousand_times_is_not_a_thousand_messages() {
    let mut world = World::new(4);
    world.start(1, Setup::default());
    world.start(2, Setup::default());
    world.lost_messages = 1_000;
    for _ in 0..1_000 {
        invite(&mut world);
        world.run(milliseconds(1));
    }
    assert!(world.sent < 15, "{}", world.sent);
    world.lost_messages = 0;
    world.run_until(milliseconds(1_500), |world| world.members(1) == [2] && world.members(2) == [1]);
}

#[test]
fn s2c_an_invited_system_that_lost_its_leader_waits_to_be_invited() {
    let mut world = s2a();
    world.cut(1, 2);
    world.run(seconds(20));
    assert_eq!(world.news(2), ["left 1"]);
    // It does nothing about it itself.
    assert_eq!(world.convention(2).leader(), None);
    assert_eq!(world.convention(2).next_deadline(), None);
    world.heal();
    world.run_until(seconds(10), |world| world.members(2) == [1]);
    assert_eq!(world.leader(2), Some(1));
    assert_eq!(world.news(2), ["joined 1"]);
    assert_eq!(world.news(1), ["left 2", "joined 2"]);
}

#[test]
fn s2c_an_invited_system_does_not_come_back_by_a_late_heartbeat() {
    let mut world = s2a();
    // It hears nothing of its leader, which hears it.
    world.cut_one_way(1, 2);
    world.run_until(seconds(10), |world| world.members(2).is_empty());
    world.heal();
    world.run(seconds(10));
    assert_eq!(world.news(2), ["left 1", "joined 1"]);
    assert_eq!(world.news(1), ["left 2", "joined 2"]);
    assert_eq!(world.leader(2), Some(1));
}

#[test]
fn s2c_an_inviter_that_vanishes_before_it_is_joined_is_forgotten() {
    let mut world = World::new(2);
    world.start(1, Setup::default());
    world.start(2, Setup::default());
    // The invitation arrives, and the answer does not.
    invite(&mut world);
    world.run_until(seconds(1), |world| world.others_sent == 1);
    world.lost_messages = 1_000;
    world.run(milliseconds(100));
    world.kill(1);
    world.run(seconds(5));
    world.lost_messages = 0;
    world.start(1, Setup::default());
    invite(&mut world);
    world.run(seconds(2));
    assert_eq!(world.leader(2), Some(1));
    // It is lost by the one side alone, and is to be invited again.
    world.freeze(1, seconds(9));
    world.run(seconds(12));
    assert_eq!(world.news(2), ["joined 1", "left 1", "joined 1"]);
    assert_eq!(world.leader(2), Some(1));
}

#[test]
fn s2d_a_lost_member_is_told_once_and_invited_on() {
    let mut world = s2a();
    world.freeze(2, seconds(300));
    world.run(seconds(20));
    assert_eq!(world.news(1), ["left 2"]);
    let dials = world.dials;
    world.run(seconds(200));
    assert_eq!(world.news(1), [""; 0]);
    assert!((20..70).contains(&(world.dials - dials)), "{}", world.dials - dials);
    world.run(seconds(100));
    assert_eq!(world.news(1), ["joined 2"]);
}

#[test]
fn s2e_a_member_that_exits_is_invited_on() {
    let mut world = s2a();
    world.shut_down(2);
    assert_eq!(world.news(1), ["left 2"]);
    let dials = world.dials;
    world.run(seconds(100));
    assert!((19..60).contains(&(world.dials - dials)), "{}", world.dials - dials);
    assert_eq!(world.news(1), [""; 0]);
}

#[test]
fn s2f_a_member_that_is_started_again_is_invited_again() {
    let mut world = s2a();
    world.kill(2);
    world.start(2, Setup::default());
    world.run(seconds(1));
    assert_eq!(world.news(1), ["left 2", "joined 2"]);
    assert_eq!(world.leader(2), Some(1));
}

#[test]
fn s2g_who_is_dismissed_leaves_and_both_are_quiet() {
    let mut world = s2a();
    dismiss(&mut world);
    world.run(seconds(1));
    assert_eq!(world.news(1), ["left 2"]);
    assert_eq!(world.news(2), ["left 1"]);
    is_quiet(&mut world);
    invite(&mut world);
    world.run(seconds(1));
    assert_eq!(world.news(1), ["joined 2"]);
    assert_eq!(world.news(2), ["joined 1"]);
}

#[test]
fn s2g_a_leader_that_exits_leaves_who_it_invited_quiet() {
    let mut world = s2a();
    world.shut_down(1);
    assert_eq!(world.news(2), ["left 1"]);
    is_quiet(&mut world);
}

#[test]
fn s2h_a_closed_link_is_made_again_by_who_invited() {
    let mut world = s2a();
    world.run(seconds(10));
    world.break_link(1, 2);
    world.run(seconds(1));
    assert_eq!(world.members(1), [2]);
    assert_eq!(world.members(2), [1]);
    assert_eq!(world.news(1), [""; 0]);
    assert_eq!(world.news(2), [""; 0]);
    assert_eq!(world.dials, 2);
}

#[test]
fn a_lone_system_is_quiet() {
    let mut world = World::new(5);
    world.start(1, Setup::default());
    is_quiet(&mut world);
    assert_eq!(world.leader(1), Some(1));
}

#[test]
fn dismissing_by_system_and_dismissing_nobody() {
    let mut world = s2a();
    world.tell(1, Event::Dismiss(Peer::Place(World::place(77))));
    world.tell(1, Event::Dismiss(Peer::System(77)));
    world.run(seconds(1));
    assert_eq!(world.news(1), [""; 0]);
    let member = world.system(2);
    world.tell(1, Event::Dismiss(Peer::System(member)));
    world.run(seconds(60));
    assert_eq!(world.news(1), ["left 2"]);
    assert_eq!(world.news(2), ["left 1"]);
}
