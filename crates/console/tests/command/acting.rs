//! `tell`, `ask`, `kill`, `shutdown`, `capabilities`, `shell` and `completions`.

use std::path::Path;

use rustix::process::{Pid, test_kill_process};

use crate::cast::{Add, Bear};
use crate::scene::{Place, Scene, until};

fn runs(pid: u32) -> bool {
    test_kill_process(Pid::from_raw(pid.cast_signed()).unwrap()).is_ok()
}

#[test]
fn an_actor_is_asked_with_plain_data_or_a_registered_message() {
    let scene = Scene::new("asked");
    let other = scene.other.address().to_string();
    assert_eq!(scene.run(&["ask", "clerk", "hello"]).well(), "HELLO\n");
    assert_eq!(scene.run(&["ask", "clerk", "--json", "\"hello\""]).well(), "\"HELLO\"\n");
    assert_eq!(scene.place.run_with(&["ask", "clerk", "-"], "long text").well(), "LONG TEXT\n");
    let add = ["ask", other.as_str(), "--json", "--type", "command::cast::Add", "{\"more\": 5}"];
    assert_eq!(scene.run(&add).well(), "105\n");
    assert_eq!(scene.run(&["tell", "clerk", "--type", "command::cast::Add", "{\"more\": 7}"]).well(), "");
    let sum = || scene.system.ask(scene.named, Add { more: 0 }).wait().unwrap();
    until("what was told is heard", || sum() == 7);
}

#[test]
fn what_is_wrong_with_a_message_is_said() {
    let scene = Scene::new("refused");
    let failed = |arguments: &[&str]| scene.run(arguments).failed(1).to_owned();
    assert!(failed(&["ask", "boss", "hello"]).contains("no actor has the name, address or class `boss`"));
    assert!(failed(&["ask", "Clerk", "hello"]).contains("2 actors are a `Clerk`"));
    assert!(failed(&["ask", "clerk", "--json", "{hello"]).contains("this is not JSON"));
    let refused = failed(&["ask", "clerk", "--json", "[1, 2]"]);
    assert!(refused.contains("gave the message back") && refused.contains("no pickles"), "{refused}");
    let unknown = failed(&["ask", "clerk", "--type", "Nonsense", "{}"]);
    assert!(unknown.contains("no message type `Nonsense` is registered"), "{unknown}");
    let silent = failed(&["ask", "clerk", "--json", "true", "--timeout", "0.3"]);
    assert!(silent.contains("gave no answer within 0.3 s"), "{silent}");
    let mut nobody = scene.other.address().to_string();
    nobody.push('7');
    assert!(failed(&["tell", &nobody, "hello"]).contains("nobody has the address"));
}

#[test]
fn an_actor_exits_or_its_process_is_killed() {
    let scene = Scene::new("killed");
    let (named, other) = (scene.pid(scene.named), scene.pid(scene.other));
    assert!(scene.run(&["kill", "clerk"]).well().contains("`clerk` has exited"));
    until("its process ends", || !runs(named));
    scene.system.ask(scene.other, Bear).wait().unwrap();
    let (_, actors) = scene.place.json(&["ps", "--json"]);
    let child = actors.as_array().unwrap().iter().find(|actor| !actor["parent"].is_null()).unwrap();
    let address = child["address"].as_str().unwrap();
    let shared = scene.run(&["kill", "--force", address]);
    assert!(shared.failed(1).contains("shares the process"), "{shared:?}");
    assert!(runs(other));
    let said = scene.run(&["kill", "--force", &scene.other.address().to_string()]);
    assert!(said.well().contains(&format!("process {other} of")), "{said:?}");
    until("nobody is left", || scene.run(&["ps"]).out.lines().count() == 1);
}

#[test]
fn a_system_is_shut_down_and_leaves_nothing() {
    let scene = Scene::new("ended");
    let pids = [scene.pid(scene.named), scene.pid(scene.other)];
    assert_eq!(scene.run(&["shutdown"]).well(), "queue-shop is shut down\n");
    assert!(!pids.into_iter().any(runs));
    assert_eq!(scene.run(&["status", "shop"]).code, 2);
    scene.system.shutdown().unwrap();
    assert_eq!(scene.run(&["list"]).well(), "no actor system of yours runs on this machine\n");
}

#[test]
fn capabilities_are_shown_and_set() {
    let scene = Scene::new("capable");
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    assert_eq!(scene.run(&["capabilities"]).well(), format!("arch: {arch}\nos: {os}\n"));
    scene.run(&["capabilities", "set", "Has Till", "true"]).well();
    scene.run(&["capabilities", "set", "Place", "the corner"]).well();
    scene.run(&["capabilities", "set", "Has Till", "[1, -2]"]).well();
    let listed = format!("Has Till: [1,-2]\nPlace: the corner\narch: {arch}\nos: {os}\n");
    assert_eq!(scene.run(&["capabilities"]).well(), listed);
    assert_eq!(scene.place.json(&["status", "--json"]).1["system"]["capabilities"]["Place"], "the corner");
    for name in ["Place", "os"] {
        scene.run(&["capabilities", "remove", name]).well();
    }
    let left = format!("{{\"Has Till\":[1,-2],\"arch\":\"{arch}\"}}\n");
    assert_eq!(scene.run(&["capabilities", "list", "--json"]).well(), left);
    assert!(scene.run(&["capabilities", "remove", "Place"]).failed(1).contains("no capability `Place`"));
}

#[test]
fn a_system_without_a_logger_has_no_level() {
    let scene = Scene::new("unlogged");
    assert!(scene.run(&["log", "level"]).failed(1).contains("has no logger"));
    assert!(scene.run(&["log", "level", "LOUD"]).failed(1).contains("`LOUD` is no level"));
}

#[test]
fn a_shell_carries_out_one_command_after_the_other() {
    let scene = Scene::new("shell");
    let input = "ask clerk 'two words'\n\nnonsense\nask nobody x\nps --help\nask clerk \"x\nkill clerk\nps\nexit\nask clerk x\n";
    let said = scene.place.run_with(&["shell"], input);
    assert_eq!(said.code, 0, "the last command went well: {said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "TWO WORDS");
    assert!(said.out.contains("The actors, parents before their children"), "{said:?}");
    assert!(said.out.contains("`clerk` has exited"), "{said:?}");
    assert!(lines[lines.len() - 1].ends_with("command::cast::Clerk"), "{said:?}");
    assert!(said.err.contains("unrecognized subcommand 'nonsense'"), "{said:?}");
    assert!(said.err.contains("no actor has the name, address or class `nobody`"), "{said:?}");
    assert!(said.err.contains("there is no second `\"`"), "{said:?}");
    let failing = scene.place.run_with(&["shell"], "ps\nask nobody x\n");
    assert_eq!(failing.code, 1, "{failing:?}");
}

#[test]
fn commands_can_be_completed() {
    let place = Place::new("completed");
    let script = place.0.join("roscius.bash");
    std::fs::write(&script, place.run(&["completions", "bash"]).well()).unwrap();
    let check = |script: &Path| std::process::Command::new("bash").arg("-n").arg(script).status().unwrap();
    assert!(check(&script).success());
    assert!(std::fs::read_to_string(&script).unwrap().contains("capabilities"));
}
