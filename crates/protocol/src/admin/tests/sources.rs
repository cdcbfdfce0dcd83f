use std::time::Duration;

use bytes::Bytes;

use super::scene::{PROGRAM, STARTER, Scene, kind_of, node};
use crate::address::{Address, NodeId};
use crate::admin::messages::{FromAdmin, RefusalKind, Source, ToAdmin};
use crate::admin::{CREATE_WITHIN, Effect, Event, KeptContent, actor_of};
use crate::frame::Role;
use crate::pickle::write_text;
use crate::sources::{ARCH, ContentKind, Digest, Level, Notice, OS, Platform, VALIDATE_WITHIN};
use crate::supervision::Restart;

const DIGEST: Digest = Digest([9; 32]);
const CONTENT: Bytes = Bytes::from_static(b"a zip");

/// A scene with an authority.
fn scene() -> (Scene, Address) {
    let mut scene = Scene::new();
    let authority = scene.actor(None);
    say_as(&mut scene, authority, ToAdmin::BeSourceAuthority);
    scene.effects.clear();
    (scene, authority)
}

fn say_as(scene: &mut Scene, by: Address, message: ToAdmin) {
    scene.on(Event::Said { by, role: Some(Role::Actor), id: 0, message });
}

fn load(scene: &mut Scene, id: &str) {
    let message = ToAdmin::LoadSource { id: id.into(), info: None, content: Bytes::from_static(b"secret") };
    scene.say(PROGRAM, 0, message);
}

fn validate(scene: &mut Scene, authority: Address, id: &str, digest: Digest) {
    say_as(scene, authority, ToAdmin::SourceVerdict { id: id.into(), info: None, content: Some(CONTENT) });
    let examine = Effect::ExamineSource { id: id.into(), content: CONTENT };
    assert_eq!(scene.seen(), [examine]);
    scene.on(Event::SourceExamined { id: id.into(), content: Ok(KeptContent { digest, kind: ContentKind::Archive }) });
}

fn reject(scene: &mut Scene, authority: Address, id: &str) {
    say_as(scene, authority, ToAdmin::SourceVerdict { id: id.into(), info: None, content: None });
}

fn create(scene: &mut Scene, id: u64, source: &str) -> Option<NodeId> {
    scene.create(id, |creation| creation.source = Some(source.into()))
}

/// The sources of the actors that the starter is to make.
fn made(scene: &mut Scene) -> Vec<Option<Source>> {
    let said = scene.said_to(STARTER).into_iter();
    said.filter_map(|(_, it)| if let FromAdmin::Make { source, .. } = it { Some(source) } else { None }).collect()
}

fn refusals(scene: &mut Scene) -> Vec<(u64, RefusalKind)> {
    let said = scene.said_to(PROGRAM).into_iter();
    said.filter_map(|(id, message)| kind_of(&message).map(|kind| (id, kind))).collect()
}

#[test]
fn the_authority_gets_what_was_loaded_and_who_loads_is_answered_at_once() {
    let (mut scene, authority) = scene();
    let (id, info) = ("abc".to_owned(), Some("a.zip".to_owned()));
    let content = Bytes::from_static(b"secret");
    scene.say(PROGRAM, 4, ToAdmin::LoadSource { id: id.clone(), info: info.clone(), content: content.clone() });
    let asked = Effect::Send { to: authority, id: 0, message: FromAdmin::ValidateSource { id, info, content } };
    let seen = scene.seen();
    assert_eq!(seen[0], asked);
    assert!(matches!(seen[1], Effect::Send { id: 4, message: FromAdmin::Done, .. }));
    assert_eq!(scene.status().source_authority, Some(authority));
    assert_eq!(scene.status().sources[0].digest, None);
}

#[test]
fn an_actor_of_a_source_that_nobody_loaded_is_refused() {
    let (mut scene, _) = scene();
    assert_eq!(create(&mut scene, 5, "abc"), None);
    assert_eq!(refusals(&mut scene), [(5, RefusalKind::InvalidSourceHash)]);
}

