//! What became of every frame.

use std::collections::BTreeMap;

use bytes::Bytes;
use roscius_protocol::pair::Loss;

/// How much happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub delivered: u64,
    pub durable: u64,
    pub expired: u64,
    pub never_sent: u64,
    pub unknown: u64,
    pub refused: u64,
    pub drained: u64,
    pub dropped: u64,
    pub repeated: u64,
    pub cuts: u64,
    pub restarts: u64,
    pub renewals: u64,
    pub long: u64,
    pub delivered_again: u64,
}

impl Totals {
    pub fn check_that_everything_happened(&self) {
        let counts = [
            self.delivered,
            self.durable,
            self.expired,
            self.never_sent,
            self.unknown,
            self.refused,
            self.drained,
            self.dropped,
            self.repeated,
            self.cuts,
            self.restarts,
            self.renewals,
            self.long,
            self.delivered_again,
        ];
        for (what, count) in counts.into_iter().enumerate() {
            assert!(count > 300, "number {what} of {self:?}");
        }
    }
}

#[derive(Debug)]
struct Entry {
    durable: bool,
    delivered: u32,
    lost: Option<Loss>,
    /// Its sender ended before it could say anything about it.
    forgotten: bool,
}

/// Every frame that was handed in on one side, by its number.
#[derive(Debug, Default)]
pub struct Ledger {
    frames: BTreeMap<u64, Entry>,
    next: u64,
    /// The plain frame that was delivered last.
    last: u64,
}

impl Ledger {
    /// A new frame of this length, at least. It begins with its number.
    pub fn frame(&mut self, length: usize) -> Bytes {
        self.next += 1;
        let mut frame = self.next.to_le_bytes().to_vec();
        frame.resize(length.max(8), self.next as u8);
        frame.into()
    }

    pub fn number(frame: &[u8]) -> u64 {
        u64::from_le_bytes(*frame.first_chunk().expect("a frame of the simulation"))
    }

    pub fn taken(&mut self, frame: u64, durable: bool) {
        self.frames.insert(frame, Entry { durable, delivered: 0, lost: None, forgotten: false });
    }

    pub fn delivered(&mut self, frame: &Bytes, totals: &mut Totals) {
        let number = Self::number(frame);
        assert!(frame[8..].iter().all(|&byte| byte == number as u8), "frame {number} arrived spoilt");
        let entry = self.frames.get_mut(&number).expect("a frame that was sent");
        entry.delivered += 1;
        if entry.durable {
            if entry.delivered > 1 {
                totals.delivered_again += 1;
            }
            totals.durable += 1;
            return;
        }
        totals.delivered += 1;
        assert_eq!(entry.delivered, 1, "frame {number} arrived twice");
        assert!(matches!(entry.lost, None | Some(Loss::Unknown)), "frame {number} arrived, and was {:?}", entry.lost);
        assert!(number > self.last, "frame {number} arrived after {}", self.last);
        self.last = number;
    }

    pub fn lost(&mut self, frame: &Bytes, why: Loss, totals: &mut Totals) {
        let number = Self::number(frame);
        let entry = self.frames.get_mut(&number).expect("a frame that was sent");
        assert_eq!(entry.lost, None, "frame {number} was reported twice");
        assert!(!entry.forgotten, "frame {number} was reported by who can not know of it");
        assert!(!entry.durable, "durable frame {number} is {why:?}");
        assert!(entry.delivered == 0 || why == Loss::Unknown, "frame {number} was delivered, and is {why:?}");
        entry.lost = Some(why);
        match why {
            Loss::Expired => totals.expired += 1,
            Loss::NeverSent => totals.never_sent += 1,
            Loss::Unknown => totals.unknown += 1,
        }
    }

    /// The sender is gone, with what it held, but for what it had written down.
    pub fn sender_ended(&mut self, kept: impl Fn(u64) -> bool) {
        for (&number, entry) in &mut self.frames {
            if entry.lost.is_none() && entry.delivered == 0 && !kept(number) {
                entry.forgotten = true;
            }
        }
    }

    /// All is said.
    pub fn check(&self) {
        for (number, entry) in &self.frames {
            let known = entry.delivered > 0 || entry.lost.is_some() || entry.forgotten;
            assert!(known, "nothing was heard of frame {number}: {entry:?}");
        }
    }
}
