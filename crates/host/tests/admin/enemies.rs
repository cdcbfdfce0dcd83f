//! What a system does about others that are no members, or members that do what none should.

use std::time::Instant;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{FromAdmin, Letter, Setback, Topic, decode, encode};
use roscius_protocol::frame::{Frame, Header, Kind, Payload, Role};
use roscius_protocol::lifecycle::{ExitReason, Signal};

use crate::fellow::Fellow;
use crate::scene::{PATIENCE, Speaker, System};
use crate::stranger::Stranger;

fn says(text: &str) -> impl Fn(&Frame) -> bool + '_ {
    move |frame| matches!(frame.payload(), Ok(Payload::MessagePack { name, .. }) if name == text)
}

fn until_told(stranger: &mut Stranger, program: &mut Speaker, text: &str) {
    let since = Instant::now();
    while !program.has(says(text)) {
        assert!(since.elapsed() < PATIENCE, "waited in vain for {text}");
        stranger.turn();
        program.turn();
    }
}

#[test]
fn what_comes_before_a_system_has_joined_is_never_delivered() {
    let system = System::start("early", 0x81);
    let mut program = system.program(100);
    program.attach();
    let mut stranger = Stranger::connect(0x91, &system);
    stranger.tell_unasked(program.address(), "early");
    stranger.join();
    stranger.tell(program.address(), "late");
    until_told(&mut stranger, &mut program, "late");
    assert!(!program.has(says("early")), "it was no member when it said that");
}

#[test]
fn nobody_gets_to_a_system_next_door_by_way_of_a_member() {
    let system = System::start("door", 0x82);
    let mut other = Fellow::start("admin queue next", &system.stage.0, 0x83, None);
    other.line("SERVED");
    let mut neighbour = Speaker::new(&system.stage.0, NodeId::of_process(0x83, 100), Role::External);
    neighbour.attach();
    let mut stranger = Stranger::connect(0x92, &system);
    stranger.join();
    stranger.tell(neighbour.address(), "by way of a member");
    let back = stranger.frame("the dead letter", |frame| {
        frame.kind() == Kind::System && frame.header().type_id == Topic::DeadLetter as u64
    });
    let letter: Letter = decode(&back.body()).unwrap();
    assert_eq!(letter.reason, Setback::Foreign);
    neighbour.status();
    assert!(!neighbour.has(says("by way of a member")));
}

#[test]
fn a_member_does_not_speak_as_the_system_itself() {
    let system = System::start("mask", 0x84);
    let mut program = system.program(100);
    program.attach();
    let mut stranger = Stranger::connect(0x93, &system);
    stranger.join();
    let admin = Address::new(NodeId::of_process(0x84, NodeId::ADMIN), 0, 0, 0);
    let exit = encode(&Signal::Exit { by: admin, reason: ExitReason::Requested, recursive: true }).unwrap();
    let header = Header { type_id: Topic::Signal as u64, ..Header::new(admin, program.address()) };
    stranger.send(&header, &Payload::System(&exit));
    stranger.tell(program.address(), "as itself");
    until_told(&mut stranger, &mut program, "as itself");
    assert!(!program.has(|frame| frame.header().type_id == Topic::Signal as u64), "its Admin has said nothing");
}

#[test]
fn a_member_gives_no_orders_to_processes_here() {
    let system = System::start("orders", 0x86);
    let mut program = system.program(100);
    program.attach();
    let mut stranger = Stranger::connect(0x94, &system);
    stranger.join();
    let admin = Address::new(NodeId::of_process(0x94, NodeId::ADMIN), 0, 0, 0);
    for (id, order) in [(0, FromAdmin::Finish), (77, FromAdmin::Done)] {
        let header = Header { message: id, type_id: Topic::FromAdmin as u64, ..Header::new(admin, program.address()) };
        stranger.send(&header, &Payload::System(&encode(&order).unwrap()));
    }
    stranger.tell(program.address(), "a message");
    until_told(&mut stranger, &mut program, "a message");
    assert!(!program.has(|frame| frame.header().type_id == Topic::FromAdmin as u64), "it is not its Admin");
}

/// How often a program was told this.
fn times(program: &mut Speaker, text: &str) -> usize {
    let mut times = 0;
    while program.has(says(text)) {
        program.frame(text, says(text));
        times += 1;
    }
    times
}

#[test]
fn what_was_said_before_does_nothing_when_it_is_said_again() {
    let system = System::start("again", 0x87);
    let mut program = system.program(100);
    program.attach();
    let mut member = Stranger::connect(0x95, &system);
    member.join();
    member.tell(program.address(), "once");
    until_told(&mut member, &mut program, "once");
    let said = std::mem::take(&mut member.said);
    assert!(said.iter().any(|record| record.windows(4).any(|part| part == b"once")));
    // On the same link.
    said.iter().for_each(|record| member.record(record));
    member.tell(program.address(), "on the same link");
    until_told(&mut member, &mut program, "on the same link");
    assert_eq!(times(&mut program, "once"), 1);
    // On another link of the same start, while the member is one still.
    let lives = member.lives;
    drop(member);
    let mut again = Stranger::connect(0x95, &system);
    again.lives = lives;
    said.iter().for_each(|record| again.record(record));
    // And after it has joined anew.
    again.join();
    said.iter().for_each(|record| again.record(record));
    again.tell(program.address(), "as a new member");
    until_told(&mut again, &mut program, "as a new member");
    assert_eq!(times(&mut program, "once"), 0);
}

#[test]
fn a_member_that_says_it_is_another_start_is_not_heard_as_that() {
    let system = System::start("liar", 0x88);
    let mut program = system.program(100);
    program.attach();
    let mut honest = Stranger::connect(0x96, &system);
    honest.join();
    let mut liar = Stranger::connect(0x97, &system);
    liar.join();
    // In what it sends over its own link: as another member, as the system itself, and as a start that nobody knows.
    for other in [0x96, 0x88, 0x98] {
        liar.tell_as(other, program.address(), "a lie");
    }
    liar.tell(program.address(), "the truth");
    until_told(&mut liar, &mut program, "the truth");
    assert_eq!(times(&mut program, "a lie"), 0);
    // With a link of its own under the number of another member, and of the system.
    for number in [0x96, 0x88] {
        let mut liar = Stranger::knock(number, "liar", &system);
        liar.until("the refusal", |liar| liar.linked || liar.refused.is_some());
        assert!(!liar.linked, "{:?}", liar.refused);
    }
    honest.tell(program.address(), "still here");
    until_told(&mut honest, &mut program, "still here");
}

#[test]
fn who_talks_nonsense_is_hung_up_on() {
    let system = System::start("nonsense", 0x85);
    let mut program = system.program(100);
    program.attach();
    for (number, nonsense) in [&[0x80, 0xff, 0xff, 0xff][..], &[0x7f; 40], &[]].into_iter().enumerate() {
        let mut stranger = Stranger::connect(0xa0 + u32::try_from(number).unwrap(), &system);
        stranger.join();
        stranger.record(nonsense);
        stranger.until("the end of the link", |stranger| !stranger.linked);
    }
    program.status();
}
