//! All actors in this process: on a few threads, or in that of the caller.

use std::time::Duration;

use roscius::prelude::*;
use roscius::{Endpoint, Received, Recipient};

use super::Base;
use crate::actors::{Infer, Role};
use crate::batch::Score;
use crate::failure::Failure;
use crate::kill::Death;
use crate::news::News;

/// A system of one process.
pub struct OneProcess {
    // Dropped first.
    endpoint: Endpoint,
    system: ActorSystem,
}

impl OneProcess {
    /// A system with threads.
    pub fn start() -> Result<Self, Failure> {
        Ok(Self::of(ActorSystem::threads().start().map_err(Failure::broken)?))
    }

    /// This system.
    pub fn of(system: ActorSystem) -> Self {
        Self { endpoint: system.endpoint(), system }
    }
}

impl Base for OneProcess {
    fn make<A: Role>(&self, task: A::Task) -> Result<ActorRef<A>, Failure> {
        let props = A::keep(Props::new(move || A::new(task.clone())));
        self.system.spawn(props).map_err(Failure::broken)
    }

    fn hire(&self) -> Result<Recipient<Score>, Failure> {
        Ok(self.make::<Infer>(Death::Panic)?.recipient())
    }

    fn director(&self) -> Recipient<News> {
        Recipient::assume(self.endpoint.address())
    }

    fn tell<M: Message>(&self, to: Recipient<M>, message: M) -> Result<(), Failure> {
        self.endpoint.tell(to, message).map_err(Failure::broken)
    }

    fn watch(&self, actor: Address) {
        self.endpoint.watch(actor);
    }

    fn listen(&self, at_most: Duration) -> Option<Received> {
        self.endpoint.listen(at_most)
    }

    fn end(self) -> Result<(), Failure> {
        match self.system.shutdown().unfinished.len() {
            0 => Ok(()),
            actors => Err(Failure::Broken(format!("{actors} actors did not exit"))),
        }
    }
}
