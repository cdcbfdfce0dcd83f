use roscius::status::ActorState as Doing;

use super::*;
use crate::snapshot::{ConventionInfo, DeadLetter, DeadLetterKind, MemberInfo, PendingCreation};

fn actor(address: &str) -> ActorInfo {
    let class = "shop.Clerk".to_owned();
    ActorInfo {
        address: address.to_owned(),
        class,
        node: "1".to_owned(),
        state: ActorState::Seen(Doing::Idle),
        ..ActorInfo::default()
    }
}

fn process() -> ProcessInfo {
    let (node, pid) = ("1".to_owned(), Some(7));
    ProcessInfo { node, pid, answered: Some(true), state: ProcessState::Sleeping, ..ProcessInfo::default() }
}

fn healthy() -> Snapshot {
    let mut snapshot = Snapshot { actors: vec![actor("1/0.1.0")], processes: vec![process()], ..Snapshot::default() };
    snapshot.system.makers.push("python".to_owned());
    snapshot
}

/// The only warning, and whether it makes the system an unhealthy one.
fn only(snapshot: &Snapshot) -> (bool, String) {
    let warnings = all(snapshot);
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    (!is_healthy(&warnings), format!("{}: {}", warning.what, warning.why))
}

#[test]
fn a_system_that_works_has_no_warnings() {
    assert_eq!(all(&healthy()), []);
}

#[test]
fn a_process_that_does_not_answer_is_told_with_the_reason() {
    let mut snapshot = healthy();
    snapshot.actors[0].state = ActorState::Unanswering;
    snapshot.processes[0].answered = Some(false);
    let (is_wrong, text) = only(&snapshot);
    assert!(is_wrong && text.starts_with("shop.Clerk 1/0.1.0 (process 7) does not answer: a handler waits"), "{text}");
    snapshot.processes[0].state = ProcessState::Stopped;
    assert!(only(&snapshot).1.contains("kill -CONT 7"));
    snapshot.processes[0].state = ProcessState::Running;
    assert!(only(&snapshot).1.contains("computes"));
}

#[test]
fn a_starter_that_is_stopped_is_seen_without_being_asked() {
    let mut snapshot = healthy();
    let starter = ProcessInfo { role: ProcessRole::Starter, answered: None, state: ProcessState::Stopped, ..process() };
    snapshot.processes.push(ProcessInfo { node: "2".to_owned(), ..starter.clone() });
    assert!(only(&snapshot).1.starts_with("a starter (process 7) does not answer"));
    // The user may stop a program, which is none of the system's business.
    snapshot.processes[1].role = ProcessRole::Program;
    assert_eq!(all(&snapshot), []);
}

#[test]
fn a_creation_that_takes_long_says_what_it_waits_for() {
    let mut snapshot = healthy();
    let class = "shop.Clerk".to_owned();
    snapshot.pending.push(PendingCreation {
        class,
        awaits: "a starter".into(),
        age: 0.5,
        ..PendingCreation::default()
    });
    assert_eq!(all(&snapshot), []);
    snapshot.pending[0].age = 3.0;
    assert_eq!(only(&snapshot), (true, "shop.Clerk is not made for 3.0 s now: it waits for a starter".to_owned()));
}

#[test]
fn recent_dead_letters_are_told_with_the_first_of_them() {
    let mut snapshot = healthy();
    let first = DeadLetter { sender: "1/0.1.0".into(), target: "9/0.1.0".into(), ..DeadLetter::default() };
    let (message, reason) = ("shop.Order".to_owned(), "nobody has the address".to_owned());
    snapshot.dead_letters.kinds.push(DeadLetterKind {
        message,
        reason,
        count: 4,
        first_ago: 30.0,
        last_ago: 2.0,
        first,
    });
    let (is_wrong, text) = only(&snapshot);
    assert!(is_wrong);
    assert_eq!(
        text,
        "4 messages `shop.Order` reached nobody, the last 2.0 s ago: nobody has the address; the first went from 1/0.1.0 to 9/0.1.0, 30 s ago"
    );
    snapshot.dead_letters.kinds[0].last_ago = 61.0;
    assert_eq!(all(&snapshot), []);
}

#[test]
fn a_mailbox_is_too_long_if_its_actor_does_not_keep_up() {
    let mut snapshot = healthy();
    snapshot.actors[0].waiting = 5_000;
    snapshot.actors[0].rate = Some(1_000.0);
    assert!(!only(&snapshot).0, "five seconds are soon over");
    snapshot.actors[0].rate = Some(10.0);
    let (is_wrong, text) = only(&snapshot);
    assert!(is_wrong && text.contains("needs 8 min"), "{text}");
    snapshot.actors[0].rate = Some(0.0);
    assert!(only(&snapshot).1.ends_with("it handles none of them"));
    // One that is full holds its senders back, as it is meant to.
    snapshot.actors[0].capacity = Some(5_000);
    let (is_wrong, text) = only(&snapshot);
    assert!(!is_wrong && text.contains("is full"), "{text}");
}

#[test]
fn an_actor_that_fails_again_and_again_is_wrong() {
    let mut snapshot = healthy();
    (snapshot.actors[0].restarts, snapshot.actors[0].restarted) = (1, Some(5.0));
    assert!(!only(&snapshot).0);
    snapshot.actors[0].restarts = 3;
    assert!(only(&snapshot).0);
    snapshot.actors[0].restarted = Some(100.0);
    assert_eq!(all(&snapshot), [], "it works again");
}

#[test]
fn many_of_one_kind_do_not_hide_the_others() {
    let mut snapshot = healthy();
    for number in 0..100 {
        let restarted = ActorInfo { restarts: 5, restarted: Some(1.0), ..actor(&format!("1/0.{number:x}.0")) };
        snapshot.actors.push(restarted);
    }
    snapshot.system.in_shutdown = true;
    snapshot.convention.lets_in = LetsIn::Everybody;
    let warnings = all(&snapshot);
    assert_eq!(warnings.len(), EACH + 3);
    assert_eq!(warnings[EACH].what, "… and 92 more of this kind");
    assert!(warnings.iter().any(|warning| warning.kind == WarningKind::Insecure));
}

#[test]
fn a_convention_without_a_leader_and_members_that_are_not_heard_are_noticed() {
    let mut snapshot = healthy();
    let heard = MemberInfo { identity: "near".into(), linked: true, leads: true, ..MemberInfo::default() };
    snapshot.convention = ConventionInfo { members: vec![heard.clone()], ..ConventionInfo::default() };
    assert_eq!(all(&snapshot), []);
    let cut_off = MemberInfo { identity: "far".into(), system: "0000000a".into(), linked: false, ..heard.clone() };
    let frozen = MemberInfo { identity: "still".into(), heard_ago: 7.0, ..heard };
    snapshot.convention.members.extend([cut_off, frozen]);
    let found = all(&snapshot);
    let whats: Vec<&str> = found.iter().map(|warning| warning.what.as_str()).collect();
    assert_eq!(whats, ["far was heard 0.0 s ago", "still was heard 7.0 s ago"]);
    assert_eq!(found[0].subject.as_deref(), Some("0000000a"));
    snapshot.convention.members.clear();
    assert_eq!(all(&snapshot), [], "it has just started");
    snapshot.system.uptime = 600.0;
    assert!(all(&snapshot)[0].what.contains("no leader"));
    assert!(is_healthy(&all(&snapshot)), "it goes on by itself");
}
