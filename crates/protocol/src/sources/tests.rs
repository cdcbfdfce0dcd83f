mod properties;

use std::time::Duration;

use super::*;

const AUTHORITY: Address = actor(10);
const OTHER: Address = actor(11);
const WATCHER: Address = actor(12);
const DIGEST: Digest = Digest([7; 32]);

const fn actor(process: u32) -> Address {
    Address::new(NodeId::of_process(3, process), 0, 1, 0)
}

#[derive(Default)]
struct Scene {
    registry: Registry,
    now: Time,
}

impl Scene {
    fn with_authority() -> Self {
        let mut scene = Self::default();
        scene.on(Event::Authority { actor: AUTHORITY });
        scene
    }

    fn on(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.registry.on(self.now, event, &mut effects);
        effects
    }

    fn wait(&mut self, duration: Duration) -> Vec<Effect> {
        self.now = self.now.plus(duration);
        self.on(Event::Due)
    }

    fn load(&mut self, id: &str) -> Vec<Effect> {
        self.on(Event::Load { id: id.into(), info: Some(format!("{id}.zip")) })
    }

    fn verdict(&mut self, id: &str, by: Address, verdict: Verdict) -> Vec<Effect> {
        self.on(Event::Verdict { id: id.into(), by, verdict })
    }

    fn examined(&mut self, id: &str) -> Vec<Effect> {
        self.on(Event::Examined { id: id.into(), content: Ok(DIGEST) })
    }

    fn make_usable(&mut self, id: &str) -> Vec<Effect> {
        self.load(id);
        self.verdict(id, AUTHORITY, Verdict::Valid(None));
        self.examined(id)
    }

    fn unload(&mut self, id: &str) -> Vec<Effect> {
        self.on(Event::Unload { id: id.into() })
    }

    fn watch(&mut self, start: bool) -> Vec<Effect> {
        self.on(Event::Watch { actor: WATCHER, start })
    }
}

fn ask(authority: Address, id: &str) -> Effect {
    Effect::Ask { authority, id: id.into(), info: Some(format!("{id}.zip")) }
}

fn decided(id: &str, usable: bool) -> Effect {
    Effect::Decided { id: id.into(), usable }
}

fn discard(id: &str) -> Effect {
    Effect::Discard { id: id.into(), digest: DIGEST }
}

fn tell(id: &str, info: &str, loaded: bool) -> Effect {
    let notice = Notice { id: id.into(), info: Some(info.into()), loaded };
    Effect::Tell { watcher: WATCHER, notice }
}

/// All but what is for the log.
fn done(effects: Vec<Effect>) -> Vec<Effect> {
    effects.into_iter().filter(|effect| !matches!(effect, Effect::Log(_))).collect()
}

/// The one note that is the only effect.
fn noted(effects: Vec<Effect>) -> (Level, String) {
    let [Effect::Log(note)] = &effects[..] else { panic!("{effects:?}") };
    (note.level(), note.to_string())
}

#[test]
fn without_an_authority_a_load_is_ignored_with_a_warning() {
    let mut scene = Scene::default();
    let text = "source a (a.zip) is ignored: there is no source authority to validate it";
    assert_eq!(noted(scene.load("a")), (Level::Warning, text.to_owned()));
    assert_eq!(scene.registry.standing("a"), Standing::Unknown);
    // Who comes later has nothing to do with it.
    assert_eq!(done(scene.on(Event::Authority { actor: AUTHORITY })), []);
    assert_eq!(scene.registry.next_deadline(), None);
}

#[test]
fn a_source_is_asked_for_examined_and_then_usable() {
    let mut scene = Scene::with_authority();
    assert_eq!(scene.load("a"), [ask(AUTHORITY, "a")]);
    assert_eq!(scene.registry.standing("a"), Standing::Pending);
    let examine = Effect::Examine { id: "a".into() };
    assert_eq!(scene.verdict("a", AUTHORITY, Verdict::Valid(None)), [examine]);
    assert_eq!(scene.registry.standing("a"), Standing::Pending);
    assert_eq!(done(scene.examined("a")), [decided("a", true)]);
    assert_eq!(scene.registry.standing("a"), Standing::Usable(DIGEST));
    assert_eq!(scene.wait(10 * VALIDATE_WITHIN), [], "it stays");
    let listed = Listed { id: "a".into(), info: Some("a.zip".into()), digest: Some(DIGEST) };
    assert_eq!(scene.registry.list().collect::<Vec<_>>(), [listed]);
}

#[test]
fn the_authority_may_give_it_another_name() {
    let mut scene = Scene::with_authority();
    scene.load("a");
    assert_eq!(scene.registry.list().next().and_then(|it| it.info), Some("a.zip".into()));
    scene.verdict("a", AUTHORITY, Verdict::Valid(Some("release 4".into())));
    scene.examined("a");
    assert_eq!(scene.registry.list().next().and_then(|it| it.info), Some("release 4".into()));
}

