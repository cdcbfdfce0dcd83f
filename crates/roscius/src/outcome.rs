//! How a handler ends.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use roscius_protocol::address::Address;
use roscius_protocol::supervision::{FailureKind, FailureReport};

/// What a handler returns: a reply, or why there is none now.
///
/// `?` turns any error into a failure. [`Context::forward`](crate::Context::forward),
/// [`Context::stash`](crate::Context::stash) and [`Context::defer`](crate::Context::defer) return an `Outcome`
/// too: `return ctx.forward(other)`.
pub type Outcome<R> = Result<R, NoReply>;

/// Why a handler gives no reply now. Made by `?` or by a method of the context, never by hand.
#[derive(Debug)]
pub struct NoReply(pub(crate) Why);

#[derive(Debug)]
pub(crate) enum Why {
    /// The handler failed.
    Failed(Failure),
    /// Another actor gets the message, from the same sender.
    Forwarded(Address),
    /// The message waits until the actor takes it up again.
    Stashed,
    /// The actor kept a promise to reply.
    Deferred,
}

impl<E: Into<Failure>> From<E> for NoReply {
    fn from(error: E) -> Self {
        Self(Why::Failed(error.into()))
    }
}

/// Something went wrong in an actor: the message goes back to its sender, and the parent decides about the actor.
///
/// Every error converts into a failure; [`Failure::new`] makes one of a text.
#[derive(Clone)]
pub struct Failure {
    kind: FailureKind,
    details: Arc<str>,
    classes: Vec<String>,
    is_told: bool,
}

impl Failure {
    /// A failure described in words.
    pub fn new(details: impl fmt::Display) -> Self {
        Self::of(FailureKind::Error, details.to_string())
    }

    fn of(kind: FailureKind, details: impl Into<Arc<str>>) -> Self {
        Self { kind, details: details.into(), classes: Vec::new(), is_told: false }
    }

    /// Says what was raised, by the names that the actor's language has for it, the most special first: the parent may
    /// decide by them ([`FailureReport::classes`](crate::FailureReport::classes)).
    #[must_use]
    pub fn with_classes(mut self, classes: Vec<String>) -> Self {
        self.classes = classes;
        self
    }

    /// The handler has told the sender of its message already, so that does not go back to it. Who asked is told all the same.
    #[must_use]
    pub fn told(mut self) -> Self {
        self.is_told = true;
        self
    }

    pub(crate) fn is_told(&self) -> bool {
        self.is_told
    }

    /// What the parent is told.
    pub(crate) fn report(&self, kind: FailureKind) -> FailureReport {
        FailureReport::new(kind, Arc::clone(&self.details)).with_classes(self.classes.clone())
    }

    pub(crate) fn panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without a message");
        Self::of(FailureKind::Panic, text)
    }

    pub(crate) fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What went wrong, with the causes of the error.
    pub fn details(&self) -> &Arc<str> {
        &self.details
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut details = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            details.push_str(": ");
            details.push_str(&error.to_string());
            cause = error.source();
        }
        Self::of(FailureKind::Error, details)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.details)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({}: {})", if self.kind == FailureKind::Panic { "panic" } else { "error" }, self.details)
    }
}
