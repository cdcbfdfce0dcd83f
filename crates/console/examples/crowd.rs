//! A system with much to look at: one process with many actors, who hand notes around as fast as they can.
//!
//! How many there are, how many notes are under way, and for how many seconds can be given: `crowd 10000 1000 60`.
use std::time::Duration;

use roscius::prelude::*;
use roscius_host::admin::Claim;
use roscius_host::rust::{self, ProcessSystem, Registry};

/// Hand it on.
#[derive(Message, Serialize, Deserialize)]
struct Note;

/// Whom to hand notes to.
#[derive(Message, Serialize, Deserialize)]
struct Neighbour(ActorRef<Member>);

/// One of many.
#[derive(Default)]
struct Member(Option<ActorRef<Member>>);

impl Actor for Member {
    type Protocol = (Note, Neighbour);
}

impl Handler<Note> for Member {
    fn receive(&mut self, _: &mut Note, ctx: &mut Context<Self>) -> Outcome<()> {
        if let Some(neighbour) = self.0 {
            ctx.tell(neighbour, Note)?;
        }
        Ok(())
    }
}

impl Handler<Neighbour> for Member {
    fn receive(&mut self, Neighbour(neighbour): &mut Neighbour, _: &mut Context<Self>) -> Outcome<()> {
        self.0 = Some(*neighbour);
        Ok(())
    }
}

/// Form a ring of so many, and let so many notes go round.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = ())]
struct Form {
    members: usize,
    notes: usize,
}

struct Crowd;

impl Actor for Crowd {
    type Protocol = (Form,);
}

impl Handler<Form> for Crowd {
    fn receive(&mut self, form: &mut Form, ctx: &mut Context<Self>) -> Outcome<()> {
        let members: Vec<_> = (0..form.members).map(|_| ctx.spawn(Member::default)).collect::<Result<_, _>>()?;
        let others = members.iter().cycle().skip(1);
        for (member, other) in members.iter().zip(others) {
            ctx.tell(*member, Neighbour(*other))?;
        }
        for member in members.iter().cycle().take(form.notes) {
            ctx.tell(*member, Note)?;
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new().actor("crowd", |()| Crowd);
    rust::enter(&registry);
    let numbers: Vec<u64> = std::env::args().skip(1).map(|number| number.parse()).collect::<Result<_, _>>()?;
    let number = |place: usize, usual| numbers.get(place).copied().unwrap_or(usual);
    let form = Form { members: usize::try_from(number(0, 10_000))?, notes: usize::try_from(number(1, 1_000))? };
    let system = ProcessSystem::builder(Claim::Queue("crowd".to_owned()), &registry).start()?;
    let crowd = system.spawn::<Crowd>(())?;
    system.ask(crowd, form).wait()?;
    println!("queue-crowd runs");
    std::thread::sleep(Duration::from_secs(number(2, 60)));
    system.shutdown()?;
    Ok(())
}
