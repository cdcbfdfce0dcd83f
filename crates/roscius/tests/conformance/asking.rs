//! Asking and replying.
//!
//! In one process: futures of external code, whose program drives no links while it waits for them; promises kept
//! by the test's own threads; time to the nanosecond.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use roscius::prelude::*;
use roscius::{Received, Undelivered};
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Double, Fail, HowMany, Number, Order, Panic, Puppet, Unwanted, What, fail, panic};
use crate::parts::Enlist;
use crate::scene::{PATIENCE, QUIET, Scene, block_on, poll_once};

promises! {
    on every_base:
        an_ask_that_nobody_answers_times_out,
        an_ask_of_a_type_outside_the_protocol_hears_of_it,
        an_ask_of_a_foreign_address_fails_at_once,
        an_ask_of_an_address_that_never_lived_fails_at_once,
        an_ask_that_waits_when_its_receiver_exits_fails,
        a_continuation_hears_that_there_is_nobody,
        a_continuation_that_fails_fails_its_actor,
        external_code_can_answer_an_actor,
        a_late_reply_reaches_no_later_ask_and_is_a_dead_letter,
        the_reply_to_an_ask_given_up_is_a_dead_letter,
        a_promise_can_be_failed_with_a_reason,
        promises_can_be_kept_in_any_order,
        an_ask_that_makes_its_receiver_fail_hears_of_it,
        an_ask_can_be_answered_later_after_the_receiver_took_other_messages,
        a_continuation_gets_the_answer,
        an_actor_goes_on_while_a_continuation_waits,
        a_dropped_promise_tells_the_asker_at_once,
        an_ask_of_the_dead_fails_at_once,
        an_answer_after_the_limit_of_a_continuation_is_a_dead_letter;
    on every_base_and_claim:
        an_ask_is_answered;
    on in_one_process:
        an_ask_is_answered_to_asynchronous_code,
        an_ask_times_out_in_asynchronous_code,
        an_ask_that_changes_its_task_wakes_the_last,
        the_timer_of_an_answered_ask_is_gone,
        a_promise_can_be_kept_by_another_thread,
        a_continuation_hears_that_time_is_over,
        a_continuation_without_a_limit_waits;
    on simple:
        an_actor_that_blocks_for_an_answer_is_told_that_it_cannot,
        waiting_gives_up_at_once_when_nothing_is_left_to_do;
    on threads:
        an_actor_that_blocks_for_an_answer_gets_it;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<NewKeeper>().enlist::<Brittle>()
}

/// Answers when it is told to.
struct Keeper {
    kept: Vec<Promise<u64>>,
}

/// Keep the latest promise, or the oldest.
#[derive(Clone, Message, Serialize, Deserialize)]
#[message(reply = bool)]
enum Keep {
    Oldest(u64),
    Latest(u64),
    Fail(String),
    Drop,
}

impl Actor for Keeper {
    type Protocol = (Double, Keep);
}

impl Handler<Double> for Keeper {
    fn receive(&mut self, _: &mut Double, ctx: &mut Context<Self>) -> Outcome<u64> {
        ctx.defer(|promise| self.kept.push(promise))
    }
}

impl Handler<Keep> for Keeper {
    fn receive(&mut self, keep: &mut Keep, _: &mut Context<Self>) -> Outcome<bool> {
        if self.kept.is_empty() {
            return Ok(false);
        }
        match keep {
            Keep::Oldest(answer) => self.kept.remove(0).fulfil(*answer),
            Keep::Latest(answer) => self.kept.remove(self.kept.len() - 1).fulfil(*answer),
            Keep::Fail(details) => self.kept.remove(0).fail(details),
            Keep::Drop => drop(self.kept.remove(0)),
        }
        Ok(true)
    }
}

part! {
    /// A keeper with no promise yet.
    NewKeeper {} makes Keeper: Keeper { kept: Vec::new() }
}

fn keeper(scene: &Scene) -> ActorRef<Keeper> {
    scene.system.cast(NewKeeper {}).unwrap()
}

/// Tells a keeper what to do with a promise, once it has one.
fn keep(scene: &Scene, keeper: ActorRef<Keeper>, keep: Keep) {
    scene.wait_until("the keeper has a promise", || scene.system.ask(keeper, keep.clone()).wait() == Ok(true));
}

