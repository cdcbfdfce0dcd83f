//! Dead letters: what reaches nobody is noted and told.

use roscius::prelude::*;
use roscius::{NodeId, Undelivered};
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Hook, Number, Order, Puppet, Saw, Unwanted, What};
use crate::parts::Enlist;
use crate::scene::{QUIET, Scene};

promises! {
    on every_base:
        a_message_to_the_dead_is_told_to_the_handler,
        a_message_to_a_foreign_address_is_told_to_the_handler,
        a_message_to_an_address_that_never_lived_is_told_to_the_handler,
        the_last_handler_to_register_is_told,
        letters_that_wait_for_a_handler_that_ends_go_to_the_one_before_it,
        a_restarted_handler_is_still_told,
        a_message_to_a_closed_endpoint_is_a_dead_letter,
        what_a_closed_endpoint_has_not_taken_is_a_dead_letter,
        without_a_handler_dead_letters_are_remembered,
        only_the_latest_are_remembered_but_all_are_counted,
        a_handler_can_deregister,
        when_the_handler_ends_the_one_before_it_is_told,
        a_handler_that_fails_on_a_letter_brings_no_other,
        the_letters_of_a_handler_do_not_come_back_to_it;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Persistent>()
}

/// A puppet that handles dead letters.
fn handler(scene: &Scene, label: &str) -> ActorRef<Puppet> {
    let handler = scene.play(scene.role(label).first(Order::HandleDeadLetters(true)), label);
    scene.settle(handler);
    handler
}

/// The address of a puppet that has ended.
fn dead(scene: &Scene) -> ActorRef<Puppet> {
    let dead = scene.puppet("dead");
    scene.system.exit(dead);
    scene.expect("dead", What::Stopping);
    scene.wait_for_end(dead);
    dead
}

fn letter(number: u64, sender: Address, target: Address, reason: Undelivered) -> What {
    let message = format!("{:?}", Number(number));
    What::DeadLetter { message, sender, target, reason: reason.to_string() }
}

fn a_message_to_the_dead_is_told_to_the_handler(base: Base) {
    let scene = Scene::new(base);
    let dead = dead(&scene);
    handler(&scene, "handler");
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::Tell(dead.address(), 1)).unwrap();
    scene.expect("handler", letter(1, sender.address(), dead.address(), Undelivered::NoActor));
    scene.probe.tell(dead, Number(2));
    scene.expect("handler", letter(2, scene.probe.address(), dead.address(), Undelivered::NoActor));
}

fn a_message_to_a_foreign_address_is_told_to_the_handler(base: Base) {
    let scene = Scene::new(base);
    let other = Scene::new(base);
    let foreign = other.puppet("foreign").address();
    handler(&scene, "handler");
    let sender = scene.puppet("sender");
    let mut number = 0;
    for address in [foreign, foreign.with_bound(), Address::new(NodeId::new(1), 0, 0, 0), other.probe.address()] {
        number += 1;
        scene.system.tell(sender, Order::Tell(address, number)).unwrap();
        scene.expect("handler", letter(number, sender.address(), address, Undelivered::Foreign));
        number += 1;
        scene.probe.endpoint().send(address, Number(number)).unwrap();
        scene.expect("handler", letter(number, scene.probe.address(), address, Undelivered::Foreign));
    }
    other.probe.expect_nothing(QUIET);
}

fn a_message_to_an_address_that_never_lived_is_told_to_the_handler(base: Base) {
    let scene = Scene::new(base);
    let handler = handler(&scene, "handler").address();
    let node = handler.node();
    let sender = scene.puppet("sender");
    let places = [
        Address::new(node, 0, 4711, 0),
        Address::new(node, handler.core(), handler.index(), handler.generation() + 1),
        Address::new(node, 200, 0, 0),
        Address::new(node, Address::EXTERNAL_CORE, 4711, 7),
        Address::new(node, 0, 4711, 0).with_bound(),
        Address::new(node, 200, 0, 0).with_bound(),
        Address::nobody(node),
    ];
    for (number, address) in (1..).zip(places) {
        scene.system.tell(sender, Order::Tell(address, number)).unwrap();
        let saw = scene.saw();
        let What::DeadLetter { target, .. } = saw.what else { panic!("{saw:?}") };
        assert_eq!((saw.who.as_str(), target), ("handler", address));
        scene.probe.endpoint().send(address, Number(number)).unwrap();
        let saw = scene.saw();
        assert!(matches!(saw.what, What::DeadLetter { target, .. } if target == address), "{saw:?}");
    }
}

