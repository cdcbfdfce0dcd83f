//! Messages: typed and untyped, refused and by name.
//!
//! In one process: sending by name, the listed protocol, and the switch that serialises. Between processes all is
//! serialised.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use roscius::prelude::*;
use roscius::{MessageType, NamedSendError, Payload, Undelivered};
use roscius_host::rust::Registry;
use serde::{Deserializer, Serializer};

use crate::bases::Base;
use crate::cast::{Double, Fail, HowMany, Number, Order, Panic, Puppet, Unwanted, What, describe};
use crate::parts::Enlist;
use crate::scene::{PATIENCE, Scene};

promises! {
    on every_base:
        each_type_reaches_its_own_handler,
        an_untyped_message_arrives_where_its_type_is_accepted,
        messages_arrive_in_the_order_of_sending,
        a_large_message_arrives_whole,
        a_message_to_oneself_arrives_after_those_that_wait,
        the_receiver_knows_the_sender,
        a_recipient_hides_what_else_its_actor_accepts,
        an_address_is_the_same_after_text_and_bytes,
        addresses_can_be_compared_and_hashed,
        a_type_outside_the_protocol_comes_back_to_an_endpoint_with_a_notice,
        an_actor_without_a_protocol_refuses_everything,
        a_type_outside_the_protocol_is_a_dead_letter_when_nobody_sent_it,
        a_refused_message_changes_nothing_for_the_actor_that_refused_it;
    on every_base_and_claim:
        a_typed_message_arrives,
        a_type_outside_the_protocol_comes_back_to_the_actor_that_sent_it;
    on in_one_process:
        a_registered_type_can_be_sent_by_name,
        a_type_that_nobody_registered_cannot_be_sent_by_name,
        bytes_that_are_no_such_message_fail_at_the_call,
        a_type_sent_by_name_that_the_actor_refuses_is_a_dead_letter,
        the_declared_protocol_is_listed,
        a_type_that_cannot_be_serialised_is_found_by_the_switch,
        a_reply_that_cannot_be_serialised_is_found_by_the_switch;
    on moving:
        a_local_message_is_moved_and_never_serialised;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Weighs>().enlist::<Deaf>()
}

fn a_typed_message_arrives(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.system.tell(puppet, Number(7)).unwrap();
    scene.expect("puppet", What::Handled(7));
}

fn each_type_reaches_its_own_handler(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.system.tell(puppet, Number(7)).unwrap();
    assert_eq!(scene.system.ask(puppet, Double(4)).wait(), Ok(8));
    assert_eq!(scene.system.ask(puppet, HowMany).wait(), Ok(1));
    assert_eq!(scene.system.ask(puppet, Order::Lookup("nobody".into())).wait(), Ok(None));
}

fn an_untyped_message_arrives_where_its_type_is_accepted(base: Base) {
    let scene = Scene::new(base);
    let address: Address = scene.puppet("puppet").address();
    scene.system.send(address, Number(1)).unwrap();
    scene.probe.endpoint().send(address, Number(2)).unwrap();
    scene.expect("puppet", What::Handled(1));
    scene.expect("puppet", What::Handled(2));
}

fn messages_arrive_in_the_order_of_sending(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    for number in 0..500 {
        scene.system.tell(puppet, Number(number)).unwrap();
    }
    for number in 0..500 {
        scene.expect("puppet", What::Handled(number));
    }
}

#[derive(Message, Serialize, Deserialize)]
#[message(reply = Vec<u64>)]
struct Large {
    inline: [u64; 20],
    text: String,
}

plays_itself!(Weighs, Deaf);

#[derive(Clone, Serialize, Deserialize)]
struct Weighs;

impl Actor for Weighs {
    type Protocol = (Large,);
}

impl Handler<Large> for Weighs {
    fn receive(&mut self, large: &mut Large, _: &mut Context<Self>) -> Outcome<Vec<u64>> {
        let mut all = large.inline.to_vec();
        all.push(large.text.len() as u64);
        Ok(all)
    }
}

