//! Frames that go from one to the other.

use std::time::Duration;

use bytes::Bytes;

use super::{Two, WINDOW, limits, long};
use crate::pair::{Effect, FRAGMENT, LONGEST_RECORD, Limits, Loss, Pair, Refused, Room};

#[test]
fn frames_arrive_in_order_both_ways_and_then_all_is_quiet() {
    let mut two = Two::linked(Limits::default());
    for number in 0..100_u8 {
        two.send(usize::from(number % 2), vec![number]);
    }
    two.carry();
    let got = |two: &Two, at: usize| two.delivered[at].iter().map(|frame| frame[0]).collect::<Vec<_>>();
    assert_eq!(got(&two, 1), (0..100).step_by(2).collect::<Vec<_>>());
    assert_eq!(got(&two, 0), (1..100).step_by(2).collect::<Vec<_>>());
    two.pass(Duration::from_millis(10));
    two.carry();
    assert!(two.is_quiet());
    assert_eq!(two.pairs[0].status().held_frames, 0);
}

#[test]
fn nothing_is_sent_before_both_have_greeted() {
    let mut two = Two::new(Limits::default());
    two.pairs[0].send(two.now, Bytes::from_static(b"early")).unwrap();
    two.play(0, Pair::flush);
    assert_eq!(two.under_way[1], Vec::<Bytes>::new());
    two.link();
    assert_eq!(two.delivered[1], ["early"]);
}

#[test]
fn many_short_frames_share_a_record() {
    let mut two = Two::linked(Limits::default());
    for number in 0..1000_u16 {
        two.pairs[0].send(two.now, number.to_le_bytes().to_vec().into()).unwrap();
    }
    two.play(0, Pair::flush);
    assert_eq!(two.under_way[1].len(), 1);
    two.carry();
    assert_eq!(two.delivered[1].len(), 1000);
    assert_eq!(two.delivered[1][999][..], 999_u16.to_le_bytes());
}

#[test]
fn frames_of_all_lengths_arrive_whole_and_no_record_is_too_long() {
    let mut two = Two::linked(Limits::default());
    let lengths = [0, 1, 4095, 4096, 4097, FRAGMENT - 1, FRAGMENT, FRAGMENT + 1, 2 * FRAGMENT, 1_000_003];
    let frames: Vec<Bytes> = lengths.iter().map(|&length| long(length, length as u8)).collect();
    for frame in &frames {
        two.pairs[0].send(two.now, frame.clone()).unwrap();
    }
    two.play(0, Pair::flush);
    assert!(two.under_way[1].iter().all(|record| record.len() <= LONGEST_RECORD));
    two.carry();
    assert_eq!(two.delivered[1], frames);
}

#[test]
fn a_long_frame_is_sent_without_a_copy() {
    let mut two = Two::linked(Limits::default());
    let frame = long(FRAGMENT * 3, 1);
    two.pairs[0].send(two.now, frame.clone()).unwrap();
    let mut out = Vec::new();
    two.pairs[0].flush(two.now, &mut out);
    let bodies = out.iter().map(|effect| match effect {
        Effect::Transmit { body, .. } => body.as_ptr(),
        other => panic!("{other:?}"),
    });
    let expected: Vec<_> = (0..3).map(|at| frame[at * FRAGMENT..].as_ptr()).collect();
    assert_eq!(bodies.collect::<Vec<_>>(), expected);
}

#[test]
fn acknowledgements_are_few() {
    let mut two = Two::linked(Limits::default());
    for number in 0..64_u8 {
        two.send(0, vec![number]);
    }
    while two.carry_one(1) {}
    assert_eq!(two.under_way[0], Vec::<Bytes>::new(), "there is no hurry");
    let due = two.pairs[1].next_deadline().unwrap();
    two.pass(due.since(two.now));
    assert_eq!(two.under_way[0].len(), 1);
    two.carry();
    assert!(two.is_quiet());
}

#[test]
fn an_answer_takes_the_acknowledgement_along() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "ask");
    while two.carry_one(1) {}
    two.send(1, "answer");
    while two.carry_one(0) {}
    assert_eq!(two.pairs[0].status().held_frames, 0);
    assert!(two.pairs[1].next_deadline().is_some_and(|at| at > two.now), "its own answer is not acknowledged");
}

#[test]
fn a_paused_receiver_stops_the_sender_at_the_window_and_goes_on_where_it_was() {
    let mut two = Two::linked(limits(|limits| limits.window = WINDOW));
    two.pairs[1].pause();
    for number in 0..50_u8 {
        two.send(0, vec![number]);
        two.carry();
    }
    assert_eq!(two.delivered[1].len(), WINDOW.pieces as usize);
    // It asks from time to time, and that is all.
    for _ in 0..20 {
        two.pass(Duration::from_secs(1));
        assert!(two.under_way[1].len() <= 1);
        two.carry();
    }
    assert_eq!(two.delivered[1].len(), WINDOW.pieces as usize);
    two.play(1, |pair, _, out| pair.resume(out));
    two.carry();
    assert_eq!(two.delivered[1].len(), 50);
}