fn an_ask_is_answered(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    assert_eq!(scene.system.ask(puppet, Double(21)).wait(), Ok(42));
    assert_eq!(scene.probe.endpoint().ask(puppet, Double(4)).wait_timeout(PATIENCE), Ok(8));
    let asks: Vec<_> = (0..100).map(|number| scene.system.ask(puppet, Double(number))).collect();
    for (number, ask) in asks.into_iter().enumerate() {
        assert_eq!(ask.wait(), Ok(number as u64 * 2), "each ask has its own answer");
    }
}

fn an_ask_is_answered_to_asynchronous_code(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    assert_eq!(block_on(scene.system.ask(puppet, Double(21))), Ok(42));
    assert_eq!(block_on(scene.system.ask(puppet, Double(2)).timeout(PATIENCE)), Ok(4));
    let both = block_on(async {
        let (first, second) = (scene.system.ask(puppet, Double(1)), scene.system.ask(puppet, Double(2)));
        (second.await, first.await)
    });
    assert_eq!(both, (Ok(4), Ok(2)));
}

fn an_ask_that_nobody_answers_times_out(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    let start = Instant::now();
    let limit = Duration::from_millis(30);
    assert_eq!(scene.system.ask(keeper, Double(1)).wait_timeout(limit), Err(AskError::TimedOut));
    if !base.is_simple() {
        assert!(start.elapsed() >= limit, "it waits for as long as it was told");
    }
    assert!(start.elapsed() < PATIENCE);
}

fn an_ask_times_out_in_asynchronous_code(base: Base) {
    let scene = Scene::timeless(base);
    let keeper = keeper(&scene);
    let mut ask = scene.system.ask(keeper, Double(1)).timeout(Duration::from_secs(60));
    assert_eq!(poll_once(&mut ask), Poll::Pending);
    scene.pass(Duration::from_secs(59));
    assert_eq!(poll_once(&mut ask), Poll::Pending);
    let waiter = thread::spawn(move || block_on(ask));
    scene.pass(Duration::from_secs(1));
    scene.wait_until("the waiting thread was woken", || {
        scene.system.run_until_idle();
        waiter.is_finished()
    });
    assert_eq!(waiter.join().unwrap(), Err(AskError::TimedOut));
}

/// Notes that it was woken.
#[derive(Default)]
struct Noted(AtomicBool);

impl Wake for Noted {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

fn an_ask_that_changes_its_task_wakes_the_last(base: Base) {
    let scene = Scene::timeless(base);
    let keeper = keeper(&scene);
    let mut ask = pin!(scene.system.ask(keeper, Double(1)).timeout(Duration::from_secs(60)));
    let tasks: [Arc<Noted>; 2] = Default::default();
    for task in &tasks {
        let waker = Waker::from(Arc::clone(task));
        assert_eq!(ask.as_mut().poll(&mut std::task::Context::from_waker(&waker)), Poll::Pending);
    }
    assert_eq!(scene.system.status().pending_timers, 1, "one timer, whoever polls");
    scene.pass(Duration::from_secs(60));
    scene.wait_until("the last task was woken", || {
        scene.system.run_until_idle();
        tasks[1].0.load(Ordering::Acquire)
    });
    assert_eq!(block_on(ask), Err(AskError::TimedOut));
}

fn the_timer_of_an_answered_ask_is_gone(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    let hour = Duration::from_secs(3600);
    for _ in 0..3 {
        let mut ask = pin!(scene.system.ask(keeper, Double(1)).timeout(hour));
        assert_eq!(poll_once(&mut ask), Poll::Pending);
        keep(&scene, keeper, Keep::Oldest(5));
        assert_eq!(block_on(ask), Ok(5));
    }
    let mut given_up = scene.system.ask(keeper, Double(1)).timeout(hour);
    assert_eq!(poll_once(&mut given_up), Poll::Pending);
    drop(given_up);
    scene.wait_until("no timer is left", || scene.system.status().pending_timers == 0);
}

fn a_late_reply_reaches_no_later_ask_and_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    let endpoint = scene.probe.endpoint();
    let limit = Duration::from_millis(5);
    assert_eq!(endpoint.ask(keeper, Double(1)).wait_timeout(limit), Err(AskError::TimedOut));
    let later = endpoint.ask(keeper, Double(2));
    keep(&scene, keeper, Keep::Oldest(100));
    keep(&scene, keeper, Keep::Oldest(200));
    assert_eq!(later.wait(), Ok(200));
    let letters = scene.dead_letters(1);
    assert_eq!(letters[0].reason, Undelivered::LateReply);
    assert_eq!((letters[0].sender, letters[0].target), (keeper.address(), scene.probe.address()));
    scene.probe.expect_nothing(QUIET);
}

