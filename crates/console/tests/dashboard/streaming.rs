//! What browsers get while something happens, those too that read slowly or are gone.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use roscius_console::dashboard::Options;
use roscius_console::snapshot::{ActorInfo, ClassInfo, MemberInfo, Snapshot};
use serde_json::json;

use crate::http::Events;
use crate::stage::{PATIENCE, Stage, small};

/// A parent with ten thousand children.
fn large() -> Snapshot {
    let mut snapshot = small();
    let child = |place: usize| ActorInfo {
        address: format!("n1/0.{:x}.0", place + 100),
        class: "Grain".to_owned(),
        parent: Some("n1/0.1.0".to_owned()),
        node: "n1".to_owned(),
        waiting: place as u64 % 7,
        ..ActorInfo::default()
    };
    snapshot.actors.extend((0..10_000).map(child));
    snapshot.totals.actors += 10_000;
    snapshot.classes.push(ClassInfo { class: "Grain".to_owned(), actors: 10_000, ..ClassInfo::default() });
    snapshot
}

#[test]
fn the_first_event_is_all_and_others_are_what_has_changed() {
    let stage = Stage::start(Options::default());
    let mut events = Events::open(stage.address, "/events", &stage.token);
    let (name, mut whole) = events.next().unwrap();
    assert_eq!(name, "whole");
    // Perhaps the system was not looked at yet.
    while whole["document"]["rows"].is_null() {
        whole = json!({ "document": events.next().unwrap().1 });
    }
    let rows = &whole["document"]["rows"];
    assert_eq!(rows["n1/0.1.0"]["n"], "boss");
    assert_eq!((&rows["n1/0.2.0"]["p"], &rows["n1/0.2.0"]["w"]), (&json!("n1/0.1.0"), &json!(2)));
    stage.change(|model| model.snapshot.actors[2].waiting = 77);
    let since = Instant::now();
    loop {
        let (name, patch) = events.next().unwrap();
        assert_eq!(name, "patch");
        assert!(patch["system"].is_null(), "nothing of that has changed: {patch}");
        if patch["rows"] == json!({ "n1/0.3.0": { "w": 77 } }) {
            break;
        }
        assert!(since.elapsed() < PATIENCE);
    }
    stage.change(|model| model.snapshot.actors.truncate(3));
    while !events.next().unwrap().1["rows"].get("n1/0.4.0").is_some_and(|row| row.is_null()) {
        assert!(since.elapsed() < PATIENCE, "the end of an actor is not told");
    }
}

#[test]
fn ten_thousand_actors_are_a_few_rows_until_somebody_opens_them() {
    let stage = Stage::of(Options::default(), large());
    stage.until_looked();
    let document = |path: &str| {
        let whole = Events::open(stage.address, path, &stage.token).next().unwrap().1;
        (whole["document"].clone(), whole.to_string().len())
    };
    let (shut, length) = document("/events");
    assert!(length < 12_000, "{length} bytes");
    let group = &shut["rows"]["n1/0.1.0|Grain"];
    assert_eq!((&group["count"], &group["k"]), (&json!(10_000), &json!("group")));
    let (open, length) = document("/events?open=n1/0.1.0%7CGrain");
    assert!(length < 40_000, "{length} bytes");
    assert_eq!(open["rows"]["n1/0.1.0|Grain|…"]["count"], 9_950);
    let (more, _) = document("/events?open=n1/0.1.0%7CGrain%09250");
    assert_eq!(more["rows"]["n1/0.1.0|Grain|…"]["count"], 9_750);
    let (most, length) = document("/events?open=n1/0.1.0%7CGrain%0910000");
    assert!(length < 250_000 && most["rows"].as_object().unwrap().len() <= 600, "{length} bytes");
    let (found, _) = document("/events?find=GRAIN&order=waiting");
    assert_eq!(found["rows"]["|…"]["count"], 9_950);
    let (one, _) = document("/events?find=0.2b00.0");
    assert!(one["rows"].as_object().unwrap().len() <= 1);
}

