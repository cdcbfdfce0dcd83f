//! Between which systems pickles pass. Who unpickles runs what it is sent, so this is decided by headers, before anything is looked into.

use std::collections::BTreeMap;

use roscius_protocol::admin::messages::{Letter, Topic, decode};
use roscius_protocol::convention::{Message, SystemId};
use roscius_protocol::frame::{Frame, Kind};
use roscius_protocol::pickle;
use roscius_transport::network::PayloadKinds;

/// With which other systems a system exchanges pickles. What is refused is a dead letter of its sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Pickles {
    /// With all of its convention.
    #[default]
    Convention,
    /// With those on the same host.
    SameHost,
    /// With none.
    Never,
}

impl Pickles {
    /// What others are told.
    pub(super) const fn kinds(self) -> PayloadKinds {
        match self {
            Self::Convention => PayloadKinds::ALL,
            Self::SameHost => PayloadKinds::PICKLES_OF_THIS_HOST,
            Self::Never => PayloadKinds::NO_PICKLES,
        }
    }
}

/// What was agreed with a system when its link was made.
#[derive(Clone, Copy, Debug)]
struct Agreed {
    payloads: PayloadKinds,
    same_host: bool,
    /// It wants pickles of this host alone.
    of_host: bool,
}

/// What was agreed with each system.
#[derive(Debug, Default)]
pub(super) struct Agreements(BTreeMap<SystemId, Agreed>);

impl Agreements {
    /// There is a link with a system, which permits `offered` by itself, and `payloads` together with this one.
    pub fn met(&mut self, system: SystemId, offered: PayloadKinds, payloads: PayloadKinds, same_host: bool) {
        self.0.insert(system, Agreed { payloads, same_host, of_host: offered.are_of_this_host() });
    }

    pub fn forget(&mut self, system: SystemId) {
        self.0.remove(&system);
    }

    /// Whether pickles pass between this system and another.
    pub fn take(&self, system: SystemId) -> bool {
        self.0.get(&system).is_some_and(|agreed| agreed.payloads.has(Kind::Pickle))
    }

    /// Whether a frame may go to a system. `by`: the one that it came from, if it is only passed on.
    pub fn pass(&self, frame: &Frame, by: Option<SystemId>, to: SystemId) -> bool {
        let Some(agreed) = self.0.get(&to) else { return true };
        let is_of_host = |by: SystemId| {
            let is_its_own = frame.header().from.node().system() == by;
            is_its_own && self.is_on_same_host(by)
        };
        let pass = agreed.payloads.has(Kind::Pickle) && (!agreed.of_host || by.is_none_or(is_of_host));
        pass || !carries_pickle(frame)
    }

    /// Whether a system may be asked for an actor that is made from a pickle. `tried`: who asked for it first, and who was asked then.
    pub fn may_make(&self, me: SystemId, tried: &[SystemId], to: SystemId) -> bool {
        let Some(agreed) = self.0.get(&to) else { return true };
        let is_of_host = |first: &SystemId| *first == me || self.is_on_same_host(*first);
        agreed.payloads.has(Kind::Pickle) && (!agreed.of_host || tried.first().is_none_or(is_of_host))
    }

    /// Who asks from another host can not say that somebody on this one has asked first.
    pub fn mark_origin(&self, from: SystemId, tried: &mut Vec<SystemId>) {
        if !self.is_on_same_host(from) && tried.first() != Some(&from) {
            tried.retain(|system| *system != from);
            tried.insert(0, from);
        }
    }

    fn is_on_same_host(&self, system: SystemId) -> bool {
        self.0.get(&system).is_some_and(|agreed| agreed.same_host)
    }

    /// Whether a frame that came from a system is taken.
    pub fn admit(&self, frame: &Frame, from: SystemId) -> bool {
        self.take(from) || !carries_pickle(frame)
    }

    /// Leaves out what others are not to unpickle of what a system says of itself: values that are more than plain data.
    pub fn sift(&self, from: SystemId, message: &mut Message) {
        if let Message::Join(join) = message
            && !self.take(from)
        {
            join.capabilities.retain(|(name, value)| pickle::is_plain(name) && pickle::is_plain(value));
        }
    }
}

/// Whether a frame is a pickle, or a letter about one.
fn carries_pickle(frame: &Frame) -> bool {
    match frame.kind() {
        Kind::Pickle => true,
        Kind::System => {
            let is_letter = matches!(Topic::of(frame.header().type_id), Some(Topic::Returned | Topic::DeadLetter));
            is_letter && decode::<Letter>(&frame.body()).is_ok_and(|letter| is_about_pickle(&letter))
        }
        _ => false,
    }
}

/// There are no letters about letters: whoever makes one has something to hide.
fn is_about_pickle(letter: &Letter) -> bool {
    Frame::new(letter.frame.clone().into(), u64::MAX)
        .is_ok_and(|frame| matches!(frame.kind(), Kind::Pickle | Kind::System))
}

#[cfg(test)]
mod tests {
    use roscius_protocol::address::{Address, NodeId};
    use roscius_protocol::admin::messages::{Setback, encode};
    use roscius_protocol::convention::messages::{Join, State};
    use roscius_protocol::frame::{DEFAULT_LIMIT, Header, Payload, encode as lay_out};

    use super::*;