#[test]
fn bytes_are_bounded_as_pieces_are() {
    let mut two = Two::linked(limits(|limits| limits.window = WINDOW));
    two.pairs[1].pause();
    for seed in 0..6 {
        two.send(0, long(60_000, seed));
    }
    two.carry();
    assert_eq!(two.delivered[1].len(), 3);
    two.play(1, |pair, _, out| pair.resume(out));
    two.carry();
    assert_eq!(two.delivered[1].len(), 6);
}

#[test]
fn who_sends_too_much_is_told_and_hears_when_there_is_room() {
    let mut two = Two::linked(limits(|limits| limits.window = WINDOW));
    two.pairs[1].pause();
    let mut room = Vec::new();
    for number in 0..20_u8 {
        room.push(two.pairs[0].send(two.now, vec![number].into()).unwrap());
        two.play(0, Pair::flush);
        two.carry();
    }
    assert_eq!(room[15], Room::Plenty);
    assert_eq!(room[19], Room::Tight);
    assert_eq!(two.others[0], []);
    two.play(1, |pair, _, out| pair.resume(out));
    two.carry();
    assert_eq!(two.others[0], [Effect::Drained]);
}

#[test]
fn a_full_spool_gives_the_frame_back() {
    let mut two = Two::new(limits(|limits| (limits.spool_frames, limits.spool_bytes) = (3, 100)));
    for number in 0..3_u8 {
        assert_eq!(two.pairs[0].send(two.now, vec![number].into()), Ok(Room::Plenty));
    }
    let frame = Bytes::from_static(b"one too many");
    let refused = two.pairs[0].send(two.now, frame.clone()).unwrap_err();
    assert_eq!(refused, Refused::Overflow { frame, frames: 3, bytes: 3 });
    let mut two = Two::new(limits(|limits| limits.spool_bytes = 100));
    two.pairs[0].send(two.now, long(500, 0)).unwrap();
    assert!(matches!(two.pairs[0].send(two.now, long(1, 0)), Err(Refused::Overflow { .. })));
}

#[test]
fn a_frame_over_the_limit_is_refused_by_both_sides() {
    let mut two = Two::linked(Limits::default());
    two.pairs[1] = Two::new(limits(|limits| limits.frame = 100_000)).pairs.into_iter().nth(1).unwrap();
    two.unlink();
    two.link();
    two.send(0, long(100_001, 0));
    let record = two.under_way[1].remove(0);
    let error = two.pairs[1].received(two.now, &record, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "a frame of 100001 bytes is over the limit of 100000");
    let refused = two.pairs[1].send(two.now, long(100_001, 0)).unwrap_err();
    assert_eq!(refused.to_string(), "a frame of 100001 bytes is over the limit of 100000");
}

#[test]
fn what_a_link_swallowed_goes_again() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "swallowed");
    two.under_way[1].clear();
    two.send(0, "arrives first");
    two.carry();
    assert_eq!(two.delivered[1], ["swallowed", "arrives first"], "the gap was seen");
    two.send(0, "swallowed as well");
    two.under_way[1].clear();
    two.pass(Duration::from_secs(1));
    two.carry();
    assert_eq!(two.delivered[1].len(), 3, "it was asked for");
}

#[test]
fn what_comes_twice_is_taken_once() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "once");
    let again = two.under_way[1].clone();
    two.carry();
    two.under_way[1] = again;
    two.carry();
    assert_eq!(two.delivered[1], ["once"]);
}

#[test]
fn a_lost_hello_is_said_again() {
    for lost in 0..2 {
        let mut two = Two::new(Limits::default());
        two.play(0, |pair, now, out| pair.linked(now, 2, out));
        two.play(1, |pair, now, out| pair.linked(now, 1, out));
        two.under_way[lost].clear();
        two.carry();
        two.pass(Duration::from_secs(1));
        two.carry();
        assert!(two.pairs.iter().all(|pair| pair.status().greeted));
        assert!(two.is_quiet());
    }
}

#[test]
fn a_peer_that_is_silent_is_asked_ever_more_seldom() {
    let mut two = Two::linked(Limits::default());
    two.send(0, "hello?");
    let mut asked = 0;
    for _ in 0..60 {
        two.pass(Duration::from_secs(1));
        asked += two.under_way[1].iter().filter(|record| record[0] == 4).count();
        two.under_way[1].clear();
    }
    assert_eq!(asked, 4 + 5, "after 1, 3, 7, 15 seconds, then each 8");
    assert_eq!(two.lost[0], [], "whether it is dead is not decided here");
    two.play(0, Pair::gone);
    assert_eq!(two.lost[0], [(Bytes::from_static(b"hello?"), Loss::Unknown)]);
}

#[test]
fn what_waited_for_a_link_is_there_as_soon_as_both_have_greeted() {
    for first in 0..2 {
        let mut two = Two::new(Limits::default());
        two.send(0, "one");
        two.send(1, "other");
        let peer = |at: usize| if at == 0 { 2 } else { 1 };
        two.play(first, |pair, now, out| pair.linked(now, peer(first), out));
        // The other side is no member yet.
        two.under_way = Default::default();
        two.play(1 - first, |pair, now, out| pair.linked(now, peer(1 - first), out));
        two.carry();
        assert_eq!(two.delivered, [["other"], ["one"]]);
        assert!(two.pairs.iter().all(|pair| pair.status().strays == 0), "nothing was sent in vain");
    }
}
