//! The bases that promises are kept on, and how a promise becomes tests.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use roscius::{ActorSystem, Builder};
use roscius_host::admin::Claim;
use roscius_host::rust::{self, Registry};

use crate::system::System;

/// A promise that takes longer is taken for one that hangs.
const LIMIT: Duration = Duration::from_secs(40);

/// Where a promise is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    Simple,
    Threads {
        workers: usize,
    },
    /// The base `threads`, with every message encoded and decoded on its way.
    Serialised,
    /// Each top-level actor in a process of its own; the test is one more.
    Processes(Ports),
}

/// What a system of processes is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    Tcp,
    Udp,
    Queue,
}

impl Base {
    /// A system in one process, for promises that are made of those only.
    pub fn builder(self) -> Builder {
        match self {
            Self::Simple => ActorSystem::simple(),
            Self::Threads { workers } => ActorSystem::threads().workers(workers),
            Self::Serialised => ActorSystem::threads().workers(2).serialize_messages(true),
            Self::Processes(_) => panic!("this is promised of systems in one process"),
        }
    }

    pub fn start(self) -> System {
        match self {
            Self::Processes(ports) => System::of_processes(ports.claim()),
            _ => System::One(self.builder().start().unwrap()),
        }
    }

    pub fn is_simple(self) -> bool {
        self == Self::Simple
    }
}

impl Ports {
    fn claim(self) -> Claim {
        let any = ([127, 0, 0, 1], 0).into();
        match self {
            Self::Tcp => Claim::Tcp(any),
            Self::Udp => Claim::Udp(any),
            Self::Queue => Claim::Queue(format!("conformance-{:x}", crate::system::fresh_number())),
        }
    }
}

/// Where the processes of the promises begin: this test program, started again. Without a part to play nothing happens.
#[test]
fn plays_its_part() {
    rust::enter(&registry());
}

/// The command line of those processes.
pub const ARGUMENTS: [&str; 4] = ["--exact", "bases::plays_its_part", "--nocapture", "--quiet"];

/// All that can be made in a process of its own, and what endpoints are told besides.
pub fn registry() -> Registry {
    let modules = [
        crate::cast::enlist,
        crate::asking::enlist,
        crate::asynchrony::enlist,
        crate::behaviour::enlist,
        crate::dead_letters::enlist,
        crate::failure::enlist,
        crate::flow::enlist,
        crate::life::enlist,
        crate::messages::enlist,
        crate::names::enlist,
        crate::ordering::enlist,
        crate::outside::enlist,
        crate::shutdown::enlist,
        crate::supervision::enlist,
        crate::troupe::enlist,
        crate::wakeups::enlist,
    ];
    modules.into_iter().fold(Registry::new(), |registry, enlist| enlist(registry))
}

pub fn simple() -> Base {
    Base::Simple
}

pub fn one_worker() -> Base {
    Base::Threads { workers: 1 }
}

pub fn three_workers() -> Base {
    Base::Threads { workers: 3 }
}

pub fn serialised() -> Base {
    Base::Serialised
}

pub fn tcp() -> Base {
    Base::Processes(Ports::Tcp)
}

pub fn udp() -> Base {
    Base::Processes(Ports::Udp)
}

pub fn queue() -> Base {
    Base::Processes(Ports::Queue)
}

/// Makes a test of each promise on each base that it is to be kept on. A promise is a function of a [`Base`].
///
/// - `every_base`: all of them. What a system of processes is found by makes no other difference, so `tcp` stands for all
///   three.
/// - `every_base_and_claim`: all of them, and each way to find a system of processes.
/// - `in_one_process`: all but those of processes. Each module says why.
/// - `moving`: where messages are moved, so those that cannot be serialised travel too.
/// - `threads`: where actors run in other threads than the test.
/// - `simple`: where actors run in the thread of the test.
/// - `processes`: where they run in other processes.
macro_rules! promises {
    ($( on $bases:ident: $($promise:ident),+ $(,)?; )+) => {
        $($( promises!(@ $bases $promise); )+)+
    };
    (@ every_base $promise:ident) => {
        promises!(@tests $promise: simple, one_worker, three_workers, serialised, tcp);
    };
    (@ every_base_and_claim $promise:ident) => {
        promises!(@tests $promise: simple, one_worker, three_workers, serialised, tcp, udp, queue);
    };
    (@ in_one_process $promise:ident) => {
        promises!(@tests $promise: simple, one_worker, three_workers, serialised);
    };
    (@ processes $promise:ident) => {
        promises!(@tests $promise: tcp);
    };
    (@ moving $promise:ident) => {
        promises!(@tests $promise: simple, one_worker, three_workers);
    };
    (@ threads $promise:ident) => {
        promises!(@tests $promise: one_worker, three_workers, serialised);
    };
    (@ simple $promise:ident) => {
        promises!(@tests $promise: simple);
    };
    (@tests $promise:ident: $($base:ident),+) => {
        mod $promise {
            $(
                #[test]
                fn $base() {
                    $crate::bases::keep($crate::bases::$base(), super::$promise);
                }
            )+
        }
    };
}

/// Keeps a promise, or fails when it is not kept in time.
pub fn keep(base: Base, promise: fn(Base)) {
    let (done, ended) = channel();
    let run = move || {
        promise(base);
        let _ = done.send(());
    };
    let name = thread::current().name().unwrap_or("promise").to_owned();
    let keeper = thread::Builder::new().name(name).spawn(run).expect("a thread for the promise");
    match ended.recv_timeout(LIMIT) {
        Err(RecvTimeoutError::Timeout) => panic!("the promise hangs: it was not kept within {LIMIT:?}"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
            if let Err(panic) = keeper.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}
