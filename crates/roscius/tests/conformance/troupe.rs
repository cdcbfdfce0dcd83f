//! Troupes: a pool of actors behind one address.
//!
//! In one process: the status and the size of a troupe, which only its own process can ask for, and closures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use roscius::prelude::*;
use roscius::{Promise, Received, TroupeStatus, Undelivered};
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Door, Double, Gate, Order, Saw, Unwanted, What};
use crate::parts::Enlist;
use crate::scene::{PATIENCE, QUIET, Scene};
use crate::system::Endpoint;

promises! {
    on every_base:
        a_troupe_takes_what_its_workers_take,
        a_reply_comes_from_the_worker_and_the_worker_sees_the_sender,
        work_that_waits_keeps_its_order,
        work_tried_too_often_comes_back,
        work_from_nobody_tried_too_often_is_a_dead_letter,
        a_worker_that_stops_after_its_work_loses_nothing,
        a_type_that_the_workers_do_not_take_comes_back,
        a_troupe_can_be_a_child,
        a_troupe_of_one_is_a_queue;
    on in_one_process:
        a_troupe_grows_with_its_work_up_to_its_maximum,
        work_goes_round_robin_among_the_idle,
        each_worker_has_one_message_at_a_time,
        a_troupe_can_be_resized_up,
        a_troupe_can_be_resized_down,
        a_troupe_shrinks_when_there_is_nothing_to_do,
        the_work_of_a_worker_that_failed_goes_to_another,
        workers_that_are_asked_to_exit_lose_nothing,
        workers_that_cannot_be_created_give_the_work_back,
        a_worker_that_cannot_be_created_at_first_is_made_again,
        a_troupe_shows_its_status,
        the_status_of_a_troupe_that_has_ended_is_an_error,
        a_troupe_that_exits_finishes_what_is_in_hand,
        a_troupe_that_is_restarted_accounts_for_its_work,
        a_troupe_can_have_a_name;
    on threads:
        workers_that_block_work_at_the_same_time;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<NewDirector>()
}

/// Works, or waits, or fails.
struct Worker {
    failures: Arc<AtomicU32>,
    door: Door,
    observer: Address,
}

/// Answered with the number, the worker, and the sender it saw.
#[derive(Debug, Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[message(reply = (u64, Address, Address))]
enum Job {
    Do(u64),
    /// Wait until this address has answered.
    Hold(u64, Address),
    /// Fail while there are failures to come.
    Fail(u64),
    Panic,
    StopAfter(u64),
    /// Pass a gate, blocking the thread.
    Block(u64),
}

impl Actor for Worker {
    type Protocol = (Async<Job>, Double, Order);
}

impl AsyncHandler<Job> for Worker {
    async fn receive(&mut self, job: &mut Job, ctx: &mut Context<'_, Self>) -> Outcome<(u64, Address, Address)> {
        let me = ctx.me().address();
        let number = match job {
            Job::Do(number) => *number,
            Job::Hold(number, whom) => {
                let _ = ctx.ask(Recipient::<Double>::assume(*whom), Double(*number)).await;
                *number
            }
            Job::Fail(number) => {
                let _ = ctx.send(self.observer, Saw { who: me.to_string(), what: What::Handled(*number) });
                if self.failures.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok() {
                    return Err(Failure::new("the worker failed").into());
                }
                *number
            }
            Job::Panic => panic!("the worker panicked"),
            Job::StopAfter(number) => {
                ctx.stop();
                *number
            }
            Job::Block(number) => {
                self.door.pass();
                *number
            }
        };
        Ok((number, me, ctx.sender()))
    }
}

/// Synchronous work.
impl Handler<Double> for Worker {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(*number * 2)
    }
}

impl Handler<Order> for Worker {
    fn receive(&mut self, order: &mut Order, ctx: &mut Context<Self>) -> Outcome<Option<Address>> {
        if matches!(order, Order::Stop) {
            ctx.stop();
        }
        Ok(Some(ctx.parent()))
    }
}

/// A troupe of workers that fail so often altogether.
fn workers(scene: &Scene, failures: u32, door: Door) -> Troupe<Worker> {
    let failures = Arc::new(AtomicU32::new(failures));
    let observer = scene.probe.address();
    Troupe::new(move || Worker { failures: Arc::clone(&failures), door: door.clone(), observer })
}

