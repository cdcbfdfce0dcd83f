//! Plays an actor for a slice: creates it, tells it notices, gives it messages, and carries out what its life cycle
//! decides.

use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::{Effect, Event, Phase, Signal};
use roscius_protocol::supervision::FailureKind;
use roscius_protocol::time::Time;

use super::cell::{Cell, Hook, Pause, Presence, Returned};
use super::core::Alarm;
use super::envelope::{Delivery, Envelope, Notice, Parcel};
use super::place::{Mailbox, Seat};
use super::stage::{Desk, Extras, Stage, TimerPayload};
use super::{contain, lock};
use crate::actor::{ChildExited, ChildFailure, Poison, Terminated, Wakeup};
use crate::ask::ReplyTo;
use crate::dead_letters::Undelivered;
use crate::gate::Crossing;
use crate::outcome::Failure;
use crate::troupe::Work;

/// An actor while it is played. Its life and extras are on the stage.
pub(crate) struct Play<'p> {
    stage: &'p mut OnStage,
    seat: &'p mut Seat,
    /// When a slice that has used up its first budget has to end.
    slice_ends: Option<Instant>,
    /// For the asynchronous handlers of the slice that did not wait.
    desk: Option<Arc<Desk>>,
}

/// How long an actor with many small messages goes on, so that a mailbox that fills fast is emptied as fast: what
/// piles up does not fit into the caches. A single message may take longer; then the sentry helps.
const LONGEST_SLICE: Duration = Duration::from_millis(1);

impl<'p> Play<'p> {
    pub(crate) fn new(stage: &'p mut OnStage, seat: &'p mut Seat) -> Self {
        Self { stage, seat, slice_ends: None, desk: None }
    }

    /// Plays the actor: all notices, then at most `budget` messages. With `single`, at most one notice or message.
    /// True when only notices get the actor played again.
    #[inline(always)]
    pub(crate) fn run(mut self, budget: u32, single: bool) -> bool {
        self.go_on(budget, single);
        self.is_paused()
    }

    #[inline(always)]
    fn go_on(&mut self, budget: u32, single: bool) {
        if matches!(self.seat.presence, Presence::Unborn) && self.stage.life.phase() == Phase::Starting {
            self.create();
        }
        let tick = self.stage.shared.tick();
        let mut left = budget;
        loop {
            while let Some(notice) = self.seat.mailbox().next_signal() {
                self.notice(notice);
                if self.stage.ended || single {
                    return;
                }
            }
            if self.is_root() {
                self.turn_away_messages();
            }
            if !self.takes_messages() {
                return;
            }
            if left == 0 {
                if self.seat.mailbox().messages() == 0 || !self.has_time() {
                    return;
                }
                left = budget;
            }
            let handled_before = self.stage.handled;
            let Seat { presence: Presence::Alive(cell), mailbox, .. } = &mut *self.seat else { return };
            let pause = cell.run(self.stage, mailbox.get_or_insert_default(), left);
            if self.stage.handled != handled_before
                && let Some(extras) = &mut self.stage.extras
            {
                extras.failed_deliveries = 0;
            }
            left = left.saturating_sub((self.stage.handled - handled_before).max(1) as u32);
            match pause {
                Pause::Empty if !self.stage.attention => return,
                Pause::Budget => left = 0,
                Pause::Time => {
                    // Signals that came meanwhile are waiting in the place of the actor.
                    self.attend();
                    return;
                }
                Pause::Empty | Pause::Asked => {}
                Pause::Delivery(delivery) => self.conclude(delivery),
            }
            self.attend();
            if self.stage.ended || single || self.stage.shared.tick() != tick {
                return;
            }
        }
    }

    /// Whether a slice that has used up its budget may go on. The clock is read once a budget only.
    fn has_time(&mut self) -> bool {
        let now = Instant::now();
        match self.slice_ends {
            Some(end) => now < end,
            None => {
                self.slice_ends = Some(now + LONGEST_SLICE);
                true
            }
        }
    }

