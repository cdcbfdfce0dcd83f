//! Programs that are loaded as sources.

use std::env::consts;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use roscius::gate::Crossing;
use roscius::{Address, Payload, Recipient};
use roscius_host::process::{Language, Options, Process, Unpacked, Unreadable, Write};
use roscius_host::rust::{ActorTask, CreateError, start_program};
use roscius_protocol::address::NodeId;
use roscius_protocol::admin::messages::{FromAdmin, Letter, RefusalKind, Setback, Source, ToAdmin};
use roscius_protocol::frame::{Frame, Role};
use roscius_protocol::lifecycle::Birth;
use roscius_protocol::sources::Digest;
use roscius_transport::SocketDir;

use crate::cast::{Add, Player};
use crate::scene::{ARGUMENTS, PATIENCE, Scene, kill, until_ended};

/// Hears what the Admin says, and nothing else.
#[derive(Default)]
struct Ear(Mutex<Vec<FromAdmin>>);

impl Language for Ear {
    fn pack(&self, message: &Payload, _: &mut Write<'_>) -> Result<(), String> {
        Err(message.name().to_owned())
    }

    fn unpack(&self, frame: Frame) -> Result<Unpacked, Unreadable> {
        Err(Unreadable { frame, reason: Setback::NotAccepted, details: String::new() })
    }

    fn returned(&self, _: Address, _: &Letter, _: Frame) -> Option<Crossing> {
        None
    }

    fn said_by_admin(&self, _: Address, _: Address, said: FromAdmin) -> Option<Crossing> {
        self.0.lock().unwrap().push(said);
        None
    }
}

/// A process that is the source authority.
struct Authority {
    process: Arc<Process>,
    ear: Arc<Ear>,
}

impl Authority {
    fn of(scene: &Scene) -> Self {
        let admin = scene.system.status().unwrap().admin.unwrap();
        let node = NodeId::of_process(admin.node().system(), 0x7777);
        let directory = SocketDir::of_system_in(&scene.base.0, node.system()).unwrap();
        let options = Options {
            node,
            role: Role::External,
            directory: directory.path().to_owned(),
            listening: directory.listen(node).unwrap(),
            hold_within: PATIENCE,
        };
        let ear = Arc::new(Ear::default());
        let process = Process::start(options, Arc::clone(&ear) as Arc<_>).unwrap();
        let authority = Self { process, ear };
        authority.say(ToAdmin::Attach { pid: 0 });
        authority.say(ToAdmin::BeSourceAuthority);
        authority.process.turn(Some(Duration::ZERO)).unwrap();
        authority
    }

    fn say(&self, message: ToAdmin) {
        self.process.tell_admin(Address::new(self.process.node(), 0, 0, 0), message);
    }

    /// Finds the next source valid, whatever it is.
    fn decide(&self) {
        loop {
            if let Some(FromAdmin::ValidateSource { id, content, .. }) = self.ear.0.lock().unwrap().pop() {
                self.say(ToAdmin::SourceVerdict { id, info: None, content: Some(content) });
                break;
            }
            self.process.turn(Some(PATIENCE)).unwrap();
        }
        self.process.turn(Some(Duration::ZERO)).unwrap();
    }
}

fn adder(player: Address) -> Recipient<Add> {
    Recipient::assume(player)
}

/// This program, which needs its arguments to know what it is.
fn program() -> Bytes {
    let this = std::env::current_exe().unwrap();
    Bytes::from(format!("#!/bin/sh\nexec '{}' {}\n", this.display(), ARGUMENTS.join(" ")))
}

