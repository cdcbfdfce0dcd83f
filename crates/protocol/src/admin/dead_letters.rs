//! Where messages go that did not arrive.

use super::{Admin, Effect};
use crate::address::Address;

impl Admin {
    /// The last to ask is the handler. Only the handler itself can end that it is; an earlier one does not come back.
    pub(super) fn handle_letters(&mut self, by: Address, start: bool) {
        if start {
            self.letters = Some(by);
        } else if self.letters == Some(by) {
            self.letters = None;
        }
    }

    pub(super) fn letter(&mut self, effects: &mut Vec<Effect>) {
        match self.letters.filter(|_| self.shutdown.is_none()) {
            Some(to) => {
                self.count("Dead Letter.Passed On");
                effects.push(Effect::PassLetter { to });
            }
            None => self.count("Dead Letter.Discarded"),
        }
    }
}