    /// The root is nobody to talk to.
    fn turn_away_messages(&mut self) {
        while let Some(envelope) = self.seat.mailbox().next_message() {
            self.stage.shared.undelivered(self.stage.me, envelope, Undelivered::NoActor);
        }
    }

    /// Whether the actor is in a state to take messages.
    fn takes_messages(&self) -> bool {
        self.stage.life.phase() == Phase::Running && matches!(self.seat.presence, Presence::Alive(_)) && !self.holds()
    }

    fn holds(&self) -> bool {
        self.stage.extras.as_ref().is_some_and(|extras| !extras.held.is_empty())
    }

    /// Whether only notices get the actor played again.
    fn is_paused(&self) -> bool {
        !self.takes_messages() && self.stage.life.phase() != Phase::Starting && !self.is_root()
    }

    fn is_root(&self) -> bool {
        self.stage.life.parent().is_nobody()
    }

    /// Does what a handler asked for through its context.
    fn attend(&mut self) {
        if !std::mem::take(&mut self.stage.attention) {
            return;
        }
        if std::mem::take(&mut self.stage.unstash) {
            self.unstash();
        }
        if std::mem::take(&mut self.stage.stop) {
            self.live(Event::StopSelf);
        }
    }

    fn unstash(&mut self) {
        if let Some(extras) = &mut self.stage.extras {
            let stash = std::mem::take(&mut extras.stash);
            self.seat.mailbox().put_back(stash.into_iter());
        }
    }

    /// Ends the delivery of the first message, which was more than its handler could do alone.
    fn conclude(&mut self, delivery: Delivery) {
        let Some(mut envelope) = self.seat.mailbox().next_message() else { return };
        envelope.reply = self.stage.reply.take();
        self.conclude_with(envelope, delivery);
    }

    fn conclude_with(&mut self, envelope: Envelope, delivery: Delivery) {
        if let Delivery::Failed(failure) = delivery {
            match self.may_try_again(&failure) {
                true => self.seat.mailbox().put_back(std::iter::once(envelope)),
                false => self.fail(Some(envelope), failure),
            }
            return;
        }
        if let Some(extras) = &mut self.stage.extras
            && !matches!(delivery, Delivery::Asynchronous)
        {
            extras.failed_deliveries = 0;
        }
        match delivery {
            Delivery::Handled => contain(|| drop(envelope)),
            Delivery::Failed(_) => {}
            Delivery::Forwarded(to) => {
                self.forward(to, envelope);
                self.stage.handled += 1;
                self.worked();
            }
            Delivery::Stashed => {
                self.stage.extras().stash.push_back(envelope);
                self.worked();
            }
            Delivery::NotAccepted => self.refuse(envelope),
            Delivery::Asynchronous => self.begin(envelope),
        }
    }

    /// Whether a message that failed is to be delivered again.
    fn may_try_again(&mut self, failure: &Failure) -> bool {
        let Some(extras) = &mut self.stage.extras else { return false };
        extras.failed_deliveries += 1;
        if extras.failed_deliveries >= extras.deliveries {
            extras.failed_deliveries = 0;
            return false;
        }
        tracing::warn!(actor = %self.stage.me, class = self.seat.origin.class().name(), %failure, "a message failed and is delivered again");
        true
    }

    fn forward(&mut self, to: Address, envelope: Envelope) {
        let (sender, asked) = (envelope.sender, envelope.reply.is_wanted());
        let Err(error) = self.stage.send(to, envelope) else { return };
        tracing::debug!(actor = %self.stage.me, %to, %error, "a forwarded message was refused");
        let (message, reply) = (error.into_message(), ReplyTo::default());
        match asked {
            true => contain(|| drop(message)), // The error was its answer.
            false => {
                let envelope = Envelope { sender, reply, message };
                self.stage.shared.undelivered(to, envelope, Undelivered::MailboxFull);
            }
        }
    }

