//! Several systems on virtual time, on hosts whose network can be cut and whose processes can be killed and stopped.
//!
//! What must always be so is checked with each effect: a system joins and leaves by turns, children are lost once and before their system.

mod checks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use crate::address::{Address, NodeId};
use crate::admin::messages::Entry;
use crate::convention::{Config, Convention, Effect, Event, Message, Place, SystemId, Term, Timing, admin_of};
use crate::time::Time;

/// A host, by number.
pub type Host = usize;

/// How a system is started.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub candidates: Vec<Host>,
    pub capabilities: Vec<Entry>,
    pub outbound_only: bool,
    pub timing: Timing,
}

pub struct Running {
    pub system: SystemId,
    pub convention: Convention,
    frozen_until: Option<Time>,
    /// What came while it was frozen.
    waiting: Vec<Event>,
    joined: BTreeSet<SystemId>,
    placed: BTreeMap<Address, Address>,
    capabilities: Vec<Entry>,
}

#[derive(Clone, Debug)]
enum Happening {
    /// A dial arrives.
    Dialled {
        from: SystemId,
        place: Place,
    },
    /// An event for a system.
    Event(SystemId, Event),
    /// A message arrives.
    Message {
        link: u64,
        from: SystemId,
        to: SystemId,
        message: Message,
    },
    /// An end of a link learns that the other end is closed.
    Closed {
        link: u64,
        at: SystemId,
        peer: SystemId,
    },
    Thaw(SystemId),
}

