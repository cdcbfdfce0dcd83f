//! Messages of registered types, as they travel between processes.

use std::collections::BTreeMap;

use roscius::gate::Crossing;
use roscius::{Address, MessageType, Payload, Poison};
use roscius_protocol::admin::messages::Letter;
use roscius_protocol::frame::{self, Frame};

use crate::process::Language;

/// MessagePack with the names of the types, which both sides have registered.
#[derive(Clone, Debug, Default)]
pub struct RustLanguage {
    types: BTreeMap<&'static str, &'static MessageType>,
}

impl RustLanguage {
    /// Knows these types.
    pub(super) const fn new(types: BTreeMap<&'static str, &'static MessageType>) -> Self {
        Self { types }
    }
}

impl Language for RustLanguage {
    fn pack(&self, message: &Payload, write: &mut dyn FnMut(&frame::Payload<'_>)) -> Result<(), String> {
        let body = message.encode().map_err(|error| error.to_string())?;
        write(&frame::Payload::MessagePack { name: message.name(), body: &body });
        Ok(())
    }

    fn unpack(&self, frame: Frame) -> Result<Payload, String> {
        match frame.payload().map_err(|error| error.to_string())? {
            frame::Payload::MessagePack { name, body } => match self.types.get(name) {
                Some(kind) => Payload::decode(kind, body).map_err(|error| error.to_string()),
                None => Err(format!("no message type `{name}` is registered in this process")),
            },
            other => Err(format!("actors in Rust take messages of registered types, not {:?}", other.kind())),
        }
    }

    fn returned(&self, to: Address, letter: &Letter, frame: Frame) -> Option<Crossing> {
        let by = frame.header().to;
        match self.unpack(frame) {
            Ok(message) => {
                let poison = Poison { message, by, details: letter.details.as_str().into() };
                Some(Crossing::Returned { to, poison })
            }
            Err(problem) => {
                tracing::warn!(%to, %by, %problem, "a message that came back could not be read");
                None
            }
        }
    }
}
