//! What goes wrong by itself.

use std::time::Duration;

use crate::network::Host;
use crate::world::{Happening, World};
use roscius_protocol::random::Random;

/// What goes wrong, and how often: a plan that the seed fills in.
///
/// Give it to [`Simulation::trouble`](crate::Simulation::trouble).
#[derive(Clone, Debug)]
#[must_use = "nothing goes wrong before it is given to a simulation"]
pub struct Trouble {
    kinds: Vec<Kind>,
    every: Duration,
    latency: Duration,
    late: usize,
    lost: usize,
    /// Systems that are to be spared.
    spared: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Crash,
    Restart,
    QuickRestart,
    Freeze,
    Slow,
    Partition,
    OneWay,
    Isolate,
    Heal,
    Break,
}

impl Trouble {
    /// All of it: systems crash, come back, stand still and get slow; links break; hosts are cut off, in one direction or both.
    pub fn rough() -> Self {
        use Kind::{Break, Crash, Freeze, Heal, Isolate, OneWay, Partition, QuickRestart, Restart, Slow};
        let kinds =
            vec![Crash, Restart, Restart, QuickRestart, Freeze, Slow, Partition, OneWay, Isolate, Heal, Heal, Break];
        Self { kinds, ..Self::fair() }
    }

    /// The network goes wrong, and the systems run on.
    pub fn network() -> Self {
        use Kind::{Break, Heal, Isolate, OneWay, Partition};
        Self { kinds: vec![Partition, OneWay, Isolate, Heal, Heal, Break], ..Self::fair() }
    }

    /// Packets come late, and systems stand still for a moment. Nobody is to take anybody for dead.
    pub const fn fair() -> Self {
        Self {
            kinds: Vec::new(),
            every: Duration::from_secs(5),
            latency: Duration::from_millis(20),
            late: 5,
            lost: 0,
            spared: Vec::new(),
        }
    }

    /// How long it is on average until something else goes wrong: 5 s.
    pub const fn every(mut self, pause: Duration) -> Self {
        self.every = pause;
        self
    }

    /// How long a packet takes at most, unless it comes late: 20 ms.
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How many packets of a hundred are lost although their link does not break, as on no real one: none.
    pub const fn lose(mut self, percent: usize) -> Self {
        self.lost = percent;
        self
    }

    /// This system does not crash, and does not stand still.
    pub fn spare(mut self, system: impl Into<String>) -> Self {
        self.spared.push(system.into());
        self
    }

    fn pause(&self, random: &mut Random) -> Duration {
        let most = usize::try_from(self.every.as_micros() * 2).unwrap_or(usize::MAX);
        Duration::from_micros(random.below(most.max(1)) as u64)
    }
}

impl World {
    /// From now on this goes wrong.
    pub fn begin_trouble(&mut self, trouble: Trouble) {
        (self.network.latency, self.network.late, self.network.lost) = (trouble.latency, trouble.late, trouble.lost);
        let pause = trouble.pause(&mut self.random);
        if self.trouble.replace(trouble).is_none() {
            self.schedule(pause, Happening::Trouble);
        }
    }

    /// Nothing goes wrong any more. Hosts reach each other and go on; what has crashed stays so.
    pub fn end_trouble(&mut self) {
        self.trouble = None;
        (self.network.late, self.network.latency) = (0, Duration::from_millis(3));
        self.network.heal();
        for host in 0..self.computers.len() {
            self.computers[host].is_slow = false;
            self.thaw(host);
        }
    }

    pub fn make_trouble(&mut self) {
        let Some(trouble) = self.trouble.take() else { return };
        let hosts = self.computers.len();
        if hosts > 0 {
            let (host, other) = (self.random.below(hosts), self.random.below(hosts));
            let is_spared = trouble.spared.contains(&self.computers[host].blueprint.name);
            match trouble.kinds.as_slice() {
                [] if is_spared => {}
                [] => {
                    let pause = self.random.below(2_000) as u64;
                    self.freeze(host, Duration::from_millis(pause));
                }
                kinds => {
                    let kind = self.random.pick(kinds);
                    self.go_wrong(kind, host, other, is_spared);
                }
            }
        }
        let pause = trouble.pause(&mut self.random);
        let lost = trouble.lost;
        self.trouble = Some(trouble);
        self.network.lost = lost;
        self.schedule(pause, Happening::Trouble);
    }

    fn go_wrong(&mut self, kind: Kind, host: Host, other: Host, is_spared: bool) {
        self.note(format_args!("trouble: {kind:?} at {host}, {other}"));
        match kind {
            Kind::Crash if !is_spared => self.kill(host),
            Kind::QuickRestart if !is_spared && self.computers[host].running.is_some() => {
                // It comes back before anybody has noticed.
                self.kill(host);
                self.restart(host);
            }
            Kind::Freeze if !is_spared => {
                let pause = self.random.below(15_000) as u64;
                self.freeze(host, Duration::from_millis(pause));
            }
            Kind::Slow if !is_spared => self.computers[host].is_slow ^= true,
            Kind::Crash | Kind::QuickRestart | Kind::Freeze | Kind::Slow => {}
            Kind::Restart => {
                let down = |host: &Host| self.computers[*host].running.is_none();
                let down: Vec<Host> = (0..self.computers.len()).filter(down).collect();
                if !down.is_empty() {
                    let host = self.random.pick(&down);
                    self.restart(host);
                }
            }
            Kind::Partition => {
                self.network.cut(host, other);
                self.network.cut(other, host);
            }
            Kind::OneWay => self.network.cut(host, other),
            Kind::Isolate => self.isolate(host),
            Kind::Heal => self.network.heal(),
            Kind::Break => self.break_link(host, other),
        }
    }

    fn restart(&mut self, host: Host) {
        if let Err(error) = self.start(host) {
            self.violation.get_or_insert_with(|| format!("a system does not start: {error}"));
        }
    }

    /// Nobody reaches a host any more, nor it anybody.
    pub fn isolate(&mut self, host: Host) {
        for other in (0..self.computers.len()).filter(|other| *other != host) {
            self.network.cut(host, other);
            self.network.cut(other, host);
        }
    }
}
