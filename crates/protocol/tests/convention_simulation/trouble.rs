//! What goes wrong.

use std::time::Duration;

use roscius_protocol::convention;
use roscius_protocol::random::Random;

use crate::system::{Input, System};
use crate::world::World;

/// What may go wrong in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Packets come late, systems pause for up to two seconds.
    Fair,
    /// Systems are killed, shut down, started, frozen; hosts are cut off, links break.
    Rough,
    /// The same, and all is slow.
    Slow,
    /// The same as rough, and links lose packets without breaking.
    Lying,
}

impl Weather {
    pub fn of(seed: u64) -> Self {
        [Self::Rough, Self::Slow, Self::Rough, Self::Lying, Self::Fair][(seed % 5) as usize]
    }

    pub fn is_fair(self) -> bool {
        self == Self::Fair
    }
}

impl World {
    /// How good the network is.
    pub fn set_weather(&mut self) {
        let milliseconds = Duration::from_millis;
        let (latency, late, lost) = match self.weather {
            Weather::Fair => (milliseconds(50), 5, 0),
            Weather::Rough => (milliseconds(3), 1, 0),
            Weather::Slow => (milliseconds(400), 5, 0),
            Weather::Lying => (milliseconds(10), 1, 2),
        };
        (self.network.latency, self.network.late, self.network.lost) = (latency, late, lost);
    }

    /// Something goes wrong. How long it is until the next does.
    pub fn make_trouble(&mut self) -> Duration {
        let (host, other) = (self.any_host(), self.any_host());
        let milliseconds = |random: &mut Random, most| Duration::from_millis(random.below(most) as u64);
        if self.weather.is_fair() {
            let pause = milliseconds(&mut self.random, 2_000);
            self.freeze(host, pause);
            return milliseconds(&mut self.random, 10_000);
        }
        let runs = self.systems.contains_key(&host);
        match self.random.below(20) {
            0 | 1 if runs => self.kill(host),
            2 if runs => self.shut_down(host),
            0..=5 if !runs => self.start(host),
            6 if runs => {
                // It comes back before anybody has noticed.
                self.kill(host);
                self.start(host);
            }
            7 | 8 if runs => {
                let pause = milliseconds(&mut self.random, 15_000);
                self.freeze(host, pause);
            }
            9 if runs => self.toggle_slow(host),
            10 => {
                self.network.cut(host, other);
                self.network.cut(other, host);
            }
            11 => self.network.cut(host, other),
            12 => self.isolate(host),
            13 | 14 => self.network.heal(),
            15 => self.break_link(host, other),
            16 | 17 if runs => self.place_child(host, other),
            18 | 19 if runs => {
                let value = self.random.below(1_000).to_be_bytes().to_vec();
                let capabilities = vec![(b"number".to_vec(), value)];
                self.tell(host, convention::Event::Capabilities(capabilities));
                let load = self.random.below(50) as u32;
                self.tell(host, convention::Event::Load(load));
            }
            _ => {}
        }
        self.set_weather();
        let most = self.random.pick(&[20, 500, 3_000, 15_000, 15_000]);
        milliseconds(&mut self.random, most)
    }

    /// Nobody reaches a host any more, nor it anybody.
    fn isolate(&mut self, host: usize) {
        for other in self.hosts() {
            self.network.cut(host, other);
            self.network.cut(other, host);
        }
    }

    /// A link breaks, and both ends notice at once.
    fn break_link(&mut self, host: usize, other: usize) {
        let (Some(one), Some(other)) = (self.systems.get(&host), self.systems.get(&other)) else { return };
        let (one, other) = (one.id, other.id);
        for (at, peer) in [(one, other), (other, one)] {
            if let Some(link) = self.network.close(at, peer) {
                self.hand(at, Input::Unlinked { link, peer, why: "broken" });
            }
        }
    }

    /// An actor on one host gets a child on the other.
    fn place_child(&mut self, host: usize, other: usize) {
        let stays = |host| self.systems.get(&host).filter(|system| !self.leaves(system.id));
        let parent = |host| stays(host).map(System::parent);
        let (Some(parent), Some(other_parent)) = (parent(host), parent(other)) else { return };
        let number = 1 + self.random.below(1_000_000) as u32;
        let child = roscius_protocol::address::Address::new(other_parent.node(), 0, number, 0);
        if host != other {
            self.placed(host, parent, child);
        }
    }
}
