//! One process of a system: its actors, or its external code, and its links to the other processes.
//!
//! Whoever waits for something drives the process: [`Process::turn`] takes in what came, runs actors, and sends what they
//! said. One thread drives at a time; others that send meanwhile wake it.
//!
//! # Slow receivers
//!
//! What a link does not take is held here, in order. While anything is held, no actor of this process is run, so it
//! can not add to it; but what comes is still read, so two processes that flood each other both get on. What is held
//! for longer than [`Options::hold_within`] becomes a dead letter.

mod answering;
mod children;
mod descriptors;
mod ending;
mod event_loop;
mod exit;
mod inbound;
mod joining;
mod language;
mod outbound;
mod requests;
mod survey;
mod understudies;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use roscius::{ActorSystem, StartError};
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{Answer, FromAdmin, Letter, Setback, ToAdmin};
use roscius_protocol::frame::{Frame, Role};
use roscius_transport::{Event, Hub, HubOptions, Listening, SocketDir};

pub use children::{ChildProcess, Ended};
pub(crate) use joining::random_number;
pub use joining::{JoinError, Joining};
pub use language::{Language, Receipt, Unpacked, Unreadable, Write};
pub(crate) use outbound::{RECEIPT, asks, has_receipt};
pub use requests::RequestError;
pub use survey::{Looks, Survey};
pub use understudies::Remake;

use answering::Ready;
use children::Children;
use descriptors::Descriptors;
use exit::{Exit, Leaving};
use inbound::Inbound;
use outbound::Outbound;
use requests::Requests;

/// How long an actor may take to be made: a little more than the Admin allows for it.
pub(crate) const CREATE_WITHIN: Duration = Duration::from_secs(60);
/// How many slices of up to 64 messages actors play before the links are looked at.
const SLICES: usize = 8;
/// How long a thread waits at most before it looks whether another has done what it waits for.
const HAND_OVER: Duration = Duration::from_millis(10);

/// What a process is told at its start.
pub struct Options {
    /// Which process it is.
    pub node: NodeId,
    /// What kind of process.
    pub role: Role,
    /// The directory with the sockets of its system.
    pub directory: PathBuf,
    /// Where it listens.
    pub listening: Listening,
    /// How long a message is held for a receiver that takes nothing: 5 minutes.
    pub hold_within: Duration,
}

/// Why a process is not there.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The operating system refused something, descriptors perhaps.
    #[error("the links of the process could not be made: {0}")]
    Io(#[from] io::Error),
    /// Its actors could not be.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// See the [module](self).
pub struct Process {
    node: NodeId,
    admin: Address,
    system: ActorSystem,
    language: Arc<dyn Language>,
    exit: Arc<Exit>,
    /// Held by the thread that drives. None after a fork, in the child, and at the end.
    driven: Mutex<Option<Driven>>,
    /// Counts what the driver has done, for threads that wait for it.
    progress: Mutex<u64>,
    progressed: Condvar,
    /// How many threads wait for the driver.
    waiters: AtomicUsize,
    /// Who drives takes only what the Admin answers.
    is_sifting: AtomicBool,
    /// Another thread would take all that comes, and waits for that driver to make way.
    wants_turn: AtomicBool,
    requests: Requests,
    next_message: AtomicU64,
    /// A receiver takes no more, as far as the last driver knows.
    is_congested: AtomicBool,
    /// The link to the Admin has ended, or the Admin has said that the system has.
    is_over: AtomicBool,
    /// Somebody waits for the descriptor of the process, and not within it.
    is_watched: AtomicBool,
    /// Actors were left with something to do, so as to look at the links.
    has_more: AtomicBool,
    /// Which answers of actors here are to be sent.
    answers: Arc<Ready>,
}

/// What only the driver uses.
struct Driven {
    hub: Hub,
    events: Vec<Event>,
    inbound: Inbound,
    outbound: Outbound,
    children: Children,
    descriptors: Descriptors,
}

/// What a wait came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// What was waited for is there, perhaps.
    Progress,
    /// The time is over.
    Late,
}