fn the_reply_to_an_ask_given_up_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    drop(scene.system.ask(keeper, Double(1)));
    keep(&scene, keeper, Keep::Oldest(1));
    assert_eq!(scene.only_dead_letter().1, Undelivered::LateReply);
}

fn a_dropped_promise_tells_the_asker_at_once(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    let ask = scene.system.ask(keeper, Double(1));
    keep(&scene, keeper, Keep::Drop);
    assert_eq!(ask.wait(), Err(AskError::Abandoned));
    if !scene.system.is_of_processes() {
        let ask = scene.system.ask(keeper, Double(1));
        keep(&scene, keeper, Keep::Drop);
        assert_eq!(block_on(ask), Err(AskError::Abandoned));
    }
}

fn a_promise_can_be_failed_with_a_reason(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    let ask = scene.system.ask(keeper, Double(1));
    keep(&scene, keeper, Keep::Fail("not today".into()));
    assert_eq!(ask.wait(), Err(AskError::Failed("not today".into())));
}

/// Gives its promises to whoever shares the shelf.
struct Clerk {
    shelf: Arc<Mutex<Vec<Promise<u64>>>>,
}

impl Actor for Clerk {
    type Protocol = (Double,);
}

impl Handler<Double> for Clerk {
    fn receive(&mut self, _: &mut Double, ctx: &mut Context<Self>) -> Outcome<u64> {
        ctx.defer(|promise| self.shelf.lock().unwrap().push(promise))
    }
}

fn a_promise_can_be_kept_by_another_thread(base: Base) {
    let scene = Scene::new(base);
    let shelf: Arc<Mutex<Vec<Promise<u64>>>> = Arc::default();
    let shared = Arc::clone(&shelf);
    let clerk = scene.system.spawn(move || Clerk { shelf: Arc::clone(&shared) }).unwrap();
    let ask = scene.system.ask(clerk, Double(1));
    scene.wait_until("the clerk has the promise", || !shelf.lock().unwrap().is_empty());
    let promise = shelf.lock().unwrap().remove(0);
    thread::spawn(move || promise.fulfil(99)).join().unwrap();
    assert_eq!(ask.wait(), Ok(99));
}

fn promises_can_be_kept_in_any_order(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    let (first, second) = (scene.system.ask(keeper, Double(1)), scene.system.ask(keeper, Double(2)));
    keep(&scene, keeper, Keep::Latest(2));
    keep(&scene, keeper, Keep::Latest(1));
    assert_eq!((first.wait(), second.wait()), (Ok(1), Ok(2)));
}

fn an_ask_that_makes_its_receiver_fail_hears_of_it(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    assert_eq!(scene.system.ask(puppet, fail("no way")).wait(), Err(AskError::Failed("no way".into())));
    let puppet = scene.puppet("another");
    assert_eq!(scene.system.ask(puppet, panic("oh dear")).wait(), Err(AskError::Failed("oh dear".into())));
    assert_eq!(scene.system.status().dead_letters, 0, "who asked has heard of it");
}

fn an_ask_of_a_type_outside_the_protocol_hears_of_it(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let wrong = Recipient::<Unwanted>::assume(puppet.address());
    let error = scene.system.ask(wrong, Unwanted("x".into())).wait().unwrap_err();
    assert!(matches!(&error, AskError::NotAccepted(details) if details.contains(Unwanted::NAME)), "{error:?}");
}

fn an_ask_of_the_dead_fails_at_once(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.system.exit(puppet);
    scene.wait_for_end(puppet);
    assert_eq!(scene.system.ask(puppet, Double(1)).wait(), Err(AskError::NoActor));
    if !scene.system.is_of_processes() {
        assert_eq!(block_on(scene.system.ask(puppet, Double(1))), Err(AskError::NoActor));
    }
}

fn an_ask_of_a_foreign_address_fails_at_once(base: Base) {
    let scene = Scene::new(base);
    let other = Scene::new(base);
    let foreign = other.puppet("foreign");
    assert_eq!(scene.system.ask(foreign, Double(1)).wait(), Err(AskError::NoActor));
}

fn an_ask_of_an_address_that_never_lived_fails_at_once(base: Base) {
    let scene = Scene::new(base);
    let node = scene.puppet("puppet").address().node();
    let places = [
        Address::new(node, 0, 4711, 0),
        Address::new(node, 200, 0, 0),
        Address::new(node, Address::EXTERNAL_CORE, 4711, 7),
        Address::new(node, 0, 4711, 0).with_bound(),
        Address::new(node, 200, 0, 0).with_bound(),
        Address::nobody(node),
    ];
    for address in places {
        let never: ActorRef<Puppet> = ActorRef::assume(address);
        assert_eq!(scene.system.ask(never, Double(1)).wait_timeout(PATIENCE), Err(AskError::NoActor), "{address}");
    }
}

