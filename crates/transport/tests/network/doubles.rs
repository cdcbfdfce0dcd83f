//! Two systems have one link, whoever dials and whatever was lost.

use roscius_transport::network::{Cause, Event};

use crate::authority::Authority;
use crate::between::Between;
use crate::scene::{Station, linked, options, until};

#[test]
fn of_two_dials_at_once_one_becomes_the_link() {
    let ours = Authority::new();
    for round in 0..32 {
        let (mut a, mut b) =
            if round < 16 { (Station::new(1), Station::new(2)) } else { (ours.station(1), ours.station(2)) };
        let calls = (a.dial(&b), b.dial(&a));
        // Now one is ahead, now the other.
        for turn in 0..8 {
            if (round >> (turn % 4)) & 1 == 0 { a.turn() } else { b.turn() }
        }
        until("both answers", &mut a, &mut b, |a, b| {
            let answered = |station: &Station, call| {
                let up = |event: &Event| matches!(event, Event::Up { dialled, .. } if *dialled == Some(call));
                station.events.iter().any(up) || station.not_up(call).is_some()
            };
            let linked = a.links.linked().count() + b.links.linked().count() == 2;
            linked && answered(a, calls.0) && answered(b, calls.1)
        });
        a.send(2, b"from a");
        b.send(1, b"from b");
        until("the records", &mut a, &mut b, |a, b| a.records(2).len() == 1 && b.records(1).len() == 1);
        assert_eq!((a.ups(), b.ups()), (vec![2], vec![1]), "round {round}");
        assert!(a.downs().is_empty() && b.downs().is_empty(), "round {round}");
        let lost: Vec<Cause> = a.not_up(calls.0).into_iter().chain(b.not_up(calls.1)).collect();
        assert!(matches!(lost[..], [Cause::Already { .. }]), "round {round}: {lost:?}");
        assert!(a.turned_away().is_empty() && b.turned_away().is_empty());
    }
}

#[test]
fn a_second_dial_finds_the_link_that_is_there() {
    for (first, second) in [(1, 2), (2, 1)] {
        let (mut a, mut b) = linked(Station::new(first), Station::new(second));
        for _ in 0..2 {
            let (one, other) = (a.dial(&b), b.dial(&a));
            until("the answers", &mut a, &mut b, |a, b| a.not_up(one).is_some() && b.not_up(other).is_some());
            assert_eq!(a.not_up(one), Some(Cause::Already { system: second }));
            assert_eq!(b.not_up(other), Some(Cause::Already { system: first }));
        }
        assert!(a.downs().is_empty() && b.downs().is_empty());
        a.send(second, b"still there");
        until("the record", &mut a, &mut b, |_, b| b.records(first).len() == 1);
    }
}

#[test]
fn a_side_that_has_lost_the_link_gets_another() {
    // Whoever decides, whoever has dialled, and whoever dials again.
    for (dialler, listening) in [(1, 2), (2, 1)] {
        for case in 0..4 {
            let (dialler_loses, loser_dials) = (case & 1 == 0, case & 2 == 0);
            let (mut a, mut b) = (Station::new(dialler), Station::new(listening));
            let mut between = Between::before(b.address());
            a.links.dial(&between.address.to_string());
            between.carry();
            until("the link", &mut a, &mut b, |a, b| a.ups().len() + b.ups().len() == 2);
            if dialler_loses {
                between.lose_dialler();
            } else {
                between.lose_listening();
                std::mem::swap(&mut a, &mut b);
            }
            // From here on it is `a` that has lost it.
            a.until("the loss", |a| !a.downs().is_empty());
            if loser_dials {
                a.dial(&b);
            } else {
                b.dial(&a);
            }
            let (one, two) = (a.links.me().system, b.links.me().system);
            until("another link", &mut a, &mut b, |a, b| a.ups() == [two, two] && b.ups() == [one, one]);
            assert_eq!(b.downs(), [(one, Cause::Replaced)], "the old one has gone, once");
            a.send(two, b"there");
            b.send(one, b"and back");
            until("the records", &mut a, &mut b, |a, b| a.records(two).len() + b.records(one).len() == 2);
            assert_eq!((a.downs().len(), b.downs().len()), (1, 1));
        }
    }
}

#[test]
fn a_system_that_dials_itself_is_told() {
    let mut a = Station::new(1);
    let place = a.address().to_string();
    let dial = a.links.dial(&place);
    a.until("the refusal", |a| a.not_up(dial).is_some() && !a.turned_away().is_empty());
    assert_eq!(a.not_up(dial), Some(Cause::Itself));
    assert_eq!(a.turned_away(), [Cause::Itself]);
}

#[test]
fn an_incarnation_is_one_system_only() {
    let (mut a, b) = linked(Station::new(1), Station::new(2));
    let mut liar = options(2);
    liar.me.identity = "somebody else".into();
    let mut liar = Station::with(liar);
    let dial = liar.dial(&a);
    until("the refusal", &mut liar, &mut a, |liar, a| liar.not_up(dial).is_some() && !a.turned_away().is_empty());
    let (identity, real) = ("somebody else".to_owned(), "system-2".to_owned());
    assert_eq!(a.turned_away(), [Cause::NotItsNumber { identity, claimed: 2, real }]);
    assert_eq!(a.links.linked().collect::<Vec<_>>(), [2], "the link that is there stays");
    drop(b);
}