fn a_large_message_arrives_whole(base: Base) {
    let scene = Scene::new(base);
    let actor = scene.system.cast(Weighs).unwrap();
    let large = Large { inline: std::array::from_fn(|index| index as u64), text: "x".repeat(100_000) };
    let mut expected: Vec<u64> = (0..20).collect();
    expected.push(100_000);
    assert_eq!(scene.system.ask(actor, large).wait(), Ok(expected));
}

fn a_message_to_oneself_arrives_after_those_that_wait(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let other = scene.puppet("other");
    // Both are sent within one handler, so the second waits when the first is handled.
    scene.system.tell(other, Order::TellAll(puppet.address(), 1, 2)).unwrap();
    scene.expect("puppet", What::Handled(1));
    scene.expect("puppet", What::Handled(2));
    scene.system.tell(puppet, Order::TellAll(puppet.address(), 3, 5)).unwrap();
    for number in 3..=5 {
        scene.expect("puppet", What::Handled(number));
    }
}

fn the_receiver_knows_the_sender(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let sender = scene.probe.endpoint().ask(puppet, Order::Sender).wait().unwrap();
    assert_eq!(sender, Some(scene.probe.address()));
    let nobody = scene.system.ask(puppet, Order::Sender).wait().unwrap().unwrap();
    assert!(nobody.is_nobody());
}

fn a_recipient_hides_what_else_its_actor_accepts(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let recipient: Recipient<Double> = puppet.recipient();
    assert_eq!(recipient.address(), puppet.address());
    assert_eq!(scene.system.ask(recipient, Double(21)).wait(), Ok(42));
}

fn an_address_is_the_same_after_text_and_bytes(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let text = puppet.address().to_string();
    assert_eq!(text.parse::<Address>(), Ok(puppet.address()));
    let json = serde_json::to_string(&puppet).unwrap();
    let back: ActorRef<Puppet> = serde_json::from_str(&json).unwrap();
    scene.system.tell(back, Number(3)).unwrap();
    scene.expect("puppet", What::Handled(3));
}

fn addresses_can_be_compared_and_hashed(base: Base) {
    let scene = Scene::new(base);
    let (first, second) = (scene.puppet("first"), scene.puppet("second"));
    assert_ne!(first, second);
    let known: HashSet<_> = [first, second, first].into();
    assert_eq!(known.len(), 2);
    assert_eq!(first.max(second), second.max(first));
}

fn a_type_outside_the_protocol_comes_back_to_an_endpoint_with_a_notice(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.probe.endpoint().send(puppet.address(), Unwanted("a gift".into())).unwrap();
    let poison = scene.probe.expect_poison();
    assert_eq!(poison.by, puppet.address());
    assert_eq!(poison.message.get::<Unwanted>(), Some(&Unwanted("a gift".into())));
    assert!(poison.details.contains(Unwanted::NAME), "the notice names the type: {}", poison.details);
    assert!(poison.details.contains(Double::NAME), "the notice says what is accepted: {}", poison.details);
}

fn a_type_outside_the_protocol_comes_back_to_the_actor_that_sent_it(base: Base) {
    let scene = Scene::new(base);
    let (sender, receiver) = (scene.puppet("sender"), scene.puppet("receiver"));
    scene.system.tell(sender, Order::SendUnwanted(receiver.address())).unwrap();
    let saw = scene.saw();
    let What::Poisoned { message, by, details } = saw.what else { panic!("expected poison, got {saw:?}") };
    assert_eq!((saw.who.as_str(), by), ("sender", receiver.address()));
    assert_eq!(message, "Unwanted(\"nobody wants it\")");
    assert!(details.contains("not accepted"), "{details}");
}

fn a_type_outside_the_protocol_is_a_dead_letter_when_nobody_sent_it(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.system.send(puppet.address(), Unwanted("lost".into())).unwrap();
    assert_eq!(scene.only_dead_letter(), (puppet.address(), Undelivered::NotAccepted));
}

