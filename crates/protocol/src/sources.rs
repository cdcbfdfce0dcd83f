//! Which sources a system has: code that was loaded while it runs.
//!
//! [`Registry`] is told what has happened ([`Event`]) and says what is to be done ([`Effect`]), in order. It never sees the bytes
//! of a source: who drives it keeps them, moves them, and hands in the time.
//!
//! # A source
//!
//! ```text
//!  Load ──▶ pending ── Verdict ──▶ examined ── Examined ──▶ valid ── Unload ──▶ gone
//!             │ rejected, expired     │ corrupt
//!             ▼ or unloaded           ▼
//!            gone                    gone
//! ```
//!
//! Its id is a text that means nothing here. What was loaded is not what runs: the source authority answers with the content, which
//! it may have decrypted. So the digest of that content is kept beside the id.
//!
//! # The source authority
//!
//! One actor at a time: the last that registered. Without one nothing is loaded. Its verdict counts once, for what it was asked
//! about. When it ends, what is pending waits for the next one until it expires, so an authority that is started anew costs
//! nothing; what is loaded meanwhile is ignored.

mod content;
mod note;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::{Address, NodeId};
use crate::time::Time;
use crate::timers::{TimerKey, TimerQueue};

pub use content::{ARCH, ContentKind, OS, Platform};
pub use note::{Level, Note};

/// A source that has no verdict by then is refused.
pub const VALIDATE_WITHIN: Duration = Duration::from_secs(120);

/// The SHA-256 of the content of a source. Written in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An actor becomes the source authority.
    Authority {
        /// Which.
        actor: Address,
    },
    /// A source has come from another system of the convention, whose authority has found it valid.
    Entrust {
        /// Its id.
        id: String,
        /// What it is called.
        info: Option<String>,
    },
    /// Somebody wants a source to be loaded.
    Load {
        /// Its id.
        id: String,
        /// What it is called, for people.
        info: Option<String>,
    },
    /// Somebody says whether a source is valid.
    Verdict {
        /// Which.
        id: String,
        /// Who says so.
        by: Address,
        /// What is said.
        verdict: Verdict,
    },
    /// The content of a source was looked at, as [`Effect::Examine`] wants it.
    Examined {
        /// Which.
        id: String,
        /// The digest of the content, which is kept, or why the content is refused.
        content: Result<Digest, String>,
    },
    /// Somebody wants a source to be there no more.
    Unload {
        /// Which.
        id: String,
    },
    /// An actor wants to know which sources come and go, from those that are there on, or not any more.
    Watch {
        /// Which actor.
        actor: Address,
        /// Whether it wants to.
        start: bool,
    },
    /// An actor has ended.
    Ended {
        /// Which.
        actor: Address,
    },
    /// A process has ended, with all of its actors.
    ProcessEnded {
        /// Which.
        process: NodeId,
    },
    /// Nothing: time has passed.
    Due,
}

/// What a source authority says of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is valid, and has this name for people. Without one it keeps that which it was loaded with.
    Valid(Option<String>),
    /// It is not to be used.
    Rejected,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send what was loaded to the source authority. It is kept until the source is [decided](Effect::Decided): there may be
    /// another authority by then.
    Ask {
        /// The source authority.
        authority: Address,
        /// Which source.
        id: String,
        /// What the source is called.
        info: Option<String>,
    },
    /// See whether the content that came with the verdict is fit to be used, keep it if so, and tell [`Event::Examined`].
    Examine {
        /// Of which source.
        id: String,
    },
    /// The source is usable from now on, or is not and will not be: creations that wait for it go on or are refused, and what
    /// was loaded is kept no longer.
    Decided {
        /// Which source.
        id: String,
        /// Whether it is usable.
        usable: bool,
    },
    /// Keep the content of a source no longer. Another source may have the same content.
    Discard {
        /// Of which source.
        id: String,
        /// The digest of the content.
        digest: Digest,
    },
    /// Tell an actor that a source has come or gone.
    Tell {
        /// The actor.
        watcher: Address,
        /// What it is told.
        notice: Notice,
    },
    /// Write this to the log.
    Log(Note),
}

/// What an actor is told that wants to know which sources come and go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Which source.
    pub id: String,
    /// What it is called.
    pub info: Option<String>,
    /// It has come. Or it has gone.
    pub loaded: bool,
}

