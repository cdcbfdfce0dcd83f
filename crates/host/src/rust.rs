//! Systems of processes for actors in Rust.
//!
//! A program registers what it can make, and calls [`enter`] first of all. Then it starts a system, or attaches to one.
//!
//! ```no_run
//! use roscius::prelude::*;
//! use roscius_host::admin::Claim;
//! use roscius_host::rust::{self, ProcessSystem, Registry};
//!
//! #[derive(Message, Serialize, Deserialize)]
//! #[message(reply = u64)]
//! struct Add(u64);
//!
//! struct Counter(u64);
//!
//! impl Actor for Counter {
//!     type Protocol = (Add,);
//! }
//!
//! impl Handler<Add> for Counter {
//!     fn receive(&mut self, add: &mut Add, _: &mut Context<Self>) -> Outcome<u64> {
//!         self.0 += add.0;
//!         Ok(self.0)
//!     }
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let registry = Registry::new().actor("counter", Counter);
//!     rust::enter(&registry);
//!     let system = ProcessSystem::builder(Claim::Tcp("127.0.0.1:1900".parse()?), &registry).start()?;
//!     let counter = system.spawn::<Counter>(40)?;
//!     assert_eq!(system.ask(counter, Add(2)).wait()?, 42);
//!     system.shutdown()?;
//!     Ok(())
//! }
//! ```
//!
//! # Which processes there are
//!
//! The program starts itself again: as the Admin, as the *starter*, and, by the starter, once for each top-level actor. A
//! process that was started so never comes back from [`enter`]. Nothing is forked, so a program may have threads.
//!
//! Each top-level actor has a process, and its children are in that process with it. So a top-level actor that
//! computes for long, is killed or aborts costs no other actor anything; all processors are used without any
//! thread; the Admin treats actors in Rust and in Python alike; and who wants many actors in one process spawns them from
//! one top-level actor, where they are as cheap as in a system of one process. Many top-level actors in one process would
//! have needed a second kind of address in the Admin, and would have lost all of this.
//!
//! # Who runs what
//!
//! No thread is started. Whoever waits, for an answer or at an [`Endpoint`], drives the program's links meanwhile. A message
//! is handed to the operating system before `tell` returns.

mod ask;
mod authority;
mod endpoint;
mod error;
mod language;
mod launch;
mod parts;
mod sources;
mod system;
mod within;

pub use ask::Ask;
pub use authority::{SourceNotice, SourceVerdict, ValidateSource, be_source_authority, watch_sources};
pub use endpoint::Endpoint;
pub use error::{
    AnnounceError, CreateError, LaunchError, LoadError, ShutdownError, SourceDutyError, StartError, TellError,
};
pub use language::{EXIT_REQUEST, RustLanguage};
pub use launch::ActorTask;
pub use parts::{enter, start_program};
pub use roscius::registry::Registry;
pub use roscius_protocol::admin::messages::GlobalName;
pub(crate) use system::PYTHON;
pub use system::{Builder, ProcessSystem, announce};
pub use within::{spawn_by_name, spawn_python};
