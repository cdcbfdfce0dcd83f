//! Flow: bounded mailboxes and what happens to one message more.
//!
//! In one process: what a full mailbox says at the call, and actors that are blocked by one. From another process
//! nobody waits at the call: what there is instead is promised of processes.

use std::thread;
use std::time::{Duration, Instant};

use roscius::prelude::*;
use roscius::status::ActorState;
use roscius::{Promise, SendError, Undelivered};
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Double, Guest, Number, Order, Saw, What, fail};
use crate::parts::Enlist;
use crate::scene::{PATIENCE, QUIET, Scene};

promises! {
    on every_base:
        a_mailbox_without_a_bound_takes_everything,
        a_full_mailbox_can_drop_the_newest,
        a_full_mailbox_can_drop_the_oldest,
        an_ask_of_a_full_mailbox_hears_of_it,
        a_dropped_ask_hears_of_it,
        many_actors_that_wait_for_room_all_get_it,
        actors_that_flood_each_other_are_not_stuck_for_good;
    on in_one_process:
        an_actor_that_has_waited_too_long_goes_on,
        signals_pass_a_full_mailbox,
        an_asynchronous_handler_waits_no_longer_than_it_may,
        a_full_mailbox_can_refuse_external_code,
        a_full_mailbox_can_refuse_an_actor,
        a_capacity_of_zero_means_one,
        a_mailbox_that_has_room_again_takes_more,
        more_than_a_slice_fits_into_a_large_mailbox,
        external_code_waits_no_longer_than_it_may,
        an_actor_that_has_to_wait_takes_no_other_message,
        what_an_actor_waits_to_send_keeps_its_order,
        the_timers_of_a_wait_are_gone_when_it_is_over,
        an_actor_that_waits_for_room_can_be_asked_to_exit,
        an_actor_that_waits_for_room_goes_on_when_the_receiver_exits,
        an_asynchronous_handler_waits_for_room,
        an_asynchronous_handler_hears_of_a_refusal,
        an_asynchronous_handler_goes_on_when_the_receiver_exits,
        what_an_asynchronous_handler_sends_keeps_its_order;
    on simple:
        external_code_gives_up_at_once_when_nobody_can_make_room;
    on threads:
        external_code_waits_for_room,
        external_code_goes_on_when_the_receiver_exits;
    on processes:
        what_a_mailbox_refuses_to_another_process_is_a_dead_letter,
        what_waits_for_room_from_another_process_keeps_its_order,
        what_has_waited_too_long_from_another_process_is_a_dead_letter,
        what_waits_for_room_when_the_receiver_exits_is_a_dead_letter;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Courier>()
}

const SECOND: Duration = Duration::from_secs(1);

fn guest(scene: &Scene, capacity: usize, overflow: Overflow) -> ActorRef<Guest> {
    scene.system.cast(Guest::part("guest", scene.probe.address()).bounded(capacity, overflow)).unwrap()
}

/// A guest that handles a message until the promise is kept, with as many messages waiting as may wait.
fn full_guest(scene: &Scene, capacity: usize, overflow: Overflow) -> (ActorRef<Guest>, Promise<u64>) {
    let guest = guest(scene, capacity, overflow);
    let hold = scene.hold(guest);
    for number in 1..=capacity as u64 {
        scene.system.tell(guest, Number(number)).unwrap();
    }
    (guest, hold)
}

fn expect_numbers(scene: &Scene, who: &str, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        scene.expect(who, What::Handled(number));
    }
}

fn a_mailbox_without_a_bound_takes_everything(base: Base) {
    let scene = Scene::new(base);
    let guest = scene.system.cast(Guest::part("guest", scene.probe.address())).unwrap();
    let hold = scene.hold(guest);
    for number in 0..20_000 {
        scene.system.tell(guest, Number(number)).unwrap();
    }
    scene.wait_until("all wait", || scene.status_of(guest).is_some_and(|guest| guest.waiting == 20_000));
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 0..20_000);
}

fn a_full_mailbox_can_refuse_external_code(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 3, Overflow::Fail);
    let error = scene.system.tell(guest, Number(4)).unwrap_err();
    assert!(matches!(&error, SendError::MailboxFull(_)), "{error:?}");
    assert_eq!(error.into_message().take::<Number>().unwrap(), Number(4), "the message is not lost");
    assert!(scene.probe.endpoint().tell(guest, Number(5)).is_err());
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=3);
    scene.probe.expect_nothing(QUIET);
    assert_eq!(scene.system.status().dead_letters, 0);
}