/// How it stands with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none with this id.
    Unknown,
    /// It waits for a verdict. [`Effect::Decided`] will say what has become of it.
    Pending,
    /// It can be used. This is the digest of its content.
    Usable(Digest),
}

/// A source as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub info: Option<String>,
    /// The digest of its content. None: it waits for a verdict.
    pub digest: Option<Digest>,
}

#[derive(Debug)]
struct Source {
    info: Option<String>,
    state: State,
}

#[derive(Debug)]
enum State {
    Pending {
        /// Who was asked last.
        asked: Address,
        expiry: TimerKey,
    },
    Examining,
    Usable(Digest),
}

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Registry {
    authority: Option<Address>,
    sources: BTreeMap<String, Source>,
    watchers: BTreeSet<Address>,
    expiries: TimerQueue<String>,
}

impl Registry {
    /// A registry without sources, and without an authority.
    pub fn new() -> Self {
        Self::default()
    }

    /// The source authority.
    pub const fn authority(&self) -> Option<Address> {
        self.authority
    }

    /// How it stands with a source.
    pub fn standing(&self, id: &str) -> Standing {
        match self.sources.get(id).map(|source| &source.state) {
            None => Standing::Unknown,
            Some(State::Pending { .. } | State::Examining) => Standing::Pending,
            Some(State::Usable(digest)) => Standing::Usable(*digest),
        }
    }

    /// All sources, in the order of their ids.
    pub fn list(&self) -> impl Iterator<Item = Listed> {
        self.sources.iter().map(|(id, source)| {
            let digest = if let State::Usable(digest) = source.state { Some(digest) } else { None };
            Listed { id: id.clone(), info: source.info.clone(), digest }
        })
    }

    /// When [`Event::Due`] is to be told, if nothing happens before.
    pub fn next_deadline(&self) -> Option<Time> {
        self.expiries.next_deadline()
    }

    /// Takes note of what has happened, and adds what is to be done to `effects`.
    pub fn on(&mut self, now: Time, event: Event, effects: &mut Vec<Effect>) {
        while let Some((_, _, id)) = self.expiries.pop_due(now) {
            self.sources.remove(&id);
            effects.push(Effect::Log(Note::Expired { id: id.clone() }));
            effects.push(Effect::Decided { id, usable: false });
        }
        match event {
            Event::Authority { actor } => self.authorise(actor, effects),
            Event::Load { id, info } => self.load(now, id, info, effects),
            Event::Entrust { id, info } => self.entrust(id, info, effects),
            Event::Verdict { id, by, verdict } => self.verdict(id, by, verdict, effects),
            Event::Examined { id, content } => self.examined(id, content, effects),
            Event::Unload { id } => self.unload(id, effects),
            Event::Watch { actor, start } => self.watch(actor, start, effects),
            Event::Ended { actor } => self.forget(|it| it == actor),
            Event::ProcessEnded { process } => self.forget(|it| it.node() == process),
            Event::Due => {}
        }
    }

    /// What was asked of another is asked of the new authority too.
    fn authorise(&mut self, actor: Address, effects: &mut Vec<Effect>) {
        self.authority = Some(actor);
        effects.push(Effect::Log(Note::Authority { actor }));
        for (id, source) in &mut self.sources {
            if let State::Pending { asked, .. } = &mut source.state
                && *asked != actor
            {
                *asked = actor;
                effects.push(Effect::Ask { authority: actor, id: id.clone(), info: source.info.clone() });
            }
        }
    }

    /// Who loads again what is pending has it asked for once more, and waited for anew.
    fn load(&mut self, now: Time, id: String, info: Option<String>, effects: &mut Vec<Effect>) {
        match self.sources.get(&id).map(|source| &source.state) {
            Some(State::Usable(_) | State::Examining) => {
                return effects.push(Effect::Log(Note::AlreadyLoaded { id, info }));
            }
            Some(State::Pending { expiry, .. }) if self.authority.is_some() => drop(self.expiries.cancel(*expiry)),
            Some(State::Pending { .. }) | None => {}
        }
        let Some(authority) = self.authority else {
            return effects.push(Effect::Log(Note::NoAuthority { id, info }));
        };
        let expiry = self.expiries.schedule(now.plus(VALIDATE_WITHIN), id.clone());
        let state = State::Pending { asked: authority, expiry };
        self.sources.insert(id.clone(), Source { info: info.clone(), state });
        effects.push(Effect::Ask { authority, id, info });
    }

