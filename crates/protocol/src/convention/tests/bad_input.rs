//! Messages from strangers, of other times, and that make no sense: nothing happens, and nothing grows.

use super::alone::{Alone, ME, heartbeat, join, notes, number, plain_join};
use super::*;
use crate::convention::messages::{Join, MOST_CAPABILITIES, State};
use crate::convention::{Departure, Message, Note, Term, Why};

fn all_messages() -> Vec<Message> {
    let leave = |why| Message::Leave { mine: Some(1), yours: Some(2), why };
    vec![
        join(1, None),
        join(1, Some(1)),
        heartbeat(1, 1),
        leave(Departure::ShutsDown),
        leave(Departure::Unknown),
        Message::Invite,
        Message::Watch { systems: vec![1, 2, 3] },
        Message::Unwatch { systems: vec![1, 2, 3] },
        Message::Gone { systems: vec![1, 2, 3] },
    ]
}

#[test]
fn a_stranger_is_not_heard() {
    let mut alone = Alone::new(&[]);
    for message in all_messages() {
        assert_eq!(alone.said(9, message), []);
    }
    assert_eq!(alone.counted("Convention Message Received.Stranger"), 9);
    // Nor is this system itself, whoever says that it is it.
    alone.link(ME, "me");
    for message in all_messages() {
        assert_eq!(alone.said(ME, message), []);
    }
    assert!(alone.members().is_empty());
}

#[test]
fn who_is_linked_and_no_member_has_no_say() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    for message in [
        Message::Leave { mine: Some(1), yours: Some(1), why: Departure::ShutsDown },
        Message::Watch { systems: vec![5] },
        Message::Unwatch { systems: vec![5] },
        Message::Gone { systems: vec![5] },
    ] {
        assert_eq!(alone.said(9, message), []);
    }
    // A heartbeat is answered: there is no such tie.
    let answer = Message::Leave { mine: None, yours: Some(7), why: Departure::Unknown };
    assert_eq!(alone.said(9, heartbeat(7, 3)), [Effect::Send { system: 9, message: answer }]);
    assert!(alone.members().is_empty());
}

#[test]
fn a_replay_does_nothing() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    let mine = number(&alone.said(9, join(5, None)));
    assert_eq!(alone.members(), [9]);
    // It leaves, and joins again.
    let leave = Message::Leave { mine: Some(5), yours: Some(mine), why: Departure::Dismissed };
    alone.said(9, leave.clone());
    assert!(alone.members().is_empty());
    let again = number(&alone.said(9, join(6, None)));
    assert!(again > mine);
    alone.said(9, join(6, Some(again)));
    assert_eq!(alone.members(), [9]);
    // All of the first time once more.
    for message in [join(5, None), join(5, Some(mine)), leave, heartbeat(5, mine)] {
        assert_eq!(alone.said(9, message.clone()), [], "{message:?}");
    }
    assert_eq!(alone.members(), [9]);
}

#[test]
fn an_older_incarnation_can_not_come_back() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    alone.said(9, join(1, None));
    alone.on(Event::Unlinked { system: 9, why: "gone".into() });
    alone.link(10, "nine");
    let effects = alone.said(10, join(1, None));
    let told: Vec<_> = effects.iter().filter(|it| matches!(it, Effect::Joined { .. } | Effect::Left { .. })).collect();
    assert!(matches!(told[..], [Effect::Left { system: 9, .. }, Effect::Joined { system: 10, .. }]), "{told:?}");
    // The old one is there again, or somebody who says so.
    alone.link(9, "nine");
    let effects = alone.said(9, join(2, None));
    assert!(matches!(notes(&effects)[..], [Note::IdentityInUse { system: 9, holder: 10, .. }]));
    assert_eq!(alone.said(9, join(3, None)), [], "it is said once");
    assert_eq!(alone.members(), [10]);
    // When nothing is heard of the new one, the old one is as good.
    alone.wait(seconds(3));
    let effects = alone.said(9, join(4, None));
    assert!(effects.contains(&Effect::HangUp { system: 10 }));
    assert_eq!(alone.members(), [9]);
}

#[test]
fn nobody_takes_the_identity_of_this_system() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "me");
    let effects = alone.said(9, join(1, None));
    assert!(matches!(notes(&effects)[..], [Note::IdentityInUse { holder: ME, .. }]));
    assert!(alone.members().is_empty());
}

