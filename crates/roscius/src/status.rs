//! What a system is doing, as data and as text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::Phase;
use roscius_protocol::time::Time;
use serde::{Deserialize, Serialize};

use crate::dead_letters::DeadLetterRecord;
use crate::engine::cell::{Class, Presence};
use crate::engine::lock;
use crate::engine::place::{Slot, SlotState};
use crate::engine::shared::{Base, Shared};
use crate::message::MessageType;

/// A snapshot of a system. Two of them give rates: [`Status::rate_since`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// The base: `simple` or `threads`.
    pub base: Cow<'static, str>,
    /// How many cores schedule actors.
    pub cores: usize,
    /// How long the system has run.
    pub uptime: Duration,
    /// All living actors, by address.
    pub actors: Vec<ActorStatus>,
    /// Global names and who holds them.
    pub names: Vec<(String, Address)>,
    /// Messages handled by the actors that live now.
    pub handled: u64,
    /// How often an actor failed.
    pub failures: u64,
    /// How often an actor was restarted.
    pub restarts: u64,
    /// Messages handled since the system has started, by type, the most frequent first. Of one that is at work, the last few
    /// thousand may be missing.
    #[serde(default)]
    pub messages: Vec<MessageCount>,
    /// Messages that went back to their sender.
    pub returned: u64,
    /// Messages that reached nobody.
    pub dead_letters: u64,
    /// The latest of them, oldest first.
    pub latest_dead_letters: Vec<DeadLetterRecord>,
    /// Wakeups and other timers to come.
    pub pending_timers: usize,
    /// Open endpoints of external code.
    pub endpoints: usize,
}

/// Messages of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageCount {
    /// The name of the type.
    pub name: Cow<'static, str>,
    /// How many were handled.
    pub handled: u64,
}

/// What one actor is doing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActorStatus {
    /// Its address.
    pub address: Address,
    /// The name of its type.
    pub class: Cow<'static, str>,
    /// Who created it. Not seen while the actor is at work.
    pub parent: Option<Address>,
    /// What it is doing.
    pub state: ActorState,
    /// How many messages wait for it.
    pub waiting: usize,
    /// How many may wait, if there is a bound.
    pub capacity: Option<usize>,
    /// How many it has handled, or forwarded.
    pub handled: u64,
    /// How often it was restarted. Not seen while the actor is at work.
    pub restarts: Option<u32>,
    /// How long ago that was last. None: it was not, or the actor is at work.
    pub restarted: Option<Duration>,
    /// How many children it has. Not seen while the actor is at work.
    pub children: Option<usize>,
}

/// What an actor is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorState {
    /// Nothing waits for it.
    Idle,
    /// Something waits, and it will have its turn.
    Queued,
    /// It handles messages right now.
    Busy,
    /// Its asynchronous handler waits for something.
    Waiting,
    /// It is to be created.
    Starting,
    /// It has failed, and its parent is to decide.
    Suspended,
    /// It is to be created again.
    Restarting,
    /// It waits for its children to exit.
    Stopping,
    /// It waits for room in the mailbox of another.
    Blocked,
}

impl fmt::Display for ActorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Idle => "idle",
            Self::Queued => "queued",
            Self::Busy => "busy",
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Suspended => "suspended",
            Self::Restarting => "restarting",
            Self::Stopping => "stopping",
            Self::Blocked => "blocked",
        })
    }
}

impl Status {
    /// Messages handled per second since an earlier snapshot, by actors that lived at both times.
    pub fn rate_since(&self, earlier: &Self) -> f64 {
        let seconds = self.uptime.saturating_sub(earlier.uptime).as_secs_f64();
        let before: BTreeMap<_, _> = earlier.actors.iter().map(|actor| (actor.address, actor.handled)).collect();
        let handled: u64 = self
            .actors
            .iter()
            .map(|actor| actor.handled.saturating_sub(before.get(&actor.address).copied().unwrap_or(0)))
            .sum();
        if seconds > 0.0 { handled as f64 / seconds } else { 0.0 }
    }

    /// How many messages wait for all actors together.
    pub fn waiting(&self) -> usize {
        self.actors.iter().map(|actor| actor.waiting).sum()
    }
}