    fn entrust(&mut self, id: String, info: Option<String>, effects: &mut Vec<Effect>) {
        if self.sources.contains_key(&id) {
            return effects.push(Effect::Log(Note::AlreadyLoaded { id, info }));
        }
        self.sources.insert(id.clone(), Source { info, state: State::Examining });
        effects.push(Effect::Examine { id });
    }

    fn verdict(&mut self, id: String, by: Address, verdict: Verdict, effects: &mut Vec<Effect>) {
        if self.authority != Some(by) {
            return effects.push(Effect::Log(Note::NotTheAuthority { id, by, authority: self.authority }));
        }
        let Some(source) = self.sources.get_mut(&id) else {
            return effects.push(Effect::Log(Note::NotAwaited { id }));
        };
        let State::Pending { expiry, .. } = source.state else {
            return effects.push(Effect::Log(Note::NotAwaited { id }));
        };
        self.expiries.cancel(expiry);
        match verdict {
            Verdict::Valid(info) => {
                source.info = info.or(source.info.take());
                source.state = State::Examining;
                effects.push(Effect::Examine { id });
            }
            Verdict::Rejected => {
                let info = source.info.take();
                self.sources.remove(&id);
                effects.push(Effect::Log(Note::Rejected { id: id.clone(), info }));
                effects.push(Effect::Decided { id, usable: false });
            }
        }
    }

    fn examined(&mut self, id: String, content: Result<Digest, String>, effects: &mut Vec<Effect>) {
        let Some(source) = self.sources.get_mut(&id).filter(|source| matches!(source.state, State::Examining)) else {
            // It was unloaded meanwhile.
            if let Ok(digest) = content {
                effects.push(Effect::Discard { id, digest });
            }
            return;
        };
        let info = source.info.clone();
        match content {
            Ok(digest) => {
                source.state = State::Usable(digest);
                effects.push(Effect::Log(Note::Loaded { id: id.clone(), info: info.clone(), digest }));
                effects.push(Effect::Decided { id: id.clone(), usable: true });
                self.tell_all(&Notice { id, info, loaded: true }, effects);
            }
            Err(reason) => {
                self.sources.remove(&id);
                effects.push(Effect::Log(Note::Unfit { id: id.clone(), info, reason }));
                effects.push(Effect::Decided { id, usable: false });
            }
        }
    }

    /// Nobody has heard of a source that was pending, so nobody is told that it went.
    fn unload(&mut self, id: String, effects: &mut Vec<Effect>) {
        let Some(source) = self.sources.remove(&id) else {
            return effects.push(Effect::Log(Note::NotLoaded { id }));
        };
        effects.push(Effect::Log(Note::Unloaded { id: id.clone(), info: source.info.clone() }));
        match source.state {
            State::Pending { expiry, .. } => {
                self.expiries.cancel(expiry);
                effects.push(Effect::Decided { id, usable: false });
            }
            State::Examining => effects.push(Effect::Decided { id, usable: false }),
            State::Usable(digest) => {
                effects.push(Effect::Discard { id: id.clone(), digest });
                self.tell_all(&Notice { id, info: source.info, loaded: false }, effects);
            }
        }
    }

    fn watch(&mut self, actor: Address, start: bool, effects: &mut Vec<Effect>) {
        if !start {
            self.watchers.remove(&actor);
            return;
        }
        self.watchers.insert(actor);
        for (id, source) in &self.sources {
            if let State::Usable(_) = source.state {
                let notice = Notice { id: id.clone(), info: source.info.clone(), loaded: true };
                effects.push(Effect::Tell { watcher: actor, notice });
            }
        }
    }

    fn tell_all(&self, notice: &Notice, effects: &mut Vec<Effect>) {
        effects.extend(self.watchers.iter().map(|&watcher| Effect::Tell { watcher, notice: notice.clone() }));
    }

    fn forget(&mut self, has_ended: impl Fn(Address) -> bool) {
        self.authority = self.authority.filter(|&actor| !has_ended(actor));
        self.watchers.retain(|&actor| !has_ended(actor));
    }
}

#[cfg(test)]
mod tests;
