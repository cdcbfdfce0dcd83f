//! One start of a simulated system: its Admin, its processes, and what passes between them.
//!
//! It does what the real host does with sockets, without any: what is to happen outside is an [`Output`].

mod abroad;
mod letters;
mod making;

pub(crate) use making::texts;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use roscius::registry::Registry;
use roscius::{Address, NodeId, Signal, StartError};
use roscius_protocol::admin::messages::{Entry, FromAdmin, Letter, Setback, ToAdmin, Topic};
use roscius_protocol::admin::{Admin, Config, Effect, Event, LinksAre};
use roscius_protocol::convention::{self, Place, SystemId};
use roscius_protocol::frame::{Frame, Header, Kind, Role};
use roscius_protocol::pair::{self, Pair};
use roscius_protocol::random::Random;
use roscius_protocol::time::Time;

use crate::clock::Clock;
use crate::invariants::Observation;
use crate::network::Host;
use crate::process::Process;
use crate::wire::{self, Types, root_of};

/// The process that makes others.
const STARTER: u32 = NodeId::FIRST_FREE;
/// The process of who holds the handle of the system.
const PROGRAM: u32 = STARTER + 1;

/// What goes over a link.
#[derive(Clone, Debug)]
pub(crate) enum Packet {
    /// A message between Admins, encoded.
    Admin(Bytes),
    /// A record of a pair.
    Pair(Bytes),
}

/// What passes between two processes of a system.
#[derive(Clone, Debug)]
pub(crate) enum Mail {
    Frame(Frame),
    /// To a process: nobody is at this node any more, or in all of its system.
    Silent(NodeId),
    /// To the Admin: the process that this comes from has ended.
    Gone,
}

/// What is to be done outside.
#[derive(Debug)]
pub(crate) enum Output {
    /// After all that went the same way before.
    Mail {
        via: NodeId,
        to: NodeId,
        mail: Mail,
    },
    Dial(Place),
    HangUp(SystemId),
    Packet {
        to: SystemId,
        packet: Packet,
    },
    Log(String),
    /// The invariants are to know.
    Seen(Observation),
    /// The system has ended.
    Ended,
}

/// Whether a system with these capabilities has what an actor needs, by the name of the actor.
pub(crate) type Requirements = Rc<RefCell<BTreeMap<String, Box<Requirement>>>>;
type Requirement = dyn Fn(&BTreeMap<String, String>) -> bool;

/// What all starts of a system have in common.
pub(crate) struct Blueprint {
    pub name: String,
    pub place: Place,
    pub capabilities: Vec<Entry>,
    pub candidates: Vec<Place>,
    pub outbound_only: bool,
    pub registry: Registry,
    pub makers: Vec<String>,
    pub requirements: Requirements,
    pub pair: pair::Limits,
}

/// See the [module](self).
pub(crate) struct System {
    pub id: SystemId,
    pub host: Host,
    pub clock: Clock,
    /// What its clock shows.
    now: Time,
    /// What the processes draw from.
    random: Random,
    pub admin: Admin,
    effects: Vec<Effect>,
    registry: Registry,
    requirements: Requirements,
    types: Arc<Types>,
    pub processes: BTreeMap<NodeId, Process>,
    /// What kind of process each was.
    roles: BTreeMap<NodeId, Role>,
    links: BTreeMap<SystemId, u64>,
    pairs: BTreeMap<SystemId, Pair>,
    limits: pair::Limits,
    lives: u32,
    records: Vec<pair::Effect>,
    happened: VecDeque<abroad::Happening>,
    /// Who has spoken with a process. Those elsewhere speak by their Admins.
    spoke: BTreeMap<NodeId, BTreeSet<NodeId>>,
    pub out: Vec<Output>,
    /// When it is looked whether something is due, on the clock of the world.
    pub due: Option<Time>,
}

impl System {
    pub fn start(
        blueprint: &Blueprint,
        id: SystemId,
        host: Host,
        clock: Clock,
        seed: u64,
        world: Time,
    ) -> Result<Self, StartError> {
        let now = clock.shows(world);
        let config = Config {
            node: NodeId::of_process(id, NodeId::ADMIN),
            capabilities: blueprint.capabilities.clone(),
            settings: Vec::new(),
            logger: None,
            lives_with_creator: false,
            convention: convention::Config {
                identity: blueprint.name.clone(),
                place: Some(blueprint.place.clone()),
                candidates: blueprint.candidates.clone(),
                outbound_only: blueprint.outbound_only,
                seed,
                ..convention::Config::alone(id)
            },
            links: LinksAre::default(),
        };
        let mut effects = Vec::new();
        let admin = Admin::new(config, now, &mut effects);
        let mut system = Self {
            id,
            host,
            clock,
            now,
            random: Random::new(!seed),
            admin,
            effects,
            registry: blueprint.registry.clone(),
            requirements: Rc::clone(&blueprint.requirements),
            types: Arc::new(wire::types_of(&blueprint.registry)),
            processes: BTreeMap::new(),
            roles: BTreeMap::new(),
            links: BTreeMap::new(),
            pairs: BTreeMap::new(),
            limits: blueprint.pair,
            lives: 0,
            records: Vec::new(),
            happened: VecDeque::new(),
            spoke: BTreeMap::new(),
            out: Vec::new(),
            due: None,
        };
        let starter = root_of(system.node(STARTER));
        system.roles.insert(starter.node(), Role::Zygote);
        system.tell_said(starter, 0, ToAdmin::Attach { pid: STARTER });
        system.tell_said(starter, 0, ToAdmin::Offer { makers: blueprint.makers.clone() });
        let program = system.new_process(system.node(PROGRAM), Role::External)?;
        system.tell_said(program, 0, ToAdmin::Attach { pid: PROGRAM });
        Ok(system)
    }

