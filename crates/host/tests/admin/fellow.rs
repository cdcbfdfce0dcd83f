//! Other processes: this test program, started again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use roscius_host::admin::{AdminOptions, Claim, ConventionOptions, serve};
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{FromAdmin, ToAdmin, Topic, decode, encode};
use roscius_protocol::frame::{Header, Payload, Role};
use roscius_protocol::lifecycle::{Birth, ExitReason, Signal};
use roscius_protocol::supervision::Restart;
use roscius_transport::{Event, Hub, HubOptions, SocketDir};

use crate::scene::PATIENCE;

const PART: &str = "ROSCIUS_TEST_PART";
const BASE: &str = "ROSCIUS_TEST_BASE";
const NUMBER: &str = "ROSCIUS_TEST_NUMBER";
const CREATOR: &str = "ROSCIUS_TEST_CREATOR";

/// A process that ends with its test.
pub struct Fellow(pub Child);

impl Fellow {
    /// Plays a part. `number` is a system or a node.
    pub fn start(part: &str, base: &Path, number: u64, creator: Option<u32>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "fellow::plays_its_part", "--nocapture"]);
        command.env(PART, part).env(BASE, base).env(NUMBER, number.to_string());
        if let Some(creator) = creator {
            command.env(CREATOR, creator.to_string());
        }
        Self(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap())
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// The rest of the first line with this word.
    pub fn line(&mut self, word: &str) -> String {
        let lines = BufReader::new(self.0.stdout.as_mut().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
        }
        panic!("no line with `{word}`");
    }
}

impl Drop for Fellow {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn plays_its_part() {
    let (Ok(part), Ok(base), Ok(number)) = (std::env::var(PART), std::env::var(BASE), std::env::var(NUMBER)) else {
        return;
    };
    let (base, number) = (PathBuf::from(base), number.parse().unwrap());
    match part.split_once(' ') {
        Some(("admin", claim)) => admin(&base, number, claim),
        Some(("actor", manner)) => actor(&base, NodeId::new(number), manner),
        _ => panic!("no part {part}"),
    }
}

/// Is an Admin. Says `SERVED <port>`, `TAKEN`, or what else is wrong.
fn admin(base: &Path, system: u64, claim: &str) {
    let claim = match claim.split_once(' ') {
        Some(("tcp", address)) => Claim::Tcp(address.parse().unwrap()),
        Some(("udp", address)) => Claim::Udp(address.parse().unwrap()),
        Some(("queue", name)) => Claim::Queue(name.into()),
        _ => panic!("no claim {claim}"),
    };
    let options = AdminOptions {
        system: u32::try_from(system).unwrap(),
        claim,
        base: Some(base.to_owned()),
        capabilities: vec![(b"a".to_vec(), b"1".to_vec())],
        settings: Vec::new(),
        logger: None,
        creator: std::env::var(CREATOR).ok().map(|pid| pid.parse().unwrap()),
        convention: ConventionOptions::default(),
    };
    let done = serve(options, |started| match started {
        Ok(served) => println!("SERVED {} {}", served.port.unwrap_or(0), served.alias),
        Err(error) => println!("REFUSED {error:?}"),
    });
    println!("ENDED {}", done.is_ok());
}

/// Is a process with one actor: does as it is told, unless it is stubborn.
fn actor(base: &Path, node: NodeId, manner: &str) {
    let directory = SocketDir::of_system_in(base, node.system()).unwrap();
    let listening = directory.listen(node).unwrap();
    let mut hub = Hub::new(HubOptions::new(node, Role::Actor), Some(listening)).unwrap();
    let admin = Address::new(NodeId::of_process(node.system(), NodeId::ADMIN), 0, 0, 0);
    let me = Address::new(node, 0, 1, 0);
    hub.introduce(admin.node(), directory.path_of(admin.node()));
    let send = |hub: &mut Hub, topic: Topic, body: &[u8]| {
        let header = Header { type_id: topic as u64, message: 1, ..Header::new(me, admin) };
        let _ = hub.send(admin.node(), &header, &Payload::System(body)).unwrap();
    };
    let say = |hub: &mut Hub, message: ToAdmin| send(hub, Topic::ToAdmin, &encode(&message).unwrap());
    say(&mut hub, ToAdmin::Attach { pid: std::process::id() });
    say(&mut hub, ToAdmin::Ready { process: node, policy: Restart::Temporary, bounded: false });
    if manner == "letters" {
        say(&mut hub, ToAdmin::HandleDeadLetters { start: true, alone: false });
    }
    let mut events = Vec::new();
    loop {
        hub.poll(Some(PATIENCE), &mut events).unwrap();
        for event in events.drain(..) {
            let frame = match event {
                Event::Frame { frame, .. } => frame,
                Event::Gone { .. } => return,
                _ => continue,
            };
            match Topic::of(frame.header().type_id) {
                Some(Topic::FromAdmin) => {
                    if let FromAdmin::Capabilities { capabilities } = decode(&frame.body()).unwrap() {
                        println!("CAPABILITIES {}", capabilities.len());
                    }
                }
                Some(Topic::DeadLetter) => println!("LETTER {}", frame.body().len()),
                Some(Topic::Signal) => {
                    let signal: Signal = decode(&frame.body()).unwrap();
                    if matches!(signal, Signal::Exit { .. }) && manner != "stubborn" {
                        let reason = ExitReason::Shutdown;
                        let ended = Signal::ChildEnded { birth: Birth::numbered(1), child: me, reason };
                        send(&mut hub, Topic::Signal, &encode(&ended).unwrap());
                        hub.close(PATIENCE, None, |_, _| {});
                        return;
                    }
                }
                _ => {}
            }
        }
    }
}
