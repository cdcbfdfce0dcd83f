//! One process of a system of several, as the Python packages see it.

use std::io;
use std::os::fd::{IntoRawFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError, PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use roscius::{Address, Birth, NodeId, Restart};
use roscius_host::process::{ChildProcess, Options, Process as Host, Remake, RequestError};
use roscius_protocol::admin::messages::{
    Creation, Entry, FromAdmin, GlobalName, Refusal, RefusalKind, Requester, Scope, Status, ToAdmin,
};
use roscius_protocol::frame::Role;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::actor::PyActor;
use crate::address::{ActorAddress, Place};
use crate::answers::Answers;
use crate::convention::Convention;
use crate::endpoint::Endpoint;
use crate::language::PyLanguage;
use crate::listening::{Listening, random_number};
use crate::member::Member;
use crate::message::{Content, PyMessage};
use crate::packing;
use crate::sources::Sources;
use crate::supervision::{Plan, Policy};
use crate::system::Inner;

create_exception!(roscius._core, Refused, PyException, "An actor could not be made. Arguments: kind, text.");

/// How long an answer of the Admin that asks nobody else may take.
const PROMPTLY: Duration = Duration::from_secs(10);

/// The address of the only actor of a process.
pub(crate) fn actor_of(node: NodeId) -> Address {
    Address::new(node, 0, 1, 0)
}

/// One process of a system.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct Process {
    inner: Arc<Inner>,
    host: Arc<Host>,
    language: Arc<PyLanguage>,
    /// `run` is to come back.
    is_interrupted: AtomicBool,
}

impl Process {
    fn me(&self) -> Address {
        actor_of(self.host.node())
    }

    fn ask_admin(&self, py: Python<'_>, from: Address, message: ToAdmin, within: Duration) -> PyResult<FromAdmin> {
        ask_admin(py, &self.host, from, message, within)
    }
}

/// Asks the Admin and waits for its answer.
pub(crate) fn ask_admin(
    py: Python<'_>,
    host: &Host,
    from: Address,
    message: ToAdmin,
    within: Duration,
) -> PyResult<FromAdmin> {
    let answer = host.request(from, message, within, || py.check_signals().map_err(Failed::Python));
    answer.map_err(|failed| match failed {
        Failed::Python(error) => error,
        Failed::Request(RequestError::Late { within }) => {
            PyTimeoutError::new_err(format!("the Admin did not answer within {within:?}"))
        }
        Failed::Request(error) => PyOSError::new_err(error.to_string()),
    })
}

/// How the system is, by the names that the messages of Thespian have for it.
pub(crate) fn system_status<'py>(py: Python<'py>, host: &Host, from: Address) -> PyResult<Bound<'py, PyDict>> {
    match ask_admin(py, host, from, ToAdmin::Status, PROMPTLY)? {
        FromAdmin::Status(status) => status_dict(py, *status),
        other => Err(unexpected(&other)),
    }
}

/// Why the Admin was asked in vain.
enum Failed {
    Request(RequestError),
    Python(PyErr),
}

impl From<RequestError> for Failed {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

pub(crate) fn unexpected(answer: &FromAdmin) -> PyErr {
    PyRuntimeError::new_err(format!("not the answer that was asked for: {answer:?}"))
}

pub(crate) fn entries<'py>(py: Python<'py>, entries: Vec<Entry>) -> PyResult<Bound<'py, PyDict>> {
    let loads = py.import("pickle")?.getattr("loads")?;
    let dict = PyDict::new(py);
    for (name, value) in entries {
        dict.set_item(loads.call1((PyBytes::new(py, &name),))?, loads.call1((PyBytes::new(py, &value),))?)?;
    }
    Ok(dict)
}

const KINDS: [(RefusalKind, &str); 9] = [
    (RefusalKind::NoMaker, "no-maker"),
    (RefusalKind::ShuttingDown, "shutting-down"),
    (RefusalKind::NoCompatibleSystem, "no-compatible-system"),
    (RefusalKind::InvalidSourceHash, "invalid-source-hash"),
    (RefusalKind::InvalidActorClass, "invalid-class"),
    (RefusalKind::Import, "import"),
    (RefusalKind::NoProcess, "no-process"),
    (RefusalKind::NoStarter, "no-starter"),
    (RefusalKind::NoName, "no-name"),
];

