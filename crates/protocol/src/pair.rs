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
//! # When there is one
//!
//! A host has a pair for as long as the other system is a member of its convention, whether there is a link or not. When that has left, the pair is told
//! ([`Pair::gone`]) and thrown away; should the same incarnation come back, both begin anew, and nothing comes late.
//!
//! # Much at once
//!
//! [`Pair::send`] queues. [`Pair::flush`], called once a turn, puts what is queued into few records, and so do arriving acknowledgements. Frames are
//! bytes that the pair does not look into. Short ones are copied into the record; long ones go in fragments of [`FRAGMENT`] bytes, uncopied.
//!
//! # Durable frames
//!
//! A frame with an id ([`Pair::send_durable`]) is kept until the system that has it says that it was settled ([`Pair::settle`]), also while the peer
//! starts anew, and is sent again until then. The other side remembers ids, and delivers each once, as long as it remembers. For both
//! to outlive a restart, the host writes down what the effects say ([`Effect::Keep`], [`Effect::Remember`]) and hands it in again ([`Pair::restore`]).
//!
//! # Too much at once
//!
//! The other side says how much it will take before it has acknowledged any ([`Window`]). A side whose own receivers are slow pauses
//! ([`Pair::pause`]): then the other comes to a stop at the end of its window.

mod arrivals;
mod durable;
mod incoming;
mod link;
mod outgoing;
mod record;
mod spool;

use std::num::{NonZeroU32, NonZeroU128};
use std::time::Duration;

use bytes::Bytes;

use crate::time::Time;
use durable::{Memory, Unsettled};
use incoming::Incoming;
use link::Link;
use outgoing::{Held, Outgoing};
use record::{Class, Side};

pub use arrivals::Arrivals;
pub use record::RecordError;

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
    /// How long a durable frame does.
    pub keep_durable_for: Duration,
    /// How many ids of durable frames are remembered.
    pub remembered: usize,
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
            keep_durable_for: Duration::from_secs(24 * 60 * 60),
            remembered: 65_536,
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
    /// Frames have come, in order. Each comes once.
    Deliver(Arrivals),
    /// A durable frame has come. It comes once, as long as its id is remembered; when it has been dealt with, it is to be
    /// settled ([`Pair::settle`]).
    DeliverDurable {
        /// Its id.
        id: NonZeroU128,
        /// The frame.
        frame: Bytes,
    },
    /// Write down a durable frame, before what follows is done.
    Keep {
        /// Its id.
        id: NonZeroU128,
        /// The frame.
        frame: Bytes,
    },
    /// A durable frame need not be kept any more.
    Forget {
        /// Its id.
        id: NonZeroU128,
    },
    /// Write down that a durable frame was settled here, before what follows is done.
    Remember {
        /// Its id.
        id: NonZeroU128,
    },
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

/// How a pair is, for who looks into a system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The incarnation of the peer that was linked last.
    pub peer: Option<SystemId>,
    /// Whether there is a link on which both sides have greeted.
    pub greeted: bool,
    /// Frames that are held, and were not acknowledged or not settled yet.
    pub held_frames: usize,
    /// Their bytes.
    pub held_bytes: usize,
    /// Bytes of them that are in flight.
    pub in_flight: u64,
    /// Ids of durable frames that are remembered.
    pub remembered: usize,
    /// Records that named another incarnation, or another memory of one, and were passed over.
    pub strays: u64,
}

/// One system's end of its traffic with one other.
#[derive(Debug)]
pub struct Pair {
    limits: Limits,
    me: Side,
    /// The peer that was linked last.
    peer: Option<Side>,
    link: Option<Link>,
    outgoing: Outgoing,
    incoming: Incoming,
    unsettled: Unsettled,
    memory: Memory,
    /// Since when there is no link.
    away_since: Time,
    /// When the first of what is held expires, at the earliest. Only while there is no link.
    expires: Option<Time>,
    /// [`Room::Tight`] was said.
    tight: bool,
    strays: u64,
}

impl Pair {
    /// A pair that has no link, and has heard of no incarnation of the peer.
    pub fn new(config: &Config) -> Self {
        let Config { me, life, limits } = *config;
        Self {
            limits,
            me: Side { system: me, life: u64::from(life.get()) << 32 },
            peer: None,
            link: None,
            outgoing: Outgoing::new(),
            incoming: Incoming::new(limits.window),
            unsettled: Unsettled::default(),
            memory: Memory::new(limits.remembered),
            away_since: Time::ZERO,
            expires: None,
            tight: false,
            strays: 0,
        }
    }