#[test]
fn actors_are_made_from_a_program_that_is_a_source() {
    let scene = Scene::start("program");
    let authority = Authority::of(&scene);
    let id = scene.system.load_source(Some("players"), program()).unwrap();
    authority.decide();
    let player = adder(scene.system.spawn_from_source(&id, "player", 40u64).unwrap());
    assert_eq!(scene.system.ask(player, Add(2)).wait(), Ok(42));
    let names = scene.system.spawn_from_source(&id, "nobody", 40u64);
    let Err(CreateError::Refused { kind: RefusalKind::InvalidActorClass, text }) = names else { panic!("{names:?}") };
    assert_eq!(text, "this program knows no actor `nobody`");
    // Actors go on when it is unloaded, and no more are made.
    scene.system.unload_source(&id).unwrap();
    assert_eq!(scene.system.ask(player, Add(1)).wait(), Ok(43));
    let late = scene.system.spawn_from_source(&id, "player", 40u64);
    let Err(CreateError::Refused { kind: RefusalKind::InvalidSourceHash, .. }) = late else { panic!("{late:?}") };
    let _ = scene.system.spawn::<Player>(7u64).unwrap();
}

#[test]
fn a_program_that_does_not_enter_is_a_refusal() {
    let scene = Scene::start("stranger");
    let authority = Authority::of(&scene);
    for (content, word) in [("#!/bin/sh\nexit 3\n", "ended"), ("#!/no/such/shell\n", "could not be started")] {
        let id = scene.system.load_source(None, content).unwrap();
        authority.decide();
        let refused = scene.system.spawn_from_source(&id, "player", 40u64);
        let Err(CreateError::Refused { kind: RefusalKind::NoProcess, text }) = refused else { panic!("{refused:?}") };
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn a_program_for_another_host_makes_no_actors_here() {
    let scene = Scene::start("elsewhere");
    let authority = Authority::of(&scene);
    let id = scene.system.load_source(None, &b"MZ\x90\0"[..]).unwrap();
    authority.decide();
    let refused = scene.system.spawn_from_source(&id, "player", 40u64);
    let Err(CreateError::Refused { kind: RefusalKind::NoCompatibleSystem, text }) = refused else {
        panic!("{refused:?}")
    };
    let here = format!("the capabilities of this system are: `os` `{}`, `arch` `{}`", consts::OS, consts::ARCH);
    assert_eq!(text, format!("source {id} is a program for windows on unknown, and {here}"));
}

#[test]
fn a_program_for_this_host_makes_actors_as_the_capabilities_say() {
    let scene = Scene::start("here");
    let authority = Authority::of(&scene);
    let id = scene.system.load_source(None, std::fs::read("/bin/true").unwrap()).unwrap();
    authority.decide();
    let refused = scene.system.spawn_from_source(&id, "player", 40u64);
    // It is started, and is no program with actors.
    assert!(matches!(refused, Err(CreateError::Refused { kind: RefusalKind::NoProcess, .. })), "{refused:?}");
}

#[test]
fn a_process_of_a_program_that_is_killed_is_noticed() {
    let scene = Scene::start("killed");
    let authority = Authority::of(&scene);
    let id = scene.system.load_source(None, program()).unwrap();
    authority.decide();
    let player = adder(scene.system.spawn_from_source(&id, "player", 1u64).unwrap());
    let members = scene.system.status().unwrap().detail.members;
    let member = members.iter().find(|member| member.process == player.address().node()).unwrap();
    kill(member.pid.unwrap());
    until_ended(member.pid.unwrap());
    assert!(scene.system.ask(player, Add(1)).wait().is_err());
}

#[test]
fn what_is_not_there_is_not_started() {
    let source = Source { id: "abc".into(), digest: Digest([0; 32]), executable: true };
    let node = NodeId::of_process(1, 50);
    let task = ActorTask {
        directory: std::env::temp_dir(),
        node,
        parent: Address::new(node, 0, 0, 0),
        birth: Birth::numbered(1),
        maker: "player".into(),
        name: None,
        arguments: Vec::new(),
    };
    let text = start_program(&source, task).unwrap_err().to_string();
    assert_eq!(text, "source abc could not be started: it was unloaded meanwhile");
}
