//! The process that is the Admin of a system.
//!
//! [`serve`] is all of it: it takes the port, listens, can be found, and drives the
//! [`Admin`](roscius_protocol::admin::Admin) on the thread that calls it until the system has ended. It starts no thread and no
//! process, so it may run in a process that was forked.

mod certificates;
mod deadlines;
mod error;
mod neighbours;
mod network;
mod pickles;
mod process_handles;
mod serving;
mod share;
mod spool;

pub use error::AdminError;
pub use network::Network;
pub use pickles::Pickles;
pub use roscius_protocol::convention::Pace;
pub use serving::log_of_the_leader;
pub use spool::SpoolError;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{Entry, Status};
use roscius_protocol::frame::Role;
use roscius_protocol::post;
use roscius_transport::{Hub, HubOptions, SocketDir, SocketDirError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use serving::Serving;

/// What an Admin is told at its start.
#[derive(Clone, Debug)]
pub struct AdminOptions {
    /// The number of the system, a random one.
    pub system: u32,
    /// The port that the system is known by, or its name where it has none.
    pub claim: Claim,
    /// Where the directory of the system is made, if not in the usual place.
    pub base: Option<PathBuf>,
    /// The capabilities of the system.
    pub capabilities: Vec<Entry>,
    /// What all processes are told when they attach.
    pub settings: Vec<Entry>,
    /// What a starter needs to know to make the logger. None: there is none.
    pub logger: Option<Vec<u8>>,
    /// The process id of the program that started the system, if the system is to end with it.
    pub creator: Option<u32>,
    /// Its share in a convention.
    pub convention: ConventionOptions,
}

/// What a system is to others.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ConventionOptions {
    /// The name of the convention, if there is no certificate. Systems of different conventions have no links.
    pub name: String,
    /// The name of the system, which outlives restarts. None: where it is reached, or a random one.
    pub identity: Option<String>,
    /// Where others reach it: `host:port`. None: at the address that its port is bound to, if that is one of this host alone.
    pub place: Option<String>,
    /// Where the systems are reached that may lead, in the order in which they do: `host:port` or `tcp://host:port` each. Or instead of
    /// these one address `nats://[user:password@]host:port/convention`: then all links go over that server, which says who leads.
    pub leaders: Vec<String>,
    /// No system of another host is to connect to this one: it connects to them.
    pub outbound_only: bool,
    /// The certificate of the system, as `roscius cert node` makes it: its key is beside it with the ending `.key`, the certificate of the
    /// authority is `ca.pem`, and fingerprints of those that are taken no more are in `refused`, if there is such a file. Convention and
    /// identity are those in the certificate.
    pub certificate: Option<PathBuf>,
    /// A file with credentials for the NATS server, as `nsc` makes it.
    pub credentials: Option<PathBuf>,
    /// Certificates of authorities that the NATS server may be certified by, beside those that the operating system knows.
    pub authority: Option<PathBuf>,
    /// Links without encryption are made with other hosts too. And a NATS server is taken that asks nobody who they are.
    pub insecure: bool,
    /// With which systems pickles are exchanged.
    pub pickles: Pickles,
    /// What is kept of durable messages.
    pub spool: SpoolOptions,
    /// How slowly it lives there, if not as is usual.
    pub pace: Pace,
}

/// What is kept of durable messages, and of all that waits for systems that are away.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SpoolOptions {
    /// How long a durable message is kept: a day if nobody says otherwise.
    pub keep_for: Duration,
    /// The most bytes of durable messages that are kept, and of other messages for one system that is away: 256 MiB.
    pub bytes: u64,
    /// Where durable messages are written down, so that they outlive this system: a directory for this system alone, which is made if it
    /// is not there. None: they are in memory.
    pub directory: Option<PathBuf>,
}

impl Default for SpoolOptions {
    fn default() -> Self {
        let post::Limits { bytes, keep_for, .. } = post::Limits::default();
        Self { keep_for, bytes: bytes as u64, directory: None }
    }
}

/// What a system is found by. Two systems can not claim the same.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Claim {
    /// A TCP port, with the addresses to listen on: `tcp-<port>`.
    Tcp(SocketAddr),
    /// A UDP port: `udp-<port>`.
    Udp(SocketAddr),
    /// A name alone: `queue-<name>`.
    Queue(String),
}

