//! What a parent knows of its children.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slab::Slab;

use super::{Birth, Effect, Signal, Verdict};
use crate::address::Address;
use crate::supervision::{FailureReport, History, Restart, Strategy, Supervision};
use crate::time::Time;

/// What only actors with children, watchers or trouble need.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) watchers: BTreeSet<Address>,
    pub(super) supervision: Supervision,
    pub(super) history: History,
    /// Children whose failure waits for the verdict on this actor.
    pub(super) troubled: Vec<u32>,
    /// What could not be told because the instance was suspended, or not there yet.
    pub(super) untold: Vec<Effect>,
    pub(super) failure: Option<FailureReport>,
    pub(super) back_off_over: bool,
    /// How many verdicts this actor has heard from its parent.
    pub(super) heard: u32,
    /// Whether the parent is another than the one that created this actor.
    pub(super) adopted: bool,
    children: Slab<Child>,
    serial: u64,
    rows: BTreeMap<u32, Row>,
}

#[derive(Debug)]
struct Child {
    address: Address,
    /// Counts the children of one parent: the order of their starts.
    serial: u64,
    /// How many verdicts it was sent.
    verdicts: u32,
    policy: Restart,
}

/// Restarts in a row of one child.
#[derive(Debug)]
struct Row {
    attempts: u32,
    last: Time,
}

impl Family {
    /// Takes a place for a child.
    pub(super) fn add(&mut self, address: Address, policy: Restart) -> u32 {
        self.serial += 1;
        self.children.insert(Child { address, serial: self.serial, verdicts: 0, policy }) as u32
    }

    pub(super) fn set_address(&mut self, place: u32, address: Address) {
        if let Some(child) = self.children.get_mut(place as usize) {
            child.address = address;
        }
    }

    pub(super) fn forget(&mut self, place: u32) {
        self.children.try_remove(place as usize);
    }

    /// Removes a child that has ended. False if it is none: the place may have another child already.
    pub(super) fn remove(&mut self, place: u32, address: Address) -> bool {
        if self.policy(place, address).is_none() {
            return false;
        }
        self.children.remove(place as usize);
        self.rows.remove(&place);
        self.troubled.retain(|&troubled| troubled != place);
        true
    }

    pub(super) fn count(&self) -> usize {
        self.children.len()
    }

    /// The policy of a child, if it is one.
    pub(super) fn policy(&self, place: u32, address: Address) -> Option<Restart> {
        self.children.get(place as usize).filter(|child| child.address == address).map(|child| child.policy)
    }

    /// The place of a child, which does not know it perhaps.
    pub(super) fn place_of(&self, place: u32, address: Address) -> u32 {
        match place {
            Birth::UNKNOWN => {
                let found = self.children.iter().find(|(_, child)| child.address == address);
                found.map_or(place, |(place, _)| place as u32)
            }
            known => known,
        }
    }

    /// Whether a child that failed had heard all that it was told. If not, a verdict is on its way to it already. One that
    /// is gone has nothing on its way: its verdicts count from here.
    pub(super) fn is_news(&mut self, place: u32, heard: u32) -> bool {
        let Some(child) = self.children.get_mut(place as usize) else { return false };
        if heard == Birth::FALLEN {
            child.verdicts = 0;
        }
        heard >= child.verdicts
    }

    /// The children, in the order in which they were started.
    pub(super) fn addresses(&self) -> Vec<Address> {
        let mut children: Vec<_> = self.children.iter().map(|(_, child)| (child.serial, child.address)).collect();
        children.sort_unstable();
        children.into_iter().map(|(_, address)| address).collect()
    }

    /// Gives all children away, in the order in which they were started.
    pub(super) fn take_children(&mut self) -> Vec<(Address, Restart)> {
        let mut children: Vec<_> = self.children.drain().collect();
        children.sort_unstable_by_key(|child| child.serial);
        children.into_iter().map(|child| (child.address, child.policy)).collect()
    }

    /// Sends a child a verdict.
    pub(super) fn send(&mut self, place: u32, verdict: Verdict, out: &mut Vec<Effect>) {
        if let Some(child) = self.children.get_mut(place as usize) {
            child.verdicts = child.verdicts.saturating_add(1);
            out.push(Effect::Signal { to: child.address, signal: Signal::Verdict(verdict) });
        }
    }

    /// Restarts a child that failed, and those that the strategy restarts with it, in the order of their first starts:
    /// who depends on an earlier one finds it started again.
    pub(super) fn restart(&mut self, now: Time, failed: u32, out: &mut Vec<Effect>) {
        let delay = self.delay(now, failed);
        for place in self.restarted_with(failed) {
            self.troubled.retain(|&troubled| troubled != place);
            let temporary = self.children.get(place as usize).is_some_and(|child| child.policy == Restart::Temporary);
            let verdict = if temporary && place != failed { Verdict::Stop } else { Verdict::Restart(delay) };
            self.send(place, verdict, out);
        }
    }

    fn restarted_with(&self, failed: u32) -> Vec<u32> {
        let first = match self.supervision.strategy {
            Strategy::OneForOne => return vec![failed],
            Strategy::AllForOne => 0,
            Strategy::RestForOne => self.children.get(failed as usize).map_or(0, |child| child.serial),
        };
        let children = self.children.iter().filter(|(_, child)| child.serial >= first);
        let mut children: Vec<_> = children.map(|(place, child)| (child.serial, place as u32)).collect();
        children.sort_unstable();
        children.into_iter().map(|(_, place)| place).collect()
    }

    /// How long the child waits for this restart. Restarts count as a row until it lived longer than the period
    /// of the intensity.
    fn delay(&mut self, now: Time, place: u32) -> Duration {
        let Some(child) = self.children.get(place as usize).map(|child| child.address) else { return Duration::ZERO };
        let row = self.rows.entry(place).or_insert(Row { attempts: 0, last: now });
        if now.since(row.last) > self.supervision.intensity.within {
            row.attempts = 0;
        }
        let seed = child.node().number() ^ u64::from(child.index()) << 32 ^ now.as_nanos();
        let delay = self.supervision.backoff.delay(row.attempts, seed);
        row.attempts = row.attempts.saturating_add(1);
        row.last = now.plus(delay);
        delay
    }
}
