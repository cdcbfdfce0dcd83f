//! One leader and very many members: what it costs grows with their number, and no faster.

use std::ops::Range;

use super::*;
use crate::convention::messages::{Join, State};
use crate::convention::{Config, Convention, Message, Timing};
use crate::time::Time;

/// What a leader sends while so many join, live for a while, and a tenth of them are killed.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    joining: usize,
    living: usize,
    losing: usize,
}

fn cost(members: u32) -> Cost {
    let mut now = Time::ZERO.plus(seconds(1));
    let mut effects = Vec::new();
    let place: Place = "10.0.0.1:1900".parse().unwrap();
    let config = Config {
        me: 1,
        identity: "leader".into(),
        place: Some(place.clone()),
        candidates: vec![place],
        capabilities: Vec::new(),
        outbound_only: false,
        timing: Timing::default(),
        seed: 3,
    };
    let mut leader = Convention::new(config, now, &mut effects);
    effects.clear();
    let systems = 10..10 + members;
    for system in systems.clone() {
        leader.on(now, Event::Linked { system, identity: system.to_string(), dialled: None }, &mut effects);
        let join = Join {
            mine: 1,
            yours: None,
            place: None,
            capabilities: vec![(b"name".to_vec(), b"value".to_vec())],
            version: 1,
            beats_every: 1_000,
            wants: true,
            state: State::default(),
        };
        leader.on(now, Event::Said { system, message: Message::Join(Box::new(join)) }, &mut effects);
    }
    let sends = |effects: &mut Vec<Effect>| effects.drain(..).filter(|it| matches!(it, Effect::Send { .. })).count();
    let joining = sends(&mut effects);
    for _ in 0..5 {
        now = pass_a_second(&mut leader, now, &mut effects, systems.clone());
    }
    let living = sends(&mut effects);
    let alive = 10 + members / 10..10 + members;
    for system in 10..10 + members / 10 {
        leader.on(now, Event::Unlinked { system, why: "killed".into() }, &mut effects);
    }
    effects.clear();
    for _ in 0..2 {
        now = pass_a_second(&mut leader, now, &mut effects, alive.clone());
    }
    let left = effects.iter().filter(|effect| matches!(effect, Effect::Left { .. })).count();
    assert_eq!(left, members as usize / 10);
    assert_eq!(leader.members().count(), alive.len());
    Cost { joining, living, losing: sends(&mut effects) }
}

/// Has all that is due within a second done, after all these members were heard.
fn pass_a_second(leader: &mut Convention, mut now: Time, effects: &mut Vec<Effect>, alive: Range<u32>) -> Time {
    let end = now.plus(seconds(1));
    for system in alive {
        leader.on(now, Event::Heard { system }, effects);
    }
    while let Some(deadline) = leader.next_deadline().filter(|deadline| *deadline <= end) {
        now = deadline;
        leader.on(now, Event::Due, effects);
    }
    end
}

#[test]
fn messages_grow_with_the_number_of_members_and_no_faster() {
    for members in [100, 10_000] {
        let cost = cost(members);
        let members = members as usize;
        assert_eq!(cost.joining, members);
        assert!((members * 5..members * 7).contains(&cost.living), "{cost:?}");
        assert!(cost.losing < members * 3, "{cost:?}");
    }
}
