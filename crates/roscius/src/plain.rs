//! Plain data as messages: texts, bytes, numbers, truth values and nothing at all.
//!
//! Between processes they travel as they are, without a name and without an encoding, so actors in any language can send
//! and take them.

use std::fmt;

use roscius_protocol::address::Address;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::Codec;
use crate::message::Message;

/// The answer to plain data: plain data again, or nothing.
///
/// ```
/// use roscius::prelude::*;
///
/// struct Loud;
///
/// impl Actor for Loud {
///     type Protocol = (String,);
/// }
///
/// impl Handler<String> for Loud {
///     fn receive(&mut self, text: &mut String, _: &mut Context<Self>) -> Outcome<Plain> {
///         Ok(text.to_uppercase().into())
///     }
/// }
///
/// let system = ActorSystem::simple().start()?;
/// let loud = system.spawn(|| Loud)?;
/// assert_eq!(system.ask(loud, "hello".to_owned()).wait()?.as_str(), Some("HELLO"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Plain {
    /// Nothing: who asked by a message gets none back.
    #[default]
    None,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Plain {
    /// Whether it is nothing.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The truth value, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The whole number, if it is one.
    pub const fn as_int(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The number, whole or not.
    pub const fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            Self::Int(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// The bytes, if it is some.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

macro_rules! plain {
    ($($type:ty, $name:literal, $codec:expr, $value:pat => $plain:expr;)+) => {
        $(
            impl Message for $type {
                type Reply = Plain;

                const NAME: &'static str = $name;

                fn codec() -> Option<&'static Codec> {
                    Some(const { &$codec })
                }

                fn reply_codec() -> Option<&'static Codec> {
                    Some(const { &Codec::of::<Plain>() })
                }

                fn reply_name() -> Option<&'static str> {
                    Some(Plain::NAME)
                }
            }

            impl From<$type> for Plain {
                fn from($value: $type) -> Self {
                    $plain
                }
            }
        )+
    };
}

plain! {
    String, "str", Codec::of::<String>(), text => Self::Str(text);
    Vec<u8>, "bytes", Codec::of_bytes(), bytes => Self::Bytes(bytes);
    i64, "int", Codec::of::<i64>(), number => Self::Int(number);
    f64, "float", Codec::of::<f64>(), number => Self::Float(number);
    bool, "bool", Codec::of::<bool>(), truth => Self::Bool(truth);
    (), "None", Codec::of::<()>(), () => Self::None;
}

impl From<&str> for Plain {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

/// The address of an actor, as a message of its own.
impl Message for Address {
    type Reply = Plain;

    const NAME: &'static str = "roscius.ActorAddress";

    fn codec() -> Option<&'static Codec> {
        Some(const { &Codec::of::<Self>() })
    }

    fn reply_codec() -> Option<&'static Codec> {
        Plain::codec()
    }

    fn reply_name() -> Option<&'static str> {
        Some(Plain::NAME)
    }
}

/// To be sent where it is only known at run time what is to be said. It arrives as what is in it.
impl Message for Plain {
    type Reply = Self;

    const NAME: &'static str = "plain";

    fn codec() -> Option<&'static Codec> {
        Some(const { &Codec::of::<Self>() })
    }

    fn reply_codec() -> Option<&'static Codec> {
        Self::codec()
    }

    fn reply_name() -> Option<&'static str> {
        Some(Self::NAME)
    }
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
        }
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, bytes, a number of at most 64 bits, a truth value or nothing")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Plain, E> {
        Ok(Plain::None)
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Plain, E> {
        Ok(Plain::Bool(truth))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Plain, E> {
        Ok(Plain::Int(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Plain, E> {
        i64::try_from(number).map(Plain::Int).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Plain, E> {
        Ok(Plain::Float(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain::Str(text.to_owned()))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Plain, E> {
        Ok(Plain::Bytes(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Payload;

    #[test]
    fn plain_data_goes_through_its_encoding() {
        let all = [
            Plain::None,
            Plain::Bool(true),
            Plain::Int(i64::MIN),
            Plain::Float(-0.5),
            Plain::from("größer"),
            Plain::Bytes(vec![0, 255]),
        ];
        for plain in all {
            let payload = Payload::new(plain.clone());
            let again = Payload::decode(payload.kind(), &payload.encode().unwrap()).unwrap();
            assert_eq!(again.get::<Plain>(), Some(&plain));
        }
    }

    #[test]
    fn bytes_are_encoded_as_bytes_and_not_as_numbers() {
        let bytes = Payload::new(vec![1_u8, 2, 3]).encode().unwrap();
        assert_eq!(bytes, [0xc4, 3, 1, 2, 3]);
        let again = Payload::decode(crate::MessageType::of::<Vec<u8>>(), &bytes).unwrap();
        assert_eq!(again.take::<Vec<u8>>().unwrap(), [1, 2, 3]);
    }

    #[test]
    fn a_list_is_no_plain_data() {
        let error = Payload::decode(crate::MessageType::of::<Plain>(), &[0x91, 1]).unwrap_err();
        assert!(error.to_string().contains("a text, bytes, a number"), "{error}");
    }
}