/// A global name, as a text; one of the convention says so itself (`roscius.ConventionName`).
struct SharedOrNot(GlobalName);

impl<'py> FromPyObject<'_, 'py> for SharedOrNot {
    type Error = PyErr;

    fn extract(name: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text: String = name.extract()?;
        let shared = match name.getattr_opt("in_convention")? {
            Some(shared) => shared.is_truthy()?,
            None => false,
        };
        Ok(Self(if shared { GlobalName::in_convention(text) } else { text.into() }))
    }
}

fn parts_of(name: Option<SharedOrNot>) -> (Option<String>, Scope) {
    let (text, scope) = name.map(|SharedOrNot(name)| (name.text, name.scope)).unzip();
    (text, scope.unwrap_or_default())
}

fn refused(Refusal { kind, text }: Refusal) -> PyErr {
    let name = KINDS.iter().find(|(other, _)| *other == kind).map_or("no-process", |(_, name)| name);
    Refused::new_err((name, text))
}

#[pymethods]
impl Process {
    /// Joins the system whose process listens there, as `admin`, `actor`, `external`, `zygote` or `logger`. External code waits so
    /// many seconds for a receiver that takes nothing.
    #[new]
    #[pyo3(signature = (listening, role, tell_within = 60.0))]
    fn new(listening: &Bound<'_, Listening>, role: &str, tell_within: f64) -> PyResult<Self> {
        let tell_within = seconds(tell_within)?;
        let role = match role {
            "actor" => Role::Actor,
            "external" => Role::External,
            "zygote" => Role::Zygote,
            "logger" => Role::Logger,
            other => return Err(PyValueError::new_err(format!("`{other}` is no kind of process"))),
        };
        let listening = listening.get();
        let options = Options {
            node: listening.node,
            role,
            directory: listening.directory.clone(),
            listening: listening.lock().take().ok_or_else(Listening::used)?,
            hold_within: Duration::from_secs(300),
        };
        let language = Arc::new(PyLanguage::default());
        ActorAddress::show_as_of_network();
        let host = Host::start(options, Arc::clone(&language) as Arc<_>)
            .map_err(|error| PyOSError::new_err(error.to_string()))?;
        let member = Member::new(Arc::clone(&host), Arc::clone(&language), tell_within);
        let inner = Inner::new(host.system().clone(), false, 2, Some(member));
        language.set_coroutines(Arc::clone(&inner.coroutines));
        Ok(Self { inner, host, language, is_interrupted: AtomicBool::new(false) })
    }

    /// Who speaks for the system.
    #[getter]
    fn system_address(&self) -> ActorAddress {
        ActorAddress::system()
    }

    /// The Admin.
    #[getter]
    fn admin(&self) -> ActorAddress {
        ActorAddress::of(self.host.admin())
    }

    /// The actor of this process.
    #[getter]
    fn actor(&self) -> ActorAddress {
        ActorAddress::of(self.me())
    }

    /// The logger.
    #[getter]
    fn logger(&self) -> ActorAddress {
        ActorAddress::of(actor_of(NodeId::of_process(self.host.node().system(), NodeId::LOGGER)))
    }

    /// Where the logger sends what is for the log of the convention's leader.
    #[getter]
    fn log_of_the_leader(&self) -> ActorAddress {
        ActorAddress::of(roscius_host::admin::log_of_the_leader(self.host.node().system()))
    }

    /// Whether the system has ended, as far as this process knows.
    #[getter]
    fn is_over(&self) -> bool {
        self.host.is_over()
    }

    /// How many actors are in this process.
    #[getter]
    fn living(&self) -> usize {
        self.host.system().living()
    }

    /// The living children, in processes of their own, of the actor here.
    #[getter]
    fn children(&self) -> Vec<ActorAddress> {
        self.language.children().into_iter().map(ActorAddress::of).collect()
    }

    /// A new address of external code.
    fn endpoint(&self) -> Endpoint {
        Endpoint::open(&self.inner)
    }

