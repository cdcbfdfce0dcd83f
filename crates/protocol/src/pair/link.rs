//! What happens on one link: greeting, records that come, questions that are asked.

use std::time::Duration;

use bytes::Bytes;

use super::incoming::Verdict;
use super::record::{self, ANSWER, Body, Class, GAP, GREETED, Head, Kind, QUESTION};
use super::{Arrivals, Effect, Pair, RecordError, durable};
use crate::time::Time;

/// A link, from this side.
#[derive(Debug)]
pub struct Link {
    /// A hello has come on it that names this side right.
    greeted: bool,
    /// When the peer is asked again: for its hello, or for what it has.
    ask_at: Option<Time>,
    /// How often it was asked since it said anything new.
    asked: u32,
    /// The question that is open.
    question: u32,
    /// Pieces below this number had gone out when it was asked.
    asked_below: u64,
}

impl Link {
    pub const fn new() -> Self {
        Self { greeted: false, ask_at: None, asked: 0, question: 0, asked_below: 0 }
    }

    pub const fn is_greeted(&self) -> bool {
        self.greeted
    }

    pub const fn deadline(&self) -> Option<Time> {
        self.ask_at
    }

    /// The peer is to be asked when it has said nothing new for a while.
    fn wait(&mut self, now: Time, ask_after: Duration) {
        if self.ask_at.is_none() {
            self.ask_at = Some(now.plus(ask_after.saturating_mul(1 << self.asked.min(3))));
        }
    }

    /// Whether there is anything that the peer should speak of.
    pub fn await_word(&mut self, is_open: bool, now: Time, ask_after: Duration) {
        if is_open { self.wait(now, ask_after) } else { self.ask_at = None }
    }

    /// The peer has said something new.
    const fn answered(&mut self) {
        self.ask_at = None;
        self.asked = 0;
    }
}

impl Pair {
    /// A record came over the link.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if it can not be one of the peer's. Then nothing of it is delivered.
    pub fn received(&mut self, now: Time, record: &Bytes, out: &mut Vec<Effect>) -> Result<(), RecordError> {
        let (head, body) = record::read(record, self.limits.frame)?;
        let (Some(link), Some(peer)) = (&self.link, self.peer) else { return Ok(()) };
        let for_me = head.to.system == self.me.system && head.from.system == peer.system;
        if head.kind == Kind::Hello {
            if for_me && head.from.life >= peer.life {
                return self.hello(now, &head, out);
            }
        } else if link.greeted && head.to == self.me && head.from == peer {
            self.outgoing.check(head.acknowledged)?;
            self.take_acknowledgement(now, &head, out);
            return self.take_body(now, &head, body, out);
        }
        self.strays += 1;
        Ok(())
    }

    fn hello(&mut self, now: Time, head: &Head, out: &mut Vec<Effect>) -> Result<(), RecordError> {
        let known = self.peer.map_or(0, |peer| peer.life);
        let renewed = known != 0 && head.from.life > known;
        if head.to == self.me && !renewed {
            self.outgoing.check(head.acknowledged)?;
        }
        if renewed {
            self.meet_anew(out);
            self.link = Some(Link::new());
        }
        self.peer = Some(head.from);
        // Who takes this side for another speaks of other numbers. After a renewal it has to hear of this one first.
        let named_right = head.to == self.me && !renewed;
        if named_right && let Some(link) = &mut self.link {
            self.incoming.skip_to(head.first);
            if !link.greeted {
                *link = Link { greeted: true, ..Link::new() };
                self.outgoing.rewind();
            }
        }
        if head.flags & GREETED == 0 || !named_right {
            self.say_hello(now, out);
        }
        // What waited leaves now. The peer takes it after the hello only.
        if named_right {
            self.take_acknowledgement(now, head, out);
        }
        Ok(())
    }

    /// Says who is here, and where it stands.
    pub(super) fn say_hello(&mut self, now: Time, out: &mut Vec<Effect>) {
        let Some(link) = &mut self.link else { return };
        let flags = if link.greeted { GREETED } else { 0 };
        if !link.greeted {
            link.wait(now, self.limits.ask_after);
        }
        self.say(Kind::Hello, flags, 0, out);
    }

    /// Says what has come, and how much more may.
    pub(super) fn acknowledge(&mut self, flags: u8, question: u32, out: &mut Vec<Effect>) {
        if self.link.as_ref().is_some_and(Link::is_greeted) {
            self.say(Kind::Acknowledgement, flags, question, out);
        }
    }

