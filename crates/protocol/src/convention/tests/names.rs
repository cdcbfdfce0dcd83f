//! Names of which there is one holder on a side with a leader.

use super::alone::{Alone, plain_join};
use super::*;
use crate::address::Address;
use crate::convention::messages::{Claimed, Held, MOST_NAMES, Names};
use crate::convention::{Leave, Message, NameAnswer, NoName, Term, Timing};

const NAME: &str = "registry";

/// Two candidates and three members, when names are given away.
fn convention() -> World {
    let mut world = World::new(21);
    for host in 1..=5 {
        world.start(host, Setup { candidates: vec![1, 2], ..Setup::default() });
    }
    world.run(seconds(6));
    world.told.clear();
    world
}

impl World {
    fn seek(&mut self, host: usize) {
        self.tell(host, Event::Seek { name: NAME.into(), leave: None });
    }

    /// What became of the name that was sought last on a host, and when.
    fn found(&self, host: usize) -> Option<NameAnswer> {
        let told = self.told.get(&host).into_iter().flatten().rev();
        told.into_iter().find_map(|(_, effect)| match effect {
            Effect::Sought { name, answer } if name == NAME => Some(*answer),
            _ => None,
        })
    }

    /// The name is sought and found within a time.
    fn finds(&mut self, host: usize, within: Duration) -> NameAnswer {
        self.told.remove(&host);
        self.seek(host);
        self.run_until(within, |world| world.found(host).is_some());
        self.found(host).unwrap()
    }

    fn is_given(&mut self, host: usize, within: Duration) {
        let answer = self.finds(host, within);
        assert!(matches!(answer, NameAnswer::Granted(_)), "{answer:?}");
    }

    /// The actor that there was leave to make is there.
    fn make(&mut self, host: usize) -> Address {
        let actor = self.child(host, 7);
        self.tell(host, Event::Holds { name: NAME.into(), actor });
        self.run(milliseconds(20));
        actor
    }

    fn frees(&mut self, host: usize) {
        self.tell(host, Event::Frees { name: NAME.into() });
        self.run(milliseconds(20));
    }

    fn has_yielded(&self, host: usize) -> bool {
        let told = self.told.get(&host).into_iter().flatten();
        told.into_iter().any(|(_, effect)| matches!(effect, Effect::Yielded { name, .. } if name == NAME))
    }

    fn holders(&self) -> Vec<usize> {
        let holds = |world: &Self, host: usize| world.convention(host).names_here().next().is_some();
        self.hosts.keys().copied().filter(|host| holds(self, *host)).collect()
    }
}

#[test]
fn of_several_that_ask_at_once_one_makes_the_actor_and_all_find_it() {
    let mut world = convention();
    for host in [3, 4, 5, 1] {
        world.seek(host);
    }
    world.run(seconds(1));
    let given = |world: &World, host: usize| matches!(world.found(host), Some(NameAnswer::Granted(_)));
    let maker: Vec<usize> = (1..=5).filter(|host| given(&world, *host)).collect();
    let [maker] = maker[..] else { panic!("one makes it: {maker:?}") };
    let actor = world.make(maker);
    for host in [3, 4, 5, 1].into_iter().filter(|host| *host != maker) {
        assert_eq!(world.found(host), Some(NameAnswer::Held(actor)), "host {host}");
    }
    assert_eq!(world.finds(2, milliseconds(20)), NameAnswer::Held(actor), "who asks later finds it too");
}

#[test]
fn who_waits_makes_the_actor_when_the_first_could_not() {
    let mut world = convention();
    world.is_given(3, seconds(1));
    world.seek(4);
    world.run(seconds(5));
    assert_eq!(world.found(4), None);
    world.frees(3);
    assert!(matches!(world.found(4), Some(NameAnswer::Granted(_))));
}

#[test]
fn the_name_of_an_actor_that_has_ended_is_free() {
    let mut world = convention();
    world.is_given(3, seconds(1));
    world.make(3);
    world.frees(3);
    world.is_given(4, milliseconds(20));
}

