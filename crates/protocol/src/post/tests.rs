//! Durable messages, by promise.

mod parcels;
mod simulation;

use std::time::Duration;

use bytes::Bytes;

use super::record::{Record, Records};
use super::{Destination, Effect, Id, Limits, Outcome, Post, Refused, Why};
use crate::address::{Address, NodeId};
use crate::frame::{self, DEFAULT_LIMIT, Frame, Header, Payload};
use crate::time::Time;

const LEADER: u32 = 1;
const MEMBER: u32 = 2;

fn id(number: u128) -> Id {
    Id::new(number).unwrap()
}

fn at(milliseconds: u64) -> Time {
    Time::ZERO.plus(Duration::from_millis(milliseconds))
}

fn actor(system: u32, process: u32) -> Address {
    Address::new(NodeId::of_process(system, process), 0, 1, 0)
}

fn message(text: &str) -> Frame {
    let (from, to) = (actor(7, 20), actor(7, 0));
    let mut bytes = Vec::new();
    frame::encode(&Header::new(from, to), &Payload::Str(text), DEFAULT_LIMIT, &mut bytes).unwrap();
    Frame::new(bytes.into(), DEFAULT_LIMIT).unwrap()
}

fn text(frame: &Bytes) -> String {
    let frame = Frame::new(frame.clone(), DEFAULT_LIMIT).unwrap();
    let Payload::Str(text) = frame.payload().unwrap() else { panic!("a text was sent") };
    text.to_owned()
}

fn to(system: &str, name: &str) -> Destination {
    Destination::new(system, name).unwrap()
}

/// One post, and what it wants done.
struct Scene {
    post: Post,
    out: Vec<Effect>,
    sent: u128,
}

impl Scene {
    fn of(me: &str, limits: Limits) -> Self {
        Self { post: Post::new(me, limits), out: Vec::new(), sent: 0 }
    }

    /// An actor here sends a text, which is accepted.
    fn send(&mut self, now: Time, destination: &Destination, what: &str) -> Id {
        let number = self.post.open(destination.clone()).unwrap();
        let parcel = self.post.pack(now, number, &message(what)).unwrap();
        self.sent += 1;
        self.post.accept(now, id(self.sent), parcel, &mut self.out);
        id(self.sent)
    }

    fn done(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.out)
    }

    /// The texts that are sent on, with the systems.
    fn sends(&mut self) -> Vec<(u32, String)> {
        let limit = DEFAULT_LIMIT;
        let sent = |effect| match effect {
            Effect::Send { system, parcel, .. } => {
                Some((system, text(&super::Parcel::read(parcel, limit).unwrap().frame)))
            }
            _ => None,
        };
        self.done().into_iter().filter_map(sent).collect()
    }

    /// The text that is given to an actor, and the number of the try.
    fn given(&mut self) -> Option<(u64, String)> {
        self.done().into_iter().find_map(|effect| match effect {
            Effect::Give { delivery, frame, .. } => Some((delivery, text(&frame))),
            _ => None,
        })
    }

    fn receipt(&mut self, now: Time, delivery: u64, outcome: Outcome) {
        self.post.receipt(now, delivery, outcome, &mut self.out);
    }
}

#[test]
fn what_is_for_a_system_that_is_away_is_sent_in_order_when_it_is_there() {
    let mut scene = Scene::of("a", Limits::default());
    let b = to("b", "store");
    for text in ["one", "two", "three"] {
        scene.send(at(0), &b, text);
    }
    assert_eq!(scene.sends(), []);
    scene.post.met(at(1), MEMBER, "b", &mut scene.out);
    let expected = ["one", "two", "three"].map(|text| (MEMBER, text.to_owned()));
    assert_eq!(scene.sends(), expected);
    // It was lost before it settled any: all go again.
    scene.post.gone(at(2), MEMBER, &mut scene.out);
    scene.post.met(at(3), MEMBER, "b", &mut scene.out);
    assert_eq!(scene.sends(), expected);
    for number in 1..=3 {
        scene.post.settled(at(4), id(number), &mut scene.out);
        assert_eq!(scene.done(), [Effect::Discard { id: id(number) }]);
    }
    assert_eq!((scene.post.status().kept, scene.post.next_deadline()), (0, None));
}

