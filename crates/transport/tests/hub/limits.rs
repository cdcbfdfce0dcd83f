//! Many links.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use roscius_protocol::address::NodeId;
use roscius_protocol::frame::{self, Hello, Payload, Role};
use roscius_transport::Event;

use crate::fellow::SKIPPED;
use crate::scene::{Stage, header};

#[test]
fn a_thousand_links() {
    const LINKS: u64 = 1000;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let more = rustix::process::Rlimit { current: limit.maximum, ..limit };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, more);
    if limit.maximum.is_some_and(|maximum| maximum < 2 * LINKS + 100) {
        eprintln!("{SKIPPED}: {limit:?} are too few descriptors");
        return;
    }
    let stage = Stage::new("thousand");
    let mut a = stage.station(1);
    let mut hello = Vec::new();
    let mut others: Vec<UnixStream> = (0..LINKS)
        .map(|at| {
            hello.clear();
            hello.extend(Hello { node: NodeId::new(1000 + at), role: Role::Actor, pid: 1 }.to_bytes());
            frame::encode(&header(at), &Payload::Int(at as i64), 100, &mut hello).unwrap();
            let mut socket = UnixStream::connect(stage.path(1)).unwrap();
            socket.write_all(&hello).unwrap();
            socket
        })
        .collect();
    a.until("all of them", |a| a.frames().count() == LINKS as usize);
    assert_eq!(a.hub.links(), LINKS as usize);
    for at in 0..LINKS {
        a.send(1000 + at, at, &Payload::Int(-(at as i64)));
    }
    a.hub.flush();
    for (at, socket) in (0..).zip(&mut others) {
        let mut bytes = [0; Hello::SIZE + 72];
        socket.read_exact(&mut bytes).unwrap();
        let answer = frame::Frame::new(bytes[Hello::SIZE..].to_vec().into(), 100).unwrap();
        assert_eq!(answer.payload(), Ok(Payload::Int(-at)));
    }
    drop(others);
    a.until("the end of all", |a| a.hub.links() == 0);
    let gone = a.events.iter().filter(|event| matches!(event, Event::Gone { .. })).count();
    assert_eq!(gone, LINKS as usize);
}
