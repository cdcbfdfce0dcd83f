//! Records one way over a NATS server of this host: links against the bare client, in turn.
//!
//! `ROSCIUS_NATS_SERVER=.nats/nats-server cargo run --release -p roscius-transport --features nats --example nats_throughput [records] [rounds]`
//!
//! Each record is 64 bytes of head and 64 bytes of body. The bare client publishes each as a message of its own, and another counts them. Each
//! round measures both; what is printed are the medians of the rounds, in records a second.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt as _;
use roscius_transport::nats::{Links, NatsAddress, place};
use roscius_transport::network::{Event, Introduction, Limits, PayloadKinds};
use rustix::event::{PollFd, PollFlags, Timespec};

const HEAD: usize = 64;
const BODY: usize = 64;
/// How long is waited for the server, and for what may have been lost.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let records = arguments.next().transpose()?.unwrap_or(500_000);
    let rounds = arguments.next().transpose()?.unwrap_or(5);
    let server = Server::start()?;
    let (mut bares, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        let per_second = |took: Duration| records as f64 / took.as_secs_f64();
        bares.push(per_second(bare(&server, records)?));
        ours.push(per_second(links(&server, records)?));
    }
    println!("records bare={:.0} links={:.0}", median(bares), median(ours));
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

struct Server {
    child: Child,
    port: u16,
    folder: std::path::PathBuf,
}

impl Server {
    fn start() -> Result<Self, Failure> {
        let program = std::env::var_os("ROSCIUS_NATS_SERVER").ok_or("ROSCIUS_NATS_SERVER is to name a nats-server")?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("nats-throughput-{}", std::process::id()));
        let mut command = Command::new(program);
        command.args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--jetstream", "--store_dir"]).arg(&folder);
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self { child, port, folder })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// From the first message until the last has come.
fn bare(server: &Server, records: usize) -> Result<Duration, Failure> {
    let port = server.port;
    let connect = move || async move {
        let options = async_nats::ConnectOptions::new().retry_on_initial_connect().subscription_capacity(1 << 20);
        options.connect(format!("127.0.0.1:{port}")).await
    };
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || -> Result<Instant, Failure> {
        runtime()?.block_on(async {
            let client = connect().await?;
            let mut messages = client.subscribe("bare").await?;
            // The server has taken note of it when this has come.
            client.publish("bare", Bytes::new()).await?;
            messages.next().await.ok_or("nothing comes")?;
            ready.send(())?;
            for _ in 0..records {
                let next = tokio::time::timeout(PATIENCE, messages.next()).await?;
                std::hint::black_box(next.ok_or("nothing more comes")?);
            }
            Ok(Instant::now())
        })
    });
    is_ready.recv()?;
    let since = runtime()?.block_on(async {
        let client = connect().await?;
        client.flush().await?;
        let body = Bytes::from(vec![1; HEAD + BODY]);
        let since = Instant::now();
        for _ in 0..records {
            client.publish("bare", body.clone()).await?;
        }
        client.flush().await?;
        Ok::<_, Failure>(since)
    })?;
    let until = reader.join().map_err(|_| "the reader has panicked")??;
    Ok(until - since)
}

fn links(server: &Server, records: usize) -> Result<Duration, Failure> {
    let mut address: NatsAddress = format!("nats://127.0.0.1:{}/site", server.port).parse()?;
    address.insecure = true;
    let make = |system: u32| {
        let (convention, identity) = ("site".to_owned(), system.to_string());
        let me = Introduction { convention, identity, system, place: None, payloads: PayloadKinds::ALL };
        Links::new(me, &address, Limits::default())
    };
    let (mut one, mut two) = (make(1)?, make(2)?);
    let (mut events, since) = (Vec::new(), Instant::now());
    while one.linked().next().is_none() || two.linked().next().is_none() {
        if one.is_up() && two.is_up() && one.linked().next().is_none() {
            one.dial(&place(2));
        }
        if since.elapsed() > PATIENCE {
            return Err("the two do not meet".into());
        }
        one.turn(&mut events)?;
        two.turn(&mut events)?;
        std::thread::sleep(Duration::from_millis(5));
    }
    let reader = std::thread::spawn(move || -> Result<Instant, Failure> {
        let (mut events, mut came) = (Vec::new(), 0);
        loop {
            two.turn(&mut events)?;
            for event in events.drain(..) {
                if let Event::Records { records, .. } = event {
                    for record in records {
                        std::hint::black_box(&record);
                        came += 1;
                    }
                }
            }
            if came == records {
                return Ok(Instant::now());
            }
            wait(&two)?;
        }
    });
    events.clear();
    let (head, body) = ([1; HEAD], Bytes::from(vec![2; BODY]));
    let since = Instant::now();
    let mut left = records;
    while left > 0 || one.waiting(2) != (0, 0) {
        while left > 0 && one.send(2, &head, body.clone()).is_ok() {
            left -= 1;
        }
        one.turn(&mut events)?;
        if events.drain(..).count() == 0 && (left == 0 || one.waiting(2).0 > 0) {
            wait(&one)?;
        }
    }
    let until = reader.join().map_err(|_| "the reader has panicked")??;
    Ok(until - since)
}

/// Waits as a process does that has nothing else to do.
fn wait(links: &Links) -> Result<(), Failure> {
    let pause = links.pause().map_or(PATIENCE, |pause| pause.min(PATIENCE));
    if !pause.is_zero() {
        rustix::event::poll(&mut [PollFd::new(links, PollFlags::IN)], Some(&Timespec::try_from(pause)?))?;
    }
    Ok(())
}