part! {
    /// A director before it has its troupe.
    NewDirector { failures: u32, maximum: usize, idle: usize, attempts: u32, observer: Address } makes Director:
        Director { failures, maximum, idle, attempts, observer, troupe: None }
}

/// Has a troupe, and passes its work on to it.
struct Director {
    failures: u32,
    maximum: usize,
    idle: usize,
    attempts: u32,
    observer: Address,
    troupe: Option<ActorRef<Worker>>,
}

impl Actor for Director {
    type Protocol = (Job, Order);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        let (failures, observer) = (Arc::new(AtomicU32::new(self.failures)), self.observer);
        let make = move || Worker { failures: Arc::clone(&failures), door: Door::default(), observer };
        let troupe = Troupe::new(make).max(self.maximum).idle(self.idle).attempts(self.attempts);
        self.troupe = Some(ctx.spawn_troupe(troupe)?);
        Ok(())
    }
}

impl Handler<Job> for Director {
    fn receive(&mut self, _: &mut Job, ctx: &mut Context<Self>) -> Outcome<(u64, Address, Address)> {
        match self.troupe {
            Some(troupe) => ctx.forward(troupe),
            None => Err(Failure::new("there is no troupe").into()),
        }
    }
}

/// Whatever the order, the answer is the troupe.
impl Handler<Order> for Director {
    fn receive(&mut self, _: &mut Order, _: &mut Context<Self>) -> Outcome<Option<Address>> {
        Ok(self.troupe.map(ActorRef::address))
    }
}

fn troupe(scene: &Scene, maximum: usize, idle: usize) -> ActorRef<Worker> {
    troupe_of(scene, NewDirector { maximum, idle, ..director(scene) })
}

fn director(scene: &Scene) -> NewDirector {
    NewDirector { failures: 0, maximum: 2, idle: 1, attempts: 3, observer: scene.probe.address() }
}

/// A troupe by itself, or with a director where only he can be made from here.
fn troupe_of(scene: &Scene, by: NewDirector) -> ActorRef<Worker> {
    if scene.system.is_of_processes() {
        let director = scene.system.cast(by).unwrap();
        return ActorRef::assume(scene.system.ask(director, Order::Parent).wait().unwrap().unwrap());
    }
    let NewDirector { failures, maximum, idle, attempts, .. } = by;
    let troupe = workers(scene, failures, Door::default()).max(maximum).idle(idle).attempts(attempts);
    scene.system.spawn_troupe(troupe).unwrap()
}

fn status(scene: &Scene, troupe: ActorRef<Worker>) -> TroupeStatus {
    scene.system.troupe(troupe).status().unwrap()
}

fn wait_for(scene: &Scene, troupe: ActorRef<Worker>, what: &str, condition: impl Fn(TroupeStatus) -> bool) {
    scene.wait_until(what, || condition(status(scene, troupe)));
}

/// The next job that is held: its number, its worker, and what lets it go on.
fn held(desk: &Endpoint) -> (u64, Address, Promise<u64>) {
    match desk.listen(PATIENCE) {
        Some(Received::Message(ask)) => {
            let worker = ask.sender;
            let (Double(number), promise) = ask.into_ask().unwrap();
            (number, worker, promise)
        }
        other => panic!("expected a worker that waits, got {other:?}"),
    }
}

fn do_job(scene: &Scene, troupe: ActorRef<Worker>, number: u64) -> Address {
    let (answer, worker, _) = scene.system.ask(troupe, Job::Do(number)).wait_timeout(PATIENCE).unwrap();
    assert_eq!(answer, number);
    worker
}

fn a_troupe_takes_what_its_workers_take(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 3, 2);
    assert_eq!(scene.system.ask(troupe, Double(4)).wait_timeout(PATIENCE), Ok(8));
    do_job(&scene, troupe, 5);
    let parent = scene.system.ask(troupe, Order::Parent).wait_timeout(PATIENCE).unwrap();
    assert_eq!(parent, Some(troupe.address()), "the leader is the parent");
    if !scene.system.is_of_processes() {
        let accepted = scene.system.accepted_by(troupe).unwrap();
        assert_eq!(accepted.len(), ActorSystem::protocol_of::<Worker>().len());
    }
}

