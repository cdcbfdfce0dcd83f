//! The hosts, the network between them, and the order in which things happen.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::convention::{self, Config, Leave, Place, SystemId, Timing};
use roscius_protocol::random::Random;
use roscius_protocol::time::Time;
use roscius_simulation::clock::Clock;
use roscius_simulation::network::{Arrival, Host, Network};

use crate::invariants::{End, Invariants, Observation, Seen, Subject};
use crate::system::{Input, Output, Packet, System};
use crate::trouble::Weather;

/// How long everything has to come right after the last trouble.
const RECOVERY: Duration = Duration::from_secs(45);
/// For how long it is then watched whether it stays so.
const QUIET: Duration = Duration::from_secs(30);

/// How the system on a host is started.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub candidates: Vec<Host>,
    pub invites: Vec<Host>,
    pub outbound_only: bool,
}

/// How much happened.
#[derive(Debug, Default)]
pub struct Totals {
    kills: u64,
    starts: u64,
    shutdowns: u64,
    freezes: u64,
    happenings: u64,
    seen: Seen,
}

impl Totals {
    pub fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.starts += other.starts;
        self.shutdowns += other.shutdowns;
        self.freezes += other.freezes;
        self.happenings += other.happenings;
        self.seen.add(&other.seen);
    }

    pub fn check_that_everything_happened(&self) {
        let Seen { joined, left, leaders, children_lost, sent, delivered, lost, .. } = self.seen;
        let Seen { names_given, names_found, names_refused, names_yielded, .. } = self.seen;
        let troubles = [self.kills, self.starts, self.shutdowns, self.freezes];
        let counts = troubles.into_iter().chain([joined, left, leaders, children_lost, sent, delivered, lost]);
        let counts = counts.chain([names_given, names_found, names_refused, names_yielded]);
        for (what, count) in counts.enumerate() {
            assert!(count >= 50, "number {what} of {self:?}");
        }
    }
}

#[derive(Debug)]
pub enum Happening {
    /// A dial arrives.
    Dialled { from: SystemId, place: Place },
    /// Something may have arrived that a system has sent over a link.
    Arrives { link: u64, from: SystemId, to: SystemId },
    /// An end of a link learns that the other is closed.
    Closed { link: u64, at: SystemId, peer: SystemId },
    /// A system goes on that stood still.
    Thaw { system: SystemId },
    /// A system that has shut down ends.
    Ends { system: SystemId },
    /// Something goes wrong.
    Trouble,
    /// The actors of a host have something to say.
    Chatter { host: Host },
    /// An actor with a name of the convention is there, or can not be made.
    Made { system: SystemId, name: String },
    /// The system that a leave was handed on to has had its time.
    HandedOn { system: SystemId, name: String, leave: Leave },
}

/// What a system can not do while it stands still.
#[derive(Debug, Default)]
struct Standing {
    until: Time,
    waiting: VecDeque<Input>,
    /// It stands still again and again.
    slow: bool,
    /// It has shut down, and its actors have yet to end.
    leaves: bool,
}

pub struct World {
    pub random: Random,
    pub weather: Weather,
    pub now: Time,
    pub network: Network<Packet>,
    pub systems: BTreeMap<Host, System>,
    setups: BTreeMap<Host, Setup>,
    standing: BTreeMap<SystemId, Standing>,
    pub homes: BTreeMap<SystemId, Host>,
    /// Systems that a leave was handed on to, with who did and the leave.
    pub handed: BTreeMap<(SystemId, String), (SystemId, Leave)>,
    happenings: BTreeMap<(Time, u64), Happening>,
    serial: u64,
    invariants: Invariants,
    pub chatty: bool,
    messages: u64,
    dials: u64,
    totals: Totals,
    hash: DefaultHasher,
    traced: bool,
}

impl World {
    pub fn new(seed: u64, weather: Weather) -> Self {
        let mut random = Random::new(seed ^ 0x05ee_d0f1_d0c5);
        let setups = setups(&mut random);
        let mut world = Self {
            random,
            weather,
            now: Time::ZERO.plus(Duration::from_secs(1)),
            network: Network::default(),
            systems: BTreeMap::new(),
            setups,
            standing: BTreeMap::new(),
            homes: BTreeMap::new(),
            handed: BTreeMap::new(),
            happenings: BTreeMap::new(),
            serial: 0,
            invariants: Invariants::new(weather),
            chatty: true,
            messages: 0,
            dials: 0,
            totals: Totals::default(),
            hash: DefaultHasher::new(),
            traced: std::env::var("TRACE").is_ok(),
        };
        world.set_weather();
        for host in world.hosts() {
            world.start(host);
            world.schedule(Duration::ZERO, Happening::Chatter { host });
        }
        world
    }

