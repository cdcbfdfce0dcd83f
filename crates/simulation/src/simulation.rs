//! The simulation as a whole.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use roscius::registry::Registry;
use roscius_protocol::address::Address;
use roscius_protocol::convention::{InvalidPlace, Place};
use roscius_protocol::pair::Limits;
use roscius_protocol::time::Time;

use crate::error::StartFailed;
use crate::simulated::SimulatedSystem;
use crate::system::Blueprint;
use crate::trouble::Trouble;
use crate::world::{SharedWorld, Totals, World, run};

/// How long everything has to come right after the last trouble.
const RECOVERY: Duration = Duration::from_secs(50);
/// Within which time it is known then what became of a message.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

/// Systems, a network between them, and a clock that goes on when it is told to. See the [crate](crate).
pub struct Simulation {
    world: SharedWorld,
}

impl Simulation {
    /// One without systems. All that is left to chance in it follows from the seed.
    pub fn new(seed: u64) -> Self {
        Self { world: Rc::new(RefCell::new(World::new(seed))) }
    }

    /// Actors that are registered under this name are made only on systems whose capabilities are such.
    pub fn requires(&self, actor: impl Into<String>, fits: impl Fn(&BTreeMap<String, String>) -> bool + 'static) {
        self.world.borrow().requirements.borrow_mut().insert(actor.into(), Box::new(fits));
    }

    /// A system of this name, on a host of its own, that can make and read what is registered. Call [`Builder::start`].
    pub fn system(&self, name: impl Into<String>, registry: &Registry) -> Builder {
        Builder {
            world: Rc::clone(&self.world),
            name: name.into(),
            registry: registry.clone(),
            capabilities: BTreeMap::new(),
            leaders: Vec::new(),
            makers: None,
            outbound_only: false,
            drift: 0,
            limits: Limits::default(),
        }
    }

    /// Lets time pass.
    ///
    /// # Panics
    ///
    /// With the seed and what happened last, when something does not hold that has to: see the [crate](crate).
    #[track_caller]
    pub fn run_for(&self, duration: Duration) {
        self.run_until(duration, || false);
    }

    /// Lets time pass until something holds, at most so long. Whether it does. It is looked at after each thing that happens.
    ///
    /// # Panics
    ///
    /// As [`Simulation::run_for`].
    #[track_caller]
    pub fn run_until(&self, limit: Duration, holds: impl FnMut() -> bool) -> bool {
        let until = self.world.borrow().now.plus(limit);
        run(&self.world, until, holds)
    }

    /// Has the simulation fail when this does not hold, after any thing that happens. What it returns says what is wrong.
    pub fn always(&self, name: impl Into<String>, check: impl FnMut() -> Result<(), String> + 'static) {
        let checks = Rc::clone(&self.world.borrow().checks);
        checks.borrow_mut().push((name.into(), Box::new(check)));
    }

    /// How much time has passed.
    pub fn elapsed(&self) -> Duration {
        self.world.borrow().now.since(Time::ZERO)
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.world.borrow().seed
    }

    /// A number that stands for all that has happened: the same for the same seed and program.
    pub fn trace_hash(&self) -> u64 {
        self.world.borrow().trace.hash()
    }

    /// How much has happened.
    pub fn totals(&self) -> Totals {
        self.world.borrow().totals
    }

    /// Nothing gets from one host to the other any more, but from that to the one. Links stay; what they have taken is tried again.
    pub fn cut_one_way(&self, from: &SimulatedSystem, to: &SimulatedSystem) {
        self.world.borrow_mut().network.cut(from.host(), to.host());
    }

    /// Nothing gets from these to those any more, nor back.
    pub fn partition(&self, these: &[&SimulatedSystem], those: &[&SimulatedSystem]) {
        let mut world = self.world.borrow_mut();
        for (one, other) in these.iter().flat_map(|one| those.iter().map(move |other| (one.host(), other.host()))) {
            world.network.cut(one, other);
            world.network.cut(other, one);
        }
    }

    /// Nobody reaches this one any more, nor it anybody.
    pub fn isolate(&self, system: &SimulatedSystem) {
        self.world.borrow_mut().isolate(system.host());
    }

    /// All reach each other again.
    pub fn heal(&self) {
        self.world.borrow_mut().network.heal();
    }

    /// The link between two breaks, and both notice at once.
    pub fn break_link(&self, one: &SimulatedSystem, other: &SimulatedSystem) {
        self.world.borrow_mut().break_link(one.host(), other.host());
    }

    /// How long a packet takes at most, unless it comes late: 3 ms. Each link keeps order, two do not.
    pub fn set_latency(&self, latency: Duration) {
        self.world.borrow_mut().network.latency = latency;
    }

