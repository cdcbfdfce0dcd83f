//! One leader and thousands of members, on virtual time: what joining, living and the loss of a tenth of them cost.
//!
//! `convention_scale MEMBERS`. The leader and its members are real ([`Convention`]); links and time are not. The messages are those in
//! both directions, the processor time is that of the leader alone, the memory that of all conventions together.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use roscius_protocol::convention::{Config, Convention, Effect, Event, Place, SystemId, Timing};
use roscius_protocol::time::Time;

type Failure = Box<dyn std::error::Error>;

const LEADER: SystemId = 1;
/// For how many virtual seconds all members live.
const LIVING: u32 = 10;

struct World {
    now: Time,
    systems: BTreeMap<SystemId, Convention>,
    /// When each is to be told that time has passed.
    due: BTreeSet<(Time, SystemId)>,
    waiting: VecDeque<(SystemId, Event)>,
    place: Place,
    sent: u64,
    /// What the leader has computed.
    took: Duration,
    joined: usize,
    left: usize,
}

impl World {
    fn new() -> Result<Self, Failure> {
        let mut world = Self {
            now: Time::ZERO.plus(Duration::from_secs(1)),
            systems: BTreeMap::new(),
            due: BTreeSet::new(),
            waiting: VecDeque::new(),
            place: "10.0.0.1:1900".parse()?,
            sent: 0,
            took: Duration::ZERO,
            joined: 0,
            left: 0,
        };
        world.start(LEADER);
        Ok(world)
    }

    fn start(&mut self, system: SystemId) {
        let config = Config {
            me: system,
            identity: format!("system-{system}"),
            place: (system == LEADER).then(|| self.place.clone()),
            candidates: vec![self.place.clone()],
            capabilities: vec![(b"name".to_vec(), system.to_le_bytes().to_vec())],
            outbound_only: false,
            timing: Timing::default(),
            seed: u64::from(system),
        };
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
            self.due.extend(deadline.map(|deadline| (deadline, system)));
        }
    }

    fn tell(&mut self, system: SystemId, event: Event) {
        let Some(convention) = self.systems.get_mut(&system) else { return };
        let (before, mut effects) = (convention.next_deadline(), Vec::new());
        let since = Instant::now();
        convention.on(self.now, event, &mut effects);
        if system == LEADER {
            self.took += since.elapsed();
        }
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
            let Some(convention) = self.systems.get_mut(&system) else { continue };
            let mut effects = Vec::new();
            let since = Instant::now();
            convention.on(self.now, Event::Due, &mut effects);
            if system == LEADER {
                self.took += since.elapsed();
            }
            self.due.extend(convention.next_deadline().map(|deadline| (deadline, system)));
            self.carry_out(system, effects);
            self.settle();
        }
        self.now = end;
    }

    /// What was sent, and what the leader computed, since this was asked last.
    fn cost(&mut self) -> (u64, Duration) {
        (std::mem::take(&mut self.sent), std::mem::take(&mut self.took))
    }
}

fn identity(system: SystemId) -> String {
    format!("system-{system}")
}

fn main() -> Result<(), Failure> {
    let members: u32 = std::env::args().nth(1).ok_or("how many members?")?.parse()?;
    let mut world = World::new()?;
    world.pass(2);
    world.cost();
    let before = resident()?;
    for system in LEADER + 1..=LEADER + members {
        world.start(system);
    }
    world.pass(2);
    let memory = resident()?.saturating_sub(before);
    if world.joined != members as usize {
        return Err(format!("{} of {members} have joined", world.joined).into());
    }
    report("join", members, world.cost(), 1);
    println!("memory bytes={}", memory / u64::from(members));

    world.pass(LIVING);
    report("live", members, world.cost(), LIVING);

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
    report("lose", members, world.cost(), 1);
    Ok(())
}

/// A line: messages, and microseconds of the leader, a member (and second).
fn report(what: &str, members: u32, (sent, took): (u64, Duration), seconds: u32) {
    let each = f64::from(members) * f64::from(seconds);
    println!("{what} messages={:.2} microseconds={:.2}", sent as f64 / each, took.as_secs_f64() * 1e6 / each);
}

/// How many bytes of memory this process has.
fn resident() -> Result<u64, Failure> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let resident: u64 = pages.split(' ').nth(1).ok_or("no number of pages")?.parse()?;
    Ok(resident * rustix::param::page_size() as u64)
}
