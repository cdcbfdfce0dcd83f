//! The leader is killed during each step of a convention: at the first moment of it, and in the next run a moment later, until it has come to its end.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use roscius::Address;
use roscius_simulation::{SimulatedSystem, Simulation};

use crate::cast::{Add, Fast, registry};

const SECOND: Duration = Duration::from_secs(1);
/// Within which time another leads.
const SOON: Duration = Duration::from_secs(20);

/// A leader, who is next, and two members of which the last can do more.
struct Stage {
    sim: Simulation,
    first: SimulatedSystem,
    second: SimulatedSystem,
    one: SimulatedSystem,
    two: SimulatedSystem,
    /// After how many more things the leader is killed.
    left: Rc<Cell<Option<u32>>>,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let sim = Simulation::new(seed);
        sim.requires("gpu counter", |capabilities| capabilities.contains_key("gpu"));
        let registry = registry();
        let first = sim.system("first", &registry).leader("first").start().expect("it starts");
        let start = |name: &str| sim.system(name, &registry).leader("first").leader("second");
        let second = start("second").start().expect("it starts");
        let (one, two) = (
            start("one").start().expect("it starts"),
            start("two").capability("gpu", "big").start().expect("it starts"),
        );
        let left = Rc::new(Cell::new(None));
        let (victim, moment) = (first.clone(), Rc::clone(&left));
        sim.always("the leader may be killed", move || {
            match moment.get() {
                Some(0) => victim.crash(),
                other => moment.set(other.map(|left| left - 1)),
            }
            Ok(())
        });
        let stage = Self { sim, first, second, one, two, left };
        assert!(stage.sim.run_until(SOON, || stage.leads("first") && stage.first.members().len() == 3));
        stage
    }

    fn leads(&self, name: &str) -> bool {
        [&self.second, &self.one, &self.two].iter().all(|system| system.leader().as_deref() == Some(name))
    }

    /// Another has taken over, and knows these.
    fn is_led_by_the_next(&self, members: &[&str]) {
        let knows = || {
            let known = self.second.members();
            known.len() == members.len() && members.iter().all(|name| known.contains(&(*name).to_owned()))
        };
        assert!(self.sim.run_until(SOON, knows), "{:?}", self.second.members());
    }
}

/// Plays a step, which the leader does not see the end of, and then sees whether it has come out well. The more moments are tried, the better.
fn at_each_moment<R>(seed: u64, step: impl Fn(&Stage) -> R, comes_out: impl Fn(&Stage, R)) -> u32 {
    for moment in 0.. {
        let stage = Stage::new(seed);
        stage.left.set(Some(moment));
        let result = step(&stage);
        stage.left.set(None);
        if stage.first.is_running() {
            assert!(moment > 2, "that was no step at all");
            return moment;
        }
        comes_out(&stage, result);
        stage.sim.finish().expect("all start again");
        assert!(stage.leads("first"), "it leads again when it is back");
    }
    unreachable!("a step has an end")
}

#[test]
fn while_a_system_joins() {
    let join = |stage: &Stage| {
        let new = stage.sim.system("new", &registry()).leader("first").leader("second").start().unwrap();
        let knows = |leader: &SimulatedSystem| leader.members().contains(&"new".to_owned());
        let joined = || knows(&stage.first) && knows(&stage.second) && new.members().len() == 2;
        stage.sim.run_until(SOON, || !stage.first.is_running() || joined());
        new
    };
    at_each_moment(21, join, |stage, new| {
        stage.is_led_by_the_next(&["one", "two", "new"]);
        assert!(stage.sim.run_until(SOON, || new.leader().as_deref() == Some("second")));
    });
}

#[test]
fn while_capabilities_change() {
    let change = |stage: &Stage| {
        stage.one.set_capability("gpu", Some("new"));
        stage.two.set_capability("gpu", None);
        // All have been told, and have said that they know.
        stage.sim.run_for(SECOND);
    };
    at_each_moment(22, change, |stage, ()| {
        stage.is_led_by_the_next(&["one", "two"]);
        let made = stage.two.spawn_by_name("gpu counter", 1_u64).unwrap();
        assert_eq!(stage.sim.home_of(made).as_deref(), Some("one"));
    });
}

#[test]
fn while_it_invites() {
    let invite = |stage: &Stage| {
        let guest = stage.sim.system("guest", &registry()).start().unwrap();
        stage.first.invite(&guest);
        stage.sim.run_until(SOON, || !stage.first.is_running() || guest.leader().as_deref() == Some("first"));
        guest
    };
    at_each_moment(23, invite, |stage, guest| {
        stage.is_led_by_the_next(&["one", "two"]);
        // It knows no leader, and goes on alone, until another invites it.
        stage.second.invite(&guest);
        assert!(stage.sim.run_until(SOON, || guest.leader().as_deref() == Some("second")));
        stage.is_led_by_the_next(&["one", "two", "guest"]);
        // With the start before all of its invitations are gone.
        stage.first.restart().unwrap();
        stage.first.invite(&guest);
    });
}

/// The actors on a system that are nobody's children.
fn actors(system: &SimulatedSystem) -> Vec<Address> {
    system.status().expect("it runs").children
}

#[test]
fn while_an_actor_is_made_elsewhere() {
    let create = |stage: &Stage| stage.one.spawn_by_name("gpu counter", 1_u64);
    at_each_moment(24, create, |stage, created| {
        if let Ok(actor) = created {
            assert!(stage.one.is_alive(actor), "who has its address can speak with it");
        }
        stage.is_led_by_the_next(&["one", "two"]);
        let made = stage.one.spawn_by_name("gpu counter", 1_u64).unwrap();
        let expected: Vec<Address> = created.ok().into_iter().chain([made]).collect();
        assert_eq!(actors(&stage.two), expected, "there is none that nobody knows of");
    });
}

#[test]
fn while_an_actor_with_a_global_name_is_made_elsewhere() {
    let create = |stage: &Stage| stage.one.spawn_named::<Fast>("the one", 1_u64);
    at_each_moment(25, create, |stage, created| {
        stage.is_led_by_the_next(&["one", "two"]);
        let found = stage.one.spawn_named::<Fast>("the one", 1_u64).unwrap();
        if let Ok(actor) = created {
            assert_eq!(actor, found);
        }
        assert_eq!(actors(&stage.two), [found.address()]);
        assert!(matches!(stage.one.ask(found, Add(1)).wait(), Ok(2)));
    });
}

#[test]
fn while_a_system_leaves() {
    at_each_moment(
        26,
        |stage| stage.one.shutdown(),
        |stage, has_ended| {
            assert!(has_ended || stage.sim.run_until(SOON, || !stage.one.is_running()));
            stage.is_led_by_the_next(&["two"]);
        },
    );
}

#[test]
fn while_it_leaves_itself() {
    // It ends in any case: the last moments are those of the others.
    for moment in 0..200 {
        let stage = Stage::new(27);
        stage.left.set(Some(moment));
        stage.first.shutdown();
        stage.left.set(None);
        stage.is_led_by_the_next(&["one", "two"]);
        assert!(stage.sim.run_until(SOON, || stage.leads("second")));
    }
}
