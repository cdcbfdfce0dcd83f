//! Descriptors and processes that are watched for somebody else.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use mio::unix::SourceFd;
use mio::{Interest, Token};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::{Event, Hub, Place};

/// Names one watch of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WatchId {
    place: usize,
    /// Places are used again, numbers are not.
    number: u64,
}

/// Why something can not be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// It is always ready, as a file on a disk is.
    #[error("descriptor {fd} is always ready: it is a file or a directory")]
    AlwaysReady {
        /// The descriptor.
        fd: RawFd,
    },
    /// It is closed, or was never open.
    #[error("descriptor {fd} is not open")]
    NotOpen {
        /// The descriptor.
        fd: RawFd,
    },
    /// It is watched already.
    #[error("descriptor {fd} is watched already")]
    Twice {
        /// The descriptor.
        fd: RawFd,
    },
    /// There is no such process.
    #[error("there is no process {pid}")]
    NoProcess {
        /// Its number.
        pid: i32,
    },
    /// The watch is over.
    #[error("the watch is over")]
    Over,
    /// Another error of the operating system.
    #[error("could not watch: {0}")]
    Io(#[from] io::Error),
}

#[derive(Debug)]
pub(super) struct Watched {
    number: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Descriptor(RawFd),
    Process(Pid, OwnedFd),
}

impl Hub {
    /// Watches a descriptor until it can be read or is at its end. If it is closed before
    /// [`Hub::unwatch`], the watch reports nothing any more.
    ///
    /// # Errors
    ///
    /// [`WatchError`] if it can not be watched.
    pub fn watch(&mut self, fd: RawFd) -> Result<WatchId, WatchError> {
        let id = self.next_watch();
        self.poll.registry().register(&mut SourceFd(&fd), Token(id.place), Interest::READABLE).map_err(|error| {
            match Errno::from_io_error(&error) {
                Some(Errno::PERM) => WatchError::AlwaysReady { fd },
                Some(Errno::BADF) => WatchError::NotOpen { fd },
                Some(Errno::EXIST) => WatchError::Twice { fd },
                _ => WatchError::Io(error),
            }
        })?;
        self.places.insert(Place::Watch(Watched { number: id.number, what: What::Descriptor(fd) }));
        Ok(id)
    }

    /// Watches a process until it ends.
    ///
    /// # Errors
    ///
    /// [`WatchError`] if there is no such process or it can not be watched.
    pub fn watch_process(&mut self, pid: Pid) -> Result<WatchId, WatchError> {
        let process = pidfd_open(pid, PidfdFlags::empty()).map_err(|errno| match errno {
            Errno::SRCH => WatchError::NoProcess { pid: pid.as_raw_nonzero().get() },
            errno => WatchError::Io(errno.into()),
        })?;
        let id = self.next_watch();
        self.poll.registry().register(&mut SourceFd(&process.as_raw_fd()), Token(id.place), Interest::READABLE)?;
        self.places.insert(Place::Watch(Watched { number: id.number, what: What::Process(pid, process) }));
        Ok(id)
    }

    /// Has a descriptor reported again if it can be read still, or when it can be.
    ///
    /// # Errors
    ///
    /// [`WatchError::NotOpen`] if it was closed meanwhile, [`WatchError::Over`] if it is not watched any more.
    pub fn rearm(&mut self, watch: WatchId) -> Result<(), WatchError> {
        match self.places.get(watch.place) {
            Some(Place::Watch(Watched { number, what: What::Descriptor(fd) })) if *number == watch.number => {
                let fd = *fd;
                if self.is_own(fd) {
                    return Err(WatchError::NotOpen { fd });
                }
                self.poll.registry().reregister(&mut SourceFd(&fd), Token(watch.place), Interest::READABLE).map_err(
                    |error| match Errno::from_io_error(&error) {
                        Some(Errno::BADF | Errno::NOENT) => WatchError::NotOpen { fd },
                        _ => WatchError::Io(error),
                    },
                )
            }
            _ => Err(WatchError::Over),
        }
    }

    /// Ends a watch. One that is over already is let be.
    pub fn unwatch(&mut self, watch: WatchId) {
        if matches!(self.places.get(watch.place), Some(Place::Watch(watched)) if watched.number == watch.number)
            && let Place::Watch(watched) = self.places.remove(watch.place)
        {
            self.end_watch(&watched);
        }
    }

    /// A watched descriptor is ready.
    pub(super) fn watched_ready(&mut self, place: usize) {
        let Some(Place::Watch(Watched { number, what })) = self.places.get(place) else { return };
        let watch = WatchId { place, number: *number };
        match what {
            What::Descriptor(_) => self.events.push(Event::Readable { watch }),
            What::Process(pid, _) => {
                self.events.push(Event::Ended { watch, pid: *pid });
                self.unwatch(watch);
            }
        }
    }

    fn end_watch(&mut self, watched: &Watched) {
        let fd = match &watched.what {
            What::Descriptor(fd) if self.is_own(*fd) => return,
            What::Descriptor(fd) => *fd,
            What::Process(_, process) => process.as_raw_fd(),
        };
        // A descriptor that was closed meanwhile is not registered any more.
        let _ = self.poll.registry().deregister(&mut SourceFd(&fd));
    }

    /// Whether a descriptor, which was watched and closed too early, has become one of the hub's connections.
    fn is_own(&mut self, fd: RawFd) -> bool {
        self.places.iter_mut().any(|(_, place)| match place {
            Place::Link(open) => open.link.stream().as_raw_fd() == fd,
            Place::Greeting { greeting: Some(greeting), .. } => greeting.stream().as_raw_fd() == fd,
            Place::Watch(Watched { what: What::Process(_, process), .. }) => process.as_raw_fd() == fd,
            Place::Greeting { .. } | Place::Watch(_) => false,
        })
    }

    fn next_watch(&mut self) -> WatchId {
        self.tickets += 1;
        WatchId { place: self.places.vacant_key(), number: self.tickets }
    }
}
