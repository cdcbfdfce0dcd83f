//! What becomes of the frames that are held.

use std::time::Duration;

use bytes::Bytes;

use super::link::Link;
use super::outgoing::Held;
use super::record::{Class, Kind};
use super::{Effect, Limits, Loss, Pair, Refused, Room};
use crate::time::Time;

/// Frames that expire at different times are looked for no more often than this.
const EXPIRY_STEP: Duration = Duration::from_millis(50);

impl Pair {
    /// Whether one more frame can be held.
    pub(super) fn check_room(&self, frame: Bytes) -> Result<Bytes, Refused> {
        let limits = &self.limits;
        if frame.len() as u64 > limits.frame {
            return Err(Refused::TooLong { frame, limit: limits.frame });
        }
        let (frames, bytes) = self.held();
        if frames >= limits.spool_frames || (frames > 0 && bytes + frame.len() > limits.spool_bytes) {
            return Err(Refused::Overflow { frame, frames, bytes });
        }
        Ok(frame)
    }

    /// Frames that are held, and their bytes.
    pub(super) fn held(&self) -> (usize, usize) {
        let ((frames, bytes), (unsettled, unsettled_bytes)) = (self.outgoing.held(), self.unsettled.held());
        (frames + unsettled, bytes + unsettled_bytes)
    }

    /// Holds a frame until it can go out.
    pub(super) fn hold(&mut self, held: Held) -> Room {
        if self.link.is_none() {
            let expires = deadline(&self.limits, self.away_since, &held);
            self.expires = Some(self.expires.map_or(expires, |at| at.min(expires)));
        }
        self.outgoing.push(held);
        if self.link.is_some() && !self.has_room(1) {
            self.tight = true;
            return Room::Tight;
        }
        Room::Plenty
    }

    /// Whether what waits to be sent is less than the given part of a window, and of half the spool.
    fn has_room(&self, part: usize) -> bool {
        let limits = &self.limits;
        let (frames, bytes) = self.outgoing.waiting();
        let most = limits.spool_frames / 2;
        let most_bytes = (limits.spool_bytes / 2) as u64;
        frames <= most.min(limits.window.pieces as usize) / part
            && bytes <= most_bytes.min(u64::from(limits.window.bytes)) / part as u64
    }

    /// Makes records of what waits, if there is a link on which both sides have greeted.
    pub(super) fn transmit(&mut self, now: Time, out: &mut Vec<Effect>) {
        if !self.link.as_ref().is_some_and(Link::is_greeted) {
            return;
        }
        // One batch at a time, so that they do not pile up for a peer that takes nothing.
        if !self.outgoing.has_own() {
            self.memory.take_untold(now).for_each(|held| self.outgoing.push(held));
        }
        if self.outgoing.is_ready() {
            let head = self.head(Kind::Frames);
            self.outgoing.transmit(head, out);
        }
        if self.tight && self.has_room(2) {
            self.tight = false;
            out.push(Effect::Drained);
        }
        if let Some(link) = &mut self.link {
            link.await_word(!self.outgoing.is_done(), now, self.limits.ask_after);
        }
    }

    /// The peer remembers nothing of what it took from here, and what it sent before came from another memory.
    pub(super) fn meet_anew(&mut self, out: &mut Vec<Effect>) {
        self.give_up_numbered(Loss::NeverSent, out);
        // Neither what was taken before may come again, nor numbers be taken for those of before: should the same memory
        // of the peer come back, it is to take this side for another, too.
        if self.incoming.forget() | self.outgoing.has_numbered() {
            self.me.life += 1;
        }
        self.outgoing.number_anew();
        self.outgoing.put_first(self.unsettled.take());
    }

    /// What has numbers is not sent under them again. `why`: if not all of a frame went out.
    pub(super) fn give_up_numbered(&mut self, why: Loss, out: &mut Vec<Effect>) {
        for held in self.outgoing.give_up_numbered() {
            self.lose(held, why, out);
        }
    }

    /// What was not sent yet is lost, but for durable frames.
    pub(super) fn give_up_unsent(&mut self, out: &mut Vec<Effect>) {
        for held in self.outgoing.take_unsent(|held| !matches!(held.class, Class::Durable(_))) {
            self.lose(held, Loss::NeverSent, out);
        }
    }

    fn lose(&mut self, held: Held, why: Loss, out: &mut Vec<Effect>) {
        match held.class {
            Class::Plain => {}
            Class::Durable(id) => out.push(Effect::Forget { id }),
            // Not a frame of anybody: the peer is told when it is there again.
            Class::Settled => return self.memory.tell_again(&held.frame),
        }
        out.push(Effect::Lost { frame: held.frame, why: if held.went_out { Loss::Unknown } else { why } });
    }

    /// Finds out when the first frame expires, but not before `floor`.
    pub(super) fn plan_expiry(&mut self, floor: Time) {
        self.expires = None;
        if self.link.is_none() {
            let held = self.outgoing.iter().chain(self.unsettled.iter());
            let first = held.map(|held| deadline(&self.limits, self.away_since, held)).min();
            self.expires = first.filter(|&at| at < Time::MAX).map(|at| at.max(floor));
        }
    }

    /// What has waited too long for a peer that is away is lost.
    pub(super) fn expire(&mut self, now: Time, out: &mut Vec<Effect>) {
        let (limits, away_since) = (self.limits, self.away_since);
        let is_expired = |held: &Held| deadline(&limits, away_since, held) <= now;
        // All that was sent was handed in before the peer went away, so of one class it expires at one time.
        if self.outgoing.iter().take_while(|held| held.is_numbered()).any(is_expired) {
            self.give_up_numbered(Loss::Expired, out);
        }
        let mut expired = self.unsettled.take_if(is_expired);
        expired.extend(self.outgoing.take_unsent(is_expired));
        for held in expired {
            self.lose(held, Loss::Expired, out);
        }
        self.plan_expiry(now.plus(EXPIRY_STEP));
    }
}

/// Until when a frame is held for a peer that stays away.
fn deadline(limits: &Limits, away_since: Time, held: &Held) -> Time {
    let keep = match held.class {
        Class::Plain => limits.keep_for,
        // What has a number is given up all at once, so a durable one never goes first.
        Class::Durable(_) => limits.keep_durable_for.max(limits.keep_for),
        Class::Settled => return Time::MAX,
    };
    held.since.max(away_since).plus(keep)
}
