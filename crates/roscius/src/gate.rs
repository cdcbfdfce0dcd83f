//! The way out of a system of one process, to actors of other nodes, and the way in.
//!
//! A program needs this only to connect systems by a transport of its own. The system gives its [`Gate`] whatever is
//! for an address of another node; what comes from there is taken in by [`ActorSystem::arrive`].

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::RefusalKind;
use roscius_protocol::lifecycle::{Birth, ExitReason, Lifecycle, Phase, Signal};
use roscius_protocol::supervision::{FailureKind, FailureReport, Restart};
use serde::Serialize;

use crate::actor::{Actor, Poison};
use crate::address::ActorRef;
use crate::ask::{Answer, AskError, ReplyTo, late_reply};
use crate::context::Context as ActorContext;
use crate::context_handle::{ContextHandle, NotHandling};
use crate::dead_letters::DeadLetter;
use crate::engine::envelope::{Envelope, Notice, Parcel};
use crate::engine::shared::Shared;
use crate::engine::stage::Stage;
use crate::message::{MessageType, Payload};
use crate::props::{Props, SpawnError};
use crate::system::ActorSystem;

/// Carries what is for other nodes.
pub trait Gate: Send + Sync {
    /// Takes over what leaves. It is called in the order of sending, perhaps while the system is locked, so it must not use the
    /// system. True when so much waits that the actor that is played is to take no further message for now.
    fn carry(&self, crossing: Crossing) -> bool;

    /// An actor becomes the handler of dead letters, or ceases to be. True if the gate sees to it: then all dead letters of
    /// this system leave by the gate. Called as [`Gate::carry`].
    fn handle_dead_letters(&self, actor: Address, start: bool) -> bool {
        let _ = (actor, start);
        false
    }

    /// The number of a node that nobody has, for an actor that is to have one of its own. `None`: there are no other nodes.
    fn free_node(&self) -> Option<NodeId> {
        None
    }

    /// Has an actor made by its name, and waits until it is there. Called in the thread of its parent, in the middle of a handler.
    ///
    /// # Errors
    ///
    /// [`NotMade`] if it can not be.
    fn have_made(&self, wanted: Wanted) -> Result<Address, NotMade> {
        drop(wanted);
        Err(NotMade::NoOthers)
    }
}

/// An actor that another has asked for by its name, as its child.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What its type is registered as.
    pub name: String,
    /// What it is made with, in MessagePack.
    pub arguments: Vec<u8>,
    /// The node that it is to have, if it is made in this system.
    pub node: NodeId,
    /// Who wants it.
    pub parent: Address,
    /// Its number with that.
    pub birth: Birth,
}

/// Why an actor was not made by its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// The system of the parent is one of one process.
    #[error("only an actor in a system of several processes can have one made by its name")]
    NoOthers,
    /// The arguments have no form in MessagePack.
    #[error("an actor `{actor}` can not be made: {reason}")]
    Arguments {
        /// The name.
        actor: String,
        /// What is wrong with them.
        reason: String,
    },
    /// The parent may have no child now.
    #[error(transparent)]
    Parent(#[from] SpawnError),
    /// The system refused.
    #[error("the actor was not made: {text}")]
    Refused {
        /// The kind of reason.
        kind: RefusalKind,
        /// The reason, for people.
        text: String,
    },
    /// The Admin did not answer.
    #[error("the actor was not made: {0}")]
    NoAnswer(String),
}

/// What goes from one node to another.
#[derive(Debug)]
pub enum Crossing {
    /// A message.
    Message {
        /// Whom it is for.
        to: Address,
        /// Who sent it.
        from: Address,
        /// What it says.
        message: Payload,
        /// The right to answer, when an answer is waited for.
        asker: Option<Asker>,
    },
    /// News of a life.
    Signal {
        /// Whom it is for.
        to: Address,
        /// What it says.
        signal: Signal,
    },
    /// A message goes back to who sent it.
    Returned {
        /// Who sent it.
        to: Address,
        /// The message and what was wrong.
        poison: Poison,
    },
    /// A message for which there is nobody here, and no handler of dead letters either.
    DeadLetter {
        /// On its way in, whom it is for: the handler. On its way out, the handler that has ended before it was told, or nobody.
        to: Address,
        /// The message and its addresses.
        letter: DeadLetter,
    },
    /// An actor was left behind by its parent. Whoever is above the system adopts it.
    Orphan {
        /// The actor.
        child: Address,
        /// How it is to be restarted.
        policy: Restart,
    },
}

/// Waits for an answer in the system that a message has left. Dropping it tells so that there will be none.
#[derive(Debug)]
#[must_use = "somebody waits for the answer"]
pub struct Asker {
    reply: ReplyTo,
    /// What the answer is to be.
    kind: Option<&'static MessageType>,
    asked: Address,
    asker: Address,
    shared: Weak<Shared>,
}

