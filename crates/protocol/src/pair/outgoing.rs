//! What is sent to the peer: held until it was acknowledged.

use std::collections::VecDeque;

use bytes::Bytes;

use super::record::{self, Class, HEAD, Head, Kind, LENGTH, RecordError};
use super::{Effect, FRAGMENT, Window};
use crate::time::Time;

/// Frames up to this size are copied into a record, with others. Longer ones end it.
const COPIED: usize = 4 << 10;

/// A frame that is held.
#[derive(Debug)]
pub struct Held {
    pub frame: Bytes,
    pub class: Class,
    /// When it was handed in.
    pub since: Time,
    /// All of it went out once.
    pub went_out: bool,
    /// The number of its first piece. 0: it has none, as nothing of it was sent.
    first: u64,
}

impl Held {
    pub const fn new(frame: Bytes, class: Class, since: Time) -> Self {
        Self { frame, class, since, went_out: false, first: 0 }
    }

    /// As if it had not been sent, though it was.
    pub fn again(self) -> Self {
        Self { went_out: true, first: 0, ..self }
    }

    /// Whether anything of it was sent, under numbers that still count.
    pub const fn is_numbered(&self) -> bool {
        self.first != 0
    }

    fn pieces(&self) -> u64 {
        self.frame.len().div_ceil(FRAGMENT).max(1) as u64
    }

    /// The number after that of its last piece.
    fn end(&self) -> u64 {
        self.first + self.pieces()
    }

    /// How many bytes its pieces from that number on have.
    fn bytes_from(&self, number: u64) -> u64 {
        self.frame.len() as u64 - (number - self.first) * FRAGMENT as u64
    }
}

/// The frames for the peer, the eldest first: in flight, to be sent again, not sent yet.
#[derive(Debug)]
pub struct Outgoing {
    held: VecDeque<Held>,
    /// The bytes of all that is held.
    bytes: usize,
    /// How many of those held are the pair's own, about settled frames, and their bytes.
    own: usize,
    own_bytes: usize,
    /// Pieces below this number are done with.
    acknowledged: u64,
    /// The number of the next piece to go out, and the entry that it belongs to.
    cursor: u64,
    at: usize,
    /// Pieces below this number went out once.
    sent: u64,
    /// The number for the first piece of the next frame that has none.
    next_number: u64,
    /// Bytes of pieces, all that were acknowledged.
    acknowledged_bytes: u64,
    /// The same, with those in flight.
    cursor_bytes: u64,
    /// What the peer takes: pieces below this number, and bytes up to this sum.
    limit_pieces: u64,
    limit_bytes: u64,
}

impl Outgoing {
    pub const fn new() -> Self {
        Self {
            held: VecDeque::new(),
            bytes: 0,
            own: 0,
            own_bytes: 0,
            acknowledged: 1,
            cursor: 1,
            at: 0,
            sent: 1,
            next_number: 1,
            acknowledged_bytes: 0,
            cursor_bytes: 0,
            limit_pieces: 1,
            limit_bytes: 0,
        }
    }

    pub fn push(&mut self, held: Held) {
        self.bytes += held.frame.len();
        if held.class == Class::Settled {
            self.own += 1;
            self.own_bytes += held.frame.len();
        }
        self.held.push_back(held);
    }

    fn taken_out(&mut self, held: &Held) {
        self.bytes -= held.frame.len();
        if held.class == Class::Settled {
            self.own -= 1;
            self.own_bytes -= held.frame.len();
        }
    }

    /// Frames held for others, and their bytes.
    pub fn held(&self) -> (usize, usize) {
        (self.held.len() - self.own, self.bytes - self.own_bytes)
    }

    /// Whether frames of the pair's own are held.
    pub const fn has_own(&self) -> bool {
        self.own > 0
    }

    /// Frames that are not, or not all, in flight, and the bytes of them that are not.
    pub fn waiting(&self) -> (usize, u64) {
        let done = self.held.front().filter(|front| front.is_numbered());
        let done = done.map_or(0, |front| (self.acknowledged - front.first) * FRAGMENT as u64);
        (self.held.len() - self.at, self.bytes as u64 - done - (self.cursor_bytes - self.acknowledged_bytes))
    }

    /// Whether all is acknowledged that was ever handed in.
    pub fn is_done(&self) -> bool {
        self.held.is_empty()
    }

    /// Pieces below this number are done with: none of them will come again.
    pub const fn base(&self) -> u64 {
        self.acknowledged
    }

