//! What a program does with a simulated system, as it would from outside with a real one.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use roscius::testkit::{Listener, Probe};
use roscius::{
    Actor, ActorRef, ActorSystem, Address, Ask, AskError, Destination, Message, NodeId, Received, StartError,
};
use roscius_protocol::admin::messages::{Creation, GlobalName, Status, ToAdmin};
use roscius_protocol::convention::SystemId;
use serde::Serialize;

use crate::error::{CreateError, TellError};
use crate::network::Host;
use crate::stage::{arguments_of, created, request};
use crate::system::{System, texts};
use crate::world::{SharedWorld, run};

/// How long is waited for an answer unless something else is said.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long a shutdown may take.
const SHUT_DOWN_WITHIN: Duration = Duration::from_secs(15);

/// A system of a [`Simulation`](crate::Simulation), or the host that it runs on: it can be killed and started again.
#[derive(Clone)]
pub struct SimulatedSystem {
    world: SharedWorld,
    host: Host,
}

impl fmt::Debug for SimulatedSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimulatedSystem({})", self.name())
    }
}

impl SimulatedSystem {
    pub(crate) const fn new(world: SharedWorld, host: Host) -> Self {
        Self { world, host }
    }

    pub(crate) const fn host(&self) -> Host {
        self.host
    }

    /// What it is called.
    pub fn name(&self) -> String {
        self.world.borrow().computers[self.host].blueprint.name.clone()
    }

    fn with<R>(&self, read: impl FnOnce(&System) -> R) -> Option<R> {
        self.world.borrow().computers[self.host].running.as_ref().map(read)
    }

    /// Has the program that belongs to the system do something with its actors, and sends what it says.
    fn in_program<R>(&self, act: impl FnOnce(&ActorSystem) -> R) -> Option<R> {
        let mut world = self.world.borrow_mut();
        let now = world.now;
        let system = world.computers[self.host].running.as_mut()?;
        let (local, node) = (system.clock.shows(now), system.program_node());
        let process = world.process(node)?;
        process.set_clock(local);
        let result = act(&process.system);
        world.after(node, true);
        Some(result)
    }

    fn down(&self) -> TellError {
        TellError::Down { system: self.name() }
    }

    /// Creates a top-level actor, here or on another system that has what it needs, with the arguments that it was registered for.
    /// Time passes until it is there.
    ///
    /// # Errors
    ///
    /// [`CreateError`] if it can not be made.
    pub fn spawn<A: Actor>(&self, arguments: impl Serialize) -> Result<ActorRef<A>, CreateError> {
        self.create::<A>(None, &arguments)
    }

    /// The actor with this name in this system, or in the convention if it is a [`GlobalName::in_convention`], which is created if there is
    /// none.
    ///
    /// # Errors
    ///
    /// [`CreateError`] if it can not be made.
    pub fn spawn_named<A: Actor>(
        &self,
        name: impl Into<GlobalName>,
        arguments: impl Serialize,
    ) -> Result<ActorRef<A>, CreateError> {
        self.create::<A>(Some(name.into()), &arguments)
    }

    /// As [`SimulatedSystem::spawn`], by the name that its type is registered under, perhaps elsewhere only.
    ///
    /// # Errors
    ///
    /// [`CreateError`] if it can not be made.
    pub fn spawn_by_name(&self, name: &str, arguments: impl Serialize) -> Result<Address, CreateError> {
        self.create_by(name.to_owned(), None, arguments_of(name, &arguments)?)
    }

    fn create<A: Actor>(
        &self,
        name: Option<GlobalName>,
        arguments: &impl Serialize,
    ) -> Result<ActorRef<A>, CreateError> {
        let actor = std::any::type_name::<A>();
        let maker = {
            let world = self.world.borrow();
            let registry = &world.computers[self.host].blueprint.registry;
            registry.name_of::<A>().ok_or(CreateError::NotRegistered { actor })?.to_owned()
        };
        self.create_by(maker, name, arguments_of(actor, arguments)?).map(ActorRef::assume)
    }

    fn create_by(&self, maker: String, name: Option<GlobalName>, spec: Vec<u8>) -> Result<Address, CreateError> {
        let (name, scope) = name.map(|name| (name.text, name.scope)).unzip();
        let scope = scope.unwrap_or_default();
        let node = self.with(System::program_node).ok_or(CreateError::NoAnswer)?;
        let creation = Creation { maker, name, scope, spec, process: None, requester: None, source: None, order: None };
        request(&self.world, node, &ToAdmin::Create(creation)).and_then(created)
    }

