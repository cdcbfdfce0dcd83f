//! `log`.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use roscius_protocol::admin::messages::ToAdmin;
use serde_json::Value;

use super::{CommandError, Outcome};
use crate::attached::{Attached, Reply};
use crate::data::{Message, plain_pickle};
use crate::log_records::{logger_of, question_after, records};
use crate::snapshot::LogRecord;
use crate::systems::System;
use crate::warnings::seconds;

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
        return Err(no_logger(system));
    };
    if let Some(level) = wanted {
        let value = plain_pickle::write(&Value::from(level));
        attached.request(ToAdmin::ChangeSetting { name, value }, attached.within())?;
    }
    writeln!(out, "{}", title(wanted.unwrap_or(current)))?;
    Ok(Outcome::Well)
}

/// Shows the latest records, oldest first.
pub(super) fn show(
    system: &System,
    within: Duration,
    count: usize,
    json: bool,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let attached = Attached::to(system, within)?;
    let logger = logger_of(&attached.status()?).ok_or_else(|| no_logger(system))?;
    let reply = attached.ask(logger, question_after(0), within);
    let Reply::Message { message: Message::Data(answer), .. } = reply else {
        let text = format!("the logger of {} gave no answer within {:.1} s", system.name, within.as_secs_f64());
        return Err(CommandError::Failed(text));
    };
    let records = records(&answer);
    let records = &records[records.len().saturating_sub(count)..];
    if json {
        writeln!(out, "{}", serde_json::json!(records))?;
        return Ok(Outcome::Well);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    for LogRecord { at, level, logger, actor, text, .. } in records {
        let who = if actor.is_empty() { logger } else { actor };
        // A text is not to steer the terminal.
        let tame = |sign: char| if sign.is_control() && sign != '\n' && sign != '\t' { '\u{fffd}' } else { sign };
        let line = format!("{} ago  {level}  {who}  {text}", seconds(now - at));
        writeln!(out, "{}", line.chars().map(tame).collect::<String>())?;
    }
    Ok(Outcome::Well)
}

fn no_logger(system: &System) -> CommandError {
    CommandError::Failed(format!("{} has no logger; actors in Rust log as their programs say", system.name))
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
