//! Actors and messages that many promises need.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use roscius::prelude::*;
use roscius::{FailureKind, SpawnError};
use roscius_host::rust::Registry;

use crate::parts::{Diary, Enlist, Part, Play};

/// The actors of this module, and the messages that no actor of this suite accepts.
pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Role>().enlist::<Guest>().message::<Saw>().message::<Unwanted>()
}

/// A number on its way.
#[derive(Debug, Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
pub struct Number(pub u64);

/// Answered with twice the number.
#[derive(Debug, Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[message(reply = u64)]
pub struct Double(pub u64);

/// How many numbers has this instance handled?
#[derive(Debug, Message, Serialize, Deserialize)]
#[message(reply = u64)]
pub struct HowMany;

/// The handler returns this as its error.
#[derive(Debug, Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[message(reply = u64)]
pub struct Fail(pub String);

/// The handler panics with this text.
#[derive(Debug, Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[message(reply = u64)]
pub struct Panic(pub String);

/// No actor of this suite accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[message(reply = u64)]
pub struct Unwanted(pub String);

pub fn fail(text: &str) -> Fail {
    Fail(text.to_owned())
}

pub fn panic(text: &str) -> Panic {
    Panic(text.to_owned())
}

/// What a puppet is told to do. Some orders are answered with an address.
#[derive(Debug, Clone, Message, Serialize, Deserialize)]
#[message(reply = Option<Address>)]
pub enum Order {
    /// Send this number.
    Tell(Address, u64),
    /// Send numbers from the first to the second.
    TellAll(Address, u64, u64),
    /// Send a message that no actor accepts.
    SendUnwanted(Address),
    /// Send a message that makes its receiver fail.
    SendFail(Address),
    /// Ask for twice this number, and report the answer.
    Ask(Address, u64, Option<Duration>),
    /// Create a child with this label. Answered with its address.
    Spawn(String, Restart),
    Stop,
    Exit(Address),
    ExitAlone(Address),
    Watch(Address),
    Unwatch(Address),
    HandleDeadLetters(bool),
    /// Answered with the parent.
    Parent,
    /// Answered with the sender of this order.
    Sender,
    /// Answered with who has this name.
    Lookup(String),
    WakeAfter(Duration, u64),
    WakeEvery(Duration, u64),
    /// Cancel the latest wakeup.
    CancelWakeup,
}

/// What a puppet reports to its observer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Message, Serialize, Deserialize)]
pub struct Saw {
    pub who: String,
    pub what: What,
}

/// See [`Saw`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum What {
    Started(Address),
    Handled(u64),
    /// A send of its own failed.
    NotSent(u64, String),
    NotSpawned(String),
    Stopping,
    ChildExited(Address, String),
    Terminated(Address, String),
    Woken(u64),
    /// Whether the wakeup that it cancelled was still to come.
    Cancelled(bool),
    Poisoned {
        message: String,
        by: Address,
        details: String,
    },
    DeadLetter {
        message: String,
        sender: Address,
        target: Address,
        reason: String,
    },
    AskedToSupervise(Address, String),
    Answered(Result<u64, String>),
}

/// How a puppet is to be.
#[derive(Clone, Serialize, Deserialize)]
pub struct Role {
    label: String,
    observer: Address,
    supervision: Option<Supervision>,
    decision: Option<Decision>,
    children: Vec<(Role, Restart)>,
    first_orders: Vec<Order>,
    last_orders: Vec<Order>,
    leaves_children: bool,
    births: Births,
    failing_births: u32,
    panics_in: Option<Hook>,
    diary: Option<PathBuf>,
}

/// How instances come to life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Births {
    ConstructorFails,
    ConstructorPanics,
    StartFails,
    StartPanics,
}

/// Where a puppet panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hook {
    Stopping,
    Drop,
    Poisoned,
    Supervise,
    Terminated,
    Woken,
    DeadLetter,
}

impl Role {
    pub fn new(label: impl Into<String>, observer: Address) -> Self {
        Self {
            label: label.into(),
            observer,
            supervision: None,
            decision: None,
            children: Vec::new(),
            first_orders: Vec::new(),
            last_orders: Vec::new(),
            leaves_children: false,
            births: Births::ConstructorFails,
            failing_births: 0,
            panics_in: None,
            diary: None,
        }
    }

    pub fn supervises(mut self, supervision: Supervision) -> Self {
        self.supervision = Some(supervision);
        self
    }

