//! What a promise is played in: a system, a probe, and a clock.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use roscius::prelude::*;
use roscius::status::{ActorState, ActorStatus};
use roscius::testkit::Probe;
use roscius::{Builder, DeadLetterRecord, ManualClock, Received, Undelivered};

use crate::bases::Base;
use crate::cast::{Double, Guest, HowMany, Puppet, Role, Saw, WaitFor, What};
use crate::parts::Part;
use crate::system::{Endpoint, System};

/// How long a condition is waited for that is to come true.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How long it is watched that something does not happen.
pub const QUIET: Duration = Duration::from_millis(15);

/// See the [module](self).
pub struct Scene {
    pub probe: Probe<Endpoint>,
    pub system: System,
    clock: ManualClock,
}

impl Scene {
    pub fn new(base: Base) -> Self {
        Self::of(base.start())
    }

    /// A scene in one process, in a system that is built in some way.
    pub fn with(base: Base, build: impl FnOnce(Builder) -> Builder) -> Self {
        Self::of(System::One(build(base.builder()).start().unwrap()))
    }

    fn of(system: System) -> Self {
        let patience = if system.is_of_processes() { 4 * PATIENCE } else { PATIENCE };
        let probe = Probe::of(system.endpoint()).patience(patience);
        Self { probe, system, clock: ManualClock::new() }
    }

    /// A scene in which time passes only by [`Scene::pass`]. In processes it passes all the same, and `pass` waits.
    pub fn timeless(base: Base) -> Self {
        if let Base::Processes(_) = base {
            return Self::new(base);
        }
        let clock = ManualClock::new();
        Self { clock: clock.clone(), ..Self::with(base, |builder| builder.clock(&clock)) }
    }

    /// Lets time pass in a [`Scene::timeless`].
    pub fn pass(&self, time: Duration) {
        if self.system.is_of_processes() {
            return thread::sleep(time);
        }
        self.clock.advance(time);
        self.system.run_until_idle();
    }

    // --- puppets ---------------------------------------------------------------------------------------------------

    pub fn role(&self, label: &str) -> Role {
        Role::new(label, self.probe.address())
    }

    /// Creates a puppet and waits for its start.
    pub fn puppet(&self, label: &str) -> ActorRef<Puppet> {
        self.play(self.role(label), label)
    }

    /// Creates a puppet with this label and waits for its start.
    pub fn play(&self, role: impl Into<Part<Role>>, label: &str) -> ActorRef<Puppet> {
        let puppet = self.system.cast(role).unwrap();
        self.expect(label, What::Started(puppet.address()));
        puppet
    }

    /// Creates puppets of which all report their start, and returns those with the given labels, in that order.
    pub fn play_all<const N: usize>(&self, role: impl Into<Part<Role>>, labels: [&str; N]) -> [ActorRef<Puppet>; N] {
        self.system.cast(role).unwrap();
        self.started(labels)
    }

    /// Waits for the starts of these puppets, in any order.
    pub fn started<const N: usize>(&self, labels: [&str; N]) -> [ActorRef<Puppet>; N] {
        let seen = self.saw_all(N);
        labels.map(|label| {
            let found = seen.iter().find_map(|saw| match saw {
                Saw { who, what: What::Started(address) } if who == label => Some(ActorRef::assume(*address)),
                _ => None,
            });
            found.unwrap_or_else(|| panic!("`{label}` did not start, but there was {seen:?}"))
        })
    }

    /// The next report.
    #[track_caller]
    pub fn saw(&self) -> Saw {
        self.probe.expect()
    }

    /// The next so many reports, sorted: those of different actors have no order.
    #[track_caller]
    pub fn saw_all(&self, count: usize) -> Vec<Saw> {
        let mut seen: Vec<_> = (0..count).map(|_| self.saw()).collect();
        seen.sort();
        seen
    }

    /// The next report, which must be this one.
    #[track_caller]
    pub fn expect(&self, who: &str, what: What) {
        assert_eq!(self.saw(), Saw { who: who.into(), what });
    }

