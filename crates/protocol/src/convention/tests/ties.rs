//! What two systems are to each other, message by message.

use super::alone::{Alone, heartbeat, join, number};
use super::*;
use crate::convention::{Departure, Message, admin_of};

const LEADER: &str = "10.0.0.2:1900";

fn leave(mine: u64, yours: u64, why: Departure) -> Message {
    Message::Leave { mine: Some(mine), yours: Some(yours), why }
}

/// A member of the system 9, its leader, and the number of their tie here. There it is 5.
fn member() -> (Alone, u64) {
    let mut alone = Alone::new(&[LEADER]);
    let linked = Event::Linked { system: 9, identity: "nine".into(), dialled: Some(LEADER.parse().unwrap()) };
    let mine = number(&alone.on(linked));
    alone.said(9, join(5, Some(mine)));
    assert_eq!(alone.convention.leader(), Some(9));
    (alone, mine)
}

#[test]
fn a_new_link_begins_with_a_registration_that_names_both_numbers() {
    let (mut alone, mine) = member();
    alone.on(Event::Unlinked { system: 9, why: "broken".into() });
    let effects = alone.on(Event::Linked { system: 9, identity: "nine".into(), dialled: None });
    let registration = effects.iter().find_map(|effect| match effect {
        Effect::Send { system: 9, message: Message::Join(join) } => Some((join.mine, join.yours)),
        _ => None,
    });
    assert_eq!(registration, Some((mine, Some(5))));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Joined { .. } | Effect::Left { .. })));
}

#[test]
fn who_is_gone_for_certain_is_not_waited_for() {
    let (mut alone, _) = member();
    let effects = alone.on(Event::Gone { system: 9, why: "its key has expired".into() });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Left { system: 9, .. })), "{effects:?}");
    assert!(effects.contains(&Effect::Leader(None)));
    assert!(alone.members().is_empty());
    // It was no member: there is nothing to say.
    assert_eq!(alone.on(Event::Gone { system: 9, why: "again".into() }), []);
}

#[test]
fn a_second_dial_that_leads_to_the_same_system_changes_nothing() {
    let (mut alone, _) = member();
    let linked = Event::Linked { system: 9, identity: "nine".into(), dialled: Some(LEADER.parse().unwrap()) };
    assert_eq!(alone.on(linked), []);
}

#[test]
fn a_leader_that_was_dismissed_is_joined_again_but_not_at_once() {
    let (mut alone, mine) = member();
    for _ in 0..60 {
        alone.on(Event::Heard { system: 9 });
        alone.wait(seconds(1));
    }
    let effects = alone.on(Event::Dismiss(Peer::Place(LEADER.parse().unwrap())));
    assert!(effects.contains(&Effect::Send { system: 9, message: leave(mine, 5, Departure::Dismissed) }));
    assert!(alone.members().is_empty());
    let registers = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::Send { message: Message::Join(_), .. }))
    };
    assert!(!registers(&alone.wait(milliseconds(700))));
    assert!(registers(&alone.wait(milliseconds(400))));
}

#[test]
fn a_leader_that_leaves_is_joined_again_but_not_at_once() {
    let (mut alone, mine) = member();
    let effects = alone.said(9, leave(5, mine, Departure::Dismissed));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Left { system: 9, .. })));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send { .. })));
    let effects = alone.wait(milliseconds(1_100));
    assert!(number(&effects) > mine);
}

#[test]
fn who_has_dismissed_this_system_does_not_lead_it_by_a_late_heartbeat() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    let mine = number(&alone.said(9, Message::Invite));
    alone.said(9, join(5, Some(mine)));
    assert_eq!(alone.convention.leader(), Some(9));
    alone.said(9, leave(5, mine, Departure::Dismissed));
    assert_eq!(alone.convention.leader(), None);
    let answer = Message::Leave { mine: None, yours: Some(5), why: Departure::Unknown };
    for late in [heartbeat(5, mine), join(5, Some(mine))] {
        assert_eq!(alone.said(9, late), [Effect::Send { system: 9, message: answer.clone() }]);
    }
    assert!(alone.members().is_empty());
}

