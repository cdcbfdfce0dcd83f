//! A worker that crashes is restarted; its address and what waits for it stay.
use std::time::Duration;

use roscius::prelude::*;

#[derive(Message)]
#[message(reply = u32)]
struct Divide(u32, u32);

#[derive(Default)]
struct Divider;

impl Actor for Divider {
    type Protocol = (Divide,);
}

impl Handler<Divide> for Divider {
    fn receive(&mut self, &mut Divide(a, b): &mut Divide, _: &mut Context<Self>) -> Outcome<u32> {
        Ok(a / b) // panics for b == 0
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let backoff = Backoff::exponential(Duration::from_millis(10), Duration::from_secs(1));
    let system = ActorSystem::threads().supervision(Supervision::one_for_one().backoff(backoff)).start()?;
    let divider = system.spawn(Props::new(Divider::default).restart(Restart::Permanent))?;

    let failed = system.ask(divider, Divide(1, 0));
    let waiting = system.ask(divider, Divide(84, 2));
    println!("1 / 0: {}", failed.wait().expect_err("nothing can be divided by zero"));
    println!("84 / 2 = {}, after {} restart", waiting.wait()?, system.status().restarts);
    Ok(())
}
