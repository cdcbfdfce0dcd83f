//! What the system can do, and how it is set, as its processes are told.

use super::messages::{Entry, FromAdmin};
use super::{Admin, Asked, Effect, root};
use crate::convention;
use crate::pickle;
use crate::sources::{ARCH, OS, Platform};
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
        let name = self.known_as(name);
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

    /// The name that a capability has already: pickles of one text may differ.
    fn known_as(&self, name: Vec<u8>) -> Vec<u8> {
        let Some(text) = pickle::read_text(&name) else { return name };
        self.capabilities.keys().find(|known| pickle::read_text(known) == Some(text)).cloned().unwrap_or(name)
    }

    /// Whether what is made for such a host runs here, as the capabilities of the system say.
    ///
    /// # Errors
    ///
    /// What the system is, in words.
    pub(super) fn check_platform(&self, platform: Platform) -> Result<(), String> {
        let value = |wanted| {
            let named = |(name, _): &(&Vec<u8>, _)| pickle::read_text(name) == Some(wanted);
            let (_, value) = self.capabilities.iter().find(named)?;
            pickle::read_text(value)
        };
        let (os, arch) = (value(OS), value(ARCH));
        if (os, arch) == (Some(platform.os), Some(platform.arch)) {
            return Ok(());
        }
        let said = |text: Option<&str>| text.map_or_else(|| "not said".to_owned(), |text| format!("`{text}`"));
        Err(format!("the capabilities of this system are: `{OS}` {}, `{ARCH}` {}", said(os), said(arch)))
    }

    /// The capabilities of the system.
    pub fn capability_entries(&self) -> Vec<Entry> {
        self.capabilities.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
