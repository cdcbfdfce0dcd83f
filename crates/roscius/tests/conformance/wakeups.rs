//! Wakeups.
//!
//! In one process: time to the nanosecond, and what a clock that stands still shows.

use std::time::{Duration, Instant};

use roscius::prelude::*;
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Number, Order, Puppet, Saw, What, fail};
use crate::parts::Enlist;
use crate::scene::{PATIENCE, QUIET, Scene};

promises! {
    on every_base:
        a_wakeup_carries_its_payload,
        a_wakeup_comes_in_real_time,
        a_wakeup_comes_once,
        a_wakeup_without_delay_comes_at_once,
        a_cancelled_wakeup_does_not_come,
        what_has_come_cannot_be_cancelled,
        wakeups_come_in_the_order_in_which_they_are_due,
        wakeups_due_together_come_in_the_order_of_asking,
        wakeups_end_with_their_actor;
    on in_one_process:
        a_wakeup_comes_when_it_is_due_and_not_before,
        a_periodic_wakeup_comes_every_period,
        a_periodic_wakeup_does_not_make_up_for_what_it_missed,
        a_wakeup_that_is_due_can_still_be_cancelled,
        a_periodic_wakeup_ends_when_it_is_cancelled,
        wakeups_end_with_their_instance,
        pending_wakeups_are_in_the_status;
    on simple:
        nobody_waits_longer_than_he_wants_for_a_wakeup;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<NewSleeper>()
}

const SECOND: Duration = Duration::from_secs(1);

/// Where time passes by itself too.
const MOMENT: Duration = Duration::from_millis(20);

fn order(scene: &Scene, puppet: ActorRef<Puppet>, order: Order) {
    scene.system.tell(puppet, order).unwrap();
    scene.settle(puppet);
}

fn a_wakeup_comes_when_it_is_due_and_not_before(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.puppet("puppet");
    order(&scene, puppet, Order::WakeAfter(10 * SECOND, 7));
    scene.pass(10 * SECOND - Duration::from_nanos(1));
    scene.system.tell(puppet, Number(1)).unwrap();
    scene.expect("puppet", What::Handled(1));
    scene.pass(Duration::from_nanos(1));
    scene.expect("puppet", What::Woken(7));
}

fn a_wakeup_comes_once(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.puppet("puppet");
    order(&scene, puppet, Order::WakeAfter(MOMENT, 7));
    scene.pass(5 * MOMENT);
    scene.expect("puppet", What::Woken(7));
    scene.pass(5 * MOMENT);
    scene.probe.expect_nothing(QUIET);
}

/// Takes a text as the payload of its wakeup.
struct Sleeper {
    observer: Address,
    timer: Option<TimerId>,
}

part! {
    /// A sleeper before its first wakeup.
    NewSleeper { observer: Address } makes Sleeper: Sleeper { observer, timer: None }
}

impl Actor for Sleeper {
    type Protocol = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        self.timer = Some(ctx.wakeup_after(Duration::ZERO, String::from("good morning")));
        Ok(())
    }

    fn wakeup(&mut self, wakeup: Wakeup, ctx: &mut Context<Self>) {
        assert_eq!(Some(wakeup.timer), self.timer);
        assert_eq!(wakeup.get::<u64>(), None);
        let wakeup = wakeup.take::<u64>().expect_err("the payload is no number");
        let text = wakeup.take::<String>().expect("the payload is a text");
        let _ = ctx.send(self.observer, Saw { who: text, what: What::Woken(0) });
    }
}

fn a_wakeup_carries_its_payload(base: Base) {
    let scene = Scene::new(base);
    let observer = scene.probe.address();
    scene.system.cast(NewSleeper { observer }).unwrap();
    scene.expect("good morning", What::Woken(0));
}

fn a_wakeup_without_delay_comes_at_once(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.puppet("puppet");
    scene.system.tell(puppet, Order::WakeAfter(Duration::ZERO, 1)).unwrap();
    scene.expect("puppet", What::Woken(1));
}

fn a_wakeup_comes_in_real_time(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let start = Instant::now();
    order(&scene, puppet, Order::WakeAfter(Duration::from_millis(30), 1));
    scene.expect("puppet", What::Woken(1));
    assert!(start.elapsed() >= Duration::from_millis(30));
}

fn a_periodic_wakeup_comes_every_period(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.puppet("puppet");
    order(&scene, puppet, Order::WakeEvery(SECOND, 7));
    for _ in 0..5 {
        scene.pass(SECOND - Duration::from_nanos(1));
        scene.system.tell(puppet, Number(1)).unwrap();
        scene.expect("puppet", What::Handled(1));
        scene.pass(Duration::from_nanos(1));
        scene.expect("puppet", What::Woken(7));
    }
}

fn a_periodic_wakeup_does_not_make_up_for_what_it_missed(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.puppet("puppet");
    order(&scene, puppet, Order::WakeEvery(SECOND, 7));
    scene.pass(1000 * SECOND);
    scene.expect("puppet", What::Woken(7));
    let mut more = 0;
    while let Some(received) = scene.probe.endpoint().listen(QUIET) {
        assert_eq!(received.message::<Saw>().map(|saw| saw.what), Some(What::Woken(7)));
        more += 1;
    }
    assert!(more <= 1, "{more} more wakeups came");
    scene.pass(SECOND);
    scene.expect("puppet", What::Woken(7));
}

fn a_cancelled_wakeup_does_not_come(base: Base) {
    let scene = Scene::timeless(base);
    let role = scene.role("puppet").first(Order::WakeAfter(MOMENT, 7)).first(Order::CancelWakeup);
    let puppet = scene.play(role, "puppet");
    scene.expect("puppet", What::Cancelled(true));
    scene.pass(10 * MOMENT);
    scene.settle(puppet);
    scene.probe.expect_nothing(QUIET);
    assert_eq!(scene.system.status().pending_timers, 0);
}

