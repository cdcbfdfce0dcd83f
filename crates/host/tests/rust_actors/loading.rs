//! Programs that are loaded as sources.

use std::env::consts;
use std::time::Instant;

use bytes::Bytes;
use roscius::{Address, Promise, Received, Recipient};
use roscius_host::rust::{
    ActorTask, CreateError, Endpoint, SourceNotice, SourceVerdict, ValidateSource, start_program,
};
use roscius_protocol::address::NodeId;
use roscius_protocol::admin::messages::{RefusalKind, Source};
use roscius_protocol::lifecycle::Birth;
use roscius_protocol::sources::Digest;

use crate::cast::{Add, Judge, Noticed, Player, Preside};
use crate::scene::{ARGUMENTS, PATIENCE, Scene, kill, until_ended};

/// An address of the program that is the source authority.
struct Authority(Endpoint);

impl Authority {
    fn of(scene: &Scene) -> Self {
        let endpoint = scene.system.endpoint();
        endpoint.be_source_authority().unwrap();
        Self(endpoint)
    }

    /// What it is asked for next, and the promise of the verdict.
    fn asked(&self) -> (ValidateSource, Promise<SourceVerdict>) {
        let Some(Received::Message(asked)) = self.0.listen(PATIENCE) else { panic!("it is asked") };
        asked.into_ask().unwrap()
    }

    /// Finds the next source valid, whatever it is.
    fn decide(&self) {
        let (ValidateSource { content, .. }, promise) = self.asked();
        promise.fulfil(SourceVerdict::Valid { info: None, content });
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
fn an_actor_decides_about_sources_and_hears_of_them() {
    let scene = Scene::start("judged");
    let judge = scene.system.spawn::<Judge>(()).unwrap();
    assert_eq!(scene.system.ask(judge, Preside).wait(), Ok(()));
    let text = String::from_utf8(program().to_vec()).unwrap();
    // Its verdicts: at once, later, no, and none, as it fails.
    let signed = scene.system.load_source(None, format!("signed:{text}")).unwrap();
    let player = adder(scene.system.spawn_from_source(&signed, "player", 40u64).unwrap());
    assert_eq!(scene.system.ask(player, Add(2)).wait(), Ok(42));
    let slow = scene.system.load_source(None, format!("slowly:{text}")).unwrap();
    assert!(scene.system.spawn_from_source(&slow, "player", 40u64).is_ok());
    let foul = scene.system.load_source(None, "foul").unwrap();
    let refused = scene.system.spawn_from_source(&foul, "player", 40u64);
    assert!(matches!(refused, Err(CreateError::Refused { kind: RefusalKind::InvalidSourceHash, .. })), "{refused:?}");
    scene.system.unload_source(&slow).unwrap();
    let expected = [(&signed, true), (&slow, true), (&slow, false)].map(|(id, loaded)| (id.clone(), loaded));
    let since = Instant::now();
    while scene.system.ask(judge, Noticed).wait().unwrap() != expected {
        assert!(since.elapsed() < PATIENCE, "it was not told");
    }
    let failing = scene.system.load_source(None, "fail").unwrap();
    // Another authority is asked for what the one before has not decided.
    let authority = Authority::of(&scene);
    let (asked, promise) = authority.asked();
    assert_eq!((&*asked.id, &*asked.content), (&*failing, &b"fail"[..]));
    promise.fulfil(SourceVerdict::Rejected);
    // A program hears of all that are there.
    authority.0.watch_sources(true).unwrap();
    let Some(Received::Message(heard)) = authority.0.listen(PATIENCE) else { panic!("it is told") };
    let notice = SourceNotice { id: signed.clone(), info: Some("judged".to_owned()), loaded: true };
    assert_eq!(heard.message.take::<SourceNotice>().unwrap(), notice);
    let sources = scene.system.status().unwrap().sources;
    assert_eq!(sources.iter().map(|source| &source.id).collect::<Vec<_>>(), [&signed]);
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
