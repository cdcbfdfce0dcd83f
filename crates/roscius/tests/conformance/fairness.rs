//! Fairness: nobody is held up by somebody else's long work.
//!
//! In one process: all of it. Threads share the work there; top-level actors in processes share nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use roscius::prelude::*;

use crate::bases::Base;
use crate::cast::{Door, Double, Gate, Guest, Number, Order, Saw, What};
use crate::scene::{PATIENCE, Scene};

promises! {
    on in_one_process:
        an_actor_with_endless_work_holds_up_nobody,
        wakeups_come_while_others_have_endless_work;
    on threads:
        a_long_mailbox_holds_up_nobody,
        a_handler_that_blocks_holds_up_no_neighbour,
        many_handlers_that_block_hold_up_no_neighbour,
        wakeups_come_while_a_handler_blocks,
        actors_can_be_created_while_a_handler_blocks,
        what_was_sent_before_a_handler_blocks_is_delivered,
        what_was_sent_before_a_handler_blocks_is_delivered_under_load,
        what_a_handler_sends_while_the_rest_of_its_core_sleeps_is_delivered,
        what_was_asked_before_a_handler_blocks_is_answered,
        blocking_actors_have_threads_of_their_own,
        what_a_blocking_actor_sends_before_it_blocks_is_delivered,
        a_blocking_actor_runs_without_reserve_threads,
        a_blocking_actor_handles_one_message_at_a_time;
}

/// Sends to a witness, then waits at a gate.
struct Blocker {
    door: Door,
    witness: Address,
}

impl Actor for Blocker {
    type Protocol = (Number, Double);
}

impl Handler<Number> for Blocker {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        let _ = ctx.send(self.witness, Number(*number));
        self.door.pass();
        Ok(())
    }
}

impl Handler<Double> for Blocker {
    fn receive(&mut self, Double(number): &mut Double, ctx: &mut Context<Self>) -> Outcome<u64> {
        ctx.ask_then(Recipient::<Double>::assume(self.witness), Double(*number), None, |_, _, _| Ok(()));
        self.door.pass();
        Ok(*number)
    }
}

fn blocker(gate: &Gate, witness: Address) -> Props<Blocker> {
    let door = gate.door();
    Props::new(move || Blocker { door: door.clone(), witness })
}

fn a_handler_that_blocks_holds_up_no_neighbour(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    let neighbours: Vec<_> = (0..10).map(|number| scene.puppet(&number.to_string())).collect();
    let blocker = scene.system.spawn(blocker(&gate, scene.probe.address())).unwrap();
    scene.system.tell(blocker, Number(1)).unwrap();
    gate.wait_for(1);
    for neighbour in neighbours {
        assert_eq!(scene.system.ask(neighbour, Double(1)).wait_timeout(PATIENCE), Ok(2));
    }
    gate.open();
}

fn many_handlers_that_block_hold_up_no_neighbour(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    let neighbour = scene.puppet("neighbour");
    for _ in 0..20 {
        let blocker = scene.system.spawn(blocker(&gate, scene.probe.address())).unwrap();
        scene.system.tell(blocker, Number(1)).unwrap();
    }
    gate.wait_for(20);
    assert_eq!(scene.system.ask(neighbour, Double(1)).wait_timeout(PATIENCE), Ok(2));
    gate.open();
}

fn wakeups_come_while_a_handler_blocks(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    let sleepers: Vec<_> = (0..3).map(|number| scene.puppet(&number.to_string())).collect();
    let witness = scene.puppet("witness");
    for _ in 0..3 {
        let blocker = scene.system.spawn(blocker(&gate, witness.address())).unwrap();
        scene.system.tell(blocker, Number(1)).unwrap();
        scene.expect("witness", What::Handled(1));
    }
    gate.wait_for(3);
    for sleeper in sleepers {
        scene.system.tell(sleeper, Order::WakeAfter(Duration::from_millis(20), 5)).unwrap();
    }
    assert!(scene.saw_all(3).iter().all(|saw| saw.what == What::Woken(5)));
    gate.open();
}

fn actors_can_be_created_while_a_handler_blocks(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    for _ in 0..4 {
        let blocker = scene.system.spawn(blocker(&gate, scene.probe.address())).unwrap();
        scene.system.tell(blocker, Number(1)).unwrap();
        assert_eq!(scene.probe.expect::<Number>(), Number(1));
    }
    gate.wait_for(4);
    let role = scene.role("parent").child("child", Restart::Temporary);
    let [_, child] = scene.play_all(role, ["parent", "child"]);
    assert_eq!(scene.system.ask(child, Double(1)).wait_timeout(PATIENCE), Ok(2));
    gate.open();
}

