//! Messages of registered types, as they travel between processes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use roscius::gate::Crossing;
use roscius::{Address, MessageType, Payload, Poison};
use roscius_protocol::admin::messages::Letter;
use roscius_protocol::frame::{self, Frame};

use crate::process::{Language, Unreadable, Write};

/// MessagePack with the names of the types, which both sides have registered.
#[derive(Debug, Default)]
pub struct RustLanguage {
    types: BTreeMap<&'static str, &'static MessageType>,
    /// Where messages are encoded, so that not each needs memory of its own.
    scratch: Mutex<Vec<u8>>,
}

/// More memory than this is not kept from one message to the next.
const KEPT: usize = 64 << 10;

impl RustLanguage {
    /// Knows these types.
    pub(super) fn new(types: BTreeMap<&'static str, &'static MessageType>) -> Self {
        Self { types, scratch: Mutex::default() }
    }
}

impl RustLanguage {
    fn read(&self, frame: &Frame) -> Result<Payload, String> {
        match frame.payload().map_err(|error| error.to_string())? {
            frame::Payload::MessagePack { name, body } => match self.types.get(name) {
                Some(kind) => Payload::decode(kind, body).map_err(|error| error.to_string()),
                None => Err(format!("no message type `{name}` is registered in this process")),
            },
            other => Err(format!("actors in Rust take messages of registered types, not {:?}", other.kind())),
        }
    }
}

impl Language for RustLanguage {
    fn pack(&self, message: &Payload, write: &mut Write<'_>) -> Result<(), String> {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        scratch.clear();
        message.encode_to(&mut scratch).map_err(|error| error.to_string())?;
        write(&frame::Payload::MessagePack { name: message.name(), body: &scratch }, None);
        scratch.shrink_to(KEPT);
        Ok(())
    }

    fn unpack(&self, frame: Frame) -> Result<Payload, Unreadable> {
        self.read(&frame).map_err(|details| Unreadable { frame, details })
    }

    fn returned(&self, to: Address, letter: &Letter, frame: Frame) -> Option<Crossing> {
        let by = frame.header().to;
        match self.read(&frame) {
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
