use super::*;
use crate::address::NodeId;

fn worker(n: u32) -> Address {
    Address::new(NodeId::new(1), 0, n, 0)
}

fn pool(maximum: usize, idle: usize) -> Pool<&'static str> {
    Pool::new(PoolSize { maximum, idle }, 2)
}

#[test]
fn it_grows_to_the_maximum_then_queues() {
    let mut pool = pool(2, 1);
    assert_eq!(pool.submit("a"), Assignment::Grow);
    assert_eq!(pool.submit("b"), Assignment::Grow);
    assert_eq!(pool.submit("c"), Assignment::Queued);
    assert_eq!(pool.joined(worker(1)), Some("a"));
    assert_eq!(pool.joined(worker(2)), Some("b"));
    assert_eq!(pool.ready(worker(1)), Some("c"));
    assert_eq!(pool.ready(worker(2)), None);
    assert_eq!((pool.workers(), pool.idle(), pool.waiting()), (2, 1, 0));
}

#[test]
fn the_longest_idle_worker_is_next() {
    let mut pool = pool(3, 3);
    for n in 1..=3 {
        pool.submit("x");
        pool.joined(worker(n));
    }
    for n in [2, 3, 1] {
        pool.ready(worker(n));
    }
    for n in [2, 3, 1] {
        assert_eq!(pool.submit("y"), Assignment::Give(worker(n), "y"));
    }
}

#[test]
fn work_of_a_lost_worker_is_tried_again_but_not_for_ever() {
    let mut pool = pool(1, 1);
    assert_eq!(pool.submit("poison"), Assignment::Grow);
    assert_eq!(pool.joined(worker(1)), Some("poison"));
    assert_eq!(pool.submit("later"), Assignment::Queued);
    assert_eq!(pool.returned(worker(1), "poison"), Loss::Requeued);
    pool.left(worker(1));
    assert!(pool.grow());
    assert_eq!(pool.joined(worker(2)), Some("poison"));
    assert_eq!(pool.returned(worker(2), "poison"), Loss::GivenUp("poison"));
    assert_eq!(pool.ready(worker(2)), Some("later"));
}

#[test]
fn workers_beyond_the_idle_count_or_a_smaller_maximum_are_dismissed() {
    let mut pool = pool(4, 1);
    for n in 1..=4 {
        pool.submit("x");
        pool.joined(worker(n));
    }
    for n in 1..=4 {
        pool.ready(worker(n));
    }
    assert_eq!(pool.dismiss_extra(), [worker(1), worker(2), worker(3)]);
    pool.resize(PoolSize { maximum: 0, idle: 4 });
    assert_eq!(pool.size().maximum, 1);
    assert!(pool.dismiss_extra().is_empty());
}
