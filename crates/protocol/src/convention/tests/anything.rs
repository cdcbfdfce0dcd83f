//! Any events, in any order.

use proptest::prelude::*;

use super::alone::{Alone, ME, plain_join};
use super::*;
use crate::convention::messages::{Claimed, Heartbeat, Held, Join, Names, State};
use crate::convention::{Departure, Leave, Message, Term};

fn message() -> impl Strategy<Value = Message> {
    let number = 0..6_u64;
    let state = (any::<bool>(), 0..5_u64, 1..5_u32).prop_map(|(leads, number, leader)| {
        let term = (0..number).fold(Term::default(), |term, _| term.next(leader));
        State { load: 3, term, leads, names: number }
    });
    let place = prop::option::of((1..4_u8).prop_map(|host| Place::new(&format!("10.0.0.{host}"), 1900).unwrap()));
    let join = (number.clone(), prop::option::of(number.clone()), place, any::<bool>(), state.clone()).prop_map(
        |(mine, yours, place, wants, state)| {
            Message::Join(Box::new(Join { place, wants, state, ..plain_join(mine, yours) }))
        },
    );
    let beat = (number.clone(), number.clone(), 0..3_u64, state).prop_map(|(mine, yours, knows, state)| {
        Message::Heartbeat(Heartbeat { mine, yours, version: 1, knows, knows_names: knows, state })
    });
    let leave = (prop::option::of(number.clone()), prop::option::of(number)).prop_map(|(mine, yours)| Message::Leave {
        mine,
        yours,
        why: Departure::Unknown,
    });
    let systems = prop::collection::vec(1..8_u32, 0..4);
    prop_oneof![
        4 => join,
        4 => beat,
        1 => leave,
        1 => Just(Message::Invite),
        1 => systems.clone().prop_map(|systems| Message::Watch { systems }),
        1 => systems.clone().prop_map(|systems| Message::Unwatch { systems }),
        1 => systems.prop_map(|systems| Message::Gone { systems }),
        4 => about_names(),
    ]
}

fn leave() -> impl Strategy<Value = Leave> {
    (1..4_u32, 1..4_u64).prop_map(|(system, number)| Leave { term: Term::default().next(system), system, number })
}

fn about_names() -> impl Strategy<Value = Message> {
    let name = || prop::sample::select(vec!["a".to_owned(), "b".to_owned(), String::new()]);
    let actor = prop::option::of((1..6_u32).prop_map(crate::convention::admin_of));
    let held = (name(), leave(), actor).prop_map(|(name, leave, actor)| Held { name, leave, actor });
    let (held, freed) = (prop::collection::vec(held, 0..3), prop::collection::vec(name(), 0..2));
    let names = (prop::option::of(0..3_u64), 0..4_u64, held, freed).prop_map(|(since, version, held, freed)| {
        Message::Names(Box::new(Names { since, version, held, freed, asking: vec![("a".to_owned(), 1)] }))
    });
    let answer = prop_oneof![
        leave().prop_map(Claimed::Leave),
        (1..6_u32).prop_map(|system| Claimed::By(crate::convention::admin_of(system))),
    ];
    prop_oneof![
        names,
        (0..4_u64, name(), prop::option::of(leave())).prop_map(|(number, name, leave)| Message::Claim {
            number,
            name,
            leave
        }),
        (0..4_u64, name(), answer).prop_map(|(number, name, answer)| Message::Claimed { number, name, answer }),
        (name(), leave()).prop_map(|(name, leave)| Message::Yield { name, leave }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let system = 1..6_u32;
    let place = (1..5_u8).prop_map(|host| Place::new(&format!("10.0.0.{host}"), 1900).unwrap());
    let identity = (1..4_u8).prop_map(|number| format!("identity{number}"));
    let parent = crate::convention::admin_of(ME);
    let child = (1..6_u32).prop_map(crate::convention::admin_of);
    prop_oneof![
        8 => (system.clone(), message()).prop_map(|(system, message)| Event::Said { system, message }),
        4 => (system.clone(), identity, prop::option::of(place.clone()))
            .prop_map(|(system, identity, dialled)| Event::Linked { system, identity, dialled }),
        2 => system.clone().prop_map(|system| Event::Unlinked { system, why: "test".into() }),
        1 => system.clone().prop_map(|system| Event::Gone { system, why: "test".into() }),
        2 => place.clone().prop_map(|place| Event::NotLinked { place, why: "test".into() }),
        1 => prop::collection::vec(place.clone(), 0..4).prop_map(Event::Candidates),
        1 => place.clone().prop_map(|place| Event::Invite { place, capabilities: Vec::new() }),
        1 => place.prop_map(|place| Event::Dismiss(Peer::Place(place))),
        1 => system.clone().prop_map(|system| Event::Dismiss(Peer::System(system))),
        1 => system.prop_map(|system| Event::Placing { system }),
        2 => child.clone().prop_map(move |child| Event::Placed { parent, child }),
        1 => child.prop_map(|child| Event::ChildGone { child }),
        2 => Just(Event::Due),
        2 => prop::option::of(leave()).prop_map(|leave| Event::Seek { name: "a".into(), leave }),
        1 => Just(Event::Holds { name: "a".into(), actor: crate::convention::admin_of(ME) }),
        1 => Just(Event::Frees { name: "a".into() }),
    ]
}

proptest! {
    /// Whatever comes in whatever order: systems join and leave by turns, their children are lost before them and once.
    #[test]
    fn anything_at_all(events in prop::collection::vec((event(), 0..4_000_u64), 0..200)) {
        let mut alone = Alone::new(&["10.0.0.2:1900", "10.0.0.1:1900"]);
        let mut joined = std::collections::BTreeSet::new();
        let mut placed = std::collections::BTreeSet::new();
        for (event, pause) in events {
            match &event {
                Event::Placed { child, .. } if child.node().system() != ME => { placed.insert(*child); }
                Event::ChildGone { child } => { placed.remove(child); }
                _ => {}
            }
            let mut effects = alone.on(event);
            effects.extend(alone.wait(milliseconds(pause)));
            for effect in effects {
                match effect {
                    Effect::Joined { system, .. } => prop_assert!(system != ME && joined.insert(system)),
                    Effect::Left { system, .. } => {
                        prop_assert!(joined.remove(&system));
                        prop_assert!(placed.iter().all(|child| child.node().system() != system));
                    }
                    Effect::ChildLost { child, .. } => prop_assert!(placed.remove(&child)),
                    _ => {}
                }
            }
            let members = alone.members();
            prop_assert_eq!(&members, &joined.iter().copied().collect::<Vec<_>>());
            prop_assert!(!(alone.convention.is_leader() && alone.convention.leader().is_some()));
            prop_assert!(alone.convention.leader().is_none_or(|leader| members.contains(&leader)));
            prop_assert!(alone.convention.candidates(&members).is_empty());
        }
    }
}
