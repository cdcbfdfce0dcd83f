//! Each actor in a process of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use roscius::prelude::*;
use roscius::{Received, Recipient};
use roscius_host::admin::Claim;
use roscius_host::rust::{self, Endpoint, ProcessSystem, Registry};

use super::{Base, python};
use crate::actors::{Clean, Fetch, Foreman, Infer, Role, Store};
use crate::batch::Score;
use crate::failure::Failure;
use crate::kill::Death;
use crate::news::News;

/// A system of processes.
pub struct Processes {
    // Dropped first.
    endpoint: Endpoint,
    system: ProcessSystem,
    /// Whether the workers are in Python.
    python: bool,
}

/// Is what this process was started for, if it was started as a part of a system.
pub fn enter() {
    rust::enter(&registry());
}

/// What can be made and sent.
pub(super) fn registry() -> Registry {
    let registry = with::<Store>(with::<Infer>(with::<Foreman>(with::<Clean>(with::<Fetch>(Registry::new())))));
    registry.message::<News>()
}

fn with<A: Role>(registry: Registry) -> Registry {
    registry.actor_with(A::NAME, A::new, A::keep)
}

impl Processes {
    /// A system that ends with this program. With an interpreter its workers are Python actors.
    pub fn start(python: Option<&Path>) -> Result<Self, Failure> {
        // Whoever is to find it needs a port.
        let claim = match python {
            Some(_) => Claim::Tcp(SocketAddr::from(([127, 0, 0, 1], 0))),
            None => Claim::Queue(format!("roscius-demo-{}", std::process::id())),
        };
        let system = ProcessSystem::builder(claim, &registry()).start();
        let system = system.map_err(|error| Failure::NoProcesses(error.to_string()))?;
        if let (Some(interpreter), Claim::Tcp(address)) = (python, system.claim())
            && let Err(failure) = python::offer(interpreter, address.port())
        {
            // What is to be said is why there is no Python.
            let _ = system.shutdown();
            return Err(failure);
        }
        Ok(Self { endpoint: system.endpoint(), system, python: python.is_some() })
    }
}

impl Base for Processes {
    fn make<A: Role>(&self, task: A::Task) -> Result<ActorRef<A>, Failure> {
        self.system.spawn::<A>(task).map_err(|error| Failure::NoProcesses(error.to_string()))
    }

    fn hire(&self) -> Result<Recipient<Score>, Failure> {
        if self.python {
            let worker = self.system.spawn_python(python::WORKER);
            return worker.map(Recipient::assume).map_err(|error| Failure::NoProcesses(error.to_string()));
        }
        Ok(self.make::<Infer>(Death::Signal)?.recipient())
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
        self.system.shutdown().map_err(Failure::broken)
    }
}
