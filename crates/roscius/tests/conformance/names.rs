//! Global names.
//!
//! In one process: looking a name up by type and from within an actor, which asks nobody outside its process, and
//! refusing a name that is taken, where the Admin gives who has it.

use std::thread;

use roscius::prelude::*;
use roscius::{Props, SpawnError};
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Births, Double, Order, Puppet, Role, Saw, What};
use crate::parts::{Enlist, Part};
use crate::scene::{PATIENCE, Scene};

promises! {
    on every_base:
        whoever_hears_of_the_end_can_have_the_name,
        a_parent_that_hears_of_the_end_can_give_the_name_again,
        names_are_in_the_status,
        a_named_actor_is_found,
        a_name_is_free_when_its_holder_has_ended,
        an_actor_that_never_came_to_life_holds_no_name;
    on in_one_process:
        a_lookup_by_type_finds_only_that_type,
        a_name_is_given_once,
        a_name_that_is_not_allowed_is_refused,
        of_many_who_want_a_name_one_gets_it,
        an_actor_finds_a_name,
        a_name_refused_creates_no_actor;
    on processes:
        of_many_programs_that_want_a_name_all_get_the_same_actor;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Other>().enlist::<Guardian>()
}

fn named(scene: &Scene, name: &str) -> Part<Role> {
    scene.role(name).part().named(name)
}

fn a_named_actor_is_found(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.play(named(&scene, "Hamlet"), "Hamlet");
    assert_eq!(scene.system.lookup("Hamlet"), Some(puppet.address()));
    assert_eq!(scene.system.lookup("hamlet"), None);
    assert_eq!(scene.system.lookup(""), None);
}

fn an_actor_finds_a_name(base: Base) {
    let scene = Scene::new(base);
    let hamlet = scene.play(named(&scene, "Hamlet"), "Hamlet");
    let other = scene.puppet("other");
    assert_eq!(scene.system.ask(other, Order::Lookup("Hamlet".into())).wait(), Ok(Some(hamlet.address())));
    assert_eq!(scene.system.ask(other, Order::Lookup("Ophelia".into())).wait(), Ok(None));
}

plays_itself!(Other, Guardian);

#[derive(Clone, Serialize, Deserialize)]
struct Other;

impl Actor for Other {
    type Protocol = ();
}

fn a_lookup_by_type_finds_only_that_type(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.play(named(&scene, "Hamlet"), "Hamlet");
    let other = scene.system.spawn(Props::new(|| Other).named("Ophelia")).unwrap();
    let found: Option<ActorRef<Puppet>> = scene.system.lookup_actor("Hamlet");
    assert_eq!(found, Some(puppet));
    assert_eq!(scene.system.lookup_actor::<Other>("Hamlet"), None);
    assert_eq!(scene.system.lookup_actor::<Puppet>("Ophelia"), None);
    assert_eq!(scene.system.lookup_actor("Ophelia"), Some(other));
    assert_eq!(scene.system.lookup_actor::<Other>("Yorick"), None);
    assert_eq!(scene.system.ask(found.unwrap(), Double(1)).wait(), Ok(2));
}

fn a_name_is_given_once(base: Base) {
    let scene = Scene::new(base);
    let holder = scene.play(named(&scene, "Hamlet"), "Hamlet");
    match scene.system.cast(named(&scene, "Hamlet")) {
        Err(SpawnError::NameTaken(taken)) => {
            assert_eq!((taken.name.as_str(), taken.holder), ("Hamlet", holder.address()));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.system.lookup("Hamlet"), Some(holder.address()));
}

fn a_name_that_is_not_allowed_is_refused(base: Base) {
    let scene = Scene::new(base);
    for name in ["", "two\nlines", "\0", &"x".repeat(256)] {
        let refused = scene.system.spawn(Props::new(|| Other).named(name));
        assert!(matches!(refused, Err(SpawnError::InvalidName(_))), "{name:?} gave {refused:?}");
    }
    scene.system.spawn(Props::new(|| Other).named("Zürich ☂")).unwrap();
}

fn a_name_is_free_when_its_holder_has_ended(base: Base) {
    let scene = Scene::new(base);
    let first = scene.play(named(&scene, "Hamlet"), "Hamlet");
    scene.system.exit(first);
    scene.expect("Hamlet", What::Stopping);
    scene.wait_for_end(first);
    assert_eq!(scene.system.lookup("Hamlet"), None);
    let second = scene.play(named(&scene, "Hamlet"), "Hamlet");
    assert_ne!(first, second);
    assert_eq!(scene.system.lookup("Hamlet"), Some(second.address()));
}

fn whoever_hears_of_the_end_can_have_the_name(base: Base) {
    let scene = Scene::new(base);
    let mut holder = scene.play(named(&scene, "Hamlet"), "Hamlet");
    for _ in 0..50 {
        scene.probe.endpoint().watch(holder);
        scene.system.exit(holder);
        scene.expect("Hamlet", What::Stopping);
        scene.probe.expect_terminated();
        holder = scene.play(named(&scene, "Hamlet"), "Hamlet");
    }
}

/// Has a child with a name, makes it anew when it has ended, and reports the fiftieth end.
#[derive(Clone, Serialize, Deserialize)]
struct Guardian {
    births: u64,
    observer: Address,
}

impl Guardian {
    fn bear(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        if self.births == 50 {
            ctx.send(self.observer, Saw { who: "guardian".into(), what: What::Handled(self.births) })?;
            return Ok(());
        }
        self.births += 1;
        ctx.spawn(Props::new(|| Mayfly).named("mayfly").spread())?;
        Ok(())
    }
}

impl Actor for Guardian {
    type Protocol = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        self.bear(ctx)
    }

    fn child_exited(&mut self, _: &ChildExited, ctx: &mut Context<Self>) {
        if let Err(failure) = self.bear(ctx) {
            panic!("{failure}");
        }
    }
}

