//! Handles of processes. A process id is used again; a handle stays with its process, even if that has ended.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, OwnedFd};

use roscius_protocol::address::NodeId;
use roscius_transport::{Hub, hub::WatchId};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The processes that an Admin watches.
#[derive(Debug, Default)]
pub(super) struct ProcessHandles {
    by_node: HashMap<NodeId, (OwnedFd, WatchId)>,
    by_watch: HashMap<WatchId, NodeId>,
}

impl ProcessHandles {
    /// Watches a process. Says whether it is there to be watched.
    pub fn watch(&mut self, hub: &mut Hub, node: NodeId, pid: u32) -> bool {
        self.forget(hub, node);
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let Some(handle) = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else { return false };
        let Ok(watch) = hub.watch(handle.as_raw_fd()) else { return false };
        self.by_node.insert(node, (handle, watch));
        self.by_watch.insert(watch, node);
        true
    }

    /// Which process a watch is of.
    pub fn node_of(&self, watch: WatchId) -> Option<NodeId> {
        self.by_watch.get(&watch).copied()
    }

    /// Ends a process, if it is watched and runs.
    pub fn kill(&self, node: NodeId) {
        if let Some((handle, _)) = self.by_node.get(&node)
            && let Err(error) = pidfd_send_signal(handle, Signal::KILL)
            && error != rustix::io::Errno::SRCH
        {
            tracing::warn!(%node, %error, "a process could not be killed");
        }
    }

    /// Watches a process no more.
    pub fn forget(&mut self, hub: &mut Hub, node: NodeId) {
        if let Some((_handle, watch)) = self.by_node.remove(&node) {
            self.by_watch.remove(&watch);
            hub.unwatch(watch);
        }
    }
}
