//! Messages of registered types and plain data, as they travel between processes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use roscius::gate::Crossing;
use roscius::registry::Registry;
use roscius::{Address, AskError, ExitReason, Message, MessageType, Payload, Plain, Poison, Signal};
use roscius_protocol::admin::messages::{FromAdmin, Letter, Setback, ToAdmin};
use roscius_protocol::frame::{self, Frame, Kind};
use roscius_protocol::message_pack;

use super::authority;
use crate::process::{Language, Unpacked, Unreadable, Write};

/// The name of the message by which an actor of another language is asked to exit. Its body says whether its children are to
/// exit too.
pub const EXIT_REQUEST: &str = "roscius.ActorExitRequest";

/// What actors in Rust take, for who has sent something else.
const TAKEN: &str = "actors in Rust take messages of registered types (in Python: a dataclass with `@roscius.message(name)`) \
                     and plain data (str, bytes, int of 64 bits, float, bool, None)";

/// MessagePack with the names of the types, which both sides have registered; plain data as they are.
#[derive(Debug, Default)]
pub struct RustLanguage {
    types: BTreeMap<&'static str, &'static MessageType>,
    /// Where messages are encoded, so that not each needs memory of its own.
    scratch: Mutex<Vec<u8>>,
}

/// What a handler returned, as a message to who takes answers so. It is encoded already.
struct Returned {
    name: &'static str,
    body: Vec<u8>,
}

impl Message for Returned {
    type Reply = ();

    const NAME: &'static str = "roscius.Returned";
}

/// Why there is no message in a frame.
struct Problem {
    /// Whether the bytes are wrong, or the type is none that is taken here.
    reason: Setback,
    details: String,
}

impl Problem {
    /// The type is none that is taken here. Who sent it is told by a message.
    fn not_accepted(details: impl Into<String>) -> Self {
        Self { reason: Setback::NotAccepted, details: details.into() }
    }

    /// The bytes are wrong.
    fn undecodable(details: impl Into<String>) -> Self {
        Self { reason: Setback::Undecodable, details: details.into() }
    }
}

/// More memory than this is not kept from one message to the next.
const KEPT: usize = 64 << 10;

impl RustLanguage {
    /// How the messages of a registry travel between processes.
    pub fn of(registry: &Registry) -> Self {
        Self { types: registry.types(), scratch: Mutex::default() }
    }

    fn read(&self, frame: &Frame) -> Result<Unpacked, Problem> {
        let payload = frame.payload().map_err(|error| Problem::undecodable(error.to_string()))?;
        Ok(Unpacked::Message(match payload {
            frame::Payload::MessagePack { name: EXIT_REQUEST, body } => {
                let recursive = message_pack::read_bool(body)
                    .map_err(|error| Problem::undecodable(format!("a request to exit could not be read: {error}")))?;
                let by = frame.header().from;
                return Ok(Unpacked::Signal(Signal::Exit { by, reason: ExitReason::Requested, recursive }));
            }
            frame::Payload::MessagePack { name, body } => match self.types.get(name) {
                Some(kind) => {
                    let decoded = Payload::decode(kind, body);
                    // The sender's idea of the type is another one.
                    decoded.map_err(|error| Problem::not_accepted(format!("`{name}`: {error}")))?
                }
                None => {
                    let text = format!("no message type `{name}` is registered in this process");
                    return Err(Problem::not_accepted(text));
                }
            },
            frame::Payload::Str(text) => Payload::new(text.to_owned()),
            frame::Payload::Bytes(bytes) => Payload::new(bytes.to_vec()),
            frame::Payload::Int(number) => Payload::new(number),
            frame::Payload::Float(number) => Payload::new(number),
            frame::Payload::Bool(truth) => Payload::new(truth),
            frame::Payload::None => Payload::new(()),
            frame::Payload::Pickle { .. } => return Err(Problem::not_accepted(format!("{TAKEN}, and no pickles"))),
            other => {
                let text = format!("{TAKEN}, and nothing of the kind {:?}", other.kind());
                return Err(Problem::not_accepted(text));
            }
        }))
    }
}

/// A message as plain data, if it is.
fn plain(message: &Payload) -> Option<frame::Payload<'_>> {
    use frame::Payload as Laid;
    if let Some(text) = message.get::<String>() {
        return Some(Laid::Str(text));
    }
    if let Some(bytes) = message.get::<Vec<u8>>() {
        return Some(Laid::Bytes(bytes));
    }
    if let Some(plain) = message.get::<Plain>() {
        return Some(match plain {
            Plain::None => Laid::None,
            Plain::Bool(truth) => Laid::Bool(*truth),
            Plain::Int(number) => Laid::Int(*number),
            Plain::Float(number) => Laid::Float(*number),
            Plain::Str(text) => Laid::Str(text),
            Plain::Bytes(bytes) => Laid::Bytes(bytes),
        });
    }
    let number = message.get::<i64>().map(|number| Laid::Int(*number));
    number
        .or_else(|| message.get::<f64>().map(|number| Laid::Float(*number)))
        .or_else(|| message.get::<bool>().map(|truth| Laid::Bool(*truth)))
        .or_else(|| message.get::<()>().map(|()| Laid::None))
}

impl Language for RustLanguage {
    fn pack(&self, message: &Payload, write: &mut Write<'_>) -> Result<(), String> {
        if let Some(plain) = plain(message) {
            write(&plain, None);
        } else if let Some(Returned { name, body }) = message.get::<Returned>() {
            write(&frame::Payload::MessagePack { name, body }, None);
        } else {
            let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
            scratch.clear();
            message.encode_to(&mut scratch).map_err(|error| error.to_string())?;
            let kind = message.kind();
            let name = kind.public_name().unwrap_or(kind.name());
            write(&frame::Payload::MessagePack { name, body: &scratch }, None);
            scratch.shrink_to(KEPT);
        }
        Ok(())
    }

    fn unpack(&self, frame: Frame) -> Result<Unpacked, Unreadable> {
        self.read(&frame).map_err(|Problem { reason, details }| Unreadable { frame, reason, details })
    }

    fn reply(&self, reply: Payload) -> Result<Option<Payload>, String> {
        match plain(&reply).map(|plain| plain.kind()) {
            Some(Kind::None) => return Ok(None),
            Some(_) => return Ok(Some(reply)),
            None => {}
        }
        let body = reply.encode().map_err(|error| error.to_string())?;
        // What is no message has no name that others know.
        let name = reply.kind().public_name().unwrap_or_default();
        Ok((body != message_pack::NIL).then(|| Payload::new(Returned { name, body })))
    }

    fn said_by_admin(&self, to: Address, admin: Address, said: FromAdmin) -> Option<Crossing> {
        authority::crossing(to, admin, said)
    }

    fn verdict(&self, id: String, reply: Result<Payload, AskError>) -> Option<ToAdmin> {
        authority::verdict(id, reply)
    }

    fn returned(&self, to: Address, letter: &Letter, frame: Frame) -> Option<Crossing> {
        let by = frame.header().to;
        match self.read(&frame) {
            Ok(Unpacked::Message(message)) => {
                let poison = Poison { message, by, details: letter.details.as_str().into() };
                Some(Crossing::Returned { to, poison })
            }
            Ok(Unpacked::Signal(_)) => None,
            Err(Problem { details: problem, .. }) => {
                tracing::warn!(%to, %by, %problem, "a message that came back could not be read");
                None
            }
        }
    }
}