    /// Lets trouble happen for so long, then heals everything, and checks what must be so in the end. The hash of all that happened.
    pub fn run(mut self, duration: Duration, totals: &mut Totals) -> u64 {
        self.pass(Duration::from_secs(10));
        self.schedule(Duration::ZERO, Happening::Trouble);
        self.pass(duration);
        self.happenings.retain(|_, happening| !matches!(happening, Happening::Trouble));
        self.heal();
        self.pass(RECOVERY);
        self.chatty = false;
        // What is held for systems that are gone for good expires.
        self.pass(Duration::from_secs(15));
        (self.messages, self.dials) = (0, 0);
        self.pass(QUIET);
        let Self { systems, setups, messages, dials, invariants, .. } = &mut self;
        let end = End { systems, setups, quiet: QUIET, messages: *messages, dials: *dials };
        invariants.end(&end);
        self.totals.seen = *self.invariants.seen();
        totals.add(&self.totals);
        self.hash.finish()
    }

    /// Nothing goes wrong any more, and all systems run.
    fn heal(&mut self) {
        self.weather = if self.weather == Weather::Lying { Weather::Rough } else { self.weather };
        self.network.heal();
        self.set_weather();
        for host in self.hosts() {
            if self.systems.get(&host).is_some_and(|system| self.leaves(system.id)) {
                self.kill(host);
            }
            if !self.systems.contains_key(&host) {
                self.start(host);
            }
            let system = self.systems[&host].id;
            self.standing.entry(system).or_default().slow = false;
            self.thaw(system);
        }
    }

    pub fn hosts(&self) -> Vec<Host> {
        self.setups.keys().copied().collect()
    }

    pub fn any_host(&mut self) -> Host {
        1 + self.random.below(self.setups.len())
    }

    /// Starts a system on a host where there is none.
    pub fn start(&mut self, host: Host) {
        let setup = self.setups[&host].clone();
        let id = 100 + self.homes.len() as SystemId;
        let config = Config {
            me: id,
            identity: format!("host{host}"),
            place: Some(System::place(host)),
            candidates: setup.candidates.iter().map(|host| System::place(*host)).collect(),
            capabilities: Vec::new(),
            outbound_only: setup.outbound_only,
            timing: Timing::default(),
            seed: self.random.next(),
        };
        // Each process counts from its own start; some clocks go wrong by two percent.
        let ahead = Duration::from_millis(self.random.below(1_000_000) as u64);
        let clock = Clock::new(ahead, self.random.below(40_000) as i32 - 20_000);
        let (system, mut news) = System::start(config, host, clock, self.now);
        self.homes.insert(id, host);
        self.systems.insert(host, system);
        self.totals.starts += 1;
        self.observe(id, &Observation::Started);
        self.act(host, |system, now, watch, out| system.carry_news(now, &mut news, out, watch));
        for other in setup.invites {
            self.tell(host, convention::Event::Invite { place: System::place(other), capabilities: Vec::new() });
        }
    }

    /// Ends a system without a word.
    pub fn kill(&mut self, host: Host) {
        let Some(system) = self.systems.get(&host) else { return };
        let id = system.id;
        self.observe(id, &Observation::Ended);
        self.systems.remove(&host);
        self.standing.remove(&id);
        self.totals.kills += 1;
        for peer in self.network.ends_of(id) {
            self.close(id, peer);
        }
    }

    /// Has a system leave in good order, and end when its actors have.
    pub fn shut_down(&mut self, host: Host) {
        let system = self.systems[&host].id;
        let standing = self.standing.entry(system).or_default();
        (standing.slow, standing.leaves) = (false, true);
        self.thaw(system);
        self.tell(host, convention::Event::ShutDown);
        if let Some(system) = self.systems.get(&host) {
            let observation = Observation::ShutDown { convention: &system.convention };
            let subject = Subject { world: self.now, local: system.clock.shows(self.now), system: system.id };
            self.invariants.see(subject, &observation);
        }
        self.totals.shutdowns += 1;
        let rest = Duration::from_millis(self.random.below(3_000) as u64);
        self.schedule(rest, Happening::Ends { system });
    }

    /// Has a system stand still.
    pub fn freeze(&mut self, host: Host, duration: Duration) {
        let Some(system) = self.systems.get(&host).map(|system| system.id) else { return };
        let until = self.now.plus(duration);
        let standing = self.standing.entry(system).or_default();
        standing.until = standing.until.max(until);
        self.totals.freezes += 1;
        self.schedule(duration, Happening::Thaw { system });
    }

