//! Children of actors here that are on other systems, actors here whose parents are, and who is told when such a system is gone.
//!
//! Of a member this system hears itself when it is gone. Of others, the *outlying* ones, its leader knows; that is asked to tell
//! ([`Message::Watch`]), and asks its own leader in turn if it has to. Who leads takes a system for gone that is no member after a while, and has
//! no link with it either. Without a leader nothing is known, and nothing told.

use std::collections::{BTreeMap, BTreeSet};

use super::messages::MOST_SYSTEMS;
use super::{Alarm, Convention, Effect, Message, SystemId, Timer};
use crate::address::Address;
use crate::time::Time;

/// One member can watch so many systems. It learns nothing of more.
const MOST_WATCHED: usize = 16_384;

/// Whom the end of a system concerns.
#[derive(Debug, Default)]
pub(super) struct Children {
    /// By system and child: the parent.
    parents: BTreeMap<SystemId, BTreeMap<Address, Address>>,
    /// By system: actors there with children here.
    fosters: BTreeMap<SystemId, BTreeSet<(Address, Address)>>,
    /// Members that watch a system.
    watchers: BTreeMap<SystemId, BTreeSet<SystemId>>,
    /// What each member watches.
    watched: BTreeMap<SystemId, BTreeSet<SystemId>>,
    /// Systems that concern somebody here, and are no members.
    outlying: BTreeMap<SystemId, Outlying>,
}

#[derive(Debug)]
struct Outlying {
    /// Who was asked to tell.
    asked: Option<SystemId>,
    /// Who was asked last of those that are lost.
    asked_before: Option<SystemId>,
    /// When it is given up if this system leads.
    overdue: Time,
    alarm: Alarm,
}

impl Convention {
    /// An actor here has a child on another system.
    pub(super) fn placed(&mut self, now: Time, parent: Address, child: Address, effects: &mut Vec<Effect>) {
        let system = child.node().system();
        if system == self.me {
            return;
        }
        self.children.parents.entry(system).or_default().insert(child, parent);
        if let Some(tie) = self.known.get_mut(&system).and_then(|known| known.member_mut()) {
            tie.placed = tie.placed.saturating_add(1);
        }
        self.concern(now, system, effects);
    }

    pub(super) fn child_gone(&mut self, child: Address, effects: &mut Vec<Effect>) {
        let system = child.node().system();
        if let Some(children) = self.children.parents.get_mut(&system) {
            children.remove(&child);
            if children.is_empty() {
                self.children.parents.remove(&system);
                self.unconcern(system, effects);
            }
        }
    }

    /// An actor here has its parent on another system.
    pub(super) fn fostered(&mut self, now: Time, parent: Address, child: Address, effects: &mut Vec<Effect>) {
        let system = parent.node().system();
        if system != self.me {
            self.children.fosters.entry(system).or_default().insert((parent, child));
            self.concern(now, system, effects);
        }
    }

    pub(super) fn foster_gone(&mut self, parent: Address, child: Address, effects: &mut Vec<Effect>) {
        let system = parent.node().system();
        if let Some(fosters) = self.children.fosters.get_mut(&system)
            && fosters.remove(&(parent, child))
            && fosters.is_empty()
        {
            self.children.fosters.remove(&system);
            self.unconcern(system, effects);
        }
    }

    pub(super) fn got_watch(
        &mut self,
        now: Time,
        watcher: SystemId,
        systems: Vec<SystemId>,
        effects: &mut Vec<Effect>,
    ) {
        if !self.is_member(watcher) {
            return self.count("Convention Message Received.Stranger");
        }
        let me = self.me;
        for system in systems.into_iter().take(MOST_SYSTEMS).filter(|system| *system != me) {
            let watched = self.children.watched.entry(watcher).or_default();
            if watched.len() >= MOST_WATCHED && !watched.contains(&system) {
                return self.refuse(watcher, "it watches too many systems", effects);
            }
            watched.insert(system);
            self.children.watchers.entry(system).or_default().insert(watcher);
            self.concern(now, system, effects);
        }
    }

    pub(super) fn got_unwatch(&mut self, watcher: SystemId, systems: &[SystemId], effects: &mut Vec<Effect>) {
        for system in systems.iter().take(MOST_SYSTEMS) {
            if let Some(watched) = self.children.watched.get_mut(&watcher)
                && watched.remove(system)
            {
                self.unwatch(watcher, *system, effects);
            }
        }
    }

    /// The leader says that systems are gone.
    pub(super) fn got_gone(&mut self, by: SystemId, systems: &[SystemId], effects: &mut Vec<Effect>) {
        for &system in systems.iter().take(MOST_SYSTEMS) {
            if self.children.outlying.get(&system).is_some_and(|outlying| outlying.asked == Some(by)) {
                self.outlying_gone(system, effects);
            }
        }
    }

    /// What a member watched does not concern it any more.
    pub(super) fn watches_no_more(&mut self, watcher: SystemId, effects: &mut Vec<Effect>) {
        for system in self.children.watched.remove(&watcher).unwrap_or_default() {
            self.unwatch(watcher, system, effects);
        }
    }

    fn unwatch(&mut self, watcher: SystemId, system: SystemId, effects: &mut Vec<Effect>) {
        if let Some(watchers) = self.children.watchers.get_mut(&system) {
            watchers.remove(&watcher);
            if watchers.is_empty() {
                self.children.watchers.remove(&system);
                self.unconcern(system, effects);
            }
        }
    }

