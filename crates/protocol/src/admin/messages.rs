//! What processes and the Admin say to each other.
//!
//! Each message is the body of a frame of kind [`System`](crate::frame::Kind::System) in postcard; the type id of the
//! frame is its [`Topic`]. A request has a message id, and its answer carries the same.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Detail;
use crate::address::{Address, NodeId};
use crate::convention::{Leave, SystemId};
use crate::lifecycle::Birth;
use crate::sources::{Digest, Level, Listed, Notice};
use crate::supervision::Restart;

/// What the body of a system frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u64)]
pub enum Topic {
    /// A [`Signal`](crate::lifecycle::Signal), to an actor.
    Signal = 1,
    /// A [`ToAdmin`].
    ToAdmin = 2,
    /// A [`FromAdmin`].
    FromAdmin = 3,
    /// A [`Letter`]: a message that did not arrive, to the Admin or to the handler of dead letters.
    DeadLetter = 4,
    /// A [`Letter`]: a message goes back to who sent it, with what was wrong with it.
    Returned = 5,
    /// An [`Answer`] to an ask.
    Answer = 6,
}

impl Topic {
    /// The topic with this type id, if there is one.
    pub const fn of(type_id: u64) -> Option<Self> {
        Some(match type_id {
            1 => Self::Signal,
            2 => Self::ToAdmin,
            3 => Self::FromAdmin,
            4 => Self::DeadLetter,
            5 => Self::Returned,
            6 => Self::Answer,
            _ => return None,
        })
    }
}

/// A setting or capability: name and value are opaque bytes of the language that made them.
pub type Entry = (Vec<u8>, Vec<u8>);

/// What a process says to the Admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToAdmin {
    /// A process of the system, or a program, is there. Answered with [`FromAdmin::Attached`]. Its first message.
    Attach {
        /// Its process id. Zero: the end of its link is to be its end.
        pid: u32,
    },
    /// The process ends in good order, or leaves the system: nothing more comes from it. Who watches it by its process id
    /// alone could not tell a program that leaves from one that only closed a connection.
    Detach,
    /// Make a top-level actor. Answered with [`FromAdmin::Created`] or [`FromAdmin::Refused`].
    Create(Creation),
    /// The process offers to make actors of these makers (a language, or names of types). Answered with
    /// [`FromAdmin::Done`] if it has a message id.
    Offer {
        /// What it can make.
        makers: Vec<String>,
    },
    /// A starter has started a process that was asked for.
    Forked {
        /// Which.
        process: NodeId,
        /// Its process id.
        pid: u32,
    },
    /// A starter could not start a process that was asked for, or a new process could not make its actor.
    Failed {
        /// Which.
        process: NodeId,
        /// Why.
        refusal: Refusal,
        /// If this system has not what the actor requires: those of the systems named in [`FromAdmin::Make`] that have.
        fits: Vec<SystemId>,
    },
    /// From the Admin of another system: make an actor for somebody there. Answered as [`ToAdmin::Create`].
    CreateFor {
        /// The actor.
        creation: Creation,
        /// The systems that have been asked already, or are not to be.
        tried: Vec<SystemId>,
    },
    /// From the Admin of another system: a source is wanted that an actor is to be made of. Answered with [`FromAdmin::SourceContent`].
    WantSource {
        /// Its id.
        id: String,
        /// As it was loaded, and not as the source authority has it.
        original: bool,
    },
    /// Have another system join the convention: it is invited until it does.
    Invite {
        /// Where it is reached: `host:port`.
        place: String,
        /// What it is thought to have, until it says so itself.
        capabilities: Vec<Entry>,
    },
    /// A system is to be invited no more, and leaves the convention.
    Dismiss {
        /// Which.
        system: Neighbour,
    },
    /// Where the leaders of the convention are reached, in the order in which they lead: `host:port` each. Answered with [`FromAdmin::Done`], or
    /// with [`FromAdmin::Refused`] where links go by way of a server.
    SetLeaders {
        /// All of them.
        places: Vec<String>,
    },
    /// A new process has its actor, and says so itself.
    Ready {
        /// Which.
        process: NodeId,
        /// When the actor is to be restarted.
        policy: Restart,
        /// Whether its mailbox has a bound, as its address then says.
        bounded: bool,
    },
    /// A starter has seen a process end.
    Exited {
        /// Which.
        process: NodeId,
        /// How it ended, for people. Empty: in good order.
        how: String,
    },
    /// A child left behind by its parent: the Admin is its parent from now on, and tells it so.
    Adopt {
        /// The child.
        child: Address,
        /// How it is to be restarted.
        policy: Restart,
    },
    /// The sender becomes the handler of dead letters, or ends that it is.
    HandleDeadLetters {
        /// Which of the two.
        start: bool,
        /// In place of all others: none of them handles again when it ends. Its own letters come to it too.
        alone: bool,
    },
    /// The sender wants to know when other systems come and go, or not any more.
    WatchRegistrations {
        /// Which of the two.
        start: bool,
    },
    /// Sets a capability of the system, or removes it. Answered with [`FromAdmin::Done`] if it has a message id.
    SetCapability {
        /// Its name.
        name: Vec<u8>,
        /// Its value. None removes it.
        value: Option<Vec<u8>>,
    },
    /// Changes a setting, if there is one of this name. Answered with [`FromAdmin::Done`] if it has a message id.
    ChangeSetting {
        /// Its name.
        name: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
    /// How is the system? Answered with [`FromAdmin::Status`].
    Status,
    /// Shut the system down. Answered with [`FromAdmin::Done`] when all of it has ended.
    Shutdown,
    /// The sender becomes the source authority.
    BeSourceAuthority,
    /// Have a source validated and loaded. Answered with [`FromAdmin::Done`], if it has a message id, as soon as it is noted.
    LoadSource {
        /// Its id.
        id: String,
        /// What it is called, for people.
        info: Option<String>,
        /// What the source authority is to validate.
        content: Bytes,
    },
    /// What the source authority says of a source.
    SourceVerdict {
        /// Its id.
        id: String,
        /// What it is called, if that is to change.
        info: Option<String>,
        /// What is to be loaded. None: the source is rejected.
        content: Option<Bytes>,
    },
    /// Let go of a source. Answered with [`FromAdmin::Done`] if it has a message id.
    UnloadSource {
        /// Its id.
        id: String,
    },
    /// The sender wants to know which sources come and go, from those that are there on, or not any more.
    WatchSources {
        /// Which of the two.
        start: bool,
    },
    /// Send a dead letter again, as from its sender, and keep it no more. Answered with [`FromAdmin::Resent`].
    Resend {
        /// Which: [`LetterRecord::number`].
        letter: u64,
        /// Whom to now. None: whom it was for.
        to: Option<Address>,
    },
    /// The address of a durable destination ([`crate::post`]). Answered with [`FromAdmin::Created`] or [`FromAdmin::Refused`].
    Durable {
        /// The identity of the system.
        system: String,
        /// The global name of the actor there.
        name: String,
    },
}

