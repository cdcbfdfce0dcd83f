//! A stream of bytes over TCP, within TLS or not. What the bytes mean is not known here.

use std::io::{self, BufRead, IoSlice, Write};

use mio::net::TcpStream;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use rustls::Connection;

use super::Cause;
use super::records::{Outgoing, PIECE, PIECES_A_WRITE};
use crate::allocator::moved;
use crate::flow::{Read, Written};

/// What is read from all sockets by way of one memory at a time.
pub const SCRATCH: usize = 64 << 10;
/// The most that is written in one go, so that a fast reader does not keep its writer from everything else.
const WRITE_BUDGET: usize = 4 << 20;

/// See the [module](self).
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
    layer: Layer,
}

#[derive(Debug)]
enum Layer {
    /// What was said and is not written yet.
    Plain(Vec<u8>),
    Tls(Box<Connection>),
}

impl Stream {
    /// Without TLS.
    pub const fn plain(socket: TcpStream) -> Self {
        Self { socket, layer: Layer::Plain(Vec::new()) }
    }

    /// Within TLS.
    pub fn tls(socket: TcpStream, mut connection: Connection) -> Self {
        // Nothing is encrypted before what was is written, so this needs no bound of its own.
        connection.set_buffer_limit(None);
        Self { socket, layer: Layer::Tls(Box::new(connection)) }
    }

    /// The socket.
    pub const fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// The TLS connection, if there is one.
    pub fn connection(&self) -> Option<&Connection> {
        match &self.layer {
            Layer::Plain(_) => None,
            Layer::Tls(connection) => Some(connection),
        }
    }

    /// Reads some bytes as they are on the wire, before anything is made of them, and adds them to `raw`.
    ///
    /// # Errors
    ///
    /// [`Cause`] if the connection is broken.
    pub fn read_raw(&self, raw: &mut Vec<u8>) -> Result<Read, Cause> {
        loop {
            let asked = raw.capacity() - raw.len();
            return match rustix::io::read(&self.socket, rustix::buffer::spare_capacity(raw)) {
                Ok(0) => Ok(Read::Ended),
                Ok(count) if count < asked => Ok(Read::Drained),
                Ok(_) => Ok(Read::More),
                Err(Errno::AGAIN) => Ok(Read::Drained),
                Err(Errno::INTR) => continue,
                Err(errno) => Err(Cause::io(&errno.into())),
            };
        }
    }

    /// Makes plain bytes of those on the wire, and adds them to `plain`. Says whether the other side has said that no more come.
    ///
    /// # Errors
    ///
    /// [`Cause`] if they make no sense, or the other side is not who it should be.
    pub fn unwrap(&mut self, mut raw: &[u8], plain: &mut Vec<u8>) -> Result<bool, Cause> {
        let Layer::Tls(connection) = &mut self.layer else {
            plain.extend_from_slice(raw);
            return Ok(false);
        };
        let mut ended = false;
        while !raw.is_empty() {
            if connection.read_tls(&mut raw).map_err(|error| Cause::Tls(error.to_string()))? == 0 {
                return Ok(true);
            }
            let state = connection.process_new_packets().map_err(|error| Cause::of_tls(&error))?;
            ended |= state.peer_has_closed();
            take_plain(connection, state.plaintext_bytes_to_read(), plain);
        }
        Ok(ended)
    }

    /// Reads until there is nothing or `budget` bytes have come, and adds what came to `plain`. A socket that gives less than it was
    /// asked for is empty, and what comes next makes it readable anew. With `to_end` this is not relied on: the end may have come
    /// already.
    ///
    /// # Errors
    ///
    /// [`Cause`] if the connection is broken, or what came makes no sense.
    pub fn read(
        &mut self,
        scratch: &mut Vec<u8>,
        plain: &mut Vec<u8>,
        budget: usize,
        to_end: bool,
    ) -> Result<Read, Cause> {
        let before = plain.len();
        loop {
            let (read, count) = match self.layer {
                Layer::Plain(_) => {
                    if plain.capacity() == plain.len() {
                        plain.reserve(SCRATCH);
                    }
                    let had = plain.len();
                    (self.read_raw(plain)?, plain.len() - had)
                }
                Layer::Tls(_) => {
                    scratch.clear();
                    let read = self.read_raw(scratch)?;
                    if self.unwrap(scratch, plain)? {
                        return Ok(Read::Ended);
                    }
                    moved(scratch.len());
                    (read, scratch.len())
                }
            };
            match read {
                Read::Ended => return Ok(Read::Ended),
                Read::Drained if !to_end || count == 0 => return Ok(Read::Drained),
                _ if plain.len() - before >= budget => return Ok(Read::More),
                _ => {}
            }
        }
    }