    /// Tells the Admin that this process is there. Returns the capabilities and the settings of the system.
    fn attach<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyDict>)> {
        let message = ToAdmin::Attach { pid: std::process::id() };
        match self.ask_admin(py, self.me(), message, PROMPTLY)? {
            FromAdmin::Attached { capabilities, settings } => {
                self.language.know(capabilities.clone(), settings.clone());
                Ok((entries(py, capabilities)?, entries(py, settings)?))
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Tells the Admin that this process is there, and goes on: what the Admin would answer, the starter has known. If the
    /// capabilities or settings have changed meanwhile, they change here too.
    fn announce(&self, starter: &Bound<'_, Self>) {
        self.language.know_as(&starter.get().language);
        self.host.tell_admin(self.me(), ToAdmin::Attach { pid: std::process::id() });
    }

    /// What this process has to do with sources.
    #[getter]
    fn sources(&self) -> Sources {
        Sources::new(Arc::clone(&self.host), self.me())
    }

    /// What this process has to do with the convention.
    #[getter]
    fn convention(&self) -> Convention {
        Convention::new(Arc::clone(&self.host), self.me())
    }

    /// Has the Admin make an actor. `requester` is the actor in this process that is its parent, with its number there.
    #[pyo3(signature = (maker, spec, name, source, within, requester = None))]
    #[expect(clippy::too_many_arguments, reason = "what the Admin is told of an actor, and how long to wait")]
    fn create(
        &self,
        py: Python<'_>,
        maker: String,
        spec: Vec<u8>,
        name: Option<SharedOrNot>,
        source: Option<String>,
        within: f64,
        requester: Option<(u32, u32)>,
    ) -> PyResult<ActorAddress> {
        let process = requester.map(|(process, _)| NodeId::of_process(self.host.node().system(), process));
        let requester = requester.map(|(_, birth)| Requester { actor: self.me(), birth: Birth::numbered(birth) });
        let (name, scope) = parts_of(name);
        let creation = Creation { maker, name, scope, spec, process, requester, source, order: None };
        created(self.ask_admin(py, self.me(), ToAdmin::Create(creation), seconds(within)?)?)
    }

    // For who waits on an event loop.

    /// Addresses of a waiter who has an event loop.
    fn answers(&self) -> PyResult<Answers> {
        Answers::new(&self.inner)
    }

    /// A descriptor that is readable when `turn` has something to do.
    fn fileno(&self) -> PyResult<RawFd> {
        self.host.descriptor().ok_or_else(|| PyOSError::new_err("this part of the system has ended"))
    }

    /// After how many seconds a turn is due although nothing happens.
    fn pause(&self) -> Option<f64> {
        self.host.pause().map(|pause| pause.as_secs_f64())
    }

    /// Has the Admin make an actor. `taken` has the answer to what is returned.
    #[pyo3(signature = (maker, spec, name, source = None))]
    fn begin_create(&self, maker: String, spec: Vec<u8>, name: Option<SharedOrNot>, source: Option<String>) -> u64 {
        let (name, scope) = parts_of(name);
        let creation = Creation { maker, name, scope, spec, process: None, requester: None, source, order: None };
        self.host.begin_request(self.me(), ToAdmin::Create(creation))
    }

    /// Has the Admin shut the system down.
    fn begin_shutdown(&self) -> u64 {
        self.host.begin_request(self.me(), ToAdmin::Shutdown)
    }

    /// Whether a request has been answered, and with which actor, if one was to be made.
    fn answered(&self, request: u64) -> PyResult<(bool, Option<ActorAddress>)> {
        match self.host.take_answer(request) {
            None if self.host.is_over() => Err(PyOSError::new_err("the actor system has ended")),
            None => Ok((false, None)),
            Some(FromAdmin::Done) => Ok((true, None)),
            Some(answer) => created(answer).map(|actor| (true, Some(actor))),
        }
    }

    /// Waits for the answer to a request no more.
    fn give_up(&self, request: u64) {
        self.host.give_up_request(request);
    }

    /// Sets a capability of the system, or removes it. Waits until the Admin has done so if `waits`.
    #[pyo3(signature = (name, value, waits))]
    fn set_capability(&self, py: Python<'_>, name: Vec<u8>, value: Option<Vec<u8>>, waits: bool) -> PyResult<()> {
        let message = ToAdmin::SetCapability { name, value };
        if waits {
            return self.ask_admin(py, self.me(), message, PROMPTLY).map(drop);
        }
        self.host.tell_admin(self.me(), message);
        self.host.flush();
        Ok(())
    }

    /// Capabilities that have changed since the last call.
    fn changed_capabilities<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.language.take_capabilities().map(|capabilities| entries(py, capabilities)).transpose()
    }

    /// Settings, if one has changed since the last call.
    fn changed_settings<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.language.take_settings().map(|settings| entries(py, settings)).transpose()
    }

    /// Shuts the system down. With a time to wait, in seconds, it is at its end when this returns.
    #[pyo3(signature = (within = None))]
    fn shutdown(&self, py: Python<'_>, within: Option<f64>) -> PyResult<()> {
        let Some(within) = within else {
            self.host.tell_admin(self.me(), ToAdmin::Shutdown);
            self.host.flush();
            return Ok(());
        };
        self.ask_admin(py, self.me(), ToAdmin::Shutdown, seconds(within)?).map(drop)
    }

    /// Sends a message from this process, of no actor.
    fn post(&self, address: &Bound<'_, ActorAddress>, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let Place::Actor(to) = address.get().place else { return Ok(()) };
        let message = PyMessage::of(Content::Packed(packing::pack(message)?));
        self.inner.gate.post(to, message).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        self.host.flush();
        // An actor here is looked at by the thread that drives the process, this one perhaps, before it waits.
        self.host.wake();
        Ok(())
    }

    // Of a process with an actor.

    /// Makes the actor of this process from an instance. Its parent, in another process, has given it a number, and has
    /// decided so many times about it before it came to this process.
    #[pyo3(signature = (actor, parent, birth, name = None, plan = None, heard = 0))]
    fn spawn(
        &self,
        actor: Bound<'_, PyAny>,
        parent: &Bound<'_, ActorAddress>,
        birth: u32,
        name: Option<String>,
        plan: Option<(String, Py<PyAny>)>,
        heard: u32,
    ) -> PyResult<ActorAddress> {
        let Place::Actor(parent) = parent.get().place else {
            return Err(PyValueError::new_err("an actor needs a parent that there is"));
        };
        let class = actor.get_type().fully_qualified_name()?.to_string();
        let (props, reference) = PyActor::props(&self.inner, actor, name, plan.map(Plan::new))?;
        let birth = Birth::numbered(birth).having_heard(heard);
        let spawned = self.host.system().spawn_under(parent, birth, props);
        let address = spawned.map_err(|error| PyRuntimeError::new_err(error.to_string()))?.address();
        reference.get().settle(address);
        self.language.set_actor(address, class);
        Ok(ActorAddress::of(address))
    }

    /// Takes in what came, runs actors and sends, for at most so many seconds or until something has happened.
    #[pyo3(signature = (timeout = None))]
    fn turn(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<()> {
        self.host.turn(timeout.map(seconds).transpose()?).map_err(PyOSError::new_err)?;
        py.check_signals()
    }

    /// Runs until there is no actor in this process any more, the system has ended, or there is something else to do: a
    /// capability or setting has changed, a child is to be made anew, or `interrupt` was called.
    fn run(&self, py: Python<'_>) -> PyResult<()> {
        while !self.host.is_over()
            && self.host.system().living() > 0
            && !self.language.has_news()
            && !self.host.has_remake()
            && !self.is_interrupted.swap(false, Ordering::AcqRel)
        {
            self.host.turn(None).map_err(PyOSError::new_err)?;
            py.check_signals()?;
        }
        Ok(())
    }

    /// Has `run` come back. From any thread.
    fn interrupt(&self) {
        self.is_interrupted.store(true, Ordering::Release);
        self.host.wake();
    }

    /// A non-blocking descriptor: whatever is written to it wakes the process. For signal handlers.
    fn alarm(&self) -> PyResult<RawFd> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).map_err(io::Error::from)?;
        self.host.watch_alarm(read).map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(write.into_raw_fd())
    }

    /// Watches the process of the parent of the actor here, which exits if that ends and nobody adopts it.
    fn watch_parent(&self, pid: i32, parent: &Bound<'_, ActorAddress>) -> PyResult<()> {
        let Place::Actor(parent) = parent.get().place else { return Ok(()) };
        self.host.watch_parent(pid, parent, self.me()).map_err(|error| PyOSError::new_err(error.to_string()))
    }

    // Of a process that starts others.

    /// Watches a process that this one has started. `birth` is the number of its actor with the actor here; without one
    /// the Admin is the parent.
    #[pyo3(signature = (process, pid, birth = None))]
    fn watch_child(&self, process: u32, pid: i32, birth: Option<u32>) -> PyResult<()> {
        let node = NodeId::of_process(self.host.node().system(), process);
        let family = birth.map(|birth| (actor_of(node), self.me(), Birth::numbered(birth)));
        self.host.watch_child(ChildProcess { node, pid, family }).map_err(|error| PyOSError::new_err(error.to_string()))
    }

    /// How many processes that this one has started are there.
    #[getter]
    fn child_processes(&self) -> usize {
        self.host.child_processes()
    }

    /// Keeps the socket of a child, before its process is started: if that is killed, there is to be another one.
    fn keep(&self, listening: &Bound<'_, Listening>, policy: &str) -> PyResult<()> {
        let listening = listening.get();
        let socket = listening.lock();
        let socket = socket.as_ref().ok_or_else(Listening::used)?;
        self.host.keep_socket(listening.node, socket, Policy::named(policy).of_process()).map_err(PyOSError::new_err)
    }

    /// The next child that is to have another process: its number here, how often was decided about it, and where it is to
    /// listen.
    fn take_remake(&self) -> Option<(u32, u32, Listening)> {
        let Remake { node, birth, listening } = self.host.take_remake()?;
        Some((birth.number(), birth.heard(), Listening::of(node, listening)))
    }

    /// Says that the actor of this process never came to be.
    fn unborn(&self, parent: &Bound<'_, ActorAddress>, birth: u32) {
        if let Place::Actor(parent) = parent.get().place {
            self.host.unborn(parent, self.me(), Birth::numbered(birth), "there is no instance");
        }
    }

    /// Says that a child never came to be.
    fn stillborn(&self, process: u32, birth: u32, how: String) {
        let child = actor_of(NodeId::of_process(self.host.node().system(), process));
        ActorAddress::never_there(child);
        self.host.stillborn(self.me(), child, Birth::numbered(birth), how);
    }

    /// Offers to make actors of these makers. The Admin has noted it when this returns.
    fn offer(&self, py: Python<'_>, makers: Vec<String>) -> PyResult<()> {
        self.ask_admin(py, self.me(), ToAdmin::Offer { makers }, PROMPTLY).map(drop)
    }

    /// What actors can be made of in this system.
    fn makers(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        match self.ask_admin(py, self.me(), ToAdmin::Status, PROMPTLY)? {
            FromAdmin::Status(status) => Ok(status.makers),
            other => Err(unexpected(&other)),
        }
    }

    /// A process that is none yet, with the address of its actor: where a child is to be made.
    fn free_process(&self) -> PyResult<(u32, ActorAddress)> {
        let number = random_number().map_err(PyOSError::new_err)?.max(NodeId::FIRST_FREE);
        Ok((number, ActorAddress::of(actor_of(NodeId::of_process(self.host.node().system(), number)))))
    }

    /// The next process that the Admin wants of a starter: `(process, birth, maker, name, spec, source, elsewhere)`, the source as its
    /// id, digest, and whether it is a program, and the other systems where the actor could be, each with its capabilities.
    fn take_order<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        while let Some(order) = self.host.take_order() {
            match order {
                FromAdmin::Make { process, birth, maker, name, spec, source, elsewhere, .. } => {
                    let source =
                        source.map(|source| (source.id, PyBytes::new(py, &source.digest.0), source.executable));
                    let packed = |entries: &[Entry]| {
                        let pair = |(name, value): &Entry| (PyBytes::new(py, name), PyBytes::new(py, value));
                        entries.iter().map(pair).collect::<Vec<_>>()
                    };
                    let elsewhere: Vec<_> =
                        elsewhere.iter().map(|(system, entries)| (*system, packed(entries))).collect();
                    let spec = PyBytes::new(py, &spec);
                    let order = (process.process(), birth.number(), maker, name, spec, source, elsewhere);
                    return Ok(Some(order.into_pyobject(py)?.into_any()));
                }
                FromAdmin::Kill { process } => self.host.kill_child(process),
                other => crate::log::warning(py, format_args!("not for a starter: {other:?}")),
            }
        }
        Ok(None)
    }

    /// Tells the Admin of a process that was asked for.
    fn forked(&self, process: u32, pid: u32) {
        let process = NodeId::of_process(self.host.node().system(), process);
        self.host.tell_admin(self.me(), ToAdmin::Forked { process, pid });
    }

    /// Tells the Admin that a process that was asked for, this one if None, has no actor, and which of the other systems it was told
    /// of have what the actor requires.
    #[pyo3(signature = (kind, text, process = None, fits = Vec::new()))]
    fn failed(&self, kind: &str, text: String, process: Option<u32>, fits: Vec<u32>) {
        let node = self.host.node();
        let process = process.map_or(node, |process| NodeId::of_process(node.system(), process));
        let kind = KINDS.iter().find(|(_, name)| *name == kind).map_or(RefusalKind::NoProcess, |(kind, _)| *kind);
        self.host.tell_admin(self.me(), ToAdmin::Failed { process, refusal: Refusal { kind, text }, fits });
    }

    /// Tells the Admin that this process has its actor, and when that is to be restarted.
    #[pyo3(signature = (policy = None))]
    fn ready(&self, policy: Option<&str>) {
        let policy = policy.map_or(Restart::Temporary, |name| Policy::named(name).restart());
        let process = self.host.node();
        self.host.tell_admin(self.me(), ToAdmin::Ready { process, policy, bounded: false });
        self.host.flush();
    }

    // The end.

    /// Ends this part of the system in good order, within so many seconds.
    fn close(&self, within: f64) -> PyResult<()> {
        let within = seconds(within)?;
        self.host.tell_admin(self.me(), ToAdmin::Detach);
        self.host.close(within);
        Ok(())
    }

    /// In a process that was forked from this one: gives up all that belongs to the other.
    fn abandon(&self) {
        self.host.abandon();
    }
}

