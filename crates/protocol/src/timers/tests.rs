use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn at(milliseconds: u64) -> Time {
    Time::ZERO.plus(Duration::from_millis(milliseconds))
}

fn due<T>(queue: &mut TimerQueue<T>, now: Time) -> Vec<T> {
    std::iter::from_fn(|| queue.pop_due(now)).map(|(_, _, value)| value).collect()
}

#[test]
fn an_empty_queue_has_no_deadline() {
    let mut queue = TimerQueue::<()>::default();
    assert!(queue.is_empty());
    assert_eq!(queue.len(), 0);
    assert_eq!(queue.next_deadline(), None);
    assert_eq!(queue.pop_due(Time::MAX), None);
    assert_eq!(queue.iter().next(), None);
}

#[test]
fn values_come_due_by_deadline_and_then_by_scheduling() {
    let mut queue = TimerQueue::new();
    for (deadline, value) in [(20, "c"), (10, "a"), (20, "d"), (10, "b"), (5, "first")] {
        queue.schedule(at(deadline), value);
    }
    assert_eq!(queue.next_deadline(), Some(at(5)));
    assert_eq!(queue.iter().map(|(.., value)| *value).collect::<Vec<_>>(), ["first", "a", "b", "c", "d"]);
    assert_eq!(due(&mut queue, at(10)), ["first", "a", "b"]);
    assert_eq!(due(&mut queue, at(19)), [] as [&str; 0]);
    assert_eq!(due(&mut queue, at(30)), ["c", "d"]);
    assert!(queue.is_empty());
}

#[test]
fn a_value_is_due_exactly_at_its_deadline() {
    let mut queue = TimerQueue::new();
    let key = queue.schedule(at(10), 'x');
    assert_eq!(queue.pop_due(Time::from_nanos(at(10).as_nanos() - 1)), None);
    assert_eq!(queue.pop_due(at(10)), Some((key, at(10), 'x')));
}

#[test]
fn a_late_look_still_tells_the_deadline() {
    let mut queue = TimerQueue::new();
    let key = queue.schedule(at(10), 'x');
    assert_eq!(queue.pop_due(at(1000)), Some((key, at(10), 'x')));
}

#[test]
fn a_cancelled_value_never_comes_due() {
    let mut queue = TimerQueue::new();
    let early = queue.schedule(at(10), "early");
    let late = queue.schedule(at(20), "late");
    assert_eq!(queue.cancel(early), Some("early"));
    assert_eq!(queue.cancel(early), None);
    assert_eq!(queue.next_deadline(), Some(at(20)));
    assert_eq!(queue.pop_due(at(20)).map(|(key, ..)| key), Some(late));
    assert_eq!(queue.cancel(late), None);
}

#[test]
fn an_old_key_does_not_reach_a_new_value() {
    let mut queue = TimerQueue::new();
    let old = queue.schedule(at(10), 1);
    queue.cancel(old);
    let new = queue.schedule(at(10), 2);
    assert_ne!(old, new);
    assert_eq!(queue.cancel(old), None);
    assert_eq!(queue.cancel(new), Some(2));
}

#[test]
fn a_value_scheduled_while_others_come_due_takes_its_place() {
    let mut queue = TimerQueue::new();
    queue.schedule(at(10), 0);
    queue.schedule(at(30), 30);
    let mut order = Vec::new();
    while let Some((_, deadline, value)) = queue.pop_due(at(40)) {
        order.push(value);
        if deadline < at(20) {
            queue.schedule(at(20), 20);
        }
    }
    assert_eq!(order, [0, 20, 30]);
}

#[test]
fn a_loop_over_the_queue_leaves_it_as_it_is() {
    let mut queue = TimerQueue::new();
    let key = queue.schedule(at(1), 'a');
    for item in &queue {
        assert_eq!(item, (key, at(1), &'a'));
    }
    assert_eq!(queue.iter().len(), 1);
    assert_eq!(queue.len(), 1);
}

#[derive(Debug, Clone)]
enum Step {
    Schedule(u64),
    Cancel(prop::sample::Index),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..20_u64).prop_map(Step::Schedule),
        2 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        1 => (0..8_u64).prop_map(Step::Advance),
    ]
}

proptest! {
    /// Against a plain list that is searched from end to end.
    #[test]
    fn any_use_agrees_with_a_plain_list(steps in prop::collection::vec(step(), 1..200)) {
        let mut queue = TimerQueue::new();
        let mut plain: Vec<(Time, usize, TimerKey)> = Vec::new();
        let mut keys = Vec::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Schedule(after) => {
                    let key = queue.schedule(at(now + after), keys.len());
                    plain.push((at(now + after), keys.len(), key));
                    keys.push(key);
                }
                Step::Cancel(index) if !keys.is_empty() => {
                    let key = *index.get(&keys);
                    let place = plain.iter().position(|&(.., other)| other == key);
                    let expected = place.map(|place| plain.remove(place).1);
                    prop_assert_eq!(queue.cancel(key), expected);
                }
                Step::Cancel(_) => {}
                Step::Advance(by) => {
                    now += by;
                    while let Some((key, deadline, value)) = queue.pop_due(at(now)) {
                        prop_assert_eq!(plain.iter().min().copied(), Some((deadline, value, key)));
                        plain.retain(|&(.., other)| other != key);
                    }
                    prop_assert!(plain.iter().all(|&(deadline, ..)| deadline > at(now)));
                }
            }
            prop_assert_eq!(queue.len(), plain.len());
            prop_assert_eq!(queue.is_empty(), plain.is_empty());
            prop_assert_eq!(queue.next_deadline(), plain.iter().map(|&(deadline, ..)| deadline).min());
        }
        plain.sort_unstable();
        let waiting: Vec<_> = queue.iter().map(|(key, deadline, &value)| (deadline, value, key)).collect();
        prop_assert_eq!(waiting, plain);
        prop_assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    }
}
