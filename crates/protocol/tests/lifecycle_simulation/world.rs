//! The runtime of the simulated actors: delivers, creates, hands messages out, and does what the life cycles say.

use std::time::Duration;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::lifecycle::{Effect, Event, ExitReason, Lifecycle, Phase, Signal};
use roscius_protocol::mailbox::{Offer, Overflow};
use roscius_protocol::random::Random;
use roscius_protocol::supervision::{FailureKind, FailureReport, Restart};
use roscius_protocol::time::Time;
use roscius_protocol::timers::TimerQueue;

use super::actor::{Actor, Fate, Message, Notice, OUTSIDE, ROOT, address, number};
use super::operations::random_supervision;
use super::totals::{Count, Totals};

/// More steps than any sequence needs: it does not come to an end.
const MOST_STEPS: usize = 50_000;

pub struct World {
    pub random: Random,
    pub now: Time,
    pub actors: Vec<Actor>,
    /// What was sent and has not arrived. Between two actors the order is kept, otherwise chance decides.
    flight: Vec<Packet>,
    timers: TimerQueue<Alarm>,
    pub fates: Vec<Option<Fate>>,
    /// How many more operations and failures there are to be.
    pub budget: usize,
    pub totals: Totals,
    trace: bool,
}

struct Packet {
    from: usize,
    to: usize,
    load: Load,
}

#[derive(Debug, Clone)]
enum Load {
    Notice(Notice),
    Message(Message),
}

enum Alarm {
    RestartDue(usize),
    /// A sender has waited long enough for room.
    NoRoom(usize, usize),
}

