//! Birth, failure, restart and exit of one actor, and who is told.
//!
//! A [`Lifecycle`] belongs to one actor. Its runtime feeds it [`Event`]s and carries out the [`Effect`]s that come
//! back, in order. The lifecycles of a family talk to each other by [`Signal`]s only, so it does not matter whether
//! parent and child share a thread, a process or a continent.
//!
//! ```text
//!            Started                Failed                 Verdict::Restart
//! Starting ───────────▶ Running ───────────▶ Suspended ─────────────────────▶ Restarting
//!    ▲                     ▲                  │  │   │                             │
//!    │                     └── Verdict::Resume┘  │   │ Verdict::Stop               │ children gone,
//!    └───────────────────────────────────────────┼───┼─────────────────────────────┘ back-off over
//!                       Exit from any phase ─────┴───┴──▶ Stopping ──children gone──▶ Ended
//! ```
//!
//! Besides, `Starting` fails into `Suspended`, a `Running` actor is restarted with its siblings, and one that is
//! [`Permanent`](Restart::Permanent) fails when anybody but its parent asks it to exit.
//!
//! A runtime owes this to the actors:
//!
//! - Signals from one actor to another arrive in the order in which they were sent, and are not lost while both live.
//!   A signal to an actor that is gone is answered with [`Signal::bounce`].
//! - An instance is created while the actor is [`Phase::Starting`] and gets messages while it is [`Phase::Running`].
//! - Children that an actor leaves behind ([`Effect::Orphan`]) are added to the root, which tells them with
//!   [`Signal::Adopted`]. If the root is to have no more children, it then asks them to exit.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::supervision::{Decision, FailureReport, Restart};

mod family;
mod machine;

pub use machine::Lifecycle;

/// Where an actor is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its instance is to be created.
    Starting,
    /// It takes messages.
    Running,
    /// It failed and waits for the verdict of its parent.
    Suspended,
    /// Its instance is gone; it waits for its children to end and for the back-off.
    Restarting,
    /// It waits for its children to end.
    Stopping,
    /// It is gone.
    Ended,
}

/// Why an actor ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitReason {
    /// It stopped by itself.
    Stopped,
    /// Somebody asked it to exit.
    Requested,
    /// Its parent ended or was restarted.
    ParentEnded,
    /// The actor system was shut down.
    Shutdown,
    /// It failed and was not restarted.
    Failed(FailureReport),
    /// It was not there: it ended earlier, or never lived.
    Unknown,
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("it stopped by itself"),
            Self::Requested => f.write_str("it was asked to exit"),
            Self::ParentEnded => f.write_str("its parent ended or was restarted"),
            Self::Shutdown => f.write_str("the actor system was shut down"),
            Self::Failed(report) => write!(f, "it {report}"),
            Self::Unknown => f.write_str("it had ended earlier, or never lived"),
        }
    }
}

/// The number of a child with its parent. Reused after the child has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Birth {
    place: u32,
    /// How many verdicts of its parent the child had heard, so that the parent knows a failure that it has dealt with
    /// already. Zero but in [`Signal::ChildFailed`].
    heard: u32,
}

impl Birth {
    /// The place of a child whose parent is still to tell it its number: it goes by its address meanwhile.
    const UNKNOWN: u32 = u32::MAX;
    /// Said to have been heard by a child that is gone, with all that it was told.
    const FALLEN: u32 = u32::MAX;

    const fn new(place: u32) -> Self {
        Self { place, heard: 0 }
    }

    /// For a child that has not been told its number yet. [`Signal::Adopted`] tells it.
    pub const fn unknown() -> Self {
        Self::new(Self::UNKNOWN)
    }

    /// For [`Signal::ChildFailed`] of a child that is not there to hear the verdict: its process has ended. Who tells the
    /// parent counts the verdicts in its place, and makes the child anew with [`Birth::having_heard`].
    #[must_use]
    pub const fn fallen(self) -> Self {
        Self { heard: Self::FALLEN, ..self }
    }

    /// For a child that is made anew after so many verdicts.
    #[must_use]
    pub const fn having_heard(self, heard: u32) -> Self {
        Self { heard, ..self }
    }

    /// A number that a parent without a [`Lifecycle`] gives, as the Admin of a system does.
    pub const fn numbered(number: u32) -> Self {
        Self::new(number)
    }

