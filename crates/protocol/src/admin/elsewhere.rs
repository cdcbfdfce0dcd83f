//! Actors that are made in other systems of the convention.
//!
//! A system that can not run an actor asks the least loaded of those that can; a member that knows of none asks its leader. Who has
//! been asked is remembered and handed on, so no request goes round in circles. The system that makes the actor is its parent, as it
//! is of an actor that the Admin makes for one of its own; who wanted it is told of its end by way of the link. When the system of who
//! wanted it is lost, it exits, and what it says until then does not reach that system: there it has ended.
//!
//! A request may be lost with a system on its way, and go by another, or the answer may. So it has a number, the *order*, by which the system that made
//! the actor knows it again.

use std::collections::{BTreeMap, VecDeque};

use super::creation::{Making, shutting_down};
use super::messages::{Creation, Entry, FromAdmin, Refusal, RefusalKind, Requester, ToAdmin};
use super::processes::Timer;
use super::{Admin, Asked, CREATE_WITHIN, Effect};
use crate::address::{Address, NodeId};
use crate::convention::{self, SystemId};
use crate::lifecycle::{Birth, ExitReason, Signal};
use crate::supervision::{FailureKind, FailureReport};
use crate::time::Time;
use crate::timers::TimerKey;

/// How many systems a new process is asked about at once.
const SOME: usize = 64;
/// And if none of those would do, but there are more.
const ALL: usize = 16_384;
/// How many systems are asked for one actor at most.
const TRIED: usize = 64;

/// About how many systems a new process is asked: what an actor requires is found out there, and mostly few know all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The least loaded.
    Some,
    /// All.
    All,
}

/// How many requests that were given up are remembered.
const GIVEN_UP: usize = 1024;
/// Of how many orders it is remembered what came of them.
const ORDERS: usize = 1024;

/// See [`Creation::order`].
type Order = (SystemId, u64);

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// Requests that another system was asked next for, by message id, with who may answer still. What comes of them has nobody.
    given_up: BTreeMap<u64, (SystemId, Option<Order>)>,
    /// Actors that were made here for other systems, and those elsewhere that were had from there, by order, the latest last.
    orders: VecDeque<(Order, Address)>,
    /// Creations that another system was asked for, by message id.
    asked: BTreeMap<u64, Asking>,
    /// Actors in other systems whose parents are here.
    children: BTreeMap<Address, (Address, Birth)>,
    /// Processes here whose actors are about to exit, as the system of their parents is lost: by which.
    orphans: BTreeMap<NodeId, SystemId>,
}

/// A creation that another system was asked for.
#[derive(Debug)]
struct Asking {
    at: SystemId,
    request: Request,
    timer: TimerKey,
}

/// An actor that can not be made here.
#[derive(Debug)]
pub(super) struct Request {
    pub creation: Creation,
    /// Who waits for it.
    pub waiters: Vec<Asked>,
    /// The systems that have been asked.
    pub tried: Vec<SystemId>,
    /// Systems that have what it requires, as far as that was found out.
    pub fits: Vec<SystemId>,
    /// Why the last that was asked did not make it.
    pub refusal: Refusal,
}

impl Elsewhere {
    /// An actor with a name is there for others too. `order`: what is made for that after all is still of use.
    fn give_up(&mut self, id: u64, asking: &Asking, order: Option<Order>) {
        if asking.request.creation.name.is_none() {
            self.given_up.insert(id, (asking.at, order));
        }
        if self.given_up.len() > GIVEN_UP {
            self.given_up.pop_first();
        }
    }

    /// An actor was made for an order.
    pub(super) fn made_for(&mut self, order: Order, actor: Address) {
        if self.orders.len() == ORDERS {
            self.orders.pop_front();
        }
        self.orders.push_back((order, actor));
    }

    fn actor_of(&self, order: Order) -> Option<Address> {
        self.orders.iter().rev().find(|(other, _)| *other == order).map(|(_, actor)| *actor)
    }
}

impl Admin {
    /// Systems where an actor could be made that can not be made here, with their capabilities.
    pub(super) fn offered(&self, tried: &[SystemId], reach: Reach) -> Vec<(SystemId, Vec<Entry>)> {
        let most = match reach {
            Reach::Some => SOME,
            Reach::All => ALL,
        };
        let candidates = self.convention.candidates(tried).into_iter().take(most);
        candidates.map(|candidate| (candidate.system, candidate.capabilities.to_vec())).collect()
    }

