//! Which actor is meant.

use std::time::Duration;

use roscius::Address;

use super::CommandError;
use crate::collector::Collector;
use crate::snapshot::{ActorInfo, ActorState, Snapshot};
use crate::systems::System;

/// How many actors a message lists at most.
const LISTED: usize = 8;

/// An actor that was found, and the program that found it.
pub(super) struct Found {
    pub collector: Collector,
    pub snapshot: Snapshot,
    pub address: Address,
    /// None: its process does not answer, and it was not seen.
    pub actor: Option<ActorInfo>,
}

/// Finds an actor by its address, its global name, or its class if it is the only one of it.
pub(super) fn find(system: &System, within: Duration, wanted: &str) -> Result<Found, CommandError> {
    let mut collector = Collector::attach(system, within)?;
    let snapshot = collector.collect()?;
    let (address, actor) = find_in(&snapshot, wanted)?;
    Ok(Found { address, actor: actor.cloned(), snapshot, collector })
}

/// As [`find`], in what was seen already.
pub(super) fn find_in<'s>(
    snapshot: &'s Snapshot,
    wanted: &str,
) -> Result<(Address, Option<&'s ActorInfo>), CommandError> {
    let parsed = |actor: &'s ActorInfo| {
        let address = actor.address.parse();
        address.map(|address| (address, Some(actor))).map_err(|_| failed(format!("`{}` is no address", actor.address)))
    };
    // Programs in Python show addresses like this.
    let text = wanted.strip_prefix("ActorAddr-").unwrap_or(wanted);
    if let Ok(address) = text.parse::<Address>() {
        if let Some(actor) = snapshot.actors.iter().find(|actor| actor.address == text) {
            return Ok((address, Some(actor)));
        }
        // Of a process that does not answer it is not known who is there.
        let node = address.node().to_string();
        let is_silent =
            snapshot.processes.iter().any(|process| process.node == node && process.answered == Some(false));
        return if is_silent { Ok((address, None)) } else { Err(failed(format!("nobody has the address {address}"))) };
    }
    if let Some(named) = snapshot.actors.iter().find(|actor| actor.name.as_deref() == Some(wanted)) {
        return parsed(named);
    }
    let is_of_class = |actor: &&ActorInfo| {
        let last = actor.class.rsplit(['.', ':']).next();
        actor.class == wanted || last == Some(wanted)
    };
    let of_class: Vec<_> = snapshot.actors.iter().filter(is_of_class).collect();
    match of_class.as_slice() {
        [only] => parsed(only),
        [] => Err(failed(format!("no actor has the name, address or class `{wanted}`{}", names(snapshot)))),
        several => {
            let listed: Vec<&str> = several.iter().take(LISTED).map(|actor| actor.address.as_str()).collect();
            let more = if several.len() > LISTED { ", …" } else { "" };
            let count = several.len();
            Err(failed(format!("{count} actors are a `{wanted}`, say which: {}{more}", listed.join(", "))))
        }
    }
}

fn names(snapshot: &Snapshot) -> String {
    let names: Vec<_> = snapshot.actors.iter().filter_map(|actor| actor.name.as_deref()).take(LISTED).collect();
    if names.is_empty() { String::new() } else { format!("; those with a name: {}", names.join(", ")) }
}

fn failed(text: String) -> CommandError {
    CommandError::Failed(text)
}

impl Found {
    /// What to call it.
    pub fn title(&self) -> String {
        match &self.actor {
            Some(ActorInfo { name: Some(name), .. }) => format!("`{name}`"),
            Some(ActorInfo { class, address, .. }) if !class.is_empty() => format!("{class} {address}"),
            _ => self.address.to_string(),
        }
    }

    /// Whether its process has not said how it is.
    pub fn is_unanswering(&self) -> bool {
        self.actor.as_ref().is_none_or(|actor| actor.state == ActorState::Unanswering)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::ProcessInfo;

    fn snapshot() -> Snapshot {
        let actor = |address: &str, class: &str, name: Option<&str>| ActorInfo {
            address: address.into(),
            class: class.into(),
            name: name.map(str::to_owned),
            ..ActorInfo::default()
        };
        Snapshot {
            actors: vec![
                actor("a1/0.1.0", "shop.Clerk", Some("clerk")),
                actor("a2/0.1.0!", "shop::Customer", None),
                actor("a2/0.2.0", "shop::Customer", None),
            ],
            processes: vec![ProcessInfo { node: "a3".into(), answered: Some(false), ..ProcessInfo::default() }],
            ..Snapshot::default()
        }
    }

    fn found(wanted: &str) -> Result<String, String> {
        find_in(&snapshot(), wanted).map(|(address, _)| address.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_actor_is_found_by_address_name_or_class() {
        for wanted in ["a1/0.1.0", "ActorAddr-a1/0.1.0", "clerk", "shop.Clerk", "Clerk"] {
            assert_eq!(found(wanted).unwrap(), "a1/0.1.0", "{wanted}");
        }
        assert_eq!(found("a2/0.1.0!").unwrap(), "a2/0.1.0!");
    }

    #[test]
    fn who_is_not_there_is_not_found() {
        assert_eq!(found("a1/0.2.0").unwrap_err(), "nobody has the address a1/0.2.0");
        assert_eq!(found("a3/0.1.0").unwrap(), "a3/0.1.0", "its process has not said who is there");
        assert!(found("Customer").unwrap_err().starts_with("2 actors are a `Customer`"));
        assert!(found("boss").unwrap_err().ends_with("those with a name: clerk"));
    }
}
