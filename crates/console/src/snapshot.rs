//! What is known of a system at one moment, as data.
//!
//! A [`Snapshot`] is what the command prints, what `--json` writes and what the dashboard shows. Addresses are texts, as
//! [`Address`](roscius::Address) writes them; times are in seconds, memory is in bytes.

use std::collections::BTreeMap;

use roscius::status::ActorState as Doing;
use roscius_protocol::admin::{Openness, Other, Share};
use serde::{Deserialize, Serialize};

/// A system at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Whether something is wrong.
    pub healthy: bool,
    /// What is wrong and why, the worst first.
    pub warnings: Vec<Warning>,
    /// What the system is.
    pub system: SystemInfo,
    /// Sums over the actors that could be seen.
    pub totals: Totals,
    /// The Admin first, then processes with actors, starters, the logger and programs.
    pub processes: Vec<ProcessInfo>,
    /// All actors, parents before their children.
    pub actors: Vec<ActorInfo>,
    /// How many actors there are of each class, with what they do together. The fullest mailboxes first.
    pub classes: Vec<ClassInfo>,
    /// Messages by type: those handled most often since the snapshot before come first.
    #[serde(default)]
    pub messages: Vec<MessageInfo>,
    /// Messages that reached nobody.
    pub dead_letters: DeadLetters,
    /// Actors that are being made, the oldest first.
    pub pending: Vec<PendingCreation>,
    /// What the system is to others.
    #[serde(default)]
    pub convention: ConventionInfo,
    /// Loaded sources.
    pub sources: Vec<SourceInfo>,
    /// The address of the actor that validates sources, if there is one.
    pub source_authority: Option<String>,
    /// The latest records of the log, oldest first. None: it is not read, the system has no logger, or that has not answered yet.
    #[serde(default)]
    pub log: Option<Vec<LogRecord>>,
    /// What the Admin has counted, by name.
    pub counters: BTreeMap<String, u64>,
}

/// What a system is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SystemInfo {
    /// What it is found by, such as `tcp-1900` or `queue-demo`.
    pub name: String,
    /// Its port, if it has one.
    pub port: Option<u16>,
    /// The directory of its sockets.
    pub directory: String,
    /// The address of the Admin.
    pub admin: String,
    /// How long it has run.
    pub uptime: f64,
    /// It is shutting down.
    pub in_shutdown: bool,
    /// When this was seen, in seconds since the beginning of 1970.
    pub seen_at: f64,
    /// How long it took to see all of it.
    pub seen_within: f64,
    /// Its capabilities, by name.
    pub capabilities: BTreeMap<String, serde_json::Value>,
    /// What actors can be made of: languages, and names of types.
    pub makers: Vec<String>,
    /// Who gets dead letters.
    pub dead_letter_handler: Option<String>,
}

/// Sums over the actors that could be seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// How many actors there are.
    pub actors: usize,
    /// How many of them could not be asked, because their process does not answer.
    pub unseen: usize,
    /// Processes of the system, without attached programs.
    pub processes: usize,
    /// Programs that are attached.
    pub programs: usize,
    /// Messages that wait.
    pub waiting: u64,
    /// Messages handled by the actors that live now.
    pub handled: u64,
    /// How many of these a second, since the snapshot before.
    pub rate: Option<f64>,
    /// How often an actor failed, in the processes that live now.
    pub failures: u64,
    /// How often an actor was restarted, in the processes that live now.
    pub restarts: u64,
    /// Messages that went back to their sender, in the processes that live now.
    pub returned: u64,
    /// Wakeups and other timers to come.
    pub timers: usize,
    /// Memory of all processes of the system: what is shared counts once if it could be told apart.
    pub memory: u64,
    /// Cores that the processes of the system have kept busy since the snapshot before: 1.5 is one core and a half.
    pub cpu: Option<f64>,
}

/// What a process is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessRole {
    /// The Admin.
    Admin,
    /// It has actors.
    #[default]
    Actors,
    /// It starts processes.
    Starter,
    /// It writes the log.
    Logger,
    /// A program outside of any actor.
    Program,
}

