//! Durable messages: from actors here to the post, from there over links and to actors here, and what is written down of them.
//!
//! A destination has an address of the Admin's own, so whoever can send to an actor can send to it, in any language.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{Answer, FromAdmin, Letter, Refusal, RefusalKind, Setback, Topic};
use roscius_protocol::convention::SystemId;
use roscius_protocol::frame::{DEFAULT_LIMIT, Frame, Header};
use roscius_protocol::post::record::Record;
use roscius_protocol::post::{Destination, Effect, Id, Limits, Outcome, Parcel, Post, Why};
use roscius_protocol::time::Time;

use super::super::spool::{Spool, SpoolError};
use super::super::{AdminError, SpoolOptions};
use super::Serving;
use crate::process::{RECEIPT, asks};

/// What is written down of an id alone, in bytes.
const SHORT_RECORD: u64 = 25;

/// See the [module](self).
pub(super) struct Durable {
    post: Post,
    spool: Option<Spool>,
    /// The time of day when the system began.
    epoch: Time,
    effects: Vec<Effect>,
}

impl Durable {
    /// The post of the system with this identity, with what it kept when it ended.
    pub fn new(identity: &str, options: &SpoolOptions) -> Result<Self, AdminError> {
        if options.keep_for.is_zero() {
            return Err(SpoolError::Setting { what: "the time" }.into());
        }
        if options.bytes == 0 {
            return Err(SpoolError::Setting { what: "the size" }.into());
        }
        let bytes = usize::try_from(options.bytes).unwrap_or(usize::MAX);
        let mut post = Post::new(identity, Limits { bytes, keep_for: options.keep_for, ..Limits::default() });
        let (spool, records) = match &options.directory {
            Some(directory) => {
                let (spool, records) = Spool::open(directory)?;
                (Some(spool), records)
            }
            None => (None, Vec::new()),
        };
        restore(&mut post, records);
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { post, spool, epoch: Time::ZERO.plus(since_1970), effects: Vec::new() })
    }

    /// Writes something down. A system without a directory remembers as long as it lives.
    fn write(&mut self, record: &Record) -> std::io::Result<()> {
        self.spool.as_mut().map_or(Ok(()), |spool| spool.write(record))
    }

    /// Writes down what may be lost.
    fn note(&mut self, record: &Record) {
        if let Err(error) = self.write(record) {
            tracing::error!(%error, "it is not written down that a durable message was handled: it may be again");
        }
    }

    /// Has on the disk what was written.
    fn sync(&mut self) {
        let status = self.post.status();
        let Some(spool) = &mut self.spool else { return };
        let ids = (status.remembered + 4 * status.kept) as u64;
        let mut done = spool.sync();
        if spool.is_wasteful(status.kept_bytes as u64 + SHORT_RECORD * ids) {
            done = done.and(spool.rewrite(self.post.records()));
        }
        if let Err(error) = done {
            tracing::error!(%error, "durable messages may not be on the disk");
        }
    }
}

/// Gives a post what was written down.
fn restore(post: &mut Post, records: Vec<Record>) {
    let mut kept: std::collections::BTreeMap<Id, (usize, Bytes)> = std::collections::BTreeMap::new();
    for (place, record) in records.into_iter().enumerate() {
        match record {
            Record::Kept(id, parcel) => drop(kept.insert(id, (place, parcel))),
            Record::Discarded(id) => drop(kept.remove(&id)),
            Record::Settled(id) => post.restore_settled(id),
        }
    }
    let mut kept: Vec<_> = kept.into_iter().map(|(id, (place, parcel))| (place, id, parcel)).collect();
    kept.sort_unstable_by_key(|(place, ..)| *place);
    for (_, id, parcel) in kept {
        if let Err(error) = post.restore_kept(id, parcel) {
            tracing::warn!(%error, "a durable message that was kept can not be read");
        }
    }
}

/// The message in a parcel.
fn frame_of(parcel: &Bytes) -> Option<Frame> {
    let parcel = Parcel::read(parcel.clone(), Limits::default().frame).ok()?;
    Frame::new(parcel.frame, DEFAULT_LIMIT).ok()
}