fn a_refused_message_changes_nothing_for_the_actor_that_refused_it(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    scene.system.tell(puppet, Number(1)).unwrap();
    scene.probe.endpoint().send(puppet.address(), Unwanted("a gift".into())).unwrap();
    scene.system.tell(puppet, Number(2)).unwrap();
    assert_eq!(scene.system.ask(puppet, HowMany).wait(), Ok(2));
    let status = scene.system.status();
    assert_eq!((status.failures, status.restarts, status.returned), (0, 0, 1));
}

#[derive(Clone, Serialize, Deserialize)]
struct Deaf;

impl Actor for Deaf {
    type Protocol = ();
}

fn an_actor_without_a_protocol_refuses_everything(base: Base) {
    let scene = Scene::new(base);
    let deaf = scene.system.cast(Deaf).unwrap();
    scene.probe.endpoint().send(deaf.address(), Number(1)).unwrap();
    let poison = scene.probe.expect_poison();
    assert_eq!(poison.message.get::<Number>(), Some(&Number(1)));
    assert!(poison.details.contains("no messages"), "{}", poison.details);
}

fn encoded(message: impl Message) -> Vec<u8> {
    Payload::new(message).encode().unwrap()
}

fn a_registered_type_can_be_sent_by_name(base: Base) {
    let scene = Scene::with(base, |builder| builder.register::<Number>().register_protocol::<Puppet>());
    let puppet = scene.puppet("puppet");
    scene.system.send_named(puppet.address(), Number::NAME, &encoded(Number(5))).unwrap();
    scene.expect("puppet", What::Handled(5));
    let order = Order::Tell(puppet.address(), 6);
    scene.system.send_named(puppet.address(), Order::NAME, &encoded(order)).unwrap();
    scene.expect("puppet", What::Handled(6));
}

fn a_type_that_nobody_registered_cannot_be_sent_by_name(base: Base) {
    let scene = Scene::with(base, |builder| builder.register::<Number>());
    let puppet = scene.puppet("puppet");
    let error = scene.system.send_named(puppet.address(), Double::NAME, &encoded(Double(1))).unwrap_err();
    assert!(matches!(&error, NamedSendError::NotRegistered(name) if name == Double::NAME), "{error:?}");
    assert!(error.to_string().contains(Double::NAME), "{error}");
}

fn bytes_that_are_no_such_message_fail_at_the_call(base: Base) {
    let scene = Scene::with(base, |builder| builder.register::<Number>());
    let puppet = scene.puppet("puppet");
    for bytes in [&b""[..], b"\xc1", b"\xa5hello", &[0xdd, 0xff, 0xff, 0xff, 0xff]] {
        let error = scene.system.send_named(puppet.address(), Number::NAME, bytes).unwrap_err();
        assert!(matches!(error, NamedSendError::Codec(_)), "{bytes:?} gave {error:?}");
    }
    scene.settle(puppet);
}

fn a_type_sent_by_name_that_the_actor_refuses_is_a_dead_letter(base: Base) {
    let scene = Scene::with(base, |builder| builder.register::<Unwanted>());
    let puppet = scene.puppet("puppet");
    scene.system.send_named(puppet.address(), Unwanted::NAME, &encoded(Unwanted("x".into()))).unwrap();
    assert_eq!(scene.only_dead_letter(), (puppet.address(), Undelivered::NotAccepted));
}

fn the_declared_protocol_is_listed(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let names = |types: Vec<&'static MessageType>| types.into_iter().map(MessageType::name).collect::<Vec<_>>();
    let declared = [Number::NAME, Double::NAME, HowMany::NAME, Fail::NAME, Panic::NAME, Order::NAME];
    assert_eq!(names(ActorSystem::protocol_of::<Puppet>()), declared);
    assert_eq!(scene.system.accepted_by(puppet).map(names), Some(declared.to_vec()));
    assert!(ActorSystem::protocol_of::<Puppet>().iter().all(|kind| kind.is_serialisable()));
    scene.system.exit(puppet);
    scene.wait_for_end(puppet);
    assert!(scene.system.accepted_by(puppet).is_none());
}

