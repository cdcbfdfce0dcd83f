//! How much two processes say to each other in a second: tells of 64 bytes from actor to actor, asks from the program.
//!
//! How many there are can be given: `throughput 1000000 100000`.
use std::time::{Duration, Instant};

use roscius::prelude::*;
use roscius_host::admin::Claim;
use roscius_host::rust::{self, ProcessSystem, Registry};

const TELLS: u64 = 1_000_000;
const ASKS: u64 = 100_000;
/// How many messages one handler sends.
const BATCH: u64 = 256;

#[derive(Message, Serialize, Deserialize, Clone)]
struct Load(String);

/// How many loads have come?
#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
struct Tally;

/// Tell this address when you hear this.
#[derive(Message, Serialize, Deserialize)]
struct Report(Address);

#[derive(Message, Serialize, Deserialize)]
struct Done(u64);

struct Sink(u64);

impl Actor for Sink {
    type Protocol = (Load, Tally, Report);
}

impl Handler<Load> for Sink {
    fn receive(&mut self, _: &mut Load, _: &mut Context<Self>) -> Outcome<()> {
        self.0 += 1;
        Ok(())
    }
}

impl Handler<Tally> for Sink {
    fn receive(&mut self, _: &mut Tally, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(self.0)
    }
}

impl Handler<Report> for Sink {
    fn receive(&mut self, report: &mut Report, ctx: &mut Context<Self>) -> Outcome<()> {
        Ok(ctx.send(report.0, Done(self.0))?)
    }
}

/// Sends so many loads, and then the request for a report.
#[derive(Message, Serialize, Deserialize)]
struct Pour {
    to: ActorRef<Sink>,
    left: u64,
    report: Address,
}

struct Source(Load);

impl Actor for Source {
    type Protocol = (Pour,);
}

impl Handler<Pour> for Source {
    fn receive(&mut self, &mut Pour { to, left, report }: &mut Pour, ctx: &mut Context<Self>) -> Outcome<()> {
        for _ in 0..left.min(BATCH) {
            ctx.tell(to, self.0.clone())?;
        }
        match left.saturating_sub(BATCH) {
            0 => ctx.tell(to, Report(report))?,
            left => ctx.tell(ctx.me(), Pour { to, left, report })?,
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = |size: usize| Source(Load("x".repeat(size)));
    let registry = Registry::new().actor("sink", Sink).actor("source", source).message::<Done>();
    rust::enter(&registry);
    let amounts: Vec<u64> = std::env::args().skip(1).map(|amount| amount.parse()).collect::<Result<_, _>>()?;
    let (tells, asks) = (amounts.first().copied().unwrap_or(TELLS), amounts.get(1).copied().unwrap_or(ASKS));
    let system = ProcessSystem::builder(Claim::Tcp("127.0.0.1:0".parse()?), &registry).start()?;
    let (source, sink) = (system.spawn::<Source>(64)?, system.spawn::<Sink>(0)?);
    let endpoint = system.endpoint();

    let since = Instant::now();
    endpoint.tell(source, Pour { to: sink, left: tells, report: endpoint.address() })?;
    let done = endpoint.listen(Duration::from_secs(120)).and_then(|received| received.message::<Done>());
    let took = since.elapsed();
    assert_eq!(done.map(|done| done.0), Some(tells));
    println!("{:.0} tells/s", tells as f64 / took.as_secs_f64());

    let since = Instant::now();
    for _ in 0..asks {
        assert_eq!(system.ask(sink, Tally).wait()?, tells);
    }
    println!("{:.0} asks/s", asks as f64 / since.elapsed().as_secs_f64());
    system.shutdown()?;
    Ok(())
}
