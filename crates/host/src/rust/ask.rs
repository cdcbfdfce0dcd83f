//! Waiting for an answer from another process.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use roscius::AskError;

use super::system::Link;

/// An ask under way.
#[must_use = "wait for the answer, or use `tell`"]
pub struct Ask<R> {
    link: Arc<Link>,
    ask: roscius::Ask<R>,
    timeout: Option<Duration>,
}

impl<R: Send + 'static> Ask<R> {
    pub(super) fn new(link: &Arc<Link>, ask: roscius::Ask<R>) -> Self {
        Self { link: Arc::clone(link), ask, timeout: None }
    }

    /// Gives up after this long. Default: waits until there is an answer or it is certain that there will be none.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits for the answer, and drives the links of the program meanwhile.
    ///
    /// # Errors
    ///
    /// [`AskError`] if there is no answer, or not in time.
    pub fn wait(self) -> Result<R, AskError> {
        let Self { link, mut ask, timeout } = self;
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(answer) = Pin::new(&mut ask).poll(&mut context) {
                return answer;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(AskError::TimedOut);
            }
            if !link.turn(left) {
                return Err(AskError::ShutDown);
            }
        }
    }

    /// Waits for the answer at most this long.
    ///
    /// # Errors
    ///
    /// [`AskError`], as [`Ask::wait`].
    pub fn wait_timeout(self, timeout: Duration) -> Result<R, AskError> {
        self.timeout(timeout).wait()
    }
}
