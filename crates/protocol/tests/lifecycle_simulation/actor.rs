//! One simulated actor: its life cycle and mailbox, what its runtime keeps, and what ought to be true of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::lifecycle::{ExitReason, Lifecycle, Signal};
use roscius_protocol::mailbox::{Bound, Mailbox};
use roscius_protocol::supervision::{Restart, Supervision};
use roscius_protocol::time::Time;
use roscius_protocol::timers::TimerKey;

/// The number of the root. The number of an actor is the index in its address.
pub const ROOT: usize = 0;
/// Stands for code outside any actor.
pub const OUTSIDE: usize = usize::MAX;

pub fn address(number: usize) -> Address {
    Address::new(NodeId::new(7), 0, number as u32, 0)
}

pub fn number(address: Address) -> usize {
    address.index() as usize
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    pub id: usize,
    pub from: usize,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Handled,
    /// Its handler failed: it goes back to the sender.
    GivenBack,
    /// The mailbox was full, and the sender was told.
    Refused,
    DeadLetter,
}

/// What travels to an actor, or waits for it, beside messages.
#[derive(Debug, Clone)]
pub enum Notice {
    Signal(Signal),
    /// To the root: this actor has no parent any more, or none yet.
    Adopt(Address, Restart),
    RestartDue,
}

/// What is to be told to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    ChildExited(Address),
    Terminated(Address),
}

pub struct Actor {
    pub life: Lifecycle,
    pub mailbox: Mailbox<Message, Notice>,
    pub bound: Option<Bound>,
    /// Messages whose senders wait for room.
    pub waiting: VecDeque<(Message, TimerKey)>,
    /// Nothing is done for the actor before it is listed: its parent knows it.
    pub listed: bool,
    pub has_instance: bool,
    pub to_be_created: bool,
    /// Last words to be said, and whether the children are to end too.
    pub last_words: Option<bool>,
    pub ended: Option<ExitReason>,
    pub model: Model,
}

/// What ought to be true, found out without asking the life cycle.
pub struct Model {
    pub parent: usize,
    /// Which instance of the parent bore it.
    pub born_by: u32,
    /// Whether the parent's list has it.
    pub known_to_parent: bool,
    pub orphaned: bool,
    /// How many instances were to be created.
    pub incarnation: u32,
    pub restarts_ordered: u32,
    /// No new instance before this.
    pub not_before: Time,
    pub end_announced: bool,
    pub end_told: bool,
    /// Whether the parent has taken note of the end.
    pub end_noted: bool,
    pub watchers: BTreeSet<usize>,
    pub untold: Vec<Telling>,
    /// Ends because it failed, or before it was there: is told nothing more.
    pub is_deaf: bool,
    pub supervision: Supervision,
    /// When the present instance decided to restart a child.
    pub restarts: Vec<Time>,
    /// The last message handled of each sender.
    pub last_handled: BTreeMap<usize, usize>,
}

impl Actor {
    pub fn new(life: Lifecycle, parent: usize, born_by: u32) -> Self {
        Self {
            life,
            mailbox: Mailbox::new(),
            bound: None,
            waiting: VecDeque::new(),
            listed: true,
            has_instance: false,
            to_be_created: true,
            last_words: None,
            ended: None,
            model: Model {
                parent,
                born_by,
                known_to_parent: true,
                orphaned: false,
                incarnation: 1,
                restarts_ordered: 0,
                not_before: Time::ZERO,
                end_announced: false,
                end_told: false,
                end_noted: false,
                watchers: BTreeSet::new(),
                untold: Vec::new(),
                is_deaf: false,
                supervision: Supervision::default(),
                restarts: Vec::new(),
                last_handled: BTreeMap::new(),
            },
        }
    }
}
