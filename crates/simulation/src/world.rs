//! The hosts, the network between them, and the order in which things happen.

mod links;
mod turns;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use roscius::{NodeId, StartError};
use roscius_protocol::convention::{Place, SystemId};
use roscius_protocol::time::Time;

use crate::clock::Clock;
use crate::invariants::{End, Invariants, Observation, Verdict};
use crate::network::{Host, Network};
use crate::process::Process;
use crate::system::{Blueprint, Mail, Output, Packet, Requirements, System};
use crate::trace::Trace;
use crate::trouble::Trouble;
use roscius_protocol::random::Random;
pub(crate) use turns::run;

/// What a program wants to hold at any time, and by what name.
pub(crate) type Check = Box<dyn FnMut() -> Result<(), String>>;

/// Who has it may look at it between two turns.
pub(crate) type SharedWorld = Rc<RefCell<World>>;

#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// Something comes from one process of a system to another.
    Mail { via: NodeId, to: NodeId, mail: Mail },
    /// A process plays its actors.
    Play { node: NodeId },
    /// The Admin of a system looks what is due.
    Due { system: SystemId },
    /// A dial arrives.
    Dialled { from: SystemId, place: Place },
    /// Something may have arrived that a system has sent over a link.
    Arrives { link: u64, from: SystemId, to: SystemId },
    /// An end of a link learns that the other is closed.
    Closed { link: u64, at: SystemId, peer: SystemId },
    /// A host goes on that stood still.
    Thaw { host: Host },
    /// Something goes wrong.
    Trouble,
}

/// A host: what is to run there, and what does.
pub(crate) struct Computer {
    pub blueprint: Blueprint,
    pub running: Option<System>,
    /// How its clock goes: what it is ahead, and how many parts in a million it is too fast.
    pub clock: (Duration, i32),
    /// Until when it stands still, and what waits for it meanwhile.
    pub frozen: Time,
    waiting: VecDeque<Happening>,
    /// It stands still again and again.
    pub is_slow: bool,
    /// Which hosts it has invited.
    pub invited: Vec<Host>,
}

/// How much has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Things that happened.
    pub happenings: u64,
    /// Messages that left a process.
    pub sent: u64,
    /// Messages that another process got.
    pub delivered: u64,
    /// Messages that were reported not to have arrived.
    pub lost: u64,
    /// Actors that were made by name.
    pub made: u64,
    /// Starts of systems.
    pub starts: u64,
    /// Systems that were killed.
    pub crashes: u64,
    /// Times that a system joined another.
    pub joined: u64,
    /// Times that a system left another, or was given up.
    pub left: u64,
}