impl Asker {
    /// Answers. An answer that comes too late is a dead letter.
    pub fn answer(self, answer: Result<Payload, AskError>) {
        let Self { reply, asked, asker, shared, .. } = self;
        if let Err(late) = reply.answer(answer)
            && let Some(letter) = late_reply(late, asked, asker)
            && let Some(shared) = shared.upgrade()
        {
            shared.file(letter);
        }
    }

    /// Answers with a reply in MessagePack. If it is none, the asker is told so.
    pub fn answer_encoded(self, reply: &[u8]) {
        let answer = match self.kind {
            Some(kind) => Payload::decode(kind, reply).map_err(AskError::from),
            None => Err(AskError::Abandoned),
        };
        self.answer(answer);
    }
}

/// The answer to a message that came from another node, when it is there.
#[derive(Debug)]
pub struct Awaited(oneshot::AsyncReceiver<Answer>);

impl Future for Awaited {
    type Output = Result<Payload, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(AskError::Abandoned)))
    }
}

impl Shared {
    /// Hands what is for another node to the gate. Gives it back when there is none, or it can not leave.
    pub(crate) fn depart(&self, parcel: Parcel) -> Result<(), Parcel> {
        let Some(gate) = &self.gate else { return Err(parcel) };
        let crossing = match parcel {
            Parcel::Message(to, Envelope { sender, reply, message }) => {
                let kind = message.kind().reply();
                let shared = || self.endpoints.shared();
                let asker =
                    reply.is_wanted().then(|| Asker { reply, kind, asked: to, asker: sender, shared: shared() });
                Crossing::Message { to, from: sender, message, asker }
            }
            Parcel::Notice(to, Notice::Life(signal)) => Crossing::Signal { to, signal },
            Parcel::Notice(to, Notice::Poison(poison)) => Crossing::Returned { to, poison: *poison },
            parcel @ Parcel::Notice(..) => return Err(parcel),
        };
        if gate.carry(crossing) {
            self.count_tick();
        }
        Ok(())
    }
}

impl ActorSystem {
    /// Takes in what came from another node. What is for nobody here is dealt with as everywhere: as a dead letter, or
    /// with an answer to who sent it.
    pub fn arrive(&self, crossing: Crossing) {
        self.arrive_all([crossing]);
    }

    /// As [`ActorSystem::arrive`], for many at once, in their order.
    pub fn arrive_all(&self, crossings: impl IntoIterator<Item = Crossing>) {
        let mut crossings = crossings.into_iter();
        // There may be no room in a mailbox with a bound, so what is for one is admitted by itself, in its place.
        let mut bounded = None;
        loop {
            let unbounded = crossings.by_ref().map_while(|crossing| match self.parcel(crossing) {
                Parcel::Message(to, envelope) if to.is_bounded() => {
                    bounded = Some((to, envelope));
                    None
                }
                parcel => Some(parcel),
            });
            self.shared().post_all(unbounded);
            let Some((to, envelope)) = bounded.take() else { return };
            self.shared().admit(to, envelope);
        }
    }

    fn parcel(&self, crossing: Crossing) -> Parcel {
        match crossing {
            Crossing::Message { to, from, message, asker } => {
                let reply = asker.map(|asker| asker.reply).unwrap_or_default();
                Parcel::Message(to, Envelope { sender: from, reply, message })
            }
            Crossing::Signal { to, signal } => Parcel::Notice(to, Notice::Life(signal)),
            Crossing::Returned { to, poison } => Parcel::Notice(to, Notice::Poison(Box::new(poison))),
            Crossing::DeadLetter { to, letter } => Parcel::Notice(to, Notice::DeadLetter(Box::new(letter))),
            Crossing::Orphan { child, policy } => Parcel::Notice(self.shared().root, Notice::Adopt(child, policy)),
        }
    }

    /// Takes in a message from another node whose sender waits for an answer.
    pub fn arrive_asking(&self, to: Address, from: Address, message: Payload) -> Awaited {
        let (answer, receiver) = oneshot::channel();
        let reply = ReplyTo::new(answer);
        self.shared().admit(to, Envelope { sender: from, reply, message });
        Awaited(receiver.into_future())
    }

    /// Creates an actor for a parent on another node, which has given it this number.
    ///
    /// # Errors
    ///
    /// [`SpawnError`], as [`ActorSystem::spawn`].
    pub fn spawn_under<A: Actor>(
        &self,
        parent: Address,
        birth: Birth,
        props: impl Into<Props<A>>,
    ) -> Result<ActorRef<A>, SpawnError> {
        let shared = self.shared();
        let spawn = props.into().into_spawn();
        let life = Lifecycle::new(parent, birth, spawn.policy);
        let core = shared.next_core();
        let address = shared.settle(core, life, spawn, false)?;
        shared.cores[core as usize].wake();
        Ok(ActorRef::assume(address))
    }