    /// Tells the troupe, if the actor works for one, that it is ready for more.
    fn worked(&mut self) {
        if let Some(troupe) = self.stage.extras.as_ref().and_then(|extras| extras.troupe)
            && !self.stage.stop
        {
            let me = self.stage.me;
            self.stage.notify(troupe, Notice::WorkerReady(me));
        }
    }

    /// The message goes back to who sent it, and the parent decides about the actor.
    fn fail(&mut self, envelope: Option<Envelope>, failure: Failure) {
        tracing::error!(actor = %self.stage.me, class = self.seat.origin.class().name(), %failure, "a handler failed");
        self.stage.shared.counters.failure();
        let report = failure.report(failure.kind());
        match envelope {
            Some(envelope) if failure.is_told() && !envelope.reply.is_wanted() => contain(|| drop(envelope)),
            Some(envelope) => self.return_to_sender(envelope, failure),
            None => {}
        }
        self.live(Event::Failed(report));
    }

    fn return_to_sender(&mut self, envelope: Envelope, failure: Failure) {
        let me = self.stage.me;
        if let Some(extras) = &self.stage.extras
            && let Some(leader) = extras.troupe
        {
            let work = Work { leader, envelope, tried: extras.tried_before };
            self.stage.notify(leader, Notice::WorkReturned(me, Box::new((work, failure))));
            return;
        }
        self.stage.shared.poison(envelope, me, Arc::clone(failure.details()));
    }

    fn refuse(&mut self, envelope: Envelope) {
        let accepted: Vec<_> = self.seat.origin.class().accepted().iter().map(|kind| kind.name()).collect();
        let accepted = if accepted.is_empty() { "no messages".to_owned() } else { accepted.join(", ") };
        let details = format!(
            "`{}` is not accepted by {}, which accepts {accepted}",
            envelope.message.name(),
            self.seat.origin.class().name()
        );
        tracing::warn!(actor = %self.stage.me, sender = %envelope.sender, %details, "a message was refused");
        self.stage.shared.refuse(envelope, self.stage.me, details.into());
        self.worked();
    }

    /// Starts an asynchronous handler: at first as one that does not wait, since many do not.
    fn begin(&mut self, mut envelope: Envelope) {
        let Presence::Alive(cell) = &mut self.seat.presence else { return };
        let Some(stage) = self.stage.0.take() else { return };
        let desk = self.desk.take().unwrap_or_default();
        lock(&desk).lend(stage);
        let delivery = cell.at_once(&mut envelope, &desk);
        self.stage.0 = lock(&desk).reclaim();
        if let Some(delivery) = delivery {
            self.desk = Some(desk);
            if !matches!(delivery, Delivery::Handled) {
                envelope.reply = self.stage.reply.take();
            }
            return self.conclude_with(envelope, delivery);
        }
        let Presence::Alive(cell) = std::mem::replace(&mut self.seat.presence, Presence::Gone) else { return };
        let future = cell.begin(envelope, Arc::clone(&desk));
        self.seat.presence = Presence::Waiting(future, desk);
        self.poll();
    }

