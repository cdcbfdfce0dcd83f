//! When all has healed, each system knows exactly the members that it has reason to know, and all know the same leader.

use roscius_protocol::convention::SystemId;

use super::{End, Invariant, Observation, Verdict, hold};

pub(super) struct Agreement;

impl Invariant for Agreement {
    fn see(&mut self, _: SystemId, _: &Observation) -> Verdict {
        Ok(())
    }

    fn end(&mut self, end: &End<'_>) -> Verdict {
        let leader_of = |id: SystemId| {
            let system = end.systems.iter().find(|system| system.id == id)?;
            let convention = system.admin.convention();
            if convention.is_leader() { Some(id) } else { convention.leader() }
        };
        for system in &end.systems {
            let known: Vec<SystemId> = system.admin.convention().members().map(|member| member.system).collect();
            let ties = end.ties.get(&system.id).cloned().unwrap_or_default();
            hold(known == ties, || format!("system {} knows {known:?}, and is to know {ties:?}", system.id))?;
            for other in known {
                let (mine, its) = (leader_of(system.id), leader_of(other));
                hold(mine == its, || format!("{mine:?} leads for system {}, {its:?} for {other}", system.id))?;
            }
        }
        Ok(())
    }
}