#[test]
fn two_that_live_may_name_the_same_place() {
    let mut alone = Alone::new(&[]);
    let at = |place: &str| Message::Join(Box::new(Join { place: Some(place.parse().unwrap()), ..plain_join(1, None) }));
    alone.link(8, "eight");
    alone.link(9, "nine");
    alone.said(8, at("127.0.0.1:1900"));
    alone.said(9, at("127.0.0.1:1900"));
    assert_eq!(alone.members(), [8, 9]);
    // Not so when the first has no link any more.
    alone.on(Event::Unlinked { system: 9, why: "gone".into() });
    alone.link(10, "ten");
    alone.said(10, at("127.0.0.1:1900"));
    assert_eq!(alone.members(), [8, 10]);
    // The place of this system is nobody else's.
    alone.link(11, "eleven");
    alone.said(11, at("10.0.0.1:1900"));
    let member = alone.convention.members().find(|member| member.system == 11).unwrap();
    assert_eq!(member.place, None);
}

#[test]
fn a_place_that_leads_to_another_system_now_is_a_new_start() {
    let mut alone = Alone::new(&["10.0.0.2:1900"]);
    let place: Place = "10.0.0.2:1900".parse().unwrap();
    alone.on(Event::Linked { system: 8, identity: "a".into(), dialled: Some(place.clone()) });
    alone.said(8, join(1, None));
    assert_eq!(alone.convention.leader(), Some(8));
    // The link with the first has not even broken, and the second has another name.
    alone.on(Event::Linked { system: 9, identity: "b".into(), dialled: Some(place) });
    assert!(alone.members().is_empty());
    alone.said(9, join(1, None));
    assert_eq!(alone.convention.leader(), Some(9));
}

#[test]
fn who_only_says_that_it_is_a_candidate_leads_until_the_true_one_is_reached() {
    let mut alone = Alone::new(&["10.0.0.2:1900"]);
    let place: Place = "10.0.0.2:1900".parse().unwrap();
    alone.link(8, "liar");
    alone.said(8, Message::Join(Box::new(Join { place: Some(place.clone()), ..plain_join(1, None) })));
    assert_eq!(alone.convention.leader(), Some(8));
    alone.on(Event::NotLinked { place: place.clone(), why: "refused".into() });
    let mut dials = 0;
    for _ in 0..10 {
        alone.on(Event::Heard { system: 8 });
        dials += alone.wait(seconds(1)).iter().filter(|effect| matches!(effect, Effect::Dial { .. })).count();
    }
    assert!(dials >= 1, "it is dialled all the same");
    alone.on(Event::Linked { system: 9, identity: "true".into(), dialled: Some(place) });
    alone.said(9, join(1, None));
    assert_eq!(alone.convention.leader(), Some(9));
    assert_eq!(alone.members(), [8, 9]);
}

#[test]
fn who_claims_to_beat_slowly_is_not_waited_for_without_end() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    alone.said(9, Message::Join(Box::new(Join { beats_every: u32::MAX, ..plain_join(1, None) })));
    let effects = alone.wait(seconds(7_200));
    assert!(effects.contains(&Effect::HangUp { system: 9 }));
    assert!(notes(&effects).iter().any(|note| matches!(note, Note::Left { why: Why::Silent { .. }, .. })));
}

#[test]
fn too_many_capabilities_are_refused() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    let many = vec![(vec![1], vec![2]); MOST_CAPABILITIES + 1];
    let large = vec![(vec![0; 600 * 1024], Vec::new())];
    for capabilities in [many, large] {
        alone.said(9, Message::Join(Box::new(Join { capabilities, ..plain_join(1, None) })));
        assert!(alone.members().is_empty());
    }
    assert_eq!(alone.counted("Convention Message Received.Refused"), 2);
}

#[test]
fn impossible_terms_are_not_believed() {
    let mut alone = Alone::new(&["10.0.0.1:1900", "10.0.0.2:1900"]);
    let mut term = Term::default();
    for _ in 0..5 {
        term = term.next(9);
    }
    let bytes = crate::admin::messages::encode(&(u64::MAX, 9_u32)).unwrap();
    let impossible: Term = crate::admin::messages::decode(&bytes).unwrap();
    alone.link(9, "nine");
    let before = alone.convention.term();
    let state = State { term: impossible, ..State::default() };
    alone.said(9, Message::Join(Box::new(Join { state, ..plain_join(1, None) })));
    assert_eq!(alone.members(), [9]);
    assert_eq!(alone.convention.term(), before);
    // The highest there is does not lead to a higher one.
    let bytes = crate::admin::messages::encode(&(Term::MAX_NUMBER, 9_u32)).unwrap();
    let state = State { term: crate::admin::messages::decode(&bytes).unwrap(), ..State::default() };
    alone.said(9, Message::Join(Box::new(Join { state, ..plain_join(1, None) })));
    assert_eq!(alone.convention.term().number(), Term::MAX_NUMBER);
    assert!(alone.convention.is_leader());
}

