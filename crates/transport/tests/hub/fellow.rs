//! Another process: this test program, started again.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use roscius_protocol::address::NodeId;
use roscius_protocol::frame::{DEFAULT_LIMIT, Hello, Payload, Role, encode};
use roscius_transport::{Event, Hub, HubOptions, Listening, Room, SendError};

use crate::scene::{PATIENCE, header};

pub const SKIPPED: &str = "SKIPPED";
const PART: &str = "ROSCIUS_TEST_PART";
const SOCKET: &str = "ROSCIUS_TEST_SOCKET";
/// How many messages each side of a flood sends.
pub const FLOOD: u64 = 200_000;

pub struct Fellow(Child);

impl Fellow {
    /// Plays a part in another process, which connects to `socket`.
    pub fn start(part: &str, socket: &Path) -> Self {
        Self(command(part, socket).spawn().unwrap())
    }

    pub fn start_as(uid: u32, part: &str, socket: &Path) -> Option<Self> {
        command(part, socket).uid(uid).spawn().ok().map(Self)
    }

    pub fn kill(&mut self) {
        self.0.kill().unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Waits for its end. It says with its status whether all went well.
    pub fn went_well(mut self) -> bool {
        self.0.wait().unwrap().success()
    }
}

impl Drop for Fellow {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(part: &str, socket: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "fellow::plays_its_part", "--nocapture"]).env(PART, part).env(SOCKET, socket);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

#[test]
fn plays_its_part() {
    let (Ok(part), Ok(socket)) = (std::env::var(PART), std::env::var(SOCKET)) else { return };
    let socket = PathBuf::from(socket);
    match part.as_str() {
        "flood" => flood(&socket),
        "half" => half(&socket),
        "deaf" => deaf(&socket),
        "knock" => knock(&socket),
        "few" => few(&socket),
        part => panic!("no part {part}"),
    }
}

/// Node 2, connected with node 1.
fn hub(socket: &Path) -> Hub {
    let mut hub = Hub::new(HubOptions::new(NodeId::new(2), Role::Actor), None).unwrap();
    hub.introduce(NodeId::new(1), socket);
    hub
}

/// Sends as fast as it can and takes what comes.
fn flood(socket: &Path) {
    let mut hub = hub(socket);
    assert_eq!(flooded(&mut hub, NodeId::new(1), FLOOD), FLOOD);
    hub.close(PATIENCE, None, |_, _| {});
}

/// Sends and takes `count` messages and says how many came in order.
pub fn flooded(hub: &mut Hub, node: NodeId, count: u64) -> u64 {
    let (mut sent, mut came, mut open, mut events) = (0, 0, true, Vec::new());
    let since = Instant::now();
    while sent < count || came < count {
        assert!(since.elapsed() < PATIENCE, "stuck at {sent} sent, {came} received");
        while open && sent < count {
            match hub.send(node, &header(sent), &Payload::Bytes(&[0; 64])) {
                Ok(room) => {
                    sent += 1;
                    open = room == Room::Enough;
                }
                Err(SendError::NoWay { .. }) => break,
                Err(error) => panic!("{error}"),
            }
        }
        hub.poll(Some(Duration::from_millis(100)), &mut events).unwrap();
        for event in events.drain(..) {
            match event {
                Event::Frame { frame, .. } => {
                    assert_eq!(frame.header().message, came);
                    came += 1;
                }
                Event::Room { .. } => open = true,
                Event::Met { .. } => {}
                event => panic!("{event:?}"),
            }
        }
    }
    came
}

/// Sends a whole frame, and half of another with it.
fn half(socket: &Path) {
    let mut socket = UnixStream::connect(socket).unwrap();
    socket.write_all(&Hello { node: NodeId::new(2), role: Role::Actor, pid: std::process::id() }.to_bytes()).unwrap();
    // A link that is closed with something unread in it is reset.
    socket.read_exact(&mut [0; Hello::SIZE]).unwrap();
    let mut bytes = Vec::new();
    encode(&header(1), &Payload::Int(1), DEFAULT_LIMIT, &mut bytes).unwrap();
    let whole = bytes.len();
    encode(&header(2), &Payload::Bytes(&[0; 1000]), DEFAULT_LIMIT, &mut bytes).unwrap();
    bytes.truncate(whole + 500);
    socket.write_all(&bytes).unwrap();
    std::thread::sleep(PATIENCE);
}

/// Connects and reads nothing.
fn deaf(socket: &Path) {
    let mut socket = UnixStream::connect(socket).unwrap();
    socket.write_all(&Hello { node: NodeId::new(2), role: Role::Actor, pid: std::process::id() }.to_bytes()).unwrap();
    std::thread::sleep(PATIENCE);
}

/// Connects, and waits until it is thrown out.
fn knock(socket: &Path) {
    let mut socket = UnixStream::connect(socket).unwrap();
    let _ = socket.write_all(&Hello { node: NodeId::new(2), role: Role::Actor, pid: 1 }.to_bytes());
    let _ = socket.read(&mut [0; 1]);
}

/// Listens with few descriptors, answers what comes, and leaves when it is told to.
fn few(socket: &Path) {
    let listening = Listening::bind(socket).unwrap();
    let mut options = HubOptions::new(NodeId::new(2), Role::Actor);
    options.greet_within = Duration::from_millis(200);
    let mut hub = Hub::new(options, Some(listening)).unwrap();
    let used = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    let few = rustix::process::Rlimit { current: Some(used + 4), maximum: Some(used + 4) };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, few).unwrap();
    let (mut events, mut turns, since) = (Vec::new(), 0_u32, Instant::now());
    while since.elapsed() < PATIENCE {
        hub.poll(None, &mut events).unwrap();
        turns += 1;
        for event in events.drain(..) {
            match event {
                Event::Frame { from, frame } if frame.payload() == Ok(Payload::Str("turns")) => {
                    let _ = hub.send(from, &frame.header(), &Payload::Int(i64::from(turns))).unwrap();
                }
                Event::Frame { frame, .. } if frame.payload() == Ok(Payload::Str("leave")) => {
                    hub.close(Duration::from_secs(1), None, |_, _| {});
                    return;
                }
                Event::Frame { from, frame } => {
                    let _ = hub.forward(from, &frame).unwrap();
                }
                // Who can be called back may be hung up on.
                Event::Met { hello, .. } => {
                    hub.introduce(hello.node, socket.with_file_name(hello.node.number().to_string()));
                }
                // Those who say nothing, and those who have said goodbye.
                Event::TurnedAway { .. } | Event::Parted { .. } => {}
                event => panic!("{event:?}"),
            }
        }
    }
}