    /// Sends a message. Nothing is done before time passes.
    ///
    /// # Errors
    ///
    /// [`TellError`] if it can not leave.
    pub fn tell<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Result<(), TellError> {
        self.send(to.destination(), message)
    }

    /// Sends a message to an untyped address.
    ///
    /// # Errors
    ///
    /// [`TellError`] if it can not leave.
    pub fn send<M: Message>(&self, to: Address, message: M) -> Result<(), TellError> {
        Ok(self.in_program(|actors| actors.send(to, message)).ok_or_else(|| self.down())??)
    }

    /// Sends a message whose answer can be waited for.
    pub fn ask<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Asked<M::Reply> {
        let program = self.with(System::program_node);
        Asked { world: self.world.clone(), program, ask: self.in_program(|actors| actors.ask(to, message)) }
    }

    /// Asks an actor to exit with all its children.
    pub fn exit(&self, address: impl Into<Address>) {
        let _ = self.in_program(|actors| actors.exit(address));
    }

    /// An address for the test, with an inbox.
    ///
    /// # Errors
    ///
    /// [`TellError::Down`] if the system does not run.
    pub fn endpoint(&self) -> Result<Endpoint, TellError> {
        let endpoint = self.in_program(ActorSystem::endpoint).ok_or_else(|| self.down())?;
        Ok(Endpoint { system: self.clone(), endpoint })
    }

    /// A probe that listens here. It waits in virtual time.
    ///
    /// # Errors
    ///
    /// [`TellError::Down`] if the system does not run.
    pub fn probe(&self) -> Result<Probe<Endpoint>, TellError> {
        self.endpoint().map(Probe::of)
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.with(|_| ()).is_some()
    }

    /// Whether a process for this actor is there, on whatever system. Of a child that shares one: whether that is.
    pub fn is_alive(&self, address: impl Into<Address>) -> bool {
        let address = address.into();
        let mut world = self.world.borrow_mut();
        world.process(address.node()).is_some_and(|process| process.system.is_alive(address))
    }

    /// The members that the system knows, by name, as they are called who run.
    pub fn members(&self) -> Vec<String> {
        let members = self.with(|system| system.admin.convention().members().map(|it| it.system).collect::<Vec<_>>());
        members.unwrap_or_default().into_iter().map(|system| self.name_of(system)).collect()
    }

    /// Who leads the convention of this system, as far as it knows.
    pub fn leader(&self) -> Option<String> {
        let leader = self.with(|system| {
            let convention = system.admin.convention();
            if convention.is_leader() { Some(system.id) } else { convention.leader() }
        });
        leader.flatten().map(|system| self.name_of(system))
    }

    fn name_of(&self, system: SystemId) -> String {
        let world = self.world.borrow();
        let here = |running: &System| running.id == system;
        let computer = world.computers.iter().find(|computer| computer.running.as_ref().is_some_and(here));
        computer.map_or_else(|| format!("a system that is gone ({system})"), |it| it.blueprint.name.clone())
    }

    /// What it can do.
    pub fn capabilities(&self) -> BTreeMap<String, String> {
        self.with(|system| texts(&system.admin.capability_entries())).unwrap_or_default()
    }

    /// Changes what it can do. `None` takes it away.
    pub fn set_capability(&self, name: &str, value: Option<&str>) {
        let (name, value) = (name.as_bytes().to_vec(), value.map(|value| value.as_bytes().to_vec()));
        self.say(&ToAdmin::SetCapability { name, value });
    }

    /// Invites a system that need not know any leader.
    pub fn invite(&self, other: &Self) {
        let place = {
            let mut world = self.world.borrow_mut();
            let place = world.computers[other.host].blueprint.place.to_string();
            world.computers[self.host].invited.push(other.host);
            place
        };
        self.say(&ToAdmin::Invite { place, capabilities: Vec::new() });
    }

    fn say(&self, message: &ToAdmin) {
        let Some(node) = self.with(System::program_node) else { return };
        let mut world = self.world.borrow_mut();
        if let Some(process) = world.process(node) {
            let frame = process.say_to_admin(process.root(), 0, message);
            world.say_as(node, frame);
        }
    }