#[test]
fn actors_wait_until_their_source_is_valid_and_are_told_where_it_is() {
    let (mut scene, authority) = scene();
    load(&mut scene, "abc");
    assert_eq!(create(&mut scene, 5, "abc"), None);
    assert_eq!(create(&mut scene, 6, "abc"), None);
    scene.effects.clear();
    validate(&mut scene, authority, "abc", DIGEST);
    let source = Source { id: "abc".into(), digest: DIGEST, executable: false };
    assert_eq!(made(&mut scene), [Some(source.clone()), Some(source.clone())]);
    assert!(create(&mut scene, 7, "abc").is_some());
    assert_eq!(made(&mut scene), [Some(source)], "and do not wait any more");
    assert_eq!(scene.admin.counters["Actor.Child.Requested"], 4, "with the authority");
}

#[test]
fn one_name_means_one_actor_also_while_its_source_is_validated() {
    let (mut scene, authority) = scene();
    load(&mut scene, "abc");
    for id in [5, 6] {
        scene.create(id, |creation| {
            creation.source = Some("abc".into());
            creation.name = Some("desk".into());
        });
    }
    scene.effects.clear();
    validate(&mut scene, authority, "abc", DIGEST);
    assert_eq!(made(&mut scene).len(), 1);
}

#[test]
fn actors_of_a_source_that_is_refused_are_refused_at_once() {
    for corrupt in [false, true] {
        let (mut scene, authority) = scene();
        load(&mut scene, "abc");
        create(&mut scene, 5, "abc");
        scene.effects.clear();
        if corrupt {
            say_as(
                &mut scene,
                authority,
                ToAdmin::SourceVerdict { id: "abc".into(), info: None, content: Some(CONTENT) },
            );
            scene.on(Event::SourceExamined { id: "abc".into(), content: Err("no zip".into()) });
        } else {
            reject(&mut scene, authority, "abc");
        }
        assert_eq!(refusals(&mut scene), [(5, RefusalKind::InvalidSourceHash)]);
        assert_eq!(scene.status().sources, []);
    }
}

#[test]
fn no_actor_waits_longer_than_any_other() {
    let (mut scene, authority) = scene();
    load(&mut scene, "abc");
    create(&mut scene, 5, "abc");
    scene.wait(CREATE_WITHIN - Duration::from_nanos(1));
    assert_eq!(refusals(&mut scene), []);
    create(&mut scene, 6, "abc");
    scene.wait(Duration::from_nanos(1));
    assert_eq!(refusals(&mut scene), [(5, RefusalKind::NoProcess)]);
    // The source itself has more time.
    validate(&mut scene, authority, "abc", DIGEST);
    assert_eq!(made(&mut scene).len(), 1);
}

#[test]
fn who_waits_is_refused_when_the_source_expires() {
    let (mut scene, _) = scene();
    load(&mut scene, "abc");
    scene.wait(VALIDATE_WITHIN - Duration::from_secs(1));
    create(&mut scene, 5, "abc");
    assert!(scene.admin.next_deadline() <= Some(scene.now.plus(Duration::from_secs(1))));
    scene.effects.clear();
    scene.wait(Duration::from_secs(1));
    assert_eq!(refusals(&mut scene), [(5, RefusalKind::InvalidSourceHash)]);
}

#[test]
fn who_waits_and_ends_has_nothing_made() {
    let (mut scene, authority) = scene();
    load(&mut scene, "abc");
    create(&mut scene, 5, "abc");
    scene.end(PROGRAM);
    scene.effects.clear();
    validate(&mut scene, authority, "abc", DIGEST);
    assert_eq!(made(&mut scene), []);
}

#[test]
fn who_waits_is_refused_when_the_system_ends() {
    let (mut scene, _) = scene();
    load(&mut scene, "abc");
    create(&mut scene, 5, "abc");
    scene.effects.clear();
    scene.say(PROGRAM, 6, ToAdmin::Shutdown);
    assert_eq!(refusals(&mut scene), [(5, RefusalKind::ShuttingDown)]);
}