    /// Of a hundred packets so many come late, by up to 0.8 s.
    pub fn set_late(&self, percent: usize) {
        self.world.borrow_mut().network.late = percent;
    }

    /// Of a hundred packets so many are lost although their link does not break.
    pub fn set_lost(&self, percent: usize) {
        self.world.borrow_mut().network.lost = percent;
    }

    /// From now on this goes wrong by itself, until [`Simulation::calm`].
    pub fn trouble(&self, trouble: Trouble) {
        self.world.borrow_mut().begin_trouble(trouble);
    }

    /// Nothing goes wrong any more: all reach each other, nobody stands still, and systems that have crashed start again.
    ///
    /// # Errors
    ///
    /// [`StartFailed`] if one does not start.
    pub fn calm(&self) -> Result<(), StartFailed> {
        let mut world = self.world.borrow_mut();
        world.end_trouble();
        for host in 0..world.computers.len() {
            world.start(host)?;
        }
        Ok(())
    }

    /// Ends all trouble, lets everything come right for a minute, and sees whether it has: that all know each other who should, and
    /// that each message that was sent is accounted for.
    ///
    /// # Errors
    ///
    /// [`StartFailed`], as [`Simulation::calm`].
    ///
    /// # Panics
    ///
    /// As [`Simulation::run_for`].
    #[track_caller]
    pub fn finish(&self) -> Result<(), StartFailed> {
        self.calm()?;
        self.run_for(RECOVERY);
        let settled = self.world.borrow().messages();
        self.run_for(SETTLED_WITHIN);
        self.world.borrow_mut().end(settled);
        self.run_for(Duration::ZERO);
        Ok(())
    }

    /// The name of the system that an address is of, if that is one that runs.
    pub fn home_of(&self, address: impl Into<Address>) -> Option<String> {
        let system = address.into().node().system();
        let world = self.world.borrow();
        let computer = world.computers.iter().find(|it| it.running.as_ref().is_some_and(|it| it.id == system));
        computer.map(|computer| computer.blueprint.name.clone())
    }
}

/// How a simulated system is to be.
#[must_use = "call `start`"]
pub struct Builder {
    world: SharedWorld,
    name: String,
    registry: Registry,
    capabilities: BTreeMap<String, String>,
    leaders: Vec<String>,
    makers: Option<Vec<String>>,
    outbound_only: bool,
    drift: i32,
    limits: Limits,
}

impl Builder {
    /// The system can do this.
    pub fn capability(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.capabilities.insert(name.into(), value.into());
        self
    }

    /// The system of this name may lead the convention: this one, or one that is there already. The first that is given comes first.
    pub fn leader(mut self, name: impl Into<String>) -> Self {
        self.leaders.push(name.into());
        self
    }

    /// The system makes only actors that are registered under one of these names. It still reads all messages.
    pub fn makes<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.makers = Some(names.into_iter().map(str::to_owned).collect());
        self
    }

    /// Nobody dials the system.
    pub fn outbound_only(mut self) -> Self {
        self.outbound_only = true;
        self
    }

    /// The clock of its host is too fast by so many parts in a million, or too slow.
    pub fn clock_drift(mut self, parts_per_million: i32) -> Self {
        self.drift = parts_per_million;
        self
    }

    /// How much is held for other systems, and how long.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// [`StartFailed`] if it can not be as it is to be.
    pub fn start(self) -> Result<SimulatedSystem, StartFailed> {
        let mut world = self.world.borrow_mut();
        let named = |name: &str| world.computers.iter().position(|computer| computer.blueprint.name == name);
        if named(&self.name).is_some() {
            return Err(StartFailed::Twice(self.name));
        }
        if let Some(name) = self.registry.ambiguous() {
            return Err(StartFailed::Ambiguous(name.to_owned()));
        }
        let place = place_of(world.computers.len())?;
        let candidates = self.leaders.iter().map(|leader| match named(leader) {
            Some(host) => Ok(world.computers[host].blueprint.place.clone()),
            None if *leader == self.name => Ok(place.clone()),
            None => Err(StartFailed::NoLeader(leader.clone())),
        });
        let blueprint = Blueprint {
            candidates: candidates.collect::<Result<_, _>>()?,
            capabilities: self.capabilities.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            makers: self.makers.unwrap_or_else(|| self.registry.makers()),
            requirements: Rc::clone(&world.requirements),
            outbound_only: self.outbound_only,
            registry: self.registry,
            pair: self.limits,
            name: self.name,
            place,
        };
        let host = world.add(blueprint, self.drift);
        world.start(host)?;
        drop(world);
        Ok(SimulatedSystem::new(self.world, host))
    }
}

fn place_of(host: usize) -> Result<Place, InvalidPlace> {
    Place::new(&format!("10.0.{}.{}", host / 250, 1 + host % 250), 1900)
}
