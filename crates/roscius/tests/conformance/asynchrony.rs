//! Asynchronous handlers.
//!
//! In one process: the limit on the test's clock.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use roscius::prelude::*;
use roscius::{Promise, Received, Undelivered};
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Double, Fail, Number, Panic, Saw, What, fail, panic};
use crate::parts::Enlist;
use crate::scene::{PATIENCE, Scene};
use crate::system::Endpoint;

promises! {
    on every_base:
        an_asynchronous_handler_gets_an_answer,
        asks_can_go_through_a_chain_of_asynchronous_handlers,
        an_asynchronous_handler_can_wait_for_several_answers,
        an_actor_takes_no_other_message_while_its_handler_waits,
        other_actors_go_on_while_a_handler_waits,
        the_sender_is_the_same_after_waiting,
        an_ask_within_a_handler_hears_that_there_is_nobody,
        an_asynchronous_handler_can_reply_later,
        an_asynchronous_handler_can_forward,
        an_asynchronous_handler_can_stash,
        an_asynchronous_handler_that_fails_returns_its_message,
        an_asynchronous_handler_that_panics_returns_its_message,
        a_handler_that_stops_its_actor_finishes_first,
        what_happens_while_a_handler_waits_is_told_after_it,
        a_future_that_panics_when_dropped_is_a_failure,
        an_asynchronous_handler_without_waiting_is_like_any_other,
        an_exit_waits_for_the_handler;
    on in_one_process:
        an_ask_within_a_handler_times_out;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Relay>().enlist::<Swift>()
}

/// Asks `next`, and answers with its answer plus one.
#[derive(Clone, Serialize, Deserialize)]
struct Relay {
    next: Address,
    observer: Address,
    heard: Vec<u64>,
}

plays_itself!(Relay, Swift);

/// Answered with what the relay heard, asked twice at once.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = (u64, u64))]
struct AskTwice(u64);

/// Ask, but wait at most this long.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
struct AskFor(Duration);

#[derive(Debug, Message, Serialize, Deserialize)]
#[message(reply = u64)]
enum Then {
    Defer,
    Forward(Address),
    Stash,
    Stop,
    Fail,
    Panic,
    PanicInDrop,
}

impl Relay {
    fn report(&self, what: What, ctx: &mut Context<Self>) {
        let _ = ctx.send(self.observer, Saw { who: "relay".into(), what });
    }

    fn next(&self) -> Recipient<Double> {
        Recipient::assume(self.next)
    }
}

impl Actor for Relay {
    type Protocol = (Async<Double>, Async<AskTwice>, Async<AskFor>, Async<Then>, Number);

    fn stopping(&mut self, ctx: &mut Context<Self>) {
        self.report(What::Stopping, ctx);
    }

    fn terminated(&mut self, end: &Terminated, ctx: &mut Context<Self>) {
        self.report(What::Terminated(end.address, end.reason.to_string()), ctx);
    }

    fn wakeup(&mut self, wakeup: Wakeup, ctx: &mut Context<Self>) {
        if let Ok(number) = wakeup.take::<u64>() {
            self.report(What::Woken(number), ctx);
        }
    }
}

impl AsyncHandler<Double> for Relay {
    async fn receive(&mut self, Double(number): &mut Double, ctx: &mut Context<'_, Self>) -> Outcome<u64> {
        let before = ctx.sender();
        let answer = ctx.ask(self.next(), Double(*number)).await?;
        assert_eq!(ctx.sender(), before);
        self.heard.push(answer);
        Ok(answer + 1)
    }
}

impl AsyncHandler<AskTwice> for Relay {
    async fn receive(&mut self, AskTwice(number): &mut AskTwice, ctx: &mut Context<'_, Self>) -> Outcome<(u64, u64)> {
        let first = ctx.ask(self.next(), Double(*number));
        let second = ctx.ask(self.next(), Double(*number + 1));
        let second = second.await?;
        Ok((first.await?, second))
    }
}

