//! What the system can do, as its processes are told.

use super::messages::{Entry, FromAdmin};
use super::{Admin, Asked, Effect, root};

impl Admin {
    pub(super) fn set_capability(
        &mut self,
        (by, id): Asked,
        name: Vec<u8>,
        value: Option<Vec<u8>>,
        effects: &mut Vec<Effect>,
    ) {
        let changed = match value {
            Some(value) => {
                self.capabilities.get(&name) != Some(&value) && {
                    self.capabilities.insert(name, value);
                    true
                }
            }
            None => self.capabilities.remove(&name).is_some(),
        };
        if changed {
            let capabilities = self.capability_entries();
            for (node, _) in self.processes.iter().filter(|(_, process)| process.attached) {
                let message = FromAdmin::Capabilities { capabilities: capabilities.clone() };
                effects.push(Effect::Send { to: root(*node), id: 0, message });
            }
        }
        if id != 0 {
            effects.push(Effect::Send { to: by, id, message: FromAdmin::Done });
        }
    }

    pub(super) fn capability_entries(&self) -> Vec<Entry> {
        self.capabilities.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
