//! What goes on in a system.

use std::time::{Duration, Instant};

use roscius_protocol::address::Address;
use roscius_protocol::admin::messages::{
    FromAdmin, Letter, LetterRecord, RefusalKind, Setback, ToAdmin, Topic, decode, encode,
};
use roscius_protocol::frame::{self, Header, Payload};

use crate::scene::{PATIENCE, System};

/// An actor in a process of its own.
macro_rules! actor {
    ($starter:ident, $program:ident, $id:expr, $name:expr, $manner:expr) => {{
        $program.ask_for($id, $name);
        $program.hub.flush();
        let process = $starter.start_next($manner);
        let created = $program.answer($id);
        assert_eq!(created, FromAdmin::Created { actor: Address::new(process, 0, 1, 0) });
        process
    }};
}

#[test]
fn actors_are_made_named_killed_and_forgotten() {
    let system = System::start("actors", 0x61);
    let (mut starter, mut program) = (system.starter(), system.program(100));
    program.attach();
    let plain = actor!(starter, program, 2, None, "plain");
    let named = actor!(starter, program, 3, Some("desk"), "plain");
    program.ask_for(4, Some("desk"));
    assert_eq!(program.answer(4), FromAdmin::Created { actor: Address::new(named, 0, 1, 0) });
    let status = program.status();
    assert_eq!(status.children.len(), 2);
    assert_eq!(status.names, [("desk".to_owned(), Address::new(named, 0, 1, 0))]);
    // Its starter is slow to notice, or never does.
    let (_, fellow) = starter.children.iter_mut().find(|(process, _)| *process == named).unwrap();
    fellow.kill();
    program.until("the end of the name", |status| status.names.is_empty());
    program.until("the end of the actor", |status| status.children == [Address::new(plain, 0, 1, 0)]);
}

#[test]
fn what_cannot_be_made_is_refused() {
    let system = System::start("refused", 0x62);
    let (mut starter, mut program) = (system.starter(), system.program(100));
    program.attach();
    program.ask_for(2, None);
    program.hub.flush();
    let process = starter.start_next("plain");
    starter.children[0].1.kill();
    starter.reap();
    let FromAdmin::Refused(refusal) = program.answer(2) else {
        // It was quicker than we were: then it is forgotten all the same.
        return program.until("the end", |status| status.children.is_empty());
    };
    assert_eq!(refusal.kind, RefusalKind::NoProcess);
    assert!(refusal.text.contains("signal: 9"), "{} says {}", process, refusal.text);
}

#[test]
fn letters_and_capabilities_get_to_who_wants_them() {
    let system = System::start("letters", 0x63);
    let (mut starter, mut program) = (system.starter(), system.program(100));
    program.attach();
    let handler = actor!(starter, program, 2, None, "letters");
    program.until("the handler", |status| status.dead_letter_handler == Some(Address::new(handler, 0, 1, 0)));
    let (sender, target) = (Address::new(handler, 0, 7, 0), Address::new(handler, 0, 9, 0));
    let mut frame = Vec::new();
    let lost = Payload::MessagePack { name: "news", body: &[0xc0] };
    frame::encode(&Header::new(sender, target), &lost, frame::DEFAULT_LIMIT, &mut frame).unwrap();
    let letter = Letter { reason: Setback::Exited, details: "gone".into(), frame };
    let body = encode(&letter).unwrap();
    program.send(0, Topic::DeadLetter as u64, &Payload::System(&body));
    program.hub.flush();
    assert_eq!(starter.children[0].1.line("LETTER"), body.len().to_string());
    let status = program.status();
    let record = LetterRecord { message: "news".into(), sender, target, reason: Setback::Exited, number: Some(1) };
    assert_eq!((status.dead_letters, status.latest_dead_letters), (1, vec![record]));
    let set = ToAdmin::SetCapability { name: b"b".to_vec(), value: Some(b"2".to_vec()) };
    assert_eq!(program.ask(5, set), FromAdmin::Done);
    assert_eq!(starter.children[0].1.line("CAPABILITIES"), "2");
}

#[test]
fn a_message_of_an_actor_to_the_admin_comes_back_and_garbage_harms_nobody() {
    let system = System::start("garbage", 0x64);
    let mut program = system.program(100);
    program.attach();
    program.send(9, 0, &Payload::Str("hello"));
    let returned = program.frame("what comes back", |frame| frame.header().type_id == Topic::Returned as u64);
    let letter: Letter = decode(&returned.body()).unwrap();
    assert_eq!((letter.reason, returned.header().message), (Setback::NoActor, 9));
    assert!(letter.frame.ends_with(b"hello"));
    for topic in 0..9 {
        program.send(0, topic, &Payload::System(&[0xff; 40]));
    }
    let counters = program.status().counters;
    let noise = counters.iter().find(|(name, _)| name == "Admin Message Received.Noise").map(|(_, count)| *count);
    assert_eq!(noise, Some(9), "{counters:?}");
}

#[test]
fn a_program_that_is_killed_leaves_the_system_running() {
    let system = System::start("client", 0x65);
    let (mut starter, mut program) = (system.starter(), system.program(100));
    program.attach();
    let actor = actor!(starter, program, 2, None, "plain");
    // Its connections break as those of a killed process do.
    drop(program);
    let mut second = system.program(101);
    second.attach();
    assert_eq!(second.status().children, [Address::new(actor, 0, 1, 0)]);
    assert_eq!(second.ask(3, ToAdmin::SetCapability { name: vec![1], value: None }), FromAdmin::Done);
}

#[test]
fn a_shutdown_ends_everybody_the_stubborn_too() {
    let system = System::start("shutdown", 0x66);
    let (mut starter, mut program) = (system.starter(), system.program(100));
    program.attach();
    actor!(starter, program, 2, None, "plain");
    let stubborn = actor!(starter, program, 3, None, "stubborn");
    let since = Instant::now();
    program.say(4, ToAdmin::Shutdown);
    program.hub.flush();
    // The starter does its work: it reaps, and kills when it is told to.
    loop {
        starter.reap();
        let told = starter.answer(0);
        match told {
            FromAdmin::Kill { process } => {
                assert_eq!(process, stubborn);
                assert!(since.elapsed() >= Duration::from_secs(6), "it was given no time");
                starter.children.iter_mut().find(|(it, _)| *it == process).unwrap().1.kill();
                starter.reap();
            }
            FromAdmin::Finish => break,
            told => panic!("{told:?}"),
        }
    }
    starter.say(0, ToAdmin::Detach);
    starter.hub.close(PATIENCE, None, |_, _| {});
    assert_eq!(program.answer(4), FromAdmin::Done);
    assert!(since.elapsed() < Duration::from_secs(10));
    assert_eq!(system.stage.files(), Vec::<std::path::PathBuf>::new());
}
