//! A program's view of a system of processes.

use std::any::type_name;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roscius::codec::CodecError;
use roscius::{Actor, ActorRef, Address, Destination, Message};
use roscius_protocol::address::NodeId;
use roscius_protocol::admin::messages::{Creation, FromAdmin, GlobalName, Status, ToAdmin};
use roscius_protocol::frame::Role;
use roscius_transport::SocketDir;
use serde::Serialize;

use super::error::{AnnounceError, CreateError, ShutdownError, StartError, TellError};
use super::launch::{self, Launched, Task, launch, launch_program};
use super::parts::{Offered, Served};
use super::{Ask, Endpoint, Registry, RustLanguage};
use crate::admin::{Claim, ConventionOptions};
use crate::process::{CREATE_WITHIN, JoinError, Joining, Looks, Process, RequestError, Survey, Waited, random_number};

/// How long an answer of the Admin that asks nobody else may take.
pub(super) const PROMPTLY: Duration = Duration::from_secs(10);
/// How long an executable that is announced may take to say what actors it can make.
const ANNOUNCE_WITHIN: Duration = Duration::from_secs(5);
/// How long a system may take to end: a little more than the Admin allows for it.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(20);
/// How long processes of this program may take to end after their system.
const END_WITHIN: Duration = Duration::from_secs(5);
/// How long what was said may take to leave when the program leaves the system.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);
/// How long a message is held for a receiver that takes nothing.
const HOLD_WITHIN: Duration = Duration::from_secs(300);

/// Who makes actors in Python.
pub(crate) const PYTHON: &str = "python";

/// A running system of processes. Cloning gives another handle; when the last one is dropped, the program leaves the system.
#[derive(Clone)]
pub struct ProcessSystem {
    pub(super) link: Arc<Link>,
    claim: Claim,
    /// The process of the Admin, if this program has started it.
    admin: Option<u32>,
}

/// The program's process of the system.
pub(super) struct Link {
    process: Arc<Process>,
    registry: Registry,
    closed: AtomicBool,
    /// The Admin and the starter, if this program has started them.
    parts: Mutex<Vec<Launched>>,
}

/// How a system of processes is to be.
#[derive(Clone, Debug)]
pub struct Builder {
    claim: Claim,
    registry: Registry,
    base: Option<PathBuf>,
    outlives: bool,
    arguments: Vec<String>,
    convention: ConventionOptions,
}

impl Builder {
    /// Makes the directory of the system under this one, which must be short and private, instead of the usual place.
    #[must_use]
    pub fn directory(mut self, base: impl Into<PathBuf>) -> Self {
        self.base = Some(base.into());
        self
    }

    /// Lets the system go on when this program ends. Else it ends with the program that started it.
    #[must_use]
    pub fn outlives_program(mut self) -> Self {
        self.outlives = true;
        self
    }

    /// What the system is to others. Without this, it leads a convention of its own, which others may join.
    #[must_use]
    pub fn convention(mut self, options: ConventionOptions) -> Self {
        self.convention = options;
        self
    }

    /// With which arguments the program is started again: those that lead it to [`enter`](super::enter), if `main` does not
    /// begin with it.
    #[must_use]
    pub fn arguments<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Starts a system.
    ///
    /// # Errors
    ///
    /// [`StartError`]: [`StartError::Taken`] if there is one already.
    pub fn start(self) -> Result<ProcessSystem, StartError> {
        self.check()?;
        let (base, creator) = (self.base.clone(), (!self.outlives).then(std::process::id));
        let (claim, convention) = (self.claim.clone(), Box::new(self.convention.clone()));
        let task = Task::Admin { system: random_number(), claim, base, creator, convention };
        let part = "Admin";
        let failed = |error: io::Error| StartError::Part { part, reason: error.to_string() };
        let mut admin = launch(&task, &self.arguments).map_err(failed)?;
        let (directory, port) = match admin.answer::<Served>() {
            Ok(Served::Ready { directory, port }) => (directory, port),
            refused => {
                admin.end(END_WITHIN);
                return Err(match refused {
                    Ok(Served::Taken(text)) => StartError::Taken(text),
                    Ok(Served::Failed(reason)) => StartError::Part { part, reason },
                    Ok(Served::Ready { .. }) | Err(_) => StartError::Part {
                        part,
                        reason: "it ended at once: is `roscius_host::rust::enter` the first call in `main`?".to_owned(),
                    },
                });
            }
        };
        let pid = admin.pid();
        let mut parts = vec![admin];
        let joined = start_starter(&directory, &self.arguments).and_then(|starter| {
            parts.push(starter);
            join(&directory, None, Role::External, &self.registry)
        });
        match joined {
            Ok(process) => Ok(ProcessSystem { admin: Some(pid), ..self.system(process, port, parts) }),
            Err(error) => {
                // Without the Admin all others end.
                for part in &mut parts {
                    part.end(Duration::ZERO);
                }
                Err(error)
            }
        }
    }