    /// How many verdicts of its parent the child has heard.
    pub const fn heard(self) -> u32 {
        self.heard
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.place
    }
}

/// What a parent says to a child that failed, or that must be restarted with its siblings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Go on.
    Resume,
    /// Start anew, after this delay.
    Restart(Duration),
    /// End.
    Stop,
}

/// What actors tell each other about their lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// Please exit.
    Exit {
        /// Who asks.
        by: Address,
        /// What the exit is to be reported as.
        reason: ExitReason,
        /// Whether children are to exit too.
        recursive: bool,
    },
    /// A child failed and waits for a [`Verdict`].
    ChildFailed {
        /// Its number.
        birth: Birth,
        /// Its address.
        child: Address,
        /// What happened.
        failure: FailureReport,
    },
    /// A child has ended.
    ChildEnded {
        /// Its number.
        birth: Birth,
        /// Its address.
        child: Address,
        /// Why.
        reason: ExitReason,
    },
    /// The parent has decided.
    Verdict(Verdict),
    /// The parent has added the child. The root becomes the parent of those whose own parent ended before them.
    Adopted {
        /// The new parent.
        parent: Address,
        /// The child's number with it.
        birth: Birth,
    },
    /// Tell `by` when you end.
    Watch {
        /// Who wants to know.
        by: Address,
    },
    /// Do not tell `by` after all.
    Unwatch {
        /// Who does not want to know any more.
        by: Address,
    },
    /// A watched address has ended.
    Terminated {
        /// What was watched.
        address: Address,
        /// Why it ended.
        reason: ExitReason,
    },
}

impl Signal {
    /// What is answered, and to whom, when the actor that this signal was sent to is `gone`: nobody waits in vain.
    pub fn bounce(self, gone: Address) -> Option<(Address, Self)> {
        match self {
            Self::ChildFailed { child, .. } => Some((child, Self::Verdict(Verdict::Stop))),
            Self::Watch { by } => Some((by, Self::Terminated { address: gone, reason: ExitReason::Unknown })),
            Self::Adopted { parent, birth } => {
                Some((parent, Self::ChildEnded { birth, child: gone, reason: ExitReason::Unknown }))
            }
            Self::Exit { .. }
            | Self::ChildEnded { .. }
            | Self::Verdict(_)
            | Self::Unwatch { .. }
            | Self::Terminated { .. } => None,
        }
    }
}

/// What happens to an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The instance was created and its `started` hook succeeded.
    Started,
    /// The constructor, a hook or a handler failed.
    Failed(FailureReport),
    /// The actor asked to stop itself.
    StopSelf,
    /// The hook for last words has returned, or failed. `recursive` is false when it asked to leave the children alive.
    LastWordsSaid {
        /// Whether the children end too.
        recursive: bool,
    },
    /// The delay of [`Effect::RestartAfter`] is over.
    RestartDue,
    /// A signal arrived. For [`Signal::ChildFailed`], `decision` is what the actor's own hook decided, if anything.
    /// The hook is to be asked only while the actor is [`Phase::Running`].
    Signal {
        /// The signal.
        signal: Signal,
        /// The hook's decision about a failed child.
        decision: Option<Decision>,
    },
}

/// What the runtime of the actor has to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Create the instance, then report [`Event::Started`] or [`Event::Failed`].
    Create,
    /// Drop the instance, if there is one, and with it what it had scheduled.
    Discard,
    /// Call the hook for last words at once, then report [`Event::LastWordsSaid`].
    SayLastWords {
        /// Whether the children are to end too. The hook can still say no, but not yes.
        recursive: bool,
    },
    /// Messages may be delivered again.
    Resume,
    /// Send a signal.
    Signal {
        /// Whom to.
        to: Address,
        /// What.
        signal: Signal,
    },
    /// Report [`Event::RestartDue`] after this delay.
    RestartAfter(Duration),
    /// Tell the instance that a child has ended.
    ChildExited {
        /// The child.
        child: Address,
        /// Why.
        reason: ExitReason,
    },
    /// Tell the instance that a watched address has ended.
    Terminated {
        /// What was watched.
        address: Address,
        /// Why it ended.
        reason: ExitReason,
    },
    /// Hand these children to the root of the system, in the order in which they were started.
    Orphan(Vec<(Address, Restart)>),
    /// The actor is gone: what still waits for it becomes dead letters, its names and its place are free.
    End(ExitReason),
}

#[cfg(test)]
mod tests;