fn a_reply_comes_from_the_worker_and_the_worker_sees_the_sender(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 3, 2);
    let answer = scene.probe.endpoint().ask(troupe, Job::Do(1)).wait_timeout(PATIENCE);
    let (_, worker, sender) = answer.unwrap();
    assert_ne!(worker, troupe.address());
    assert_eq!(sender, scene.probe.address());
}

fn a_troupe_grows_with_its_work_up_to_its_maximum(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 3, 2);
    assert_eq!(status(&scene, troupe).workers, 0, "nobody is hired before there is work");
    let desk = scene.system.endpoint();
    let asks: Vec<_> = (1..=5).map(|number| scene.system.ask(troupe, Job::Hold(number, desk.address()))).collect();
    let mut busy: Vec<_> = (0..3).map(|_| held(&desk)).collect();
    let different: BTreeSet<_> = busy.iter().map(|(_, worker, _)| *worker).collect();
    assert_eq!(different.len(), 3);
    wait_for(&scene, troupe, "two wait", |now| (now.workers, now.idle, now.waiting) == (3, 0, 2));
    assert!(desk.listen(QUIET).is_none());
    let (_, worker, promise) = busy.remove(0);
    promise.fulfil(0);
    let (number, next, promise) = held(&desk);
    assert_eq!((number, next), (4, worker), "the worker that is free takes what waits");
    promise.fulfil(0);
    held(&desk).2.fulfil(0);
    busy.into_iter().for_each(|(_, _, promise)| promise.fulfil(0));
    for (number, ask) in (1..).zip(asks) {
        assert_eq!(ask.wait().unwrap().0, number);
    }
}

/// So many workers, all of them idle.
fn idle_workers(scene: &Scene, troupe: ActorRef<Worker>, count: u64) -> Vec<Address> {
    let desk = scene.system.endpoint();
    for number in 1..=count {
        scene.system.tell(troupe, Job::Hold(number, desk.address())).unwrap();
    }
    let busy: Vec<_> = (0..count).map(|_| held(&desk)).collect();
    let mut workers = Vec::new();
    for (_, worker, promise) in busy {
        promise.fulfil(0);
        workers.push(worker);
        wait_for(scene, troupe, "the worker is idle", |status| status.idle == workers.len());
    }
    workers
}

fn work_goes_round_robin_among_the_idle(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 5, 5);
    let workers = idle_workers(&scene, troupe, 3);
    for number in 0..9 {
        assert_eq!(do_job(&scene, troupe, number), workers[number as usize % 3]);
        wait_for(&scene, troupe, "all are idle", |status| status.idle == 3);
    }
    assert_eq!(status(&scene, troupe).workers, 3, "nobody is hired while somebody is idle");
}

fn each_worker_has_one_message_at_a_time(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 1, 1);
    let desk = scene.system.endpoint();
    for number in 1..=5 {
        scene.system.tell(troupe, Job::Hold(number, desk.address())).unwrap();
    }
    for number in 1..=5 {
        let (at, _, promise) = held(&desk);
        assert_eq!(at, number);
        let waiting = 5 - number as usize;
        wait_for(&scene, troupe, "the others wait", |now| (now.workers, now.idle, now.waiting) == (1, 0, waiting));
        assert!(desk.listen(Duration::from_millis(2)).is_none());
        promise.fulfil(0);
    }
    wait_for(&scene, troupe, "the worker is idle", |status| status.idle == 1 && status.workers == 1);
}

fn work_that_waits_keeps_its_order(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 1, 1);
    let desk = scene.system.endpoint();
    for number in 0..200 {
        scene.system.tell(troupe, Job::Hold(number, desk.address())).unwrap();
    }
    for number in 0..200 {
        let (at, _, promise) = held(&desk);
        assert_eq!(at, number);
        promise.fulfil(0);
    }
}

fn a_troupe_can_be_resized_up(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 1, 1);
    let desk = scene.system.endpoint();
    for number in 1..=4 {
        scene.system.tell(troupe, Job::Hold(number, desk.address())).unwrap();
    }
    let first = held(&desk);
    wait_for(&scene, troupe, "three wait", |status| status.waiting == 3);
    assert!(desk.listen(QUIET).is_none());
    let now = scene.system.troupe(troupe).resize(3, 2).unwrap();
    assert_eq!((now.maximum, now.idle_kept, now.workers, now.waiting), (3, 2, 3, 1));
    let (second, third) = (held(&desk), held(&desk));
    assert!(desk.listen(QUIET).is_none());
    for (_, _, promise) in [first, second, third] {
        promise.fulfil(0);
    }
    held(&desk).2.fulfil(0);
}

