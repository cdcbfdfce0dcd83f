//! The messages of a process that has no actors of its own, and speaks with those of any language.

use std::sync::{Arc, Weak};

use roscius::gate::Crossing;
use roscius::{Address, Message as RosciusMessage, Payload};
use roscius_host::process::{Language, Receipt, Unpacked, Unreadable, Write};
use roscius_protocol::admin::messages::{Letter, Setback};
use roscius_protocol::frame::Frame;

use crate::data::Message;

/// See the [module](self).
pub(super) struct Observer;

/// A message to an actor.
#[derive(RosciusMessage)]
pub(super) struct Outgoing {
    message: Message,
    receipt: Arc<Receipt>,
}

impl Outgoing {
    /// The message, and what tells what became of it.
    pub fn new(message: Message) -> (Self, Arc<Receipt>) {
        let receipt = Arc::new(Receipt::default());
        (Self { message, receipt: Arc::clone(&receipt) }, receipt)
    }
}

/// A message of an actor.
#[derive(RosciusMessage)]
pub(super) struct Incoming(pub Message);

/// A message to an actor came back.
#[derive(RosciusMessage)]
pub(super) struct CameBack {
    pub reason: Setback,
    pub details: String,
}

impl Language for Observer {
    fn pack(&self, message: &Payload, write: &mut Write<'_>) -> Result<(), String> {
        match message.get::<Outgoing>() {
            Some(Outgoing { message, .. }) => message.lend(|payload| write(payload, None)),
            None => message.encode().map_err(|error| error.to_string()).map(|body| {
                let kind = message.kind();
                let name = kind.public_name().unwrap_or(kind.name());
                write(&roscius_protocol::frame::Payload::MessagePack { name, body: &body }, None);
            }),
        }
    }

    fn receipt(&self, message: &Payload) -> Option<Weak<Receipt>> {
        message.get::<Outgoing>().map(|outgoing| Arc::downgrade(&outgoing.receipt))
    }

    fn unpack(&self, frame: Frame) -> Result<Unpacked, Unreadable> {
        match frame.payload().map(|payload| Message::of(&payload)) {
            Ok(message) => Ok(Unpacked::Message(Payload::new(Incoming(message)))),
            Err(error) => {
                Err(Unreadable { reason: Setback::Undecodable, details: error.to_string(), frame: frame.clone() })
            }
        }
    }

    fn answers_by_messages(&self) -> bool {
        true
    }

    fn returned(&self, to: Address, letter: &Letter, frame: Frame) -> Option<Crossing> {
        let message = Payload::new(CameBack { reason: letter.reason, details: letter.details.clone() });
        Some(Crossing::Message { to, from: frame.header().to, message, asker: None })
    }
}