fn a_full_mailbox_can_refuse_an_actor(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 3, Overflow::Fail);
    let hold = scene.hold(guest);
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 1, 5)).unwrap();
    for number in 4..=5 {
        let saw = scene.saw();
        assert!(matches!(&saw.what, What::NotSent(refused, _) if *refused == number), "{saw:?}");
    }
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=3);
    assert_eq!(scene.system.status().dead_letters, 0);
}

fn a_full_mailbox_can_drop_the_newest(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 3, Overflow::DropNewest);
    scene.system.tell(guest, Number(4)).unwrap();
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::Tell(guest.address(), 5)).unwrap();
    let letters = scene.dead_letters(2);
    assert!(letters.iter().all(|letter| letter.reason == Undelivered::MailboxFull), "{letters:?}");
    assert_eq!((letters[1].sender, letters[1].target), (sender.address(), guest.address()));
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=3);
}

fn a_full_mailbox_can_drop_the_oldest(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 3, Overflow::DropOldest);
    scene.system.tell(guest, Number(4)).unwrap();
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::Tell(guest.address(), 5)).unwrap();
    let letters = scene.dead_letters(2);
    assert!(letters.iter().all(|letter| letter.reason == Undelivered::MailboxFull), "{letters:?}");
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 3..=5);
}

fn an_ask_of_a_full_mailbox_hears_of_it(base: Base) {
    let scene = Scene::new(base);
    let limit = Duration::from_millis(10);
    for overflow in [Overflow::Fail, Overflow::DropNewest, Overflow::Wait(limit)] {
        let (guest, hold) = full_guest(&scene, 1, overflow);
        let answer = scene.system.ask(guest, Double(1)).wait_timeout(PATIENCE);
        assert_eq!(answer, Err(AskError::MailboxFull), "{overflow:?}");
        hold.fulfil(0);
        expect_numbers(&scene, "guest", 1..=1);
        assert_eq!(scene.system.ask(guest, Double(1)).wait_timeout(PATIENCE), Ok(2));
    }
    assert_eq!(scene.system.status().dead_letters, 0, "who asked has heard of it");
}

fn a_dropped_ask_hears_of_it(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 1, Overflow::DropOldest);
    let hold = scene.hold(guest);
    let ask = scene.system.ask(guest, Double(1));
    scene.system.tell(guest, Number(1)).unwrap();
    assert_eq!(ask.wait_timeout(PATIENCE), Err(AskError::MailboxFull));
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=1);
}

fn a_capacity_of_zero_means_one(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 0, Overflow::Fail);
    let hold = scene.hold(guest);
    scene.system.tell(guest, Number(1)).unwrap();
    assert!(scene.system.tell(guest, Number(2)).is_err());
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=1);
}

fn a_mailbox_that_has_room_again_takes_more(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 2, Overflow::Fail);
    for round in 0..20 {
        let hold = scene.hold(guest);
        scene.system.tell(guest, Number(round)).unwrap();
        scene.system.tell(guest, Number(round + 1)).unwrap();
        assert!(scene.system.tell(guest, Number(round + 2)).is_err());
        hold.fulfil(0);
        expect_numbers(&scene, "guest", round..=round + 1);
        scene.wait_for_state(guest, ActorState::Idle);
    }
}

fn more_than_a_slice_fits_into_a_large_mailbox(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 500, Overflow::Fail);
    assert!(scene.system.tell(guest, Number(501)).is_err());
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=500);
}

fn external_code_waits_no_longer_than_it_may(base: Base) {
    let scene = Scene::new(base);
    let limit = Duration::from_millis(30);
    let (guest, hold) = full_guest(&scene, 1, Overflow::Wait(limit));
    let start = Instant::now();
    let error = scene.system.tell(guest, Number(2)).unwrap_err();
    assert!(matches!(&error, SendError::TimedOut(_)), "{error:?}");
    assert_eq!(error.into_message().take::<Number>().unwrap(), Number(2));
    if !base.is_simple() {
        assert!(start.elapsed() >= limit);
    }
    assert!(start.elapsed() < PATIENCE);
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=1);
}

fn external_code_gives_up_at_once_when_nobody_can_make_room(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 1, Overflow::Wait(3600 * SECOND));
    let start = Instant::now();
    let error = scene.system.tell(guest, Number(2)).unwrap_err();
    assert!(matches!(&error, SendError::TimedOut(_)), "{error:?}");
    assert!(start.elapsed() < PATIENCE);
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=1);
}