fn a_troupe_can_be_resized_down(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 5, 5);
    let workers = idle_workers(&scene, troupe, 4);
    let now = scene.system.troupe(troupe).resize(2, 5).unwrap();
    assert_eq!((now.maximum, now.workers), (2, 2));
    scene.wait_until("two have gone", || workers.iter().filter(|&&worker| scene.is_alive(worker)).count() == 2);
    for number in 0..10 {
        do_job(&scene, troupe, number);
    }
    let desk = scene.system.endpoint();
    for number in 1..=2 {
        scene.system.tell(troupe, Job::Hold(number, desk.address())).unwrap();
    }
    let busy = [held(&desk), held(&desk)];
    let now = scene.system.troupe(troupe).resize(1, 1).unwrap();
    assert_eq!(now.workers, 2, "nobody is dismissed from work");
    busy.into_iter().for_each(|(_, _, promise)| promise.fulfil(0));
    wait_for(&scene, troupe, "one is left", |status| status.workers == 1);
}

fn a_troupe_shrinks_when_there_is_nothing_to_do(base: Base) {
    let scene = Scene::timeless(base);
    let linger = Duration::from_secs(5);
    let troupe = scene.system.spawn_troupe(workers(&scene, 0, Door::default()).max(5).idle(2).linger(linger)).unwrap();
    let workers = idle_workers(&scene, troupe, 5);
    scene.pass(linger - Duration::from_nanos(1));
    assert_eq!(status(&scene, troupe).workers, 5);
    scene.pass(Duration::from_nanos(1));
    wait_for(&scene, troupe, "two are left", |status| (status.workers, status.idle) == (2, 2));
    scene.wait_until("three have gone", || workers.iter().filter(|&&worker| scene.is_alive(worker)).count() == 2);
    do_job(&scene, troupe, 1);
}

fn the_work_of_a_worker_that_failed_goes_to_another(base: Base) {
    let scene = Scene::new(base);
    let troupe = scene.system.spawn_troupe(workers(&scene, 2, Door::default()).max(2)).unwrap();
    let answer = scene.probe.endpoint().ask(troupe, Job::Fail(7)).wait_timeout(PATIENCE);
    let (number, worker, sender) = answer.unwrap();
    assert_eq!((number, sender), (7, scene.probe.address()));
    let tried_by: Vec<_> = (0..3).map(|_| scene.saw().who).collect();
    let different: BTreeSet<_> = tried_by.iter().collect();
    assert_eq!(different.len(), 3, "each try is another worker's");
    assert_eq!(tried_by[2], worker.to_string());
    assert_eq!(status(&scene, troupe).lost, 2);
    let status = scene.system.status();
    assert_eq!((status.dead_letters, status.returned), (0, 0));
}

fn work_tried_too_often_comes_back(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe_of(&scene, NewDirector { failures: u32::MAX, attempts: 2, ..director(&scene) });
    scene.probe.tell(troupe, Job::Fail(7));
    scene.saw_all(2);
    let poison = scene.probe.expect_poison();
    assert_eq!((poison.message.get(), &*poison.details), (Some(&Job::Fail(7)), "the worker failed"));
    let answer = scene.system.ask(troupe, Job::Fail(8)).wait_timeout(PATIENCE);
    assert_eq!(answer, Err(AskError::Failed("the worker failed".into())));
    let answer = scene.system.ask(troupe, Job::Panic).wait_timeout(PATIENCE);
    assert_eq!(answer, Err(AskError::Failed("the worker panicked".into())));
    do_job(&scene, troupe, 1);
}

fn work_from_nobody_tried_too_often_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 2, 1);
    scene.system.tell(troupe, Job::Panic).unwrap();
    assert_eq!(scene.only_dead_letter().1, Undelivered::Failed);
}

fn a_worker_that_stops_after_its_work_loses_nothing(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe_of(&scene, NewDirector { maximum: 3, attempts: 1, ..director(&scene) });
    let asks: Vec<_> = (0..100).map(|number| scene.system.ask(troupe, Job::StopAfter(number))).collect();
    let stops: Vec<_> = (0..100).map(|_| scene.system.ask(troupe, Order::Stop)).collect();
    let mut workers = BTreeSet::new();
    for (number, ask) in asks.into_iter().enumerate() {
        let (answer, worker, _) = ask.wait_timeout(PATIENCE).unwrap();
        assert_eq!(answer, number as u64);
        assert!(workers.insert(worker), "each worker works once");
    }
    for stop in stops {
        assert_eq!(stop.wait_timeout(PATIENCE), Ok(Some(troupe.address())));
    }
}

