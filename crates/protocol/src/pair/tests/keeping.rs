//! What becomes of frames while the peer is away, and when it was started anew.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;

use super::{Two, id, limits, long};
use crate::pair::{Config, Effect, FRAGMENT, Limits, Loss, Pair};

const KEEP: Duration = Duration::from_secs(30);

fn restart(two: &mut Two, at: usize, me: u32, life: u32) {
    let (life, limits) = (NonZeroU32::new(life).unwrap(), Limits::default());
    two.pairs[at] = Pair::new(&Config { me, life, limits });
}

#[test]
fn what_was_not_acknowledged_goes_again_over_the_next_link() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "lost with the link");
    two.unlink();
    two.send(0, "said while away");
    two.pass(Duration::from_secs(29));
    assert_eq!(two.lost[0], []);
    two.link();
    assert_eq!(two.delivered[1], ["lost with the link", "said while away"]);
}

#[test]
fn what_arrived_before_the_link_broke_does_not_arrive_again() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "arrives");
    while two.carry_one(1) {}
    two.unlink();
    two.link();
    assert_eq!(two.delivered[1], ["arrives"]);
    assert_eq!(two.pairs[0].status().held_frames, 0);
}

#[test]
fn a_long_frame_goes_on_where_the_link_broke() {
    let mut two = Two::linked(Limits::default());
    let frame = long(5 * FRAGMENT + 1, 3);
    two.send(0, frame.clone());
    for _ in 0..3 {
        two.carry_one(1);
    }
    two.unlink();
    two.play(0, |pair, now, out| pair.linked(now, 2, out));
    two.play(1, |pair, now, out| pair.linked(now, 1, out));
    two.carry_one(0);
    assert_eq!(two.under_way[1].iter().filter(|record| record[0] == 3).count(), 3, "the rest of it");
    two.carry();
    assert_eq!(two.delivered[1], [frame]);
}

#[test]
fn a_frame_waits_its_time_for_a_peer_that_is_away() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "sent");
    two.unlink();
    two.pass(Duration::from_secs(10));
    two.send(0, "ten seconds later");
    assert_eq!(two.pairs[0].next_deadline(), Some(two.now.plus(Duration::from_secs(20))));
    two.pass(Duration::from_secs(20));
    assert_eq!(two.lost[0], [("sent".into(), Loss::Unknown)]);
    two.pass(Duration::from_secs(10));
    assert_eq!(two.lost[0][1..], [("ten seconds later".into(), Loss::Expired)]);
    assert!(two.pairs[0].next_deadline().is_none());
    // What was given up leaves a hole that nobody waits for.
    two.send(0, "heard");
    two.link();
    assert_eq!(two.delivered[1], ["heard"]);
}

#[test]
fn a_frame_of_which_a_part_went_out_was_not_delivered() {
    let mut two = Two::linked(limits(|limits| limits.window.bytes = 150_000));
    two.send(0, long(1_000_000, 1));
    while two.carry_one(1) {}
    two.unlink();
    two.pass(KEEP);
    assert_eq!(two.lost[0][0].1, Loss::Expired);
    // Its beginning is no obstacle for the next.
    two.link();
    two.send(0, "short");
    two.carry();
    assert_eq!(two.delivered[1], ["short"]);
}

#[test]
fn a_peer_that_was_given_up_can_come_back() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "in flight");
    two.unlink();
    two.send(0, "waiting");
    two.play(0, Pair::gone);
    assert_eq!(two.lost[0], [("in flight".into(), Loss::Unknown), ("waiting".into(), Loss::NeverSent)]);
    assert!(two.pairs[0].next_deadline().is_none());
    two.link();
    two.send(0, "again");
    two.carry();
    assert_eq!(two.delivered[1], ["again"]);
}

