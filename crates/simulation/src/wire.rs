//! Messages as frames, as they pass between the processes of a simulation.

use std::collections::BTreeMap;

use bytes::Bytes;
use roscius::registry::Registry;
use roscius::{Address, MessageType, NodeId, Payload, Plain};
use roscius_protocol::admin::messages::{Letter, MessageError, Setback, Topic, decode, encode};
use roscius_protocol::frame::{self, DEFAULT_LIMIT, Frame, Header};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The mark of a message whose sender waits for an answer.
const ASKS: u8 = 1;

/// Types of messages, by the names that they travel under.
pub(crate) type Types = BTreeMap<&'static str, &'static MessageType>;

/// All that a program with this registry can read.
pub(crate) fn types_of(registry: &Registry) -> Types {
    let mut types = registry.types();
    let plain = [
        MessageType::of::<()>(),
        MessageType::of::<bool>(),
        MessageType::of::<i64>(),
        MessageType::of::<f64>(),
        MessageType::of::<String>(),
        MessageType::of::<Vec<u8>>(),
    ];
    types.extend(plain.into_iter().map(|kind| (name_of(kind), kind)));
    types
}

/// Plain data arrives as what is in it.
fn content_of(plain: &Plain) -> Payload {
    match plain {
        Plain::None => Payload::new(()),
        Plain::Bool(truth) => Payload::new(*truth),
        Plain::Int(number) => Payload::new(*number),
        Plain::Float(number) => Payload::new(*number),
        Plain::Str(text) => Payload::new(text.clone()),
        Plain::Bytes(bytes) => Payload::new(bytes.clone()),
    }
}

fn name_of(kind: &'static MessageType) -> &'static str {
    kind.public_name().unwrap_or(kind.name())
}

/// Where what concerns a whole process goes.
pub(crate) const fn root_of(process: NodeId) -> Address {
    Address::new(process, 0, 0, 0)
}

/// The header of a message whose sender waits for an answer by this number.
pub(crate) fn asking(header: Header, message: u64) -> Header {
    Header { message, marks: ASKS, ..header }
}

/// Whether the sender of a message waits for an answer.
pub(crate) const fn asks(header: &Header) -> bool {
    header.marks & ASKS != 0
}

/// A message as a frame, or why it can not leave its process.
pub(crate) fn lay_out(header: &Header, message: &Payload) -> Result<Frame, String> {
    if let Some(plain) = message.get::<Plain>() {
        return lay_out(header, &content_of(plain));
    }
    let body = message.encode().map_err(|error| error.to_string())?;
    let payload = frame::Payload::MessagePack { name: name_of(message.kind()), body: &body };
    whole(header, &payload)
}

/// A message of the actor system as a frame.
pub(crate) fn system_frame<T: Serialize>(header: Header, topic: Topic, message: &T) -> Result<Frame, String> {
    let body = encode(message).map_err(|error| error.to_string())?;
    whole(&Header { type_id: topic as u64, ..header }, &frame::Payload::System(&body))
}

fn whole(header: &Header, payload: &frame::Payload<'_>) -> Result<Frame, String> {
    let mut bytes = Vec::new();
    frame::encode(header, payload, DEFAULT_LIMIT, &mut bytes).map_err(|error| error.to_string())?;
    read_frame(bytes.into())
}

/// The frame in these bytes.
pub(crate) fn read_frame(bytes: Bytes) -> Result<Frame, String> {
    Frame::new(bytes, DEFAULT_LIMIT).map_err(|error| error.to_string())
}

/// The message in a frame, or why there is none.
pub(crate) fn read_message(types: &Types, frame: &Frame) -> Result<Payload, (Setback, String)> {
    match frame.payload() {
        Ok(frame::Payload::MessagePack { name, body }) => match types.get(name) {
            Some(kind) => {
                Payload::decode(kind, body).map_err(|error| (Setback::NotAccepted, format!("`{name}`: {error}")))
            }
            None => Err((Setback::NotAccepted, format!("no message type `{name}` is registered"))),
        },
        Ok(other) => Err((Setback::NotAccepted, format!("nothing of the kind {:?} is taken", other.kind()))),
        Err(error) => Err((Setback::Undecodable, error.to_string())),
    }
}

/// The message of the actor system in a frame.
pub(crate) fn read_system<T: DeserializeOwned>(frame: &Frame) -> Result<T, MessageError> {
    decode(&frame.body())
}

/// The name of the type of the message in a frame.
pub(crate) fn type_of(frame: &Frame) -> String {
    match frame.payload() {
        Ok(frame::Payload::MessagePack { name, .. }) => name.to_owned(),
        _ => format!("{:?}", frame.kind()),
    }
}

/// A message on its way to somebody whom it was not sent to.
pub(crate) fn letter(frame: &Frame, reason: Setback, details: impl Into<String>) -> Letter {
    Letter { reason, details: details.into(), frame: frame.as_bytes().to_vec() }
}
