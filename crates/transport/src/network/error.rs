//! Why a link ended, or never came about.

use std::io;
use std::time::Duration;

use super::certificate::Problem;
use super::introduction::IntroductionError;

/// Why a link ended, or never came about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The other side has closed the link, or its process has ended.
    #[error("the other side has closed the connection")]
    Closed,
    /// The connection ended in the middle of something.
    #[error("the connection ended in the middle of a record")]
    Cut,
    /// This side closed it: [`Links::close`](super::Links::close).
    #[error("this side has closed the connection")]
    ClosedHere,
    /// Another link with the same system has taken its place: one side had lost this one.
    #[error("a newer connection has taken the place of this one")]
    Replaced,
    /// A link with that system is there already, or is being made: both sides dialled, or one under two names.
    #[error("system {system:08x} is connected already")]
    Already {
        /// Which system it is.
        system: u32,
    },
    /// The host name has no address.
    #[error("no address of {host} is known: {why}")]
    NoAddress {
        /// The name.
        host: String,
        /// What the resolver says.
        why: String,
    },
    /// It is no `host:port`.
    #[error("\"{place}\" is no place to dial: it must be host:port, with IPv6 as [address]:port")]
    NoPlace {
        /// What was given.
        place: String,
    },
    /// Nobody listens there, or nobody answers.
    #[error("{address} can not be connected to: {why}")]
    NoConnection {
        /// The last address that was tried.
        address: String,
        /// What the operating system says.
        why: String,
    },
    /// The other side did not say who it is in time.
    #[error("the other side did not introduce itself within {within:?}")]
    Slow {
        /// How long was waited.
        within: Duration,
    },
    /// Too many that have not said who they are were connected; this one was the oldest.
    #[error("more than {most} connections at once did not introduce themselves; this was the oldest")]
    TooManyStrangers {
        /// How many may be connected.
        most: usize,
    },
    /// It said more than any greeting has.
    #[error("more than {most} bytes came without an introduction")]
    TooMuch {
        /// How many are taken.
        most: usize,
    },
    /// An actor system of the original Thespian.
    #[error(
        "an actor system of Thespian itself knocked; it and this one can not be in one convention: run the same package on all hosts"
    )]
    Thespian,
    /// It does not use TLS and this side does.
    #[error("the other side uses no TLS and this one does: give both certificates (roscius cert)")]
    PlainToTls,
    /// It uses TLS and this side does not.
    #[error("the other side uses TLS and this one does not: give both certificates (roscius cert)")]
    TlsToPlain,
    /// It is on another host, and links without TLS are for this host.
    #[error(
        "{peer} is on another host, and without certificates only this host's systems are taken: make certificates (roscius cert), or set `insecure`"
    )]
    NotLoopback {
        /// Its address.
        peer: String,
    },
    /// Its process belongs to another user of this host.
    #[error("the process at {peer} belongs to user {uid}: without certificates only this user's are taken")]
    ForeignUser {
        /// Its address.
        peer: String,
        /// Whose it is.
        uid: u32,
    },
    /// It can not be found out whose the process is.
    #[error("it can not be found out which user the process at {peer} belongs to: {why}")]
    UnknownUser {
        /// Its address.
        peer: String,
        /// Why not.
        why: String,
    },
    /// What it said of itself makes no sense.
    #[error(transparent)]
    Introduction(#[from] IntroductionError),
    /// It belongs to another convention.
    #[error("the other side belongs to the convention \"{theirs}\", this one to \"{ours}\"")]
    AnotherConvention {
        /// Its convention.
        theirs: String,
        /// This side's.
        ours: String,
    },
    /// It is this very system.
    #[error("the other side is this system itself")]
    Itself,
    /// It is not who it says it is.
    #[error("the other side calls itself \"{claimed}\", and its certificate is that of \"{real}\"")]
    NotItsName {
        /// What it says.
        claimed: String,
        /// What its certificate says.
        real: String,
    },
    /// It says that it is an incarnation of another system.
    #[error("\"{identity}\" says that it is system {claimed:08x}, which is \"{real}\"")]
    NotItsNumber {
        /// Its name.
        identity: String,
        /// The incarnation that it claims to be.
        claimed: u32,
        /// Whose that is.
        real: String,
    },
    /// Its certificate is not good.
    #[error("the certificate of the other side is not taken: {0}")]
    TheirCertificate(Problem),
    /// It finds this side's certificate not good.
    #[error("the other side does not take this side's certificate: {0}")]
    OwnCertificate(Problem),
    /// TLS could not be agreed upon or was broken.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// A record is longer than any may be.
    #[error("a record of {length} bytes was announced, and at most {limit} are taken")]
    TooLong {
        /// How long it would be.
        length: u64,
        /// How long it may be.
        limit: u64,
    },
    /// Bytes where none belong.
    #[error("what came after the introduction makes no sense: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// Something was lost on the way.
    #[error("what came is not what comes next: byte {found} of the stream came, and {expected} was due")]
    Gap {
        /// What was due.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The server says that it is not there any more.
    #[error("it has not said for a while that it is there")]
    Away,
    /// There is no way to the server that links go by.
    #[error("there is no NATS server: {why}")]
    NoServer {
        /// Why.
        why: String,
    },
    /// Another error of the operating system.
    #[error("the connection failed: {0}")]
    Io(String),
}

impl Cause {
    pub(super) fn io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Io(error.to_string()),
        }
    }

    pub(super) fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(error) => Self::TheirCertificate(Problem::of(error)),
            rustls::Error::NoCertificatesPresented => Self::TheirCertificate(Problem::Absent),
            rustls::Error::AlertReceived(alert) => {
                Problem::of_alert(*alert).map_or_else(|| Self::Tls(error.to_string()), Self::OwnCertificate)
            }
            error => Self::Tls(error.to_string()),
        }
    }
}

/// Why a record was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no link with the system.
    #[error("there is no link with system {system:08x}")]
    NotLinked {
        /// Which system.
        system: u32,
    },
    /// Too much waits for it. [`Event::Room`](super::Event::Room) says when there is room again.
    #[error("{records} records of {bytes} bytes wait for system {system:08x} already")]
    Full {
        /// Which system.
        system: u32,
        /// How many records wait.
        records: usize,
        /// How many bytes they have.
        bytes: usize,
    },
    /// It is longer than any may be.
    #[error("a record of {length} bytes can not be sent: at most {limit} are taken")]
    TooLong {
        /// How long it is.
        length: u64,
        /// How long it may be.
        limit: u64,
    },
}
