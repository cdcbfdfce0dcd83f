//! Looks at the system, in a thread of its own.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::history::History;
use super::log_tail::LogTail;
use super::picture::{Painter, Picture};
use crate::snapshot::Snapshot;

/// How many times longer the pause is while nobody looks on. There is to be a history when somebody comes.
const UNSEEN: u32 = 5;
/// To look may take this part of a core. A system that is much work to look at is looked at less often.
const SHARE: u32 = 30;
/// How many browsers can look on at a time.
const PLACES: usize = 16;
/// How many times longer it is while there is no system.
const SEEKING: u32 = 2;

/// A system that can be looked at.
pub trait Observed: Send {
    /// How it is now.
    ///
    /// # Errors
    ///
    /// Why it can not be looked at any more, for people. It is looked for again.
    fn look(&mut self) -> Result<Arc<Snapshot>, String>;

    /// Sends a dead letter again: to an actor by its address or global name, or to whom it was for. Returned is whom to, or
    /// None if its message is not kept any more.
    ///
    /// # Errors
    ///
    /// Why it can not be sent, for people.
    fn resend(&mut self, letter: u64, to: Option<&str>) -> Result<Option<String>, String>;
}

/// Finds the system, or says why not, for people.
pub type Connect = Box<dyn FnMut() -> Result<Box<dyn Observed>, String> + Send>;

/// What became of a letter that was to be sent again.
pub(super) type Resent = Result<Option<String>, String>;

/// What the collector is to do.
enum Order {
    Resend {
        letter: u64,
        to: Option<String>,
        answer: oneshot::Sender<Resent>,
    },
    /// Somebody has come to look on.
    Hasten,
    Stop,
}

/// What the collector gives to who looks on.
#[derive(Clone)]
pub(super) struct Watcher {
    pub pictures: watch::Receiver<Arc<Picture>>,
    pub history: Arc<Mutex<History>>,
    /// One for each browser that can look on at a time.
    places: Arc<Semaphore>,
    orders: Sender<Order>,
}

impl Watcher {
    /// Has a dead letter sent again.
    pub async fn resend(&self, letter: u64, to: Option<String>) -> Resent {
        let (answer, answered) = oneshot::channel();
        let stopped = || "the dashboard is about to end".to_owned();
        self.orders.send(Order::Resend { letter, to, answer }).map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// A place to look on from, if there is one. While somebody has one, the system is looked at more often.
    pub fn take_place(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        // Who has stopped needs no haste.
        let _ = self.orders.send(Order::Hasten);
        Some(place)
    }
}

/// The collector at work.
pub(super) struct Collector {
    watcher: Watcher,
    thread: JoinHandle<()>,
}

impl Collector {
    pub fn watcher(&self) -> Watcher {
        self.watcher.clone()
    }

    /// Ends it, and waits until it has left the system.
    pub fn stop(self) {
        let _ = self.watcher.orders.send(Order::Stop);
        if self.thread.join().is_err() {
            tracing::error!("the collector of the dashboard has failed");
        }
    }
}

/// Starts to look at the system.
pub(super) fn start(connect: Connect, log: Option<PathBuf>, every: Duration) -> io::Result<Collector> {
    let (pictures_in, pictures) = watch::channel(Arc::new(Picture::none()));
    let (orders_in, orders) = channel();
    let history = Arc::new(Mutex::new(History::default()));
    let places = Arc::new(Semaphore::new(PLACES));
    let at_work = AtWork {
        connect,
        system: None,
        painter: Painter::default(),
        log: log.map(LogTail::new),
        history: Arc::clone(&history),
        places: Arc::clone(&places),
        pictures: pictures_in,
        every,
        looked: None,
        cost: Duration::ZERO,
    };
    let thread = std::thread::Builder::new().name("collector".to_owned()).spawn(move || at_work.run(&orders))?;
    Ok(Collector { watcher: Watcher { pictures, history, places, orders: orders_in }, thread })
}

struct AtWork {
    connect: Connect,
    system: Option<Box<dyn Observed>>,
    painter: Painter,
    log: Option<LogTail>,
    history: Arc<Mutex<History>>,
    places: Arc<Semaphore>,
    pictures: watch::Sender<Arc<Picture>>,
    every: Duration,
    /// When the last look began.
    looked: Option<Instant>,
    /// How much it has computed.
    cost: Duration,
}

impl AtWork {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let now = Instant::now();
            let due = self.looked.map_or(now, |looked| looked + self.pause());
            match orders.recv_timeout(due.saturating_duration_since(now)) {
                Ok(Order::Resend { letter, to, answer }) => {
                    let _ = answer.send(self.resend(letter, to.as_deref()));
                }
                // The pause is shorter from now on.
                Ok(Order::Hasten) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => self.look(),
            }
        }
    }

    /// How long to wait from one look to the next.
    fn pause(&self) -> Duration {
        let times = match (&self.system, self.places.available_permits()) {
            (None, _) => SEEKING,
            (Some(_), PLACES) => UNSEEN,
            (Some(_), _) => 1,
        };
        (self.every * times).max(self.cost * SHARE)
    }

    fn look(&mut self) {
        let before = computed();
        self.looked = Some(Instant::now());
        let seen = match &mut self.system {
            Some(system) => system.look(),
            None => (self.connect)().and_then(|system| self.system.insert(system).look()),
        };
        if seen.is_err() {
            self.system = None;
        }
        let lines = self.log.as_mut().map(|log| log.read());
        let mut picture = self.painter.paint(seen, lines);
        self.cost = computed().saturating_sub(before);
        picture.every = self.pause();
        if let Some(point) = picture.point()
            && let Ok(mut history) = self.history.lock()
        {
            history.push(point);
        }
        self.pictures.send_replace(Arc::new(picture));
    }

    fn resend(&mut self, letter: u64, to: Option<&str>) -> Resent {
        match &mut self.system {
            Some(system) => system.resend(letter, to),
            None => Err("there is no system now".to_owned()),
        }
    }
}

/// How long this thread has computed, whatever it has waited for.
fn computed() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
