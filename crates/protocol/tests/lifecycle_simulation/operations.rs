//! What actors and code outside them do at random.

use std::time::Duration;

use roscius_protocol::address::Address;
use roscius_protocol::backoff::Backoff;
use roscius_protocol::lifecycle::{Event, ExitReason, Lifecycle, Phase, Signal};
use roscius_protocol::mailbox::{Bound, Overflow};
use roscius_protocol::random::Random;
use roscius_protocol::supervision::{Decision, Intensity, Restart, Strategy, Supervision};

use super::actor::{Actor, OUTSIDE, ROOT, address};
use super::totals::Count;
use super::world::World;

/// Larger families only make the sequences slower.
const MOST_ACTORS: usize = 20;

const POLICIES: [Restart; 3] = [Restart::Permanent, Restart::Transient, Restart::Temporary];

impl World {
    /// Code outside any actor does something.
    pub fn operate_from_outside(&mut self) -> bool {
        if !self.spend() {
            return false;
        }
        match self.random.below(10) {
            _ if self.living_actors() < 3 && self.actors.len() < MOST_ACTORS => self.spawn_from_outside(),
            0 => self.spawn_from_outside(),
            1 if self.random.chance(50) => self.ask_to_exit(OUTSIDE),
            _ => self.send_something(OUTSIDE),
        }
        true
    }

    /// A handler or the `started` hook does something.
    pub fn act(&mut self, me: usize) {
        for _ in 0..self.random.below(4) {
            if !self.spend() {
                return;
            }
            match self.random.below(20) {
                0..6 => self.spawn(me),
                6..14 => self.send_something(me),
                14..18 => self.watch(me),
                18 => self.unwatch(me),
                _ => self.ask_to_exit(me),
            }
        }
    }

    pub fn fails(&mut self, percent: usize) -> bool {
        self.random.chance(percent) && self.spend()
    }

    pub fn stops(&mut self) -> bool {
        self.random.chance(3) && self.spend()
    }

    fn spend(&mut self) -> bool {
        let spends = self.budget > 0;
        self.budget -= usize::from(spends);
        spends
    }

    pub fn random_decision(&mut self) -> Option<Decision> {
        let decisions = [Decision::Restart, Decision::Resume, Decision::Stop, Decision::Escalate];
        self.random.chance(40).then(|| self.random.pick(&decisions))
    }

    /// Any actor but the root, mostly one that lives.
    fn any_actor(&mut self) -> Option<usize> {
        if self.actors.len() <= 1 {
            return None;
        }
        let count = self.actors.len() - 1;
        let any = 1 + self.random.below(count);
        if self.random.chance(15) {
            return Some(any);
        }
        let mut from_there = (0..count).map(|offset| 1 + (any - 1 + offset) % count);
        Some(from_there.find(|&number| self.actors[number].ended.is_none()).unwrap_or(any))
    }

    fn living_actors(&self) -> usize {
        self.actors.iter().skip(1).filter(|actor| actor.ended.is_none()).count()
    }

    pub fn send_something(&mut self, me: usize) {
        if let Some(to) = self.any_actor() {
            self.send_message(me, to);
        }
    }

    fn watch(&mut self, me: usize) {
        if let Some(to) = self.any_actor() {
            self.post(me, address(to), Signal::Watch { by: address(me) });
        }
    }

    fn unwatch(&mut self, me: usize) {
        if let Some(to) = self.any_actor() {
            self.post(me, address(to), Signal::Unwatch { by: address(me) });
        }
    }

    fn ask_to_exit(&mut self, me: usize) {
        let children = self.actors.get(me).map_or_else(Vec::new, |actor| actor.life.children());
        let to = if !children.is_empty() && self.random.chance(60) {
            self.random.pick(&children)
        } else if let Some(to) = self.any_actor() {
            address(to)
        } else {
            return;
        };
        let by = if me == OUTSIDE { address(usize::from(u16::MAX)) } else { address(me) };
        let recursive = self.random.chance(60);
        self.post(me, to, Signal::Exit { by, reason: ExitReason::Requested, recursive });
    }

