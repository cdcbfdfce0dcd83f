//! Shutdown, also in the middle of all that can go on.
//!
//! In one process: what the status says after the end, how supervision of top-level actors is told, and actors that
//! hold their system. A process whose handler does not return is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use roscius::prelude::*;
use roscius::{Promise, SendError, SpawnError};
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Births, Door, Double, Gate, Guest, Hook, Number, Order, What, fail};
use crate::parts::{Diary, Enlist};
use crate::scene::{PATIENCE, Scene, block_on, poll_once};

promises! {
    on every_base:
        actors_say_their_last_words_at_shutdown,
        a_shutdown_can_be_called_by_many_threads,
        a_system_without_actors_shuts_down,
        a_system_that_is_dropped_shuts_down,
        after_a_shutdown_nothing_can_be_sent,
        after_a_shutdown_watchers_are_told_at_once,
        a_shutdown_ends_actors_that_fail_while_they_stop,
        a_shutdown_ends_all_actors,
        a_shutdown_does_not_wait_for_wakeups,
        a_shutdown_can_be_repeated,
        after_a_shutdown_nothing_can_be_asked,
        after_a_shutdown_no_actor_can_be_created;
    on in_one_process:
        an_actor_can_begin_the_shutdown,
        after_a_shutdown_other_calls_do_no_harm,
        asks_that_wait_at_shutdown_get_an_error,
        a_shutdown_does_not_wait_for_back_offs,
        a_shutdown_ends_a_restart_storm,
        a_shutdown_reports_a_handler_that_waits_for_ever,
        a_shutdown_ends_a_troupe_at_work,
        a_shutdown_under_load_accounts_for_every_message,
        messages_that_wait_at_shutdown_are_dead_letters,
        a_shutdown_ends_actors_that_wait_for_room;
    on threads:
        a_shutdown_reports_a_handler_that_never_returns,
        an_ask_of_a_handler_that_never_returns_gets_an_error_at_shutdown,
        a_system_dropped_after_a_shutdown_in_vain_does_not_wait_again,
        external_code_that_waits_for_room_is_told,
        actors_created_during_a_shutdown_end_too,
        a_listener_is_not_disturbed;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<NewKeeper>()
}

fn a_shutdown_ends_all_actors(base: Base) {
    let scene = Scene::new(base);
    let mut role = scene.role("parent");
    for number in 0..20 {
        role = role.child(&number.to_string(), Restart::Permanent);
    }
    let diary = Diary::new();
    let role = role.keeps(&diary);
    scene.system.cast(role).unwrap();
    scene.saw_all(21);
    assert!(scene.system.shut_down());
    assert_eq!(diary.ends().len(), 21);
    assert!(scene.system.status().actors.is_empty());
}

fn actors_say_their_last_words_at_shutdown(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Temporary).last(Order::Tell(scene.probe.address(), 7));
    scene.play_all(role, ["parent", "child"]);
    assert!(scene.system.shut_down());
    scene.expect("parent", What::Stopping);
    assert_eq!(scene.probe.expect::<Number>(), Number(7));
    scene.expect("child", What::Stopping);
    let saw = scene.saw();
    assert!(
        matches!(&saw.what, What::ChildExited(_, reason) if *reason == ExitReason::Shutdown.to_string()),
        "{saw:?}"
    );
}

fn a_shutdown_can_be_repeated(base: Base) {
    let scene = Scene::new(base);
    scene.puppet("puppet");
    for _ in 0..3 {
        assert!(scene.system.shut_down());
    }
    if !scene.system.is_of_processes() {
        assert!(scene.system.shutdown_within(Duration::ZERO).is_complete());
    }
}

fn a_shutdown_can_be_called_by_many_threads(base: Base) {
    let scene = Scene::new(base);
    scene.puppet("puppet");
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let system = scene.system.clone();
            thread::spawn(move || system.shut_down())
        })
        .collect();
    for caller in callers {
        assert!(caller.join().unwrap());
    }
}

fn a_system_without_actors_shuts_down(base: Base) {
    assert!(Scene::new(base).system.shut_down());
    drop(Scene::new(base));
    drop(base.start());
}

fn a_system_that_is_dropped_shuts_down(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Permanent);
    let diary = Diary::new();
    let role = role.keeps(&diary);
    scene.play_all(role, ["parent", "child"]);
    let clone = scene.system.clone();
    drop(scene);
    assert!(diary.ends().is_empty(), "there is another handle");
    drop(clone);
    assert_eq!(diary.ends().len(), 2);
}