/// How many actors the text form lists, the fullest mailboxes first.
const LISTED: usize = 40;

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Actor system on the base {}, {} core(s), up {:.1} s",
            self.base,
            self.cores,
            self.uptime.as_secs_f64()
        )?;
        writeln!(
            f,
            "  {} actors · {} messages waiting · {} handled · {} failures · {} restarts · {} returned · {} dead letters · {} timers · {} endpoints",
            self.actors.len(),
            self.waiting(),
            self.handled,
            self.failures,
            self.restarts,
            self.returned,
            self.dead_letters,
            self.pending_timers,
            self.endpoints,
        )?;
        let mut actors: Vec<_> = self.actors.iter().collect();
        actors.sort_by_key(|actor| (std::cmp::Reverse(actor.waiting), std::cmp::Reverse(actor.handled)));
        for actor in actors.iter().take(LISTED) {
            writeln!(
                f,
                "  {:<24} {:<10} {:>8} waiting {:>10} handled {:>4} restarts  {}",
                actor.address.to_string(),
                actor.state,
                actor.waiting,
                actor.handled,
                actor.restarts.map_or_else(|| "?".to_owned(), |restarts| restarts.to_string()),
                actor.class,
            )?;
        }
        if actors.len() > LISTED {
            writeln!(f, "  … and {} more", actors.len() - LISTED)?;
        }
        for (name, holder) in &self.names {
            writeln!(f, "  name {name} = {holder}")?;
        }
        for letter in &self.latest_dead_letters {
            writeln!(
                f,
                "  dead letter {} to {} from {}: {}",
                letter.message, letter.target, letter.sender, letter.reason
            )?;
        }
        Ok(())
    }
}

pub(crate) fn take(shared: &Shared) -> Status {
    let mut actors = Vec::new();
    let mut pending_timers = 0;
    let mut types: BTreeMap<&str, u64> = BTreeMap::new();
    let now = shared.now();
    for core in &shared.cores {
        let state = lock(&core.state);
        pending_timers += state.timers.len();
        for (kind, count) in state.tally.counts() {
            *types.entry(kind.name()).or_default() += count;
        }
        actors.extend(
            state
                .occupied()
                .filter(|(address, _)| *address != shared.root)
                .map(|(address, slot)| describe(address, slot, now)),
        );
    }
    let names = lock(&shared.names).directory.iter().map(|(name, holder)| (name.to_owned(), holder)).collect();
    let (dead_letters, latest_dead_letters) = shared.office.noted();
    Status {
        base: Cow::Borrowed(match shared.base {
            Base::Simple(_) => "simple",
            Base::Threads(_) => "threads",
        }),
        cores: shared.cores.len(),
        uptime: now.since(Time::ZERO),
        handled: actors.iter().map(|actor| actor.handled).sum(),
        messages: most_frequent_first(types.into_iter().map(|(name, count)| (name.into(), count))),
        actors,
        names,
        failures: shared.counters.failures(),
        restarts: shared.counters.restarts(),
        returned: shared.counters.returned(),
        dead_letters,
        latest_dead_letters,
        pending_timers,
        endpoints: shared.endpoints.count(),
    }
}

/// Counts by the names of types, in order.
pub fn most_frequent_first(counts: impl Iterator<Item = (Cow<'static, str>, u64)>) -> Vec<MessageCount> {
    let mut messages: Vec<MessageCount> = counts.map(|(name, handled)| MessageCount { name, handled }).collect();
    messages.sort_by(|one, other| other.handled.cmp(&one.handled).then_with(|| one.name.cmp(&other.name)));
    messages
}

fn describe(address: Address, slot: &Slot, now: Time) -> ActorStatus {
    // While an actor is played nobody else sees what is in its place.
    let resident = Some(&slot.resident).filter(|_| slot.state != SlotState::Playing);
    ActorStatus {
        address,
        class: Cow::Borrowed(slot.class.map_or("", Class::name)),
        parent: resident.map(|resident| resident.life.parent()),
        state: state(slot),
        waiting: slot.waiting(),
        capacity: slot.gate.as_ref().map(|gate| gate.bound.capacity),
        handled: slot.handled,
        restarts: resident.map(|resident| resident.extras.as_ref().map_or(0, |extras| extras.restarts)),
        restarted: resident
            .and_then(|resident| resident.extras.as_ref())
            .filter(|extras| extras.restarts > 0)
            .map(|extras| now.since(extras.restarted)),
        children: resident.map(|resident| resident.life.child_count()),
    }
}

fn state(slot: &Slot) -> ActorState {
    let resident = &slot.resident;
    match resident.life.phase() {
        _ if slot.state == SlotState::Playing => ActorState::Busy,
        Phase::Starting => ActorState::Starting,
        Phase::Suspended => ActorState::Suspended,
        Phase::Restarting => ActorState::Restarting,
        Phase::Stopping | Phase::Ended => ActorState::Stopping,
        Phase::Running if matches!(resident.presence, Presence::Waiting(..)) => ActorState::Waiting,
        Phase::Running => match slot.state {
            SlotState::Queued => ActorState::Queued,
            SlotState::Paused => ActorState::Blocked,
            _ => ActorState::Idle,
        },
    }
}

/// The addresses of all living actors.
pub(crate) fn living(shared: &Shared) -> Vec<Address> {
    let mut living = Vec::new();
    for core in &shared.cores {
        let state = lock(&core.state);
        living.extend(state.occupied().map(|(address, _)| address).filter(|address| *address != shared.root));
    }
    living
}

pub(crate) fn accepted_by(shared: &Shared, address: Address) -> Option<Vec<&'static MessageType>> {
    let core = shared.core_of(address)?;
    let mut state = lock(&core.state);
    state.slot(address)?.class.map(Class::accepted)
}