fn an_ask_that_waits_when_its_receiver_exits_fails(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    let deferred = scene.system.ask(keeper, Double(1));
    scene.system.exit(keeper);
    // The exit request may come before the message.
    let answer = deferred.wait();
    assert!(matches!(answer, Err(AskError::Abandoned | AskError::NoActor)), "{answer:?}");
}

fn an_ask_can_be_answered_later_after_the_receiver_took_other_messages(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    let early = scene.system.ask(keeper, Double(1));
    let late = scene.system.ask(keeper, Double(2));
    keep(&scene, keeper, Keep::Latest(7));
    assert_eq!(late.wait(), Ok(7), "a later ask can be answered first");
    keep(&scene, keeper, Keep::Oldest(8));
    assert_eq!(early.wait(), Ok(8));
}

fn a_continuation_gets_the_answer(base: Base) {
    let scene = Scene::new(base);
    let (asker, other) = (scene.puppet("asker"), scene.puppet("other"));
    scene.system.tell(asker, Order::Ask(other.address(), 21, None)).unwrap();
    scene.expect("asker", What::Answered(Ok(42)));
    scene.system.tell(asker, Order::Ask(other.address(), 4, Some(PATIENCE))).unwrap();
    scene.expect("asker", What::Answered(Ok(8)));
    // Asking oneself is fine: the answer comes between two messages.
    scene.system.tell(asker, Order::Ask(asker.address(), 5, None)).unwrap();
    scene.expect("asker", What::Answered(Ok(10)));
    scene.wait_until("no timer is left", || scene.system.status().pending_timers == 0);
}

fn a_continuation_hears_that_there_is_nobody(base: Base) {
    let scene = Scene::new(base);
    let (asker, other) = (scene.puppet("asker"), scene.puppet("other"));
    scene.system.exit(other);
    scene.expect("other", What::Stopping);
    scene.wait_for_end(other);
    scene.system.tell(asker, Order::Ask(other.address(), 21, None)).unwrap();
    scene.expect("asker", What::Answered(Err(AskError::NoActor.to_string())));
}

fn a_continuation_hears_that_time_is_over(base: Base) {
    let scene = Scene::timeless(base);
    let (asker, keeper) = (scene.puppet("asker"), keeper(&scene));
    scene.system.tell(asker, Order::Ask(keeper.address(), 21, Some(Duration::from_secs(60)))).unwrap();
    scene.settle(asker);
    scene.pass(Duration::from_secs(59));
    scene.system.tell(asker, Number(1)).unwrap();
    scene.expect("asker", What::Handled(1));
    scene.pass(Duration::from_secs(1));
    scene.expect("asker", What::Answered(Err(AskError::TimedOut.to_string())));
}

fn a_continuation_without_a_limit_waits(base: Base) {
    let scene = Scene::timeless(base);
    let (asker, keeper) = (scene.puppet("asker"), keeper(&scene));
    scene.system.tell(asker, Order::Ask(keeper.address(), 21, None)).unwrap();
    scene.settle(asker);
    scene.pass(Duration::from_secs(1_000_000));
    keep(&scene, keeper, Keep::Oldest(1));
    scene.expect("asker", What::Answered(Ok(1)));
}

fn an_answer_after_the_limit_of_a_continuation_is_a_dead_letter(base: Base) {
    let scene = Scene::timeless(base);
    let (asker, keeper) = (scene.puppet("asker"), keeper(&scene));
    let limit = Duration::from_millis(50);
    scene.system.tell(asker, Order::Ask(keeper.address(), 21, Some(limit))).unwrap();
    scene.settle(asker);
    scene.pass(limit);
    scene.expect("asker", What::Answered(Err(AskError::TimedOut.to_string())));
    keep(&scene, keeper, Keep::Oldest(1));
    assert_eq!(scene.only_dead_letter(), (asker.address(), Undelivered::LateReply));
}

/// Fails in a continuation.
#[derive(Clone, Serialize, Deserialize)]
struct Brittle;

plays_itself!(Brittle);

impl Actor for Brittle {
    type Protocol = (Number,);
}

impl Handler<Number> for Brittle {
    fn receive(&mut self, _: &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        let nobody = Recipient::<Double>::assume(Address::nobody(ctx.me().address().node()));
        ctx.ask_then(nobody, Double(1), None, |_, answer, _| {
            answer?;
            Ok(())
        });
        Ok(())
    }
}

