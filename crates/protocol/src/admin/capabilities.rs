//! What the system can do, and how it is set, as its processes are told.

use super::messages::{Entry, FromAdmin};
use super::{Admin, Asked, Effect, root};
use crate::convention;
use crate::time::Time;

impl Admin {
    pub(super) fn set_capability(
        &mut self,
        now: Time,
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
            self.tell_all(&FromAdmin::Capabilities { capabilities: capabilities.clone() }, effects);
            self.convene(now, convention::Event::Capabilities(capabilities), effects);
        }
        if id != 0 {
            effects.push(Effect::Send { to: by, id, message: FromAdmin::Done });
        }
    }

    pub(super) fn change_setting(&mut self, (by, id): Asked, name: &[u8], value: Vec<u8>, effects: &mut Vec<Effect>) {
        let setting = self.settings.iter_mut().find(|(known, _)| known == name);
        if let Some((_, current)) = setting.filter(|(_, current)| *current != value) {
            *current = value;
            self.tell_all(&FromAdmin::Settings { settings: self.settings.clone() }, effects);
        }
        if id != 0 {
            effects.push(Effect::Send { to: by, id, message: FromAdmin::Done });
        }
    }

    fn tell_all(&self, message: &FromAdmin, effects: &mut Vec<Effect>) {
        for (node, _) in self.processes.iter().filter(|(_, process)| process.attached) {
            effects.push(Effect::Send { to: root(*node), id: 0, message: message.clone() });
        }
    }

    pub(super) fn capability_entries(&self) -> Vec<Entry> {
        self.capabilities.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
