//! A real leader and hundreds of real members on this host, which all speak mutual TLS over the loopback address.
//!
//! `convention_crowd MEMBERS [SECONDS]`. The leader is a system of processes as any program starts it. Two more processes play the
//! members ([`members`]): nine tenths of them, and one tenth. They join, each gets a message and answers it, they live for some
//! seconds, the process with the tenth is killed, and the others leave. What each takes, and what it costs the leader, is printed.

mod authority;
mod members;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use authority::Authority;
use members::{Answer, Call, identity, registry};
use roscius::Address;
use roscius_host::admin::{Claim, ConventionOptions};
use roscius_host::rust::{self, ProcessSystem};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How the leader calls itself.
const LEADER: &str = "leader";
/// So many members at most: one network interface has no room for more.
const MOST: u32 = 5_000;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the leader is asked how it stands.
const LOOK_EVERY: Duration = Duration::from_millis(20);

fn main() -> Result<(), Failure> {
    rust::enter(&registry());
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [part, first, last, leader, folder] = &arguments[..]
        && part == "members"
    {
        return members::play(first.parse()?, last.parse()?, leader, folder.as_ref());
    }
    let members: u32 = arguments.first().ok_or("how many members?")?.parse()?;
    let seconds = arguments.get(1).map_or(Ok(5), |seconds| seconds.parse())?;
    if !(10..=MOST).contains(&members) {
        return Err(format!("from 10 to {MOST} members").into());
    }
    let authority = Authority::new()?;
    authority.certify(LEADER)?;
    (1..=members).try_for_each(|number| authority.certify(&identity(number)))?;
    run(&authority, members, Duration::from_secs(seconds))
}

fn run(authority: &Authority, members: u32, living: Duration) -> Result<(), Failure> {
    let convention = ConventionOptions {
        certificate: Some(authority::certificate_of(authority.folder(), LEADER)),
        ..ConventionOptions::default()
    };
    let claim = Claim::Tcp("127.0.0.1:0".parse()?);
    let system = ProcessSystem::builder(claim, &registry()).convention(convention).start()?;
    let Claim::Tcp(place) = system.claim() else { return Err("the leader has no port".into()) };
    let leader = Leader { pid: system.admin_process().ok_or("the leader has no process")?, system: &system };
    // What a system has to have once is there.
    let before = leader.needs()?;

    let since = Instant::now();
    let lost = members / 10;
    let mut doomed = Crowd::start(1, lost, &place.to_string(), authority)?;
    let mut others = Crowd::start(lost + 1, members, &place.to_string(), authority)?;
    leader.until_it_knows(members)?;
    let (took, with_all) = (since.elapsed(), leader.needs()?);
    println!(
        "join seconds={:.2} cpu={:.2} bytes={} descriptors={:.2}",
        took.as_secs_f64(),
        (with_all.cpu - before.cpu).as_secs_f64(),
        with_all.bytes.saturating_sub(before.bytes) / u64::from(members),
        with_all.descriptors.saturating_sub(before.descriptors) as f64 / f64::from(members),
    );

    let mut addresses = doomed.addresses(lost)?;
    addresses.append(&mut others.addresses(members - lost)?);
    let (took, cpu) = talk(&system, &leader, &addresses)?;
    println!("talk seconds={:.3} microseconds={:.1}", took.as_secs_f64(), cpu.as_secs_f64() * 1e6 / f64::from(members));

    let begun = leader.needs()?;
    thread::sleep(living);
    let cpu = leader.needs()?.cpu - begun.cpu;
    if leader.members()? != members {
        return Err("members were lost that nobody has hurt".into());
    }
    println!("live microseconds={:.1}", cpu.as_secs_f64() * 1e6 / f64::from(members) / living.as_secs_f64());

    let since = Instant::now();
    doomed.process.kill()?;
    leader.until_it_knows(members - lost)?;
    println!("lose seconds={:.2}", since.elapsed().as_secs_f64());

    let since = Instant::now();
    others.leave()?;
    leader.until_it_knows(0)?;
    println!("leave seconds={:.2}", since.elapsed().as_secs_f64());
    leader.until_it_needs(before.descriptors)?;
    system.shutdown()?;
    Ok(())
}

