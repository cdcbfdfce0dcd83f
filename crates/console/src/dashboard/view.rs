//! What one browser shows of a picture, as a document whose differences are sent.
//!
//! What grows with the system is given as sums, or as its first entries with a count of the rest, so the document of a system of
//! ten thousand actors is no larger than that of one of a thousand. What is listed is an object by id and not an array, and
//! times are points in time and not ages: so little of it changes when little changes.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::history::{brief, number};
use super::news::Line;
use super::picture::Picture;
use super::rows::{Order, Wanted, rows};
use crate::snapshot::{ActorInfo, DeadLetter, LogRecord, MemberInfo, MessageInfo, ProcessInfo, Snapshot};

/// How many entries of a list are shown.
const LISTED: usize = 40;
/// How many types of messages are.
const TYPES: usize = 20;
/// How many mailboxes are.
const MAILBOXES: usize = 12;
/// A member that was not heard for so many seconds is shown with the time.
const UNHEARD: f64 = 3.0;
/// How many rows can be open.
const OPEN: usize = 300;

/// What a browser asks to see, as it stands in the URL. Several ids are set apart by line feeds.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// Rows that are open; after a tab, how many of their children are shown.
    #[serde(default)]
    open: String,
    /// Rows that are not.
    #[serde(default)]
    shut: String,
    /// What is looked for.
    #[serde(default)]
    find: String,
    #[serde(default)]
    order: Order,
}

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct View {
    wanted: Wanted,
    allow_changes: bool,
}

impl View {
    pub fn new(asked: &Asked, allow_changes: bool) -> Self {
        let ids = |text: &str| -> Vec<String> {
            text.split('\n').filter(|id| !id.is_empty()).take(OPEN).map(str::to_owned).collect()
        };
        let open = ids(&asked.open).into_iter().map(|id| match id.rsplit_once('\t') {
            Some((id, shown)) => (id.to_owned(), shown.parse().unwrap_or(0)),
            None => (id, 0),
        });
        let wanted = Wanted {
            open: open.collect(),
            shut: ids(&asked.shut).into_iter().collect(),
            find: asked.find.trim().to_lowercase(),
            order: asked.order,
        };
        Self { wanted, allow_changes }
    }

    /// What is shown of this picture. No member of it is null.
    pub fn of(&self, picture: &Picture) -> Value {
        let mut document = json!({
            "allow_changes": self.allow_changes,
            "every": number(picture.every.as_secs_f64()),
            "news": lines(&picture.news),
        });
        if let Some(lost) = &picture.lost {
            document["lost"] = json!(lost);
        }
        if let Some(log) = &picture.log {
            document["log"] = lines(log);
        }
        if let Some(point) = picture.point() {
            document["point"] = point.to_json();
        }
        if let Some(snapshot) = &picture.snapshot {
            self.add_system(picture, snapshot, &mut document);
        }
        document
    }

    fn add_system(&self, picture: &Picture, snapshot: &Snapshot, document: &mut Value) {
        let Snapshot { system, totals, .. } = snapshot;
        let mut shown = json!({
            "name": system.name,
            "admin": system.admin,
            "directory": system.directory,
            "since": (system.seen_at - system.uptime).round() as i64,
            "in_shutdown": system.in_shutdown,
            "makers": system.makers,
            "capabilities": texts(&system.capabilities),
        });
        if let Some(port) = system.port {
            shown["port"] = json!(port);
        }
        if let Some(handler) = &system.dead_letter_handler {
            shown["dead_letter_handler"] = json!(handler);
        }
        document["system"] = shown;
        document["totals"] = json!({
            "actors": totals.actors,
            "unseen": totals.unseen,
            "processes": totals.processes,
            "programs": totals.programs,
            "handled": totals.handled,
            "failures": totals.failures,
            "restarts": totals.restarts,
            "returned": totals.returned,
            "timers": totals.timers,
            "dead_letters": snapshot.dead_letters.total,
        });
        document["warnings"] = some(&snapshot.warnings);
        document["rows"] = Value::Object(rows(&snapshot.actors, picture.forest(), &self.wanted));
        document["classes"] = classes(snapshot);
        document["messages"] = messages(snapshot);
        document["mailboxes"] = mailboxes(snapshot);
        document["processes"] = processes(snapshot);
        document["convention"] = convention(snapshot);
        document["letters"] = letters(snapshot);
        document["pending"] = some(&snapshot.pending);
        let mut sources = some(&snapshot.sources);
        if let Some(authority) = &snapshot.source_authority {
            sources["authority"] = json!(authority);
        }
        document["sources"] = sources;
        if let Some(log) = &snapshot.log {
            let shown: Map<String, Value> = log.iter().map(|it| (it.number.to_string(), record(it))).collect();
            document["records"] = Value::Object(shown);
        }
        document["counters"] = json!(snapshot.counters);
    }
}

