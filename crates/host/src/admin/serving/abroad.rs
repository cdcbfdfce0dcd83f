//! What passes between this system and others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{FromAdmin, Letter, Setback, ToAdmin, Topic, decode};
use roscius_protocol::admin::{Effect, Event};
use roscius_protocol::convention::SystemId;
use roscius_protocol::frame::{self, DEFAULT_LIMIT, Frame, Header, Kind, Payload};
use roscius_protocol::lifecycle::Signal;
use roscius_protocol::pair::Loss;
use roscius_protocol::post::Id;
use roscius_transport::hub::WatchId;
use roscius_transport::network::Security;
use roscius_transport::{Hub, SendError};

use super::super::certificates::Certificates;
use super::super::neighbours::{Happening, Neighbours};
use super::Serving;
use super::pickles::{is_not_made_there, no_pickles};
use super::records::is_record;
use super::sending::{Route, Way};
use crate::rust::PYTHON;

/// The other systems, as far as there is a way to them.
pub(super) struct Abroad {
    pub neighbours: Neighbours,
    certificates: Option<Certificates>,
    watch: WatchId,
    /// Something came from another system.
    pub ready: bool,
    /// Its descriptor was readable.
    rang: bool,
    /// Frames that processes here have no room for, in order, with the systems they came from.
    stuck: BTreeMap<NodeId, VecDeque<(SystemId, Frame)>>,
    /// Processes here that have said more to a system than it takes: nothing is read from them until it does.
    pub fast: BTreeMap<SystemId, BTreeSet<NodeId>>,
    /// Systems that get no log records for now, as they take less than they are sent.
    pub records_held: BTreeSet<SystemId>,
    /// The way that the last frame of a process here went, as long as nothing else has happened.
    pub route: Option<Route>,
}

/// How long what was said to other systems last may take to be written.
const FAREWELL_WITHIN: Duration = Duration::from_millis(300);

impl Abroad {
    pub fn new(neighbours: Neighbours, certificates: Option<Certificates>, watch: WatchId) -> Self {
        Self {
            neighbours,
            certificates,
            watch,
            ready: false,
            rang: false,
            stuck: BTreeMap::new(),
            fast: BTreeMap::new(),
            records_held: BTreeSet::new(),
            route: None,
        }
    }

    /// Takes in what has changed in the files of the certificates. A system in a convention has something to hear each second, and
    /// one that is alone has nobody to close a link with.
    fn renew(&mut self) {
        let renewed = match self.certificates.as_mut().and_then(Certificates::read_again) {
            Some(Ok(config)) => self.neighbours.set_security(Security::Tls(config)).map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
            None => return,
        };
        match renewed {
            Ok(()) => tracing::info!("the certificates have changed and are used from now on"),
            Err(error) => {
                tracing::warn!(error, "the certificates have changed and are of no use: those from before stay")
            }
        }
    }

    pub const fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }

    /// The descriptor of the links is readable.
    pub fn ring(&mut self) {
        self.neighbours.ring();
        self.ready = true;
        self.rang = true;
    }

    /// Takes in what the hub has found out about links with others.
    fn take_ready(&mut self, hub: &mut Hub) {
        for ready in hub.take_ready() {
            self.neighbours.note_ready(ready);
            self.ready = true;
        }
    }

    pub fn is_watched_by(&self, watch: WatchId) -> bool {
        self.watch == watch
    }
}

impl Serving {
    /// After how long there is something to do that concerns other systems.
    pub(super) fn pause_abroad(&self) -> Option<Duration> {
        let abroad = self.abroad.as_ref()?;
        if abroad.ready { Some(Duration::ZERO) } else { abroad.neighbours.pause(self.now()) }
    }