fn workers_that_are_asked_to_exit_lose_nothing(base: Base) {
    let scene = Scene::new(base);
    let troupe = scene.system.spawn_troupe(workers(&scene, 0, Door::default()).max(4).idle(4).attempts(1000)).unwrap();
    let mut answered = 0;
    for round in 0..30 {
        let asks: Vec<_> = (0..20).map(|number| scene.system.ask(troupe, Job::Do(round * 20 + number))).collect();
        let living = scene.system.status().actors;
        living.iter().filter(|it| it.address != troupe.address()).for_each(|it| scene.system.exit(it.address));
        for ask in asks {
            ask.wait_timeout(PATIENCE).unwrap();
            answered += 1;
        }
    }
    assert_eq!(answered, 600);
    assert_eq!(scene.system.status().dead_letters, 0);
}

fn workers_that_cannot_be_created_give_the_work_back(base: Base) {
    let scene = Scene::new(base);
    let make = || -> Worker { panic!("no worker today") };
    let troupe = scene.system.spawn_troupe(Troupe::new(make).max(2)).unwrap();
    scene.probe.tell(troupe, Job::Do(1));
    assert_eq!(scene.probe.expect_poison().message.get(), Some(&Job::Do(1)));
    let answer = scene.system.ask(troupe, Job::Do(2)).wait_timeout(PATIENCE);
    assert!(matches!(answer, Err(AskError::Failed(_))), "{answer:?}");
    wait_for(&scene, troupe, "no worker is left", |status| (status.workers, status.waiting) == (0, 0));
}

fn a_worker_that_cannot_be_created_at_first_is_made_again(base: Base) {
    let scene = Scene::new(base);
    let failing = Arc::new(AtomicU32::new(2));
    let observer = scene.probe.address();
    let make = move || {
        if failing.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok() {
            return Err(Failure::new("not yet"));
        }
        Ok(Worker { failures: Arc::default(), door: Door::default(), observer })
    };
    let troupe = scene.system.spawn_troupe(Troupe::fallible(make).max(2)).unwrap();
    do_job(&scene, troupe, 1);
}

fn a_type_that_the_workers_do_not_take_comes_back(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 2, 1);
    scene.probe.endpoint().send(troupe.address(), Unwanted("x".into())).unwrap();
    let poison = scene.probe.expect_poison();
    assert_eq!(poison.message.get(), Some(&Unwanted("x".into())));
    assert!(poison.details.contains("not accepted"), "{}", poison.details);
    if !scene.system.is_of_processes() {
        assert_eq!(status(&scene, troupe).workers, 0);
    }
    do_job(&scene, troupe, 1);
}

fn a_troupe_shows_its_status(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 7, 3);
    let now = status(&scene, troupe);
    let expected = TroupeStatus { maximum: 7, idle_kept: 3, workers: 0, idle: 0, waiting: 0, lost: 0 };
    assert_eq!(now, expected);
    idle_workers(&scene, troupe, 2);
    assert_eq!(status(&scene, troupe), TroupeStatus { workers: 2, idle: 2, ..expected });
    let leader = scene.status_of(troupe).unwrap();
    assert!(leader.class.contains("Troupe"), "{leader:?}");
    // The children of an actor at work are not seen.
    scene.wait_until("its children are seen", || {
        scene.status_of(troupe).is_some_and(|leader| leader.children == Some(2))
    });
}

fn the_status_of_a_troupe_that_has_ended_is_an_error(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 2, 1);
    scene.system.exit(troupe);
    scene.wait_for_end(troupe);
    let start = Instant::now();
    let control = scene.system.troupe(troupe);
    assert_eq!(control.status(), Err(AskError::NoActor));
    assert_eq!(control.resize(1, 1), Err(AskError::NoActor));
    assert!(scene.system.shut_down());
    assert_eq!(control.status(), Err(AskError::ShutDown));
    assert!(start.elapsed() < PATIENCE);
}

