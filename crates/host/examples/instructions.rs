//! Two processes of a system in one thread of one, so that the instructions of a message can be counted:
//! `valgrind --tool=callgrind target/release/examples/instructions 100000`, and again with another number.
use std::sync::Arc;
use std::time::Duration;

use roscius::prelude::*;
use roscius_host::process::{Options, Process};
use roscius_host::rust::{Registry, RustLanguage};
use roscius_protocol::address::NodeId;
use roscius_protocol::frame::Role;
use roscius_transport::SocketDir;

/// How many messages one handler sends.
const BATCH: u64 = 256;

#[derive(Message, Serialize, Deserialize, Clone)]
struct Load(String);

#[derive(Message, Serialize, Deserialize)]
struct Pour {
    to: Address,
    left: u64,
}

struct Source;

impl Actor for Source {
    type Protocol = (Pour,);
}

impl Handler<Pour> for Source {
    fn receive(&mut self, &mut Pour { to, left }: &mut Pour, ctx: &mut Context<Self>) -> Outcome<()> {
        let load = Load("x".repeat(64));
        for _ in 0..left.min(BATCH) {
            ctx.send(to, load.clone())?;
        }
        match left.saturating_sub(BATCH) {
            0 => Ok(()),
            left => Ok(ctx.tell(ctx.me(), Pour { to, left })?),
        }
    }
}

struct Sink(Arc<std::sync::atomic::AtomicU64>);

impl Actor for Sink {
    type Protocol = (Load,);
}

impl Handler<Load> for Sink {
    fn receive(&mut self, _: &mut Load, _: &mut Context<Self>) -> Outcome<()> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let amount: u64 = std::env::args().nth(1).map_or(Ok(100_000), |amount| amount.parse())?;
    let registry = Registry::new().actor("source", |(): ()| Source).message::<Load>();
    let system = std::process::id();
    let directory = SocketDir::open(&format!("s{system:08x}"))?;
    let start = |number| {
        let node = NodeId::of_process(system, number);
        let listening = directory.listen(node)?;
        let directory = directory.path().to_owned();
        let options =
            Options { node, role: Role::ProcessHost, directory, listening, hold_within: Duration::from_secs(10) };
        Ok::<_, Box<dyn std::error::Error>>(Process::start(options, Arc::new(RustLanguage::of(&registry)))?)
    };
    let (left, right) = (start(100)?, start(101)?);
    let came = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = Arc::clone(&came);
    let sink = right.system().spawn(Props::once(move || Sink(count)))?;
    let source = left.system().spawn(Props::once(|| Source))?;
    left.system().endpoint().post(source.into(), Pour { to: sink.address(), left: amount })?;
    while came.load(std::sync::atomic::Ordering::Relaxed) < amount {
        left.turn(Some(Duration::ZERO))?;
        right.turn(Some(Duration::ZERO))?;
    }
    println!("{amount} messages");
    left.abandon();
    right.abandon();
    directory.remove()?;
    Ok(())
}
