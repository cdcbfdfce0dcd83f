//! Actors that talk, have children, watch and ask each other on systems to which anything happens: what must hold does, whatever the
//! seed.
//!
//! ```text
//! make simulate SEED=17            one run
//! make simulate SEED=17 TRACE=1    with all that happens
//! ```

use std::time::Duration;

use roscius::prelude::*;
use roscius::registry::Registry;
use roscius_protocol::random::Random;
use roscius_simulation::{SimulatedSystem, Simulation, Totals, Trouble};

const MINUTE: Duration = Duration::from_secs(60);

/// Whom to talk with.
#[derive(Clone, Debug, Message, Serialize, Deserialize)]
struct Meet(Vec<ActorRef<Gossip>>);

/// Something that is told on a few times.
#[derive(Message, Serialize, Deserialize)]
struct Rumour {
    hops: u8,
    filling: Vec<u8>,
}

#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
struct HowMany;

/// Do something that not everybody can.
#[derive(Message, Serialize, Deserialize)]
struct Work;

/// Talks with all that it has met, and asks them, and has children that work.
struct Gossip {
    random: Random,
    met: Vec<ActorRef<Self>>,
    heard: u64,
    children: Vec<Address>,
}

impl Gossip {
    fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), met: Vec::new(), heard: 0, children: Vec::new() }
    }

    fn anybody(&mut self) -> Option<ActorRef<Self>> {
        (!self.met.is_empty()).then(|| self.random.pick(&self.met))
    }
}

impl Actor for Gossip {
    type Protocol = (Meet, Rumour, HowMany);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        ctx.wakeup_every(Duration::from_millis(700 + self.random.below(3_000) as u64), ());
        Ok(())
    }

    fn wakeup(&mut self, _: Wakeup, ctx: &mut Context<Self>) {
        let Some(other) = self.anybody() else { return };
        match self.random.below(12) {
            0..=4 => {
                let length = if self.random.chance(3) { 100_000 } else { 100 };
                for hops in 0..self.random.below(4) as u8 {
                    let _ = ctx.tell(other, Rumour { hops, filling: vec![hops; self.random.below(length)] });
                }
            }
            5 | 6 => {
                let limit = self.random.chance(50).then(|| Duration::from_secs(3));
                ctx.ask_then(other, HowMany, limit, |gossip, answer, _| {
                    gossip.heard += answer.unwrap_or(0) % 2;
                    Ok(())
                });
            }
            7 => ctx.watch(other),
            8 if self.children.len() < 3 => {
                if let Ok(child) = ctx.spawn_by_name("worker", ()) {
                    self.children.push(child);
                }
            }
            9 => {
                if let Some(child) = self.children.pop() {
                    ctx.exit(child);
                }
            }
            _ => {
                for child in &self.children {
                    let _ = ctx.send(*child, Work);
                }
            }
        }
    }

    fn child_exited(&mut self, exit: &ChildExited, _: &mut Context<Self>) {
        self.children.retain(|child| *child != exit.child);
    }
}

impl Handler<Meet> for Gossip {
    fn receive(&mut self, meet: &mut Meet, _: &mut Context<Self>) -> Outcome<()> {
        self.met.clone_from(&meet.0);
        Ok(())
    }
}

impl Handler<Rumour> for Gossip {
    fn receive(&mut self, rumour: &mut Rumour, ctx: &mut Context<Self>) -> Outcome<()> {
        self.heard += 1;
        if let Some(hops) = rumour.hops.checked_sub(1)
            && let Some(other) = self.anybody()
        {
            ctx.tell(other, Rumour { hops, filling: std::mem::take(&mut rumour.filling) })?;
        }
        Ok(())
    }
}

impl Handler<HowMany> for Gossip {
    fn receive(&mut self, _: &mut HowMany, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(self.heard)
    }
}

/// Needs a tool.
struct Worker;

impl Actor for Worker {
    type Protocol = (Work,);
}

impl Handler<Work> for Worker {
    fn receive(&mut self, _: &mut Work, _: &mut Context<Self>) -> Outcome<()> {
        Ok(())
    }
}

