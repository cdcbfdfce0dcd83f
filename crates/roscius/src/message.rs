//! What actors send each other.

use std::any::{Any, TypeId};
use std::fmt;

use smallbox::SmallBox;

use crate::codec::{Codec, CodecError};

/// A type that can be sent to actors. Use `#[derive(Message)]`.
///
/// ```
/// use roscius::prelude::*;
///
/// #[derive(Message, Serialize, Deserialize)]
/// #[message(reply = u64, name = "bank.Deposit")]
/// struct Deposit { cents: u64 }
/// ```
///
/// A type that also derives serde's traits may leave the process; one that does not stays local.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a message", label = "add `#[derive(Message)]` to `{Self}`")]
pub trait Message: Send + 'static {
    /// What an ask with this message is answered with.
    type Reply: Send + 'static;

    /// The name under which the type is known outside the process.
    const NAME: &'static str;

    /// How the message leaves the process, if it can.
    fn codec() -> Option<&'static Codec> {
        None
    }

    /// How the reply leaves the process, if it can.
    fn reply_codec() -> Option<&'static Codec> {
        None
    }

    /// The name of the reply outside the process, if it is a message too.
    fn reply_name() -> Option<&'static str> {
        None
    }
}

/// Any value, inline when it has at most 24 bytes.
pub(crate) type Body = SmallBox<dyn Any + Send, [usize; 3]>;

/// What is known about a message type at run time. One for each type, compared by [`MessageType::id`].
pub struct MessageType {
    name: fn() -> &'static str,
    public: fn() -> Option<&'static str>,
    id: TypeId,
    codec: fn() -> Option<&'static Codec>,
    reply: Option<fn() -> &'static MessageType>,
}

impl MessageType {
    /// The description of `M`.
    pub fn of<M: Message>() -> &'static Self {
        const {
            &Self {
                name: || M::NAME,
                public: || Some(M::NAME),
                id: TypeId::of::<M>(),
                codec: M::codec,
                reply: Some(Self::of_reply::<M>),
            }
        }
    }

    /// The description of the replies to `M`.
    pub fn of_reply<M: Message>() -> &'static Self {
        const {
            &Self {
                name: std::any::type_name::<M::Reply>,
                public: M::reply_name,
                id: TypeId::of::<M::Reply>(),
                codec: M::reply_codec,
                reply: None,
            }
        }
    }

    /// The description of the replies to messages of this type. A reply itself has none.
    pub fn reply(&self) -> Option<&'static Self> {
        self.reply.map(|reply| reply())
    }

    /// The description of `()`, which nobody declares as a message.
    pub(crate) fn nothing() -> &'static Self {
        const { &Self { name: || "()", public: || None, id: TypeId::of::<()>(), codec: || None, reply: None } }
    }

    /// The name under which the type is known outside the process.
    pub fn name(&self) -> &'static str {
        (self.name)()
    }

    /// The name that other programs know the type by. A reply that is no message has none.
    pub fn public_name(&self) -> Option<&'static str> {
        (self.public)()
    }

    /// Whether values of the type say nothing.
    pub fn is_nothing(&self) -> bool {
        self.id == TypeId::of::<()>()
    }

    /// The type.
    #[inline]
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// Whether values of the type can leave the process.
    pub fn is_serialisable(&self) -> bool {
        (self.codec)().is_some()
    }

    fn require_codec(&self) -> Result<&'static Codec, CodecError> {
        (self.codec)().ok_or(CodecError::LocalOnly { name: self.name() })
    }
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A message of any type, as it travels.
pub struct Payload {
    kind: &'static MessageType,
    body: Body,
}

impl Payload {
    /// Wraps a message. Nothing is serialised, and messages of at most 24 bytes are not boxed.
    #[inline]
    pub fn new<M: Message>(message: M) -> Self {
        Self { kind: MessageType::of::<M>(), body: smallbox::smallbox!(message) }
    }

    /// Wraps a reply to an `M`.
    #[inline]
    pub(crate) fn reply<M: Message>(reply: M::Reply) -> Self {
        Self { kind: MessageType::of_reply::<M>(), body: smallbox::smallbox!(reply) }
    }

    /// Wraps a reply of this type.
    pub(crate) fn reply_of<R: Send + 'static>(kind: &'static MessageType, reply: R) -> Self {
        Self { kind, body: smallbox::smallbox!(reply) }
    }

    /// Takes a value of any type out, or gives the payload back when it is not a `T`.
    pub(crate) fn take_any<T: 'static>(self) -> Result<T, Self> {
        let Self { kind, body } = self;
        match body.downcast::<T>() {
            Ok(value) => Ok(value.into_inner()),
            Err(body) => Err(Self { kind, body }),
        }
    }

    /// The same value, encoded and decoded again.
    pub(crate) fn through_bytes(&self) -> Result<Self, CodecError> {
        Self::decode(self.kind, &self.encode()?)
    }

    /// Decodes a message of the given type.
    pub fn decode(kind: &'static MessageType, bytes: &[u8]) -> Result<Self, CodecError> {
        Ok(Self { kind, body: kind.require_codec()?.decode(bytes)? })
    }

    /// Encodes the message.
    pub fn encode(&self) -> Result<Vec<u8>, CodecError> {
        let mut bytes = Vec::with_capacity(128);
        self.encode_to(&mut bytes)?;
        Ok(bytes)
    }

    /// Encodes the message to the end of `out`, whose end is of no use after an error.
    pub fn encode_to(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.kind.require_codec()?.encode(&*self.body, out)
    }

    /// The type of the message.
    #[inline]
    pub fn kind(&self) -> &'static MessageType {
        self.kind
    }

    /// The name of the type of the message.
    pub fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// Whether the message is an `M`.
    #[inline]
    pub fn is<M: Message>(&self) -> bool {
        self.kind.id == TypeId::of::<M>()
    }

    /// The message, if it is an `M`.
    pub fn get<M: Message>(&self) -> Option<&M> {
        self.body.downcast_ref()
    }

    /// The message, if it is an `M`, to be changed.
    #[inline]
    pub fn get_mut<M: Message>(&mut self) -> Option<&mut M> {
        self.body.downcast_mut()
    }

    /// Takes the message out, or gives the payload back when it is not an `M`.
    pub fn take<M: Message>(self) -> Result<M, Self> {
        self.take_any()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Payload").field(&self.kind).finish()
    }
}