fn a_message_to_a_closed_endpoint_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let endpoint = scene.system.endpoint();
    let address = endpoint.address();
    drop(endpoint);
    let heir = scene.system.endpoint(); // It may have the place of the closed one.
    scene.system.send(address, Number(1)).unwrap();
    assert_eq!(scene.only_dead_letter(), (address, Undelivered::NoActor));
    assert!(heir.listen(QUIET).is_none());
}

fn what_a_closed_endpoint_has_not_taken_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let endpoint = scene.system.endpoint();
    let address = endpoint.address();
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::TellAll(address, 1, 2)).unwrap();
    scene.settle(sender);
    let receiver = scene.puppet("receiver");
    endpoint.send(receiver.address(), Unwanted("it comes back".into())).unwrap();
    scene.settle(receiver);
    drop(endpoint);
    let letters = scene.dead_letters(3);
    let numbers = letters.iter().filter(|letter| letter.message == Number::NAME && letter.target == address).count();
    assert_eq!(numbers, 2, "{letters:?}");
    assert_eq!(letters.iter().filter(|letter| letter.message == Unwanted::NAME).count(), 1, "{letters:?}");
}

fn without_a_handler_dead_letters_are_remembered(base: Base) {
    let scene = Scene::new(base);
    let dead = dead(&scene);
    let sender = scene.puppet("sender");
    scene.system.tell(sender, Order::Tell(dead.address(), 1)).unwrap();
    let letters = scene.dead_letters(1);
    assert_eq!(letters[0].message, Number::NAME);
    assert_eq!((letters[0].sender, letters[0].target), (sender.address(), dead.address()));
    assert_eq!(letters[0].reason, Undelivered::NoActor);
    assert!(scene.system.status().to_string().contains("dead letter"), "the status shows it");
}

fn only_the_latest_are_remembered_but_all_are_counted(base: Base) {
    let scene = Scene::new(base);
    let nobody = Address::nobody(scene.probe.address().node());
    for _ in 0..100 {
        scene.system.send(nobody, Number(1)).unwrap();
    }
    scene.system.send(nobody, Unwanted("the last".into())).unwrap();
    let letters = scene.dead_letters(101);
    assert!(letters.len() < 100, "{} are remembered", letters.len());
    assert_eq!(letters.last().map(|letter| &*letter.message), Some(Unwanted::NAME));
}

/// Makes a dead letter, which this handler is told.
fn expect_told(scene: &Scene, label: &str, number: u64) {
    let nobody = Address::nobody(scene.probe.address().node());
    scene.probe.endpoint().send(nobody, Number(number)).unwrap();
    scene.expect(label, letter(number, scene.probe.address(), nobody, Undelivered::NoActor));
}

fn the_last_handler_to_register_is_told(base: Base) {
    let scene = Scene::new(base);
    let first = handler(&scene, "first");
    handler(&scene, "second");
    expect_told(&scene, "second", 1);
    scene.system.tell(first, Order::HandleDeadLetters(true)).unwrap();
    scene.settle(first);
    expect_told(&scene, "first", 2);
    scene.probe.expect_nothing(QUIET);
}

fn a_handler_can_deregister(base: Base) {
    let scene = Scene::new(base);
    let first = handler(&scene, "first");
    let second = handler(&scene, "second");
    scene.system.tell(second, Order::HandleDeadLetters(false)).unwrap();
    scene.settle(second);
    expect_told(&scene, "first", 1);
    scene.system.tell(first, Order::HandleDeadLetters(false)).unwrap();
    scene.settle(first);
    scene.system.send(Address::nobody(first.address().node()), Number(2)).unwrap();
    scene.dead_letters(2);
    scene.probe.expect_nothing(QUIET);
}