#[test]
fn without_a_way_of_its_own_it_goes_by_the_leader() {
    let mut scene = Scene::of("a", Limits::default());
    scene.send(at(0), &to("c", "store"), "one");
    scene.post.led_by(at(1), Some(LEADER), &mut scene.out);
    assert_eq!(scene.sends(), [], "there is no link with the leader yet");
    scene.post.met(at(1), LEADER, "l", &mut scene.out);
    assert_eq!(scene.sends(), [(LEADER, "one".to_owned())]);
    // A way of its own is better.
    scene.post.met(at(2), MEMBER, "c", &mut scene.out);
    assert_eq!(scene.sends(), [(MEMBER, "one".to_owned())]);
}

#[test]
fn so_many_are_under_way_to_one_destination_and_others_need_not_wait() {
    let mut scene = Scene::of("a", Limits::default());
    scene.post.met(at(0), MEMBER, "b", &mut scene.out);
    for number in 0..300 {
        scene.send(at(0), &to("b", "slow"), &number.to_string());
    }
    assert_eq!(scene.sends().len(), super::UNDER_WAY);
    scene.send(at(0), &to("b", "quick"), "at once");
    assert_eq!(scene.sends(), [(MEMBER, "at once".to_owned())]);
    scene.post.settled(at(1), id(1), &mut scene.out);
    assert_eq!(scene.sends(), [(MEMBER, "256".to_owned())]);
    // In bytes as well, but one always goes.
    let long = "x".repeat(super::UNDER_WAY_BYTES);
    for _ in 0..2 {
        scene.send(at(2), &to("b", "large"), &long);
    }
    assert_eq!(scene.sends().len(), 1);
}

#[test]
fn a_link_without_room_is_tried_again() {
    let mut scene = Scene::of("a", Limits::default());
    scene.post.met(at(0), MEMBER, "b", &mut scene.out);
    let b = to("b", "store");
    let ids = ["one", "two", "three"].map(|text| scene.send(at(0), &b, text));
    scene.done();
    scene.post.refused(at(0), ids[2]);
    scene.post.refused(at(0), ids[1]);
    assert_eq!(scene.post.next_deadline(), Some(at(1000)));
    scene.post.due(at(1000), &mut scene.out);
    assert_eq!(scene.sends(), ["two", "three"].map(|text| (MEMBER, text.to_owned())));
}

#[test]
fn what_waits_too_long_expires_with_a_notice() {
    let limits = Limits { keep_for: Duration::from_secs(1), ..Limits::default() };
    let mut scene = Scene::of("a", limits);
    let (never, sent) = (scene.send(at(0), &to("b", "store"), "never"), scene.send(at(0), &to("c", "store"), "sent"));
    scene.post.met(at(1), MEMBER, "c", &mut scene.out);
    scene.done();
    assert_eq!(scene.post.next_deadline(), Some(at(1000)));
    scene.post.due(at(999), &mut scene.out);
    assert_eq!(scene.done(), []);
    scene.post.due(at(1000), &mut scene.out);
    let lost = |text, why| Effect::Lost { frame: message(text).as_bytes().clone(), why };
    assert_eq!(
        scene.done(),
        [
            Effect::Discard { id: never },
            lost("never", Why::Expired),
            Effect::Discard { id: sent },
            lost("sent", Why::Unknown)
        ]
    );
    assert_eq!(scene.post.status(), super::Status::default());
}