#[test]
fn registrations_without_end_are_not_answered_without_end() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    let mut sent = 0;
    for mine in 1..10_000 {
        alone.now = alone.now.plus(milliseconds(1));
        sent += alone.said(9, join(mine, None)).iter().filter(|it| matches!(it, Effect::Send { .. })).count();
        sent += alone.said(9, heartbeat(mine, 77)).iter().filter(|it| matches!(it, Effect::Send { .. })).count();
    }
    assert!(sent < 70, "{sent}");
}

#[test]
fn one_member_can_not_watch_all_the_world() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    alone.said(9, join(1, None));
    for first in (100..100_000).step_by(4_000) {
        alone.said(9, Message::Watch { systems: (first..first + 4_000).collect() });
    }
    let gone = alone.wait(seconds(8)).len();
    assert!(gone < 20, "{gone}: it is not known before that they are gone");
    alone.on(Event::Heard { system: 9 });
    let effects = alone.wait(seconds(2));
    let told = effects.iter().filter(|it| matches!(it, Effect::Send { message: Message::Gone { .. }, .. })).count();
    assert_eq!(told, 16_384);
}

#[test]
fn absurd_lists_of_candidates_are_cut() {
    let places: Vec<Place> = (1..=60_000).map(|port| Place::new("10.0.0.9", port).unwrap()).collect();
    let mut alone = Alone::new(&[]);
    let effects = alone.on(Event::Candidates(places.clone()));
    let dials = effects.iter().filter(|effect| matches!(effect, Effect::Dial { .. })).count();
    assert_eq!(dials, 64);
    assert!(matches!(notes(&effects)[0], Note::CandidatesCut { given: 60_000, kept: 64 }));
    // The same one many times is one.
    let effects = alone.on(Event::Candidates(vec![places[0].clone(); 50]));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Dial { .. })));
}

#[test]
fn a_link_that_breaks_as_soon_as_it_is_made_is_not_made_without_end() {
    let mut alone = Alone::new(&["10.0.0.2:1900"]);
    let place: Place = "10.0.0.2:1900".parse().unwrap();
    let mut dials = 1;
    let end = alone.now.plus(seconds(60));
    while alone.now < end {
        alone.on(Event::Linked { system: 9, identity: "nine".into(), dialled: Some(place.clone()) });
        let effects = alone.on(Event::Unlinked { system: 9, why: "closed".into() });
        let mut dialled = effects.iter().any(|effect| matches!(effect, Effect::Dial { .. }));
        while !dialled {
            let wait = alone.convention.next_deadline().unwrap().since(alone.now);
            dialled = alone.wait(wait).iter().any(|effect| matches!(effect, Effect::Dial { .. }));
        }
        dials += 1;
        assert!(dials < 80, "there is no end to it");
    }
}

#[test]
fn a_link_on_which_nobody_answers_is_closed_and_made_anew() {
    let place: Place = "10.0.0.2:1900".parse().unwrap();
    for invited in [false, true] {
        let mut alone = Alone::new(if invited { &[] } else { &["10.0.0.2:1900"] });
        alone.on(Event::Invite { place: place.clone(), capabilities: Vec::new() });
        alone.on(Event::Linked { system: 9, identity: "nine".into(), dialled: Some(place.clone()) });
        let effects = alone.wait(seconds(15));
        let closed = effects.iter().position(|effect| *effect == Effect::HangUp { system: 9 }).unwrap();
        assert!(effects[closed..].contains(&Effect::Dial { place: place.clone() }));
        assert!(!effects[..closed].contains(&Effect::Dial { place: place.clone() }));
    }
}

#[test]
fn after_its_end_nothing_is_decided() {
    let mut alone = Alone::new(&["10.0.0.2:1900"]);
    alone.link(9, "nine");
    let mine = number(&alone.said(9, join(1, None)));
    let leave = Message::Leave { mine: Some(mine), yours: Some(1), why: Departure::ShutsDown };
    assert_eq!(alone.on(Event::ShutDown), [Effect::Send { system: 9, message: leave }]);
    assert_eq!(alone.convention.next_deadline(), None);
    for message in all_messages() {
        assert_eq!(alone.said(9, message), []);
    }
    assert_eq!(alone.on(Event::Unlinked { system: 9, why: String::new() }), []);
}
