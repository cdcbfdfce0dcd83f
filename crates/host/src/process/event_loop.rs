//! A process for who does not wait within it: an event loop of another kind, or a program that sends and goes on.

use std::os::fd::RawFd;
use std::sync::atomic::Ordering;
use std::time::Duration;

use roscius::NodeId;

use super::{HAND_OVER, Process};

impl Process {
    /// A descriptor that can be read when [`Process::turn`] has something to do, for who waits for several things at a time.
    /// Besides, a turn is due after [`Process::pause`]. None at the end.
    pub fn descriptor(&self) -> Option<RawFd> {
        self.is_watched.store(true, Ordering::Release);
        self.drive().as_ref().map(|driven| driven.hub.descriptor())
    }

    /// After which time a turn is due although nothing happens. None: after none. While another thread drives, it is looked at
    /// soon again.
    pub fn pause(&self) -> Option<Duration> {
        let guard = self.try_drive();
        let Some(driven) = guard.as_ref().and_then(|guard| guard.as_ref()) else { return Some(HAND_OVER) };
        if self.is_ready(driven) {
            return Some(Duration::ZERO);
        }
        [self.limit(driven, None), driven.hub.pause()].into_iter().flatten().min()
    }

    /// How many messages wait for a process in its link, and how many are held because that takes no more. None of them, while
    /// another thread drives.
    pub fn waiting_for(&self, node: NodeId) -> (usize, usize) {
        let guard = self.try_drive();
        let driven = guard.as_ref().and_then(|guard| guard.as_ref());
        let way = self.way_to(node);
        driven.map_or((0, 0), |driven| (driven.hub.waiting(way).0, driven.outbound.held_for(way)))
    }

    /// What is held for a process because its link takes no more is not waited for: it becomes dead letters. What is on its way to
    /// another system stays: it waits among what is said to the Admin.
    pub fn give_up_held(&self, node: NodeId) {
        if !self.is_abroad(node)
            && let Some(driven) = self.drive().as_mut()
        {
            driven.give_up_held(self, node);
        }
    }
}
