//! An Admin and those who talk to it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{Creation, FromAdmin, Scope, Status, ToAdmin, Topic, decode, encode};
use roscius_protocol::frame::{Frame, Header, Kind, Payload, Role};
use roscius_transport::{Event, Hub, HubOptions, SocketDir};

use crate::fellow::Fellow;

/// Long enough for a busy machine; a test that comes this far has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A directory that goes with the test.
pub struct Stage(pub PathBuf);

impl Stage {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("radm-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        Self(path)
    }

    /// All files that systems have made here.
    pub fn files(&self) -> Vec<PathBuf> {
        fn below(path: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
                found.push(entry.path());
                if !entry.path().is_symlink() {
                    below(&entry.path(), found);
                }
            }
        }
        let mut found = Vec::new();
        below(&self.0, &mut found);
        found.retain(|path| path.parent() != Some(&self.0));
        found
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running system.
pub struct System {
    pub stage: Stage,
    pub system: u32,
    pub admin: Fellow,
    pub alias: String,
}

impl System {
    pub fn start(name: &str, system: u32) -> Self {
        let stage = Stage::new(name);
        let mut admin = Fellow::start("admin tcp 127.0.0.1:0", &stage.0, system.into(), None);
        let served = admin.line("SERVED");
        let alias = served.split_once(' ').unwrap().1.to_owned();
        Self { stage, system, admin, alias }
    }

    pub fn program(&self, process: u32) -> Speaker {
        Speaker::new(&self.stage.0, NodeId::of_process(self.system, process), Role::External)
    }

    /// A speaker that makes actors, each a process of its own.
    pub fn starter(&self) -> Speaker {
        let mut starter = Speaker::new(&self.stage.0, NodeId::of_process(self.system, 2), Role::Zygote);
        starter.attach();
        starter.say(0, ToAdmin::Offer { makers: vec!["python".into()] });
        starter
    }
}

/// A hub that talks to the Admin.
pub struct Speaker {
    pub hub: Hub,
    pub admin: Address,
    base: PathBuf,
    events: Vec<Event>,
    frames: Vec<Frame>,
    pub gone: bool,
    pub children: Vec<(NodeId, Fellow)>,
}

impl Speaker {
    pub fn new(base: &Path, node: NodeId, role: Role) -> Self {
        let directory = SocketDir::of_system_in(base, node.system()).unwrap();
        let listening = directory.listen(node).unwrap();
        let mut hub = Hub::new(HubOptions::new(node, role), Some(listening)).unwrap();
        let admin = Address::new(NodeId::of_process(node.system(), NodeId::ADMIN), 0, 0, 0);
        hub.introduce(admin.node(), directory.path_of(admin.node()));
        let (events, frames, children) = (Vec::new(), Vec::new(), Vec::new());
        Self { hub, admin, base: base.to_owned(), events, frames, gone: false, children }
    }

    pub fn address(&self) -> Address {
        Address::new(self.hub.node(), 0, 0, 0)
    }

    pub fn send(&mut self, id: u64, topic: u64, payload: &Payload<'_>) {
        let header = Header { message: id, type_id: topic, ..Header::new(self.address(), self.admin) };
        let _ = self.hub.send(self.admin.node(), &header, payload).unwrap();
    }

    pub fn say(&mut self, id: u64, message: ToAdmin) {
        self.send(id, Topic::ToAdmin as u64, &Payload::System(&encode(&message).unwrap()));
    }

    /// It ends with its link: the process that it is in plays several parts.
    pub fn attach(&mut self) {
        self.say(1, ToAdmin::Attach { pid: 0 });
        let attached = self.answer(1);
        assert!(matches!(attached, FromAdmin::Attached { .. }), "{attached:?}");
    }

    pub fn turn(&mut self) {
        self.hub.poll(Some(Duration::from_millis(1)), &mut self.events).unwrap();
        for event in self.events.drain(..) {
            match event {
                Event::Frame { frame, .. } => self.frames.push(frame),
                Event::Gone { .. } => self.gone = true,
                _ => {}
            }
        }
    }

    /// Whether such a frame has come and was not looked at.
    pub fn has(&self, is: impl Fn(&Frame) -> bool) -> bool {
        self.frames.iter().any(is)
    }

    /// The first frame that is looked for.
    pub fn frame(&mut self, what: &str, is: impl Fn(&Frame) -> bool) -> Frame {
        let since = Instant::now();
        loop {
            if let Some(at) = self.frames.iter().position(&is) {
                return self.frames.remove(at);
            }
            assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {:?}", self.frames);
            self.turn();
        }
    }

    pub fn answer(&mut self, id: u64) -> FromAdmin {
        let frame = self.frame(&format!("answer {id}"), |frame| {
            frame.kind() == Kind::System
                && frame.header().type_id == Topic::FromAdmin as u64
                && frame.header().message == id
        });
        decode(&frame.body()).unwrap()
    }

    pub fn ask(&mut self, id: u64, message: ToAdmin) -> FromAdmin {
        self.say(id, message);
        self.answer(id)
    }

    pub fn status(&mut self) -> Status {
        match self.ask(77, ToAdmin::Status) {
            FromAdmin::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    /// Asks until the system is as it should be.
    pub fn until(&mut self, what: &str, is: impl Fn(&Status) -> bool) {
        let since = Instant::now();
        loop {
            let status = self.status();
            if is(&status) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {status:?}");
        }
    }

    pub fn ask_for(&mut self, id: u64, name: Option<&str>) {
        let creation = Creation {
            maker: "python".into(),
            name: name.map(str::to_owned),
            scope: Scope::System,
            spec: Vec::new(),
            process: None,
            requester: None,
            source: None,
            order: None,
        };
        self.say(id, ToAdmin::Create(creation));
    }

    /// As a starter: starts what the Admin wants made.
    pub fn start_next(&mut self, manner: &str) -> NodeId {
        let make = self.answer(0);
        let FromAdmin::Make { process, .. } = make else { panic!("{make:?}") };
        let fellow = Fellow::start(&format!("actor {manner}"), &self.base, process.number(), None);
        self.say(0, ToAdmin::Forked { process, pid: fellow.pid() });
        self.hub.flush();
        self.children.push((process, fellow));
        process
    }

    /// Says which of the started processes have ended.
    pub fn reap(&mut self) {
        let mut ended = Vec::new();
        self.children.retain_mut(|(process, fellow)| match fellow.0.try_wait().unwrap() {
            Some(status) => {
                ended.push((*process, if status.success() { String::new() } else { status.to_string() }));
                false
            }
            None => true,
        });
        for (process, how) in ended {
            self.say(0, ToAdmin::Exited { process, how });
        }
        self.turn();
    }
}
