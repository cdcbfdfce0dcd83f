//! Failure: a message that its receiver fails on goes back to its sender, whole and with details.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use roscius::prelude::*;
use roscius::{FailureKind, Undelivered};
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Double, Fail, Hook, Number, Order, Panic, Saw, What, ended_by, fail, panic};
use crate::parts::{Enlist, Part};
use crate::scene::{PATIENCE, QUIET, Scene};

promises! {
    on every_base:
        a_failed_message_comes_back_to_an_endpoint,
        a_panic_returns_the_message_too,
        a_failed_message_comes_back_to_the_actor_that_sent_it,
        a_failed_message_comes_back_with_what_was_done_to_it,
        the_details_hold_the_causes_of_an_error,
        a_panic_without_text_is_reported_as_such,
        a_failure_ends_the_actor_and_its_parent_is_told,
        a_message_is_delivered_again_before_all_others,
        an_ask_that_succeeds_at_last_is_answered,
        an_asynchronous_handler_gets_its_message_again,
        a_hook_that_fails_fails_the_actor,
        a_failed_message_from_nobody_is_a_dead_letter,
        a_failed_message_whose_sender_has_gone_is_a_dead_letter,
        messages_behind_a_failed_one_are_dead_letters_when_the_actor_ends,
        a_message_is_delivered_as_often_as_is_declared,
        a_message_that_succeeds_at_last_does_not_come_back,
        each_message_has_its_own_deliveries,
        poison_does_not_recurse,
        failures_are_counted;
    on moving:
        a_message_that_panics_when_dropped_is_blamed_on_no_other,
        an_ask_that_panics_when_dropped_is_answered,
        a_message_that_panics_when_dropped_harms_nobody_on_its_way;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Careless>().enlist::<Slow>()
}

fn a_failed_message_comes_back_to_an_endpoint(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.probe.tell(puppet, fail("that is too much"));
    let poison = scene.probe.expect_poison();
    assert_eq!(poison.message.get::<Fail>(), Some(&fail("that is too much")));
    assert_eq!((poison.by, &*poison.details), (puppet.address(), "that is too much"));
}

fn a_panic_returns_the_message_too(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.probe.tell(puppet, panic("oh no"));
    let poison = scene.probe.expect_poison();
    assert_eq!(poison.message.get::<Panic>(), Some(&panic("oh no")));
    assert_eq!((poison.by, &*poison.details), (puppet.address(), "oh no"));
}

fn a_failed_message_comes_back_to_the_actor_that_sent_it(base: Base) {
    let scene = Scene::new(base);
    let (sender, receiver) = (scene.puppet("sender"), scene.puppet("receiver"));
    scene.system.tell(sender, Order::SendFail(receiver.address())).unwrap();
    let expected = What::Poisoned {
        message: format!("{:?}", fail("as ordered")),
        by: receiver.address(),
        details: "as ordered".into(),
    };
    scene.expect("sender", expected);
}

fn a_failed_message_from_nobody_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.system.tell(puppet, fail("lost")).unwrap();
    assert_eq!(scene.only_dead_letter(), (puppet.address(), Undelivered::Failed));
}

fn a_failed_message_whose_sender_has_gone_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let receiver = scene.puppet("receiver");
    let role = scene.role("sender").first(Order::Stop).last(Order::SendFail(receiver.address()));
    let sender = scene.play(role, "sender");
    scene.expect("sender", What::Stopping);
    let letters = scene.dead_letters(1);
    assert_eq!((letters[0].sender, letters[0].target), (sender.address(), receiver.address()));
    assert_eq!((&*letters[0].message, letters[0].reason), (Fail::NAME, Undelivered::Failed));
}

/// Takes as many items as it says, then fails.
#[derive(Debug, Message, Serialize, Deserialize)]
struct Take {
    items: Vec<u32>,
    count: usize,
}

plays_itself!(Careless, Slow);

/// A handler that fails in some way.
#[derive(Clone, Serialize, Deserialize)]
struct Careless;

#[derive(Debug, Message, Serialize, Deserialize)]
enum Mishap {
    Chain,
    Wordless,
    String(String),
}

