//! Actors with names of the convention: who wants one, and what becomes of it.

use std::time::Duration;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::convention::{Event, Leave, NameAnswer, SystemId};
use roscius_simulation::network::Host;

use crate::system::{Input, System};
use crate::world::{Happening, World};

const NAMES: [&str; 3] = ["registry", "clerk", "till"];

/// For so long a system waits for the one that it has handed a leave on to.
const WAITS: Duration = Duration::from_secs(20);

impl World {
    /// An actor on a host wants one with a name, or one that has a name ends.
    pub fn use_names(&mut self, host: Host) {
        let talks = |system: &&System| self.chatty && !self.leaves(system.id);
        let Some(system) = self.systems.get(&host).filter(talks) else { return };
        // Of one that is being made, here or elsewhere, the system asks nobody again.
        let coming = system.convention.names_here().filter(|(.., actor)| actor.is_none());
        let coming: Vec<String> = coming.map(|(name, ..)| name.to_owned()).collect();
        let here = system.convention.names_here().filter(|(.., actor)| actor.is_some());
        let here: Vec<String> = here.map(|(name, ..)| name.to_owned()).collect();
        if !here.is_empty() && self.random.chance(15) {
            let name = self.random.pick(&here.iter().map(String::as_str).collect::<Vec<_>>()).to_owned();
            return self.tell(host, Event::Frees { name });
        }
        let name = self.random.pick(&NAMES);
        if self.random.chance(40) && !here.iter().chain(&coming).any(|held| held == name) {
            self.tell(host, Event::Seek { name: name.to_owned(), leave: None });
        }
    }

    /// What was sought is found, or is made, here or elsewhere.
    pub fn sought(&mut self, system: SystemId, name: String, answer: NameAnswer) {
        if let Some((from, leave)) = self.handed.remove(&(system, name.clone())) {
            // Who has handed the leave on learns what came of it.
            let after = self.network.delay(&mut self.random);
            self.schedule(after, Happening::HandedOn { system: from, name: name.clone(), leave });
        }
        let NameAnswer::Granted(leave) = answer else { return };
        let others: Vec<SystemId> = self.systems.values().map(|other| other.id).filter(|it| *it != system).collect();
        if leave.system == system && !others.is_empty() && self.random.chance(20) {
            let to = self.random.pick(&others);
            self.handed.insert((to, name.clone()), (system, leave));
            self.schedule(WAITS, Happening::HandedOn { system, name: name.clone(), leave });
            return self.hand(to, Input::Convention(Event::Seek { name, leave: Some(leave) }));
        }
        let after = Duration::from_millis(self.random.below(3_000) as u64);
        self.schedule(after, Happening::Made { system, name });
    }

    pub fn made(&mut self, system: SystemId, name: String) {
        let event = if self.random.chance(80) {
            let number = 1 + self.random.below(1_000_000) as u32;
            Event::Holds { name, actor: Address::new(NodeId::of_process(system, 30), 0, number, 0) }
        } else {
            Event::Frees { name }
        };
        self.hand(system, Input::Convention(event));
    }

    /// Who has handed a leave on has no more to do with it.
    pub fn handed_on(&mut self, system: SystemId, name: String, leave: Leave) {
        let Some(running) = self.homes.get(&system).and_then(|host| self.systems.get(host)) else { return };
        let waits = |(held, on, actor): (&str, Leave, Option<Address>)| held == name && on == leave && actor.is_none();
        if running.id == system && running.convention.names_here().any(waits) {
            self.hand(system, Input::Convention(Event::Frees { name }));
        }
    }
}
