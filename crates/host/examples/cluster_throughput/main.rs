//! What two systems say to each other in a second over mutual TLS on this host, beside a bare stream of the same library.
//!
//! `cluster_throughput CERTIFICATES [tells] [asks] [rounds]`: the folder has certificates of `one` and `two`, as `roscius cert` makes
//! them. Each round measures all four, in turn. A line for each kind, with the medians: `tells bare=… roscius=…`, a second.

mod bare;
mod cast;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cast::{Done, Pour, Sink, Source, Tally};
use roscius::prelude::*;
use roscius_host::admin::{Claim, ConventionOptions};
use roscius_host::rust::{self, ProcessSystem, Registry};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is sent at most until the rate is taken.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> Result<(), Failure> {
    let registry = Registry::new().actor("sink", Sink).actor("source", Source::new).message::<Done>();
    rust::enter(&registry);
    let mut arguments = std::env::args().skip(1);
    let certificates = PathBuf::from(arguments.next().ok_or("the folder with the certificates is wanted")?);
    let mut amounts = arguments.map(|amount| amount.parse::<u64>());
    let mut amount = |usual| amounts.next().transpose().map(|given| given.unwrap_or(usual));
    let (tells, asks, rounds) = (amount(1_000_000)?, amount(20_000)?, amount(5)?);

    let one = start(&registry, &certificates, "one", None)?;
    let Claim::Tcp(leader) = one.claim() else { return Err("the system has no port".into()) };
    let two = start(&registry, &certificates, "two", Some(leader.to_string()))?;
    let (source, sink) = (one.spawn::<Source>(cast::SIZE)?, two.spawn::<Sink>(0)?);
    let since = Instant::now();
    while one.ask(sink, Tally).timeout(Duration::from_millis(200)).wait().is_err() {
        if since.elapsed() > Duration::from_secs(10) {
            return Err("the systems do not find each other".into());
        }
    }

    let mut rates: [Vec<f64>; 4] = Default::default();
    let mut sent = 0;
    for _ in 0..rounds {
        rates[0].push(per_second(tells, bare::tells(&certificates, tells)?));
        let took = pour(&one, source, sink, tells)?;
        sent += tells;
        rates[1].push(per_second(tells, took));
        rates[2].push(per_second(asks, bare::asks(&certificates, asks)?));
        let since = Instant::now();
        for _ in 0..asks {
            if one.ask(sink, Tally).wait()? != sent {
                return Err("tells were lost".into());
            }
        }
        rates[3].push(per_second(asks, since.elapsed()));
    }
    let [tells_bare, tells, asks_bare, asks] = rates.map(median);
    println!("tells bare={tells_bare:.0} roscius={tells:.0}");
    println!("asks bare={asks_bare:.0} roscius={asks:.0}");
    two.shutdown()?;
    one.shutdown()?;
    Ok(())
}

fn start(
    registry: &Registry,
    certificates: &Path,
    name: &str,
    leader: Option<String>,
) -> Result<ProcessSystem, Failure> {
    let options = ConventionOptions {
        leaders: leader.into_iter().collect(),
        certificate: Some(certificates.join(name).with_extension("pem")),
        ..ConventionOptions::default()
    };
    let claim = Claim::Tcp("127.0.0.1:0".parse()?);
    Ok(ProcessSystem::builder(claim, registry).convention(options).start()?)
}

/// How long it takes until the last of so many tells is counted.
fn pour(
    system: &ProcessSystem,
    source: ActorRef<Source>,
    sink: ActorRef<Sink>,
    tells: u64,
) -> Result<Duration, Failure> {
    let endpoint = system.endpoint();
    let since = Instant::now();
    let report = endpoint.address();
    endpoint.tell(source, Pour { to: sink, left: tells, report }).map_err(|error| error.to_string())?;
    let done = endpoint.listen(LIMIT).and_then(|received| received.message::<Done>());
    done.ok_or("no report of what came")?;
    Ok(since.elapsed())
}

fn per_second(amount: u64, took: Duration) -> f64 {
    amount as f64 / took.as_secs_f64()
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or(f64::NAN)
}
