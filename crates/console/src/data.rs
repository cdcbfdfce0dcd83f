//! Plain data as messages, for actors in Python and in Rust.
//!
//! A text, a number, true, false and nothing travel as they are. A list or a table is for actors in Python: a pickle. A message of
//! a registered type is for those who know its name: MessagePack.

pub(crate) mod plain_pickle;

use std::fmt;

use roscius_protocol::frame::Payload;
use roscius_protocol::pickle;
use serde_json::Value;

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Plain data.
    Data(Value),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An instance of a registered type, by its name.
    Named {
        /// The name.
        name: String,
        /// Its fields.
        fields: Value,
    },
    /// An object of Python that is no plain data.
    Object {
        /// Its class, as far as it is known.
        class: String,
    },
}

/// A text that is no message.
#[derive(Debug, thiserror::Error)]
#[error("this is not JSON: {0}")]
pub struct NotJson(#[from] serde_json::Error);

impl Message {
    /// The data that a text is in JSON.
    ///
    /// # Errors
    ///
    /// [`NotJson`] if it is none.
    pub fn from_json(text: &str) -> Result<Self, NotJson> {
        Ok(Self::Data(serde_json::from_str(text)?))
    }

    /// The message in a payload that came.
    pub(crate) fn of(payload: &Payload<'_>) -> Self {
        match payload {
            Payload::Str(text) => Self::Data(Value::from(*text)),
            Payload::Int(number) => Self::Data(Value::from(*number)),
            Payload::Float(number) => Self::Data(plain_pickle::float(*number)),
            Payload::Bool(truth) => Self::Data(Value::from(*truth)),
            Payload::None | Payload::System(_) | Payload::Goodbye | Payload::Memory(_) => Self::Data(Value::Null),
            Payload::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Payload::MessagePack { name, body } => match rmp_serde::from_slice(body) {
                // What a handler in Rust returns has no name, unless it is a message.
                Ok(fields) if name.is_empty() => Self::Data(fields),
                Ok(fields) => Self::Named { name: (*name).to_owned(), fields },
                Err(_) => Self::Object { class: (*name).to_owned() },
            },
            Payload::Pickle { stream, buffers } => match plain_pickle::read(stream).filter(|_| buffers.is_empty()) {
                Some(value) => Self::Data(value),
                None => Self::Object { class: pickle::type_name(stream).unwrap_or_else(|| "object".to_owned()) },
            },
        }
    }

    /// Gives what is to be sent to `write`, once.
    pub(crate) fn lend(&self, mut write: impl FnMut(&Payload<'_>)) -> Result<(), String> {
        match self {
            Self::Bytes(bytes) => write(&Payload::Bytes(bytes)),
            Self::Named { name, fields } => {
                let body = rmp_serde::to_vec_named(fields).map_err(|error| error.to_string())?;
                write(&Payload::MessagePack { name, body: &body });
            }
            Self::Object { class } => return Err(format!("an instance of `{class}` can not be made here")),
            Self::Data(value) => match value {
                Value::Null => write(&Payload::None),
                Value::Bool(truth) => write(&Payload::Bool(*truth)),
                Value::String(text) => write(&Payload::Str(text)),
                Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                    (Some(number), _) => write(&Payload::Int(number)),
                    (None, _) if number.is_u64() => write(&Payload::pickle(&plain_pickle::write(value))),
                    (None, Some(number)) => write(&Payload::Float(number)),
                    (None, None) => return Err(format!("{number} is no number that can be sent")),
                },
                Value::Array(_) | Value::Object(_) => write(&Payload::pickle(&plain_pickle::write(value))),
            },
        }
        Ok(())
    }
}

/// A text as it is, other data as JSON.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(Value::String(text)) => f.write_str(text),
            Self::Data(value) => write!(f, "{value}"),
            Self::Bytes(bytes) => write!(f, "{} bytes: {}", bytes.len(), bytes.escape_ascii()),
            Self::Named { name, fields } => write!(f, "{name} {fields}"),
            Self::Object { class } => write!(f, "an instance of `{class}`"),
        }
    }
}

/// The data as one value, for programs: an instance is a table with its class.
impl From<&Message> for Value {
    fn from(message: &Message) -> Self {
        match message {
            Message::Data(value) => value.clone(),
            Message::Bytes(bytes) => Self::from(bytes.clone()),
            Message::Named { name, fields } => serde_json::json!({ "type": name, "fields": fields }),
            Message::Object { class } => serde_json::json!({ "type": class }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(text: &str) -> Message {
        let message = Message::from_json(text).unwrap();
        let mut back = None;
        message.lend(|payload| back = Some(Message::of(payload))).unwrap();
        back.unwrap()
    }

    #[test]
    fn plain_data_is_the_same_there() {
        for text in [
            "\"hello\"",
            "12",
            "-7",
            "1.5",
            "true",
            "null",
            "[1,\"a\",[2.5,null]]",
            "{\"a\":{\"b\":[]}}",
            "18446744073709551615",
        ] {
            let shown = there_and_back(text);
            assert_eq!(
                serde_json::to_string(&Value::from(&shown)).unwrap().trim_matches('"'),
                text.trim_matches('"'),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_is_no_plain_data_is_called_by_its_class() {
        let stream = b"\x80\x05\x95\x23\0\0\0\0\0\0\0\x8c\x09fractions\x94\x8c\x08Fraction\x94\x93\x94\x8c\x031/2\x94\x85\x94R\x94.";
        let message = Message::of(&Payload::pickle(stream));
        assert_eq!(message, Message::Object { class: "fractions.Fraction".into() });
        assert!(message.lend(|_| ()).is_err());
        assert_eq!(Message::of(&Payload::pickle(b"\x80\x05garbage")), Message::Object { class: "object".into() });
    }
}