    /// Whether an actor here has failed, or is being restarted, and takes no message meanwhile. Not known of one that is played just
    /// now: it has not.
    pub fn is_suspended(&self, actor: Address) -> bool {
        let Some(core) = self.shared().core_of(actor) else { return false };
        let mut state = crate::engine::lock(&core.state);
        let phase = state.slot(actor).map(|slot| slot.resident.life.phase());
        matches!(phase, Some(Phase::Suspended | Phase::Restarting))
    }

    /// How many actors live here.
    pub fn living(&self) -> usize {
        let cores = self.shared().cores.iter();
        let all: usize = cores.map(|core| crate::engine::lock(&core.state).living).sum();
        // The root is no actor to others.
        all.saturating_sub(1)
    }
}

impl<A: Actor> ActorContext<'_, A> {
    /// Notes an actor of another node as a child. What is returned is its number, which it has to know.
    ///
    /// # Errors
    ///
    /// [`SpawnError::Exiting`] when the actor may have no more children.
    pub fn adopt(&mut self, child: Address, policy: Restart) -> Result<Birth, SpawnError> {
        self.on_stage(|stage| adopt(stage, child, policy))
    }

    /// As [`ActorContext::spawn_by_name`], with arguments that are in the form that their maker reads.
    ///
    /// # Errors
    ///
    /// [`NotMade`], as there.
    pub fn have_made(&mut self, name: &str, arguments: Vec<u8>) -> Result<Address, NotMade> {
        let (shared, parent) = self.on_stage(|stage| (Arc::clone(&stage.shared), stage.me));
        let gate = shared.gate.as_ref().ok_or(NotMade::NoOthers)?;
        let node = gate.free_node().ok_or(NotMade::NoOthers)?;
        // Its only actor is the first after the root.
        let child = Address::new(node, 0, 1, 0);
        let birth = self.adopt(child, Restart::Temporary)?;
        let made = gate.have_made(Wanted { name: name.to_owned(), arguments, node, parent, birth });
        match &made {
            // It may be elsewhere, or have a bound, which its address says.
            Ok(actor) => self.readdress(birth, *actor),
            Err(error) => {
                let reason = ExitReason::Failed(FailureReport::new(FailureKind::Creation, error.to_string()));
                let signal = Signal::ChildEnded { birth, child, reason };
                shared.post(Parcel::Notice(parent, Notice::Life(signal)));
            }
        }
        made
    }

    /// Creates a child by the name that its type is registered under in any program of the system, or of another that has what it
    /// needs. It has a process of its own, and is there when this returns; other processes get on meanwhile.
    ///
    /// # Errors
    ///
    /// [`NotMade`] if it can not be made. The parent is then told of the exit of a child that never was, too.
    pub fn spawn_by_name(&mut self, name: &str, arguments: impl Serialize) -> Result<Address, NotMade> {
        let arguments = rmp_serde::to_vec_named(&arguments)
            .map_err(|error| NotMade::Arguments { actor: name.to_owned(), reason: error.to_string() })?;
        self.have_made(name, arguments)
    }

    /// The child with this number has another address than was known when it was adopted.
    pub fn readdress(&mut self, child: Birth, address: Address) {
        self.on_stage(|stage| stage.life.set_child_address(child, address));
    }
}

fn adopt(stage: &mut Stage, child: Address, policy: Restart) -> Result<Birth, SpawnError> {
    if stage.life.may_have_children() { Ok(stage.life.add_child(child, policy)) } else { Err(SpawnError::Exiting) }
}

impl ContextHandle {
    /// Notes an actor of another node as a child. What is returned is its number, which it has to know; with a detached
    /// handle [`Birth::unknown`], since the actor is told of the child later, and tells it the number then.
    ///
    /// # Errors
    ///
    /// [`NotHandling`] outside of a handler; [`SpawnError::Exiting`] when the actor may have no more children.
    pub fn adopt(&self, child: Address, policy: Restart) -> Result<Result<Birth, SpawnError>, NotHandling> {
        if self.is_detached() {
            self.shared().post(Parcel::Notice(self.me(), Notice::Adopt(child, policy)));
            return Ok(Ok(Birth::unknown()));
        }
        self.on_stage(|stage| adopt(stage, child, policy))
    }

    /// The child with this number has another address than was known when it was adopted.
    ///
    /// # Errors
    ///
    /// [`NotHandling`] outside of a handler.
    pub fn readdress(&self, child: Birth, address: Address) -> Result<(), NotHandling> {
        self.on_stage(|stage| stage.life.set_child_address(child, address))
    }
}

/// A gate that a system shares.
pub(crate) type SharedGate = Arc<dyn Gate>;