impl AsyncHandler<AskFor> for Relay {
    async fn receive(&mut self, AskFor(limit): &mut AskFor, ctx: &mut Context<'_, Self>) -> Outcome<u64> {
        Ok(ctx.ask(self.next(), Double(1)).timeout(*limit).await?)
    }
}

impl AsyncHandler<Then> for Relay {
    async fn receive(&mut self, then: &mut Then, ctx: &mut Context<'_, Self>) -> Outcome<u64> {
        if matches!(then, Then::Stop) {
            ctx.stop();
        }
        let answer = ctx.ask(self.next(), Double(1)).await?;
        match then {
            Then::Stop => Ok(ctx.ask(self.next(), Double(answer)).await?),
            Then::Defer => ctx.defer(|promise| promise.fulfil(answer + 10)),
            Then::Forward(to) => ctx.forward(*to),
            Then::Stash => {
                *then = Then::Defer;
                ctx.unstash_all();
                ctx.stash()
            }
            Then::Fail => Err(Failure::new("after waiting").into()),
            Then::Panic => panic!("after waiting"),
            Then::PanicInDrop => {
                PanicsInDrop.await;
                Ok(0)
            }
        }
    }
}

impl Handler<Number> for Relay {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        self.report(What::Handled(*number), ctx);
        if *number == 0 {
            ctx.wakeup_after(Duration::ZERO, 5u64);
        }
        Ok(())
    }
}

/// Panics when polled, and when dropped.
struct PanicsInDrop;

impl Future for PanicsInDrop {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<()> {
        panic!("when polled");
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("when dropped");
        }
    }
}

/// A relay in front of `next`.
fn relay(scene: &Scene, next: Address) -> ActorRef<Relay> {
    let observer = scene.probe.address();
    scene.system.cast(Relay { next, observer, heard: Vec::new() }).unwrap()
}

/// A relay in front of an endpoint: its handlers wait until the test answers.
fn held_relay(scene: &Scene) -> (ActorRef<Relay>, Endpoint) {
    let endpoint = scene.system.endpoint();
    (relay(scene, endpoint.address()), endpoint)
}

/// The ask of a relay that has come to the endpoint.
fn held(endpoint: &Endpoint) -> Promise<u64> {
    match endpoint.listen(PATIENCE) {
        Some(Received::Message(delivered)) => delivered.into_ask::<Double>().unwrap().1,
        other => panic!("expected an ask, got {other:?}"),
    }
}

fn an_asynchronous_handler_gets_an_answer(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let relay = relay(&scene, puppet.address());
    assert_eq!(scene.system.ask(relay, Double(20)).wait(), Ok(41));
}

fn asks_can_go_through_a_chain_of_asynchronous_handlers(base: Base) {
    let scene = Scene::new(base);
    let mut last = scene.puppet("puppet").address();
    for _ in 0..50 {
        last = relay(&scene, last).address();
    }
    let first: ActorRef<Relay> = ActorRef::assume(last);
    assert_eq!(scene.system.ask(first, Double(0)).wait(), Ok(50));
}

fn an_asynchronous_handler_can_wait_for_several_answers(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let relay = relay(&scene, puppet.address());
    assert_eq!(scene.system.ask(relay, AskTwice(3)).wait(), Ok((6, 8)));
}

fn an_actor_takes_no_other_message_while_its_handler_waits(base: Base) {
    let scene = Scene::new(base);
    let (relay, endpoint) = held_relay(&scene);
    let ask = scene.system.ask(relay, Double(1));
    let promise = held(&endpoint);
    for number in 1..=3 {
        scene.system.tell(relay, Number(number)).unwrap();
    }
    let second = scene.system.ask(relay, Double(1));
    assert!(endpoint.listen(Duration::from_millis(5)).is_none(), "the second ask waits for the first");
    promise.fulfil(10);
    assert_eq!(ask.wait(), Ok(11));
    for number in 1..=3 {
        scene.expect("relay", What::Handled(number));
    }
    held(&endpoint).fulfil(20);
    assert_eq!(second.wait(), Ok(21));
}