fn external_code_waits_for_room(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 2, Overflow::wait());
    let system = scene.system.clone();
    let sender = thread::spawn(move || {
        for number in 3..=50 {
            system.tell(guest, Number(number)).unwrap();
        }
    });
    scene.probe.expect_nothing(QUIET);
    assert!(!sender.is_finished(), "there is no room");
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=50);
    sender.join().unwrap();
}

fn external_code_goes_on_when_the_receiver_exits(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 1, Overflow::wait());
    let system = scene.system.clone();
    let sender = thread::spawn(move || system.tell(guest, Number(2)));
    scene.probe.expect_nothing(QUIET);
    scene.system.exit(guest);
    hold.fulfil(0);
    scene.wait_for_end(guest);
    let sent = sender.join().unwrap();
    scene.dead_letters(if sent.is_ok() { 2 } else { 1 });
}

fn an_actor_that_has_to_wait_takes_no_other_message(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 2, Overflow::wait());
    let hold = scene.hold(guest);
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 1, 5)).unwrap();
    scene.wait_for_state(sender, ActorState::Blocked);
    scene.system.tell(sender, Number(100)).unwrap();
    scene.system.tell(sender, Order::Tell(guest.address(), 6)).unwrap();
    scene.probe.expect_nothing(QUIET);
    hold.fulfil(0);
    let mut numbers = Vec::new();
    let mut went_on = false;
    while numbers.len() < 6 || !went_on {
        match scene.saw() {
            Saw { what: What::Handled(100), .. } => went_on = true,
            Saw { what: What::Handled(number), .. } => numbers.push(number),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(numbers, (1..=6).collect::<Vec<_>>());
    assert_eq!(scene.system.status().dead_letters, 0);
}

fn an_actor_that_has_waited_too_long_goes_on(base: Base) {
    let scene = Scene::timeless(base);
    let guest = guest(&scene, 1, Overflow::Wait(10 * SECOND));
    let hold = scene.hold(guest);
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 1, 4)).unwrap();
    scene.wait_for_state(sender, ActorState::Blocked);
    scene.system.tell(sender, Number(100)).unwrap();
    scene.pass(10 * SECOND - Duration::from_nanos(1));
    scene.probe.expect_nothing(QUIET);
    scene.pass(Duration::from_nanos(1));
    scene.expect("sender", What::Handled(100));
    let letters = scene.dead_letters(3);
    assert!(letters.iter().all(|letter| letter.reason == Undelivered::MailboxFull), "{letters:?}");
    assert!(letters.iter().all(|letter| letter.sender == sender.address()), "{letters:?}");
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=1);
}

fn what_an_actor_waits_to_send_keeps_its_order(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 3, Overflow::wait());
    let hold = scene.hold(guest);
    let sender = scene.puppet("sender");
    for round in 0..10 {
        let order = Order::TellAll(guest.address(), round * 50, round * 50 + 49);
        scene.system.tell(sender, order).unwrap();
    }
    scene.wait_for_state(sender, ActorState::Blocked);
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 0..500);
}

fn the_timers_of_a_wait_are_gone_when_it_is_over(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 1, Overflow::Wait(3600 * SECOND));
    let hold = scene.hold(guest);
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 1, 20)).unwrap();
    scene.wait_for_state(sender, ActorState::Blocked);
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=20);
    scene.settle(sender);
    scene.wait_until("no timer is left", || scene.system.status().pending_timers == 0);
}

fn many_actors_that_wait_for_room_all_get_it(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 1, Overflow::wait());
    let hold = scene.hold(guest);
    for sender in 0..8 {
        let order = Order::TellAll(guest.address(), sender * 100, sender * 100 + 19);
        let sender = scene.puppet("sender");
        scene.system.tell(sender, order).unwrap();
    }
    hold.fulfil(0);
    let mut next: Vec<u64> = (0..8).map(|sender| sender * 100).collect();
    for _ in 0..160 {
        let What::Handled(number) = scene.saw().what else { panic!("only numbers are reported") };
        assert_eq!(number, next[number as usize / 100], "each sender's numbers come in order");
        next[number as usize / 100] += 1;
    }
}

fn an_actor_that_waits_for_room_can_be_asked_to_exit(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 1, Overflow::wait());
    let hold = scene.hold(guest);
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 1, 4)).unwrap();
    scene.wait_for_state(sender, ActorState::Blocked);
    scene.system.exit(sender);
    scene.expect("sender", What::Stopping);
    scene.wait_for_end(sender);
    scene.dead_letters(3);
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=1);
}