    /// This system has not what an actor requires.
    pub(super) fn make_elsewhere(
        &mut self,
        now: Time,
        mut making: Making,
        fits: Vec<SystemId>,
        refusal: Refusal,
        effects: &mut Vec<Effect>,
    ) {
        if fits.is_empty() && making.reach == Reach::Some && self.convention.candidates(&making.tried).len() > SOME {
            making.reach = Reach::All;
            return self.begin_again(now, making, effects);
        }
        if let Some(name) = making.name_here() {
            self.coming.remove(name);
        }
        let (creation, waiters, tried) = making.into_creation();
        self.ask_next(now, Request { creation, waiters, tried, fits, refusal }, effects);
    }

    /// Asks the next system that may have what the actor requires, or refuses it.
    pub(super) fn ask_next(&mut self, now: Time, mut request: Request, effects: &mut Vec<Effect>) {
        if self.shutdown.is_some() {
            request.refusal = shutting_down();
            return self.refuse_all(request, effects);
        }
        let me = self.node.system();
        if !request.tried.contains(&me) {
            request.tried.push(me);
        }
        let candidates = self.convention.candidates(&request.tried);
        let fitting = candidates.iter().map(|candidate| candidate.system).find(|system| request.fits.contains(system));
        // A leader knows all members, a member only leaders: whom there are is to be asked of them.
        let leader = || self.convention.leader().filter(|leader| !request.tried.contains(leader));
        let Some(next) = fitting.or_else(leader).filter(|_| request.tried.len() < TRIED) else {
            return self.refuse_all(request, effects);
        };
        request.tried.push(next);
        if request.creation.order.is_none() && request.creation.name.is_none() {
            request.creation.order = Some((me, self.number_request()));
        }
        let id = self.number_request();
        let timer = self.timers.schedule(now.plus(CREATE_WITHIN), Timer::Elsewhere(id));
        let message = ToAdmin::CreateFor { creation: request.creation.clone(), tried: request.tried.clone() };
        effects.push(Effect::Ask { system: next, id, message });
        self.elsewhere.asked.insert(id, Asking { at: next, request, timer });
        self.convene(now, convention::Event::Placing { system: next }, effects);
    }

    /// Another system has answered.
    pub(super) fn answered(&mut self, now: Time, by: SystemId, id: u64, answer: FromAdmin, effects: &mut Vec<Effect>) {
        if self.elsewhere.asked.get(&id).is_none_or(|asking| asking.at != by) {
            let given_up = self.elsewhere.given_up.get(&id).filter(|(system, _)| *system == by).copied();
            return match (answer, given_up) {
                (FromAdmin::Created { actor }, Some((_, order))) => {
                    self.elsewhere.given_up.remove(&id);
                    self.made_after_all(now, actor, order, effects);
                }
                _ => self.count("Admin Message Received.Stray"),
            };
        }
        let Some(Asking { mut request, timer, .. }) = self.elsewhere.asked.remove(&id) else { return };
        self.timers.cancel(timer);
        match answer {
            FromAdmin::Created { actor } => self.made_elsewhere(now, actor, request, effects),
            FromAdmin::Refused(refusal) => {
                let may_differ = matches!(
                    refusal.kind,
                    RefusalKind::NoCompatibleSystem
                        | RefusalKind::NoMaker
                        | RefusalKind::NoStarter
                        | RefusalKind::NoProcess
                        | RefusalKind::ShuttingDown
                );
                if refusal.kind != RefusalKind::ShuttingDown {
                    request.refusal = refusal;
                }
                match may_differ {
                    true => self.ask_next(now, request, effects),
                    false => self.refuse_all(request, effects),
                }
            }
            _ => self.refuse_all(request, effects),
        }
    }