fn what_was_sent_before_a_handler_blocks_is_delivered(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    let witness = scene.puppet("witness");
    for (number, to) in [(1, witness.address()), (2, scene.probe.address())] {
        let blocker = scene.system.spawn(blocker(&gate, to)).unwrap();
        scene.system.tell(blocker, Number(number)).unwrap();
    }
    let mut seen = [false; 2];
    while seen != [true; 2] {
        match scene.probe.endpoint().listen(PATIENCE) {
            Some(roscius::Received::Message(delivered)) => match delivered.message.get() {
                Some(Number(2)) => seen[1] = true,
                _ => seen[0] |= delivered.message.get::<Saw>().is_some_and(|saw| saw.what == What::Handled(1)),
            },
            other => panic!("after {seen:?}: {other:?}"),
        }
    }
    gate.wait_for(2);
    gate.open();
}

fn what_was_sent_before_a_handler_blocks_is_delivered_under_load(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    let stop = restless(&scene, u64::MAX);
    for number in 1..=3 {
        let blocker = scene.system.spawn(blocker(&gate, scene.probe.address())).unwrap();
        scene.system.tell(blocker, Number(number)).unwrap();
        assert_eq!(scene.probe.expect::<Number>(), Number(number));
    }
    gate.wait_for(3);
    stop.store(true, Ordering::Release);
    gate.open();
}

/// Waits at one gate, sends, and waits at another.
struct Traveller {
    doors: [Door; 2],
    witness: Address,
}

impl Actor for Traveller {
    type Protocol = (Number,);
}

impl Handler<Number> for Traveller {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        self.doors[0].pass();
        let _ = ctx.send(self.witness, Number(*number));
        self.doors[1].pass();
        Ok(())
    }
}

fn what_a_handler_sends_while_the_rest_of_its_core_sleeps_is_delivered(base: Base) {
    let (early, first, second) = (Gate::new(), Gate::new(), Gate::new());
    let scene = Scene::new(base);
    let witness = scene.probe.address();
    // The blockers hold the threads of the cores, so that reserve threads play the travellers.
    for _ in 0..3 {
        let blocker = scene.system.spawn(blocker(&early, witness)).unwrap();
        scene.system.tell(blocker, Number(0)).unwrap();
        assert_eq!(scene.probe.expect::<Number>(), Number(0));
    }
    early.wait_for(3);
    for number in 1..=3 {
        let doors = [first.door(), second.door()];
        let traveller = scene.system.spawn(move || Traveller { doors: doors.clone(), witness }).unwrap();
        scene.system.tell(traveller, Number(number)).unwrap();
    }
    first.wait_for(3);
    early.open();
    // Long enough for the threads of the cores, and whoever looks after them, to fall asleep.
    scene.probe.expect_nothing(Duration::from_millis(60));
    first.open();
    let mut numbers: Vec<_> = (0..3).map(|_| scene.probe.expect::<Number>().0).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
    second.wait_for(3);
    second.open();
}

fn what_was_asked_before_a_handler_blocks_is_answered(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    let endpoint = scene.system.endpoint();
    let blocker = scene.system.spawn(blocker(&gate, endpoint.address())).unwrap();
    scene.system.tell(blocker, Double(1)).unwrap();
    gate.wait_for(1);
    assert!(endpoint.listen(PATIENCE).is_some(), "the ask arrives though the handler has not returned");
    gate.open();
}

fn blocking_actors_have_threads_of_their_own(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    let neighbour = scene.puppet("neighbour");
    for _ in 0..10 {
        let blocker = scene.system.spawn(blocker(&gate, scene.probe.address()).blocking()).unwrap();
        scene.system.tell(blocker, Number(1)).unwrap();
    }
    gate.wait_for(10);
    assert_eq!(scene.system.ask(neighbour, Double(1)).wait_timeout(PATIENCE), Ok(2));
    gate.open();
}

fn what_a_blocking_actor_sends_before_it_blocks_is_delivered(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    let witness = scene.puppet("witness");
    for number in 1..=3 {
        let blocker = scene.system.spawn(blocker(&gate, witness.address()).blocking()).unwrap();
        scene.system.tell(blocker, Number(number)).unwrap();
        scene.expect("witness", What::Handled(number));
    }
    gate.wait_for(3);
    gate.open();
}

