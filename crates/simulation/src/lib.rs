//! The base `simulated`: whole conventions of systems and actors in one process, on virtual time, the same run for the same seed.
//!
//! A [`Simulation`] has a clock, a network, and hosts, on each of which a [`SimulatedSystem`] runs: an Admin and processes, as on the bases
//! of processes, made of the same state machines. The actors are those of the program that is tested. Faults are made by hand or by
//! a plan ([`Trouble`]). What must hold whatever happens is looked at after each thing that happens; when it does not, the run panics with
//! its seed and what happened last.
//!
//! ```
//! use std::time::Duration;
//!
//! use roscius::prelude::*;
//! use roscius::registry::Registry;
//! use roscius_simulation::Simulation;
//!
//! #[derive(Message, Serialize, Deserialize)]
//! #[message(reply = String)]
//! struct Greet(String);
//!
//! struct Greeter;
//!
//! impl Actor for Greeter {
//!     type Protocol = (Greet,);
//! }
//!
//! impl Handler<Greet> for Greeter {
//!     fn receive(&mut self, greet: &mut Greet, _: &mut Context<Self>) -> Outcome<String> {
//!         Ok(format!("hello, {}", greet.0))
//!     }
//! }
//!
//! let sim = Simulation::new(1);
//! let registry = Registry::new().actor("greeter", |()| Greeter);
//! let hub = sim.system("hub", &registry).leader("hub").start()?;
//! let member = sim.system("member", &registry).leader("hub").start()?;
//! let greeter = member.spawn::<Greeter>(())?;
//! assert!(sim.run_until(Duration::from_secs(10), || hub.members() == ["member"]));
//! assert_eq!(hub.ask(greeter, Greet("you".into())).wait()?, "hello, you");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(doctest)]
mod book;
pub mod clock;
mod error;
mod invariants;
pub mod network;
mod process;
mod simulated;
mod simulation;
mod stage;
mod system;
mod trace;
mod trouble;
mod wire;
mod world;

pub use error::{CreateError, StartFailed, TellError};
pub use roscius_protocol::admin::messages::GlobalName;
pub use simulated::{Asked, Endpoint, SimulatedSystem};
pub use simulation::{Builder, Simulation};
pub use trouble::Trouble;
pub use world::Totals;
