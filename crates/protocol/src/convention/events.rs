//! What a convention is told, and what it says is to be done.

use super::{Leave, Message, NameAnswer, Note, Place, Timing};
use crate::address::Address;
use crate::admin::messages::Entry;

/// One start of a system: `Address::node().system()` of all its addresses.
pub type SystemId = u32;

/// What a convention is told at the start.
#[derive(Clone, Debug)]
pub struct Config {
    /// This system.
    pub me: SystemId,
    /// What outlives a restart of it. The links tell others; whoever else claims it is kept out here.
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

impl Config {
    /// That of a system which is named by its number, nobody can dial, and which knows of nobody who may lead.
    pub fn alone(me: SystemId) -> Self {
        Self {
            me,
            identity: format!("{me:08x}"),
            place: None,
            candidates: Vec::new(),
            capabilities: Vec::new(),
            outbound_only: false,
            timing: Timing::default(),
            seed: me.into(),
        }
    }
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is a link with a system, which has proved who it is. Told again when a dial leads to a system that has a link already; and
    /// with this system itself when the place is its own.
    ///
    /// A system has one link. When another takes its place, [`Event::Unlinked`] comes before this, or not at all.
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
    /// A system is not there any more, says who ought to know: a server by way of which systems are linked. Its link is gone with it, and
    /// nobody waits for another.
    Gone {
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
    /// An actor here has its parent on another system.
    Fostered {
        /// The parent.
        parent: Address,
        /// The actor.
        child: Address,
    },
    /// Such an actor has ended.
    FosterGone {
        /// The parent.
        parent: Address,
        /// The actor.
        child: Address,
    },
    /// A child on another system has ended, and its parent been told.
    ChildGone {
        /// The child.
        child: Address,
    },
    /// Somebody here wants an actor with a name of the convention that nobody here holds. Answered with [`Effect::Sought`].
    Seek {
        /// The name.
        name: String,
        /// Leave to make it, which another system got and handed on.
        leave: Option<Leave>,
    },
    /// The actor that there was leave to make is there.
    Holds {
        /// The name.
        name: String,
        /// The actor.
        actor: Address,
    },
    /// An actor with a name of the convention has ended; or it is not made here, or not sought any more.
    Frees {
        /// The name.
        name: String,
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
    /// Send a message. As long as the link lasts, messages are to arrive in order; what does not arrive with a link is forgotten.
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
    /// Somebody else leads now. None: this system itself, or nobody ([`Convention::is_leader`](super::Convention::is_leader)).
    Leader(Option<SystemId>),
    /// A child is lost with its system. Before [`Effect::Left`], if that was a member.
    ChildLost {
        /// Who is to be told.
        parent: Address,
        /// The child.
        child: Address,
    },
    /// The parent of an actor here is lost with its system. Before [`Effect::Left`], if that was a member.
    ParentLost {
        /// The parent.
        parent: Address,
        /// The actor.
        child: Address,
    },
    /// A name of the convention that was sought. With leave it is held until [`Event::Frees`].
    Sought {
        /// The name.
        name: String,
        /// What became of it.
        answer: NameAnswer,
    },
    /// Another system has a name that was held here. It is free here; the actor is to end, or not to be made.
    Yielded {
        /// The name.
        name: String,
        /// The actor, if it is there.
        actor: Option<Address>,
    },
    /// Write this to the log of the Admin.
    Log(Note),
}