fn other_actors_go_on_while_a_handler_waits(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let (relay, endpoint) = held_relay(&scene);
    let ask = scene.system.ask(relay, Double(1));
    let promise = held(&endpoint);
    assert_eq!(scene.system.ask(puppet, Double(2)).wait(), Ok(4));
    promise.fulfil(0);
    assert_eq!(ask.wait(), Ok(1));
}

fn the_sender_is_the_same_after_waiting(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let relay = relay(&scene, puppet.address());
    let asks: Vec<_> = (0..10).map(|number| scene.probe.endpoint().ask(relay, Double(number))).collect();
    for (number, ask) in asks.into_iter().enumerate() {
        assert_eq!(ask.wait(), Ok(number as u64 * 2 + 1));
    }
}

fn an_ask_within_a_handler_hears_that_there_is_nobody(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.system.exit(puppet);
    scene.expect("puppet", What::Stopping);
    scene.wait_for_end(puppet);
    let relay = relay(&scene, puppet.address());
    let error = scene.system.ask(relay, Double(1)).wait().unwrap_err();
    assert_eq!(error, AskError::Failed(AskError::NoActor.to_string().into()));
}

fn an_ask_within_a_handler_times_out(base: Base) {
    let scene = Scene::timeless(base);
    let (relay, endpoint) = held_relay(&scene);
    let ask = scene.system.ask(relay, AskFor(Duration::from_secs(60)));
    let promise = held(&endpoint);
    scene.wait_until("the limit is set", || scene.system.status().pending_timers == 1);
    scene.pass(Duration::from_secs(60));
    assert_eq!(ask.wait(), Err(AskError::Failed(AskError::TimedOut.to_string().into())));
    promise.fulfil(1);
    assert_eq!(scene.only_dead_letter().1, Undelivered::LateReply);
}

fn an_asynchronous_handler_can_reply_later(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let relay = relay(&scene, puppet.address());
    assert_eq!(scene.system.ask(relay, Then::Defer).wait(), Ok(12));
}

fn an_asynchronous_handler_can_forward(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let (second, endpoint) = held_relay(&scene);
    let first = relay(&scene, puppet.address());
    let ask = scene.system.ask(first, Then::Forward(second.address()));
    let promise = held(&endpoint);
    drop(promise);
    // The second relay failed on the forwarded message, and the first asker hears of it.
    assert_eq!(ask.wait(), Err(AskError::Failed(AskError::Abandoned.to_string().into())));
}

fn an_asynchronous_handler_can_stash(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let relay = relay(&scene, puppet.address());
    // It is stashed once, changed, and then answered.
    assert_eq!(scene.system.ask(relay, Then::Stash).wait_timeout(PATIENCE), Ok(12));
}

fn an_asynchronous_handler_that_fails_returns_its_message(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let asked = relay(&scene, puppet.address());
    assert_eq!(scene.system.ask(asked, Then::Fail).wait(), Err(AskError::Failed("after waiting".into())));
    let told = relay(&scene, puppet.address());
    scene.probe.tell(told, Then::Fail);
    let poison = scene.probe.expect_poison();
    assert!(matches!(poison.message.get(), Some(Then::Fail)));
    assert_eq!((poison.by, &*poison.details), (told.address(), "after waiting"));
}

fn an_asynchronous_handler_that_panics_returns_its_message(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let asked = relay(&scene, puppet.address());
    assert_eq!(scene.system.ask(asked, Then::Panic).wait(), Err(AskError::Failed("after waiting".into())));
    let told = relay(&scene, puppet.address());
    scene.probe.endpoint().watch(told);
    scene.probe.tell(told, Then::Panic);
    let poison = scene.probe.expect_poison();
    assert!(matches!(poison.message.get(), Some(Then::Panic)));
    assert!(matches!(scene.probe.expect_terminated().reason, ExitReason::Failed(_)));
}

