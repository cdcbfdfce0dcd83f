use std::time::Duration;

use super::*;

fn full(overflow: Overflow) -> (Mailbox<u32, ()>, Bound) {
    let bound = Bound { capacity: 2, overflow };
    let mut mailbox = Mailbox::new();
    assert_eq!(mailbox.offer(1, bound), Offer::Taken);
    assert_eq!(mailbox.offer(2, bound), Offer::Taken);
    (mailbox, bound)
}

fn rest(mut mailbox: Mailbox<u32, ()>) -> Vec<u32> {
    mailbox.drain_messages().collect()
}

#[test]
fn a_full_mailbox_does_what_its_policy_says() {
    let (mut mailbox, bound) = full(Overflow::Fail);
    assert_eq!(mailbox.offer(3, bound), Offer::Refused(3));
    assert_eq!(rest(mailbox), [1, 2]);

    let (mut mailbox, bound) = full(Overflow::Wait(Duration::from_secs(1)));
    assert_eq!(mailbox.offer(3, bound), Offer::Wait(3));
    assert_eq!(rest(mailbox), [1, 2]);

    let (mut mailbox, bound) = full(Overflow::DropNewest);
    assert_eq!(mailbox.offer(3, bound), Offer::Dropped(3));
    assert_eq!(rest(mailbox), [1, 2]);

    let (mut mailbox, bound) = full(Overflow::DropOldest);
    assert_eq!(mailbox.offer(3, bound), Offer::Displaced(1));
    assert_eq!(rest(mailbox), [2, 3]);
}

#[test]
fn signals_have_their_own_lane_and_no_bound() {
    let bound = Bound { capacity: 1, overflow: Overflow::Fail };
    let mut mailbox: Mailbox<u32, &str> = Mailbox::new();
    assert_eq!(mailbox.offer(1, bound), Offer::Taken);
    mailbox.signal("stop");
    mailbox.signal("now");
    assert_eq!(mailbox.offer(2, bound), Offer::Refused(2));
    assert_eq!(mailbox.next_signal(), Some("stop"));
    assert_eq!(mailbox.next_signal(), Some("now"));
    assert_eq!(mailbox.next_message(), Some(1));
    assert!(mailbox.is_empty());
}

#[test]
fn what_is_put_back_comes_first_and_what_is_absorbed_last() {
    let mut mailbox: Mailbox<u32, ()> = Mailbox::new();
    mailbox.push(3);
    mailbox.put_back([1, 2].into_iter());
    let mut later = Mailbox::new();
    later.push(4);
    mailbox.absorb(&mut later);
    assert!(later.is_empty());
    assert_eq!(rest(mailbox), [1, 2, 3, 4]);
}
