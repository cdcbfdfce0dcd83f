//! The part of the stream of a link that goes by way of shared memory: see [`memory`](crate::memory).

use std::io::IoSlice;

use bytes::Bytes;
use mio::net::UnixStream;
use roscius_protocol::address::Address;
use roscius_protocol::frame::{self, Decoder, Frame, Hello, Memory, Payload};
use rustix::io::Errno;

use super::{LinkError, write};
use crate::allocator::moved;
use crate::memory::{Miscounted, ROOM, Reader, Writer};
use crate::queue::{CHUNKS_A_WRITE, SendQueue};

/// Frames up to this length go by way of memory. What a longer one costs is its bytes, and a socket holds more of them.
const SHORT: usize = ROOM / 8;
/// A memory that was full is used again when this much of it is free.
const ENOUGH: usize = ROOM / 2;
/// After so many bells in a row the memory is left: the reader rests after each write, and the socket would wake it as well.
const BELLS: u32 = 32;
/// How long a frame about the memory is.
const NOTE: usize = frame::HEADER + 8;

/// What this side writes.
///
/// The memory is for who has much to say at once. Between two that ask and answer each message wakes its reader, however it goes.
#[derive(Debug)]
pub(super) struct Outgoing {
    way: Way,
    /// On the socket: how many writes there were since the other side was heard. In the memory: how many bells there were in a row.
    streak: u32,
}

#[derive(Debug)]
enum Way {
    /// All on the socket.
    Socket,
    /// On the socket, beside memory that is offered.
    Beside(Box<Writer>),
    /// By way of the memory.
    Memory(Box<Writer>),
    /// On the socket for good.
    Never,
}

impl Outgoing {
    pub const fn new() -> Self {
        Self { way: Way::Socket, streak: 0 }
    }

    /// The other side has said something.
    pub const fn heard(&mut self) {
        if !matches!(self.way, Way::Memory(_)) {
            self.streak = 0;
        }
    }

    /// Writes what waits as far as the memory is the way and takes it. Says how many bytes went.
    ///
    /// # Errors
    ///
    /// [`LinkError`] if the other side is gone.
    pub fn carry(&mut self, stream: &UnixStream, hello: &Hello, queue: &mut SendQueue) -> Result<usize, LinkError> {
        let Way::Memory(writer) = &mut self.way else { return Ok(0) };
        let next = queue.next_whole().filter(|length| *length <= SHORT).unwrap_or(usize::MAX);
        let room = writer.room(next.saturating_add(NOTE)).saturating_sub(NOTE);
        let full = next > room;
        if full || self.streak >= BELLS {
            self.come_back(stream, hello)?;
            // One that is full is gone to again as soon as it has room.
            self.streak = if full { u32::MAX } else { 0 };
            return Ok(0);
        }
        let count = queue.whole_frames(room);
        moved(count);
        let mut left = count;
        while left > 0 {
            let mut slices = [IoSlice::new(&[]); CHUNKS_A_WRITE];
            let used = queue.gather(&mut slices);
            let mut put = 0;
            for slice in &slices[..used] {
                let part = &slice[..slice.len().min(left - put)];
                writer.put(part);
                put += part.len();
            }
            queue.advance(put);
            left -= put;
        }
        self.streak = if publish(writer, stream, hello)? { self.streak + 1 } else { 0 };
        Ok(count)
    }

    /// Has the stream go on on the socket.
    ///
    /// # Errors
    ///
    /// [`LinkError`] if the other side is gone.
    pub fn come_back(&mut self, stream: &UnixStream, hello: &Hello) -> Result<(), LinkError> {
        if let Way::Memory(writer) = &mut self.way {
            // There is always room left for this one.
            writer.put(&bytes_of(hello, Memory::Back)?);
            publish(writer, stream, hello)?;
        }
        self.streak = 0;
        self.way = match std::mem::replace(&mut self.way, Way::Never) {
            Way::Memory(writer) => Way::Beside(writer),
            other => other,
        };
        Ok(())
    }

    /// Takes note of a write on the socket after which nothing waits. After `many` of them, to which the other side had nothing to
    /// say, it is offered memory, and the stream goes there when it has taken it and read enough.
    ///
    /// # Errors
    ///
    /// [`LinkError`] if the other side is gone.
    pub fn wrote(&mut self, stream: &UnixStream, hello: &Hello, many: Option<u32>) -> Result<(), LinkError> {
        self.streak = self.streak.saturating_add(1);
        if many.is_none_or(|many| self.streak < many) {
            return Ok(());
        }
        self.way = match std::mem::replace(&mut self.way, Way::Never) {
            Way::Socket => match Writer::new() {
                Ok(writer) => offer(writer, stream, hello)?,
                // What this process has no memory or descriptor for goes as before.
                Err(_) => Way::Never,
            },
            Way::Beside(mut writer) => {
                let usable = writer.is_taken() && writer.room(ENOUGH) >= ENOUGH;
                if usable && note(stream, hello, Memory::Onward)? {
                    self.streak = 0;
                    Way::Memory(writer)
                } else {
                    Way::Beside(writer)
                }
            }
            other => other,
        };
        Ok(())
    }
}

