//! Several candidates: one leads, and another one when it is gone.

use super::*;

const CANDIDATES: [usize; 3] = [1, 2, 3];

fn setup() -> Setup {
    Setup { candidates: CANDIDATES.to_vec(), ..Setup::default() }
}

/// Three candidates and two members.
fn highly_available() -> World {
    let mut world = World::new(9);
    for host in 1..=5 {
        world.start(host, setup());
    }
    world.run(seconds(2));
    all_follow(&world, 1);
    world
}

fn all_follow(world: &World, leader: usize) {
    for &host in world.hosts.keys() {
        assert_eq!(world.leader(host), Some(leader), "as host {host} sees it");
    }
}

fn follow(world: &World, leader: usize) -> bool {
    world.hosts.keys().all(|&host| world.leader(host) == Some(leader))
}

#[test]
fn members_know_all_candidates_and_candidates_know_all() {
    let world = highly_available();
    assert_eq!(world.members(1), [2, 3, 4, 5]);
    assert_eq!(world.members(3), [1, 2, 4, 5]);
    assert_eq!(world.members(4), [1, 2, 3]);
    assert_eq!(world.members(5), [1, 2, 3]);
}

#[test]
fn a_candidate_does_not_lead_before_it_knows_that_the_first_is_away() {
    let mut world = World::new(10);
    world.start(1, setup());
    world.run(seconds(2));
    world.start(2, setup());
    let term = world.convention(1).term();
    for _ in 0..1_000 {
        world.run(milliseconds(2));
        assert_ne!(world.leader(2), Some(2));
    }
    assert_eq!(world.convention(1).term(), term);
    all_follow(&world, 1);
}

#[test]
fn a_candidate_leads_soon_if_the_first_is_away() {
    let mut world = World::new(11);
    world.start(2, setup());
    world.run_until(milliseconds(1_000), |world| world.leader(2) == Some(2));
}

#[test]
fn a_candidate_leads_when_the_first_does_not_answer() {
    let mut world = World::new(11);
    world.start(1, setup());
    world.cut(1, 2);
    world.start(2, setup());
    world.run_until(milliseconds(1_100), |world| world.leader(2) == Some(2));
}

#[test]
fn the_next_leads_within_two_seconds_when_the_leader_is_killed() {
    let mut world = highly_available();
    let before = world.convention(2).term();
    world.kill(1);
    world.run_until(seconds(2), |world| follow(world, 2));
    assert!(world.convention(2).term() > before);
    world.kill(2);
    world.run_until(seconds(2), |world| follow(world, 3));
}

#[test]
fn the_next_leads_at_once_when_the_leader_leaves() {
    let mut world = highly_available();
    world.shut_down(1);
    all_follow(&world, 2);
}

#[test]
fn the_first_leads_again_within_two_seconds_after_it_is_back() {
    let mut world = highly_available();
    world.kill(1);
    world.run(seconds(120));
    all_follow(&world, 2);
    let before = world.convention(2).term();
    world.start(1, setup());
    world.run_until(seconds(2), |world| follow(world, 1));
    world.run(seconds(2));
    assert!(world.convention(1).term() > before, "it leads in a term after all others");
    assert_eq!(world.convention(4).term(), world.convention(1).term());
    assert_eq!(world.members(1), [2, 3, 4, 5]);
}

#[test]
fn a_leader_that_was_frozen_steps_back_in_with_a_new_term() {
    let mut world = highly_available();
    world.freeze(1, seconds(60));
    world.run(seconds(30));
    for host in 2..=5 {
        assert_eq!(world.leader(host), Some(2));
    }
    let between = world.convention(2).term();
    world.run(seconds(40));
    all_follow(&world, 1);
    assert!(world.convention(1).term() > between);
}

#[test]
fn two_leaders_of_a_split_convention_become_one() {
    let mut world = highly_available();
    // 1 and 4 on one side, 2, 3 and 5 on the other.
    for (one, other) in [(1, 2), (1, 3), (1, 5), (4, 2), (4, 3), (4, 5)] {
        world.cut(one, other);
    }
    world.run(seconds(30));
    assert_eq!([1, 4].map(|host| world.leader(host)), [Some(1); 2]);
    assert_eq!([2, 3, 5].map(|host| world.leader(host)), [Some(2); 3]);
    let elsewhere = world.convention(2).term();
    world.heal();
    world.run(seconds(10));
    all_follow(&world, 1);
    assert!(world.convention(1).term() > elsewhere);
    assert_eq!(world.members(1), [2, 3, 4, 5]);
}

#[test]
fn a_member_that_does_not_reach_the_leader_follows_the_next() {
    let mut world = highly_available();
    world.cut(4, 1);
    world.run(seconds(12));
    assert_eq!(world.leader(4), Some(2));
    assert_eq!([1, 2, 3, 5].map(|host| world.leader(host)), [Some(1); 4]);
}

#[test]
fn two_that_each_take_themselves_for_the_first_agree_by_their_terms() {
    let mut world = World::new(12);
    world.start(1, Setup { candidates: vec![1, 2], ..Setup::default() });
    world.start(2, Setup { candidates: vec![2, 1], ..Setup::default() });
    world.run(seconds(10));
    let leaders: Vec<_> = [1, 2].into_iter().filter(|host| world.convention(*host).is_leader()).collect();
    assert_eq!(leaders.len(), 1, "{leaders:?}");
    let terms = [1, 2].map(|host| world.convention(host).term());
    world.run(seconds(600));
    assert_eq!([1, 2].map(|host| world.convention(host).term()), terms, "they settled it");
}

#[test]
fn candidates_may_change() {
    let mut world = highly_available();
    for host in 1..=5 {
        world.tell(host, Event::Candidates(vec![World::place(3), World::place(2)]));
    }
    world.run(seconds(3));
    all_follow(&world, 3);
    // Host 1 is an ordinary member now, and knows the others no more.
    assert_eq!(world.members(1), [2, 3]);
    assert_eq!(world.members(3), [1, 2, 4, 5]);
    assert_eq!(world.members(4), [2, 3]);
    for host in 1..=5 {
        world.tell(host, Event::Candidates(Vec::new()));
    }
    world.run(seconds(3));
    for host in 1..=5 {
        assert_eq!(world.leader(host), Some(host));
        assert!(world.members(host).is_empty());
    }
}

#[test]
fn a_candidate_may_know_itself_by_another_name() {
    let mut world = World::new(13);
    world.start(1, Setup { candidates: vec![1], ..Setup::default() });
    let alias: Place = "leader.example:1900".parse().unwrap();
    world.tell(1, Event::Candidates(vec![alias.clone()]));
    assert_eq!(world.leader(1), None);
    let me = world.system(1);
    world.tell(1, Event::Linked { system: me, identity: "host1".into(), dialled: Some(alias) });
    assert_eq!(world.leader(1), Some(1));
    world.run(seconds(30));
    assert_eq!((world.leader(1), world.sent), (Some(1), 0));
}

#[test]
fn the_one_that_leads_is_told_when_it_changes() {
    let mut world = highly_available();
    world.told.clear();
    let second = world.system(2);
    world.kill(1);
    world.run(seconds(3));
    world.start(1, setup());
    world.run(seconds(3));
    let first = world.system(1);
    let told = |host: usize| -> Vec<Option<SystemId>> {
        let told = world.told[&host].iter();
        told.filter_map(|(_, effect)| if let Effect::Leader(who) = effect { Some(*who) } else { None }).collect()
    };
    assert_eq!(told(4), [Some(second), Some(first)]);
    assert_eq!(told(2), [None, Some(first)]);
}