    /// Has a system stand still again and again, or not any more.
    pub fn toggle_slow(&mut self, host: Host) {
        let system = self.systems[&host].id;
        let standing = self.standing.entry(system).or_default();
        standing.slow = !standing.slow;
    }

    /// A system goes on, with what came meanwhile.
    fn thaw(&mut self, system: SystemId) {
        let Some(standing) = self.standing.get_mut(&system) else { return };
        standing.until = Time::ZERO;
        let mut waiting = std::mem::take(&mut standing.waiting);
        // What is due may come before what came: the worst that a host can do.
        if self.random.chance(50) {
            waiting.push_front(Input::Due);
        }
        for input in waiting {
            self.hand(system, input);
        }
    }

    fn is_standing(&self, system: SystemId) -> bool {
        self.standing.get(&system).is_some_and(|standing| standing.until > self.now)
    }

    pub fn leaves(&self, system: SystemId) -> bool {
        self.standing.get(&system).is_some_and(|standing| standing.leaves)
    }

    pub fn tell(&mut self, host: Host, event: convention::Event) {
        let system = self.systems[&host].id;
        self.hand(system, Input::Convention(event));
    }

    /// An actor got a child on another system.
    pub fn placed(&mut self, host: Host, parent: Address, child: Address) {
        self.tell(host, convention::Event::Placed { parent, child });
    }

    /// Gives something to a system, now or when it goes on.
    pub fn hand(&mut self, system: SystemId, input: Input) {
        let Some(host) = self.homes.get(&system).copied() else { return };
        if self.systems.get(&host).is_none_or(|running| running.id != system) {
            return;
        }
        if self.is_standing(system) {
            if let Some(standing) = self.standing.get_mut(&system) {
                standing.waiting.push_back(input);
            }
            return;
        }
        if self.traced {
            println!("{} host {host} ({system}) {input:?}", self.now);
        }
        (self.now, system, std::mem::discriminant(&input)).hash(&mut self.hash);
        if let Input::Convention(convention::Event::Placed { parent, child }) = &input {
            self.observe(system, &Observation::Placed { parent: *parent, child: *child });
        }
        self.act(host, |system, now, watch, out| out.extend(system.handle(now, input, watch)));
        if self.standing.get(&system).is_some_and(|standing| standing.slow) && self.random.chance(5) {
            let pause = Duration::from_millis(self.random.below(100) as u64);
            self.freeze(host, pause);
        }
    }

    fn observe(&mut self, system: SystemId, observation: &Observation<'_>) {
        let Some(running) = self.systems.get(&self.homes[&system]) else { return };
        let subject = Subject { world: self.now, local: running.clock.shows(self.now), system };
        self.invariants.see(subject, observation);
    }

    /// Has a system do something, and does what it wants then.
    fn act(&mut self, host: Host, act: impl FnOnce(&mut System, Time, &mut Invariants, &mut Vec<Output>)) {
        let Some(system) = self.systems.get_mut(&host) else { return };
        let me = system.id;
        let mut out = Vec::new();
        act(system, self.now, &mut self.invariants, &mut out);
        for output in out {
            if self.traced {
                println!("{} host {host} ({me}) -> {output:?}", self.now);
            }
            match output {
                Output::Dial(place) => {
                    self.dials += 1;
                    let delay = self.network.delay(&mut self.random);
                    self.schedule(delay, Happening::Dialled { from: me, place });
                }
                Output::HangUp(peer) => self.close(me, peer),
                Output::Sought { name, answer } => self.sought(me, name, answer),
                Output::Packet { to, packet } => {
                    self.messages += u64::from(matches!(packet, Packet::Admin(_)));
                    let (Packet::Admin(bytes) | Packet::Pair(bytes)) = &packet;
                    (to, bytes).hash(&mut self.hash);
                    if let Some((link, at)) = self.network.send(self.now, me, to, packet, &mut self.random) {
                        self.schedule_at(at, Happening::Arrives { link, from: me, to });
                    }
                }
            }
        }
    }

    fn close(&mut self, at: SystemId, peer: SystemId) {
        if let Some(link) = self.network.close(at, peer) {
            let delay = self.network.delay(&mut self.random);
            self.schedule(delay, Happening::Closed { link, at: peer, peer: at });
        }
    }

    pub fn schedule(&mut self, after: Duration, happening: Happening) {
        self.schedule_at(self.now.plus(after), happening);
    }

    fn schedule_at(&mut self, at: Time, happening: Happening) {
        self.serial += 1;
        self.happenings.insert((at, self.serial), happening);
    }