#[test]
fn to_load_what_is_usable_does_nothing() {
    let mut scene = Scene::with_authority();
    scene.watch(true);
    scene.make_usable("a");
    assert_eq!(noted(scene.load("a")).0, Level::Info);
    assert_eq!(scene.registry.standing("a"), Standing::Usable(DIGEST));
    assert_eq!(scene.registry.next_deadline(), None);
}

#[test]
fn to_load_what_is_pending_asks_once_more_and_waits_anew() {
    let mut scene = Scene::with_authority();
    scene.load("a");
    scene.wait(VALIDATE_WITHIN / 2);
    assert_eq!(scene.load("a"), [ask(AUTHORITY, "a")]);
    assert_eq!(scene.wait(VALIDATE_WITHIN - Duration::from_nanos(1)), []);
    assert_eq!(done(scene.wait(Duration::from_nanos(1))), [decided("a", false)]);
}

#[test]
fn a_rejected_source_is_gone() {
    let mut scene = Scene::with_authority();
    scene.watch(true);
    scene.load("a");
    let effects = scene.verdict("a", AUTHORITY, Verdict::Rejected);
    assert!(matches!(&effects[0], Effect::Log(note @ Note::Rejected { .. }) if note.level() == Level::Warning));
    assert_eq!(done(effects), [decided("a", false)]);
    assert_eq!(scene.registry.standing("a"), Standing::Unknown);
    assert_eq!(scene.load("a"), [ask(AUTHORITY, "a")], "it may be tried again");
}

#[test]
fn a_source_that_is_unfit_is_gone_at_once_and_that_is_an_error() {
    let mut scene = Scene::with_authority();
    scene.watch(true);
    scene.load("a");
    scene.verdict("a", AUTHORITY, Verdict::Valid(None));
    let effects = scene.on(Event::Examined { id: "a".into(), content: Err("it is no zip file".into()) });
    let Effect::Log(note) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!(note.level(), Level::Error);
    assert!(note.to_string().ends_with("refused: it is no zip file"), "{note}");
    assert_eq!(done(effects), [decided("a", false)]);
    assert_eq!(scene.registry.standing("a"), Standing::Unknown);
}

#[test]
fn without_a_verdict_a_source_expires() {
    let mut scene = Scene::with_authority();
    scene.load("a");
    assert_eq!(scene.registry.next_deadline(), Some(Time::ZERO.plus(VALIDATE_WITHIN)));
    assert_eq!(scene.wait(VALIDATE_WITHIN - Duration::from_nanos(1)), []);
    assert_eq!(done(scene.wait(Duration::from_nanos(1))), [decided("a", false)]);
    assert_eq!(scene.registry.standing("a"), Standing::Unknown);
    assert_eq!(noted(scene.verdict("a", AUTHORITY, Verdict::Valid(None))).0, Level::Warning, "too late");
}

#[test]
fn time_that_has_passed_comes_before_what_happens() {
    let mut scene = Scene::with_authority();
    scene.load("a");
    scene.now = scene.now.plus(VALIDATE_WITHIN);
    let effects = done(scene.verdict("a", AUTHORITY, Verdict::Valid(None)));
    assert_eq!(effects, [decided("a", false)]);
}

#[test]
fn only_the_authority_is_believed() {
    let mut scene = Scene::with_authority();
    scene.load("a");
    for verdict in [Verdict::Valid(None), Verdict::Rejected] {
        assert_eq!(noted(scene.verdict("a", OTHER, verdict)).0, Level::Warning);
        assert_eq!(scene.registry.standing("a"), Standing::Pending);
    }
    let mut without = Scene::default();
    let text = format!("a verdict of {OTHER} on source a is ignored: there is no source authority");
    assert_eq!(noted(without.verdict("a", OTHER, Verdict::Valid(None))), (Level::Warning, text));
}

#[test]
fn a_verdict_counts_once_and_for_what_was_asked() {
    let mut scene = Scene::with_authority();
    assert_eq!(noted(scene.verdict("b", AUTHORITY, Verdict::Valid(None))).0, Level::Warning, "not asked for");
    scene.load("a");
    scene.verdict("a", AUTHORITY, Verdict::Valid(None));
    for verdict in [Verdict::Valid(None), Verdict::Rejected] {
        assert_eq!(noted(scene.verdict("a", AUTHORITY, verdict)).0, Level::Warning, "while it is examined");
    }
    scene.examined("a");
    for verdict in [Verdict::Valid(None), Verdict::Rejected] {
        assert_eq!(noted(scene.verdict("a", AUTHORITY, verdict)).0, Level::Warning, "when it is usable");
    }
    assert_eq!(scene.registry.standing("a"), Standing::Usable(DIGEST));
}

