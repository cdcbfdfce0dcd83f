//! How many messages of each type an actor in Python has taken up.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::declared;

/// Types beyond these are counted together: a program may make types as it goes.
const KINDS: usize = 128;
/// What those are called.
const OTHERS: &str = "(other types)";

/// Counts by the types of messages.
#[derive(Default)]
pub(crate) struct TypeTally {
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    kinds: Vec<Kind>,
    others: u64,
}

struct Kind {
    /// It is kept alive, so that no other takes its place in memory.
    class: Py<PyType>,
    name: String,
    count: u64,
}

impl TypeTally {
    /// Counts a message. Types that come often are found at once: they stand in front.
    pub(crate) fn add(&self, message: &Bound<'_, PyAny>) {
        if !self.lock().add(message) {
            // Not with the lock: to know the name may run code of users.
            let class = message.get_type();
            let name = name_of(&class).unwrap_or_else(|_| OTHERS.to_owned());
            self.lock().kinds.push(Kind { class: class.unbind(), name, count: 1 });
        }
    }

    /// All counts, with the names of the types.
    pub(crate) fn all(&self) -> Vec<(String, u64)> {
        let counts = self.lock();
        let mut all: Vec<_> = counts.kinds.iter().map(|kind| (kind.name.clone(), kind.count)).collect();
        if counts.others > 0 {
            all.push((OTHERS.to_owned(), counts.others));
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Counts a message, unless it is the first of its type.
    fn add(&mut self, message: &Bound<'_, PyAny>) -> bool {
        let class = message.get_type_ptr();
        if let Some(place) = self.kinds.iter().position(|kind| std::ptr::eq(kind.class.as_ptr().cast(), class)) {
            self.kinds[place].count += 1;
            self.kinds.swap(place, place.saturating_sub(1));
        } else if self.kinds.len() < KINDS {
            return false;
        } else {
            self.others += 1;
        }
        true
    }
}

/// The name that a type is declared by, or else its own with its module, unless it is built in, as dead letters have it too.
fn name_of(class: &Bound<'_, PyType>) -> PyResult<String> {
    if let Some(declared) = declared::name_of(class) {
        return Ok(declared.to_string());
    }
    let (module, name) = (class.module()?, class.qualname()?);
    Ok(if module == "builtins" { name.to_string() } else { format!("{module}.{name}") })
}