/// Ends as soon as it has started.
struct Mayfly;

impl Actor for Mayfly {
    type Protocol = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        ctx.stop();
        Ok(())
    }
}

fn a_parent_that_hears_of_the_end_can_give_the_name_again(base: Base) {
    let scene = Scene::new(base);
    let guardian = Guardian { births: 0, observer: scene.probe.address() };
    scene.system.cast(guardian).unwrap();
    scene.expect("guardian", What::Handled(50));
}

fn an_actor_that_never_came_to_life_holds_no_name(base: Base) {
    let scene = Scene::new(base);
    let role = scene.role("stillborn").fails_to_start(Births::ConstructorPanics, u32::MAX);
    let stillborn = scene.system.cast(role.part().named("Hamlet")).unwrap();
    scene.wait_for_end(stillborn);
    assert_eq!(scene.system.lookup("Hamlet"), None);
}

fn a_name_refused_creates_no_actor(base: Base) {
    let scene = Scene::new(base);
    scene.play(named(&scene, "Hamlet"), "Hamlet");
    assert!(scene.system.cast(named(&scene, "Hamlet")).is_err());
    assert_eq!(scene.system.status().actors.len(), 1);
    let parent = scene.role("parent").child("child", Restart::Temporary);
    scene.play_all(parent, ["parent", "child"]);
    assert!(scene.system.shut_down());
}

fn of_many_who_want_a_name_one_gets_it(base: Base) {
    let scene = Scene::new(base);
    for round in 0..10 {
        let name = format!("crown {round}");
        let claimants: Vec<_> = (0..4)
            .map(|_| {
                let (system, name) = (scene.system.clone(), name.clone());
                thread::spawn(move || system.spawn(Props::new(|| Other).named(name)))
            })
            .collect();
        let results: Vec<_> = claimants.into_iter().map(|claimant| claimant.join().unwrap()).collect();
        let kings: Vec<_> = results.iter().flatten().collect();
        assert_eq!(kings.len(), 1, "{results:?}");
        assert_eq!(scene.system.lookup_actor(&name).as_ref(), Some(kings[0]));
    }
    assert!(scene.system.wait_until(PATIENCE, || scene.system.status().actors.len() == 10));
}

fn names_are_in_the_status(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.play(named(&scene, "Hamlet"), "Hamlet");
    let status = scene.system.status();
    assert_eq!(status.names, [("Hamlet".to_owned(), puppet.address())]);
    assert!(status.to_string().contains("Hamlet"), "{status}");
}

/// In a system of processes whoever asks for a name gets who has it; it is made if there is none.
fn of_many_programs_that_want_a_name_all_get_the_same_actor(base: Base) {
    let scene = Scene::new(base);
    let claimants: Vec<_> = (0..4)
        .map(|_| {
            let system = scene.system.clone();
            thread::spawn(move || system.cast(Part::from(Other).named("crown")).unwrap())
        })
        .collect();
    let kings: Vec<_> = claimants.into_iter().map(|claimant| claimant.join().unwrap().address()).collect();
    assert_eq!(kings, [kings[0]; 4]);
    assert_eq!(scene.system.lookup("crown"), Some(kings[0]));
    assert_eq!(scene.system.status().actors.len(), 1);
}