/// See the [module](self).
pub(crate) struct World {
    pub seed: u64,
    pub random: Random,
    pub now: Time,
    pub network: Network<Packet>,
    pub computers: Vec<Computer>,
    homes: BTreeMap<SystemId, Host>,
    happenings: BTreeMap<(Time, u64), Happening>,
    serial: u64,
    /// When the last of what one process has sent another arrives there.
    latest: BTreeMap<(NodeId, NodeId), Time>,
    /// Messages so far.
    numbers: u64,
    pub requirements: Requirements,
    invariants: Invariants,
    /// What the program wants to hold.
    pub checks: Rc<RefCell<Vec<(String, Check)>>>,
    pub violation: Option<String>,
    pub trace: Trace,
    pub trouble: Option<Trouble>,
    pub totals: Totals,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let requirements = Requirements::default();
        let mut network = Network::default();
        network.latency = Duration::from_millis(3);
        Self {
            seed,
            random: Random::new(seed ^ 0x7ea7_0510_ca57),
            now: Time::ZERO.plus(Duration::from_secs(1)),
            network,
            computers: Vec::new(),
            homes: BTreeMap::new(),
            happenings: BTreeMap::new(),
            serial: 0,
            latest: BTreeMap::new(),
            numbers: 0,
            invariants: Invariants::new(&requirements),
            requirements,
            checks: Rc::default(),
            violation: None,
            trace: Trace::new(),
            trouble: None,
            totals: Totals::default(),
        }
    }

    /// Adds a host, where nothing runs yet.
    pub fn add(&mut self, blueprint: Blueprint, drift: i32) -> Host {
        let ahead = Duration::from_millis(self.random.below(1_000_000) as u64);
        self.computers.push(Computer {
            blueprint,
            running: None,
            clock: (ahead, drift),
            frozen: Time::ZERO,
            waiting: VecDeque::new(),
            is_slow: false,
            invited: Vec::new(),
        });
        self.computers.len() - 1
    }

    /// Starts the system of a host, if it does not run.
    pub fn start(&mut self, host: Host) -> Result<(), StartError> {
        if self.computers[host].running.is_some() {
            return Ok(());
        }
        let id = 100 + self.homes.len() as SystemId;
        let seed = self.random.next();
        let computer = &mut self.computers[host];
        let clock = Clock::new(computer.clock.0, computer.clock.1);
        let system = System::start(&computer.blueprint, id, host, clock, seed, self.now)?;
        computer.running = Some(system);
        self.homes.insert(id, host);
        self.totals.starts += 1;
        self.trace.note(self.now, format_args!("{} starts as {id}", self.computers[host].blueprint.name));
        self.see(id, &Observation::Started);
        self.act(host, |_| {});
        Ok(())
    }

    /// Ends the system of a host without a word.
    pub fn kill(&mut self, host: Host) {
        if let Some(system) = self.take_down(host) {
            self.totals.crashes += 1;
            // Nothing of it runs any more, not even what an actor would do at its end.
            std::mem::forget(system.processes);
        }
    }

    /// A system is over. All that it has sent still arrives.
    fn take_down(&mut self, host: Host) -> Option<System> {
        let system = self.computers[host].running.take()?;
        let id = system.id;
        self.trace.note(self.now, format_args!("{} ({id}) is gone", self.computers[host].blueprint.name));
        self.see(id, &Observation::Ended);
        self.computers[host].waiting.clear();
        for peer in self.network.ends_of(id) {
            self.close(id, peer);
        }
        Some(system)
    }

    /// Has a host stand still.
    pub fn freeze(&mut self, host: Host, duration: Duration) {
        let until = self.now.plus(duration);
        let computer = &mut self.computers[host];
        computer.frozen = computer.frozen.max(until);
        self.schedule(duration, Happening::Thaw { host });
    }

    /// Has a host go on that stood still.
    pub fn thaw(&mut self, host: Host) {
        self.computers[host].frozen = Time::ZERO;
        for waiting in std::mem::take(&mut self.computers[host].waiting) {
            self.schedule(Duration::ZERO, waiting);
        }
    }

    pub fn note(&mut self, what: std::fmt::Arguments<'_>) {
        self.trace.note(self.now, what);
    }

    pub fn process(&mut self, node: NodeId) -> Option<&mut Process> {
        self.system(node.system())?.processes.get_mut(&node)
    }

    fn system(&mut self, id: SystemId) -> Option<&mut System> {
        let host = *self.homes.get(&id)?;
        self.computers[host].running.as_mut().filter(|system| system.id == id)
    }

    fn see(&mut self, at: SystemId, observation: &Observation) {
        match observation {
            Observation::Sent { .. } => self.totals.sent += 1,
            Observation::Delivered { .. } => self.totals.delivered += 1,
            Observation::Lost { .. } => self.totals.lost += 1,
            Observation::Made { .. } => self.totals.made += 1,
            Observation::Met { .. } => self.totals.joined += 1,
            Observation::Parted { .. } => self.totals.left += 1,
            _ => {}
        }
        self.note(format_args!("{at}: {observation:?}"));
        let verdict = self.invariants.see(at, observation);
        self.judge(verdict);
    }

    fn judge(&mut self, verdict: Verdict) {
        if let Err(problem) = verdict {
            self.violation.get_or_insert(problem);
        }
    }

    /// What a run that has gone wrong ends with.
    pub fn report(&self) -> Option<String> {
        let problem = self.violation.as_ref()?;
        let (seed, now, tail) = (self.seed, self.now, self.trace.tail());
        Some(format!("with the seed {seed}, at {now}: {problem}\n--- what happened last ---\n{tail}"))
    }

    /// How many messages there were.
    pub const fn messages(&self) -> u64 {
        self.numbers
    }

    /// What holds when all is over. Messages up to a number have had their time.
    pub fn end(&mut self, settled: u64) {
        let computers = &self.computers;
        let wants = |one: Host, other: Host| {
            let (it, place) = (&computers[one], &computers[other].blueprint.place);
            it.blueprint.candidates.contains(place) || it.invited.contains(&other)
        };
        let systems: Vec<&System> = computers.iter().filter_map(|computer| computer.running.as_ref()).collect();
        let ties = systems.iter().map(|one| {
            let tied =
                systems.iter().filter(|it| it.id != one.id && (wants(one.host, it.host) || wants(it.host, one.host)));
            let mut tied: Vec<SystemId> = tied.map(|other| other.id).collect();
            tied.sort_unstable();
            (one.id, tied)
        });
        let end = End { ties: ties.collect(), systems, settled: settled.into() };
        let verdict = self.invariants.end(&end);
        self.judge(verdict);
    }

    /// Has a system do something, and does what it wants then.
    pub fn act(&mut self, host: Host, act: impl FnOnce(&mut System)) {
        let now = self.now;
        let Some(system) = self.computers[host].running.as_mut() else { return };
        system.enter(now);
        act(system);
        system.settle();
        let (id, out) = (system.id, std::mem::take(&mut system.out));
        let verdict = self.invariants.look(id, &system.admin);
        self.judge(verdict);
        let mut is_over = false;
        for output in out {
            is_over |= matches!(output, Output::Ended);
            self.carry_out(id, output);
        }
        if is_over {
            drop(self.take_down(host));
        }
        self.look_when_due(host);
        if self.computers[host].is_slow && self.random.chance(5) {
            let pause = Duration::from_millis(self.random.below(100) as u64);
            self.freeze(host, pause);
        }
    }

    fn act_at(&mut self, id: SystemId, act: impl FnOnce(&mut System)) {
        if let Some(host) = self.system(id).map(|system| system.host) {
            self.act(host, act);
        }
    }

    fn carry_out(&mut self, me: SystemId, output: Output) {
        match output {
            Output::Mail { via, to, mail } => {
                // Whoever hears of something from a process finds that the Admin knows of it.
                let delay = match to.process() {
                    NodeId::ADMIN => 1,
                    _ => 2 + self.random.below(20) as u64,
                };
                let latest = self.latest.entry((via, to)).or_insert(Time::ZERO);
                *latest = (*latest).max(self.now.plus(Duration::from_micros(delay)));
                let at = *latest;
                self.schedule_at(at, Happening::Mail { via, to, mail });
            }
            Output::Dial(place) => {
                let delay = self.network.delay(&mut self.random);
                self.schedule(delay, Happening::Dialled { from: me, place });
            }
            Output::HangUp(peer) => self.close(me, peer),
            Output::Packet { to, packet } => {
                if let Some((link, at)) = self.network.send(self.now, me, to, packet, &mut self.random) {
                    self.schedule_at(at, Happening::Arrives { link, from: me, to });
                }
            }
            Output::Log(text) => self.note(format_args!("{me} says: {text}")),
            Output::Seen(observation) => self.see(me, &observation),
            // When all that it has said last has left.
            Output::Ended => {}
        }
    }

    /// Has the Admin of a host look again when something is due.
    fn look_when_due(&mut self, host: Host) {
        let Some(system) = self.computers[host].running.as_mut() else { return };
        let Some(next) = system.next().map(|next| next.max(self.now)) else { return };
        if system.due.is_none_or(|due| next < due) {
            system.due = Some(next);
            let system = system.id;
            self.schedule_at(next, Happening::Due { system });
        }
    }

    pub fn schedule(&mut self, after: Duration, happening: Happening) {
        self.schedule_at(self.now.plus(after), happening);
    }

    fn schedule_at(&mut self, at: Time, happening: Happening) {
        self.serial += 1;
        self.happenings.insert((at, self.serial), happening);
    }

    /// The next thing that happens by then.
    fn next(&mut self, until: Time) -> Option<Happening> {
        loop {
            let first = self.happenings.first_entry().filter(|first| first.key().0 <= until)?;
            let ((at, _), happening) = first.remove_entry();
            self.now = self.now.max(at);
            match self.concerned(&happening) {
                Some(host) if self.computers[host].frozen > self.now => {
                    self.computers[host].waiting.push_back(happening);
                }
                _ => return Some(happening),
            }
        }
    }

    /// The host whose system something happens to.
    fn concerned(&self, happening: &Happening) -> Option<Host> {
        let system = match happening {
            Happening::Mail { to, .. } => to.system(),
            Happening::Play { node } => node.system(),
            Happening::Due { system } => *system,
            Happening::Dialled { from, .. } => *from,
            Happening::Arrives { to, .. } => *to,
            Happening::Closed { at, .. } => *at,
            Happening::Thaw { .. } | Happening::Trouble => return None,
        };
        self.homes.get(&system).copied()
    }

    fn happen(&mut self, happening: Happening) {
        self.totals.happenings += 1;
        match happening {
            Happening::Mail { via, to, mail } => {
                self.act_at(to.system(), |system| system.take(via, to, mail));
                self.after(to, true);
            }
            // It is played by who holds no borrow of the world.
            Happening::Play { .. } => {}
            Happening::Due { system: id } => {
                let now = self.now;
                let Some(system) = self.system(id) else { return };
                // What was to be looked at has moved, or this is what was meant.
                if system.due.take_if(|due| *due <= now).is_some() {
                    if let Some(due) = system.next().filter(|due| *due <= now) {
                        let (due, now) = (system.clock.shows(due), system.clock.shows(now));
                        self.see(id, &Observation::Woken { due, now });
                    }
                    self.act_at(id, System::look);
                }
            }
            Happening::Dialled { from, place } => self.dialled(from, place),
            Happening::Arrives { link, from, to } => self.arrives(link, from, to),
            Happening::Closed { link, at, peer } => {
                let reaches = self.network.reaches(self.homes[&peer], self.homes[&at]);
                if reaches && self.network.has_end(at, peer, link) {
                    self.network.close(at, peer);
                    self.note(format_args!("the link of {at} with {peer} is closed"));
                    self.act_at(at, |system| system.unlinked(link, peer, "closed by the other side"));
                }
            }
            Happening::Thaw { host } => {
                if self.computers[host].frozen <= self.now {
                    self.thaw(host);
                }
            }
            Happening::Trouble => self.make_trouble(),
        }
    }
}