    /// Attaches to a running system. Its actors are made by the program that started it, or by others that
    /// [attach with actors](Builder::attach_with_actors).
    ///
    /// # Errors
    ///
    /// [`StartError`]: [`StartError::NoSystem`] if there is none.
    pub fn attach(self) -> Result<ProcessSystem, StartError> {
        self.check()?;
        let process = join(&self.find()?, None, Role::External, &self.registry)?;
        Ok(self.system(process, None, Vec::new()))
    }

    /// As [`Builder::attach`], and from now on the system can make the actors of this program too.
    ///
    /// # Errors
    ///
    /// [`StartError`], as [`Builder::attach`].
    pub fn attach_with_actors(self) -> Result<ProcessSystem, StartError> {
        self.check()?;
        let directory = self.find()?;
        let process = join(&directory, None, Role::External, &self.registry)?;
        let starter = start_starter(&directory, &self.arguments)?;
        Ok(self.system(process, None, vec![starter]))
    }

    fn check(&self) -> Result<(), StartError> {
        if launch::part().is_some() {
            return Err(StartError::NotEntered);
        }
        match self.registry.ambiguous() {
            Some(name) => Err(StartError::Ambiguous { name: name.to_owned() }),
            None => Ok(()),
        }
    }

    fn find(&self) -> Result<PathBuf, StartError> {
        let claim = self.claim.alias(None);
        let found = match &self.base {
            Some(base) => SocketDir::resolve_in(base, &claim),
            None => SocketDir::resolve(&claim),
        };
        let found = found.map_err(JoinError::from)?;
        found.map(|directory| directory.path().to_owned()).ok_or(StartError::NoSystem { claim })
    }

    fn system(self, process: Arc<Process>, port: Option<u16>, parts: Vec<Launched>) -> ProcessSystem {
        let Self { mut claim, registry, .. } = self;
        if let (Claim::Tcp(address) | Claim::Udp(address), Some(port)) = (&mut claim, port) {
            address.set_port(port);
        }
        let closed = AtomicBool::new(false);
        ProcessSystem {
            link: Arc::new(Link { process, registry, closed, parts: Mutex::new(parts) }),
            claim,
            admin: None,
        }
    }
}

fn start_starter(directory: &Path, arguments: &[String]) -> Result<Launched, StartError> {
    let task = Task::Starter { directory: directory.to_owned(), arguments: arguments.to_vec() };
    let failed = |reason: String| StartError::Part { part: "starter", reason };
    let mut starter = launch(&task, arguments).map_err(|error| failed(error.to_string()))?;
    let joined: Offered = starter.answer().unwrap_or_else(|error| Err(error.to_string()));
    if let Err(reason) = joined {
        starter.end(Duration::ZERO);
        return Err(failed(reason));
    }
    Ok(starter)
}