/// When it is woken, cancels the other wakeup that is due at the same time.
struct Canceller {
    timers: Vec<TimerId>,
    observer: Address,
}

impl Actor for Canceller {
    type Protocol = (Number,);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        self.timers = (0..2).map(|number: u64| ctx.wakeup_after(SECOND, number)).collect();
        Ok(())
    }

    fn wakeup(&mut self, wakeup: Wakeup, ctx: &mut Context<Self>) {
        let number = wakeup.take::<u64>().expect("the payload is a number");
        assert!(ctx.cancel(self.timers[1]), "the second wakeup has not come");
        let _ = ctx.send(self.observer, Saw { who: "canceller".into(), what: What::Woken(number) });
    }
}

impl Handler<Number> for Canceller {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        let _ = ctx.send(self.observer, Saw { who: "canceller".into(), what: What::Handled(*number) });
        Ok(())
    }
}

fn a_wakeup_that_is_due_can_still_be_cancelled(base: Base) {
    let scene = Scene::timeless(base);
    let observer = scene.probe.address();
    let canceller = scene.system.spawn(move || Canceller { timers: Vec::new(), observer }).unwrap();
    scene.system.tell(canceller, Number(1)).unwrap();
    scene.expect("canceller", What::Handled(1));
    scene.pass(SECOND);
    scene.expect("canceller", What::Woken(0));
    scene.system.tell(canceller, Number(2)).unwrap();
    scene.expect("canceller", What::Handled(2));
}

fn a_periodic_wakeup_ends_when_it_is_cancelled(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.puppet("puppet");
    order(&scene, puppet, Order::WakeEvery(SECOND, 7));
    scene.pass(SECOND);
    scene.expect("puppet", What::Woken(7));
    order(&scene, puppet, Order::CancelWakeup);
    scene.expect("puppet", What::Cancelled(true));
    scene.pass(10 * SECOND);
    scene.settle(puppet);
    scene.probe.expect_nothing(QUIET);
}

fn what_has_come_cannot_be_cancelled(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.puppet("puppet");
    order(&scene, puppet, Order::WakeAfter(MOMENT, 7));
    scene.pass(MOMENT);
    scene.expect("puppet", What::Woken(7));
    order(&scene, puppet, Order::CancelWakeup);
    scene.expect("puppet", What::Cancelled(false));
}

fn wakeups_come_in_the_order_in_which_they_are_due(base: Base) {
    let scene = Scene::timeless(base);
    let role = [5, 1, 4, 2, 3]
        .into_iter()
        .fold(scene.role("puppet"), |role, delay| role.first(Order::WakeAfter(delay * MOMENT, u64::from(delay))));
    let puppet = scene.play(role, "puppet");
    scene.settle(puppet);
    scene.pass(10 * MOMENT);
    for delay in 1..=5 {
        scene.expect("puppet", What::Woken(delay));
    }
}

fn wakeups_due_together_come_in_the_order_of_asking(base: Base) {
    let scene = Scene::timeless(base);
    let role = (0..20).fold(scene.role("puppet"), |role, number| role.first(Order::WakeAfter(MOMENT, number)));
    let puppet = scene.play(role, "puppet");
    scene.settle(puppet);
    scene.pass(MOMENT);
    for number in 0..20 {
        scene.expect("puppet", What::Woken(number));
    }
}

fn wakeups_end_with_their_actor(base: Base) {
    let scene = Scene::timeless(base);
    let role = scene.role("puppet").first(Order::WakeAfter(MOMENT, 1)).first(Order::WakeEvery(MOMENT, 2));
    let puppet = scene.play(role.first(Order::Stop), "puppet");
    scene.expect("puppet", What::Stopping);
    scene.wait_for_end(puppet);
    assert_eq!(scene.system.status().pending_timers, 0);
    scene.pass(10 * MOMENT);
    scene.probe.expect_nothing(QUIET);
    assert_eq!(scene.system.status().dead_letters, 0);
}

fn wakeups_end_with_their_instance(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.play(scene.role("puppet").part().restart(Restart::Permanent), "puppet");
    order(&scene, puppet, Order::WakeAfter(SECOND, 1));
    scene.system.tell(puppet, fail("x")).unwrap();
    scene.expect("puppet", What::Started(puppet.address()));
    order(&scene, puppet, Order::WakeAfter(2 * SECOND, 2));
    scene.pass(2 * SECOND);
    scene.expect("puppet", What::Woken(2));
}

fn pending_wakeups_are_in_the_status(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.puppet("puppet");
    for number in 1..=3 {
        order(&scene, puppet, Order::WakeAfter(SECOND, number));
    }
    assert_eq!(scene.system.status().pending_timers, 3);
    scene.pass(SECOND);
    for number in 1..=3 {
        scene.expect("puppet", What::Woken(number));
    }
    assert_eq!(scene.system.status().pending_timers, 0);
}

fn nobody_waits_longer_than_he_wants_for_a_wakeup(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    order(&scene, puppet, Order::WakeAfter(3600 * SECOND, 1));
    let start = Instant::now();
    assert!(scene.probe.endpoint().listen(60 * SECOND).is_none(), "nothing can come within the minute");
    order(&scene, puppet, Order::WakeAfter(Duration::from_millis(20), 2));
    scene.expect("puppet", What::Woken(2));
    assert!(start.elapsed() < PATIENCE);
    assert!(start.elapsed() >= Duration::from_millis(20));
}