    /// How many pieces and bytes are in flight.
    pub const fn in_flight(&self) -> (u64, u64) {
        (self.cursor - self.acknowledged, self.cursor_bytes - self.acknowledged_bytes)
    }

    /// Whether the peer can have said that it has all pieces below this number.
    pub const fn check(&self, number: u64) -> Result<(), RecordError> {
        if number > self.sent {
            return Err(RecordError::Acknowledgement { acknowledged: number, sent: self.sent });
        }
        Ok(())
    }

    /// The peer has all pieces below this number, which was checked, and says how many more it takes. Frames that it has are forgotten, but
    /// for durable ones, which `durable` gets. Whether that was news.
    pub fn acknowledge(&mut self, number: u64, window: Window, mut durable: impl FnMut(Held)) -> bool {
        // An older word than one that was heard before.
        if number < self.acknowledged {
            return false;
        }
        let news = number > self.acknowledged;
        while self.acknowledged < number
            && let Some(front) = self.held.front()
        {
            if front.end() > number {
                let before = front.bytes_from(self.acknowledged);
                self.acknowledged_bytes += before - front.bytes_from(number);
                self.acknowledged = number;
                break;
            }
            self.acknowledged_bytes += front.bytes_from(self.acknowledged);
            self.acknowledged = front.end();
            self.at = self.at.saturating_sub(1);
            if let Some(held) = self.held.pop_front() {
                self.taken_out(&held);
                if matches!(held.class, Class::Durable(_)) {
                    durable(held);
                }
            }
        }
        if self.cursor < self.acknowledged {
            self.rewind();
        }
        let limits = (number + u64::from(window.pieces), self.acknowledged_bytes + u64::from(window.bytes));
        let wider = limits.0 > self.limit_pieces || limits.1 > self.limit_bytes;
        self.limit_pieces = self.limit_pieces.max(limits.0);
        self.limit_bytes = self.limit_bytes.max(limits.1);
        self.give_back_memory();
        news || wider
    }

    /// What a burst needed is not kept for ever.
    fn give_back_memory(&mut self) {
        if self.held.is_empty() && self.held.capacity() > 1024 {
            self.held = VecDeque::new();
        }
    }

    /// All that was not acknowledged goes out again.
    pub fn rewind(&mut self) {
        self.cursor = self.acknowledged;
        self.cursor_bytes = self.acknowledged_bytes;
        self.at = 0;
    }

    /// Sends nothing until the peer has said anew how much it takes.
    pub fn await_window(&mut self) {
        self.rewind();
        self.limit_pieces = self.acknowledged;
        self.limit_bytes = self.acknowledged_bytes;
    }

    /// The peer will not acknowledge what has numbers. Takes it out, but for durable frames: they stay, to be sent anew.
    pub fn give_up_numbered(&mut self) -> Vec<Held> {
        let sent = self.sent;
        let (mut lost, mut kept) = (Vec::new(), VecDeque::new());
        for mut held in std::mem::take(&mut self.held) {
            if held.is_numbered() {
                held.went_out |= held.end() <= sent;
                held.first = 0;
                if !matches!(held.class, Class::Durable(_)) {
                    self.taken_out(&held);
                    lost.push(held);
                    continue;
                }
            }
            kept.push_back(held);
        }
        self.held = kept;
        self.acknowledged = self.next_number;
        self.sent = self.next_number;
        self.await_window();
        lost
    }

    /// Whether any number was given.
    pub const fn has_numbered(&self) -> bool {
        self.next_number > 1
    }

    /// Begins to number anew, for another memory of the peer. Nothing has a number now.
    pub fn number_anew(&mut self) {
        let held = std::mem::take(&mut self.held);
        *self = Self { held, bytes: self.bytes, own: self.own, own_bytes: self.own_bytes, ..Self::new() };
    }

    /// Puts frames before all that have no number.
    pub fn put_first(&mut self, frames: impl Iterator<Item = Held>) {
        let numbered = self.held.iter().take_while(|held| held.is_numbered()).count();
        let rest = self.held.split_off(numbered);
        for held in frames {
            self.push(held);
        }
        self.held.extend(rest);
    }

    /// Takes out those of the frames without numbers that are to be.
    pub fn take_unsent(&mut self, is_out: impl Fn(&Held) -> bool) -> Vec<Held> {
        let is_out = |held: &Held| !held.is_numbered() && is_out(held);
        let (mut out, mut kept) = (Vec::new(), VecDeque::new());
        for held in std::mem::take(&mut self.held) {
            if is_out(&held) {
                self.taken_out(&held);
                out.push(held);
            } else {
                kept.push_back(held);
            }
        }
        self.held = kept;
        out
    }