/// Another system, as who speaks of it knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Neighbour {
    /// By where it is reached: `host:port`.
    Place(String),
    /// By its Admin.
    Admin(Address),
}

/// A top-level actor to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creation {
    /// Who can make it: a language such as `python`, or the registered name of a type.
    pub maker: String,
    /// Its global name. An actor that has it already is the answer.
    pub name: Option<String>,
    /// Where there is one actor of that name.
    pub scope: Scope,
    /// What the maker needs to know.
    pub spec: Vec<u8>,
    /// The process the actor is to be, when the requester has chosen its address already.
    pub process: Option<NodeId>,
    /// Who is told as its parent when it ends, beside the Admin. Nobody when external code asks, and nobody of an actor
    /// with a global name.
    pub requester: Option<Requester>,
    /// The id of the source that it is made from. If that is not decided yet, so is this.
    pub source: Option<String>,
    /// The system where it was asked for first, and the number that it has there, when another system is asked. An actor that was made for the same
    /// before, when the answer got lost on the way, is the answer.
    pub order: Option<(SystemId, u64)>,
}

/// Where a global name has one holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// In the system that is asked for the actor, or in the one that makes it.
    #[default]
    System,
    /// In the convention, as far as its systems follow one leader.
    Convention {
        /// Leave to make it, from who got that and had another system asked. Programs have none.
        leave: Option<Leave>,
    },
}

impl Scope {
    /// The whole convention.
    pub const CONVENTION: Self = Self::Convention { leave: None };
}

/// A global name, and where it is one actor's. A text is a name in one system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalName {
    /// The name.
    pub text: String,
    /// Where.
    pub scope: Scope,
}