fn a_continuation_that_fails_fails_its_actor(base: Base) {
    let scene = Scene::new(base);
    let brittle = scene.system.cast(Brittle).unwrap();
    scene.probe.endpoint().watch(brittle);
    scene.probe.tell(brittle, Number(1));
    let end = scene.probe.expect_terminated();
    assert!(matches!(&end.reason, ExitReason::Failed(failure) if failure.details.contains("nobody")), "{end:?}");
    scene.probe.expect_nothing(QUIET); // The message that led to it was handled.
}

fn an_actor_goes_on_while_a_continuation_waits(base: Base) {
    let scene = Scene::new(base);
    let (asker, keeper) = (scene.puppet("asker"), keeper(&scene));
    for _ in 0..3 {
        scene.system.tell(asker, Order::Ask(keeper.address(), 0, None)).unwrap();
    }
    scene.system.tell(asker, Number(1)).unwrap();
    scene.expect("asker", What::Handled(1));
    for answer in 1..=3 {
        keep(&scene, keeper, Keep::Latest(answer));
        scene.expect("asker", What::Answered(Ok(answer)));
    }
    assert_eq!(scene.system.ask(asker, HowMany).wait(), Ok(1));
}

fn external_code_can_answer_an_actor(base: Base) {
    let scene = Scene::new(base);
    let asker = scene.puppet("asker");
    let endpoint = scene.system.endpoint();
    scene.system.tell(asker, Order::Ask(endpoint.address(), 5, None)).unwrap();
    let Some(Received::Message(delivered)) = endpoint.listen(PATIENCE) else { panic!("the ask arrives") };
    assert!(delivered.wants_reply());
    assert_eq!(delivered.sender, asker.address());
    let (Double(number), promise) = delivered.into_ask::<Double>().unwrap();
    promise.fulfil(number + 1);
    scene.expect("asker", What::Answered(Ok(6)));
}

/// Blocks for an answer within its handler.
struct Blocker {
    system: ActorSystem,
    other: ActorRef<Puppet>,
}

impl Actor for Blocker {
    type Protocol = (Double, Fail, Panic);
}

impl Handler<Double> for Blocker {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(self.system.ask(self.other, Double(*number)).wait()?)
    }
}

impl Handler<Fail> for Blocker {
    fn receive(&mut self, _: &mut Fail, ctx: &mut Context<Self>) -> Outcome<u64> {
        Ok(ctx.ask(self.other, Double(1)).wait_timeout(PATIENCE)?)
    }
}

impl Handler<Panic> for Blocker {
    fn receive(&mut self, _: &mut Panic, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(block_on(self.system.ask(self.other, Double(2)))?)
    }
}

fn blocker(scene: &Scene) -> ActorRef<Blocker> {
    let (system, other) = (ActorSystem::clone(&scene.system), scene.puppet("other"));
    scene.system.spawn(move || Blocker { system: system.clone(), other }).unwrap()
}

fn an_actor_that_blocks_for_an_answer_is_told_that_it_cannot(base: Base) {
    let scene = Scene::new(base);
    let blocker = blocker(&scene);
    let error = scene.system.ask(blocker, Double(1)).wait().unwrap_err();
    assert_eq!(error, AskError::Failed(AskError::WouldBlock.to_string().into()));
}

fn waiting_gives_up_at_once_when_nothing_is_left_to_do(base: Base) {
    let scene = Scene::new(base);
    let keeper = keeper(&scene);
    let start = Instant::now();
    let hour = Duration::from_secs(3600);
    assert_eq!(scene.system.ask(keeper, Double(1)).wait_timeout(hour), Err(AskError::TimedOut));
    assert_eq!(scene.system.ask(keeper, Double(1)).wait(), Err(AskError::TimedOut));
    assert!(scene.probe.endpoint().listen(hour).is_none());
    assert!(start.elapsed() < PATIENCE);
}

fn an_actor_that_blocks_for_an_answer_gets_it(base: Base) {
    let scene = Scene::new(base);
    let blocker = blocker(&scene);
    assert_eq!(scene.system.ask(blocker, Double(4)).wait_timeout(PATIENCE), Ok(8));
    assert_eq!(scene.system.ask(blocker, fail("")).wait_timeout(PATIENCE), Ok(2));
    assert_eq!(scene.system.ask(blocker, panic("")).wait_timeout(PATIENCE), Ok(4));
}
