//! A system of some base: what a promise does from outside is the same for all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use roscius::status::{Status, most_frequent_first};
use roscius::testkit::Listener;
use roscius::{
    ActorRef, ActorSystem, Address, AskError, DeadLetterRecord, Destination, Message, Received, SendError, SpawnError,
};
use roscius_host::process::{RequestError, Survey};
use roscius_host::rust::{self, CreateError, ProcessSystem, TellError};
use roscius_protocol::admin::messages::LetterRecord;

use crate::parts::{Part, Play};

/// See the [module](self). What only a system of one process can do is reached through it as the [`ActorSystem`] that it then
/// is.
#[derive(Clone)]
pub enum System {
    One(ActorSystem),
    Processes(Arc<Company>),
}

/// A system of processes, with the directory that it lives in.
pub struct Company {
    // It ends before its directory goes.
    system: ProcessSystem,
    base: PathBuf,
}

impl Company {
    fn create<R: Play>(&self, mut part: Part<R>) -> Result<ActorRef<R::Actor>, CreateError> {
        match part.take_name() {
            Some(name) => self.system.spawn_named(name, part),
            None => self.system.spawn(part),
        }
    }

    /// What its processes say, as if it were one. What ended processes counted is not in it.
    fn status(&self) -> Status {
        let survey = match self.system.survey(Duration::from_secs(5)) {
            Ok(survey) => survey,
            // Nothing is left of it.
            Err(RequestError::NoAdmin) => Survey { system: Default::default(), processes: Vec::new() },
            Err(error) => panic!("{error}"),
        };
        let actors: Vec<_> = survey.actors().cloned().collect();
        let said = || survey.processes.iter().filter_map(|(_, status)| status.as_ref());
        let mut types: BTreeMap<_, u64> = BTreeMap::new();
        for message in said().flat_map(|status| &status.messages) {
            *types.entry(message.name.clone()).or_default() += message.handled;
        }
        let sum = |count: fn(&Status) -> u64| said().map(count).sum();
        Status {
            base: "processes".into(),
            cores: survey.processes.len(),
            uptime: said().map(|status| status.uptime).max().unwrap_or_default(),
            handled: actors.iter().map(|actor| actor.handled).sum(),
            messages: most_frequent_first(types.into_iter()),
            actors,
            names: survey.system.names.clone(),
            failures: sum(|status| status.failures),
            restarts: sum(|status| status.restarts),
            returned: sum(|status| status.returned),
            dead_letters: survey.system.dead_letters,
            latest_dead_letters: survey.system.latest_dead_letters.iter().cloned().map(record).collect(),
            pending_timers: said().map(|status| status.pending_timers).sum(),
            endpoints: 0,
        }
    }
}

fn record(letter: LetterRecord) -> DeadLetterRecord {
    let LetterRecord { message, sender, target, reason, number: _ } = letter;
    DeadLetterRecord { message: message.into(), sender, target, reason: reason.into() }
}

impl Drop for Company {
    fn drop(&mut self) {
        let ended = self.system.shutdown();
        let removed = std::fs::remove_dir_all(&self.base);
        if !std::thread::panicking() {
            ended.unwrap();
            removed.unwrap();
        }
    }
}

impl Deref for System {
    type Target = ActorSystem;

    fn deref(&self) -> &ActorSystem {
        match self {
            Self::One(system) => system,
            Self::Processes(_) => panic!("this is promised of systems in one process"),
        }
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(system) => system.fmt(f),
            Self::Processes(company) => company.system.fmt(f),
        }
    }
}