    /// Lets an asynchronous handler go on.
    fn poll(&mut self) {
        let Presence::Waiting(future, desk) = &mut self.seat.presence else { return };
        let Some(stage) = self.stage.0.take() else { return };
        let waker = lock(desk).put(stage);
        let polled = future.as_mut().poll(&mut std::task::Context::from_waker(&waker));
        self.stage.0 = lock(desk).take(waker, polled.is_ready());
        if let Poll::Ready(Returned { cell, mut envelope, delivery }) = polled {
            self.seat.presence = Presence::Alive(cell);
            if !matches!(delivery, Delivery::Handled) {
                envelope.reply = self.stage.reply.take();
            }
            self.conclude_with(envelope, delivery);
            self.tell_untold();
        }
        self.attend();
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Life(signal) => self.signal(signal),
            Notice::Poison(poison) => self.tell_later(*poison, Notice::poison, Hook::Poisoned),
            Notice::DeadLetter(letter) => self.tell_later(*letter, Notice::dead_letter, Hook::DeadLetter),
            Notice::Answered(key) => self.tell_later(key, Notice::Answered, Hook::Answered),
            Notice::Wakeup(id) => {
                if self.can_be_told() {
                    self.wakeup(id);
                } else if let Some(extras) = &mut self.stage.extras {
                    extras.untold.push(Notice::Wakeup(id));
                }
            }
            Notice::RestartDue => self.live(Event::RestartDue),
            Notice::Poll => self.poll(),
            Notice::Room(at) => self.stage.send_held(at),
            Notice::Overdue(at) => self.stage.give_up_held(at),
            Notice::Adopt(child, policy) => self.adopt(child, policy),
            Notice::Work(work) => {
                let Work { envelope, tried, .. } = *work;
                self.stage.extras().tried_before = tried;
                self.seat.mailbox().push(envelope);
            }
            Notice::WorkerReady(_) | Notice::WorkReturned(..) | Notice::TroupeOrder(_) => self.troupe(notice),
        }
    }

    /// Whether the instance is there to be told something.
    fn can_be_told(&self) -> bool {
        matches!(self.seat.presence, Presence::Alive(_))
            && matches!(self.stage.life.phase(), Phase::Running | Phase::Stopping)
    }

    /// Tells the instance now, or when it is there again and not within a handler.
    fn tell_later<T>(&mut self, what: T, again: impl FnOnce(T) -> Notice, hook: impl FnOnce(T) -> Hook) {
        if self.can_be_told() {
            self.hook(hook(what));
        } else {
            self.stage.extras().untold.push(again(what));
        }
    }

    /// Tells what could not be told before.
    fn tell_untold(&mut self) {
        let Some(extras) = &mut self.stage.extras else { return };
        if extras.untold.is_empty() {
            return;
        }
        for notice in std::mem::take(&mut extras.untold) {
            self.seat.mailbox().signal(notice);
        }
    }

    fn wakeup(&mut self, id: crate::actor::TimerId) {
        // A wakeup that is not known any more was cancelled.
        let Some(timer) = self.stage.extras.as_mut().and_then(|extras| extras.timers.remove(&id)) else { return };
        let payload = match timer.payload {
            TimerPayload::Once(payload) => payload,
            TimerPayload::Every(period, mut make) => {
                let payload = make();
                let due = timer.due.plus(period).max(self.stage.now());
                self.stage.wakeup(id, due, TimerPayload::Every(period, make));
                payload
            }
        };
        self.hook(Hook::Wakeup(Wakeup::new(id, payload)));
    }

    fn troupe(&mut self, notice: Notice) {
        match &mut self.seat.presence {
            Presence::Alive(cell) => cell.manage(notice, self.stage),
            // A new leader knows none of the workers of the one before it.
            _ if matches!(notice, Notice::WorkerReady(_)) => {}
            _ => self.stage.extras().untold.push(notice),
        }
        self.attend();
    }

    fn adopt(&mut self, child: Address, policy: roscius_protocol::supervision::Restart) {
        let me = self.stage.me;
        let birth = self.stage.life.add_child(child, policy);
        self.stage.notify(child, Notice::Life(Signal::Adopted { parent: me, birth }));
        if !self.stage.life.may_have_children() {
            let signal =
                Signal::Exit { by: me, reason: roscius_protocol::lifecycle::ExitReason::Shutdown, recursive: true };
            self.stage.notify(child, Notice::Life(signal));
        }
    }

    fn signal(&mut self, signal: Signal) {
        if matches!(self.seat.presence, Presence::Waiting(..)) && concerns_instance(&signal) {
            // The actor takes nothing before its asynchronous handler is done.
            self.stage.extras().untold.push(Notice::Life(signal));
            return;
        }
        let decision = match &signal {
            Signal::ChildFailed { birth, child, failure } if self.takes_messages() => {
                let policy = self.stage.life.child_policy(*birth, *child).unwrap_or_default();
                let failure = ChildFailure { child: *child, failure: failure.clone(), policy };
                self.decide(&failure)
            }
            _ => None,
        };
        self.live(Event::Signal { signal, decision });
    }

    fn decide(&mut self, failure: &ChildFailure) -> Option<roscius_protocol::supervision::Decision> {
        let Presence::Alive(cell) = &mut self.seat.presence else { return None };
        match cell.decide(failure, self.stage) {
            Ok(decision) => decision,
            Err(own) => {
                self.fail(None, own);
                None
            }
        }
    }

    /// Calls a hook; if it fails, the actor has failed.
    fn hook(&mut self, hook: Hook) {
        let Presence::Alive(cell) = &mut self.seat.presence else { return };
        if let Err(failure) = cell.hook(hook, self.stage) {
            self.fail(None, failure);
        }
        self.attend();
    }

    /// Lets something happen in the life of the actor, with all that follows from it.
    pub(crate) fn live(&mut self, event: Event) {
        // Only what fails or restarts needs the time, and reading the clock costs more than most messages.
        let needs_time = matches!(event, Event::Signal { signal: Signal::ChildFailed { .. }, .. });
        let now = if needs_time { self.stage.now() } else { Time::ZERO };
        let stage = &mut **self.stage;
        // Carrying out an effect can lead to further events: theirs come behind, and are gone when they return.
        let start = stage.effects.len();
        stage.life.on(stage.me, now, event, &mut stage.effects);
        let end = stage.effects.len();
        for index in start..end {
            let effect = std::mem::replace(&mut self.stage.effects[index], Effect::Resume);
            self.carry_out(effect);
        }
        self.stage.effects.truncate(start);
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Create => {
                self.seat.presence = Presence::Unborn;
                let now = self.stage.now();
                let extras = self.stage.extras();
                extras.restarts += 1;
                extras.restarted = now;
                self.stage.shared.counters.restart();
                self.unstash();
                self.create();
            }
            Effect::Discard => self.discard(),
            Effect::SayLastWords { recursive } => {
                self.stage.leave_children = false;
                if let Presence::Alive(cell) = &mut self.seat.presence
                    && let Err(failure) = cell.hook(Hook::LastWords, self.stage)
                {
                    tracing::error!(actor = %self.stage.me, class = self.seat.origin.class().name(), %failure, "last words failed");
                }
                let recursive = recursive && !self.stage.leave_children;
                self.live(Event::LastWordsSaid { recursive });
            }
            Effect::Resume => self.tell_untold(),
            Effect::Signal { to, signal } => self.stage.notify(to, Notice::Life(signal)),
            Effect::RestartAfter(delay) => {
                let deadline = self.stage.now().plus(delay);
                let me = self.stage.me;
                self.stage.alarm(deadline, Alarm::Notice(me, Notice::RestartDue));
            }
            Effect::ChildExited { child, reason } => self.hook(Hook::ChildExited(ChildExited { child, reason })),
            Effect::Terminated { address, reason } => self.hook(Hook::Terminated(Terminated { address, reason })),
            Effect::Orphan(children) => {
                let root = self.stage.shared.root;
                for (child, policy) in children {
                    match &self.stage.shared.gate {
                        Some(gate) => {
                            gate.carry(Crossing::Orphan { child, policy });
                        }
                        None => self.stage.notify(root, Notice::Adopt(child, policy)),
                    }
                }
            }
            Effect::End(reason) => {
                tracing::debug!(actor = %self.stage.me, class = self.seat.origin.class().name(), %reason, "exited");
                self.stage.ended = true;
            }
        }
    }

    /// Creates the instance.
    fn create(&mut self) {
        self.stage.stop = false;
        let created = catch_unwind(AssertUnwindSafe(|| self.seat.origin.create()))
            .unwrap_or_else(|panic| Err(Failure::panic(&*panic)))
            .and_then(|mut cell: Box<dyn Cell>| match cell.hook(Hook::Started, self.stage) {
                Ok(()) => Ok(cell),
                Err(failure) => {
                    self.drop_contained(Presence::Alive(cell));
                    Err(failure)
                }
            });
        match created {
            Ok(cell) => {
                tracing::debug!(actor = %self.stage.me, class = self.seat.origin.class().name(), "started");
                self.seat.presence = Presence::Alive(cell);
                self.live(Event::Started);
                self.attend();
            }
            Err(failure) => {
                tracing::error!(actor = %self.stage.me, class = self.seat.origin.class().name(), %failure, "could not be created");
                self.stage.shared.counters.failure();
                self.seat.presence = Presence::Gone;
                self.live(Event::Failed(failure.report(FailureKind::Creation)));
            }
        }
    }

    /// Drops the instance, with its wakeups. A panic in its destructor is logged and changes nothing.
    fn discard(&mut self) {
        contain(|| self.stage.cancel_wakeups());
        if self.stage.life.phase() == Phase::Ended && self.stage.extras.as_ref().is_some_and(|extras| extras.named) {
            // Before anybody hears of the end, so that the name is free for who does.
            self.stage.shared.release_names(self.stage.me);
        }
        let mut presence = std::mem::replace(&mut self.seat.presence, Presence::Gone);
        if matches!(presence, Presence::Gone | Presence::Unborn) {
            return;
        }
        if let Presence::Alive(cell) = &mut presence {
            self.seat.mailbox().put_back(cell.surrender().into_iter());
        }
        self.drop_contained(presence);
    }

    fn drop_contained(&self, presence: Presence) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(presence))) {
            let failure = Failure::panic(&*panic);
            tracing::error!(actor = %self.stage.me, class = self.seat.origin.class().name(), %failure, "the destructor panicked");
        }
    }
}

