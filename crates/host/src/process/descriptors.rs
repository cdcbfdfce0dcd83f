//! Descriptors that an actor wants watched, and the one that a signal handler writes to.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use roscius::gate::Crossing;
use roscius_transport::hub::{WatchError, WatchId};

use super::{Driven, Process};

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    /// What the actor wants watched now.
    watched: Vec<(WatchId, RawFd)>,
    /// Written to whenever a signal has come.
    alarm: Option<(WatchId, OwnedFd)>,
    /// Readable ones of this turn.
    ready: Vec<RawFd>,
}

impl Process {
    /// Watches these descriptors, and no others that were watched for an actor before. Those that are closed or can not be
    /// watched are left out.
    pub fn watch_descriptors(&self, descriptors: &[RawFd]) {
        let mut guard = self.drive();
        let Some(driven) = guard.as_mut() else { return };
        let before = std::mem::take(&mut driven.descriptors.watched);
        for (watch, fd) in before {
            // One that is still wanted is reported again only if it is still readable.
            if descriptors.contains(&fd) && driven.hub.rearm(watch).is_ok() {
                driven.descriptors.watched.push((watch, fd));
            } else {
                driven.hub.unwatch(watch);
            }
        }
        for &fd in descriptors {
            if driven.descriptors.watched.iter().any(|(_, other)| *other == fd) {
                continue;
            }
            match driven.hub.watch(fd) {
                Ok(watch) => driven.descriptors.watched.push((watch, fd)),
                Err(error) => tracing::debug!(fd, %error, "not watched"),
            }
        }
    }

    /// Wakes the process whenever something is written to the other end of this non-blocking descriptor, and reads it. For
    /// signal handlers.
    ///
    /// # Errors
    ///
    /// [`WatchError`] if it can not be watched.
    pub fn watch_alarm(&self, descriptor: OwnedFd) -> Result<(), WatchError> {
        let mut guard = self.drive();
        let Some(driven) = guard.as_mut() else { return Err(WatchError::Over) };
        let watch = driven.hub.watch(descriptor.as_raw_fd())?;
        driven.descriptors.alarm = Some((watch, descriptor));
        Ok(())
    }
}

impl Driven {
    /// A watched descriptor can be read.
    pub(super) fn readable(&mut self, watch: WatchId) {
        if let Some((alarm, fd)) = &self.descriptors.alarm
            && *alarm == watch
        {
            drain(fd);
            let _ = self.hub.rearm(watch);
        } else if let Some((_, fd)) = self.descriptors.watched.iter().find(|(other, _)| *other == watch) {
            self.descriptors.ready.push(*fd);
        }
    }

    /// Tells the actor which of its descriptors can be read.
    pub(super) fn report_readable(&mut self, process: &Process, out: &mut Vec<Crossing>) {
        if !self.descriptors.ready.is_empty() {
            out.extend(process.language.readable(std::mem::take(&mut self.descriptors.ready)));
        }
    }
}

/// Empties the pipe of the signal handler, which is non-blocking.
fn drain(fd: &OwnedFd) {
    let mut bytes = [0; 64];
    while rustix::io::read(fd, &mut bytes).is_ok_and(|count| count == bytes.len()) {}
}
