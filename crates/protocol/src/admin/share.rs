//! The share of a system in its convention, for who looks after it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Admin;
use crate::convention::SystemId;
use crate::time::Time;

/// Which other systems may have links with this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Openness {
    /// Those of the same user on this host.
    #[default]
    ThisHost,
    /// Those that have shown who they are: by a certificate of the same authority, or to the server that links go by.
    Certified,
    /// All that reach its port.
    Everybody,
}

/// What an Admin is told of its links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinksAre {
    /// The name of the convention, which both ends of a link have to have.
    pub convention: String,
    /// Who may be at the other end.
    pub openness: Openness,
    /// They go by way of a server, which says who leads. What they go by is settled when the system starts.
    pub by_server: bool,
}

/// Part of a [`Detail`](super::Detail).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The convention. Without certificates it may have no name.
    pub convention: String,
    /// What the system is called there.
    pub identity: String,
    /// Who may have links with it.
    pub openness: Openness,
    /// This system leads.
    pub leads: bool,
    /// The members that this system knows.
    pub others: Vec<Other>,
}

/// Another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// The incarnation.
    pub system: SystemId,
    /// What it is called.
    pub identity: String,
    /// Where it can be dialled, if it can.
    pub place: Option<String>,
    /// How many actors it has, as far as is known.
    pub actors: u32,
    /// It leads.
    pub leads: bool,
    /// There is a link with it.
    pub linked: bool,
    /// How long ago it was heard.
    pub heard_ago: Duration,
}

impl Admin {
    pub(super) fn share(&self, now: Time) -> Share {
        let other = |member: crate::convention::Member<'_>| Other {
            system: member.system,
            identity: member.identity.to_owned(),
            place: member.place.map(ToString::to_string),
            actors: member.load,
            leads: member.leads,
            linked: member.linked,
            heard_ago: now.since(member.heard),
        };
        Share {
            convention: self.links.convention.clone(),
            identity: self.identity.clone(),
            openness: self.links.openness,
            leads: self.convention.is_leader(),
            others: self.convention.members().map(other).collect(),
        }
    }
}