#[test]
fn of_two_that_invite_the_latest_leads_and_the_other_when_it_is_gone() {
    let mut alone = Alone::new(&[]);
    for (system, identity) in [(8, "eight"), (9, "nine")] {
        alone.link(system, identity);
        let mine = number(&alone.said(system, Message::Invite));
        alone.said(system, join(5, Some(mine)));
        assert_eq!(alone.convention.leader(), Some(system));
    }
    assert_eq!(alone.members(), [8, 9]);
    let mine = number(&alone.said(9, Message::Invite));
    alone.said(9, leave(5, mine, Departure::ShutsDown));
    assert_eq!(alone.convention.leader(), Some(8));
}

#[test]
fn a_system_with_candidates_that_is_invited_joins_and_follows_its_own_leader() {
    let (mut alone, _) = member();
    alone.link(8, "eight");
    let mine = number(&alone.said(8, Message::Invite));
    alone.said(8, join(5, Some(mine)));
    assert_eq!(alone.members(), [8, 9]);
    assert_eq!(alone.convention.leader(), Some(9));
}

#[test]
fn who_leads_takes_a_system_that_it_has_a_link_with_for_alive() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    let (parent, child) = (admin_of(1), admin_of(9));
    alone.on(Event::Placed { parent, child });
    for _ in 0..60 {
        assert_eq!(alone.wait(seconds(1)), []);
    }
    alone.on(Event::Unlinked { system: 9, why: "gone".into() });
    assert_eq!(alone.wait(seconds(10)), [Effect::ChildLost { parent, child }]);
}

#[test]
fn a_registration_of_an_earlier_tie_makes_no_member() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    let mine = number(&alone.said(9, join(5, None)));
    alone.said(9, leave(5, mine, Departure::Dismissed));
    let effects = alone.said(9, join(5, Some(mine)));
    assert!(alone.members().is_empty());
    // If it is meant, the other side begins anew, and knows by then that the first tie is over.
    let again = number(&effects);
    assert!(again > mine);
    alone.said(9, join(6, Some(again)));
    assert_eq!(alone.members(), [9]);
}

#[test]
fn nothing_is_kept_of_who_has_left() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    let mine = number(&alone.said(9, join(5, None)));
    alone.said(9, Message::Watch { systems: vec![50, 51] });
    alone.said(9, leave(5, mine, Departure::ShutsDown));
    alone.on(Event::Unlinked { system: 9, why: "closed".into() });
    assert_eq!(alone.convention.next_deadline(), None);
}

#[test]
fn an_invited_system_without_leader_takes_nobody_for_gone() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    let mine = number(&alone.said(9, Message::Invite));
    alone.said(9, join(5, Some(mine)));
    let (parent, child) = (admin_of(1), admin_of(50));
    let watch = Effect::Send { system: 9, message: Message::Watch { systems: vec![50] } };
    assert_eq!(alone.on(Event::Placed { parent, child }), std::slice::from_ref(&watch));
    alone.said(9, leave(5, mine, Departure::ShutsDown));
    assert_eq!(alone.wait(seconds(600)), []);
    // Another start of its inviter, which has told nobody anything.
    alone.link(10, "nine");
    let again = number(&alone.said(10, Message::Invite));
    let watch = Effect::Send { system: 10, message: Message::Watch { systems: vec![50] } };
    assert!(alone.said(10, join(6, Some(again))).contains(&watch));
    let lost = alone.said(10, Message::Gone { systems: vec![50] });
    assert_eq!(lost, [Effect::ChildLost { parent, child }]);
}

#[test]
fn a_leader_is_asked_for_news_when_it_has_this_system_as_a_member() {
    let mut alone = Alone::new(&[LEADER]);
    let (parent, child) = (admin_of(1), admin_of(50));
    alone.on(Event::Placed { parent, child });
    let linked = Event::Linked { system: 9, identity: "nine".into(), dialled: Some(LEADER.parse().unwrap()) };
    let mine = number(&alone.on(linked.clone()));
    // Its own registration crosses that of this system.
    let watch = Effect::Send { system: 9, message: Message::Watch { systems: vec![50] } };
    assert!(!alone.said(9, join(5, None)).contains(&watch));
    assert_eq!(alone.convention.leader(), Some(9));
    assert!(alone.said(9, heartbeat(5, mine)).contains(&watch));
    assert!(!alone.said(9, heartbeat(5, mine)).contains(&watch), "once is enough");
    // What was asked may have been lost with the link.
    alone.on(Event::Unlinked { system: 9, why: "broken".into() });
    assert!(!alone.on(linked).contains(&watch));
    assert!(alone.said(9, join(5, Some(mine))).contains(&watch));
}