#[test]
fn what_has_no_room_is_refused() {
    let length = message("12345").as_bytes().len();
    let mut scene = Scene::of("a", Limits { bytes: 2 * length, ..Limits::default() });
    let b = to("b", "store");
    let first = scene.send(at(0), &b, "12345");
    scene.send(at(0), &b, "12345");
    let number = scene.post.open(b).unwrap();
    let pack = |scene: &Scene, text: &str| scene.post.pack(at(0), number, &message(text));
    assert_eq!(pack(&scene, "1").unwrap_err(), Refused::Full { messages: 2, bytes: 2 * length, limit: 2 * length });
    let long = "x".repeat(3 * length);
    assert!(matches!(pack(&scene, &long), Err(Refused::TooLong { .. })));
    scene.post.settled(at(1), first, &mut scene.out);
    pack(&scene, "12345").unwrap();
    scene.post.limits.messages = 1;
    assert!(matches!(pack(&scene, ""), Err(Refused::Full { messages: 1, .. })));
    assert_eq!(scene.post.pack(at(0), 77, &message("x")).unwrap_err(), Refused::Nobody);
}

#[test]
fn an_actor_gets_one_at_a_time_and_each_once() {
    let mut here = Scene::of("b", Limits::default());
    let mut there = Scene::of("a", Limits::default());
    for text in ["one", "two"] {
        there.send(at(0), &to("b", "store"), text);
    }
    there.post.met(at(0), MEMBER, "b", &mut there.out);
    let parcels = there.done();
    let arrive = |here: &mut Scene, from| {
        for effect in &parcels {
            if let Effect::Send { id, parcel, .. } = effect {
                here.post.arrived(at(0), from, *id, parcel.clone(), &mut here.out).unwrap();
            }
        }
    };
    arrive(&mut here, 5);
    assert_eq!(here.given(), None, "nobody has the name yet");
    here.post.named(at(1), "store", actor(9, 20), &mut here.out);
    let (delivery, text) = here.given().unwrap();
    assert_eq!(text, "one");
    // The same again, by another way.
    arrive(&mut here, 6);
    assert_eq!(here.done(), []);
    here.receipt(at(2), delivery, Outcome::Handled);
    let settled = |number, system| Effect::Settle { system, id: id(number) };
    let done = here.done();
    assert_eq!(done[..3], [Effect::Remember { id: id(1) }, settled(1, 5), settled(1, 6)]);
    assert!(matches!(&done[3], Effect::Give { frame, .. } if *frame == *message("two").as_bytes()));
    // What was said before counts no more.
    here.receipt(at(2), delivery, Outcome::Handled);
    assert_eq!(here.done(), []);
    // After it was settled, as often as you like.
    here.receipt(at(3), delivery + 1, Outcome::Handled);
    here.done();
    arrive(&mut here, 7);
    assert_eq!(here.done(), [settled(1, 7), settled(2, 7)]);
    // And after a restart.
    let mut again = Scene::of("b", Limits::default());
    for record in here.post.records() {
        let Record::Settled(id) = record else { panic!("nothing is kept") };
        again.post.restore_settled(id);
    }
    arrive(&mut again, 8);
    assert_eq!(again.done(), [settled(1, 8), settled(2, 8)]);
}

#[test]
fn a_handler_that_fails_gets_it_again_so_often_and_the_next_waits() {
    let mut scene = Scene::of("a", Limits::default());
    let own = to("a", "store");
    scene.post.named(at(0), "store", actor(9, 20), &mut scene.out);
    let first = scene.send(at(0), &own, "one");
    scene.send(at(0), &own, "two");
    let mut now = at(0);
    for wait in [100, 500, 2500] {
        let (delivery, text) = scene.given().unwrap();
        assert_eq!(text, "one");
        scene.receipt(now, delivery, Outcome::Failed("out of paper".into()));
        now = now.plus(Duration::from_millis(wait));
        assert_eq!((scene.done(), scene.post.next_deadline()), (vec![], Some(now)));
        scene.post.due(now, &mut scene.out);
    }
    let (delivery, _) = scene.given().unwrap();
    scene.receipt(now, delivery, Outcome::Failed("out of paper".into()));
    let done = scene.done();
    let why = Why::Failed { times: 4, details: "out of paper".into() };
    assert_eq!(done[0], Effect::Lost { frame: message("one").as_bytes().clone(), why });
    assert_eq!(done[1], Effect::Discard { id: first });
    assert!(matches!(&done[2], Effect::Give { frame, .. } if *frame == *message("two").as_bytes()));
}

