//! The convention: systems on several hosts that know each other.
//!
//! [`Convention`] is one system's share in it. It is told what has happened ([`Event`]) and says what is to be done ([`Effect`]), in
//! order. It has no sockets: who drives it makes links, moves the [`Message`]s, and hands in the time.
//!
//! # Who knows whom
//!
//! Every system has the same list of *candidates*, the places of those that may lead. It registers with all of them but itself, and is
//! a member for each of them from then on, as each of them is for it. So members know all candidates, and no other member.
//! The *leader* is the first in the list that is this system itself or a member. A system without candidates leads a convention of its
//! own. One that was *invited* by another follows that one, if it has no candidates; the latest invitation counts.
//!
//! # Incarnations
//!
//! A [`SystemId`] is one start of a system; its *identity* outlives that. A new start takes the place of the old one, which is lost. A
//! system that is alive keeps its identity: another one that claims the same is kept out until nothing is heard of the first.
//!
//! # Alive or not
//!
//! All members say so every second. A member is given up when its link is broken and does not come back, or when nothing is heard of it. Both sides
//! do this for themselves. When one has given the other up, the other learns it with the next message, and starts anew as well: it tells the same losses.

pub mod messages;
mod note;
mod place;
mod term;
mod timing;

pub use messages::{Departure, Message};
pub use note::{Note, Why};
pub use place::{InvalidPlace, Place};
pub use term::Term;
pub use timing::Timing;

use crate::address::{Address, NodeId};
use crate::admin::messages::Entry;
use crate::time::Time;

/// One start of a system: `Address::node().system()` of all its addresses.
pub type SystemId = u32;

/// What a convention is told at the start.
#[derive(Clone, Debug)]
pub struct Config {
    /// This system.
    pub me: SystemId,
    /// What outlives a restart of it. The links tell others; here it is for the log.
    pub identity: String,
    /// Where this system can be dialled, if it can.
    pub place: Option<Place>,
    /// Who may lead, the first first. This system may be among them.
    pub candidates: Vec<Place>,
    /// What this system can do.
    pub capabilities: Vec<Entry>,
    /// Others are not told where this system can be dialled: it dials, always.
    pub outbound_only: bool,
    /// How long things take.
    pub timing: Timing,
    /// What chance is drawn from. Different for each system, so that they do not all do the same at once.
    pub seed: u64,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is a link with a system, which has proved who it is. Told again when a dial leads to a system that has a link already; and
    /// with this system itself when the place is its own.
    ///
    /// Each [`Effect::Dial`] is answered by this or by [`Event::NotLinked`].
    Linked {
        /// Which system.
        system: SystemId,
        /// Its identity.
        identity: String,
        /// The place that was dialled, if this side did. Exactly as [`Effect::Dial`] named it.
        dialled: Option<Place>,
    },
    /// A dial came to nothing.
    NotLinked {
        /// What was dialled.
        place: Place,
        /// Why, for people.
        why: String,
    },
    /// The link with a system is broken or closed.
    Unlinked {
        /// Which system.
        system: SystemId,
        /// Why, for people.
        why: String,
    },
    /// Bytes came from a system: it lives. Cheap, to be told for all that comes.
    Heard {
        /// Which.
        system: SystemId,
    },
    /// A message came.
    Said {
        /// From which system.
        system: SystemId,
        /// The message.
        message: Message,
    },
    /// Nothing: time has passed.
    Due,
    /// The capabilities of this system are these now.
    Capabilities(Vec<Entry>),
    /// These may lead now, the first first.
    Candidates(Vec<Place>),
    /// How many actors there are here.
    Load(u32),
    /// A system is to be invited (`preRegisterRemoteSystem`), and again whenever it is lost.
    Invite {
        /// Where it can be dialled.
        place: Place,
        /// What it is said to be able to do. Its own word counts as soon as it is a member.
        capabilities: Vec<Entry>,
    },
    /// A system is not to be a member any more (`deRegisterRemoteSystem`), and not to be invited.
    Dismiss(Peer),
    /// A creation is being tried on a member, which counts as load of it until it says how it is.
    Placing {
        /// Which.
        system: SystemId,
    },
    /// An actor here has a child on another system.
    Placed {
        /// The actor.
        parent: Address,
        /// Its child.
        child: Address,
    },
    /// Such a child has ended, and its parent been told.
    ChildGone {
        /// The child.
        child: Address,
    },
    /// This system shuts down, and leaves. Nothing is decided after that.
    ShutDown,
}