    fn say(&mut self, kind: Kind, flags: u8, question: u32, out: &mut Vec<Effect>) {
        let head = Head { flags, question, first: self.outgoing.base(), ..self.head(kind) };
        let mut record = Vec::with_capacity(record::HEAD);
        head.write(&mut record);
        out.push(Effect::Transmit { head: record, body: Bytes::new() });
    }

    /// What a record begins with that is about to be sent.
    pub(super) fn head(&mut self, kind: Kind) -> Head {
        let window = self.incoming.grant();
        Head {
            kind,
            flags: 0,
            count: 0,
            question: 0,
            from: self.me,
            to: self.peer.unwrap_or_default(),
            acknowledged: self.incoming.expected(),
            window,
            first: 0,
        }
    }

    /// The time has come to ask the peer again.
    pub(super) fn ask(&mut self, now: Time, out: &mut Vec<Effect>) {
        let (base, in_flight) = (self.outgoing.base(), self.outgoing.in_flight().0);
        let Some(link) = &mut self.link else { return };
        link.asked += 1;
        link.ask_at = None;
        link.wait(now, self.limits.ask_after);
        if link.greeted {
            link.question = link.question.wrapping_add(1);
            link.asked_below = base + in_flight;
            let question = link.question;
            self.acknowledge(QUESTION, question, out);
        } else {
            self.say_hello(now, out);
        }
    }

    /// Takes what every record says: what the peer has of what was sent, which was checked, and how much more it takes.
    fn take_acknowledgement(&mut self, now: Time, head: &Head, out: &mut Vec<Effect>) {
        let unsettled = &mut self.unsettled;
        let news = self.outgoing.acknowledge(head.acknowledged, head.window, |held| unsettled.insert(held));
        let Some(link) = &mut self.link else { return };
        if news {
            link.answered();
        }
        if head.kind == Kind::Acknowledgement {
            let is_latest = head.acknowledged == self.outgoing.base();
            // A link keeps order, so what went out before a question and has not come before it is lost.
            let lost =
                head.flags & ANSWER != 0 && head.question == link.question && head.acknowledged < link.asked_below;
            if is_latest && (lost || head.flags & GAP != 0) {
                link.asked_below = 0;
                self.outgoing.rewind();
            }
            if head.flags & QUESTION != 0 {
                self.acknowledge(ANSWER, head.question, out);
            }
        }
        self.transmit(now, out);
    }

    fn take_body(&mut self, now: Time, head: &Head, body: Body, out: &mut Vec<Effect>) -> Result<(), RecordError> {
        let count = match body {
            Body::Empty => return Ok(()),
            Body::Frames(_) => u64::from(head.count),
            Body::Fragment { .. } => 1,
        };
        let skip = match self.incoming.judge(head.first, count) {
            Verdict::Take { skip } => skip,
            Verdict::Known => {
                self.incoming.due_at(now.plus(self.limits.ack_after));
                return Ok(());
            }
            Verdict::Gap { first } => {
                if first {
                    self.acknowledge(GAP, 0, out);
                }
                return Ok(());
            }
        };
        match body {
            Body::Empty => {}
            Body::Frames(frames) => {
                let frames = self.incoming.take_frames(count, skip, frames)?;
                // Most frames are plain ones, and what came together is handed on together.
                if head.flags == Class::Plain.flags() {
                    out.push(Effect::Deliver(Arrivals::together(frames)));
                } else {
                    frames.for_each(|(class, frame)| self.take_frame(class, frame, out));
                }
            }
            Body::Fragment { class, length, offset, piece } => {
                if let Some((class, frame)) = self.incoming.take_fragment(class, length, offset, &piece)? {
                    self.take_frame(class, frame, out);
                }
            }
        }
        if self.incoming.much_unsaid() {
            self.acknowledge(0, 0, out);
        } else {
            self.incoming.due_at(now.plus(self.limits.ack_after));
        }
        Ok(())
    }

    fn take_frame(&mut self, class: Class, frame: Bytes, out: &mut Vec<Effect>) {
        match class {
            Class::Plain => out.push(Effect::Deliver(Arrivals::alone(frame))),
            Class::Durable(id) => {
                if self.memory.arrived(id) {
                    out.push(Effect::DeliverDurable { id, frame });
                }
            }
            Class::Settled => {
                for id in durable::ids(&frame) {
                    if self.unsettled.remove(id) {
                        out.push(Effect::Forget { id });
                    }
                }
            }
        }
    }
}