    /// Takes back what was written down before a restart, the eldest first: durable frames that were kept and not forgotten, and ids that were
    /// remembered.
    pub fn restore(&mut self, now: Time, kept: Vec<(NonZeroU128, Bytes)>, remembered: &[NonZeroU128]) {
        self.outgoing.put_first(kept.into_iter().map(|(id, frame)| Held::new(frame, Class::Durable(id), now)));
        remembered.iter().for_each(|&id| self.memory.restore(id));
        self.plan_expiry(now);
    }

    /// A link to this incarnation of the peer is there.
    pub fn linked(&mut self, now: Time, peer: SystemId, out: &mut Vec<Effect>) {
        if self.link.is_some() {
            self.unlinked(now, out);
        }
        if self.peer.is_none_or(|known| known.system != peer) {
            if self.peer.is_some() {
                self.meet_anew(out);
                self.give_up_unsent(out);
            }
            self.peer = Some(Side { system: peer, life: 0 });
        }
        self.expires = None;
        self.outgoing.await_window();
        self.link = Some(Link::new());
        self.say_hello(now, out);
    }

    /// The link is gone. What is held waits for the next one.
    pub fn unlinked(&mut self, now: Time, out: &mut Vec<Effect>) {
        if self.link.take().is_none() {
            return;
        }
        self.outgoing.await_window();
        self.incoming.not_due();
        self.away_since = now;
        if std::mem::take(&mut self.tight) {
            out.push(Effect::Drained);
        }
        self.plan_expiry(now);
    }

    /// The peer was given up: all that is held for it is reported, but for durable frames. It may come back all the same.
    pub fn gone(&mut self, now: Time, out: &mut Vec<Effect>) {
        self.unlinked(now, out);
        self.give_up_numbered(Loss::NeverSent, out);
        self.give_up_unsent(out);
        self.plan_expiry(now);
    }

    /// Takes a frame to send. It leaves with the next [`Pair::flush`], or later.
    ///
    /// # Errors
    ///
    /// [`Refused`] gives the frame back.
    pub fn send(&mut self, now: Time, frame: Bytes) -> Result<Room, Refused> {
        let frame = self.check_room(frame)?;
        Ok(self.hold(Held::new(frame, Class::Plain, now)))
    }

    /// Takes a frame that is to arrive at least once, and once only as far as the other side remembers its id.
    ///
    /// # Errors
    ///
    /// [`Refused`] gives the frame back.
    pub fn send_durable(
        &mut self,
        now: Time,
        id: NonZeroU128,
        frame: Bytes,
        out: &mut Vec<Effect>,
    ) -> Result<Room, Refused> {
        let frame = self.check_room(frame)?;
        out.push(Effect::Keep { id, frame: frame.clone() });
        Ok(self.hold(Held::new(frame, Class::Durable(id), now)))
    }

    /// A durable frame that was delivered here has been dealt with. The peer is told with the next [`Pair::flush`].
    pub fn settle(&mut self, id: NonZeroU128, out: &mut Vec<Effect>) {
        if self.memory.settle(id) {
            out.push(Effect::Remember { id });
        }
    }

    /// Makes records of what was sent, as many as the peer takes. To be called when a turn of sends is over.
    pub fn flush(&mut self, now: Time, out: &mut Vec<Effect>) {
        self.transmit(now, out);
    }

    /// Those who get what arrives are slow: the peer is let send to the end of its window, and no more.
    pub fn pause(&mut self) {
        self.incoming.pause();
    }

    /// They have caught up.
    pub fn resume(&mut self, out: &mut Vec<Effect>) {
        if self.incoming.resume() {
            self.acknowledge(0, 0, out);
        }
    }

    /// When [`Pair::due`] is to be called. None: there is nothing to wait for.
    pub fn next_deadline(&self) -> Option<Time> {
        let link = self.link.as_ref().and_then(Link::deadline);
        [self.expires, self.incoming.due(), link].into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn due(&mut self, now: Time, out: &mut Vec<Effect>) {
        if self.expires.is_some_and(|at| at <= now) {
            self.expire(now, out);
        }
        if self.link.as_ref().and_then(Link::deadline).is_some_and(|at| at <= now) {
            self.ask(now, out);
        }
        if self.incoming.due().is_some_and(|at| at <= now) {
            self.acknowledge(0, 0, out);
        }
    }

    /// How it is.
    pub fn status(&self) -> Status {
        let (held_frames, held_bytes) = self.held();
        Status {
            peer: self.peer.map(|peer| peer.system),
            greeted: self.link.as_ref().is_some_and(Link::is_greeted),
            held_frames,
            held_bytes,
            in_flight: self.outgoing.in_flight().1,
            remembered: self.memory.len(),
            strays: self.strays,
        }
    }
}

#[cfg(test)]
mod tests;