    /// Takes in what came from other systems, and lets go what is for them.
    pub(super) fn look_abroad(&mut self) {
        let now = self.now();
        let Some(abroad) = &mut self.abroad else { return };
        abroad.take_ready(&mut self.hub);
        if !std::mem::take(&mut abroad.ready) && abroad.neighbours.pause(now).is_none_or(|pause| !pause.is_zero()) {
            return;
        }
        abroad.renew();
        let happened = abroad.neighbours.turn(now);
        if std::mem::take(&mut abroad.rang) {
            let _ = self.hub.rearm(abroad.watch);
        }
        match happened {
            Ok(happened) => happened.into_iter().for_each(|happening| self.happened_abroad(happening)),
            Err(error) => {
                tracing::error!(%error, "links with other systems can not go on");
                self.abroad = None;
            }
        }
    }

    fn happened_abroad(&mut self, happening: Happening) {
        match happening {
            Happening::Convention(event) => self.tell(Event::Convention(event)),
            Happening::Frames { from, frames } => {
                for frame in frames {
                    match Frame::new(frame, DEFAULT_LIMIT) {
                        Ok(frame) => self.came_from_abroad(from, frame),
                        Err(error) => self.came_garbled(from, &error.to_string()),
                    }
                }
            }
            Happening::Lost { frame, why } => {
                let (reason, details) = match why {
                    Loss::Expired => (Setback::Expired, "its system was away for too long"),
                    Loss::NeverSent => (Setback::Foreign, "its system is not there any more"),
                    Loss::Unknown => (Setback::Unknown, "its system was lost, and may have got it or not"),
                };
                self.undelivered(&frame, reason, details);
            }
            Happening::Parcel { from, id, parcel } => self.durable_arrived(from, id, parcel),
            Happening::Settled { id } => self.durable_settled(id),
            Happening::Drained(system) => self.read_on(system),
            Happening::Trouble(text) => self.tell(Event::Trouble { text }),
        }
    }

    fn came_garbled(&mut self, from: SystemId, why: &str) {
        if let Some(abroad) = &mut self.abroad {
            abroad.neighbours.drop_link(from, why);
            abroad.ready = true;
        }
    }

    /// A frame came from another system.
    fn came_from_abroad(&mut self, from: SystemId, frame: Frame) {
        let header = frame.header();
        let node = header.to.node();
        // A message that was passed on may be from an actor here. What the actor system says to itself does not come from elsewhere.
        if frame.kind() == Kind::System && header.from.node().system() == self.hub.node().system() {
            return self.noise(admin_of(from), "a system message from elsewhere names this system as its sender");
        }
        if let Some(Abroad { neighbours, .. }) = &self.abroad
            && !neighbours.agreements().admit(&frame, from)
        {
            let details = no_pickles(neighbours.name_of(from));
            return self.refuse_pickle(from, &frame, &details);
        }
        if header.to == self.admin.address() {
            return self.said_abroad(from, &frame);
        }
        if self.is_durable(header.to) && frame.kind() != Kind::System {
            return self.take_durable(&frame);
        }
        if let Some(abroad) = &mut self.abroad {
            abroad.neighbours.note(node, admin_of(from));
        }
        if node.system() != self.hub.node().system() {
            // A leader that relays slows nobody down for one who takes little: what is over the bounds of the spool is lost, with a notice.
            // Who is next door is no part of the convention: nobody gets there from outside.
            if matches!(self.pass_on(Some(from), &frame), Way::None) {
                self.no_way(&frame);
            }
            return;
        }
        if frame.kind() == Kind::System {
            match Topic::of(header.type_id) {
                Some(Topic::Signal) => {
                    if let Ok(Signal::ChildEnded { child, .. }) = decode(&frame.body()) {
                        self.tell(Event::ChildElsewhereEnded { child });
                    }
                }
                Some(Topic::Returned | Topic::DeadLetter | Topic::Answer) => {}
                // The processes here hear these of their own Admin alone.
                Some(Topic::ToAdmin | Topic::FromAdmin) | None => {
                    return self.noise(admin_of(from), "a process here is not spoken to so by another system");
                }
            }
        }
        self.deliver(from, node, frame);
    }

