//! How many messages of each type were handled.

use std::ptr;

use crate::message::MessageType;

/// How many types are counted without a search. A power of two.
const NEAR: usize = 16;

/// Counts by type.
#[derive(Default)]
pub(crate) struct Tally {
    /// Counts at places that follow from where the description of a type is in memory. Of two types with one place, that which
    /// was counted last has it.
    near: [Option<(&'static MessageType, u64)>; NEAR],
    /// The others.
    far: Vec<(&'static MessageType, u64)>,
}

impl Tally {
    #[inline]
    pub(crate) fn add(&mut self, kind: &'static MessageType, count: u64) {
        // The compiler may give one type several descriptions. Who reads the counts adds those of one name.
        let address = ptr::from_ref(kind).addr() / align_of::<MessageType>();
        let near = &mut self.near[(address ^ (address >> 4)) % NEAR];
        match near {
            Some((known, counted)) if ptr::eq(*known, kind) => *counted += count,
            _ => {
                if let Some((other, counted)) = near.replace((kind, count)) {
                    add_to(&mut self.far, other, counted);
                }
            }
        }
    }

    /// Adds all counts to another tally. They are zero afterwards.
    pub(crate) fn move_to(&mut self, other: &mut Self) {
        for (kind, count) in self.near.iter_mut().flatten().chain(&mut self.far) {
            if *count > 0 {
                other.add(kind, std::mem::take(count));
            }
        }
    }

    /// All counts. A type may be there twice.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static MessageType, u64)> {
        self.near.iter().flatten().chain(&self.far).copied()
    }
}

#[cold]
fn add_to(counts: &mut Vec<(&'static MessageType, u64)>, kind: &'static MessageType, count: u64) {
    match counts.iter_mut().find(|(known, _)| ptr::eq(*known, kind)) {
        Some((_, counted)) => *counted += count,
        None => counts.push((kind, count)),
    }
}