impl Process {
    /// Joins a system. The Admin is told.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] if the operating system refuses.
    pub fn start(options: Options, language: Arc<dyn Language>) -> Result<Arc<Self>, ProcessError> {
        let Options { node, role, directory, listening, hold_within } = options;
        let admin_node = NodeId::of_process(node.system(), NodeId::ADMIN);
        // Whoever hears of the end of an actor finds that the Admin knows of it.
        let options = HubOptions { first: Some(admin_node), ..HubOptions::new(node, role) };
        let hub = Hub::new(options, Some(listening))?;
        let answers = Arc::new(Ready::new(hub.remote()));
        let exit = Arc::new(Exit::new(hub.remote()));
        let system = ActorSystem::simple().slices(true).node(node).gate(Arc::clone(&exit) as Arc<_>).start()?;
        let process = Arc::new(Self {
            node,
            admin: Address::new(admin_node, 0, 0, 0),
            system,
            language,
            exit,
            driven: Mutex::new(Some(Driven {
                hub,
                events: Vec::new(),
                inbound: Inbound::default(),
                outbound: Outbound::new(directory, hold_within),
                children: Children::default(),
                descriptors: Descriptors::default(),
            })),
            progress: Mutex::new(0),
            progressed: Condvar::new(),
            waiters: AtomicUsize::new(0),
            is_sifting: AtomicBool::new(false),
            wants_turn: AtomicBool::new(false),
            requests: Requests::default(),
            next_message: AtomicU64::new(1),
            is_congested: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            is_watched: AtomicBool::new(false),
            has_more: AtomicBool::new(false),
            answers,
        });
        process.exit.belong_to(&process);
        Ok(process)
    }

    /// Which process this is.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The Admin of the system.
    pub fn admin(&self) -> Address {
        self.admin
    }

    /// The address that the process itself speaks from.
    pub fn root(&self) -> Address {
        root_of(self.node)
    }

    /// Whether a node belongs to another system.
    fn is_abroad(&self, node: NodeId) -> bool {
        node.system() != self.node.system()
    }

    /// The node of this system that what is for `node` is handed to: the Admin, for what is for another system.
    fn way_to(&self, node: NodeId) -> NodeId {
        if self.is_abroad(node) { self.admin.node() } else { node }
    }

    /// The actors and endpoints of this process.
    pub fn system(&self) -> &ActorSystem {
        &self.system
    }

    /// The process id of another process, as it has said when a link with it was made. None: there is no link.
    pub fn pid_of(&self, node: NodeId) -> Option<u32> {
        self.drive().as_ref()?.hub.hello_of(node).map(|hello| hello.pid)
    }

    /// Whether the system has ended, as far as this process knows.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// The number for one more message.
    pub fn next_message(&self) -> u64 {
        self.next_message.fetch_add(1, Ordering::Relaxed)
    }

    /// Says something to the Admin, from an actor or endpoint of this process.
    pub fn tell_admin(&self, from: Address, message: ToAdmin) {
        self.exit.tell_admin(from, message, 0);
    }

    /// Takes in what came, runs actors, and sends. Waits until something happens, at most `timeout`.
    ///
    /// When another thread drives, waits for what it does instead.
    ///
    /// # Errors
    ///
    /// An error of the operating system that says that the process can not go on.
    pub fn turn(&self, timeout: Option<Duration>) -> io::Result<Waited> {
        let before = *lock(&self.progress);
        let Some(mut guard) = self.try_drive() else {
            if self.is_sifting.load(Ordering::Acquire) {
                self.wants_turn.store(true, Ordering::Release);
                self.exit.wake();
            }
            return Ok(self.wait_for_driver(before, timeout));
        };
        let Some(driven) = guard.as_mut() else { return Ok(Waited::Late) };
        driven.send_all(self);
        let wait = match self.is_ready(driven) {
            true => Some(Duration::ZERO),
            false => self.limit(driven, timeout),
        };
        driven.poll(wait, &*self.language)?;
        let happened = !driven.events.is_empty();
        let crossings = driven.take_in(self);
        let congested = driven.outbound.is_congested();
        self.is_congested.store(congested, Ordering::Release);
        drop(guard);
        self.system.arrive_all(crossings);
        let mut wants_out = congested;
        let looks_out = || {
            // Each answer leaves in its place among what its actor says.
            self.settle_answers();
            wants_out = self.exit.wants_out();
            wants_out
        };
        let stepped = self.play(|| if congested { 0 } else { self.system.steps(SLICES, looks_out) });
        self.has_more.store(wants_out || stepped >= SLICES, Ordering::Relaxed);
        self.flush();
        let progress = happened || stepped > 0;
        self.stop_driving();
        Ok(if progress { Waited::Progress } else { Waited::Late })
    }

    /// Whether there is something to do at once.
    fn is_ready(&self, driven: &Driven) -> bool {
        let has_more = self.has_more.load(Ordering::Relaxed) && !driven.outbound.is_congested();
        has_more || self.exit.has_waiting() || driven.inbound.has_waiting() || driven.outbound.has_bounced()
    }