/// What the operating system says a process is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessState {
    /// It has something to do.
    Running,
    /// It waits.
    Sleeping,
    /// It waits for a disk or a device, and can not be interrupted.
    Blocked,
    /// Somebody has stopped it: SIGSTOP, a debugger, a terminal.
    Stopped,
    /// It has ended, and its parent has not noticed.
    Ended,
    /// Not known.
    #[default]
    Unknown,
}

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessInfo {
    /// Its number in the system, the part of an address before the `/`.
    pub node: String,
    /// What it is for.
    pub role: ProcessRole,
    /// Its process id, once it is known.
    pub pid: Option<u32>,
    /// What it is called in a list of processes.
    pub title: String,
    /// What the operating system says it is doing.
    pub state: ProcessState,
    /// Whether it has said within the time how its actors are. None: it has none, and was not asked.
    pub answered: Option<bool>,
    /// How many actors it has, if it has answered.
    pub actors: usize,
    /// Messages that wait there, if it has answered.
    pub waiting: u64,
    /// Memory in use: of what it shares with other processes, its part of that. Where that is not known, as `resident`.
    pub memory: Option<u64>,
    /// Memory in use, shared or not.
    pub resident: Option<u64>,
    /// Time that it has computed, in seconds.
    pub cpu_time: Option<f64>,
    /// How much of one core it has used since the snapshot before: 1 is all of it.
    pub cpu: Option<f64>,
    /// How many threads it has.
    pub threads: Option<u32>,
}

/// What an actor is doing. Written as one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorState {
    /// Its process does not answer.
    #[default]
    Unanswering,
    /// What its process says.
    #[serde(untagged)]
    Seen(Doing),
}

/// An actor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActorInfo {
    /// Its address.
    pub address: String,
    /// Its class in Python or type in Rust. Empty while it is not known.
    pub class: String,
    /// Who created it. None: the Admin or a program, or it is not known.
    pub parent: Option<String>,
    /// Its global name.
    pub name: Option<String>,
    /// The process it lives in: [`ProcessInfo::node`].
    pub node: String,
    /// The id of that process.
    pub pid: Option<u32>,
    /// What it is doing.
    pub state: ActorState,
    /// How many messages wait for it.
    pub waiting: u64,
    /// How many may wait, if there is a bound.
    pub capacity: Option<u64>,
    /// How many messages it has handled.
    pub handled: u64,
    /// How many of these a second, since the snapshot before.
    pub rate: Option<f64>,
    /// How often it was restarted.
    pub restarts: u32,
    /// How long ago that was last.
    pub restarted: Option<f64>,
}

/// The actors of one class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassInfo {
    /// The class.
    pub class: String,
    /// How many there are.
    pub actors: usize,
    /// Messages that wait for them.
    pub waiting: u64,
    /// Messages that they have handled.
    pub handled: u64,
    /// How many of these a second, since the snapshot before.
    pub rate: Option<f64>,
    /// How often they were restarted.
    pub restarts: u64,
}

/// Messages of one type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageInfo {
    /// The name of the type: that which it is declared by, or its class in Python.
    pub name: String,
    /// How many were handled, in the processes that live now.
    pub handled: u64,
    /// How many of these a second, since the snapshot before.
    pub rate: Option<f64>,
}

/// What an actor has logged, or the Admin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// Later ones have higher numbers.
    pub number: u64,
    /// When, in seconds since the beginning of 1970.
    pub at: f64,
    /// The name of its level, such as `WARNING`.
    pub level: String,
    /// The name of the logger that it was given to.
    pub logger: String,
    /// The address of the actor. Empty: nobody's.
    pub actor: String,
    /// The class of the actor. Empty: it was not seen.
    #[serde(default)]
    pub class: String,
    /// What it says, with the traceback if there is one.
    pub text: String,
}

/// Messages that reached nobody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeadLetters {
    /// How many there were.
    pub total: u64,
    /// How many a second, since the snapshot before.
    pub rate: Option<f64>,
    /// By type and reason, the most frequent first.
    pub kinds: Vec<DeadLetterKind>,
    /// The latest, oldest first.
    pub latest: Vec<DeadLetter>,
}

