//! How a system is started, and what is wrong when it is not.

use roscius::prelude::*;
use roscius_host::admin::{Claim, ConventionOptions};
use roscius_host::rust::{CreateError, ProcessSystem, Registry, StartError};

use crate::cast::{Add, Player};
use crate::scene::{Base, Scene, any_port};

const FORGETFUL: [&str; 4] = ["--exact", "starting::forgets_to_enter", "--nocapture", "--quiet"];

#[test]
fn a_port_belongs_to_one_system() {
    let scene = Scene::start("taken");
    let second = scene.base.builder(scene.system.claim().clone()).start();
    assert!(matches!(second, Err(StartError::Taken(_))), "{second:?}");
    assert!(scene.attach().is_ok());
}

#[test]
fn a_port_that_other_hosts_reach_needs_a_word_on_who_may_speak_there() {
    let base = Base::new("exposed");
    let everywhere = Claim::Tcp(([0, 0, 0, 0], 0).into());
    let Err(StartError::Part { reason, .. }) = base.builder(everywhere.clone()).start() else { panic!("it started") };
    assert!(reason.contains("0.0.0.0") && reason.contains("certificate") && reason.contains("insecure"), "{reason}");
    assert_eq!(base.files(), Vec::<std::path::PathBuf>::new());
    let convention = ConventionOptions { insecure: true, ..ConventionOptions::default() };
    base.builder(everywhere).convention(convention).start().unwrap().shutdown().unwrap();
}

#[test]
fn what_others_are_to_know_a_system_by_has_to_be_a_place() {
    let base = Base::new("placeless");
    let convention = ConventionOptions { place: Some("here".into()), ..ConventionOptions::default() };
    let started = base.builder(any_port()).convention(convention).start();
    let Err(StartError::Part { reason, .. }) = started else { panic!("{started:?}") };
    assert!(reason.contains("here") && reason.contains("port"), "{reason}");
}

#[test]
fn nobody_attaches_to_nothing() {
    let base = Base::new("nothing");
    let found = base.builder(Claim::Queue("nobody".into())).attach();
    assert!(matches!(found, Err(StartError::NoSystem { .. })), "{found:?}");
    assert_eq!(base.files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_program_that_does_not_enter_is_told_so() {
    let base = Base::new("forgetful");
    let started = base.builder(any_port()).arguments(FORGETFUL).start();
    let Err(StartError::Part { reason, .. }) = started else { panic!("{started:?}") };
    assert!(reason.contains("enter"), "{reason}");
}

/// A program that starts a system and has not called `enter`: started as the Admin, it is about to start another.
#[test]
fn forgets_to_enter() {
    let base = Base::new("never");
    if std::env::var_os("ROSCIUS_PART").is_some() {
        let started = base.builder(any_port()).start();
        assert!(matches!(started, Err(StartError::NotEntered)), "{started:?}");
    }
}

#[derive(Message, Serialize, Deserialize)]
#[message(name = "the same")]
struct One;

#[derive(Message, Serialize, Deserialize)]
#[message(name = "the same")]
struct Other;

#[test]
fn two_types_with_one_name_are_refused() {
    let registry = Registry::new().message::<One>().message::<Other>();
    let started = ProcessSystem::builder(any_port(), &registry).start();
    assert!(matches!(&started, Err(StartError::Ambiguous { name }) if name == "the same"), "{started:?}");
}

struct Stranger;

impl Actor for Stranger {
    type Protocol = ();
}

#[test]
fn what_can_not_be_made_is_refused() {
    let scene = Scene::start("made");
    let unknown = scene.system.spawn::<Stranger>(());
    assert!(matches!(unknown, Err(CreateError::NotRegistered { .. })), "{unknown:?}");
    let wrong = scene.system.spawn::<Player>("a text");
    assert!(matches!(wrong, Err(CreateError::Arguments { .. })), "{wrong:?}");
    let badly_named = scene.system.spawn_named::<Player>("", 0u64);
    assert!(matches!(badly_named, Err(CreateError::Refused { .. })), "{badly_named:?}");
    let player = scene.system.spawn::<Player>(1u64).unwrap();
    assert_eq!(scene.system.ask(player, Add(1)).wait(), Ok(2));
}

#[test]
fn a_program_that_a_part_starts_is_no_part() {
    // It inherits the variable, but not the socket that it names.
    let program = std::process::Command::new(std::env::current_exe().unwrap())
        .args(crate::scene::ARGUMENTS)
        .env("ROSCIUS_PART", "1:2")
        .output()
        .unwrap();
    assert!(program.status.success(), "{program:?}");
    assert!(String::from_utf8_lossy(&program.stdout).contains("1 passed"), "{program:?}");
}