    /// Sends what this process has said so far. When another thread drives, has it do so.
    pub fn flush(&self) {
        match self.try_drive() {
            Some(mut guard) => {
                if let Some(driven) = guard.as_mut() {
                    driven.send_all(self);
                    driven.hub.flush();
                }
            }
            None => self.exit.wake(),
        }
    }

    /// Has the thread that drives look at the actors again.
    pub fn wake(&self) {
        self.exit.wake();
    }

    /// Gives a message that came back to who sent it, with what was wrong with it.
    pub fn give_back(&self, frame: &Frame, reason: Setback, details: String) {
        let header = frame.header();
        if has_receipt(&header) {
            // The Admin decides what becomes of it.
            let answer = Answer::None { reason, details };
            let leaving = Leaving::Answer { to: self.admin, from: header.to, id: header.message, answer };
            return self.exit.push(leaving);
        }
        let letter = Letter { reason, details, frame: frame.as_bytes().to_vec() };
        self.exit.push(Leaving::Returned { to: header.from, from: header.to, letter });
    }

    /// As [`Process::flush`]. Whether all that was said to a process has been written, or is in the hands of the thread that
    /// drives.
    pub fn flush_to(&self, node: NodeId) -> bool {
        let Some(mut guard) = self.try_drive() else {
            // Whoever drives writes it as soon as it is woken. To wait for its place would be to wait for what it waits for.
            self.exit.wake();
            return true;
        };
        let Some(driven) = guard.as_mut() else { return true };
        driven.send_all(self);
        driven.hub.flush();
        let way = self.way_to(node);
        driven.outbound.held_for(way) == 0 && driven.hub.is_delivered(way)
    }

    /// Whether a process may have something to say to this one yet, as far as this one has read.
    pub fn hears(&self, node: NodeId) -> bool {
        self.drive().as_ref().is_some_and(|driven| driven.hub.may_speak(node))
    }

    /// Sends what this process has said, and while a receiver takes no more, waits for it. Nothing that comes
    /// meanwhile is handled. For the thread of an actor that sends a lot in one go.
    ///
    /// # Errors
    ///
    /// An error of the operating system that says that the process can not go on.
    pub fn relieve(&self, within: Duration) -> io::Result<()> {
        let until = Instant::now() + within;
        loop {
            let before = *lock(&self.progress);
            let left = until.saturating_duration_since(Instant::now());
            let Some(mut guard) = self.try_drive() else {
                self.exit.wake();
                // Another thread waits for the receiver already: what this one has said waits with the rest.
                if left.is_zero() || !self.is_congested.load(Ordering::Acquire) {
                    return Ok(());
                }
                self.wait_for_driver(before, Some(left));
                continue;
            };
            let Some(driven) = guard.as_mut() else { return Ok(()) };
            driven.send_all(self);
            driven.hub.flush();
            let congested = driven.outbound.is_congested();
            self.is_congested.store(congested, Ordering::Release);
            if !congested || left.is_zero() {
                return Ok(());
            }
            driven.poll(Some(left.min(driven.outbound.patience())), &*self.language)?;
            driven.keep_events();
        }
    }

    /// Asks the Admin and waits for the answer. Nothing else that comes meanwhile is handled. `look` is called now and
    /// then; what it returns ends the wait.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if there is no answer in time, or will be none.
    pub fn request<E: From<RequestError>>(
        &self,
        from: Address,
        message: ToAdmin,
        within: Duration,
        mut look: impl FnMut() -> Result<(), E>,
    ) -> Result<FromAdmin, E> {
        // What was answered here before is known there before.
        self.settle_answers();
        let id = self.next_message();
        let _open = self.requests.open(id);
        self.exit.tell_admin(from, message, id);
        let until = Instant::now() + within;
        loop {
            if let Some(answer) = self.requests.take(id) {
                return Ok(answer);
            }
            if self.is_over() {
                return Err(RequestError::NoAdmin.into());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(RequestError::Late { within }.into());
            }
            self.take_answers(left.min(Duration::from_millis(100))).map_err(RequestError::from)?;
            look()?;
        }
    }

    /// Reads what comes, for the answers of the Admin among it. The rest is kept for the next turn.
    fn take_answers(&self, timeout: Duration) -> io::Result<()> {
        let before = *lock(&self.progress);
        let Some(mut guard) = self.try_drive() else {
            self.exit.wake();
            self.wait_for_driver(before, Some(timeout));
            return Ok(());
        };
        let Some(driven) = guard.as_mut() else { return Ok(()) };
        driven.send_all(self);
        self.is_sifting.store(true, Ordering::Release);
        let polled = driven.poll(Some(timeout), &*self.language);
        self.is_sifting.store(false, Ordering::Release);
        polled?;
        driven.sift_answers(self);
        if driven.keep_events() && self.is_watched.load(Ordering::Acquire) {
            // Who watches the descriptor was not told of what has been read here.
            self.exit.wake();
        }
        drop(guard);
        self.stop_driving();
        if self.wants_turn.swap(false, Ordering::AcqRel) {
            // What was kept may be what it waits for.
            let before = *lock(&self.progress);
            self.wait_for_driver(before, Some(timeout));
        }
        Ok(())
    }