#[test]
fn another_incarnation_gets_nothing_that_was_for_the_one_before() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "in flight");
    two.unlink();
    two.send(0, "waiting");
    restart(&mut two, 1, 7, 1);
    two.play(0, |pair, now, out| pair.linked(now, 7, out));
    two.play(1, |pair, now, out| pair.linked(now, 1, out));
    two.carry();
    assert_eq!(two.lost[0], [("in flight".into(), Loss::Unknown), ("waiting".into(), Loss::NeverSent)]);
    two.send(0, "for the new one");
    two.send(1, "from the new one");
    two.carry();
    assert_eq!(two.delivered, [vec![Bytes::from("from the new one")], vec![Bytes::from("for the new one")]]);
}

#[test]
fn a_record_for_a_dead_incarnation_is_passed_over() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "for the old one");
    let late = two.under_way[1].clone();
    two.unlink();
    restart(&mut two, 1, 7, 1);
    two.play(0, |pair, now, out| pair.linked(now, 7, out));
    two.play(1, |pair, now, out| pair.linked(now, 1, out));
    two.carry();
    two.under_way[1] = late;
    two.carry();
    assert_eq!(two.delivered[1], Vec::<Bytes>::new());
    assert_eq!(two.pairs[1].status().strays, 1);
}

/// A pair that was thrown away while its peer kept its own.
#[test]
fn a_pair_that_was_made_again_does_not_take_anything_twice() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "taken by the former pair");
    while two.carry_one(1) {}
    two.unlink();
    two.send(0, "waiting");
    restart(&mut two, 1, 2, 2);
    two.link();
    assert_eq!(two.lost[0], [("taken by the former pair".into(), Loss::Unknown)]);
    assert_eq!(
        two.delivered[1],
        ["taken by the former pair", "waiting"],
        "once each: the second pair took one of them"
    );
    two.send(1, "and back");
    two.carry();
    assert_eq!(two.delivered[0], ["and back"]);
}

#[test]
fn a_late_hello_of_a_pair_that_is_gone_changes_nothing() {
    let mut two = Two::new(Limits::default());
    two.play(1, |pair, now, out| pair.linked(now, 1, out));
    let late = two.under_way[0].clone();
    restart(&mut two, 1, 2, 2);
    two.under_way = Default::default();
    two.link();
    two.send(0, "in flight");
    let in_flight = std::mem::take(&mut two.under_way[1]);
    two.under_way[0] = late;
    two.carry();
    assert_eq!(two.pairs[0].status().strays, 1);
    two.under_way[1] = in_flight;
    two.carry();
    assert_eq!((&two.delivered[1][..], &two.lost[0][..]), (&[Bytes::from("in flight")][..], &[][..]));
}

#[test]
fn two_incarnations_that_take_turns_get_what_is_theirs() {
    let mut two = Two::linked(Limits::default());
    let mut other = Pair::new(&Config { me: 7, life: NonZeroU32::MIN, limits: Limits::default() });
    for round in 0..6_u8 {
        for number in 0..=round {
            two.send(0, vec![round, number]);
        }
        two.carry();
        two.unlink();
        std::mem::swap(&mut two.pairs[1], &mut other);
        let peer = if round % 2 == 0 { 7 } else { 2 };
        two.play(0, |pair, now, out| pair.linked(now, peer, out));
        two.play(1, |pair, now, out| pair.linked(now, 1, out));
        two.carry();
    }
    let expected: Vec<Bytes> =
        (0..6_u8).flat_map(|round| (0..=round).map(move |number| vec![round, number].into())).collect();
    assert_eq!(two.delivered[1], expected);
}

fn send_durable(two: &mut Two, number: u128, frame: &'static str) {
    two.play(0, |pair, now, out| {
        pair.send_durable(now, id(number), frame.into(), out).unwrap();
        pair.flush(now, out);
    });
}

fn settle(two: &mut Two, number: u128) {
    two.play(1, |pair, now, out| {
        pair.settle(id(number), out);
        pair.flush(now, out);
    });
    two.carry();
}

