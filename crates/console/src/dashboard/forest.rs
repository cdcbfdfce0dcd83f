//! Who created whom, and the sums over all that somebody has created.

use std::collections::HashMap;

use roscius::status::ActorState as Doing;

use crate::snapshot::{ActorInfo, ActorState};

/// Sums over actors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub actors: usize,
    pub waiting: u64,
    pub handled: u64,
    pub rate: f64,
    pub restarts: u64,
    /// How many of them are to be looked at.
    pub troubled: usize,
}

impl Sums {
    fn of(actor: &ActorInfo) -> Self {
        Self {
            actors: 1,
            waiting: actor.waiting,
            handled: actor.handled,
            rate: actor.rate.unwrap_or(0.0),
            restarts: u64::from(actor.restarts),
            troubled: usize::from(is_troubled(actor)),
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.actors += other.actors;
        self.waiting += other.waiting;
        self.handled += other.handled;
        self.rate += other.rate;
        self.restarts += other.restarts;
        self.troubled += other.troubled;
    }
}

/// Whether an actor is to be looked at.
pub(super) fn is_troubled(actor: &ActorInfo) -> bool {
    let is_full = actor.capacity.is_some_and(|capacity| actor.waiting >= capacity);
    is_full || matches!(actor.state, ActorState::Unanswering | ActorState::Seen(Doing::Suspended | Doing::Restarting))
}

/// The trees of a snapshot. Actors are known by their place in its list.
#[derive(Debug, Default)]
pub(super) struct Forest {
    /// Those whose parent is no actor that was seen.
    pub roots: Vec<u32>,
    children: Vec<Vec<u32>>,
    sums: Vec<Sums>,
}

impl Forest {
    pub fn of(actors: &[ActorInfo]) -> Self {
        let places: HashMap<&str, u32> =
            (0..).zip(actors).map(|(place, actor): (u32, _)| (&*actor.address, place)).collect();
        let mut forest = Self {
            roots: Vec::new(),
            children: vec![Vec::new(); actors.len()],
            sums: actors.iter().map(Sums::of).collect(),
        };
        let mut parents = vec![None; actors.len()];
        for (place, actor) in (0..).zip(actors) {
            // Parents come before their children, so nobody is his own ancestor.
            let parent =
                actor.parent.as_deref().and_then(|parent| places.get(parent)).filter(|parent| **parent < place);
            match parent {
                Some(parent) => {
                    forest.children[*parent as usize].push(place);
                    parents[place as usize] = Some(*parent);
                }
                None => forest.roots.push(place),
            }
        }
        for (place, parent) in parents.iter().enumerate().rev() {
            if let Some(parent) = parent {
                let sums = forest.sums[place];
                forest.sums[*parent as usize].add(&sums);
            }
        }
        forest
    }

    /// Whom an actor has created.
    pub fn children(&self, place: u32) -> &[u32] {
        self.children.get(place as usize).map_or(&[], Vec::as_slice)
    }

    /// The sums over an actor and all below it.
    pub fn sums(&self, place: u32) -> Sums {
        self.sums.get(place as usize).copied().unwrap_or_default()
    }
}
