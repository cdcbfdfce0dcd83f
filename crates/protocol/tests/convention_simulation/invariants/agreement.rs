//! After everything has healed, all see the same: who is a member, who leads, in which term, and what each can do.

use roscius_protocol::convention::SystemId;
use roscius_simulation::network::Host;

use super::{End, Invariant, Observation, Subject};
use crate::system::System;

pub struct Agreement;

impl Invariant for Agreement {
    fn see(&mut self, _: Subject, _: &Observation<'_>) {}

    fn end(&mut self, end: &End<'_>) {
        for (&host, system) in end.systems {
            let members: Vec<SystemId> = system.convention.members().map(|member| member.system).collect();
            assert_eq!(members, end.ties(host), "the members that host {host} knows");
            for member in system.convention.members() {
                let other = at(end, member.system);
                assert_eq!(member.capabilities, other.capabilities, "of host {}, known at {host}", other.host);
            }
            let leader = leading(end, host);
            let seen = if system.convention.is_leader() { Some(system.id) } else { system.convention.leader() };
            assert_eq!(seen, Some(leader.id), "the leader that host {host} sees");
            assert_eq!(system.convention.term(), leader.convention.term(), "the term that host {host} sees");
        }
    }
}

fn at<'a>(end: &'a End<'_>, system: SystemId) -> &'a System {
    end.systems.values().find(|other| other.id == system).expect("it runs")
}

/// Who is to lead for a host: the first candidate, who has invited it, or itself.
fn leading<'a>(end: &'a End<'_>, host: Host) -> &'a System {
    let first = end.setups[&host].candidates.first().copied();
    let inviter = end.setups.iter().find(|(_, setup)| setup.invites.contains(&host)).map(|(other, _)| *other);
    &end.systems[&first.or(inviter).unwrap_or(host)]
}