#[test]
fn what_is_pending_when_the_authority_ends_waits_for_the_next() {
    for whole_process in [false, true] {
        let mut scene = Scene::with_authority();
        scene.load("a");
        let ended = match whole_process {
            false => Event::Ended { actor: AUTHORITY },
            true => Event::ProcessEnded { process: AUTHORITY.node() },
        };
        assert_eq!(scene.on(ended), []);
        assert_eq!(scene.registry.authority(), None);
        assert_eq!(
            noted(scene.verdict("a", AUTHORITY, Verdict::Valid(None))).0,
            Level::Warning,
            "the dead say nothing"
        );
        for id in ["a", "b"] {
            assert!(matches!(&scene.load(id)[..], [Effect::Log(Note::NoAuthority { .. })]));
        }
        assert_eq!(done(scene.on(Event::Authority { actor: OTHER })), [ask(OTHER, "a")]);
        let examine = Effect::Examine { id: "a".into() };
        assert_eq!(scene.verdict("a", OTHER, Verdict::Valid(None)), [examine]);
    }
}

#[test]
fn what_waits_for_a_next_authority_expires_all_the_same() {
    let mut scene = Scene::with_authority();
    scene.load("a");
    scene.on(Event::Ended { actor: AUTHORITY });
    assert_eq!(done(scene.wait(VALIDATE_WITHIN)), [decided("a", false)]);
}

#[test]
fn the_last_that_registers_is_the_authority_and_is_asked_once() {
    let mut scene = Scene::with_authority();
    scene.load("a");
    assert_eq!(done(scene.on(Event::Authority { actor: AUTHORITY })), [], "it was asked before");
    assert_eq!(done(scene.on(Event::Authority { actor: OTHER })), [ask(OTHER, "a")]);
    assert_eq!(noted(scene.verdict("a", AUTHORITY, Verdict::Valid(None))).0, Level::Warning);
    scene.on(Event::Ended { actor: AUTHORITY });
    assert_eq!(scene.registry.authority(), Some(OTHER));
}

#[test]
fn what_is_usable_does_not_depend_on_the_authority() {
    let mut scene = Scene::with_authority();
    scene.make_usable("a");
    scene.on(Event::Ended { actor: AUTHORITY });
    assert_eq!(scene.registry.standing("a"), Standing::Usable(DIGEST));
    assert_eq!(done(scene.unload("a")), [discard("a")]);
}

#[test]
fn an_unloaded_source_is_gone_and_its_content_too() {
    let mut scene = Scene::with_authority();
    scene.watch(true);
    scene.make_usable("a");
    assert_eq!(done(scene.unload("a")), [discard("a"), tell("a", "a.zip", false)]);
    assert_eq!(scene.registry.standing("a"), Standing::Unknown);
    assert_eq!(noted(scene.unload("a")).0, Level::Info, "unknown ids are ignored");
    assert_eq!(scene.load("a"), [ask(AUTHORITY, "a")], "it may come back");
}

#[test]
fn who_waits_for_a_source_that_is_unloaded_waits_no_longer() {
    let mut scene = Scene::with_authority();
    scene.watch(true);
    scene.load("a");
    assert_eq!(done(scene.unload("a")), [decided("a", false)], "nobody has heard of it");
    assert_eq!(scene.registry.next_deadline(), None);
    scene.load("b");
    scene.verdict("b", AUTHORITY, Verdict::Valid(None));
    assert_eq!(done(scene.unload("b")), [decided("b", false)]);
    assert_eq!(scene.examined("b"), [discard("b")], "it was kept in vain");
    assert_eq!(scene.registry.standing("b"), Standing::Unknown);
}

#[test]
fn watchers_hear_of_each_coming_and_going_once() {
    let mut scene = Scene::with_authority();
    scene.make_usable("a");
    scene.load("pending");
    assert_eq!(scene.watch(true), [tell("a", "a.zip", true)], "what is there already");
    assert_eq!(done(scene.make_usable("b")), [decided("b", true), tell("b", "b.zip", true)]);
    assert_eq!(scene.watch(true), [tell("a", "a.zip", true), tell("b", "b.zip", true)], "who asks again is told again");
    assert_eq!(done(scene.make_usable("c")), [decided("c", true), tell("c", "c.zip", true)], "and still once");
    scene.watch(false);
    assert_eq!(done(scene.unload("b")), [discard("b")]);
}

#[test]
fn watchers_that_have_ended_hear_nothing() {
    for ended in [Event::Ended { actor: WATCHER }, Event::ProcessEnded { process: WATCHER.node() }] {
        let mut scene = Scene::with_authority();
        scene.watch(true);
        scene.on(ended);
        assert_eq!(done(scene.make_usable("a")), [decided("a", true)]);
    }
}

#[test]
fn a_digest_is_written_in_hexadecimal() {
    let mut bytes = [0; 32];
    (bytes[0], bytes[31]) = (0x0f, 0xa0);
    assert_eq!(Digest(bytes).to_string(), format!("0f{}a0", "00".repeat(30)));
}
