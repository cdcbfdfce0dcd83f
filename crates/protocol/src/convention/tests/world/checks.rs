//! What must be so with each effect, and at the end.

use super::{Address, Effect, Host, World, admin_of};

impl World {
    /// Each system knows the capabilities that its members have now.
    pub fn check_capabilities(&self, seed: u64) {
        for (host, running) in &self.hosts {
            for member in running.convention.members() {
                let other = self.homes[&member.system];
                assert_eq!(member.capabilities, self.hosts[&other].capabilities, "of {other} at {host}, seed {seed}");
            }
        }
    }

    /// No actor still has a child on a system that does not run any more.
    pub fn check_children(&self, seed: u64) {
        for (host, running) in &self.hosts {
            let system = |child: &Address| child.node().system();
            let dead = running.placed.keys().filter(|child| self.system(self.homes[&system(child)]) != system(child));
            assert_eq!(dead.collect::<Vec<_>>(), Vec::<&Address>::new(), "at {host}, seed {seed}");
        }
    }

    pub(super) fn check(&mut self, host: Host, effect: &Effect) {
        let running = self.hosts.get_mut(&host).unwrap();
        match effect {
            Effect::Joined { system, admin, .. } => {
                assert_ne!(*system, running.system, "joined itself");
                assert_eq!(*admin, admin_of(*system));
                assert!(running.joined.insert(*system), "joined twice");
            }
            Effect::Left { system, .. } => {
                assert!(running.joined.remove(system), "left without having joined");
                let orphans = running.placed.keys().filter(|child| child.node().system() == *system).count();
                assert_eq!(orphans, 0, "left before its children were lost");
            }
            Effect::ChildLost { parent, child } => {
                assert_eq!(running.placed.remove(child), Some(*parent), "a child was lost twice, or never there");
            }
            _ => {}
        }
    }
}