    /// Somebody here is to be told when a system is gone.
    fn concern(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        if self.is_member(system) || self.children.outlying.contains_key(&system) {
            return;
        }
        let asked = self.leader();
        let overdue = now.plus(self.timing.lost_after);
        let mut alarm = None;
        match asked {
            // Else it is asked when it has confirmed that this system is a member.
            Some(leader) if self.is_confirmed(leader) => {
                effects.push(Effect::Send { system: leader, message: Message::Watch { systems: vec![system] } });
            }
            Some(_) => {}
            None => Self::set_alarm(&mut self.timers, &mut alarm, overdue, Timer::Outlying(system)),
        }
        self.children.outlying.insert(system, Outlying { asked, asked_before: None, overdue, alarm });
    }

    /// Nobody here is to be told of a system any more, if that is so.
    fn unconcern(&mut self, system: SystemId, effects: &mut Vec<Effect>) {
        let Children { parents, fosters, watchers, .. } = &self.children;
        let concerned =
            parents.contains_key(&system) || fosters.contains_key(&system) || watchers.contains_key(&system);
        if !concerned {
            self.not_outlying(system, effects);
        }
    }

    /// A system is a member now, or concerns nobody.
    pub(super) fn not_outlying(&mut self, system: SystemId, effects: &mut Vec<Effect>) {
        let Some(outlying) = self.children.outlying.remove(&system) else { return };
        if let Some((key, _)) = outlying.alarm {
            self.timers.cancel(key);
        }
        if let Some(leader) = outlying.asked {
            effects.push(Effect::Send { system: leader, message: Message::Unwatch { systems: vec![system] } });
        }
    }

    /// A system is lost that may have been asked.
    pub(super) fn is_asked_no_more(&mut self, system: SystemId) {
        for outlying in self.children.outlying.values_mut().filter(|outlying| outlying.asked == Some(system)) {
            outlying.asked_before = Some(system);
        }
    }

    /// A system that was lost is a member again. So it was there, and has given this one up as well: the outlying ones that it
    /// was asked about have been told that this one is gone, and have lost their families here.
    pub(super) fn is_told_anew(&mut self, system: SystemId, effects: &mut Vec<Effect>) {
        let outlying = self.children.outlying.iter().filter(|(_, outlying)| outlying.asked_before == Some(system));
        let lost: Vec<_> = outlying.map(|(system, _)| *system).collect();
        for system in lost {
            self.outlying_gone(system, effects);
        }
    }

    /// There is another leader, or none.
    pub(super) fn watch_elsewhere(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let leader = self.leader();
        let overdue = now.plus(self.timing.lost_after);
        for (system, outlying) in &mut self.children.outlying {
            outlying.asked = leader;
            outlying.overdue = overdue;
            if leader.is_none() {
                Self::set_alarm(&mut self.timers, &mut outlying.alarm, overdue, Timer::Outlying(*system));
            }
        }
        if let Some(leader) = leader.filter(|leader| self.is_confirmed(*leader)) {
            self.watch_again(leader, effects);
        }
    }

    fn is_confirmed(&self, system: SystemId) -> bool {
        self.known.get(&system).and_then(|known| known.member()).is_some_and(|tie| tie.confirmed)
    }

    /// A system may not know what it was asked to tell.
    pub(super) fn watch_again(&self, asked: SystemId, effects: &mut Vec<Effect>) {
        let outlying = self.children.outlying.iter().filter(|(_, outlying)| outlying.asked == Some(asked));
        let systems: Vec<_> = outlying.map(|(system, _)| *system).collect();
        for systems in systems.chunks(MOST_SYSTEMS) {
            let message = Message::Watch { systems: systems.to_vec() };
            effects.push(Effect::Send { system: asked, message });
        }
    }

    pub(super) fn outlying_due(&mut self, now: Time, system: SystemId, effects: &mut Vec<Effect>) {
        let decides = self.is_leader() && !self.waits_for_invitation();
        let Some(outlying) = self.children.outlying.get_mut(&system).filter(|it| it.asked.is_none()) else { return };
        outlying.alarm = None;
        if !decides {
            return;
        }
        if outlying.overdue > now {
            let overdue = outlying.overdue;
            return Self::set_alarm(&mut self.timers, &mut outlying.alarm, overdue, Timer::Outlying(system));
        }
        if self.known.get(&system).is_some_and(|known| known.linked) {
            outlying.overdue = now.plus(self.timing.lost_after);
            Self::set_alarm(&mut self.timers, &mut outlying.alarm, outlying.overdue, Timer::Outlying(system));
        } else {
            self.outlying_gone(system, effects);
        }
    }

    fn outlying_gone(&mut self, system: SystemId, effects: &mut Vec<Effect>) {
        self.children.outlying.remove(&system);
        self.tell_families_lost(system, effects);
        self.tell_watchers(system, effects);
    }

    pub(super) fn tell_families_lost(&mut self, system: SystemId, effects: &mut Vec<Effect>) {
        for (child, parent) in self.children.parents.remove(&system).unwrap_or_default() {
            effects.push(Effect::ChildLost { parent, child });
        }
        for (parent, child) in self.children.fosters.remove(&system).unwrap_or_default() {
            effects.push(Effect::ParentLost { parent, child });
        }
    }

    pub(super) fn tell_watchers(&mut self, system: SystemId, effects: &mut Vec<Effect>) {
        for watcher in self.children.watchers.remove(&system).unwrap_or_default() {
            if let Some(watched) = self.children.watched.get_mut(&watcher) {
                watched.remove(&system);
            }
            effects.push(Effect::Send { system: watcher, message: Message::Gone { systems: vec![system] } });
        }
    }
}
