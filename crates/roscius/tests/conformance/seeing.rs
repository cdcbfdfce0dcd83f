//! Seeing what goes on: interceptors and the status.
//!
//! In one process: all of it. Interceptors and the clock are those of one engine.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use roscius::prelude::*;
use roscius::status::{ActorState, MessageCount};
use roscius::{Builder, InTransit, Undelivered, Verdict};

use crate::bases::Base;
use crate::cast::{Double, Guest, Number, Order, Unwanted, What, fail};
use crate::scene::{PATIENCE, QUIET, Scene};

promises! {
    on every_base:
        messages_are_counted_by_type;
    on in_one_process:
        an_interceptor_sees_every_message,
        an_interceptor_sees_forwarded_messages_and_those_that_wait_for_room,
        a_message_that_an_interceptor_refuses_is_a_dead_letter,
        an_ask_that_an_interceptor_refuses_hears_of_it,
        an_interceptor_that_panics_refuses,
        the_status_counts_what_happened,
        the_status_shows_each_actor,
        the_status_shows_what_actors_do,
        the_status_is_readable,
        two_snapshots_give_a_rate,
        the_status_shows_the_base,
        a_status_can_be_taken_in_the_middle_of_work,
        types_can_be_shown_for_debugging;
}

/// From, to, the type of the message, and whether it is an ask.
type Seen = Arc<Mutex<Vec<(Address, Address, &'static str, bool)>>>;

fn recorder() -> (Seen, impl Fn(&InTransit<'_>) -> Verdict + Send + Sync + 'static) {
    let seen: Seen = Arc::default();
    let shared = Arc::clone(&seen);
    let record = move |transit: &InTransit<'_>| {
        let mut seen = shared.lock().unwrap();
        seen.push((transit.from, transit.to, transit.message.name(), transit.is_ask));
        Verdict::Pass
    };
    (seen, record)
}

fn an_interceptor_sees_every_message(base: Base) {
    let (seen, record) = recorder();
    let scene = Scene::with(base, |builder| builder.interceptor(record));
    let puppet = scene.puppet("puppet");
    let probe = scene.probe.address();
    scene.probe.tell(puppet, Number(1));
    scene.expect("puppet", What::Handled(1));
    assert_eq!(scene.system.ask(puppet, Double(2)).wait(), Ok(4));
    let nobody = Address::nobody(probe.node());
    scene.system.send(nobody, Unwanted("x".into())).unwrap();
    let seen = seen.lock().unwrap().clone();
    let expected = [
        (probe, puppet.address(), Number::NAME, false),
        (nobody, puppet.address(), Double::NAME, true),
        (nobody, nobody, Unwanted::NAME, false),
    ];
    for message in expected {
        assert_eq!(seen.iter().filter(|&&it| it == message).count(), 1, "{message:?} in {seen:?}");
    }
    let reports = seen.iter().filter(|(from, to, ..)| (*from, *to) == (puppet.address(), probe)).count();
    assert_eq!(reports, 2, "what actors send is seen too: {seen:?}");
    assert_eq!(seen.len(), 5);
}

/// Passes numbers on, waiting for room.
struct Passer {
    to: Address,
    waits: bool,
}

impl Actor for Passer {
    type Protocol = (Async<Number>,);
}

impl AsyncHandler<Number> for Passer {
    async fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<'_, Self>) -> Outcome<()> {
        if self.waits {
            let _ = ctx.tell_when_room(Recipient::<Number>::assume(self.to), Number(*number)).await;
            return Ok(());
        }
        ctx.forward(self.to)
    }
}

fn an_interceptor_sees_forwarded_messages_and_those_that_wait_for_room(base: Base) {
    let (seen, record) = recorder();
    let scene = Scene::with(base, |builder| builder.interceptor(record));
    let props = Guest::part("guest", scene.probe.address()).bounded(5, Overflow::wait());
    let guest = scene.system.cast(props).unwrap().address();
    for (number, waits) in [(1, false), (2, true)] {
        let passer = scene.system.spawn(move || Passer { to: guest, waits }).unwrap();
        scene.probe.tell(passer, Number(number));
        scene.expect("guest", What::Handled(number));
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().filter(|(_, to, ..)| *to == guest).count(), 2, "{seen:?}");
}

/// Refuses numbers above ten and asks for the double of zero.
fn censored(base: Base) -> Scene {
    let censor = |transit: &InTransit<'_>| {
        let number = transit.message.get::<Number>().is_some_and(|number| number.0 > 10);
        let double = transit.message.get::<Double>().is_some_and(|double| double.0 == 0);
        if number || double { Verdict::Refuse } else { Verdict::Pass }
    };
    Scene::with(base, |builder| builder.interceptor(censor))
}

