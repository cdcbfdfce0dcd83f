//! `status`, `ps` and `list`.

use serde_json::Value;

use crate::cast::{Add, Bear, Write};
use crate::scene::{Place, Scene, until};

#[test]
fn who_has_no_system_is_told_so() {
    let place = Place::new("none");
    assert!(place.run(&["status"]).failed(2).contains("no actor system of yours runs"));
    assert!(place.run(&["status", "1900"]).failed(2).contains("there is no actor system `1900`, and no other"));
    assert_eq!(place.run(&["list"]).well(), "no actor system of yours runs on this machine\n");
    assert_eq!(place.json(&["list", "--json"]), (0, Value::Array(Vec::new())));
    let said = place.run(&["status", "--within", "0"]);
    assert!(said.code == 2 && said.err.contains("it is no time to wait"), "{said:?}");
}

#[test]
fn the_status_of_a_system_that_works() {
    let scene = Scene::new("works");
    scene.system.ask(scene.other, Add { more: 1 }).wait().unwrap();
    scene.system.ask(scene.other, Bear).wait().unwrap();
    let (code, status) = scene.place.json(&["status", "--json"]);
    assert_eq!((code, &status["healthy"], &status["warnings"]), (0, &Value::Bool(true), &Value::Array(Vec::new())));
    assert_eq!(status["system"]["name"], "queue-shop");
    assert_eq!(status["system"]["makers"][0], "clerk");
    assert_eq!(status["totals"]["actors"], 3);
    // The Admin, the starter, and two with actors; and this test.
    assert_eq!((&status["totals"]["processes"], &status["totals"]["programs"]), (&4.into(), &1.into()));
    assert!(status["totals"]["rate"].is_number());
    let actors = status["actors"].as_array().unwrap();
    let of = |address: roscius::Address| actors.iter().find(|actor| actor["address"] == *address.to_string()).unwrap();
    let (named, other) = (of(scene.named.address()), of(scene.other.address()));
    assert_eq!((&named["name"], &named["class"]), (&"clerk".into(), &"command::cast::Clerk".into()));
    assert_eq!((&other["handled"], &other["waiting"], &other["parent"]), (&2.into(), &0.into(), &Value::Null));
    let child = actors.iter().find(|actor| actor["parent"] == other["address"]).unwrap();
    assert_eq!((&child["pid"], &child["node"]), (&other["pid"], &other["node"]));
    let processes = status["processes"].as_array().unwrap();
    assert_eq!(processes[0]["role"], "admin");
    for process in processes {
        assert!(process["memory"].as_u64().unwrap() > 100_000, "{process}");
        assert!(process["pid"].as_u64().unwrap() > 1, "{process}");
    }
    let text = scene.run(&["status", "shop"]);
    let text = text.well();
    assert!(text.starts_with("queue-shop  up ") && text.lines().next().unwrap().ends_with("healthy"), "{text}");
    assert!(text.contains("3 actors in 4 processes") && text.contains("command::cast::Clerk"), "{text}");
}

#[test]
fn actors_and_processes_are_listed() {
    let scene = Scene::new("listed");
    scene.system.ask(scene.other, Bear).wait().unwrap();
    let actors = scene.run(&["ps"]);
    let lines: Vec<&str> = actors.well().lines().collect();
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(lines[0].starts_with("ADDRESS") && lines[0].ends_with("ACTOR"));
    assert!(lines.iter().any(|line| line.ends_with("  command::cast::Clerk `clerk`")), "{lines:#?}");
    // A child is indented, right under its parent.
    let parent = lines.iter().position(|line| line.starts_with(&scene.other.address().to_string())).unwrap();
    assert!(lines[parent + 1].ends_with("    command::cast::Clerk"), "{lines:#?}");
    let processes = scene.run(&["ps", "--processes"]);
    let roles: Vec<_> = processes.well().lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(roles, ["ROLE", "admin", "actors", "actors", "starter", "program"]);
    let (_, processes) = scene.place.json(&["ps", "--processes", "--json"]);
    assert_eq!(processes.as_array().unwrap().len(), 5);
}

#[test]
fn of_several_systems_one_has_to_be_named() {
    let place = Place::new("several");
    let systems = [place.start("first"), place.start("second")];
    let said = place.run(&["status"]);
    assert!(said.failed(2).contains("queue-first, queue-second"), "{said:?}");
    for name in ["first", "queue-second"] {
        assert!(place.run(&["status", name]).well().contains(name.trim_start_matches("queue-")));
        assert!(place.run(&["ps", "--system", name]).well().starts_with("ADDRESS"));
    }
    let listed = place.run(&["list"]);
    assert_eq!(listed.well().lines().filter(|line| line.contains(" runs ")).count(), 2);
    drop(systems);
}

#[test]
fn messages_that_reach_nobody_are_told_with_their_cause() {
    let scene = Scene::new("dead");
    scene.system.exit(scene.named);
    let gone = || !scene.run(&["ps"]).out.contains(&scene.named.address().to_string());
    until("the clerk has exited", gone);
    for _ in 0..3 {
        scene.system.ask(scene.other, Write(scene.named.address())).wait().unwrap();
    }
    until("the letters are counted", || scene.system.status().unwrap().dead_letters == 3);
    let (code, status) = scene.place.json(&["status", "--json"]);
    assert_eq!((code, &status["healthy"]), (1, &Value::Bool(false)));
    let letters = &status["dead_letters"];
    assert_eq!((&letters["total"], letters["kinds"].as_array().unwrap().len()), (&3.into(), 1));
    let kind = &letters["kinds"][0];
    assert_eq!((&kind["count"], &kind["reason"]), (&3.into(), &"nobody has the address".into()));
    assert!(kind["message"].as_str().unwrap().ends_with("Add"), "{kind}");
    assert_eq!(kind["first"]["sender"], scene.other.address().to_string());
    assert_eq!(kind["first"]["target"], scene.named.address().to_string());
    assert_eq!(status["warnings"][0]["kind"], "dead_letters");
    let said = scene.run(&["status"]);
    assert!(
        said.code == 1 && said.out.contains("SOMETHING IS WRONG") && said.out.contains("reached nobody"),
        "{said:?}"
    );
}
