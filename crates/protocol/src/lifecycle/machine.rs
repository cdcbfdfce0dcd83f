//! The state machine of one life.

use std::time::Duration;

use super::family::Family;
use super::{Birth, Effect, Event, ExitReason, Phase, Signal, Verdict};
use crate::address::Address;
use crate::supervision::{Decision, FailureKind, FailureReport, Restart, Supervision, default_decision};
use crate::time::Time;

/// The life of one actor. See the [module](super).
#[derive(Debug)]
pub struct Lifecycle {
    parent: Address,
    /// The number with the parent.
    place: u32,
    phase: Phase,
    policy: Restart,
    instance: Instance,
    ending: Ending,
    /// Most actors have none, and a short life does not make one.
    pub(super) family: Option<Box<Family>>,
}

// There may be millions of them.
const _: () = assert!(size_of::<Lifecycle>() <= 32);

/// What can be told to the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instance {
    /// Nothing: it is not there yet, or was discarded.
    Absent,
    /// Everything.
    Present,
    /// Everything, and it is saying its last words.
    Leaving {
        /// Whether the children are to end too.
        recursive: bool,
    },
}

/// An [`ExitReason`] in one byte; what failed is with the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Stopped,
    Requested,
    ParentEnded,
    Shutdown,
    Failed,
}

/// A child that failed.
struct Trouble {
    place: u32,
    child: Address,
    failure: FailureReport,
}

impl Lifecycle {
    /// An actor about to be created. `birth` is what [`Lifecycle::add_child`] of its parent gave.
    pub fn new(parent: Address, birth: Birth, policy: Restart) -> Self {
        let mut life = Self {
            parent,
            place: birth.place,
            phase: Phase::Starting,
            policy,
            instance: Instance::Absent,
            ending: Ending::Stopped,
            family: None,
        };
        if birth.heard > 0 {
            life.family().heard = birth.heard;
        }
        life
    }

    /// An actor whose parent does not know it yet: [`Signal::Adopted`] tells it its number.
    pub fn foundling(parent: Address, policy: Restart) -> Self {
        Self::new(parent, Birth::unknown(), policy)
    }

    /// The root of a system: it has no parent, is running, and never fails.
    pub fn root(nobody: Address, supervision: Supervision) -> Self {
        let mut root = Self::new(nobody, Birth::new(0), Restart::Temporary);
        root.phase = Phase::Running;
        root.family().supervision = supervision;
        root
    }

    /// Where the actor is in its life.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The parent, or nobody for the root.
    pub fn parent(&self) -> Address {
        self.parent
    }

    /// The restart policy.
    pub fn policy(&self) -> Restart {
        self.policy
    }

    /// Whether an actor may get children now.
    pub fn may_have_children(&self) -> bool {
        matches!(self.phase, Phase::Starting | Phase::Running)
    }

    /// Declares how children are supervised from now on, until a restart: the new instance declares anew.
    pub fn supervise(&mut self, supervision: Supervision) {
        self.family().supervision = supervision;
    }

    /// Notes a child whose address is known already.
    pub fn add_child(&mut self, address: Address, policy: Restart) -> Birth {
        Birth::new(self.family().add(address, policy))
    }

    /// Takes a number for a child whose address is not known yet. Before anything else happens to this actor, follow
    /// with [`Lifecycle::set_child_address`] or [`Lifecycle::forget_child`].
    pub fn reserve_child(&mut self, policy: Restart) -> Birth {
        self.add_child(Address::nobody(self.parent.node()), policy)
    }

    /// Completes [`Lifecycle::reserve_child`].
    pub fn set_child_address(&mut self, birth: Birth, address: Address) {
        self.family().set_address(birth.place, address);
    }

    /// Takes back a reserved number of a child that could not be made.
    pub fn forget_child(&mut self, birth: Birth) {
        self.family().forget(birth.place);
    }

    /// How a child is restarted, if it is one.
    pub fn child_policy(&self, birth: Birth, child: Address) -> Option<Restart> {
        let family = self.family.as_ref()?;
        family.policy(family.place_of(birth.place, child), child)
    }

    /// How many children live.
    pub fn child_count(&self) -> usize {
        self.family.as_ref().map_or(0, |family| family.count())
    }