    /// Reports that it is asked about failures, and decides so.
    pub fn decides(mut self, decision: Decision) -> Self {
        self.decision = Some(decision);
        self
    }

    /// Creates a child when it starts.
    pub fn child(self, label: &str, restart: Restart) -> Self {
        let child = Self::new(label, self.observer);
        self.child_role(child, restart)
    }

    pub fn child_role(mut self, child: Role, restart: Restart) -> Self {
        self.children.push((child, restart));
        self
    }

    /// Notes the ends of this puppet and of its children.
    pub fn keeps(mut self, diary: &Diary) -> Self {
        self.diary = Some(diary.path());
        self.children = self.children.into_iter().map(|(child, restart)| (child.keeps(diary), restart)).collect();
        self
    }

    /// Carries this out when it starts.
    pub fn first(mut self, order: Order) -> Self {
        self.first_orders.push(order);
        self
    }

    /// Carries this out as its last words.
    pub fn last(mut self, order: Order) -> Self {
        self.last_orders.push(order);
        self
    }

    pub fn leaves_children(mut self) -> Self {
        self.leaves_children = true;
        self
    }

    /// Its first `times` births fail so.
    pub fn fails_to_start(mut self, births: Births, times: u32) -> Self {
        self.births = births;
        self.failing_births = times;
        self
    }

    pub fn panics_in(mut self, hook: Hook) -> Self {
        self.panics_in = Some(hook);
        self
    }

    pub fn part(self) -> Part<Self> {
        self.into()
    }
}

impl Play for Role {
    type Actor = Puppet;

    fn player(self) -> impl FnMut() -> Result<Puppet, Failure> + Send + 'static {
        let failing = Arc::new(AtomicU32::new(self.failing_births));
        move || {
            match self.births {
                Births::ConstructorFails if comes_down(&failing) => return Err(Failure::new("the constructor failed")),
                Births::ConstructorPanics if comes_down(&failing) => panic!("the constructor panicked"),
                _ => {}
            }
            Ok(Puppet { role: self.clone(), failing: Arc::clone(&failing), numbers: 0, timers: Vec::new() })
        }
    }
}

/// Counts down. False at zero.
pub fn comes_down(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
}

/// An actor that does what it is told and reports what happens to it.
pub struct Puppet {
    role: Role,
    /// How many births are still to fail.
    failing: Arc<AtomicU32>,
    numbers: u64,
    timers: Vec<TimerId>,
}

impl Puppet {
    fn birth_fails(&self) -> bool {
        comes_down(&self.failing)
    }

    fn report(&self, what: What, ctx: &mut Context<Self>) {
        let who = self.role.label.clone();
        // An observer has an unbounded mailbox.
        let _ = ctx.send(self.role.observer, Saw { who, what });
    }

    fn may_panic(&self, hook: Hook) {
        if self.role.panics_in == Some(hook) {
            panic!("panic in {hook:?}");
        }
    }

    fn tell(&self, to: Address, number: u64, ctx: &mut Context<Self>) {
        if let Err(error) = ctx.send(to, Number(number)) {
            self.report(What::NotSent(number, error.to_string()), ctx);
        }
    }

    fn spawn(&self, role: Role, restart: Restart, ctx: &mut Context<Self>) -> Option<Address> {
        let spawned: Result<ActorRef<Puppet>, SpawnError> = ctx.spawn(role.part().restart(restart));
        match spawned {
            Ok(child) => Some(child.address()),
            Err(error) => {
                self.report(What::NotSpawned(error.to_string()), ctx);
                None
            }
        }
    }

    fn carry_out(&mut self, order: &Order, ctx: &mut Context<Self>) -> Option<Address> {
        match order {
            Order::Tell(to, number) => self.tell(*to, *number, ctx),
            Order::TellAll(to, from, until) => (*from..=*until).for_each(|number| self.tell(*to, number, ctx)),
            Order::SendUnwanted(to) => drop(ctx.send(*to, Unwanted("nobody wants it".into()))),
            Order::SendFail(to) => drop(ctx.send(*to, fail("as ordered"))),
            Order::Ask(to, number, timeout) => self.ask(*to, *number, *timeout, ctx),
            Order::Spawn(label, restart) => {
                let role = Role { diary: self.role.diary.clone(), ..Role::new(label.clone(), self.role.observer) };
                return self.spawn(role, *restart, ctx);
            }
            Order::Stop => ctx.stop(),
            Order::Exit(whom) => ctx.exit(*whom),
            Order::ExitAlone(whom) => ctx.exit_alone(*whom),
            Order::Watch(whom) => ctx.watch(*whom),
            Order::Unwatch(whom) => ctx.unwatch(*whom),
            Order::HandleDeadLetters(handle) => ctx.handle_dead_letters(*handle),
            Order::Parent => return Some(ctx.parent()),
            Order::Sender => return Some(ctx.sender()),
            Order::Lookup(name) => return ctx.lookup(name),
            Order::WakeAfter(delay, number) => self.timers.push(ctx.wakeup_after(*delay, *number)),
            Order::WakeEvery(period, number) => self.timers.push(ctx.wakeup_every(*period, *number)),
            Order::CancelWakeup => {
                let was_to_come = self.timers.pop().is_some_and(|timer| ctx.cancel(timer));
                self.report(What::Cancelled(was_to_come), ctx);
            }
        }
        None
    }

