//! Declared protocols: which messages an actor accepts, checked when compiling and listed at run time.

use std::any::TypeId;
use std::future::Future;
use std::marker::PhantomData;

use crate::actor::{Actor, AsyncHandler, Handler};
use crate::context::Context;
use crate::engine::envelope::{Delivery, Envelope};
use crate::message::{Message, MessageType};

/// Declares a message with an [`AsyncHandler`]: `type Protocol = (Greet, Async<Fetch>)`.
pub struct Async<M>(PhantomData<M>);

/// The messages an actor of type `A` accepts. Implemented for tuples of up to sixteen message types.
pub trait Protocol<A: Actor>: 'static {
    /// The accepted types, in the order of their declaration.
    fn accepted() -> Vec<&'static MessageType>;

    #[doc(hidden)]
    fn deliver(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Delivery;

    #[doc(hidden)]
    fn deliver_async(
        actor: &mut A,
        envelope: &mut Envelope,
        ctx: &mut Context<A>,
    ) -> impl Future<Output = Delivery> + Send;

    #[doc(hidden)]
    fn deliver_at_once(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Option<Delivery>;
}

/// One entry of a declared protocol: `M` or `Async<M>`.
pub trait Entry<A: Actor>: 'static {
    /// The message type.
    type Message: Message;

    #[doc(hidden)]
    fn deliver(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Delivery;

    #[doc(hidden)]
    fn deliver_async(
        actor: &mut A,
        envelope: &mut Envelope,
        ctx: &mut Context<A>,
    ) -> impl Future<Output = Delivery> + Send;

    #[doc(hidden)]
    fn deliver_at_once(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Option<Delivery>;
}

impl<A: Handler<M>, M: Message> Entry<A> for M {
    type Message = M;

    #[inline]
    fn deliver(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Delivery {
        let Some(message) = envelope.message.get_mut::<M>() else { return Delivery::NotAccepted };
        let outcome = actor.receive(message, ctx);
        ctx.conclude::<M>(outcome)
    }

    async fn deliver_async(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<'_, A>) -> Delivery {
        <M as Entry<A>>::deliver(actor, envelope, ctx)
    }

    fn deliver_at_once(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Option<Delivery> {
        Some(<M as Entry<A>>::deliver(actor, envelope, ctx))
    }
}

impl<A: AsyncHandler<M>, M: Message> Entry<A> for Async<M>
where
    Async<M>: 'static,
{
    type Message = M;

    #[inline]
    fn deliver(_: &mut A, _: &mut Envelope, _: &mut Context<A>) -> Delivery {
        Delivery::Asynchronous
    }

    async fn deliver_async(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<'_, A>) -> Delivery {
        let Some(message) = envelope.message.get_mut::<M>() else { return Delivery::NotAccepted };
        let outcome = actor.receive(message, ctx).await;
        ctx.conclude::<M>(outcome)
    }

    fn deliver_at_once(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Option<Delivery> {
        let Some(message) = envelope.message.get_mut::<M>() else { return Some(Delivery::NotAccepted) };
        let outcome = actor.receive_at_once(message, ctx)?;
        Some(ctx.conclude::<M>(outcome))
    }
}

/// Says that a declared protocol contains `M`. `Position` is found by the compiler; write `_`.
#[diagnostic::on_unimplemented(
    message = "the actor does not accept `{M}`",
    label = "`{M}` is not in the declared protocol",
    note = "add `{M}`, or `Async<{M}>`, to the actor's `type Protocol` and implement its handler"
)]
pub trait Includes<M, Position> {}

/// The position of a message in a protocol. Never written by hand.
pub struct At<const N: usize>;

/// The position of an `Async` message in a protocol. Never written by hand.
pub struct AsyncAt<const N: usize>;

impl<A: Actor> Protocol<A> for () {
    fn accepted() -> Vec<&'static MessageType> {
        Vec::new()
    }

    fn deliver(_: &mut A, _: &mut Envelope, _: &mut Context<A>) -> Delivery {
        Delivery::NotAccepted
    }

    async fn deliver_async(_: &mut A, _: &mut Envelope, _: &mut Context<'_, A>) -> Delivery {
        Delivery::NotAccepted
    }

    fn deliver_at_once(_: &mut A, _: &mut Envelope, _: &mut Context<A>) -> Option<Delivery> {
        Some(Delivery::NotAccepted)
    }
}

macro_rules! protocol {
    ($($entry:ident)+) => {
        impl<A: Actor, $($entry: Entry<A>),+> Protocol<A> for ($($entry,)+) {
            fn accepted() -> Vec<&'static MessageType> {
                vec![$(MessageType::of::<$entry::Message>()),+]
            }

            #[inline]
            fn deliver(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Delivery {
                let id = envelope.message.kind().id();
                $(if id == TypeId::of::<$entry::Message>() {
                    return $entry::deliver(actor, envelope, ctx);
                })+
                Delivery::NotAccepted
            }

            async fn deliver_async(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<'_, A>) -> Delivery {
                let id = envelope.message.kind().id();
                $(if id == TypeId::of::<$entry::Message>() {
                    return $entry::deliver_async(actor, envelope, ctx).await;
                })+
                Delivery::NotAccepted
            }

            #[inline]
            fn deliver_at_once(actor: &mut A, envelope: &mut Envelope, ctx: &mut Context<A>) -> Option<Delivery> {
                let id = envelope.message.kind().id();
                $(if id == TypeId::of::<$entry::Message>() {
                    return $entry::deliver_at_once(actor, envelope, ctx);
                })+
                Some(Delivery::NotAccepted)
            }
        }
    };
}

macro_rules! includes {
    ($n:literal: $($before:ident)* [$entry:ident] $($after:ident)*) => {
        impl<$($before,)* $entry: Message, $($after),*> Includes<$entry, At<$n>>
            for ($($before,)* $entry, $($after,)*) {}
        impl<$($before,)* $entry: Message, $($after),*> Includes<$entry, AsyncAt<$n>>
            for ($($before,)* Async<$entry>, $($after,)*) {}
    };
}

/// Every position of one tuple length, then the next length.
macro_rules! positions {
    ($($before:ident)* ;) => {};
    ($($before:ident : $n:literal)* ; $entry:ident : $m:literal $($after:ident : $k:literal)*) => {
        includes!($m: $($before)* [$entry] $($after)*);
        positions!($($before : $n)* $entry : $m ; $($after : $k)*);
    };
    ($($before:ident : $n:literal)* ;) => {};
}

macro_rules! tuples {
    ($($entry:ident : $n:literal)* ;) => {
        tuples!(@ $($entry : $n)*);
    };
    ($($entry:ident : $n:literal)* ; $next:ident : $m:literal $($rest:ident : $k:literal)*) => {
        tuples!(@ $($entry : $n)*);
        tuples!($($entry : $n)* $next : $m ; $($rest : $k)*);
    };
    (@) => {};
    (@ $($entry:ident : $n:literal)+) => {
        protocol!($($entry)+);
        positions!(; $($entry : $n)+);
    };
}

tuples!(; E0:0 E1:1 E2:2 E3:3 E4:4 E5:5 E6:6 E7:7 E8:8 E9:9 E10:10 E11:11 E12:12 E13:13 E14:14 E15:15);

/// An actor that accepts `M`: what a typed send asks for. `Position` is found by the compiler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not accept `{M}`",
    label = "`{M}` is not in the declared protocol of `{Self}`",
    note = "add `{M}`, or `Async<{M}>`, to `type Protocol` of `{Self}` and implement its handler"
)]
pub trait Accepts<M: Message, Position>: Actor {}

impl<A: Actor, M: Message, Position> Accepts<M, Position> for A where A::Protocol: Includes<M, Position> {}