fn when_the_handler_ends_the_one_before_it_is_told(base: Base) {
    let scene = Scene::new(base);
    handler(&scene, "first");
    let second = handler(&scene, "second");
    let third = handler(&scene, "third");
    for (handler, label) in [(second, "second"), (third, "third")] {
        scene.system.exit(handler);
        scene.expect(label, What::Stopping);
        scene.wait_for_end(handler);
    }
    expect_told(&scene, "first", 1);
    assert_eq!(scene.system.status().dead_letters, 1, "a letter counts once, whoever is told");
}

fn letters_that_wait_for_a_handler_that_ends_go_to_the_one_before_it(base: Base) {
    let scene = Scene::new(base);
    handler(&scene, "first");
    let second = handler(&scene, "second");
    let nobody = Address::nobody(second.address().node());
    // The handler is asked to exit before the letters come.
    let role = scene.role("sender").first(Order::Exit(second.address())).first(Order::TellAll(nobody, 1, 3));
    let sender = scene.system.cast(role).unwrap().address();
    let mut told = Vec::new();
    for saw in scene.saw_all(5) {
        match saw.what {
            What::DeadLetter { .. } => told.push(saw),
            _ => assert!(saw.what == What::Stopping || saw.who == "sender", "{saw:?}"),
        }
    }
    let expected = (1..=3).map(|number| letter(number, sender, nobody, Undelivered::NoActor));
    let expected = expected.map(|what| Saw { who: "first".into(), what });
    assert_eq!(told, expected.collect::<Vec<_>>());
}

fn a_handler_that_fails_on_a_letter_brings_no_other(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("handler").first(Order::HandleDeadLetters(true)).panics_in(Hook::DeadLetter);
    let parent = scene.role("parent").child_role(role, Restart::Temporary);
    let [_, handler] = scene.play_all(parent, ["parent", "handler"]);
    scene.settle(handler);
    scene.system.send(Address::nobody(handler.address().node()), Number(1)).unwrap();
    scene.wait_for_end(handler);
    let status = scene.system.status();
    assert_eq!((status.dead_letters, status.failures), (1, 1));
}

/// Sends each dead letter to the dead again, as a careless handler may.
#[derive(Clone, Serialize, Deserialize)]
struct Persistent {
    letters: u64,
}

plays_itself!(Persistent);

#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
struct Letters;

impl Actor for Persistent {
    type Protocol = (Letters,);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        ctx.handle_dead_letters(true);
        Ok(())
    }

    fn dead_letter(&mut self, letter: DeadLetter, ctx: &mut Context<Self>) {
        self.letters += 1;
        let _ = ctx.send(letter.target, Number(self.letters));
    }
}

impl Handler<Letters> for Persistent {
    fn receive(&mut self, _: &mut Letters, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(self.letters)
    }
}

fn the_letters_of_a_handler_do_not_come_back_to_it(base: Base) {
    let scene = Scene::new(base);
    handler(&scene, "first");
    let persistent = scene.system.cast(Persistent { letters: 0 }).unwrap();
    assert_eq!(scene.system.ask(persistent, Letters).wait(), Ok(0));
    let nobody = Address::nobody(persistent.address().node());
    scene.system.send(nobody, Number(7)).unwrap();
    scene.expect("first", letter(1, persistent.address(), nobody, Undelivered::NoActor));
    scene.dead_letters(2);
    assert_eq!(scene.system.ask(persistent, Letters).wait(), Ok(1));
    scene.dead_letters(2);
}

fn a_restarted_handler_is_still_told(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("handler");
    let handler = scene.play(role.part().restart(Restart::Permanent), "handler");
    scene.system.tell(handler, Order::HandleDeadLetters(true)).unwrap();
    scene.settle(handler);
    scene.probe.tell(handler, crate::cast::fail("x"));
    scene.probe.expect_poison();
    scene.expect("handler", What::Started(handler.address()));
    expect_told(&scene, "handler", 1);
}
