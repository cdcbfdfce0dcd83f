//! The start of a connection.

use std::io::IoSlice;
use std::path::Path;

use mio::net::UnixStream;
use roscius_protocol::address::NodeId;
use roscius_protocol::frame::Hello;
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{SendFlags, send};

use super::{Link, LinkError, write};
use crate::queue::{CHUNKS_A_WRITE, SendQueue};

/// What a connection has to keep to.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What this side says of itself.
    pub hello: Hello,
    /// The only user that may be at the other end.
    pub uid: u32,
    /// The longest frame that is taken.
    pub limit: u64,
    /// After how many writes shared memory is offered to the other side. None: never.
    pub memory_after: Option<u32>,
}

/// A connection whose other end is not known yet. There is no way to read a frame from it.
#[derive(Debug)]
pub struct Greeting {
    stream: UnixStream,
    rules: Rules,
    expected: Option<NodeId>,
    /// Whether this side has spoken. Who connects speaks first.
    spoken: bool,
    theirs: [u8; Hello::SIZE],
    came: usize,
    /// How much of what waits for the other side its socket holds already.
    ahead: usize,
}

/// How far a greeting came.
#[derive(Debug)]
pub enum Progress {
    /// More has to come.
    Waiting(Greeting),
    /// Both sides know each other. So much of what waits for the other side is written already.
    Open(Link, usize),
}

impl Greeting {
    /// Begins with a connection that was accepted.
    ///
    /// # Errors
    ///
    /// [`LinkError::ForeignUser`] if it is another user's. Nothing has been read then.
    pub fn accepted(stream: UnixStream, rules: Rules) -> Result<Self, LinkError> {
        Self::new(stream, rules, None)
    }

    /// Connects to the socket at `path`, where `expected` should be, and speaks.
    ///
    /// # Errors
    ///
    /// [`LinkError`] if nobody is there, if it is another user, or if the system refuses.
    pub fn dial(path: &Path, expected: Option<NodeId>, rules: Rules) -> Result<Self, LinkError> {
        let stream = UnixStream::connect(path).map_err(|error| LinkError::of("connect", &error))?;
        let mut greeting = Self::new(stream, rules, expected)?;
        greeting.speak()?;
        Ok(greeting)
    }

    fn new(stream: UnixStream, rules: Rules, expected: Option<NodeId>) -> Result<Self, LinkError> {
        let peer = socket_peercred(&stream).map_err(|errno| LinkError::io("ask who is at the other end", errno))?;
        let (uid, pid) = (peer.uid.as_raw(), peer.pid.as_raw_nonzero().get());
        if uid != rules.uid {
            return Err(LinkError::ForeignUser { uid, pid });
        }
        Ok(Self { stream, rules, expected, spoken: false, theirs: [0; Hello::SIZE], came: 0, ahead: 0 })
    }

    /// The socket, to register it.
    pub fn stream(&mut self) -> &mut UnixStream {
        &mut self.stream
    }

    /// Reads what has come of the other side's greeting, and not a byte more.
    ///
    /// # Errors
    ///
    /// [`LinkError`] if the other side is gone, or is not what it should be.
    pub fn advance(mut self) -> Result<Progress, LinkError> {
        while self.came < Hello::SIZE {
            match rustix::io::read(&self.stream, &mut self.theirs[self.came..]) {
                Ok(0) => return Err(LinkError::NoHello { came: self.came }),
                Ok(count) => self.came += count,
                Err(Errno::AGAIN) => return Ok(Progress::Waiting(self)),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(LinkError::io("read", errno)),
            }
        }
        let peer = Hello::from_bytes(&self.theirs)?;
        if let Some(expected) = self.expected.filter(|expected| *expected != peer.node) {
            return Err(LinkError::AnotherNode { expected, found: peer.node });
        }
        if !self.spoken {
            match self.speak() {
                // Who has connected and gone since may have left something to read.
                Ok(()) | Err(LinkError::Closed | LinkError::Reset) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Progress::Open(Link::new(self.stream, peer, self.rules), self.ahead))
    }

    /// Writes what waits for the other side, as far as its socket takes it, before it has answered: a process that has
    /// something to say and ends then need not wait for one that is busy. What is written stays in the queue until
    /// the other side has answered; if it never does, it has read nothing of it.
    ///
    /// An error says nothing here: the other side may have answered before it went, which reading finds out.
    pub fn write_ahead(&mut self, queue: &SendQueue) {
        loop {
            let mut slices = [IoSlice::new(&[]); CHUNKS_A_WRITE];
            let used = queue.gather(&mut slices);
            let mut rest = &mut slices[..used];
            let held: usize = rest.iter().map(|slice| slice.len()).sum();
            if held <= self.ahead {
                return;
            }
            IoSlice::advance_slices(&mut rest, self.ahead);
            match write(&self.stream, rest) {
                Ok(count) => self.ahead += count,
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// How much of what waits for the other side its socket holds already.
    pub const fn ahead(&self) -> usize {
        self.ahead
    }

    /// A socket that nothing was written to has room for so little.
    fn speak(&mut self) -> Result<(), LinkError> {
        self.spoken = true;
        match send(&self.stream, &self.rules.hello.to_bytes(), SendFlags::NOSIGNAL) {
            Ok(Hello::SIZE) => Ok(()),
            Ok(_) => Err(LinkError::Io { what: "write a whole greeting", errno: Errno::NOBUFS }),
            Err(errno) => Err(LinkError::io("write", errno)),
        }
    }
}
