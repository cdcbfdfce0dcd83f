//! Types of actors and messages by name, for bases where an actor is made elsewhere than where it is asked for.

use std::any::{TypeId, type_name};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::Birth;
use roscius_protocol::supervision::Restart;
use serde::de::DeserializeOwned;

use crate::actor::Actor;
use crate::declared::Protocol;
use crate::message::{Message, MessageType};
use crate::outcome::Failure;
use crate::props::Props;
use crate::system::ActorSystem;

/// What the processes of a program can make and read: types of actors and messages, by name. All have the same, as they make it in
/// the same way.
///
/// The messages that a registered actor accepts are registered with it. Those that are only sent to endpoints are
/// registered with [`Registry::message`].
#[derive(Clone, Default)]
pub struct Registry {
    actors: BTreeMap<String, Arc<dyn Maker>>,
    names: HashMap<TypeId, String>,
    types: BTreeMap<&'static str, &'static MessageType>,
    /// Names that were given to two types.
    twice: Vec<String>,
}

impl Registry {
    /// With nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets actors of type `A` be made in other processes. `make` is called there, and again for every restart, with the
    /// arguments that were given.
    #[must_use]
    pub fn actor<A: Actor, Args: DeserializeOwned + 'static>(
        self,
        name: impl Into<String>,
        make: impl Fn(Args) -> A + Send + Sync + 'static,
    ) -> Self {
        self.actor_with(name, make, |props| props)
    }

    /// As [`Registry::actor`], and `keep` says how the actor is kept: when it is restarted, how long its mailbox is.
    #[must_use]
    pub fn actor_with<A: Actor, Args: DeserializeOwned + 'static>(
        self,
        name: impl Into<String>,
        make: impl Fn(Args) -> A + Send + Sync + 'static,
        keep: impl Fn(Props<A>) -> Props<A> + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(make);
        self.insert::<A, Args>(name.into(), move |arguments| {
            let make = Arc::clone(&make);
            let instance = move || read::<Args>(&arguments).map(|args| make(args)).map_err(Failure::new);
            Ok(keep(Props::fallible(instance)))
        })
    }

    /// Lets actors of type `A` be made in other processes by [`Props`], which may depend on the arguments: whether the
    /// actor is restarted, how long its mailbox is, what happens when it can not be made. `make` is called once for an actor.
    #[must_use]
    pub fn actor_by<A: Actor, Args: DeserializeOwned + 'static, P: Into<Props<A>>>(
        self,
        name: impl Into<String>,
        make: impl Fn(Args) -> P + Send + Sync + 'static,
    ) -> Self {
        self.insert::<A, Args>(name.into(), move |arguments| Ok(make(read::<Args>(&arguments)?).into()))
    }

    fn insert<A: Actor, Args: DeserializeOwned + 'static>(
        mut self,
        name: String,
        props: impl Fn(Vec<u8>) -> Result<Props<A>, String> + Send + Sync + 'static,
    ) -> Self {
        let maker = MakerOf { props, arguments: PhantomData::<fn(Args) -> A> };
        if self.actors.insert(name.clone(), Arc::new(maker)).is_some() {
            self.twice.push(name.clone());
        }
        self.names.insert(TypeId::of::<A>(), name);
        for kind in A::Protocol::accepted() {
            self.add(kind);
        }
        self
    }

    /// Lets messages of type `M` be read here.
    #[must_use]
    pub fn message<M: Message>(mut self) -> Self {
        self.add(MessageType::of::<M>());
        self
    }

    fn add(&mut self, kind: &'static MessageType) {
        if self.types.insert(kind.name(), kind).is_some_and(|other| other.id() != kind.id()) {
            self.twice.push(kind.name().to_owned());
        }
        // A reply that comes too late is a dead letter, and its handler reads it.
        if let Some(reply) = kind.reply().filter(|reply| reply.is_serialisable()) {
            self.types.entry(reply.public_name().unwrap_or(reply.name())).or_insert(reply);
        }
    }

    /// The first name that stands for two types, if there is one.
    pub fn ambiguous(&self) -> Option<&str> {
        self.twice.first().map(String::as_str)
    }

    /// All types of messages that can be read, by name.
    pub fn types(&self) -> BTreeMap<&'static str, &'static MessageType> {
        let mut types = self.types.clone();
        types.insert(Address::NAME, MessageType::of::<Address>());
        types
    }

    /// The names of all types of actors.
    pub fn makers(&self) -> Vec<String> {
        self.actors.keys().cloned().collect()
    }

    /// The name of a type of actors.
    pub fn name_of<A: Actor>(&self) -> Option<&str> {
        self.names.get(&TypeId::of::<A>()).map(String::as_str)
    }

    /// Whether these are arguments for an actor of this name, in MessagePack. A name that is not known here takes any.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn check(&self, name: &str, arguments: &[u8]) -> Result<(), String> {
        self.actors.get(name).map_or(Ok(()), |maker| maker.check(arguments))
    }

    /// Makes an actor of this name in a system, for a parent elsewhere.
    ///
    /// # Errors
    ///
    /// Why it can not be made: nothing is known by that name, or the arguments are no such.
    pub fn make(&self, system: &ActorSystem, name: &str, cradle: Cradle) -> Result<Made, String> {
        match self.actors.get(name) {
            Some(maker) => maker.make(system, cradle),
            None => Err(format!("this program knows no actor `{name}`")),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("actors", &self.makers()).field("messages", &self.types).finish()
    }
}

/// Makes actors of one type.
trait Maker: Send + Sync {
    /// Whether these are arguments that it takes.
    fn check(&self, arguments: &[u8]) -> Result<(), String>;

    /// Makes an actor for a parent in another process.
    fn make(&self, system: &ActorSystem, cradle: Cradle) -> Result<Made, String>;
}

/// What the parent of a new actor has to know.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// When the actor is restarted.
    pub policy: Restart,
    /// Whether its mailbox has a bound: its address says so.
    pub bounded: bool,
}

/// What an actor begins with.
#[derive(Clone, Debug)]
pub struct Cradle {
    /// Its parent.
    pub parent: Address,
    /// Its number with that.
    pub birth: Birth,
    /// Its global name.
    pub name: Option<String>,
    /// What it is made with, in MessagePack.
    pub arguments: Vec<u8>,
}

struct MakerOf<A, Args, P> {
    props: P,
    arguments: PhantomData<fn(Args) -> A>,
}

impl<A, Args, P> Maker for MakerOf<A, Args, P>
where
    A: Actor,
    Args: DeserializeOwned + 'static,
    P: Fn(Vec<u8>) -> Result<Props<A>, String> + Send + Sync + 'static,
{
    fn check(&self, arguments: &[u8]) -> Result<(), String> {
        read::<Args>(arguments).map(drop)
    }

    fn make(&self, system: &ActorSystem, cradle: Cradle) -> Result<Made, String> {
        let Cradle { parent, birth, name, arguments } = cradle;
        read::<Args>(&arguments)?;
        let mut props = (self.props)(arguments)?;
        if let Some(name) = name {
            props = props.named(name);
        }
        let policy = props.restart_policy();
        let actor = system.spawn_under(parent, birth, props).map_err(|error| error.to_string())?;
        Ok(Made { policy, bounded: actor.address().is_bounded() })
    }
}

fn read<Args: DeserializeOwned>(bytes: &[u8]) -> Result<Args, String> {
    rmp_serde::from_slice(bytes).map_err(|error| format!("the arguments are no `{}`: {error}", type_name::<Args>()))
}
