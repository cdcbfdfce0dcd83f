//! The end of a process: what still comes is told to be lost, to those who want to know.

use std::time::Duration;

use roscius::NodeId;
use roscius_protocol::admin::messages::{Answer, Letter, Setback, Topic, encode};
use roscius_protocol::frame::{self, Frame, Header, Kind};
use roscius_transport::{Event, Hub};
use serde::Serialize;

use super::outbound::ASKS;
use super::{Driven, Process};

impl Driven {
    /// Sends what waits and says goodbye to all, the Admin last.
    pub(super) fn close(self, process: &Process, within: Duration) {
        let Self { mut hub, inbound, .. } = self;
        for event in inbound.into_kept() {
            too_late(&mut hub, process, event);
        }
        hub.close(within, Some(process.admin.node()), |hub, event| too_late(hub, process, event));
    }
}

/// Nobody here takes what came, and what was to leave has not left.
fn too_late(hub: &mut Hub, process: &Process, event: Event) {
    match event {
        Event::Frame { frame, .. } => lost(hub, process, &frame, true),
        Event::Gone { unsent, node, .. } if node != process.admin.node() => {
            for frame in &unsent {
                lost(hub, process, frame, false);
            }
        }
        _ => {}
    }
}

fn lost(hub: &mut Hub, process: &Process, frame: &Frame, came: bool) {
    if frame.kind() == Kind::System {
        return;
    }
    let header = frame.header();
    if header.marks & ASKS != 0 {
        if came {
            let answer = Answer::None { reason: Setback::NoActor, details: String::new() };
            let reply = Header { message: header.message, ..Header::new(header.to, header.from) };
            say(hub, process, reply, Topic::Answer, &answer);
        }
        return;
    }
    let details = if came { "it had exited" } else { "nobody took it" }.to_owned();
    let letter = Letter { reason: Setback::NoActor, details, frame: frame.as_bytes().to_vec() };
    if came && header.message != 0 {
        say(hub, process, Header::new(header.to, header.from), Topic::Returned, &letter);
    }
    say(hub, process, Header::new(process.root(), process.admin), Topic::DeadLetter, &letter);
}

fn say<T: Serialize>(hub: &mut Hub, process: &Process, header: Header, topic: Topic, message: &T) {
    let node: NodeId = header.to.node();
    let header = Header { type_id: topic as u64, ..header };
    let Ok(body) = encode(message) else { return };
    if let Err(error) = hub.send(node, &header, &frame::Payload::System(&body)) {
        tracing::debug!(%node, %error, process = %process.node, "nobody can be told at the end of the process");
    }
}