fn a_blocking_actor_runs_without_reserve_threads(base: Base) {
    let gate = Gate::new();
    let scene = Scene::with(base, |builder| builder.reserve_threads(0));
    gate.open();
    let blocker = scene.system.spawn(blocker(&gate, scene.probe.address()).blocking()).unwrap();
    scene.system.tell(blocker, Number(7)).unwrap();
    assert_eq!(scene.probe.expect::<Number>(), Number(7));
}

/// Notices when it is entered twice at once.
struct Jealous {
    inside: Arc<AtomicBool>,
    done: Arc<AtomicU32>,
}

impl Actor for Jealous {
    type Protocol = (Number,);
}

impl Handler<Number> for Jealous {
    fn receive(&mut self, _: &mut Number, _: &mut Context<Self>) -> Outcome<()> {
        assert!(!self.inside.swap(true, Ordering::AcqRel), "entered twice");
        std::thread::yield_now();
        self.inside.store(false, Ordering::Release);
        self.done.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}

fn a_blocking_actor_handles_one_message_at_a_time(base: Base) {
    let scene = Scene::new(base);
    let (inside, done): (Arc<AtomicBool>, Arc<AtomicU32>) = Default::default();
    let shared = (Arc::clone(&inside), Arc::clone(&done));
    let make = move || Jealous { inside: Arc::clone(&shared.0), done: Arc::clone(&shared.1) };
    let jealous = scene.system.spawn(Props::new(make).blocking()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..25).for_each(|number| scene.system.tell(jealous, Number(number)).unwrap()));
        }
    });
    scene.wait_until("all are handled", || done.load(Ordering::Acquire) == 100);
    assert_eq!(scene.system.status().failures, 0);
}

/// Keeps itself busy until it is told to stop.
struct Restless {
    stop: Arc<AtomicBool>,
    limit: u64,
}

impl Actor for Restless {
    type Protocol = (Number,);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        let me = ctx.me();
        ctx.tell(me, Number(0))?;
        Ok(())
    }
}

impl Handler<Number> for Restless {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        if !self.stop.load(Ordering::Acquire) && *number < self.limit {
            let me = ctx.me();
            ctx.tell(me, Number(*number + 1))?;
        }
        Ok(())
    }
}

/// Actors that are busy until they are told to stop, or for so many messages.
fn restless(scene: &Scene, limit: u64) -> Arc<AtomicBool> {
    let stop: Arc<AtomicBool> = Arc::default();
    for _ in 0..4 {
        let stop = Arc::clone(&stop);
        scene.system.spawn(move || Restless { stop: Arc::clone(&stop), limit }).unwrap();
    }
    stop
}

/// On the base `simple` whoever waits goes on only when all is done.
fn endless(base: Base) -> u64 {
    if base.is_simple() { 20_000 } else { u64::MAX }
}

fn an_actor_with_endless_work_holds_up_nobody(base: Base) {
    let scene = Scene::new(base);
    let neighbour = scene.puppet("neighbour");
    let stop = restless(&scene, endless(base));
    for number in 0..20 {
        assert_eq!(scene.system.ask(neighbour, Double(number)).wait_timeout(PATIENCE), Ok(number * 2));
    }
    stop.store(true, Ordering::Release);
}

fn a_long_mailbox_holds_up_nobody(base: Base) {
    const MANY: u64 = 20_000;
    let scene = Scene::new(base);
    let busy = scene.system.cast(Guest::part("busy", scene.probe.address())).unwrap();
    let neighbour = scene.puppet("neighbour");
    let hold = scene.hold(busy);
    for number in 1..=MANY {
        scene.system.tell(busy, Number(number)).unwrap();
    }
    hold.fulfil(0);
    scene.system.tell(neighbour, Number(0)).unwrap();
    let before = (0..=MANY).take_while(|_| scene.saw().who == "busy").count();
    assert!((before as u64) < MANY, "the neighbour had its turn before all was done");
}

fn wakeups_come_while_others_have_endless_work(base: Base) {
    let scene = Scene::new(base);
    let sleeper = scene.puppet("sleeper");
    let stop = restless(&scene, endless(base));
    scene.system.tell(sleeper, Order::WakeAfter(Duration::from_millis(1), 5)).unwrap();
    scene.expect("sleeper", What::Woken(5));
    stop.store(true, Ordering::Release);
}
