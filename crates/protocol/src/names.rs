//! Which actor holds a global name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most bytes that a name can have.
pub const MAX_NAME_LENGTH: usize = 255;

/// Names and their holders: a name has one holder, a holder any number of names.
///
/// `H` is what stands for a holder, such as an address.
#[derive(Debug, Clone)]
pub struct Directory<H> {
    by_name: BTreeMap<Arc<str>, H>,
    by_holder: BTreeSet<(H, Arc<str>)>,
}

impl<H: Copy + Ord> Directory<H> {
    /// A directory without names.
    pub const fn new() -> Self {
        Self { by_name: BTreeMap::new(), by_holder: BTreeSet::new() }
    }

    /// Gives `name` to `holder`. To claim again what one holds already is fine.
    ///
    /// The directory takes any text. Ask [`check_name`] where a name comes in, so that a mistake shows there.
    ///
    /// # Errors
    ///
    /// Another holder has the name.
    pub fn claim(&mut self, name: &str, holder: H) -> Result<(), NameTaken<H>> {
        match self.by_name.get(name) {
            Some(&current) if current == holder => Ok(()),
            Some(&current) => Err(NameTaken { name: name.to_owned(), holder: current }),
            None => {
                let name: Arc<str> = name.into();
                self.by_name.insert(Arc::clone(&name), holder);
                self.by_holder.insert((holder, name));
                Ok(())
            }
        }
    }

    /// Takes all names from `holder` and returns them in their order. Costs as much as the holder has names, however
    /// large the directory is (but for the logarithm of a look-up).
    pub fn release(&mut self, holder: H) -> Vec<String> {
        // No text stands before the empty one, so this is where the names of the holder begin.
        let first = (holder, Arc::from(""));
        let names: Vec<_> = self
            .by_holder
            .range(first..)
            .take_while(|(other, _)| *other == holder)
            .map(|(_, name)| Arc::clone(name))
            .collect();
        names
            .into_iter()
            .map(|name| {
                self.by_name.remove(&name);
                let text = name.to_string();
                self.by_holder.remove(&(holder, name));
                text
            })
            .collect()
    }

    /// Who has `name`.
    pub fn lookup(&self, name: &str) -> Option<H> {
        self.by_name.get(name).copied()
    }

    /// All names with their holders, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, H)> {
        self.by_name.iter().map(|(name, &holder)| (&**name, holder))
    }
}

impl<H: Copy + Ord> Default for Directory<H> {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether `name` may be a global name: not empty, [`MAX_NAME_LENGTH`] bytes at most, no control characters.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), InvalidName> {
    if name.is_empty() {
        return Err(InvalidName::Empty);
    }
    if name.len() > MAX_NAME_LENGTH {
        return Err(InvalidName::TooLong { length: name.len() });
    }
    match name.char_indices().find(|(_, character)| character.is_control()) {
        Some((position, character)) => {
            Err(InvalidName::ControlCharacter { name: name.to_owned(), position, character })
        }
        None => Ok(()),
    }
}

/// Another holder has the name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name `{name}` is taken by {holder}")]
pub struct NameTaken<H> {
    /// The name.
    pub name: String,
    /// Who has it.
    pub holder: H,
}

/// A text that cannot be a global name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// It is empty.
    #[error("a name cannot be empty")]
    Empty,
    /// It has more than [`MAX_NAME_LENGTH`] bytes.
    #[error("a name has {MAX_NAME_LENGTH} bytes at most, this one has {length}")]
    TooLong {
        /// How many bytes it has.
        length: usize,
    },
    /// It contains a control character, such as a line break.
    #[error("a name has no control characters, but {name:?} has {character:?} at byte {position}")]
    ControlCharacter {
        /// The name.
        name: String,
        /// Where in it the first control character begins, in bytes.
        position: usize,
        /// The control character.
        character: char,
    },
}

#[cfg(test)]
mod tests;
