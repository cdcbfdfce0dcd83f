//! A system to try the command on: 10,000 actors in one process pass messages on as fast as they can.
//!
//! `cargo run --release -p roscius-console --example busy_system`, and in another terminal `roscius top`. It ends with Enter.

use roscius::prelude::*;
use roscius_host::admin::Claim;
use roscius_host::rust::{self, ProcessSystem, Registry};

/// How many actors there are, and how many messages are on their way all the time.
const ACTORS: usize = 10_000;
const MESSAGES: usize = 2_000;

#[derive(Message, Serialize, Deserialize)]
#[message(reply = ())]
struct Begin;

/// A message that never ends.
#[derive(Message)]
struct Ball;

#[derive(Message)]
struct Next(ActorRef<Player>);

/// Has all the others as children.
struct Host;

struct Player {
    next: Option<ActorRef<Player>>,
}

impl Actor for Host {
    type Protocol = (Begin,);
}

impl Handler<Begin> for Host {
    fn receive(&mut self, _: &mut Begin, ctx: &mut Context<Self>) -> Outcome<()> {
        let mut players = Vec::with_capacity(ACTORS);
        for _ in 1..ACTORS {
            players.push(ctx.spawn(|| Player { next: None })?);
        }
        for (player, next) in players.iter().zip(players.iter().cycle().skip(1)) {
            ctx.tell(*player, Next(*next))?;
        }
        for player in players.iter().step_by(ACTORS / MESSAGES) {
            ctx.tell(*player, Ball)?;
        }
        Ok(())
    }
}

impl Actor for Player {
    type Protocol = (Ball, Next);
}

impl Handler<Next> for Player {
    fn receive(&mut self, Next(next): &mut Next, _: &mut Context<Self>) -> Outcome<()> {
        self.next = Some(*next);
        Ok(())
    }
}

impl Handler<Ball> for Player {
    fn receive(&mut self, _: &mut Ball, ctx: &mut Context<Self>) -> Outcome<()> {
        if let Some(next) = self.next {
            ctx.tell(next, Ball)?;
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new().actor("host", |()| Host);
    rust::enter(&registry);
    let system = ProcessSystem::builder(Claim::Queue("busy".to_owned()), &registry).start()?;
    let host = system.spawn::<Host>(())?;
    system.ask(host, Begin).wait()?;
    println!("queue-busy runs; Enter ends it");
    std::io::stdin().read_line(&mut String::new())?;
    system.shutdown()?;
    Ok(())
}
