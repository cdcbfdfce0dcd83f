//! What the Admins of a convention say to each other about it.
//!
//! What two systems are to each other is a *tie*, and each of them numbers it: with every new tie to the same incarnation its number
//! grows. A message names the numbers of both sides as its sender knows them, so that it is noticed when one side
//! has given the other up, and what belongs to an earlier tie does no harm.

use serde::{Deserialize, Serialize};

use super::{Leave, Place, SystemId, Term};
use crate::address::Address;
use crate::admin::messages::Entry;

/// The most capabilities that a system may have for others.
pub const MOST_CAPABILITIES: usize = 4_096;
/// The most bytes that all of them may have.
pub const MOST_CAPABILITY_BYTES: usize = 512 * 1024;
/// The most systems that one message may name.
pub const MOST_SYSTEMS: usize = 4_096;
/// The most names of the convention that one system may hold.
pub const MOST_NAMES: usize = 4_096;

/// See the [module](self). In postcard, by [`encode`](crate::admin::messages::encode) and [`decode`](crate::admin::messages::decode).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The sender registers, or again, with what it is and can do; or this answers such a message.
    Join(Box<Join>),
    /// The sender lives.
    Heartbeat(Heartbeat),
    /// The sender is not, or no longer, in a convention with the receiver.
    Leave {
        /// The sender's number of the tie, if there is one.
        mine: Option<u64>,
        /// The receiver's number of it, if known.
        yours: Option<u64>,
        /// Why.
        why: Departure,
    },
    /// Register with the sender, and take it for a leader.
    Invite,
    /// Tell the sender when these systems are gone.
    Watch {
        /// Which. At most [`MOST_SYSTEMS`].
        systems: Vec<SystemId>,
    },
    /// The sender does not want to know of these systems any more.
    Unwatch {
        /// Which.
        systems: Vec<SystemId>,
    },
    /// These systems are gone. To who watches them.
    Gone {
        /// Which.
        systems: Vec<SystemId>,
    },
    /// The names of the convention that the sender holds. To all that may lead.
    Names(Box<Names>),
    /// The sender wants an actor of this name: who is it, or may the sender make it? To its leader, again until there is an answer.
    Claim {
        /// The sender's number of the claim.
        number: u64,
        /// The name.
        name: String,
        /// The leave that the sender was handed on by who got it.
        leave: Option<Leave>,
    },
    /// The answer of a leader to a claim.
    Claimed {
        /// The number of the claim.
        number: u64,
        /// The name.
        name: String,
        /// What it says.
        answer: Claimed,
    },
    /// Another system has the name, so the actor that the receiver has under it is to end. From its leader.
    Yield {
        /// The name.
        name: String,
        /// On which leave the receiver has it.
        leave: Leave,
    },
}

/// Names of the convention that a system holds: all of them, or what has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The version that this is a change of. None: these are all names, and there are no others.
    pub since: Option<u64>,
    /// The version after it.
    pub version: u64,
    /// Names that the sender holds. At most [`MOST_NAMES`].
    pub held: Vec<Held>,
    /// Names that it holds and wants no more.
    pub freed: Vec<String>,
    /// Names that it has claimed without an answer, if these are all names, with the numbers of the claims.
    pub asking: Vec<(String, u64)>,
}

/// A name that a system holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The name.
    pub name: String,
    /// On which leave.
    pub leave: Leave,
    /// The actor. None: it is being made.
    pub actor: Option<Address>,
}

/// What a leader says to a claim. Who has to wait is answered when it need not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claimed {
    /// This actor has the name.
    By(Address),
    /// Nobody has: make the actor, and say so.
    Leave(Leave),
}

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// The sender's number of the tie.
    pub mine: u64,
    /// The receiver's number of it. None: not known, so an answer is wanted.
    pub yours: Option<u64>,
    /// Where the sender can be dialled, if it can.
    pub place: Option<Place>,
    /// What its system can do.
    pub capabilities: Vec<Entry>,
    /// How often these have changed.
    pub version: u64,
    /// Its heartbeats are at most so many milliseconds apart.
    pub beats_every: u32,
    /// The sender has reason of its own to register: the receiver may lead, has invited it, or was invited.
    pub wants: bool,
    /// How it is.
    pub state: State,
}

/// A sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The sender's number of the tie.
    pub mine: u64,
    /// The receiver's number of it.
    pub yours: u64,
    /// How often the sender's capabilities have changed.
    pub version: u64,
    /// Which version of the receiver's the sender knows.
    pub knows: u64,
    /// Which version of the receiver's names of the convention the sender knows. Zero: none.
    pub knows_names: u64,
    /// How it is.
    pub state: State,
}

/// How a system is, as far as others need to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// How many actors it has.
    pub load: u32,
    /// The latest term that it has heard of.
    pub term: Term,
    /// It leads in that term.
    pub leads: bool,
    /// How often the names of the convention that it holds have changed.
    pub names: u64,
}

/// Why a system leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Departure {
    /// It shuts down.
    ShutsDown,
    /// The receiver was de-registered there.
    Dismissed,
    /// The receiver is not among its leaders any more.
    NotALeader,
    /// There is no such tie.
    Unknown,
}