/// A stage that is lent to an asynchronous handler while it is polled, and here otherwise.
pub(crate) struct OnStage(Option<Box<Stage>>);

impl OnStage {
    pub(crate) fn new(stage: Box<Stage>) -> Self {
        Self(Some(stage))
    }

    pub(crate) fn into_inner(self) -> Box<Stage> {
        self.0.expect("the stage is lent only within `Play::poll`")
    }
}

impl Deref for OnStage {
    type Target = Stage;

    #[inline]
    fn deref(&self) -> &Stage {
        self.0.as_deref().expect("the stage is lent only within `Play::poll`")
    }
}

impl DerefMut for OnStage {
    #[inline]
    fn deref_mut(&mut self) -> &mut Stage {
        self.0.as_deref_mut().expect("the stage is lent only within `Play::poll`")
    }
}

/// Whether a signal has to wait for the end of an asynchronous handler.
fn concerns_instance(signal: &Signal) -> bool {
    !matches!(signal, Signal::Watch { .. } | Signal::Unwatch { .. } | Signal::Adopted { .. })
}

impl Notice {
    fn poison(poison: Poison) -> Self {
        Self::Poison(Box::new(poison))
    }

    fn dead_letter(letter: crate::dead_letters::DeadLetter) -> Self {
        Self::DeadLetter(Box::new(letter))
    }
}

/// What still waited for the actor on stage, which has ended, goes on as undelivered.
pub(crate) fn drain(stage: &mut Stage, mailbox: &mut Mailbox, extras: Option<&Extras>) {
    let me = stage.me;
    stage.lost.extend(std::iter::from_fn(|| mailbox.next_signal()).map(|notice| Parcel::Notice(me, notice)));
    let work = extras.and_then(|extras| Some((extras.troupe?, extras.tried_before)));
    while let Some(envelope) = mailbox.next_message() {
        match work {
            Some((leader, tried)) => stage.notify(leader, Work { leader, envelope, tried }.not_begun(me)),
            None => stage.shared.undelivered(me, envelope, Undelivered::Exited),
        }
    }
}

/// What the actor on stage, which has ended, had put aside goes on as undelivered.
pub(crate) fn disperse(stage: &mut Stage, extras: Extras) {
    let me = stage.me;
    stage.lost.extend(extras.untold.into_iter().map(|notice| Parcel::Notice(me, notice)));
    for (to, held) in extras.held {
        stage.lose_held(to, held);
    }
    for envelope in extras.stash {
        stage.shared.undelivered(me, envelope, Undelivered::Exited);
    }
}