#[test]
fn the_name_of_a_member_that_is_lost_is_free() {
    let mut world = convention();
    world.is_given(3, seconds(1));
    world.make(3);
    world.kill(3);
    world.run(milliseconds(50));
    // Nobody gets an actor that may be gone: who asks waits until it is known.
    world.is_given(4, seconds(3));
}

#[test]
fn who_waits_for_a_maker_that_is_lost_makes_the_actor() {
    let mut world = convention();
    world.is_given(3, seconds(1));
    world.seek(4);
    world.kill(3);
    world.run(seconds(3));
    assert!(matches!(world.found(4), Some(NameAnswer::Granted(_))));
}

#[test]
fn another_leader_knows_who_has_a_name() {
    let mut world = convention();
    world.is_given(3, seconds(1));
    let actor = world.make(3);
    world.kill(1);
    assert_eq!(world.finds(4, seconds(5)), NameAnswer::Held(actor));
    // Back again, the first knows it too.
    world.start(1, Setup { candidates: vec![1, 2], ..Setup::default() });
    world.run(seconds(3));
    assert_eq!(world.leader(4), Some(1));
    assert_eq!(world.finds(5, seconds(5)), NameAnswer::Held(actor));
    assert_eq!(world.holders(), [3]);
}

#[test]
fn a_leader_is_lost_while_the_actor_is_made() {
    let mut world = convention();
    world.is_given(3, seconds(1));
    world.seek(4);
    world.run(seconds(1));
    world.kill(1);
    world.run(seconds(20));
    assert_eq!(world.found(4), None, "it is still being made");
    let actor = world.make(3);
    world.run(seconds(1));
    assert_eq!(world.found(4), Some(NameAnswer::Held(actor)));
}

#[test]
fn a_leader_is_lost_before_it_has_answered() {
    let mut world = convention();
    world.freeze(1, seconds(1));
    world.seek(3);
    world.seek(4);
    world.run(milliseconds(100));
    world.kill(1);
    world.run(seconds(12));
    let given = [3, 4].map(|host| matches!(world.found(host), Some(NameAnswer::Granted(_))));
    assert_eq!(given.into_iter().filter(|given| *given).count(), 1);
}

#[test]
fn what_a_leader_says_too_late_does_not_count() {
    let mut world = convention();
    world.freeze(1, seconds(30));
    world.seek(3);
    // Nobody hears of it, so another leads and gives the name away.
    world.run(seconds(25));
    assert!(matches!(world.found(3), Some(NameAnswer::Granted(_))));
    let actor = world.make(3);
    world.run(seconds(20));
    assert_eq!(world.leader(3), Some(1));
    assert_eq!(world.finds(4, seconds(5)), NameAnswer::Held(actor));
    assert_eq!(world.holders(), [3]);
}

#[test]
fn a_new_leader_gives_nothing_away_before_its_members_have_told_it() {
    let mut world = convention();
    // The news that the third has a name has not left it when its leader is gone.
    world.seek(3);
    world.run_until(seconds(1), |world| world.found(3).is_some());
    world.freeze(3, seconds(7));
    world.kill(1);
    world.seek(4);
    world.run(seconds(6));
    assert_eq!(world.leader(4), Some(2));
    assert_eq!(world.found(4), None);
    world.run(seconds(3));
    let actor = world.make(3);
    world.run(seconds(1));
    assert_eq!(world.found(4), Some(NameAnswer::Held(actor)));
}

#[test]
fn a_new_leader_does_not_wait_for_ever() {
    let mut world = convention();
    // The third follows the first still, which the second can not reach.
    world.cut(1, 2);
    world.cut(1, 4);
    world.run(seconds(12));
    assert_eq!((world.leader(3), world.leader(4)), (Some(1), Some(2)));
    world.is_given(4, seconds(15));
}

#[test]
fn a_side_without_a_leader_gives_nothing_away_and_says_so() {
    let mut world = convention();
    world.cut(1, 3);
    world.cut(2, 3);
    world.run(seconds(12));
    assert_eq!(world.leader(3), None);
    let answer = world.finds(3, seconds(13));
    let NameAnswer::Refused(NoName::NoLeader(after)) = answer else { panic!("{answer:?}") };
    assert_eq!(after, Timing::default().noticed_after());
    world.heal();
    world.run(seconds(5));
    world.is_given(3, seconds(5));
}

