//! Actors in processes of their own. One of them aborts, and only that one is lost.
use roscius::prelude::*;
use roscius_host::admin::Claim;
use roscius_host::rust::{self, ProcessSystem, Registry};

#[derive(Message, Serialize, Deserialize)]
#[message(reply = (u32, u64))]
struct Count(u64);

#[derive(Message, Serialize, Deserialize)]
struct Abort;

/// Counts, and says in which process.
struct Counter(u64);

impl Actor for Counter {
    type Protocol = (Count, Abort);
}

impl Handler<Count> for Counter {
    fn receive(&mut self, Count(more): &mut Count, _: &mut Context<Self>) -> Outcome<(u32, u64)> {
        self.0 += *more;
        Ok((std::process::id(), self.0))
    }
}

impl Handler<Abort> for Counter {
    fn receive(&mut self, _: &mut Abort, _: &mut Context<Self>) -> Outcome<()> {
        std::process::abort()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new().actor("counter", Counter);
    // This program is started again for each process of the system, and then does not come back from here.
    rust::enter(&registry);

    let system = ProcessSystem::builder(Claim::Tcp("127.0.0.1:0".parse()?), &registry).start()?;
    let (first, second) = (system.spawn::<Counter>(0)?, system.spawn_named::<Counter>("second", 100)?);
    println!("this program: {}", std::process::id());
    println!("first: {:?}", system.ask(first, Count(1)).wait()?);
    println!("second: {:?}", system.ask(second, Count(1)).wait()?);

    system.tell(first, Abort)?;
    println!("first: {}", system.ask(first, Count(1)).wait().expect_err("it is gone"));
    println!("second: {:?}", system.ask(second, Count(1)).wait()?);
    system.shutdown()?;
    Ok(())
}
