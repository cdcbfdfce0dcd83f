//! Why a link ended or never came about.

use std::time::Duration;

use roscius_protocol::address::NodeId;
use roscius_protocol::frame::{FrameError, HelloError, StreamError};
use rustix::io::Errno;

/// Why a link ended or never came about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The other side closed the connection: its process has ended, most likely.
    #[error("the other side has closed the connection")]
    Closed,
    /// The connection ended in the middle of a frame.
    #[error("the connection ended {came} bytes into a frame{}", .missing.map(|missing| format!(", {missing} were missing")).unwrap_or_default())]
    Cut {
        /// How many bytes of the frame had come.
        came: usize,
        /// How many were missing, if the header had come.
        missing: Option<usize>,
    },
    /// The other side is gone without having read everything.
    #[error("the other side is gone")]
    Reset,
    /// There is a socket, but nobody listens on it any more.
    #[error("nobody listens there any more")]
    Refused,
    /// There is no socket.
    #[error("there is no socket")]
    Absent,
    /// The other side has too many connections waiting to be taken.
    #[error("the other side takes no connections for now")]
    Busy,
    /// This process, or the host, has no file descriptor left.
    #[error("no file descriptor is left")]
    NoDescriptors,
    /// The process at the other end belongs to somebody else.
    #[error("the process {pid} at the other end belongs to user {uid}")]
    ForeignUser {
        /// Whose it is.
        uid: u32,
        /// Which process it is.
        pid: i32,
    },
    /// The other side does not speak as we do.
    #[error(transparent)]
    Hello(#[from] HelloError),
    /// The other side closed before it had said who it is.
    #[error("the other side closed after {came} bytes of its greeting")]
    NoHello {
        /// How many bytes had come.
        came: usize,
    },
    /// Another incarnation listens on the socket.
    #[error("node {found} is there instead of {expected}")]
    AnotherNode {
        /// Who was expected.
        expected: NodeId,
        /// Who is there.
        found: NodeId,
    },
    /// The other side did not say who it is in time.
    #[error("no greeting within {within:?}")]
    Slow {
        /// How long was waited.
        within: Duration,
    },
    /// What the other side sent is no frame.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A frame could not be made.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The other side went on after it had said goodbye.
    #[error("a frame came after the goodbye")]
    AfterGoodbye,
    /// What the other side does with the memory that both share makes no sense.
    #[error("the memory shared with the other side makes no sense: {what}")]
    Memory {
        /// What is wrong.
        what: &'static str,
    },
    /// This side has closed the link, because another link to the same peer was broken or because it was told to.
    #[error("closed by this side")]
    Dropped,
    /// Another error of the operating system.
    #[error("could not {what}: {}", .errno)]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        errno: Errno,
    },
}

impl LinkError {
    pub(crate) fn io(what: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::PIPE | Errno::CONNRESET => Self::Reset,
            Errno::CONNREFUSED => Self::Refused,
            Errno::NOENT => Self::Absent,
            Errno::AGAIN => Self::Busy,
            Errno::MFILE | Errno::NFILE => Self::NoDescriptors,
            errno => Self::Io { what, errno },
        }
    }

    pub(crate) fn of(what: &'static str, error: &std::io::Error) -> Self {
        Self::io(what, Errno::from_io_error(error).unwrap_or(Errno::IO))
    }

    /// Whether it may go well a little later.
    pub(crate) const fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::NoDescriptors)
    }
}