/// Starts an executable that calls [`enter`](super::enter) as one more starter of the system with this directory: from then
/// on its actors can be made there, by name. It ends with the system. Returned are the names.
///
/// # Errors
///
/// [`AnnounceError`] if it can not be started, is no such program, or can not join the system.
pub fn announce(directory: &Path, program: &Path, arguments: &[String]) -> Result<Vec<String>, AnnounceError> {
    let task = Task::Starter { directory: directory.to_owned(), arguments: arguments.to_vec() };
    let program_name = || program.display().to_string();
    let ended = "it ended, or said something else";
    let mut starter = launch_program(program, &task, arguments).map_err(|error| match error.kind() {
        // It has not even read what it is to be.
        io::ErrorKind::BrokenPipe => AnnounceError::NoHost { program: program_name(), what: ended },
        _ => AnnounceError::NotStarted { program: program_name(), error },
    })?;
    match starter.answer_within::<Offered>(ANNOUNCE_WITHIN) {
        Ok(Ok(makers)) => Ok(makers),
        Ok(Err(reason)) => {
            starter.end(Duration::ZERO);
            Err(AnnounceError::NotJoined { program: program_name(), reason })
        }
        Err(error) => {
            let is_late = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
            starter.end(Duration::ZERO);
            let what = if is_late { "it said nothing" } else { ended };
            Err(AnnounceError::NoHost { program: program_name(), what })
        }
    }
}

/// Becomes a process of the system that has this directory.
pub(super) fn join(
    directory: &Path,
    node: Option<NodeId>,
    role: Role,
    registry: &Registry,
) -> Result<Arc<Process>, StartError> {
    let joining = Joining { node, role, hold_within: HOLD_WITHIN, answer_within: PROMPTLY };
    Ok(joining.join(directory, Arc::new(RustLanguage::of(registry)))?)
}

/// Arguments as their maker reads them.
pub(super) fn arguments_of(actor: &str, arguments: &impl Serialize) -> Result<Vec<u8>, CreateError> {
    rmp_serde::to_vec_named(arguments)
        .map_err(|error| CreateError::Arguments { actor: actor.to_owned(), reason: error.to_string() })
}

impl ProcessSystem {
    /// A system that is known by this port or name, with the actors of this registry. Call [`Builder::start`] or
    /// [`Builder::attach`].
    pub fn builder(claim: Claim, registry: &Registry) -> Builder {
        Builder {
            claim,
            registry: registry.clone(),
            base: None,
            outlives: false,
            arguments: Vec::new(),
            convention: ConventionOptions::default(),
        }
    }

    /// What the system is known by, with the port that it has.
    pub const fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Creates a top-level actor in a process of its own, with the arguments that it was registered for. It is there when
    /// this returns; its `started` hook may still run.
    ///
    /// # Errors
    ///
    /// [`CreateError`] if it can not be made.
    pub fn spawn<A: Actor>(&self, arguments: impl Serialize) -> Result<ActorRef<A>, CreateError> {
        self.create(None, arguments)
    }

    /// The top-level actor with this global name, which is created if there is none. Of two that are asked for at
    /// the same time only one is made: in this system, or in its convention if it is a [`GlobalName::in_convention`].
    ///
    /// An actor that has the name already is trusted to be an `A`; if it is not, messages come back.
    ///
    /// # Errors
    ///
    /// [`CreateError`] if it can not be made.
    pub fn spawn_named<A: Actor>(
        &self,
        name: impl Into<GlobalName>,
        arguments: impl Serialize,
    ) -> Result<ActorRef<A>, CreateError> {
        self.create(Some(name.into()), arguments)
    }

    fn create<A: Actor>(
        &self,
        name: Option<GlobalName>,
        arguments: impl Serialize,
    ) -> Result<ActorRef<A>, CreateError> {
        let actor = type_name::<A>();
        let wrong = |reason: String| CreateError::Arguments { actor: actor.to_owned(), reason };
        let maker = self.link.registry.name_of::<A>().ok_or(CreateError::NotRegistered { actor })?;
        let spec = arguments_of(actor, &arguments)?;
        self.link.registry.check(maker, &spec).map_err(wrong)?;
        self.create_by(maker, name, spec).map(ActorRef::assume)
    }

    /// Creates a top-level actor by the name that its type is registered under in any program of the system, with the
    /// arguments that it was registered for.
    ///
    /// What it accepts only its program knows: take its address as [`ActorRef::assume`] or
    /// [`Recipient::assume`](roscius::Recipient::assume) say.
    ///
    /// # Errors
    ///
    /// [`CreateError`] if it can not be made.
    pub fn spawn_by_name(&self, name: &str, arguments: impl Serialize) -> Result<Address, CreateError> {
        self.create_by(name, None, arguments_of(name, &arguments)?)
    }