fn an_actor_that_waits_for_room_goes_on_when_the_receiver_exits(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 1, Overflow::wait());
    let hold = scene.hold(guest);
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 1, 4)).unwrap();
    scene.wait_for_state(sender, ActorState::Blocked);
    scene.system.tell(sender, Number(100)).unwrap();
    scene.system.exit(guest);
    hold.fulfil(0);
    scene.expect("sender", What::Handled(100));
    scene.dead_letters(4);
}

fn actors_that_flood_each_other_are_not_stuck_for_good(base: Base) {
    let scene = Scene::new(base);
    let puppet = |label: &str| {
        let props = scene.role(label).part().bounded(1, Overflow::Wait(Duration::from_millis(50)));
        scene.play(props, label)
    };
    let (first, second) = (puppet("first"), puppet("second"));
    scene.system.tell(first, Order::TellAll(second.address(), 1, 10)).unwrap();
    scene.system.tell(second, Order::TellAll(first.address(), 1, 10)).unwrap();
    let mut handled = 0;
    scene.wait_until("every number was handled or is a dead letter", || {
        // On the base `simple` time passes while somebody waits for something.
        handled += u64::from(scene.probe.endpoint().listen(Duration::from_millis(60)).is_some());
        handled + scene.system.status().dead_letters == 20
    });
    assert_eq!(scene.system.ask(first, Double(1)).wait_timeout(PATIENCE), Ok(2));
    assert_eq!(scene.system.ask(second, Double(1)).wait_timeout(PATIENCE), Ok(2));
}

fn signals_pass_a_full_mailbox(base: Base) {
    let hour = Supervision::one_for_one().backoff(Backoff::constant(3600 * SECOND));
    let scene = Scene::with(base, |builder| builder.supervision(hour));
    let props = Guest::part("guest", scene.probe.address()).restart(Restart::Transient);
    let guest = scene.system.cast(props.bounded(1, Overflow::Fail)).unwrap();
    scene.system.tell(guest, fail("wait for an hour")).unwrap();
    scene.wait_for_state(guest, ActorState::Restarting);
    scene.system.tell(guest, Number(1)).unwrap();
    assert!(scene.system.tell(guest, Number(2)).is_err());
    scene.probe.endpoint().watch(guest);
    scene.system.exit(guest);
    assert_eq!(scene.probe.expect_terminated().address, guest.address());
    scene.dead_letters(2); // The failed message, and the one that waited.
}

plays_itself!(Courier);

/// Sends numbers as there is room for them, and reports how it went.
#[derive(Clone, Serialize, Deserialize)]
struct Courier {
    observer: Address,
}

#[derive(Debug, Message, Serialize, Deserialize)]
struct Deliver {
    to: Address,
    numbers: Vec<u64>,
    /// Whether every second number is sent without waiting.
    hurries: bool,
}

impl Actor for Courier {
    type Protocol = (Async<Deliver>,);
}

impl AsyncHandler<Deliver> for Courier {
    async fn receive(&mut self, deliver: &mut Deliver, ctx: &mut Context<'_, Self>) -> Outcome<()> {
        let to = Recipient::<Number>::assume(deliver.to);
        for &number in &deliver.numbers {
            let sent = match deliver.hurries && number % 2 == 0 {
                true => ctx.tell(to, Number(number)),
                false => ctx.tell_when_room(to, Number(number)).await,
            };
            if let Err(error) = sent {
                let what = What::NotSent(number, error.to_string());
                let _ = ctx.send(self.observer, Saw { who: "courier".into(), what });
            }
        }
        let _ = ctx.send(self.observer, Saw { who: "courier".into(), what: What::Stopping });
        Ok(())
    }
}

/// Sends a courier on its way.
fn courier(scene: &Scene, to: ActorRef<Guest>, numbers: impl IntoIterator<Item = u64>) -> ActorRef<Courier> {
    let observer = scene.probe.address();
    let courier = scene.system.cast(Courier { observer }).unwrap();
    let numbers = numbers.into_iter().collect();
    scene.system.tell(courier, Deliver { to: to.address(), numbers, hurries: false }).unwrap();
    courier
}

