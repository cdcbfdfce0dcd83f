//! Where the actors of the pipeline run. They and their messages are the same everywhere; what differs is who starts them.

mod cluster;
mod one_process;
mod processes;
mod python;

use std::path::PathBuf;
use std::time::Duration;

use roscius::prelude::*;
use roscius::{Received, Recipient};

pub use cluster::Cluster;
pub use one_process::OneProcess;
pub use processes::{Processes, enter};

use crate::actors::Role;
use crate::batch::Score;
use crate::failure::Failure;
use crate::news::News;

/// Where the actors of a run are.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// On a few threads of this process.
    Threads,
    /// Each in a process of its own; with an interpreter, the inference workers are Python actors.
    Processes { python: Option<PathBuf> },
    /// The same in three systems, of which two have the inference workers.
    Cluster,
}

/// A system of actors, with an address for the director.
pub trait Base {
    /// Makes an actor.
    fn make<A: Role>(&self, task: A::Task) -> Result<ActorRef<A>, Failure>;

    /// Makes an inference worker.
    fn hire(&self) -> Result<Recipient<Score>, Failure>;

    /// Where the director hears what goes on.
    fn director(&self) -> Recipient<News>;

    /// Sends a message from the director.
    fn tell<M: Message>(&self, to: Recipient<M>, message: M) -> Result<(), Failure>;

    /// Lets the director be told when an actor ends.
    fn watch(&self, actor: Address);

    /// The next thing that the director is told, if it comes in time.
    fn listen(&self, at_most: Duration) -> Option<Received>;

    /// Ends all actors.
    fn end(self) -> Result<(), Failure>;
}
