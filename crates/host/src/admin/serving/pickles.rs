//! Pickles that may not pass between this system and another.

use roscius_protocol::address::NodeId;
use roscius_protocol::admin::messages::{FromAdmin, Refusal, RefusalKind, Setback};
use roscius_protocol::convention::SystemId;
use roscius_protocol::frame::{self, DEFAULT_LIMIT, Frame, Kind, Payload};

use super::Serving;

impl Serving {
    /// Whether a system may be asked for an actor in Python. `tried`: who wanted it, and who was asked before.
    pub(super) fn may_be_made_at(&self, system: SystemId, tried: &[SystemId]) -> bool {
        let me = self.hub.node().system();
        self.abroad.as_ref().is_none_or(|abroad| abroad.neighbours().agreements().may_make(me, tried, system))
    }

    pub(super) fn exchanges_pickles(&self, system: SystemId) -> bool {
        self.abroad.as_ref().is_some_and(|abroad| abroad.neighbours().agreements().take(system))
    }

    /// A pickle came from a system that was told that none is taken. Its sender hears of it, without what it has sent.
    pub(super) fn refuse_pickle(&mut self, from: SystemId, frame: &Frame, details: &str) {
        self.noise(NodeId::of_process(from, NodeId::ADMIN), details);
        let header = frame.header();
        let mut empty = Vec::new();
        if frame.kind() == Kind::Pickle
            && frame::encode(&header, &Payload::None, DEFAULT_LIMIT, &mut empty).is_ok()
            && let Ok(empty) = Frame::new(empty.into(), DEFAULT_LIMIT)
        {
            self.undelivered(&empty, Setback::Intercepted, details);
        }
    }

    /// Why a durable message with this frame may not go to a system, if that is so. `is_own`: it is from here, and not only passed on.
    pub(super) fn may_not_go(&self, system: SystemId, frame: &Frame, is_own: bool) -> Option<String> {
        let neighbours = self.abroad.as_ref()?.neighbours();
        // Where it began is not known for certain: it may have gone by way of several.
        let by = (!is_own).then(|| self.hub.node().system());
        (!neighbours.agreements().pass(frame, by, system)).then(|| no_pickles(neighbours.name_of(system)))
    }

    /// The same for one that came from a system.
    pub(super) fn may_not_come(&self, system: SystemId, frame: &Frame) -> Option<String> {
        let neighbours = self.abroad.as_ref()?.neighbours();
        (!neighbours.agreements().admit(frame, system)).then(|| no_pickles(neighbours.name_of(system)))
    }
}

/// What an actor in Python is made from is a pickle, so it is not made where none is taken.
pub(super) fn is_not_made_there() -> FromAdmin {
    let text = "what an actor in Python is made from is a pickle, and Convention Pickle allows none";
    FromAdmin::Refused(Refusal { kind: RefusalKind::NoCompatibleSystem, text: text.to_owned() })
}

/// Why a pickle is refused.
pub(super) fn no_pickles(system: &str) -> String {
    format!("it is a pickle, and Convention Pickle allows none between this system and {system}")
}
