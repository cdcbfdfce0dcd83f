//! Asking: a message and its one answer.
//!
//! Every ask has a channel of its own for its answer, so an answer that comes too late has nowhere to go: it becomes
//! a dead letter and never reaches a later ask.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::time::Time;

use crate::codec::CodecError;
use crate::dead_letters::{DeadLetter, Undelivered};
use crate::engine::shared::{Shared, WakeCall};
use crate::message::{MessageType, Payload};

/// Why an ask has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Nobody has the address, or its actor ended before it answered.
    #[error("no answer: nobody has the address, or the actor exited first")]
    NoActor,
    /// The receiver failed on the message.
    #[error("no answer: the receiver failed on the message: {0}")]
    Failed(Arc<str>),
    /// The receiver does not accept the type.
    #[error("no answer: {0}")]
    NotAccepted(Arc<str>),
    /// The mailbox of the receiver is full and refuses more.
    #[error("no answer: the mailbox of the receiver is full")]
    MailboxFull,
    /// The answer did not come in time. If it comes later it is a dead letter.
    #[error("no answer in time")]
    TimedOut,
    /// The receiver dropped its promise to reply, or the message was dropped.
    #[error("no answer: the promise to reply was dropped")]
    Abandoned,
    /// The answer has another type than the message promises.
    #[error("the answer is a `{0}`, not what the message promises")]
    WrongType(&'static str),
    /// The message or its reply could not be serialised, as the system was asked to do.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// An interceptor refused the message.
    #[error("no answer: an interceptor refused the message")]
    Intercepted,
    /// An actor of the simple base cannot wait for an answer: the answer would have to be made in the same thread.
    #[error("no answer: an actor cannot block for it; use `ask_then`, or an asynchronous handler")]
    WouldBlock,
    /// The system was shut down.
    #[error("no answer: the actor system is shut down")]
    ShutDown,
}

/// An answer as it travels.
pub(crate) type Answer = Result<Payload, AskError>;

/// The right to answer a message, if an answer is wanted.
#[derive(Default)]
pub(crate) struct ReplyTo(Option<oneshot::Sender<Answer>>);

impl ReplyTo {
    pub(crate) fn new(sender: oneshot::Sender<Answer>) -> Self {
        Self(Some(sender))
    }

    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    #[inline]
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Answers. Gives the answer back when nobody waits for it any more.
    pub(crate) fn answer(self, answer: Answer) -> Result<(), Answer> {
        match self.0 {
            Some(sender) => sender.send(answer).map_err(oneshot::SendError::into_inner),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_wanted() { "ReplyTo" } else { "NoReply" })
    }
}

/// The right and duty to answer a message later, from any thread.
///
/// Dropping it unanswered tells the asker so at once.
#[must_use = "an asker waits for the answer"]
pub struct Promise<R> {
    pub(crate) reply: ReplyTo,
    pub(crate) by: Address,
    pub(crate) asker: Address,
    pub(crate) shared: Arc<Shared>,
    pub(crate) kind: &'static MessageType,
    pub(crate) value: PhantomData<fn(R)>,
}

impl<R: Send + 'static> Promise<R> {
    /// Answers the message.
    pub fn fulfil(self, reply: R) {
        self.shared.answer(self.reply, Payload::reply_of(self.kind, reply), self.by, self.asker);
    }

    /// Tells the asker that there is no answer, and why.
    pub fn fail(self, details: impl fmt::Display) {
        // Nobody waiting for a failure is no loss.
        let _ = self.reply.answer(Err(AskError::Failed(details.to_string().into())));
    }
}

impl<R> fmt::Debug for Promise<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Promise by {} to {}", self.by, self.asker)
    }
}

/// An ask under way. Wait for its answer with `.await`, or with [`Ask::wait`] outside of actors.
#[must_use = "wait for the answer, or use `tell`"]
pub struct Ask<R> {
    state: State,
    shared: Arc<Shared>,
    timeout: Option<Duration>,
    deadline: Option<(Time, WakeCall)>,
    reply: PhantomData<fn() -> R>,
}

enum State {
    Sync(oneshot::Receiver<Answer>),
    Async(oneshot::AsyncReceiver<Answer>),
    Done,
}

impl<R: Send + 'static> Ask<R> {
    pub(crate) fn new(receiver: oneshot::Receiver<Answer>, shared: Arc<Shared>) -> Self {
        Self { state: State::Sync(receiver), shared, timeout: None, deadline: None, reply: PhantomData }
    }

    /// Gives up after this long. Default: waits until there is an answer or it is certain that there will be none.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits for the answer, blocking the thread.
    ///
    /// On the `simple` base the caller's thread runs the actors meanwhile; when nothing is left that could lead to an
    /// answer it gives up at once with [`AskError::TimedOut`] instead of sleeping out the time.
    pub fn wait(mut self) -> Result<R, AskError> {
        let State::Sync(receiver) = std::mem::replace(&mut self.state, State::Done) else {
            return Err(AskError::Abandoned);
        };
        let answer = self.shared.wait_for_answer(&receiver, self.timeout);
        read(answer)
    }

    /// Waits for the answer at most this long, blocking the thread.
    pub fn wait_timeout(self, timeout: Duration) -> Result<R, AskError> {
        self.timeout(timeout).wait()
    }
}

fn read<R: 'static>(answer: Answer) -> Result<R, AskError> {
    let payload = answer?;
    payload.take_any::<R>().map_err(|other| AskError::WrongType(other.name()))
}

impl<R: Send + 'static> Future for Ask<R> {
    type Output = Result<R, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let State::Sync(_) = this.state {
            let State::Sync(receiver) = std::mem::replace(&mut this.state, State::Done) else {
                return Poll::Ready(Err(AskError::Abandoned));
            };
            this.state = State::Async(receiver.into_future());
        }
        let State::Async(receiver) = &mut this.state else { return Poll::Ready(Err(AskError::Abandoned)) };
        let outcome = match Pin::new(receiver).poll(cx) {
            Poll::Ready(Ok(answer)) => read(answer),
            Poll::Ready(Err(_)) => Err(AskError::Abandoned),
            Poll::Pending => {
                let Some(timeout) = this.timeout else { return Poll::Pending };
                let now = this.shared.now();
                let deadline = match &this.deadline {
                    Some((deadline, _)) if now >= *deadline => None,
                    Some((_, call)) if call.wakes(cx.waker()) => return Poll::Pending,
                    Some((deadline, _)) => Some(*deadline),
                    None => Some(now.plus(timeout)),
                };
                match deadline {
                    None => Err(AskError::TimedOut),
                    Some(deadline) => {
                        let call = this.shared.wake_at(deadline, cx.waker().clone());
                        this.deadline = Some((deadline, call));
                        return Poll::Pending;
                    }
                }
            }
        };
        this.state = State::Done;
        this.deadline = None;
        Poll::Ready(outcome)
    }
}

/// The dead letter that a late reply becomes.
pub(crate) fn late_reply(answer: Answer, by: Address, asker: Address) -> Option<DeadLetter> {
    let message = answer.ok()?;
    Some(DeadLetter { message, sender: by, target: asker, reason: Undelivered::LateReply })
}
