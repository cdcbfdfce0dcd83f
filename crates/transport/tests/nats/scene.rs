//! Systems on a stage of their own.

use std::time::{Duration, Instant};

use bytes::Bytes;
use roscius_transport::nats::{Links, NatsAddress, place};
use roscius_transport::network::{Cause, DialId, Event, Introduction, Limits, PayloadKinds};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::server::Server;

/// Long enough for a busy machine; a test that comes this far has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn introduction(system: u32) -> Introduction {
    Introduction {
        convention: "site".into(),
        identity: format!("system-{system}"),
        system,
        place: None,
        payloads: PayloadKinds::ALL,
    }
}

/// Links and what has happened to them.
pub struct Station {
    pub links: Links,
    pub events: Vec<Event>,
}

impl Station {
    pub fn new(system: u32, server: &Server) -> Self {
        Self::with(introduction(system), &server.address(), Limits::default())
    }

    pub fn with(me: Introduction, address: &NatsAddress, limits: Limits) -> Self {
        Self { links: Links::new(me, address, limits).unwrap(), events: Vec::new() }
    }

    pub fn send(&mut self, to: u32, record: &[u8]) {
        let _ = self.links.send(to, record, Bytes::new()).unwrap();
    }

    pub fn turn(&mut self) {
        self.links.turn(&mut self.events).unwrap();
    }

    /// Turns until `done`, for as long as patience lasts.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        until(what, &mut [self], |stations| done(stations[0]));
    }

    /// The records that came from a system.
    pub fn records(&self, from: u32) -> Vec<Bytes> {
        let records = |event: &Event| match event {
            Event::Records { system, records } if *system == from => Some(records.clone()),
            _ => None,
        };
        self.events.iter().filter_map(records).flatten().collect()
    }

    /// The systems that came up, in order.
    pub fn ups(&self) -> Vec<u32> {
        let up = |event: &Event| if let Event::Up { peer, .. } = event { Some(peer.system) } else { None };
        self.events.iter().filter_map(up).collect()
    }

    pub fn downs(&self) -> Vec<(u32, Cause)> {
        let down = |event: &Event| match event {
            Event::Down { system, cause } => Some((*system, cause.clone())),
            _ => None,
        };
        self.events.iter().filter_map(down).collect()
    }

    /// Why a call came to nothing.
    pub fn not_up(&self, wanted: DialId) -> Option<Cause> {
        self.events.iter().find_map(|event| match event {
            Event::NotUp { dial, cause } if *dial == wanted => Some(cause.clone()),
            _ => None,
        })
    }

    pub fn turned_away(&self) -> Vec<Cause> {
        let cause =
            |event: &Event| if let Event::TurnedAway { cause, .. } = event { Some(cause.clone()) } else { None };
        self.events.iter().filter_map(cause).collect()
    }

    /// Who may lead, as was told last.
    pub fn leaders(&self) -> Vec<String> {
        let leaders = |event: &Event| if let Event::Leaders(places) = event { Some(places.clone()) } else { None };
        self.events.iter().rev().find_map(leaders).unwrap_or_default()
    }

    /// What was said of the server that is there or not.
    pub fn about_server(&self) -> Vec<(bool, &str)> {
        let about = |event| match event {
            &Event::Server { is_up, ref what } => Some((is_up, what.as_str())),
            _ => None,
        };
        self.events.iter().filter_map(about).collect()
    }

    /// What is wrong with it.
    pub fn troubles(&self) -> Vec<&str> {
        let mut troubles = Vec::new();
        for event in &self.events {
            if let Event::Trouble { what } = event {
                troubles.push(what.as_str());
            }
        }
        troubles
    }

    /// Something of it says all this.
    pub fn is_troubled_by(&self, words: &[&str]) -> bool {
        self.troubles().iter().any(|what| words.iter().all(|word| what.contains(word)))
    }

    fn last_events(&self) -> Vec<String> {
        self.events.iter().rev().take(5).map(|event| format!("{event:.200?}")).collect()
    }
}

/// Turns all of them until `done`.
pub fn until(what: &str, stations: &mut [&mut Station], mut done: impl FnMut(&mut [&mut Station]) -> bool) {
    let since = Instant::now();
    loop {
        for station in &mut *stations {
            station.turn();
        }
        if done(stations) {
            return;
        }
        let last = || stations.iter().map(|station| station.last_events()).collect::<Vec<_>>();
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {:?}", last());
        wait(stations);
    }
}

/// Waits as the one who drives links does, so that one that does not say what it needs is found out.
fn wait(stations: &[&mut Station]) {
    let pause = stations.iter().filter_map(|station| station.links.pause()).min().unwrap_or(Duration::from_secs(1));
    let timeout = Timespec::try_from(pause.min(Duration::from_secs(1))).unwrap();
    // A little later than said is not too early.
    let timeout = if pause.is_zero() { timeout } else { Timespec { tv_nsec: timeout.tv_nsec | 0xfffff, ..timeout } };
    let mut fds: Vec<_> = stations.iter().map(|station| PollFd::new(&station.links, PollFlags::IN)).collect();
    let _ = rustix::event::poll(&mut fds, Some(&timeout));
}

/// Turns until all of them may be dialled.
pub fn connected(stations: &mut [&mut Station]) {
    until("the server", stations, |stations| stations.iter().all(|station| station.links.is_up()));
}

/// The first has dialled the second.
pub fn link(a: &mut Station, b: &mut Station) {
    connected(&mut [a, b]);
    let (one, two) = (a.links.me().system, b.links.me().system);
    a.links.dial(&place(two));
    until("the link", &mut [a, b], |stations| {
        stations[0].links.linked().any(|it| it == two) && stations[1].links.linked().any(|it| it == one)
    });
}

/// Two that are linked.
pub fn linked(server: &Server) -> (Station, Station) {
    let (mut a, mut b) = (Station::new(1, server), Station::new(2, server));
    link(&mut a, &mut b);
    (a, b)
}
