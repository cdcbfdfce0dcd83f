//! An Admin and all it has said.

use std::time::Duration;

use crate::address::{Address, NodeId};
use crate::admin::messages::{Creation, FromAdmin, Refusal, RefusalKind, Scope, Status, ToAdmin};
use crate::admin::{Admin, Config, Effect, Event, LinksAre, actor_of, root};
use crate::convention;
use crate::frame::Role;
use crate::lifecycle::{ExitReason, Signal};
use crate::supervision::Restart;
use crate::time::Time;

pub const SYSTEM: u32 = 7;
pub const STARTER: NodeId = node(2);
pub const PROGRAM: NodeId = node(100);

pub const fn node(process: u32) -> NodeId {
    NodeId::of_process(SYSTEM, process)
}

pub struct Scene {
    pub admin: Admin,
    pub now: Time,
    /// What was said and not yet looked at.
    pub effects: Vec<Effect>,
}

impl Scene {
    /// With a starter for `python` and a program.
    pub fn new() -> Self {
        let mut scene = Self::with(|_| {});
        scene.starter();
        scene.attach(PROGRAM, Role::External);
        scene.effects.clear();
        scene
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            node: node(NodeId::ADMIN),
            capabilities: vec![(b"a".to_vec(), b"1".to_vec())],
            settings: vec![(b"log".to_vec(), b"x".to_vec())],
            logger: None,
            lives_with_creator: false,
            convention: convention::Config::alone(SYSTEM),
            links: LinksAre::default(),
        };
        change(&mut config);
        let mut effects = Vec::new();
        Self { admin: Admin::new(config, Time::ZERO, &mut effects), now: Time::ZERO, effects }
    }

    pub fn starter(&mut self) {
        self.attach(STARTER, Role::Zygote);
        self.say(STARTER, 0, ToAdmin::Offer { makers: vec!["python".into(), "logger".into()] });
    }

    pub fn status(&self) -> Status {
        self.admin.status(self.now)
    }

    pub fn on(&mut self, event: Event) {
        self.admin.on(self.now, event, &mut self.effects);
    }

    pub fn say(&mut self, process: NodeId, id: u64, message: ToAdmin) {
        self.say_as(process, Role::Actor, id, message);
    }

    pub fn say_as(&mut self, process: NodeId, role: Role, id: u64, message: ToAdmin) {
        self.on(Event::Said { by: root(process), role: Some(role), id, message });
    }

    pub fn attach(&mut self, process: NodeId, role: Role) {
        self.say_as(process, role, 1, ToAdmin::Attach { pid: process.process() });
    }

    pub fn wait(&mut self, time: Duration) {
        self.now = self.now.plus(time);
        self.on(Event::Due);
    }

    pub fn end(&mut self, process: NodeId) {
        if process != STARTER && self.admin.processes.get(&process).is_some_and(|it| it.starter == Some(STARTER)) {
            self.say(STARTER, 0, ToAdmin::Exited { process, how: String::new() });
        }
        self.on(Event::Ended { process });
    }

    pub fn seen(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// What was said to one process, with the message ids.
    pub fn said_to(&mut self, process: NodeId) -> Vec<(u64, FromAdmin)> {
        let effects = self.seen().into_iter();
        let to = |effect| match effect {
            Effect::Send { to, id, message } if to.node() == process => Some((id, message)),
            _ => None,
        };
        effects.filter_map(to).collect()
    }

    /// Asks for an actor and says which process it is to be.
    pub fn create(&mut self, id: u64, change: impl FnOnce(&mut Creation)) -> Option<NodeId> {
        let mut creation = creation();
        change(&mut creation);
        let before = self.effects.len();
        self.say(PROGRAM, id, ToAdmin::Create(creation));
        self.effects[before..].iter().find_map(|effect| match effect {
            Effect::Send { message: FromAdmin::Make { process, .. }, .. } => Some(*process),
            _ => None,
        })
    }

    /// The process is there and has its actor.
    pub fn ready(&mut self, process: NodeId) -> Address {
        self.say(STARTER, 0, ToAdmin::Forked { process, pid: process.process() });
        self.attach(process, Role::Actor);
        self.say(process, 0, ToAdmin::Ready { process, policy: Restart::Temporary, bounded: false });
        actor_of(process)
    }

    /// An actor made for the program, and all that led to it forgotten.
    pub fn actor(&mut self, name: Option<&str>) -> Address {
        let process = self.create(9, |creation| creation.name = name.map(str::to_owned)).unwrap();
        let actor = self.ready(process);
        self.effects.clear();
        actor
    }

    pub fn child_ended(&mut self, child: Address) {
        let birth = crate::lifecycle::Birth::numbered(0);
        self.on(Event::Signal(Signal::ChildEnded { birth, child, reason: ExitReason::Requested }));
    }
}

/// Of an actor that anybody may want.
pub fn creation() -> Creation {
    Creation {
        maker: "python".into(),
        name: None,
        scope: Scope::System,
        spec: b"spec".to_vec(),
        process: None,
        requester: None,
        source: None,
        order: None,
    }
}

pub fn kind_of(message: &FromAdmin) -> Option<RefusalKind> {
    match message {
        FromAdmin::Refused(refusal) => Some(refusal.kind),
        _ => None,
    }
}

pub fn refusal(kind: RefusalKind) -> Refusal {
    Refusal { kind, text: "because".into() }
}
