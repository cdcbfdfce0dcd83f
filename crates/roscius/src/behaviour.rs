//! Behaviour for the next messages: other handlers for a while.

use std::any::TypeId;

use crate::actor::Actor;
use crate::context::Context;
use crate::declared::Includes;
use crate::engine::envelope::{Delivery, Envelope};
use crate::message::Message;
use crate::outcome::Outcome;

type Reaction<A> = Box<dyn FnMut(&mut A, &mut Envelope, &mut Context<A>) -> Delivery + Send>;

/// Handlers that replace those of the actor for some of its messages, from the next message on.
///
/// Put in force by [`Context::become_new`] and ended by [`Context::become_former`]. Messages that the behaviour says
/// nothing about go to the actor's own handlers. A restarted actor starts with its own handlers.
pub struct Behaviour<A: Actor> {
    reactions: Vec<(TypeId, Reaction<A>)>,
}

impl<A: Actor> Default for Behaviour<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Actor> Behaviour<A> {
    /// A behaviour that changes nothing yet.
    pub fn new() -> Self {
        Self { reactions: Vec::new() }
    }

    /// Handles messages of type `M`, which the actor must have declared, with this function.
    #[must_use]
    pub fn on<M: Message, P>(
        mut self,
        mut handler: impl FnMut(&mut A, &mut M, &mut Context<A>) -> Outcome<M::Reply> + Send + 'static,
    ) -> Self
    where
        A::Protocol: Includes<M, P>,
    {
        let reaction: Reaction<A> = Box::new(move |actor, envelope, ctx| {
            let Some(message) = envelope.message.get_mut::<M>() else { return Delivery::NotAccepted };
            let outcome = handler(actor, message, ctx);
            ctx.conclude::<M>(outcome)
        });
        self.reactions.push((TypeId::of::<M>(), reaction));
        self
    }

    pub(crate) fn deliver(&mut self, actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Option<Delivery> {
        let id = envelope.message.kind().id();
        let (_, reaction) = self.reactions.iter_mut().find(|(of, _)| *of == id)?;
        Some(reaction(actor, envelope, ctx))
    }
}
