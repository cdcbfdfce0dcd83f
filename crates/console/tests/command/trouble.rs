//! Processes that are stopped or killed, and commands that vanish.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::scene::{Scene, Stopped, signal, until};

/// A little more than the commands here wait.
const SOON: Duration = Duration::from_secs(4);

#[test]
fn an_actor_that_is_stopped_is_seen_and_hangs_nothing() {
    let scene = Scene::new("stopped");
    let pid = scene.pid(scene.named);
    let stopped = Stopped::new(pid);
    let said = scene.run(&["status", "--json", "--within", "0.5"]);
    assert!(said.code == 1 && said.took < SOON, "{said:?}");
    let status: Value = serde_json::from_str(&said.out).unwrap();
    let warning = &status["warnings"][0];
    assert_eq!(
        (&warning["kind"], &warning["subject"]),
        (&"unanswering".into(), &scene.named.address().to_string().into())
    );
    assert!(warning["what"].as_str().unwrap().starts_with(&format!("`clerk` (process {pid}) does not answer")));
    assert!(warning["why"].as_str().unwrap().contains(&format!("kill -CONT {pid}")));
    let actors = status["actors"].as_array().unwrap();
    let state = |address: String| actors.iter().find(|actor| actor["address"] == *address).unwrap()["state"].clone();
    assert_eq!(
        (state(scene.named.address().to_string()), state(scene.other.address().to_string())),
        ("unanswering".into(), "idle".into())
    );
    assert_eq!(status["totals"]["unseen"], 1);
    assert!(status["totals"]["rate"].is_number(), "the others are seen twice");
    // It is there, and may take what waits later.
    let told = scene.run(&["tell", "clerk", "hello", "--within", "0.3"]);
    assert!(told.well().contains("does not answer now"), "{told:?}");
    let asked = scene.run(&["ask", "clerk", "hello", "--within", "0.3", "--timeout", "0.3"]);
    assert!(asked.failed(1).contains("its process does not answer") && asked.took < SOON, "{asked:?}");
    let killed = scene.run(&["kill", "clerk", "--within", "0.3", "--timeout", "0.3"]);
    assert!(killed.failed(1).contains("kill --force"), "{killed:?}");
    drop(stopped);
    until("it exits as it was told", || scene.place.json(&["status", "--json"]).1["totals"]["actors"] == 1);
}

#[test]
fn an_admin_that_is_stopped_is_what_is_wrong() {
    let scene = Scene::new("no-admin");
    let (_, processes) = scene.place.json(&["ps", "--processes", "--json"]);
    let admin = u32::try_from(processes[0]["pid"].as_u64().unwrap()).unwrap();
    let stopped = Stopped::new(admin);
    let said = scene.run(&["status", "--within", "0.3"]);
    assert!(said.code == 1 && said.took < SOON, "{said:?}");
    assert!(said.out.contains(&format!("the Admin of `queue-shop` (process {admin}) does not answer")), "{said:?}");
    assert!(said.out.contains("kill -CONT"), "{said:?}");
    for command in
        [&["ps", "--within", "0.3"][..], &["ask", "clerk", "x", "--within", "0.3"], &["shutdown", "--within", "0.3"]]
    {
        let said = scene.run(command);
        assert!(said.failed(1).contains("does not answer within 0.3 s") && said.took < SOON, "{said:?}");
    }
    drop(stopped);
    until("all is well again", || scene.run(&["status"]).code == 0);
}

#[test]
fn a_system_whose_admin_was_killed_is_told_apart() {
    let scene = Scene::new("dead-admin");
    let (_, processes) = scene.place.json(&["ps", "--processes", "--json"]);
    signal(u32::try_from(processes[0]["pid"].as_u64().unwrap()).unwrap(), Signal::KILL);
    until("nobody listens", || scene.run(&["list"]).out.contains("has ended"));
    assert!(scene.run(&["status", "shop"]).failed(2).contains("the Admin of `queue-shop` has ended"));
    assert_eq!(scene.run(&["status"]).code, 2);
}

#[test]
fn commands_leave_nothing_behind_even_if_they_are_killed() {
    let scene = Scene::new("vanishing");
    let members = || scene.system.status().unwrap().detail.members.len();
    let sockets = || std::fs::read_dir(directory(&scene)).unwrap().count();
    let before = (members(), sockets());
    for _ in 0..5 {
        scene.run(&["status"]).well();
    }
    until("they have left", || (members(), sockets()) == before);
    let stopped = Stopped::new(scene.pid(scene.named));
    for _ in 0..5 {
        // It waits for the one that is stopped.
        let mut command = scene.place.command(&["status", "--within", "60"]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        until("it has joined", || members() > before.0);
        child.kill().unwrap();
        child.wait().unwrap();
        until("the Admin has noticed", || members() == before.0);
    }
    drop(stopped);
    scene.run(&["status"]).well();
}

fn directory(scene: &Scene) -> std::path::PathBuf {
    let (_, status) = scene.place.json(&["status", "--json"]);
    status["system"]["directory"].as_str().unwrap().into()
}