    /// Queues some bytes before all records.
    pub fn say(&mut self, bytes: &[u8]) {
        match &mut self.layer {
            Layer::Plain(said) => said.extend_from_slice(bytes),
            Layer::Tls(connection) => {
                // There is no limit that could make it refuse.
                let _ = connection.writer().write_all(bytes);
            }
        }
    }

    /// Writes some bytes as they are, past TLS, if the socket takes them at once.
    ///
    /// # Errors
    ///
    /// [`Cause`] if it does not.
    pub fn say_raw(&self, bytes: &[u8]) -> Result<(), Cause> {
        write(&self.socket, &[IoSlice::new(bytes)]).map(drop).map_err(|error| Cause::io(&error))
    }

    /// Writes what was said, and what TLS has to say. Says whether that is all.
    ///
    /// # Errors
    ///
    /// [`Cause`] if the connection is broken.
    pub fn flush(&mut self) -> Result<bool, Cause> {
        loop {
            let written = match &mut self.layer {
                Layer::Plain(said) if said.is_empty() => return Ok(true),
                Layer::Plain(said) => write(&self.socket, &[IoSlice::new(said)]).map(|count| drop(said.drain(..count))),
                Layer::Tls(connection) if !connection.wants_write() => return Ok(true),
                Layer::Tls(connection) => connection.write_tls(&mut Wire(&self.socket)).map(drop),
            };
            match written {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(Cause::io(&error)),
            }
        }
    }

    /// Writes what waits, as far as the socket takes it.
    ///
    /// # Errors
    ///
    /// [`Cause`] if the connection is broken. There may still be something to read then.
    pub fn write(&mut self, queue: &mut Outgoing) -> Result<Written, Cause> {
        let mut total = 0;
        loop {
            if !self.flush()? {
                return Ok(Written::Blocked);
            }
            if queue.is_empty() {
                return Ok(Written::All);
            }
            if total >= WRITE_BUDGET {
                return Ok(Written::Part);
            }
            let mut slices = [IoSlice::new(&[]); PIECES_A_WRITE];
            let count = match &mut self.layer {
                Layer::Plain(_) => {
                    let used = queue.gather(&mut slices, usize::MAX);
                    match write(&self.socket, &slices[..used]) {
                        Ok(count) => count,
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Written::Blocked),
                        Err(error) => return Err(Cause::io(&error)),
                    }
                }
                Layer::Tls(connection) => {
                    let used = queue.gather(&mut slices, PIECE);
                    connection
                        .writer()
                        .write_vectored(&slices[..used])
                        .map_err(|error| Cause::Tls(error.to_string()))?
                }
            };
            queue.advance(count);
            total += count;
        }
    }

    /// Says that this side sends nothing more, once everything is written.
    pub fn say_end(&mut self) {
        if let Layer::Tls(connection) = &mut self.layer {
            connection.send_close_notify();
        }
    }

    /// Closes this side's half of the connection, so that the other side reads everything and then the end. An error is of no interest: the
    /// connection is gone then.
    pub fn shut(&self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
    }
}

/// Takes what was decrypted.
fn take_plain(connection: &mut Connection, mut left: usize, plain: &mut Vec<u8>) {
    let mut reader = connection.reader();
    while left > 0 {
        // It is there: so much was said to be.
        let Ok(chunk) = reader.fill_buf() else { return };
        let count = chunk.len();
        if count == 0 {
            return;
        }
        plain.extend_from_slice(chunk);
        reader.consume(count);
        left = left.saturating_sub(count);
    }
}

/// A socket as something to write to.
struct Wire<'a>(&'a TcpStream);

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(self.0, &[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        write(self.0, slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// No signal: a program that this library is part of may not ignore SIGPIPE.
fn write(socket: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    loop {
        match sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}
