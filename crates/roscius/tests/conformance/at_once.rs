//! Asynchronous handlers that are tried at once, and actors that are played in slices.
//!
//! In one process: all of it. It is about the order in which one engine plays its actors.

use std::sync::Mutex;

use roscius::prelude::*;

use crate::bases::Base;
use crate::cast::{Double, Fail, Panic, fail, panic};
use crate::scene::Scene;

promises! {
    on in_one_process:
        what_is_handled_at_once_and_what_waits_stay_in_order,
        a_handler_that_fails_at_once_returns_its_message;
    on simple:
        slices_keep_the_order_of_two_actors,
        a_system_driven_elsewhere_can_not_be_driven_at_once;
}

/// Handles even numbers at once, and waits for the answer of another actor before it handles odd ones.
struct Patient {
    other: ActorRef<Doubler>,
    /// The messages that were tried at once, and had to wait.
    put_off: u64,
    heard: Vec<u64>,
}

struct Doubler;

impl Actor for Doubler {
    type Protocol = (Double,);
}

impl Handler<Double> for Doubler {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(*number * 2)
    }
}

impl Actor for Patient {
    type Protocol = (Async<Double>, Async<Fail>, Async<Panic>, Heard);
}

#[derive(Message, Serialize, Deserialize)]
#[message(reply = (u64, Vec<u64>))]
struct Heard;

impl Handler<Heard> for Patient {
    fn receive(&mut self, _: &mut Heard, _: &mut Context<Self>) -> Outcome<(u64, Vec<u64>)> {
        Ok((self.put_off, std::mem::take(&mut self.heard)))
    }
}

impl AsyncHandler<Double> for Patient {
    fn receive_at_once(&mut self, Double(number): &mut Double, _: &mut Context<'_, Self>) -> Option<Outcome<u64>> {
        if *number % 2 == 1 {
            self.put_off += 1;
            return None;
        }
        self.heard.push(*number);
        Some(Ok(*number * 2))
    }

    async fn receive(&mut self, Double(number): &mut Double, ctx: &mut Context<'_, Self>) -> Outcome<u64> {
        let answer = ctx.ask(self.other, Double(*number)).await?;
        self.heard.push(*number);
        Ok(answer)
    }
}

impl AsyncHandler<Fail> for Patient {
    fn receive_at_once(&mut self, Fail(text): &mut Fail, _: &mut Context<'_, Self>) -> Option<Outcome<u64>> {
        Some(Err(Failure::new(text).into()))
    }

    async fn receive(&mut self, _: &mut Fail, _: &mut Context<'_, Self>) -> Outcome<u64> {
        unreachable!("it was handled at once")
    }
}

impl AsyncHandler<Panic> for Patient {
    fn receive_at_once(&mut self, Panic(text): &mut Panic, _: &mut Context<'_, Self>) -> Option<Outcome<u64>> {
        panic!("{text}")
    }

    async fn receive(&mut self, _: &mut Panic, _: &mut Context<'_, Self>) -> Outcome<u64> {
        unreachable!("it was handled at once")
    }
}

fn patient(system: &ActorSystem) -> ActorRef<Patient> {
    let other = system.spawn(|| Doubler).unwrap();
    system.spawn(move || Patient { other, put_off: 0, heard: Vec::new() }).unwrap()
}

fn what_is_handled_at_once_and_what_waits_stay_in_order(base: Base) {
    let scene = Scene::new(base);
    let patient = patient(&scene.system);
    let asks: Vec<_> = (0..200).map(|number| scene.system.ask(patient, Double(number))).collect();
    for (number, ask) in (0..).zip(asks) {
        assert_eq!(ask.wait(), Ok(2 * number), "the right to reply is kept while it waits");
    }
    assert_eq!(scene.system.ask(patient, Heard).wait(), Ok((100, (0..200).collect())));
}

fn a_handler_that_fails_at_once_returns_its_message(base: Base) {
    let scene = Scene::new(base);
    scene.probe.tell(patient(&scene.system), fail("at once"));
    assert_eq!(&*scene.probe.expect_poison().details, "at once");
    scene.probe.tell(patient(&scene.system), panic("at once"));
    assert_eq!(&*scene.probe.expect_poison().details, "at once");
    let asked = patient(&scene.system);
    assert_eq!(scene.system.ask(asked, fail("asked")).wait(), Err(AskError::Failed("asked".into())));
}

fn slices_keep_the_order_of_two_actors(base: Base) {
    let system = base.builder().slices(true).start().unwrap();
    let patients = [patient(&system), patient(&system)];
    for number in 0..300 {
        for patient in patients {
            system.endpoint().post(patient.into(), Double(number)).unwrap();
        }
    }
    // Of 600 messages none needs a step of its own.
    let steps = system.steps(usize::MAX, || false);
    assert!((10..1200).contains(&steps), "{steps} steps");
    for patient in patients {
        assert_eq!(system.ask(patient, Heard).wait(), Ok((150, (0..300).collect())));
    }
}

fn a_system_driven_elsewhere_can_not_be_driven_at_once(base: Base) {
    /// Tries to drive its system from within.
    struct Within(ActorSystem, std::sync::Arc<Mutex<Vec<Option<usize>>>>);

    impl Actor for Within {
        type Protocol = (Double,);
    }

    impl Handler<Double> for Within {
        fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
            let system = self.0.clone();
            let there = std::thread::spawn(move || system.try_steps(1, || true)).join().unwrap();
            self.1.lock().unwrap().extend([self.0.try_steps(1, || true), there]);
            Ok(*number)
        }
    }

    let system = base.builder().start().unwrap();
    let tried = std::sync::Arc::default();
    let within = {
        let (system, tried) = (system.clone(), std::sync::Arc::clone(&tried));
        system.clone().spawn(Props::once(move || Within(system, tried))).unwrap()
    };
    assert_eq!(system.ask(within, Double(1)).wait(), Ok(1));
    assert_eq!(*tried.lock().unwrap(), [None, None]);
    assert!(system.try_steps(1, || true).is_some(), "nobody drives it now");
    let _ = system.shutdown();
}