/// Shuts its own system down.
struct Saboteur {
    system: ActorSystem,
}

impl Actor for Saboteur {
    type Protocol = (Number,);
}

impl Handler<Number> for Saboteur {
    fn receive(&mut self, _: &mut Number, _: &mut Context<Self>) -> Outcome<()> {
        let shutdown = self.system.shutdown_within(Duration::ZERO);
        assert!(!shutdown.is_complete(), "an actor cannot wait for its own end");
        Ok(())
    }
}

fn an_actor_can_begin_the_shutdown(base: Base) {
    let scene = Scene::new(base);
    let other = scene.puppet("other");
    let system = ActorSystem::clone(&scene.system);
    let saboteur = scene.system.spawn(move || Saboteur { system: system.clone() }).unwrap();
    scene.probe.endpoint().watch(other);
    scene.system.tell(saboteur, Number(1)).unwrap();
    scene.expect("other", What::Stopping);
    assert_eq!(scene.probe.expect_terminated().reason, ExitReason::Shutdown);
    assert!(scene.system.shut_down());
}

fn after_a_shutdown_nothing_can_be_sent(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    assert!(scene.system.shut_down());
    let error = scene.system.tell(puppet, Number(7)).unwrap_err();
    assert!(matches!(error, SendError::ShutDown(_)), "{error:?}");
    assert_eq!(error.into_message().take::<Number>().unwrap(), Number(7));
    assert!(matches!(scene.probe.endpoint().tell(puppet, Number(7)), Err(SendError::ShutDown(_))));
    assert!(matches!(scene.system.endpoint().send(puppet.address(), Number(7)), Err(SendError::ShutDown(_))));
}

fn after_a_shutdown_nothing_can_be_asked(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    assert!(scene.system.shut_down());
    assert_eq!(scene.system.ask(puppet, Double(1)).wait(), Err(AskError::ShutDown));
    if !scene.system.is_of_processes() {
        assert_eq!(block_on(scene.system.ask(puppet, Double(1))), Err(AskError::ShutDown));
    }
    assert_eq!(scene.probe.endpoint().ask(puppet, Double(1)).wait_timeout(PATIENCE), Err(AskError::ShutDown));
}

fn after_a_shutdown_no_actor_can_be_created(base: Base) {
    let scene = Scene::new(base);
    assert!(scene.system.shut_down());
    assert_eq!(scene.system.cast(scene.role("late")), Err(SpawnError::ShutDown));
    assert_eq!(scene.system.cast(scene.role("late").part().named("late")), Err(SpawnError::ShutDown));
    assert_eq!(scene.system.lookup("late"), None);
}

fn after_a_shutdown_watchers_are_told_at_once(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    assert!(scene.system.shut_down());
    scene.expect("puppet", What::Stopping);
    scene.probe.endpoint().watch(puppet);
    assert_eq!(scene.probe.expect_terminated().reason, ExitReason::Unknown);
}

fn after_a_shutdown_other_calls_do_no_harm(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    assert!(scene.system.shut_down());
    scene.system.exit(puppet);
    scene.system.run_until_idle();
    assert!(!scene.system.step());
    assert!(scene.system.accepted_by(puppet).is_none());
    scene.expect("puppet", What::Stopping);
    let start = Instant::now();
    assert!(scene.system.endpoint().listen(Duration::from_millis(20)).is_none());
    assert!(start.elapsed() < PATIENCE);
    assert!(scene.system.status().to_string().contains("0 actors"));
}

fn messages_that_wait_at_shutdown_are_dead_letters(base: Base) {
    let scene = Scene::new(base);
    let guest = scene.system.cast(Guest::part("guest", scene.probe.address())).unwrap();
    let hold = scene.hold(guest);
    for number in 0..100 {
        scene.system.tell(guest, Number(number)).unwrap();
    }
    scene.system.exit(guest);
    hold.fulfil(0);
    assert!(scene.system.shut_down());
    assert_eq!(scene.system.status().dead_letters, 100);
}