    fn made_elsewhere(&mut self, now: Time, actor: Address, request: Request, effects: &mut Vec<Effect>) {
        self.count("Actor.Child.Requested.Elsewhere");
        if let Some(order) = request.creation.order {
            self.elsewhere.made_for(order, actor);
        }
        for (to, id) in request.waiters {
            effects.push(Effect::Send { to, id, message: FromAdmin::Created { actor } });
        }
        let Some(Requester { actor: parent, birth }) = request.creation.requester else { return };
        if parent.node().system() != self.node.system() {
            return;
        }
        if !self.processes.contains_key(&parent.node()) {
            // It ended meanwhile.
            return self.have_exit(actor, ExitReason::ParentEnded, effects);
        }
        self.elsewhere.children.insert(actor, (parent, birth));
        self.convene(now, convention::Event::Placed { parent, child: actor }, effects);
    }

    /// An actor was made by a system that was not waited for any more. Who is asked instead may give the same one.
    fn made_after_all(&mut self, now: Time, actor: Address, order: Option<Order>, effects: &mut Vec<Effect>) {
        if order.is_some_and(|order| self.elsewhere.actor_of(order) == Some(actor)) {
            return;
        }
        let mut asked = self.elsewhere.asked.iter();
        let same = asked.find(|(_, asking)| order.is_some() && asking.request.creation.order == order);
        let Some(asking) = same.map(|(id, _)| *id).and_then(|id| Some((id, self.elsewhere.asked.remove(&id)?))) else {
            return self.have_exit(actor, ExitReason::ParentEnded, effects);
        };
        let (id, asking) = asking;
        self.timers.cancel(asking.timer);
        self.elsewhere.give_up(id, &asking, None);
        self.made_elsewhere(now, actor, asking.request, effects);
    }

    /// Answers with the actor that was made for an order before, or has the answer wait for the one that is being made. Else gives back who asked.
    pub(super) fn made_before(
        &mut self,
        asked: Asked,
        order: Option<Order>,
        effects: &mut Vec<Effect>,
    ) -> Option<Asked> {
        let Some(order) = order else { return Some(asked) };
        let made = self.elsewhere.actor_of(order);
        let is_there = |actor: &Address| {
            let node = actor.node();
            let is_here = self.children.contains_key(actor) && !self.elsewhere.orphans.contains_key(&node);
            is_here || self.convention.is_member(node.system())
        };
        if let Some(actor) = made.filter(is_there) {
            effects.push(Effect::Send { to: asked.0, id: asked.1, message: FromAdmin::Created { actor } });
            return None;
        }
        let mut makings = self.processes.values_mut().filter_map(|process| process.making.as_mut());
        if let Some(making) = makings.find(|making| making.order == Some(order)) {
            making.waiters.push(asked);
            return None;
        }
        Some(asked)
    }

    fn refuse_all(&mut self, request: Request, effects: &mut Vec<Effect>) {
        for asked in request.waiters {
            self.refuse(asked, request.refusal.clone(), effects);
        }
    }

    /// The system shuts down.
    pub(super) fn give_up_asking(&mut self, effects: &mut Vec<Effect>) {
        for (_, Asking { mut request, timer, .. }) in std::mem::take(&mut self.elsewhere.asked) {
            self.timers.cancel(timer);
            request.refusal = shutting_down();
            self.refuse_all(request, effects);
        }
    }

    /// A system has not answered for too long.
    pub(super) fn elsewhere_overdue(&mut self, now: Time, id: u64, effects: &mut Vec<Effect>) {
        if let Some(asking) = self.elsewhere.asked.remove(&id) {
            self.elsewhere.give_up(id, &asking, asking.request.creation.order);
            self.ask_next(now, asking.request, effects);
        }
    }

    /// A system has left: what was asked of it is asked of another.
    pub(super) fn elsewhere_without(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        let lost: Vec<u64> =
            self.elsewhere.asked.iter().filter(|(_, asking)| asking.at == system).map(|(id, _)| *id).collect();
        for id in lost {
            let Some(asking) = self.elsewhere.asked.remove(&id) else { continue };
            self.timers.cancel(asking.timer);
            // Its actors have lost their parents here meanwhile.
            self.elsewhere.give_up(id, &asking, None);
            self.ask_next(now, asking.request, effects);
        }
        self.makings_without(system, effects);
    }