fn offer(writer: Writer, stream: &UnixStream, hello: &Hello) -> Result<Way, LinkError> {
    let Some(descriptor) = writer.descriptor() else { return Ok(Way::Never) };
    let said = note(stream, hello, Memory::Offer { descriptor })?;
    Ok(if said { Way::Beside(Box::new(writer)) } else { Way::Socket })
}

/// What the other side writes.
#[derive(Debug)]
pub(super) struct Incoming {
    reader: Reader,
    decoder: Decoder,
    /// The stream goes by way of the memory now.
    on: bool,
}

/// How far reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// There is nothing more. The other side rings when there is.
    Empty,
    /// There may be more: the budget is used up.
    More,
}

impl Incoming {
    /// Takes the memory that was offered. Without it all comes on the socket, as before.
    pub fn take(peer: &Hello, descriptor: u32, limit: u64) -> Option<Self> {
        match Reader::take(peer.pid, descriptor) {
            Ok(reader) => Some(Self { reader, decoder: Decoder::new(limit), on: false }),
            Err(_) => None,
        }
    }

    /// What follows on the socket comes after what is in the memory.
    ///
    /// # Errors
    ///
    /// [`LinkError::Memory`] if it was said already.
    pub fn go_on(&mut self) -> Result<(), LinkError> {
        if self.on {
            return Err(LinkError::Memory { what: "it went there twice" });
        }
        self.on = true;
        Ok(())
    }

    /// Whether the stream goes by way of the memory.
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Hands out frames until the memory is empty, the stream has come back, or more than `budget` bytes came.
    ///
    /// # Errors
    ///
    /// [`LinkError`] for what makes no sense, and what `take` says.
    pub fn drain(
        &mut self,
        scratch: &mut Vec<u8>,
        budget: usize,
        mut take: impl FnMut(Frame) -> Result<(), LinkError>,
    ) -> Result<Drained, LinkError> {
        let mut came = 0;
        while self.on {
            while let Some(frame) = self.decoder.next_frame()? {
                match frame.payload() {
                    Ok(Payload::Memory(Memory::Back)) => {
                        self.on = false;
                        // What follows in the memory waits until the stream goes there again.
                        return Ok(Drained::Empty);
                    }
                    Ok(Payload::Memory(_)) => return Err(LinkError::Memory { what: "it speaks of itself" }),
                    _ => take(frame)?,
                }
            }
            if came >= budget {
                return Ok(Drained::More);
            }
            scratch.clear();
            let read = self.reader.read(scratch.capacity(), scratch);
            let count = read.map_err(|Miscounted| LinkError::Memory { what: "more was written than fits" })?;
            if count > 0 {
                moved(count);
                self.decoder.push(Bytes::copy_from_slice(scratch));
                came += count;
            } else if !self.reader.rest() {
                break;
            }
        }
        Ok(Drained::Empty)
    }
}

/// Has the other side see what was written. Says whether it had to be rung for.
fn publish(writer: &mut Writer, stream: &UnixStream, hello: &Hello) -> Result<bool, LinkError> {
    let rings = writer.publish();
    if rings {
        // A socket that is full has something to read in it, and who reads it looks into the memory too.
        note(stream, hello, Memory::Bell)?;
    }
    Ok(rings)
}

/// Says something about the memory. False: the socket is full. So few bytes go out whole or not at all.
fn note(stream: &UnixStream, hello: &Hello, memory: Memory) -> Result<bool, LinkError> {
    let bytes = bytes_of(hello, memory)?;
    loop {
        match write(stream, &[IoSlice::new(&bytes)]) {
            Ok(_) => return Ok(true),
            Err(Errno::AGAIN) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(LinkError::io("write", errno)),
        }
    }
}

fn bytes_of(hello: &Hello, memory: Memory) -> Result<Vec<u8>, LinkError> {
    let nobody = Address::nobody(hello.node);
    let mut bytes = Vec::with_capacity(NOTE);
    frame::encode(&frame::Header::new(nobody, nobody), &Payload::Memory(memory), frame::DEFAULT_LIMIT, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