    /// Lets time pass.
    fn pass(&mut self, duration: Duration) {
        let end = self.now.plus(duration);
        loop {
            let awake = self.systems.values().filter(|system| !self.is_standing(system.id));
            let due = awake.filter_map(|system| Some((system.next()?, system.id))).min();
            let first = self.happenings.keys().next().map(|key| key.0);
            let next = due.map(|due| due.0).into_iter().chain(first).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            self.totals.happenings += 1;
            if first == Some(next) {
                if let Some((_, happening)) = self.happenings.pop_first() {
                    self.happen(happening);
                }
            } else if let Some((_, system)) = due {
                self.hand(system, Input::Due);
            }
        }
        self.now = end;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Dialled { from, place } => self.dialled(from, place),
            Happening::Arrives { link, from, to } => self.arrives(link, from, to),
            Happening::Closed { link, at, peer } => {
                let reaches = self.network.reaches(self.homes[&peer], self.homes[&at]);
                if reaches && self.network.has_end(at, peer, link) {
                    self.network.close(at, peer);
                    self.hand(at, Input::Unlinked { link, peer, why: "closed by the other side" });
                }
            }
            Happening::Thaw { system } => {
                if !self.is_standing(system) {
                    self.thaw(system);
                }
            }
            Happening::Ends { system } => {
                let host = self.homes[&system];
                if self.systems.get(&host).is_some_and(|there| there.id == system) {
                    self.kill(host);
                }
            }
            Happening::Trouble => {
                let next = self.make_trouble();
                self.schedule(next, Happening::Trouble);
            }
            Happening::Chatter { host } => {
                self.chat(host);
                self.use_names(host);
            }
            Happening::Made { system, name } => self.made(system, name),
            Happening::HandedOn { system, name, leave } => self.handed_on(system, name, leave),
        }
    }

    fn arrives(&mut self, link: u64, from: SystemId, to: SystemId) {
        let reaches = self.network.reaches(self.homes[&from], self.homes[&to]);
        match self.network.take(self.now, link, from, reaches) {
            Arrival::Packet(packet) => {
                if self.network.has_end(to, from, link) {
                    self.hand(to, Input::Packet { link, from, packet });
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
    fn dialled(&mut self, from: SystemId, place: Place) {
        let home = self.homes[&from];
        if self.systems.get(&home).is_none_or(|system| system.id != from) {
            return;
        }
        let there = self.systems.values().find(|system| System::place(system.host) == place);
        let not_linked = |why: &str| convention::Event::NotLinked { place: place.clone(), why: why.into() };
        let Some(to) = there.map(|system| system.id) else {
            return self.hand(from, Input::Convention(not_linked("refused")));
        };
        let host = self.homes[&to];
        if !self.network.reaches(home, host) || !self.network.reaches(host, home) {
            // Nobody answers, for a while.
            let event = not_linked("no answer");
            return self.hand(from, Input::Convention(event));
        }
        let identity = |host: Host| format!("host{host}");
        let linked = |link, peer, host, dialled| Input::Linked { link, peer, identity: identity(host), dialled };
        if to == from {
            return self.hand(from, linked(0, to, host, Some(place)));
        }
        let link = self.network.link(from, to).unwrap_or_else(|| {
            let link = self.network.connect(from, to);
            self.hand(to, linked(link, from, home, None));
            link
        });
        self.hand(from, linked(link, to, host, Some(place)));
    }

    /// The actors of a host send something to some that they know.
    fn chat(&mut self, host: Host) {
        if let Some(system) = self.systems.get(&host).filter(|system| self.chatty && !self.leaves(system.id)) {
            let id = system.id;
            let members: Vec<_> = system.convention.members().map(|member| member.system).collect();
            for _ in 0..self.random.below(6) {
                if members.is_empty() {
                    break;
                }
                let to = self.random.pick(&members);
                let length = if self.random.chance(2) { self.random.below(150_000) } else { self.random.below(300) };
                self.hand(id, Input::Send { to, length });
            }
        }
        let pause = Duration::from_millis(self.random.below(6_000) as u64);
        self.schedule(pause, Happening::Chatter { host });
    }
}

/// Up to three candidates, up to four others, and perhaps two hosts of which one invites the other.
fn setups(random: &mut Random) -> BTreeMap<Host, Setup> {
    let (candidates, others) = (1 + random.below(3), 1 + random.below(4));
    let mut setups: BTreeMap<Host, Setup> = (1..=candidates + others)
        .map(|host| {
            let outbound_only = host > candidates && random.chance(20);
            (host, Setup { candidates: (1..=candidates).collect(), outbound_only, ..Setup::default() })
        })
        .collect();
    if random.chance(40) {
        let inviter = setups.len() + 1;
        setups.insert(inviter, Setup { invites: vec![inviter + 1], ..Setup::default() });
        setups.insert(inviter + 1, Setup::default());
    }
    setups
}