/// How a system is named that is to be dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// By where it can be dialled.
    Place(Place),
    /// By what it is.
    System(SystemId),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Make a link with the system at this place. Answered with [`Event::Linked`] or [`Event::NotLinked`].
    Dial {
        /// The place.
        place: Place,
    },
    /// Close the link with a system.
    HangUp {
        /// Which.
        system: SystemId,
    },
    /// Send a message. One that does not arrive is forgotten.
    Send {
        /// Whom to.
        system: SystemId,
        /// The message.
        message: Message,
    },
    /// A system is a member. To all that watch registrations.
    Joined {
        /// Which.
        system: SystemId,
        /// Its Admin.
        admin: Address,
        /// What it can do.
        capabilities: Vec<Entry>,
        /// Where it can be dialled, if it can.
        place: Option<Place>,
    },
    /// A system is a member no more. To all that watch registrations. What was sent to it and has not arrived is lost.
    Left {
        /// Which.
        system: SystemId,
        /// Its Admin.
        admin: Address,
        /// What it could do.
        capabilities: Vec<Entry>,
    },
    /// Somebody else leads now. None: this system itself, or nobody ([`Convention::is_leader`]).
    Leader(Option<SystemId>),
    /// A child is lost with its system. Before [`Effect::Left`], if that was a member.
    ChildLost {
        /// Who is to be told.
        parent: Address,
        /// The child.
        child: Address,
    },
    /// Write this to the log of the Admin.
    Log(Note),
}

/// A member on which an actor could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Which.
    pub system: SystemId,
    /// What it can do.
    pub capabilities: &'a [Entry],
    /// How many actors it has, as far as is known.
    pub load: u32,
}

/// A member, as a status shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Which.
    pub system: SystemId,
    /// Its Admin.
    pub admin: Address,
    /// Its identity.
    pub identity: &'a str,
    /// Where it can be dialled, if it can.
    pub place: Option<&'a Place>,
    /// What it can do.
    pub capabilities: &'a [Entry],
    /// How many actors it has, as far as is known.
    pub load: u32,
    /// When it was heard last.
    pub heard: Time,
    /// There is a link with it now.
    pub linked: bool,
    /// It leads the convention.
    pub leads: bool,
}

/// A system that is invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited<'a> {
    /// Where it is dialled.
    pub place: &'a Place,
    /// What it is said to be able to do.
    pub capabilities: &'a [Entry],
    /// The member that it has become.
    pub member: Option<SystemId>,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Convention {
    me: SystemId,
}

impl Convention {
    /// The share of a system that has just started.
    pub fn new(config: Config, _now: Time, _effects: &mut Vec<Effect>) -> Self {
        Self { me: config.me }
    }

    /// Takes note of what has happened, and adds what is to be done to `effects`.
    pub fn on(&mut self, _now: Time, _event: Event, _effects: &mut Vec<Effect>) {}

    /// When [`Event::Due`] is to be told, if nothing happens before.
    pub fn next_deadline(&self) -> Option<Time> {
        None
    }

    /// Where an actor could be tried next: members, none of them in `tried`, the least loaded first. Those in doubt come last.
    pub fn candidates(&self, _tried: &[SystemId]) -> Vec<Candidate<'_>> {
        Vec::new()
    }

    /// The member that leads. None: this system does, or nobody.
    pub const fn leader(&self) -> Option<SystemId> {
        None
    }

    /// Whether this system leads.
    pub const fn is_leader(&self) -> bool {
        true
    }

    /// The latest term that this system has heard of. If it leads: that in which it does.
    pub fn term(&self) -> Term {
        Term::first(self.me)
    }

    /// The members, this system not among them.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        std::iter::empty()
    }

    /// The systems that are invited.
    pub fn invited(&self) -> impl Iterator<Item = Invited<'_>> {
        std::iter::empty()
    }

    /// Whether this system is a member.
    pub fn is_member(&self, _system: SystemId) -> bool {
        false
    }

    /// What was counted, by name.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> {
        std::iter::empty()
    }
}

/// The Admin of a system.
pub const fn admin_of(system: SystemId) -> Address {
    Address::new(NodeId::of_process(system, NodeId::ADMIN), 0, 0, 0)
}
