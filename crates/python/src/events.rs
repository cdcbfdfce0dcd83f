//! What the links and the Admin report goes to the log file of the actor system: their processes have no other.

use std::fmt::{self, Write};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The crates that work where nobody else could tell.
const REPORTERS: [&str; 2] = ["roscius_host", "roscius_transport"];

/// Takes warnings and errors.
struct ToOwnLog;

/// Has events written from now on, unless somebody takes them already.
pub(crate) fn write() {
    let _ = tracing::subscriber::set_global_default(ToOwnLog);
}

impl Subscriber for ToOwnLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let by = metadata.target().split("::").next().unwrap_or_default();
        metadata.is_event() && *metadata.level() <= Level::WARN && REPORTERS.contains(&by)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let level = if *event.metadata().level() == Level::ERROR { 40 } else { 30 };
        // At the end of the interpreter there is nowhere to write.
        Python::try_attach(|py| {
            let named = PyDict::new(py);
            let _ = named.set_item("level", level);
            let thesplog = py.import("thespian.system.thesplog").and_then(|module| module.getattr("thesplog"));
            let _ = thesplog.and_then(|thesplog| thesplog.call(("%s", text.whole()), Some(&named)));
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event as one line.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn whole(self) -> String {
        self.message + &self.fields
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, ", {name}: {value:?}"),
        };
    }
}
