//! The actors that the tests play.

use std::time::Duration;

use roscius::prelude::*;
use roscius::registry::Registry;
use roscius_simulation::{SimulatedSystem, Simulation};

#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
pub struct Add(pub u64);

/// Keeps a sum.
pub struct Counter(pub u64);

impl Actor for Counter {
    type Protocol = (Add, Crash);
}

impl Handler<Add> for Counter {
    fn receive(&mut self, add: &mut Add, _: &mut Context<Self>) -> Outcome<u64> {
        self.0 += add.0;
        Ok(self.0)
    }
}

#[derive(Message, Serialize, Deserialize)]
pub struct Crash;

impl Handler<Crash> for Counter {
    fn receive(&mut self, _: &mut Crash, ctx: &mut Context<Self>) -> Outcome<()> {
        ctx.stop();
        Ok(())
    }
}

/// Has children made by name, and tells what becomes of them.
pub struct Parent {
    news: Address,
}

#[derive(Message, Serialize, Deserialize)]
#[message(reply = Result<Address, String>)]
pub struct Have(pub String);

/// A child has ended.
#[derive(Message, Serialize, Deserialize)]
pub struct Lost(pub Address);

impl Actor for Parent {
    type Protocol = (Have,);

    fn child_exited(&mut self, exit: &ChildExited, ctx: &mut Context<Self>) {
        let _ = ctx.send(self.news, Lost(exit.child));
    }
}

impl Handler<Have> for Parent {
    fn receive(&mut self, have: &mut Have, ctx: &mut Context<Self>) -> Outcome<Result<Address, String>> {
        Ok(ctx.spawn_by_name(&have.0, 0_u64).map_err(|error| error.to_string()))
    }
}

/// Sends a number each second.
pub struct Ticker {
    to: Address,
    sent: u64,
}

#[derive(Message, Serialize, Deserialize)]
pub struct Tick(pub u64);

impl Actor for Ticker {
    type Protocol = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        ctx.wakeup_every(Duration::from_secs(1), ());
        Ok(())
    }

    fn wakeup(&mut self, _: Wakeup, ctx: &mut Context<Self>) {
        self.sent += 1;
        let _ = ctx.send(self.to, Tick(self.sent));
    }
}

pub fn registry() -> Registry {
    Registry::new()
        .actor("counter", Counter)
        .actor("gpu counter", |sum: u64| Fast(Counter(sum)))
        .actor("parent", |news: Address| Parent { news })
        .actor("ticker", |to: Address| Ticker { to, sent: 0 })
        .message::<Lost>()
        .message::<Tick>()
}

/// A counter that needs something.
pub struct Fast(Counter);

impl Actor for Fast {
    type Protocol = (Add,);
}

impl Handler<Add> for Fast {
    fn receive(&mut self, add: &mut Add, _: &mut Context<Self>) -> Outcome<u64> {
        self.0.0 += add.0;
        Ok(self.0.0)
    }
}

/// A leader, and two members of which the last can do more. They know each other.
pub fn three(seed: u64) -> (Simulation, [SimulatedSystem; 3]) {
    let sim = Simulation::new(seed);
    sim.requires("gpu counter", |capabilities| capabilities.contains_key("gpu"));
    let registry = registry();
    let start = |name: &str| sim.system(name, &registry).leader("hub");
    let hub = start("hub").start().expect("it starts");
    let one = start("one").start().expect("it starts");
    let two = start("two").capability("gpu", "big").start().expect("it starts");
    let knows = |system: &SimulatedSystem| system.leader().as_deref() == Some("hub");
    assert!(sim.run_until(Duration::from_secs(10), || hub.members().len() == 2 && knows(&one) && knows(&two)));
    (sim, [hub, one, two])
}
