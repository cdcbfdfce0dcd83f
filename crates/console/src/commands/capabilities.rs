//! `capabilities`.

use std::io::Write;
use std::time::Duration;

use roscius_protocol::admin::messages::ToAdmin;
use roscius_protocol::pickle;
use serde_json::Value;

use super::{CommandError, Outcome};
use crate::attached::Attached;
use crate::cli::Capability;
use crate::collector::capabilities;
use crate::data::plain_pickle;
use crate::systems::System;

pub(super) fn run(
    system: &System,
    within: Duration,
    action: Option<&Capability>,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let attached = Attached::to(system, within)?;
    let entries = attached.status()?.capabilities;
    match action {
        None | Some(Capability::List { json: false }) => {
            for (name, value) in capabilities(&entries) {
                writeln!(out, "{name}: {}", shown(&value))?;
            }
        }
        Some(Capability::List { json: true }) => writeln!(out, "{}", serde_json::json!(capabilities(&entries)))?,
        Some(Capability::Set { name, value }) => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
            let packed = plain_pickle::write(&value);
            set(&attached, name, Some(packed))?;
            writeln!(out, "{name}: {}", shown(&value))?;
        }
        Some(Capability::Remove { name }) => {
            if !capabilities(&entries).contains_key(name) {
                return Err(CommandError::Failed(format!("{} has no capability `{name}`", system.name)));
            }
            set(&attached, name, None)?;
            writeln!(out, "{name} is removed")?;
        }
    }
    Ok(Outcome::Well)
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn set(attached: &Attached, name: &str, value: Option<Vec<u8>>) -> Result<(), CommandError> {
    let name = pickle::write_text(name);
    attached.request(ToAdmin::SetCapability { name, value }, attached.within())?;
    Ok(())
}
