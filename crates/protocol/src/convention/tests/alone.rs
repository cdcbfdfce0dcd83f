//! One convention on its own, told by hand what the network and other systems do.

use super::*;
use crate::convention::messages::{Heartbeat, Join, State};
use crate::convention::{Config, Convention, Message, Note, Timing};
use crate::time::Time;

/// The system that it is the share of.
pub const ME: SystemId = 1;

/// One convention, on its own.
pub struct Alone {
    pub now: Time,
    pub convention: Convention,
    effects: Vec<Effect>,
}

impl Alone {
    pub fn new(candidates: &[&str]) -> Self {
        let mut effects = Vec::new();
        let config = Config {
            me: ME,
            identity: "me".into(),
            place: Some("10.0.0.1:1900".parse().unwrap()),
            candidates: candidates.iter().map(|place| place.parse().unwrap()).collect(),
            capabilities: Vec::new(),
            outbound_only: false,
            timing: Timing::default(),
            seed: 1,
        };
        let now = Time::ZERO.plus(seconds(10));
        let convention = Convention::new(config, now, &mut effects);
        Self { now, convention, effects }
    }

    pub fn on(&mut self, event: Event) -> Vec<Effect> {
        self.convention.on(self.now, event, &mut self.effects);
        std::mem::take(&mut self.effects)
    }

    pub fn said(&mut self, system: SystemId, message: Message) -> Vec<Effect> {
        self.on(Event::Said { system, message })
    }

    pub fn link(&mut self, system: SystemId, identity: &str) -> Vec<Effect> {
        self.on(Event::Linked { system, identity: identity.into(), dialled: None })
    }

    /// Lets time pass, with all that is due, and says what was done.
    pub fn wait(&mut self, duration: Duration) -> Vec<Effect> {
        let end = self.now.plus(duration);
        let mut all = Vec::new();
        while let Some(deadline) = self.convention.next_deadline().filter(|deadline| *deadline <= end) {
            self.now = deadline;
            all.extend(self.on(Event::Due));
        }
        self.now = end;
        all
    }

    pub fn members(&self) -> Vec<SystemId> {
        self.convention.members().map(|member| member.system).collect()
    }

    pub fn counted(&self, name: &str) -> u64 {
        self.convention.counters().find(|(counter, _)| *counter == name).map_or(0, |(_, count)| count)
    }
}

pub fn join(mine: u64, yours: Option<u64>) -> Message {
    Message::Join(Box::new(plain_join(mine, yours)))
}

pub fn plain_join(mine: u64, yours: Option<u64>) -> Join {
    Join {
        mine,
        yours,
        place: None,
        capabilities: Vec::new(),
        version: 1,
        beats_every: 1_000,
        wants: true,
        state: State::default(),
    }
}

pub fn heartbeat(mine: u64, yours: u64) -> Message {
    Message::Heartbeat(Heartbeat { mine, yours, version: 1, knows: 1, knows_names: 0, state: State::default() })
}

/// The number of the tie in the registration among these effects.
pub fn number(effects: &[Effect]) -> u64 {
    let number = effects.iter().find_map(|effect| match effect {
        Effect::Send { message: Message::Join(join), .. } => Some(join.mine),
        _ => None,
    });
    number.unwrap()
}

pub fn notes(effects: &[Effect]) -> Vec<&Note> {
    effects.iter().filter_map(|effect| if let Effect::Log(note) = effect { Some(note) } else { None }).collect()
}