#[test]
fn a_durable_frame_is_kept_until_it_is_settled() {
    let mut two = Two::linked(Limits::default());
    send_durable(&mut two, 5, "durable");
    two.carry();
    let frame = Bytes::from("durable");
    assert_eq!(two.others[0], [Effect::Keep { id: id(5), frame: frame.clone() }]);
    assert_eq!(two.others[1], [Effect::DeliverDurable { id: id(5), frame }]);
    two.pass(Duration::from_millis(10));
    two.carry();
    assert_eq!(two.pairs[0].status().held_frames, 1);
    assert!(two.is_quiet(), "there is nothing to do until then");
    settle(&mut two, 5);
    assert_eq!(two.others[1][1..], [Effect::Remember { id: id(5) }]);
    assert_eq!(two.others[0][1..], [Effect::Forget { id: id(5) }]);
    assert_eq!(two.pairs[0].status().held_frames, 0);
}

#[test]
fn a_durable_frame_survives_another_incarnation_of_its_receiver_and_is_known_if_it_was_settled() {
    let mut two = Two::linked(Limits::default());
    for number in 1..=3 {
        send_durable(&mut two, number, "durable");
    }
    two.send(0, "not durable");
    two.carry();
    // Word of it does not get through.
    two.play(1, |pair, _, out| pair.settle(id(2), out));
    two.unlink();
    two.others = Default::default();
    restart(&mut two, 1, 7, 1);
    let now = two.now;
    two.pairs[1].restore(now, Vec::new(), &[id(2)]);
    two.play(0, |pair, now, out| pair.linked(now, 7, out));
    two.play(1, |pair, now, out| pair.linked(now, 1, out));
    two.carry();
    let deliver = |number| Effect::DeliverDurable { id: id(number), frame: "durable".into() };
    assert_eq!(two.others[1], [deliver(1), deliver(3)]);
    two.play(1, Pair::flush);
    two.carry();
    assert_eq!(two.others[0], [Effect::Forget { id: id(2) }]);
    assert_eq!(two.lost[0], [("not durable".into(), Loss::Unknown)]);
}

#[test]
fn a_durable_frame_survives_its_sender() {
    let mut two = Two::linked(Limits::default());
    restart(&mut two, 0, 9, 1);
    let now = two.now;
    two.pairs[0].restore(now, vec![(id(4), "kept".into()), (id(6), "kept too".into())], &[]);
    two.unlink();
    two.play(0, |pair, now, out| pair.linked(now, 2, out));
    two.play(1, |pair, now, out| pair.linked(now, 9, out));
    two.carry();
    let deliver = |number, frame: &'static str| Effect::DeliverDurable { id: id(number), frame: frame.into() };
    assert_eq!(two.others[1], [deliver(4, "kept"), deliver(6, "kept too")]);
}

#[test]
fn a_durable_frame_is_given_up_in_the_end() {
    let mut two = Two::linked(limits(|limits| limits.keep_durable_for = Duration::from_secs(100)));
    send_durable(&mut two, 1, "sent");
    two.unlink();
    send_durable(&mut two, 2, "never sent");
    two.play(0, Pair::gone);
    assert_eq!(two.lost[0], []);
    two.others = Default::default();
    two.pass(Duration::from_secs(99));
    assert_eq!(two.lost[0], []);
    two.pass(Duration::from_secs(1));
    assert_eq!(two.lost[0], [("sent".into(), Loss::Unknown), ("never sent".into(), Loss::Expired)]);
    assert_eq!(two.others[0], [Effect::Forget { id: id(1) }, Effect::Forget { id: id(2) }]);
}

#[test]
fn the_memory_of_ids_is_bounded() {
    let mut two = Two::linked(limits(|limits| limits.remembered = 10));
    for number in 1..=100 {
        send_durable(&mut two, number, "durable");
        two.carry();
        settle(&mut two, number);
    }
    assert_eq!(two.pairs[1].status().remembered, 10);
    send_durable(&mut two, 100, "known");
    send_durable(&mut two, 1, "forgotten");
    two.others[1].clear();
    two.carry();
    assert_eq!(two.others[1], [Effect::DeliverDurable { id: id(1), frame: "forgotten".into() }]);
}
