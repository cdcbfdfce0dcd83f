//! Order: what one sends to another arrives in the order of sending.
//!
//! In threads: handlers that block. Each process has one thread.

use std::thread;
use std::time::Duration;

use roscius::prelude::*;
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Number, Order, Saw, What};
use crate::parts::{Enlist, Part, Play};
use crate::scene::{PATIENCE, Scene};

promises! {
    on every_base:
        a_chain_keeps_the_order,
        orders_and_messages_of_one_sender_do_not_overtake_each_other,
        a_message_sent_before_an_exit_request_may_be_lost_but_not_overtaken,
        each_pair_keeps_its_order,
        each_pair_keeps_its_order_across_cores,
        a_bounded_mailbox_keeps_the_order;
    on every_base_and_claim:
        more_than_an_outbox_holds_keeps_its_order;
    on threads:
        order_is_kept_while_handlers_block,
        order_is_kept_by_blocking_actors;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Judge>().enlist::<Sender>().enlist::<Link>()
}

/// A number with who sent it.
#[derive(Debug, Message, Serialize, Deserialize)]
struct Stamped {
    from: usize,
    number: u64,
}

/// Checks that the numbers of each sender come in order. When it has all, reports how many did not.
#[derive(Clone, Serialize, Deserialize)]
struct Judge {
    next: Vec<u64>,
    to_come: u64,
    wrong: u64,
    naps: bool,
    observer: Address,
}

impl Actor for Judge {
    type Protocol = (Stamped,);
}

impl Handler<Stamped> for Judge {
    fn receive(&mut self, stamped: &mut Stamped, ctx: &mut Context<Self>) -> Outcome<()> {
        let next = &mut self.next[stamped.from];
        self.wrong += u64::from(stamped.number != *next);
        *next = stamped.number + 1;
        self.to_come -= 1;
        if self.to_come == 0 {
            ctx.send(self.observer, Saw { who: "judge".into(), what: What::Handled(self.wrong) })?;
        }
        if self.naps && stamped.number % 50 == 7 {
            thread::sleep(Duration::from_millis(6));
        }
        Ok(())
    }
}

plays_itself!(Judge, Sender, Link);

/// Sends numbers to some judges, a few at a time.
#[derive(Clone, Serialize, Deserialize)]
struct Sender {
    me: usize,
    judges: Vec<ActorRef<Judge>>,
    next: u64,
    until: u64,
    naps: bool,
}

#[derive(Debug, Message, Serialize, Deserialize)]
struct GoOn;

impl Actor for Sender {
    type Protocol = (GoOn,);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        let me = ctx.me();
        ctx.tell(me, GoOn)?;
        Ok(())
    }
}

impl Handler<GoOn> for Sender {
    fn receive(&mut self, _: &mut GoOn, ctx: &mut Context<Self>) -> Outcome<()> {
        for step in 0..7 {
            if self.next == self.until {
                return Ok(());
            }
            for &judge in &self.judges {
                ctx.tell(judge, Stamped { from: self.me, number: self.next })?;
            }
            self.next += 1;
            if self.naps && step == 3 && self.next % 50 == 11 {
                // Long enough for another thread to take over the core meanwhile.
                thread::sleep(Duration::from_millis(6));
            }
        }
        let me = ctx.me();
        ctx.tell(me, GoOn)?;
        Ok(())
    }
}

const SENDERS: usize = 5;
const JUDGES: usize = 3;

/// How the actors of a contest are made.
#[derive(Clone, Copy, Default)]
struct Manner {
    numbers: u64,
    spread: bool,
    naps: bool,
    blocking: bool,
    bound: Option<usize>,
}

