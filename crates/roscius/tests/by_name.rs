//! Where there are no other processes, nothing is made by name.

use roscius::gate::NotMade;
use roscius::prelude::*;

#[derive(Message)]
#[message(reply = Result<Address, NotMade>)]
struct Have;

struct Parent;

impl Actor for Parent {
    type Protocol = (Have,);
}

impl Handler<Have> for Parent {
    fn receive(&mut self, _: &mut Have, ctx: &mut Context<Self>) -> Outcome<Result<Address, NotMade>> {
        let made = ctx.spawn_by_name("anything", ());
        assert!(ctx.children().is_empty());
        Ok(made)
    }
}

#[test]
fn a_system_of_one_process_says_so() {
    for builder in [ActorSystem::simple(), ActorSystem::threads()] {
        let system = builder.start().unwrap();
        let parent = system.spawn(|| Parent).unwrap();
        assert_eq!(system.ask(parent, Have).wait(), Ok(Err(NotMade::NoOthers)));
    }
}
