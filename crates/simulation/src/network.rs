//! Hosts, and links between the systems on them. A link keeps order; what it took when a host could not be reached is tried again and again, as
//! TCP does, and is lost with the link.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use roscius_protocol::convention::SystemId;
use roscius_protocol::time::Time;

use roscius_protocol::random::Random;

/// A host, by number.
pub type Host = usize;

/// How often something is tried again that did not get through.
pub const AGAIN: Duration = Duration::from_millis(200);

/// One direction of a link.
#[derive(Debug)]
struct Channel<P> {
    under_way: VecDeque<(Time, P)>,
    /// When the last of them arrives.
    last: Time,
}

/// What is to be done about a channel whose time has come.
#[derive(Debug)]
pub enum Arrival<P> {
    /// This has arrived.
    Packet(P),
    /// Nothing has arrived by now. To be looked at again then.
    Later(Time),
    /// Nothing is under way.
    Nothing,
}

/// See the [module](self). `P` is what passes over the links.
#[derive(Debug)]
pub struct Network<P> {
    /// Which ends of links there are, by whose end and who is at the other, and of which link each is one.
    ends: BTreeMap<(SystemId, SystemId), u64>,
    channels: BTreeMap<(u64, SystemId), Channel<P>>,
    /// From which host nothing gets to which.
    cuts: BTreeSet<(Host, Host)>,
    links: u64,
    /// Of a hundred packets, how many come late.
    pub late: usize,
    /// Of a hundred packets, how many are lost although the link lives on.
    pub lost: usize,
    /// How long a packet takes.
    pub latency: Duration,
}

impl<P> Default for Network<P> {
    fn default() -> Self {
        Self {
            ends: BTreeMap::new(),
            channels: BTreeMap::new(),
            cuts: BTreeSet::new(),
            links: 0,
            late: 0,
            lost: 0,
            latency: Duration::ZERO,
        }
    }
}

impl<P> Network<P> {
    /// From now on nothing gets from one host to another.
    pub fn cut(&mut self, from: Host, to: Host) {
        self.cuts.insert((from, to));
    }

    /// All hosts reach each other again, and links lose nothing.
    pub fn heal(&mut self) {
        self.cuts.clear();
        self.lost = 0;
    }

    /// Whether something gets from one host to another.
    pub fn reaches(&self, from: Host, to: Host) -> bool {
        !self.cuts.contains(&(from, to))
    }

    /// How long the next packet takes.
    pub fn delay(&self, random: &mut Random) -> Duration {
        let most = self.latency.as_micros() as usize;
        Duration::from_micros((most / 10 + random.below(most.max(1))) as u64)
    }

    /// The link that a system has with another, if both have the same.
    pub fn link(&self, one: SystemId, other: SystemId) -> Option<u64> {
        let here = self.ends.get(&(one, other));
        here.filter(|_| here == self.ends.get(&(other, one))).copied()
    }

    /// Both get a new link, in place of what they have.
    pub fn connect(&mut self, one: SystemId, other: SystemId) -> u64 {
        self.close(one, other);
        self.close(other, one);
        self.links += 1;
        self.ends.insert((one, other), self.links);
        self.ends.insert((other, one), self.links);
        self.links
    }

    /// Closes an end. Which link it was of.
    pub fn close(&mut self, at: SystemId, peer: SystemId) -> Option<u64> {
        let link = self.ends.remove(&(at, peer))?;
        // What came for it is not read. What it has sent arrives before the end of the link does.
        self.channels.remove(&(link, peer));
        Some(link)
    }

    /// When the last packet arrives that a system has sent over a link.
    pub fn last(&self, link: u64, from: SystemId) -> Time {
        self.channels.get(&(link, from)).map_or(Time::ZERO, |channel| channel.last)
    }

    /// Whether this link ends here.
    pub fn has_end(&self, at: SystemId, peer: SystemId, link: u64) -> bool {
        self.ends.get(&(at, peer)) == Some(&link)
    }

    /// With whom a system has links, as far as it knows.
    pub fn ends_of(&self, at: SystemId) -> Vec<SystemId> {
        self.ends.range((at, 0)..=(at, SystemId::MAX)).map(|((_, peer), _)| *peer).collect()
    }

    /// Sends a packet. When to look whether it has arrived.
    pub fn send(
        &mut self,
        now: Time,
        from: SystemId,
        to: SystemId,
        packet: P,
        random: &mut Random,
    ) -> Option<(u64, Time)> {
        let link = *self.ends.get(&(from, to))?;
        if random.chance(self.lost) {
            return None;
        }
        let mut delay = self.delay(random);
        if random.chance(self.late) {
            delay += AGAIN * (1 + random.below(4) as u32);
        }
        let channel = self
            .channels
            .entry((link, from))
            .or_insert_with(|| Channel { under_way: VecDeque::new(), last: Time::ZERO });
        channel.last = channel.last.max(now.plus(delay));
        channel.under_way.push_back((channel.last, packet));
        // One look at a time is enough for a channel.
        (channel.under_way.len() == 1).then_some((link, channel.last))
    }

    /// The next packet of a channel that has arrived.
    pub fn take(&mut self, now: Time, link: u64, from: SystemId, reachable: bool) -> Arrival<P> {
        let Some(channel) = self.channels.get_mut(&(link, from)) else { return Arrival::Nothing };
        let Some((at, _)) = channel.under_way.front() else {
            return Arrival::Nothing;
        };
        if *at > now {
            return Arrival::Later(*at);
        }
        if !reachable {
            return Arrival::Later(now.plus(AGAIN));
        }
        channel.under_way.pop_front().map_or(Arrival::Nothing, |(_, packet)| Arrival::Packet(packet))
    }
}