    /// The children, in the order in which they were started.
    pub fn children(&self) -> Vec<Address> {
        self.family.as_ref().map_or_else(Vec::new, |family| family.addresses())
    }

    /// What happens, and what is to be done about it: effects are added to `out`.
    pub fn on(&mut self, me: Address, now: Time, event: Event, out: &mut Vec<Effect>) {
        match event {
            Event::Started => self.started(out),
            Event::Failed(failure) => self.failed(me, failure, out),
            Event::StopSelf => self.exit(me, me, ExitReason::Stopped, true, out),
            Event::LastWordsSaid { recursive } => {
                if let Instance::Leaving { recursive: asked } = self.instance {
                    self.instance = Instance::Present;
                    self.stop_children(me, recursive && asked, out);
                }
            }
            Event::RestartDue => {
                if self.phase == Phase::Restarting {
                    self.family().back_off_over = true;
                    self.create_when_clear(out);
                }
            }
            Event::Signal { signal, .. } if self.phase == Phase::Ended => {
                out.extend(signal.bounce(me).map(|(to, signal)| Effect::Signal { to, signal }));
            }
            Event::Signal { signal, decision } => self.signal(me, now, signal, decision, out),
        }
    }

    fn signal(&mut self, me: Address, now: Time, signal: Signal, decision: Option<Decision>, out: &mut Vec<Effect>) {
        match signal {
            Signal::Exit { by, reason, recursive } => self.exit(me, by, reason, recursive, out),
            Signal::ChildFailed { birth, child, failure } => {
                let Some(family) = &mut self.family else { return };
                let place = family.place_of(birth.place, child);
                // An earlier verdict, as one on a failed sibling, settles a failure that happened before it was heard.
                if !family.is_news(place, birth.heard) {
                    return;
                }
                self.child_failed(me, now, Trouble { place, child, failure }, decision, out);
            }
            Signal::ChildEnded { birth, child, reason } => self.child_ended(me, birth, child, reason, out),
            Signal::Verdict(verdict) => {
                let family = self.family();
                family.heard = family.heard.saturating_add(1);
                self.verdict(me, verdict, out);
            }
            Signal::Adopted { parent, birth } => self.adopted(me, parent, birth, out),
            Signal::Watch { by } => {
                self.family().watchers.insert(by);
            }
            Signal::Unwatch { by } => {
                if let Some(family) = &mut self.family {
                    family.watchers.remove(&by);
                }
            }
            Signal::Terminated { address, reason } => self.tell(Effect::Terminated { address, reason }, out),
        }
    }

    fn started(&mut self, out: &mut Vec<Effect>) {
        match self.phase {
            Phase::Starting => {
                self.phase = Phase::Running;
                self.instance = Instance::Present;
                out.push(Effect::Resume);
                if let Some(family) = &mut self.family {
                    out.append(&mut family.untold);
                }
            }
            // It failed for another reason while it was created, and may be resumed.
            Phase::Suspended => self.instance = Instance::Present,
            _ => {}
        }
    }

    fn failed(&mut self, me: Address, failure: FailureReport, out: &mut Vec<Effect>) {
        match self.phase {
            Phase::Starting | Phase::Running if !self.is_root() => {
                self.phase = Phase::Suspended;
                self.family().failure = Some(failure);
                self.report_failure(me, out);
            }
            // A hook that fails while the actor ends or is suspended changes nothing: it ends, or waits, anyway.
            _ => {}
        }
    }

    fn report_failure(&mut self, me: Address, out: &mut Vec<Effect>) {
        let (to, place) = (self.parent, self.place);
        let family = self.family();
        if let Some(failure) = family.failure.clone() {
            let birth = Birth { place, heard: family.heard };
            out.push(Effect::Signal { to, signal: Signal::ChildFailed { birth, child: me, failure } });
        }
    }