impl System {
    /// A system of processes that is found by this claim, with all actors of this suite.
    pub fn of_processes(claim: roscius_host::admin::Claim) -> Self {
        let base = std::env::temp_dir().join(format!("rc{:x}", fresh_number()));
        std::fs::create_dir(&base).unwrap();
        std::fs::set_permissions(&base, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let registry = crate::bases::registry();
        let builder = ProcessSystem::builder(claim, &registry).directory(&base).arguments(crate::bases::ARGUMENTS);
        Self::Processes(Arc::new(Company { system: builder.start().unwrap(), base }))
    }

    /// Creates an actor that can be made in any process.
    pub fn cast<R: Play>(&self, part: impl Into<Part<R>>) -> Result<ActorRef<R::Actor>, SpawnError> {
        let part = part.into();
        match self {
            Self::One(system) => system.spawn(part),
            Self::Processes(company) => match company.create(part) {
                Ok(actor) => Ok(actor),
                Err(CreateError::Admin(_)) => Err(SpawnError::ShutDown),
                Err(other) => panic!("{other}"),
            },
        }
    }

    pub fn tell<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Result<(), SendError> {
        self.send(to.destination(), message)
    }

    pub fn send<M: Message>(&self, to: Address, message: M) -> Result<(), SendError> {
        match self {
            Self::One(system) => system.send(to, message),
            Self::Processes(company) => sent(company.system.send(to, message)),
        }
    }

    pub fn ask<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Ask<M::Reply> {
        match self {
            Self::One(system) => Ask::One(system.ask(to, message)),
            Self::Processes(company) => Ask::Processes(company.system.ask(to, message)),
        }
    }

    pub fn endpoint(&self) -> Endpoint {
        match self {
            Self::One(system) => Endpoint::One(system.endpoint()),
            Self::Processes(company) => Endpoint::Processes(company.system.endpoint()),
        }
    }

    pub fn exit(&self, address: impl Into<Address>) {
        match self {
            Self::One(system) => system.exit(address),
            Self::Processes(company) => company.system.exit(address),
        }
    }

    pub fn lookup(&self, name: &str) -> Option<Address> {
        match self {
            Self::One(system) => system.lookup(name),
            Self::Processes(company) => match company.system.lookup(name) {
                Err(RequestError::NoAdmin) => None,
                found => found.unwrap(),
            },
        }
    }

    pub fn status(&self) -> Status {
        match self {
            Self::One(system) => system.status(),
            Self::Processes(company) => company.status(),
        }
    }

    /// Shuts the system down, and says whether all actors have exited.
    pub fn shut_down(&self) -> bool {
        match self {
            Self::One(system) => system.shutdown().is_complete(),
            Self::Processes(company) => company.system.shutdown().is_ok(),
        }
    }

    /// Waits until a condition holds that no message tells of.
    pub fn wait_until(&self, limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
        match self {
            Self::One(system) => system.wait_until(limit, condition),
            Self::Processes(_) => {
                let until = Instant::now() + limit;
                while !condition() {
                    if Instant::now() >= until {
                        return false;
                    }
                    std::thread::yield_now();
                }
                true
            }
        }
    }

    /// Waits for the end of an actor.
    pub fn wait_for_end(&self, limit: Duration, address: Address) -> bool {
        match self {
            Self::One(system) => system.wait_until(limit, || !system.is_alive(address)),
            Self::Processes(company) => {
                let endpoint = company.system.endpoint();
                endpoint.watch(address);
                matches!(endpoint.listen(limit), Some(Received::Terminated(end)) if end.address == address)
            }
        }
    }

    pub fn is_of_processes(&self) -> bool {
        matches!(self, Self::Processes(_))
    }
}

/// A number that nothing else in this test has.
pub fn fresh_number() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.finish() >> 16
}

fn sent(result: Result<(), TellError>) -> Result<(), SendError> {
    match result {
        Ok(()) => Ok(()),
        Err(TellError::Send(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

/// An address of the test, in a system of some base.
pub enum Endpoint {
    One(roscius::Endpoint),
    Processes(rust::Endpoint),
}

impl Endpoint {
    pub fn address(&self) -> Address {
        match self {
            Self::One(endpoint) => endpoint.address(),
            Self::Processes(endpoint) => endpoint.address(),
        }
    }

    pub fn tell<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Result<(), SendError> {
        self.send(to.destination(), message)
    }

    pub fn send<M: Message>(&self, to: Address, message: M) -> Result<(), SendError> {
        match self {
            Self::One(endpoint) => endpoint.send(to, message),
            Self::Processes(endpoint) => sent(endpoint.send(to, message)),
        }
    }

    pub fn ask<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Ask<M::Reply> {
        match self {
            Self::One(endpoint) => Ask::One(endpoint.ask(to, message)),
            Self::Processes(endpoint) => Ask::Processes(endpoint.ask(to, message)),
        }
    }

    pub fn listen(&self, timeout: Duration) -> Option<Received> {
        match self {
            Self::One(endpoint) => endpoint.listen(timeout),
            Self::Processes(endpoint) => endpoint.listen(timeout),
        }
    }

    pub fn watch(&self, address: impl Into<Address>) {
        match self {
            Self::One(endpoint) => endpoint.watch(address),
            Self::Processes(endpoint) => endpoint.watch(address),
        }
    }
}

impl Deref for Endpoint {
    type Target = roscius::Endpoint;

    fn deref(&self) -> &roscius::Endpoint {
        match self {
            Self::One(endpoint) => endpoint,
            Self::Processes(_) => panic!("this is promised of systems in one process"),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(endpoint) => endpoint.fmt(f),
            Self::Processes(endpoint) => endpoint.fmt(f),
        }
    }
}

impl Listener for Endpoint {
    type Error = SendError;

    fn address(&self) -> Address {
        Self::address(self)
    }

    fn send<M: Message>(&self, to: Address, message: M) -> Result<(), SendError> {
        Self::send(self, to, message)
    }

    fn listen(&self, timeout: Duration) -> Option<Received> {
        Self::listen(self, timeout)
    }
}

/// An ask of the test under way.
pub enum Ask<R> {
    One(roscius::Ask<R>),
    Processes(rust::Ask<R>),
}

impl<R: Send + 'static> Ask<R> {
    pub fn wait(self) -> Result<R, AskError> {
        match self {
            Self::One(ask) => ask.wait(),
            Self::Processes(ask) => ask.wait(),
        }
    }

    pub fn wait_timeout(self, limit: Duration) -> Result<R, AskError> {
        match self {
            Self::One(ask) => ask.wait_timeout(limit),
            Self::Processes(ask) => ask.wait_timeout(limit),
        }
    }

    pub fn timeout(self, limit: Duration) -> Self {
        match self {
            Self::One(ask) => Self::One(ask.timeout(limit)),
            Self::Processes(ask) => Self::Processes(ask.timeout(limit)),
        }
    }
}

/// As a program in a system of processes drives its links itself, it waits for no future.
impl<R: Send + 'static> Future for Ask<R> {
    type Output = Result<R, AskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::One(ask) => Pin::new(ask).poll(cx),
            Self::Processes(_) => panic!("this is promised of systems in one process"),
        }
    }
}
