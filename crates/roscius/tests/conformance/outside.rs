//! External code in many threads.
//!
//! In one process: futures of external code, and a system within an actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use roscius::Received;
use roscius::prelude::*;
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Double, Guest, Number, Order, Saw, What};
use crate::parts::Enlist;
use crate::scene::{PATIENCE, QUIET, Scene, block_on};

promises! {
    on every_base:
        many_threads_ask_and_each_gets_its_own_answers,
        many_threads_tell_and_nothing_is_lost,
        each_endpoint_gets_its_own_messages,
        an_endpoint_gets_messages_of_all_types,
        an_endpoint_can_send_to_an_endpoint,
        a_thread_can_create_actors_while_others_use_them;
    on in_one_process:
        asynchronous_code_in_many_threads_gets_its_answers,
        an_actor_can_start_a_system_of_its_own;
    on threads:
        one_thread_listens_while_another_sends;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Echo>()
}

const THREADS: u64 = 6;

fn many_threads_ask_and_each_gets_its_own_answers(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let endpoint = scene.system.endpoint();
            scope.spawn(move || {
                for number in 0..200 {
                    let number = thread * 1000 + number;
                    let answer = endpoint.ask(puppet, Double(number)).wait_timeout(PATIENCE);
                    assert_eq!(answer, Ok(number * 2));
                }
                assert!(endpoint.listen(Duration::ZERO).is_none());
            });
        }
    });
}

fn many_threads_tell_and_nothing_is_lost(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let system = scene.system.clone();
            scope.spawn(move || {
                for number in 0..200 {
                    system.tell(puppet, Number(thread * 1000 + number)).unwrap();
                }
            });
        }
    });
    let mut next: Vec<_> = (0..THREADS).map(|thread| thread * 1000).collect();
    for _ in 0..THREADS * 200 {
        let What::Handled(number) = scene.saw().what else { panic!("only numbers are reported") };
        let thread = (number / 1000) as usize;
        assert_eq!(number, next[thread], "the numbers of each thread come in order");
        next[thread] += 1;
    }
}

plays_itself!(Echo);

/// Sends every number back to who sent it.
#[derive(Clone, Serialize, Deserialize)]
struct Echo;

impl Actor for Echo {
    type Protocol = (Number,);
}

impl Handler<Number> for Echo {
    fn receive(&mut self, number: &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        let sender = ctx.sender();
        ctx.send(sender, number.clone())?;
        Ok(())
    }
}

fn each_endpoint_gets_its_own_messages(base: Base) {
    let scene = Scene::new(base);
    let echo = scene.system.cast(Echo).unwrap();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let endpoint = scene.system.endpoint();
            scope.spawn(move || {
                for number in 0..200 {
                    endpoint.tell(echo, Number(thread * 1000 + number)).unwrap();
                }
                for number in 0..200 {
                    match endpoint.listen(PATIENCE) {
                        Some(Received::Message(delivered)) => {
                            assert_eq!(delivered.sender, echo.address());
                            assert!(!delivered.wants_reply());
                            assert_eq!(delivered.message.get(), Some(&Number(thread * 1000 + number)));
                        }
                        other => panic!("{other:?}"),
                    }
                }
                assert!(endpoint.listen(Duration::ZERO).is_none());
            });
        }
    });
}

fn an_endpoint_gets_messages_of_all_types(base: Base) {
    let scene = Scene::new(base);
    let address = scene.probe.address();
    scene.system.send(address, Number(1)).unwrap();
    scene.system.send(address, Saw { who: "me".into(), what: What::Stopping }).unwrap();
    let number = scene.probe.endpoint().listen(PATIENCE).unwrap();
    assert!(number.message::<Saw>().is_none());
    scene.expect("me", What::Stopping);
}

fn a_thread_can_create_actors_while_others_use_them(base: Base) {
    let scene = Scene::new(base);
    let echo = scene.system.cast(Echo).unwrap();
    let made = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let system = scene.system.clone();
            let made = &made;
            scope.spawn(move || {
                let endpoint = system.endpoint();
                for number in 0..50 {
                    let own = system.cast(Echo).unwrap();
                    for actor in [echo, own] {
                        endpoint.tell(actor, Number(number)).unwrap();
                        let echoed = endpoint.listen(PATIENCE).and_then(Received::message);
                        assert_eq!(echoed, Some(Number(number)));
                    }
                    system.exit(own);
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(made.into_inner(), THREADS * 50);
    scene.wait_until("one actor is left", || scene.system.status().actors.len() == 1);
}

fn asynchronous_code_in_many_threads_gets_its_answers(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let system = scene.system.clone();
            scope.spawn(move || {
                for number in 0..50 {
                    let number = thread * 1000 + number;
                    assert_eq!(block_on(system.ask(puppet, Double(number)).timeout(PATIENCE)), Ok(number * 2));
                }
            });
        }
    });
}

fn an_endpoint_can_send_to_an_endpoint(base: Base) {
    let scene = Scene::new(base);
    let other = scene.system.endpoint();
    other.send(scene.probe.address(), Number(1)).unwrap();
    assert_eq!(scene.probe.expect::<Number>(), Number(1));
    let ask = other.ask(Recipient::<Double>::assume(scene.probe.address()), Double(4));
    let Some(Received::Message(delivered)) = scene.probe.endpoint().listen(PATIENCE) else { panic!("an ask") };
    let (Double(number), promise) = delivered.into_ask::<Double>().unwrap();
    promise.fulfil(number + 1);
    assert_eq!(ask.wait(), Ok(5));
    scene.probe.expect_nothing(QUIET);
}

/// Has a system of its own, with a guest in it.
struct Landlord {
    base: Base,
    inner: Option<(ActorSystem, ActorRef<Guest>)>,
}

impl Actor for Landlord {
    type Protocol = (Double, Order);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        let system = self.base.builder().start()?;
        let guest = system.spawn(Guest::part("guest", ctx.me().address()))?;
        self.inner = Some((system, guest));
        Ok(())
    }
}

impl Handler<Double> for Landlord {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        let Some((system, guest)) = &self.inner else { return Err(Failure::new("no system").into()) };
        Ok(system.ask(*guest, Double(*number)).wait()? + 1)
    }
}

impl Handler<Order> for Landlord {
    fn receive(&mut self, _: &mut Order, _: &mut Context<Self>) -> Outcome<Option<Address>> {
        Ok(self.inner.as_ref().map(|(_, guest)| guest.address()))
    }
}

fn an_actor_can_start_a_system_of_its_own(base: Base) {
    let scene = Scene::new(base);
    let landlord = scene.system.spawn(move || Landlord { base, inner: None }).unwrap();
    assert_eq!(scene.system.ask(landlord, Double(4)).wait_timeout(PATIENCE), Ok(9));
    scene.system.exit(landlord);
    scene.wait_for_end(landlord);
}

fn one_thread_listens_while_another_sends(base: Base) {
    let scene = Scene::new(base);
    let echo = scene.system.cast(Echo).unwrap();
    let endpoint = Arc::new(scene.system.endpoint());
    let listener = {
        let endpoint = Arc::clone(&endpoint);
        thread::spawn(move || {
            for number in 0..500 {
                assert_eq!(endpoint.listen(PATIENCE).and_then(Received::message), Some(Number(number)));
            }
        })
    };
    for number in 0..500 {
        endpoint.tell(echo, Number(number)).unwrap();
    }
    listener.join().unwrap();
}
