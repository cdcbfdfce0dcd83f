//! Where messages go that did not arrive.

use std::collections::VecDeque;

use super::messages::LetterRecord;
use super::{Admin, Effect};
use crate::address::{Address, NodeId};

/// How many of the latest dead letters are remembered.
const REMEMBERED: usize = 32;

/// Who handles dead letters, and what is known of those that came.
#[derive(Debug, Default)]
pub(super) struct Letters {
    /// The last to ask handles; when it ends, the one before it.
    handlers: Vec<Handler>,
    pub count: u64,
    pub latest: VecDeque<LetterRecord>,
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

    pub(super) fn letter(&mut self, record: LetterRecord, effects: &mut Vec<Effect>) {
        let sender = record.sender;
        self.letters.count += 1;
        if self.letters.latest.len() == REMEMBERED {
            self.letters.latest.pop_front();
        }
        self.letters.latest.push_back(record);
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