    /// Creates a top-level actor of a class in Python, given as `module.Class`. A program in Python has to be, or have been,
    /// attached to the system.
    ///
    /// # Errors
    ///
    /// [`CreateError`] if it can not be made.
    pub fn spawn_python(&self, class: &str) -> Result<Address, CreateError> {
        self.create_by(PYTHON, None, class.into())
    }

    /// The top-level actor with this global name, which is created from a class in Python if there is none.
    ///
    /// # Errors
    ///
    /// [`CreateError`] if it can not be made.
    pub fn spawn_python_named(&self, name: impl Into<GlobalName>, class: &str) -> Result<Address, CreateError> {
        self.create_by(PYTHON, Some(name.into()), class.into())
    }

    fn create_by(&self, maker: &str, name: Option<GlobalName>, spec: Vec<u8>) -> Result<Address, CreateError> {
        let maker = maker.to_owned();
        let (name, scope) = name.map(|name| (name.text, name.scope)).unzip();
        let scope = scope.unwrap_or_default();
        self.request_actor(Creation {
            maker,
            name,
            scope,
            spec,
            process: None,
            requester: None,
            source: None,
            order: None,
        })
    }

    pub(super) fn request_actor(&self, creation: Creation) -> Result<Address, CreateError> {
        match self.link.request(ToAdmin::Create(creation), CREATE_WITHIN)? {
            FromAdmin::Created { actor } => Ok(actor),
            FromAdmin::Refused(refusal) => Err(CreateError::Refused { kind: refusal.kind, text: refusal.text }),
            _ => Err(RequestError::NoAdmin.into()),
        }
    }

    /// Sends a message. Waits while the receiver takes no more.
    ///
    /// # Errors
    ///
    /// [`TellError`] if it can not leave this process.
    pub fn tell<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Result<(), TellError> {
        self.send(to.destination(), message)
    }

    /// Sends a message to an untyped address.
    ///
    /// # Errors
    ///
    /// [`TellError`] if it can not leave this process.
    pub fn send<M: Message>(&self, to: Address, message: M) -> Result<(), TellError> {
        // It could not come back to anybody.
        if M::codec().is_none() && to.node() != self.link.process.node() {
            return Err(CodecError::LocalOnly { name: M::NAME }.into());
        }
        self.link.process.system().send(to, message)?;
        self.link.relieve()
    }

    /// Sends a message whose answer can be waited for.
    pub fn ask<M: Message, P>(&self, to: impl Destination<M, P>, message: M) -> Ask<M::Reply> {
        let ask = self.link.process.system().ask(to, message);
        self.link.process.flush();
        Ask::new(&self.link, ask)
    }

