//! Three systems of processes that know each other: one reads and stores, the other two have the inference workers.

use std::cell::Cell;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use roscius::prelude::*;
use roscius::{Received, Recipient};
use roscius_host::admin::{Claim, ConventionOptions};
use roscius_host::rust::{Endpoint, ProcessSystem};

use super::Base;
use super::processes::registry;
use crate::actors::{Infer, Role};
use crate::batch::Score;
use crate::failure::Failure;
use crate::kill::Death;
use crate::news::News;

/// How long the systems may take to find each other.
const MEET_WITHIN: Duration = Duration::from_secs(10);

/// Three systems, each on a port of its own of this host.
pub struct Cluster {
    // Dropped first.
    endpoint: Endpoint,
    home: ProcessSystem,
    /// Where the workers are.
    others: [ProcessSystem; 2],
    /// How many were made.
    hired: Cell<usize>,
}

impl Cluster {
    /// Systems that end with this program.
    pub fn start() -> Result<Self, Failure> {
        let home = start(None)?;
        let Claim::Tcp(leader) = home.claim() else {
            return Err(Failure::NoProcesses("the first system has no port".to_owned()));
        };
        let other = || start(Some(leader.to_string()));
        let others = [other()?, other()?];
        let since = Instant::now();
        while home.status().map_err(Failure::broken)?.members.len() < others.len() {
            if since.elapsed() > MEET_WITHIN {
                return Err(Failure::Broken("the systems do not find each other".to_owned()));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { endpoint: home.endpoint(), home, others, hired: Cell::new(0) })
    }
}

/// A system on a port that is free.
fn start(leader: Option<String>) -> Result<ProcessSystem, Failure> {
    let convention = ConventionOptions { leaders: leader.into_iter().collect(), ..ConventionOptions::default() };
    let claim = Claim::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
    let system = ProcessSystem::builder(claim, &registry()).convention(convention).start();
    system.map_err(|error| Failure::NoProcesses(error.to_string()))
}

impl Base for Cluster {
    fn make<A: Role>(&self, task: A::Task) -> Result<ActorRef<A>, Failure> {
        self.home.spawn::<A>(task).map_err(|error| Failure::NoProcesses(error.to_string()))
    }

    /// By turns in one of the others and in the other, as long as that is there.
    fn hire(&self) -> Result<Recipient<Score>, Failure> {
        let first = self.hired.replace(self.hired.get() + 1);
        let mut reason = "both systems for workers are gone".to_owned();
        for system in (first..first + self.others.len()).filter_map(|turn| self.others.get(turn % self.others.len())) {
            if system.is_over() {
                continue;
            }
            let death = system.admin_process().map_or(Death::Signal, Death::System);
            match system.spawn::<Infer>(death) {
                Ok(worker) => return Ok(worker.recipient()),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(Failure::NoProcesses(reason))
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
        for system in self.others.iter().filter(|system| !system.is_over()) {
            system.shutdown().map_err(Failure::broken)?;
        }
        self.home.shutdown().map_err(Failure::broken)
    }
}