    fn spawn(&mut self, me: usize) {
        if self.actors.len() >= MOST_ACTORS {
            return;
        }
        assert!(self.actors[me].life.may_have_children(), "who runs may have children");
        let (number, policy) = (self.actors.len(), self.random.pick(&POLICIES));
        let birth = self.actors[me].life.reserve_child(policy);
        if self.random.chance(5) {
            self.actors[me].life.forget_child(birth);
            return;
        }
        self.actors[me].life.set_child_address(birth, address(number));
        let life = Lifecycle::new(address(me), birth, policy);
        let born_by = self.actors[me].model.incarnation;
        self.settle(Actor::new(life, me, born_by));
        if self.random.chance(50) {
            // On another core it waits until it hears from its parent.
            self.actors[number].listed = false;
            self.post(me, address(number), Signal::Adopted { parent: address(me), birth });
        }
    }

    fn spawn_from_outside(&mut self) {
        if self.actors.len() >= MOST_ACTORS {
            return;
        }
        let policy = self.random.pick(&POLICIES);
        let number = self.settle(Actor::new(Lifecycle::foundling(address(ROOT), policy), ROOT, 1));
        self.actors[number].listed = false;
        self.actors[number].model.known_to_parent = false;
        self.offer_to_root(OUTSIDE, address(number), policy);
    }

    fn settle(&mut self, mut actor: Actor) -> usize {
        let overflow = match self.random.below(8) {
            0 => Some(Overflow::Fail),
            1 => Some(Overflow::DropNewest),
            2 => Some(Overflow::DropOldest),
            3 => Some(Overflow::Wait(Duration::from_millis(self.random.below(60) as u64))),
            _ => None,
        };
        actor.bound = overflow.map(|overflow| Bound { capacity: 1 + self.random.below(3), overflow });
        self.totals.add(Count::Spawned);
        self.note(|| format!("{} is spawned: {:?}, {:?}", self.actors.len(), actor.life, actor.bound));
        self.actors.push(actor);
        self.actors.len() - 1
    }

    /// Gives an actor an event that does not fit its phase: a timer or a report that comes too late or twice.
    pub fn feed_stale_event(&mut self) -> bool {
        let Some(me) = self.any_actor() else { return false };
        let actor = &mut self.actors[me];
        let (phase, now) = (actor.life.phase(), self.now);
        let mut effects = Vec::new();
        let mut feed = |event| actor.life.on(address(me), now, event, &mut effects);
        if !matches!(phase, Phase::Starting | Phase::Suspended) {
            feed(Event::Started);
        }
        if phase != Phase::Restarting {
            feed(Event::RestartDue);
        }
        if actor.last_words.is_none() {
            feed(Event::LastWordsSaid { recursive: false });
        }
        if phase == Phase::Ended {
            feed(Event::StopSelf);
            let by = Address::nobody(address(me).node());
            feed(Event::Signal {
                signal: Signal::Exit { by, reason: ExitReason::Shutdown, recursive: true },
                decision: None,
            });
        }
        assert_eq!(effects, [], "{me} in {phase:?} minds what does not fit");
        assert_eq!(actor.life.phase(), phase);
        true
    }
}

pub fn random_supervision(random: &mut Random) -> Supervision {
    let milliseconds = |count| Duration::from_millis(count);
    Supervision {
        strategy: random.pick(&[Strategy::OneForOne, Strategy::AllForOne, Strategy::RestForOne]),
        intensity: Intensity {
            restarts: random.below(5) as u32,
            within: milliseconds(random.pick(&[0, 50, 200, 1000])),
        },
        backoff: random.pick(&[
            Backoff::none(),
            Backoff::constant(milliseconds(10)),
            Backoff::exponential(milliseconds(5), milliseconds(40)),
        ]),
    }
}