    const ME: u32 = 1;
    const NEAR: u32 = 2;
    const FAR: u32 = 3;

    fn frame(from: u32, payload: &Payload<'_>, topic: Option<Topic>) -> Frame {
        let address = |system| Address::new(NodeId::of_process(system, 20), 0, 1, 0);
        let type_id = topic.map_or(0, |topic| topic as u64);
        let mut whole = Vec::new();
        lay_out(&Header { type_id, ..Header::new(address(from), address(ME)) }, payload, DEFAULT_LIMIT, &mut whole)
            .unwrap();
        Frame::new(whole.into(), DEFAULT_LIMIT).unwrap()
    }

    fn pickle(from: u32) -> Frame {
        frame(from, &Payload::pickle(b"\x80\x05N."), None)
    }

    fn about(frame_of: &Frame) -> Frame {
        let letter = Letter { reason: Setback::NoActor, details: String::new(), frame: frame_of.as_bytes().to_vec() };
        frame(FAR, &Payload::System(&encode(&letter).unwrap()), Some(Topic::Returned))
    }

    fn agreements(mine: Pickles, theirs: Pickles) -> Agreements {
        let mut all = Agreements::default();
        for (system, same_host) in [(NEAR, true), (FAR, false)] {
            all.met(system, theirs.kinds(), mine.kinds().agreed(theirs.kinds(), same_host), same_host);
        }
        all
    }

    #[test]
    fn who_wants_no_pickles_sends_and_gets_none() {
        use Pickles::{Convention, Never, SameHost};
        for (mine, theirs, near, far) in [
            (Convention, Convention, true, true),
            (Convention, SameHost, true, false),
            (SameHost, Convention, true, false),
            (SameHost, SameHost, true, false),
            (Convention, Never, false, false),
            (Never, Convention, false, false),
        ] {
            let all = agreements(mine, theirs);
            let passes = |system| (all.pass(&pickle(ME), None, system), all.admit(&pickle(system), system));
            assert_eq!((passes(NEAR), passes(FAR)), ((near, near), (far, far)), "{mine:?} {theirs:?}");
            let text = frame(FAR, &Payload::Str("text"), None);
            assert!(all.pass(&text, None, FAR) && all.admit(&text, FAR), "anything else passes");
        }
    }

    #[test]
    fn what_is_passed_on_to_who_wants_pickles_of_its_host_alone_is_of_that_host() {
        let mut all = agreements(Pickles::Convention, Pickles::Convention);
        all.met(9, Pickles::SameHost.kinds(), PayloadKinds::ALL, true);
        assert!(all.pass(&pickle(ME), None, 9));
        assert!(all.pass(&pickle(NEAR), Some(NEAR), 9));
        assert!(!all.pass(&pickle(FAR), Some(FAR), 9));
        assert!(!all.pass(&pickle(FAR), Some(NEAR), 9), "it came by way of another on this host");
    }

    #[test]
    fn an_actor_is_made_there_for_who_is_on_that_host() {
        let mut all = agreements(Pickles::Convention, Pickles::Convention);
        all.met(9, Pickles::SameHost.kinds(), PayloadKinds::ALL, true);
        let may_make = |from: Option<u32>, tried: &[u32]| {
            let mut tried = tried.to_vec();
            if let Some(from) = from {
                all.mark_origin(from, &mut tried);
            }
            tried.push(ME);
            (all.may_make(ME, &tried, 9), all.may_make(ME, &tried, NEAR))
        };
        assert_eq!(may_make(None, &[]), (true, true));
        assert_eq!(may_make(Some(NEAR), &[NEAR]), (true, true));
        // As it says, as it does not, and as somebody else.
        for tried in [&[FAR][..], &[], &[NEAR, FAR]] {
            assert_eq!(may_make(Some(FAR), tried), (false, true), "{tried:?}");
        }
        assert_eq!(may_make(Some(NEAR), &[FAR, NEAR]), (false, true), "who is here passes it on");
        let wary = agreements(Pickles::Never, Pickles::Convention);
        assert!(!wary.may_make(ME, &[ME], NEAR));
    }

    #[test]
    fn a_pickle_is_found_in_a_letter_and_letters_in_letters_are_not_taken() {
        let all = agreements(Pickles::Never, Pickles::Convention);
        let text = frame(FAR, &Payload::Str("text"), None);
        assert!(all.admit(&about(&text), FAR));
        assert!(!all.admit(&about(&pickle(FAR)), FAR));
        assert!(!all.admit(&about(&about(&text)), FAR));
    }

    #[test]
    fn capabilities_that_are_more_than_data_are_left_out() {
        let entry = |value: &[u8]| (b"\x80\x04N.".to_vec(), value.to_vec());
        let join = Join {
            mine: 1,
            yours: None,
            place: None,
            capabilities: vec![entry(b"\x80\x04K\x01."), entry(b"cposix\nsystem\n.")],
            version: 1,
            beats_every: 1000,
            wants: true,
            state: State::default(),
        };
        for (mine, left) in [(Pickles::Never, 1), (Pickles::Convention, 2)] {
            let mut message = Message::Join(Box::new(join.clone()));
            agreements(mine, Pickles::Convention).sift(FAR, &mut message);
            let Message::Join(join) = message else { unreachable!() };
            assert_eq!(join.capabilities.len(), left);
        }
    }
}
