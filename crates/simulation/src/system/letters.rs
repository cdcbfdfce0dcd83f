//! Messages that have reached nobody.

use bytes::Bytes;
use roscius::{Address, NodeId, Signal};
use roscius_protocol::admin::Event;
use roscius_protocol::admin::messages::{Letter, LetterRecord, Setback, Topic};
use roscius_protocol::frame::{Frame, Header, Kind};

use super::{System, admin_of};
use crate::invariants::Observation;
use crate::wire::{self, asks, root_of};

impl System {
    /// A dead letter came: from the root of a process, or back from an actor that was to handle it.
    pub(super) fn letter(&mut self, from: Address, letter: &Letter, frame: &Frame) {
        let Ok(message) = wire::read_frame(Bytes::copy_from_slice(&letter.frame)) else {
            return self.tell(Event::Noise);
        };
        let header = message.header();
        let event = if from.is_nobody() || from.index() == 0 {
            let (sender, target) = (header.from, header.to);
            let name = wire::type_of(&message);
            let record = LetterRecord { message: name, sender, target, reason: letter.reason, number: None };
            Event::Letter { record, frame: message.as_bytes().clone() }
        } else {
            Event::LetterBack { handler: from, sender: header.from }
        };
        self.admin.on(self.now, event, &mut self.effects);
        self.carry_out(Some(frame));
    }

    /// A frame has reached nobody.
    pub(super) fn undelivered(&mut self, frame: &Frame, reason: Setback, details: &str) {
        let header = frame.header();
        if frame.kind() == Kind::System {
            return self.news_undelivered(frame);
        }
        if let Some(trace) = header.trace {
            self.see(Observation::Lost { number: trace.trace, why: reason });
        }
        let letter = wire::letter(frame, reason, details);
        // Who waits for an answer.
        if header.message != 0 {
            self.say(Topic::Returned, header.from, header.message, &letter);
        }
        if !asks(&header) {
            self.report(header.from.node(), &letter);
        }
    }

    fn news_undelivered(&mut self, frame: &Frame) {
        let header = frame.header();
        match Topic::of(header.type_id) {
            Some(Topic::Signal) => {
                let bounced = wire::read_system::<Signal>(frame).ok().and_then(|signal| signal.bounce(header.to));
                match bounced {
                    Some((back, signal)) if back == self.admin.address() => self.tell(Event::Signal(signal)),
                    Some((back, signal)) => self.say(Topic::Signal, back, 0, &signal),
                    None => {}
                }
            }
            Some(Topic::Returned) => {
                if let Some(letter) = wire::read_system::<Letter>(frame).ok().filter(Letter::is_lost) {
                    self.report(header.from.node(), &letter);
                }
            }
            Some(Topic::DeadLetter) => {
                if let Ok(letter) = wire::read_system::<Letter>(frame) {
                    self.letter(header.to, &letter, frame);
                }
            }
            _ => {}
        }
    }

    /// A dead letter is one where its sender is.
    fn report(&mut self, home: NodeId, letter: &Letter) {
        if home.system() != self.id {
            return self.say(Topic::DeadLetter, root_of(admin_of(home.system())), 0, letter);
        }
        let nobody = Address::nobody(self.admin_node());
        let header = Header::new(nobody, self.admin.address());
        if let Ok(whole) = wire::system_frame(header, Topic::DeadLetter, letter) {
            self.letter(nobody, letter, &whole);
        }
    }
}