    /// Gives a frame from another system to the process here that it is for.
    fn deliver(&mut self, from: SystemId, node: NodeId, frame: Frame) {
        let is_record = is_record(&frame.header());
        if let Some(Abroad { neighbours, stuck, .. }) = &mut self.abroad
            && let Some(stuck) = stuck.get_mut(&node)
        {
            if is_record {
                return;
            }
            neighbours.pause_receiving(from);
            return stuck.push_back((from, frame));
        }
        match self.forward(node, &frame) {
            Ok(()) => {}
            Err(SendError::Full { .. }) if is_record => {}
            Err(SendError::Full { .. }) => {
                if let Some(abroad) = &mut self.abroad {
                    abroad.neighbours.pause_receiving(from);
                    abroad.stuck.entry(node).or_default().push_back((from, frame));
                }
            }
            Err(error) => self.undelivered(&frame, Setback::NoActor, &error.to_string()),
        }
    }

    fn forward(&mut self, node: NodeId, frame: &Frame) -> Result<(), SendError> {
        let mut sent = self.hub.forward(node, frame);
        if matches!(sent, Err(SendError::NoWay { .. })) {
            self.hub.introduce(node, self.directory.path_of(node));
            sent = self.hub.forward(node, frame);
        }
        sent.map(drop)
    }

    /// A process has room again.
    pub(super) fn has_room(&mut self, node: NodeId) {
        let Some(mut stuck) = self.abroad.as_mut().and_then(|abroad| abroad.stuck.remove(&node)) else { return };
        while let Some((from, frame)) = stuck.pop_front() {
            match self.forward(node, &frame) {
                Ok(()) => {}
                Err(SendError::Full { .. }) => {
                    stuck.push_front((from, frame));
                    break;
                }
                Err(error) => self.undelivered(&frame, Setback::NoActor, &error.to_string()),
            }
        }
        let Some(abroad) = &mut self.abroad else { return };
        if stuck.is_empty() {
            let waits = |from: &SystemId| abroad.stuck.values().flatten().any(|(other, _)| other == from);
            let free: Vec<SystemId> = abroad.neighbours.paused().filter(|from| !waits(from)).collect();
            for from in free {
                abroad.neighbours.resume_receiving(from);
            }
        } else {
            abroad.stuck.insert(node, stuck);
        }
    }

    /// A process is gone: what waited for it has nobody.
    pub(super) fn nobody_is_at(&mut self, node: NodeId) {
        let stuck = self.abroad.as_mut().and_then(|abroad| abroad.stuck.remove(&node));
        for (_, frame) in stuck.into_iter().flatten() {
            self.undelivered(&frame, Setback::NoActor, "its process has ended");
        }
    }

    /// The Admin of another system says something to this one.
    fn said_abroad(&mut self, from: SystemId, frame: &Frame) {
        let header = frame.header();
        let node = header.from.node();
        let body = frame.body();
        let topic = Topic::of(header.type_id).filter(|_| frame.kind() == Kind::System);
        // Requests and answers are between neighbours; news may be passed on.
        let is_its_own = node == admin_of(from);
        match topic {
            Some(Topic::ToAdmin) if is_its_own => match decode::<ToAdmin>(&body) {
                Ok(ToAdmin::CreateFor { creation, .. })
                    if creation.maker == PYTHON && !self.exchanges_pickles(from) =>
                {
                    self.send(Topic::FromAdmin, header.from, header.message, &is_not_made_there());
                }
                Ok(mut message) => {
                    if let (ToAdmin::CreateFor { tried, .. }, Some(abroad)) = (&mut message, &self.abroad) {
                        abroad.neighbours.agreements().mark_origin(from, tried);
                    }
                    self.tell(Event::Said { by: header.from, role: None, id: header.message, message });
                }
                Err(error) => self.noise(node, &error.to_string()),
            },
            Some(Topic::FromAdmin) => match decode::<FromAdmin>(&body) {
                Ok(FromAdmin::Silent { node }) => self.fall_silent(node),
                Ok(message) if is_its_own => {
                    self.tell(Event::Answered { system: from, id: header.message, message });
                }
                Ok(_) => self.noise(node, "an answer of another system than was asked"),
                Err(error) => self.noise(node, &error.to_string()),
            },
            Some(Topic::DeadLetter) => match decode::<Letter>(&body) {
                // Who sent it is here.
                Ok(letter) => self.letter(Address::nobody(node), &letter, frame),
                Err(error) => self.noise(node, &error.to_string()),
            },
            Some(Topic::ToAdmin | Topic::Signal | Topic::Returned | Topic::Answer) | None => {
                tracing::warn!(from, "what came from another system is not for an Admin");
                self.tell(Event::Noise);
            }
        }
    }

