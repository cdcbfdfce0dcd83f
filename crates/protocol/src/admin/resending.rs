//! Dead letters that are sent again because somebody says so.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::messages::{FromAdmin, LetterRecord};
use super::{Admin, Asked, Effect};
use crate::address::Address;

/// Of how many letters the messages are kept: of those that are remembered.
const KEPT: usize = 32;
/// Messages of up to this many bytes are kept.
const LONGEST: usize = 256 << 10;

/// The messages of the latest dead letters.
#[derive(Debug, Default)]
pub(super) struct KeptLetters {
    next: u64,
    kept: BTreeMap<u64, (Address, Bytes)>,
}

impl KeptLetters {
    /// Keeps the message of a letter, unless it is too long.
    fn keep(&mut self, target: Address, frame: Bytes) -> Option<u64> {
        if frame.len() > LONGEST {
            return None;
        }
        if self.kept.len() == KEPT {
            self.kept.pop_first();
        }
        self.next += 1;
        self.kept.insert(self.next, (target, frame));
        Some(self.next)
    }

    /// The record of a letter, as things are now.
    pub fn revise(&self, record: &LetterRecord) -> LetterRecord {
        let number = record.number.filter(|number| self.kept.contains_key(number));
        LetterRecord { number, ..record.clone() }
    }
}

impl Admin {
    /// Keeps the message of a dead letter, and notes in its record by which number.
    pub(super) fn keep_letter(&mut self, record: LetterRecord, frame: Bytes) -> LetterRecord {
        LetterRecord { number: self.kept_letters.keep(record.target, frame), ..record }
    }

    /// Nobody gets a message twice by this: it is kept no more, and is a new dead letter if it does not arrive again.
    pub(super) fn resend(&mut self, (by, id): Asked, letter: u64, to: Option<Address>, effects: &mut Vec<Effect>) {
        let to = self.kept_letters.kept.remove(&letter).map(|(target, frame)| {
            let to = to.unwrap_or(target);
            effects.push(Effect::Resend { to, frame });
            to
        });
        self.count(if to.is_some() { "Dead Letter.Sent Again" } else { "Dead Letter.Not Kept" });
        effects.push(Effect::Send { to: by, id, message: FromAdmin::Resent { to } });
    }
}