    /// The next reports, which must be these in any order.
    #[track_caller]
    pub fn expect_all<const N: usize>(&self, reports: [(&str, What); N]) {
        let mut expected = reports.map(|(who, what)| Saw { who: who.into(), what });
        expected.sort();
        assert_eq!(self.saw_all(N), expected);
    }

    /// The next report, which another thread brings about: on the base `simple` nobody can know that it will come.
    #[track_caller]
    pub fn expect_from_elsewhere(&self, who: &str, what: What) {
        let mut received = None;
        self.wait_until("there is a report", || {
            received = self.probe.endpoint().listen(Duration::from_millis(1));
            received.is_some()
        });
        assert_eq!(received.and_then(|received| received.message()), Some(Saw { who: who.into(), what }));
    }

    /// Has this guest handle a message that lasts until the promise is kept or dropped. Meanwhile it takes no other.
    pub fn hold(&self, guest: ActorRef<Guest>) -> Promise<u64> {
        let endpoint = self.system.endpoint();
        self.system.tell(guest, WaitFor(endpoint.address())).unwrap();
        let Some(Received::Message(ask)) = endpoint.listen(PATIENCE) else { panic!("the guest asks") };
        let (_, promise) = ask.into_ask::<Double>().unwrap();
        // From another process the ask comes when the handler is under way, and nothing that is sent now comes before it.
        if !self.system.is_of_processes() {
            self.wait_for_state(guest, ActorState::Waiting);
        }
        promise
    }

    /// Waits until this puppet has handled all that was sent to it before. What it sent may still be on its way.
    pub fn settle(&self, puppet: ActorRef<Puppet>) {
        self.system.ask(puppet, HowMany).wait_timeout(PATIENCE).unwrap();
    }

    /// The end of a watched address, whatever is reported before.
    #[track_caller]
    pub fn expect_end(&self) -> Terminated {
        loop {
            match self.probe.endpoint().listen(PATIENCE) {
                Some(Received::Terminated(end)) => return end,
                Some(Received::Message(_)) => {}
                other => panic!("expected the end of a watched address, got {other:?}"),
            }
        }
    }

    // --- conditions ------------------------------------------------------------------------------------------------

    #[track_caller]
    pub fn wait_until(&self, what: &str, condition: impl FnMut() -> bool) {
        let came_true = self.system.wait_until(PATIENCE, condition);
        assert!(came_true, "waited in vain until {what}\n{}", self.system.status());
    }

    pub fn status_of(&self, address: impl Into<Address>) -> Option<ActorStatus> {
        let address = address.into();
        self.system.status().actors.into_iter().find(|actor| actor.address == address)
    }

    pub fn is_alive(&self, address: impl Into<Address>) -> bool {
        self.status_of(address).is_some()
    }

    #[track_caller]
    pub fn wait_for_state(&self, address: impl Into<Address>, state: ActorState) {
        let address = address.into();
        self.wait_until(&format!("{address} is {state}"), || {
            self.status_of(address).is_some_and(|actor| actor.state == state)
        });
    }

    #[track_caller]
    pub fn wait_for_end(&self, address: impl Into<Address>) {
        let address = address.into();
        assert!(self.system.wait_for_end(4 * PATIENCE, address), "{address} has not ended\n{}", self.system.status());
    }

    /// Waits until there are so many dead letters, and returns what is remembered of them.
    #[track_caller]
    pub fn dead_letters(&self, count: u64) -> Vec<DeadLetterRecord> {
        self.wait_until(&format!("there are {count} dead letters"), || self.system.status().dead_letters >= count);
        let status = self.system.status();
        assert_eq!(status.dead_letters, count, "{status}");
        status.latest_dead_letters
    }

    /// Waits for the only dead letter so far, and returns its target and its reason.
    #[track_caller]
    pub fn only_dead_letter(&self) -> (Address, Undelivered) {
        let letters = self.dead_letters(1);
        (letters[0].target, letters[0].reason)
    }
}

/// Runs a future in this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Polls a future once.
pub fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}