fn a_troupe_that_exits_finishes_what_is_in_hand(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 1, 1);
    let desk = scene.system.endpoint();
    let asked = scene.system.ask(troupe, Job::Hold(1, desk.address()));
    let (_, _, promise) = held(&desk);
    for number in 2..=4 {
        scene.system.tell(troupe, Job::Do(number)).unwrap();
    }
    wait_for(&scene, troupe, "three wait", |status| status.waiting == 3);
    scene.probe.endpoint().watch(troupe);
    scene.system.exit(troupe);
    scene.dead_letters(3);
    promise.fulfil(0);
    assert_eq!(asked.wait_timeout(PATIENCE).map(|answer| answer.0), Ok(1));
    assert_eq!(scene.probe.expect_terminated().address, troupe.address());
    scene.wait_until("all have gone", || scene.system.status().actors.is_empty());
}

fn a_troupe_that_is_restarted_accounts_for_its_work(base: Base) {
    let scene = Scene::new(base);
    let troupe = workers(&scene, 0, Door::default()).max(1).attempts(1000).restart(Restart::Permanent);
    let troupe = scene.system.spawn_troupe(troupe).unwrap();
    let desk = scene.system.endpoint();
    let in_hand = scene.system.ask(troupe, Job::Hold(1, desk.address()));
    let (_, _, promise) = held(&desk);
    let waiting: Vec<_> = (2..=9).map(|number| scene.system.ask(troupe, Job::Do(number))).collect();
    for _ in 0..4 {
        scene.system.tell(troupe, Job::Do(0)).unwrap();
    }
    wait_for(&scene, troupe, "twelve wait", |status| status.waiting == 12);
    scene.system.exit(troupe); // It is permanent, so this restarts it.
    scene.wait_for_state(troupe, roscius::status::ActorState::Restarting);
    let later = scene.system.ask(troupe, Job::Do(10));
    promise.fulfil(0);
    assert_eq!(in_hand.wait_timeout(PATIENCE).map(|answer| answer.0), Ok(1), "what is in hand is finished");
    assert_eq!(later.wait_timeout(PATIENCE).map(|answer| answer.0), Ok(10), "the address and the mailbox survive");
    for ask in waiting {
        let answer = ask.wait_timeout(PATIENCE);
        assert!(matches!(answer, Ok(_) | Err(AskError::NoActor)), "{answer:?}");
    }
    assert!(scene.system.status().dead_letters <= 4, "only tells can be dead letters");
}

fn a_troupe_can_have_a_name(base: Base) {
    let scene = Scene::new(base);
    let troupe = scene.system.spawn_troupe(workers(&scene, 0, Door::default()).named("the players")).unwrap();
    assert_eq!(scene.system.lookup_actor::<Worker>("the players"), Some(troupe));
}

fn a_troupe_can_be_a_child(base: Base) {
    let scene = Scene::new(base);
    let director = scene.system.cast(director(&scene)).unwrap();
    for number in 0..20 {
        let answer = scene.probe.endpoint().ask(director, Job::Do(number)).wait_timeout(PATIENCE).unwrap();
        assert_eq!((answer.0, answer.2), (number, scene.probe.address()));
    }
    scene.system.exit(director);
    scene.wait_until("all have gone", || scene.system.status().actors.is_empty());
}

fn a_troupe_of_one_is_a_queue(base: Base) {
    let scene = Scene::new(base);
    let troupe = troupe(&scene, 1, 0);
    let asks: Vec<_> = (0..500).map(|number| scene.system.ask(troupe, Double(number))).collect();
    for (number, ask) in asks.into_iter().enumerate() {
        assert_eq!(ask.wait_timeout(PATIENCE), Ok(number as u64 * 2));
    }
}

fn workers_that_block_work_at_the_same_time(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    let troupe = scene.system.spawn_troupe(workers(&scene, 0, gate.door()).max(4).blocking()).unwrap();
    let asks: Vec<_> = (0..6).map(|number| scene.system.ask(troupe, Job::Block(number))).collect();
    gate.wait_for(4);
    gate.open();
    let mut by_worker: BTreeMap<Address, u32> = BTreeMap::new();
    for ask in asks {
        *by_worker.entry(ask.wait_timeout(PATIENCE).unwrap().1).or_default() += 1;
    }
    assert_eq!(by_worker.len(), 4, "{by_worker:?}");
}
