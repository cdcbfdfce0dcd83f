//! The bases that promises are kept on, and how a promise becomes tests.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use roscius::{ActorSystem, Builder};

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
}

impl Base {
    pub fn builder(self) -> Builder {
        match self {
            Self::Simple => ActorSystem::simple(),
            Self::Threads { workers } => ActorSystem::threads().workers(workers),
            Self::Serialised => ActorSystem::threads().workers(2).serialize_messages(true),
        }
    }

    pub fn is_simple(self) -> bool {
        self == Self::Simple
    }
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

/// Makes a test of each promise on each base that it is to be kept on. A promise is a function of a [`Base`].
///
/// - `every_base`: all of them.
/// - `moving`: where messages are moved, so those that cannot be serialised travel too.
/// - `threads`: where actors run in other threads than the test.
/// - `simple`: where actors run in the thread of the test.
macro_rules! promises {
    ($( on $bases:ident: $($promise:ident),+ $(,)?; )+) => {
        $($( promises!(@ $bases $promise); )+)+
    };
    (@ every_base $promise:ident) => {
        promises!(@tests $promise: simple, one_worker, three_workers, serialised);
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