    /// What is being made for a system that has left is made for nobody: it asks another.
    fn makings_without(&mut self, system: SystemId, effects: &mut Vec<Effect>) {
        let of_it = |making: &Making| making.waiters.iter().all(|(to, _)| to.node().system() == system);
        let left: Vec<NodeId> = self
            .processes
            .iter()
            .filter(|(_, process)| process.making.as_ref().is_some_and(|it| !it.waiters.is_empty() && of_it(it)))
            .map(|(node, _)| *node)
            .collect();
        for node in left {
            self.drop_making(node, "the system that asked for it has left", effects);
        }
    }

    /// The parent of an actor in another system has been told that it has ended.
    pub(super) fn child_elsewhere_ended(&mut self, now: Time, child: Address, effects: &mut Vec<Effect>) {
        if self.elsewhere.children.remove(&child).is_some() {
            self.convene(now, convention::Event::ChildGone { child }, effects);
        }
    }

    /// The system of a child is lost.
    pub(super) fn child_lost(&mut self, child: Address, effects: &mut Vec<Effect>) {
        if let Some((parent, birth)) = self.elsewhere.children.remove(&child) {
            let how = "its system is not there any more".to_owned();
            let reason = ExitReason::Failed(FailureReport::new(FailureKind::Ended, how));
            effects.push(Effect::Signal { to: parent, signal: Signal::ChildEnded { birth, child, reason } });
        }
    }

    /// While the system ends, and where there is neither a link with the system of a child nor a leader, nobody will tell what becomes of
    /// it. It is asked to exit by whatever way there may be.
    pub(super) fn ask_unheard_children(&mut self, effects: &mut Vec<Effect>) {
        if self.shutdown.is_none() || self.convention.leader().is_some() {
            return;
        }
        let unheard = |child: &&Address| !self.convention.is_member(child.node().system());
        let unheard: Vec<Address> = self.elsewhere.children.keys().filter(unheard).copied().collect();
        for child in unheard {
            self.have_exit(child, ExitReason::ParentEnded, effects);
        }
    }

    /// There is no way to an actor in another system. Who waits for its end while the system ends waits for nothing: that system
    /// has it exit when it finds that this one is gone. At other times it may be back in a moment.
    pub(super) fn not_asked_to_exit(&mut self, now: Time, actor: Address, effects: &mut Vec<Effect>) {
        if self.shutdown.is_some() {
            self.child_lost(actor, effects);
            self.convene(now, convention::Event::ChildGone { child: actor }, effects);
        }
    }

    /// An actor was made, for one in another system if that is so.
    pub(super) fn foster(&mut self, now: Time, requester: Requester, child: Address, effects: &mut Vec<Effect>) {
        let parent = requester.actor;
        if parent.node().system() != self.node.system() {
            self.convene(now, convention::Event::Fostered { parent, child }, effects);
        }
    }

    /// Such an actor has ended, or is not that of who wanted it any more.
    pub(super) fn foster_gone(&mut self, now: Time, requester: Requester, child: Address, effects: &mut Vec<Effect>) {
        let parent = requester.actor;
        if parent.node().system() != self.node.system() {
            self.convene(now, convention::Event::FosterGone { parent, child }, effects);
        }
    }

    /// The system of the parent of an actor here is lost.
    pub(super) fn parent_lost(&mut self, child: Address, effects: &mut Vec<Effect>) {
        if let Some(parent) = self.children.get_mut(&child).and_then(super::children::Child::let_go) {
            self.elsewhere.orphans.insert(child.node(), parent.actor.node().system());
            self.have_exit(child, ExitReason::ParentEnded, effects);
        }
    }

    pub(super) fn is_no_orphan(&mut self, child: Address) {
        self.elsewhere.orphans.remove(&child.node());
    }

    /// Whether nothing that a process here says is to reach a system any more: its actor was told as ended there.
    pub fn has_ended_for(&self, process: NodeId, system: SystemId) -> bool {
        self.elsewhere.orphans.get(&process) == Some(&system)
    }

    /// The actors of this process have gone: those that they had made in other systems exit too.
    pub(super) fn end_children_elsewhere(&mut self, now: Time, process: NodeId, effects: &mut Vec<Effect>) {
        let left: Vec<Address> = self
            .elsewhere
            .children
            .iter()
            .filter(|(_, (parent, _))| parent.node() == process)
            .map(|(child, _)| *child)
            .collect();
        for child in left {
            self.child_elsewhere_ended(now, child, effects);
            self.have_exit(child, ExitReason::ParentEnded, effects);
        }
    }
}