impl GlobalName {
    /// A name that all systems of a convention share, as far as they follow one leader. It is another one than the same text in one system.
    pub fn in_convention(text: impl Into<String>) -> Self {
        Self { text: text.into(), scope: Scope::CONVENTION }
    }
}

impl<T: Into<String>> From<T> for GlobalName {
    fn from(text: T) -> Self {
        Self { text: text.into(), scope: Scope::System }
    }
}

/// The source that an actor is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its id.
    pub id: String,
    /// The digest of its content, by which that is found and checked.
    pub digest: Digest,
    /// Its content is a program, which is started for each actor. Else the maker of the actor reads it.
    pub executable: bool,
}

/// An actor that had the Admin make a child for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// Its address.
    pub actor: Address,
    /// Its own number of the child.
    pub birth: Birth,
}

/// What the Admin says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromAdmin {
    /// The process belongs to the system.
    Attached {
        /// The capabilities of the system.
        capabilities: Vec<Entry>,
        /// What the program that started the system wants all processes to know.
        settings: Vec<Entry>,
    },
    /// The actor is there.
    Created {
        /// Its address.
        actor: Address,
    },
    /// The actor could not be made.
    Refused(Refusal),
    /// It is done.
    Done,
    /// How the system is.
    Status(Box<Status>),
    /// A setting has changed. To all processes.
    Settings {
        /// All of them.
        settings: Vec<Entry>,
    },
    /// The capabilities have changed. To all processes with actors.
    Capabilities {
        /// All of them.
        capabilities: Vec<Entry>,
    },
    /// To a starter: make this actor in a new process. Answered with [`ToAdmin::Forked`] or [`ToAdmin::Failed`].
    Make {
        /// The process that it is to be.
        process: NodeId,
        /// The address that it is to have.
        actor: Address,
        /// Its number with its parent, the Admin.
        birth: Birth,
        /// See [`Creation::maker`].
        maker: String,
        /// See [`Creation::name`].
        name: Option<String>,
        /// See [`Creation::spec`].
        spec: Vec<u8>,
        /// See [`Creation::source`].
        source: Option<Source>,
        /// Systems where it could be made instead, with their capabilities.
        elsewhere: Vec<(SystemId, Vec<Entry>)>,
    },
    /// To a starter: end this process at once, if it still runs.
    Kill {
        /// Which.
        process: NodeId,
    },
    /// To all processes with actors: the system is being shut down. Their actors are asked to exit too, each in its turn.
    Closing,
    /// To a process: the system has ended.
    Finish,
    /// To the source authority: is this source valid? Answered with [`ToAdmin::SourceVerdict`].
    ValidateSource {
        /// Its id.
        id: String,
        /// What it is called.
        info: Option<String>,
        /// What was loaded.
        content: Bytes,
    },
    /// To an actor that wants to know: a source has come or gone.
    Source(Notice),
    /// To the Admin of another system: a source.
    SourceContent {
        /// Its id.
        id: String,
        /// What it is called.
        info: Option<String>,
        /// Its content. None: it is not there, or not in the form that was wanted.
        content: Option<Bytes>,
        /// The source authority has found it valid.
        validated: bool,
    },
    /// To an actor that wants to know: another system has joined the convention, or left it.
    Registration {
        /// Its Admin.
        admin: Address,
        /// What it has.
        capabilities: Vec<Entry>,
        /// Which of the two.
        joined: bool,
    },
    /// To a process that has spoken with another system: nobody is there any more who could answer.
    Silent {
        /// Who: one process there, or the whole system if it is that of its Admin.
        node: NodeId,
    },
    /// To the logger: what the Admin has to say.
    Note {
        /// How much it matters.
        level: Level,
        /// What it is.
        text: String,
    },
    /// A dead letter has been sent again.
    Resent {
        /// Whom to. None: it is not kept any more.
        to: Option<Address>,
    },
}

/// Why an actor could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of reason.
    pub kind: RefusalKind,
    /// The reason, for people.
    pub text: String,
}

/// The kind of reason why an actor could not be made. The numbers are those of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RefusalKind {
    /// The system is shutting down (0xe01).
    ShuttingDown,
    /// No system can run it (0xe02).
    NoCompatibleSystem,
    /// There is no source with this hash (0xe03).
    InvalidSourceHash,
    /// There is no such class (0xe04).
    InvalidActorClass,
    /// Its module could not be imported (0xe05).
    Import,
    /// No process could be started for it.
    NoProcess,
    /// Nobody makes such actors.
    NoMaker,
    /// The processes that started others have ended. A program that can be one may offer to, and ask again.
    NoStarter,
    /// The name that it was to have in the convention was not given away.
    NoName,
}

