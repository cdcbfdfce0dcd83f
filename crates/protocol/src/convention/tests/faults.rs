//! No false alarms, and whole conventions under random faults.

use super::*;

const CANDIDATES: [usize; 3] = [1, 2, 3];
const HOSTS: std::ops::RangeInclusive<usize> = 1..=6;
/// Hosts 7 and 8 know no candidates: 7 invites 8, and is invited itself by nobody.
const INVITER: usize = 7;
const INVITED: usize = 8;

fn setup(host: usize) -> Setup {
    let candidates = if HOSTS.contains(&host) { CANDIDATES.to_vec() } else { Vec::new() };
    Setup { candidates, ..Setup::default() }
}

fn invite(world: &mut World) {
    world.tell(INVITER, Event::Invite { place: World::place(INVITED), capabilities: Vec::new() });
}

#[test]
fn lost_heartbeats_and_short_pauses_are_no_reason_for_an_alarm() {
    let hours: u64 = std::env::var("HOURS").ok().and_then(|hours| hours.parse().ok()).unwrap_or(5);
    let mut world = World::new(21);
    for host in HOSTS {
        world.start(host, setup(host));
    }
    world.run(seconds(5));
    world.told.clear();
    world.lost_beats = 50;
    world.slowest = milliseconds(300);
    let end = world.now.plus(seconds(hours * 3_600));
    while world.now < end {
        let host = 1 + world.random(6) as usize;
        let pause = milliseconds(world.random(2_000));
        world.freeze(host, pause);
        let busy = milliseconds(world.random(20_000));
        world.run(busy);
    }
    assert!(world.told.is_empty(), "{:?}", world.told);
}

#[test]
fn who_was_frozen_itself_blames_nobody() {
    let mut world = World::new(22);
    for host in HOSTS {
        world.start(host, setup(host));
    }
    world.run(seconds(5));
    for host in HOSTS {
        world.news(host);
    }
    // All at once, as when a machine that runs all of them is suspended.
    for host in HOSTS {
        world.freeze(host, seconds(60));
    }
    world.run(seconds(90));
    for host in HOSTS {
        assert_eq!(world.news(host), [""; 0]);
    }
}

/// Kills, starts, stops, cuts and the like, one after the other.
fn make_trouble(world: &mut World, rounds: usize) {
    for _ in 0..rounds {
        let (host, other) = (1 + world.random(8) as usize, 1 + world.random(8) as usize);
        let runs = world.hosts.contains_key(&host);
        match world.random(16) {
            0 | 1 if runs => world.kill(host),
            2 if runs => world.shut_down(host),
            3..=6 if !runs => {
                world.start(host, setup(host));
                if host == INVITER {
                    invite(world);
                }
            }
            7 if runs => {
                let pause = milliseconds(world.random(15_000));
                world.freeze(host, pause);
            }
            8 => world.cut(host, other),
            9 => world.cut_one_way(host, other),
            10 | 11 => world.heal(),
            12 if runs && host != other && world.hosts.contains_key(&other) => world.break_link(host, other),
            13 | 14 if runs && host != other && world.hosts.contains_key(&other) => {
                let number = 1 + world.random(1_000_000) as u32;
                world.place_child(host, other, number);
            }
            15 if runs => {
                let value = world.random(1_000).to_be_bytes().to_vec();
                world.tell(host, Event::Capabilities(vec![(b"number".to_vec(), value)]));
            }
            _ => {}
        }
        let pause = match world.random(4) {
            0 => milliseconds(world.random(20)),
            1 => milliseconds(world.random(500)),
            2 => milliseconds(world.random(3_000)),
            _ => milliseconds(world.random(15_000)),
        };
        world.run(pause);
    }
}

/// Ends all trouble, and checks that everything is as it should be after a while.
fn recover(world: &mut World, seed: u64) {
    world.heal();
    world.lost_messages = 0;
    world.lost_beats = 0;
    for host in 1..=8 {
        if !world.hosts.contains_key(&host) {
            world.start(host, setup(host));
        }
    }
    invite(world);
    world.run(seconds(40));
    for host in HOSTS {
        assert_eq!(world.leader(host), Some(1), "host {host}, seed {seed}");
        let known: Vec<_> = HOSTS
            .filter(|other| *other != host && (CANDIDATES.contains(&host) || CANDIDATES.contains(other)))
            .collect();
        assert_eq!(world.members(host), known, "host {host}, seed {seed}");
        assert_eq!(world.convention(host).term(), world.convention(1).term(), "host {host}, seed {seed}");
    }
    assert_eq!(world.members(INVITER), [INVITED], "seed {seed}");
    assert_eq!(world.leader(INVITED), Some(INVITER), "seed {seed}");
    world.check_capabilities(seed);
    if !seed.is_multiple_of(3) {
        // News of systems that are no members are told once.
        world.check_children(seed);
    }
    // Nothing but heartbeats from here on: 12 ties between candidates and members, 1 by invitation, two ways.
    let before = (world.sent, world.dials);
    world.run(seconds(100));
    let sent = world.sent - before.0;
    assert!((2 * 13 * 100..2 * 13 * 125).contains(&sent), "{sent} messages, seed {seed}");
    assert_eq!(world.dials, before.1, "seed {seed}");
}

#[test]
fn whatever_happens_all_is_well_afterwards() {
    let first: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(60);
    for seed in first..first + seeds {
        let mut world = World::new(seed);
        world.lost_beats = 50;
        world.lost_messages = if seed % 3 == 0 { 30 } else { 0 };
        world.slowest = milliseconds(if seed % 2 == 0 { 5 } else { 400 });
        world.traced = std::env::var("TRACE").is_ok();
        make_trouble(&mut world, 80);
        let recovered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| recover(&mut world, seed)));
        if let Err(panic) = recovered {
            println!("{}", world.trace);
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = || {
        let mut world = World::new(7);
        world.traced = true;
        make_trouble(&mut world, 60);
        world.trace
    };
    let trace = run();
    assert!(trace.len() > 10_000);
    assert!(trace == run(), "two runs differ");
}

#[test]
fn traffic_is_bounded_whatever_happens() {
    for seed in 0..20 {
        let mut world = World::new(1_000 + seed);
        let begin = world.now;
        make_trouble(&mut world, 80);
        let passed = world.now.since(begin).as_secs() + 1;
        // 13 ties: heartbeats and registrations; and dials, with four that are tried at most.
        assert!(world.sent < 13 * 2 * 3 * passed, "{} messages in {passed} s, seed {seed}", world.sent);
        assert!(world.dials < 8 * 3 * passed, "{} dials in {passed} s, seed {seed}", world.dials);
    }
}
