//! How a value leaves the process: MessagePack with field names, so that other languages can read it.
//!
//! `#[derive(Message)]` finds out by itself whether a type can be serialised; nobody has to say so twice.

use std::any::Any;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::message::{Body, Message};
use crate::plain::Plain;

/// Encodes and decodes one type.
pub struct Codec {
    encode: fn(&(dyn Any + Send), &mut Vec<u8>) -> Result<(), CodecError>,
    decode: fn(&[u8]) -> Result<Body, CodecError>,
}

/// A value that could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The type does not implement serde's traits.
    #[error(
        "`{name}` cannot be serialised: derive `serde::Serialize` and `serde::Deserialize` beside `Message` to let it leave the process"
    )]
    LocalOnly {
        /// The type.
        name: &'static str,
    },
    /// Encoding failed.
    #[error("`{name}` could not be encoded: {reason}")]
    Encode {
        /// The type.
        name: &'static str,
        /// What the encoder said.
        reason: String,
    },
    /// Decoding failed.
    #[error("{length} bytes are not a valid `{name}`: {reason}")]
    Decode {
        /// The type.
        name: &'static str,
        /// How many bytes were given.
        length: usize,
        /// What the decoder said.
        reason: String,
    },
}

impl Codec {
    /// The codec of a type that serde knows.
    pub const fn of<T: Serialize + DeserializeOwned + Send + 'static>() -> Self {
        Self { encode: encode::<T>, decode: decode::<T> }
    }

    /// The codec of bytes, which serde would take for a list of numbers.
    pub(crate) const fn of_bytes() -> Self {
        Self { encode: encode_bytes, decode: decode_bytes }
    }

    /// Encodes a value of the codec's type to the end of `out`.
    pub(crate) fn encode(&self, value: &(dyn Any + Send), out: &mut Vec<u8>) -> Result<(), CodecError> {
        (self.encode)(value, out)
    }

    /// Decodes a value of the codec's type.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<Body, CodecError> {
        (self.decode)(bytes)
    }
}

fn encode<T: Serialize + 'static>(value: &(dyn Any + Send), out: &mut Vec<u8>) -> Result<(), CodecError> {
    let name = std::any::type_name::<T>();
    let value = value.downcast_ref::<T>().ok_or(CodecError::LocalOnly { name })?;
    rmp_serde::encode::write_named(out, value).map_err(|error| CodecError::Encode { name, reason: error.to_string() })
}

fn decode<T: DeserializeOwned + Send + 'static>(bytes: &[u8]) -> Result<Body, CodecError> {
    let value: T = rmp_serde::from_slice(bytes).map_err(|error| CodecError::Decode {
        name: std::any::type_name::<T>(),
        length: bytes.len(),
        reason: error.to_string(),
    })?;
    Ok(smallbox::smallbox!(value))
}

/// Bytes as bytes.
struct Bytes<B>(B);

impl Serialize for Bytes<&[u8]> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Bytes<Vec<u8>> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Plain::deserialize(deserializer)? {
            Plain::Bytes(bytes) => Ok(Self(bytes)),
            other => Err(serde::de::Error::custom(format_args!("bytes were expected, not {other:?}"))),
        }
    }
}

fn encode_bytes(value: &(dyn Any + Send), out: &mut Vec<u8>) -> Result<(), CodecError> {
    let name = Vec::<u8>::NAME;
    let bytes = value.downcast_ref::<Vec<u8>>().ok_or(CodecError::LocalOnly { name })?;
    rmp_serde::encode::write(out, &Bytes(&**bytes))
        .map_err(|error| CodecError::Encode { name, reason: error.to_string() })
}

fn decode_bytes(bytes: &[u8]) -> Result<Body, CodecError> {
    let decoded: Bytes<Vec<u8>> = rmp_serde::from_slice(bytes).map_err(|error| CodecError::Decode {
        name: Vec::<u8>::NAME,
        length: bytes.len(),
        reason: error.to_string(),
    })?;
    Ok(smallbox::smallbox!(decoded.0))
}

/// Asks at compile time whether `T` has a codec: the derive calls `(&Probe::<T>::new()).codec()`, and method
/// resolution takes [`ViaSerde`] where serde's traits hold and [`LocalOnly`] elsewhere.
pub struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    /// A probe for `T`.
    #[expect(clippy::new_without_default, reason = "only the derive makes probes")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// Chosen for types that serde knows.
pub trait ViaSerde {
    /// The codec.
    fn codec(&self) -> Option<&'static Codec>;
}

impl<T: Serialize + DeserializeOwned + Send + 'static> ViaSerde for Probe<T> {
    fn codec(&self) -> Option<&'static Codec> {
        Some(const { &Codec::of::<T>() })
    }
}

/// Chosen for all other types.
pub trait LocalOnly {
    /// No codec.
    fn codec(&self) -> Option<&'static Codec>;
}

impl<T> LocalOnly for &Probe<T> {
    fn codec(&self) -> Option<&'static Codec> {
        None
    }
}

/// Asks at compile time whether `T` is a message too: `(&Probe::<T>::new()).name()`.
pub trait ViaMessage {
    /// The name of the message.
    fn name(&self) -> Option<&'static str>;
}

impl<T: Message> ViaMessage for Probe<T> {
    fn name(&self) -> Option<&'static str> {
        Some(T::NAME)
    }
}

/// Chosen for all other types.
pub trait NoMessage {
    /// No name.
    fn name(&self) -> Option<&'static str>;
}

impl<T> NoMessage for &Probe<T> {
    fn name(&self) -> Option<&'static str> {
        None
    }
}