pub(crate) fn seconds(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The actor that the Admin was asked for.
fn created(answer: FromAdmin) -> PyResult<ActorAddress> {
    match answer {
        FromAdmin::Created { actor } => Ok(ActorAddress::of(actor)),
        FromAdmin::Refused(refusal) => Err(refused(refusal)),
        other => Err(unexpected(&other)),
    }
}

pub(crate) fn status_dict<'py>(py: Python<'py>, status: Status) -> PyResult<Bound<'py, PyDict>> {
    let addresses = |all: Vec<Address>| all.into_iter().map(ActorAddress::of).collect::<Vec<_>>();
    let dict = PyDict::new(py);
    dict.set_item("adminAddress", status.admin.map(ActorAddress::of))?;
    dict.set_item("capabilities", entries(py, status.capabilities)?)?;
    dict.set_item("childActors", addresses(status.children))?;
    let names = PyDict::new(py);
    for (name, holder) in status.names {
        names.set_item(name, ActorAddress::of(holder))?;
    }
    dict.set_item("globalActors", names)?;
    dict.set_item("deadLetterHandler", status.dead_letter_handler.map(ActorAddress::of))?;
    dict.set_item("notifyAddresses", addresses(status.registration_watchers))?;
    dict.set_item("conventionLeader", status.leader.map(ActorAddress::of))?;
    let members = status.members.into_iter().map(|member| (ActorAddress::of(member), String::new()));
    dict.set_item("conventionAttendees", members.collect::<Vec<_>>())?;
    dict.set_item("inShutdown", status.in_shutdown)?;
    dict.set_item("sourceAuthority", status.source_authority.map(ActorAddress::of))?;
    let sources = status.sources.into_iter().map(|source| {
        let info = source.digest.map_or_else(|| Some("...pending validation...".to_owned()), |_| source.info);
        (source.id, info)
    });
    dict.set_item("loadedSources", sources.collect::<Vec<_>>())?;
    dict.set_item("miscKeyVals", status.counters.into_iter().collect::<std::collections::BTreeMap<_, _>>())?;
    Ok(dict)
}
