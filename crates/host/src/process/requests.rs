//! What this process has asked the Admin.

use std::collections::HashMap;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use roscius::Address;
use roscius_protocol::admin::messages::{FromAdmin, ToAdmin};

use super::{Process, lock};

/// Why the Admin did not answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It did not in time.
    #[error("the Admin did not answer within {within:?}")]
    Late {
        /// The time.
        within: Duration,
    },
    /// The system has ended.
    #[error("the actor system has ended")]
    NoAdmin,
    /// The operating system refused something.
    #[error("the Admin could not be asked: {0}")]
    Io(#[from] io::Error),
}

/// Open requests, with the answers that have come.
#[derive(Debug, Default)]
pub(super) struct Requests {
    open: Mutex<HashMap<u64, Option<FromAdmin>>>,
}

/// Closes a request when it is dropped.
pub(super) struct Open<'r> {
    requests: &'r Requests,
    id: u64,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        lock(&self.requests.open).remove(&self.id);
    }
}

impl Process {
    /// Asks the Admin. [`Process::take_answer`] has the answer, once a [`Process::turn`] has read it.
    pub fn begin_request(&self, from: Address, message: ToAdmin) -> u64 {
        let id = self.next_message();
        lock(&self.requests.open).insert(id, None);
        self.exit.tell_admin(from, message, id);
        self.flush();
        id
    }

    /// The answer to a request, once it is there. It is given once.
    pub fn take_answer(&self, id: u64) -> Option<FromAdmin> {
        let answer = self.requests.take(id)?;
        self.give_up_request(id);
        Some(answer)
    }

    /// Wants no answer any more.
    pub fn give_up_request(&self, id: u64) {
        lock(&self.requests.open).remove(&id);
    }
}

impl Requests {
    pub fn open(&self, id: u64) -> Open<'_> {
        lock(&self.open).insert(id, None);
        Open { requests: self, id }
    }

    /// Takes in an answer. One that nobody waits for is dropped.
    pub fn answer(&self, id: u64, answer: FromAdmin) {
        if let Some(open) = lock(&self.open).get_mut(&id) {
            *open = Some(answer);
        }
    }

    pub fn take(&self, id: u64) -> Option<FromAdmin> {
        lock(&self.open).get_mut(&id)?.take()
    }
}