impl World {
    pub fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let supervision = random_supervision(&mut random);
        let root = Lifecycle::root(Address::nobody(NodeId::new(7)), supervision.clone());
        let mut root = Actor::new(root, OUTSIDE, 0);
        root.to_be_created = false;
        root.model.supervision = supervision;
        Self {
            random,
            now: Time::ZERO,
            actors: vec![root],
            flight: Vec::new(),
            timers: TimerQueue::new(),
            fates: Vec::new(),
            budget: 0,
            totals: Totals::default(),
            trace,
        }
    }

    /// Lives through one sequence, from nothing to the end of the root.
    pub fn run(mut self, totals: &mut Totals) {
        std::mem::swap(&mut self.totals, totals);
        let operations = 30 + self.random.below(31);
        let during_shutdown = self.random.below(10);
        self.budget = operations - during_shutdown;
        while self.budget > 0 {
            match self.random.below(100) {
                0..46 => self.deliver_any(),
                46..90 => self.step_any(),
                90..94 => self.pass_time(),
                94 => self.feed_stale_event(),
                _ => self.operate_from_outside(),
            };
        }
        if self.random.chance(60) {
            self.run_until_quiet();
            self.check_that_all_is_well();
        }
        self.budget = during_shutdown;
        self.note(|| "shutdown".to_owned());
        let exit = Signal::Exit { by: address(ROOT), reason: ExitReason::Shutdown, recursive: true };
        self.live(ROOT, Event::Signal { signal: exit, decision: None });
        self.run_until_quiet();
        self.check_the_end();
        std::mem::swap(&mut self.totals, totals);
    }

    pub fn note(&self, what: impl FnOnce() -> String) {
        if self.trace {
            println!("{} {}", self.now, what());
        }
    }

    fn run_until_quiet(&mut self) {
        for _ in 0..MOST_STEPS {
            let delivered = self.random.chance(50) && self.deliver_any();
            if !delivered && !self.step_any() && !self.deliver_any() && !self.pass_to_next_deadline() {
                return;
            }
        }
        panic!("it goes on for ever");
    }

    // What travels.

    pub fn post(&mut self, from: usize, to: Address, signal: Signal) {
        assert!(!to.is_nobody(), "a signal to nobody: {signal:?}");
        // What comes twice, as it may in a runtime that answers for the dead, must do no harm.
        let twice = matches!(signal, Signal::Exit { .. } | Signal::ChildEnded { .. }) && self.random.chance(3);
        for signal in std::iter::repeat_n(signal, 1 + usize::from(twice)) {
            self.dispatch(from, number(to), Load::Notice(Notice::Signal(signal)));
        }
    }

    pub fn offer_to_root(&mut self, from: usize, child: Address, policy: Restart) {
        self.dispatch(from, ROOT, Load::Notice(Notice::Adopt(child, policy)));
    }

    pub fn send_message(&mut self, from: usize, to: usize) {
        let id = self.fates.len();
        self.fates.push(None);
        self.totals.add(Count::Sent);
        self.dispatch(from, to, Load::Message(Message { id, from }));
    }

    fn dispatch(&mut self, from: usize, to: usize, load: Load) {
        self.note(|| format!("    {} -> {to}: {load:?}", name(from)));
        self.flight.push(Packet { from, to, load });
    }

    /// Delivers the first packet of a random pair.
    fn deliver_any(&mut self) -> bool {
        if self.flight.is_empty() {
            return false;
        }
        let any = self.random.below(self.flight.len());
        let (from, to) = (self.flight[any].from, self.flight[any].to);
        let first = self.flight.iter().position(|packet| (packet.from, packet.to) == (from, to)).unwrap_or(any);
        let Packet { load, .. } = self.flight.remove(first);
        self.note(|| format!("{to} gets from {}: {load:?}", name(from)));
        match load {
            Load::Notice(notice) if self.actors[to].ended.is_some() => self.bounce(to, notice),
            Load::Notice(notice) => {
                let actor = &mut self.actors[to];
                actor.listed |= matches!(notice, Notice::Signal(Signal::Adopted { .. }));
                actor.mailbox.signal(notice);
            }
            Load::Message(message) => self.arrive(to, message),
        }
        true
    }

    fn bounce(&mut self, gone: usize, notice: Notice) {
        self.totals.add(Count::Bounced);
        match notice {
            Notice::Signal(signal) => {
                if let Some((to, signal)) = signal.bounce(address(gone)) {
                    self.post(gone, to, signal);
                }
            }
            Notice::Adopt(child, _) => {
                self.actors[number(child)].listed = true;
                self.post(gone, child, shutdown());
            }
            Notice::RestartDue => {}
        }
    }

    fn arrive(&mut self, to: usize, message: Message) {
        let actor = &mut self.actors[to];
        if actor.ended.is_some() {
            return self.settle_fate(message, Fate::DeadLetter);
        }
        let Some(bound) = actor.bound else { return actor.mailbox.push(message) };
        let offer = if actor.waiting.is_empty() { actor.mailbox.offer(message, bound) } else { Offer::Wait(message) };
        match offer {
            Offer::Taken => {}
            Offer::Displaced(message) | Offer::Dropped(message) => self.settle_fate(message, Fate::DeadLetter),
            Offer::Refused(message) => self.settle_fate(message, Fate::Refused),
            Offer::Wait(message) => {
                let Overflow::Wait(limit) = bound.overflow else { panic!("{bound:?} makes nobody wait") };
                let key = self.timers.schedule(self.now.plus(limit), Alarm::NoRoom(to, message.id));
                self.actors[to].waiting.push_back((message, key));
            }
        }
    }

    /// Lets in who waits for room.
    fn admit(&mut self, to: usize) {
        let actor = &mut self.actors[to];
        let Some(bound) = actor.bound else { return };
        while actor.mailbox.messages() < bound.capacity {
            let Some((message, key)) = actor.waiting.pop_front() else { return };
            assert!(self.timers.cancel(key).is_some(), "a sender waits without limit");
            assert_eq!(actor.mailbox.offer(message, bound), Offer::Taken);
        }
    }

    fn settle_fate(&mut self, message: Message, fate: Fate) {
        let known = self.fates[message.id].replace(fate);
        assert_eq!(known, None, "{message:?} is accounted for twice, now as {fate:?}");
        self.totals.add(match fate {
            Fate::Handled => Count::Handled,
            Fate::GivenBack => Count::GivenBack,
            Fate::Refused => Count::Refused,
            Fate::DeadLetter => Count::DeadLetters,
        });
    }

    // Time.

    fn pass_time(&mut self) -> bool {
        self.now = self.now.plus(Duration::from_millis(self.random.below(120) as u64));
        self.ring();
        true
    }

    fn pass_to_next_deadline(&mut self) -> bool {
        let Some(deadline) = self.timers.next_deadline() else { return false };
        self.now = self.now.max(deadline);
        self.ring();
        true
    }

    fn ring(&mut self) {
        while let Some((_, deadline, alarm)) = self.timers.pop_due(self.now) {
            assert!(deadline <= self.now, "a timer is early");
            match alarm {
                Alarm::RestartDue(actor) if self.actors[actor].ended.is_none() => {
                    self.actors[actor].mailbox.signal(Notice::RestartDue);
                }
                Alarm::RestartDue(_) => {}
                Alarm::NoRoom(to, id) => {
                    let waiting = &mut self.actors[to].waiting;
                    if let Some(position) = waiting.iter().position(|(message, _)| message.id == id)
                        && let Some((message, _)) = waiting.remove(position)
                    {
                        self.settle_fate(message, Fate::DeadLetter);
                    }
                }
            }
        }
    }

    // What an actor does.

    /// Lets a random actor that has something to do take one step.
    fn step_any(&mut self) -> bool {
        let start = self.random.below(self.actors.len());
        (0..self.actors.len()).any(|offset| self.step((start + offset) % self.actors.len()))
    }

    fn step(&mut self, me: usize) -> bool {
        let actor = &mut self.actors[me];
        if !actor.listed || actor.ended.is_some() {
            return false;
        }
        if actor.to_be_created && actor.life.phase() == Phase::Starting && self.random.chance(70) {
            self.create(me);
        } else if actor.last_words.is_some() && self.random.chance(50) {
            self.say_last_words(me);
        } else if let Some(notice) = actor.mailbox.next_signal() {
            self.take(me, notice);
        } else if actor.to_be_created && actor.life.phase() == Phase::Starting {
            self.create(me);
        } else if actor.last_words.is_some() {
            self.say_last_words(me);
        } else if actor.life.phase() == Phase::Running
            && actor.has_instance
            && let Some(message) = actor.mailbox.next_message()
        {
            self.handle(me, message);
            self.admit(me);
        } else {
            return false;
        }
        true
    }

    fn take(&mut self, me: usize, notice: Notice) {
        match notice {
            Notice::Signal(signal) => {
                let asks =
                    matches!(signal, Signal::ChildFailed { .. }) && self.actors[me].life.phase() == Phase::Running;
                let decision = if asks { self.random_decision() } else { None };
                self.live(me, Event::Signal { signal, decision });
            }
            Notice::Adopt(child, policy) => {
                let birth = self.actors[me].life.add_child(child, policy);
                let model = &mut self.actors[number(child)].model;
                (model.parent, model.known_to_parent) = (me, true);
                self.post(me, child, Signal::Adopted { parent: address(me), birth });
                if !self.actors[me].life.may_have_children() {
                    self.post(me, child, shutdown());
                }
            }
            Notice::RestartDue => self.live(me, Event::RestartDue),
        }
    }

    fn handle(&mut self, me: usize, message: Message) {
        let last = self.actors[me].model.last_handled.insert(message.from, message.id);
        assert!(last < Some(message.id), "{message:?} overtook message {last:?}");
        self.note(|| format!("{me} handles {message:?}"));
        self.act(me);
        if self.fails(25) {
            self.settle_fate(message, Fate::GivenBack);
            self.fail(me, FailureKind::Error);
        } else {
            self.settle_fate(message, Fate::Handled);
        }
        if self.stops() {
            self.live(me, Event::StopSelf);
        }
    }

    /// A hook was called, which may fail or stop the actor.
    fn call_hook(&mut self, me: usize) {
        if self.fails(5) {
            self.fail(me, FailureKind::Panic);
        } else if self.stops() {
            self.live(me, Event::StopSelf);
        }
    }

    fn fail(&mut self, me: usize, kind: FailureKind) {
        self.totals.add(Count::Failures);
        self.live(me, Event::Failed(FailureReport::new(kind, "by chance")));
    }

    fn create(&mut self, me: usize) {
        self.actors[me].to_be_created = false;
        self.note(|| format!("{me} is created"));
        if self.random.chance(60) {
            let supervision = random_supervision(&mut self.random);
            self.actors[me].life.supervise(supervision.clone());
            self.actors[me].model.supervision = supervision;
        }
        self.act(me);
        if self.fails(8) {
            self.totals.add(Count::FailedCreations);
            self.fail(me, FailureKind::Creation);
        } else {
            self.actors[me].has_instance = true;
            self.live(me, Event::Started);
        }
    }

    fn say_last_words(&mut self, me: usize) {
        let Some(asked) = self.actors[me].last_words.take() else { return };
        self.send_something(me);
        // A hook that wants more than was asked for gets less.
        let recursive = if self.random.chance(70) { asked } else { self.random.chance(50) };
        self.live(me, Event::LastWordsSaid { recursive });
    }

    // What the life cycle says.

    pub fn live(&mut self, me: usize, event: Event) {
        self.note(|| format!("  {me} in {:?}: {event:?}", self.actors[me].life.phase()));
        let before = self.actors[me].life.phase();
        let mut effects = Vec::new();
        self.actors[me].life.on(address(me), self.now, event.clone(), &mut effects);
        self.note(|| format!("  {me} in {:?}: {effects:?}", self.actors[me].life.phase()));
        self.check(me, before, &event, &effects);
        // What follows from an effect comes before the next one, as when hooks are called at once.
        for effect in effects {
            self.carry_out(me, effect);
        }
    }

    fn carry_out(&mut self, me: usize, effect: Effect) {
        match effect {
            Effect::Create => self.actors[me].to_be_created = true,
            Effect::Discard => {
                let actor = &mut self.actors[me];
                assert_eq!(actor.last_words, None, "{me} is discarded before it has said its last words");
                (actor.has_instance, actor.to_be_created) = (false, false);
            }
            Effect::SayLastWords { recursive } => {
                assert!(self.actors[me].has_instance, "there is nobody to say last words");
                self.actors[me].last_words = Some(recursive);
                if self.random.chance(70) {
                    self.say_last_words(me);
                }
            }
            Effect::Resume => {}
            Effect::Signal { to, signal } => self.post(me, to, signal),
            Effect::RestartAfter(delay) => {
                self.totals.add(Count::DelayedRestarts);
                self.timers.schedule(self.now.plus(delay), Alarm::RestartDue(me));
            }
            Effect::ChildExited { .. } | Effect::Terminated { .. } => {
                if self.actors[me].has_instance {
                    self.call_hook(me);
                }
            }
            Effect::Orphan(children) => {
                for (child, policy) in children {
                    self.totals.add(Count::Orphans);
                    self.offer_to_root(me, child, policy);
                }
            }
            Effect::End(reason) => self.end(me, reason),
        }
    }

    fn end(&mut self, me: usize, reason: ExitReason) {
        let actor = &mut self.actors[me];
        assert_eq!(actor.ended, None, "{me} ends twice");
        actor.ended = Some(reason);
        let mut undelivered: Vec<_> = actor.mailbox.drain_messages().collect();
        for (message, key) in std::mem::take(&mut actor.waiting) {
            self.timers.cancel(key);
            undelivered.push(message);
        }
        for message in undelivered {
            self.settle_fate(message, Fate::DeadLetter);
        }
        while let Some(notice) = self.actors[me].mailbox.next_signal() {
            self.bounce(me, notice);
        }
    }

    // For the checks.

    pub fn nothing_travels_or_waits(&self) -> bool {
        self.flight.is_empty() && self.timers.is_empty()
    }
}

fn name(sender: usize) -> String {
    if sender == OUTSIDE { "outside".to_owned() } else { sender.to_string() }
}

fn shutdown() -> Signal {
    Signal::Exit { by: address(ROOT), reason: ExitReason::Shutdown, recursive: true }
}
