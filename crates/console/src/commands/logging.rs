//! `log`.

use std::io::Write;
use std::time::Duration;

use roscius_protocol::admin::messages::ToAdmin;
use serde_json::Value;

use super::{CommandError, Outcome};
use crate::attached::Attached;
use crate::data::plain_pickle;
use crate::systems::System;

/// The levels of Python's logging.
const LEVELS: [(&str, i64); 5] = [("DEBUG", 10), ("INFO", 20), ("WARNING", 30), ("ERROR", 40), ("CRITICAL", 50)];

/// The name of the setting.
const SETTING: &str = "log level";

/// Shows the lowest level that actors send to the log, or sets it.
pub(super) fn level(
    system: &System,
    within: Duration,
    wanted: Option<&str>,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let attached = Attached::to(system, within)?;
    let wanted = wanted.map(number).transpose().map_err(CommandError::Failed)?;
    let settings = attached.status()?.detail.settings;
    let is_it = |name: &[u8]| plain_pickle::read(name).is_some_and(|name| name == SETTING);
    let setting = settings.into_iter().find(|(name, _)| is_it(name));
    let current = setting.and_then(|(name, value)| Some((name, plain_pickle::read(&value)?.as_i64()?)));
    let Some((name, current)) = current else {
        let text = format!("{} has no logger; actors in Rust log as their programs say", system.name);
        return Err(CommandError::Failed(text));
    };
    if let Some(level) = wanted {
        let value = plain_pickle::write(&Value::from(level));
        attached.request(ToAdmin::ChangeSetting { name, value }, attached.within())?;
    }
    writeln!(out, "{}", title(wanted.unwrap_or(current)))?;
    Ok(Outcome::Well)
}

fn number(level: &str) -> Result<i64, String> {
    let named = LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(level)).map(|(_, number)| *number);
    let number = named.or_else(|| level.parse().ok().filter(|number| (0..=1_000).contains(number)));
    let names = LEVELS.map(|(name, _)| name).join(", ");
    number.ok_or_else(|| format!("`{level}` is no level: there are {names}, and numbers"))
}

fn title(level: i64) -> String {
    let named = LEVELS.iter().find(|(_, number)| *number == level);
    named.map_or_else(|| level.to_string(), |(name, _)| (*name).to_owned())
}
