//! Programs load sources, and find them valid or not.

use std::collections::BTreeSet;

use bytes::Bytes;
use roscius_protocol::address::NodeId;
use roscius_protocol::admin::messages::{Source, ToAdmin};
use roscius_protocol::admin::{Event, KeptContent};
use roscius_protocol::sources::{ContentKind, Digest};

use super::World;

const IDS: [&str; 3] = ["old", "new", "other"];

/// What is kept outside of the Admin.
#[derive(Debug, Default)]
pub(super) struct Kept(BTreeSet<Digest>);

/// Two of the sources have the same content.
fn digest_of(id: &str) -> Digest {
    Digest([id.len() as u8; 32])
}

impl World {
    pub(super) fn some_source(&mut self) -> Option<String> {
        self.random.chance(20).then(|| self.random.pick(&IDS).to_owned())
    }

    pub(super) fn about_sources(&mut self) {
        let program = self.program();
        let id = self.random.pick(&IDS).to_owned();
        let message = match self.random.below(8) {
            0 | 1 => ToAdmin::BeSourceAuthority,
            2 => ToAdmin::UnloadSource { id },
            3 => ToAdmin::WatchSources { start: self.random.chance(70) },
            _ => ToAdmin::LoadSource { id, info: None, content: Bytes::new() },
        };
        self.say(program, 0, message);
    }

    /// A program is asked whether a source is valid. It may say nothing.
    pub(super) fn validate(&mut self, program: NodeId, id: String) {
        let content = match self.random.below(6) {
            0 => return,
            1 => None,
            _ => Some(Bytes::new()),
        };
        self.say(program, 0, ToAdmin::SourceVerdict { id, info: None, content });
    }

    pub(super) fn examine(&mut self, id: String) {
        let content = if self.random.chance(80) {
            let digest = digest_of(&id);
            self.kept.0.insert(digest);
            Ok(KeptContent { digest, kind: ContentKind::Archive })
        } else {
            Err("it is no good".to_owned())
        };
        self.admin.on(self.now, Event::SourceExamined { id, content }, &mut self.effects);
    }

    pub(super) fn discard(&mut self, digest: Digest) {
        assert!(self.kept.0.remove(&digest), "discarded twice");
    }

    /// What an actor is made from is there when that is ordered.
    pub(super) fn check_source(&mut self, source: Option<&Source>) {
        if let Some(source) = source {
            assert!(self.kept.0.contains(&source.digest), "{} is gone", source.id);
            self.totals.from_sources += 1;
        }
    }

    /// What is kept is what the sources have.
    pub(super) fn check_sources(&self) {
        let listed = self.admin.status(self.now).sources;
        let wanted: BTreeSet<Digest> = listed.iter().filter_map(|source| source.digest).collect();
        assert_eq!(wanted, self.kept.0);
    }
}