    /// Lets those who wait for the driver see what it has done, and take its place.
    fn stop_driving(&self) {
        *lock(&self.progress) += 1;
        if self.waiters.load(Ordering::Acquire) > 0 {
            self.progressed.notify_all();
        }
    }

    /// What the Admin wants of a starter, oldest first.
    pub fn take_order(&self) -> Option<FromAdmin> {
        self.drive().as_mut()?.inbound.take_order()
    }

    /// Ends the process in good order: its actors, then its links, at most `within`.
    pub fn close(&self, within: Duration) {
        let _ = self.system.shutdown_within(within);
        let Some(mut driven) = self.drive().take() else { return };
        driven.send_all(self);
        let directory = driven.outbound.directory().to_owned();
        driven.close(self, within);
        if self.is_over() {
            clear_away(&directory, self.node);
        }
    }

    /// In a process that was forked from this one: gives up all that belongs to the other, whose links and socket it does not
    /// touch.
    pub fn abandon(&self) {
        // The lock may be held by a thread that is not in this process.
        if let Ok(mut driven) = self.driven.try_lock() {
            drop(driven.take());
        }
    }

    fn try_drive(&self) -> Option<MutexGuard<'_, Option<Driven>>> {
        match self.driven.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn wait_for_driver(&self, before: u64, timeout: Option<Duration>) -> Waited {
        let limit = timeout.map_or(HAND_OVER, |timeout| timeout.min(HAND_OVER));
        let mut waited = Waited::Progress;
        self.waiters.fetch_add(1, Ordering::AcqRel);
        self.language.wait(&mut || {
            let progress = lock(&self.progress);
            if *progress == before {
                let (progress, _) =
                    self.progressed.wait_timeout(progress, limit).unwrap_or_else(PoisonError::into_inner);
                waited = if *progress == before { Waited::Late } else { Waited::Progress };
            }
        });
        self.waiters.fetch_sub(1, Ordering::AcqRel);
        waited
    }

    /// Takes the place of the driver, who is woken if there is another.
    fn drive(&self) -> MutexGuard<'_, Option<Driven>> {
        loop {
            let before = *lock(&self.progress);
            if let Some(guard) = self.try_drive() {
                return guard;
            }
            self.exit.wake();
            self.wait_for_driver(before, None);
        }
    }

    /// How long to wait for something to happen.
    fn limit(&self, driven: &Driven, timeout: Option<Duration>) -> Option<Duration> {
        let now = Instant::now();
        let due =
            [self.system.next_alarm(), driven.outbound.next_deadline(now), driven.children.next_deadline(now), timeout];
        due.into_iter().flatten().min()
    }
}

impl Driven {
    fn poll(&mut self, timeout: Option<Duration>, language: &dyn Language) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            return self.hub.poll(timeout, &mut self.events);
        }
        let (hub, events) = (&mut self.hub, &mut self.events);
        let mut polled = Ok(());
        language.wait(&mut || polled = hub.poll(timeout, events));
        polled
    }

    /// Keeps what happened for the next turn. Whether anything did.
    fn keep_events(&mut self) -> bool {
        let any = !self.events.is_empty();
        self.inbound.keep(&mut self.events);
        any
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Only the end of a process in good order says goodbye to the others.
        self.abandon();
    }
}

/// The address that a process itself speaks from.
fn root_of(node: NodeId) -> Address {
    Address::new(node, 0, 0, 0)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the directory of a system whose Admin was killed, if this process was the last in it. An Admin that ends in good
/// order does so itself.
fn clear_away(directory: &Path, node: NodeId) {
    let Some(base) = directory.parent().and_then(Path::parent).filter(|_| directory.exists()) else { return };
    let removed = SocketDir::of_system_in(base, node.system()).and_then(|directory| directory.remove());
    if let Err(error) = removed {
        tracing::debug!(%error, "something is left of the system");
    }
}

/// Where a node listens, given the directory of a system: all systems of a user are side by side.
pub fn socket_of(directory: &Path, node: NodeId) -> PathBuf {
    let above = directory.parent().unwrap_or(directory);
    above.join(format!("s{:08x}", node.system())).join(format!("{:016x}", node.number()))
}