    /// How it is, as its Admin sees it. `None`: it does not run.
    pub fn status(&self) -> Option<Status> {
        let world = self.world.borrow();
        let system = world.computers[self.host].running.as_ref()?;
        Some(system.admin.status(system.clock.shows(world.now)))
    }

    /// Kills it: nothing of it runs any more, and nobody is told but by the ends of its links.
    pub fn crash(&self) {
        self.world.borrow_mut().kill(self.host);
    }

    /// Starts it again, with nothing of what was on it. It is known by its name, and its addresses are others.
    ///
    /// # Errors
    ///
    /// [`StartError`] if it can not.
    pub fn restart(&self) -> Result<(), StartError> {
        self.world.borrow_mut().start(self.host)
    }

    /// Shuts it down: its actors exit, it leaves the convention, and ends. Whether it has within 15 s.
    pub fn shutdown(&self) -> bool {
        self.say(&ToAdmin::Shutdown);
        let until = self.world.borrow().now.plus(SHUT_DOWN_WITHIN);
        run(&self.world, until, || !self.is_running())
    }

    /// Has it stand still: nothing of it goes on, and what comes waits.
    pub fn freeze(&self, duration: Duration) {
        self.world.borrow_mut().freeze(self.host, duration);
    }

    /// Has it stand still again and again, for up to a tenth of a second, or not any more.
    pub fn set_slow(&self, slow: bool) {
        self.world.borrow_mut().computers[self.host].is_slow = slow;
    }
}

/// An ask under way.
#[must_use = "wait for the answer, or use `tell`"]
pub struct Asked<R> {
    world: SharedWorld,
    program: Option<NodeId>,
    ask: Option<Ask<R>>,
}

impl<R: Send + 'static> Asked<R> {
    /// The answer, if it is there or there will be none. Does not let time pass.
    pub fn answer(&mut self) -> Option<Result<R, AskError>> {
        let Some(ask) = &mut self.ask else { return Some(Err(AskError::ShutDown)) };
        if let Poll::Ready(answer) = Pin::new(ask).poll(&mut Context::from_waker(Waker::noop())) {
            return Some(answer);
        }
        // Who has asked is gone.
        let gone = self.program.is_none_or(|node| self.world.borrow_mut().process(node).is_none());
        gone.then_some(Err(AskError::ShutDown))
    }

    /// Lets time pass until there is an answer, at most a minute.
    ///
    /// # Errors
    ///
    /// [`AskError`] if there is none.
    pub fn wait(self) -> Result<R, AskError> {
        self.wait_for(ANSWER_WITHIN)
    }

    /// Lets time pass until there is an answer, at most so long.
    ///
    /// # Errors
    ///
    /// [`AskError`] if there is none.
    pub fn wait_for(mut self, limit: Duration) -> Result<R, AskError> {
        let world = self.world.clone();
        let until = world.borrow().now.plus(limit);
        let mut answer = None;
        run(&world, until, || {
            answer = self.answer();
            answer.is_some()
        });
        answer.unwrap_or(Err(AskError::TimedOut))
    }
}

/// An address for a test, with an inbox.
pub struct Endpoint {
    system: SimulatedSystem,
    endpoint: roscius::Endpoint,
}

impl Endpoint {
    /// The next thing that has arrived. Does not let time pass.
    pub fn take_arrival(&self) -> Option<Received> {
        self.endpoint.take_arrival()
    }

    /// Asks to be told once when an actor ends.
    pub fn watch(&self, address: impl Into<Address>) {
        let _ = self.system.in_program(|_| self.endpoint.watch(address));
    }
}

impl Listener for Endpoint {
    type Error = TellError;

    fn address(&self) -> Address {
        self.endpoint.address()
    }

    fn send<M: Message>(&self, to: Address, message: M) -> Result<(), TellError> {
        Ok(self.system.in_program(|_| self.endpoint.send(to, message)).ok_or_else(|| self.system.down())??)
    }

    fn listen(&self, timeout: Duration) -> Option<Received> {
        let until = self.system.world.borrow().now.plus(timeout);
        let mut received = None;
        run(&self.system.world, until, || {
            received = self.take_arrival();
            received.is_some()
        });
        received
    }
}