#[test]
fn of_two_sides_that_meet_one_keeps_the_name() {
    let mut world = convention();
    for (one, other) in [(1, 2), (1, 5), (3, 2), (3, 5)] {
        world.cut(one, other);
    }
    world.run(seconds(12));
    assert_eq!((world.leader(3), world.leader(5)), (Some(1), Some(2)));
    world.is_given(3, seconds(15));
    let actor = world.make(3);
    world.is_given(5, seconds(15));
    world.make(5);
    assert_eq!(world.holders(), [3, 5], "one on each side");
    world.heal();
    world.run(seconds(20));
    assert_eq!(world.holders(), [3], "that of the leader's side");
    assert!(world.has_yielded(5) && !world.has_yielded(3));
    assert_eq!(world.finds(5, seconds(1)), NameAnswer::Held(actor));
}

#[test]
fn who_yields_before_its_actor_is_there_makes_none() {
    let mut world = convention();
    for (one, other) in [(1, 2), (1, 5)] {
        world.cut(one, other);
    }
    world.run(seconds(25));
    world.is_given(3, seconds(1));
    let actor = world.make(3);
    world.cut(3, 2);
    world.run(seconds(20));
    world.is_given(5, seconds(15));
    world.heal();
    world.run(seconds(20));
    assert!(world.has_yielded(5));
    world.tell(5, Event::Holds { name: NAME.into(), actor: world.child(5, 7) });
    assert_eq!(world.holders(), [3], "too late");
    assert_eq!(world.finds(5, seconds(1)), NameAnswer::Held(actor));
}

#[test]
fn a_leave_is_handed_on_even_to_who_waits_for_the_name() {
    let mut world = convention();
    world.is_given(3, seconds(1));
    let Some(NameAnswer::Granted(leave)) = world.found(3) else { panic!("it was given") };
    world.seek(4);
    world.run(seconds(1));
    world.tell(4, Event::Seek { name: NAME.into(), leave: Some(leave) });
    world.run(milliseconds(50));
    assert_eq!(world.found(4), Some(NameAnswer::Granted(leave)));
    // The second that has it may fail; the first still holds it then.
    world.frees(4);
    world.seek(5);
    world.run(seconds(3));
    assert_eq!(world.found(5), None);
    world.tell(4, Event::Seek { name: NAME.into(), leave: Some(leave) });
    world.run(milliseconds(50));
    let actor = world.make(4);
    world.frees(3);
    assert_eq!(world.found(5), Some(NameAnswer::Held(actor)));
    assert_eq!(world.holders(), [4]);
}

#[test]
fn a_name_that_is_given_to_who_wants_it_no_more_is_free() {
    let mut world = convention();
    world.is_given(4, seconds(1));
    let actor = world.make(4);
    assert_eq!(world.finds(3, seconds(1)), NameAnswer::Held(actor));
    world.frees(4);
    // It had asked twice, as its answer took long.
    let system = world.system(3);
    world.tell(1, Event::Said { system, message: claim(1, NAME.into()) });
    world.run(milliseconds(100));
    assert_eq!(world.holders(), [0; 0]);
    world.is_given(5, seconds(1));
}

#[test]
fn news_that_get_lost_are_told_again() {
    let mut world = convention();
    world.lost_messages = 400;
    for _ in 0..20 {
        world.is_given(3, seconds(40));
        let actor = world.make(3);
        assert_eq!(world.finds(4, seconds(40)), NameAnswer::Held(actor));
        world.frees(3);
        world.run(seconds(20));
        assert_eq!(world.holders(), [] as [usize; 0]);
    }
}

