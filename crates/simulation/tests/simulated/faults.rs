//! What goes wrong, by hand.

use std::time::Duration;

use roscius::AskError;

use crate::cast::{Add, Counter, Tick, three};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_partition_is_noticed_by_both_sides_and_heals() {
    let (sim, [hub, one, two]) = three(11);
    let counter = two.spawn::<Counter>(1_u64).unwrap();
    assert_eq!(one.ask(counter, Add(1)).wait(), Ok(2));
    sim.partition(&[&two], &[&hub, &one]);
    let asked = one.ask(counter, Add(1));
    assert!(sim.run_until(12 * SECOND, || hub.members() == ["one"] && two.members().is_empty()));
    assert_eq!(asked.wait(), Err(AskError::NoActor));
    sim.heal();
    assert!(sim.run_until(12 * SECOND, || hub.members().len() == 2));
    assert!(matches!(one.ask(counter, Add(1)).wait(), Ok(3 | 4)));
    sim.finish().unwrap();
}

#[test]
fn nothing_is_lost_when_a_link_breaks_or_a_direction_is_cut_for_a_moment() {
    let (sim, [hub, one, two]) = three(12);
    let probe = hub.probe().unwrap();
    two.spawn_by_name("ticker", probe.address()).unwrap();
    for _ in 0..20 {
        sim.run_for(SECOND);
        sim.break_link(&hub, &two);
        sim.run_for(SECOND);
        sim.cut_one_way(&two, &hub);
        sim.run_for(SECOND / 2);
        sim.heal();
    }
    sim.run_for(SECOND);
    let mut last = 0;
    while let Some(received) = probe.endpoint().take_arrival() {
        let tick = received.message::<Tick>().unwrap().0;
        assert_eq!(tick, last + 1);
        last = tick;
    }
    assert!(last >= 45, "{last}");
    assert!(one.members().contains(&"hub".to_owned()));
    sim.finish().unwrap();
}

#[test]
fn a_host_that_stands_still_for_a_moment_is_not_given_up() {
    let (sim, [hub, one, two]) = three(13);
    two.freeze(2 * SECOND);
    one.set_slow(true);
    for _ in 0..100 {
        sim.run_for(SECOND / 10);
        assert_eq!(hub.members().len(), 2);
    }
    two.freeze(20 * SECOND);
    assert!(sim.run_until(15 * SECOND, || hub.members() == ["one"]));
    sim.finish().unwrap();
}

#[test]
fn another_leads_when_the_leader_is_gone_and_hands_back() {
    let sim = roscius_simulation::Simulation::new(14);
    let registry = crate::cast::registry();
    let first = sim.system("first", &registry).leader("first").start().unwrap();
    let start = |name: &str| sim.system(name, &registry).leader("first").leader("second").start().unwrap();
    let (second, third) = (start("second"), start("third"));
    assert!(sim.run_until(10 * SECOND, || third.leader().as_deref() == Some("first")));
    first.crash();
    assert!(sim.run_until(15 * SECOND, || third.leader().as_deref() == Some("second")));
    let counter = second.spawn::<Counter>(1_u64).unwrap();
    assert_eq!(third.ask(counter, Add(1)).wait(), Ok(2));
    first.restart().unwrap();
    assert!(sim.run_until(30 * SECOND, || third.leader().as_deref() == Some("first")));
}

#[test]
fn a_system_that_crashes_and_is_back_at_once_has_nothing_of_before() {
    let (sim, [hub, _, two]) = three(15);
    let counter = two.spawn::<Counter>(1_u64).unwrap();
    assert_eq!(hub.ask(counter, Add(1)).wait(), Ok(2));
    two.crash();
    two.restart().unwrap();
    assert_eq!(hub.ask(counter, Add(1)).wait(), Err(AskError::NoActor));
    assert!(sim.run_until(10 * SECOND, || hub.members().len() == 2));
    assert!(!two.is_alive(counter));
    sim.finish().unwrap();
}