impl Claim {
    /// The alias of the system, if its port is `port`.
    pub(crate) fn alias(&self, port: Option<u16>) -> String {
        match self {
            Self::Tcp(address) => alias_of_tcp(port.unwrap_or(address.port())),
            Self::Udp(address) => alias_of_udp(port.unwrap_or(address.port())),
            Self::Queue(name) => alias_of_queue(name),
        }
    }
}

/// What a system on a TCP port is found by, with [`SocketDir::resolve`].
pub fn alias_of_tcp(port: u16) -> String {
    format!("tcp-{port}")
}

/// What a system on a UDP port is found by.
pub fn alias_of_udp(port: u16) -> String {
    format!("udp-{port}")
}

/// What a system with a name and no port is found by.
pub fn alias_of_queue(name: &str) -> String {
    format!("queue-{name}")
}

/// A system that has started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its Admin.
    pub admin: Address,
    /// Where its processes listen.
    pub directory: SocketDir,
    /// What it is found by.
    pub alias: String,
    /// Its port, if it has one.
    pub port: Option<u16>,
}

/// Is the Admin of a new system until the system has ended. `ready` is called once, as soon as the system can be found, or
/// when it is clear that it can not.
///
/// # Errors
///
/// [`AdminError`] if the system could not be started, or could not go on.
pub fn serve(options: AdminOptions, ready: impl FnOnce(Result<&Served, &AdminError>)) -> Result<(), AdminError> {
    serve_telling(options, None, ready)
}

/// Has somebody told how the system is whenever something can be read from a descriptor, as a signal handler writes it.
pub struct StatusBell {
    /// The descriptor, non-blocking. What can be read is read.
    pub descriptor: OwnedFd,
    /// Who is told.
    pub tell: Box<dyn FnMut(Status) + Send>,
}

/// As [`serve`], with a bell.
///
/// # Errors
///
/// [`AdminError`], as [`serve`].
pub fn serve_telling(
    options: AdminOptions,
    bell: Option<StatusBell>,
    ready: impl FnOnce(Result<&Served, &AdminError>),
) -> Result<(), AdminError> {
    match start(options) {
        Ok((served, mut serving)) => {
            if let Some(bell) = bell {
                serving.hang(bell)?;
            }
            ready(Ok(&served));
            serving.run()
        }
        Err(error) => {
            ready(Err(&error));
            Err(error)
        }
    }
}

fn start(options: AdminOptions) -> Result<(Served, Serving), AdminError> {
    limit_resources();
    // To bind the port is to claim it. All else is undone if that fails, so it comes first.
    share::allow(&options.claim, &options.convention)?;
    let network = Network::bind(&options.claim)?;
    let port = network.as_ref().map(Network::port);
    let alias = options.claim.alias(port);
    let begun = match &options.base {
        Some(base) => SocketDir::begin_in(base, options.system),
        None => SocketDir::begin(options.system),
    };
    let (directory, listening) = begun.map_err(AdminError::Directory)?;
    let node = NodeId::of_process(options.system, NodeId::ADMIN);
    let served =
        Served { admin: Address::new(node, 0, 0, 0), directory: directory.clone(), alias: alias.clone(), port };
    let serving = Hub::new(HubOptions::new(node, Role::Admin), Some(listening))
        .map_err(AdminError::Loop)
        .and_then(|hub| Serving::new(options, hub, network, directory.clone(), alias.clone()));
    // Who finds the system from here on waits until it is served.
    let announced = serving.and_then(|serving| match directory.announce(&alias) {
        Ok(()) => Ok(serving),
        Err(SocketDirError::InUse { .. }) => Err(AdminError::PortTaken { claim: alias }),
        Err(error) => Err(AdminError::Directory(error)),
    });
    match announced {
        Ok(serving) => Ok((served, serving)),
        Err(error) => {
            if let Err(left) = directory.raze() {
                tracing::warn!(%left, "something is left of a system that could not start");
            }
            Err(error)
        }
    }
}

/// As many descriptors as there may be, and no core of a process that knows everybody's addresses.
fn limit_resources() {
    let files = getrlimit(Resource::Nofile);
    // Where it is forbidden the Admin does with what there is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// How long the Admin waits at its end for others to take what it said last.
const GOODBYE_WITHIN: Duration = Duration::from_millis(500);