/// The first of a list, and how many there are.
fn some(list: &[impl serde::Serialize]) -> Value {
    let entries = list.iter().take(LISTED).map(|entry| without_nulls(json!(entry)));
    json!({ "count": list.len(), "first": entries.collect::<Value>() })
}

/// An object without the members that say nothing.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        value => value,
    }
}

/// Values as people read them.
fn texts<'a>(values: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entries = values.into_iter().map(|(name, value)| (name.clone(), Value::from(text(value))));
    Value::Object(entries.collect())
}

fn lines(lines: &[Line]) -> Value {
    let line = |line: &Line| match line.at {
        Some(at) => json!({ "at": at, "text": line.text }),
        None => json!({ "text": line.text }),
    };
    Value::Object(lines.iter().map(|it| (it.number.to_string(), line(it))).collect())
}

fn classes(snapshot: &Snapshot) -> Value {
    let mut shown = Map::new();
    for (place, class) in snapshot.classes.iter().take(LISTED).enumerate() {
        let row = json!({
            "i": place,
            "actors": class.actors,
            "waiting": class.waiting,
            "handled": class.handled,
            "rate": number(brief(class.rate.unwrap_or(0.0))),
            "restarts": class.restarts,
        });
        shown.insert(class.class.clone(), row);
    }
    json!({ "count": snapshot.classes.len(), "shown": shown })
}

fn record(record: &LogRecord) -> Value {
    let LogRecord { at, level, logger, actor, class, text, .. } = record;
    json!({ "at": at.floor() as i64, "level": level, "logger": logger, "actor": actor, "class": class, "text": text })
}

/// The most frequent types of messages.
fn messages(snapshot: &Snapshot) -> Value {
    let row = |(place, message): (usize, &MessageInfo)| {
        let rate = number(brief(message.rate.unwrap_or(0.0)));
        (message.name.clone(), json!({ "i": place, "handled": message.handled, "rate": rate }))
    };
    let shown: Map<String, Value> = snapshot.messages.iter().take(TYPES).enumerate().map(row).collect();
    json!({ "count": snapshot.messages.len(), "shown": shown })
}

/// The fullest mailboxes.
fn mailboxes(snapshot: &Snapshot) -> Value {
    let mut fullest: Vec<_> = snapshot.actors.iter().filter(|actor| actor.waiting > 0).collect();
    let count = fullest.len();
    if count > MAILBOXES {
        fullest.select_nth_unstable_by_key(MAILBOXES, |actor| std::cmp::Reverse(actor.waiting));
        fullest.truncate(MAILBOXES);
    }
    fullest.sort_by_key(|actor| std::cmp::Reverse(actor.waiting));
    let mut shown = Map::new();
    for (place, actor) in fullest.into_iter().enumerate() {
        let mut row = json!({ "i": place, "class": actor.class, "waiting": actor.waiting });
        if let Some(name) = &actor.name {
            row["name"] = json!(name);
        }
        if let Some(capacity) = actor.capacity {
            row["capacity"] = json!(capacity);
        }
        shown.insert(actor.address.clone(), row);
    }
    json!({ "count": count, "shown": shown })
}

