//! Where messages go that did not arrive.

use std::collections::VecDeque;

use super::messages::{LetterRecord, Setback};
use super::{Admin, Effect};
use crate::address::{Address, NodeId};
use crate::time::Time;

/// How many of the latest dead letters are remembered.
const REMEMBERED: usize = 32;
/// How many kinds of dead letters are told apart. Those of further types count as one kind for each reason.
const KINDS: usize = 64;
/// Stands for the types of these.
const OTHERS: &str = "(others)";

/// Who handles dead letters, and what is known of those that came.
#[derive(Debug, Default)]
pub(super) struct Letters {
    /// The last to ask handles; when it ends, the one before it.
    handlers: Vec<Handler>,
    pub count: u64,
    pub latest: VecDeque<LetterRecord>,
    pub kinds: Vec<LetterKind>,
}

/// Dead letters of one type that have the same reason.
#[derive(Clone, Debug)]
pub(super) struct LetterKind {
    pub message: String,
    pub reason: Setback,
    pub count: u64,
    pub first: LetterRecord,
    pub first_at: Time,
    pub last_at: Time,
}

#[derive(Clone, Copy, Debug)]
struct Handler {
    actor: Address,
    alone: bool,
}

impl Letters {
    pub fn handler(&self) -> Option<Address> {
        self.handlers.last().map(|handler| handler.actor)
    }

    /// Takes note of a letter.
    fn note(&mut self, now: Time, record: LetterRecord) {
        self.count += 1;
        let is_of = |kind: &LetterKind, message: &str| kind.reason == record.reason && kind.message == message;
        let mut known = self.kinds.iter().position(|kind| is_of(kind, &record.message));
        if known.is_none() && self.kinds.len() >= KINDS {
            known = self.kinds.iter().position(|kind| is_of(kind, OTHERS));
        }
        match known.and_then(|known| self.kinds.get_mut(known)) {
            Some(kind) => {
                kind.count += 1;
                kind.last_at = now;
            }
            None => {
                let message = if self.kinds.len() < KINDS { record.message.clone() } else { OTHERS.to_owned() };
                let (reason, first) = (record.reason, record.clone());
                self.kinds.push(LetterKind { message, reason, count: 1, first, first_at: now, last_at: now });
            }
        }
        if self.latest.len() == REMEMBERED {
            self.latest.pop_front();
        }
        self.latest.push_back(record);
    }

    /// An actor has ended.
    pub fn without(&mut self, actor: Address) {
        self.handlers.retain(|handler| handler.actor != actor);
    }

    /// A process has ended.
    pub fn without_process(&mut self, node: NodeId) {
        self.handlers.retain(|handler| handler.actor.node() != node);
    }
}

impl Admin {
    pub(super) fn handle_letters(&mut self, by: Address, start: bool, alone: bool) {
        self.letters.without(by);
        if start && alone {
            self.letters.handlers.clear();
        }
        if start {
            self.letters.handlers.push(Handler { actor: by, alone });
        }
    }

    pub(super) fn letter(&mut self, now: Time, record: LetterRecord, effects: &mut Vec<Effect>) {
        let sender = record.sender;
        self.letters.note(now, record);
        self.pass_letter(sender, effects);
    }

    /// The handler that a letter was passed to is there no more.
    pub(super) fn letter_back(&mut self, handler: Address, sender: Address, effects: &mut Vec<Effect>) {
        self.letters.without(handler);
        self.pass_letter(sender, effects);
    }

    /// Nobody is told of his own letters, or a handler that sends to the dead would never end.
    fn pass_letter(&mut self, sender: Address, effects: &mut Vec<Effect>) {
        let mut handlers = self.letters.handlers.iter().rev();
        let handler = handlers.find(|handler| handler.alone || handler.actor != sender);
        match handler.filter(|_| self.shutdown.is_none()).map(|handler| handler.actor) {
            Some(to) => {
                self.count("Dead Letter.Passed On");
                effects.push(Effect::PassLetter { to });
            }
            None => self.count("Dead Letter.Discarded"),
        }
    }
}