#[derive(Debug, thiserror::Error)]
#[error("the plan failed")]
struct PlanFailed(#[source] std::num::ParseIntError);

impl Actor for Careless {
    type Protocol = (Take, Mishap);
}

impl Handler<Take> for Careless {
    fn receive(&mut self, take: &mut Take, _: &mut Context<Self>) -> Outcome<()> {
        take.items.drain(..take.count);
        Err(Failure::new("too few").into())
    }
}

impl Handler<Mishap> for Careless {
    fn receive(&mut self, mishap: &mut Mishap, _: &mut Context<Self>) -> Outcome<()> {
        match mishap {
            Mishap::Chain => Err(PlanFailed("x".parse::<u8>().unwrap_err()).into()),
            Mishap::Wordless => std::panic::panic_any(5_u8),
            Mishap::String(text) => std::panic::panic_any(text.clone()),
        }
    }
}

fn careless_poison(base: Base, message: impl Message) -> Poison {
    let scene = Scene::new(base);
    let careless = scene.system.cast(Careless).unwrap();
    scene.probe.endpoint().send(careless.address(), message).unwrap();
    scene.probe.expect_poison()
}

fn a_failed_message_comes_back_with_what_was_done_to_it(base: Base) {
    let poison = careless_poison(base, Take { items: vec![1, 2, 3], count: 2 });
    assert_eq!(poison.message.get::<Take>().map(|take| &take.items[..]), Some(&[3][..]));
    let poison = careless_poison(base, Take { items: vec![1, 2, 3], count: 9 });
    assert_eq!(poison.message.get::<Take>().map(|take| take.items.len()), Some(3), "{poison:?}");
}

fn the_details_hold_the_causes_of_an_error(base: Base) {
    assert_eq!(&*careless_poison(base, Mishap::Chain).details, "the plan failed: invalid digit found in string");
}

fn a_panic_without_text_is_reported_as_such(base: Base) {
    assert_eq!(&*careless_poison(base, Mishap::Wordless).details, "a panic without a message");
    assert_eq!(&*careless_poison(base, Mishap::String("text".into())).details, "text");
}

fn a_failure_ends_the_actor_and_its_parent_is_told(base: Base) {
    for (message, kind) in [(fail("bad").0, FailureKind::Error), (panic("bad").0, FailureKind::Panic)] {
        let scene = Scene::new(base);
        let role = scene.role("parent").child("child", Restart::Temporary);
        let [_, child] = scene.play_all(role, ["parent", "child"]);
        scene.probe.endpoint().watch(child);
        match kind {
            FailureKind::Error => scene.system.tell(child, Fail(message)).unwrap(),
            _ => scene.system.tell(child, Panic(message)).unwrap(),
        }
        let mut reports = Vec::new();
        let mut reason = None;
        for _ in 0..2 {
            match scene.probe.endpoint().listen(PATIENCE) {
                Some(roscius::Received::Terminated(end)) => reason = Some(end.reason.to_string()),
                Some(received) => reports.extend(received.message::<Saw>()),
                None => panic!("both are told"),
            }
        }
        let expected = ended_by(kind, "bad");
        let told = What::ChildExited(child.address(), expected.clone());
        assert_eq!(reports, [Saw { who: "parent".into(), what: told }], "no last words when it failed");
        assert_eq!(reason, Some(expected));
    }
}

fn messages_behind_a_failed_one_are_dead_letters_when_the_actor_ends(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let sender = scene
        .role("sender")
        .first(Order::Tell(puppet.address(), 1))
        .first(Order::SendFail(puppet.address()))
        .first(Order::TellAll(puppet.address(), 2, 4));
    scene.system.cast(sender).unwrap();
    let seen = scene.saw_all(3);
    let handled: Vec<_> = seen.iter().filter(|saw| matches!(saw.what, What::Handled(_))).collect();
    assert_eq!(handled.len(), 1, "{seen:?}");
    let letters = scene.dead_letters(3);
    assert!(letters.iter().all(|letter| letter.message == Number::NAME), "{letters:?}");
}

/// Fails on each message `failures` times before it succeeds.
#[derive(Clone, Serialize, Deserialize)]
struct Slow {
    failures: u32,
    tries: u32,
    panics: bool,
    observer: Address,
}

impl Slow {
    fn attempt(&mut self, number: u64, ctx: &mut Context<Self>) -> Outcome<u64> {
        self.tries += 1;
        let what = What::Handled(number * 100 + u64::from(self.tries));
        let _ = ctx.send(self.observer, Saw { who: "slow".into(), what });
        if self.tries <= self.failures {
            if self.panics {
                panic!("attempt {}", self.tries);
            }
            return Err(Failure::new(format!("attempt {}", self.tries)).into());
        }
        self.tries = 0;
        Ok(number)
    }
}

impl Actor for Slow {
    type Protocol = (Number, Double, Async<Patient>);
}

/// Handled asynchronously.
#[derive(Debug, Message, Serialize, Deserialize)]
#[message(reply = u64)]
struct Patient(u64);

impl Handler<Number> for Slow {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        self.attempt(*number, ctx).map(drop)
    }
}

