//! How links between systems come, bring something, and go.

use std::time::Duration;

use roscius_protocol::convention::{Place, SystemId};

use super::{Happening, World};
use crate::network::{Arrival, Host};

impl World {
    /// Both ends of a link notice at once that it is broken.
    pub fn break_link(&mut self, one: Host, other: Host) {
        let id = |host: Host| self.computers[host].running.as_ref().map(|system| system.id);
        let (Some(one), Some(other)) = (id(one), id(other)) else { return };
        for (at, peer) in [(one, other), (other, one)] {
            if let Some(link) = self.network.close(at, peer) {
                self.act_at(at, |system| system.unlinked(link, peer, "broken"));
            }
        }
    }

    /// A system closes its end of a link.
    pub(super) fn close(&mut self, at: SystemId, peer: SystemId) {
        let Some(link) = self.network.close(at, peer) else { return };
        let delay = self.network.delay(&mut self.random);
        // What it has sent arrives before the end of the link does.
        let then = self.now.plus(delay).max(self.network.last(link, at).plus(Duration::from_micros(1)));
        self.schedule_at(then, Happening::Closed { link, at: peer, peer: at });
    }

    /// Looks what has come over a link.
    pub(super) fn arrives(&mut self, link: u64, from: SystemId, to: SystemId) {
        let reaches = self.network.reaches(self.homes[&from], self.homes[&to]);
        match self.network.take(self.now, link, from, reaches) {
            Arrival::Packet(packet) => {
                if self.network.has_end(to, from, link) {
                    self.act_at(to, |system| system.take_packet(link, from, &packet));
                } else if self.network.has_end(from, to, link) {
                    // Who still takes the link for one learns that it is none.
                    self.schedule(Duration::ZERO, Happening::Closed { link, at: from, peer: to });
                }
                self.schedule(Duration::ZERO, Happening::Arrives { link, from, to });
            }
            Arrival::Later(at) => self.schedule_at(at, Happening::Arrives { link, from, to }),
            Arrival::Nothing => {}
        }
    }

    /// A system has dialled a place.
    pub(super) fn dialled(&mut self, from: SystemId, place: Place) {
        let Some(home) = self.system(from).map(|system| system.host) else { return };
        let there = self.computers.iter().position(|computer| computer.blueprint.place == place);
        let runs = |host: Host| Some((host, self.computers[host].running.as_ref()?.id));
        let Some((host, to)) = there.and_then(runs) else {
            return self.act(home, |system| system.not_linked(place, "refused"));
        };
        if !self.network.reaches(home, host) || !self.network.reaches(host, home) {
            return self.act(home, |system| system.not_linked(place, "no answer"));
        }
        let name = |host: Host| self.computers[host].blueprint.name.clone();
        let (here, other) = (name(home), name(host));
        let link = match self.network.link(from, to) {
            _ if to == from => 0,
            Some(link) => link,
            None => {
                let link = self.network.connect(from, to);
                self.note(format_args!("{from} and {to} have a link"));
                self.act(host, |system| system.linked(link, from, here, None));
                link
            }
        };
        self.act(home, |system| system.linked(link, to, other, Some(place)));
    }
}