    fn exit(&mut self, me: Address, by: Address, reason: ExitReason, recursive: bool, out: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Stopping | Phase::Ended) {
            return;
        }
        let binding = by == self.parent || matches!(reason, ExitReason::Shutdown | ExitReason::ParentEnded);
        if self.policy == Restart::Permanent && !binding {
            // What has failed already, or is being restarted, stays so.
            self.failed(me, FailureReport::new(FailureKind::Ended, reason.to_string()), out);
        } else if self.phase == Phase::Running && self.instance == Instance::Present {
            self.stop(reason);
            self.instance = Instance::Leaving { recursive };
            out.push(Effect::SayLastWords { recursive });
        } else {
            self.stop_at_once(me, reason, recursive, out);
        }
    }

    fn child_failed(
        &mut self,
        me: Address,
        now: Time,
        trouble: Trouble,
        decision: Option<Decision>,
        out: &mut Vec<Effect>,
    ) {
        let ends = matches!(self.phase, Phase::Stopping | Phase::Restarting);
        let place = trouble.place;
        let family = self.family();
        let Some(policy) = family.policy(place, trouble.child) else { return };
        if ends {
            // The child was asked to exit, but perhaps by a message, which one that has failed does not take.
            return family.send(place, Verdict::Stop, out);
        }
        match decision.unwrap_or_else(|| default_decision(policy)) {
            Decision::Resume => family.send(place, Verdict::Resume, out),
            Decision::Stop => family.send(place, Verdict::Stop, out),
            Decision::Escalate => self.escalate(me, FailureKind::Escalated, &trouble, out),
            Decision::Restart => {
                if family.history.note(now, family.supervision.intensity) {
                    family.restart(now, place, out);
                } else {
                    self.escalate(me, FailureKind::Intensity, &trouble, out);
                }
            }
        }
    }

    fn escalate(&mut self, me: Address, kind: FailureKind, trouble: &Trouble, out: &mut Vec<Effect>) {
        let is_root = self.is_root();
        let family = self.family();
        if is_root {
            // Above the root there is nobody to ask.
            family.send(trouble.place, Verdict::Stop, out);
            return;
        }
        family.troubled.push(trouble.place);
        let report = FailureReport::new(kind, format!("{} {}", trouble.child, trouble.failure));
        self.failed(me, report.with_classes(trouble.failure.classes.clone()), out);
    }

    fn verdict(&mut self, me: Address, verdict: Verdict, out: &mut Vec<Effect>) {
        match (verdict, self.phase) {
            (Verdict::Resume, Phase::Suspended) if self.instance == Instance::Present => {
                self.phase = Phase::Running;
                let family = self.family();
                family.failure = None;
                for place in std::mem::take(&mut family.troubled) {
                    family.send(place, Verdict::Resume, out);
                }
                out.push(Effect::Resume);
                out.append(&mut family.untold);
            }
            // Without an instance there is nothing to resume.
            (Verdict::Resume | Verdict::Stop, Phase::Suspended) => {
                let reason = self.family().failure.take().map_or(ExitReason::Stopped, ExitReason::Failed);
                self.stop_at_once(me, reason, true, out);
            }
            (Verdict::Stop, Phase::Starting | Phase::Running | Phase::Restarting) => {
                self.exit(me, self.parent, ExitReason::Requested, true, out);
            }
            (Verdict::Restart(delay), Phase::Suspended | Phase::Running) => self.restart(me, delay, out),
            // What is being created or restarted is as good as new.
            _ => {}
        }
    }

    fn restart(&mut self, me: Address, delay: Duration, out: &mut Vec<Effect>) {
        self.phase = Phase::Restarting;
        self.discard(out);
        let family = self.family();
        family.failure = None;
        family.troubled.clear();
        // The new instance has other children and another supervision, but the watches are the actor's.
        family.untold.retain(|notice| matches!(notice, Effect::Terminated { .. }));
        family.history.clear();
        family.supervision = Supervision::default();
        family.back_off_over = delay.is_zero();
        if !delay.is_zero() {
            out.push(Effect::RestartAfter(delay));
        }
        self.end_children(me, out);
        self.create_when_clear(out);
    }

    fn create_when_clear(&mut self, out: &mut Vec<Effect>) {
        if self.child_count() == 0 && self.family().back_off_over {
            self.phase = Phase::Starting;
            out.push(Effect::Create);
        }
    }

    fn child_ended(&mut self, me: Address, birth: Birth, child: Address, reason: ExitReason, out: &mut Vec<Effect>) {
        let Some(family) = &mut self.family else { return };
        let place = family.place_of(birth.place, child);
        if !family.remove(place, child) {
            return;
        }
        match self.phase {
            Phase::Restarting => self.create_when_clear(out),
            Phase::Stopping => {
                self.tell(Effect::ChildExited { child, reason }, out);
                if self.child_count() == 0 && !matches!(self.instance, Instance::Leaving { .. }) {
                    self.finish(me, out);
                }
            }
            _ => self.tell(Effect::ChildExited { child, reason }, out),
        }
    }

    fn adopted(&mut self, me: Address, parent: Address, birth: Birth, out: &mut Vec<Effect>) {
        if (parent, birth.place) == (self.parent, self.place) {
            return;
        }
        if parent != self.parent {
            let family = self.family();
            if family.adopted {
                return; // The root has adopted it before the word of its first parent arrived.
            }
            family.adopted = true;
        }
        (self.parent, self.place) = (parent, birth.place);
        if let Some(family) = &mut self.family {
            family.heard = 0;
        }
        if self.phase == Phase::Suspended {
            // The former parent may have ended without a verdict.
            self.report_failure(me, out);
        }
    }

    /// Tells the instance something, at once or when it goes on or is there again.
    fn tell(&mut self, notice: Effect, out: &mut Vec<Effect>) {
        match self.phase {
            Phase::Starting | Phase::Suspended | Phase::Restarting => self.family().untold.push(notice),
            _ if self.instance != Instance::Absent => out.push(notice),
            _ => {}
        }
    }

    fn stop(&mut self, reason: ExitReason) {
        self.phase = Phase::Stopping;
        self.ending = match reason {
            ExitReason::Stopped | ExitReason::Unknown => Ending::Stopped,
            ExitReason::Requested => Ending::Requested,
            ExitReason::ParentEnded => Ending::ParentEnded,
            ExitReason::Shutdown => Ending::Shutdown,
            ExitReason::Failed(failure) => {
                self.family().failure = Some(failure);
                Ending::Failed
            }
        };
    }

    /// Stops without last words: there is no instance, or one that failed.
    fn stop_at_once(&mut self, me: Address, reason: ExitReason, recursive: bool, out: &mut Vec<Effect>) {
        self.stop(reason);
        if self.instance != Instance::Absent {
            self.discard(out);
        }
        self.stop_children(me, recursive, out);
    }

    fn discard(&mut self, out: &mut Vec<Effect>) {
        self.instance = Instance::Absent;
        out.push(Effect::Discard);
    }

    fn exit_reason(&mut self) -> ExitReason {
        match self.ending {
            Ending::Stopped => ExitReason::Stopped,
            Ending::Requested => ExitReason::Requested,
            Ending::ParentEnded => ExitReason::ParentEnded,
            Ending::Shutdown => ExitReason::Shutdown,
            Ending::Failed => self.family().failure.take().map_or(ExitReason::Stopped, ExitReason::Failed),
        }
    }

    fn stop_children(&mut self, me: Address, recursive: bool, out: &mut Vec<Effect>) {
        if !recursive && self.child_count() > 0 {
            out.push(Effect::Orphan(self.family().take_children()));
        }
        if self.child_count() == 0 {
            self.finish(me, out);
        } else {
            self.end_children(me, out);
        }
    }

    /// Asks all children to exit, the youngest first.
    fn end_children(&mut self, me: Address, out: &mut Vec<Effect>) {
        let reason = match self.ending {
            Ending::Shutdown => ExitReason::Shutdown,
            _ => ExitReason::ParentEnded,
        };
        for child in self.children().into_iter().rev() {
            let signal = Signal::Exit { by: me, reason: reason.clone(), recursive: true };
            out.push(Effect::Signal { to: child, signal });
        }
    }

    fn finish(&mut self, me: Address, out: &mut Vec<Effect>) {
        self.phase = Phase::Ended;
        self.discard(out);
        let reason = self.exit_reason();
        for watcher in self.family.as_mut().map(|family| std::mem::take(&mut family.watchers)).unwrap_or_default() {
            let signal = Signal::Terminated { address: me, reason: reason.clone() };
            out.push(Effect::Signal { to: watcher, signal });
        }
        if !self.is_root() {
            let signal = Signal::ChildEnded { birth: Birth::new(self.place), child: me, reason: reason.clone() };
            out.push(Effect::Signal { to: self.parent, signal });
        }
        out.push(Effect::End(reason));
    }

    fn is_root(&self) -> bool {
        self.parent.is_nobody()
    }

    fn family(&mut self) -> &mut Family {
        self.family.get_or_insert_default()
    }
}