    /// Nobody is at a node any more who could answer: all who have spoken with it are told.
    pub(super) fn fall_silent(&mut self, node: NodeId) {
        let Some(Abroad { neighbours, .. }) = &mut self.abroad else { return };
        let who = match node.process() {
            NodeId::ADMIN => neighbours.forget_system(node.system()),
            _ => neighbours.forget(node),
        };
        for who in who {
            self.send(Topic::FromAdmin, root(who), 0, &FromAdmin::Silent { node });
        }
    }

    /// A message that passed between systems has reached nobody.
    pub(super) fn undelivered(&mut self, frame: &Frame, reason: Setback, details: &str) {
        let header = frame.header();
        if is_record(&header) {
            return;
        }
        let here = self.hub.node().system();
        if frame.kind() == Kind::System {
            let Some(topic) = Topic::of(header.type_id) else { return };
            let signal = (topic == Topic::Signal).then(|| decode::<Signal>(&frame.body()).ok()).flatten();
            let is_ours = header.from.node().system() == here && header.to.node().system() != here;
            if matches!(signal, Some(Signal::Exit { .. })) && is_ours {
                self.tell(Event::NotAskedToExit { actor: header.to });
            } else if let Some((back, signal)) = signal.and_then(|signal| signal.bounce(header.to)) {
                if back == self.admin.address() {
                    self.tell(Event::Signal(signal));
                } else {
                    self.send(Topic::Signal, back, 0, &signal);
                }
            } else if topic == Topic::Returned
                && let Ok(letter) = decode::<Letter>(&frame.body())
                && letter.is_lost()
            {
                self.report_letter(header.from.node(), &letter);
            }
            return;
        }
        let letter = Letter { reason, details: details.to_owned(), frame: frame.as_bytes().to_vec() };
        // Who waits for an answer, or to know that it got lost.
        if header.message != 0 {
            self.send(Topic::Returned, header.from, header.message, &letter);
        }
        if !crate::process::asks(&header) {
            let home = if header.from.node().system() == here { self.hub.node() } else { header.from.node() };
            self.report_letter(home, &letter);
        }
    }

    /// A dead letter is one where its sender is.
    pub(super) fn report_letter(&mut self, home: NodeId, letter: &Letter) {
        if home.system() == self.hub.node().system() {
            let nobody = Address::nobody(self.hub.node());
            let header = Header { type_id: Topic::DeadLetter as u64, ..Header::new(nobody, self.admin.address()) };
            if let Some(whole) = lay_out(&header, letter) {
                self.letter(nobody, letter, &whole);
            }
        } else {
            self.send(Topic::DeadLetter, root(admin_of(home.system())), 0, letter);
        }
    }

    /// A message of the Admin for another system, or a process there.
    pub(super) fn send_frame_abroad(&mut self, header: &Header, payload: &Payload<'_>) {
        let mut whole = Vec::new();
        match frame::encode(header, payload, DEFAULT_LIMIT, &mut whole).map(|_| Frame::new(whole.into(), DEFAULT_LIMIT))
        {
            Ok(Ok(frame)) => {
                if matches!(self.pass_on(None, &frame), Way::None) {
                    self.send_next_door(&frame);
                }
            }
            Ok(Err(error)) | Err(error) => tracing::error!(%error, "a message of the Admin has no form"),
        }
    }

