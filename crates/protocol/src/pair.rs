//! What passes between two systems, and what became of it.
//!
//! A [`Pair`] is one system's end of its traffic with one other, known by its *identity*. Links come and go beneath it, and none of them is
//! believed: a link that took a record may still lose it. So frames are numbered, acknowledged, sent again, and taken once, and each is
//! either delivered or reported ([`Effect::Lost`]). The pair has no sockets: who drives it moves the records, and hands in the time.
//!
//! ```text
//! send ──▶ held (the spool) ──▶ in flight (the window) ──▶ acknowledged, forgotten
//!               │ away too long       │ another incarnation, given up
//!               ▼                     ▼
//!         Expired, NeverSent       Unknown: may have been delivered
//! ```
//!
//! # A link begins
//!
//! Each side says hello: who it is, whom it takes the other for, what it has, and what may still come. A side sends frames once it has heard a
//! hello that names it right, from where the other stands. A system that was started anew is another *incarnation*: what it has not
//! acknowledged before is unknown, and what was not sent yet was for addresses that are dead now.
//!
//! # Much at once
//!
//! [`Pair::send`] queues. [`Pair::flush`], called once a turn, puts what is queued into few records, and so do arriving acknowledgements. Frames are
//! bytes that the pair does not look into. Short ones are copied into the record; long ones go in fragments of [`FRAGMENT`] bytes, uncopied.
//!
//! The other side says how much it will take before it has acknowledged any ([`Window`]). A side whose own receivers are slow pauses
//! ([`Pair::pause`]): then the other comes to a stop at the end of its window.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;

use crate::time::Time;

/// The longest piece of a frame in one record, in bytes.
pub const FRAGMENT: usize = 64 << 10;

/// The longest record that a pair makes or takes, in bytes.
pub const LONGEST_RECORD: usize = FRAGMENT + 128;

/// One incarnation of a system: the number that its addresses carry ([`NodeId::system`](crate::address::NodeId::system)).
pub type SystemId = u32;

/// What a pair is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The system on this side.
    pub me: SystemId,
    /// A number that no other pair of this system with the same peer has had. Count from one. A pair that was thrown away and made again
    /// knows nothing of what it took; by this number the other side notices.
    pub life: NonZeroU32,
    /// How much is kept, for how long.
    pub limits: Limits,
}

/// How much may arrive that was not acknowledged yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Pieces: a frame of up to [`FRAGMENT`] bytes is one, a longer one several.
    pub pieces: u32,
    /// Bytes of frames. Less than [`FRAGMENT`] is taken as that.
    pub bytes: u32,
}

/// How much is kept, for how long, and when something is said about it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest frame, in bytes, that is sent or taken.
    pub frame: u64,
    /// The most frames that are held for the peer.
    pub spool_frames: usize,
    /// The most bytes of frames that are held for the peer. A frame that is longer is held while there is no other.
    pub spool_bytes: usize,
    /// How long a frame waits for a peer that is away.
    pub keep_for: Duration,
    /// How much of the peer's is taken before it is acknowledged.
    pub window: Window,
    /// How long an acknowledgement waits for something that it can go with.
    pub ack_after: Duration,
    /// When a peer that does not acknowledge is asked. The time doubles from question to question, up to eight times.
    pub ask_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame: crate::frame::DEFAULT_LIMIT,
            spool_frames: 262_144,
            spool_bytes: 256 << 20,
            keep_for: Duration::from_secs(30),
            window: Window { pieces: 16_384, bytes: 8 << 20 },
            ack_after: Duration::from_millis(10),
            ask_after: Duration::from_secs(1),
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a record over the link: the two parts, one after the other.
    Transmit {
        /// Its beginning.
        head: Vec<u8>,
        /// The rest, which may be empty: part of a long frame.
        body: Bytes,
    },
    /// A frame has come. It comes once.
    Deliver(Bytes),
    /// A frame will not be sent again.
    Lost {
        /// The frame.
        frame: Bytes,
        /// What is known of it.
        why: Loss,
    },
    /// There is room again, after [`Room::Tight`].
    Drained,
}

/// Why a frame is not sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Loss {
    /// It waited too long for a peer that was away. It was not delivered.
    Expired,
    /// The peer was given up or has started anew before it was sent. It was not delivered.
    NeverSent,
    /// It was sent, and never acknowledged. It may have been delivered.
    Unknown,
}

/// How full it is after a [`Pair::send`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Go on.
    Plenty,
    /// The peer takes less than it is sent: read less from who sends so much, until [`Effect::Drained`]. It is never said while
    /// the peer is away.
    Tight,
}

/// A frame that was not taken for sending.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The spool is full.
    #[error("{frames} frames of {bytes} bytes in all wait for that system already")]
    Overflow {
        /// The frame.
        frame: Bytes,
        /// How many are held.
        frames: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// The frame is too long.
    #[error("a frame of {} bytes is over the limit of {limit}", frame.len())]
    TooLong {
        /// The frame.
        frame: Bytes,
        /// The longest there may be.
        limit: u64,
    },
}

/// Bytes that are no record of the peer's. The link that they came by should be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The record is shorter than it has to be.
    #[error("a record of {length} bytes, {least} are the least")]
    TooShort {
        /// Its length.
        length: usize,
        /// The shortest it could be.
        least: usize,
    },
}

/// One system's end of its traffic with one other.
#[derive(Debug)]
pub struct Pair {
    config: Config,
}

impl Pair {
    /// A pair that has no link, and has heard of no incarnation of the peer.
    pub const fn new(config: Config) -> Self {
        Self { config }
    }

    /// A link to this incarnation of the peer is there.
    pub fn linked(&mut self, _now: Time, _peer: SystemId, _out: &mut Vec<Effect>) {}

    /// The link is gone. What is held waits for the next one.
    pub fn unlinked(&mut self, _now: Time, _out: &mut Vec<Effect>) {}

    /// The peer was given up: all that is held for it is reported. It may come back all the same.
    pub fn gone(&mut self, _now: Time, _out: &mut Vec<Effect>) {}

    /// Takes a frame to send. It leaves with the next [`Pair::flush`], or later.
    ///
    /// # Errors
    ///
    /// [`Refused`] gives the frame back.
    pub fn send(&mut self, _now: Time, frame: Bytes, _out: &mut Vec<Effect>) -> Result<Room, Refused> {
        let limit = self.config.limits.frame;
        if frame.len() as u64 > limit { Err(Refused::TooLong { frame, limit }) } else { Ok(Room::Plenty) }
    }

    /// Makes records of what was sent, as many as the peer takes. To be called when a turn of sends is over.
    pub fn flush(&mut self, _now: Time, _out: &mut Vec<Effect>) {}

    /// A record came over the link.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if the peer can not have sent it; then it has no effect.
    pub fn received(&mut self, _now: Time, _record: Bytes, _out: &mut Vec<Effect>) -> Result<(), RecordError> {
        Ok(())
    }

    /// Those who get what arrives are slow: the peer is let send to the end of its window, and no more.
    pub fn pause(&mut self) {}

    /// They have caught up.
    pub fn resume(&mut self, _now: Time, _out: &mut Vec<Effect>) {}

    /// When [`Pair::due`] is to be called. None: there is nothing to wait for.
    pub const fn next_deadline(&self) -> Option<Time> {
        None
    }

    /// Time has passed.
    pub fn due(&mut self, _now: Time, _out: &mut Vec<Effect>) {}
}
