//! Memory that two processes share, in which one leaves frames for the other.
//!
//! To write a small frame to a socket costs more than all else that is done with it. So a link over which much goes offers its
//! peer a stretch of memory, and from then on a part of its stream goes there: see [`Memory`](roscius_protocol::frame::Memory) for what is said
//! on the socket about it. Each side writes to the memory that it offered and reads from the one that it was offered.
//!
//! The memory is a ring of bytes with two counters, how much was written and how much was read, each moved by one side. A frame
//! is seen when it is whole. A reader that finds the ring empty asks for a bell, looks once more, and rests; the next
//! frame rings on the socket. So nobody spins, and a reader that is busy costs its writer nothing.
//!
//! When a process dies, what it had written stays readable. What came from a peer is checked as if it had come over a socket; the
//! memory can not be made shorter under a reader (it is sealed).

mod mapping;

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags};

use mapping::{Mapping, Word};

/// How much a ring holds: a power of two, some thousand small frames.
pub(crate) const ROOM: usize = 256 << 10;
/// At most so many rings are offered at a time by one process, and as many taken.
const MOST: usize = 32;

/// Nobody has looked at the memory yet.
const OFFERED: u64 = 0;
/// The reader has it.
const TAKEN: u64 = 1;

static OFFERS: AtomicUsize = AtomicUsize::new(0);
static TAKES: AtomicUsize = AtomicUsize::new(0);

/// The place of one ring among those that a process may have.
#[derive(Debug)]
struct Permit(&'static AtomicUsize);

impl Permit {
    fn get(from: &'static AtomicUsize) -> io::Result<Self> {
        from.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| (used < MOST).then_some(used + 1))
            .map(|_| Self(from))
            .map_err(|_| io::Error::from(io::ErrorKind::QuotaExceeded))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The side that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    mapping: Mapping,
    /// Open until the reader has it.
    descriptor: Option<OwnedFd>,
    written: u64,
    /// What the reader had read when this side looked last.
    read: u64,
    _permit: Permit,
}

impl Writer {
    /// New memory, to be offered.
    ///
    /// # Errors
    ///
    /// An error of the operating system, or that this process has enough of such memory.
    pub fn new() -> io::Result<Self> {
        let permit = Permit::get(&OFFERS)?;
        let file = File::from(rustix::fs::memfd_create(c"roscius", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
        file.set_len(Mapping::length(ROOM) as u64)?;
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        let mapping = Mapping::of(&file, ROOM)?;
        mapping.word(Word::Bell).store(1, Ordering::Relaxed);
        Ok(Self { mapping, descriptor: Some(file.into()), written: 0, read: 0, _permit: permit })
    }

    /// The descriptor to offer.
    pub fn descriptor(&self) -> Option<u32> {
        self.descriptor.as_ref().and_then(|descriptor| u32::try_from(descriptor.as_raw_fd()).ok())
    }

    /// Whether the reader has taken what was offered.
    pub fn is_taken(&mut self) -> bool {
        if self.descriptor.is_some() && self.mapping.word(Word::State).load(Ordering::Acquire) == TAKEN {
            self.descriptor = None;
        }
        self.descriptor.is_none()
    }

    /// How many bytes can be written, when `wanted` would do.
    pub fn room(&mut self, wanted: usize) -> usize {
        if ROOM - self.waiting() < wanted {
            self.read = self.mapping.word(Word::Read).load(Ordering::Acquire);
        }
        ROOM - self.waiting()
    }

    /// A peer that counts wrongly gets no more bytes.
    fn waiting(&self) -> usize {
        usize::try_from(self.written.wrapping_sub(self.read)).unwrap_or(ROOM).min(ROOM)
    }

    /// Writes bytes that there is room for. They are seen when they are published.
    pub fn put(&mut self, bytes: &[u8]) {
        let at = self.written as usize % ROOM;
        let (now, rest) = bytes.split_at(bytes.len().min(ROOM - at));
        self.mapping.write(at, now);
        self.mapping.write(0, rest);
        self.written = self.written.wrapping_add(bytes.len() as u64);
    }

    /// Has the reader see what was written. Says whether it wants a bell.
    pub fn publish(&mut self) -> bool {
        self.mapping.word(Word::Written).store(self.written, Ordering::Release);
        // With that of the reader: either it sees these bytes, or this side that it wants a bell.
        fence(Ordering::SeqCst);
        let bell = self.mapping.word(Word::Bell);
        bell.load(Ordering::Relaxed) != 0 && bell.swap(0, Ordering::Relaxed) != 0
    }
}

/// The side that reads.
#[derive(Debug)]
pub(crate) struct Reader {
    mapping: Mapping,
    read: u64,
    _permit: Permit,
}

/// The other side has counted what can not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Miscounted;

impl Reader {
    /// Takes the memory behind a descriptor of another process of the same user.
    ///
    /// # Errors
    ///
    /// An error of the operating system, or that it is something else, or that this process has enough of such memory.
    pub fn take(pid: u32, descriptor: u32) -> io::Result<Self> {
        let permit = Permit::get(&TAKES)?;
        let path: PathBuf = ["/proc", &pid.to_string(), "fd", &descriptor.to_string()].iter().collect();
        // Whatever it is, to open it neither waits nor does anything to it.
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        let sealed = rustix::fs::fcntl_get_seals(&file)?.contains(SealFlags::SHRINK | SealFlags::GROW);
        if !sealed || file.metadata()?.len() != Mapping::length(ROOM) as u64 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mapping = Mapping::of(&file, ROOM)?;
        if mapping.word(Word::State).swap(TAKEN, Ordering::AcqRel) != OFFERED {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(Self { mapping, read: 0, _permit: permit })
    }

    /// Adds what there is to `into`, at most `most` bytes, and says how many they were.
    ///
    /// # Errors
    ///
    /// [`Miscounted`] if there is more than there can be.
    pub fn read(&mut self, most: usize, into: &mut Vec<u8>) -> Result<usize, Miscounted> {
        let written = self.mapping.word(Word::Written).load(Ordering::Acquire);
        let there = usize::try_from(written.wrapping_sub(self.read)).unwrap_or(usize::MAX);
        if there > ROOM {
            return Err(Miscounted);
        }
        let count = there.min(most);
        let at = self.read as usize % ROOM;
        let now = count.min(ROOM - at);
        self.mapping.read(at, now, into);
        self.mapping.read(0, count - now, into);
        self.read = self.read.wrapping_add(count as u64);
        self.mapping.word(Word::Read).store(self.read, Ordering::Release);
        Ok(count)
    }

    /// Asks for a bell at the next bytes. Says whether there are some already.
    pub fn rest(&mut self) -> bool {
        let bell = self.mapping.word(Word::Bell);
        bell.store(1, Ordering::Relaxed);
        // See `Writer::publish`.
        fence(Ordering::SeqCst);
        let more = self.mapping.word(Word::Written).load(Ordering::Acquire) != self.read;
        if more {
            bell.store(0, Ordering::Relaxed);
        }
        more
    }
}

#[cfg(test)]
mod tests;