impl Handler<Double> for Slow {
    fn receive(&mut self, Double(number): &mut Double, ctx: &mut Context<Self>) -> Outcome<u64> {
        self.attempt(*number, ctx)
    }
}

impl AsyncHandler<Patient> for Slow {
    async fn receive(&mut self, Patient(number): &mut Patient, ctx: &mut Context<'_, Self>) -> Outcome<u64> {
        self.attempt(*number, ctx)
    }
}

fn slow(scene: &Scene, failures: u32, panics: bool, deliveries: u32) -> ActorRef<Slow> {
    let observer = scene.probe.address();
    let part = Part::from(Slow { failures, tries: 0, panics, observer }).deliveries(deliveries);
    scene.system.cast(part).unwrap()
}

fn expect_attempts(scene: &Scene, number: u64, attempts: u64) {
    for attempt in 1..=attempts {
        scene.expect("slow", What::Handled(number * 100 + attempt));
    }
}

fn a_message_is_delivered_as_often_as_is_declared(base: Base) {
    for panics in [false, true] {
        let scene = Scene::new(base);
        let slow = slow(&scene, u32::MAX, panics, 3);
        scene.system.tell(slow, Number(1)).unwrap();
        expect_attempts(&scene, 1, 3);
        assert_eq!(scene.only_dead_letter().1, Undelivered::Failed);
        scene.wait_for_end(slow);
        scene.probe.expect_nothing(QUIET);
    }
}

fn a_message_that_succeeds_at_last_does_not_come_back(base: Base) {
    let scene = Scene::new(base);
    let slow = slow(&scene, 2, false, 3);
    scene.probe.tell(slow, Number(1));
    expect_attempts(&scene, 1, 3);
    scene.probe.tell(slow, Number(2));
    expect_attempts(&scene, 2, 3);
    scene.probe.expect_nothing(QUIET);
    let status = scene.system.status();
    assert_eq!((status.failures, status.returned, status.dead_letters), (0, 0, 0));
}

fn a_message_is_delivered_again_before_all_others(base: Base) {
    let scene = Scene::new(base);
    let slow = slow(&scene, 2, true, 3);
    // More than one slice takes, and all waiting before the first is handled.
    let sender = scene.role("sender").first(Order::TellAll(slow.address(), 1, 150));
    scene.play(sender, "sender");
    for number in 1..=150 {
        expect_attempts(&scene, number, 3);
    }
}

fn each_message_has_its_own_deliveries(base: Base) {
    let scene = Scene::new(base);
    let slow = slow(&scene, 1, false, 2);
    for number in 1..=10 {
        scene.system.tell(slow, Number(number)).unwrap();
    }
    for number in 1..=10 {
        expect_attempts(&scene, number, 2);
    }
    assert_eq!(scene.system.status().failures, 0);
}