    fn ask(&self, to: Address, number: u64, timeout: Option<Duration>, ctx: &mut Context<Self>) {
        let to = Recipient::<Double>::assume(to);
        ctx.ask_then(to, Double(number), timeout, |puppet, answer, ctx| {
            puppet.report(What::Answered(answer.map_err(|error| error.to_string())), ctx);
            Ok(())
        });
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        if let Some(diary) = &self.role.diary {
            let mut diary = OpenOptions::new().append(true).create(true).open(diary).unwrap();
            diary.write_all(format!("{}\n", self.role.label).as_bytes()).unwrap();
        }
        if !std::thread::panicking() {
            self.may_panic(Hook::Drop);
        }
    }
}

impl Actor for Puppet {
    type Protocol = (Number, Double, HowMany, Fail, Panic, Order);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        match self.role.births {
            Births::StartFails if self.birth_fails() => return Err(Failure::new("the start failed")),
            Births::StartPanics if self.birth_fails() => panic!("the start panicked"),
            _ => {}
        }
        self.report(What::Started(ctx.me().address()), ctx);
        if let Some(supervision) = self.role.supervision.clone() {
            ctx.supervise(supervision);
        }
        for (child, restart) in self.role.children.clone() {
            self.spawn(child, restart, ctx);
        }
        for order in self.role.first_orders.clone() {
            self.carry_out(&order, ctx);
        }
        Ok(())
    }

    fn stopping(&mut self, ctx: &mut Context<Self>) {
        self.report(What::Stopping, ctx);
        for order in self.role.last_orders.clone() {
            self.carry_out(&order, ctx);
        }
        if self.role.leaves_children {
            ctx.leave_children();
        }
        self.may_panic(Hook::Stopping);
    }

    fn child_exited(&mut self, exit: &ChildExited, ctx: &mut Context<Self>) {
        self.report(What::ChildExited(exit.child, exit.reason.to_string()), ctx);
    }

    fn terminated(&mut self, end: &Terminated, ctx: &mut Context<Self>) {
        self.may_panic(Hook::Terminated);
        self.report(What::Terminated(end.address, end.reason.to_string()), ctx);
    }

    fn wakeup(&mut self, wakeup: Wakeup, ctx: &mut Context<Self>) {
        self.may_panic(Hook::Woken);
        if let Some(number) = wakeup.get::<u64>() {
            self.report(What::Woken(*number), ctx);
        }
    }

    fn poisoned(&mut self, poison: Poison, ctx: &mut Context<Self>) {
        self.may_panic(Hook::Poisoned);
        let Poison { message, by, details } = poison;
        let message = describe(&message);
        self.report(What::Poisoned { message, by, details: details.to_string() }, ctx);
    }

    fn dead_letter(&mut self, letter: DeadLetter, ctx: &mut Context<Self>) {
        self.may_panic(Hook::DeadLetter);
        let DeadLetter { message, sender, target, reason } = letter;
        let message = describe(&message);
        self.report(What::DeadLetter { message, sender, target, reason: reason.to_string() }, ctx);
    }

    fn supervise(&mut self, failure: &ChildFailure, ctx: &mut Context<Self>) -> Option<Decision> {
        self.may_panic(Hook::Supervise);
        if self.role.decision.is_some() {
            self.report(What::AskedToSupervise(failure.child, failure.failure.to_string()), ctx);
        }
        self.role.decision
    }
}

/// Takes no message while it waits for the answer to an ask of its own, and reports the numbers that it handles.
#[derive(Clone, Serialize, Deserialize)]
pub struct Guest {
    label: String,
    observer: Address,
}

