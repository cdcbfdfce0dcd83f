//! The end of a process: what still comes is told to be lost, to those who want to know.

use std::time::Duration;

use roscius::{NodeId, Signal};
use roscius_protocol::admin::messages::{Answer, Letter, Setback, Topic, decode, encode};
use roscius_protocol::frame::{self, Frame, Header, Kind};
use roscius_transport::{Event, Hub};
use serde::Serialize;

use super::outbound::{ASKS, has_receipt};
use super::{Driven, Process, root_of};

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
        Event::Frame { from, frame } => lost(hub, process, &frame, Some(from)),
        Event::Gone { unsent, node, .. } if node != process.admin.node() => {
            for frame in &unsent {
                lost(hub, process, frame, None);
            }
        }
        _ => {}
    }
}

/// A message is lost, that came from a node or was to leave.
fn lost(hub: &mut Hub, process: &Process, frame: &Frame, from: Option<NodeId>) {
    let came = from.is_some();
    let header = frame.header();
    if frame.kind() == Kind::System {
        if came {
            lost_news(hub, process, frame);
        }
        return;
    }
    if came && has_receipt(&header) {
        let answer = Answer::None { reason: Setback::Exited, details: String::new() };
        let reply = Header { message: header.message, ..Header::new(header.to, process.admin) };
        return say(hub, process, reply, Topic::Answer, &answer);
    }
    if header.marks & ASKS != 0 {
        if let Some(asking) = from {
            let answer = Answer::None { reason: Setback::NoActor, details: String::new() };
            let reply = Header { message: header.message, ..Header::new(header.to, root_of(asking)) };
            say(hub, process, reply, Topic::Answer, &answer);
        }
        return;
    }
    let details = if came { "it had exited" } else { "nobody took it" }.to_owned();
    let reason = if came { Setback::Exited } else { Setback::NoActor };
    let letter = Letter { reason, details, frame: frame.as_bytes().to_vec() };
    if came && header.message != 0 {
        say(hub, process, Header::new(header.to, header.from), Topic::Returned, &letter);
    }
    say(hub, process, Header::new(process.root(), process.admin), Topic::DeadLetter, &letter);
}

/// News came for an actor that is here no more: who waits for an answer to it gets one, and a message in it goes on.
fn lost_news(hub: &mut Hub, process: &Process, frame: &Frame) {
    let header = frame.header();
    let Ok(frame::Payload::System(body)) = frame.payload() else { return };
    match Topic::of(header.type_id) {
        Some(Topic::Signal) => {
            let bounced = decode::<Signal>(body).ok().and_then(|signal| signal.bounce(header.to));
            if let Some((to, signal)) = bounced {
                say(hub, process, Header::new(process.root(), to), Topic::Signal, &signal);
            }
        }
        Some(Topic::DeadLetter) => {
            if let Ok(letter) = decode::<Letter>(body) {
                say(hub, process, Header::new(header.to, process.admin), Topic::DeadLetter, &letter);
            }
        }
        // Who was to have the message back has gone.
        Some(Topic::Returned) => {
            if let Some(letter) = decode::<Letter>(body).ok().filter(Letter::is_lost) {
                say(hub, process, Header::new(process.root(), process.admin), Topic::DeadLetter, &letter);
            }
        }
        _ => {}
    }
}

fn say<T: Serialize>(hub: &mut Hub, process: &Process, header: Header, topic: Topic, message: &T) {
    let node: NodeId = header.to.node();
    let header = Header { type_id: topic as u64, ..header };
    let Ok(body) = encode(message) else { return };
    if let Err(error) = hub.send(node, &header, &frame::Payload::System(&body)) {
        tracing::debug!(%node, %error, process = %process.node, "nobody can be told at the end of the process");
    }
}