    /// All that is held.
    pub fn iter(&self) -> impl Iterator<Item = &Held> {
        self.held.iter()
    }

    /// Whether anything can go out now.
    pub fn is_ready(&self) -> bool {
        self.held.get(self.at).is_some_and(|next| self.may_send(self.next_piece(next).1))
    }

    /// Where the piece begins that is the next of a frame, and how long it is.
    fn next_piece(&self, next: &Held) -> (usize, u64) {
        let offset = if next.is_numbered() { (self.cursor - next.first) as usize * FRAGMENT } else { 0 };
        (offset, (next.frame.len() - offset).min(FRAGMENT) as u64)
    }

    /// Makes records of what waits, as far as the peer takes it. `head` has what they begin with.
    pub fn transmit(&mut self, head: Head, out: &mut Vec<Effect>) {
        while let Some(record) = self.next_record(head) {
            out.push(record);
        }
    }

    /// Whether the next piece may go out, which has so many bytes.
    const fn may_send(&self, bytes: u64) -> bool {
        self.cursor < self.limit_pieces && self.cursor_bytes + bytes <= self.limit_bytes
    }

    fn next_record(&mut self, mut head: Head) -> Option<Effect> {
        let next = self.held.get(self.at)?;
        let (offset, bytes) = self.next_piece(next);
        if !self.may_send(bytes) {
            return None;
        }
        head.flags = next.class.flags();
        head.first = self.cursor;
        if next.frame.len() > FRAGMENT { self.next_fragment(head, offset) } else { self.next_frames(head) }
    }

    /// The frame that goes out next gets its numbers, for good.
    fn number_next(&mut self) {
        if let Some(next) = self.held.get_mut(self.at)
            && !next.is_numbered()
        {
            next.first = self.next_number;
            self.next_number = next.end();
        }
    }

    fn next_fragment(&mut self, mut head: Head, offset: usize) -> Option<Effect> {
        self.number_next();
        let held = self.held.get(self.at)?;
        let (class, length) = (held.class, held.frame.len());
        let end = length.min(offset + FRAGMENT);
        let body = held.frame.slice(offset..end);
        head.kind = Kind::Fragment;
        let mut record = Vec::with_capacity(HEAD + 2 * record::ID);
        head.write(&mut record);
        record::write_place(class, length as u64, offset as u64, &mut record);
        self.went_out(body.len() as u64, usize::from(end == length));
        Some(Effect::Transmit { head: record, body })
    }

    /// Whole frames of one class.
    fn next_frames(&mut self, mut head: Head) -> Option<Effect> {
        head.kind = Kind::Frames;
        let flags = head.flags;
        let (mut record, mut body, mut count) = (Vec::new(), Bytes::new(), 0_u16);
        while count < u16::MAX
            && let Some(held) = self.held.get(self.at)
        {
            let (length, class) = (held.frame.len(), held.class);
            let need = LENGTH + class.id_size() + length;
            if length > FRAGMENT || class.flags() != flags || !self.may_send(length as u64) {
                break;
            }
            if record.is_empty() {
                record.reserve_exact(self.room_for_record(length));
                head.write(&mut record);
            } else if record.len() + need > HEAD + FRAGMENT {
                break;
            }
            record.extend_from_slice(&(length as u32).to_le_bytes());
            class.write_id(&mut record);
            let copied = length <= COPIED;
            if copied {
                record.extend_from_slice(&held.frame);
            } else {
                body = held.frame.clone();
            }
            count += 1;
            self.number_next();
            self.went_out(length as u64, 1);
            if !copied {
                break;
            }
        }
        if count == 0 {
            return None;
        }
        Head::write_count(&mut record, count);
        Some(Effect::Transmit { head: record, body })
    }

    /// How much the record that begins here may take in copies.
    fn room_for_record(&self, first: usize) -> usize {
        if first > COPIED {
            return HEAD + LENGTH + record::ID;
        }
        let (frames, bytes) = self.waiting();
        HEAD + (frames * (LENGTH + record::ID)).saturating_add(bytes as usize).min(FRAGMENT)
    }

    /// A piece went out, and with it perhaps all of a frame.
    fn went_out(&mut self, bytes: u64, frames: usize) {
        self.cursor += 1;
        self.cursor_bytes += bytes;
        self.at += frames;
        self.sent = self.sent.max(self.cursor);
    }
}