plays_itself!(Guest);

/// Ask this address, and wait for the answer.
#[derive(Debug, Message, Serialize, Deserialize)]
pub struct WaitFor(pub Address);

impl Guest {
    pub fn part(label: &str, observer: Address) -> Part<Self> {
        Self { label: label.to_owned(), observer }.into()
    }
}

impl Actor for Guest {
    type Protocol = (Number, Double, Fail, Async<WaitFor>);
}

impl Handler<Number> for Guest {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        let _ = ctx.send(self.observer, Saw { who: self.label.clone(), what: What::Handled(*number) });
        Ok(())
    }
}

impl Handler<Double> for Guest {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(*number * 2)
    }
}

impl Handler<Fail> for Guest {
    fn receive(&mut self, Fail(text): &mut Fail, _: &mut Context<Self>) -> Outcome<u64> {
        Err(Failure::new(text).into())
    }
}

impl AsyncHandler<WaitFor> for Guest {
    async fn receive(&mut self, WaitFor(whom): &mut WaitFor, ctx: &mut Context<'_, Self>) -> Outcome<()> {
        // However the wait ends, it is over.
        let _ = ctx.ask(Recipient::<Double>::assume(*whom), Double(0)).await;
        Ok(())
    }
}

/// The message in words, with all that is in it.
pub fn describe(message: &roscius::Payload) -> String {
    if let Some(number) = message.get::<Number>() {
        format!("{number:?}")
    } else if let Some(unwanted) = message.get::<Unwanted>() {
        format!("{unwanted:?}")
    } else if let Some(fail) = message.get::<Fail>() {
        format!("{fail:?}")
    } else {
        format!("{message:?}")
    }
}

impl Handler<Number> for Puppet {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        self.numbers += 1;
        self.report(What::Handled(*number), ctx);
        Ok(())
    }
}

impl Handler<Double> for Puppet {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(*number * 2)
    }
}

impl Handler<HowMany> for Puppet {
    fn receive(&mut self, _: &mut HowMany, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(self.numbers)
    }
}

impl Handler<Fail> for Puppet {
    fn receive(&mut self, Fail(text): &mut Fail, _: &mut Context<Self>) -> Outcome<u64> {
        Err(Failure::new(text).into())
    }
}

impl Handler<Panic> for Puppet {
    fn receive(&mut self, Panic(text): &mut Panic, _: &mut Context<Self>) -> Outcome<u64> {
        panic!("{text}")
    }
}

impl Handler<Order> for Puppet {
    fn receive(&mut self, order: &mut Order, ctx: &mut Context<Self>) -> Outcome<Option<Address>> {
        Ok(self.carry_out(order, ctx))
    }
}

/// How an escalated or otherwise reported failure reads in an exit.
pub fn ended_by(kind: FailureKind, details: &str) -> String {
    ExitReason::Failed(roscius::FailureReport::new(kind, details)).to_string()
}

/// Keeps handlers from returning until it is opened, or dropped by the test.
#[derive(Default)]
pub struct Gate {
    door: Door,
}

/// The side of a [`Gate`] that handlers have.
#[derive(Clone, Default)]
pub struct Door {
    inner: Arc<(Mutex<Passage>, Condvar)>,
}

#[derive(Default)]
struct Passage {
    open: bool,
    entered: usize,
}

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn door(&self) -> Door {
        self.door.clone()
    }

    pub fn open(&self) {
        let (passage, changed) = &*self.door.inner;
        passage.lock().unwrap().open = true;
        changed.notify_all();
    }

    /// Waits until so many handlers have come to the gate since it was made.
    pub fn wait_for(&self, handlers: usize) {
        let (passage, changed) = &*self.door.inner;
        let passage = passage.lock().unwrap();
        let limit = Duration::from_secs(10);
        let (passage, _) = changed.wait_timeout_while(passage, limit, |passage| passage.entered < handlers).unwrap();
        assert!(passage.entered >= handlers, "{} handlers came to the gate, not {handlers}", passage.entered);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

impl Door {
    /// Waits for the gate to be opened.
    pub fn pass(&self) {
        let (passage, changed) = &*self.inner;
        let mut passage = passage.lock().unwrap();
        passage.entered += 1;
        changed.notify_all();
        let limit = Duration::from_secs(30);
        drop(changed.wait_timeout_while(passage, limit, |passage| !passage.open).unwrap());
    }
}
