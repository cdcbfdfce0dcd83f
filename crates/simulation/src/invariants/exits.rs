//! The end of an actor is told once to each that watches it, and once to its parent. A child that was taken for ended, as its system was
//! out of reach, may end later and say so: its parent has none of that address any more, and does not hear of it.

use std::collections::BTreeMap;

use roscius::{Address, Signal};
use roscius_protocol::convention::SystemId;

use super::{Invariant, Observation, Verdict, hold, is_certain};

#[derive(Default)]
pub(super) struct Exits {
    /// How often who has asked to be told of what, and was not told since.
    watches: BTreeMap<(Address, Address), usize>,
    /// Which parent was told of which child, and whether that was taken for ended only.
    children: BTreeMap<(Address, Address), bool>,
}

impl Invariant for Exits {
    fn see(&mut self, _: SystemId, observation: &Observation) -> Verdict {
        match observation {
            Observation::Watched { by, address } => {
                *self.watches.entry((*by, *address)).or_default() += 1;
                Ok(())
            }
            Observation::Told { to, signal: Signal::Terminated { address, .. } } => {
                let asked = self.watches.entry((*to, *address)).or_default();
                let waited = std::mem::replace(asked, asked.saturating_sub(1));
                hold(waited > 0, || format!("{to} is told of the end of {address}, and was told before or never asked"))
            }
            Observation::Told { to, signal: Signal::ChildEnded { child, reason, .. } } => {
                let presumed = !is_certain(reason);
                let before = self.children.insert((*to, *child), presumed);
                let holds = before.is_none_or(|was_presumed| was_presumed && !presumed);
                hold(holds, || format!("{to} is told twice of the end of its child {child}"))
            }
            _ => Ok(()),
        }
    }
}
