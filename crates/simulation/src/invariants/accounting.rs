//! Each message that leaves a process is delivered or reported, and reported once. What is said not to have arrived did not. What
//! is unknown may have arrived, or may not and be reported by who knows.

use std::collections::BTreeMap;

use roscius::Address;
use roscius_protocol::admin::messages::Setback;
use roscius_protocol::convention::SystemId;

use super::{End, Invariant, Observation, Verdict, hold};

#[derive(Default)]
pub(super) struct Accounting {
    messages: BTreeMap<u128, Fate>,
}

struct Fate {
    from: Address,
    to: Address,
    /// The systems by whose way it went: what is lost with one of them nobody can report.
    relays: Vec<SystemId>,
    delivered: bool,
    lost: Option<Setback>,
}

impl Fate {
    fn name(&self, number: u128) -> String {
        format!("message {number} from {} to {}", self.from, self.to)
    }
}

impl Accounting {
    fn fate(&mut self, number: u128) -> Result<&mut Fate, String> {
        self.messages.get_mut(&number).ok_or_else(|| format!("nobody has sent message {number}"))
    }
}

impl Invariant for Accounting {
    fn see(&mut self, _: SystemId, observation: &Observation) -> Verdict {
        match *observation {
            Observation::Sent { number, from, to } => {
                let fate = Fate { from, to, relays: Vec::new(), delivered: false, lost: None };
                let before = self.messages.insert(number, fate);
                hold(before.is_none(), || format!("message {number} was sent twice"))
            }
            Observation::Relayed { number, by, .. } => {
                self.fate(number)?.relays.push(by);
                Ok(())
            }
            Observation::Delivered { number, .. } => {
                let fate = self.fate(number)?;
                let possible = matches!(fate.lost, None | Some(Setback::Unknown));
                hold(possible, || format!("{} was reported as {:?}, and arrives", fate.name(number), fate.lost))?;
                hold(!fate.delivered, || format!("{} arrives twice", fate.name(number)))?;
                fate.delivered = true;
                Ok(())
            }
            Observation::Lost { number, why } => {
                let fate = self.fate(number)?;
                // Whether the next system has got it may be unknown here, and that one says what became of it, or that it does not
                // know either.
                let unknown = [fate.lost == Some(Setback::Unknown), why == Setback::Unknown];
                let once = match unknown {
                    [true, true] => !fate.relays.is_empty(),
                    [false, false] => fate.lost.is_none(),
                    _ => true,
                };
                hold(once, || format!("{} is reported as {:?}, then {why:?}", fate.name(number), fate.lost))?;
                let possible = !fate.delivered || why == Setback::Unknown;
                hold(possible, || format!("{} is reported as {why:?}, but it arrived", fate.name(number)))?;
                if fate.lost.is_none_or(|before| before == Setback::Unknown) {
                    fate.lost = Some(why);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, end: &End<'_>) -> Verdict {
        let runs = |id: SystemId| end.systems.iter().any(|system| system.id == id);
        for (number, fate) in self.messages.range(..=end.settled) {
            let concerned = [fate.from, fate.to].map(|address| address.node().system());
            let all_run = concerned.iter().chain(&fate.relays).all(|id| runs(*id));
            hold(!all_run || fate.delivered || fate.lost.is_some(), || {
                format!("nothing was heard of {}", fate.name(*number))
            })?;
        }
        Ok(())
    }
}
