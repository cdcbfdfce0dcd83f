//! Looks host names up.
//!
//! The system's resolver blocks, for many seconds if a name server does not answer, and there is no other that reads the same configuration. So
//! it is called on a thread of its own: one, which is started when there is first a name to look up and ends when there was none for a while.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mio::Waker;

use super::DialId;

/// How long the thread waits for another name.
const IDLE: Duration = Duration::from_secs(5);
/// How many names may wait.
const MOST: usize = 1024;

/// What came of looking a name up.
pub type Found = (DialId, Result<Vec<SocketAddr>, String>);

#[derive(Debug, Default)]
struct State {
    wanted: VecDeque<(DialId, String, u16)>,
    found: Vec<Found>,
    is_running: bool,
    is_over: bool,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Resolver {
    shared: Arc<(Mutex<State>, Condvar)>,
    waker: Arc<Waker>,
}

impl Resolver {
    /// Without a thread. `waker` is woken when something was found.
    pub fn new(waker: Arc<Waker>) -> Self {
        Self { shared: Arc::default(), waker }
    }

    /// Has a name looked up.
    ///
    /// # Errors
    ///
    /// An error of the operating system if there can be no thread, or too many names wait.
    pub fn look_up(&self, dial: DialId, host: String, port: u16) -> io::Result<()> {
        let mut state = lock(&self.shared.0);
        if state.wanted.len() >= MOST {
            return Err(io::Error::other("too many names wait to be looked up"));
        }
        if !state.is_running {
            let (shared, waker) = (Arc::clone(&self.shared), Arc::clone(&self.waker));
            std::thread::Builder::new().name("resolver".into()).spawn(move || run(&shared, &waker))?;
            state.is_running = true;
        }
        state.wanted.push_back((dial, host, port));
        self.shared.1.notify_one();
        Ok(())
    }

    /// What was found since this was last asked.
    pub fn take(&self) -> Vec<Found> {
        std::mem::take(&mut lock(&self.shared.0).found)
    }
}

impl Drop for Resolver {
    /// The thread is not waited for: it may be looking something up.
    fn drop(&mut self) {
        lock(&self.shared.0).is_over = true;
        self.shared.1.notify_one();
    }
}

fn run((state, condition): &(Mutex<State>, Condvar), waker: &Waker) {
    let mut held = lock(state);
    loop {
        if held.is_over {
            return;
        }
        if let Some((dial, host, port)) = held.wanted.pop_front() {
            drop(held);
            let found =
                (host.as_str(), port).to_socket_addrs().map(Iterator::collect).map_err(|error| error.to_string());
            held = lock(state);
            held.found.push((dial, found));
            // If that fails, the next turn finds it.
            let _ = waker.wake();
            continue;
        }
        let (again, waited) = condition.wait_timeout(held, IDLE).unwrap_or_else(PoisonError::into_inner);
        held = again;
        if waited.timed_out() && held.wanted.is_empty() {
            held.is_running = false;
            return;
        }
    }
}

/// Nothing panics while it is held.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
