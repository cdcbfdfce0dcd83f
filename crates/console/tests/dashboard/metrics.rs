//! What Prometheus reads.

use roscius_console::dashboard::Options;

use crate::stage::Stage;

/// The value of a metric with these labels.
fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn metrics_are_open_metrics_and_counters_only_grow() {
    let stage = Stage::start(Options::default());
    stage.change(|model| model.snapshot.actors[1].handled = 100);
    stage.until_looked();
    let first = stage.ask("GET /metrics");
    assert!(first.header("content-type").unwrap().starts_with("application/openmetrics-text; version=1.0.0"));
    let text = &first.body;
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert_eq!(value(text, "roscius_up"), Some(1.0), "{text}");
    assert_eq!(value(text, r#"roscius_actors{class="Worker"}"#), Some(3.0), "{text}");
    assert_eq!(value(text, r#"roscius_mailbox_messages{class="Worker"}"#), Some(9.0), "{text}");
    let letters = r#"roscius_dead_letters_total{message="Job",reason="nobody has the address"}"#;
    assert_eq!(value(text, letters), Some(1.0), "{text}");
    let handled = r#"roscius_messages_handled_total{class="Worker"}"#;
    assert_eq!(value(text, handled), Some(100.0), "{text}");
    // The actor that has handled most ends, and another takes its place.
    stage.change(|model| {
        model.snapshot.actors[1].address.push('1');
        model.snapshot.actors[1].handled = 5;
    });
    stage.until_looked();
    assert_eq!(value(&stage.ask("GET /metrics").body, handled), Some(105.0));
}

#[test]
fn names_of_classes_can_not_break_out_of_their_labels() {
    let stage = Stage::start(Options::default());
    stage.change(|model| "a\"} 1\nroscius_up 0\\".clone_into(&mut model.snapshot.classes[0].class));
    stage.until_looked();
    let text = stage.ask("GET /metrics").body;
    let expected = r#"roscius_actors{class="a\"} 1\nroscius_up 0\\"} 3"#;
    assert!(text.lines().any(|line| line == expected), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("roscius_up")).collect::<Vec<_>>(), ["roscius_up 1"]);
}