    /// Does what the Admin wants of other systems.
    pub(super) fn carry_out_abroad(&mut self, effect: Effect) {
        let now = self.now();
        match effect {
            Effect::Ask { system, id, message: ToAdmin::CreateFor { creation, tried } }
                if creation.maker == PYTHON && !self.may_be_made_at(system, &tried) =>
            {
                self.tell(Event::Answered { system, id, message: is_not_made_there() });
            }
            Effect::Ask { system, id, message } => {
                self.send(Topic::ToAdmin, root(admin_of(system)), id, &message);
            }
            Effect::GiveUp { system } => {
                if let Some(abroad) = &mut self.abroad {
                    abroad.neighbours.give_up(now, system);
                    abroad.ready = true;
                }
                self.read_on(system);
                self.fall_silent(admin_of(system));
                self.durable_gone(system);
            }
            effect => {
                let Some(Abroad { neighbours, ready, .. }) = &mut self.abroad else { return };
                match effect {
                    Effect::Dial { place } => neighbours.dial(place),
                    Effect::HangUp { system } => neighbours.hang_up(system),
                    Effect::Meet { system } => {
                        neighbours.meet(now, system);
                        *ready = true;
                        return self.durable_met(system);
                    }
                    Effect::Convene { system, message } => neighbours.say(system, &message),
                    _ => return,
                }
                *ready = true;
            }
        }
    }

    /// Sends a durable message to a system. Whether there is room.
    pub(super) fn send_parcel(&mut self, system: SystemId, id: Id, parcel: Bytes) -> bool {
        let now = self.now();
        let Some(abroad) = &mut self.abroad else { return false };
        abroad.ready = true;
        abroad.neighbours.send_durable(now, system, id, parcel)
    }

    /// A durable message of a system is settled.
    pub(super) fn settle_parcel(&mut self, system: SystemId, id: Id) {
        if let Some(abroad) = &mut self.abroad {
            abroad.neighbours.settle(system, id);
            abroad.ready = true;
        }
    }

    /// Nobody else is taken in.
    pub(super) fn stop_listening_abroad(&mut self) {
        if let Some(abroad) = &mut self.abroad {
            abroad.neighbours.stop_listening();
        }
    }

    /// Closes the links with other systems, after what was said last.
    pub(super) fn leave_abroad(&mut self) {
        let now = self.now();
        let Some(mut abroad) = self.abroad.take() else { return };
        abroad.neighbours.flush(now);
        // What comes now has nobody: it is not acknowledged, so who has sent it knows.
        abroad.neighbours.close();
        let until = Instant::now() + FAREWELL_WITHIN;
        let mut events = Vec::new();
        while abroad.neighbours.is_closing() {
            let left = until.saturating_duration_since(Instant::now());
            let _ = self.hub.rearm(abroad.watch);
            abroad.neighbours.ring();
            if left.is_zero() || self.hub.poll(Some(left), &mut events).is_err() {
                return;
            }
            abroad.take_ready(&mut self.hub);
            if abroad.neighbours.turn(self.now()).is_err() {
                return;
            }
            events.clear();
        }
    }
}

const fn admin_of(system: SystemId) -> NodeId {
    NodeId::of_process(system, NodeId::ADMIN)
}

const fn root(node: NodeId) -> Address {
    Address::new(node, 0, 0, 0)
}

fn lay_out(header: &Header, letter: &Letter) -> Option<Frame> {
    let body = roscius_protocol::admin::messages::encode(letter).ok()?;
    let mut whole = Vec::new();
    frame::encode(header, &Payload::System(&body), DEFAULT_LIMIT, &mut whole).ok()?;
    Frame::new(Bytes::from(whole), DEFAULT_LIMIT).ok()
}
