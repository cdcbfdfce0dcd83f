//! Measures what a message from one process to another costs: over hubs, and over a plain blocking unix socket beside them.
//!
//! `cargo run --release -p roscius-transport --example round_trips [seconds for each measurement]`
//!
//! - *round trips*: 64 bytes there and back, one at a time.
//! - *messages*: 64 bytes one way, as many as the queue takes, until the other side has counted them all. The plain socket writes
//!   frames of the same length one by one, and in batches of 256.
//!
//! *Pinned* has each process on a core of its own, *one core* both on the same, *unpinned* leaves it to the system.

#![allow(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]

use std::io::{BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::frame::{HEADER, Header, Kind, Payload, Role};
use roscius_transport::{Event, Hub, HubOptions, Listening, Room};
use rustix::thread::{CpuSet, sched_setaffinity};

const PAYLOAD: [u8; 64] = [7; 64];
const FRAME: usize = HEADER + PAYLOAD.len();
const BATCH: usize = 256;
const US: NodeId = NodeId::new(1);
const THEM: NodeId = NodeId::new(2);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, part, path, core] = &arguments[..] {
        pin(core.parse().ok());
        match part.as_str() {
            "hub" => hub_answers(Path::new(path)),
            _ => plain_answers(Path::new(path)),
        }
        return;
    }
    let time = Duration::from_secs_f64(arguments.get(1).map_or(3.0, |seconds| seconds.parse().unwrap()));
    let cores = std::thread::available_parallelism().unwrap().get();
    println!("{cores} cores, {time:?} each, payload {} bytes, frame {FRAME} bytes", PAYLOAD.len());
    println!("{:<10} {:<26} {:>14} {:>14}", "", "", "round trips/s", "messages/s");
    for (name, ours, theirs) in [("pinned", Some(0), Some(1)), ("one core", Some(0), Some(0)), ("unpinned", None, None)]
    {
        if ours.max(theirs).is_some_and(|core| core >= cores) {
            println!("{name:<10} skipped: too few cores");
            continue;
        }
        let path = std::env::temp_dir().join(format!("roscius-bench-{}", std::process::id()));
        pin(ours);
        measure_hub(name, time, &path, theirs);
        measure_plain(name, time, &path, theirs);
        let mut all = CpuSet::new();
        (0..cores).for_each(|core| all.set(core));
        sched_setaffinity(None, &all).unwrap();
    }
}

fn pin(core: Option<usize>) {
    if let Some(core) = core {
        let mut one = CpuSet::new();
        one.set(core);
        sched_setaffinity(None, &one).unwrap();
    }
}

fn start(part: &str, path: &Path, core: Option<usize>) -> Child {
    let core = core.map_or("any".to_owned(), |core| core.to_string());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(part).arg(path).arg(core).spawn().unwrap()
}

fn header() -> Header {
    Header::new(Address::nobody(US), Address::nobody(THEM))
}

/// Sends back bytes, counts texts, and answers a number with how many it has counted.
fn hub_answers(path: &Path) {
    let mut hub = Hub::new(HubOptions::new(THEM, Role::Actor), None).unwrap();
    hub.dial(path);
    let (mut events, mut count) = (Vec::new(), 0);
    loop {
        hub.poll(None, &mut events).unwrap();
        for event in events.drain(..) {
            match event {
                Event::Frame { frame, .. } if frame.kind() == Kind::Str => count += 1,
                Event::Frame { frame, .. } if frame.kind() == Kind::Int => {
                    let _ = hub.send(US, &header(), &Payload::Int(count)).unwrap();
                }
                Event::Frame { frame, .. } => {
                    let _ = hub.send(US, &header(), &frame.payload().unwrap()).unwrap();
                }
                Event::Gone { .. } => return,
                _ => {}
            }
        }
    }
}