fn an_ask_that_succeeds_at_last_is_answered(base: Base) {
    for panics in [false, true] {
        let scene = Scene::new(base);
        let slow = slow(&scene, 2, panics, 3);
        assert_eq!(scene.system.ask(slow, Double(5)).wait_timeout(PATIENCE), Ok(5));
        assert_eq!(scene.system.ask(slow, Double(6)).wait_timeout(PATIENCE), Ok(6));
    }
}

fn an_asynchronous_handler_gets_its_message_again(base: Base) {
    for panics in [false, true] {
        let scene = Scene::new(base);
        let patient = slow(&scene, 2, panics, 3);
        assert_eq!(scene.system.ask(patient, Patient(5)).wait_timeout(PATIENCE), Ok(5));
        assert_eq!(scene.system.ask(patient, Patient(6)).wait_timeout(PATIENCE), Ok(6));
        let hopeless = slow(&scene, u32::MAX, panics, 2);
        let error = scene.system.ask(hopeless, Patient(7)).wait_timeout(PATIENCE).unwrap_err();
        assert_eq!(error, AskError::Failed("attempt 2".into()));
    }
}

fn poison_does_not_recurse(base: Base) {
    let scene = Scene::new(base);
    let receiver = scene.puppet("receiver");
    let role = scene.role("parent").child_role(scene.role("sender").panics_in(Hook::Poisoned), Restart::Temporary);
    let [_, sender] = scene.play_all(role, ["parent", "sender"]);
    scene.system.tell(sender, Order::SendFail(receiver.address())).unwrap();
    let expected = ended_by(FailureKind::Panic, "panic in Poisoned");
    scene.expect("parent", What::ChildExited(sender.address(), expected));
    scene.wait_for_end(receiver);
    let status = scene.system.status();
    assert_eq!(status.dead_letters, 0);
    // What the process of the receiver has counted has gone with it.
    let counted = if scene.system.is_of_processes() { (1, 0) } else { (2, 1) };
    assert_eq!((status.failures, status.returned), counted);
}

fn a_hook_that_fails_fails_the_actor(base: Base) {
    let scene = Scene::new(base);
    for hook in [Hook::Woken, Hook::Terminated, Hook::DeadLetter] {
        let dead = scene.puppet("dead");
        scene.system.exit(dead);
        scene.expect("dead", What::Stopping);
        scene.wait_for_end(dead);
        let order = match hook {
            Hook::Woken => Order::WakeAfter(std::time::Duration::ZERO, 1),
            Hook::Terminated => Order::Watch(dead.address()),
            _ => Order::HandleDeadLetters(true),
        };
        let child = scene.role("child").panics_in(hook).first(order);
        let role = scene.role("parent").child_role(child, Restart::Temporary);
        let [parent, child] = scene.play_all(role, ["parent", "child"]);
        if hook == Hook::DeadLetter {
            scene.system.tell(dead, Number(1)).unwrap();
        }
        let expected = ended_by(FailureKind::Panic, &format!("panic in {hook:?}"));
        scene.expect("parent", What::ChildExited(child.address(), expected));
        scene.system.exit(parent);
        scene.expect("parent", What::Stopping);
    }
}

fn failures_are_counted(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("first", Restart::Temporary).child("second", Restart::Temporary);
    let [_, first, second] = scene.play_all(role, ["parent", "first", "second"]);
    for message in [Ok(fail("one")), Err(panic("two"))] {
        match message {
            Ok(fail) => scene.probe.tell(first, fail),
            Err(panic) => scene.probe.tell(second, panic),
        }
        let received = [scene.probe.endpoint().listen(PATIENCE), scene.probe.endpoint().listen(PATIENCE)];
        let poisons = received.iter().filter(|it| matches!(it, Some(roscius::Received::Poison(_)))).count();
        assert_eq!(poisons, 1, "the other is what the parent reports: {received:?}");
    }
    let status = scene.system.status();
    assert_eq!((status.failures, status.returned, status.restarts), (2, 2, 0));
}

/// Panics when it is dropped, if it is armed.
#[derive(Debug, Message)]
#[message(reply = u64)]
struct Bomb {
    armed: Arc<AtomicBool>,
    number: u64,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.armed.swap(false, Ordering::AcqRel) && !std::thread::panicking() {
            panic!("the message panicked when dropped");
        }
    }
}

