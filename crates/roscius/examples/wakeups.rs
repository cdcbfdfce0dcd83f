//! Wakeups, once and periodic, with a payload; cancelled when enough.
use std::time::Duration;

use roscius::prelude::*;

#[derive(Message)]
struct Done;

struct Clock {
    ticks: u32,
    ticker: Option<TimerId>,
    audience: Recipient<Done>,
}

impl Actor for Clock {
    type Protocol = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        self.ticker = Some(ctx.wakeup_every(Duration::from_millis(100), "tick"));
        Ok(())
    }

    fn wakeup(&mut self, wakeup: Wakeup, ctx: &mut Context<Self>) {
        self.ticks += 1;
        println!("{} {}", wakeup.get::<&str>().unwrap_or(&"?"), self.ticks);
        if self.ticks == 3 {
            self.ticker.take().map(|ticker| ctx.cancel(ticker));
            // A recipient that is gone is a dead letter, not an error.
            let _ = ctx.tell(self.audience, Done);
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let system = ActorSystem::threads().start()?;
    let listener = system.endpoint();
    let audience = Recipient::assume(listener.address());
    system.spawn(move || Clock { ticks: 0, ticker: None, audience })?;
    listener.listen(Duration::from_secs(5)).ok_or("the clock does not tick")?;
    Ok(())
}