    /// Notes what time it is.
    pub fn enter(&mut self, world: Time) {
        self.now = self.clock.shows(world);
    }

    fn node(&self, process: u32) -> NodeId {
        NodeId::of_process(self.id, process)
    }

    fn admin_node(&self) -> NodeId {
        self.node(NodeId::ADMIN)
    }

    /// The process of who holds the handle of the system.
    pub fn program_node(&self) -> NodeId {
        self.node(PROGRAM)
    }

    /// When something is due, on the clock of the world.
    pub fn next(&self) -> Option<Time> {
        let pairs = self.pairs.values().filter_map(Pair::next_deadline);
        let first = pairs.chain(self.admin.next_deadline()).min()?;
        Some(self.clock.when(first))
    }

    /// Does what is due.
    pub fn look(&mut self) {
        self.look_abroad();
        self.tell(Event::Due);
    }

    /// What actors of a process have said.
    pub fn send_all(&mut self, from: NodeId, frames: Vec<Frame>) {
        for frame in frames {
            let header = frame.header();
            if let Some(trace) = header.trace.filter(|_| frame.kind() != Kind::System) {
                self.see(Observation::Sent { number: trace.trace, from: header.from, to: header.to });
            }
            if let Ok(Signal::Watch { by }) = wire::read_system::<Signal>(&frame)
                && header.type_id == Topic::Signal as u64
                && frame.kind() == Kind::System
            {
                self.see(Observation::Watched { by, address: header.to });
            }
            self.send(from, header.to.node(), frame);
        }
    }

    /// Gives a frame of a process here to another, or to the Admin for who is elsewhere.
    fn send(&mut self, from: NodeId, to: NodeId, frame: Frame) {
        let is_here = to.system() == self.id;
        if is_here && to != self.admin_node() && from != self.admin_node() {
            self.spoke.entry(to).or_default().insert(from);
        }
        let to = if is_here { to } else { self.admin_node() };
        self.out.push(Output::Mail { via: from, to, mail: Mail::Frame(frame) });
    }

    fn see(&mut self, observation: Observation) {
        self.out.push(Output::Seen(observation));
    }

    /// Something has come for a process, or the Admin.
    pub fn take(&mut self, via: NodeId, to: NodeId, mail: Mail) {
        match mail {
            Mail::Gone => self.process_ended(via),
            Mail::Frame(frame) if to == self.admin_node() => self.take_as_admin(via, &frame),
            Mail::Frame(frame) if to == self.node(STARTER) => self.take_as_starter(&frame),
            Mail::Frame(frame) => self.take_as_process(to, &frame),
            Mail::Silent(node) => {
                let Some(process) = self.processes.get_mut(&to) else { return };
                let whole = node.process() == NodeId::ADMIN;
                let told = process.silent(|other| other == node || whole && other.system() == node.system());
                for (to, signal) in told {
                    self.see(Observation::Told { to, signal });
                }
            }
        }
    }

    fn take_as_process(&mut self, to: NodeId, frame: &Frame) {
        let Some(process) = self.processes.get_mut(&to) else {
            return self.undelivered(frame, Setback::NoActor, "its process has ended");
        };
        process.set_clock(self.now);
        let (answer, told) = process.take(frame);
        let again = process.answered_again.take();
        if let Some(trace) = frame.header().trace.filter(|_| frame.kind() != Kind::System) {
            let Header { from, to, .. } = frame.header();
            let by = NodeId::new(trace.span);
            self.see(Observation::Delivered { number: trace.trace, by, from, to });
        }
        if let Some((to, signal)) = told {
            self.see(Observation::Told { to, signal });
        }
        if let Some(ask) = again {
            self.see(Observation::AnsweredAgain { by: to, ask });
        }
        if let Some(answer) = answer {
            self.send(to, answer.header().to.node(), answer);
        }
    }

