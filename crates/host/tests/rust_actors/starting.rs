//! How a system is started, and what is wrong when it is not.

use roscius::prelude::*;
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
fn nobody_attaches_to_nothing() {
    let base = Base::new("nothing");
    let found = base.builder(roscius_host::admin::Claim::Queue("nobody".into())).attach();
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