pub struct World {
    pub now: Time,
    pub hosts: BTreeMap<Host, Running>,
    happenings: BTreeMap<(Time, u64), Happening>,
    serial: u64,
    random: u64,
    next_system: SystemId,
    /// Which ends of links there are, and of which link each is one.
    ends: BTreeMap<(SystemId, SystemId), u64>,
    /// From which host nothing reaches which.
    cuts: BTreeSet<(Host, Host)>,
    homes: BTreeMap<SystemId, Host>,
    /// How many heartbeats in a thousand are lost, and how many of all other messages.
    pub lost_beats: u64,
    pub lost_messages: u64,
    pub slowest: Duration,
    /// What was told, by host, since it was last asked for.
    pub told: BTreeMap<Host, Vec<(Time, Effect)>>,
    /// Messages that were sent, and dials.
    pub sent: u64,
    /// Those of them that are no heartbeats.
    pub others_sent: u64,
    pub dials: u64,
    terms: BTreeMap<Term, SystemId>,
    /// All that happened, in a form that two runs can be compared by.
    pub trace: String,
    pub traced: bool,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            now: Time::ZERO.plus(Duration::from_secs(1)),
            hosts: BTreeMap::new(),
            happenings: BTreeMap::new(),
            serial: 0,
            random: seed,
            next_system: 100,
            ends: BTreeMap::new(),
            cuts: BTreeSet::new(),
            homes: BTreeMap::new(),
            lost_beats: 0,
            lost_messages: 0,
            slowest: Duration::from_millis(2),
            told: BTreeMap::new(),
            sent: 0,
            others_sent: 0,
            dials: 0,
            terms: BTreeMap::new(),
            trace: String::new(),
            traced: false,
        }
    }

    /// A number below `limit`.
    pub fn random(&mut self, limit: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % limit
    }

    fn latency(&mut self) -> Duration {
        let slowest = self.slowest.as_nanos() as u64;
        Duration::from_nanos(slowest / 10 + self.random(slowest))
    }

    pub fn place(host: Host) -> Place {
        Place::new(&format!("10.0.0.{host}"), 1900).unwrap()
    }

    pub fn start(&mut self, host: Host, setup: Setup) -> SystemId {
        assert!(!self.hosts.contains_key(&host), "something listens there already");
        self.next_system += 1;
        let system = self.next_system;
        let capabilities = setup.capabilities.clone();
        let config = Config {
            me: system,
            identity: format!("host{host}"),
            place: Some(Self::place(host)),
            candidates: setup.candidates.iter().map(|host| Self::place(*host)).collect(),
            capabilities: setup.capabilities,
            outbound_only: setup.outbound_only,
            timing: setup.timing,
            seed: self.random(u64::MAX),
        };
        let mut effects = Vec::new();
        let convention = Convention::new(config, self.now, &mut effects);
        let running = Running {
            system,
            convention,
            frozen_until: None,
            waiting: Vec::new(),
            joined: BTreeSet::new(),
            placed: BTreeMap::new(),
            capabilities,
        };
        self.hosts.insert(host, running);
        self.homes.insert(system, host);
        self.carry_out(host, effects);
        system
    }

    /// Ends a system without a word.
    pub fn kill(&mut self, host: Host) {
        let Some(running) = self.hosts.remove(&host) else { return };
        let ends: Vec<_> = self.ends.keys().filter(|(at, _)| *at == running.system).copied().collect();
        for (at, peer) in ends {
            self.close(at, peer);
        }
    }

    /// Has a system leave in good order, and end.
    pub fn shut_down(&mut self, host: Host) {
        self.tell(host, Event::ShutDown);
        self.run(Duration::from_millis(50));
        self.kill(host);
    }

    pub fn freeze(&mut self, host: Host, duration: Duration) {
        let until = self.now.plus(duration);
        let running = self.hosts.get_mut(&host).unwrap();
        running.frozen_until = Some(running.frozen_until.map_or(until, |other| other.max(until)));
        let system = running.system;
        self.schedule_at(until, Happening::Thaw(system));
    }

    pub fn cut(&mut self, one: Host, other: Host) {
        self.cuts.insert((one, other));
        self.cuts.insert((other, one));
    }

    pub fn cut_one_way(&mut self, from: Host, to: Host) {
        self.cuts.insert((from, to));
    }

    pub fn heal(&mut self) {
        self.cuts.clear();
    }

    /// Breaks the link between two systems, which both see at once.
    pub fn break_link(&mut self, one: Host, other: Host) {
        let (one, other) = (self.system(one), self.system(other));
        for (at, peer) in [(one, other), (other, one)] {
            if self.ends.remove(&(at, peer)).is_some() {
                self.deliver(at, Event::Unlinked { system: peer, why: "broken".into() });
            }
        }
    }

    pub fn system(&self, host: Host) -> SystemId {
        self.hosts[&host].system
    }

    pub fn convention(&self, host: Host) -> &Convention {
        &self.hosts[&host].convention
    }

    /// The hosts of the members that a system knows.
    pub fn members(&self, host: Host) -> Vec<Host> {
        let mut hosts: Vec<_> = self.convention(host).members().map(|member| self.homes[&member.system]).collect();
        hosts.sort_unstable();
        hosts
    }

    /// The host of the leader, as a system sees it, which may be itself.
    pub fn leader(&self, host: Host) -> Option<Host> {
        let convention = self.convention(host);
        if convention.is_leader() { Some(host) } else { convention.leader().map(|system| self.homes[&system]) }
    }

    /// What a host was told of others, without what is for the log and for the network.
    pub fn news(&mut self, host: Host) -> Vec<String> {
        let told = self.told.remove(&host).unwrap_or_default();
        told.into_iter()
            .filter_map(|(_, effect)| match effect {
                Effect::Joined { system, .. } => Some(format!("joined {}", self.homes[&system])),
                Effect::Left { system, .. } => Some(format!("left {}", self.homes[&system])),
                Effect::ChildLost { child, .. } => Some(format!("child lost {}", child.index())),
                Effect::ParentLost { child, .. } => Some(format!("parent of {} lost", child.index())),
                _ => None,
            })
            .collect()
    }

    /// The actor on a host that has children.
    pub fn parent(&self, host: Host) -> Address {
        Address::new(NodeId::of_process(self.system(host), 20), 0, 1, 0)
    }

    /// A child that lives on a host.
    pub fn child(&self, host: Host, number: u32) -> Address {
        Address::new(NodeId::of_process(self.system(host), 20 + number), 0, number, 0)
    }

    /// The actor on `host` gets a child on `on`.
    pub fn place_child(&mut self, host: Host, on: Host, number: u32) {
        let (parent, child) = (self.parent(host), self.child(on, number));
        self.tell(host, Event::Placed { parent, child });
    }

    pub fn tell(&mut self, host: Host, event: Event) {
        let system = self.system(host);
        self.deliver(system, event);
    }

    fn schedule(&mut self, after: Duration, happening: Happening) {
        self.schedule_at(self.now.plus(after), happening);
    }

    fn schedule_at(&mut self, at: Time, happening: Happening) {
        self.serial += 1;
        self.happenings.insert((at, self.serial), happening);
    }

    fn reaches(&self, from: Host, to: Host) -> bool {
        !self.cuts.contains(&(from, to))
    }

    /// The next moment at which something happens.
    fn next(&self) -> Option<Time> {
        let first = self.happenings.first_key_value().map(|((at, _), _)| *at);
        let awake = self.hosts.values().filter(|running| running.frozen_until.is_none());
        first.into_iter().chain(awake.filter_map(|running| running.convention.next_deadline())).min()
    }

    pub fn run(&mut self, duration: Duration) {
        let end = self.now.plus(duration);
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.step(next);
        }
        self.now = end;
    }

    /// Runs until something is so, and says how long that took.
    pub fn run_until(&mut self, within: Duration, mut so: impl FnMut(&Self) -> bool) -> Duration {
        let begin = self.now;
        let end = self.now.plus(within);
        while !so(self) {
            let next = self.next().filter(|next| *next <= end);
            let Some(next) = next else { panic!("it was not so within {within:?}") };
            self.step(next);
        }
        self.now.since(begin)
    }

    fn step(&mut self, at: Time) {
        self.now = self.now.max(at);
        if let Some(entry) = self.happenings.first_entry().filter(|entry| entry.key().0 <= at) {
            let happening = entry.remove();
            self.happen(happening);
            return;
        }
        let due = self.hosts.values().filter(|running| running.frozen_until.is_none());
        let due = due.filter(|running| running.convention.next_deadline().is_some_and(|deadline| deadline <= at));
        let due: Vec<_> = due.map(|running| running.system).collect();
        for system in due {
            self.deliver(system, Event::Due);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Dialled { from, place } => self.dialled(from, place),
            Happening::Event(system, event) => self.deliver(system, event),
            Happening::Message { link, from, to, message } => {
                let (Some(home), Some(target)) = (self.homes.get(&from), self.homes.get(&to)) else { return };
                if !self.reaches(*home, *target) {
                    // It is sent again and again, as TCP does.
                    if self.ends.get(&(from, to)) == Some(&link) {
                        let again = Happening::Message { link, from, to, message };
                        self.schedule(Duration::from_millis(200), again);
                    }
                } else if self.ends.get(&(to, from)) == Some(&link) {
                    self.deliver(to, Event::Said { system: from, message });
                } else {
                    // Who still takes the link for one learns that it is none.
                    self.schedule(Duration::ZERO, Happening::Closed { link, at: from, peer: to });
                }
            }
            Happening::Closed { link, at, peer } => {
                let arrives = self.reaches(self.homes[&peer], self.homes[&at]);
                if arrives && self.ends.get(&(at, peer)) == Some(&link) {
                    self.ends.remove(&(at, peer));
                    self.deliver(at, Event::Unlinked { system: peer, why: "closed by the other side".into() });
                }
            }
            Happening::Thaw(system) => {
                let Some(running) = self.hosts.get_mut(&self.homes[&system]).filter(|it| it.system == system) else {
                    return;
                };
                if running.frozen_until.is_some_and(|until| until <= self.now) {
                    running.frozen_until = None;
                    // What is due comes first: the worst that a driver can do.
                    let waiting = std::mem::take(&mut running.waiting);
                    self.deliver(system, Event::Due);
                    for event in waiting {
                        self.deliver(system, event);
                    }
                }
            }
        }
    }

    fn dialled(&mut self, from: SystemId, place: Place) {
        let Some(home) = self.homes.get(&from).copied() else { return };
        let fail = |why: &str| Event::NotLinked { place: place.clone(), why: why.into() };
        let there = self.hosts.iter().find(|(host, _)| Self::place(**host) == place);
        let Some((&host, running)) = there else {
            return self.deliver(from, fail("refused"));
        };
        let to = running.system;
        if to == from {
            return self.deliver(from, Event::Linked { system: from, identity: "me".into(), dialled: Some(place) });
        }
        if !self.reaches(home, host) || !self.reaches(host, home) || running.frozen_until.is_some() {
            return self.schedule(Duration::from_secs(3), Happening::Event(from, fail("no answer")));
        }
        if self.hosts.get(&home).is_none_or(|running| running.system != from) {
            return;
        }
        let (here, there) = (self.ends.get(&(from, to)).copied(), self.ends.get(&(to, from)).copied());
        if here.is_none() || here != there {
            for (at, peer, up) in [(from, to, here), (to, from, there)] {
                if up.is_some() {
                    self.deliver(at, Event::Unlinked { system: peer, why: "another link took its place".into() });
                }
            }
            self.serial += 1;
            self.ends.insert((from, to), self.serial);
            self.ends.insert((to, from), self.serial);
            let identity = format!("host{home}");
            self.deliver(to, Event::Linked { system: from, identity, dialled: None });
        }
        let identity = format!("host{host}");
        self.deliver(from, Event::Linked { system: to, identity, dialled: Some(place) });
    }

    fn close(&mut self, at: SystemId, peer: SystemId) {
        if let Some(link) = self.ends.remove(&(at, peer)) {
            let latency = self.latency();
            self.schedule(latency, Happening::Closed { link, at: peer, peer: at });
        }
    }

    fn deliver(&mut self, system: SystemId, event: Event) {
        let Some(&host) = self.homes.get(&system) else { return };
        let Some(running) = self.hosts.get_mut(&host).filter(|running| running.system == system) else { return };
        if running.frozen_until.is_some() {
            running.waiting.push(event);
            return;
        }
        if self.traced {
            writeln!(self.trace, "{} {host} {event:?}", self.now).unwrap();
        }
        match &event {
            Event::Placed { parent, child } => {
                running.placed.insert(*child, *parent);
            }
            Event::ChildGone { child } => {
                running.placed.remove(child);
            }
            Event::Capabilities(capabilities) => running.capabilities.clone_from(capabilities),
            _ => {}
        }
        let mut effects = Vec::new();
        running.convention.on(self.now, event, &mut effects);
        if running.convention.is_leader() {
            let holder = *self.terms.entry(running.convention.term()).or_insert(system);
            assert_eq!(holder, system, "two leaders in one term");
        }
        self.carry_out(host, effects);
    }

    fn carry_out(&mut self, host: Host, effects: Vec<Effect>) {
        let me = self.system(host);
        for effect in effects {
            if self.traced {
                writeln!(self.trace, "{} {host} -> {effect:?}", self.now).unwrap();
            }
            self.check(host, &effect);
            match effect {
                Effect::Dial { place } => {
                    self.dials += 1;
                    let latency = self.latency();
                    self.schedule(latency, Happening::Dialled { from: me, place });
                }
                Effect::HangUp { system } => self.close(me, system),
                Effect::Send { system, message } => {
                    self.sent += 1;
                    self.others_sent += u64::from(!matches!(message, Message::Heartbeat(_)));
                    let lost =
                        if matches!(message, Message::Heartbeat(_)) { self.lost_beats } else { self.lost_messages };
                    let arrives = self.random(1000) >= lost;
                    if let Some(&link) = self.ends.get(&(me, system)).filter(|_| arrives) {
                        let latency = self.latency();
                        self.schedule(latency, Happening::Message { link, from: me, to: system, message });
                    }
                }
                other => self.told.entry(host).or_default().push((self.now, other)),
            }
        }
    }
}
