//! One leader and thousands of members, on virtual time: what joining, living and the loss of a tenth of them cost.
//!
//! `convention_scale MEMBERS`. The leader and its members are real ([`Convention`]); links and time are not. The messages are those in
//! both directions, the memory is that of all conventions together. What the leader computes is measured afterwards: another one
//! is told all that the first was told, alone, as a leader is that has its members on other hosts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use roscius_protocol::convention::{Config, Convention, Effect, Event, Place, SystemId, Timing};
use roscius_protocol::time::Time;

type Failure = Box<dyn std::error::Error>;

const LEADER: SystemId = 1;
/// For how many virtual seconds all members live.
const LIVING: u32 = 10;
/// How often what the leader computes is measured; the least counts.
const REPLAYS: usize = 5;

struct World {
    now: Time,
    systems: BTreeMap<SystemId, Convention>,
    /// When each is to be told that time has passed.
    due: BTreeSet<(Time, SystemId)>,
    waiting: VecDeque<(SystemId, Event)>,
    place: Place,
    sent: u64,
    /// What the leader was told, if that is kept.
    told: Option<Vec<(Time, Event)>>,
    joined: usize,
    left: usize,
}

impl World {
    fn new(keeps_what_is_told: bool) -> Result<Self, Failure> {
        let mut world = Self {
            now: start_of_time(),
            systems: BTreeMap::new(),
            due: BTreeSet::new(),
            waiting: VecDeque::new(),
            place: "10.0.0.1:1900".parse()?,
            sent: 0,
            told: keeps_what_is_told.then(Vec::new),
            joined: 0,
            left: 0,
        };
        world.start(LEADER);
        Ok(world)
    }

    fn start(&mut self, system: SystemId) {
        let config = config(system, &self.place);
        let mut effects = Vec::new();
        let convention = Convention::new(config, self.now, &mut effects);
        self.systems.insert(system, convention);
        self.carry_out(system, effects);
        self.expect(system, None);
    }

    /// Notes when a system is to be told that time has passed.
    fn expect(&mut self, system: SystemId, before: Option<Time>) {
        let deadline = self.systems.get(&system).and_then(Convention::next_deadline);
        if deadline != before {
            before.map(|before| self.due.remove(&(before, system)));
        }
        self.due.extend(deadline.map(|deadline| (deadline, system)));
    }

    fn tell(&mut self, system: SystemId, event: Event) {
        let Some(convention) = self.systems.get_mut(&system) else { return };
        let (before, mut effects) = (convention.next_deadline(), Vec::new());
        if system == LEADER
            && let Some(told) = &mut self.told
        {
            told.push((self.now, event.clone()));
        }
        convention.on(self.now, event, &mut effects);
        self.expect(system, before);
        self.carry_out(system, effects);
    }

    fn carry_out(&mut self, system: SystemId, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { system: to, message } => {
                    self.sent += 1;
                    self.waiting.push_back((to, Event::Said { system, message }));
                }
                Effect::Dial { place } if system == LEADER => {
                    let here = Event::Linked { system, identity: identity(system), dialled: Some(place) };
                    self.waiting.push_back((system, here));
                }
                Effect::Dial { place } => {
                    let linked = |peer, dialled| Event::Linked { system: peer, identity: identity(peer), dialled };
                    self.waiting.push_back((LEADER, linked(system, None)));
                    self.waiting.push_back((system, linked(LEADER, Some(place))));
                }
                Effect::Joined { .. } if system == LEADER => self.joined += 1,
                Effect::Left { .. } if system == LEADER => self.left += 1,
                _ => {}
            }
        }
    }

    /// Delivers what waits.
    fn settle(&mut self) {
        while let Some((system, event)) = self.waiting.pop_front() {
            self.tell(system, event);
        }
    }

    fn pass(&mut self, seconds: u32) {
        let end = self.now.plus(Duration::from_secs(seconds.into()));
        self.settle();
        while let Some(&(deadline, system)) = self.due.first().filter(|(deadline, _)| *deadline <= end) {
            // A deadline that has passed is told now: time does not go back.
            self.now = self.now.max(deadline);
            self.due.remove(&(deadline, system));
            self.tell(system, Event::Due);
            self.settle();
        }
        self.now = end;
    }

    /// Starts so many members, which all join.
    fn join(&mut self, members: u32) -> Result<(), Failure> {
        for system in LEADER + 1..=LEADER + members {
            self.start(system);
        }
        self.pass(2);
        match self.joined == members as usize {
            true => Ok(()),
            false => Err(format!("{} of {members} have joined", self.joined).into()),
        }
    }

    /// What has happened since this was asked last.
    fn phase(&mut self, what: &'static str, seconds: u32) -> Phase {
        let told = self.told.as_mut().map(std::mem::take).unwrap_or_default();
        let sent = std::mem::take(&mut self.sent);
        Phase { what, seconds, sent, told }
    }
}