#[test]
fn who_is_alone_gives_names_to_itself() {
    let mut world = World::new(1);
    world.start(1, Setup::default());
    world.is_given(1, milliseconds(0));
    // Nobody invites it any more, but it may be a member of a larger one soon.
    world.start(2, Setup::default());
    world.is_given(2, milliseconds(0));
    let (actor, _) = (world.make(1), world.make(2));
    world.tell(1, Event::Invite { place: World::place(2), capabilities: Vec::new() });
    world.run(seconds(5));
    assert_eq!(world.leader(2), Some(1));
    assert_eq!(world.holders(), [1]);
    assert_eq!(world.finds(2, seconds(1)), NameAnswer::Held(actor));
}

fn names(since: Option<u64>, held: Vec<Held>) -> Message {
    Message::Names(Box::new(Names { since, version: 7, held, freed: Vec::new(), asking: Vec::new() }))
}

fn held(name: &str, system: SystemId) -> Held {
    let leave = Leave { term: Term::default().next(system), system, number: 1 };
    Held { name: name.into(), leave, actor: Some(crate::convention::admin_of(system)) }
}

fn claim(number: u64, name: String) -> Message {
    Message::Claim { number, name, leave: None }
}

#[test]
fn who_is_no_member_has_no_say_in_names() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    assert_eq!(alone.said(9, claim(1, NAME.into())), []);
    assert_eq!(alone.said(9, names(None, vec![held(NAME, 9)])), []);
    assert_eq!(alone.convention.names().count(), 0);
    alone.said(9, Message::Join(Box::new(plain_join(1, None))));
    alone.said(9, names(None, vec![held(NAME, 9)]));
    assert_eq!(alone.convention.names().count(), 1);
    // And who follows nobody is not told whom to yield to.
    alone.on(Event::Seek { name: "till".into(), leave: None });
    let (_, _, leave, _) = alone.convention.names().find(|(name, ..)| *name == "till").unwrap();
    assert_eq!(alone.said(9, Message::Yield { name: "till".into(), leave }), []);
    let answer = Claimed::Leave(leave);
    assert_eq!(alone.said(9, Message::Claimed { number: 1, name: "clerk".into(), answer }), []);
}

#[test]
fn what_can_not_be_so_is_not_believed() {
    let mut alone = Alone::new(&[]);
    alone.link(9, "nine");
    alone.said(9, Message::Join(Box::new(plain_join(1, None))));
    let many = (0..=MOST_NAMES).map(|number| held(&number.to_string(), 9)).collect();
    for wrong in [
        names(None, vec![held("", 9)]),
        names(None, vec![held("a\nb", 9)]),
        names(None, vec![held(NAME, 8)]),
        names(None, many),
        // A change of what was never told.
        names(Some(5), vec![held(NAME, 9)]),
        claim(1, "x".repeat(256)),
    ] {
        alone.said(9, wrong);
        assert_eq!(alone.convention.names().count(), 0);
    }
    for number in 1..20_000 {
        alone.said(9, claim(number, number.to_string()));
    }
    assert_eq!(alone.convention.names().count(), MOST_NAMES, "it gets no more than it may hold");
}

#[test]
fn who_waits_waits_for_no_more_than_it_may_hold() {
    let mut alone = Alone::new(&["10.0.0.1:1900"]);
    alone.link(9, "nine");
    alone.said(9, Message::Join(Box::new(plain_join(1, None))));
    assert!(alone.convention.is_leader(), "and gives nothing away yet");
    for number in 1..20_000 {
        alone.said(9, claim(number, number.to_string()));
    }
    assert_eq!(alone.convention.names().count(), 0);
    let mut given = Vec::new();
    // It does not say that it follows this system, which does not wait for that for ever.
    for _ in 0..13 {
        alone.on(Event::Heard { system: 9 });
        given.extend(alone.wait(seconds(1)));
    }
    let given = given.iter().filter(|it| matches!(it, Effect::Send { message: Message::Claimed { .. }, .. }));
    assert_eq!(given.count(), MOST_NAMES);
}

#[test]
fn where_nobody_uses_names_nothing_is_said_of_them() {
    let mut world = convention();
    let before = world.others_sent;
    world.run(seconds(60));
    assert_eq!(world.others_sent, before);
}
