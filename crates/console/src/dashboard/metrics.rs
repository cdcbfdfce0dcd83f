//! What Prometheus reads: the newest picture, as OpenMetrics.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::picture::Picture;
use crate::snapshot::{ProcessInfo, Snapshot};

/// The type of the text.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of a picture, as text.
pub(super) fn text(picture: Arc<Picture>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("roscius");
    registry.register_collector(Box::new(Scrape(picture)));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

/// The labels of one value: names and values.
type Labels = Vec<(&'static str, String)>;

#[derive(Debug)]
struct Scrape(Arc<Picture>);

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let picture = &*self.0;
        let mut out = Out(encoder);
        let is_up = picture.lost.is_none();
        out.gauge("up", "Whether the actor system is seen", None, alone(i64::from(is_up)))?;
        match &picture.snapshot {
            Some(snapshot) if is_up => system(picture, snapshot, &mut out),
            _ => Ok(()),
        }
    }
}

fn system(picture: &Picture, snapshot: &Snapshot, out: &mut Out<'_>) -> fmt::Result {
    let Snapshot { system, totals, classes, .. } = snapshot;
    let label = |name: &'static str, value: &str| vec![(name, value.to_owned())];

    let name = label("system", &system.name);
    out.gauge("system", "The actor system that is observed", None, [(name, 1)])?;
    let started = system.seen_at - system.uptime;
    out.gauge("start_time", "When the system was started, since 1970", Some(&Unit::Seconds), alone(started))?;
    let took = system.seen_within;
    out.gauge("look_duration", "How long the last look at the system took", Some(&Unit::Seconds), alone(took))?;

    let of_class = |class: &str| label("class", class);
    let actors = classes.iter().map(|class| (of_class(&class.class), class.actors as i64));
    out.gauge("actors", "Actors, by class", None, actors)?;
    let waiting = classes.iter().map(|class| (of_class(&class.class), class.waiting as i64));
    out.gauge("mailbox_messages", "Messages that wait, by class of the receiver", None, waiting)?;
    let counted = &picture.counted;
    let handled = counted.handled.iter().map(|(class, count)| (of_class(class), *count));
    out.counter("messages_handled", "Messages handled, by class of actor", handled)?;
    let restarts = counted.restarts.iter().map(|(class, count)| (of_class(class), *count));
    out.counter("actor_restarts", "Restarts of actors, by class", restarts)?;
    out.counter("actor_failures", "Handlers that have failed", alone(counted.failures))?;
    out.counter("messages_returned", "Messages that went back to their sender", alone(counted.returned))?;
    let letters = counted
        .dead_letters
        .iter()
        .map(|((message, reason), count)| (vec![("message", message.clone()), ("reason", reason.clone())], *count));
    out.counter("dead_letters", "Messages that reached nobody, by type and reason", letters)?;

    out.gauge("pending_creations", "Actors that are being made", None, alone(snapshot.pending.len() as i64))?;
    out.gauge("pending_timers", "Wakeups and other timers to come", None, alone(totals.timers as i64))?;
    let sources = alone(snapshot.sources.len() as i64);
    out.gauge("sources", "Loaded sources", None, sources)?;
    let mut warnings: BTreeMap<(String, String), i64> = BTreeMap::new();
    for warning in &snapshot.warnings {
        *warnings.entry((word(&warning.severity), word(&warning.kind))).or_default() += 1;
    }
    let warnings =
        warnings.into_iter().map(|((severity, kind), count)| (vec![("severity", severity), ("kind", kind)], count));
    out.gauge("warnings", "What is wrong or to be looked at", None, warnings)?;

    processes(snapshot, out)
}

fn processes(snapshot: &Snapshot, out: &mut Out<'_>) -> fmt::Result {
    let processes = &snapshot.processes;
    let labels = |process: &ProcessInfo| vec![("node", process.node.clone()), ("role", word(&process.role))];
    let mut roles: BTreeMap<String, i64> = BTreeMap::new();
    for process in processes {
        *roles.entry(word(&process.role)).or_default() += 1;
    }
    let roles = roles.into_iter().map(|(role, count)| (vec![("role", role)], count));
    out.gauge("processes", "Processes of the system, by role", None, roles)?;
    let silent = processes.iter().filter(|process| process.answered == Some(false)).count();
    out.gauge("processes_unanswering", "Processes that do not answer", None, alone(silent as i64))?;
    let memory = processes.iter().filter_map(|process| Some((labels(process), process.memory? as i64)));
    out.gauge("process_memory", "Memory of a process, with its part of what it shares", Some(&Unit::Bytes), memory)?;
    let resident = processes.iter().filter_map(|process| Some((labels(process), process.resident? as i64)));
    out.gauge("process_resident_memory", "Memory of a process, shared or not", Some(&Unit::Bytes), resident)?;
    let cpu = processes.iter().filter_map(|process| Some((labels(process), process.cpu_time?)));
    out.seconds("process_cpu", "Time that a process has computed", cpu)
}

/// The only value of a metric.
fn alone<V>(value: V) -> [(Labels, V); 1] {
    [(Labels::new(), value)]
}

/// How a value of a small enumeration is written.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Writes one value of a metric. Without labels there are no brackets either.
fn labelled(
    family: &mut MetricEncoder<'_>,
    labels: &Labels,
    write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result {
    if labels.is_empty() { write(family) } else { write(&mut family.encode_family(labels)?) }
}

/// Writes metrics, each with all its values.
struct Out<'a>(DescriptorEncoder<'a>);

impl Out<'_> {
    fn gauge<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        values: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (labels, value) in values {
            labelled(&mut family, &labels, |value_of| value_of.encode_gauge(&value))?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            labelled(&mut family, &labels, |value_of| value_of.encode_counter::<NoLabelSet, _, u64>(&value, None))?;
        }
        Ok(())
    }

    fn seconds(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Counter)?;
        for (labels, value) in values {
            labelled(&mut family, &labels, |value_of| value_of.encode_counter::<NoLabelSet, _, f64>(&value, None))?;
        }
        Ok(())
    }
}
