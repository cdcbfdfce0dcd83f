//! The smallest actor: one message, one reply.
use roscius::prelude::*;

#[derive(Message)]
#[message(reply = String)]
struct Greet(String);

struct Greeter;

impl Actor for Greeter {
    type Protocol = (Greet,);
}

impl Handler<Greet> for Greeter {
    fn receive(&mut self, Greet(name): &mut Greet, _: &mut Context<Self>) -> Outcome<String> {
        Ok(format!("Hello, {name}!"))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let system = ActorSystem::threads().start()?;
    let greeter = system.spawn(|| Greeter)?;
    println!("{}", system.ask(greeter, Greet("world".into())).wait()?);
    Ok(())
}