/// A number that nobody else has.
fn random_id() -> Id {
    let half = || u128::from(RandomState::new().build_hasher().finish());
    Id::new(half() << 64 | half()).unwrap_or(Id::MIN)
}

impl Serving {
    fn time_of_day(&self) -> Time {
        self.durable.epoch.plus(self.since.elapsed())
    }

    /// After how long there is something to do for durable messages.
    pub(super) fn pause_durable(&self) -> Option<Duration> {
        self.durable.post.next_deadline().map(|due| due.since(self.time_of_day()))
    }

    /// Has on the disk what is about to leave, and does what is due.
    pub(super) fn look_at_durable(&mut self) {
        let leader = self.admin.leader();
        self.post(|post, now, out| {
            post.led_by(now, leader, out);
            if post.next_deadline().is_some_and(|due| due <= now) {
                post.due(now, out);
            }
        });
        self.durable.sync();
    }

    /// Tells the post something, and does what it wants.
    fn post(&mut self, tell: impl FnOnce(&mut Post, Time, &mut Vec<Effect>)) {
        let now = self.time_of_day();
        tell(&mut self.durable.post, now, &mut self.durable.effects);
        while !self.durable.effects.is_empty() {
            for effect in std::mem::take(&mut self.durable.effects) {
                self.carry_out_durable(now, effect);
            }
        }
    }

    fn carry_out_durable(&mut self, now: Time, effect: Effect) {
        match effect {
            Effect::Send { system, id, parcel } => {
                if let Some(frame) = frame_of(&parcel)
                    && let Some(details) = self.may_not_go(system, &frame, self.durable.post.is_own(id))
                {
                    let letter = Letter { reason: Setback::Intercepted, details, frame: frame.as_bytes().to_vec() };
                    self.report_letter(self.hub.node(), &letter);
                    return self.durable.post.settled(now, id, &mut self.durable.effects);
                }
                if !self.send_parcel(system, id, parcel) {
                    self.durable.post.refused(now, id);
                }
            }
            Effect::Settle { system, id } => self.settle_parcel(system, id),
            Effect::Remember { id } => self.durable.note(&Record::Settled(id)),
            Effect::Discard { id } => self.durable.note(&Record::Discarded(id)),
            Effect::Give { delivery, actor, frame } => {
                if !self.give(delivery, actor, frame) {
                    self.durable.post.receipt(now, delivery, Outcome::NotReached, &mut self.durable.effects);
                }
            }
            Effect::Lost { frame, why } => {
                let reason = match &why {
                    Why::Expired => Setback::Expired,
                    Why::Unknown => Setback::Unknown,
                    Why::Failed { .. } => Setback::Failed,
                    Why::NotAccepted { .. } => Setback::NotAccepted,
                };
                let details = format!("a durable message is given up: {why}");
                let letter = Letter { reason, details, frame: frame.to_vec() };
                self.report_letter(self.hub.node(), &letter);
            }
        }
    }

    /// Somebody wants the address of a destination. What it has sent before is kept when it has the answer.
    pub(super) fn open_post(&mut self, to: Address, id: u64, system: &str, name: &str) {
        let refused = |text| FromAdmin::Refused(Refusal { kind: RefusalKind::NoCompatibleSystem, text });
        let message = match Destination::new(system, name).map(|it| self.durable.post.open(it)) {
            Ok(Some(number)) => FromAdmin::Created { actor: Address::new(self.hub.node(), 0, number + 1, 1) },
            Ok(None) => refused("there are too many durable destinations".to_owned()),
            Err(error) => refused(error.to_string()),
        };
        self.durable.sync();
        self.send(Topic::FromAdmin, to, id, &message);
    }

    /// Whether an address is that of a durable destination, or was one of an earlier run.
    pub(super) fn is_durable(&self, to: Address) -> bool {
        to.node() == self.hub.node() && to.index() > 0
    }