    fn take_as_admin(&mut self, from: NodeId, frame: &Frame) {
        let header = frame.header();
        if header.to.node().system() != self.id {
            return self.send_abroad(from, frame);
        }
        if frame.kind() != Kind::System || header.to != self.admin.address() {
            return self.tell(Event::Noise);
        }
        match Topic::of(header.type_id) {
            Some(Topic::ToAdmin) => match wire::read_system::<ToAdmin>(frame) {
                Ok(message) => self.tell_said(header.from, header.message, message),
                Err(_) => self.tell(Event::Noise),
            },
            Some(Topic::Signal) => match wire::read_system::<Signal>(frame) {
                Ok(signal) => self.tell(Event::Signal(signal)),
                Err(_) => self.tell(Event::Noise),
            },
            Some(Topic::DeadLetter) => match wire::read_system::<Letter>(frame) {
                Ok(letter) => self.letter(header.from, &letter, frame),
                Err(_) => self.tell(Event::Noise),
            },
            _ => self.tell(Event::Noise),
        }
    }

    fn tell_said(&mut self, by: Address, id: u64, message: ToAdmin) {
        let role = self.roles.get(&by.node()).copied();
        self.tell(Event::Said { by, role, id, message });
    }

    pub fn tell(&mut self, event: Event) {
        self.admin.on(self.now, event, &mut self.effects);
        self.carry_out(None);
    }

    /// Does what the Admin wants, and what comes of that.
    fn carry_out(&mut self, letter: Option<&Frame>) {
        while !self.effects.is_empty() {
            for effect in std::mem::take(&mut self.effects) {
                match effect {
                    Effect::Send { to, id, message } => self.say(Topic::FromAdmin, to, id, &message),
                    Effect::Signal { to, signal } => self.say(Topic::Signal, to, 0, &signal),
                    Effect::PassLetter { to } => {
                        if let Some(letter) = letter.and_then(|letter| wire::read_system::<Letter>(letter).ok()) {
                            self.say(Topic::DeadLetter, to, 0, &letter);
                        }
                    }
                    Effect::Watch { process, .. } => {
                        if self.roles.get(&process) != Some(&Role::Zygote) && !self.processes.contains_key(&process) {
                            self.admin.on(self.now, Event::Unwatched { process }, &mut self.effects);
                            self.admin.on(self.now, Event::LinkBroken { process }, &mut self.effects);
                        }
                    }
                    Effect::KillPid { process, .. } => self.kill_process(process),
                    Effect::Forget { process } => self.fall_silent(process),
                    Effect::Log { text, .. } => self.out.push(Output::Log(text)),
                    abroad @ (Effect::Convene { .. }
                    | Effect::Ask { .. }
                    | Effect::Dial { .. }
                    | Effect::HangUp { .. }
                    | Effect::Meet { .. }
                    | Effect::GiveUp { .. }) => self.carry_out_abroad(abroad),
                    // Nobody here sends letters again or durable messages, or has a source.
                    Effect::Resend { .. }
                    | Effect::OpenPost { .. }
                    | Effect::Named { .. }
                    | Effect::Unnamed { .. }
                    | Effect::ExamineSource { .. }
                    | Effect::SendSource { .. }
                    | Effect::DiscardSource { .. }
                    | Effect::Release => {}
                    Effect::End => {
                        let actors = self.processes.values().filter(|process| process.role == Role::Actor);
                        let left = actors.map(|process| process.node).collect();
                        self.see(Observation::ShutDown { left });
                        self.out.push(Output::Ended);
                    }
                }
            }
        }
    }

    /// The Admin says something.
    fn say<T: serde::Serialize>(&mut self, topic: Topic, to: Address, id: u64, message: &T) {
        let header = Header { message: id, ..Header::new(self.admin.address(), to) };
        match wire::system_frame(header, topic, message) {
            Ok(frame) if to.node().system() != self.id => self.pass_on(&frame),
            Ok(frame) => self.send(self.admin_node(), to.node(), frame),
            Err(error) => self.out.push(Output::Log(format!("a message of the Admin has no form: {error}"))),
        }
    }

    /// Nobody is at a node any more who could answer: all who have spoken with it are told.
    fn fall_silent(&mut self, node: NodeId) {
        let is_lost =
            |other: NodeId| other == node || node.process() == NodeId::ADMIN && other.system() == node.system();
        let lost: Vec<NodeId> = self.spoke.keys().copied().filter(|other| is_lost(*other)).collect();
        let mut who: BTreeSet<NodeId> = lost.iter().filter_map(|node| self.spoke.remove(node)).flatten().collect();
        for others in self.spoke.values_mut() {
            others.retain(|other| !is_lost(*other));
        }
        who.retain(|who| !is_lost(*who));
        // What it said last comes first.
        let via = if node.system() == self.id { node } else { self.admin_node() };
        for who in who {
            if who.system() == self.id {
                self.out.push(Output::Mail { via, to: who, mail: Mail::Silent(node) });
            } else {
                self.say(Topic::FromAdmin, root_of(who), 0, &FromAdmin::Silent { node });
            }
        }
    }
}

pub(crate) const fn admin_of(system: SystemId) -> NodeId {
    NodeId::of_process(system, NodeId::ADMIN)
}