#[test]
fn an_actor_that_ends_with_a_message_has_failed_and_one_that_was_not_reached_has_not() {
    let mut scene = Scene::of("a", Limits::default());
    let holder = actor(9, 20);
    scene.post.named(at(0), "store", holder, &mut scene.out);
    scene.send(at(0), &to("a", "store"), "one");
    let mut now = at(0);
    // As often as you like.
    for _ in 0..10 {
        let (delivery, _) = scene.given().unwrap();
        scene.receipt(now, delivery, Outcome::NotReached);
        now = scene.post.next_deadline().unwrap();
        scene.post.due(now, &mut scene.out);
    }
    for lost in 1..=4 {
        assert!(scene.given().is_some(), "{lost}");
        if lost % 2 == 0 {
            scene.post.process_lost(now, holder.node(), &mut scene.out);
        } else {
            scene.post.unnamed(now, holder, &mut scene.out);
            scene.post.named(now, "store", holder, &mut scene.out);
        }
        if lost < 4 {
            now = scene.post.next_deadline().unwrap();
            scene.post.due(now, &mut scene.out);
        }
    }
    assert!(matches!(&scene.done()[0], Effect::Lost { why: Why::Failed { times: 4, .. }, .. }));
}

#[test]
fn what_an_actor_does_not_take_is_not_given_again() {
    let mut scene = Scene::of("a", Limits::default());
    scene.post.named(at(0), "store", actor(9, 20), &mut scene.out);
    scene.send(at(0), &to("a", "store"), "one");
    let (delivery, _) = scene.given().unwrap();
    scene.receipt(at(0), delivery, Outcome::NotAccepted("no such class".into()));
    assert!(matches!(&scene.done()[..], [Effect::Lost { why: Why::NotAccepted { .. }, .. }, Effect::Discard { .. }]));
}

#[test]
fn what_was_kept_is_sent_after_a_restart_in_the_same_order() {
    let mut scene = Scene::of("a", Limits::default());
    let b = to("b", "store");
    for text in ["one", "two", "three"] {
        scene.send(at(0), &b, text);
    }
    scene.post.settled(at(0), id(1), &mut scene.out);
    let mut bytes = Vec::new();
    scene.post.records().for_each(|record| record.write(&mut bytes));
    let mut again = Scene::of("a", Limits::default());
    for record in Records::new(bytes.into()) {
        let Record::Kept(id, parcel) = record else { panic!("nothing was settled here") };
        again.post.restore_kept(id, parcel).unwrap();
    }
    again.post.met(at(5), MEMBER, "b", &mut again.out);
    assert_eq!(again.sends(), ["two", "three"].map(|text| (MEMBER, text.to_owned())));
}

#[test]
fn nothing_is_taken_of_others_beyond_the_bound_or_after_its_time() {
    let mut there = Scene::of("a", Limits { keep_for: Duration::from_secs(1), ..Limits::default() });
    there.post.met(at(0), MEMBER, "b", &mut there.out);
    there.send(at(0), &to("b", "store"), "one");
    there.send(at(0), &to("b", "store"), "two");
    let parcels: Vec<_> = there.done();
    let length = message("one").as_bytes().len();
    for (now, taken) in [(at(0), 1), (at(1000), 0)] {
        let mut here = Scene::of("b", Limits { bytes: length, ..Limits::default() });
        for effect in &parcels {
            let Effect::Send { id, parcel, .. } = effect else { panic!("they were sent") };
            here.post.arrived(now, 5, *id, parcel.clone(), &mut here.out).unwrap();
        }
        assert_eq!((here.post.status().taken, here.done()), (taken, vec![]));
    }
}
