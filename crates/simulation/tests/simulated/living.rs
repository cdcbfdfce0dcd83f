//! What works between real systems.

use std::time::Duration;

use roscius::registry::Registry;
use roscius::testkit::Listener;
use roscius::{Address, AskError, Received};
use roscius_simulation::{CreateError, GlobalName, Simulation, StartFailed};

use crate::cast::{Add, Counter, Crash, Have, Lost, Parent, Tick, registry, three};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn an_actor_is_made_told_asked_and_ends() {
    let sim = Simulation::new(1);
    let system = sim.system("alone", &registry()).start().unwrap();
    let counter = system.spawn::<Counter>(40_u64).unwrap();
    system.tell(counter, Add(1)).unwrap();
    assert_eq!(system.ask(counter, Add(1)).wait(), Ok(42));
    let probe = system.probe().unwrap();
    probe.endpoint().watch(counter);
    system.tell(counter, Crash).unwrap();
    assert_eq!(probe.expect_terminated().address, counter.address());
    assert_eq!(system.ask(counter, Add(1)).wait(), Err(AskError::NoActor));
    system.tell(counter, Add(1)).unwrap();
    sim.run_for(SOON);
    assert_eq!(system.status().unwrap().dead_letters, 1);
}

#[test]
fn an_actor_is_made_where_its_needs_are_met() {
    let (sim, [hub, one, two]) = three(2);
    let fast = one.spawn_by_name("gpu counter", 1_u64).unwrap();
    assert_eq!(sim.home_of(fast).as_deref(), Some("two"));
    let here = one.spawn_by_name("counter", 1_u64).unwrap();
    assert_eq!(sim.home_of(here).as_deref(), Some("one"));
    two.set_capability("gpu", None);
    sim.run_for(SOON);
    let refused = hub.spawn_by_name("gpu counter", 1_u64);
    assert!(matches!(refused, Err(CreateError::Refused { .. })), "{refused:?}");
}

#[test]
fn a_handler_has_a_child_made_elsewhere_and_hears_of_its_end() {
    let (sim, [_, one, two]) = three(3);
    let probe = one.probe().unwrap();
    let parent = one.spawn::<Parent>(probe.address()).unwrap();
    let child = one.ask(parent, Have("gpu counter".into())).wait().unwrap().unwrap();
    assert_eq!(sim.home_of(child).as_deref(), Some("two"));
    let other = one.ask(parent, Have("nothing".into())).wait().unwrap();
    assert!(other.unwrap_err().contains("nothing"));
    let Lost(_never_was) = probe.expect();
    two.exit(child);
    let Lost(lost) = probe.expect();
    assert_eq!(lost, child);
}

#[test]
fn a_child_on_a_system_that_crashes_is_reported_to_its_parent() {
    let (_sim, [_, one, two]) = three(4);
    let probe = one.probe().unwrap();
    let parent = one.spawn::<Parent>(probe.address()).unwrap();
    let child = one.ask(parent, Have("gpu counter".into())).wait().unwrap().unwrap();
    probe.endpoint().watch(child);
    two.crash();
    let (mut told, mut terminated) = (false, false);
    for _ in 0..2 {
        match probe.endpoint().listen(SOON).unwrap() {
            Received::Message(delivered) => told = delivered.message.get::<Lost>().is_some_and(|it| it.0 == child),
            Received::Terminated(end) => terminated = end.address == child,
            other => panic!("{other:?}"),
        }
    }
    assert!(told && terminated);
}

#[test]
fn wakeups_follow_the_clock_of_their_host() {
    let sim = Simulation::new(5);
    let system = sim.system("right", &registry()).start().unwrap();
    // A tenth too fast.
    let fast = sim.system("fast", &registry()).clock_drift(100_000).start().unwrap();
    let count = |system: &roscius_simulation::SimulatedSystem| {
        let probe = system.probe().unwrap();
        system.spawn_by_name("ticker", probe.address()).unwrap();
        probe
    };
    let (slow_ticks, fast_ticks) = (count(&system), count(&fast));
    sim.run_for(Duration::from_millis(100_500));
    let taken = |probe: &roscius::testkit::Probe<roscius_simulation::Endpoint>| {
        let mut last = 0;
        while let Some(received) = probe.endpoint().take_arrival() {
            last = received.message::<Tick>().unwrap().0;
        }
        last
    };
    assert_eq!((taken(&slow_ticks), taken(&fast_ticks)), (100, 110));
}

#[test]
fn a_name_is_one_actor() {
    let (_sim, [hub, ..]) = three(6);
    let one = hub.spawn_named::<Counter>("the one", 1_u64).unwrap();
    let again = hub.spawn_named::<Counter>("the one", 1_u64).unwrap();
    assert_eq!(one, again);
}