fn an_asynchronous_handler_waits_for_room(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 2, Overflow::wait());
    let courier = courier(&scene, guest, 3..=30);
    scene.wait_for_state(courier, ActorState::Waiting);
    scene.probe.expect_nothing(QUIET);
    hold.fulfil(0);
    let mut numbers = Vec::new();
    let mut done = false;
    while numbers.len() < 30 || !done {
        match scene.saw().what {
            What::Handled(number) => numbers.push(number),
            What::Stopping => done = true,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(numbers, (1..=30).collect::<Vec<_>>());
    scene.wait_until("no timer is left", || scene.system.status().pending_timers == 0);
}

fn an_asynchronous_handler_waits_no_longer_than_it_may(base: Base) {
    let scene = Scene::timeless(base);
    let (guest, hold) = full_guest(&scene, 1, Overflow::Wait(10 * SECOND));
    let courier = courier(&scene, guest, [2]);
    scene.wait_for_state(courier, ActorState::Waiting);
    scene.pass(10 * SECOND - Duration::from_nanos(1));
    scene.probe.expect_nothing(QUIET);
    scene.pass(Duration::from_nanos(1));
    let saw = scene.saw();
    assert!(matches!(&saw.what, What::NotSent(2, _)), "{saw:?}");
    scene.expect("courier", What::Stopping);
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=1);
}

fn an_asynchronous_handler_hears_of_a_refusal(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 1, Overflow::Fail);
    courier(&scene, guest, [2]);
    let saw = scene.saw();
    assert!(matches!(&saw.what, What::NotSent(2, _)), "{saw:?}");
    scene.expect("courier", What::Stopping);
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=1);
}

fn an_asynchronous_handler_goes_on_when_the_receiver_exits(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 1, Overflow::wait());
    let courier = courier(&scene, guest, [2, 3]);
    scene.wait_for_state(courier, ActorState::Waiting);
    scene.system.exit(guest);
    hold.fulfil(0);
    scene.expect("courier", What::Stopping);
    scene.dead_letters(3);
}

fn what_an_asynchronous_handler_sends_keeps_its_order(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 2, Overflow::wait());
    let hold = scene.hold(guest);
    let observer = scene.probe.address();
    let courier = scene.system.cast(Courier { observer }).unwrap();
    let numbers = (1..=30).collect();
    scene.system.tell(courier, Deliver { to: guest.address(), numbers, hurries: true }).unwrap();
    scene.wait_until("the courier waits", || {
        scene.status_of(courier).is_some_and(|it| matches!(it.state, ActorState::Waiting | ActorState::Blocked))
    });
    hold.fulfil(0);
    let mut numbers = Vec::new();
    while numbers.len() < 30 {
        match scene.saw().what {
            What::Handled(number) => numbers.push(number),
            What::Stopping => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(numbers, (1..=30).collect::<Vec<_>>());
}

fn what_a_mailbox_refuses_to_another_process_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 3, Overflow::Fail);
    scene.probe.tell(guest, Number(4));
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::Tell(guest.address(), 5)).unwrap();
    let letters = scene.dead_letters(2);
    assert!(letters.iter().all(|letter| letter.reason == Undelivered::MailboxFull), "{letters:?}");
    let senders: Vec<_> = letters.iter().map(|letter| letter.sender).collect();
    assert_eq!(senders, [scene.probe.address(), sender.address()]);
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=3);
}

fn what_waits_for_room_from_another_process_keeps_its_order(base: Base) {
    let scene = Scene::new(base);
    let guest = guest(&scene, 2, Overflow::wait());
    let hold = scene.hold(guest);
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 0, 499)).unwrap();
    scene.settle(sender);
    scene.wait_until("the mailbox is full", || scene.status_of(guest).is_some_and(|guest| guest.waiting == 2));
    let ask = scene.system.ask(guest, Double(4));
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 0..500);
    assert_eq!(ask.wait_timeout(PATIENCE), Ok(8));
    scene.wait_until("no timer is left", || scene.system.status().pending_timers == 0);
}

fn what_has_waited_too_long_from_another_process_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 1, Overflow::Wait(Duration::from_millis(30)));
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 2, 4)).unwrap();
    let letters = scene.dead_letters(3);
    assert!(letters.iter().all(|letter| letter.reason == Undelivered::MailboxFull), "{letters:?}");
    assert!(letters.iter().all(|letter| letter.sender == sender.address()), "{letters:?}");
    assert_eq!(scene.system.ask(guest, Double(4)).wait_timeout(PATIENCE), Err(AskError::MailboxFull));
    hold.fulfil(0);
    expect_numbers(&scene, "guest", 1..=1);
    assert_eq!(scene.system.ask(guest, Double(4)).wait_timeout(PATIENCE), Ok(8));
}

fn what_waits_for_room_when_the_receiver_exits_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let (guest, hold) = full_guest(&scene, 1, Overflow::wait());
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(guest.address(), 2, 4)).unwrap();
    scene.settle(sender);
    scene.system.exit(guest);
    hold.fulfil(0);
    scene.wait_for_end(guest);
    scene.dead_letters(4);
}