#[test]
fn of_a_large_convention_those_that_matter_are_shown() {
    let mut snapshot = small();
    let member = |place: usize| MemberInfo {
        identity: format!("host-{place}"),
        system: format!("{place:08x}"),
        linked: place != 7_000,
        leads: place == 9_000,
        heard_ago: if place == 5_000 { 8.0 } else { 0.25 },
        ..MemberInfo::default()
    };
    snapshot.convention.members = (0..10_000).map(member).collect();
    let stage = Stage::of(Options::default(), snapshot);
    stage.until_looked();
    let whole = Events::open(stage.address, "/events", &stage.token).next().unwrap().1;
    let convention = &whole["document"]["convention"];
    assert_eq!(convention["count"], 10_000);
    let rows = convention["shown"].as_object().unwrap();
    assert_eq!(rows.len(), 40);
    let place = |system: usize| &rows[&format!("{system:08x}")]["i"];
    assert_eq!([9_000, 5_000, 7_000, 0].map(place), [&json!(0), &json!(1), &json!(2), &json!(3)]);
    assert!(rows["00000000"]["heard_at"].is_null() && rows["00001388"]["heard_at"].is_number());
}

#[test]
fn garbage_in_the_url_of_the_events_harms_nobody() {
    let stage = Stage::start(Options::default());
    for query in ["open=%ff%00&shut=%09", "open=a%09-1%0ab%0999999999999999999999", "find=%F0%9F%A6%80", "x=y", "?&&=="]
    {
        assert_eq!(stage.ask(&format!("GET /events?{query}")).status, 200, "{query}");
    }
    assert_eq!(stage.ask("GET /events?order=upwards").status, 400);
    let long = "x".repeat(200_000);
    assert!(matches!(stage.ask(&format!("GET /events?find={long}")).status, 400..=431));
}

#[test]
fn a_browser_that_reads_nothing_holds_up_nobody_and_is_given_little() {
    let stage = Stage::of(Options::default(), large());
    // It opens as much as it can, reads the head of the answer, and nothing more.
    let path = "/events?open=n1/0.1.0%7CGrain%09500";
    let slow: Vec<TcpStream> = (0..4).map(|_| Events::open(stage.address, path, &stage.token).into_inner()).collect();
    let mut events = Events::open(stage.address, "/events", &stage.token);
    for round in 0..4u64 {
        // All rows change each time.
        stage.change(|model| {
            for (place, actor) in model.snapshot.actors.iter_mut().enumerate() {
                actor.waiting = place as u64 * (round + 1);
            }
        });
        stage.until_looked();
        assert!(events.next().is_some());
    }
    assert_eq!(stage.ask("GET /metrics").status, 200);
    drop(slow);
}

#[test]
fn places_of_browsers_that_are_gone_are_free_again() {
    let stage = Stage::start(Options::default());
    let open = || stage.ask("GET /events").status;
    let mut held: Vec<Events> = (0..16).map(|_| Events::open(stage.address, "/events", &stage.token)).collect();
    assert_eq!(open(), 503, "there are no more places");
    // Some say goodbye, some do not.
    let rude = held.pop().unwrap().into_inner();
    rude.set_nonblocking(true).unwrap();
    let _ = (&rude).write(b"garbage after the request");
    drop((rude, held));
    let since = Instant::now();
    while open() != 200 {
        assert!(since.elapsed() < PATIENCE, "the places are lost");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_system_that_ends_is_said_to_be_gone_and_found_again() {
    let stage = Stage::start(Options::default());
    stage.until_looked();
    let mut events = Events::open(stage.address, "/events", &stage.token);
    stage.change(|model| model.lost = Some("it has ended".to_owned()));
    let since = Instant::now();
    while events.next().unwrap().1["lost"] != "it has ended" {
        assert!(since.elapsed() < PATIENCE);
    }
    let metrics = stage.ask("GET /metrics").body;
    assert!(metrics.contains("roscius_up 0") && !metrics.contains("roscius_actors{"), "{metrics}");
    stage.change(|model| model.lost = None);
    loop {
        let patch = events.next().unwrap().1;
        if patch.get("lost").is_some_and(|lost| lost.is_null()) {
            break;
        }
        assert!(since.elapsed() < PATIENCE);
    }
}

#[test]
fn the_last_lines_of_a_log_are_shown_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("system.log");
    std::fs::write(&path, "first\nsecond\n").unwrap();
    let stage = Stage::start(Options { log: Some(path.clone()), ..Options::default() });
    stage.until_looked();
    let mut events = Events::open(stage.address, "/events", &stage.token);
    assert_eq!(events.next().unwrap().1["document"]["log"]["2"]["text"], "second");
    let mut log = std::fs::File::options().append(true).open(&path).unwrap();
    writeln!(log, "<script>alert(1)</script>").unwrap();
    let since = Instant::now();
    while events.next().unwrap().1["log"]["3"]["text"] != "<script>alert(1)</script>" {
        assert!(since.elapsed() < PATIENCE);
    }
}
