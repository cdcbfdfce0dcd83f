//! Log records for the leader of the convention.
//!
//! The logger of this system sends what matters to an address of the Admin ([`log_of_the_leader`]). From there it goes on to the logger of whoever leads now.
//! Where there is no way it is passed over in silence, and so is what gets lost: it is written here in any case, and a log of what was
//! not logged would never end.

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::convention::SystemId;
use roscius_protocol::frame::{self, DEFAULT_LIMIT, Frame, Header};
use roscius_protocol::pair::Room;

use super::Serving;

/// Whether a frame is a record from one logger to another.
pub(super) fn is_record(header: &Header) -> bool {
    let is_logger = |address: Address| address.node().process() == NodeId::LOGGER;
    is_logger(header.from) && is_logger(header.to)
}

/// Where the logger of a system sends what is for the log of the convention's leader.
pub const fn log_of_the_leader(system: SystemId) -> Address {
    Address::new(NodeId::of_process(system, NodeId::ADMIN), 1, 0, 0)
}

const fn logger_of(system: SystemId) -> Address {
    Address::new(NodeId::of_process(system, NodeId::LOGGER), 0, 1, 0)
}

impl Serving {
    /// Whether a message is a record for the leader.
    pub(super) fn is_for_the_leader(&self, header: &Header) -> bool {
        let system = self.hub.node().system();
        header.from == logger_of(system) && header.to == log_of_the_leader(system)
    }

    /// Sends a record on, unless the leader has more of them than it takes: nobody is slowed down for them.
    pub(super) fn pass_on_record(&mut self, frame: &Frame) {
        let now = self.now();
        let (Some(leader), Some(abroad)) = (self.admin.leader(), &mut self.abroad) else { return };
        if abroad.records_held.contains(&leader) {
            return;
        }
        let header = Header { to: logger_of(leader), message: 0, marks: 0, ..frame.header() };
        let mut whole = Vec::new();
        let Ok(payload) = frame.payload() else { return };
        if frame::encode(&header, &payload, DEFAULT_LIMIT, &mut whole).is_err() {
            return;
        }
        let Ok(frame) = Frame::new(whole.into(), DEFAULT_LIMIT) else { return };
        // A record is a pickle.
        if !abroad.neighbours.agreements().pass(&frame, None, leader) {
            return;
        }
        if let Ok(Room::Tight) = abroad.neighbours.send(now, leader, &frame) {
            abroad.records_held.insert(leader);
        }
        abroad.ready = true;
    }
}
