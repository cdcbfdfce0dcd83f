//! How a value leaves the process: MessagePack with field names, so that other languages can read it.
//!
//! `#[derive(Message)]` finds out by itself whether a type can be serialised; nobody has to say so twice.

use std::any::Any;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::message::Body;

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
