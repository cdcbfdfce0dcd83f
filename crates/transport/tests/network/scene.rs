//! Systems on a stage of their own.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use bytes::Bytes;
use roscius_transport::network::{
    Cause, DialId, Event, Introduction, Limits, Links, LinksOptions, PayloadKinds, Security,
};
use rustix::event::{PollFd, PollFlags, Timespec};

/// Long enough for a busy machine; a test that comes this far has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn options(system: u32) -> LinksOptions {
    LinksOptions {
        me: Introduction {
            convention: "site".into(),
            identity: format!("system-{system}"),
            system,
            place: None,
            payloads: PayloadKinds::ALL,
        },
        security: Security::Plain { anywhere: false },
        limits: Limits::default(),
    }
}

/// Links and what has happened to them.
pub struct Station {
    pub links: Links,
    pub events: Vec<Event>,
}

impl Station {
    pub fn new(system: u32) -> Self {
        Self::with(options(system))
    }

    pub fn with(options: LinksOptions) -> Self {
        let mut links = Links::new(options).unwrap();
        links.listen(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        Self { links, events: Vec::new() }
    }

    pub fn address(&self) -> SocketAddr {
        self.links.addresses().next().unwrap()
    }

    pub fn dial(&mut self, other: &Self) -> DialId {
        self.links.dial(&other.address().to_string())
    }

    pub fn send(&mut self, to: u32, record: &[u8]) {
        let _ = self.links.send(to, record, Bytes::new()).unwrap();
    }

    pub fn turn(&mut self) {
        self.links.turn(&mut self.events).unwrap();
    }

    /// Turns until `done`, for as long as patience lasts.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let since = Instant::now();
        loop {
            self.turn();
            if done(self) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {:?}", self.last_events());
            wait(&[self]);
        }
    }

    /// The records that came from a system.
    pub fn records(&self, from: u32) -> Vec<Bytes> {
        let records = |event: &Event| match event {
            Event::Records { system, records } if *system == from => Some(records.clone()),
            _ => None,
        };
        self.events.iter().filter_map(records).flatten().collect()
    }

    /// Events without records.
    pub fn notices(&self) -> Vec<&Event> {
        self.events.iter().filter(|event| !matches!(event, Event::Records { .. })).collect()
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

    fn last_events(&self) -> Vec<String> {
        self.events.iter().rev().take(5).map(|event| format!("{event:.200?}")).collect()
    }
}

/// Waits as the one who drives links does, so that one that does not say what it needs is found out.
fn wait(stations: &[&Station]) {
    let pause = stations.iter().filter_map(|station| station.links.pause()).min().unwrap_or(Duration::from_secs(1));
    let timeout = Timespec::try_from(pause.min(Duration::from_secs(1))).unwrap();
    // A little later than said is not too early.
    let timeout = if pause.is_zero() { timeout } else { Timespec { tv_nsec: timeout.tv_nsec | 0xfffff, ..timeout } };
    let mut fds: Vec<_> = stations.iter().map(|station| PollFd::new(&station.links, PollFlags::IN)).collect();
    let _ = rustix::event::poll(&mut fds, Some(&timeout));
}

/// Turns both until `done`.
pub fn until(what: &str, a: &mut Station, b: &mut Station, mut done: impl FnMut(&mut Station, &mut Station) -> bool) {
    let since = Instant::now();
    loop {
        a.turn();
        b.turn();
        if done(a, b) {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {:?} {:?}", a.last_events(), b.last_events());
        wait(&[a, b]);
    }
}

/// Two that are linked: the first has dialled.
pub fn linked(mut a: Station, mut b: Station) -> (Station, Station) {
    a.dial(&b);
    let (one, two) = (a.links.me().system, b.links.me().system);
    until("the link", &mut a, &mut b, |a, b| a.ups() == [two] && b.ups() == [one]);
    (a, b)
}