#[test]
fn a_name_of_the_convention_is_one_actor_in_all_systems() {
    let (sim, [hub, one, two]) = three(8);
    let name = || GlobalName::in_convention("the one");
    let first = one.spawn_named::<Counter>(name(), 1_u64).unwrap();
    for system in [&hub, &one, &two] {
        assert_eq!(system.spawn_named::<Counter>(name(), 5_u64).unwrap(), first);
    }
    assert_eq!(sim.home_of(first).as_deref(), Some("one"));
    let here = two.spawn_named::<Counter>("the one", 7_u64).unwrap();
    assert_ne!(here, first, "the same text in one system is another name");
    // The leader starts anew, and learns who has it.
    hub.crash();
    hub.restart().unwrap();
    assert_eq!(two.spawn_named::<Counter>(name(), 5_u64).unwrap(), first);
    assert_eq!(two.ask(first, Add(2)).wait().unwrap(), 3);
    // Where it was is gone.
    one.crash();
    let next = two.spawn_named::<Counter>(name(), 5_u64).unwrap();
    assert_eq!(sim.home_of(next).as_deref(), Some("two"));
    one.restart().unwrap();
    assert_eq!(one.spawn_named::<Counter>(name(), 5_u64).unwrap(), next);
    sim.finish().unwrap();
}

#[test]
fn a_name_of_the_convention_is_held_where_its_actor_can_be() {
    let sim = Simulation::new(9);
    sim.requires("counter", |capabilities| capabilities.contains_key("disk"));
    let registry = Registry::new().actor("counter", Counter);
    let hub = sim.system("hub", &registry).leader("hub").start().unwrap();
    let one = sim.system("one", &registry).leader("hub").start().unwrap();
    let two = sim.system("two", &registry).leader("hub").capability("disk", "big").start().unwrap();
    sim.run_until(Duration::from_secs(10), || hub.members().len() == 2);
    let name = || GlobalName::in_convention("the one");
    let first = one.spawn_named::<Counter>(name(), 1_u64).unwrap();
    assert_eq!(sim.home_of(first).as_deref(), Some("two"));
    for system in [&hub, &one, &two] {
        assert_eq!(system.spawn_named::<Counter>(name(), 5_u64).unwrap(), first);
    }
    two.crash();
    let nowhere = one.spawn_named::<Counter>(name(), 1_u64);
    assert!(nowhere.is_err(), "{nowhere:?}");
    two.restart().unwrap();
    sim.run_until(Duration::from_secs(10), || hub.members().len() == 2);
    let again = hub.spawn_named::<Counter>(name(), 1_u64).unwrap();
    assert_eq!(sim.home_of(again).as_deref(), Some("two"));
    sim.finish().unwrap();
}

#[test]
fn a_system_shuts_down_in_good_order() {
    let (sim, [hub, one, two]) = three(7);
    let counter = one.spawn::<Counter>(1_u64).unwrap();
    let probe = two.probe().unwrap();
    probe.endpoint().watch(counter);
    assert!(one.shutdown());
    assert_eq!(probe.expect_terminated().address, counter.address());
    assert!(sim.run_until(Duration::from_secs(1), || hub.members() == ["two"]));
    assert!(one.spawn::<Counter>(1_u64).is_err());
    assert!(one.tell(counter, Add(1)).is_err());
    one.restart().unwrap();
    sim.finish().unwrap();
    assert_eq!(hub.members().len(), 2);
    // An address of the start before is nobody's.
    assert_eq!(hub.ask(counter, Add(1)).wait(), Err(AskError::NoActor));
}

#[test]
fn what_can_not_be_is_refused() {
    let sim = Simulation::new(8);
    let registry = registry();
    sim.system("a", &registry).start().unwrap();
    assert!(matches!(sim.system("a", &registry).start(), Err(StartFailed::Twice(_))));
    assert!(matches!(sim.system("b", &registry).leader("c").start(), Err(StartFailed::NoLeader(_))));
    let system = sim.system("d", &roscius::registry::Registry::new()).start().unwrap();
    assert!(matches!(system.spawn::<Counter>(1_u64), Err(CreateError::NotRegistered { .. })));
    let nobody: Address = system.endpoint().unwrap().address();
    assert!(!system.is_alive(nobody));
}

#[test]
#[should_panic(expected = "with the seed 9, at")]
fn what_a_program_wants_to_hold_is_looked_at_all_the_time() {
    let sim = Simulation::new(9);
    let system = sim.system("alone", &registry()).start().unwrap();
    let looked = system.clone();
    sim.always("nobody has a dead letter", move || {
        let letters = looked.status().map_or(0, |status| status.dead_letters);
        if letters == 0 { Ok(()) } else { Err(format!("there are {letters}")) }
    });
    sim.run_for(SOON);
    let counter = system.spawn::<Counter>(1_u64).unwrap();
    system.exit(counter);
    sim.run_for(SOON);
    system.tell(counter, Add(1)).unwrap();
    sim.run_for(SOON);
}
