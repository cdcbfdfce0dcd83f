//! Typed names of actors.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use roscius_protocol::address::Address;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::declared::Accepts;
use crate::message::Message;

/// The address of an actor of type `A`. Sixteen bytes, `Copy`; keeps nothing alive.
pub struct ActorRef<A> {
    address: Address,
    actor: PhantomData<fn(A)>,
}

impl<A> ActorRef<A> {
    /// Trusts that `address` names an `A`. If it does not, messages come back with a notice; nothing worse happens.
    pub const fn assume(address: Address) -> Self {
        Self { address, actor: PhantomData }
    }

    /// The untyped address.
    pub const fn address(self) -> Address {
        self.address
    }

    /// The actor as somebody who accepts `M`, whatever else it accepts.
    pub fn recipient<M: Message, P>(self) -> Recipient<M>
    where
        A: Accepts<M, P>,
    {
        Recipient { address: self.address, message: PhantomData }
    }
}

/// The address of somebody who accepts messages of type `M`.
pub struct Recipient<M> {
    address: Address,
    message: PhantomData<fn(M)>,
}

impl<M> Recipient<M> {
    /// Trusts that who is at `address` accepts `M`. If not, messages come back with a notice.
    pub const fn assume(address: Address) -> Self {
        Self { address, message: PhantomData }
    }

    /// The untyped address.
    pub const fn address(self) -> Address {
        self.address
    }
}

/// What a typed send can be addressed to.
pub trait Destination<M: Message, Position>: Copy {
    /// Where the message goes.
    fn destination(self) -> Address;
}

impl<A: Accepts<M, P>, M: Message, P> Destination<M, P> for ActorRef<A> {
    #[inline]
    fn destination(self) -> Address {
        self.address
    }
}

impl<M: Message> Destination<M, ()> for Recipient<M> {
    #[inline]
    fn destination(self) -> Address {
        self.address
    }
}

macro_rules! typed_address {
    ($name:ident) => {
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}

        impl<T> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.address == other.address
            }
        }

        impl<T> Eq for $name<T> {}

        impl<T> PartialOrd for $name<T> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl<T> Ord for $name<T> {
            fn cmp(&self, other: &Self) -> Ordering {
                self.address.cmp(&other.address)
            }
        }

        impl<T> Hash for $name<T> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.address.hash(state);
            }
        }

        impl<T> From<$name<T>> for Address {
            fn from(typed: $name<T>) -> Address {
                typed.address
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.address.fmt(f)
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}<{}>({})", stringify!($name), std::any::type_name::<T>(), self.address)
            }
        }

        impl<T> Serialize for $name<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.address.serialize(serializer)
            }
        }

        impl<'de, T> Deserialize<'de> for $name<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Address::deserialize(deserializer).map(Self::assume)
            }
        }
    };
}

typed_address!(ActorRef);
typed_address!(Recipient);