/// Dead letters of one type with the same reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeadLetterKind {
    /// The type of the messages.
    pub message: String,
    /// Why they did not arrive, for people.
    pub reason: String,
    /// How many there were.
    pub count: u64,
    /// How long ago the first was.
    pub first_ago: f64,
    /// How long ago the last was.
    pub last_ago: f64,
    /// The first of them, which may be the cause of the others.
    pub first: DeadLetter,
}

/// A message that reached nobody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// By which it can be sent again. None: its message is not kept.
    pub number: Option<u64>,
    /// Its type.
    pub message: String,
    /// Who sent it.
    pub sender: String,
    /// Whom it was for.
    pub target: String,
    /// Why it did not arrive, for people.
    pub reason: String,
}

/// An actor that is being made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PendingCreation {
    /// The address that it is to have.
    pub address: String,
    /// What it is made of: a class in Python, or the name of a type.
    pub class: String,
    /// The global name that it is to have.
    pub name: Option<String>,
    /// What it waits for, for people.
    pub awaits: String,
    /// How long it has waited.
    pub age: f64,
}

/// A loaded source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Its hash.
    pub hash: String,
    /// What was said of it when it was loaded.
    pub info: String,
    /// Whether it has been validated.
    pub validated: bool,
}

/// What a system is to others, and they to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConventionInfo {
    /// The name of the convention. It may be empty.
    pub name: String,
    /// What the system is called there.
    pub identity: String,
    /// Whom its links let in.
    pub lets_in: LetsIn,
    /// It leads.
    pub leads: bool,
    /// The members that it knows: a leader knows all, another one those that lead.
    pub members: Vec<MemberInfo>,
}

/// Which systems may have links with one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetsIn {
    /// Those of its user on its host.
    #[default]
    ThisHost,
    /// Those with a certificate of its authority.
    Certified,
    /// All that reach its port.
    Everybody,
}

/// Another system of the convention.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// What it is called.
    pub identity: String,
    /// Its number, in hexadecimal digits, as addresses of its actors begin.
    pub system: String,
    /// Where it is reached, if it can be.
    pub place: Option<String>,
    /// How many actors it has.
    pub actors: u32,
    /// It leads.
    pub leads: bool,
    /// There is a link with it now.
    pub linked: bool,
    /// How long ago it was heard.
    pub heard_ago: f64,
}

impl ConventionInfo {
    /// The same of what an Admin says.
    pub fn of(share: &Share) -> Self {
        let member = |other: &Other| MemberInfo {
            identity: other.identity.clone(),
            system: format!("{:08x}", other.system),
            place: other.place.clone(),
            actors: other.actors,
            leads: other.leads,
            linked: other.linked,
            heard_ago: other.heard_ago.as_secs_f64(),
        };
        Self {
            name: share.convention.clone(),
            identity: share.identity.clone(),
            lets_in: match share.openness {
                Openness::ThisHost => LetsIn::ThisHost,
                Openness::Certified => LetsIn::Certified,
                Openness::Everybody => LetsIn::Everybody,
            },
            leads: share.leads,
            members: share.others.iter().map(member).collect(),
        }
    }
}

/// How bad something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work.
    #[default]
    Wrong,
    /// Something is to be looked at. The system is called healthy all the same.
    Notice,
}

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// A process does not answer.
    #[default]
    Unanswering,
    /// Nobody can make actors.
    NoStarter,
    /// An actor is not made.
    PendingCreation,
    /// A mailbox is full, or very long.
    Mailbox,
    /// Messages reach nobody.
    DeadLetters,
    /// An actor fails again and again.
    Restarts,
    /// The system is shutting down.
    Shutdown,
    /// Others than the user can get at the system.
    Insecure,
    /// The leader of the convention, or a member of it, is not heard.
    Convention,
}

/// Something that is wrong, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing it is.
    pub kind: WarningKind,
    /// The address of the actor, or the number of the process, that it is about.
    pub subject: Option<String>,
    /// What is wrong.
    pub what: String,
    /// Why, as far as that is known, and what can be done. May be empty.
    pub why: String,
}
