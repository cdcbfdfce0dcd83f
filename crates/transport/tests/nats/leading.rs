//! Who may lead.

use roscius_transport::nats::place;

use super::scene::{Station, connected, until};
use super::server::Server;

#[test]
fn who_came_first_leads_and_three_may() {
    let server = Server::new();
    let mut stations = Vec::new();
    for system in [7, 3, 9, 1] {
        let mut station = Station::new(system, &server);
        station.until("who may lead", |station| {
            let expected = stations.len().min(2) + 1;
            station.leaders().len() == expected
        });
        stations.push(station);
    }
    let mut all: Vec<&mut Station> = stations.iter_mut().collect();
    let expected = [7, 3, 9].map(place);
    until("that all say the same", &mut all, |all| all.iter().all(|station| station.leaders() == expected));
    // The first goes, in good order: somebody else may lead instead of it.
    let mut first = stations.remove(0);
    first.links.leave();
    first.until("that all has left", |first| !first.links.is_closing());
    drop(first);
    let mut all: Vec<&mut Station> = stations.iter_mut().collect();
    let expected = [3, 9, 1].map(place);
    until("that another may lead", &mut all, |all| all.iter().all(|station| station.leaders() == expected));
}

#[test]
fn those_who_come_at_once_agree() {
    let server = Server::new();
    let mut stations: Vec<Station> = (1..=6).map(|system| Station::new(system, &server)).collect();
    let mut all: Vec<&mut Station> = stations.iter_mut().collect();
    connected(&mut all);
    until("that all say the same", &mut all, |all| {
        let leaders = all[0].leaders();
        leaders.len() == 3 && all.iter().all(|station| station.leaders() == leaders)
    });
}