fn measure_hub(name: &str, time: Duration, path: &Path, core: Option<usize>) {
    let mut hub = Hub::new(HubOptions::new(US, Role::Actor), Some(Listening::bind(path).unwrap())).unwrap();
    let mut child = start("hub", path, core);
    let mut events = Vec::new();
    while !hub.is_connected(THEM) {
        hub.poll(None, &mut events).unwrap();
    }
    let mut round_trips = 0;
    let since = Instant::now();
    while since.elapsed() < time {
        let _ = hub.send(THEM, &header(), &Payload::Bytes(&PAYLOAD)).unwrap();
        round_trip(&mut hub, &mut events);
        round_trips += 1;
    }
    let round_trips = f64::from(round_trips) / since.elapsed().as_secs_f64();

    let text = str::from_utf8(&PAYLOAD).unwrap();
    let (mut sent, mut open) = (0, true);
    let since = Instant::now();
    while since.elapsed() < time {
        while open {
            open = hub.send(THEM, &header(), &Payload::Str(text)).unwrap() == Room::Enough;
            sent += 1;
        }
        hub.poll(None, &mut events).unwrap();
        open = events.drain(..).any(|event| matches!(event, Event::Room { .. }));
    }
    while !open {
        hub.poll(None, &mut events).unwrap();
        open = events.drain(..).any(|event| matches!(event, Event::Room { .. }));
    }
    let _ = hub.send(THEM, &header(), &Payload::Int(0)).unwrap();
    assert_eq!(round_trip(&mut hub, &mut events), Some(sent));
    let messages = sent as f64 / since.elapsed().as_secs_f64();
    report(name, "hub", round_trips, messages);
    drop(hub);
    child.wait().unwrap();
}

/// Waits for an answer, and reads it if it is a number.
fn round_trip(hub: &mut Hub, events: &mut Vec<Event>) -> Option<i64> {
    loop {
        hub.poll(None, events).unwrap();
        for event in events.drain(..) {
            if let Event::Frame { frame, .. } = event {
                let Ok(Payload::Int(number)) = frame.payload() else { return None };
                return Some(number);
            }
        }
    }
}

/// Sends back each frame whose first byte is 1; the others are read only.
fn plain_answers(path: &Path) {
    let mut socket = UnixStream::connect(path).unwrap();
    let mut input = BufReader::with_capacity(64 << 10, socket.try_clone().unwrap());
    let mut frame = [0; FRAME];
    while input.read_exact(&mut frame).is_ok() {
        if frame[0] != 0 {
            socket.write_all(&frame).unwrap();
        }
    }
}

fn measure_plain(name: &str, time: Duration, path: &Path, core: Option<usize>) {
    let listener = UnixListener::bind(path).unwrap();
    let mut child = start("plain", path, core);
    let (mut socket, _) = listener.accept().unwrap();
    std::fs::remove_file(path).unwrap();
    let (mut frame, ask) = ([0; FRAME], [1; FRAME]);
    let mut round_trips = 0;
    let since = Instant::now();
    while since.elapsed() < time {
        socket.write_all(&ask).unwrap();
        socket.read_exact(&mut frame).unwrap();
        round_trips += 1;
    }
    let round_trips = f64::from(round_trips) / since.elapsed().as_secs_f64();
    for (what, batch) in [("plain socket", 1), ("plain socket, batches", BATCH)] {
        let frames = vec![0; FRAME * batch];
        let mut sent = 0;
        let since = Instant::now();
        while since.elapsed() < time {
            socket.write_all(&frames).unwrap();
            sent += batch;
        }
        socket.write_all(&ask).unwrap();
        socket.read_exact(&mut frame).unwrap();
        report(name, what, round_trips, sent as f64 / since.elapsed().as_secs_f64());
    }
    drop(socket);
    child.wait().unwrap();
}

fn report(name: &str, what: &str, round_trips: f64, messages: f64) {
    println!("{name:<10} {what:<26} {round_trips:>14.0} {messages:>14.0}");
}
