//! Sources that a system is given, as an authority and a starter see them.

use std::path::PathBuf;

use bytes::Bytes;
use roscius_host::sources::{ReadError, digest_of, read};
use roscius_protocol::admin::messages::{Creation, FromAdmin, RefusalKind, Scope, Source, ToAdmin};
use roscius_protocol::sources::Notice;
use roscius_transport::SocketDir;

use crate::scene::{Speaker, System};

/// A zip file without files.
const EMPTY: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const ID: &str = "an/id";

impl Speaker {
    fn load(&mut self, id: u64, content: &'static [u8]) {
        let (info, content) = (Some("a source".into()), Bytes::from_static(content));
        assert_eq!(self.ask(id, ToAdmin::LoadSource { id: ID.into(), info, content }), FromAdmin::Done);
    }

    /// As the authority: answers what comes next.
    fn decide(&mut self, verdict: Option<&'static [u8]>) -> Bytes {
        let FromAdmin::ValidateSource { id, content, .. } = self.answer(0) else { panic!("no question") };
        self.say(0, ToAdmin::SourceVerdict { id, info: None, content: verdict.map(Bytes::from_static) });
        self.hub.flush();
        content
    }

    fn create_from_source(&mut self, id: u64) {
        let creation = Creation {
            maker: "python".into(),
            name: None,
            scope: Scope::System,
            spec: Vec::new(),
            process: None,
            requester: None,
            source: Some(ID.into()),
            order: None,
        };
        self.say(id, ToAdmin::Create(creation));
        self.hub.flush();
    }
}

fn kept(system: &System) -> Vec<PathBuf> {
    let is_source = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("source"));
    system.stage.files().into_iter().filter(is_source).collect()
}

#[test]
fn a_source_is_validated_kept_made_use_of_and_unloaded() {
    let system = System::start("sources", 0x71);
    let (mut starter, mut program, mut authority) = (system.starter(), system.program(100), system.program(101));
    program.attach();
    authority.attach();
    authority.say(0, ToAdmin::BeSourceAuthority);
    authority.say(0, ToAdmin::WatchSources { start: true });
    authority.until("the authority", |status| status.source_authority.is_some());
    program.load(2, b"encrypted");
    program.create_from_source(3);
    assert_eq!(authority.decide(Some(EMPTY)), &b"encrypted"[..]);
    let notice = |loaded| FromAdmin::Source(Notice { id: ID.into(), info: Some("a source".into()), loaded });
    assert_eq!(authority.answer(0), notice(true));
    // The creation has waited.
    let FromAdmin::Make { source: Some(Source { id, digest, .. }), .. } = starter.answer(0) else { panic!("no order") };
    assert_eq!((id.as_str(), digest), (ID, digest_of(EMPTY)));
    let directory = SocketDir::of_system_in(&system.stage.0, system.system).unwrap();
    assert_eq!(read(directory.path(), digest).unwrap(), EMPTY);
    assert_eq!(kept(&system).len(), 1);
    assert_eq!(program.ask(4, ToAdmin::UnloadSource { id }), FromAdmin::Done);
    assert_eq!(authority.answer(0), notice(false));
    assert!(matches!(read(directory.path(), digest), Err(ReadError::Gone)));
    assert_eq!(kept(&system), [""; 0].map(PathBuf::from));
}

#[test]
fn what_is_no_archive_or_rejected_is_refused_and_not_kept() {
    let system = System::start("unfit", 0x72);
    let (_starter, mut program, mut authority) = (system.starter(), system.program(100), system.program(101));
    program.attach();
    authority.attach();
    authority.say(0, ToAdmin::BeSourceAuthority);
    authority.until("the authority", |status| status.source_authority.is_some());
    for (id, verdict) in [(10, Some(&b"no zip file"[..])), (20, None)] {
        program.load(id, b"something");
        program.create_from_source(id + 1);
        authority.decide(verdict);
        let FromAdmin::Refused(refusal) = program.answer(id + 1) else { panic!("it was made") };
        assert_eq!(refusal.kind, RefusalKind::InvalidSourceHash);
        assert_eq!(program.status().sources, []);
    }
    assert_eq!(kept(&system), [""; 0].map(PathBuf::from));
}

#[test]
fn a_load_is_heard_after_what_was_said_before_it_by_others() {
    let system = System::start("order", 0x73);
    let (mut program, mut authority) = (system.program(100), system.program(101));
    program.attach();
    authority.attach();
    for round in 0..20 {
        // Who hears that there is an authority loads at once.
        authority.say(0, ToAdmin::BeSourceAuthority);
        authority.hub.flush();
        program.load(100 + round, b"something");
        authority.decide(None);
    }
}