/// A time in the life of a convention, which is measured by itself.
struct Phase {
    what: &'static str,
    seconds: u32,
    /// Messages in both directions.
    sent: u64,
    /// What the leader was told.
    told: Vec<(Time, Event)>,
}

fn start_of_time() -> Time {
    Time::ZERO.plus(Duration::from_secs(1))
}

fn config(system: SystemId, leader: &Place) -> Config {
    Config {
        me: system,
        identity: identity(system),
        place: (system == LEADER).then(|| leader.clone()),
        candidates: vec![leader.clone()],
        capabilities: vec![(b"name".to_vec(), system.to_le_bytes().to_vec())],
        outbound_only: false,
        timing: Timing::default(),
        seed: u64::from(system),
    }
}

fn identity(system: SystemId) -> String {
    format!("system-{system}")
}

/// How long another leader computes in each phase, and how many members it has in the end.
fn replay(place: &Place, phases: &[Phase]) -> (Vec<Duration>, usize) {
    let mut effects = Vec::new();
    let mut leader = Convention::new(config(LEADER, place), start_of_time(), &mut effects);
    let mut took = Vec::new();
    for phase in phases {
        let told = phase.told.clone();
        let since = Instant::now();
        for (now, event) in told {
            leader.on(now, event, &mut effects);
            effects.clear();
        }
        took.push(since.elapsed());
    }
    (took, leader.members().count())
}

fn main() -> Result<(), Failure> {
    let members: u32 = std::env::args().nth(1).ok_or("how many members?")?.parse()?;
    let memory = memory(members)?;
    let mut world = World::new(true)?;
    world.pass(2);
    let mut phases = vec![world.phase("start", 2)];
    world.join(members)?;
    phases.push(world.phase("join", 1));

    world.pass(LIVING);
    phases.push(world.phase("live", LIVING));

    let lost = members / 10;
    for system in LEADER + 1..=LEADER + lost {
        world.systems.remove(&system);
        world.waiting.push_back((LEADER, Event::Unlinked { system, why: "killed".to_owned() }));
    }
    // Those that are left go on as before: what their lives cost is known.
    world.pass(2);
    if world.left != lost as usize {
        return Err(format!("{} of {lost} are given up", world.left).into());
    }
    phases.push(world.phase("lose", 1));
    let place = world.place.clone();
    drop(world);

    let mut best = vec![Duration::MAX; phases.len()];
    for _ in 0..REPLAYS {
        let (took, left) = replay(&place, &phases);
        if left != (members - lost) as usize {
            return Err(format!("a second leader that was told the same has {left} members").into());
        }
        for (best, took) in best.iter_mut().zip(took) {
            *best = took.min(*best);
        }
    }
    println!("memory bytes={memory}");
    for (phase, took) in phases.iter().zip(best).skip(1) {
        let each = f64::from(members) * f64::from(phase.seconds);
        let (messages, microseconds) = (phase.sent as f64 / each, took.as_secs_f64() * 1e6 / each);
        println!("{} messages={messages:.2} microseconds={microseconds:.2}", phase.what);
    }
    Ok(())
}

/// How many bytes all conventions together have for each member.
fn memory(members: u32) -> Result<u64, Failure> {
    let mut world = World::new(false)?;
    world.pass(2);
    let before = resident()?;
    world.join(members)?;
    Ok(resident()?.saturating_sub(before) / u64::from(members))
}

/// How many bytes of memory this process has.
fn resident() -> Result<u64, Failure> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let resident: u64 = pages.split(' ').nth(1).ok_or("no number of pages")?.parse()?;
    Ok(resident * rustix::param::page_size() as u64)
}
