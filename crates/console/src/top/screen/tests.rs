use roscius::status::ActorState as Doing;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::snapshot::{SystemInfo, Totals, Warning, WarningKind};
use crate::top::view::Step;

fn snapshot() -> Snapshot {
    let actor = |address: &str, parent: Option<&str>, class: &str, waiting| ActorInfo {
        address: address.to_owned(),
        class: class.to_owned(),
        parent: parent.map(str::to_owned),
        node: address.split('/').next().unwrap_or_default().to_owned(),
        state: ActorState::Seen(Doing::Queued),
        waiting,
        rate: Some(1_500.0),
        ..ActorInfo::default()
    };
    let process = |node: &str, pid| ProcessInfo {
        node: node.to_owned(),
        pid: Some(pid),
        memory: Some(5 << 20),
        cpu: Some(0.25),
        title: "shop worker".to_owned(),
        answered: Some(true),
        ..ProcessInfo::default()
    };
    let mut boss = actor("a1/0.1.0", None, "shop.Boss", 0);
    boss.name = Some("boss".to_owned());
    let mut stuck = actor("a2/0.1.0", Some("a1/0.1.0"), "shop.Clerk", 12_345);
    stuck.state = ActorState::Unanswering;
    Snapshot {
        warnings: vec![Warning {
            kind: WarningKind::Unanswering,
            what: "shop.Clerk a2/0.1.0 (process 78) does not answer".to_owned(),
            why: "its process is stopped by a signal or a debugger; `kill -CONT 78` lets it go on".to_owned(),
            ..Warning::default()
        }],
        system: SystemInfo { name: "tcp-1900".to_owned(), uptime: 90.0, ..SystemInfo::default() },
        totals: Totals {
            actors: 3,
            processes: 4,
            waiting: 12_345,
            rate: Some(3_000.0),
            memory: 10 << 20,
            ..Totals::default()
        },
        processes: vec![process("a1", 77), process("a2", 78)],
        actors: vec![boss, stuck, actor("a1/0.2.0", Some("a1/0.1.0"), "shop::pool::Worker<shop::Job>", 3)],
        ..Snapshot::default()
    }
}

fn view() -> View {
    let mut view = View::new("tcp-1900".to_owned());
    view.see(Ok(snapshot()));
    view
}

/// The lines of a terminal of this size.
fn drawn(view: &mut View, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, view)).unwrap();
    let cells = terminal.backend().buffer().content();
    cells.chunks(width.into()).map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>()).collect()
}

#[test]
fn a_terminal_of_eighty_columns_shows_actors_with_their_process() {
    let lines = drawn(&mut view(), 80, 24);
    assert!(lines[0].starts_with("WRONG  tcp-1900  up 90 s"), "{lines:#?}");
    assert!(lines[1].starts_with("3 actors in 4 processes · 12,345 wait · 3,000/s · 10 MB"), "{lines:#?}");
    assert_eq!(lines[2].trim_end(), "! shop.Clerk a2/0.1.0 (process 78) does not answer");
    assert_eq!(lines[3].trim_end(), " WAITING    A SEC STATE       RESTARTS  MEMORY ACTOR");
    assert_eq!(lines[4].trim_end(), "       0    1,500 queued             0  5.0 MB boss: Boss");
    assert_eq!(lines[5].trim_end(), "  12,345    1,500 unanswering        0           Clerk");
    assert_eq!(lines[6].trim_end(), "       3    1,500 queued             0           Worker<shop::Job>");
    assert!(lines[23].starts_with("1/3 by tree  q quit"), "{lines:#?}");
}

#[test]
fn a_terminal_of_forty_columns_shows_what_matters_most() {
    let lines = drawn(&mut view(), 40, 12);
    assert!(lines[0].starts_with("WRONG  tcp-1900  up 90 s"), "{lines:#?}");
    assert_eq!(lines[1].trim_end(), "3 actors 12,345 wait 3,000/s");
    assert!(lines[3].starts_with("! shop.Clerk a2/0.1.0 (process 78) does"), "{lines:#?}");
    assert_eq!(lines[4].trim_end(), " WAITING    A SEC ACTOR");
    assert_eq!(lines[6].trim_end(), "  12,345    1,500   Clerk");
    assert!(lines[11].starts_with("1/3 by tree  q ? Tab s space"), "{lines:#?}");
}

#[test]
fn the_other_parts_fit_both() {
    for (width, height) in [(80, 24), (40, 12)] {
        let mut view = view();
        view.on(Step::NextPart);
        let lines = drawn(&mut view, width, height);
        assert!(lines.iter().any(|line| line.trim_start().starts_with("78 actors")), "{lines:#?}");
        view.on(Step::NextPart);
        let text = drawn(&mut view, width, height).join("\n");
        assert!(text.contains("! shop.Clerk a2/0.1.0 (process 78)") && text.contains("`kill -CONT 78`"), "{text}");
        view.on(Step::Help);
        let text = drawn(&mut view, width, height).join("\n");
        assert!(text.contains("keys") && text.contains("quit"), "{text}");
    }
}

#[test]
fn a_terminal_of_almost_no_size_is_no_reason_to_fail() {
    for (width, height) in [(1, 1), (8, 2), (20, 3), (300, 4)] {
        let mut view = view();
        view.on(Step::Help);
        drawn(&mut view, width, height);
    }
}

#[test]
fn only_what_is_in_sight_is_drawn_of_many() {
    let mut many = snapshot();
    let template = many.actors[0].clone();
    many.actors = (0..10_000_u32)
        .map(|index| ActorInfo { address: format!("a1/0.{index:x}.0"), waiting: index.into(), ..template.clone() })
        .collect();
    let mut view = view();
    view.see(Ok(many));
    view.on(Step::Move(isize::MAX));
    let lines = drawn(&mut view, 80, 24);
    assert!(lines[22].starts_with("   9,999"), "{lines:#?}");
    assert!(lines[23].starts_with("10000/10000"), "{lines:#?}");
}

#[test]
fn the_fill_of_a_mailbox_is_seen_at_a_glance() {
    let filled = |waiting, capacity| fill(&ActorInfo { waiting, capacity, ..ActorInfo::default() });
    assert_eq!(filled(0, None), "······");
    assert_eq!(filled(5, Some(10)), "███···");
    assert_eq!(filled(10, Some(10)), "██████");
    assert_eq!(filled(11, Some(10)), "██████");
    assert_eq!(filled(100, None), "███···");
    assert_eq!(filled(1_000_000, None), "██████");
}