    /// An actor sends a durable message. It is kept from here on, or its sender's dead letter.
    pub(super) fn take_durable(&mut self, frame: &Frame) {
        let header = frame.header();
        if asks(&header) {
            return self.send_back(frame, Setback::NotAccepted, "a durable destination is told, not asked");
        }
        let now = self.time_of_day();
        let packed = self.durable.post.pack(now, header.to.index() - 1, frame);
        let parcel = match packed {
            Ok(parcel) => parcel,
            Err(refused) => return self.undelivered(frame, Setback::MailboxFull, &refused.to_string()),
        };
        let id = random_id();
        if let Err(error) = self.durable.write(&Record::Kept(id, parcel.whole.clone())) {
            let details = format!("a durable message can not be written down: {error}");
            tracing::error!("{details}");
            return self.undelivered(frame, Setback::MailboxFull, &details);
        }
        self.post(|post, now, out| post.accept(now, id, parcel, out));
    }

    /// Gives a durable message to an actor here, which says what became of it. Whether it is on its way.
    fn give(&mut self, delivery: u64, actor: Address, frame: Bytes) -> bool {
        let Ok(frame) = Frame::new(frame, DEFAULT_LIMIT) else { return false };
        let Ok(payload) = frame.payload() else { return false };
        let first = frame.header();
        let header = Header { to: actor, message: delivery, marks: first.marks | RECEIPT, ..first };
        self.send_frame(&header, &payload).is_ok()
    }

    /// What became of a message that was given to an actor here.
    pub(super) fn receipt(&mut self, delivery: u64, answer: Answer) {
        let outcome = match answer {
            Answer::Reply(_) | Answer::Abandoned => Outcome::Handled,
            Answer::None { reason, details } => match reason {
                Setback::NotAccepted | Setback::Undecodable | Setback::Intercepted => Outcome::NotAccepted(details),
                Setback::Failed | Setback::LateReply => Outcome::Failed(details),
                _ => Outcome::NotReached,
            },
        };
        self.post(|post, now, out| post.receipt(now, delivery, outcome, out));
    }

    /// A durable message that was on its way to an actor has come back.
    pub(super) fn receipt_came_back(&mut self, header: &Header) {
        self.post(|post, now, out| post.receipt(now, header.message, Outcome::NotReached, out));
    }

    pub(super) fn durable_arrived(&mut self, from: SystemId, id: Id, parcel: Bytes) {
        if let Some(frame) = frame_of(&parcel)
            && let Some(details) = self.may_not_come(from, &frame)
        {
            self.refuse_pickle(from, &frame, &details);
            // Else it would come again and again.
            return self.settle_parcel(from, id);
        }
        self.post(|post, now, out| {
            if let Err(error) = post.arrived(now, from, id, parcel, out) {
                tracing::warn!(from, %error, "what another system sends as a durable message is passed over");
            }
        });
    }

    pub(super) fn durable_settled(&mut self, id: Id) {
        self.post(|post, now, out| post.settled(now, id, out));
    }

    pub(super) fn durable_met(&mut self, system: SystemId) {
        if let Some(identity) = self.admin.identity_of(system).map(str::to_owned) {
            self.post(|post, now, out| post.met(now, system, &identity, out));
        }
    }

    pub(super) fn durable_gone(&mut self, system: SystemId) {
        self.post(|post, now, out| post.gone(now, system, out));
    }

    pub(super) fn named(&mut self, name: &str, actor: Address) {
        self.post(|post, now, out| post.named(now, name, actor, out));
    }

    pub(super) fn unnamed(&mut self, actor: Address) {
        self.post(|post, now, out| post.unnamed(now, actor, out));
    }

    pub(super) fn process_lost(&mut self, node: NodeId) {
        self.post(|post, now, out| post.process_lost(now, node, out));
    }

    /// The system has ended. What is not on a disk is lost with it.
    pub(super) fn end_durable(&mut self) {
        self.durable.sync();
        let kept = self.durable.post.status().kept;
        if kept > 0 && self.durable.spool.is_none() {
            tracing::warn!(kept, "durable messages are lost with the system: no directory was named for them");
        }
    }
}
