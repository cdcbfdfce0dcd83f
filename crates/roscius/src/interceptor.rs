//! A look at every message on its way.

use roscius_protocol::address::Address;

use crate::message::Payload;

/// Sees every message before it is delivered: for audit, tracing, fault injection. Called in the sender's thread.
pub trait Interceptor: Send + Sync + 'static {
    /// Lets a message pass or refuses it. A refused message is a dead letter; a refused ask fails.
    fn intercept(&self, message: &InTransit<'_>) -> Verdict;
}

/// A message on its way.
#[derive(Debug)]
pub struct InTransit<'m> {
    /// Who sends it.
    pub from: Address,
    /// Whom it is for.
    pub to: Address,
    /// The message.
    pub message: &'m Payload,
    /// Whether a reply is asked for.
    pub is_ask: bool,
}

/// What an interceptor says about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// It goes no further.
    Refuse,
}

impl<F: Fn(&InTransit<'_>) -> Verdict + Send + Sync + 'static> Interceptor for F {
    fn intercept(&self, message: &InTransit<'_>) -> Verdict {
        self(message)
    }
}