fn an_exit_waits_for_the_handler(base: Base) {
    let scene = Scene::new(base);
    let (relay, endpoint) = held_relay(&scene);
    let ask = scene.system.ask(relay, Double(1));
    let promise = held(&endpoint);
    scene.system.exit(relay);
    scene.probe.endpoint().watch(relay);
    scene.system.tell(relay, Number(1)).unwrap();
    promise.fulfil(1);
    assert_eq!(ask.wait(), Ok(2), "the message in hand is answered");
    scene.expect("relay", What::Stopping);
    assert_eq!(scene.probe.expect_terminated().reason, ExitReason::Requested);
    assert_eq!(scene.only_dead_letter(), (relay.address(), Undelivered::Exited));
}

fn a_handler_that_stops_its_actor_finishes_first(base: Base) {
    let scene = Scene::new(base);
    let (relay, endpoint) = held_relay(&scene);
    scene.probe.endpoint().watch(relay);
    let ask = scene.system.ask(relay, Then::Stop);
    held(&endpoint).fulfil(1);
    held(&endpoint).fulfil(2);
    assert_eq!(ask.wait(), Ok(2));
    scene.expect("relay", What::Stopping);
    assert_eq!(scene.probe.expect_terminated().reason, ExitReason::Stopped);
}

fn what_happens_while_a_handler_waits_is_told_after_it(base: Base) {
    let scene = Scene::new(base);
    let (relay, endpoint) = held_relay(&scene);
    scene.system.tell(relay, Number(0)).unwrap();
    scene.expect("relay", What::Handled(0));
    scene.expect("relay", What::Woken(5));
    scene.system.tell(relay, Double(0)).unwrap();
    let promise = held(&endpoint);
    scene.system.tell(relay, Number(0)).unwrap();
    scene.system.tell(relay, Number(1)).unwrap();
    promise.fulfil(0);
    scene.expect("relay", What::Handled(0));
    // The wakeup is told between two messages, or after them.
    scene.expect_all([("relay", What::Handled(1)), ("relay", What::Woken(5))]);
}

fn a_future_that_panics_when_dropped_is_a_failure(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let relay = relay(&scene, puppet.address());
    scene.probe.endpoint().watch(relay);
    let error = scene.system.ask(relay, Then::PanicInDrop).wait_timeout(PATIENCE).unwrap_err();
    assert!(matches!(error, AskError::Failed(_) | AskError::Abandoned), "{error:?}");
    assert!(matches!(scene.probe.expect_terminated().reason, ExitReason::Failed(_)));
    assert_eq!(scene.system.ask(puppet, Double(1)).wait_timeout(PATIENCE), Ok(2), "others go on");
}

/// Its handlers are asynchronous, but never wait.
#[derive(Clone, Serialize, Deserialize)]
struct Swift;

impl Actor for Swift {
    type Protocol = (Async<Double>, Async<Fail>, Async<Panic>);
}

impl AsyncHandler<Double> for Swift {
    async fn receive(&mut self, Double(number): &mut Double, _: &mut Context<'_, Self>) -> Outcome<u64> {
        Ok(*number * 2)
    }
}

impl AsyncHandler<Fail> for Swift {
    async fn receive(&mut self, Fail(text): &mut Fail, _: &mut Context<'_, Self>) -> Outcome<u64> {
        Err(Failure::new(text).into())
    }
}

impl AsyncHandler<Panic> for Swift {
    async fn receive(&mut self, Panic(text): &mut Panic, _: &mut Context<'_, Self>) -> Outcome<u64> {
        panic!("{text}")
    }
}

fn an_asynchronous_handler_without_waiting_is_like_any_other(base: Base) {
    let scene = Scene::new(base);
    let swift = scene.system.cast(Swift).unwrap();
    let asks: Vec<_> = (0..200).map(|number| scene.system.ask(swift, Double(number))).collect();
    for (number, ask) in asks.into_iter().enumerate() {
        assert_eq!(ask.wait(), Ok(number as u64 * 2));
    }
    scene.probe.tell(swift, fail("swiftly"));
    assert_eq!(&*scene.probe.expect_poison().details, "swiftly");
    let another = scene.system.cast(Swift).unwrap();
    scene.probe.tell(another, panic("swiftly"));
    assert_eq!(&*scene.probe.expect_poison().details, "swiftly");
}
