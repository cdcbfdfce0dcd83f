//! What can be asked of a convention.

use super::{Convention, Place, SystemId, Term, admin_of};
use crate::address::Address;
use crate::admin::messages::Entry;
use crate::time::Time;

/// A member on which an actor could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Which.
    pub system: SystemId,
    /// What it can do.
    pub capabilities: &'a [Entry],
    /// How many actors it has, as far as is known.
    pub load: u32,
}

/// A member, as a status shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Which.
    pub system: SystemId,
    /// Its Admin.
    pub admin: Address,
    /// Its identity.
    pub identity: &'a str,
    /// Where it can be dialled, if it can.
    pub place: Option<&'a Place>,
    /// What it can do.
    pub capabilities: &'a [Entry],
    /// How many actors it has, as far as is known.
    pub load: u32,
    /// When it was heard last.
    pub heard: Time,
    /// There is a link with it now.
    pub linked: bool,
    /// It leads the convention.
    pub leads: bool,
}

/// A system that is invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited<'a> {
    /// Where it is dialled.
    pub place: &'a Place,
    /// What it is said to be able to do.
    pub capabilities: &'a [Entry],
    /// The member that it has become.
    pub member: Option<SystemId>,
}

impl Convention {
    /// Where an actor could be tried next: members, none of them in `tried`, the least loaded first. Those in doubt come last.
    pub fn candidates(&self, tried: &[SystemId]) -> Vec<Candidate<'_>> {
        let mut found: Vec<_> = self
            .known
            .iter()
            .filter(|(system, _)| !tried.contains(system))
            .filter_map(|(&system, known)| {
                let tie = known.member()?;
                let doubted = !known.linked || self.now.since(known.heard) >= self.timing.doubted_after;
                Some((doubted, Candidate { system, capabilities: &tie.capabilities, load: tie.load() }))
            })
            .collect();
        found.sort_by_key(|(doubted, candidate)| (*doubted, candidate.load));
        found.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// The member that leads. None: this system does, or nobody.
    pub const fn leader(&self) -> Option<SystemId> {
        self.leadership.leader
    }

    /// Whether this system leads.
    pub const fn is_leader(&self) -> bool {
        self.leadership.leads
    }

    /// The latest term of those that this system has led in, or that of its leader. If it leads: the term in which it does.
    pub fn term(&self) -> Term {
        self.state().term
    }

    /// The members, this system not among them.
    pub fn members(&self) -> impl Iterator<Item = Member<'_>> {
        self.known.keys().filter_map(|system| self.member(*system))
    }

    /// What is known of a system, if it is a member.
    pub fn member(&self, system: SystemId) -> Option<Member<'_>> {
        let known = self.known.get(&system)?;
        let tie = known.member()?;
        Some(Member {
            system,
            admin: admin_of(system),
            identity: &known.identity,
            place: tie.place.as_ref(),
            capabilities: &tie.capabilities,
            load: tie.load(),
            heard: known.heard,
            linked: known.linked,
            leads: self.leader() == Some(system),
        })
    }

    /// The systems that are invited.
    pub fn invited(&self) -> impl Iterator<Item = Invited<'_>> {
        self.targets.iter().filter_map(|(place, target)| {
            let capabilities = target.invitation.as_deref()?;
            Some(Invited { place, capabilities, member: target.system().filter(|system| self.is_member(*system)) })
        })
    }

    /// Whether this system is a member.
    pub fn is_member(&self, system: SystemId) -> bool {
        self.known.get(&system).is_some_and(|known| known.member().is_some())
    }

    /// What was counted, by name.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counters.iter().map(|(name, count)| (*name, *count))
    }
}