#[test]
fn what_is_pending_waits_for_the_next_authority_with_what_was_loaded() {
    let (mut scene, authority) = scene();
    load(&mut scene, "abc");
    scene.end(authority.node());
    scene.effects.clear();
    assert_eq!(scene.status().source_authority, None);
    let next = scene.actor(None);
    say_as(&mut scene, next, ToAdmin::BeSourceAuthority);
    let content = Bytes::from_static(b"secret");
    let message = FromAdmin::ValidateSource { id: "abc".into(), info: None, content };
    assert_eq!(scene.said_to(next.node()), [(0, message)]);
}

#[test]
fn an_authority_that_exits_in_order_is_none_any_more() {
    let (mut scene, authority) = scene();
    scene.child_ended(authority);
    assert_eq!(scene.status().source_authority, None);
}

#[test]
fn content_is_discarded_with_the_last_source_that_has_it() {
    let (mut scene, authority) = scene();
    for id in ["abc", "def"] {
        load(&mut scene, id);
        scene.effects.clear();
        validate(&mut scene, authority, id, DIGEST);
    }
    let discard = Effect::DiscardSource { digest: DIGEST };
    for (id, is_last) in [("abc", false), ("def", true)] {
        scene.effects.clear();
        scene.say(PROGRAM, 7, ToAdmin::UnloadSource { id: id.into() });
        assert_eq!(scene.effects.contains(&discard), is_last);
        let done = |effect: &Effect| matches!(effect, Effect::Send { id: 7, message: FromAdmin::Done, .. });
        assert!(scene.seen().iter().any(done));
    }
}

#[test]
fn nothing_is_kept_of_what_is_not_pending() {
    let (mut scene, authority) = scene();
    load(&mut scene, "abc");
    scene.effects.clear();
    validate(&mut scene, authority, "abc", DIGEST);
    load(&mut scene, "abc");
    load(&mut scene, "def");
    reject(&mut scene, authority, "def");
    scene.end(authority.node());
    load(&mut scene, "ghi");
    assert!(scene.admin.sources.submitted.is_empty());
}

#[test]
fn watchers_are_told_and_the_logger_is() {
    let mut scene = Scene::with(|config| config.logger = Some(Vec::new()));
    scene.starter();
    let logger = scene.admin.logger_node();
    scene.attach(logger, Role::Logger);
    scene.say(logger, 0, ToAdmin::Ready { process: logger, policy: Restart::Temporary, bounded: false });
    scene.attach(PROGRAM, Role::External);
    let authority = scene.actor(None);
    let watcher = actor_of(node(500));
    say_as(&mut scene, watcher, ToAdmin::WatchSources { start: true });
    say_as(&mut scene, authority, ToAdmin::BeSourceAuthority);
    load(&mut scene, "abc");
    scene.effects.clear();
    validate(&mut scene, authority, "abc", DIGEST);
    let seen = scene.seen();
    let notice = Notice { id: "abc".into(), info: None, loaded: true };
    assert!(seen.contains(&Effect::Send { to: watcher, id: 0, message: FromAdmin::Source(notice) }));
    let is_noted = |effect: &Effect| match effect {
        Effect::Send { to, message: FromAdmin::Note { level: Level::Info, text }, .. } => {
            *to == actor_of(logger) && text.contains("abc")
        }
        _ => false,
    };
    assert!(seen.iter().any(is_noted), "{seen:?}");
}