    /// An address for this program, with its own inbox.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.link)
    }

    /// Asks an actor to exit with all its children.
    pub fn exit(&self, address: impl Into<Address>) {
        self.link.process.system().exit(address);
        self.link.process.flush();
    }

    /// How the system is, as the Admin sees it.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if it does not answer.
    pub fn status(&self) -> Result<Status, RequestError> {
        self.link.open()?.system_status(PROMPTLY)
    }

    /// Who has this global name: the name that it was [created](ProcessSystem::spawn_named) with.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if the Admin does not answer.
    pub fn lookup(&self, name: &str) -> Result<Option<Address>, RequestError> {
        let names = self.status()?.names;
        Ok(names.into_iter().find(|(other, _)| other == name).map(|(_, holder)| holder))
    }

    /// The actor with a global name in the system of a convention with this identity: what is sent there is kept until the handler of that actor has
    /// returned, whether the actor and its system are there or not, and also while systems are started anew. An identity is the name in the certificate
    /// of a system, or else where it is reached: `host:port`.
    ///
    /// It is told and not asked, and trusted to be an `A`; to an actor in Python send by its [address](ActorRef::address). It dies with this
    /// system: ask for it again then.
    ///
    /// # Errors
    ///
    /// [`CreateError::Refused`] if there can be no such system or name.
    pub fn durable<A: Actor>(&self, system: &str, name: &str) -> Result<ActorRef<A>, CreateError> {
        let message = ToAdmin::Durable { system: system.to_owned(), name: name.to_owned() };
        match self.link.request(message, PROMPTLY)? {
            FromAdmin::Created { actor } => Ok(ActorRef::assume(actor)),
            FromAdmin::Refused(refusal) => Err(CreateError::Refused { kind: refusal.kind, text: refusal.text }),
            _ => Err(RequestError::NoAdmin.into()),
        }
    }

    /// How all its actors are: what the Admin knows, and what each process says of itself. Waits at most `within`
    /// for processes that are busy.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if the Admin does not answer.
    pub fn survey(&self, within: Duration) -> Result<Survey, RequestError> {
        let system = self.status()?;
        let processes = Looks::default().look(self.link.open()?, &system.processes, within)?;
        Ok(Survey { system, processes })
    }

    /// Sends one of the latest dead letters again, as from its sender, by its
    /// [number](roscius_protocol::admin::messages::LetterRecord::number): to this actor, or to whom it was for. Says whom to;
    /// None: its message is not kept any more.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if the Admin does not answer.
    pub fn resend(&self, letter: u64, to: Option<Address>) -> Result<Option<Address>, RequestError> {
        match self.link.request(ToAdmin::Resend { letter, to }, PROMPTLY)? {
            FromAdmin::Resent { to } => Ok(to),
            _ => Err(RequestError::NoAdmin),
        }
    }

    /// The process of the Admin, if this program has started the system.
    pub const fn admin_process(&self) -> Option<u32> {
        self.admin
    }

    /// Whether the system has ended, as far as this program knows. It notices when it waits for something.
    pub fn is_over(&self) -> bool {
        self.link.process.is_over()
    }

    /// Shuts the system down for all who are attached. When it returns, no actor and no process of the system is left.
    ///
    /// # Errors
    ///
    /// [`ShutdownError`] if that is not certain.
    pub fn shutdown(&self) -> Result<(), ShutdownError> {
        let done = match self.link.request(ToAdmin::Shutdown, SHUTDOWN_WITHIN) {
            // Somebody else was faster.
            Ok(_) | Err(RequestError::NoAdmin) => Ok(()),
            Err(error) => Err(error.into()),
        };
        // What actors have said last is here by now.
        while self.link.process.turn(Some(Duration::ZERO)).is_ok_and(|waited| waited == Waited::Progress) {}
        self.link.leave();
        let mut parts = std::mem::take(&mut *self.link.parts.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = parts.iter_mut().map(|part| match part.end(END_WITHIN) {
            true => Ok(()),
            false => Err(ShutdownError::Killed { pid: part.pid() }),
        });
        ended.fold(done, Result::and)
    }
}

impl fmt::Debug for ProcessSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessSystem({})", self.link.process.node())
    }
}

impl Link {
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Takes in what came, or waits for something to come. False when nothing will come any more.
    pub fn turn(&self, timeout: Option<Duration>) -> bool {
        if self.closed.load(Ordering::Acquire) {
            return false;
        }
        match self.process.turn(timeout) {
            Ok(_) => true,
            Err(error) => {
                tracing::error!(%error, "the links of the process failed");
                false
            }
        }
    }

    /// Sends what was said, and waits while receivers take no more.
    pub fn relieve(&self) -> Result<(), TellError> {
        Ok(self.process.relieve(HOLD_WITHIN)?)
    }

    pub(super) fn request(&self, message: ToAdmin, within: Duration) -> Result<FromAdmin, RequestError> {
        let process = self.open()?;
        process.request(process.root(), message, within, || Ok(()))
    }

    /// The process, if it is in the system still.
    fn open(&self) -> Result<&Process, RequestError> {
        if self.closed.load(Ordering::Acquire) { Err(RequestError::NoAdmin) } else { Ok(&self.process) }
    }

    fn leave(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.process.leave(LEAVE_WITHIN);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.leave();
        for part in self.parts.get_mut().unwrap_or_else(PoisonError::into_inner) {
            part.reap();
        }
    }
}
