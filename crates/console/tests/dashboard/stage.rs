//! A dashboard of a system that is what the test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use roscius::status::ActorState as Doing;
use roscius_console::dashboard::{Connect, Dashboard, Observed, Options};
use roscius_console::snapshot::{
    ActorInfo, ActorState, ClassInfo, DeadLetter, DeadLetterKind, MessageInfo, ProcessInfo, Snapshot,
};
use tokio::sync::oneshot;

use crate::http::{Response, request};

/// Long enough for a busy machine; a test that comes this far has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often the dashboard looks: often, so that tests are short.
const EVERY: Duration = Duration::from_millis(20);

/// What the dashboard sees, and what it was asked to do.
#[derive(Default)]
pub struct Model {
    /// Why the system is not seen, if it is not.
    pub lost: Option<String>,
    pub snapshot: Snapshot,
    /// How often it was looked at.
    pub looks: u64,
    /// Letters that were sent again, and whom to.
    pub resent: Vec<(u64, Option<String>)>,
}

struct Seen(Arc<Mutex<Model>>);

impl Observed for Seen {
    fn look(&mut self) -> Result<Arc<Snapshot>, String> {
        let mut model = self.0.lock().unwrap();
        model.looks += 1;
        model.snapshot.system.seen_at += 1.0;
        model.snapshot.system.uptime += 1.0;
        match &model.lost {
            Some(reason) => Err(reason.clone()),
            None => Ok(Arc::new(model.snapshot.clone())),
        }
    }

    fn resend(&mut self, letter: u64, to: Option<&str>) -> Result<Option<String>, String> {
        let mut model = self.0.lock().unwrap();
        let letters = &mut model.snapshot.dead_letters.latest;
        let Some(known) = letters.iter_mut().find(|it| it.number == Some(letter)) else { return Ok(None) };
        if to == Some("nobody") {
            return Err("there is no actor `nobody`".to_owned());
        }
        known.number = None;
        let target = known.target.clone();
        model.resent.push((letter, to.map(str::to_owned)));
        Ok(Some(to.map_or(target, str::to_owned)))
    }
}

/// A dashboard in a thread of this process.
pub struct Stage {
    pub address: SocketAddr,
    pub token: String,
    pub url: String,
    pub model: Arc<Mutex<Model>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    /// Of a small system.
    pub fn start(options: Options) -> Self {
        Self::of(options, small())
    }

    pub fn of(options: Options, snapshot: Snapshot) -> Self {
        let options = Options { every: EVERY, ..options };
        let model = Arc::new(Mutex::new(Model { snapshot, ..Model::default() }));
        let seen = Arc::clone(&model);
        let connect: Connect = Box::new(move || {
            let lost = seen.lock().unwrap().lost.clone();
            lost.map_or_else(|| Ok(Box::new(Seen(Arc::clone(&seen))) as Box<dyn Observed>), Err)
        });
        let (address, token, url, stop, thread) = serve(options, connect);
        Self { address, token, url, model, stop: Some(stop), thread: Some(thread) }
    }

    pub fn change<R>(&self, change: impl FnOnce(&mut Model) -> R) -> R {
        change(&mut self.model.lock().unwrap())
    }

    /// Sends a request with the right host, and what else is said.
    pub fn request(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let host = self.address.to_string();
        let mut all = vec![("Host", host.as_str())];
        all.extend(headers);
        request(self.address, line, &all, body)
    }

    /// Sends a request as a program that knows the token.
    pub fn ask(&self, line: &str) -> Response {
        self.request(line, &[("Authorization", &format!("Bearer {}", self.token))], "")
    }

    /// Waits until the dashboard has looked at the system since now.
    pub fn until_looked(&self) {
        let before = self.change(|model| model.looks);
        let since = Instant::now();
        while self.change(|model| model.looks) < before + 2 {
            assert!(since.elapsed() < PATIENCE, "the dashboard does not look");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Serves a dashboard in a thread, until the sender is used or dropped.
pub fn serve(options: Options, connect: Connect) -> (SocketAddr, String, String, oneshot::Sender<()>, JoinHandle<()>) {
    let dashboard = Dashboard::bind(options).unwrap();
    let (address, token, url) = (dashboard.address(), dashboard.token().to_owned(), dashboard.url());
    let (stop, stopped) = oneshot::channel();
    let serve = move || {
        let stop = async {
            let _ = stopped.await;
        };
        dashboard.serve(connect, || Ok(stop)).unwrap();
    };
    (address, token, url, stop, std::thread::spawn(serve))
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

/// A foreman with three workers, one dead letter, two processes.
pub fn small() -> Snapshot {
    let actor = |address: &str, class: &str, parent: Option<&str>, waiting| ActorInfo {
        address: address.to_owned(),
        class: class.to_owned(),
        parent: parent.map(str::to_owned),
        node: "n1".to_owned(),
        pid: Some(4711),
        state: ActorState::Seen(Doing::Idle),
        waiting,
        ..ActorInfo::default()
    };
    let mut actors = vec![actor("n1/0.1.0", "Foreman", None, 0)];
    actors[0].name = Some("boss".to_owned());
    actors.extend((2..5).map(|place| actor(&format!("n1/0.{place}.0"), "Worker", Some("n1/0.1.0"), place)));
    let letter = DeadLetter {
        number: Some(1),
        message: "Job".to_owned(),
        sender: "n1/0.1.0".to_owned(),
        target: "n1/0.9.0".to_owned(),
        reason: "nobody has the address".to_owned(),
    };
    let mut snapshot = Snapshot { healthy: true, actors, ..Snapshot::default() };
    "tcp-1900".clone_into(&mut snapshot.system.name);
    snapshot.system.seen_at = 1_700_000_000.0;
    snapshot.totals.actors = 4;
    snapshot.totals.waiting = 9;
    snapshot.totals.rate = Some(123.0);
    snapshot.classes = vec![
        ClassInfo { class: "Worker".to_owned(), actors: 3, waiting: 9, ..ClassInfo::default() },
        ClassInfo { class: "Foreman".to_owned(), actors: 1, ..ClassInfo::default() },
    ];
    snapshot.processes =
        vec![ProcessInfo { node: "n1".to_owned(), pid: Some(4711), answered: Some(true), ..ProcessInfo::default() }];
    let message = |name: &str, handled, rate| MessageInfo { name: name.to_owned(), handled, rate: Some(rate) };
    snapshot.messages = vec![message("shop::Job", 1200, 119.5), message("str", 3500, 3.5)];
    snapshot.dead_letters.total = 1;
    snapshot.dead_letters.kinds = vec![DeadLetterKind {
        message: letter.message.clone(),
        reason: letter.reason.clone(),
        count: 1,
        first: letter.clone(),
        ..DeadLetterKind::default()
    }];
    snapshot.dead_letters.latest = vec![letter];
    snapshot
}
