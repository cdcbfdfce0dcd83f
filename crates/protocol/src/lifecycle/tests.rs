//! What the life cycle promises, one test a promise. `tests/lifecycle_simulation` has the promises about all lives.

use std::time::Duration;

use super::*;
use crate::address::NodeId;
use crate::backoff::Backoff;
use crate::supervision::{FailureKind, Strategy, Supervision};
use crate::time::Time;

mod exits;
mod failures;
mod families;
mod notices;
mod phases;
mod restarts;

const PARENT: Address = address(0);
const ME: Address = address(1);
const STRANGER: Address = address(2);
/// Children of [`ME`], in the order of their starts.
const FIRST: Address = address(11);
const SECOND: Address = address(12);
const THIRD: Address = address(13);

const POLICIES: [Restart; 3] = [Restart::Permanent, Restart::Transient, Restart::Temporary];

const fn address(index: u32) -> Address {
    Address::new(NodeId::new(7), 0, index, 0)
}

fn at(milliseconds: u64) -> Time {
    Time::ZERO.plus(Duration::from_millis(milliseconds))
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// One event at the start of the system, and what is to be done about it.
fn feed(life: &mut Lifecycle, event: Event) -> Vec<Effect> {
    feed_at(life, Time::ZERO, event)
}

fn feed_at(life: &mut Lifecycle, now: Time, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    life.on(ME, now, event, &mut effects);
    effects
}

fn hear(life: &mut Lifecycle, signal: Signal) -> Vec<Effect> {
    feed(life, Event::Signal { signal, decision: None })
}

fn told(life: &mut Lifecycle, verdict: Verdict) -> Vec<Effect> {
    hear(life, Signal::Verdict(verdict))
}

/// Child `place` of [`ME`] fails before it has heard any verdict.
fn child_fails(life: &mut Lifecycle, birth: Birth, child: Address, decision: Option<Decision>) -> Vec<Effect> {
    child_fails_at(life, Time::ZERO, birth, child, decision)
}

fn child_fails_at(
    life: &mut Lifecycle,
    now: Time,
    birth: Birth,
    child: Address,
    decision: Option<Decision>,
) -> Vec<Effect> {
    let signal = Signal::ChildFailed { birth, child, failure: error() };
    feed_at(life, now, Event::Signal { signal, decision })
}

fn child_ends(life: &mut Lifecycle, birth: Birth, child: Address) -> Vec<Effect> {
    hear(life, Signal::ChildEnded { birth, child, reason: ExitReason::Stopped })
}

/// A failed child that has heard this many verdicts.
fn having_heard(birth: Birth, heard: u32) -> Birth {
    Birth { heard, ..birth }
}

fn error() -> FailureReport {
    FailureReport::new(FailureKind::Error, "out of ink")
}

fn starting(policy: Restart) -> Lifecycle {
    Lifecycle::new(PARENT, Birth::new(3), policy)
}

fn running(policy: Restart) -> Lifecycle {
    let mut life = starting(policy);
    feed(&mut life, Event::Started);
    life
}

fn suspended(policy: Restart) -> Lifecycle {
    let mut life = running(policy);
    feed(&mut life, Event::Failed(error()));
    life
}

fn restarting(policy: Restart) -> Lifecycle {
    let mut life = suspended(policy);
    told(&mut life, Verdict::Restart(milliseconds(10)));
    life
}

/// It has no instance any more and waits for [`FIRST`], whose number is returned.
fn stopping() -> (Lifecycle, Birth) {
    let mut life = running(Restart::Temporary);
    let birth = life.add_child(FIRST, Restart::Temporary);
    feed(&mut life, Event::Failed(error()));
    told(&mut life, Verdict::Stop);
    (life, birth)
}

fn ended() -> Lifecycle {
    let mut life = starting(Restart::Temporary);
    hear(&mut life, exit(PARENT));
    life
}

/// A life in each phase.
fn in_every_phase(policy: Restart) -> [Lifecycle; 6] {
    [starting(policy), running(policy), suspended(policy), restarting(policy), stopping().0, ended()]
}

/// A running actor with three children, supervised like this.
fn parent_of(policies: [Restart; 3], supervision: Supervision) -> (Lifecycle, [Birth; 3]) {
    let mut life = running(Restart::Permanent);
    life.supervise(supervision);
    let births =
        [life.add_child(FIRST, policies[0]), life.add_child(SECOND, policies[1]), life.add_child(THIRD, policies[2])];
    (life, births)
}

fn exit(by: Address) -> Signal {
    Signal::Exit { by, reason: ExitReason::Requested, recursive: true }
}

fn send(to: Address, signal: Signal) -> Effect {
    Effect::Signal { to, signal }
}

fn verdict(to: Address, verdict: Verdict) -> Effect {
    send(to, Signal::Verdict(verdict))
}

fn restart_at_once(to: Address) -> Effect {
    verdict(to, Verdict::Restart(Duration::ZERO))
}

fn end_of_child(child: Address) -> Effect {
    send(child, Signal::Exit { by: ME, reason: ExitReason::ParentEnded, recursive: true })
}

fn report(failure: FailureReport) -> Effect {
    report_having_heard(0, failure)
}

fn report_having_heard(heard: u32, failure: FailureReport) -> Effect {
    send(PARENT, Signal::ChildFailed { birth: having_heard(Birth::new(3), heard), child: ME, failure })
}

fn end(reason: ExitReason) -> Vec<Effect> {
    vec![
        Effect::Discard,
        send(PARENT, Signal::ChildEnded { birth: Birth::new(3), child: ME, reason: reason.clone() }),
        Effect::End(reason),
    ]
}

/// The same, after the instance that failed was dropped.
fn with_failed_instance(effects: Vec<Effect>) -> Vec<Effect> {
    [Effect::Discard].into_iter().chain(effects).collect()
}
