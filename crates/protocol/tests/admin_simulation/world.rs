//! Simulated processes and their links with the Admin.

mod sources;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{Creation, FromAdmin, Refusal, RefusalKind, Scope, ToAdmin};
use roscius_protocol::admin::{Admin, Config, Effect, Event, LinksAre};
use roscius_protocol::convention;
use roscius_protocol::frame::Role;
use roscius_protocol::lifecycle::{Birth, Signal};
use roscius_protocol::random::Random;
use roscius_protocol::supervision::Restart;
use roscius_protocol::time::Time;

const SYSTEM: u32 = 3;
const PROGRAMS: u32 = 3;
const NAMES: [&str; 3] = ["desk", "till", "door"];

#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    pub created: u64,
    pub refused: u64,
    pub killed: u64,
    pub shared_names: u64,
    pub starters_lost: u64,
    pub stubborn: u64,
    pub from_sources: u64,
}

#[derive(Debug)]
enum Came {
    Message(FromAdmin),
    Signal(Signal),
}

struct Process {
    role: Role,
    alive: bool,
    /// It does not exit when it is asked to.
    stubborn: bool,
    starter: Option<NodeId>,
    /// What it has said and the Admin has not heard.
    said: VecDeque<Event>,
    inbox: VecDeque<Came>,
    watched: bool,
}

#[derive(Debug)]
struct Asked {
    name: Option<&'static str>,
    answers: Vec<Result<Address, RefusalKind>>,
}

pub struct World {
    random: Random,
    admin: Admin,
    now: Time,
    effects: Vec<Effect>,
    processes: BTreeMap<NodeId, Process>,
    asked: BTreeMap<(NodeId, u64), Asked>,
    shutdowns: BTreeMap<(NodeId, u64), u32>,
    kept: sources::Kept,
    next_id: u64,
    next_node: u32,
    released: bool,
    ended: bool,
    totals: Totals,
}

fn node(process: u32) -> NodeId {
    NodeId::of_process(SYSTEM, process)
}

fn root(process: NodeId) -> Address {
    Address::new(process, 0, 0, 0)
}

