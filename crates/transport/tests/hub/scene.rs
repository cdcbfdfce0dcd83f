//! Hubs on a stage of their own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::frame::{Frame, Header, Payload, Role};
use roscius_transport::{Event, Hub, HubOptions, Listening};

/// Long enough for a busy machine; a test that comes this far has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that goes with the test.
pub struct Stage(PathBuf);

impl Stage {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rhub-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, node: u64) -> PathBuf {
        self.0.join(node.to_string())
    }

    pub fn station(&self, node: u64) -> Station {
        self.station_with(node, |_| {})
    }

    pub fn station_with(&self, node: u64, change: impl FnOnce(&mut HubOptions)) -> Station {
        let mut options = HubOptions::new(NodeId::new(node), Role::Actor);
        change(&mut options);
        let hub = Hub::new(options, Some(Listening::bind(&self.path(node)).unwrap())).unwrap();
        Station { hub, events: Vec::new() }
    }

    /// Two that know where the other listens.
    pub fn two(&self) -> (Station, Station) {
        let (mut a, mut b) = (self.station(1), self.station(2));
        a.hub.introduce(NodeId::new(2), self.path(2));
        b.hub.introduce(NodeId::new(1), self.path(1));
        (a, b)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A hub and what has happened to it.
pub struct Station {
    pub hub: Hub,
    pub events: Vec<Event>,
}

impl Station {
    pub fn send(&mut self, to: u64, message: u64, payload: &Payload<'_>) {
        let _ = self.hub.send(NodeId::new(to), &header(message), payload).unwrap();
    }

    pub fn turn(&mut self) {
        self.hub.poll(Some(Duration::from_millis(1)), &mut self.events).unwrap();
    }

    /// Polls until `done`, for as long as patience lasts.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let since = Instant::now();
        while !done(self) {
            assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {:?}", self.last_events());
            self.turn();
        }
    }

    pub fn frames(&self) -> impl Iterator<Item = (u64, &Frame)> {
        self.events.iter().filter_map(|event| match event {
            Event::Frame { from, frame } => Some((from.number(), frame)),
            _ => None,
        })
    }

    pub fn messages_from(&self, node: u64) -> Vec<u64> {
        self.frames().filter(|(from, _)| *from == node).map(|(_, frame)| frame.header().message).collect()
    }

    /// Events without the frames.
    pub fn notices(&self) -> Vec<&Event> {
        self.events.iter().filter(|event| !matches!(event, Event::Frame { .. })).collect()
    }

    fn last_events(&self) -> Vec<String> {
        self.events.iter().rev().take(5).map(|event| format!("{event:.100?}")).collect()
    }
}

/// Polls both until `done`.
pub fn until(what: &str, a: &mut Station, b: &mut Station, mut done: impl FnMut(&mut Station, &mut Station) -> bool) {
    let since = Instant::now();
    while !done(a, b) {
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {:?} {:?}", a.last_events(), b.last_events());
        a.hub.poll(Some(Duration::ZERO), &mut a.events).unwrap();
        b.turn();
    }
}

pub fn header(message: u64) -> Header {
    let someone = Address::nobody(NodeId::new(0));
    Header { message, ..Header::new(someone, someone) }
}
