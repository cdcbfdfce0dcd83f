//! The pure core of Roscius.
//!
//! Everything here is a value or a state machine: no socket, no clock, no thread, no randomness. Time is an
//! argument, randomness a seed, and what is to be done comes back as data. The local bases, and later the hosts
//! and the simulation, drive the same code with real or virtual time, so the same code decides in all of them.
//!
//! | module | what it decides |
//! |---|---|
//! | [`address`] | what names an actor, and when two names mean the same incarnation |
//! | [`mailbox`] | what waits for an actor, in which order, and what happens when it is full |
//! | [`lifecycle`] | birth, failure, restart, exit and who is told |
//! | [`supervision`] | strategies, policies, decisions, intensity |
//! | [`backoff`] | how long to wait before a restart |
//! | [`timers`] | what is due when |
//! | [`names`] | which actor holds a global name |
//! | [`pool`] | which worker of a troupe gets the next piece of work |
//! | [`sources`] | which code was loaded, and who vouched for it |
//! | [`convention`] | which systems belong together, which of them leads, and which are gone |
//! | [`admin`] | which processes and actors a system of processes has, and who is told |
//! | [`frame`] | how a message is laid out between processes and hosts |
//! | [`pair`] | what passes between two systems, and what became of it |
//! | [`post`] | which durable messages are kept, for whom, and which were handled |
//! | [`pickle`] | what a pickle is of |

pub mod address;
pub mod admin;
pub mod backoff;
pub mod convention;
pub mod frame;
pub mod lifecycle;
pub mod mailbox;
pub mod message_pack;
pub mod names;
pub mod pair;
pub mod pickle;
pub mod pool;
pub mod post;
pub mod random;
pub mod sources;
pub mod supervision;
pub mod time;
pub mod timers;
