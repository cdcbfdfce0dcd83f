//! Behaviour for the next messages: a door that answers differently while it is locked, and stashes what has to wait.
use roscius::prelude::*;

#[derive(Message)]
#[message(reply = &'static str)]
struct Knock;

#[derive(Message)]
struct Unlock;

struct Door;

impl Actor for Door {
    type Protocol = (Knock, Unlock);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        ctx.become_new(Behaviour::new().on(|_: &mut Self, _: &mut Knock, ctx| ctx.stash()));
        Ok(())
    }
}

impl Handler<Knock> for Door {
    fn receive(&mut self, _: &mut Knock, _: &mut Context<Self>) -> Outcome<&'static str> {
        Ok("come in")
    }
}

impl Handler<Unlock> for Door {
    fn receive(&mut self, _: &mut Unlock, ctx: &mut Context<Self>) -> Outcome<()> {
        ctx.become_former();
        ctx.unstash_all();
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let system = ActorSystem::simple().start()?;
    let door = system.spawn(|| Door)?;
    let knock = system.ask(door, Knock);
    system.tell(door, Unlock)?;
    println!("{}", knock.wait()?);
    Ok(())
}
