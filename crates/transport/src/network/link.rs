//! A connection that both sides have agreed upon: records in, records out.

use std::time::Instant;

use bytes::Bytes;

use super::certificate::Fingerprint;
use super::records::{Incoming, Outgoing, Records};
use super::stream::Stream;
use super::{Cause, Limits};
use crate::flow::{Read, Written};
use crate::queue::Room;

/// See the [module](self).
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    /// Those of the other side's certificates.
    chain: Vec<Fingerprint>,
    incoming: Incoming,
    outgoing: Outgoing,
    heard: Instant,
}

impl Link {
    /// With the bytes that came already.
    pub(super) fn new(stream: Stream, chain: Vec<Fingerprint>, came: Vec<u8>, limits: &Limits) -> Self {
        let (incoming, outgoing) = (Incoming::new(limits.record, came), Outgoing::new(limits.queue));
        Self { stream, chain, incoming, outgoing, heard: Instant::now() }
    }

    /// The fingerprints of the other side's certificates.
    pub fn chain(&self) -> &[Fingerprint] {
        &self.chain
    }

    /// When something came last.
    pub const fn heard(&self) -> Instant {
        self.heard
    }

    /// What waits to be written.
    pub const fn outgoing(&mut self) -> &mut Outgoing {
        &mut self.outgoing
    }

    /// How many records wait to be written, and how many bytes.
    pub const fn waiting(&self) -> (usize, usize) {
        self.outgoing.waiting()
    }

    /// Queues a record.
    pub fn push(&mut self, head: &[u8], body: Bytes) -> Room {
        self.outgoing.push(head, body)
    }

    /// Reads what came, up to about `budget` bytes, and gives the records that are whole.
    ///
    /// # Errors
    ///
    /// [`Cause`] if the link is of no more use. Records may have come before that.
    pub fn read(
        &mut self,
        usual: &mut Vec<u8>,
        scratch: &mut Vec<u8>,
        budget: usize,
        to_end: bool,
    ) -> (Option<Records>, Result<Read, Cause>) {
        let heard = &mut self.heard;
        let (records, read) = self.incoming.pass(usual, |memory| {
            let had = memory.len();
            let read = self.stream.read(scratch, memory, budget, to_end);
            if memory.len() > had {
                *heard = Instant::now();
            }
            read
        });
        if read.is_err() {
            // TLS may have something to say to that.
            let _ = self.stream.flush();
        }
        let read = match read {
            Ok(Read::Ended) if self.incoming.is_under_way() => Err(Cause::Cut),
            read => read,
        };
        (records, read)
    }

    /// Writes what waits, as far as the socket takes it.
    ///
    /// # Errors
    ///
    /// [`Cause`] if the connection is broken. There may still be something to read then.
    pub fn write(&mut self) -> Result<Written, Cause> {
        self.stream.write(&mut self.outgoing)
    }

    /// Writes what waits, and when that is done the end. Says how far it came.
    ///
    /// # Errors
    ///
    /// [`Cause`] if the connection is broken.
    pub fn write_end(&mut self) -> Result<Written, Cause> {
        let written = self.write()?;
        if written == Written::All {
            self.stream.say_end();
            if !self.stream.flush()? {
                return Ok(Written::Blocked);
            }
            self.stream.shut();
        }
        Ok(written)
    }

    /// Reads what comes and forgets it. Says whether the other side may send more.
    pub fn discard(&self, scratch: &mut Vec<u8>) -> bool {
        loop {
            scratch.clear();
            match self.stream.read_raw(scratch) {
                Ok(Read::Drained) if scratch.is_empty() => return true,
                Ok(Read::Drained | Read::More) => {}
                Ok(Read::Ended) | Err(_) => return false,
            }
        }
    }
}
