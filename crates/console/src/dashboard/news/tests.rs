use roscius::status::ActorState as Doing;

use super::*;
use crate::snapshot::{DeadLetterKind, ProcessInfo, WarningKind};

fn actor(address: &str, class: &str) -> ActorInfo {
    ActorInfo {
        address: address.into(),
        class: class.into(),
        state: ActorState::Seen(Doing::Idle),
        ..ActorInfo::default()
    }
}

fn told(before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let mut news = Lines::default();
    tell(Some(before), now, None, &mut news);
    news.all().into_iter().map(|line| line.text).collect()
}

#[test]
fn starts_and_ends_are_told_by_name_while_they_are_few() {
    let before = Snapshot { actors: vec![actor("a", "Worker"), actor("b", "Boss")], ..Snapshot::default() };
    let mut now = Snapshot { actors: vec![actor("b", "Boss"), actor("c", "Worker")], ..Snapshot::default() };
    assert_eq!(told(&before, &now), ["Worker c started", "Worker a ended"]);
    assert_eq!(told(&now, &now), Vec::<String>::new());
    now.actors.extend((0..5).map(|place| actor(&format!("w{place}"), "Worker")));
    assert_eq!(told(&before, &now), ["6 Worker started", "Worker a ended"]);
}

#[test]
fn actors_of_a_process_that_does_not_answer_are_not_said_to_have_ended() {
    let before = Snapshot { actors: vec![actor("a", "Worker")], ..Snapshot::default() };
    let mut now = Snapshot {
        processes: vec![ProcessInfo { answered: Some(false), ..ProcessInfo::default() }],
        ..Snapshot::default()
    };
    assert_eq!(told(&before, &now), Vec::<String>::new());
    now.processes[0].answered = Some(true);
    assert_eq!(told(&before, &now), ["Worker a ended"]);
}

#[test]
fn restarts_letters_and_warnings_are_told_once() {
    let mut before = Snapshot { actors: vec![actor("a", "Worker")], ..Snapshot::default() };
    let kind = DeadLetterKind { message: "Job".into(), reason: "gone".into(), count: 2, ..DeadLetterKind::default() };
    before.dead_letters.kinds = vec![kind];
    let mut now = before.clone();
    now.actors[0].restarts = 2;
    now.dead_letters.kinds[0].count = 5;
    let warning = Warning { kind: WarningKind::Mailbox, what: "a mailbox is full".into(), ..Warning::default() };
    now.warnings = vec![warning];
    let expected = ["wrong: a mailbox is full", "Worker a restarted, 2 times in all", "3 dead letters Job: gone"];
    assert_eq!(told(&before, &now), expected);
    assert_eq!(told(&now, &before), ["no longer: a mailbox is full"]);
}

#[test]
fn only_the_last_lines_are_kept_and_they_keep_their_numbers() {
    let mut lines = Lines::default();
    for number in 1..=KEPT + 3 {
        lines.add((number == 1).then_some(7), number.to_string());
    }
    let all = lines.all();
    assert_eq!((all.len(), all[0].number, all[0].at, &*all[0].text), (KEPT, 4, Some(7), "4"));
}
