//! The system's share in its convention.

use super::messages::{Entry, FromAdmin, Neighbour, Refusal, RefusalKind};
use super::{Admin, Asked, Effect, root};
use crate::address::{Address, NodeId};
use crate::convention::{self, Peer, Place, SystemId};
use crate::time::Time;

impl Admin {
    /// Tells the convention what has happened, and does what it wants.
    pub(super) fn convene(&mut self, now: Time, event: convention::Event, effects: &mut Vec<Effect>) {
        let mut wanted = Vec::new();
        self.convention.on(now, event, &mut wanted);
        self.carry_on(now, wanted, effects);
    }

    pub(super) fn carry_on(&mut self, now: Time, wanted: Vec<convention::Effect>, effects: &mut Vec<Effect>) {
        for effect in wanted {
            match effect {
                convention::Effect::Dial { place } => effects.push(Effect::Dial { place }),
                convention::Effect::HangUp { system } => effects.push(Effect::HangUp { system }),
                convention::Effect::Send { system, message } => effects.push(Effect::Convene { system, message }),
                convention::Effect::Joined { system, admin, capabilities, .. } => {
                    effects.push(Effect::Meet { system });
                    self.tell_of_registration(admin, &capabilities, true, effects);
                }
                convention::Effect::Left { system, admin, capabilities } => {
                    self.tell_of_registration(admin, &capabilities, false, effects);
                    self.elsewhere_without(now, system, effects);
                    self.transfers_without(system, effects);
                    effects.push(Effect::GiveUp { system });
                }
                convention::Effect::Leader(_) => self.ask_unheard_children(effects),
                convention::Effect::ChildLost { child, .. } => self.child_lost(child, effects),
                convention::Effect::ParentLost { child, .. } => self.parent_lost(child, effects),
                convention::Effect::Sought { name, answer } => self.sought(now, name, answer, effects),
                convention::Effect::Yielded { name, actor } => self.yielded(&name, actor, effects),
                convention::Effect::Log(note) => self.log(note.level(), note.to_string(), effects),
            }
        }
    }

    fn tell_of_registration(&self, admin: Address, capabilities: &[Entry], joined: bool, effects: &mut Vec<Effect>) {
        for watcher in &self.registration_watchers {
            let message = FromAdmin::Registration { admin, capabilities: capabilities.to_vec(), joined };
            effects.push(Effect::Send { to: *watcher, id: 0, message });
        }
    }

    /// An actor wants to know of systems that come and go, those that are there first.
    pub(super) fn watch_registrations(&mut self, by: Address, start: bool, effects: &mut Vec<Effect>) {
        if !start {
            self.registration_watchers.remove(&by);
        } else if self.registration_watchers.insert(by) {
            for member in self.convention.members() {
                let (admin, capabilities) = (member.admin, member.capabilities.to_vec());
                let message = FromAdmin::Registration { admin, capabilities, joined: true };
                effects.push(Effect::Send { to: by, id: 0, message });
            }
        }
    }

    /// Another system is to be invited.
    pub(super) fn invite(
        &mut self,
        now: Time,
        asked: Asked,
        place: &str,
        capabilities: Vec<Entry>,
        effects: &mut Vec<Effect>,
    ) {
        match place.parse::<Place>() {
            Ok(_) if self.links.by_server => {
                let text = format!("`{place}` is not invited: who is in this convention is who connects to its server");
                self.log(crate::sources::Level::Warning, text, effects);
            }
            Ok(place) => self.convene(now, convention::Event::Invite { place, capabilities }, effects),
            Err(error) => self.log(crate::sources::Level::Warning, format!("nobody is invited: {error}"), effects),
        }
        Self::done(asked, effects);
    }

    /// Another system is to be invited no more.
    pub(super) fn dismiss(&mut self, now: Time, asked: Asked, system: Neighbour, effects: &mut Vec<Effect>) {
        let peer = match system {
            Neighbour::Place(place) => place.parse().map(Peer::Place).map_err(|error| error.to_string()),
            Neighbour::Admin(admin) => Ok(Peer::System(admin.node().system())),
        };
        match peer {
            Ok(peer) => self.convene(now, convention::Event::Dismiss(peer), effects),
            Err(error) => self.log(crate::sources::Level::Warning, format!("nobody is dismissed: {error}"), effects),
        }
        Self::done(asked, effects);
    }

    /// The leaders are others now. By a server there are no others than it says, and nobody changes to one.
    pub(super) fn set_leaders(&mut self, now: Time, asked: Asked, places: &[String], effects: &mut Vec<Effect>) {
        if self.links.by_server || places.iter().any(|place| place.starts_with("nats://")) {
            let text = "whether links go by way of a NATS server, and by which, is settled when a system starts: it has to be started anew with \
                        the other address";
            self.log(crate::sources::Level::Warning, format!("the leaders stay who they are: {text}"), effects);
            let refusal = Refusal { kind: RefusalKind::NoCompatibleSystem, text: text.to_owned() };
            return self.refuse(asked, refusal, effects);
        }
        let mut candidates = Vec::new();
        for place in places {
            match place.parse() {
                Ok(place) => candidates.push(place),
                Err(convention::InvalidPlace { .. }) => {
                    let text = format!("`{place}` is passed over: it is no address of a leader");
                    self.log(crate::sources::Level::Warning, text, effects);
                }
            }
        }
        self.convene(now, convention::Event::Candidates(candidates), effects);
        Self::done(asked, effects);
    }

    /// What is for a system that there is no link with goes by way of this one.
    pub fn relay(&self, system: SystemId) -> Option<SystemId> {
        self.convention.leader().filter(|leader| *leader != system)
    }

    /// The member that leads the convention. None: this system does, or nobody.
    pub const fn leader(&self) -> Option<SystemId> {
        self.convention.leader()
    }

    /// The identity of a member.
    pub fn identity_of(&self, system: SystemId) -> Option<&str> {
        self.convention.member(system).map(|member| member.identity)
    }

    /// How many actors are here, as the convention is told.
    pub(super) fn report_load(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let load = u32::try_from(self.children.len()).unwrap_or(u32::MAX);
        self.convene(now, convention::Event::Load(load), effects);
    }

    pub(super) fn done((to, id): Asked, effects: &mut Vec<Effect>) {
        if id != 0 {
            effects.push(Effect::Send { to, id, message: FromAdmin::Done });
        }
    }

    /// Whether a message is from the Admin of a member.
    pub(super) fn is_neighbour(&self, by: Address) -> bool {
        by == root(NodeId::of_process(by.node().system(), NodeId::ADMIN))
            && self.convention.is_member(by.node().system())
    }
}