fn a_message_that_an_interceptor_refuses_is_a_dead_letter(base: Base) {
    let scene = censored(base);
    let (puppet, sender) = (scene.puppet("puppet"), scene.puppet("sender"));
    scene.system.tell(puppet, Number(11)).unwrap();
    scene.system.tell(sender, Order::TellAll(puppet.address(), 9, 12)).unwrap();
    scene.expect("puppet", What::Handled(9));
    scene.expect("puppet", What::Handled(10));
    let letters = scene.dead_letters(3);
    assert!(letters.iter().all(|letter| letter.reason == Undelivered::Intercepted), "{letters:?}");
    assert!(letters.iter().all(|letter| letter.target == puppet.address()), "{letters:?}");
    scene.probe.expect_nothing(QUIET);
}

fn an_ask_that_an_interceptor_refuses_hears_of_it(base: Base) {
    let scene = censored(base);
    let (puppet, asker) = (scene.puppet("puppet"), scene.puppet("asker"));
    assert_eq!(scene.system.ask(puppet, Double(0)).wait(), Err(AskError::Intercepted));
    assert_eq!(scene.system.ask(puppet, Double(1)).wait(), Ok(2));
    scene.system.tell(asker, Order::Ask(puppet.address(), 0, None)).unwrap();
    scene.expect("asker", What::Answered(Err(AskError::Intercepted.to_string())));
    assert_eq!(scene.system.status().dead_letters, 0, "who asked has heard of it");
}

fn an_interceptor_that_panics_refuses(base: Base) {
    let build = |builder: Builder| {
        builder.interceptor(|transit: &InTransit<'_>| {
            assert!(!transit.message.is::<Unwanted>() && !transit.message.is::<Double>(), "not that again");
            Verdict::Pass
        })
    };
    let scene = Scene::with(base, build);
    let (puppet, sender) = (scene.puppet("puppet"), scene.puppet("sender"));
    scene.system.send(puppet.address(), Unwanted("x".into())).unwrap();
    assert_eq!(scene.only_dead_letter().1, Undelivered::Intercepted);
    assert_eq!(scene.system.ask(puppet, Double(1)).wait(), Err(AskError::Intercepted));
    scene.system.tell(sender, Order::SendUnwanted(puppet.address())).unwrap();
    scene.system.tell(sender, Number(1)).unwrap();
    scene.expect("sender", What::Handled(1));
    scene.dead_letters(2);
    assert_eq!(scene.system.status().failures, 0, "the sender is not to blame");
}

fn the_status_counts_what_happened(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Permanent);
    let [_, child] = scene.play_all(role, ["parent", "child"]);
    for number in 1..=3 {
        scene.system.tell(child, Number(number)).unwrap();
        scene.expect("child", What::Handled(number));
    }
    scene.probe.tell(child, fail("x"));
    let mut received = 0;
    while received < 2 {
        received += usize::from(scene.probe.endpoint().listen(PATIENCE).is_some());
    }
    scene.system.send(Address::nobody(child.address().node()), Number(1)).unwrap();
    let endpoint = scene.system.endpoint();
    scene.wait_until("it is counted", || scene.system.status().handled >= 3);
    let status = scene.system.status();
    assert_eq!((status.failures, status.restarts, status.returned, status.dead_letters), (1, 1, 1, 1), "{status}");
    assert_eq!(status.endpoints, 2);
    drop(endpoint);
    assert_eq!(scene.system.status().endpoints, 1);
}

fn messages_are_counted_by_type(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let guest = scene.system.cast(Guest::part("guest", scene.probe.address())).unwrap();
    for number in 0..30 {
        scene.system.tell(puppet, Number(number)).unwrap();
    }
    // One that waits in the midst of a message, and others meanwhile.
    let promise = scene.hold(guest);
    for number in 30..50 {
        scene.system.tell(puppet, Number(number)).unwrap();
        assert_eq!(scene.system.ask(puppet, Double(number)).wait(), Ok(2 * number));
    }
    promise.fulfil(1);
    scene.saw_all(50);
    // What failed was not handled.
    scene.probe.tell(scene.puppet("failing"), fail("x"));
    let counted = || {
        let messages = scene.system.status().messages;
        let name = |it: &MessageCount| it.name.rsplit("::").next().unwrap().to_owned();
        messages.iter().map(|it| (name(it), it.handled)).collect::<Vec<_>>()
    };
    let expected = [("Number", 50), ("Double", 20), ("WaitFor", 1)].map(|(name, count)| (name.to_owned(), count));
    scene.wait_until("it is counted", || counted() == expected);
}

