//! `tell` and `ask`.

use std::io::{self, Read, Write};
use std::time::Duration;

use serde_json::Value;

use super::finding::{Found, find};
use super::{CommandError, Outcome};
use crate::attached::Reply;
use crate::cli::Say;
use crate::data::Message;
use crate::systems::System;

/// The longest message that is read from the standard input.
const LONGEST: u64 = 64 << 20;

fn message(say: &Say) -> Result<Message, CommandError> {
    let failed = |text: String| CommandError::Failed(text);
    let text = match say.message.as_str() {
        "-" => {
            let mut text = String::new();
            let read = io::stdin().take(LONGEST).read_to_string(&mut text);
            read.map_err(|error| failed(format!("the standard input is no text: {error}")))?;
            text
        }
        text => text.to_owned(),
    };
    let parsed = || Message::from_json(&text).map_err(|error| failed(error.to_string()));
    match &say.type_name {
        Some(name) => match parsed()? {
            Message::Data(fields) => Ok(Message::Named { name: name.clone(), fields }),
            other => Ok(other),
        },
        None if say.json => parsed(),
        None => Ok(Message::Data(Value::String(text))),
    }
}

pub(super) fn tell(system: &System, within: Duration, say: &Say, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let message = message(say)?;
    let found = find(system, within, &say.actor)?;
    match found.collector.attached().tell(found.address, message) {
        Ok(()) if found.is_unanswering() => {
            writeln!(out, "sent; the process of {} does not answer now, so the message waits there", found.title())?;
            Ok(Outcome::Well)
        }
        Ok(()) => Ok(Outcome::Well),
        Err(reply) => Err(refused(&found, &reply, within)),
    }
}

pub(super) fn ask(
    system: &System,
    within: Duration,
    timeout: Duration,
    say: &Say,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let message = message(say)?;
    let found = find(system, within, &say.actor)?;
    match found.collector.attached().ask(found.address, message, timeout) {
        Reply::Message { message, .. } => {
            match say.json {
                true => writeln!(out, "{}", Value::from(&message))?,
                false => writeln!(out, "{message}")?,
            }
            Ok(Outcome::Well)
        }
        reply => Err(refused(&found, &reply, timeout)),
    }
}

fn refused(found: &Found, reply: &Reply, within: Duration) -> CommandError {
    let who = found.title();
    CommandError::Failed(match reply {
        Reply::Message { message, .. } => format!("{who} answered at once: {message}"),
        Reply::GivenBack { details } => format!("{who} gave the message back: {}", details.trim_end()),
        Reply::NoActor => format!("{who} has ended: the message has reached nobody"),
        Reply::Late if found.is_unanswering() => {
            format!("{who} gave no answer within {:.1} s: its process does not answer", within.as_secs_f64())
        }
        Reply::Late => format!("{who} gave no answer within {:.1} s", within.as_secs_f64()),
        Reply::Ended => "the actor system has ended".to_owned(),
    })
}