fn registry() -> Registry {
    Registry::new().actor("gossip", Gossip::new).actor("worker", |()| Worker)
}

/// One or two systems that may lead, and some members.
fn systems(sim: &Simulation, random: &mut Random) -> Vec<SimulatedSystem> {
    let registry = registry();
    let leaders = ["first", "second"][..1 + random.below(2)].to_vec();
    let mut systems: Vec<SimulatedSystem> = Vec::new();
    let members = ["anna", "bert", "cleo", "dora"][..2 + random.below(3)].to_vec();
    for (number, name) in leaders.iter().chain(&members).enumerate() {
        let drift = random.below(20_000) as i32 - 10_000;
        let mut system = sim.system(*name, &registry).clock_drift(drift);
        // Who may lead is there first, and knows those before it.
        for leader in leaders.iter().take(number + 1) {
            system = system.leader(*leader);
        }
        if random.chance(40) {
            system = system.capability("tool", "hammer");
        }
        systems.push(system.start().expect("it starts"));
    }
    systems
}

fn trouble(random: &mut Random) -> Trouble {
    let every = Duration::from_secs(1 + random.below(8) as u64);
    match random.below(4) {
        0 => Trouble::fair(),
        1 => Trouble::network().every(every),
        2 => Trouble::rough().every(every).latency(Duration::from_millis(300)),
        _ => Trouble::rough().every(every),
    }
}

/// One run. The hash of it.
fn run(seed: u64) -> (u64, Totals) {
    let sim = Simulation::new(seed);
    let mut random = Random::new(seed);
    sim.requires("worker", |capabilities| capabilities.contains_key("tool"));
    let systems = systems(&sim, &mut random);
    sim.run_for(Duration::from_secs(5));
    sim.trouble(trouble(&mut random));
    let mut gossips = Vec::new();
    for _ in 0..12 {
        let system = &systems[random.below(systems.len())];
        gossips.extend(system.spawn::<Gossip>(random.next()).ok());
        let system = &systems[random.below(systems.len())];
        for gossip in &gossips {
            let _ = system.tell(*gossip, Meet(gossips.clone()));
        }
        if !gossips.is_empty() && random.chance(30) {
            system.exit(random.pick(&gossips));
        }
        if random.chance(10) {
            let system = &systems[random.below(systems.len())];
            // Where a host stands still this may take longer than one waits. What has not gone by then goes when it can.
            if system.shutdown() {
                system.restart().expect("it starts");
            }
        }
        sim.run_for(Duration::from_millis(random.below(20_000) as u64));
    }
    sim.finish().expect("all start");
    sim.run_for(MINUTE);
    for system in systems.iter().rev().filter(|system| system.is_running()) {
        assert!(system.shutdown(), "SEED={seed}: {} does not shut down", system.name());
    }
    (sim.trace_hash(), sim.totals())
}

/// A number from the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

#[test]
fn whatever_happens_to_actors_on_many_systems_what_must_hold_does() {
    if let (Some(seed), None) = (given("SEED"), given("SEEDS")) {
        let (hash, totals) = run(seed);
        return println!("SEED={seed}: the hash of the run is {hash:016x}, {totals:?}");
    }
    let (first, count) = (given("SEED").unwrap_or(0), given("SEEDS").unwrap_or(12));
    let (mut sums, mut names) = ([0; 6], ["messages", "delivered", "lost", "made", "crashes", "left"]);
    for seed in first..first + count {
        let (_, totals) = run(seed);
        let counts = [totals.sent, totals.delivered, totals.lost, totals.made, totals.crashes, totals.left];
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    // A simulation in which nothing happens finds nothing.
    for (name, sum) in names.iter_mut().zip(sums) {
        println!("{name}: {sum}");
        assert!(count < 12 || sum >= count, "{name}: {sum}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_another() {
    let (one, again, other) = (run(100), run(100), run(101));
    assert_eq!(one, again);
    assert_ne!(one.0, other.0);
}