fn asks_that_wait_at_shutdown_get_an_error(base: Base) {
    let scene = Scene::timeless(base);
    let keeper = scene.system.cast(NewKeeper {}).unwrap();
    let supervision = Supervision::one_for_one().backoff(Backoff::constant(Duration::from_secs(3600)));
    let role = scene.role("parent").supervises(supervision).child("child", Restart::Permanent);
    let [_, child] = scene.play_all(role, ["parent", "child"]);
    scene.system.tell(child, fail("wait for an hour")).unwrap();
    scene.wait_for_state(child, roscius::status::ActorState::Restarting);
    let deferred = scene.system.ask(keeper, Double(1));
    let queued = scene.system.ask(child, Double(1));
    let mut future = scene.system.ask(child, Double(1));
    assert!(poll_once(&mut future).is_pending());
    assert!(scene.system.shut_down());
    assert_eq!(deferred.wait(), Err(AskError::Abandoned));
    assert_eq!(queued.wait(), Err(AskError::ShutDown));
    assert_eq!(block_on(future), Err(AskError::ShutDown));
}

part! {
    /// A keeper with no promise yet.
    NewKeeper {} makes Keeper: Keeper { kept: Vec::new() }
}

/// Keeps every promise for itself.
struct Keeper {
    kept: Vec<Promise<u64>>,
}

impl Actor for Keeper {
    type Protocol = (Double,);
}

impl Handler<Double> for Keeper {
    fn receive(&mut self, _: &mut Double, ctx: &mut Context<Self>) -> Outcome<u64> {
        ctx.defer(|promise| self.kept.push(promise))
    }
}

fn a_shutdown_does_not_wait_for_back_offs(base: Base) {
    let hour = Duration::from_secs(3600);
    let supervision = Supervision::one_for_one().backoff(Backoff::constant(hour));
    let scene = Scene::with(base, |builder| builder.supervision(supervision.clone()));
    let role = scene.role("parent").supervises(supervision).child("child", Restart::Permanent);
    let [_, child] = scene.play_all(role, ["parent", "child"]);
    let top = scene.play(scene.role("top").part().restart(Restart::Permanent), "top");
    for actor in [child, top] {
        scene.system.tell(actor, fail("x")).unwrap();
        scene.wait_for_state(actor, roscius::status::ActorState::Restarting);
    }
    let start = Instant::now();
    assert!(scene.system.shut_down());
    assert!(start.elapsed() < PATIENCE);
}

fn a_shutdown_does_not_wait_for_wakeups(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("puppet").first(Order::WakeAfter(Duration::from_secs(3600), 1));
    scene.play(role.first(Order::WakeEvery(Duration::from_secs(3600), 1)), "puppet");
    let start = Instant::now();
    assert!(scene.system.shut_down());
    assert!(start.elapsed() < PATIENCE);
    assert_eq!(scene.system.status().pending_timers, 0);
}

fn a_shutdown_ends_a_restart_storm(base: Base) {
    let scene = Scene::with(base, |builder| {
        builder.supervision(Supervision::one_for_one().intensity(u32::MAX, Duration::from_secs(1)))
    });
    for number in 0..5 {
        // On the base `simple` nothing else would happen as long as the storm lasts.
        let times = if base.is_simple() { 1000 } else { u32::MAX };
        let role = scene.role(&number.to_string()).fails_to_start(Births::StartPanics, times);
        scene.system.cast(role.part().restart(Restart::Permanent)).unwrap();
    }
    scene.wait_until("the storm blows", || scene.system.status().restarts > 20);
    assert!(scene.system.shut_down());
}

fn a_shutdown_ends_actors_that_fail_while_they_stop(base: Base) {
    let scene = Scene::new(base);
    let bad = scene.role("bad").panics_in(Hook::Stopping);
    let worse = scene.role("worse").panics_in(Hook::Drop);
    let role = scene.role("parent").child_role(bad, Restart::Permanent).child_role(worse, Restart::Permanent);
    scene.play_all(role, ["parent", "bad", "worse"]);
    assert!(scene.system.shut_down());
}

fn a_shutdown_ends_actors_that_wait_for_room(base: Base) {
    let scene = Scene::new(base);
    let props = Guest::part("guest", scene.probe.address()).bounded(1, Overflow::Wait(Duration::from_secs(3600)));
    let guest = scene.system.cast(props).unwrap();
    let hold = scene.hold(guest);
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 1, 5)).unwrap();
    scene.wait_for_state(sender, roscius::status::ActorState::Blocked);
    drop(hold);
    let start = Instant::now();
    assert!(scene.system.shut_down());
    assert!(start.elapsed() < PATIENCE);
}

