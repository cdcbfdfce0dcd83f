//! What holds whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn an_actor() -> impl Strategy<Value = Address> {
    (1_u32..4).prop_map(actor)
}

fn an_id() -> impl Strategy<Value = String> {
    prop_oneof!["a", "b", "c"].prop_map(String::from)
}

fn a_verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![3 => Just(Verdict::Valid(None)), 1 => Just(Verdict::Rejected)]
}

fn an_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => an_actor().prop_map(|actor| Event::Authority { actor }),
        4 => an_id().prop_map(|id| Event::Load { id, info: None }),
        4 => (an_id(), an_actor(), a_verdict()).prop_map(|(id, by, verdict)| Event::Verdict { id, by, verdict }),
        1 => an_id().prop_map(|id| Event::Unload { id }),
        1 => (an_actor(), any::<bool>()).prop_map(|(actor, start)| Event::Watch { actor, start }),
        1 => an_actor().prop_map(|actor| Event::Ended { actor }),
        1 => Just(Event::Due),
    ]
}

/// What can be known from outside.
#[derive(Default)]
struct Outside {
    authority: Option<Address>,
    /// Since when each pending source has waited.
    pending: BTreeMap<String, Time>,
    usable: BTreeSet<String>,
    watchers: BTreeMap<Address, BTreeSet<String>>,
}

impl Outside {
    fn happened(&mut self, now: Time, event: &Event) {
        match event {
            Event::Authority { actor } => self.authority = Some(*actor),
            Event::Load { id, .. } if self.authority.is_some() && !self.usable.contains(id) => {
                self.pending.insert(id.clone(), now);
            }
            Event::Watch { actor, start: true } => drop(self.watchers.insert(*actor, BTreeSet::new())),
            Event::Watch { actor, start: false } => drop(self.watchers.remove(actor)),
            Event::Ended { actor } => {
                self.watchers.remove(actor);
                self.authority = self.authority.filter(|authority| authority != actor);
            }
            _ => {}
        }
    }

    fn done(&mut self, effect: &Effect) {
        match effect {
            Effect::Ask { authority, id, .. } => {
                assert_eq!(Some(*authority), self.authority);
                assert!(self.pending.contains_key(id));
            }
            Effect::Examine { id } => assert!(self.pending.contains_key(id)),
            Effect::Decided { id, usable } => {
                assert!(self.pending.remove(id).is_some(), "{id} was decided, and nobody had asked");
                assert!(!*usable || self.usable.insert(id.clone()));
            }
            Effect::Discard { id, .. } => assert!(self.usable.remove(id)),
            Effect::Tell { watcher, notice } => {
                let heard = self.watchers.get_mut(watcher).expect("a watcher");
                let is_news = if notice.loaded { heard.insert(notice.id.clone()) } else { heard.remove(&notice.id) };
                assert!(is_news, "{watcher} was told twice: {notice:?}");
            }
            Effect::Log(_) => {}
        }
    }

    fn check(&self, now: Time, registry: &Registry) {
        assert_eq!(registry.authority(), self.authority);
        for since in self.pending.values() {
            assert!(now.since(*since) < VALIDATE_WITHIN, "pending too long");
        }
        for listed in registry.list() {
            assert_eq!(listed.digest.is_some(), self.usable.contains(&listed.id));
            assert_eq!(listed.digest.is_none(), self.pending.contains_key(&listed.id));
        }
        assert_eq!(registry.list().count(), self.usable.len() + self.pending.len());
        assert_eq!(registry.next_deadline(), self.pending.values().min().map(|since| since.plus(VALIDATE_WITHIN)));
        for heard in self.watchers.values() {
            assert_eq!(*heard, self.usable, "a watcher knows what there is");
        }
    }
}

proptest! {
    #[test]
    fn all_is_decided_in_time_and_everybody_knows(steps in vec((0_u64..90, an_event(), any::<bool>()), 0..60)) {
        let (mut registry, mut outside, mut now) = (Registry::new(), Outside::default(), Time::ZERO);
        for (seconds, event, fit) in steps {
            now = now.plus(Duration::from_secs(seconds));
            let mut effects = Vec::new();
            registry.on(now, Event::Due, &mut effects);
            effects.iter().for_each(|effect| outside.done(effect));
            outside.happened(now, &event);
            effects.clear();
            registry.on(now, event, &mut effects);
            if let Some(Effect::Examine { id }) = effects.last() {
                let content = if fit { Ok(DIGEST) } else { Err("unfit".to_owned()) };
                registry.on(now, Event::Examined { id: id.clone(), content }, &mut effects);
            }
            effects.iter().for_each(|effect| outside.done(effect));
            outside.check(now, &registry);
        }
    }
}
