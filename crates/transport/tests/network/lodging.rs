//! Links whose sockets a hub waits for.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use roscius_protocol::address::NodeId;
use roscius_protocol::frame::Role;
use roscius_transport::hub::WatchId;
use roscius_transport::network::{DialId, Links};
use roscius_transport::{Hub, HubOptions, hub};

use crate::scene::{PATIENCE, Station, options};

/// A system as an Admin drives it.
struct Lodger {
    hub: Hub,
    watch: WatchId,
    station: Station,
    /// How often the descriptor of the links was readable.
    rings: u32,
}

impl Lodger {
    fn new(system: u32) -> Self {
        let mut hub = Hub::new(HubOptions::new(NodeId::of_process(system, NodeId::ADMIN), Role::Admin), None).unwrap();
        let mut links = Links::new(options(system)).unwrap();
        links.lodge(hub.lodging().unwrap());
        links.listen(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let watch = hub.watch(links.descriptor()).unwrap();
        Self { hub, watch, station: Station { links, events: Vec::new() }, rings: 0 }
    }

    /// Waits in the hub alone, until `done`.
    fn until(&mut self, what: &str, mut done: impl FnMut(&mut Station) -> bool) {
        let (since, mut events) = (Instant::now(), Vec::new());
        while !done(&mut self.station) {
            assert!(since.elapsed() < PATIENCE, "waited in vain for {what}: {:?}", self.station.notices());
            let pause = self.station.links.pause().unwrap_or(PATIENCE);
            self.hub.poll(Some(pause), &mut events).unwrap();
            for event in events.drain(..) {
                let hub::Event::Readable { watch } = event else { panic!("{event:?}") };
                assert_eq!(watch, self.watch);
                self.rings += 1;
                self.station.links.ring();
                self.hub.rearm(watch).unwrap();
            }
            self.hub.take_ready().for_each(|ready| self.station.links.note(ready));
            self.station.turn();
        }
    }
}

#[test]
fn a_hub_waits_for_sockets_that_lodge_with_it() {
    let mut lodger = Lodger::new(1);
    let address = lodger.station.address().to_string();
    let other = std::thread::spawn(move || {
        let mut other = Station::new(2);
        other.links.dial(&address);
        other.until("the link", |other| other.ups() == [1]);
        for number in 0..100_u8 {
            other.send(1, &[number]);
            other.until("the answer", |other| other.records(1).len() > usize::from(number));
        }
        other.records(1)
    });
    let mut answered = 0;
    lodger.until("all records", |station| {
        let came = station.records(2);
        for record in &came[answered..] {
            station.send(2, record);
        }
        answered = came.len();
        station.links.flush();
        answered == 100
    });
    let answers: Vec<u8> = other.join().unwrap().iter().map(|record| record[0]).collect();
    assert_eq!(answers, (0..100).collect::<Vec<u8>>());
    assert_eq!(lodger.rings, 0, "what came was told by the hub, and by nothing beside it");
}

#[test]
fn a_name_that_was_looked_up_is_told_by_the_descriptor() {
    let mut lodger = Lodger::new(1);
    // A name without an address, wherever this runs.
    let dial: DialId = lodger.station.links.dial("nobody.invalid:1");
    let since = Instant::now();
    lodger.until("the answer", |station| station.not_up(dial).is_some());
    // It may have been given up before there was an answer, if a name server takes its time.
    assert!(lodger.rings > 0 || since.elapsed() > Duration::from_secs(9));
}