fn actor(process: NodeId) -> Address {
    Address::new(process, 0, 1, 0)
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let config = Config {
            node: node(NodeId::ADMIN),
            capabilities: Vec::new(),
            settings: Vec::new(),
            logger: random.chance(50).then(Vec::new),
            lives_with_creator: false,
            convention: convention::Config::alone(SYSTEM),
            links: LinksAre::default(),
        };
        let mut effects = Vec::new();
        let admin = Admin::new(config, Time::ZERO, &mut effects);
        let mut world = Self {
            random,
            admin,
            now: Time::ZERO,
            effects,
            processes: BTreeMap::new(),
            asked: BTreeMap::new(),
            shutdowns: BTreeMap::new(),
            kept: sources::Kept::default(),
            next_id: 1,
            next_node: 1 << 20,
            released: false,
            ended: false,
            totals: Totals::default(),
        };
        for program in 0..PROGRAMS {
            world.begin(node(1 << 10 | program), Role::External, None);
        }
        world.new_starter();
        world
    }

    pub fn run(mut self, totals: &mut Totals) {
        for _ in 0..self.random.below(150) {
            self.step();
            self.check();
        }
        if self.random.chance(50) {
            self.settle(Duration::from_secs(60));
            self.check_at_rest();
        }
        for _ in 0..=self.random.below(2) {
            let program = self.program();
            let id = self.id();
            self.shutdowns.insert((program, id), 0);
            self.say(program, id, ToAdmin::Shutdown);
            for _ in 0..self.random.below(10) {
                self.step();
            }
        }
        let since = self.now;
        self.settle(Duration::from_secs(10));
        assert!(self.ended, "no end after {:?}", self.now.since(since));
        self.check_end();
        for (count, all) in [
            (self.totals.created, &mut totals.created),
            (self.totals.refused, &mut totals.refused),
            (self.totals.killed, &mut totals.killed),
            (self.totals.shared_names, &mut totals.shared_names),
            (self.totals.starters_lost, &mut totals.starters_lost),
            (self.totals.stubborn, &mut totals.stubborn),
            (self.totals.from_sources, &mut totals.from_sources),
        ] {
            *all += count;
        }
    }

    fn step(&mut self) {
        match self.random.below(24) {
            20.. => self.about_sources(),
            0..=7 => self.deliver(),
            8..=12 => self.read(),
            13..=15 => self.ask(),
            16 => self.wait_a_little(),
            17 => {
                let set = ToAdmin::SetCapability { name: vec![self.random.below(2) as u8], value: Some(vec![1]) };
                let (program, id) = (self.program(), self.id());
                self.say(program, id, set);
            }
            18 if self.random.chance(30) => self.kill_one(),
            18 => self.orphan(),
            _ if self.random.chance(10) => {
                self.new_starter();
            }
            _ => {}
        }
    }

    /// Lets all messages arrive and time pass, until nothing happens any more.
    fn settle(&mut self, time: Duration) {
        let until = self.now.plus(time);
        while !self.ended {
            while !self.ended
                && self.processes.values().any(|it| !it.said.is_empty() || it.alive && !it.inbox.is_empty())
            {
                self.deliver();
                self.read();
            }
            match self.admin.next_deadline().filter(|due| *due <= until) {
                _ if self.ended => return,
                Some(due) => self.now = self.now.max(due),
                None => return,
            }
            self.tell(Event::Due);
        }
    }

    fn wait_a_little(&mut self) {
        let milliseconds = [1, 100, 1_000, 20_000][self.random.below(4)];
        self.now = self.now.plus(Duration::from_millis(milliseconds));
        self.tell(Event::Due);
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn program(&mut self) -> NodeId {
        node(1 << 10 | self.random.below(PROGRAMS as usize) as u32)
    }

    fn begin(&mut self, process: NodeId, role: Role, starter: Option<NodeId>) {
        let stubborn = role == Role::Actor && self.random.chance(10);
        let (said, inbox) = (VecDeque::new(), VecDeque::new());
        let new = Process { role, alive: true, stubborn, starter, said, inbox, watched: false };
        self.processes.insert(process, new);
        self.say(process, 1, ToAdmin::Attach { pid: process.process() });
    }

    fn new_starter(&mut self) {
        self.next_node += 1;
        let starter = node(self.next_node);
        self.begin(starter, Role::Zygote, None);
        self.say(starter, 0, ToAdmin::Offer { makers: vec!["python".into(), "logger".into()] });
    }

    fn say(&mut self, process: NodeId, id: u64, message: ToAdmin) {
        let it = self.processes.get_mut(&process).expect("it speaks");
        it.said.push_back(Event::Said { by: root(process), role: Some(it.role), id, message });
    }

    /// A program asks for an actor.
    fn ask(&mut self) {
        let name = self.random.chance(40).then(|| self.random.pick(&NAMES));
        let (program, id) = (self.program(), self.id());
        self.asked.insert((program, id), Asked { name, answers: Vec::new() });
        let creation = Creation {
            maker: if self.random.chance(95) { "python" } else { "cobol" }.into(),
            name: name.map(str::to_owned),
            // Alone it gives the convention's names to itself.
            scope: if name == Some(NAMES[0]) { Scope::CONVENTION } else { Scope::System },
            spec: Vec::new(),
            process: None,
            requester: None,
            source: self.some_source(),
            order: None,
        };
        self.say(program, id, ToAdmin::Create(creation));
    }

    /// An actor process whose parent is gone.
    fn orphan(&mut self) {
        self.next_node += 1;
        let orphan = node(self.next_node);
        self.begin(orphan, Role::Actor, None);
        if self.random.chance(50) {
            let program = self.program();
            self.say(program, 0, ToAdmin::Adopt { child: actor(orphan), policy: Restart::Temporary });
        }
    }

    fn kill_one(&mut self) {
        let victims: Vec<NodeId> = self
            .processes
            .iter()
            .filter(|(_, it)| it.alive && it.role != Role::External)
            .map(|(node, _)| *node)
            .collect();
        if !victims.is_empty() {
            let victim = self.random.pick(&victims);
            if self.processes[&victim].role == Role::Zygote {
                self.totals.starters_lost += 1;
            }
            self.totals.killed += 1;
            self.die(victim, "signal 9");
        }
    }

    /// A process ends. Its starter reaps it; the Admin sees it after all that it said.
    fn die(&mut self, process: NodeId, how: &str) {
        let it = self.processes.get_mut(&process).expect("it lives");
        if !std::mem::replace(&mut it.alive, false) {
            return;
        }
        it.inbox.clear();
        if it.watched {
            it.said.push_back(Event::Ended { process });
        }
        if let Some(starter) = it.starter.filter(|starter| self.processes[starter].alive) {
            self.say(starter, 0, ToAdmin::Exited { process, how: how.into() });
        }
    }

    /// The Admin hears something.
    fn deliver(&mut self) {
        if self.ended {
            return;
        }
        let speaking: Vec<NodeId> =
            self.processes.iter().filter(|(_, it)| !it.said.is_empty()).map(|(node, _)| *node).collect();
        if !speaking.is_empty() {
            let mut process = self.random.pick(&speaking);
            // The logger comes again under its number, so its starter must not be seconds late with what it says of it.
            if process == node(NodeId::LOGGER)
                && let Some(starter) = self.processes[&process].starter.filter(|starter| speaking.contains(starter))
            {
                process = starter;
            }
            let event = self.processes.get_mut(&process).and_then(|it| it.said.pop_front()).expect("it spoke");
            self.tell(event);
        }
    }

    fn tell(&mut self, event: Event) {
        if std::env::var("SEED").is_ok() {
            println!("{} {event:?}", self.now);
        }
        self.admin.on(self.now, event, &mut self.effects);
        while !self.effects.is_empty() {
            for effect in std::mem::take(&mut self.effects) {
                self.carry_out(effect);
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        if std::env::var("SEED").is_ok() {
            println!("    {effect:?}");
        }
        assert!(!self.ended, "{effect:?} after the end");
        match effect {
            Effect::Send { to, id, message } => {
                if let FromAdmin::Make { source, .. } = &message {
                    self.check_source(source.as_ref());
                }
                self.answered(to.node(), id, &message);
                self.post(to, Came::Message(message));
            }
            Effect::Signal { to, signal } => self.post(to, Came::Signal(signal)),
            Effect::Watch { process, .. } => {
                let it = self.processes.get_mut(&process).expect("it has a number");
                assert!(!std::mem::replace(&mut it.watched, true), "watched twice");
                if !it.alive {
                    it.said.push_back(Event::LinkBroken { process });
                    self.admin.on(self.now, Event::Unwatched { process }, &mut self.effects);
                }
            }
            Effect::KillPid { process, .. } => self.die(process, "signal 9"),
            Effect::Forget { process } => {
                if let Some(it) = self.processes.get_mut(&process) {
                    assert!(!it.alive || it.role == Role::External, "forgotten and alive");
                    it.watched = false;
                    // Its link is forgotten with it.
                    if !it.alive {
                        it.said.clear();
                    }
                }
            }
            Effect::PassLetter { .. } | Effect::Resend { .. } => unreachable!("there are no letters here"),
            Effect::ExamineSource { id, .. } => self.examine(id),
            Effect::DiscardSource { digest } => self.discard(digest),
            // Nobody sends durable messages here.
            Effect::Log { .. } | Effect::Named { .. } | Effect::Unnamed { .. } => {}
            // There is no other system.
            Effect::SendSource { .. }
            | Effect::Convene { .. }
            | Effect::Ask { .. }
            | Effect::Dial { .. }
            | Effect::HangUp { .. }
            | Effect::Meet { .. }
            | Effect::OpenPost { .. }
            | Effect::GiveUp { .. } => panic!("nothing is said to other systems: {effect:?}"),
            Effect::Release => self.released = true,
            Effect::End => self.ended = true,
        }
    }

    fn answered(&mut self, process: NodeId, id: u64, message: &FromAdmin) {
        let answer = match message {
            FromAdmin::Created { actor } => Ok(*actor),
            FromAdmin::Refused(refusal) => Err(refusal.kind),
            FromAdmin::Done => {
                if let Some(count) = self.shutdowns.get_mut(&(process, id)) {
                    assert!(self.released, "answered before the next system could start");
                    *count += 1;
                }
                return;
            }
            _ => return,
        };
        let asked = self.asked.get_mut(&(process, id)).expect("it was asked");
        asked.answers.push(answer);
        assert_eq!(asked.answers.len(), 1, "{asked:?}");
        match answer {
            Ok(_) => self.totals.created += 1,
            Err(_) => self.totals.refused += 1,
        }
    }

    fn post(&mut self, to: Address, came: Came) {
        match self.processes.get_mut(&to.node()) {
            Some(process) if process.alive => process.inbox.push_back(came),
            _ => {
                if let Came::Signal(signal) = came
                    && let Some((_, signal)) = signal.bounce(to)
                {
                    self.admin.on(self.now, Event::Signal(signal), &mut self.effects);
                }
            }
        }
    }

    /// A process takes what came.
    fn read(&mut self) {
        let waiting: Vec<NodeId> =
            self.processes.iter().filter(|(_, it)| it.alive && !it.inbox.is_empty()).map(|(node, _)| *node).collect();
        if waiting.is_empty() {
            return;
        }
        let process = self.random.pick(&waiting);
        let came = self.processes.get_mut(&process).and_then(|it| it.inbox.pop_front()).expect("something came");
        match came {
            Came::Message(FromAdmin::Make { process: new, .. }) => self.make(process, new),
            Came::Message(FromAdmin::ValidateSource { id, .. }) => self.validate(process, id),
            Came::Message(FromAdmin::Kill { process }) => {
                if self.processes.contains_key(&process) {
                    self.die(process, "signal 9");
                }
            }
            Came::Message(FromAdmin::Finish) if self.processes[&process].role != Role::External => {
                self.die(process, "");
            }
            Came::Signal(Signal::Exit { .. }) if self.processes[&process].stubborn => self.totals.stubborn += 1,
            Came::Signal(Signal::Exit { reason, .. }) => {
                let ended = Signal::ChildEnded { birth: Birth::numbered(0), child: actor(process), reason };
                self.processes.get_mut(&process).expect("it exits").said.push_back(Event::Signal(ended));
                self.die(process, "");
            }
            Came::Message(_) | Came::Signal(_) => {}
        }
    }

    /// A starter makes a process, which may come to nothing in all kinds of ways.
    fn make(&mut self, starter: NodeId, process: NodeId) {
        let refusal = Refusal { kind: RefusalKind::Import, text: "no".into() };
        let fate = self.random.below(12);
        if fate == 0 {
            return self.say(starter, 0, ToAdmin::Failed { process, refusal, fits: Vec::new() });
        }
        let role = if process == node(NodeId::LOGGER) { Role::Logger } else { Role::Actor };
        // It may speak before its starter says that it is there, and die before it speaks.
        if fate == 1 {
            self.begin(process, role, Some(starter));
            self.processes.get_mut(&process).expect("it began").said.clear();
            self.say(starter, 0, ToAdmin::Forked { process, pid: process.process() });
            return self.die(process, "signal 11");
        }
        self.begin(process, role, Some(starter));
        self.say(starter, 0, ToAdmin::Forked { process, pid: process.process() });
        match fate {
            2 => {
                self.say(process, 0, ToAdmin::Failed { process, refusal, fits: Vec::new() });
                self.die(process, "");
            }
            // It hangs.
            3 => {}
            _ => self.say(process, 0, ToAdmin::Ready { process, policy: Restart::Temporary, bounded: false }),
        }
    }

    /// What holds at any time.
    fn check(&mut self) {
        let status = self.admin.status(self.now);
        let children: BTreeSet<Address> = status.children.iter().copied().collect();
        for (name, holder) in &status.names {
            assert!(children.contains(holder), "{name} belongs to nobody");
        }
        self.check_sources();
        self.totals.shared_names += u64::from(self.shared_names() > 0);
    }

    /// How many names were asked for by several and gave one actor.
    fn shared_names(&self) -> usize {
        let mut actors: BTreeMap<Address, (BTreeSet<&str>, usize)> = BTreeMap::new();
        for asked in self.asked.values() {
            if let Some(Ok(actor)) = asked.answers.first() {
                let (names, count) = actors.entry(*actor).or_default();
                names.extend(asked.name);
                *count += 1;
                assert!(names.len() <= 1, "{actor} has the names {names:?}");
                assert!(*count == 1 || names.len() == 1, "{actor} was given twice without a name");
            }
        }
        actors.values().filter(|(_, count)| *count > 1).count()
    }

    /// What holds when all is told and time is up for everything.
    fn check_at_rest(&self) {
        for (who, asked) in &self.asked {
            assert_eq!(asked.answers.len(), 1, "{who:?} {asked:?}");
        }
        let status = self.admin.status(self.now);
        for child in &status.children {
            assert!(self.processes[&child.node()].alive, "{child} is dead");
        }
        for asked in self.asked.values() {
            if let Some(Ok(actor)) = asked.answers.first()
                && self.processes[&actor.node()].alive
            {
                assert!(status.children.contains(actor), "{actor} is alive");
                if let Some(name) = asked.name {
                    assert!(status.names.contains(&(name.to_owned(), *actor)), "{name} is not {actor}'s");
                }
            }
        }
        for (process, it) in &self.processes {
            // A logger may be about to come again.
            let known = self.admin.knows(*process) && *process != node(NodeId::LOGGER);
            assert!(it.alive || !known, "{process} is remembered");
        }
    }

    fn check_end(&self) {
        for (who, asked) in &self.asked {
            let unheard =
                self.processes[&who.0].said.iter().any(|it| matches!(it, Event::Said { id, .. } if *id == who.1));
            assert_eq!(asked.answers.len(), usize::from(!unheard), "{who:?} {asked:?}");
        }
        for (who, count) in &self.shutdowns {
            let unheard =
                self.processes[&who.0].said.iter().any(|it| matches!(it, Event::Said { id, .. } if *id == who.1));
            assert_eq!(*count, u32::from(!unheard), "{who:?}");
        }
        for (process, it) in &self.processes {
            // Who comes too late finds no Admin, and ends for that.
            let late = it.said.iter().any(|it| matches!(it, Event::Said { message: ToAdmin::Attach { .. }, .. }));
            assert!(!it.alive || late || it.role == Role::External, "{process} ({:?}) lives on", it.role);
        }
        assert_eq!(self.admin.next_deadline(), None);
    }
}