fn the_status_shows_each_actor(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("parent").child("child", Restart::Permanent);
    let [parent, child] = scene.play_all(role, ["parent", "child"]);
    scene.wait_for_state(parent, ActorState::Idle);
    scene.wait_for_state(child, ActorState::Idle);
    let status = scene.system.status();
    assert_eq!(status.actors.len(), 2);
    let parent_status = scene.status_of(parent).unwrap();
    assert!(parent_status.class.ends_with("Puppet"), "{parent_status:?}");
    assert_eq!((parent_status.children, parent_status.waiting, parent_status.restarts), (Some(1), 0, Some(0)));
    assert_eq!(scene.status_of(child).unwrap().parent, Some(parent.address()));
    assert_eq!(status.waiting(), 0);
}

fn the_status_shows_what_actors_do(base: Base) {
    let backoff = Supervision::one_for_one().backoff(Backoff::constant(Duration::from_secs(3600)));
    let scene = Scene::with(base, |builder| builder.supervision(backoff));
    let guest = || scene.system.cast(Guest::part("guest", scene.probe.address())).unwrap();
    let waiting = guest();
    let hold = scene.hold(waiting);
    for number in 0..5 {
        scene.system.tell(waiting, Number(number)).unwrap();
    }
    scene.wait_until("five wait", || scene.status_of(waiting).is_some_and(|it| it.waiting == 5));
    let status = scene.status_of(waiting).unwrap();
    assert_eq!(status.state, ActorState::Waiting);
    let props = Guest::part("guest", scene.probe.address()).restart(Restart::Permanent);
    let restarting = scene.system.cast(props).unwrap();
    scene.system.tell(restarting, fail("x")).unwrap();
    scene.wait_for_state(restarting, ActorState::Restarting);
    let role = scene.role("parent").child("child", Restart::Temporary);
    let [parent, _] = scene.play_all(role, ["parent", "child"]);
    scene.wait_for_state(parent, ActorState::Idle);
    hold.fulfil(0);
    for number in 0..5 {
        scene.expect("guest", What::Handled(number));
    }
}

fn the_status_is_readable(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.settle(puppet);
    let text = scene.system.status().to_string();
    let address = puppet.address().to_string();
    for part in ["1 actors", "0 dead letters", "Puppet", address.as_str()] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    for number in 0..60 {
        scene.system.cast(scene.role(&number.to_string())).unwrap();
    }
    scene.saw_all(60);
    let text = scene.system.status().to_string();
    assert!(text.contains("21 more"), "many actors are not all listed:\n{text}");
}

fn two_snapshots_give_a_rate(base: Base) {
    let scene = Scene::timeless(base);
    let puppet = scene.puppet("puppet");
    scene.wait_for_state(puppet, ActorState::Idle);
    let before = scene.system.status();
    for number in 0..50 {
        scene.system.tell(puppet, Number(number)).unwrap();
        scene.expect("puppet", What::Handled(number));
    }
    scene.wait_until("it is counted", || scene.system.status().handled == before.handled + 50);
    scene.pass(Duration::from_secs(10));
    let after = scene.system.status();
    assert!((after.rate_since(&before) - 5.0).abs() < 0.001, "{}", after.rate_since(&before));
    assert_eq!(after.rate_since(&after), 0.0);
}

fn the_status_shows_the_base(base: Base) {
    let scene = Scene::timeless(base);
    let status = scene.system.status();
    let expected = match base {
        Base::Simple => ("simple", 1),
        Base::Threads { workers } => ("threads", workers),
        Base::Serialised => ("threads", 2),
        Base::Processes(_) => panic!("this is promised of systems in one process"),
    };
    assert_eq!((&*status.base, status.cores), expected);
    scene.pass(Duration::from_secs(3));
    assert_eq!(scene.system.status().uptime, Duration::from_secs(3));
}

fn a_status_can_be_taken_in_the_middle_of_work(base: Base) {
    let scene = Scene::new(base);
    let (first, second) = (scene.puppet("first"), scene.puppet("second"));
    for _ in 0..50 {
        scene.system.tell(first, Order::TellAll(second.address(), 0, 19)).unwrap();
        let status = scene.system.status();
        assert_eq!(status.actors.len(), 2, "{status}");
    }
    scene.saw_all(1000);
}

fn types_can_be_shown_for_debugging(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let text = format!("{:?} {puppet} {puppet:?} {:?}", scene.system, scene.probe.endpoint());
    assert!(text.contains("Puppet") && text.contains(&puppet.address().to_string()), "{text}");
}
