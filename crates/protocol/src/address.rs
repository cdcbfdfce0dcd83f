//! What names an actor.
//!
//! An [`Address`] is sixteen bytes and `Copy`: the incarnation of the node that holds the actor, the place of the
//! actor in it, and the generation of that place. A place is used again after its actor has ended, a generation
//! never is, so an old address can not reach a new actor: it is answered with a dead letter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One incarnation of a node: a process (or a whole in-process system) that holds actors.
///
/// Every start takes a new one, so an address of an earlier run is foreign, not wrong.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(u64);

impl NodeId {
    /// The process that is the Admin of its system.
    pub const ADMIN: u32 = 0;
    /// The process that writes the log of its system.
    pub const LOGGER: u32 = 1;
    /// Processes that are neither have numbers from here on.
    pub const FIRST_FREE: u32 = 16;

    /// The node with this number. Take a random one for a real start, a counted one for a simulated one.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// A process of a system of processes. Both numbers are random, or one of those below.
    pub const fn of_process(system: u32, process: u32) -> Self {
        Self(((system as u64) << 32) | process as u64)
    }

    /// The number given to [`NodeId::new`].
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The system of a process.
    pub const fn system(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The process within its system.
    pub const fn process(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

/// Names one actor, or one endpoint of external code, for as long as it lives.
///
/// Addresses are compared, hashed, ordered, serialised and sent in messages freely. The text form,
/// `<node>/<core>.<index>.<generation>` in hexadecimal (with a `!` when bounded), can be parsed again; programs should not take it apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    node: NodeId,
    place: u32,
    generation: u32,
}

/// Index bits of a place; the bits above hold the core.
const INDEX_BITS: u32 = 24;
/// The top bit of a generation says that the mailbox of the actor is bounded.
const BOUNDED: u32 = 1 << 31;

impl Address {
    /// The most actors that one core can hold at a time.
    pub const MAX_INDEX: u32 = (1 << INDEX_BITS) - 1;
    /// The highest generation of a place. A place that reached it is retired, never reused.
    pub const MAX_GENERATION: u32 = BOUNDED - 1;
    /// The core number that stands for endpoints of external code.
    pub const EXTERNAL_CORE: u8 = u8::MAX;

    /// The address of `generation` of the place `index` on `core` of `node`.
    ///
    /// `index` must not exceed [`Address::MAX_INDEX`], `generation` not [`Address::MAX_GENERATION`].
    pub const fn new(node: NodeId, core: u8, index: u32, generation: u32) -> Self {
        debug_assert!(index <= Self::MAX_INDEX && generation <= Self::MAX_GENERATION);
        Self { node, place: ((core as u32) << INDEX_BITS) | index, generation }
    }

    /// The same address, marked as one whose mailbox is bounded: a sender then knows to ask for room.
    #[must_use]
    pub const fn with_bound(mut self) -> Self {
        self.generation |= BOUNDED;
        self
    }

    /// The address that belongs to nobody: what is sent to it is a dead letter.
    pub const fn nobody(node: NodeId) -> Self {
        Self::new(node, Self::EXTERNAL_CORE, Self::MAX_INDEX, 0)
    }

    /// Whether this is [`Address::nobody`] of its node.
    pub fn is_nobody(self) -> bool {
        self == Self::nobody(self.node)
    }

    /// The address as it stands in a frame: node, place and generation, little-endian.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.node.0.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.place.to_le_bytes());
        bytes[12..].copy_from_slice(&self.generation.to_le_bytes());
        bytes
    }

    /// The reverse of [`Address::to_bytes`]. Any sixteen bytes are an address, if seldom one of a living actor.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        let [n0, n1, n2, n3, n4, n5, n6, n7, p0, p1, p2, p3, g0, g1, g2, g3] = bytes;
        Self {
            node: NodeId(u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7])),
            place: u32::from_le_bytes([p0, p1, p2, p3]),
            generation: u32::from_le_bytes([g0, g1, g2, g3]),
        }
    }

    /// The node that holds the actor.
    pub const fn node(self) -> NodeId {
        self.node
    }

    /// The core of the node that holds the actor.
    pub const fn core(self) -> u8 {
        (self.place >> INDEX_BITS) as u8
    }

    /// The place of the actor on its core.
    pub const fn index(self) -> u32 {
        self.place & Self::MAX_INDEX
    }

    /// How many actors had this place before.
    pub const fn generation(self) -> u32 {
        self.generation & Self::MAX_GENERATION
    }

    /// Whether the mailbox of the actor is bounded.
    pub const fn is_bounded(self) -> bool {
        self.generation & BOUNDED != 0
    }

    /// Whether the address names an endpoint of external code instead of an actor.
    pub const fn is_external(self) -> bool {
        self.core() == Self::EXTERNAL_CORE
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = if self.is_bounded() { "!" } else { "" };
        write!(f, "{}/{:x}.{:x}.{:x}{bound}", self.node, self.core(), self.index(), self.generation())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// A text that is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an address: expected <node>/<core>.<index>.<generation>, each hexadecimal and within its range"
)]
pub struct InvalidAddress {
    /// What was given, at most its first 100 characters.
    pub text: String,
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| InvalidAddress { text: text.chars().take(100).collect() })
    }
}

fn parse(text: &str) -> Option<Address> {
    let (node, place) = text.split_once('/')?;
    let mut parts = place.split('.');
    let core = u8::from_str_radix(parts.next()?, 16).ok()?;
    let index = u32::from_str_radix(parts.next()?, 16).ok()?;
    let generation = parts.next()?;
    let (generation, bounded) = match generation.strip_suffix('!') {
        Some(digits) => (digits, true),
        None => (generation, false),
    };
    let generation = u32::from_str_radix(generation, 16).ok()?;
    if parts.next().is_some() || index > Address::MAX_INDEX || generation > Address::MAX_GENERATION {
        return None;
    }
    let address = Address::new(NodeId::new(u64::from_str_radix(node, 16).ok()?), core, index, generation);
    Some(if bounded { address.with_bound() } else { address })
}

#[cfg(test)]
mod tests;