/// How a system is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The Admin.
    pub admin: Option<Address>,
    /// The capabilities.
    pub capabilities: Vec<Entry>,
    /// Top-level actors.
    pub children: Vec<Address>,
    /// Global names and who holds them.
    pub names: Vec<(String, Address)>,
    /// Who gets dead letters.
    pub dead_letter_handler: Option<Address>,
    /// Who wants to know when other systems come and go.
    pub registration_watchers: Vec<Address>,
    /// The Admin of the system that leads the convention. None: this one, or nobody.
    pub leader: Option<Address>,
    /// The Admins of the members that this system knows.
    pub members: Vec<Address>,
    /// The system is shutting down.
    pub in_shutdown: bool,
    /// What actors can be made of: languages, and names of types.
    pub makers: Vec<String>,
    /// What was counted, by name.
    pub counters: Vec<(String, u64)>,
    /// Processes with actors.
    pub processes: Vec<NodeId>,
    /// How many dead letters there were.
    pub dead_letters: u64,
    /// The latest of them, oldest first.
    pub latest_dead_letters: Vec<LetterRecord>,
    /// The source authority.
    pub source_authority: Option<Address>,
    /// The sources, with those that wait for a verdict.
    pub sources: Vec<Listed>,
    /// What who looks after the system wants to know beside.
    pub detail: Detail,
}

/// What is remembered of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRecord {
    /// The type of the message, as far as it has a name.
    pub message: String,
    /// Who sent it.
    pub sender: Address,
    /// Whom it was for.
    pub target: Address,
    /// Why it did not arrive.
    pub reason: Setback,
    /// By which it can be sent again ([`ToAdmin::Resend`]). None: its message is not kept.
    pub number: Option<u64>,
}

/// A message on its way to somebody it was not sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Why it did not stay where it was.
    pub reason: Setback,
    /// More about it, for people.
    pub details: String,
    /// The frame of the message, whole.
    pub frame: Vec<u8>,
}

impl Letter {
    /// Whether the message is lost if nobody takes this letter: it was on its way back, and no dead letter yet.
    pub const fn is_lost(&self) -> bool {
        matches!(self.reason, Setback::Undecodable | Setback::NotAccepted | Setback::Failed)
    }
}

/// Why a message did not arrive, or came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Setback {
    /// Nobody has the address.
    NoActor,
    /// The receiver could not make a message of the bytes.
    Undecodable,
    /// The receiver does not accept the type.
    NotAccepted,
    /// The receiver failed on it.
    Failed,
    /// The child that it was for never came to be.
    Stillborn,
    /// The receiver exited while the message waited.
    Exited,
    /// The address is of another system, or of an earlier run.
    Foreign,
    /// The mailbox was full.
    MailboxFull,
    /// A reply came when nobody waited for it any more.
    LateReply,
    /// An interceptor refused the message.
    Intercepted,
    /// The system of the receiver was away for too long.
    Expired,
    /// The system of the receiver was lost. It may have got the message, or not.
    Unknown,
}

/// The answer to an ask. The id of its frame is the id of the message that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The reply in MessagePack.
    Reply(Vec<u8>),
    /// There is none, and why.
    None {
        /// The kind of reason.
        reason: Setback,
        /// More about it, for people.
        details: String,
    },
    /// The receiver has dropped its promise to reply.
    Abandoned,
}

/// Bytes that are not what they were taken for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes are not a message of the actor system: {reason}")]
pub struct MessageError {
    /// How many bytes there were.
    pub length: usize,
    /// What was wrong with them.
    pub reason: String,
}

/// The bytes of a message of the actor system.
///
/// # Errors
///
/// [`MessageError`] for what has no such form; the messages of this module all have one.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, MessageError> {
    postcard::to_allocvec(message).map_err(|error| MessageError { length: 0, reason: error.to_string() })
}

/// The message of the actor system in these bytes, all of them.
///
/// # Errors
///
/// [`MessageError`] if they are none.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, MessageError> {
    let failed = |reason: String| MessageError { length: bytes.len(), reason };
    let (message, rest) = postcard::take_from_bytes(bytes).map_err(|error| failed(error.to_string()))?;
    if rest.is_empty() { Ok(message) } else { Err(failed(format!("{} bytes too many", rest.len()))) }
}
