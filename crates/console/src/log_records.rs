//! The latest records of the log of a system: its logger keeps some.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use roscius::Address;
use roscius_protocol::admin::messages::Status;
use roscius_protocol::frame::Role;
use serde_json::{Value, json};

use crate::attached::{Attached, Question, Reply};
use crate::data::Message;
use crate::snapshot::LogRecord;

/// How many records are kept here: as many as the logger keeps.
const KEPT: usize = 200;
/// What a question holds: the number of the last record that is known.
const ASKED: &str = "roscius: log records after";
/// What an address begins with as Python writes it.
const WRITTEN: &str = "ActorAddr-";

/// Asks the logger again and again. What it has not answered is not asked again, and not waited for.
#[derive(Default)]
pub(crate) struct LogReader {
    open: Option<(Address, Question)>,
    records: Option<VecDeque<LogRecord>>,
}

impl LogReader {
    /// Asks for what is new, unless the last question is still open.
    pub fn ask(&mut self, attached: &Attached, status: &Status) {
        let logger = logger_of(status);
        // Another one has taken its place.
        if self.open.as_ref().is_some_and(|(asked, _)| Some(*asked) != logger) {
            self.open = None;
        }
        if let (None, Some(logger)) = (&self.open, logger) {
            self.open = Question::ask(attached, logger, question_after(self.last())).ok().map(|it| (logger, it));
        }
    }

    /// Takes in what the logger has answered. `classes` are those of the actors that were seen.
    pub fn look(&mut self, classes: &HashMap<Address, String>) {
        if let Some(reply) = self.open.as_ref().and_then(|(_, question)| question.answer()) {
            self.open = None;
            if let Reply::Message { message: Message::Data(answer), .. } = reply {
                self.take(records(&answer), classes);
            }
        }
    }

    /// Waits for an answer that is under way, at most so long: one that finds nobody is a dead letter.
    pub fn finish(&mut self, attached: &Attached, within: Duration) {
        if let Some((_, question)) = self.open.take() {
            question.wait(attached, Instant::now() + within);
        }
    }

    /// The latest records, oldest first. None: no logger has answered yet.
    pub fn records(&self) -> Option<Vec<LogRecord>> {
        self.records.as_ref().map(|records| records.iter().cloned().collect())
    }

    fn last(&self) -> u64 {
        self.records.as_ref().and_then(|records| records.back()).map_or(0, |record| record.number)
    }

    fn take(&mut self, new: Vec<LogRecord>, classes: &HashMap<Address, String>) {
        let records = self.records.get_or_insert_default();
        for mut record in new {
            if let Some(class) = record.actor.parse().ok().and_then(|actor: Address| classes.get(&actor)) {
                record.class.clone_from(class);
            }
            if records.len() == KEPT {
                records.pop_front();
            }
            records.push_back(record);
        }
    }
}

/// The logger of a system, if it has one.
pub(crate) fn logger_of(status: &Status) -> Option<Address> {
    let logger = status.detail.members.iter().find(|member| member.role == Role::Logger && member.attached);
    logger.map(|logger| Address::new(logger.process, 0, 1, 0))
}

/// Asks a logger for the records after the one with this number.
pub(crate) fn question_after(number: u64) -> Message {
    Message::Data(json!({ ASKED: number }))
}

/// The records in the answer of a logger.
pub(crate) fn records(answer: &Value) -> Vec<LogRecord> {
    let read = |value: &Value| {
        let mut record: LogRecord = serde_json::from_value(value.clone()).ok()?;
        if let Some(address) = record.actor.strip_prefix(WRITTEN) {
            record.actor = address.to_owned();
        }
        Some(record)
    };
    answer.as_array().into_iter().flatten().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64, actor: &str) -> Value {
        json!({ "number": number, "at": 1.5, "level": "ERROR", "logger": "root", "actor": actor, "text": "it failed" })
    }

    #[test]
    fn records_are_read_as_python_writes_them_and_others_left_out() {
        let answer =
            json!([record(7, "ActorAddr-2142a83e00000011/0.1.0"), "no record", { "number": 8 }, record(9, "")]);
        let [first, second] = &records(&answer)[..] else { panic!("{answer}") };
        assert_eq!((first.number, &*first.actor, &*first.text), (7, "2142a83e00000011/0.1.0", "it failed"));
        assert_eq!((second.number, &*second.actor), (9, ""));
        assert_eq!(records(&json!({ "no": "list" })), []);
    }

    #[test]
    fn the_latest_are_kept_with_the_classes_of_their_actors() {
        let actor = "2142a83e00000011/0.1.0";
        let classes = HashMap::from([(actor.parse().unwrap(), "shop.Clerk".to_owned())]);
        let mut reader = LogReader::default();
        assert_eq!((reader.records(), reader.last()), (None, 0));
        let many: Vec<Value> = (1..=KEPT as u64 + 5).map(|number| record(number, actor)).collect();
        reader.take(records(&Value::from(many)), &classes);
        let kept = reader.records().unwrap();
        assert_eq!((kept.len(), kept[0].number, reader.last()), (KEPT, 6, KEPT as u64 + 5));
        assert_eq!(kept[0].class, "shop.Clerk");
    }
}