#[test]
fn a_program_is_started_by_anybody_whatever_it_offers() {
    let (mut scene, authority) = scene();
    load(&mut scene, "abc");
    say_as(&mut scene, authority, ToAdmin::SourceVerdict { id: "abc".into(), info: None, content: Some(CONTENT) });
    let content = Ok(KeptContent { digest: DIGEST, kind: ContentKind::Program(None) });
    scene.on(Event::SourceExamined { id: "abc".into(), content });
    let counter = |scene: &mut Scene, source: Option<&str>| {
        scene.effects.clear();
        scene.create(5, |creation| {
            creation.maker = "counter".into();
            creation.source = source.map(str::to_owned);
        })
    };
    assert!(counter(&mut scene, Some("abc")).is_some());
    let source = Source { id: "abc".into(), digest: DIGEST, executable: true };
    assert_eq!(made(&mut scene), [Some(source)]);
    assert_eq!(counter(&mut scene, None), None);
    assert_eq!(refusals(&mut scene), [(5, RefusalKind::NoMaker)]);
    scene.say(PROGRAM, 0, ToAdmin::UnloadSource { id: "abc".into() });
    assert_eq!(counter(&mut scene, Some("abc")), None);
    assert_eq!(refusals(&mut scene), [(5, RefusalKind::InvalidSourceHash)]);
    // What has the same content later on need be no program.
    load(&mut scene, "abc");
    scene.effects.clear();
    validate(&mut scene, authority, "abc", DIGEST);
    assert_eq!(counter(&mut scene, Some("abc")), None);
    assert_eq!(refusals(&mut scene), [(5, RefusalKind::NoMaker)]);
}

#[test]
fn a_program_runs_where_the_capabilities_say_that_it_does() {
    let (mut scene, authority) = scene();
    let set = |scene: &mut Scene, name: &str, value: Option<&str>| {
        let value = value.map(write_text);
        scene.say(PROGRAM, 0, ToAdmin::SetCapability { name: write_text(name), value });
        scene.effects.clear();
    };
    set(&mut scene, OS, Some("linux"));
    set(&mut scene, ARCH, Some("x86_64"));
    let load_for = |scene: &mut Scene, id: &str, arch: &'static str, digest: Digest| {
        load(scene, id);
        say_as(scene, authority, ToAdmin::SourceVerdict { id: id.into(), info: None, content: Some(CONTENT) });
        scene.effects.clear();
        let kind = ContentKind::Program(Some(Platform { os: "linux", arch }));
        scene.on(Event::SourceExamined { id: id.into(), content: Ok(KeptContent { digest, kind }) });
        let noted = |effect: &Effect| matches!(effect, Effect::Log { text, .. } if text.contains("program for"));
        scene.seen().iter().any(noted)
    };
    assert!(!load_for(&mut scene, "here", "x86_64", DIGEST));
    assert!(load_for(&mut scene, "there", "aarch64", Digest([8; 32])), "it is said that nothing can be made of it");
    let refused = |scene: &mut Scene, source: &str| {
        scene.effects.clear();
        create(scene, 5, source);
        let answers = scene.said_to(PROGRAM);
        answers.into_iter().find_map(|(_, it)| if let FromAdmin::Refused(refusal) = it { Some(refusal) } else { None })
    };
    assert_eq!(refused(&mut scene, "here"), None);
    let refusal = refused(&mut scene, "there").unwrap();
    assert_eq!(refusal.kind, RefusalKind::NoCompatibleSystem);
    assert_eq!(
        refusal.text,
        "source there is a program for linux on aarch64, and the capabilities of this system are: `os` `linux`, `arch` `x86_64`"
    );
    // What the capabilities say counts, whatever the host is.
    set(&mut scene, ARCH, Some("aarch64"));
    assert_eq!(refused(&mut scene, "there"), None);
    set(&mut scene, ARCH, None);
    let refusal = refused(&mut scene, "here").unwrap();
    assert!(refusal.text.ends_with("`os` `linux`, `arch` not said"), "{}", refusal.text);
}

#[test]
fn an_actor_that_waits_for_a_starter_is_refused_if_its_source_is_gone_by_then() {
    let (mut scene, authority) = scene();
    load(&mut scene, "abc");
    scene.effects.clear();
    validate(&mut scene, authority, "abc", DIGEST);
    let next = node(3);
    scene.attach(next, Role::Zygote);
    scene.end(STARTER);
    assert_eq!(create(&mut scene, 5, "abc"), None, "there is one that may offer soon");
    scene.say(PROGRAM, 0, ToAdmin::UnloadSource { id: "abc".into() });
    scene.effects.clear();
    scene.say(next, 0, ToAdmin::Offer { makers: vec!["python".into()] });
    assert_eq!(refusals(&mut scene), [(5, RefusalKind::InvalidSourceHash)]);
}
