//! What processes here say to other systems: which way it goes, and how much of it.

use roscius_protocol::address::NodeId;
use roscius_protocol::admin::messages::Setback;
use roscius_protocol::convention::SystemId;
use roscius_protocol::frame::Frame;
use roscius_protocol::pair::Room;

use super::Serving;
use super::abroad::Abroad;
use super::pickles::no_pickles;
use crate::process::socket_of;

/// How it stands with what was to be sent to another system.
pub(super) enum Way {
    /// It is on its way, by this system.
    Open(SystemId),
    /// There is no room, as its sender knows.
    Refused,
    /// It is on its way, and this system is to be sent no more for now.
    Tight(SystemId),
    /// There is no way.
    None,
}

/// By which system frames of a process here go to a node elsewhere.
#[derive(Clone, Copy)]
pub(super) struct Route {
    from: NodeId,
    to: NodeId,
    way: SystemId,
}

impl Serving {
    /// A process here has something for another system.
    pub(super) fn send_abroad(&mut self, from: NodeId, frame: &Frame) {
        let to = frame.to().node();
        if self.send_along(from, to, frame) {
            return;
        }
        if self.admin.has_ended_for(from, to.system()) {
            return self.undelivered(
                frame,
                Setback::Foreign,
                "its sender has ended for the system of its parent, which was lost",
            );
        }
        if let Some(abroad) = &mut self.abroad {
            abroad.neighbours.note(to, from);
        }
        match self.pass_on(None, frame) {
            Way::Open(way) => {
                if let Some(abroad) = &mut self.abroad {
                    abroad.route = Some(Route { from, to, way });
                }
            }
            Way::Tight(system) => self.slow_down(from, system),
            Way::Refused => self.forget_route(),
            Way::None => {
                self.forget_route();
                self.send_next_door(frame);
            }
        }
    }

    /// Sends a frame the way that the one before it went, if it is from the same process for the same.
    fn send_along(&mut self, from: NodeId, to: NodeId, frame: &Frame) -> bool {
        let Some(abroad) = &mut self.abroad else { return false };
        let Some(route) = abroad.route.filter(|route| (route.from, route.to) == (from, to)) else { return false };
        if !abroad.neighbours.agreements().pass(frame, None, route.way) {
            return false;
        }
        match abroad.neighbours.send(self.turned, route.way, frame) {
            Ok(Room::Plenty) => true,
            Ok(Room::Tight) => {
                self.slow_down(from, route.way);
                true
            }
            // The long way round finds out what is to be done.
            Err(_) => false,
        }
    }

    /// What comes next may change the way to another system.
    pub(super) fn forget_route(&mut self) {
        if let Some(abroad) = &mut self.abroad {
            abroad.route = None;
        }
    }

    /// A process says more to a system than that takes.
    fn slow_down(&mut self, process: NodeId, system: SystemId) {
        if let Some(abroad) = &mut self.abroad {
            abroad.fast.entry(system).or_default().insert(process);
            self.hub.pause_reading(process);
        }
    }

    /// Processes may say more to a system.
    pub(super) fn read_on(&mut self, system: SystemId) {
        let fast = self.abroad.as_mut().and_then(|abroad| {
            abroad.records_held.remove(&system);
            abroad.fast.remove(&system)
        });
        for node in fast.into_iter().flatten() {
            self.hub.resume_reading(node);
        }
    }

    /// Sends a frame on. `by`: the system that it came from, if that is another.
    pub(super) fn pass_on(&mut self, by: Option<SystemId>, frame: &Frame) -> Way {
        let system = frame.to().node().system();
        let relay = self.admin.relay(system);
        let Some(Abroad { neighbours, .. }) = &mut self.abroad else { return Way::None };
        let Some(way) = Some(system).filter(|system| neighbours.knows(*system)).or(relay) else { return Way::None };
        if !neighbours.agreements().pass(frame, by, way) {
            let details = no_pickles(neighbours.name_of(way));
            self.undelivered(frame, Setback::Intercepted, &details);
            return Way::Refused;
        }
        match neighbours.send(self.turned, way, frame) {
            Ok(Room::Plenty) => Way::Open(way),
            Ok(Room::Tight) => Way::Tight(way),
            Err(None) => Way::None,
            Err(Some(refused)) => {
                self.undelivered(frame, Setback::MailboxFull, &refused.to_string());
                Way::Refused
            }
        }
    }

    /// Systems of the same user on this host need not know each other: a process there listens beside those here.
    pub(super) fn send_next_door(&mut self, frame: &Frame) {
        let node = frame.header().to.node();
        let socket = socket_of(self.directory.path(), node);
        if !socket.exists() {
            return self.no_way(frame);
        }
        self.hub.introduce(node, socket);
        if let Err(error) = self.hub.forward(node, frame) {
            self.undelivered(frame, Setback::MailboxFull, &error.to_string());
        }
    }

    pub(super) fn no_way(&mut self, frame: &Frame) {
        self.undelivered(frame, Setback::Foreign, "its system is not in the convention");
    }
}