/// Those that do not answer, then those that compute most.
fn processes(snapshot: &Snapshot) -> Value {
    let mut shown: Vec<(usize, &ProcessInfo)> = snapshot.processes.iter().enumerate().collect();
    if shown.len() > LISTED {
        let load = |process: &ProcessInfo| (process.cpu.unwrap_or(0.0) * 1000.0) as u64;
        let rank = |(place, process): &(usize, &ProcessInfo)| {
            (process.answered != Some(false), std::cmp::Reverse(load(process)), *place)
        };
        shown.sort_by_key(rank);
        shown.truncate(LISTED);
        // In the order of the list again, so that rows do not jump.
        shown.sort_by_key(|(place, _)| *place);
    }
    // Parents come first: the first actor of a process is what it is there for.
    let mut first: HashMap<&str, &ActorInfo> = HashMap::new();
    for actor in snapshot.actors.iter().rev() {
        first.insert(&actor.node, actor);
    }
    let row = |(place, process): (usize, &ProcessInfo)| {
        let actor = first.get(&*process.node);
        let mut row = json!({
            "i": place,
            "role": process.role,
            "title": process.title,
            "state": process.state,
            "actors": process.actors,
            "waiting": process.waiting,
            "cpu": number(brief(process.cpu.unwrap_or(0.0))),
        });
        for (name, value) in [
            ("class", actor.map(|actor| Value::from(&*actor.class))),
            ("name", actor.and_then(|actor| actor.name.as_deref()).map(Value::from)),
            ("pid", process.pid.map(Value::from)),
            ("answered", process.answered.map(Value::from)),
            ("memory", process.memory.map(|memory| number(brief(memory as f64)))),
        ] {
            if let Some(value) = value {
                row[name] = value;
            }
        }
        (process.node.clone(), row)
    };
    json!({ "count": snapshot.processes.len(), "shown": Value::Object(shown.into_iter().map(row).collect()) })
}

/// Those that lead, then those that there is something wrong with, then all others.
fn convention(snapshot: &Snapshot) -> Value {
    let convention = &snapshot.convention;
    let is_quiet = |member: &MemberInfo| !member.linked || member.heard_ago > UNHEARD;
    let mut members: Vec<&MemberInfo> = convention.members.iter().collect();
    // Those of the same rank stay in order, so that rows do not jump.
    members.sort_by_key(|member| (!member.leads, !is_quiet(member)));
    let row = |(place, member): (usize, &MemberInfo)| {
        let mut row = json!({
            "i": place,
            "identity": member.identity,
            "actors": member.actors,
            "leads": member.leads,
            "linked": member.linked,
        });
        if let Some(place) = &member.place {
            row["place"] = json!(place);
        }
        if is_quiet(member) {
            row["heard_at"] = json!((snapshot.system.seen_at - member.heard_ago).round() as i64);
        }
        (member.system.clone(), row)
    };
    let shown: Map<String, Value> = members.into_iter().take(LISTED).enumerate().map(row).collect();
    json!({
        "name": convention.name,
        "identity": convention.identity,
        "lets_in": convention.lets_in,
        "leads": convention.leads,
        "count": convention.members.len(),
        "shown": shown,
    })
}

fn letters(snapshot: &Snapshot) -> Value {
    let now = snapshot.system.seen_at;
    let letter = |letter: &DeadLetter| without_nulls(json!(letter));
    let mut kinds = Map::new();
    for (place, kind) in snapshot.dead_letters.kinds.iter().take(LISTED).enumerate() {
        let row = json!({
            "i": place,
            "message": kind.message,
            "reason": kind.reason,
            "count": kind.count,
            "first_at": (now - kind.first_ago).round() as i64,
            "last_at": (now - kind.last_ago).round() as i64,
            "first": letter(&kind.first),
        });
        kinds.insert(format!("{}|{}", kind.message, kind.reason), row);
    }
    json!({
        "total": snapshot.dead_letters.total,
        "kinds": kinds,
        "latest": snapshot.dead_letters.latest.iter().map(letter).collect::<Value>(),
    })
}