/// Cannot be serialised: it does not derive serde's traits.
#[derive(Debug, Message)]
#[message(reply = u32)]
struct Local(u32);

#[derive(Debug, Message, Serialize, Deserialize)]
#[message(reply = LocalReply)]
struct GiveLocal;

#[derive(Debug, PartialEq, Eq)]
struct LocalReply(u32);

struct Neighbour;

impl Actor for Neighbour {
    type Protocol = (Local, GiveLocal);
}

impl Handler<Local> for Neighbour {
    fn receive(&mut self, Local(number): &mut Local, _: &mut Context<Self>) -> Outcome<u32> {
        Ok(*number)
    }
}

impl Handler<GiveLocal> for Neighbour {
    fn receive(&mut self, _: &mut GiveLocal, _: &mut Context<Self>) -> Outcome<LocalReply> {
        Ok(LocalReply(4))
    }
}

fn a_type_that_cannot_be_serialised_is_found_by_the_switch(base: Base) {
    let scene = Scene::with(base, |builder| builder.serialize_messages(true));
    let neighbour = scene.system.spawn(|| Neighbour).unwrap();
    scene.probe.tell(neighbour, Local(1));
    let poison = scene.probe.expect_poison();
    assert_eq!(poison.message.get::<Local>().map(|local| local.0), Some(1), "the message comes back whole");
    assert!(poison.details.contains("cannot be serialised"), "{}", poison.details);
    let error = scene.system.ask(neighbour, Local(2)).wait().unwrap_err();
    assert!(matches!(&error, AskError::Codec(_)), "{error:?}");
    assert!(error.to_string().contains(Local::NAME), "{error}");
    scene.system.tell(neighbour, Local(3)).unwrap();
    scene.dead_letters(1);
}

fn a_reply_that_cannot_be_serialised_is_found_by_the_switch(base: Base) {
    let scene = Scene::with(base, |builder| builder.serialize_messages(true));
    let neighbour = scene.system.spawn(|| Neighbour).unwrap();
    let error = scene.system.ask(neighbour, GiveLocal).wait_timeout(PATIENCE).unwrap_err();
    assert!(matches!(&error, AskError::Codec(_)), "{error:?}");
}

/// Counts how often it is encoded or decoded.
#[derive(Message)]
#[message(reply = u32)]
struct Counted(Arc<AtomicU32>);

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::new(AtomicU32::new(1000))))
    }
}

struct Counter;

impl Actor for Counter {
    type Protocol = (Counted, Local);
}

impl Handler<Counted> for Counter {
    fn receive(&mut self, counted: &mut Counted, _: &mut Context<Self>) -> Outcome<u32> {
        Ok(counted.0.load(Ordering::Relaxed))
    }
}

impl Handler<Local> for Counter {
    fn receive(&mut self, Local(number): &mut Local, _: &mut Context<Self>) -> Outcome<u32> {
        Ok(*number)
    }
}

fn a_local_message_is_moved_and_never_serialised(base: Base) {
    let scene = Scene::new(base);
    let counter = scene.system.spawn(|| Counter).unwrap();
    assert_eq!(scene.system.ask(counter, Counted(Arc::default())).wait(), Ok(0));
    assert_eq!(scene.system.ask(counter, Local(9)).wait(), Ok(9), "a type that serde does not know travels too");
    let neighbour = scene.system.spawn(|| Neighbour).unwrap();
    assert_eq!(scene.system.ask(neighbour, GiveLocal).wait(), Ok(LocalReply(4)));
    assert_eq!(describe(&Payload::new(Number(1))), "Number(1)");
}
