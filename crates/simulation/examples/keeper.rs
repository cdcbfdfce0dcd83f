//! A program for three hosts, tried out in one process: a register that must have one keeper. Run it with a seed to see that run again.

use std::time::Duration;

use roscius::prelude::*;
use roscius::registry::Registry;
use roscius_simulation::{Simulation, Trouble};

/// Keeps a value.
struct Keeper(u64);

#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
struct Put(u64);

impl Actor for Keeper {
    type Protocol = (Put,);
}

impl Handler<Put> for Keeper {
    fn receive(&mut self, put: &mut Put, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(std::mem::replace(&mut self.0, put.0))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    let sim = Simulation::new(seed);
    sim.requires("keeper", |capabilities| capabilities.get("disk").is_some_and(|disk| disk == "safe"));
    let registry = Registry::new().actor("keeper", Keeper);
    let front = sim.system("front", &registry).leader("front").start()?;
    let safe = sim.system("safe", &registry).leader("front").capability("disk", "safe").start()?;
    let other = sim.system("other", &registry).leader("front").start()?;
    sim.run_until(Duration::from_secs(10), || front.members().len() == 2 && other.leader().is_some());

    let keeper = other.spawn::<Keeper>(0)?;
    println!("the keeper is on `{}`", sim.home_of(keeper).ok_or("nowhere")?);
    sim.trouble(Trouble::rough().spare("safe").every(Duration::from_secs(10)));
    let (mut answered, mut refused) = (0, 0);
    for value in 1..=100 {
        match front.ask(keeper, Put(value)).wait() {
            Ok(before) if before < value => answered += 1,
            Ok(before) => return Err(format!("{before} came after {value}").into()),
            Err(_) => refused += 1,
        }
        sim.run_for(Duration::from_secs(6));
    }
    sim.finish()?;
    println!("{answered} answers, {refused} times none; in the end `safe` is led by {:?}", safe.leader());
    println!("after {:?} of its time, the hash of the run is {:016x}", sim.elapsed(), sim.trace_hash());
    Ok(())
}