fn a_shutdown_reports_a_handler_that_waits_for_ever(base: Base) {
    let scene = Scene::new(base);
    let guest = scene.system.cast(Guest::part("guest", scene.probe.address())).unwrap();
    let other = scene.puppet("other");
    let hold = scene.hold(guest);
    let shutdown = scene.system.shutdown_within(Duration::from_millis(500));
    assert_eq!(shutdown.unfinished, [guest.address()]);
    scene.wait_for_end(other);
    hold.fulfil(0);
    assert!(scene.system.shut_down(), "when it returns at last, the shutdown is complete");
}

fn a_shutdown_ends_a_troupe_at_work(base: Base) {
    let scene = Scene::new(base);
    let troupe = scene.system.spawn_troupe(Troupe::new(|| Keeper { kept: Vec::new() }).max(3)).unwrap();
    let asks: Vec<_> = (0..50).map(|number| scene.system.ask(troupe, Double(number))).collect();
    assert!(scene.system.shut_down());
    for ask in asks {
        let answer = ask.wait_timeout(PATIENCE);
        assert!(matches!(answer, Err(AskError::ShutDown | AskError::Abandoned | AskError::Failed(_))), "{answer:?}");
    }
    assert!(scene.system.status().actors.is_empty());
}

fn actors_created_during_a_shutdown_end_too(base: Base) {
    for _ in 0..20 {
        let scene = Scene::new(base);
        let creators: Vec<_> = (0..3)
            .map(|_| {
                let system = scene.system.clone();
                thread::spawn(move || {
                    (0u64..).take_while(|_| system.spawn(|| Keeper { kept: Vec::new() }).is_ok()).count()
                })
            })
            .collect();
        scene.wait_until("some live", || !scene.system.status().actors.is_empty());
        let shutdown = scene.system.shutdown();
        let created: usize = creators.into_iter().map(|creator| creator.join().unwrap()).sum();
        assert!(shutdown.is_complete() && created > 0, "{} of {created} left", shutdown.unfinished.len());
    }
}

/// Counts what it handles, and sends on as long as it can.
struct Juggler {
    partner: Option<Address>,
    sent: Arc<AtomicU64>,
    handled: Arc<AtomicU64>,
}

impl Actor for Juggler {
    type Protocol = (Number, Partner);
}

#[derive(Message, Serialize, Deserialize)]
struct Partner(Address);

impl Handler<Partner> for Juggler {
    fn receive(&mut self, Partner(partner): &mut Partner, _: &mut Context<Self>) -> Outcome<()> {
        self.partner = Some(*partner);
        Ok(())
    }
}

impl Handler<Number> for Juggler {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        self.handled.fetch_add(1, Ordering::AcqRel);
        if let Some(partner) = self.partner
            && *number > 0
        {
            self.sent.fetch_add(1, Ordering::AcqRel);
            ctx.send(partner, Number(*number - 1))?;
        }
        Ok(())
    }
}

fn a_shutdown_under_load_accounts_for_every_message(base: Base) {
    let scene = Scene::new(base);
    let (sent, handled): (Arc<AtomicU64>, Arc<AtomicU64>) = Default::default();
    let jugglers: Vec<_> = (0..6)
        .map(|_| {
            let (sent, handled) = (Arc::clone(&sent), Arc::clone(&handled));
            let make = move || Juggler { partner: None, sent: Arc::clone(&sent), handled: Arc::clone(&handled) };
            scene.system.spawn(Props::new(make).spread()).unwrap()
        })
        .collect();
    for (index, &juggler) in jugglers.iter().enumerate() {
        let partner = Partner(jugglers[(index + 1) % 6].address());
        scene.system.ask(juggler, partner).wait().unwrap();
    }
    let (rounds, balls) = if base.is_simple() { (20, 20) } else { (u64::MAX, 100_000) };
    let throwers: Vec<_> = (0..3)
        .map(|thread| {
            let (system, jugglers, sent) = (scene.system.clone(), jugglers.clone(), Arc::clone(&sent));
            thread::spawn(move || {
                for round in 0..rounds {
                    let to = jugglers[(thread + round as usize) % 6];
                    match system.tell(to, Number(if round < 50 { balls } else { 0 })) {
                        Ok(()) => sent.fetch_add(1, Ordering::AcqRel),
                        Err(SendError::ShutDown(_)) => return,
                        Err(other) => panic!("{other:?}"),
                    };
                }
            })
        })
        .collect();
    scene.wait_until("there is load", || handled.load(Ordering::Acquire) > 1000);
    let shutdown = scene.system.shutdown();
    throwers.into_iter().for_each(|thrower| thrower.join().unwrap());
    assert!(shutdown.is_complete(), "{shutdown:?}");
    let status = scene.system.status();
    let accounted = handled.load(Ordering::Acquire) + status.dead_letters;
    assert_eq!(sent.load(Ordering::Acquire), accounted, "{handled:?} handled\n{status}");
}