fn bomb(number: u64) -> Bomb {
    Bomb { armed: Arc::new(AtomicBool::new(true)), number }
}

/// Counts bombs. Every third fails.
struct Sapper {
    seen: Arc<AtomicU32>,
}

impl Actor for Sapper {
    type Protocol = (Bomb, Number, Double);
}

impl Handler<Bomb> for Sapper {
    fn receive(&mut self, bomb: &mut Bomb, _: &mut Context<Self>) -> Outcome<u64> {
        self.seen.fetch_add(1, Ordering::AcqRel);
        if bomb.number.is_multiple_of(3) {
            return Err(Failure::new("as every third").into());
        }
        Ok(bomb.number)
    }
}

impl Handler<Number> for Sapper {
    fn receive(&mut self, Number(number): &mut Number, _: &mut Context<Self>) -> Outcome<()> {
        self.seen.fetch_add(*number as u32, Ordering::AcqRel);
        Ok(())
    }
}

impl Handler<Double> for Sapper {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(*number * 2)
    }
}

fn sapper(scene: &Scene) -> (ActorRef<Sapper>, Arc<AtomicU32>) {
    let seen: Arc<AtomicU32> = Arc::default();
    let shared = Arc::clone(&seen);
    (scene.system.spawn(move || Sapper { seen: Arc::clone(&shared) }).unwrap(), seen)
}

fn a_message_that_panics_when_dropped_is_blamed_on_no_other(base: Base) {
    let scene = Scene::new(base);
    let (sapper, seen) = sapper(&scene);
    scene.system.tell(sapper, bomb(1)).unwrap();
    for number in [10, 20, 30] {
        scene.probe.tell(sapper, Number(number));
    }
    assert_eq!(scene.system.ask(sapper, Double(1)).wait_timeout(PATIENCE), Ok(2));
    assert_eq!(seen.load(Ordering::Acquire), 61);
    scene.probe.expect_nothing(QUIET);
    assert_eq!(scene.system.status().returned, 0);
}

fn an_ask_that_panics_when_dropped_is_answered(base: Base) {
    let scene = Scene::new(base);
    let (sapper, _) = sapper(&scene);
    assert_eq!(scene.system.ask(sapper, bomb(1)).wait_timeout(PATIENCE), Ok(1));
    assert_eq!(scene.system.ask(sapper, bomb(2)).wait_timeout(PATIENCE), Ok(2));
    assert_eq!(
        scene.system.ask(sapper, bomb(3)).wait_timeout(PATIENCE),
        Err(AskError::Failed("as every third".into()))
    );
}

fn a_message_that_panics_when_dropped_harms_nobody_on_its_way(base: Base) {
    let scene = Scene::new(base);
    let witness = scene.puppet("witness");
    let contained = |act: &mut dyn FnMut()| drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)));
    let (first, _) = sapper(&scene);
    scene.system.exit(first);
    scene.wait_for_end(first);
    // To the dead, as a dead letter; as an ask; refused; failed, from nobody; waiting when its actor exits.
    contained(&mut || drop(scene.system.tell(first, bomb(1))));
    contained(&mut || drop(scene.system.ask(first, bomb(1)).wait_timeout(PATIENCE)));
    contained(&mut || drop(scene.system.send(witness.address(), bomb(1))));
    contained(&mut || drop(scene.system.ask(Recipient::assume(witness.address()), bomb(1)).wait_timeout(PATIENCE)));
    let (second, _) = sapper(&scene);
    contained(&mut || drop(scene.system.tell(second, bomb(3))));
    contained(&mut || drop(scene.system.tell(second, bomb(4))));
    let endpoint = scene.system.endpoint();
    contained(&mut || drop(scene.system.send(endpoint.address(), bomb(5))));
    let mut endpoint = Some(endpoint);
    contained(&mut || drop(endpoint.take()));
    let actors = [scene.puppet("another"), witness];
    for actor in actors {
        scene.settle(actor);
    }
    assert!(scene.system.shut_down());
}