fn contest(base: Base, manner: Manner) {
    let scene = Scene::new(base);
    let Manner { numbers, naps, blocking, spread, bound } = manner;
    let judge = Judge {
        next: vec![0; SENDERS],
        to_come: numbers * SENDERS as u64,
        wrong: 0,
        naps,
        observer: scene.probe.address(),
    };
    let judges: Vec<_> = (0..JUDGES)
        .map(|_| {
            let mut part = Part::from(judge.clone());
            if let Some(capacity) = bound {
                part = part.bounded(capacity, Overflow::wait());
            }
            spawn(&scene, part, blocking)
        })
        .collect();
    for me in 0..SENDERS {
        let mut part = Part::from(Sender { me, judges: judges.clone(), next: 0, until: numbers, naps });
        if spread {
            part = part.spread();
        }
        spawn(&scene, part, blocking);
    }
    let probe = scene.probe.patience(3 * PATIENCE);
    for _ in 0..JUDGES {
        assert_eq!(probe.expect::<Saw>(), Saw { who: "judge".into(), what: What::Handled(0) });
    }
}

fn spawn<R: Play>(scene: &Scene, part: Part<R>, blocking: bool) -> ActorRef<R::Actor> {
    match blocking {
        true => scene.system.spawn(Props::from(part).blocking()).unwrap(),
        false => scene.system.cast(part).unwrap(),
    }
}

fn each_pair_keeps_its_order(base: Base) {
    contest(base, Manner { numbers: 1000, ..Manner::default() });
}

fn each_pair_keeps_its_order_across_cores(base: Base) {
    contest(base, Manner { numbers: 1000, spread: true, ..Manner::default() });
}

fn a_bounded_mailbox_keeps_the_order(base: Base) {
    contest(base, Manner { numbers: 300, spread: true, bound: Some(3), ..Manner::default() });
}

fn order_is_kept_while_handlers_block(base: Base) {
    contest(base, Manner { numbers: 300, spread: true, naps: true, ..Manner::default() });
    contest(base, Manner { numbers: 100, spread: true, naps: true, bound: Some(20), ..Manner::default() });
}

fn order_is_kept_by_blocking_actors(base: Base) {
    contest(base, Manner { numbers: 100, naps: true, blocking: true, ..Manner::default() });
}

fn a_chain_keeps_the_order(base: Base) {
    let scene = Scene::new(base);
    let mut last = scene.puppet("last").address();
    for _ in 0..10 {
        let to = last;
        last = scene.system.cast(Part::from(Link { to }).spread()).unwrap().address();
    }
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(last, 0, 499)).unwrap();
    for number in 0..500 {
        scene.expect("last", What::Handled(number));
    }
}

/// Passes numbers on.
#[derive(Clone, Serialize, Deserialize)]
struct Link {
    to: Address,
}

impl Actor for Link {
    type Protocol = (Number,);
}

impl Handler<Number> for Link {
    fn receive(&mut self, number: &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        ctx.send(self.to, number.clone())?;
        Ok(())
    }
}

fn more_than_an_outbox_holds_keeps_its_order(base: Base) {
    let scene = Scene::new(base);
    let (receiver, sender) = (scene.puppet("receiver"), scene.puppet("sender"));
    scene.system.tell(sender, Order::TellAll(receiver.address(), 0, 4999)).unwrap();
    for number in 0..5000 {
        scene.expect("receiver", What::Handled(number));
    }
}

fn a_message_sent_before_an_exit_request_may_be_lost_but_not_overtaken(base: Base) {
    for _ in 0..20 {
        let scene = Scene::new(base);
        let receiver = scene.puppet("receiver");
        let role = scene.role("sender");
        let role = role.first(Order::TellAll(receiver.address(), 1, 20)).first(Order::Exit(receiver.address()));
        scene.system.cast(role).unwrap();
        let mut numbers = Vec::new();
        loop {
            match scene.saw() {
                Saw { what: What::Handled(number), .. } => numbers.push(number),
                Saw { what: What::Stopping, .. } => break,
                _ => {}
            }
        }
        let handled = numbers.len() as u64;
        assert_eq!(numbers, (1..=handled).collect::<Vec<_>>());
        scene.dead_letters(20 - handled);
    }
}

fn orders_and_messages_of_one_sender_do_not_overtake_each_other(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    // Types with handlers of their own are in one mailbox.
    for number in 0..100 {
        scene.probe.tell(puppet, Number(number));
        scene.probe.tell(puppet, Order::Tell(scene.probe.address(), number));
    }
    for number in 0..100 {
        scene.expect("puppet", What::Handled(number));
        assert_eq!(scene.probe.expect::<Number>(), Number(number));
    }
}