/// Waits at a gate.
struct Stuck {
    door: Door,
}

impl Actor for Stuck {
    type Protocol = (Number, Double);
}

impl Handler<Number> for Stuck {
    fn receive(&mut self, _: &mut Number, _: &mut Context<Self>) -> Outcome<()> {
        self.door.pass();
        Ok(())
    }
}

impl Handler<Double> for Stuck {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        self.door.pass();
        Ok(*number)
    }
}

fn stuck(scene: &Scene, gate: &Gate) -> ActorRef<Stuck> {
    let door = gate.door();
    let stuck = scene.system.spawn(move || Stuck { door: door.clone() }).unwrap();
    scene.system.tell(stuck, Number(1)).unwrap();
    gate.wait_for(1);
    stuck
}

fn a_shutdown_reports_a_handler_that_never_returns(base: Base) {
    let scene = Scene::new(base);
    let gate = Gate::new();
    let stuck = stuck(&scene, &gate);
    let others: Vec<_> = (0..10).map(|number| scene.puppet(&number.to_string())).collect();
    let start = Instant::now();
    let shutdown = scene.system.shutdown_within(Duration::from_millis(700));
    assert_eq!(shutdown.unfinished, [stuck.address()]);
    assert!(start.elapsed() < PATIENCE);
    others.into_iter().for_each(|other| scene.wait_for_end(other));
    gate.open();
    assert!(scene.system.shut_down());
}

fn an_ask_of_a_handler_that_never_returns_gets_an_error_at_shutdown(base: Base) {
    let scene = Scene::new(base);
    let gate = Gate::new();
    let door = gate.door();
    let stuck = scene.system.spawn(move || Stuck { door: door.clone() }).unwrap();
    let system = scene.system.clone();
    let asker = thread::spawn(move || system.ask(stuck, Double(1)).wait());
    gate.wait_for(1);
    assert!(!scene.system.shutdown_within(Duration::from_millis(100)).is_complete());
    let answer = asker.join().unwrap();
    assert_eq!(answer, Err(AskError::ShutDown));
}

fn a_system_dropped_after_a_shutdown_in_vain_does_not_wait_again(base: Base) {
    let gate = Gate::new();
    let scene = Scene::new(base);
    stuck(&scene, &gate);
    assert!(!scene.system.shutdown_within(Duration::from_millis(50)).is_complete());
    let start = Instant::now();
    drop(scene);
    assert!(start.elapsed() < PATIENCE);
}

fn external_code_that_waits_for_room_is_told(base: Base) {
    let scene = Scene::new(base);
    let gate = Gate::new();
    let door = gate.door();
    let props = Props::new(move || Stuck { door: door.clone() }).bounded(1, Overflow::Wait(Duration::from_secs(3600)));
    let stuck = scene.system.spawn(props).unwrap();
    scene.system.tell(stuck, Number(1)).unwrap();
    gate.wait_for(1);
    let system = scene.system.clone();
    let sender = thread::spawn(move || (2..5).map(|number| system.tell(stuck, Number(number))).collect::<Vec<_>>());
    let shutdown = scene.system.shutdown_within(Duration::from_millis(100));
    assert!(!shutdown.is_complete());
    let sent = sender.join().unwrap();
    assert!(matches!(sent.last(), Some(Err(SendError::ShutDown(_)))), "{sent:?}");
}

fn a_listener_is_not_disturbed(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let endpoint = scene.system.endpoint();
    endpoint.watch(puppet);
    scene.settle(puppet);
    let listener = thread::spawn(move || endpoint.listen(PATIENCE));
    assert!(scene.system.shut_down());
    let received = listener.join().unwrap();
    assert!(matches!(received, Some(roscius::Received::Terminated(_))), "{received:?}");
}