/// Calls all members at once, and waits for all answers. How long it takes, and what the leader computes meanwhile.
fn talk(
    system: &ProcessSystem,
    leader: &Leader<'_>,
    addresses: &BTreeMap<u32, Address>,
) -> Result<(Duration, Duration), Failure> {
    let endpoint = system.endpoint();
    let admin = system.status()?.admin;
    let (since, before) = (Instant::now(), leader.needs()?);
    for address in addresses.values() {
        endpoint.send(*address, Call { from: endpoint.address() }).map_err(|error| error.to_string())?;
    }
    let mut silent = addresses.clone();
    while !silent.is_empty() {
        let heard = endpoint.listen(PATIENCE).and_then(|received| received.message::<Answer>());
        let Answer { number, leader } = heard.ok_or_else(|| format!("no answer of {} members", silent.len()))?;
        if leader != admin {
            return Err(format!("member {number} follows {leader:?} and not {admin:?}").into());
        }
        silent.remove(&number).ok_or_else(|| format!("member {number} has answered twice"))?;
    }
    Ok((since.elapsed(), leader.needs()?.cpu - before.cpu))
}

/// Looks again and again until it is as it should be. The error is what was seen last.
fn until<T>(look: impl Fn() -> Result<T, Failure>, is_so: impl Fn(&T) -> bool) -> Result<Result<(), T>, Failure> {
    let since = Instant::now();
    loop {
        let seen = look()?;
        if is_so(&seen) {
            return Ok(Ok(()));
        }
        if since.elapsed() > PATIENCE {
            return Ok(Err(seen));
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// The system that leads.
struct Leader<'a> {
    system: &'a ProcessSystem,
    pid: u32,
}

/// What the process of its Admin needs.
struct Needs {
    cpu: Duration,
    bytes: u64,
    descriptors: usize,
}

impl Leader<'_> {
    /// How many members it has. All of them have a link with it, or were killed just now.
    fn members(&self) -> Result<u32, Failure> {
        Ok(u32::try_from(self.system.status()?.members.len())?)
    }

    fn until_it_knows(&self, members: u32) -> Result<(), Failure> {
        let known = until(|| self.members(), |known| *known == members)?;
        known.map_err(|known| format!("the leader knows {known} members and not {members}").into())
    }

    /// Waits until it has no more descriptors than this.
    fn until_it_needs(&self, descriptors: usize) -> Result<(), Failure> {
        let left = until(|| Ok(self.needs()?.descriptors), |left| *left <= descriptors)?;
        left.map_err(|left| format!("the leader has {left} descriptors, and had {descriptors} before").into())
    }

    fn needs(&self) -> Result<Needs, Failure> {
        let of = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.pid));
        let stat = of("stat")?;
        // The name of the program comes second, in brackets, and may have any character.
        let (_, fields) = stat.rsplit_once(')').ok_or("no fields")?;
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).flat_map(str::parse::<u64>).sum();
        let statm = of("statm")?;
        let pages: u64 = statm.split(' ').nth(1).ok_or("no number of pages")?.parse()?;
        Ok(Needs {
            cpu: Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()),
            bytes: pages * rustix::param::page_size() as u64,
            descriptors: std::fs::read_dir(format!("/proc/{}/fd", self.pid))?.count(),
        })
    }
}

/// A process that plays members. It ends with this one.
struct Crowd {
    process: Child,
}

impl Crowd {
    fn start(first: u32, last: u32, leader: &str, authority: &Authority) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["members", &first.to_string(), &last.to_string(), leader]).arg(authority.folder());
        Ok(Self { process: command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()? })
    }

    /// Where its members can be written to.
    fn addresses(&mut self, members: u32) -> Result<BTreeMap<u32, Address>, Failure> {
        let said = BufReader::new(self.process.stdout.take().ok_or("it has said everything")?);
        let mut addresses = BTreeMap::new();
        for line in said.lines().take(members as usize) {
            let line = line?;
            let ["member", number, address] = line.split(' ').collect::<Vec<_>>()[..] else {
                return Err(format!("it said {line:?}").into());
            };
            addresses.insert(number.parse()?, address.parse()?);
        }
        match addresses.len() == members as usize {
            true => Ok(addresses),
            false => Err(format!("{} of {members} members are there", addresses.len()).into()),
        }
    }

    /// Has all its members leave.
    fn leave(&mut self) -> Result<(), Failure> {
        drop(self.process.stdin.take());
        match self.process.wait()?.success() {
            true => Ok(()),
            false => Err("members could not leave".into()),
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
